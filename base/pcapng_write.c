/* Writing pcapng blocks. Every block is: type, total length, body padded to 32 bits, total length
 * (draft-ietf-opsawg-pcapng, 3.1). */
#include "base/pcapng_write.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    SECTION_MAGIC = 0x1a2b3c4d,
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_FLAGS = 2, /* of a packet */
    OPTION_TSRESOL = 9,
    NANOSECONDS = 9, /* a power of ten */
    FLAGS_FCS = 5,   /* the lowest bit of the check sequence's length in it */
    FCS_MAX = 15,
    PACKET_ROOM = 32,
    FRAME_MAX = 1 << 28,
};

static void put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put_le32(uint8_t *p, uint32_t v)
{
    put_le16(p, (uint16_t)v);
    put_le16(p + 2, (uint16_t)(v >> 16));
}

static int fail(struct pcapng_writer *w, int error)
{
    if (!w->error) {
        w->error = error;
        w->saved_errno = errno;
    }
    return w->error;
}

static void put(struct pcapng_writer *w, const void *data, size_t len)
{
    if (!w->error && len && fwrite(data, 1, len, w->file) != len)
        fail(w, ERR_IO);
}

static void put_section(struct pcapng_writer *w)
{
    uint8_t b[28];
    put_le32(b, BLOCK_SECTION);
    put_le32(b + 4, sizeof b);
    put_le32(b + 8, SECTION_MAGIC);
    put_le16(b + 12, 1);
    put_le16(b + 14, 0);
    memset(b + 16, 0xff, 8); /* the section's length is not said */
    put_le32(b + 24, sizeof b);
    put(w, b, sizeof b);
}

static void put_interface(struct pcapng_writer *w, uint16_t linktype)
{
    uint8_t b[32];
    memset(b, 0, sizeof b);
    put_le32(b, BLOCK_INTERFACE);
    put_le32(b + 4, sizeof b);
    put_le16(b + 8, linktype);
    put_le32(b + 12, 0); /* no limit on what is kept of a packet */
    put_le16(b + 16, OPTION_TSRESOL);
    put_le16(b + 18, 1);
    b[20] = NANOSECONDS;
    put_le16(b + 24, OPTION_END);
    put_le32(b + 28, sizeof b);
    put(w, b, sizeof b);
    w->linktypes[w->interfaces++] = linktype;
}

/* interface_of: the interface of a link type, written when it is first needed. */
static uint32_t interface_of(struct pcapng_writer *w, uint16_t linktype)
{
    for (uint32_t i = 0; i < w->interfaces; i++)
        if (w->linktypes[i] == linktype)
            return i;
    if (w->interfaces == PCAPNG_INTERFACES)
        fail(w, ERR_RANGE);
    else
        put_interface(w, linktype);
    return w->interfaces - 1;
}

static size_t padded(size_t len)
{
    return (len + 3) / 4 * 4;
}

static void put_padded(struct pcapng_writer *w, const void *data, size_t len)
{
    static const uint8_t padding[4] = {0, 0, 0, 0};
    put(w, data, len);
    put(w, padding, padded(len) - len);
}

static int report(const struct pcapng_writer *w, const char *doing, struct diags *diags)
{
    if (w->error == ERR_IO)
        return diag_error(diags, ERR_IO, diag_file(w->path),
                          "check the folder, its permissions and the free space", "cannot %s: %s",
                          doing, strerror(w->saved_errno));
    return diag_error(diags, w->error, diag_file(w->path), NULL,
                      "cannot %s: a packet has a time or a length the format cannot carry", doing);
}

int pcapng_write_open(struct pcapng_writer *w, const char *path, struct diags *diags)
{
    *w = (struct pcapng_writer){.path = path};
    w->file = fopen(path, "wbe");
    if (!w->file) {
        fail(w, ERR_IO);
        return report(w, "create the capture", diags);
    }
    put_section(w);
    put_interface(w, PCAPNG_LINK_ETHERNET);
    if (w->error)
        return pcapng_write_close(w, diags);
    return 0;
}

/* put_option: its head. */
static void put_option(struct pcapng_writer *w, uint16_t code, size_t len)
{
    uint8_t b[4];
    put_le16(b, code);
    put_le16(b + 2, (uint16_t)len);
    put(w, b, sizeof b);
}

int pcapng_write_packet(struct pcapng_writer *w, const struct pcapng_packet *packet)
{
    size_t comment = packet->comment ? strlen(packet->comment) : 0;
    if (w->error)
        return w->error;
    if (packet->ns < 0 || packet->captured > FRAME_MAX || comment > UINT16_MAX ||
        packet->fcs > FCS_MAX)
        return fail(w, ERR_RANGE);
    uint32_t interface = interface_of(w, packet->linktype);
    size_t options = comment ? 4 + padded(comment) : 0;
    options += packet->fcs ? 8 : 0;
    options += options ? 4 : 0; /* their end */
    uint32_t total = (uint32_t)(PACKET_ROOM + padded(packet->captured) + options);
    uint8_t head[28], tail[4];
    put_le32(head, BLOCK_PACKET);
    put_le32(head + 4, total);
    put_le32(head + 8, interface);
    put_le32(head + 12, (uint32_t)((uint64_t)packet->ns >> 32));
    put_le32(head + 16, (uint32_t)packet->ns);
    put_le32(head + 20, packet->captured);
    put_le32(head + 24, packet->wire);
    put(w, head, sizeof head);
    put_padded(w, packet->data, packet->captured);
    if (comment) {
        put_option(w, OPTION_COMMENT, comment);
        put_padded(w, packet->comment, comment);
    }
    if (packet->fcs) {
        put_option(w, OPTION_FLAGS, 4);
        put_le32(tail, (uint32_t)packet->fcs << FLAGS_FCS);
        put(w, tail, sizeof tail);
    }
    if (options)
        put_option(w, OPTION_END, 0);
    put_le32(tail, total);
    put(w, tail, sizeof tail);
    w->packets += !w->error;
    return w->error;
}

int pcapng_write_frame(struct pcapng_writer *w, int64_t ns, const void *data, size_t len)
{
    if (!w->error && len > FRAME_MAX)
        return fail(w, ERR_RANGE);
    return pcapng_write_packet(w, &(struct pcapng_packet){.ns = ns,
                                                          .data = data,
                                                          .captured = (uint32_t)len,
                                                          .wire = (uint32_t)len,
                                                          .linktype = PCAPNG_LINK_ETHERNET});
}

int pcapng_write_close(struct pcapng_writer *w, struct diags *diags)
{
    if (w->file && fclose(w->file) != 0)
        fail(w, ERR_IO);
    w->file = NULL;
    return w->error ? report(w, "write the capture", diags) : 0;
}
