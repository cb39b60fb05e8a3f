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

int pcap_file_open(struct pcap_file *f, const uint8_t *data, size_t size, const char *path,
                   struct diags *diags)
{
    bool big;
    int variant = find_variant(data, size, &big);
    if (variant < 0)
        return diag_error(diags, ERR_CORRUPT, diag_file(path), NULL, "not a pcap file");
    if (size < FILE_HEADER)
        return diag_error(diags, ERR_TRUNCATED, diag_file(path), "record or copy the file again",
                          "the file ends at byte %zu inside its header of %d bytes", size,
                          FILE_HEADER);
    *f = (struct pcap_file){
        .data = data,
        .size = size,
        .at = FILE_HEADER,
        .path = path,
        .unit_ns = variants[variant].unit_ns,
        .record_header = variants[variant].record_header,
        .caplen_max = CAPLEN_MAX,
        .big = big,
    };
    uint16_t major = big ? load_be16(data + 4) : load_le16(data + 4);
    uint16_t minor = big ? load_be16(data + 6) : load_le16(data + 6);
    if (major != 2 || minor > 4)
        return diag_error(diags, ERR_UNSUPPORTED, diag_file(path),
                          "convert it to version 2.4, for instance with editcap",
                          "pcap version %u.%u; this build reads 2.0 to 2.4", major, minor);
    /* Up to 2.2 the wire length stood before the captured one, in 2.3 depending on who wrote it. */
    f->swapped_lengths = minor < 3 ? 1 : minor == 3 ? 2 : 0;
    /* The upper half of the field holds the length of the frame check sequence, not the type. A
     * check sequence lies behind what the network header counts, as padding does. */
    f->linktype = (uint16_t)get32(f, data + 20);
    for (size_t i = 0; i < sizeof large_linktypes / sizeof *large_linktypes; i++)
        if (f->linktype == large_linktypes[i])
            f->caplen_max = CAPLEN_MAX_LARGE;
    return 0;
}

static int ends_early(const struct pcap_file *f, uint64_t number, size_t need, struct diags *diags)
{
    struct diag_pos pos = {.file = f->path, .packet = number};
    return diag_error(diags, ERR_TRUNCATED, pos, "the packets before it are good",
                      "the file ends inside packet %" PRIu64
                      ": it begins at byte %zu and needs %zu bytes, there are %zu",
                      number, f->at, need, f->size - f->at);
}

int pcap_file_next(struct pcap_file *f, struct frame *frame, uint64_t number, struct diags *diags)
{
    size_t left = f->size - f->at;
    if (left == 0)
        return 0;
    if (left < f->record_header)
        return ends_early(f, number, f->record_header, diags);
    const uint8_t *p = f->data + f->at;
    uint32_t captured = get32(f, p + 8), wire = get32(f, p + 12);
    if (f->swapped_lengths == 1 || (f->swapped_lengths == 2 && captured > wire)) {
        uint32_t first = captured;
        captured = wire;
        wire = first;
    }
    if (captured > f->caplen_max) {
        struct diag_pos pos = {.file = f->path, .packet = number};
        return diag_error(diags, ERR_CORRUPT, pos,
                          "the packets before it are good; pcap has no mark to go on from",
                          "packet %" PRIu64 " at byte %zu claims %" PRIu32
                          " bytes, more than the %" PRIu32 " that a packet can have",
                          number, f->at, captured, f->caplen_max);
    }
    if (left - f->record_header < captured)
        return ends_early(f, number, (size_t)f->record_header + captured, diags);
    /* 2^32 seconds are 4.3e18 ns: no overflow. A second half over a million is added as it is. */
    frame->t = (int64_t)get32(f, p) * NS_PER_S + (int64_t)get32(f, p + 4) * f->unit_ns;
    frame->data = p + f->record_header;
    frame->captured = captured;
    frame->wire = wire;
    frame->linktype = f->linktype;
    frame->flags = 0;
    f->at += (size_t)f->record_header + captured;
    return 1;
}
