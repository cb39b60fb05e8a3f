/* Events in Suricata's field names (EVE JSON, version 7), an object a line.
 *
 * Source of the format: the Suricata user guide, "EVE JSON Format"; names of Modbus functions and
 * exceptions as Suricata 7 prints them. */
#ifndef APP_OUT_EVE_H
#define APP_OUT_EVE_H

#include "app/policies.h"
#include "dataplane/event.h"
#include "rules/threshold.h"

/* Types of events; rows: suffix, name, text. */
#define EVE_TYPES(X)                                           \
    X(ALERT, "alert", "a rule matched, and its alert is told") \
    X(FLOW, "flow", "a conversation ended")                    \
    X(HTTP, "http", "a request and its answer")                \
    X(MODBUS, "modbus", "a request and its answer")
enum eve_type {
#define X(s, name, text) EVE_##s,
    EVE_TYPES(X)
#undef X
        EVE_TYPE_COUNT
};
#define EVE_ALL ((1u << EVE_TYPE_COUNT) - 1) /* a bit each */

/* eve_types_read: names by commas. ERR_USAGE: one is no type's. */
int eve_types_read(const char *list, unsigned *types);
/* eve_type_of: EVE_TYPE_COUNT: what Suricata has no name for. Threads: any. */
enum eve_type eve_type_of(const struct line_event *event);

/* What a line needs beside its event. One thread. */
struct eve_writer {
    const struct policies *policies;
    struct eve_rule *rules[CORRELATOR_POLICIES_MAX]; /* by policy, ascending by sid */
    struct thresholds *thresholds;
    uint64_t fates[FATE_COUNT]; /* of alerts */
    struct text line;
};

int eve_writer_init(struct eve_writer *w, const struct policies *policies);
void eve_writer_free(struct eve_writer *w);
/* eve_line: the event's line; empty for what Suricata has no name for, and for alerts that their
 * rule's threshold holds back. Events come in the one order. Valid until the next call. */
const struct text *eve_line(struct eve_writer *w, const struct line_event *event);

#endif
