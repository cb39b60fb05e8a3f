/* Intake: filters by link type, mirrors stripped, when checksums count. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "dataplane/decode.h"
#include "dataplane/intake.h"
#include "tests/unit/dataplane/frame_build.h"

static struct frame frame_of(const struct built_frame *f)
{
    return (struct frame){
        .data = f->data, .captured = f->len, .wire = f->len, .linktype = LINKTYPE_ETHERNET};
}

static struct intake *open_intake(struct intake_config config)
{
    struct intake *in;
    struct diags diags = {0};
    assert_int_equal(intake_open(&in, &config, 3, &diags), 0);
    assert_int_equal(diags.n, 0);
    return in;
}

static void a_filter_leaves_frames_out_and_counts_them(void **state)
{
    (void)state;
    struct intake *in = open_intake((struct intake_config){.filter = "udp dst port 53"});
    struct built_frame f;
    for (unsigned i = 0; i < 8; i++) {
        bool udp = i & 1, dns = i & 2, vlan = i & 4;
        struct frame_spec s = {.transport = udp ? 17 : 6,
                               .source = 1,
                               .target = 2,
                               .target_port = dns ? 53 : 54,
                               .vlans = vlan,
                               .vlan_type = {0x8100}};
        build_frame(&s, &f);
        struct frame frame = frame_of(&f);
        uint8_t flags = 0;
        assert_int_equal(intake_takes(in, &frame, 1, &flags), udp && dns && !vlan);
        assert_ptr_equal(frame.data, f.data);
    }
    assert_int_equal(intake_counts(in).filtered, 7);
    /* The same packet without a link header has its own program; of a link type without IP none
     * passes. */
    struct frame_spec s = {.transport = 17, .source = 1, .target = 2, .target_port = 53};
    build_frame(&s, &f);
    uint8_t flags = 0;
    struct frame raw = {
        .data = f.data + 14, .captured = f.len - 14, .wire = f.len - 14, .linktype = LINKTYPE_RAW};
    assert_true(intake_takes(in, &raw, 1, &flags));
    raw.linktype = 227;
    assert_false(intake_takes(in, &raw, 1, &flags));
    /* What was not captured passes no test of its bytes. */
    struct frame cut = frame_of(&f);
    cut.captured = 30;
    assert_false(intake_takes(in, &cut, 1, &flags));
    intake_close(in);
}

static void what_is_no_filter_is_refused(void **state)
{
    (void)state;
    struct intake *in;
    struct diags diags = {0};
    struct intake_config config = {.filter = "host and nonsense"};
    assert_int_equal(intake_open(&in, &config, 1, &diags), ERR_USAGE);
    assert_null(in);
    assert_int_equal(diags.n, 1);
    diags_free(&diags);
}

/* mirrored: the frame in VXLAN from 10.0.0.250 to 10.0.0.251. */
static void mirrored(const struct built_frame *inside, struct built_frame *f)
{
    uint8_t bytes[FRAME_ROOM] = {0x08};
    memcpy(bytes + 8, inside->data, inside->len);
    struct frame_spec s = {.transport = 17,
                           .source = 250,
                           .target = 251,
                           .target_port = 4789,
                           .payload = bytes,
                           .payload_len = 8 + inside->len};
    build_frame(&s, f);
}

static void a_stripped_mirror_is_the_frame_that_was_mirrored(void **state)
{
    (void)state;
    struct frame_spec s = {
        .transport = 6, .source = 1, .target = 2, .source_port = 9, .payload_len = 20};
    struct built_frame inside, once, twice;
    build_frame(&s, &inside);
    mirrored(&inside, &once);
    mirrored(&once, &twice);
    struct intake_config config = {0};
    assert_int_equal(intake_strip(&config, "vxlan"), 0);
    assert_int_equal(intake_strip(&config, "udp"), ERR_NOT_FOUND);
    struct intake *strips = open_intake(config), *keeps = open_intake((struct intake_config){0});
    const struct built_frame *frames[] = {&inside, &once, &twice};
    for (int i = 0; i < 3; i++) {
        struct frame a = frame_of(frames[i]), b = a;
        uint8_t flags = 0;
        assert_true(intake_takes(strips, &a, 1, &flags) && intake_takes(keeps, &b, 1, &flags));
        assert_int_equal(a.captured, inside.len);
        assert_int_equal(a.wire, inside.len);
        assert_memory_equal(a.data, inside.data, inside.len);
        assert_int_equal(b.captured, frames[i]->len);
        assert_int_equal(frame_shard(a.linktype, a.data, a.captured),
                         frame_shard(1, inside.data, inside.len));
    }
    assert_int_equal(intake_counts(strips).stripped, 2);
    assert_int_equal(intake_counts(keeps).stripped, 0);
    intake_close(strips);
    intake_close(keeps);
}

/* part: bytes [at, at + len) of an IPv4 frame's payload as a fragment, behind its link header. */
static void part(const struct built_frame *whole, uint16_t id, uint32_t at, uint32_t len,
                 struct built_frame *out)
{
    uint32_t head = whole->network_at + 20;
    bool more = head + at + len < whole->network_end;
    memcpy(out->data, whole->data, head);
    memcpy(out->data + head, whole->data + head + at, len);
    out->len = head + len;
    store_be16(out->data + whole->network_at + 2, (uint16_t)(20 + len));
    store_be16(out->data + whole->network_at + 4, id);
    store_be16(out->data + whole->network_at + 6, (uint16_t)((more ? 0x2000 : 0) | at / 8));
}

/* Three fragments in every order: with the last to come there is the frame that was mirrored. */
static void a_mirror_in_fragments_is_made_whole_and_stripped(void **state)
{
    (void)state;
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct frame_spec s = {.transport = 6, .source = 1, .target = 2, .payload_len = 40};
    struct built_frame inside, outer, parts[3];
    build_frame(&s, &inside);
    mirrored(&inside, &outer);
    struct intake_config config = {0};
    assert_int_equal(intake_strip(&config, "vxlan"), 0);
    struct intake *in = open_intake(config);
    uint32_t rest = outer.network_end - outer.network_at - 20 - 48;
    for (uint16_t id = 0; id < 6; id++) {
        part(&outer, id, 0, 24, &parts[0]);
        part(&outer, id, 24, 24, &parts[1]);
        part(&outer, id, 48, rest, &parts[2]);
        for (unsigned i = 0; i < 3; i++) {
            struct frame frame = frame_of(&parts[orders[id][i]]);
            uint8_t flags = 0;
            assert_int_equal(intake_takes(in, &frame, 1, &flags), i == 2);
            if (i < 2)
                continue;
            assert_int_equal(frame.captured, inside.len);
            assert_int_equal(frame.wire, inside.len);
            assert_int_equal(frame.linktype, LINKTYPE_ETHERNET);
            assert_memory_equal(frame.data, inside.data, inside.len);
            assert_non_null(frame.block);
        }
    }
    /* One that is never whole. */
    struct frame frame = frame_of(&parts[0]);
    uint8_t flags = 0;
    assert_false(intake_takes(in, &frame, 1, &flags));
    assert_int_equal(intake_counts(in).mirror.incomplete, 0);
    intake_end(in);
    struct intake_counts counts = intake_counts(in);
    assert_int_equal(counts.stripped, 6);
    assert_int_equal(counts.mirror.fragments, 19);
    assert_int_equal(counts.mirror.datagrams, 6);
    assert_int_equal(counts.mirror.incomplete, 1);
    intake_close(in);
}

/* What may have been a mirror's and is none goes on whole, in its own VLAN; what cannot be one, or
 * where nothing is stripped, as it came. */
static void fragments_that_are_no_mirrors_go_on(void **state)
{
    (void)state;
    struct frame_spec s = {.transport = 17,
                           .source = 1,
                           .target = 2,
                           .target_port = 53,
                           .payload_len = 40,
                           .vlans = 1,
                           .vlan_id = {7},
                           .vlan_type = {0x8100}};
    struct built_frame udp, tcp, parts[2];
    build_frame(&s, &udp);
    s.transport = 6;
    build_frame(&s, &tcp);
    struct intake_config config = {0};
    assert_int_equal(intake_strip(&config, "vxlan"), 0);
    struct intake *strips = open_intake(config), *keeps = open_intake((struct intake_config){0});
    for (unsigned i = 0; i < 2; i++) {
        part(&udp, 1, i * 24, 24, &parts[i]);
        struct frame a = frame_of(&parts[i]), b = a;
        uint8_t flags = 0;
        assert_int_equal(intake_takes(strips, &a, 1, &flags), i == 1);
        assert_true(intake_takes(keeps, &b, 1, &flags));
        assert_ptr_equal(b.data, parts[i].data);
        if (i == 0)
            continue;
        struct packet pkt = {.linktype = a.linktype, .wire = a.wire, .flags = PACKET_VALIDATE};
        decode_frame(&pkt, a.data, a.captured);
        assert_int_equal(a.captured, udp.network_end);
        assert_int_equal(pkt.verdict, DECODE_TRANSPORT);
        assert_int_equal(pkt.vlan, 7);
        assert_int_equal(pkt.target_port, 53);
        assert_int_equal(pkt.payload_len, 40);
        assert_memory_equal(a.data + pkt.payload_at, udp.data + udp.payload_at, 40);
    }
    part(&tcp, 2, 0, 24, &parts[0]);
    struct frame frame = frame_of(&parts[0]);
    uint8_t flags = 0;
    assert_true(intake_takes(strips, &frame, 1, &flags));
    assert_ptr_equal(frame.data, parts[0].data);
    /* One that can be part of nothing: refused there, and left to who sees it next. */
    part(&udp, 3, 0, 13, &parts[0]);
    frame = frame_of(&parts[0]);
    assert_true(intake_takes(strips, &frame, 1, &flags));
    assert_int_equal(intake_counts(strips).mirror.fragments, 2);
    assert_int_equal(intake_counts(strips).stripped, 0);
    intake_close(strips);
    intake_close(keeps);
}

/* Frames that somebody holds, in the order in which they were taken. */
#define HELD 200
struct holder {
    struct frame frames[HELD];
    unsigned n, released, waits;
};

static void release_oldest(void *ctx)
{
    struct holder *h = ctx;
    h->waits++;
    assert_true(h->released < h->n);
    block_release(h->frames[h->released++].block);
}

/* Large datagrams, each of which stays held until a block is waited for. */
static void a_whole_stays_as_it_is_while_it_is_held(void **state)
{
    (void)state;
    enum { PART = 3000, PARTS = 20 };
    static struct holder h;
    struct built_frame first, f;
    struct frame_spec s = {.transport = 17, .source = 1, .target = 2, .payload_len = PART - 8};
    build_frame(&s, &first);
    store_be16(first.data + first.transport_at + 4, PART * PARTS);
    struct intake_config config = {0};
    assert_int_equal(intake_strip(&config, "geneve"), 0);
    struct intake *in = open_intake(config);
    mirror_wait(intake_mirror(in), release_oldest, &h);
    for (; h.n < HELD; h.n++) {
        memset(first.data + first.payload_at, (int)h.n, PART - 8);
        for (unsigned i = 0; i < PARTS; i++) {
            f = first;
            store_be16(f.data + f.network_at + 4, (uint16_t)h.n);
            store_be16(f.data + f.network_at + 6,
                       (uint16_t)((i + 1 < PARTS ? 0x2000 : 0) | i * PART / 8));
            struct frame frame = frame_of(&f);
            uint8_t flags = 0;
            assert_int_equal(intake_takes(in, &frame, 1, &flags), i + 1 == PARTS);
            if (i + 1 < PARTS)
                continue;
            block_keep(frame.block);
            h.frames[h.n] = frame;
        }
        for (unsigned i = h.released; i <= h.n; i++)
            assert_int_equal(h.frames[i].data[100], i);
    }
    assert_true(h.waits > 0);
    assert_true(h.released < 100);
    intake_close(in);
}

/* The check sequence is the last that was on the wire: of a frame that was cut it may be gone. */
static void a_check_sequence_is_no_part_of_a_frame(void **state)
{
    (void)state;
    static const struct {
        uint32_t captured, wire;
        uint8_t fcs;
        uint32_t left, of;
    } rows[] = {{64, 64, 4, 60, 60}, {64, 64, 0, 64, 64}, {62, 64, 4, 60, 60}, {60, 64, 4, 60, 60},
                {40, 64, 4, 40, 60}, {3, 3, 4, 3, 3},     {4, 4, 4, 0, 0}};
    struct intake *in = open_intake((struct intake_config){0});
    uint8_t data[64] = {0};
    unsigned cut = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct frame f = {.data = data,
                          .captured = rows[i].captured,
                          .wire = rows[i].wire,
                          .fcs = rows[i].fcs,
                          .linktype = LINKTYPE_ETHERNET};
        uint8_t flags = 0;
        assert_true(intake_takes(in, &f, 1, &flags));
        assert_int_equal(f.captured, rows[i].left);
        assert_int_equal(f.wire, rows[i].of);
        cut += rows[i].wire != rows[i].of;
    }
    assert_int_equal(intake_counts(in).fcs, cut);
    intake_close(in);
}

static void ip_in_a_mirror_has_a_link_type_of_its_own(void **state)
{
    (void)state;
    struct frame_spec s = {.v6 = true, .transport = 6, .source = 1, .target = 2};
    struct built_frame inside, f;
    build_frame(&s, &inside);
    uint8_t bytes[FRAME_ROOM] = {0, 0, 0x86, 0xdd};
    memcpy(bytes + 4, inside.data + 14, inside.len - 14);
    struct frame_spec gre = {.transport = 47,
                             .source = 3,
                             .target = 4,
                             .payload = bytes,
                             .payload_len = inside.len - 10};
    build_frame(&gre, &f);
    struct intake_config config = {0};
    assert_int_equal(intake_strip(&config, "erspan"), 0);
    struct intake *other = open_intake(config);
    assert_int_equal(intake_strip(&config, "gre"), 0);
    struct intake *in = open_intake(config);
    struct frame frame = frame_of(&f);
    uint8_t flags = 0;
    assert_true(intake_takes(other, &frame, 1, &flags));
    assert_int_equal(frame.captured, f.len);
    assert_true(intake_takes(in, &frame, 1, &flags));
    assert_int_equal(frame.linktype, LINKTYPE_IPV6);
    assert_int_equal(frame.captured, inside.len - 14);
    assert_memory_equal(frame.data, inside.data + 14, frame.captured);
    intake_close(in);
    intake_close(other);
}

/* good, wrong: an UDP packet without a checksum is never wrong; TCP with a field of zeros is. */
static bool counts(struct intake *in, bool good, uint32_t input)
{
    struct frame_spec s = {.transport = 17, .source = 1, .target = 2};
    struct built_frame f;
    build_frame(&s, &f);
    uint32_t sum = 0; /* RFC 791: the header's own */
    for (uint32_t i = 0; i < 20; i += 2)
        sum += load_be16(f.data + 14 + i);
    sum = (sum & 0xffff) + (sum >> 16);
    store_be16(f.data + 24, (uint16_t) ~(sum + !good));
    struct frame frame = frame_of(&f);
    uint8_t flags = 0;
    assert_true(intake_takes(in, &frame, input, &flags));
    assert_int_equal(flags & ~PACKET_VALIDATE, 0);
    return flags & PACKET_VALIDATE;
}

static void checksums_count_as_it_is_configured(void **state)
{
    (void)state;
    struct intake_config config = {0};
    assert_int_equal(intake_checksums(&config, "ignore"), 0);
    struct intake *ignores = open_intake(config);
    assert_int_equal(intake_checksums(&config, "validate"), 0);
    struct intake *validates = open_intake(config);
    assert_int_equal(intake_checksums(&config, "sometimes"), ERR_NOT_FOUND);
    for (int i = 0; i < 100; i++) {
        assert_false(counts(ignores, i % 2, 1));
        assert_true(counts(validates, i % 2, 1));
    }
    intake_close(ignores);
    intake_close(validates);
}

static void by_auto_they_count_until_a_tenth_is_wrong_of_an_input(void **state)
{
    (void)state;
    struct intake *in = open_intake((struct intake_config){0});
    assert_false(
        counts(in, false, 2)); /* the first of its input is wrong: what is right is not known */
    for (int i = 0; i < 9; i++)
        assert_int_equal(counts(in, true, 2), i == 8); /* one of ten */
    for (int i = 0; i < 20; i++)
        assert_true(counts(in, true, 1)); /* another input, nothing wrong in it */
    assert_true(counts(in, false, 1));
    assert_true(counts(in, false, 1));
    assert_false(counts(in, false, 1)); /* 3 of 23 */
    for (int i = 0; i < 1000; i++)
        counts(in, false, 3);
    for (int i = 0; i < 20000; i++) /* what held after the first thousand holds */
        assert_false(counts(in, true, 3));
    intake_close(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_leaves_frames_out_and_counts_them),
        cmocka_unit_test(what_is_no_filter_is_refused),
        cmocka_unit_test(a_stripped_mirror_is_the_frame_that_was_mirrored),
        cmocka_unit_test(a_mirror_in_fragments_is_made_whole_and_stripped),
        cmocka_unit_test(fragments_that_are_no_mirrors_go_on),
        cmocka_unit_test(a_whole_stays_as_it_is_while_it_is_held),
        cmocka_unit_test(a_check_sequence_is_no_part_of_a_frame),
        cmocka_unit_test(ip_in_a_mirror_has_a_link_type_of_its_own),
        cmocka_unit_test(checksums_count_as_it_is_configured),
        cmocka_unit_test(by_auto_they_count_until_a_tenth_is_wrong_of_an_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
