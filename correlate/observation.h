/* Seam 1: one dated fact for correlation. Plain data with a version; 192 bytes, three cache lines.
 *
 * Whatever makes observations (this project's dataplane, another sensor, a log) fills what it saw
 * and nothing more; what the accord says of the addresses is looked up behind the seam. Zeroed
 * fields mean "not known", unless the comment says otherwise.
 */
#ifndef CORRELATE_OBSERVATION_H
#define CORRELATE_OBSERVATION_H

#include "base/address.h"
#include "base/order.h"
#include "base/vocabulary.h"

#include <assert.h>
#include <stddef.h>

#define OBSERVATION_VERSION 2

#define POINTS_MAX 15 /* observation points of a run */

enum { NAME_USER, NAME_HOST };
enum visibility { VISIBILITY_BOTH, VISIBILITY_ONE_SIDED, VISIBILITY_GAPS };

struct observation {
    /* When: the place in the one order, and when the act itself began (the request, the first SYN).
     */
    struct order order; /* index: place within the packet, below 2^32 */
    int64_t began_ns;
    uint64_t time_error_ns; /* TIME_ERROR_UNKNOWN if not known */
    uint64_t flow_id;       /* equal for observations of one flow; local to a run, never sealed */
    uint8_t kind, outcome, contact, role; /* enums of base/vocabulary.h */
    uint8_t protocol, operation, transport, time_source;
    uint16_t source_port, target_port;
    uint16_t tenant; /* VLAN id, 0 none */
    uint8_t version, visibility;

    /* Who. Names are the first 16 bytes of their SHA-256. */
    struct address source, target;
    uint8_t name[2][16]; /* NAME_USER, NAME_HOST; zero: not known */

    /* What. */
    uint32_t rule_sid, rule_gid;
    uint32_t rule_rev;
    uint16_t generation; /* of the policy that was in force */
    uint16_t point;      /* the observation point that saw it, 1 to POINTS_MAX; 0: not told */
    uint32_t object_first, object_count;
    int64_t integer; /* the value of a command; the number of a coverage count; a session's code;
                      * type and code of an ICMP error, 256 * type + code */
    uint16_t unit, transaction;
    uint8_t function, exception;
    uint8_t coverage; /* enum coverage, for KIND_COVERAGE */
    uint8_t flags;    /* OBSERVATION_HAS_VALUE, ... */
    union {
        uint8_t value[16];      /* KIND_ERROR: the address of who says it */
        int64_t interval_ns[2]; /* KIND_COVERAGE: its begin, and its end, which is not part of it */
    };
    uint64_t evidence; /* handle into the sensor's evidence log, 0 none */
};

/* Coverage of an interval lies behind everything before the interval's end, and in front of what
 * correlation makes of that end (ORDER_LAST). Sensors may give parts of one sum at the same place.
 */
#define ORDER_CLOSING (ORDER_LAST - 1)

#define OBSERVATION_HAS_VALUE 1u
#define OBSERVATION_LATE \
    2u /* a stamp went back: it may have begun earlier, as far as its time error says */

static_assert(sizeof(struct observation) == 192, "an observation is three cache lines");
static_assert(offsetof(struct observation, source) == 64, "who stands in the second line");
static_assert(offsetof(struct observation, rule_sid) == 128, "what stands in the third line");

#endif
