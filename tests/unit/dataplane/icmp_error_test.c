/* ICMP errors against messages laid out as RFC 792 and 4443 have them; every one cut at every byte.
 */
#include "tests/unit/check.h"

#include "dataplane/decode.h"
#include "dataplane/icmp_error.h"
#include "tests/unit/dataplane/frame_build.h"

/* error_read: a message of `type` and `code` from host 9 to host 1 that quotes so many bytes of a
 * packet. */
static bool error_read(bool v6, uint8_t type, uint8_t code, const struct frame_spec *sent,
                       uint32_t quote, struct icmp_error *out)
{
    struct built_frame inside, f;
    build_frame(sent, &inside);
    uint8_t message[FRAME_ROOM] = {type, code};
    memcpy(message + 8, inside.data + inside.network_at, quote);
    struct frame_spec s = {.v6 = v6,
                           .transport = v6 ? 58 : 1,
                           .source = 9,
                           .target = 1,
                           .payload = message,
                           .payload_len = 8 + quote};
    build_frame(&s, &f);
    uint8_t *copy = malloc(f.len);
    assert_non_null(copy);
    memcpy(copy, f.data, f.len);
    struct packet pkt = {.linktype = LINKTYPE_ETHERNET, .wire = f.len};
    decode_frame(&pkt, copy, f.len);
    assert_int_equal(pkt.verdict, DECODE_NETWORK);
    bool is = icmp_error_read(&pkt, copy, out);
    free(copy);
    return is;
}

static void an_error_says_which_packet_it_is_about(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        bool v6 = i & 1, tcp = i & 2, long_quote = i & 4;
        struct frame_spec sent = {.v6 = v6,
                                  .transport = tcp ? 6 : 17,
                                  .source = 1,
                                  .target = 2,
                                  .source_port = 1234,
                                  .target_port = 502,
                                  .payload_len = 60};
        uint32_t header = v6 ? 40 : 20;
        struct icmp_error e;
        /* The header and eight bytes are what all quote (RFC 792). */
        assert_true(error_read(v6, v6 ? 1 : 3, 1, &sent, header + (long_quote ? 40 : 8), &e));
        struct address source = spec_address(&sent, 1), target = spec_address(&sent, 2);
        assert_memory_equal(&e.source, &source, 16);
        assert_memory_equal(&e.target, &target, 16);
        assert_int_equal(e.transport, sent.transport);
        assert_int_equal(e.source_port, 1234);
        assert_int_equal(e.target_port, 502);
        assert_int_equal(e.code, 1);
        assert_true(e.unreachable);
        for (uint32_t quote = 0; quote < header + 8; quote++) {
            assert_int_equal(error_read(v6, v6 ? 1 : 3, 1, &sent, quote, &e), quote >= header);
            if (quote >= header)
                assert_int_equal(e.target_port, quote >= header + 4 ? 502 : 0);
        }
    }
}

static void what_has_no_ports_has_none(void **state)
{
    (void)state;
    struct icmp_error e;
    struct frame_spec sent = {.transport = 1, .source = 1, .target = 2, .payload_len = 30};
    assert_true(error_read(false, 11, 0, &sent, 40, &e));
    assert_int_equal(e.source_port | e.target_port, 0);
    assert_int_equal(e.transport, 1);
    /* Of a later fragment the bytes behind the header are anything. */
    struct frame_spec rest = {.transport = 17,
                              .source = 1,
                              .target = 2,
                              .source_port = 7,
                              .target_port = 8,
                              .payload_len = 8,
                              .fragment = 5};
    assert_true(error_read(false, 11, 0, &rest, 28, &e));
    assert_int_equal(e.source_port | e.target_port, 0);
    assert_int_equal(e.transport, 17);
}

static void only_some_types_are_errors(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++)
        for (unsigned type = 0; type < 256; type++)
            for (unsigned code = 0; code < 6; code++) {
                struct frame_spec sent = {
                    .v6 = v6, .transport = 17, .source = 1, .target = 2, .payload_len = 8};
                struct icmp_error e;
                bool want = v6 ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12;
                assert_int_equal(error_read(v6, (uint8_t)type, (uint8_t)code, &sent, 56, &e), want);
                if (want)
                    assert_int_equal(e.unreachable, v6 ? type == 1 : type == 3 && code != 4);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_which_packet_it_is_about),
        cmocka_unit_test(what_has_no_ports_has_none),
        cmocka_unit_test(only_some_types_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
