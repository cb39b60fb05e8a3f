/* RFC 3339 times and durations. Days are counted from the civil calendar (proleptic Gregorian). */
#include "base/time_point.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *time_source_text(enum time_source source)
{
    static const char *const texts[] = {"unknown", "capture", "capture, stated"};
    return texts[source];
}

/* Days since 1970-01-01 of a date; a year begins in March, so that the leap day is its last. */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
    if (month <= 2)
        year--;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

static void date_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = (int64_t)year_of_era + era * 400 + (*month <= 2);
}

const char *time_format(char out[TIME_TEXT_ROOM], int64_t ns)
{
    int64_t second = time_floor(ns, NS_PER_S) / NS_PER_S;
    int64_t day_start = time_floor(second, 86400);
    unsigned rest = (unsigned)(second - day_start), month, day;
    int64_t year;
    date_from_days(day_start / 86400, &year, &month, &day);
    snprintf(out, TIME_TEXT_ROOM, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02u.%09" PRId64 "Z", year,
             month, day, rest / 3600, rest / 60 % 60, rest % 60, ns - time_floor(ns, NS_PER_S));
    return out;
}

/* digits: exactly n decimal digits at *s, which then moves on; -1 if they are not there. */
static int digits(const char **s, unsigned n)
{
    int v = 0;
    for (unsigned i = 0; i < n; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return -1;
        v = v * 10 + (**s - '0');
    }
    return v;
}

static bool take(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

static int fraction(const char **s, int64_t *ns)
{
    int64_t unit = NS_PER_S / 10;
    *ns = 0;
    if (!take(s, '.'))
        return 0;
    if (**s < '0' || **s > '9')
        return ERR_SYNTAX;
    for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10) {
        if (unit == 0)
            return ERR_RANGE;
        *ns += (**s - '0') * unit;
    }
    return 0;
}

static int offset(const char **s, int *minutes)
{
    *minutes = 0;
    if (take(s, 'Z') || take(s, 'z'))
        return 0;
    int sign = **s == '-' ? -1 : **s == '+' ? 1 : 0;
    if (!sign)
        return ERR_SYNTAX;
    (*s)++;
    int hour = digits(s, 2), minute = take(s, ':') ? digits(s, 2) : -1;
    if (hour < 0 || minute < 0)
        return ERR_SYNTAX;
    if (hour > 23 || minute > 59)
        return ERR_RANGE;
    *minutes = sign * (hour * 60 + minute);
    return 0;
}

static unsigned month_days(int year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (unsigned)(month == 2 && leap);
}

int time_parse(const char *s, int64_t *ns)
{
    int year = digits(&s, 4);
    int month = year >= 0 && take(&s, '-') ? digits(&s, 2) : -1;
    int day = month >= 0 && take(&s, '-') ? digits(&s, 2) : -1;
    if (day < 0)
        return ERR_SYNTAX;
    if (month < 1 || month > 12 || day < 1 || (unsigned)day > month_days(year, month))
        return ERR_RANGE;
    int64_t seconds = days_from_date(year, (unsigned)month, (unsigned)day) * 86400, part = 0;
    if (*s) {
        if (!take(&s, 'T') && !take(&s, 't'))
            return ERR_SYNTAX;
        int hour = digits(&s, 2);
        int minute = hour >= 0 && take(&s, ':') ? digits(&s, 2) : -1;
        int second = minute >= 0 && take(&s, ':') ? digits(&s, 2) : -1;
        int minutes;
        if (second < 0)
            return ERR_SYNTAX;
        if (hour > 23 || minute > 59 || second > 59)
            return ERR_RANGE;
        int error = fraction(&s, &part);
        if (!error)
            error = offset(&s, &minutes);
        if (error)
            return error;
        if (*s)
            return ERR_SYNTAX;
        seconds += hour * 3600 + minute * 60 + second - minutes * 60;
    }
    if (__builtin_mul_overflow(seconds, NS_PER_S, ns) || __builtin_add_overflow(*ns, part, ns))
        return ERR_RANGE;
    return 0;
}

/* From large to small; a month is 30 days. */
static const struct {
    const char *name;
    int64_t ns;
} units[] = {
    {"mo", 30 * 86400 * NS_PER_S},
    {"d", 86400 * NS_PER_S},
    {"h", 3600 * NS_PER_S},
    {"m", 60 * NS_PER_S},
    {"s", NS_PER_S},
    {"ms", 1000000},
    {"us", 1000},
    {"ns", 1},
};
#define UNITS (sizeof units / sizeof units[0])

int duration_parse(const char *s, int64_t *ns)
{
    int64_t v = 0;
    if (*s < '0' || *s > '9')
        return ERR_SYNTAX;
    for (; *s >= '0' && *s <= '9'; s++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *s - '0', &v))
            return ERR_RANGE;
    for (size_t i = 0; i < UNITS; i++)
        if (strcmp(s, units[i].name) == 0)
            return __builtin_mul_overflow(v, units[i].ns, ns) ? ERR_RANGE : 0;
    return ERR_SYNTAX;
}

const char *duration_format(char out[TIME_TEXT_ROOM], int64_t ns)
{
    size_t i = 0;
    if (ns == 0)
        i = UNITS - 4; /* 0s */
    else
        while (ns % units[i].ns)
            i++;
    snprintf(out, TIME_TEXT_ROOM, "%" PRId64 "%s", ns / units[i].ns, units[i].name);
    return out;
}
