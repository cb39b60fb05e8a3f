#include "tests/unit/check.h"

#include "base/error.h"
#include "base/time_point.h"

#include <string.h>

static void known_times_are_written_and_read(void **state)
{
    (void)state;
    /* Seconds by `date -u -d TEXT +%s`. */
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000000Z"},
        {1767258000, "2026-01-01T09:00:00.000000000Z"},
        {951782400, "2000-02-29T00:00:00.000000000Z"},
        {-1, "1969-12-31T23:59:59.000000000Z"},
        {-2208988800, "1900-01-01T00:00:00.000000000Z"},
        {4102444799, "2099-12-31T23:59:59.000000000Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TIME_TEXT_ROOM];
        int64_t ns;
        assert_string_equal(time_format(out, rows[i].seconds * NS_PER_S), rows[i].text);
        assert_int_equal(time_parse(rows[i].text, &ns), 0);
        assert_int_equal(ns, rows[i].seconds * NS_PER_S);
    }
}

static void every_time_survives_writing_and_reading(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int i = 0; i < 20000; i++) {
        int64_t ns = (int64_t)(random_next(&seed) >> 1), back; /* to the year 2262 */
        char out[TIME_TEXT_ROOM];
        if (i % 2)
            ns = -ns / 2;
        assert_int_equal(time_parse(time_format(out, ns), &back), 0);
        assert_int_equal(back, ns);
    }
}

static void forms_of_rfc_3339_are_read(void **state)
{
    (void)state;
    int64_t ns;
    assert_int_equal(time_parse("2026-01-01", &ns), 0);
    assert_int_equal(ns, 1767225600 * NS_PER_S);
    assert_int_equal(time_parse("2026-01-01T01:00:00+01:00", &ns), 0);
    assert_int_equal(ns, 1767225600 * NS_PER_S);
    assert_int_equal(time_parse("2026-01-01t00:00:00.5z", &ns), 0);
    assert_int_equal(ns, 1767225600 * NS_PER_S + NS_PER_S / 2);
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    int64_t ns;
    static const char *const syntax[] = {"",
                                         "2026",
                                         "2026-1-1",
                                         "2026-01-01T",
                                         "2026-01-01T00:00:00",
                                         "2026-01-01 00:00:00Z",
                                         "2026-01-01T00:00:00.Z",
                                         "2026-01-01T00:00:00Zx",
                                         "2026-01-01T00:00:00+1"};
    static const char *const range[] = {
        "2026-13-01",           "2026-02-29",           "2026-00-01",
        "2026-01-32",           "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z", "9999-01-01T00:00:00Z", "2026-01-01T00:00:00.0000000001Z"};
    for (size_t i = 0; i < sizeof syntax / sizeof syntax[0]; i++)
        assert_int_equal(time_parse(syntax[i], &ns), ERR_SYNTAX);
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++)
        assert_int_equal(time_parse(range[i], &ns), ERR_RANGE);
}

static void durations_have_their_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {{"15m", 900 * NS_PER_S},
                {"1h", 3600 * NS_PER_S},
                {"1d", 86400 * NS_PER_S},
                {"1mo", 2592000 * NS_PER_S},
                {"250ms", 250000000},
                {"3us", 3000},
                {"7ns", 7},
                {"0s", 0},
                {"90s", 90 * NS_PER_S}};
    int64_t ns;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TIME_TEXT_ROOM];
        assert_int_equal(duration_parse(rows[i].text, &ns), 0);
        assert_int_equal(ns, rows[i].ns);
        assert_string_equal(duration_format(out, ns), rows[i].text);
    }
    assert_int_equal(duration_parse("15", &ns), ERR_SYNTAX);
    assert_int_equal(duration_parse("m", &ns), ERR_SYNTAX);
    assert_int_equal(duration_parse("1w", &ns), ERR_SYNTAX);
    assert_int_equal(duration_parse("1.5h", &ns), ERR_SYNTAX);
    assert_int_equal(duration_parse("9223372036855s", &ns), ERR_RANGE);
}

static void floor_goes_down_also_before_1970(void **state)
{
    (void)state;
    assert_int_equal(time_floor(7, 5), 5);
    assert_int_equal(time_floor(5, 5), 5);
    assert_int_equal(time_floor(-1, 5), -5);
    assert_int_equal(time_floor(-5, 5), -5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_times_are_written_and_read),
        cmocka_unit_test(every_time_survives_writing_and_reading),
        cmocka_unit_test(forms_of_rfc_3339_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(durations_have_their_units),
        cmocka_unit_test(floor_goes_down_also_before_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
