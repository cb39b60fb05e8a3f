/* The table of parsers. */
#include "proto/proto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void every_parser_is_complete_and_fits_a_flow(void **unused)
{
    (void)unused;
    assert_true(proto_parser_count > 0);
    for (unsigned i = 0; i < proto_parser_count; i++) {
        const struct proto_parser *p = proto_parsers[i];
        assert_true(p->protocol > PROTOCOL_UNKNOWN && p->protocol < PROTOCOL_COUNT);
        assert_true(p->state_size > 0 && p->state_size <= PROTO_STATE_MAX);
        assert_true(p->probe && p->feed && p->gap && p->deadline && p->expire && p->end);
    }
}

static void parser_is_found_by_its_port(void **unused)
{
    (void)unused;
    /* one protocol may have a parser of streams and one of datagrams */
    for (unsigned i = 0; i < proto_parser_count; i++)
        assert_int_equal(proto_by_port(proto_parsers[i]->port)->protocol,
                         proto_parsers[i]->protocol);
    assert_non_null(proto_by_port(502));
    assert_null(proto_by_port(1));
}

static void every_anomaly_has_a_word(void **unused)
{
    (void)unused;
    for (int i = 0; i < PROTO_ANOMALY_COUNT; i++) {
        assert_non_null(proto_anomaly_words[i].name);
        assert_non_null(proto_anomaly_words[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parser_is_complete_and_fits_a_flow),
        cmocka_unit_test(parser_is_found_by_its_port),
        cmocka_unit_test(every_anomaly_has_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
