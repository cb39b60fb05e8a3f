/* Engines one after the other inside one EAL: they leave no port, memory zone or pool behind, and
 * each sees all packets. PLIMSOLL_TEST_ENGINES says how many (default 40). */
#include "tests/unit/check.h"

#include "base/error.h"
#include "base/file.h"
#include "dataplane/engine.h"

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_memzone.h>

#include <string.h>
#include <unistd.h>

static void count_zone(const struct rte_memzone *zone, void *n)
{
    (void)zone;
    ++*(unsigned *)n;
}

static void count_pool(struct rte_mempool *pool, void *n)
{
    (void)pool;
    ++*(unsigned *)n;
}

struct left {
    unsigned ports, zones, pools;
};

static struct left left_now(void)
{
    struct left l = {.ports = rte_eth_dev_count_avail()};
    rte_memzone_walk(count_zone, &l.zones);
    rte_mempool_walk(count_pool, &l.pools);
    return l;
}

/* A pcap of so many ARP-sized Ethernet frames. */
static void write_capture(const char *path, unsigned frames)
{
    uint32_t head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
    uint8_t record[16 + 60] = {0};
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(head, sizeof head, 1, f), 1);
    for (uint32_t i = 0; i < frames; i++) {
        uint32_t stamp[4] = {i, 0, 60, 60};
        memcpy(record, stamp, sizeof stamp);
        record[16 + 5] = (uint8_t)i; /* MAC addresses, so that shards differ */
        record[16 + 12] = 0x88;
        assert_int_equal(fwrite(record, sizeof record, 1, f), 1);
    }
    fclose(f);
}

static void engines_leave_nothing_behind(void **state)
{
    (void)state;
    enum { FRAMES = 200 };
    const char *asked = getenv("PLIMSOLL_TEST_ENGINES");
    unsigned engines = asked ? (unsigned)strtoul(asked, NULL, 0) : 40;
    char path[] = "/tmp/plimsoll-engine-XXXXXX";
    struct diags diags = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_capture(path, FRAMES);

    struct rule_set *rules;
    struct rule_set_config no_rules = {0};
    struct definitions *definitions = NULL;
    size_t len;
    const char *shipped = definitions_shipped(&len);
    assert_int_equal(rule_set_build(&rules, &no_rules, &diags), 0);
    assert_int_equal(definitions_parse(&definitions, "shipped", shipped, len, &diags), 0);
    assert_int_equal(definitions_finish(definitions, NULL, &diags), 0);
    assert_int_equal(engine_eal_start(512, &diags), 0);
    struct left before = {0};
    for (unsigned i = 0; i < engines; i++) {
        struct correlator_policy correlation = {.definitions = definitions,
                                                .incident_quiet_ns = 1000000000,
                                                .update_interval_ns = 1000000000};
        struct correlator_config correlator_config = {
            .workers = 1 + i % 3, .policies = &correlation, .n_policies = 1, .keys_per_shard = 16};
        struct engine_policy policy = {.rules = rules, .coverage_interval_ns = 1000000000};
        const char *captures[] = {path};
        struct engine_config config = {.workers = 1 + i % 3,
                                       .captures = captures,
                                       .n_captures = 1,
                                       .policies = &policy,
                                       .n_policies = 1,
                                       .limits = engine_default_limits()};
        struct engine *engine;
        struct engine_stats stats;
        struct revision revision;
        assert_int_equal(correlator_create(&config.correlator, &correlator_config, &diags), 0);
        assert_int_equal(engine_open(&engine, &config, &diags), 0);
        assert_int_equal(engine_run(engine, &diags), 0);
        assert_int_equal(correlator_next(config.correlator, &revision), ERR_CLOSED);
        engine_stats(engine, &stats);
        assert_int_equal(stats.counters.packets, FRAMES);
        assert_int_equal(stats.port_packets, FRAMES);
        engine_close(engine);
        correlator_destroy(config.correlator);
        struct left after = left_now();
        if (i == 0) /* the first port makes DPDK's own table of ports, which stays */
            before = after;
        assert_memory_equal(&after, &before, sizeof after);
        assert_int_equal(after.ports, 0);
        assert_int_equal(after.pools, 0);
    }
    engine_eal_stop();
    definitions_destroy(definitions);
    rule_set_destroy(rules);
    diags_free(&diags);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engines_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
