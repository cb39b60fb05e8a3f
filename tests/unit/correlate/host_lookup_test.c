/* What is declared of the two ends of an observation. */
#include "tests/unit/correlate/correlator_fixture.h"

static struct host_facts facts_of(const struct host_lookup *hosts, struct address source,
                                  struct address target)
{
    struct host_facts facts;
    memset(&facts, 0xff, sizeof facts);
    host_lookup_of(hosts, &source, &target, &facts);
    return facts;
}

static void an_asset_brings_its_number_sector_and_role(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct host_facts facts = facts_of(&f.hosts, host(2, 5), host(1, 256 + 7));
    assert_int_equal(facts.source_asset, 2);
    assert_int_equal(facts.source_sector, 2);
    assert_false(facts.source_monitored);
    assert_int_equal(facts.target_asset, 1);
    assert_int_equal(facts.target_sector, 1);
    assert_int_equal(facts.target_role, HOST_ROLE_ASSET);
    assert_true(facts.target_monitored);
    fixture_close(&f);
}

static void an_operators_station_inside_an_asset_is_an_operators(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct host_facts facts = facts_of(&f.hosts, host(1, 9), host(1, 8));
    assert_int_equal(facts.source_role, HOST_ROLE_OPERATOR);
    assert_int_equal(facts.source_asset, 0);
    assert_int_equal(facts.target_role, HOST_ROLE_ASSET);
    fixture_close(&f);
}

static void of_a_stranger_nothing_is_known(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    const struct host_lookup *lookups[] = {&f.hosts, NULL};
    for (int i = 0; i < 2; i++) {
        struct host_facts facts = facts_of(lookups[i], host(9, 1), host(9, 2));
        assert_int_equal(facts.source_asset, HOST_NO_ASSET);
        assert_int_equal(facts.target_asset, HOST_NO_ASSET);
        assert_int_equal(facts.source_sector, 0);
        assert_int_equal(facts.target_role, HOST_ROLE_NONE);
        assert_false(facts.source_monitored || facts.target_monitored);
    }
    assert_int_equal(host_lookup_asset(&f.hosts, &(struct address){{0}}), HOST_NO_ASSET);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_asset_brings_its_number_sector_and_role),
        cmocka_unit_test(an_operators_station_inside_an_asset_is_an_operators),
        cmocka_unit_test(of_a_stranger_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
