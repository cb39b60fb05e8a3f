/* Watching one rule: it is asked of every input, whether or not its literal was seen and whether or
 * not its group is asked at all, at its place in the order of rules; what is asked and held goes to
 * a trace (trace.h). Matching itself goes on as without: a rule that is asked because it is watched
 * alone neither matches nor waits.
 *
 * For `rules why`. The watch is its owner's; a matcher borrows it.
 */
#ifndef RULES_WATCH_H
#define RULES_WATCH_H

#include "rules/matcher.h"
#include "rules/trace.h"

enum watched_kind { WATCHED_PACKET, WATCHED_STREAM, WATCHED_MESSAGE, WATCHED_BODY };

/* What is asked, and how it came to be. Valid during the call. */
struct watched {
    enum watched_kind kind;
    const struct match_input *input;
    const struct proto_message *message; /* of a message, or of a body's */
    const struct match_body *body;
    bool natural; /* the rule is asked also without a watch: its literal was seen, or it has none */
    bool done;    /* it has matched this packet or message before */
    bool ends_only;            /* nothing of what the rule looks into came with it */
    const char *not_inspected; /* why, of what nobody inspects; NULL */
};

struct rule_watch {
    uint32_t rule;
    struct rule_trace *trace; /* told of what is asked between begin and end */
    void *ctx;
    void (*begin)(void *ctx, const struct watched *what);
    /* end: matches: all that was asked held, as far as confirming says. */
    void (*end)(void *ctx, const struct watched *what, bool matches);
    /* matched: the rule did, at the input under way. untold: nothing is told of it (noalert), or
     * the input had more hits than are kept. */
    void (*matched)(void *ctx, bool untold);
    /* of the matcher */
    bool natural, inputs_asked;
    uint32_t passed_by; /* the last pass rule that matched */
    const struct proto_message *message;
};

struct matcher;
struct rule_set;

/* watch_ends: of a packet that has nothing of what the rule looks into: its ends are asked.
 * why: not_inspected. With data it is asked of these as of a packet. */
void watch_ends(struct matcher *m, const struct match_input *input, const char *why);
/* watch_deep: what lies beyond the stream depth: asked of these bytes alone. */
void watch_deep(struct matcher *m, const struct match_input *input, struct match_flow *flow);
/* watch_nothing: of an input of the rule's kind that has nothing: all that it asks is asked of it,
 * in order. */
void watch_nothing(struct matcher *m);
void watch_deep_body(struct matcher *m, const struct match_input *input,
                     const struct proto_message *message, const struct match_body *body,
                     struct match_flow *flow);

/* ---- of the matcher; inside rules/ ---- */

/* watch_add, watch_add_message: the watched rule becomes a candidate, if it is for such an input.
 */
void watch_add(struct matcher *m, const struct match_input *in);
void watch_add_message(struct matcher *m, const struct proto_message *message,
                       const struct match_body *body);
/* watch_packet, watch_message: of each candidate in its turn: the watched one is asked and told;
 * false: it is a candidate for that alone. */
bool watch_packet(struct matcher *m, uint32_t rule, const struct match_input *in,
                  struct match_flow *flow);
bool watch_message(struct matcher *m, uint32_t rule, const struct match_input *in,
                   const struct match_body *body, bool done, struct match_flow *flow);
/* watch_skipped, watch_message_skipped: of an input that is given to no rule. */
void watch_skipped(struct matcher *m, const struct match_input *in, struct match_flow *flow);
void watch_message_skipped(struct matcher *m, const struct match_input *in,
                           const struct proto_message *message, const struct match_body *body,
                           struct match_flow *flow);
/* watch_left: of a message, when a pass rule ended it before the watched rule's turn. */
void watch_left(struct matcher *m, const struct match_input *in, const struct match_body *body,
                struct match_flow *flow);
void watch_matched(struct matcher *m, uint32_t rule, bool full);

#endif
