/* pcapng: a chain of blocks, each with its length at both ends; sections with their own byte order;
 * packets that name their interface, which says link type and unit of time.
 *
 * The two lengths make it possible to step over a block whose inside is damaged. Where they
 * disagree the first is believed if what follows it is a sound block or the end; otherwise the
 * reader has lost its place and the file ends there.
 */
#include "dataplane/pcapng_file.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/time_point.h"

#include <inttypes.h>
#include <stdlib.h>

#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)
#define BLOCK_MIN        12 /* type, length, length */

enum option_code { OPTION_END = 0, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };

/* How to come from a stamp to ns: * multiply / divide >> shift + offset. */
struct pcapng_interface {
    __int128 offset_ns;
    uint64_t multiply, divide;
    uint32_t snaplen; /* 0: no limit */
    uint16_t linktype;
    uint8_t shift;
};

/* The inside of a block, without its head and its trailing length. */
struct block {
    const uint8_t *body;
    size_t len;
    size_t at; /* of the block in the file */
};

/* What a block gave: a frame, nothing, or that it is damaged (a text says how). */
enum block_result { BLOCK_FRAME, BLOCK_NOTHING, BLOCK_SKIPPED, BLOCK_DAMAGED };
struct block_type {
    uint32_t type;
    uint32_t body_min;
    enum block_result (*read)(struct pcapng_file *f, const struct block *b, struct frame *frame,
                              const char **why);
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

/* 4.2 Interface Description Block. One with broken options still counts: later packets name it by
 * number. */
static enum block_result read_interface(struct pcapng_file *f, const struct block *b,
                                        struct frame *frame, const char **why)
{
    (void)frame;
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
    for (size_t at = 8; b->len - at >= 4;) {
        uint16_t code = get16(f, b->body + at), len = get16(f, b->body + at + 2);
        size_t padded = ((size_t)len + 3) & ~(size_t)3;
        at += 4;
        if (code == OPTION_END)
            break;
        if (padded > b->len - at) {
            *why = "an option of the interface is longer than the block";
            return BLOCK_DAMAGED;
        }
        if (code == OPTION_TSRESOL && len >= 1)
            set_resolution(i, b->body[at]);
        if (code == OPTION_TSOFFSET && len >= 8)
            i->offset_ns = (__int128)(int64_t)get64(f, b->body + at) * NS_PER_S;
        at += padded;
    }
    return BLOCK_NOTHING;
}

static enum block_result give_packet(struct pcapng_file *f, const struct block *b, size_t header,
                                     uint32_t interface, struct frame *frame, const char **why)
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
    frame->data = b->body + header;
    frame->captured = captured;
    frame->wire = get32(f, b->body + 16);
    frame->linktype = i->linktype;
    frame->flags = 0;
    set_stamp(frame, i, stamp);
    return BLOCK_FRAME;
}

/* 4.3 Enhanced Packet Block */
static enum block_result read_enhanced(struct pcapng_file *f, const struct block *b,
                                       struct frame *frame, const char **why)
{
    return give_packet(f, b, 20, get32(f, b->body), frame, why);
}

/* Appendix A, Packet Block (obsolete): as above, but the interface has 16 bits and a drop count
 * beside it. */
static enum block_result read_old_packet(struct pcapng_file *f, const struct block *b,
                                         struct frame *frame, const char **why)
{
    return give_packet(f, b, 20, get16(f, b->body), frame, why);
}

/* 4.4 Simple Packet Block: of interface 0, without stamp; what was captured follows from the snap
 * length. */
static enum block_result read_simple(struct pcapng_file *f, const struct block *b,
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
    frame->data = b->body + 4;
    frame->captured = captured;
    frame->wire = wire;
    frame->linktype = f->interfaces[0].linktype;
    frame->flags = FRAME_NO_STAMP;
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

/* 4.1 Section Header Block: sets the byte order before the block's own length can be read. */
static int open_section(struct pcapng_file *f, uint64_t number, struct diags *diags)
{
    struct diag_pos pos = {.file = f->path, .packet = number};
    const uint8_t *p = f->data + f->at;
    if (f->size - f->at < 28)
        return diag_error(diags, ERR_TRUNCATED, pos, "record or copy the file again",
                          "the file ends inside the section header at byte %zu", f->at);
    if (load_be32(p + 8) != BYTE_ORDER_MAGIC && load_le32(p + 8) != BYTE_ORDER_MAGIC)
        return diag_error(diags, ERR_CORRUPT, pos, NULL,
                          "the section header at byte %zu has no byte order mark", f->at);
    f->big = load_be32(p + 8) == BYTE_ORDER_MAGIC;
    uint16_t major = get16(f, p + 12), minor = get16(f, p + 14);
    /* 1.2 was written by some programs and is the same. */
    if (major != 1 || (minor != 0 && minor != 2))
        return diag_error(diags, ERR_UNSUPPORTED, pos, "convert it, for instance with editcap",
                          "pcapng version %u.%u in the section at byte %zu; this build reads 1.0",
                          major, minor, f->at);
    f->n_interfaces = 0;
    return 0;
}

int pcapng_file_open(struct pcapng_file *f, const uint8_t *data, size_t size, const char *path,
                     struct diags *diags)
{
    *f = (struct pcapng_file){.data = data, .size = size, .path = path};
    if (!pcapng_file_is(data, size))
        return diag_error(diags, ERR_CORRUPT, diag_file(path), NULL, "not a pcapng file");
    return open_section(f, 0, diags);
}

void pcapng_file_close(struct pcapng_file *f)
{
    free(f->interfaces);
    f->interfaces = NULL;
    f->n_interfaces = f->cap_interfaces = 0;
}

/* The length of the block at `at` rounded up (some writers forget to count the padding), 0 if it
 * cannot be. */
static size_t block_step(const struct pcapng_file *f, size_t at, bool *agree)
{
    size_t left = f->size - at;
    uint32_t len = get32(f, f->data + at + 4);
    size_t step = ((size_t)len + 3) & ~(size_t)3;
    if (len < BLOCK_MIN || step > left)
        return 0;
    uint32_t trailing = get32(f, f->data + at + step - 4);
    *agree = trailing == len || trailing == step;
    return step;
}

/* Whether a reader that lands here is on firm ground: the end, a section, or a block whose lengths
 * agree. */
static bool sound_at(const struct pcapng_file *f, size_t at)
{
    bool agree = false;
    if (at == f->size)
        return true;
    if (f->size - at < BLOCK_MIN)
        return false;
    if (pcapng_file_is(f->data + at, f->size - at))
        return true;
    return block_step(f, at, &agree) != 0 && agree;
}

static void note_damage(struct pcapng_file *f, size_t at, uint64_t number, const char *why,
                        struct diags *diags)
{
    struct diag_pos pos = {.file = f->path, .packet = number};
    f->skipped++;
    if (f->damaged++ == 0)
        diag_warning(diags, ERR_CORRUPT, pos, "what follows is read; later ones are only counted",
                     "the block at byte %zu is damaged and left out: %s", at, why);
}

static enum block_result read_block(struct pcapng_file *f, const struct block *b, uint32_t type,
                                    struct frame *frame, const char **why)
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

static int lost(const struct pcapng_file *f, uint64_t number, struct diags *diags)
{
    struct diag_pos pos = {.file = f->path, .packet = number};
    size_t left = f->size - f->at;
    uint32_t len = left < 8 ? 0 : get32(f, f->data + f->at + 4);
    const char *hint = "the packets before it are good";
    if (left < BLOCK_MIN || (len >= BLOCK_MIN && len > left))
        return diag_error(diags, ERR_TRUNCATED, pos, hint,
                          "the file ends inside the block at byte %zu, before packet %" PRIu64
                          ": there are %zu bytes",
                          f->at, number, left);
    return diag_error(diags, ERR_CORRUPT, pos, hint,
                      "the block at byte %zu, before packet %" PRIu64
                      ", claims a length of %" PRIu32 " that cannot be",
                      f->at, number, len);
}

int pcapng_file_next(struct pcapng_file *f, struct frame *frame, uint64_t number,
                     struct diags *diags)
{
    while (f->at < f->size) {
        const uint8_t *p = f->data + f->at;
        size_t left = f->size - f->at;
        bool agree = false;
        if (pcapng_file_is(p, left)) {
            int error = open_section(f, number, diags);
            if (error)
                return error;
        }
        size_t step = left < BLOCK_MIN ? 0 : block_step(f, f->at, &agree);
        if (step == 0 || (!agree && !sound_at(f, f->at + step)))
            return lost(f, number, diags);

        struct block b = {.body = p + 8, .len = step - BLOCK_MIN, .at = f->at};
        const char *why = "its two lengths differ";
        enum block_result result =
            agree ? read_block(f, &b, get32(f, p), frame, &why) : BLOCK_DAMAGED;
        f->at += step;
        if (result == BLOCK_FRAME)
            return 1;
        if (result == BLOCK_SKIPPED)
            f->skipped++;
        if (result == BLOCK_DAMAGED)
            note_damage(f, b.at, number, why, diags);
    }
    return 0;
}
