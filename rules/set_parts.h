/* A compiled rule set: what building leaves and matching reads. Immutable once built. Inside
 * rules/. */
#ifndef RULES_SET_PARTS_H
#define RULES_SET_PARTS_H

#include "rules/literal_set.h"
#include "rules/screen.h"

/* What applies to messages of one protocol and direction: rules by the view that their literal is
 * looked for in. Those without a literal are asked of every message; whichever body a literal is
 * looked for in, bodies are scanned once. */
struct message_scan {
    const struct part_view *view; /* NULL: of the rules without a literal */
    const struct literal_set *set;
};
struct message_group {
    struct message_scan *scans;
    unsigned n_scans;
    const struct literal_set *of_bodies; /* of bodies as they are; NULL: none */
    uint64_t bodies;                     /* parts that are bodies and that a rule looks into */
};
enum { DIRECTION_TO_SERVER, DIRECTION_TO_CLIENT, DIRECTIONS };

/* How bytes are looked at: of TCP as packets and as streams, of others as packets. */
enum { LOOK_OTHERS, LOOK_TCP_PACKETS, LOOK_TCP_STREAMS, LOOK_UDP, LOOK_ICMP, LOOKS };

/* Of a threshold.config: alerts of these rules that are not told, those of some ends, or all. */
struct suppression {
    uint32_t gid, sid; /* 0: of any */
    uint8_t track;     /* enum suppress_track */
    const struct address_set *addresses;
};

struct rule_set {
    struct arena arena;
    struct signature *rules; /* in the order in which they are tried */
    struct rule_screen *screens;
    const struct address_set **address_lists; /* by number */
    uint32_t n_address_lists;
    uint32_t *by_id; /* their numbers, by gid and sid */
    struct rule_set_counts counts;
    struct parse_counts parsed;
    struct suppression *suppressions; /* in the order of their file */
    size_t n_suppressions;
    struct reference_system *systems; /* that rules refer to; NULL: no file says */
    size_t n_systems;
    const char **flowbit_names; /* by bit */
    unsigned n_flowbits;
    const char *flowint_names[MATCH_FLOWINTS];
    unsigned n_flowints;
    struct regex *regexes;
    /* Rules that look at bytes, by the protocol that a flow speaks: those of any protocol, and its
     * own; of UNKNOWN, which is not known yet, the first alone. NULL: there are none. */
    const struct literal_set *bytes[PROTOCOL_COUNT][DIRECTIONS][LOOKS];
    bool protocols_stream; /* some of them look at streams */
    struct message_group messages[PROTOCOL_COUNT][DIRECTIONS];
    struct part_view *views;        /* all that rules have */
    bool bytes_and_parts;           /* a rule asks for both, so windows of streams are wanted */
    const struct address_set *home; /* $HOME_NET; NULL: it names nothing */
    struct literal_set **literal_sets;
    unsigned n_literal_sets;
    uint8_t digest[SHA256_BYTES];
};

/* compiler.c: groups, sets and databases of set->rules. */
int rules_compile(struct rule_set *set, struct diags *diags);
void rules_compile_free(struct rule_set *set);

/* Bytes that a rule's steps are asked of: of a packet, a stream's window, a part. */
struct match_bytes {
    const uint8_t *data;
    uint32_t len;
    uint32_t fresh;  /* where what is new begins: a match must end behind it */
    uint64_t at;     /* of data[0] in the stream or the body */
    bool unfinished; /* a body of which more is to come: its size is not known */
};

/* program.c: does the rule match this input? */
struct match_input;
struct match_flow;
struct message_views;
enum rule_verdict {
    RULE_NEVER,   /* nor can it match more of this stream in this direction */
    RULE_NOT_YET, /* what is missing may come with more of the stream */
    RULE_MATCHES
};
/* What confirming needs beside the rule: memory for expressions, and how often it was given up. */
struct confirm_room {
    void *match, *limits, *stack; /* pcre2_match_data, pcre2_match_context, pcre2_jit_stack */
    bool cut;                     /* of the last rule */
    bool screened;                /* the screen has turned away rules of other ends */
    uint8_t *decoded;             /* RULE_BASE64_ROOM bytes */
    struct rule_trace *trace;     /* NULL, or told of each condition (trace.h) */
};
/* confirm_room_init: ERR_NOMEM without memory; free also after that. */
int confirm_room_init(struct confirm_room *room);
void confirm_room_free(struct confirm_room *room);
enum rule_verdict rule_confirm(const struct signature *s, const struct match_input *input,
                               const struct match_flow *flow, struct confirm_room *room);
/* rule_confirm_message: the same of a message; RULE_NOT_YET: what is missing may come with more of
 * its body. */
enum rule_verdict rule_confirm_message(const struct signature *s, const struct match_input *input,
                                       struct message_views *views, const struct match_flow *flow,
                                       struct confirm_room *room);
/* flowint.c: what a rule asks of the flow's numbers, and what one that matched does to them. */
bool flowints_hold(const struct signature *s, const struct match_flow *flow);
void flowints_apply(const struct signature *s, struct match_flow *flow);
/* pair_bits.c: the same of bits of the pair of addresses. */
bool pair_bits_hold(const struct signature *s, const struct match_input *in);
void pair_bits_apply(const struct signature *s, const struct match_input *in);
/* rule_remembered_holds: what a rule asks of all of these. */
bool rule_remembered_holds(const struct signature *s, const struct match_input *in,
                           const struct match_flow *flow);
/* rule_apply: what a rule that matched does to the flow's bits and numbers, and to the pair's bits.
 */
void rule_apply(const struct signature *s, const struct match_input *in, struct match_flow *flow);
/* rule_trace_ends: of an input that has nothing of what the rule looks into: what can be asked of
 * it all the same. For a trace. */
void rule_trace_ends(const struct signature *s, const struct match_input *input,
                     struct confirm_room *room);

#endif
