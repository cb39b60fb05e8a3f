/* pcapng: a chain of blocks, each with its length at both ends; sections with their own byte order;
 * packets that name their interface, which says link type and unit of time.
 *
 * The two lengths make it possible to step over a block whose inside is damaged. Where they
 * disagree the first is believed if what follows it is a sound block or the end; otherwise the
 * reader has lost its place and the file ends there. A block is looked at as a whole before it is
 * used, but for long ones: of these the front is used and the rest is stepped over, so that a pipe
 * needs no more memory than a file.
 */
#include "dataplane/pcapng_file.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/time_point.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)
#define BLOCK_MIN        12 /* type, length, length */
#define SECTION_MIN      28
#define LONG_BLOCK       (SOURCE_WINDOW / 2)
#define INTERFACES_MAX   65536u /* of a section; as many as the obsolete packet block can name */
static_assert(LONG_BLOCK > 8 + 20 + FRAME_MAX, "the front of a long block holds what is kept");

enum option_code { OPTION_END = 0, OPTION_TSRESOL = 9, OPTION_FCSLEN = 13, OPTION_TSOFFSET = 14 };
enum { PACKET_OPTION_FLAGS = 2 };

/* How to come from a stamp to ns: * multiply / divide >> shift + offset. */
struct pcapng_interface {
    __int128 offset_ns;
    uint64_t multiply, divide;
    uint32_t snaplen; /* 0: no limit */
    uint16_t linktype;
    uint8_t shift;
    uint8_t fcs; /* bytes */
};

/* The inside of a block, without its head and its trailing length. */
struct block_body {
    const uint8_t *body;
    size_t len;
    size_t there; /* less than len of a long block */
};

/* What a block gave: a frame, nothing, or that it is damaged (a text says how). */
enum block_result { BLOCK_FRAME, BLOCK_NOTHING, BLOCK_SKIPPED, BLOCK_DAMAGED };
struct block_type {
    uint32_t type;
    uint32_t body_min;
    enum block_result (*read)(struct pcapng_file *f, const struct block_body *b,
                              struct frame *frame, const char **why);
};

static inline uint16_t get16(const struct pcapng_file *f, const uint8_t *p)
{
    return f->big ? load_be16(p) : load_le16(p);
}
static inline uint32_t get32(const struct pcapng_file *f, const uint8_t *p)
{
    return f->big ? load_be32(p) : load_le32(p);
}
static inline uint64_t get64(const struct pcapng_file *f, const uint8_t *p)
{
    return f->big ? load_be64(p) : load_le64(p);
}

static uint64_t power_of_ten(unsigned n)
{
    uint64_t v = 1;
    while (n-- > 0)
        v *= 10;
    return v;
}

/* if_tsresol: the upper bit picks the base, the rest is the negative exponent. */
static void set_resolution(struct pcapng_interface *i, uint8_t resolution)
{
    unsigned n = resolution & 0x7f;
    i->multiply = NS_PER_S;
    i->divide = 1;
    i->shift = 0;
    if (resolution & 0x80) {
        i->shift = (uint8_t)n;
    } else if (n <= 9) {
        i->multiply = power_of_ten(9 - n);
    } else {
        i->multiply = n - 9 <= 19; /* finer than 10^-28 s: every 64-bit stamp is 0 ns */
        i->divide = n - 9 <= 19 ? power_of_ten(n - 9) : 1;
    }
}

static void set_stamp(struct frame *frame, const struct pcapng_interface *i, uint64_t stamp)
{
    /* Below 2^64 * 10^9 < 2^94; the offset is below 2^93: nothing can overflow. */
    unsigned __int128 ns = (unsigned __int128)(stamp / i->divide) * i->multiply >> i->shift;
    __int128 t = (__int128)ns + i->offset_ns;
    if (t > FRAME_TIME_LIMIT || t < -FRAME_TIME_LIMIT)
        frame->flags |= FRAME_NO_STAMP;
    else
        frame->t = (int64_t)t;
}

/* 3.5 Options. */
struct option {
    uint16_t code, len;
    const uint8_t *value;
};

/* next_option: of those from *at on: 1; 0 at their end; -1 when one is longer than what is there.
 */
static int next_option(const struct pcapng_file *f, const struct block_body *b, size_t *at,
                       struct option *out)
{
    if (b->there < *at || b->there - *at < 4)
        return 0;
    const uint8_t *p = b->body + *at;
    *out = (struct option){get16(f, p), get16(f, p + 2), p + 4};
    size_t padded = ((size_t)out->len + 3) & ~(size_t)3;
    if (out->code == OPTION_END)
        return 0;
    if (padded > b->there - *at - 4)
        return -1;
    *at += 4 + padded;
    return 1;
}

/* 4.2 Interface Description Block. One with broken options still counts: later packets name it by
 * number. */
static enum block_result read_interface(struct pcapng_file *f, const struct block_body *b,
                                        struct frame *frame, const char **why)
{
    (void)frame;
    if (f->n_interfaces == INTERFACES_MAX) {
        *why = "the section has too many interfaces";
        return BLOCK_DAMAGED;
    }
    if (f->n_interfaces == f->cap_interfaces) {
        size_t cap = f->cap_interfaces ? 2 * f->cap_interfaces : 8;
        struct pcapng_interface *grown = realloc(f->interfaces, cap * sizeof *grown);
        if (grown == NULL) {
            *why = "there is no memory for its interface";
            return BLOCK_DAMAGED;
        }
        f->interfaces = grown;
        f->cap_interfaces = cap;
    }
    struct pcapng_interface *i = &f->interfaces[f->n_interfaces++];
    *i = (struct pcapng_interface){.linktype = get16(f, b->body), .snaplen = get32(f, b->body + 4)};
    set_resolution(i, 6);
    struct option option;
    size_t at = 8;
    int got;
    while ((got = next_option(f, b, &at, &option)) == 1) {
        if (option.code == OPTION_TSRESOL && option.len >= 1)
            set_resolution(i, option.value[0]);
        if (option.code == OPTION_FCSLEN && option.len >= 1)
            i->fcs = option.value[0];
        if (option.code == OPTION_TSOFFSET && option.len >= 8)
            i->offset_ns = (__int128)(int64_t)get64(f, option.value) * NS_PER_S;
    }
    if (got == 0)
        return BLOCK_NOTHING;
    *why = "an option of the interface is longer than the block";
    return BLOCK_DAMAGED;
}

/* give_data: what is kept of a packet; the readers of blocks see to it that it fits its block. */
static void give_data(const struct pcapng_file *f, struct frame *frame, const uint8_t *data,
                      uint32_t captured)
{
    frame->data = data;
    frame->block = f->source->block;
    frame->captured = captured < FRAME_MAX ? captured : FRAME_MAX;
    frame->flags = captured > FRAME_MAX ? FRAME_OVERLONG : 0;
}

/* fcs_of: what a packet says of its check sequence (epb_flags, bits 5 to 8) goes before what its
 * interface says. Damaged options say nothing; the packet is none the worse. */
static uint8_t fcs_of(const struct pcapng_file *f, const struct block_body *b, size_t at,
                      uint8_t of_interface)
{
    struct option option;
    while (next_option(f, b, &at, &option) == 1)
        if (option.code == PACKET_OPTION_FLAGS && option.len >= 4 &&
            get32(f, option.value) >> 5 & 15)
            return get32(f, option.value) >> 5 & 15;
    return of_interface;
}

static enum block_result give_packet(struct pcapng_file *f, const struct block_body *b,
                                     size_t header, uint32_t interface, struct frame *frame,
                                     const char **why)
{
    if (interface >= f->n_interfaces) {
        *why = "it names an interface that the section does not have";
        return BLOCK_DAMAGED;
    }
    const struct pcapng_interface *i = &f->interfaces[interface];
    uint64_t stamp = (uint64_t)get32(f, b->body + 4) << 32 | get32(f, b->body + 8);
    uint32_t captured = get32(f, b->body + 12);
    if (captured > b->len - header) {
        *why = "the packet is longer than the block";
        return BLOCK_DAMAGED;
    }
    give_data(f, frame, b->body + header, captured);
    frame->wire = get32(f, b->body + 16);
    frame->linktype = i->linktype;
    frame->fcs = fcs_of(f, b, header + (((size_t)captured + 3) & ~(size_t)3), i->fcs);
    set_stamp(frame, i, stamp);
    return BLOCK_FRAME;
}

/* 4.3 Enhanced Packet Block */
static enum block_result read_enhanced(struct pcapng_file *f, const struct block_body *b,
                                       struct frame *frame, const char **why)
{
    return give_packet(f, b, 20, get32(f, b->body), frame, why);
}

/* Appendix A, Packet Block (obsolete): as above, but the interface has 16 bits and a drop count
 * beside it. */
static enum block_result read_old_packet(struct pcapng_file *f, const struct block_body *b,
                                         struct frame *frame, const char **why)
{
    return give_packet(f, b, 20, get16(f, b->body), frame, why);
}

/* 4.4 Simple Packet Block: of interface 0, without stamp; what was captured follows from the snap
 * length. */
static enum block_result read_simple(struct pcapng_file *f, const struct block_body *b,
                                     struct frame *frame, const char **why)
{
    if (f->n_interfaces == 0) {
        *why = "it names an interface that the section does not have";
        return BLOCK_DAMAGED;
    }
    uint32_t wire = get32(f, b->body), captured = wire, snaplen = f->interfaces[0].snaplen;
    if (snaplen != 0 && captured > snaplen)
        captured = snaplen;
    if (captured > b->len - 4) {
        *why = "the packet is longer than the block";
        return BLOCK_DAMAGED;
    }
    give_data(f, frame, b->body + 4, captured);
    frame->wire = wire;
    frame->linktype = f->interfaces[0].linktype;
    frame->fcs = f->interfaces[0].fcs;
    frame->flags |= FRAME_NO_STAMP;
    return BLOCK_FRAME;
}

#define TYPE_SECTION UINT32_C(0x0a0d0d0a) /* reads the same in both byte orders */

static const struct block_type block_types[] = {
    {6, 20, read_enhanced},
    {1, 8, read_interface},
    {3, 4, read_simple},
    {2, 20, read_old_packet},
};

bool pcapng_file_is(const uint8_t *data, size_t size)
{
    return size >= 4 && load_be32(data) == TYPE_SECTION;
}

static struct diag_pos place(const struct pcapng_file *f)
{
    return (struct diag_pos){.file = f->source->name, .packet = f->number};
}

/* ends_early: inside the block under way, or inside what any block must have. */
static int ends_early(const struct pcapng_file *f, struct diags *diags)
{
    const struct source *s = f->source;
    int error = source_end(s, f->number, diags);
    if (error)
        return error;
    return diag_error(diags, ERR_TRUNCATED, place(f), "the packets before it are good",
                      "the file ends inside the block at byte %" PRIu64 ", before the end of packet"
                      " %" PRIu64 ": there are %" PRIu64 " bytes",
                      f->begin, f->number, s->position + s->ready - f->begin);
}

static int lost(const struct pcapng_file *f, struct diags *diags)
{
    return diag_error(diags, ERR_CORRUPT, place(f), "the packets before it are good",
                      "the block at byte %" PRIu64 ", before the end of packet %" PRIu64
                      ", claims a length of %" PRIu32 " that cannot be",
                      f->begin, f->number, f->len);
}

/* 4.1 Section Header Block: sets the byte order before the block's own length can be read. */
static int open_section(struct pcapng_file *f, struct diags *diags)
{
    struct source *s = f->source;
    int got = source_want(s, SECTION_MIN);
    if (got < 0)
        return got;
    if (got == 0 && s->failure)
        return source_end(s, f->number, diags);
    if (got == 0)
        return diag_error(diags, ERR_TRUNCATED, place(f), "record or copy the file again",
                          "the file ends inside the section header at byte %" PRIu64, s->position);
    const uint8_t *p = s->at;
    if (load_be32(p + 8) != BYTE_ORDER_MAGIC && load_le32(p + 8) != BYTE_ORDER_MAGIC)
        return diag_error(diags, ERR_CORRUPT, place(f), NULL,
                          "the section header at byte %" PRIu64 " has no byte order mark",
                          s->position);
    f->big = load_be32(p + 8) == BYTE_ORDER_MAGIC;
    uint16_t major = get16(f, p + 12), minor = get16(f, p + 14);
    /* 1.2 was written by some programs and is the same. */
    if (major != 1 || (minor != 0 && minor != 2))
        return diag_error(diags, ERR_UNSUPPORTED, place(f), "convert it, for instance with editcap",
                          "pcapng version %u.%u in the section at byte %" PRIu64
                          "; this build reads 1.0",
                          major, minor, s->position);
    f->n_interfaces = 0;
    return 0;
}

int pcapng_file_open(struct pcapng_file *f, struct source *source, struct diags *diags)
{
    *f = (struct pcapng_file){.source = source};
    return open_section(f, diags);
}

void pcapng_file_close(struct pcapng_file *f)
{
    free(f->interfaces);
    f->interfaces = NULL;
    f->n_interfaces = f->cap_interfaces = 0;
}

/* A block's length rounded up: some writers forget to count the padding. */
static size_t step_of(uint32_t len)
{
    return ((size_t)len + 3) & ~(size_t)3;
}

static bool lengths_agree(const struct pcapng_file *f, uint32_t len, const uint8_t *trailing)
{
    uint32_t again = get32(f, trailing);
    return again == len || again == step_of(len);
}

/* sound_at: whether a reader that lands `ahead` of here is on firm ground: the end, a section, or a
 * block whose lengths agree. 1, 0 or ERR_AGAIN. */
static int sound_at(const struct pcapng_file *f, size_t ahead)
{
    struct source *s = f->source;
    int got = source_want(s, ahead + BLOCK_MIN);
    if (got <= 0)
        return got < 0 ? got : s->ready == ahead;
    const uint8_t *p = s->at + ahead;
    if (pcapng_file_is(p, BLOCK_MIN))
        return 1;
    uint32_t len = get32(f, p + 4);
    if (len < BLOCK_MIN || len > LONG_BLOCK)
        return 0;
    got = source_want(s, ahead + step_of(len));
    if (got <= 0)
        return got;
    return lengths_agree(f, len, s->at + ahead + step_of(len) - 4);
}

static void note_damage(struct pcapng_file *f, const char *why, struct diags *diags)
{
    f->skipped++;
    if (f->damaged++ == 0)
        diag_warning(diags, ERR_CORRUPT, place(f),
                     "what follows is read; later ones are only counted",
                     "the block at byte %" PRIu64 " is damaged and left out: %s", f->begin, why);
}

static enum block_result read_block(struct pcapng_file *f, const struct block_body *b,
                                    uint32_t type, struct frame *frame, const char **why)
{
    for (size_t i = 0; i < sizeof block_types / sizeof *block_types; i++) {
        if (block_types[i].type != type)
            continue;
        if (b->len < block_types[i].body_min) {
            *why = "it is too short for its type";
            return BLOCK_DAMAGED;
        }
        return block_types[i].read(f, b, frame, why);
    }
    return type == TYPE_SECTION ? BLOCK_NOTHING : BLOCK_SKIPPED;
}

/* skip_rest: of a long block, up to its trailing length, which must then agree. 1 or as next. */
static int skip_rest(struct pcapng_file *f, struct diags *diags)
{
    struct source *s = f->source;
    uint64_t to_skip = f->rest - 4;
    int got = source_skip(s, &to_skip);
    f->rest = to_skip + 4;
    if (got == 1)
        got = source_want(s, 4);
    if (got <= 0)
        return got < 0 ? got : ends_early(f, diags);
    if (!lengths_agree(f, f->len, s->at))
        return lost(f, diags);
    source_take(s, 4);
    f->rest = 0;
    return 1;
}

/* next_block: 1 and what the block gave, 0 at the end, or as next. */
static int next_block(struct pcapng_file *f, struct frame *frame, enum block_result *result,
                      struct diags *diags)
{
    struct source *s = f->source;
    f->begin = s->position;
    int got = source_want(s, BLOCK_MIN);
    if (got < 0)
        return got;
    if (got == 0 && s->ready == 0)
        return source_end(s, f->number, diags);
    if (pcapng_file_is(s->at, s->ready)) {
        int error = open_section(f, diags);
        if (error)
            return error;
    } else if (got == 0) {
        return ends_early(f, diags);
    }
    f->len = get32(f, s->at + 4);
    if (f->len < BLOCK_MIN)
        return lost(f, diags);
    size_t step = step_of(f->len), front = step > LONG_BLOCK ? LONG_BLOCK : step;
    got = source_want(s, front);
    if (got <= 0)
        return got < 0 ? got : ends_early(f, diags);
    bool agree = front < step || lengths_agree(f, f->len, s->at + step - 4);
    if (!agree) {
        got = sound_at(f, step);
        if (got <= 0)
            return got < 0 ? got : lost(f, diags);
    }
    struct block_body b = {
        .body = s->at + 8,
        .len = step - BLOCK_MIN,
        .there = front < step ? front - 8 : step - BLOCK_MIN,
    };
    const char *why = "its two lengths differ";
    *result = agree ? read_block(f, &b, get32(f, s->at), frame, &why) : BLOCK_DAMAGED;
    if (*result == BLOCK_SKIPPED)
        f->skipped++;
    if (*result == BLOCK_DAMAGED)
        note_damage(f, why, diags);
    source_take(s, front);
    f->rest = step - front;
    return 1;
}

int pcapng_file_next(struct pcapng_file *f, struct frame *frame, uint64_t number,
                     struct diags *diags)
{
    for (;;) {
        enum block_result result = BLOCK_NOTHING;
        int got = f->rest ? skip_rest(f, diags) : 1;
        if (got != 1)
            return got;
        f->number = number;
        got = next_block(f, frame, &result, diags);
        if (got != 1)
            return got;
        if (result == BLOCK_FRAME)
            return 1;
    }
}
