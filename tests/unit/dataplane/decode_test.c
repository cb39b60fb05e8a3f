/* Decode against descriptions of frames; every frame also cut at every byte, and with bytes changed
 * at random, each time in a buffer of exactly its size. */
#include "tests/unit/dataplane/decode_bench.h"

#define TCP 6
#define UDP 17

static const struct frame_spec specs[] = {
    {.transport = TCP,
     .source = 1,
     .target = 2,
     .source_port = 40000,
     .target_port = 502,
     .seq = 7,
     .ack = 0xfffffff0,
     .flags = TCP_ACK | TCP_PSH,
     .payload_len = 12},
    {.transport = TCP,
     .source = 1,
     .target = 2,
     .source_port = 1,
     .target_port = 65535,
     .flags = TCP_SYN,
     .tcp_options = 40,
     .ip_options = 40},
    {.transport = UDP,
     .source = 3,
     .target = 4,
     .source_port = 53,
     .target_port = 5353,
     .payload_len = 30},
    {.transport = UDP,
     .source = 3,
     .target = 4,
     .source_port = 9,
     .target_port = 9,
     .payload_len = 5,
     .udp_slack = 3,
     .padding = 10},
    {.transport = TCP,
     .source = 5,
     .target = 6,
     .source_port = 2,
     .target_port = 3,
     .vlans = 1,
     .vlan_type = {0x8100},
     .vlan_id = {0xe123},
     .payload_len = 3,
     .padding = 3},
    {.transport = TCP,
     .source = 5,
     .target = 6,
     .source_port = 2,
     .target_port = 3,
     .vlans = 2,
     .vlan_type = {0x88a8, 0x8100},
     .vlan_id = {100, 200},
     .payload_len = 3},
    {.transport = UDP,
     .source = 5,
     .target = 6,
     .source_port = 2,
     .target_port = 3,
     .vlans = 4,
     .vlan_type = {0x9100, 0x88a8, 0x8100, 0x8100},
     .vlan_id = {1, 2, 3, 4},
     .payload_len = 3},
    {.v6 = true,
     .transport = TCP,
     .source = 7,
     .target = 8,
     .source_port = 80,
     .target_port = 81,
     .seq = 1,
     .flags = TCP_FIN | TCP_ACK,
     .payload_len = 20,
     .padding = 4},
    {.v6 = true,
     .transport = UDP,
     .source = 7,
     .target = 8,
     .source_port = 80,
     .target_port = 81,
     .extensions = {255, 60, 43, 51, 135},
     .extension_units = 2,
     .payload_len = 11},
    /* RFC 6946: a fragment header with neither offset nor more is a whole packet, also when other
     * headers follow. */
    {.v6 = true,
     .transport = UDP,
     .source = 7,
     .target = 8,
     .source_port = 80,
     .target_port = 81,
     .extensions = {44},
     .payload_len = 11},
    {.v6 = true,
     .transport = TCP,
     .source = 7,
     .target = 8,
     .source_port = 80,
     .target_port = 81,
     .extensions = {255, 44, 60},
     .payload_len = 11},
    {.transport = TCP,
     .source = 1,
     .target = 2,
     .source_port = 5,
     .target_port = 6,
     .length_zero = true,
     .payload_len = 100},
    {.v6 = true,
     .transport = TCP,
     .source = 1,
     .target = 2,
     .source_port = 5,
     .target_port = 6,
     .length_zero = true,
     .payload_len = 100},
};
#define SPECS (sizeof specs / sizeof specs[0])

static unsigned layers_of(const struct frame_spec *s)
{
    return 1u << PACKET_LAYER_ETH | (s->vlans ? 1u << PACKET_LAYER_VLAN : 0) |
           1u << (s->v6 ? PACKET_LAYER_IP6 : PACKET_LAYER_IP4) |
           1u << (s->transport == TCP ? PACKET_LAYER_TCP : PACKET_LAYER_UDP);
}

static void a_whole_frame_gives_what_it_was_made_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPECS; i++) {
        const struct frame_spec *s = &specs[i];
        struct built_frame f;
        build_frame(s, &f);
        struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len);
        struct address source = spec_address(s, s->source), target = spec_address(s, s->target);
        assert_int_equal(p.verdict, DECODE_TRANSPORT);
        assert_int_equal(p.layers, layers_of(s));
        assert_int_equal(p.transport, s->transport);
        assert_memory_equal(&p.source, &source, 16);
        assert_memory_equal(&p.target, &target, 16);
        assert_int_equal(p.source_port, s->source_port);
        assert_int_equal(p.target_port, s->target_port);
        assert_int_equal(p.vlan, s->vlans ? s->vlan_id[0] & 0xfff : 0);
        assert_int_equal(p.tcp_flags, s->transport == TCP ? s->flags : 0);
        assert_int_equal(p.tcp_seq, s->transport == TCP ? s->seq : 0);
        assert_int_equal(p.tcp_ack, s->transport == TCP ? s->ack : 0);
        assert_int_equal(p.payload_at, f.payload_at);
        assert_int_equal(p.payload_len, s->payload_len);
        assert_int_equal(p.payload_wire, s->payload_len);
        assert_int_equal(p.flags & PACKET_CUT, 0);
    }
}

/* What a frame cut to `len` bytes must give, from where its layers begin. */
static unsigned verdict_of_cut(const struct built_frame *f, uint32_t len)
{
    if (len < f->network_at)
        return DECODE_CUT_LINK;
    if (len < f->transport_at)
        return DECODE_CUT_NETWORK;
    return len < f->payload_at ? DECODE_CUT_TRANSPORT : DECODE_TRANSPORT;
}

static void a_cut_frame_says_in_which_layer_it_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPECS; i++) {
        const struct frame_spec *s = &specs[i];
        struct built_frame f;
        build_frame(s, &f);
        for (uint32_t len = 0; len < f.len; len++) {
            struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, len, f.len);
            assert_int_equal(p.verdict, verdict_of_cut(&f, len));
            assert_true(p.flags & PACKET_CUT);
            if (p.verdict != DECODE_TRANSPORT) {
                assert_int_equal(p.payload_len, 0);
                assert_int_equal(p.payload_wire, 0);
                continue;
            }
            uint32_t there = len - f.payload_at;
            assert_int_equal(p.payload_at, f.payload_at);
            assert_int_equal(p.payload_len, there < s->payload_len ? there : s->payload_len);
            assert_int_equal(p.payload_wire, s->payload_len);
        }
    }
}

static void padding_of_the_link_is_never_payload(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPECS; i++) {
        struct frame_spec s = specs[i];
        if (s.length_zero)
            continue; /* there nothing tells padding from payload */
        for (s.padding = 0; s.padding < 50; s.padding++) {
            struct built_frame f;
            build_frame(&s, &f);
            struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len);
            assert_int_equal(p.verdict, DECODE_TRANSPORT);
            assert_int_equal(p.payload_len, s.payload_len);
            assert_int_equal(p.payload_wire, s.payload_len);
        }
    }
}

static unsigned verdict_of(const struct frame_spec *s)
{
    struct built_frame f;
    build_frame(s, &f);
    return decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len).verdict;
}

static void fragments_end_at_the_network(void **state)
{
    (void)state;
    /* IPv4: more fragments, an offset; don't fragment alone is none. IPv6: likewise. */
    struct frame_spec s = {.transport = UDP, .source = 1, .target = 2, .payload_len = 8};
    s.fragment = 0x2000;
    assert_int_equal(verdict_of(&s), DECODE_FRAGMENT);
    s.fragment = 0x0001;
    assert_int_equal(verdict_of(&s), DECODE_FRAGMENT);
    s.fragment = 0x4000;
    assert_int_equal(verdict_of(&s), DECODE_TRANSPORT);
    struct frame_spec s6 = {.v6 = true,
                            .transport = UDP,
                            .source = 1,
                            .target = 2,
                            .extensions = {44},
                            .payload_len = 8};
    s6.fragment = 0x0001;
    assert_int_equal(verdict_of(&s6), DECODE_FRAGMENT);
    s6.fragment = 0x0008;
    assert_int_equal(verdict_of(&s6), DECODE_FRAGMENT);
    s6.fragment = 0x0006; /* the two reserved bits */
    assert_int_equal(verdict_of(&s6), DECODE_TRANSPORT);
    struct built_frame f;
    s6.fragment = 0x0001;
    build_frame(&s6, &f);
    struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len);
    struct address source = spec_address(&s6, 1);
    assert_memory_equal(&p.source, &source, 16);
    assert_int_equal(p.transport, UDP);
    assert_int_equal(p.source_port, 0);
}

static void what_is_not_followed_is_named(void **state)
{
    (void)state;
    static const struct {
        struct frame_spec spec;
        unsigned verdict, layer;
    } rows[] = {
        {{.transport = 1}, DECODE_NETWORK, PACKET_LAYER_ICMP},
        {{.v6 = true, .transport = 58}, DECODE_NETWORK, PACKET_LAYER_ICMP6},
        {{.transport = 47}, DECODE_NETWORK, PACKET_LAYER_OTHER},
        {{.v6 = true, .transport = 59}, DECODE_NETWORK, PACKET_LAYER_OTHER},
        {{.ethertype = 0x0806, .payload_len = 28}, DECODE_LINK, PACKET_LAYER_ARP},
        {{.ethertype = 0x88b8, .payload_len = 28}, DECODE_LINK, PACKET_LAYER_OTHER},
        {{.ethertype = 0x0026, .payload_len = 38}, DECODE_LINK, PACKET_LAYER_OTHER},
        {{.transport = 132, .payload_len = 12}, DECODE_NETWORK, PACKET_LAYER_SCTP},
        {{.transport = 132, .payload_len = 11}, DECODE_BAD_TRANSPORT, PACKET_LAYER_SCTP},
        {{.ethertype = 0x8035, .payload_len = 28}, DECODE_LINK, PACKET_LAYER_ARP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct built_frame f;
        build_frame(&rows[i].spec, &f);
        struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len);
        assert_int_equal(p.verdict, rows[i].verdict);
        assert_true(p.layers & 1u << rows[i].layer);
    }
    struct packet p = {.linktype = 127, .wire = 20};
    decode_frame(&p, (const uint8_t *)"twenty bytes or more", 20);
    assert_int_equal(p.verdict, DECODE_LINKTYPE);
    assert_int_equal(p.layers, 1u << PACKET_LAYER_OTHER);
}

/* change: the frame of a description with one byte set. */
static unsigned verdict_with(const struct frame_spec *s, uint32_t behind_network, uint8_t value)
{
    struct built_frame f;
    build_frame(s, &f);
    f.data[f.network_at + behind_network] = value;
    return decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len).verdict;
}

static void headers_that_contradict_themselves_are_bad(void **state)
{
    (void)state;
    const struct frame_spec *tcp = &specs[0], *udp = &specs[2], *tcp6 = &specs[7];
    assert_int_equal(verdict_with(tcp, 0, 0x55), DECODE_BAD_NETWORK);  /* version 5 */
    assert_int_equal(verdict_with(tcp, 0, 0x44), DECODE_BAD_NETWORK);  /* a header of 16 bytes */
    assert_int_equal(verdict_with(tcp, 3, 19), DECODE_BAD_NETWORK);    /* total under the header */
    assert_int_equal(verdict_with(tcp6, 0, 0x40), DECODE_BAD_NETWORK); /* version 4 */
    assert_int_equal(verdict_with(tcp, 20 + 12, 0x40), DECODE_BAD_TRANSPORT);
    /* 20 + 12 bytes of TCP are there; an offset of 36 goes beyond, and so does one behind 39 of
     * total length. */
    assert_int_equal(verdict_with(tcp, 20 + 12, 0x90), DECODE_BAD_TRANSPORT);
    assert_int_equal(verdict_with(tcp, 3, 39), DECODE_BAD_TRANSPORT);
    assert_int_equal(verdict_with(udp, 20 + 5, 7), DECODE_BAD_TRANSPORT);
    assert_int_equal(verdict_with(udp, 20 + 5, 39), DECODE_BAD_TRANSPORT);
    assert_int_equal(verdict_with(udp, 3, 27), DECODE_BAD_TRANSPORT);
    /* An extension header longer than the packet. */
    assert_int_equal(verdict_with(&specs[8], 41, 200), DECODE_BAD_NETWORK);
}

static bool is_read(unsigned verdict)
{
    return verdict == DECODE_TRANSPORT || verdict == DECODE_NETWORK || verdict == DECODE_FRAGMENT;
}

static void random_changes_never_lead_out_of_the_frame(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    unsigned verdicts[DECODE_VERDICT_COUNT] = {0};
    for (int round = 0; round < 60000; round++) {
        struct built_frame f;
        build_frame(&specs[random_below(&seed, SPECS)], &f);
        for (uint64_t n = random_below(&seed, 4); n; n--)
            f.data[random_below(&seed, f.len)] = (uint8_t)random_next(&seed);
        uint32_t len = f.len;
        if (random_below(&seed, 2))
            len = (uint32_t)random_below(&seed, f.len + 1);
        struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, len, f.len);
        verdicts[p.verdict]++;
        assert_true(p.payload_at + p.payload_len <= len);
        assert_true(p.payload_len <= p.payload_wire);
        assert_true(is_read(p.verdict) || p.payload_wire == 0);
        uint8_t shard = frame_shard(LINKTYPE_ETHERNET, f.data, len);
        if (p.verdict == DECODE_TRANSPORT && p.tunnels == 0)
            assert_int_equal(shard, shard_of_pair(&p.source, &p.target));
    }
    assert_true(verdicts[DECODE_TRANSPORT] && verdicts[DECODE_BAD_NETWORK] &&
                verdicts[DECODE_BAD_TRANSPORT] && verdicts[DECODE_CUT_TRANSPORT]);
}

static void the_wire_length_of_a_very_long_frame_is_kept(void **state)
{
    (void)state;
    /* 20 bytes short of what 16 bits can say: a packet of 65,535 bytes behind an Ethernet header,
     * of which the decoder sees 65,535 bytes of frame. */
    uint32_t len = 14 + 65535;
    uint8_t *data = calloc(1, len);
    assert_non_null(data);
    struct frame_spec s = {.transport = TCP, .source = 1, .target = 2, .flags = TCP_ACK};
    struct built_frame f;
    build_frame(&s, &f);
    memcpy(data, f.data, f.len);
    store_be16(data + 16, 65535);
    struct packet p = {.linktype = LINKTYPE_ETHERNET, .wire = len};
    decode_frame(&p, data, len);
    assert_int_equal(p.verdict, DECODE_TRANSPORT);
    assert_int_equal(p.payload_len, 65535 - 54);
    assert_int_equal(p.payload_wire, 65535 - 40);
    assert_true(p.flags & PACKET_CUT);
    /* Without a length in the header (offload), the frame's length on the wire says it. */
    store_be16(data + 16, 0);
    p = (struct packet){.linktype = LINKTYPE_ETHERNET, .wire = 54 + 60000};
    decode_frame(&p, data, 54 + 1000);
    assert_int_equal(p.payload_len, 1000);
    assert_int_equal(p.payload_wire, 60000);
    /* More than 16 bits can hold stays the most that they can. */
    p = (struct packet){.linktype = LINKTYPE_ETHERNET, .wire = 200000};
    decode_frame(&p, data, len);
    assert_int_equal(p.payload_wire, UINT16_MAX);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_frame_gives_what_it_was_made_of),
        cmocka_unit_test(a_cut_frame_says_in_which_layer_it_ends),
        cmocka_unit_test(padding_of_the_link_is_never_payload),
        cmocka_unit_test(fragments_end_at_the_network),
        cmocka_unit_test(what_is_not_followed_is_named),
        cmocka_unit_test(headers_that_contradict_themselves_are_bad),
        cmocka_unit_test(random_changes_never_lead_out_of_the_frame),
        cmocka_unit_test(the_wire_length_of_a_very_long_frame_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
