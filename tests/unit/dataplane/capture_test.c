/* Capture files of both formats: whole, cut at every byte, damaged, with odd stamps, and changed at
 * random. */
#include "tests/unit/check.h"

#include "base/error.h"
#include "base/time_point.h"
#include "dataplane/capture.h"
#include "tests/unit/dataplane/capture_build.h"
#include "tests/unit/dataplane/capture_read.h"

#define SECOND 1700000000u

static struct folder folder;

static int make_folder(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

/* Frames of a length and content that tell them apart. */
static uint8_t frame_bytes[16][64];
static uint32_t frame_len(unsigned i)
{
    return 14 + 3 * (i % 16);
}
static const uint8_t *frame_data(unsigned i)
{
    memset(frame_bytes[i % 16], (int)(i + 1), sizeof frame_bytes[0]);
    return frame_bytes[i % 16];
}

static void expect_frame(const struct capture_read *r, unsigned i, int64_t t)
{
    assert_true(i < r->n);
    const struct frame_read *f = &r->frames[i];
    assert_int_equal(f->t, t);
    assert_int_equal(f->number, i + 1);
    assert_int_equal(f->captured, frame_len(i));
    assert_int_equal(f->wire, frame_len(i) + i);
    assert_memory_equal(f->data, frame_data(i), frame_len(i));
}

static void pcap_of_either_order_and_unit_is_read_alike(void **state)
{
    (void)state;
    for (int variant = 0; variant < 4; variant++) {
        bool ns = variant & 1;
        struct file_bytes f = {.big = variant & 2};
        pcap_begin(&f, ns ? PCAP_NANOSECONDS : PCAP_MICROSECONDS, 1);
        for (unsigned i = 0; i < 5; i++)
            pcap_packet(&f, SECOND + i, ns ? 123456000 : 123456, frame_data(i), frame_len(i),
                        frame_len(i) + i);
        struct path p = file_write(&folder, "a.pcap", f.data, f.len);
        struct capture_read r = capture_read(p.text);
        assert_int_equal(r.opened, 0);
        assert_int_equal(r.ended, 0);
        assert_int_equal(r.n, 5);
        for (unsigned i = 0; i < 5; i++)
            expect_frame(&r, i, (int64_t)(SECOND + i) * NS_PER_S + 123456000);
        assert_int_equal(r.frames[0].linktype, LINKTYPE_ETHERNET);
        assert_int_equal(r.counts.frames, 5);
        assert_int_equal(r.counts.first_ns, r.frames[0].t);
        assert_int_equal(r.counts.last_ns, r.frames[4].t);
        assert_int_equal(r.counts.size, f.len);
        assert_int_equal(r.counts.position, f.len);
        capture_read_free(&r);
        free(f.data);
    }
}

static void old_pcap_versions_swap_the_two_lengths(void **state)
{
    (void)state;
    for (uint16_t minor = 2; minor <= 4; minor++) {
        struct file_bytes f = {0};
        pcap_begin(&f, PCAP_MICROSECONDS, 1);
        f.data[6] = (uint8_t)minor;
        /* 14 bytes of 90; what stands first depends on the version. */
        uint32_t first = minor == 2 ? 90 : 14, second = minor == 2 ? 14 : 90;
        put32(&f, SECOND);
        put32(&f, 0);
        put32(&f, first);
        put32(&f, second);
        put_bytes(&f, frame_data(0), 14);
        struct path p = file_write(&folder, "old.pcap", f.data, f.len);
        struct capture_read r = capture_read(p.text);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.frames[0].captured, 14);
        assert_int_equal(r.frames[0].wire, 90);
        capture_read_free(&r);
        free(f.data);
    }
}

/* A pcapng file of two sections, the second in the other byte order, with interfaces of several
 * resolutions, blocks that carry no packet, and all three kinds of packet block. ends: behind each
 * packet's block; *blocks: behind every block. */
struct pcapng_sample {
    struct file_bytes f;
    size_t packet_end[16], block_end[32];
    unsigned packets, blocks;
    int64_t t[16];
};

static void block_done(struct pcapng_sample *s)
{
    s->block_end[s->blocks++] = s->f.len;
}

static void packet_done(struct pcapng_sample *s, int64_t t)
{
    block_done(s);
    s->t[s->packets] = t;
    s->packet_end[s->packets++] = s->f.len;
}

static void add_enhanced(struct pcapng_sample *s, uint32_t number, uint64_t stamp, int64_t t)
{
    unsigned i = s->packets;
    enhanced_packet(&s->f, number, stamp, frame_data(i), frame_len(i), frame_len(i) + i);
    packet_done(s, t);
}

static struct pcapng_sample pcapng_sample(bool big)
{
    struct pcapng_sample s = {.f.big = big};
    const int64_t t0 = (int64_t)SECOND * NS_PER_S;
    section(&s.f);
    block_done(&s);
    interface(&s.f, 1, 0, 0, 0); /* microseconds unless said otherwise */
    block_done(&s);
    interface(&s.f, 1, 0, 9, 0);
    block_done(&s);
    interface(&s.f, 113, 0, 0x80 | 20, 0); /* 2^-20 s */
    block_done(&s);
    interface(&s.f, 1, 0, 3, -3600);
    block_done(&s);
    interface(&s.f, 1, 0, 12, SECOND - 100); /* 2^64 ps are 213 days */
    block_done(&s);
    add_enhanced(&s, 0, (uint64_t)SECOND * 1000000 + 7, t0 + 7000);
    add_enhanced(&s, 1, (uint64_t)t0 + 8001, t0 + 8001);
    /* A block of statistics (5), which is stepped over. */
    block_begin(&s.f, 5);
    file_room(&s.f, 12);
    block_end(&s.f);
    block_done(&s);
    add_enhanced(&s, 2, ((uint64_t)SECOND << 20) + 524288, t0 + NS_PER_S / 2);
    add_enhanced(&s, 3, ((uint64_t)SECOND + 3601) * 1000 + 250, t0 + NS_PER_S + 250000000);
    add_enhanced(&s, 4, 102 * UINT64_C(1000000000000) + 1999, t0 + 2 * NS_PER_S + 1);
    s.f.big = !big;
    section(&s.f);
    block_done(&s);
    interface(&s.f, 1, 0, 3, 0); /* another interface 0 than that of the first section */
    block_done(&s);
    add_enhanced(&s, 0, (uint64_t)(SECOND + 3) * 1000, t0 + 3 * NS_PER_S);
    /* The obsolete packet block: interface and drops in 16 bits each. */
    unsigned i = s.packets;
    block_begin(&s.f, 2);
    put16(&s.f, 0);
    put16(&s.f, 99);
    uint64_t stamp = (uint64_t)(SECOND + 4) * 1000;
    put32(&s.f, (uint32_t)(stamp >> 32));
    put32(&s.f, (uint32_t)stamp);
    put32(&s.f, frame_len(i));
    put32(&s.f, frame_len(i) + i);
    put_bytes(&s.f, frame_data(i), frame_len(i));
    block_end(&s.f);
    packet_done(&s, t0 + 4 * NS_PER_S);
    return s;
}

static void pcapng_of_either_order_is_read_with_its_interfaces(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct pcapng_sample s = pcapng_sample(big);
        struct path p = file_write(&folder, "a.pcapng", s.f.data, s.f.len);
        struct capture_read r = capture_read(p.text);
        assert_int_equal(r.opened, 0);
        assert_int_equal(r.ended, 0);
        assert_int_equal(r.n, s.packets);
        for (unsigned i = 0; i < s.packets; i++)
            expect_frame(&r, i, s.t[i]);
        assert_int_equal(r.frames[1].linktype, 1);
        assert_int_equal(r.frames[2].linktype, 113);
        assert_int_equal(r.counts.blocks_skipped, 1);
        assert_int_equal(r.counts.blocks_damaged, 0);
        assert_int_equal(r.diags.n, 0);
        capture_read_free(&r);
        free(s.f.data);
    }
}

/* Of pcap: bit 26 of the type's field, and units of 16 bits in the highest four. */
static void check_sequences_are_told_by_a_pcap_header(void **state)
{
    (void)state;
    static const struct {
        uint32_t network;
        uint8_t fcs;
    } rows[] = {{1, 0},
                {UINT32_C(0x24000001), 4},
                {UINT32_C(0x14000001), 2},
                {UINT32_C(0x20000001), 0}, /* the length is not said to be known */
                {UINT32_C(0x04000001), 0}};
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        struct file_bytes f = {.big = i % 2};
        pcap_begin(&f, PCAP_MICROSECONDS, rows[i / 2].network);
        pcap_packet(&f, SECOND, 0, frame_data(0), frame_len(0), frame_len(0));
        struct path p = file_write(&folder, "fcs.pcap", f.data, f.len);
        struct capture_read r = capture_read(p.text);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.frames[0].linktype, 1);
        assert_int_equal(r.frames[0].fcs, rows[i / 2].fcs);
        assert_int_equal(r.frames[0].captured, frame_len(0));
        capture_read_free(&r);
        free(f.data);
    }
}

/* flagged: a packet with the option epb_flags; len: what the option claims to be long. */
static void flagged(struct file_bytes *f, uint32_t flags, uint16_t len)
{
    block_begin(f, 6);
    put32(f, 0);
    put32(f, 0);
    put32(f, 0);
    put32(f, 5);
    put32(f, 5);
    put_bytes(f, "hello\0\0\0", 8);
    put16(f, 2);
    put16(f, len);
    put32(f, flags);
    put32(f, 0);
    block_end(f);
}

/* Of pcapng: the interface's if_fcslen, and a packet's own flags before that. */
static void check_sequences_are_told_by_interface_and_packet(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct file_bytes f = {.big = big};
        section(&f);
        block_begin(&f, 1);
        put16(&f, 1);
        put16(&f, 0);
        put32(&f, 0);
        option(&f, 13, "\4", 1);
        put32(&f, 0);
        block_end(&f);
        enhanced_packet(&f, 0, 0, "hello", 5, 5);
        flagged(&f, 2 << 5 | 1, 4);
        flagged(&f, 1, 4);        /* its direction alone */
        flagged(&f, 2 << 5, 400); /* longer than the block: as if it were not there */
        block_begin(&f, 3);
        put32(&f, 5);
        put_bytes(&f, "hello", 5);
        block_end(&f);
        section(&f);
        interface(&f, 1, 0, 0, 0);
        enhanced_packet(&f, 0, 0, "hello", 5, 5);
        struct path p = file_write(&folder, "fcs.pcapng", f.data, f.len);
        struct capture_read r = capture_read(p.text);
        static const uint8_t want[] = {4, 2, 4, 4, 4, 0};
        assert_int_equal(r.n, sizeof want);
        for (size_t i = 0; i < sizeof want; i++) {
            assert_int_equal(r.frames[i].fcs, want[i]);
            assert_int_equal(r.frames[i].captured, 5);
        }
        assert_int_equal(r.counts.blocks_damaged, 0);
        capture_read_free(&r);
        free(f.data);
    }
}

static void simple_packets_have_no_time_and_the_snap_length(void **state)
{
    (void)state;
    struct file_bytes f = {0};
    section(&f);
    interface(&f, 1, 20, 0, 0);
    enhanced_packet(&f, 0, (uint64_t)SECOND * 1000000, frame_data(0), 14, 14);
    block_begin(&f, 3);
    put32(&f, 60);
    put_bytes(&f, frame_data(1), 20);
    block_end(&f);
    struct path p = file_write(&folder, "simple.pcapng", f.data, f.len);
    struct capture_read r = capture_read(p.text);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.frames[1].captured, 20);
    assert_int_equal(r.frames[1].wire, 60);
    assert_int_equal(r.frames[1].flags, FRAME_NO_STAMP);
    assert_int_equal(r.frames[1].t, (int64_t)SECOND * NS_PER_S); /* the time reached */
    assert_int_equal(r.counts.no_stamp, 1);
    capture_read_free(&r);
    free(f.data);
}

/* expect_cut: read a file of which only `len` bytes are there. */
static void expect_cut(const char *name, const struct file_bytes *f, size_t len, unsigned whole,
                       int opened, bool clean)
{
    struct path p = file_write(&folder, name, f->data, len);
    struct capture_read r = capture_read(p.text);
    assert_int_equal(r.opened, opened);
    if (opened == 0) {
        assert_int_equal(r.n, whole);
        assert_int_equal(r.ended, clean ? 0 : ERR_TRUNCATED);
    }
    if (opened || !clean) {
        assert_int_equal(r.diags.errors, 1);
        assert_string_equal(r.diags.items[0].pos.file, p.text);
        assert_int_equal(r.diags.items[0].pos.packet, opened ? 0 : whole + 1);
    } else {
        assert_int_equal(r.diags.n, 0);
    }
    assert_true(r.after_end == 0);
    capture_read_free(&r);
}

static int open_error(size_t len, size_t header)
{
    return len < 4 ? ERR_CORRUPT : len < header ? ERR_TRUNCATED : 0;
}

static void a_pcap_cut_at_any_byte_gives_its_whole_packets(void **state)
{
    (void)state;
    struct file_bytes f = {0};
    size_t end[4];
    pcap_begin(&f, PCAP_MICROSECONDS, 1);
    for (unsigned i = 0; i < 4; i++) {
        pcap_packet(&f, SECOND, i, frame_data(i), frame_len(i), frame_len(i));
        end[i] = f.len;
    }
    for (size_t len = 0; len <= f.len; len++) {
        unsigned whole = 0;
        while (whole < 4 && end[whole] <= len)
            whole++;
        bool clean = len == (whole ? end[whole - 1] : 24);
        expect_cut("cut.pcap", &f, len, whole, open_error(len, 24), clean);
    }
    free(f.data);
}

static void a_pcapng_cut_at_any_byte_gives_its_whole_packets(void **state)
{
    (void)state;
    struct pcapng_sample s = pcapng_sample(false);
    for (size_t len = 0; len <= s.f.len; len++) {
        unsigned whole = 0, blocks = 0;
        while (whole < s.packets && s.packet_end[whole] <= len)
            whole++;
        while (blocks < s.blocks && s.block_end[blocks] <= len)
            blocks++;
        bool clean = blocks && len == s.block_end[blocks - 1];
        expect_cut("cut.pcapng", &s.f, len, whole, open_error(len, 28), clean);
    }
    free(s.f.data);
}

/* A damaged block between sound ones. */
static struct file_bytes pcapng_around(void (*damaged)(struct file_bytes *))
{
    struct file_bytes f = {0};
    section(&f);
    interface(&f, 1, 0, 0, 0);
    enhanced_packet(&f, 0, (uint64_t)SECOND * 1000000, frame_data(0), frame_len(0), frame_len(0));
    damaged(&f);
    enhanced_packet(&f, 0, (uint64_t)SECOND * 1000000, frame_data(1), frame_len(1),
                    frame_len(1) + 1);
    return f;
}

static void no_such_interface(struct file_bytes *f)
{
    enhanced_packet(f, 1, 5, frame_data(9), 14, 14);
}
static void longer_than_its_block(struct file_bytes *f)
{
    enhanced_packet(f, 0, 5, frame_data(9), 14, 14);
    f->data[f->block + 20] = 17; /* captured; the block has room for 16 */
}
static void lengths_differ(struct file_bytes *f)
{
    enhanced_packet(f, 0, 5, frame_data(9), 14, 14);
    f->data[f->len - 4] ^= 0x40;
}
static void too_short_for_its_type(struct file_bytes *f)
{
    block_begin(f, 6);
    file_room(f, 16);
    block_end(f);
}

static void a_damaged_block_is_stepped_over_with_a_warning(void **state)
{
    (void)state;
    void (*const kinds[])(struct file_bytes *) = {no_such_interface, longer_than_its_block,
                                                  lengths_differ, too_short_for_its_type};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct file_bytes f = pcapng_around(kinds[i]);
        struct path p = file_write(&folder, "damaged.pcapng", f.data, f.len);
        struct capture_read r = capture_read(p.text);
        assert_int_equal(r.ended, 0);
        assert_int_equal(r.n, 2);
        assert_memory_equal(r.frames[1].data, frame_data(1), frame_len(1));
        assert_int_equal(r.counts.blocks_damaged, 1);
        assert_int_equal(r.counts.blocks_skipped, 1);
        assert_int_equal(r.diags.warnings, 1);
        assert_int_equal(r.diags.items[0].pos.packet, 2);
        capture_read_free(&r);
        free(f.data);
    }
}

static void length_of_eight(struct file_bytes *f)
{
    enhanced_packet(f, 0, 5, frame_data(9), 14, 14);
    f->data[f->block + 4] = 8;
}
static void length_into_nowhere(struct file_bytes *f)
{
    enhanced_packet(f, 0, 5, frame_data(9), 14, 14);
    f->data[f->block + 4] += 8;
}

static void where_the_chain_of_blocks_is_lost_the_file_ends(void **state)
{
    (void)state;
    void (*const kinds[])(struct file_bytes *) = {length_of_eight, length_into_nowhere};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct file_bytes f = pcapng_around(kinds[i]);
        struct path p = file_write(&folder, "lost.pcapng", f.data, f.len);
        struct capture_read r = capture_read(p.text);
        assert_int_equal(r.n, 1);
        assert_int_equal(r.ended, ERR_CORRUPT);
        assert_int_equal(r.diags.items[0].pos.packet, 2);
        capture_read_free(&r);
        free(f.data);
    }
    struct file_bytes f = {0};
    pcap_begin(&f, PCAP_MICROSECONDS, 1);
    pcap_packet(&f, SECOND, 0, frame_data(0), 14, 14);
    pcap_packet(&f, SECOND, 0, frame_data(1), 14, 14);
    f.data[24 + 16 + 14 + 11] = 0x7f; /* the upper byte of the second packet's length */
    struct path p = file_write(&folder, "huge.pcap", f.data, f.len);
    struct capture_read r = capture_read(p.text);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.ended, ERR_CORRUPT);
    assert_int_equal(r.diags.items[0].pos.packet, 2);
    capture_read_free(&r);
    free(f.data);
}

static void times_never_go_back(void **state)
{
    (void)state;
    struct file_bytes f = {0};
    section(&f);
    interface(&f, 1, 0, 9, 0);
    /* The last is far beyond the limit (the year 2554), the one before it is in reach. */
    static const uint64_t stamps[] = {1000, 900, 1000, 1001, 5, FRAME_TIME_LIMIT, UINT64_MAX};
    static const int64_t times[] = {
        1000, 1000, 1000, 1001, 1001, FRAME_TIME_LIMIT, FRAME_TIME_LIMIT};
    static const uint16_t flags[] = {0, FRAME_TIME_BACK, 0, 0, FRAME_TIME_BACK, 0, FRAME_NO_STAMP};
    static const uint64_t lates[] = {0, 100, 0, 0, 996, 0, FRAME_LATE_UNKNOWN};
    for (unsigned i = 0; i < 7; i++)
        enhanced_packet(&f, 0, stamps[i], frame_data(i), frame_len(i), frame_len(i) + i);
    struct path p = file_write(&folder, "times.pcapng", f.data, f.len);
    struct capture_read r = capture_read(p.text);
    assert_int_equal(r.n, 7);
    for (unsigned i = 0; i < 7; i++) {
        expect_frame(&r, i, times[i]);
        assert_int_equal(r.frames[i].flags, flags[i]);
        assert_int_equal(r.frames[i].late_ns, lates[i]);
    }
    assert_int_equal(r.counts.time_back, 2);
    assert_int_equal(r.counts.no_stamp, 1);
    capture_read_free(&r);
    free(f.data);
}

static void what_is_no_capture_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        int error;
    } rows[] = {
        {"", 0, ERR_CORRUPT},
        {"no capture at all, but long enough", 34, ERR_CORRUPT},
        {"\xd4\xc3\xb2\xa1\3\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0", 24, ERR_UNSUPPORTED}, /* 3.4 */
        {"\xfd"
         "7zXZ and what follows",
         22, ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct path p = file_write(&folder, "none", rows[i].bytes, rows[i].len);
        struct capture_read r = capture_read(p.text);
        assert_int_equal(r.opened, rows[i].error);
        assert_int_equal(r.diags.errors, 1);
        assert_string_equal(r.diags.items[0].pos.file, p.text);
        capture_read_free(&r);
    }
    struct path p = folder_file(&folder, "not there");
    struct capture_read r = capture_read(p.text);
    assert_int_equal(r.opened, ERR_NOT_FOUND);
    capture_read_free(&r);
}

static void random_changes_are_survived(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    struct pcapng_sample sample = pcapng_sample(true);
    struct file_bytes pcap = {0};
    pcap_begin(&pcap, PCAP_NANOSECONDS, 1);
    for (unsigned i = 0; i < 12; i++)
        pcap_packet(&pcap, SECOND + i, i, frame_data(i), frame_len(i), frame_len(i) + i);
    const struct file_bytes *files[] = {&pcap, &sample.f};
    unsigned whole = 0, broken = 0;
    for (int round = 0; round < 3000; round++) {
        const struct file_bytes *f = files[round % 2];
        uint8_t *copy = malloc(f->len);
        assert_non_null(copy);
        memcpy(copy, f->data, f->len);
        for (uint64_t n = 1 + random_below(&seed, 3); n; n--)
            copy[random_below(&seed, f->len)] = (uint8_t)random_next(&seed);
        size_t len = random_below(&seed, 3) ? f->len : random_below(&seed, f->len + 1);
        struct path p = file_write(&folder, "changed", copy, len);
        struct capture_read r = capture_read(p.text); /* copies, and so reads, every byte */
        assert_true(r.n <= 64);
        assert_true((r.opened || r.ended) == (r.diags.errors == 1));
        whole += !r.opened && !r.ended;
        broken += r.opened || r.ended;
        capture_read_free(&r);
        free(copy);
    }
    assert_true(whole > 100 && broken > 100);
    free(pcap.data);
    free(sample.f.data);
}

static void captures_are_ordered_by_their_bytes(void **state)
{
    (void)state;
    struct file_bytes a = {0}, b = {0};
    for (int i = 0; i < 2; i++) {
        pcap_begin(i ? &b : &a, PCAP_MICROSECONDS, 1);
        pcap_packet(i ? &b : &a, SECOND, 0, frame_data(0), 14, (uint32_t)(14 + i));
    }
    struct path pa = file_write(&folder, "x", a.data, a.len),
                pa2 = file_write(&folder, "w", a.data, a.len),
                pb = file_write(&folder, "v", b.data, b.len),
                longer = file_write(&folder, "u", a.data, a.len - 1);
    const char *const paths[] = {longer.text, pa.text, pa2.text, pb.text};
    static const int order[] = {0, 1, 1, 2};
    struct capture *c[4];
    struct diags diags = {0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(capture_open(&c[i], paths[i], NULL, &diags), 0);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) {
            int got = capture_compare(c[i], c[k]);
            assert_int_equal((got > 0) - (got < 0), (order[i] > order[k]) - (order[i] < order[k]));
        }
    for (int i = 0; i < 4; i++)
        capture_close(c[i]);
    free(a.data);
    free(b.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcap_of_either_order_and_unit_is_read_alike),
        cmocka_unit_test(old_pcap_versions_swap_the_two_lengths),
        cmocka_unit_test(pcapng_of_either_order_is_read_with_its_interfaces),
        cmocka_unit_test(check_sequences_are_told_by_a_pcap_header),
        cmocka_unit_test(check_sequences_are_told_by_interface_and_packet),
        cmocka_unit_test(simple_packets_have_no_time_and_the_snap_length),
        cmocka_unit_test(a_pcap_cut_at_any_byte_gives_its_whole_packets),
        cmocka_unit_test(a_pcapng_cut_at_any_byte_gives_its_whole_packets),
        cmocka_unit_test(a_damaged_block_is_stepped_over_with_a_warning),
        cmocka_unit_test(where_the_chain_of_blocks_is_lost_the_file_ends),
        cmocka_unit_test(times_never_go_back),
        cmocka_unit_test(what_is_no_capture_is_named),
        cmocka_unit_test(random_changes_are_survived),
        cmocka_unit_test(captures_are_ordered_by_their_bytes),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
