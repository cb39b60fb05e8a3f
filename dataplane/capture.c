/* A capture: a source of bytes, the format they are in, and the order of its frames.
 *
 * The formats (pcap_file, pcapng_file) read frames as they stand; here they are numbered, counted,
 * and given a time that never goes back.
 *
 * A mapped file may become shorter while it is read: what it lost then reads as zeros (file_map.h).
 * So its frames are read in batches, and a batch counts once the file is seen to be as long as
 * before. Frames that were handed on can still lose their bytes before a worker looks at them;
 * capture_check finds that at the end, and it is told then, since it cannot be mended.
 */
#include "dataplane/capture.h"

#include "base/error.h"
#include "dataplane/pcap_file.h"
#include "dataplane/pcapng_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64 /* frames of a mapped file between two looks at its length */

/* The format of a source. */
struct format_file {
    struct source *source;
    const struct format *format; /* NULL: not known yet */
    union {
        struct pcap_file pcap;
        struct pcapng_file pcapng;
    };
};

struct format {
    bool (*is)(const uint8_t *data, size_t size);
    int (*open)(struct format_file *f, struct diags *diags);
    int (*next)(struct format_file *f, struct frame *frame, uint64_t number, struct diags *diags);
};

static int open_pcap(struct format_file *f, struct diags *diags)
{
    return pcap_file_open(&f->pcap, f->source, diags);
}
static int next_pcap(struct format_file *f, struct frame *frame, uint64_t number,
                     struct diags *diags)
{
    return pcap_file_next(&f->pcap, frame, number, diags);
}
static int open_pcapng(struct format_file *f, struct diags *diags)
{
    return pcapng_file_open(&f->pcapng, f->source, diags);
}
static int next_pcapng(struct format_file *f, struct frame *frame, uint64_t number,
                       struct diags *diags)
{
    return pcapng_file_next(&f->pcapng, frame, number, diags);
}

static const struct format formats[] = {
    {pcap_file_is, open_pcap, next_pcap},
    {pcapng_file_is, open_pcapng, next_pcapng},
};

/* One owner. */
struct capture {
    char *path, *name; /* as it was given; as it is called in diagnostics */
    struct source source;
    struct format_file file;
    /* Frames that were read and not given yet, and how reading went on behind them: 1, 0 or an
     * error, with what it said. */
    struct frame batch[BATCH];
    uint64_t batch_end[BATCH]; /* of each frame in the file */
    unsigned n, given;
    int after;
    struct diags said;
    bool ended, failed;
    uint64_t given_end; /* of the frame given last, in the file */
    int64_t last;       /* time of the last frame, 0 before the first stamp */
    struct capture_counts counts;
};

/* Packings that are known and not read; rows: first bytes, name, the program that unpacks it. */
static const struct {
    uint8_t magic[4];
    uint8_t len;
    const char *name, *hint;
} packed[] = {
    {{0xfd, '7', 'z', 'X'}, 4, "xz", "unpack it first: xz -dc FILE | plimsoll replay -"},
    {{'B', 'Z', 'h'}, 3, "bzip2", "unpack it first: bzip2 -dc FILE | plimsoll replay -"},
    {{0x04, 0x22, 0x4d, 0x18}, 4, "lz4", "unpack it first: lz4 -dc FILE | plimsoll replay -"},
};

/* open_format: find the format and read its header. 0, ERR_AGAIN, or an error with a diagnostic. */
static int open_format(struct format_file *f, struct diags *diags)
{
    struct source *s = f->source;
    struct diag_pos pos = diag_file(s->name);
    int got = source_want(s, 4);
    if (got < 0)
        return got;
    if (got == 0 && s->failure)
        return source_end(s, 0, diags);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!formats[i].is(s->at, s->ready))
            continue;
        int error = formats[i].open(f, diags);
        if (error != ERR_AGAIN)
            f->format = &formats[i];
        return error;
    }
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (s->ready >= packed[i].len && memcmp(s->at, packed[i].magic, packed[i].len) == 0)
            return diag_error(diags, ERR_UNSUPPORTED, pos, packed[i].hint,
                              "a file packed with %s is not read in this build", packed[i].name);
    return diag_error(diags, ERR_CORRUPT, pos, "captures are files in pcap or pcapng format",
                      s->ready ? "not a capture: its first bytes are those of no known format"
                               : "nothing came from it: not a capture");
}

static void close_format(struct format_file *f)
{
    if (f->format && f->format->open == open_pcapng)
        pcapng_file_close(&f->pcapng);
}

int capture_open(struct capture **out, const char *path, struct block_pool *pool,
                 struct diags *diags)
{
    *out = NULL;
    struct capture *c = calloc(1, sizeof *c);
    if (c) {
        c->path = strdup(path);
        c->name = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
    }
    if (!c || !c->path || !c->name) {
        capture_close(c);
        return diag_error(diags, ERR_NOMEM, diag_file(path), NULL, "out of memory");
    }
    c->file.source = &c->source;
    c->after = 1;
    int error = source_open(&c->source, path, c->name, pool, diags);
    if (error) {
        capture_close(c);
        return error;
    }
    source_progress(&c->source, &c->counts.position, &c->counts.size);
    *out = c;
    return 0;
}

void capture_close(struct capture *c)
{
    if (c == NULL)
        return;
    close_format(&c->file);
    source_close(&c->source);
    diags_free(&c->said);
    free(c->path);
    free(c->name);
    free(c);
}

/* read_frame: one frame behind those of the batch. */
static int read_frame(struct capture *c)
{
    int got = c->file.format ? 0 : open_format(&c->file, &c->said);
    if (got)
        return got;
    got = c->file.format->next(&c->file, &c->batch[c->n], c->counts.frames + c->n + 1, &c->said);
    if (got == 1)
        c->batch_end[c->n++] = c->source.position;
    return got;
}

/* count_whole: packets in the first `size` bytes of the map. */
static uint64_t count_whole(const struct capture *c, size_t size)
{
    struct source part = source_over(&c->source, size);
    struct format_file file = {.source = &part};
    struct diags unsaid = {.limit = 1};
    struct frame frame;
    uint64_t n = 0;
    int got = open_format(&file, &unsaid);
    if (!got)
        while ((got = file.format->next(&file, &frame, n + 1, &unsaid)) == 1)
            n++;
    close_format(&file);
    diags_free(&unsaid);
    return n;
}

static int say_shrunk(const struct capture *c, uint64_t given, struct diags *diags)
{
    uint64_t whole = count_whole(c, c->source.map_size);
    struct diag_pos pos = {.file = c->name, .packet = whole + 1};
    if (c->given_end <= c->source.map_size)
        return diag_error(diags, ERR_TRUNCATED, pos, "the packets before it are good",
                          "the file became shorter while it was read: it has %zu of %zu bytes left"
                          " and ends before the end of packet %" PRIu64,
                          c->source.map_size, c->source.map.size, whole + 1);
    return diag_error(diags, ERR_TRUNCATED, pos, "the packets before it are good",
                      "the file became shorter while it was read: it has %zu of %zu bytes left, and"
                      " what was seen of packets %" PRIu64 " to %" PRIu64
                      " may not be what they were",
                      c->source.map_size, c->source.map.size, whole + 1, given);
}

/* read_batch: as many frames as may be read ahead: of a stream one, since the next may move its
 * bytes. */
static void read_batch(struct capture *c)
{
    unsigned limit = source_is_mapped(&c->source) ? BATCH : 1;
    c->n = c->given = 0;
    do
        c->after = read_frame(c);
    while (c->after == 1 && c->n < limit);
    (void)source_shrunk(&c->source);
    if (c->source.map_size == c->source.map.size)
        return;
    unsigned read = c->n;
    while (c->n && c->batch_end[c->n - 1] > c->source.map_size)
        c->n--;
    if (c->after == 1 && c->n == read)
        return; /* what is left is read first */
    diags_free(&c->said);
    c->after = say_shrunk(c, c->counts.frames, &c->said);
}

/* A time that never goes back: a smaller stamp, or none, gets the time already reached. */
static void settle_time(struct capture *c, struct frame *frame)
{
    if (frame->flags & FRAME_NO_STAMP) {
        c->counts.no_stamp++;
        frame->late_ns = FRAME_LATE_UNKNOWN;
        frame->t = c->last;
    } else if (c->counts.frames > 0 && frame->t < c->last) {
        c->counts.time_back++;
        frame->flags |= FRAME_TIME_BACK;
        frame->late_ns = (uint64_t)c->last - (uint64_t)frame->t;
        frame->t = c->last;
    }
    c->last = frame->t;
}

static void give(struct capture *c, struct frame *frame)
{
    struct capture_counts *counts = &c->counts;
    c->given_end = c->batch_end[c->given];
    *frame = c->batch[c->given++];
    settle_time(c, frame);
    if (counts->frames++ == 0)
        counts->first_ns = frame->t;
    counts->last_ns = frame->t;
    frame->number = counts->frames;
    counts->overlong += !!(frame->flags & FRAME_OVERLONG);
    counts->bytes_captured += frame->captured;
    counts->bytes_wire += frame->wire;
}

static void count_source(struct capture *c)
{
    source_progress(&c->source, &c->counts.position, &c->counts.size);
    if (c->file.format && c->file.format->open == open_pcapng) {
        c->counts.blocks_skipped = c->file.pcapng.skipped;
        c->counts.blocks_damaged = c->file.pcapng.damaged;
    }
}

int capture_next(struct capture *c, struct frame *frame, struct diags *diags)
{
    if (c->ended)
        return 0;
    if (c->given == c->n && c->after == 1) {
        read_batch(c);
        count_source(c);
        if (c->after == 1 || c->after == ERR_AGAIN)
            diags_move(diags, &c->said, DIAG_ERROR);
    }
    if (c->given < c->n) {
        give(c, frame);
        return 1;
    }
    if (c->after == ERR_AGAIN) {
        c->after = 1;
        return ERR_AGAIN;
    }
    diags_move(diags, &c->said, DIAG_ERROR);
    c->ended = true;
    c->failed = c->after < 0;
    return c->after;
}

int capture_check(struct capture *c, struct diags *diags)
{
    if (c->failed || !source_shrunk(&c->source) || c->given_end <= c->source.map_size)
        return 0;
    c->failed = true;
    return say_shrunk(c, c->counts.frames, diags);
}

const struct capture_counts *capture_counts(const struct capture *c)
{
    return &c->counts;
}

const char *capture_path(const struct capture *c)
{
    return c->path;
}

bool capture_is_streamed(const struct capture *c)
{
    return !source_is_mapped(&c->source);
}

bool capture_recognised(const struct capture *c)
{
    return c->file.format != NULL;
}

static int compare_bytes(struct bytes x, struct bytes y)
{
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

int capture_compare(const struct capture *a, const struct capture *b)
{
    int order = compare_bytes(source_head(&a->source), source_head(&b->source));
    if (order)
        return order;
    bool streamed = capture_is_streamed(a);
    if (streamed != capture_is_streamed(b))
        return streamed ? 1 : -1;
    if (streamed)
        return strcmp(a->path, b->path);
    const struct file_map *x = &a->source.map, *y = &b->source.map;
    return compare_bytes((struct bytes){x->data, x->size}, (struct bytes){y->data, y->size});
}
