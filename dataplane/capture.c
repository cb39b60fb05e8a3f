/* A capture: a mapped file, its format, and the order of its frames.
 *
 * The formats (pcap_file, pcapng_file) read frames as they stand; here they are numbered, counted,
 * and given a time that never goes back.
 */
#include "dataplane/capture.h"

#include "base/bytes.h"
#include "base/error.h"
#include "dataplane/pcap_file.h"
#include "dataplane/pcapng_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum capture_format { FORMAT_PCAP, FORMAT_PCAPNG };

/* One owner. The map is private and read-only; frames point into it. */
struct capture {
    char *path;
    const uint8_t *data; /* NULL while nothing is mapped */
    size_t size;
    enum capture_format format;
    union {
        struct pcap_file pcap;
        struct pcapng_file pcapng;
    };
    bool ended;
    int64_t last; /* time of the last frame, 0 before the first stamp */
    struct capture_counts counts;
};

/* Files that hold captures but are packed; rows: first bytes, name, the program that unpacks it. */
static const struct {
    uint8_t magic[4];
    uint8_t len;
    const char *name, *hint;
} packed[] = {
    {{0x1f, 0x8b}, 2, "gzip", "unpack it first with gunzip"},
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, "zstd", "unpack it first with unzstd"},
    {{0xfd, '7', 'z', 'X'}, 4, "xz", "unpack it first with unxz"},
    {{0x04, 0x22, 0x4d, 0x18}, 4, "lz4", "unpack it first with unlz4"},
};

static int map_file(struct capture *c, struct diags *diags)
{
    struct diag_pos pos = diag_file(c->path);
    const char *regular = "give the path of a regular file";
    if (strcmp(c->path, "-") == 0)
        return diag_error(diags, ERR_UNSUPPORTED, pos, regular,
                          "reading a capture from standard input is not in this build");
    /* Without O_NONBLOCK the open of a FIFO would wait for its writer. */
    int fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        int error = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
        return diag_error(diags, error, pos, NULL, "cannot open: %s", strerror(errno));
    }
    int error = 0;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        error = diag_error(diags, ERR_IO, pos, NULL, "cannot be examined: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        error = diag_error(diags, ERR_UNSUPPORTED, pos, regular, "%s cannot be read as a capture",
                           S_ISDIR(st.st_mode)    ? "a directory"
                           : S_ISFIFO(st.st_mode) ? "in this build a pipe"
                                                  : "what is not a regular file");
    } else if (st.st_size == 0) {
        error = diag_error(diags, ERR_CORRUPT, pos, NULL, "the file is empty: not a capture");
    } else {
        c->size = (size_t)st.st_size;
        void *map = mmap(NULL, c->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            error = diag_error(diags, ERR_UNSUPPORTED, pos, "copy it to a local file system",
                               "cannot be mapped into memory: %s", strerror(errno));
        } else {
            c->data = map;
            (void)madvise(map, c->size, MADV_SEQUENTIAL); /* advice only */
        }
    }
    close(fd);
    return error;
}

static int open_format(struct capture *c, struct diags *diags)
{
    struct diag_pos pos = diag_file(c->path);
    if (pcapng_file_is(c->data, c->size)) {
        c->format = FORMAT_PCAPNG;
        return pcapng_file_open(&c->pcapng, c->data, c->size, c->path, diags);
    }
    if (pcap_file_is(c->data, c->size)) {
        c->format = FORMAT_PCAP;
        return pcap_file_open(&c->pcap, c->data, c->size, c->path, diags);
    }
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (c->size >= packed[i].len && memcmp(c->data, packed[i].magic, packed[i].len) == 0)
            return diag_error(diags, ERR_UNSUPPORTED, pos, packed[i].hint,
                              "a file packed with %s is not read in this build", packed[i].name);
    return diag_error(diags, ERR_CORRUPT, pos, "captures are files in pcap or pcapng format",
                      "not a capture: its first bytes are those of no known format");
}

int capture_open(struct capture **out, const char *path, struct diags *diags)
{
    *out = NULL;
    struct capture *c = calloc(1, sizeof *c);
    if (c == NULL || (c->path = strdup(path)) == NULL) {
        free(c);
        return diag_error(diags, ERR_NOMEM, diag_file(path), NULL, "out of memory");
    }
    int error = map_file(c, diags);
    if (error == 0)
        error = open_format(c, diags);
    if (error) {
        capture_close(c);
        return error;
    }
    c->counts.size = c->size;
    *out = c;
    return 0;
}

void capture_close(struct capture *c)
{
    if (c == NULL)
        return;
    if (c->format == FORMAT_PCAPNG)
        pcapng_file_close(&c->pcapng);
    if (c->data != NULL)
        munmap((void *)(uintptr_t)c->data, c->size);
    free(c->path);
    free(c);
}

/* A time that never goes back: a smaller stamp, or none, gets the time already reached. */
static void settle_time(struct capture *c, struct frame *frame)
{
    if (frame->flags & FRAME_NO_STAMP) {
        c->counts.no_stamp++;
        frame->t = c->last;
    } else if (c->counts.frames > 0 && frame->t < c->last) {
        c->counts.time_back++;
        frame->flags |= FRAME_TIME_BACK;
        frame->t = c->last;
    }
    c->last = frame->t;
}

int capture_next(struct capture *c, struct frame *frame, struct diags *diags)
{
    if (c->ended)
        return 0;
    struct capture_counts *counts = &c->counts;
    int got;
    if (c->format == FORMAT_PCAP) {
        got = pcap_file_next(&c->pcap, frame, counts->frames + 1, diags);
        counts->position = c->pcap.at;
    } else {
        got = pcapng_file_next(&c->pcapng, frame, counts->frames + 1, diags);
        counts->position = c->pcapng.at;
        counts->blocks_skipped = c->pcapng.skipped;
        counts->blocks_damaged = c->pcapng.damaged;
    }
    if (got <= 0) {
        c->ended = true;
        return got;
    }
    settle_time(c, frame);
    if (counts->frames++ == 0)
        counts->first_ns = frame->t;
    counts->last_ns = frame->t;
    frame->number = counts->frames;
    counts->bytes_captured += frame->captured;
    counts->bytes_wire += frame->wire;
    return 1;
}

const struct capture_counts *capture_counts(const struct capture *c)
{
    return &c->counts;
}

const char *capture_path(const struct capture *c)
{
    return c->path;
}

int capture_compare(const struct capture *a, const struct capture *b)
{
    int order = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}
