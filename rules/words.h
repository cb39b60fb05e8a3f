/* A rule's conditions in words: what it asks, as `rules why` and `rules explain` say it. Inside
 * rules/. */
#ifndef RULES_WORDS_H
#define RULES_WORDS_H

#include "base/text.h"
#include "rules/matcher.h"
#include "rules/set_parts.h"
#include "rules/trace.h"

/* words_ask_name: of a condition that is no step: target-port, flowbits, ... */
const char *words_ask_name(enum rule_ask ask);
/* words_step_name: as rules call it: content, pcre, byte_test, bsize, ... */
const char *words_step_name(const struct content *c);
/* words_ask: what a condition that is no step wants. */
void words_ask(struct text *out, const struct rule_set *set, const struct signature *s,
               enum rule_ask ask, unsigned index);
void words_step(struct text *out, const struct signature *s, unsigned step);
/* words_section: what a section looks into: http.uri; the stream; the payload. */
void words_section(struct text *out, const struct signature *s, unsigned section);
/* words_bytes: as rules write them, in quotes; of more than max bytes the first ones, and how many.
 */
void words_bytes(struct text *out, const uint8_t *data, size_t len, size_t max);
/* words_header_value: a value of a header's field, as rules write it. */
void words_header_value(struct text *out, enum match_field field, uint32_t value);
/* words_header: the rule's action, transport or protocol, and ends. */
void words_header(struct text *out, const struct signature *s);
/* words_threshold: which of its alerts are told; nothing where it says nothing of that. */
void words_threshold(struct text *out, const struct signature *s);

#endif
