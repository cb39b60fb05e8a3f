/* The trie against a list that is searched from end to end. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "base/prefix_map.h"

static struct prefix prefix_of(const char *text)
{
    struct prefix p;
    assert_int_equal(prefix_parse(text, &p), 0);
    return p;
}

static struct address address_of(const char *text)
{
    struct address a;
    assert_int_equal(address_parse(text, &a), 0);
    return a;
}

static void longest_prefix_wins(void **state)
{
    (void)state;
    struct prefix_map *map = prefix_map_create();
    static const char *const prefixes[] = {"0.0.0.0/0",    "10.0.0.0/8", "10.20.0.0/16",
                                           "10.20.7.0/24", "10.20.7.9",  "2001:db8::/32",
                                           "::/0"};
    for (uint32_t i = 0; i < 7; i++) {
        struct prefix p = prefix_of(prefixes[i]);
        assert_int_equal(prefix_map_add(map, &p, i), 0);
    }
    static const struct {
        const char *address;
        uint32_t value;
    } rows[] = {{"192.0.2.1", 0}, {"10.1.1.1", 1},    {"10.20.1.1", 2}, {"10.20.7.8", 3},
                {"10.20.7.9", 4}, {"2001:db8::1", 5}, {"fe80::1", 6}};
    for (size_t i = 0; i < 7; i++) {
        struct address a = address_of(rows[i].address);
        assert_int_equal(prefix_map_find(map, &a), rows[i].value);
    }
    struct prefix again = prefix_of("10.20.0.0/16");
    assert_int_equal(prefix_map_add(map, &again, 99), ERR_EXISTS);
    struct address a = address_of("10.20.1.1");
    assert_int_equal(prefix_map_find(map, &a), 2);
    prefix_map_destroy(map);
}

/* Addresses that share many bits, so that prefixes nest and branch. */
static struct address random_address(uint64_t *seed)
{
    struct address a = {{0}};
    for (int i = 0; i < 16; i++)
        a.b[i] =
            (uint8_t)(random_below(seed, 8) ? 0 : random_below(seed, 4) << random_below(seed, 7));
    return a;
}

static void agrees_with_a_list(void **state)
{
    (void)state;
    enum { MOST = 300 };
    uint64_t seed = random_seed();
    for (int round = 0; round < 60; round++) {
        struct prefix_map *map = prefix_map_create();
        struct prefix list[MOST];
        uint32_t n = 0;
        for (int i = 0; i < MOST; i++) {
            struct prefix p = {random_address(&seed), (uint8_t)random_below(&seed, 129)};
            for (unsigned bit = p.len; bit < 128; bit++)
                p.address.b[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
            uint32_t twin = 0;
            while (twin < n &&
                   !(list[twin].len == p.len && address_equal(&list[twin].address, &p.address)))
                twin++;
            assert_int_equal(prefix_map_add(map, &p, n), twin < n ? ERR_EXISTS : 0);
            if (twin == n)
                list[n++] = p;
        }
        for (int i = 0; i < 2000; i++) {
            struct address a = random_address(&seed);
            uint32_t best = PREFIX_MAP_NONE;
            for (uint32_t k = 0; k < n; k++)
                if (prefix_holds(&list[k], &a) &&
                    (best == PREFIX_MAP_NONE || list[k].len > list[best].len))
                    best = k;
            assert_int_equal(prefix_map_find(map, &a), best);
        }
        prefix_map_destroy(map);
    }
}

static void addresses_are_counted_once(void **state)
{
    (void)state;
    struct prefix_map *map = prefix_map_create();
    static const char *const prefixes[] = {"10.20.0.0/16", "10.20.7.0/24", "192.0.2.0/24",
                                           "192.0.3.7/32", "2001:db8::1/128"};
    for (uint32_t i = 0; i < 5; i++) {
        struct prefix p = prefix_of(prefixes[i]);
        assert_int_equal(prefix_map_add(map, &p, i), 0);
    }
    assert_int_equal(prefix_map_addresses(map), 65536 + 256 + 1);
    struct prefix v6 = prefix_of("2001:db8::/64");
    assert_int_equal(prefix_map_add(map, &v6, 9), 0);
    assert_true(prefix_map_addresses(map) == UINT64_MAX);
    prefix_map_destroy(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_prefix_wins),
        cmocka_unit_test(agrees_with_a_list),
        cmocka_unit_test(addresses_are_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
