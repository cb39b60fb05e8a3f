/* pcap: a header of 24 bytes, then records of a header and the frame's bytes.
 *
 * The four bytes at the front tell the byte order and the unit of the stamps; one historic variant
 * has 24 bytes before each frame instead of 16. A length beyond what any link carries means that
 * the reader has lost its place: the format has no mark to find it again, so the file ends there.
 */
#include "dataplane/pcap_file.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/time_point.h"

#include <inttypes.h>

#define FILE_HEADER   24
#define RECORD_HEADER 16

/* Longest frame that is believed: the registry's default, and that of the links that carry
 * messages. */
#define CAPLEN_MAX       262144u
#define CAPLEN_MAX_LARGE (128u << 20)

/* Rows: number (as its first byte has the highest place), unit in ns, bytes before a frame. */
static const struct {
    uint32_t magic, unit_ns, record_header;
} variants[] = {
    {0xa1b2c3d4, 1000, RECORD_HEADER},
    {0xa1b23c4d, 1, RECORD_HEADER},
    {0xa1b2cd34, 1000, RECORD_HEADER + 8},
};

/* LINKTYPE_USB_LINUX_MMAPPED, LINKTYPE_DBUS, LINKTYPE_USBPCAP */
static const uint16_t large_linktypes[] = {220, 231, 249};

static int find_variant(const uint8_t *data, size_t size, bool *big)
{
    if (size < 4)
        return -1;
    for (int i = 0; i < (int)(sizeof variants / sizeof *variants); i++) {
        *big = load_be32(data) == variants[i].magic;
        if (*big || load_le32(data) == variants[i].magic)
            return i;
    }
    return -1;
}

bool pcap_file_is(const uint8_t *data, size_t size)
{
    bool big;
    return find_variant(data, size, &big) >= 0;
}

static inline uint32_t get32(const struct pcap_file *f, const uint8_t *p)
{
    return f->big ? load_be32(p) : load_le32(p);
}

int pcap_file_open(struct pcap_file *f, struct source *source, struct diags *diags)
{
    struct diag_pos pos = diag_file(source->name);
    int got = source_want(source, FILE_HEADER);
    if (got < 0)
        return got;
    const uint8_t *data = source->at;
    bool big;
    int variant = find_variant(data, source->ready, &big);
    if (variant < 0)
        return diag_error(diags, ERR_CORRUPT, pos, NULL, "not a pcap file");
    if (got == 0) {
        int error = source_end(source, 0, diags);
        return error ? error
                     : diag_error(diags, ERR_TRUNCATED, pos, "record or copy the file again",
                                  "the file ends at byte %zu inside its header of %d bytes",
                                  source->ready, FILE_HEADER);
    }
    *f = (struct pcap_file){
        .source = source,
        .unit_ns = variants[variant].unit_ns,
        .record_header = variants[variant].record_header,
        .caplen_max = CAPLEN_MAX,
        .big = big,
    };
    uint16_t major = big ? load_be16(data + 4) : load_le16(data + 4);
    uint16_t minor = big ? load_be16(data + 6) : load_le16(data + 6);
    if (major != 2 || minor > 4)
        return diag_error(diags, ERR_UNSUPPORTED, pos,
                          "convert it to version 2.4, for instance with editcap",
                          "pcap version %u.%u; this build reads 2.0 to 2.4", major, minor);
    /* Up to 2.2 the wire length stood before the captured one, in 2.3 depending on who wrote it. */
    f->swapped_lengths = minor < 3 ? 1 : minor == 3 ? 2 : 0;
    /* The lower half of the field is the type. Bit 26 says that the highest four bits hold the
     * length of the frame check sequence, in units of 16 bits. */
    uint32_t network = get32(f, data + 20);
    f->linktype = (uint16_t)network;
    f->fcs = network & UINT32_C(1) << 26 ? (uint8_t)(network >> 28 << 1) : 0;
    for (size_t i = 0; i < sizeof large_linktypes / sizeof *large_linktypes; i++)
        if (f->linktype == large_linktypes[i])
            f->caplen_max = CAPLEN_MAX_LARGE;
    source_take(source, FILE_HEADER);
    return 0;
}

/* ends_early: inside the record that begins at f->begin. */
static int ends_early(const struct pcap_file *f, uint64_t number, uint64_t need,
                      struct diags *diags)
{
    const struct source *s = f->source;
    struct diag_pos pos = {.file = s->name, .packet = number};
    int error = source_end(s, number, diags);
    if (error)
        return error;
    return diag_error(diags, ERR_TRUNCATED, pos, "the packets before it are good",
                      "the file ends inside packet %" PRIu64 ": it begins at byte %" PRIu64
                      " and needs %" PRIu64 " bytes, there are %" PRIu64,
                      number, f->begin, need, s->position + s->ready - f->begin);
}

/* skip_rest: what of the last record is not kept. */
static int skip_rest(struct pcap_file *f, uint64_t number, struct diags *diags)
{
    int got = source_skip(f->source, &f->rest);
    if (got)
        return got;
    return ends_early(f, number, f->source->position + f->rest - f->begin, diags);
}

int pcap_file_next(struct pcap_file *f, struct frame *frame, uint64_t number, struct diags *diags)
{
    struct source *s = f->source;
    int got = f->rest ? skip_rest(f, number - 1, diags) : 1;
    if (got < 0)
        return got;
    f->begin = s->position;
    got = source_want(s, f->record_header);
    if (got < 0)
        return got;
    if (got == 0)
        return s->ready ? ends_early(f, number, f->record_header, diags)
                        : source_end(s, number, diags);
    uint32_t captured = get32(f, s->at + 8), wire = get32(f, s->at + 12);
    if (f->swapped_lengths == 1 || (f->swapped_lengths == 2 && captured > wire)) {
        uint32_t first = captured;
        captured = wire;
        wire = first;
    }
    if (captured > f->caplen_max) {
        struct diag_pos pos = {.file = s->name, .packet = number};
        return diag_error(diags, ERR_CORRUPT, pos,
                          "the packets before it are good; pcap has no mark to go on from",
                          "packet %" PRIu64 " at byte %" PRIu64 " claims %" PRIu32
                          " bytes, more than the %" PRIu32 " that a packet can have",
                          number, f->begin, captured, f->caplen_max);
    }
    uint32_t kept = captured < FRAME_MAX ? captured : FRAME_MAX;
    got = source_want(s, f->record_header + kept);
    if (got < 0)
        return got;
    if (got == 0)
        return ends_early(f, number, (uint64_t)f->record_header + captured, diags);
    /* 2^32 seconds are 4.3e18 ns: no overflow. A second half over a million is added as it is. */
    frame->t = (int64_t)get32(f, s->at) * NS_PER_S + (int64_t)get32(f, s->at + 4) * f->unit_ns;
    frame->data = s->at + f->record_header;
    frame->block = s->block;
    frame->captured = kept;
    frame->wire = wire;
    frame->linktype = f->linktype;
    frame->fcs = f->fcs;
    frame->flags = kept < captured ? FRAME_OVERLONG : 0;
    source_take(s, f->record_header + kept);
    f->rest = captured - kept;
    return 1;
}
