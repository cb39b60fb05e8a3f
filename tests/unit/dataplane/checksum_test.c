/* Checksums against the example of RFC 1071, against a sum by 16-bit words, and on frames. */
#include "tests/unit/check.h"

#include "dataplane/checksum.h"
#include "dataplane/decode.h"
#include "tests/unit/dataplane/frame_build.h"

/* naive: the sum as RFC 1071, 1 says it: 16-bit words in network order, carries added at the end.
 */
static uint16_t naive(const uint8_t *data, uint32_t len)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < len; i += 2)
        sum += (uint32_t)data[i] << 8 | (i + 1 < len ? data[i + 1] : 0);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* in_network_order: what checksum_fold says in the machine's order. */
static uint16_t in_network_order(uint16_t sum)
{
    uint8_t bytes[2];
    memcpy(bytes, &sum, 2);
    return load_be16(bytes);
}

static void the_sum_is_that_of_the_rfc(void **state)
{
    (void)state;
    static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03,
                                      0xf4, 0xf5, 0xf6, 0xf7}; /* RFC 1071, 3 */
    assert_int_equal(in_network_order(checksum_fold(checksum_add(0, example, 8))), 0xddf2);
    uint64_t seed = random_seed();
    uint8_t data[3000];
    for (int round = 0; round < 3000; round++) {
        uint32_t len = (uint32_t)random_below(&seed, sizeof data), cut = len / 2 & ~1u;
        for (uint32_t i = 0; i < len; i++)
            data[i] = round % 3 ? (uint8_t)random_next(&seed) : 0xff;
        uint8_t *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, data, len);
        uint64_t sum = checksum_add(checksum_add(0, copy, cut), copy + cut, len - cut);
        assert_int_equal(in_network_order(checksum_fold(sum)), naive(data, len));
        free(copy);
    }
}

static uint16_t transport_field(uint8_t transport)
{
    return transport == 6 ? 16 : transport == 17 ? 6 : 2;
}

/* sign: put the checksums that belong into a built frame, by the naive sum. */
static void sign(struct built_frame *f, const struct frame_spec *s)
{
    uint8_t joined[FRAME_ROOM];
    uint32_t at = f->transport_at, len = f->network_end - at, n = 0;
    uint8_t *field = f->data + at + transport_field(s->transport);
    store_be16(field, 0);
    if (s->transport != 1) {
        uint32_t pair = s->v6 ? 32 : 8;
        memcpy(joined, f->data + f->network_at + (s->v6 ? 8 : 12), pair);
        store_be32(joined + pair, len);
        store_be32(joined + pair + 4, s->transport);
        n = pair + 8;
    }
    memcpy(joined + n, f->data + at, len);
    store_be16(field, (uint16_t)~naive(joined, n + len));
    if (!s->v6)
        store_be16(f->data + f->network_at + 10, (uint16_t)~naive(f->data + f->network_at, 20));
}

static unsigned verdict_of(const struct built_frame *f, uint32_t len, uint8_t flags)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, f->data, len);
    struct packet p = {.linktype = LINKTYPE_ETHERNET, .wire = f->len, .flags = flags};
    decode_frame(&p, copy, len);
    free(copy);
    return p.verdict;
}

static void every_changed_bit_is_seen_where_checksums_count(void **state)
{
    (void)state;
    static const struct frame_spec specs[] = {
        {.transport = 6,
         .source = 1,
         .target = 2,
         .source_port = 9,
         .flags = TCP_ACK,
         .payload_len = 7},
        {.transport = 17, .source = 1, .target = 2, .source_port = 9, .payload_len = 8},
        {.transport = 1, .source = 1, .target = 2, .payload_len = 11},
        {.v6 = true, .transport = 6, .source = 1, .target = 2, .flags = TCP_ACK, .payload_len = 7},
        {.v6 = true, .transport = 17, .source = 1, .target = 2, .source_port = 9, .payload_len = 3},
        {.v6 = true, .transport = 58, .source = 1, .target = 2, .payload_len = 12},
    };
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct built_frame f;
        build_frame(&specs[i], &f);
        sign(&f, &specs[i]);
        unsigned sound = verdict_of(&f, f.len, PACKET_VALIDATE);
        assert_true(sound == DECODE_TRANSPORT || sound == DECODE_NETWORK);
        unsigned seen = 0;
        for (uint32_t bit = 8 * f.transport_at; bit < 8 * f.network_end; bit++) {
            f.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_not_equal(verdict_of(&f, f.len, PACKET_VALIDATE), sound);
            seen += verdict_of(&f, f.len, PACKET_VALIDATE) == DECODE_CHECKSUM;
            f.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_true(seen > 8 * 8); /* others change a length, which is another fault */
        f.data[f.network_end - 1] ^= 1;
        assert_int_equal(verdict_of(&f, f.len, 0), sound); /* where they do not count */
        /* A cut packet cannot be told. */
        assert_int_equal(verdict_of(&f, f.len - 1, PACKET_VALIDATE), sound);
        f.data[f.network_end - 1] ^= 1;
        if (!specs[i].v6) {
            f.data[f.network_at + 8] ^= 1; /* time to live: the header's own */
            assert_int_equal(verdict_of(&f, f.len, PACKET_VALIDATE), DECODE_CHECKSUM);
        }
    }
}

static void udp_over_ip4_may_have_none(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frame_spec s = {
            .v6 = v6, .transport = 17, .source = 1, .target = 2, .payload_len = 8};
        struct built_frame f;
        build_frame(&s, &f);
        sign(&f, &s);
        store_be16(f.data + f.transport_at + 6, 0);
        assert_int_equal(verdict_of(&f, f.len, PACKET_VALIDATE),
                         v6 ? DECODE_CHECKSUM : DECODE_TRANSPORT);
    }
}

static void a_routing_header_hides_the_last_target(void **state)
{
    (void)state;
    struct frame_spec s = {.v6 = true,
                           .transport = 17,
                           .source = 1,
                           .target = 2,
                           .payload_len = 8,
                           .extensions = {43},
                           .extension_units = 2};
    struct built_frame f;
    build_frame(&s, &f);
    sign(&f, &s);
    f.data[f.network_end - 1] ^= 1;
    assert_int_equal(verdict_of(&f, f.len, PACKET_VALIDATE), DECODE_CHECKSUM);
    f.data[f.network_at + 40 + 3] = 1; /* segments left */
    assert_int_equal(verdict_of(&f, f.len, PACKET_VALIDATE), DECODE_TRANSPORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_is_that_of_the_rfc),
        cmocka_unit_test(every_changed_bit_is_seen_where_checksums_count),
        cmocka_unit_test(udp_over_ip4_may_have_none),
        cmocka_unit_test(a_routing_header_hides_the_last_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
