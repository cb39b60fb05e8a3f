/* Captures read once more: packets as the line has them, and the frames that each came in. */
#include "tests/unit/check.h"

#include "base/bytes.h"
#include "base/error.h"
#include "dataplane/decode.h"
#include "dataplane/reread.h"
#include "tests/unit/dataplane/capture_build.h"

#define MORE 0x2000

struct ip {
    uint8_t data[512];
    uint32_t len;
};

/* ip: a packet from 10.0.0.`from`; field: flag and offset in units of 8. */
static struct ip ip(uint8_t from, uint8_t protocol, uint16_t id, uint16_t field,
                    const void *payload, uint32_t len)
{
    struct ip p = {.len = 20 + len};
    p.data[0] = 0x45;
    store_be16(p.data + 2, (uint16_t)p.len);
    store_be16(p.data + 4, id);
    store_be16(p.data + 6, field);
    p.data[8] = 64;
    p.data[9] = protocol;
    store_be32(p.data + 12, 0x0a000000u + from);
    store_be32(p.data + 16, 0x0a0000c8);
    memcpy(p.data + 20, payload, len);
    return p;
}

static struct ip udp(uint8_t from, uint16_t port, uint32_t len)
{
    uint8_t d[256] = {0};
    store_be16(d, 5000);
    store_be16(d + 2, port);
    store_be16(d + 4, (uint16_t)(8 + len));
    return ip(from, 17, 0, 0, d, 8 + len);
}

/* part: bytes [at, at + len) of a packet's payload as a fragment. */
static struct ip part(const struct ip *whole, uint16_t id, uint32_t at, uint32_t len)
{
    bool more = at + len < whole->len - 20;
    return ip(whole->data[15], whole->data[9], id, (uint16_t)((more ? MORE : 0) | at / 8),
              whole->data + 20 + at, len);
}

/* A capture under way: frames of raw IP, numbered from 1, a second apart. */
struct capture_under_way {
    struct file_bytes bytes;
    uint32_t frames;
};

static void put(struct capture_under_way *c, const struct ip *p)
{
    if (!c->frames)
        pcap_begin(&c->bytes, PCAP_MICROSECONDS, LINKTYPE_RAW);
    pcap_packet(&c->bytes, ++c->frames, 0, p->data, p->len, p->len);
}

static struct reread *open_again(const struct folder *folder, struct capture_under_way *c,
                                 struct engine_limits limits)
{
    struct path path = file_write(folder, "c.pcap", c->bytes.data, c->bytes.len);
    const char *paths[] = {path.text};
    struct diags diags = {0};
    struct reread *r;
    free(c->bytes.data);
    assert_int_equal(reread_open(&r, paths, NULL, 1, &limits, &diags), 0);
    assert_int_equal(diags.n, 0);
    return r;
}

/* expect_packet: the next one has this verdict, stands at the place of frame `at`, and came in
 * these frames; 0 ends them. */
static struct reread_packet expect_packet(struct reread *r, enum decode_verdict verdict,
                                          uint64_t at, const unsigned *came_in)
{
    struct reread_packet p;
    struct diags diags = {0};
    assert_int_equal(reread_next(r, &p, &diags), 1);
    assert_int_equal(p.pkt->verdict, verdict);
    assert_int_equal(p.pkt->seq, at);
    assert_int_equal(p.pkt->t, (int64_t)at * 1000000000);
    const struct reread_frame *f = p.frames;
    for (; *came_in; came_in++, f = f->next) {
        assert_non_null(f);
        assert_int_equal(f->number, *came_in);
        assert_int_equal(f->frame.t, (int64_t)*came_in * 1000000000);
    }
    assert_null(f);
    return p;
}
#define FRAMES(...) ((const unsigned[]){__VA_ARGS__, 0})

static void expect_end(struct reread *r)
{
    struct reread_packet p;
    struct diags diags = {0};
    assert_int_equal(reread_next(r, &p, &diags), 0);
    assert_int_equal(diags.n, 0);
}

static struct folder folder;

static void what_a_filter_left_out_is_left_out_again(void **state)
{
    (void)state;
    struct capture_under_way c = {0};
    const uint16_t ports[] = {7, 9, 7};
    for (unsigned i = 0; i < 3; i++) {
        struct ip p = udp(1, ports[i], 10);
        put(&c, &p);
    }
    struct engine_limits limits = engine_default_limits();
    limits.intake.filter = "udp port 7";
    struct reread *r = open_again(&folder, &c, limits);
    expect_packet(r, DECODE_TRANSPORT, 1, FRAMES(1));
    expect_packet(r, DECODE_TRANSPORT, 3, FRAMES(3));
    expect_end(r);
    assert_int_equal(reread_frames(r), 3);
    reread_close(r);
}

static void a_datagram_has_the_frames_of_its_fragments_in_their_order(void **state)
{
    (void)state;
    struct capture_under_way c = {0};
    struct ip a = udp(1, 7, 40), b = udp(2, 7, 40), alone = udp(3, 7, 4);
    const struct ip frames[] = {part(&a, 5, 32, 16), part(&b, 5, 0, 24), alone,
                                part(&a, 5, 0, 16),  part(&a, 5, 0, 16), part(&a, 5, 16, 16)};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        put(&c, &frames[i]);
    struct reread *r = open_again(&folder, &c, engine_default_limits());
    /* Marks stay with a frame that waits. */
    expect_packet(r, DECODE_FRAGMENT, 1, FRAMES(1)).frames->marks[1] = 77;
    expect_packet(r, DECODE_FRAGMENT, 2, FRAMES(2));
    expect_packet(r, DECODE_TRANSPORT, 3, FRAMES(3));
    expect_packet(r, DECODE_FRAGMENT, 4, FRAMES(4));
    expect_packet(r, DECODE_FRAGMENT, 5, FRAMES(5));
    struct reread_packet whole = expect_packet(r, DECODE_TRANSPORT, 6, FRAMES(1, 4, 5, 6));
    assert_int_equal(whole.pkt->target_port, 7);
    assert_int_equal(whole.frames->marks[1], 77);
    assert_int_equal(whole.frames->next->marks[1], 0);
    assert_memory_equal(whole.frames->frame.data, frames[0].data, frames[0].len);
    assert_memory_equal(whole.data + whole.pkt->payload_at, a.data + 28, 40);
    expect_end(r);
    reread_close(r); /* b is never whole */
}

/* A datagram in two fragments, each in a packet of a tunnel that is in two fragments itself. */
static void a_datagram_in_fragments_of_a_tunnel_has_all_their_frames(void **state)
{
    (void)state;
    struct capture_under_way c = {0};
    struct ip a = udp(1, 7, 40);
    const struct ip inner[] = {part(&a, 5, 24, 24), part(&a, 5, 0, 24)};
    for (unsigned i = 0; i < 2; i++) {
        struct ip outer = ip(9, 4, 0, 0, inner[i].data, inner[i].len);
        struct ip pieces[] = {part(&outer, (uint16_t)i, 24, inner[i].len - 24),
                              part(&outer, (uint16_t)i, 0, 24)};
        put(&c, &pieces[0]);
        put(&c, &pieces[1]);
    }
    struct reread *r = open_again(&folder, &c, engine_default_limits());
    expect_packet(r, DECODE_FRAGMENT, 1, FRAMES(1));
    expect_packet(r, DECODE_FRAGMENT, 2, FRAMES(1, 2));
    expect_packet(r, DECODE_FRAGMENT, 3, FRAMES(3));
    struct reread_packet whole = expect_packet(r, DECODE_TRANSPORT, 4, FRAMES(1, 2, 3, 4));
    assert_int_equal(whole.pkt->tunnels, 1);
    assert_int_equal(whole.pkt->source.b[15], 1);
    expect_end(r);
    reread_close(r);
}

/* What is refused waits for nobody: a fragment of no allowed length; a datagram whose header leaves
 * no room for what its last fragment says. */
static void a_refused_fragment_is_a_packet_by_itself(void **state)
{
    (void)state;
    struct capture_under_way c = {0};
    struct ip a = udp(1, 7, 40);
    const struct ip bad = part(&a, 5, 0, 13);
    put(&c, &bad);
    for (unsigned at = 0; at < 65528; at += 480) {
        uint8_t bytes[480] = {0};
        bool last = at + 480 >= 65528;
        struct ip p =
            ip(1, 17, 6, (uint16_t)((last ? 0 : MORE) | at / 8), bytes, last ? 65535 - at : 480);
        put(&c, &p);
    }
    struct reread *r = open_again(&folder, &c, engine_default_limits());
    expect_packet(r, DECODE_FRAGMENT, 1, FRAMES(1));
    for (unsigned i = 2; i <= c.frames; i++)
        expect_packet(r, DECODE_FRAGMENT, i, FRAMES(i));
    expect_end(r);
    reread_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_filter_left_out_is_left_out_again),
        cmocka_unit_test(a_datagram_has_the_frames_of_its_fragments_in_their_order),
        cmocka_unit_test(a_datagram_in_fragments_of_a_tunnel_has_all_their_frames),
        cmocka_unit_test(a_refused_fragment_is_a_packet_by_itself),
    };
    folder_make(&folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    folder_remove(&folder);
    return failed;
}
