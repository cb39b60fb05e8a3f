/* What a worker saw, for those who write it down: observations with what correlation does not need
 * of them, and the ends of flows. Plain data of fixed size, behind seam 1 like an observation; made
 * only where somebody takes them. */
#ifndef DATAPLANE_EVENT_H
#define DATAPLANE_EVENT_H

#include "correlate/observation.h"

#include <stdbool.h>

enum event_type { EVENT_OBSERVATION, EVENT_FLOW };

/* Why a flow ended, and what may then be claimed of what it still waits for. Rows: suffix, name as
 * Suricata has it, outcome, text. */
#define FLOW_ENDS(X)                                                                     \
    X(TIMEOUT, "timeout", UNANSWERED, "nothing came for the time that its state allows") \
    X(REUSE, "tcp_reuse", UNANSWERED, "another conversation began in its place")         \
    X(FORCED, "forced", SEEN, "its shard was full, and it was idle longest")             \
    X(SHUTDOWN, "shutdown", SEEN, "the input ended")
enum flow_end {
#define X(suffix, name, outcome, text) FLOW_END_##suffix,
    FLOW_ENDS(X)
#undef X
};

/* How far a flow had come. Rows: suffix, name as Suricata has it, text. */
#define FLOW_STATES(X)                                      \
    X(NEW, "new", "only one end was seen, or no handshake") \
    X(ESTABLISHED, "established", "both ends have talked")  \
    X(CLOSED, "closed", "both said that they end, or one broke off")
enum flow_state {
#define X(suffix, name, text) FLOW_STATE_##suffix,
    FLOW_STATES(X)
#undef X
};

/* Of one direction. */
struct flow_traffic {
    uint64_t packets, bytes; /* bytes of frames, as they were on the wire */
    uint8_t tcp_flags;       /* all that were set */
};

#define EVENT_TEXT_MAX 64

/* Texts of a session, cut where they are long; not NUL-terminated. */
struct event_text {
    uint8_t len;
    char bytes[EVENT_TEXT_MAX];
};

struct line_event {
    /* An observation. Of a flow's end the same members say when, which flow and between whom:
     * source is the end that asked. */
    struct observation obs;
    uint8_t type; /* enum event_type */
    union {
        struct {
            struct flow_traffic traffic[2]; /* to the server, to the client */
            int64_t start_ns, end_ns;       /* its first and its last packet */
            uint8_t state, end;             /* enum flow_state, enum flow_end */
            bool alerted;                   /* a rule matched in it */
        } flow;
        struct {
            struct event_text method, uri, host;
        } session; /* KIND_SESSION */
    };
};

#endif
