/* What the functions of keywords share: values with their places, and the rows of keywords.def.
 * Inside rules/. */
#ifndef RULES_KEYWORD_H
#define RULES_KEYWORD_H

#include "rules/signature.h"

/* A keyword's value: a part of the rule's text, without blanks at its ends. */
struct value {
    const char *text;
    size_t len, at;
};

/* A keyword's function: reads the value into r->sig; arg is the row's. 0 or a fault it reported. */
typedef int keyword_fn(struct rule_reader *r, const struct value *v, unsigned arg);

int value_fault(struct rule_reader *r, const struct value *v, const char *why);
bool value_is(const struct value *v, const char *word);
struct value value_trimmed(struct value v);
/* value_next: the part of rest up to a separator, trimmed; rest moves behind it. False when nothing
 * is left. */
bool value_next(struct value *rest, char separator, struct value *out);
/* value_number: decimal digits as a number from min to max. */
int value_number(struct rule_reader *r, const struct value *v, uint64_t min, uint64_t max,
                 uint64_t *out);
/* value_unquoted: without the quotes around it. */
struct value value_unquoted(const struct value *v);

/* value_range: N, =N, <N, <=N, >N, >=N, !N, or LOW<>HIGH and LOW-HIGH without their ends. Both ends
 * of what is left are included. */
int value_range(struct rule_reader *r, const struct value *v, uint32_t max, uint32_t *low,
                uint32_t *high, bool *negated);
/* value_signed: a number from -max to max. */
int value_signed(struct rule_reader *r, const struct value *v, uint64_t max, int64_t *out);
/* value_is_name: does it begin as the name of a variable does? variable_number: of one that the
 * rule has extracted before. */
bool value_is_name(const struct value *v);
int variable_number(struct rule_reader *r, const struct value *v, uint8_t *out);
/* step_add: another step; NULL when there are too many, reported. */
struct content *step_add(struct rule_reader *r, const struct value *v, enum step_kind kind);
/* step_add_behind: of what the step before it is asked of, where no part's keyword says more. */
struct content *step_add_behind(struct rule_reader *r, const struct value *v, enum step_kind kind);

/* byte_steps.c */
keyword_fn step_isdataat, step_byte_test, step_byte_jump, step_byte_extract, step_byte_math;
/* app_keywords.c; app_protocol_check: of the whole rule. */
keyword_fn app_protocol, app_tls_version, app_ssl_version;
int app_protocol_check(struct rule_reader *r);
/* asn1.c */
keyword_fn step_asn1;
/* base64.c */
keyword_fn step_base64;
/* flowint.c */
keyword_fn flowint_read;
/* pair_bits.c */
keyword_fn pair_bits_read, pair_bits_of_hosts;
/* pcre.c */
keyword_fn step_pcre;
/* threshold.c */
keyword_fn threshold_read;
/* packet_keywords.c */
keyword_fn packet_number, packet_stream_size, packet_flags, packet_fragbits, packet_protocol,
    packet_same_ip, packet_ip_options;
/* section.c */
keyword_fn section_part, section_packet, section_modifier, section_transform, section_size,
    section_uri_size, section_decoded, section_header;
/* section_move: what is asked of the bytes so far is asked of a part, as older spellings have it.
 */
int section_move(struct rule_reader *r, struct content *c, size_t at, unsigned part);
/* section_closed: a fault when something in it is decoded: Suricata asks nothing behind that. */
int section_closed(struct rule_reader *r, size_t at, unsigned section);
/* content.c */
keyword_fn content_begin, content_flag, content_place, content_distance, content_nocase,
    content_fast_pattern;

#endif
