/* The packets of an evidence file, a line each: when, between whom, what its comment says. */
#include "app/explain.h"

#include "base/address.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/time_point.h"
#include "dataplane/decode.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 30)
#define LINKTYPES_MAX  32

/* draft-ietf-opsawg-pcapng, 4.2, 4.3, 3.5; as base/pcapng_write.c writes it. */
enum { BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, OPTION_COMMENT = 1 };

struct listing {
    FILE *out;
    uint16_t linktypes[LINKTYPES_MAX];
    uint32_t interfaces;
    uint64_t packets;
};

static void print_comment(FILE *out, struct reader *options)
{
    while (reader_left(options) >= 4) {
        uint16_t code = reader_le16(options), len = reader_le16(options);
        const uint8_t *text = reader_take(options, (len + 3u) / 4 * 4);
        if (text && code == OPTION_COMMENT)
            fprintf(out, "       %.*s\n", len, (const char *)text);
    }
}

static void print_packet(struct listing *l, struct reader *block)
{
    uint32_t interface = reader_le32(block), high = reader_le32(block), low = reader_le32(block),
             captured = reader_le32(block), wire = reader_le32(block);
    const uint8_t *data = reader_take(block, ((size_t)captured + 3) / 4 * 4);
    char when[TIME_TEXT_ROOM], from[ADDRESS_TEXT_ROOM], to[ADDRESS_TEXT_ROOM];
    if (!data || interface >= l->interfaces)
        return;
    struct packet pkt = {.wire = wire, .linktype = l->linktypes[interface]};
    decode_frame(&pkt, data, captured);
    l->packets++;
    fprintf(l->out, "  %4lu %s %s:%u > %s:%u, %u bytes\n", l->packets,
            time_format(when, (int64_t)((uint64_t)high << 32 | low)),
            address_format(from, &pkt.source), pkt.source_port, address_format(to, &pkt.target),
            pkt.target_port, wire);
    print_comment(l->out, block);
}

static void print_blocks(struct listing *l, const struct text *file)
{
    struct reader r = reader_over(file->data, file->len);
    while (reader_left(&r) >= 12) {
        uint32_t type = reader_le32(&r), total = reader_le32(&r);
        const uint8_t *body = total < 12 ? NULL : reader_take(&r, total - 8);
        if (!body)
            return;
        struct reader block = reader_over(body, total - 12);
        if (type == BLOCK_PACKET)
            print_packet(l, &block);
        else if (type == BLOCK_INTERFACE && l->interfaces < LINKTYPES_MAX)
            l->linktypes[l->interfaces++] = reader_le16(&block);
    }
}

int evidence_show(FILE *out, const char *dir, const json_t *evidence, struct diags *diags)
{
    const char *name = explained_string(evidence, "file");
    struct text file = {0};
    uint8_t digest[SHA256_BYTES];
    char path[PATH_MAX], hex[2 * SHA256_BYTES + 1];
    int error =
        strchr(name, '/') || snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path
            ? ERR_RANGE
            : file_read(path, FILE_BYTES_MAX, &file);
    if (error)
        return diag_error(diags, error, diag_file(dir), "the folder that replay --evidence named",
                          "cannot read %s: %s", name,
                          error == ERR_IO ? strerror(errno) : error_text(error));
    sha256(digest, text_str(&file), file.len);
    hex_encode(hex, digest, sizeof digest);
    if (strcmp(hex, explained_string(evidence, "sha256")) == 0) {
        struct listing l = {.out = out};
        fputs("\nPACKETS, the file is the one that was sealed\n", out);
        print_blocks(&l, &file);
    } else {
        error = diag_error(diags, ERR_CORRUPT, diag_file(path), "sealed is another one",
                           "its sha256 is %s, not %s", hex, explained_string(evidence, "sha256"));
    }
    text_free(&file);
    return error;
}
