/* Origin: which facts allow which headline. */
#include "correlate/origin.h"

#include "tests/unit/correlate/accord_fixture.h"

static struct origin of(struct accord *a, const char *source, const char *time, bool two_way)
{
    struct address address;
    struct origin origin;
    int64_t ns;
    assert_int_equal(address_parse(source, &address), 0);
    assert_int_equal(time_parse(time, &ns), 0);
    origin_of(a, &address, ns, two_way, &origin);
    assert_string_equal(origin.confidence, "low");
    return origin;
}

static void headline_follows_the_table(void **state)
{
    struct fixture f;
    struct accord *a;
    (void)state;
    fixture_start(&f);
    assert_int_equal(accord_load(&a, in_fixture(&f, "amber-own.yaml"), NULL, &f.diags), 0);

    struct origin o = of(a, "203.0.113.9", "2026-03-01", true);
    assert_string_equal(o.headline, "address");
    assert_null(o.declared);
    o = of(a, "198.51.100.7", "2026-03-01", true);
    assert_string_equal(o.headline, "address in declared network");
    assert_string_equal(o.declared->role, "hosting");
    assert_string_equal(o.declared->party, "amber");
    /* The network was declared later than that. */
    o = of(a, "198.51.100.7", "2025-05-31", true);
    assert_string_equal(o.headline, "address");
    /* A source that may be forged says nothing, whatever its network. */
    o = of(a, "198.51.100.7", "2026-03-01", false);
    assert_string_equal(o.headline, "undetermined");
    assert_null(o.declared);

    accord_destroy(a);
    fixture_end(&f);
}

static void forged_source_is_ruled_out_only_by_two_way_contact(void **state)
{
    (void)state;
    const char *with[ORIGIN_HYPOTHESES_MAX], *without[ORIGIN_HYPOTHESES_MAX];
    struct origin two_way = {.two_way_contact = true}, one_sided = {0};
    unsigned n = origin_hypotheses(&two_way, with), m = origin_hypotheses(&one_sided, without);
    assert_int_equal(m, n + 1);
    assert_string_equal(without[0], "forged source address");
    for (unsigned i = 0; i < n; i++)
        assert_string_equal(with[i], without[i + 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headline_follows_the_table),
        cmocka_unit_test(forged_source_is_ruled_out_only_by_two_way_contact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
