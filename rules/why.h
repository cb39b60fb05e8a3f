/* Why a rule did not match: the inputs that came nearest, with each condition in the order in which
 * it is asked.
 *
 * Nearest is what held the most: conditions weigh by how rarely they hold by chance, so an input
 * that has all that the rule looks for and comes from the wrong port is nearer than one from the
 * right port that has nothing of it. Of two that weigh the same the one is nearer of which more
 * held before the first that failed, then the earlier one. Kept are WHY_MISSES at most, of one flow
 * WHY_OF_FLOW, of which no two fail first at the same condition. Owner: the caller, one thread.
 */
#ifndef RULES_WHY_H
#define RULES_WHY_H

#include "rules/threshold.h"
#include "rules/watch.h"

#define WHY_MISSES  48
#define WHY_OF_FLOW 3
#define WHY_MATCHES 64 /* kept of those that matched; the others are counted */

/* WHY_NOT_ASKED: what it depends on did not hold. */
enum why_verdict { WHY_HELD, WHY_FAILED, WHY_NOT_ASKED };

struct why_condition {
    enum rule_ask ask;
    enum why_verdict verdict;
    const char *name; /* content, target-port, ... */
    char *where;      /* the part, NULL for headers */
    char *wanted, *was;
};

/* An input, as a person finds it in the capture. */
struct why_place {
    uint64_t flow; /* the flow_id of --eve; meaningless without has_flow */
    bool has_flow;
    int64_t t;
    uint32_t input; /* number of the capture, from 1 */
    uint64_t packet;
    struct address source, target;
    uint16_t source_port, target_port;
    uint8_t transport, protocol;
};

struct why_miss {
    struct why_place place;
    char *what; /* a packet of 12 bytes of payload; message 3 of http to the server; ... */
    unsigned score, in_order;
    unsigned first_failed; /* of conditions */
    struct why_condition *conditions;
    unsigned n;
};

struct why_match {
    struct why_place place;
    bool untold; /* noalert, or a pass */
    enum alert_fate fate;
};

/* What the caller knows of the moment; all else comes with the inputs. */
struct why_moment {
    struct why_place place; /* flow, has_flow, t, input, packet */
    bool handshake, seen[2], gaps;
};

struct why_config {
    const struct rule_set *set;
    uint32_t rule;
    bool one_flow; /* of this flow alone */
    uint64_t flow;
    uint32_t stream_depth, body_depth;
    void *ctx;
    struct why_moment (*moment)(void *ctx);
};

struct why;
/* why_create: NULL without memory. */
struct why *why_create(const struct why_config *config);
void why_free(struct why *w);
/* why_watch: what is to be given to the line. */
struct rule_watch *why_watch(struct why *w);
/* why_told: an alert of the rule and its fate, right after it matched. */
void why_told(struct why *w, enum alert_fate fate);

struct why_result {
    const struct why_miss *const *misses; /* the nearest first */
    unsigned n_misses;
    const struct why_match *matches;
    unsigned n_matches; /* kept */
    uint64_t matched, untold, fates[FATE_COUNT];
    uint64_t inputs;  /* that the rule was asked of */
    uint64_t natural; /* of these, those at which its literal was seen, or that need none */
    uint64_t held[ASK_COUNT], asked[ASK_COUNT]; /* inputs at which each condition that is no step
                                                   was asked, and held */
    bool flow_seen;                             /* of one_flow */
};
/* why_result: valid until why_free. */
struct why_result why_result(struct why *w);

#endif
