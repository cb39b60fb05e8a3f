/* The door through which confirming a rule tells what it asks: while somebody watches a rule, each
 * of its conditions is reported as it is asked, whether it held, and where. The code that reports
 * is the code that decides; what does not hold does not end the asking then, so that whoever
 * watches learns of all that is in the way.
 *
 * Without a watch (confirm_room.trace is NULL, as in every run but `rules why`) a condition costs
 * one comparison more. Inside rules/.
 */
#ifndef RULES_TRACE_H
#define RULES_TRACE_H

#include <stdbool.h>
#include <stdint.h>

/* What is asked of an input. The first rows are asked before a rule is confirmed at all, by the
 * line and by grouping. Rows: suffix, name, text. */
#define RULE_ASKS(X)                                                                \
    X(INSPECTED, "inspected", "the packet could be inspected")                      \
    X(DEPTH, "stream-depth", "the bytes are within the depth of streams or bodies") \
    X(PASS, "pass", "no pass rule lets the packet or its flow go")                  \
    X(TRANSPORT, "transport", "the rule is for this IP protocol")                   \
    X(SOURCE, "source", "the sender's address")                                     \
    X(SOURCE_PORT, "source-port", "the sender's port")                              \
    X(TARGET, "target", "the receiver's address")                                   \
    X(TARGET_PORT, "target-port", "the receiver's port")                            \
    X(DIRECTION, "direction", "to the server or to the client")                     \
    X(DSIZE, "dsize", "the size of the payload")                                    \
    X(NETWORK, "ip-version", "the version of IP")                                   \
    X(SAME_IP, "sameip", "sender and receiver have one address")                    \
    X(HEADER, "header", "a field of the headers")                                   \
    X(STATE, "state", "the flow is established, or not")                            \
    X(PROTOCOL, "protocol", "the protocol of the flow")                             \
    X(FLOWBITS, "flowbits", "bits that rules have left at the flow")                \
    X(INPUT, "input", "there was what the rule looks into")                         \
    X(PART, "part", "the message has this part")                                    \
    X(STEP, "step", "what is asked of bytes")                                       \
    X(FRESH, "fresh", "the match ends in bytes that are new with this input")       \
    X(LITERAL, "literal", "the rule was looked for: its literal was seen")          \
    X(OTHER, "other", "a condition that is not told apart")
enum rule_ask {
#define X(s, name, text) ASK_##s,
    RULE_ASKS(X)
#undef X
        ASK_COUNT
};

/* Where a step was tried: places in the data that it was asked of. */
struct trace_place {
    int64_t low, end; /* where it could be; of a number: the bytes it is read from */
    int64_t at, to;   /* where it was, when it held; of a jump: to, where it led; of a size: to */
    uint64_t value;   /* of a number, a size */
    bool was_read;    /* the bytes of the number were there */
};

struct match_bytes;
struct rule_trace {
    void *ctx;
    /* asked: of ASK_HEADER, ASK_FLOWBITS and ASK_PART the index says which one. */
    void (*asked)(struct rule_trace *trace, enum rule_ask ask, unsigned index, bool held);
    /* bytes: the steps that follow are asked of these bytes of the section; NULL: it is done, and
     * held or not. Several bytes may be tried in turn. */
    void (*bytes)(struct rule_trace *trace, unsigned section, const struct match_bytes *bytes,
                  bool held);
    /* step: a step was tried at a place; a step of a chain may be tried often. */
    void (*step)(struct rule_trace *trace, unsigned step, bool held,
                 const struct trace_place *place);
};

#endif
