/* A compiled rule set: what building leaves and matching reads. Immutable once built. Inside
 * rules/. */
#ifndef RULES_SET_PARTS_H
#define RULES_SET_PARTS_H

#include "rules/address_index.h"

#include <hs.h>

#define PORT_CLASSES 1024 /* of one direction and transport */

/* A set of rules to find by their literals: one Hyperscan database, the rules of each of its
 * patterns, and rules that have no literal. Shared by all groups with the same rules. */
struct literal_set {
    uint32_t *rules; /* its members, ascending: the key for sharing */
    unsigned n_rules;
    hs_database_t *database; /* NULL when no member has a literal */
    uint32_t *first;         /* of pattern i: rules first[i] up to first[i + 1] in pattern_rules */
    uint32_t *pattern_rules;
    unsigned n_patterns;
    uint32_t *always; /* without a literal: confirmed on every input */
    unsigned n_always;
    struct address_index by_source, by_target; /* of those that ask for few addresses and no more */
    unsigned literal_max;                      /* bytes of the longest literal */
};

/* What applies to one input: rules of any port, and rules of this port. Either may be NULL. */
struct match_group {
    const struct literal_set *sets[2];
};

/* What applies to messages of one protocol and direction: rules by the view that their literal is
 * looked for in. Those without a literal are asked of every message. */
struct message_scan {
    const struct part_view *view; /* NULL: of the rules without a literal */
    const struct literal_set *set;
};
struct message_group {
    struct message_scan *scans;
    unsigned n_scans;
    uint64_t bodies; /* parts that are bodies and that a rule looks into */
};
#define BODY_PARTS                                                                    \
    (UINT64_C(1) << PART_HTTP_REQUEST_BODY | UINT64_C(1) << PART_HTTP_RESPONSE_BODY | \
     UINT64_C(1) << PART_FILE_DATA)

enum { DIRECTION_TO_SERVER, DIRECTION_TO_CLIENT, DIRECTIONS };
enum { GROUP_OTHER, GROUP_TCP, GROUP_UDP, GROUP_ICMP, GROUP_TRANSPORTS };

/* Groups of one transport and direction, by class of the server's port; for packets and for
 * streams. */
struct port_groups {
    uint16_t class_of[65536];
    unsigned n_classes;
    struct match_group packet[PORT_CLASSES], stream[PORT_CLASSES];
};

struct rule_set {
    struct arena arena;
    struct signature *rules; /* in the order in which they are tried */
    uint32_t *by_id;         /* their numbers, by gid and sid */
    struct rule_set_counts counts;
    struct parse_counts parsed;
    struct reference_system *systems; /* that rules refer to; NULL: no file says */
    size_t n_systems;
    const char **flowbit_names; /* by bit */
    unsigned n_flowbits;
    struct regex *regexes;
    struct port_groups *groups[GROUP_TRANSPORTS][DIRECTIONS];
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
/* rule_trace_ends: of an input that has nothing of what the rule looks into: what can be asked of
 * it all the same. For a trace. */
void rule_trace_ends(const struct signature *s, const struct match_input *input,
                     struct confirm_room *room);
/* rule_apply_flowbits: what a rule that matched does to the flow's bits. */
void rule_apply_flowbits(const struct signature *s, struct match_flow *flow);

#endif
