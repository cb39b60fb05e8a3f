/* The way of events from the workers to a file. A failure of the file is kept and told at the end;
 * until then events are taken and dropped, so that no worker waits for ever. */
#include "app/eve.h"

#include "app/out_eve.h"
#include "base/error.h"
#include "base/idle.h"
#include "correlate/ordered_merge.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RING_EVENTS 2048

struct eve {
    const char *path;
    FILE *file;
    unsigned types, workers;
    struct merge_input inputs[CORRELATOR_WORKERS_MAX]; /* of the writer: a ring and a mark each */
    struct watermark *marks;                           /* by worker */
    struct eve_writer writer;
    pthread_t thread;
    bool started;
    int failed_errno; /* of the first write that failed; the writer's until it has ended */
};

static bool take(void *ctx, unsigned worker, const struct line_event *event)
{
    const struct eve *e = ctx;
    if (!(e->types >> eve_type_of(event) & 1))
        return true;
    return ring_push(e->inputs[worker].ring, event);
}

static void reached(void *ctx, unsigned worker, struct order mark)
{
    const struct eve *e = ctx;
    watermark_publish(&e->marks[worker], mark);
}

struct engine_events eve_events(struct eve *e)
{
    return (struct engine_events){.ctx = e, .take = take, .reached = reached};
}

static void write_event(struct eve *e, const struct line_event *event)
{
    const struct text *line = eve_line(&e->writer, event);
    if (line->len && !e->failed_errno && fwrite(line->data, 1, line->len, e->file) != line->len)
        e->failed_errno = errno;
    if (line->failed && !e->failed_errno)
        e->failed_errno = ENOMEM;
}

static void *writer_main(void *ctx)
{
    struct eve *e = ctx;
    struct idle idle = {0};
    for (;;) {
        struct merge_result next =
            ordered_merge(e->inputs, e->workers, offsetof(struct line_event, obs.order));
        if (next.head) {
            write_event(e, next.head);
            ring_drop(e->inputs[next.producer].ring);
            idle = (struct idle){0};
        } else if (next.safe.t == INT64_MAX) {
            return NULL;
        } else {
            idle_wait(&idle);
        }
    }
}

int eve_open(struct eve **out, const char *path, unsigned types, unsigned workers,
             const struct policies *policies, struct diags *diags)
{
    struct eve *e = calloc(1, sizeof *e);
    *out = NULL;
    if (!e)
        return ERR_NOMEM;
    e->path = path;
    e->types = types;
    e->workers = workers;
    e->marks = aligned_alloc(64, workers * sizeof *e->marks);
    int error = e->marks ? eve_writer_init(&e->writer, policies) : ERR_NOMEM;
    for (unsigned w = 0; w < workers && !error; w++) {
        memset(&e->marks[w], 0, sizeof e->marks[w]);
        watermark_publish(&e->marks[w], ORDER_MIN);
        e->inputs[w] =
            (struct merge_input){ring_create(RING_EVENTS, sizeof(struct line_event)), &e->marks[w]};
        error = e->inputs[w].ring ? 0 : ERR_NOMEM;
    }
    if (!error && !(e->file = fopen(path, "we")))
        error = diag_error(diags, ERR_IO, diag_file(path), NULL, "cannot write events: %s",
                           strerror(errno));
    if (error) {
        eve_close(e);
        return error;
    }
    *out = e;
    return 0;
}

int eve_start(struct eve *e, struct diags *diags)
{
    if (pthread_create(&e->thread, NULL, writer_main, e))
        return diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL,
                          "cannot start the thread that writes events");
    e->started = true;
    return 0;
}

int eve_finish(struct eve *e, struct diags *diags)
{
    pthread_join(e->thread, NULL);
    e->started = false;
    if (fclose(e->file) && !e->failed_errno)
        e->failed_errno = errno;
    e->file = NULL;
    if (e->failed_errno)
        return diag_error(diags, ERR_IO, diag_file(e->path), NULL, "cannot write events: %s",
                          strerror(e->failed_errno));
    return 0;
}

const uint64_t *eve_fates(const struct eve *e)
{
    return e->writer.fates;
}

void eve_close(struct eve *e)
{
    if (!e)
        return;
    if (e->started) { /* the engine never ran */
        for (unsigned w = 0; w < e->workers; w++)
            reached(e, w, ORDER_MAX);
        pthread_join(e->thread, NULL);
    }
    for (unsigned w = 0; w < e->workers; w++)
        if (e->inputs[w].ring)
            ring_destroy(e->inputs[w].ring);
    if (e->file)
        fclose(e->file);
    eve_writer_free(&e->writer);
    free(e->marks);
    free(e);
}
