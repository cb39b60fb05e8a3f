/* Frames of fragments are copied, because a capture shows a frame only until the next; everything
 * else is seen in place. What a fragment came in may be several frames: those of a tunnel's packet
 * that was itself in fragments. So with each fragment a list of frames waits, and the lists of a
 * datagram's fragments become that of the datagram.
 */
#include "dataplane/reread.h"

#include "base/error.h"
#include "dataplane/decode.h"
#include "dataplane/defrag.h"

#include <stdlib.h>
#include <string.h>

struct reread {
    struct merge *merge;
    struct intake *intake;
    struct defrag_pools pools;
    struct defrag_shard shards[SHARDS];
    uint64_t frames;
    uint64_t uncounted; /* what defragmentation counts was counted in the run */
    struct packet pkt, whole;
    uint8_t *room; /* for a datagram that was made whole */
    struct defrag_watch watch;
    struct reread_frame here;    /* a frame that is seen in place */
    struct reread_frame *copied; /* of the packet under way, where it came in several */
    struct reread_frame *kept;   /* or: it is a fragment that waits, and they with it */
    bool no_memory;
};

static void free_frames(struct reread_frame *list)
{
    while (list) {
        struct reread_frame *next = list->next;
        free(list);
        list = next;
    }
}

/* insert: in the order in which they came. */
static void insert(struct reread_frame **list, struct reread_frame *frame)
{
    while (*list && (*list)->number < frame->number)
        list = &(*list)->next;
    frame->next = *list;
    *list = frame;
}

/* copy_frame: of the frame that is seen in place; NULL without memory, which is noted. */
static struct reread_frame *copy_frame(struct reread *r)
{
    struct reread_frame *copy = malloc(sizeof *copy + r->here.frame.captured);
    if (!copy) {
        r->no_memory = true;
        return NULL;
    }
    *copy = r->here;
    copy->frame.data = memcpy(copy + 1, r->here.frame.data, r->here.frame.captured);
    copy->frame.block = NULL;
    return copy;
}

/* keep: for a fragment: the frames that the packet under way came in. */
static void *keep(void *ctx)
{
    struct reread *r = ctx;
    r->kept = r->copied ? r->copied : copy_frame(r);
    r->copied = NULL;
    return r->kept;
}

static void given_back(void *ctx, void *kept, bool whole)
{
    struct reread *r = ctx;
    struct reread_frame *list = kept;
    if (list == r->kept)
        r->kept = NULL;
    if (!whole) {
        free_frames(list);
        return;
    }
    while (list) {
        struct reread_frame *next = list->next;
        insert(&r->copied, list);
        list = next;
    }
}

static struct defrag defrag_of(struct reread *r, unsigned shard)
{
    uint64_t *n = &r->uncounted;
    return (struct defrag){
        .pools = &r->pools,
        .shard = &r->shards[shard],
        .count = {n, n, n, n, n, n, n},
        .watch = &r->watch,
    };
}

int reread_open(struct reread **out, const char *const *captures, const uint8_t *points, size_t n,
                const struct engine_limits *limits, struct diags *diags)
{
    struct reread *r = *out = calloc(1, sizeof *r);
    if (!r)
        return ERR_NOMEM;
    for (unsigned i = 0; i < SHARDS; i++)
        defrag_shard_init(&r->shards[i]);
    r->watch = (struct defrag_watch){keep, given_back, r};
    r->room = malloc(DATAGRAM_MAX);
    int error = r->room ? merge_open(&r->merge, captures, points, n, NULL, diags) : ERR_NOMEM;
    if (!error)
        error = intake_open(&r->intake, &limits->intake, merge_counts(r->merge).inputs, diags);
    if (!error && intake_mirror(r->intake))
        mirror_watch(intake_mirror(r->intake), &r->watch);
    if (!error)
        error = defrag_pools_init(&r->pools, limits->datagrams, limits->fragments);
    if (error) {
        reread_close(r);
        *out = NULL;
    }
    return error;
}

/* done_with_packet: frames that wait for others are not among those copied any more. */
static void done_with_packet(struct reread *r)
{
    free_frames(r->copied);
    r->copied = r->kept = NULL;
}

void reread_close(struct reread *r)
{
    if (!r)
        return;
    done_with_packet(r);
    for (unsigned i = 0; i < SHARDS && r->pools.fragments.memory; i++) {
        struct defrag d = defrag_of(r, i);
        defrag_end(&d);
    }
    defrag_pools_free(&r->pools);
    intake_close(r->intake);
    merge_close(r->merge);
    free(r->room);
    free(r);
}

/* make_whole: as long as fragments complete something. */
static void make_whole(struct reread *r, struct reread_packet *out)
{
    enum defrag_result result = DEFRAG_WHOLE;
    while (result == DEFRAG_WHOLE && out->pkt->verdict == DECODE_FRAGMENT) {
        struct defrag d = defrag_of(r, out->pkt->shard);
        result = defrag_packet(&d, &out->pkt, &out->data, &r->whole, r->room);
    }
}

int reread_next(struct reread *r, struct reread_packet *out, struct diags *diags)
{
    done_with_packet(r);
    for (;;) {
        struct frame frame;
        uint32_t input;
        uint64_t seq;
        int got = merge_next(r->merge, &frame, &input, &seq, diags);
        if (got == 0)
            return 0;
        if (got != 1)
            continue;
        r->here = (struct reread_frame){.frame = frame, .number = ++r->frames};
        uint8_t flags = 0;
        if (!intake_takes(r->intake, &frame, input, &flags))
            continue;
        intake_packet(&r->pkt, &frame, input, seq, flags);
        decode_frame(&r->pkt, frame.data, frame.captured);
        *out = (struct reread_packet){&r->pkt, frame.data, NULL};
        r->kept = NULL; /* what waits of a mirror is no packet */
        make_whole(r, out);
        out->frames = r->copied ? r->copied : r->kept ? r->kept : &r->here;
        return r->no_memory ? ERR_NOMEM : 1;
    }
}

uint64_t reread_frames(const struct reread *r)
{
    return r->frames;
}
