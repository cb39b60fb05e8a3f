/* Points in time with their error, and durations. Nothing here asks what time it is. */
#ifndef BASE_TIME_POINT_H
#define BASE_TIME_POINT_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_S           INT64_C(1000000000)
#define TIME_ERROR_UNKNOWN UINT64_MAX

enum time_source { TIME_SOURCE_UNKNOWN, TIME_SOURCE_CAPTURE, TIME_SOURCE_CAPTURE_STATED };

/* "capture", "capture, stated", ... */
const char *time_source_text(enum time_source source);

struct time_point {
    int64_t ns;        /* since 1970-01-01T00:00:00Z, leap seconds not counted */
    uint64_t error_ns; /* the true time is within ns +- error_ns; TIME_ERROR_UNKNOWN */
    uint8_t source;    /* enum time_source */
};

#define TIME_TEXT_ROOM 56
/* time_format: RFC 3339 in UTC with nine decimals, e.g. 2026-01-01T00:00:00.000000000Z. */
const char *time_format(char out[TIME_TEXT_ROOM], int64_t ns);
/* time_parse: RFC 3339 date-time with Z or offset, or a date alone (midnight UTC). 0, ERR_SYNTAX,
 * ERR_RANGE. */
int time_parse(const char *s, int64_t *ns);

/* duration_parse: a whole number and one of ns, us, ms, s, m, h, d, mo (30 days); e.g. 15m. */
int duration_parse(const char *s, int64_t *ns);
/* duration_format: the shortest of those forms that is exact, e.g. 15m; out has TIME_TEXT_ROOM. */
const char *duration_format(char out[TIME_TEXT_ROOM], int64_t ns);

/* time_floor: the last multiple of step (> 0) at or before ns, also for negative ns. */
static inline int64_t time_floor(int64_t ns, int64_t step)
{
    int64_t rest = ns % step;
    return ns - (rest < 0 ? rest + step : rest);
}

#endif
