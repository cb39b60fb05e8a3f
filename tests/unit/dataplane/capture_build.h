/* Capture files for tests: pcap and pcapng in memory, in both byte orders, and written to a
 * temporary folder. */
#ifndef TESTS_UNIT_DATAPLANE_CAPTURE_BUILD_H
#define TESTS_UNIT_DATAPLANE_CAPTURE_BUILD_H

#include "base/diag.h"
#include "tests/unit/temporary.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of a file under way. */
struct file_bytes {
    uint8_t *data;
    size_t len, room;
    bool big;
    size_t block; /* where the pcapng block under way begins */
};

static inline uint8_t *file_room(struct file_bytes *f, size_t n)
{
    if (f->len + n > f->room) {
        f->room = 2 * (f->len + n) + 256;
        f->data = realloc(f->data, f->room);
        if (!f->data)
            abort();
    }
    memset(f->data + f->len, 0, n);
    f->len += n;
    return f->data + f->len - n;
}

static inline void put_number(struct file_bytes *f, uint64_t v, unsigned bytes)
{
    uint8_t *p = file_room(f, bytes);
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> 8 * (f->big ? bytes - 1 - i : i));
}
static inline void put16(struct file_bytes *f, uint16_t v)
{
    put_number(f, v, 2);
}
static inline void put32(struct file_bytes *f, uint32_t v)
{
    put_number(f, v, 4);
}
static inline void put_bytes(struct file_bytes *f, const void *data, size_t n)
{
    if (n)
        memcpy(file_room(f, n), data, n);
}

/* draft-ietf-opsawg-pcap, 4 and 5. */
#define PCAP_MICROSECONDS UINT32_C(0xa1b2c3d4)
#define PCAP_NANOSECONDS  UINT32_C(0xa1b23c4d)
static inline void pcap_begin(struct file_bytes *f, uint32_t magic, uint32_t linktype)
{
    put32(f, magic);
    put16(f, 2);
    put16(f, 4);
    put32(f, 0);
    put32(f, 0);
    put32(f, 262144);
    put32(f, linktype);
}
static inline void pcap_packet(struct file_bytes *f, uint32_t seconds, uint32_t fraction,
                               const void *data, uint32_t captured, uint32_t wire)
{
    put32(f, seconds);
    put32(f, fraction);
    put32(f, captured);
    put32(f, wire);
    put_bytes(f, data, captured);
}

/* draft-ietf-opsawg-pcapng, 3.1: the length is filled in at the end. */
static inline void block_begin(struct file_bytes *f, uint32_t type)
{
    f->block = f->len;
    put32(f, type);
    put32(f, 0);
}
static inline void block_end(struct file_bytes *f)
{
    file_room(f, (4 - f->len % 4) % 4);
    uint32_t len = (uint32_t)(f->len - f->block + 4);
    put32(f, len);
    size_t end = f->len;
    f->len = f->block + 4;
    put32(f, len);
    f->len = end;
}
static inline void section(struct file_bytes *f)
{
    block_begin(f, 0x0a0d0d0a);
    put32(f, 0x1a2b3c4d);
    put16(f, 1);
    put16(f, 0);
    put_number(f, UINT64_MAX, 8);
    block_end(f);
}
static inline void option(struct file_bytes *f, uint16_t code, const void *value, uint16_t len)
{
    put16(f, code);
    put16(f, len);
    put_bytes(f, value, len);
    file_room(f, (4 - len % 4) % 4);
}
/* interface: resolution as if_tsresol has it, 0: the option is left out; offset in seconds, 0: left
 * out. */
static inline void interface(struct file_bytes *f, uint16_t linktype, uint32_t snaplen,
                             uint8_t resolution, int64_t offset)
{
    block_begin(f, 1);
    put16(f, linktype);
    put16(f, 0);
    put32(f, snaplen);
    option(f, 2, "eth0", 4);
    if (resolution)
        option(f, 9, &resolution, 1);
    if (offset) {
        put16(f, 14);
        put16(f, 8);
        put_number(f, (uint64_t)offset, 8);
    }
    put32(f, 0);
    block_end(f);
}
static inline void enhanced_packet(struct file_bytes *f, uint32_t number, uint64_t stamp,
                                   const void *data, uint32_t captured, uint32_t wire)
{
    block_begin(f, 6);
    put32(f, number);
    put32(f, (uint32_t)(stamp >> 32));
    put32(f, (uint32_t)stamp);
    put32(f, captured);
    put32(f, wire);
    put_bytes(f, data, captured);
    block_end(f);
}

/* A temporary folder, and files in it. */
struct folder {
    char path[TEMPORARY_ROOM];
};

static inline void folder_make(struct folder *d)
{
    temporary_folder(d->path);
}

/* folder_remove: with all that is in it. */
static inline void folder_remove(const struct folder *d)
{
    char command[TEMPORARY_ROOM + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", d->path);
    if (system(command) != 0)
        abort();
}

struct path {
    char text[TEMPORARY_FILE];
};

static inline struct path folder_file(const struct folder *d, const char *name)
{
    struct path p;
    if ((size_t)snprintf(p.text, sizeof p.text, "%s/%s", d->path, name) >= sizeof p.text)
        abort();
    return p;
}

static inline struct path file_write(const struct folder *d, const char *name, const void *data,
                                     size_t len)
{
    struct path p = folder_file(d, name);
    FILE *out = fopen(p.text, "wb");
    if (!out || fwrite(data, 1, len, out) != len || fclose(out))
        abort();
    return p;
}

/* diags_hold: whether a diagnostic of this level holds a text. */
static inline bool diags_hold(const struct diags *diags, enum diag_level level, const char *text)
{
    for (size_t i = 0; i < diags->n; i++)
        if (diags->items[i].level == level && strstr(diags->items[i].text, text))
            return true;
    return false;
}

#endif
