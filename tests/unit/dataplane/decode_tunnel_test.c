/* Tunnels against their headers as the specifications give them: the packet inside becomes the
 * packet; what holds none stays what carries it. Each also cut at every byte, in a buffer of
 * exactly that size. */
#include "tests/unit/check.h"

#include "dataplane/decode.h"
#include "tests/unit/dataplane/decode_bench.h"

#define BIT(layer) (1u << PACKET_LAYER_##layer)
#define MACS       "020000000002020000000001"

/* protocol: of the outer IP, or UDP with this port; header: between it and the packet inside. */
struct tunnel_row {
    const char *header;
    uint16_t port;
    uint8_t protocol;
    bool v6; /* inside */
    uint32_t layers;
};

static const struct tunnel_row rows[] = {
    {"", 0, 4, false, BIT(IPIP)},
    {"", 0, 41, true, BIT(IPIP)},
    {"00000800", 0, 47, false, BIT(GRE)},
    {"000086dd", 0, 47, true, BIT(GRE)},
    {"b0000800"
     "11112222"
     "33334444"
     "55556666",
     0, 47, false, BIT(GRE)}, /* checksum, key, sequence */
    {"00006558" MACS "0800", 0, 47, false, BIT(GRE)},
    {"00006558" MACS "810000050800", 0, 47, false, BIT(GRE)},
    {"00008847"
     "000101ff",
     0, 47, false, BIT(GRE)},
    {"3081880b"
     "00300001"
     "00000001"
     "00000002"
     "ff030021",
     0, 47, false, BIT(GRE)},                                       /* version 1 */
    {"000088be" MACS "0800", 0, 47, false, BIT(GRE) | BIT(ERSPAN)}, /* type I */
    {"100088be"
     "00000001"
     "1001000100000000" MACS "0800",
     0, 47, false, BIT(GRE) | BIT(ERSPAN)},
    {"100022eb"
     "00000001"
     "200100010000000000000000" MACS "0800",
     0, 47, false, BIT(GRE) | BIT(ERSPAN)},
    {"100022eb"
     "00000001"
     "200100010000000000000001"
     "0000000000000000" MACS "86dd",
     0, 47, true, BIT(GRE) | BIT(ERSPAN)},
    {"3000" MACS "0800", 0, 97, false, BIT(ETHERIP)},
    {"000101ff", 0, 137, false, BIT(MPLS_TUNNEL)},
    {"0800000000000100" MACS "0800", 4789, 17, false, BIT(VXLAN)},
    {"0800000000000100" MACS "8100000586dd", 4789, 17, true, BIT(VXLAN)},
    {"0000655800000100" MACS "0800", 6081, 17, false, BIT(GENEVE)},
    {"0200080000000100"
     "0102030400000000",
     6081, 17, false, BIT(GENEVE)}, /* options of 8 bytes */
    {"30ff002c00000001", 2152, 17, false, BIT(GTP)},
    {"32ff002c00000001"
     "00010000",
     2152, 17, true, BIT(GTP)}, /* sequence number */
    {"34ff002c00000001"
     "00000085"
     "01100000",
     2152, 17, false, BIT(GTP)}, /* extension header */
    {"", 3544, 17, true, BIT(TEREDO)},
    {"0000111122223333", 3544, 17, true, BIT(TEREDO)}, /* origin */
    {"00010000"
     "000000000000000000"
     "0000111122223333",
     3544, 17, true, BIT(TEREDO)},
    {"000101ff", 6635, 17, false, BIT(MPLS_TUNNEL)},
};
#define ROWS (sizeof rows / sizeof rows[0])

/* inside: 10.0.0.5, port 40000, to 10.0.0.6, port 502, or the like of IPv6; without a link. */
static const struct frame_spec inside = {.transport = 6,
                                         .source = 5,
                                         .target = 6,
                                         .source_port = 40000,
                                         .target_port = 502,
                                         .seq = 77,
                                         .flags = TCP_ACK,
                                         .payload_len = 9};

static uint32_t append_inside(bool v6, uint8_t *out)
{
    struct frame_spec s = inside;
    s.v6 = v6;
    return network_part(&s, out);
}

/* carry: Ethernet, IP from 10.0.0.1 to 10.0.0.2, and the bytes in it. */
static void carry(const struct tunnel_row *row, const uint8_t *bytes, uint32_t len,
                  struct built_frame *f)
{
    struct frame_spec s = {.transport = row->protocol,
                           .source = 1,
                           .target = 2,
                           .source_port = 1234,
                           .target_port = row->port,
                           .payload = bytes,
                           .payload_len = len};
    build_frame(&s, f);
}

static struct address outer_address(uint8_t host)
{
    struct frame_spec s = {0};
    return spec_address(&s, host);
}

static uint32_t outer_layers(const struct tunnel_row *row)
{
    return BIT(ETH) | BIT(IP4) | (row->protocol == 17 ? BIT(UDP) : 0);
}

static void the_packet_inside_is_the_packet(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t bytes[512];
        uint32_t header = unhex(rows[i].header, bytes);
        uint32_t len = header + append_inside(rows[i].v6, bytes + header);
        struct built_frame f;
        carry(&rows[i], bytes, len, &f);
        struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len);
        struct frame_spec s = {.v6 = rows[i].v6};
        struct address source = spec_address(&s, 5),
                       outer[2] = {outer_address(1), outer_address(2)};
        assert_int_equal(p.verdict, DECODE_TRANSPORT);
        assert_int_equal(p.tunnels, 1);
        assert_int_equal(p.network, rows[i].v6 ? 6 : 4);
        assert_memory_equal(&p.source, &source, 16);
        assert_int_equal(p.transport, 6);
        assert_int_equal(p.source_port, 40000);
        assert_int_equal(p.tcp_seq, 77);
        assert_int_equal(p.vlan, 0); /* a tag inside a tunnel is not the tenant's */
        assert_int_equal(p.layers, outer_layers(&rows[i]) | rows[i].layers);
        assert_int_equal(p.network_at, f.payload_at + header);
        assert_int_equal(p.payload_len, 9);
        assert_int_equal(p.payload_at + 9, f.len);
        assert_int_equal(p.shard, shard_of_pair(&outer[0], &outer[1]));
    }
}

/* The packet as if nothing were in it. */
static void check_outer(const struct packet *p, const struct tunnel_row *row,
                        const struct built_frame *f)
{
    struct address source = outer_address(1);
    assert_int_equal(p->verdict, row->protocol == 17 ? DECODE_TRANSPORT : DECODE_NETWORK);
    assert_int_equal(p->tunnels, 0);
    assert_memory_equal(&p->source, &source, 16);
    assert_int_equal(p->transport, row->protocol);
    assert_int_equal(p->target_port, row->port);
    assert_int_equal(p->source_port, row->protocol == 17 ? 1234 : 0);
    assert_int_equal(p->payload_at, f->payload_at);
}

static void what_holds_no_packet_stays_what_carries_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t bytes[512];
        uint32_t header = unhex(rows[i].header, bytes);
        uint32_t len = header + append_inside(rows[i].v6, bytes + header);
        bytes[header] = 0x50; /* no version of IP */
        struct built_frame f;
        carry(&rows[i], bytes, len, &f);
        struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len);
        check_outer(&p, &rows[i], &f);
        assert_int_equal(p.payload_len, len);
        assert_int_equal(p.flags & PACKET_CUT, 0);
    }
    /* A tunnel whose own header cannot be, with a sound packet behind it. */
    static const struct tunnel_row bad[] = {
        {"40000800", 0, 47, false, 0},            /* GRE with routing */
        {"00020800", 0, 47, false, 0},            /* GRE of version 2 */
        {"2000", 0, 97, false, 0},                /* EtherIP of version 2 */
        {"0000000000000100", 4789, 17, false, 0}, /* VXLAN without its flag */
        {"4000080000000100", 6081, 17, false, 0}, /* Geneve of version 1 */
        {"3001002c00000001", 2152, 17, false, 0}, /* GTP: an echo request */
        {"20ff002c00000001", 2152, 17, false, 0}, /* GTP' */
        {"34ff002c00000001"
         "00000085"
         "00100000",
         2152, 17, false, 0},     /* an extension of no length */
        {"", 3544, 17, false, 0}, /* Teredo carries IPv6 alone */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t bytes[512];
        uint32_t header = unhex(bad[i].header, bytes);
        uint32_t len = header + append_inside(bad[i].v6, bytes + header);
        struct built_frame f;
        carry(&bad[i], bytes, len, &f);
        struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len);
        check_outer(&p, &bad[i], &f);
        assert_int_equal(p.layers & (UINT32_MAX << PACKET_LAYER_IPIP), 0);
    }
}

static void a_cut_tunnel_gives_the_packet_inside_or_the_one_outside(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t bytes[512];
        uint32_t header = unhex(rows[i].header, bytes);
        uint32_t len = header + append_inside(rows[i].v6, bytes + header);
        struct built_frame f;
        carry(&rows[i], bytes, len, &f);
        uint32_t inner_transport = f.payload_at + header + (rows[i].v6 ? 40 : 20);
        for (uint32_t cut = f.payload_at; cut < f.len; cut++) {
            struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, cut, f.len);
            assert_true(p.flags & PACKET_CUT);
            assert_int_equal(p.tunnels, cut >= inner_transport + 20);
            if (p.tunnels == 0) {
                check_outer(&p, &rows[i], &f);
                continue;
            }
            assert_int_equal(p.payload_len, cut - inner_transport - 20);
            assert_int_equal(p.payload_wire, 9);
        }
    }
}

static void tunnels_in_tunnels_are_followed_up_to_a_depth(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth <= 12; depth++) {
        uint8_t bytes[1024];
        uint32_t at = 0;
        for (unsigned i = 1; i < depth; i++) { /* the first is the frame's own */
            struct frame_spec s = {
                .transport = 4, .source = 1, .target = 2, .payload_len = 20 * (depth - i - 1) + 49};
            struct built_frame f;
            build_frame(&s, &f);
            memcpy(bytes + at, f.data + f.network_at, 20);
            at += 20;
        }
        at += append_inside(false, bytes + at);
        struct built_frame f;
        carry(&(struct tunnel_row){.protocol = 4}, bytes, at, &f);
        struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len);
        assert_int_equal(p.tunnels, depth <= 8 ? depth : 8);
        assert_int_equal(p.verdict, depth <= 8 ? DECODE_TRANSPORT : DECODE_NETWORK);
        assert_int_equal(p.transport, depth <= 8 ? 6 : 4);
    }
}

static void a_fragment_inside_is_a_fragment(void **state)
{
    (void)state;
    uint8_t bytes[512];
    uint32_t len = append_inside(false, bytes);
    store_be16(bytes + 6, 0x2000);
    struct built_frame f;
    carry(&rows[0], bytes, len, &f);
    struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len, f.len);
    assert_int_equal(p.verdict, DECODE_FRAGMENT);
    assert_int_equal(p.tunnels, 1);
    assert_int_equal(p.network_at, f.payload_at);
}

static void a_packet_inside_without_a_length_ends_with_its_tunnel(void **state)
{
    (void)state;
    uint8_t bytes[512];
    uint32_t len = append_inside(false, bytes);
    store_be16(bytes + 2, 0);
    struct frame_spec s = {.transport = 4,
                           .source = 1,
                           .target = 2,
                           .payload = bytes,
                           .payload_len = len,
                           .padding = 20};
    struct built_frame f;
    build_frame(&s, &f);
    /* What the capture lacks is padding, and none of the packet's. */
    struct packet p = decode_copy(LINKTYPE_ETHERNET, f.data, f.len - 10, f.len);
    assert_int_equal(p.tunnels, 1);
    assert_int_equal(p.payload_len, 9);
    assert_int_equal(p.payload_wire, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_packet_inside_is_the_packet),
        cmocka_unit_test(what_holds_no_packet_stays_what_carries_it),
        cmocka_unit_test(a_cut_tunnel_gives_the_packet_inside_or_the_one_outside),
        cmocka_unit_test(tunnels_in_tunnels_are_followed_up_to_a_depth),
        cmocka_unit_test(a_fragment_inside_is_a_fragment),
        cmocka_unit_test(a_packet_inside_without_a_length_ends_with_its_tunnel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
