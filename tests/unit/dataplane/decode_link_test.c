/* Link headers against their bytes as the specifications give them: what is behind is found,
 * whatever is stacked; each header also cut at every byte, in a buffer of exactly that size. */
#include "tests/unit/check.h"

#include "dataplane/decode.h"
#include "tests/unit/dataplane/decode_bench.h"

#define BIT(layer) (1u << PACKET_LAYER_##layer)

/* A header in front of an IP packet, as hexadecimal digits. */
struct link_row {
    const char *header;
    uint16_t linktype;
    bool v6;
    uint32_t layers; /* beside those of the IP packet */
};

#define MACS "020000000002020000000001"

static const struct link_row rows[] = {
    {MACS "0800", 1, false, BIT(ETH)},
    {MACS "86dd", 1, true, BIT(ETH)},
    /* 802.2: length, SNAP of organisation 0 and of 0000f8; the access point of IP */
    {MACS "0030aaaa030000000800", 1, false, BIT(ETH)},
    {MACS "0030aaaa030000f886dd", 1, true, BIT(ETH)},
    {MACS "0030060603", 1, false, BIT(ETH)},
    {MACS "810000050800", 1, false, BIT(ETH) | BIT(VLAN)},
    {MACS "88a80005810000060800", 1, false, BIT(ETH) | BIT(VLAN)},
    {MACS "91000005810000060030aaaa030000000800", 1, false, BIT(ETH) | BIT(VLAN)},
    /* MPLS: labels 16 and 17, the last with the bottom bit; explicit null of IPv4 and IPv6 */
    {MACS "8847000101ff", 1, false, BIT(ETH) | BIT(MPLS)},
    {MACS "884700010040000111ff", 1, true, BIT(ETH) | BIT(MPLS)},
    {MACS "8848000001ff", 1, false, BIT(ETH) | BIT(MPLS)},
    {MACS "8847000021ff", 1, true, BIT(ETH) | BIT(MPLS)},
    /* PPPoE: a session's data; the protocol in two bytes and in one */
    {MACS "886411000001002c0021", 1, false, BIT(ETH) | BIT(PPPOE)},
    {MACS "886411000001002c57", 1, true, BIT(ETH) | BIT(PPPOE)},
    {MACS "81000007886411000001002c0281000101ff", 1, false,
     BIT(ETH) | BIT(VLAN) | BIT(PPPOE) | BIT(MPLS)},
    /* VN-tag, E-tag */
    {MACS "8926000000330800", 1, false, BIT(ETH)},
    {MACS "893f0000000000000800", 1, false, BIT(ETH)},
    /* loopback: either byte order; the families of IPv6 */
    {"02000000", 0, false, 0},
    {"00000002", 0, false, 0},
    {"1e000000", 0, true, 0},
    {"0000001c", 0, true, 0},
    {"00000018", 108, true, 0},
    {"00000002", 108, false, 0},
    {"", 101, false, 0},
    {"", 101, true, 0},
    {"", 12, false, 0},
    {"", 14, true, 0},
    /* PPP: as it is, with address and control in front, and with the protocol in one byte */
    {"0021", 9, false, 0},
    {"ff030057", 9, true, 0},
    {"ff0321", 50, false, 0},
    /* Cisco HDLC: to one, to all */
    {"0f000800", 104, false, 0},
    {"8f0086dd", 104, true, 0},
    {"", 228, false, 0},
    {"", 229, true, 0},
    /* cooked: to us, Ethernet, an address of six bytes, the protocol; version 2 has it in front */
    {"00000001000602000000000100000800", 113, false, 0},
    {"000000010006020000000001000086dd", 113, true, 0},
    {"00000001000602000000000100008100"
     "000586dd",
     113, true, BIT(VLAN)},
    {"00000001000602000000000100000004"
     "aaaa030000000800",
     113, false, 0},
    {"0800000000000002000100060200000000010000", 276, false, 0},
    {"86dd000000000002000100060200000000010000", 276, true, 0},
};
#define ROWS (sizeof rows / sizeof rows[0])

/* ip_packet: without its link. */
static uint32_t ip_packet(bool v6, uint8_t *out)
{
    struct frame_spec s = {.v6 = v6,
                           .transport = 6,
                           .source = 1,
                           .target = 2,
                           .source_port = 1000,
                           .target_port = 502,
                           .flags = TCP_ACK,
                           .payload_len = 4};
    return network_part(&s, out);
}

static void the_packet_behind_any_link_header_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t data[512];
        uint32_t header = unhex(rows[i].header, data);
        uint32_t len = header + ip_packet(rows[i].v6, data + header);
        struct packet p = decode_copy(rows[i].linktype, data, len, len);
        struct frame_spec s = {.v6 = rows[i].v6};
        struct address source = spec_address(&s, 1), target = spec_address(&s, 2);
        assert_int_equal(p.verdict, DECODE_TRANSPORT);
        assert_int_equal(p.network, rows[i].v6 ? 6 : 4);
        assert_int_equal(p.network_at, header);
        assert_int_equal(p.transport_at, header + (rows[i].v6 ? 40 : 20));
        assert_int_equal(p.layers, rows[i].layers | (rows[i].v6 ? BIT(IP6) : BIT(IP4)) | BIT(TCP));
        assert_memory_equal(&p.source, &source, 16);
        assert_int_equal(p.target_port, 502);
        assert_int_equal(p.payload_len, 4);
        assert_int_equal(p.tunnels, 0);
        assert_int_equal(p.shard, shard_of_pair(&source, &target));
    }
}

static void a_cut_link_header_ends_in_the_link(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t data[512];
        uint32_t header = unhex(rows[i].header, data);
        uint32_t whole = header + ip_packet(rows[i].v6, data + header);
        for (uint32_t len = 0; len < whole; len++) {
            struct packet p = decode_copy(rows[i].linktype, data, len, whole);
            if (len < header)
                assert_int_equal(p.verdict, DECODE_CUT_LINK);
            else if (len < header + (rows[i].v6 ? 40u : 20u))
                assert_true(p.verdict == DECODE_CUT_NETWORK ||
                            (p.verdict == DECODE_CUT_LINK && len == header));
            assert_true(p.flags & PACKET_CUT);
        }
    }
}

static void any_headers_may_follow_one_another(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        const char *header; /* without the type of what follows, which is its last two bytes */
    } parts[] = {{0x8100, "0001"},
                 {0x88a8, "0002"},
                 {0x9100, "0003"},
                 {0x8926, "00000033"},
                 {0x893f, "000000000000"}};
    uint64_t seed = random_seed();
    for (int round = 0; round < 2000; round++) {
        uint8_t data[1024];
        uint32_t at = unhex(MACS, data);
        unsigned n = (unsigned)random_below(&seed, 19);
        for (unsigned i = 0; i < n; i++) {
            size_t part = random_below(&seed, sizeof parts / sizeof parts[0]);
            store_be16(data + at, parts[part].type);
            at += 2 + unhex(parts[part].header, data + at + 2);
        }
        bool v6 = random_below(&seed, 2);
        store_be16(data + at, v6 ? 0x86dd : 0x0800);
        at += 2;
        uint32_t len = at + ip_packet(v6, data + at);
        struct packet p = decode_copy(1, data, len, len);
        if (n > 16) {
            assert_int_equal(p.verdict, DECODE_TOO_DEEP);
            continue;
        }
        assert_int_equal(p.verdict, DECODE_TRANSPORT);
        assert_int_equal(p.network_at, at);
    }
}

static void the_outermost_tag_is_the_one_that_counts(void **state)
{
    (void)state;
    uint8_t data[512];
    uint32_t header = unhex(MACS "88a8e00581000006"
                                 "0800",
                            data); /* priority bits are no id */
    uint32_t len = header + ip_packet(false, data + header);
    assert_int_equal(decode_copy(1, data, len, len).vlan, 5);
    data[14] = data[15] = 0; /* a tag of priority alone has no id */
    assert_int_equal(decode_copy(1, data, len, len).vlan, 6);
}

static void ethernet_behind_labels_is_a_tunnel(void **state)
{
    (void)state;
    /* With a control word and without: an address that begins with zero bits looks like one. */
    static const char *const headers[] = {MACS "8847000101ff"
                                               "00000000" MACS "0800",
                                          MACS "8847000101ff" MACS "0800"};
    for (int i = 0; i < 2; i++) {
        uint8_t data[512];
        uint32_t header = unhex(headers[i], data);
        uint32_t len = header + ip_packet(false, data + header);
        if (i == 1)
            data[18] = 0x52; /* the first nibble is that of no IP version and not zero */
        struct packet p = decode_copy(1, data, len, len);
        assert_int_equal(p.verdict, DECODE_TRANSPORT);
        assert_int_equal(p.network_at, header);
        assert_int_equal(p.tunnels, 1);
        assert_int_equal(p.layers, BIT(ETH) | BIT(MPLS) | BIT(PSEUDOWIRE));
    }
}

static void what_has_no_ip_behind_it_is_a_frame_of_the_link(void **state)
{
    (void)state;
    static const struct {
        const char *frame;
        uint16_t linktype;
        uint32_t layers;
    } others[] = {
        {MACS "88b80001", 1, BIT(ETH) | BIT(OTHER)},
        {MACS "0806"
              "0001",
         1, BIT(ETH) | BIT(ARP)},
        {MACS "0026424203", 1, BIT(ETH) | BIT(OTHER)},           /* spanning tree */
        {MACS "0030aaaa0300000c2000", 1, BIT(ETH) | BIT(OTHER)}, /* an organisation's own */
        {MACS "88641109000100040021", 1, BIT(ETH) | BIT(PPPOE) | BIT(OTHER)}, /* no session data */
        {MACS "88641100000100048021", 1, BIT(ETH) | BIT(PPPOE) | BIT(OTHER)}, /* PPP control */
        {"00000001000602000000000100000806", 113, BIT(ARP)},
        {"00000001000602000000000100000001", 113, BIT(OTHER)},
        {"07000000", 0, BIT(OTHER)},
        {"70", 101, BIT(OTHER)},
        {"8f00803500000002", 104, BIT(OTHER)}, /* keep-alive */
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        uint8_t data[64];
        uint32_t len = unhex(others[i].frame, data);
        struct packet p = decode_copy(others[i].linktype, data, len, len);
        assert_int_equal(p.verdict, DECODE_LINK);
        assert_int_equal(p.layers, others[i].layers);
        assert_int_equal(p.network, 0);
    }
}

static void a_link_type_that_is_not_decoded_has_a_name(void **state)
{
    (void)state;
    static const char *const names[] = {
#define X(number, name, text) name,
        LINK_TYPES_NAMED(X)
#undef X
    };
    assert_string_equal(names[link_type_named(127)], "ieee802-11-radiotap");
    assert_string_equal(names[link_type_named(227)], "can-socketcan");
    assert_string_equal(names[link_type_named(60000)], "unknown");
    struct packet p = decode_copy(127, (const uint8_t *)"whatever", 8, 8);
    assert_int_equal(p.verdict, DECODE_LINKTYPE);
    assert_int_equal(p.shard, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_packet_behind_any_link_header_is_found),
        cmocka_unit_test(a_cut_link_header_ends_in_the_link),
        cmocka_unit_test(any_headers_may_follow_one_another),
        cmocka_unit_test(the_outermost_tag_is_the_one_that_counts),
        cmocka_unit_test(ethernet_behind_labels_is_a_tunnel),
        cmocka_unit_test(what_has_no_ip_behind_it_is_a_frame_of_the_link),
        cmocka_unit_test(a_link_type_that_is_not_decoded_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
