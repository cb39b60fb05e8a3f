/* Several captures as one sequence in the order (t, input, seq).
 *
 * Inputs are numbered by their first stamp, then by their bytes, so that the numbers do not depend
 * on the order in which the files were named. A heap of the inputs' next frames. The one on top
 * must have moved on before the next frame is known, so an input that must be waited for is waited
 * for by all.
 */
#include "dataplane/capture.h"

#include "base/error.h"
#include "dataplane/input_paths.h"

#include <stdlib.h>
#include <sys/resource.h>

#define SPARE_BLOCKS \
    8 /* beside one for each streamed input: for frames on their way to the workers */

struct input {
    struct capture *capture;
    struct frame frame; /* the next one */
    uint64_t seq;       /* its number within the input */
    uint32_t number;
    uint8_t point;
    bool found; /* in a folder */
};

struct merge {
    struct input *inputs; /* by number - 1 */
    unsigned *heap;       /* of those that have a frame */
    unsigned n, in_heap;
    unsigned paths, broken;
    bool taken; /* the heap's top was handed out; it must move on before the next */
    struct block_pool blocks;
};

static bool frame_before(const struct merge *m, unsigned a, unsigned b)
{
    const struct input *x = &m->inputs[a], *y = &m->inputs[b];
    return x->frame.t != y->frame.t ? x->frame.t < y->frame.t : x->number < y->number;
}

static void sift_down(struct merge *m, unsigned at)
{
    for (;;) {
        unsigned child = 2 * at + 1, item = m->heap[at];
        if (child >= m->in_heap)
            return;
        if (child + 1 < m->in_heap && frame_before(m, m->heap[child + 1], m->heap[child]))
            child++;
        if (!frame_before(m, m->heap[child], item))
            return;
        m->heap[at] = m->heap[child];
        m->heap[child] = item;
        at = child;
    }
}

/* advance: the input's next frame: 1, 0 at its end, ERR_AGAIN. */
static int advance(struct merge *m, struct input *input, struct diags *diags)
{
    int got = capture_next(input->capture, &input->frame, diags);
    if (got == ERR_AGAIN)
        return got;
    m->broken += got < 0;
    input->seq += got == 1;
    return got == 1;
}

static int by_first_stamp(const void *a, const void *b)
{
    const struct input *x = a, *y = b;
    bool x_has = x->seq != 0, y_has = y->seq != 0;
    if (x_has != y_has)
        return x_has ? -1 : 1;
    if (x_has && x->frame.t != y->frame.t)
        return x->frame.t < y->frame.t ? -1 : 1;
    int order = capture_compare(x->capture, y->capture);
    return order ? order : (x->point > y->point) - (x->point < y->point);
}

/* allow_descriptors: each input keeps one open; the usual limit is lower than what the system lets
 * a process ask for. Where it does not, opening says so. */
static void allow_descriptors(size_t n)
{
    struct rlimit limit;
    rlim_t want = n + 64;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
        return;
    limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* leave_out: whether what was found in a folder is no capture at all; what was said of it is then a
 * warning. */
static bool leave_out(const struct input *input, int error, struct diags *said, struct diags *diags)
{
    bool known = input->capture && capture_recognised(input->capture);
    bool out = input->found && error == ERR_CORRUPT && !known;
    diags_move(diags, said, out ? DIAG_WARNING : DIAG_ERROR);
    return out;
}

/* open_inputs: returns the last error, which counts when nothing opened. */
static int open_inputs(struct merge *m, const struct input_paths *paths, const uint8_t *points,
                       struct diags *diags)
{
    int error = paths->error;
    for (size_t i = 0; i < paths->n; i++) {
        struct input *input = &m->inputs[m->n];
        struct diags said = {0};
        *input = (struct input){.found = paths->items[i].found,
                                .point = points ? points[paths->items[i].given] : 0};
        int failed = capture_open(&input->capture, paths->items[i].path, &m->blocks, &said);
        if (!failed) {
            m->n++;
            diags_move(diags, &said, DIAG_ERROR);
        } else if (leave_out(input, failed, &said, diags)) {
            m->paths--;
        } else {
            error = failed;
            m->broken++;
        }
    }
    return error;
}

/* first_frames: of all inputs, which may mean to wait for pipes, one behind the other. */
static int first_frames(struct merge *m, const atomic_bool *stop, struct diags *diags)
{
    int error = 0;
    unsigned kept = 0;
    for (unsigned i = 0; i < m->n; i++) {
        struct input *input = &m->inputs[i];
        struct diags said = {0};
        int got;
        do
            got = capture_next(input->capture, &input->frame, &said);
        while (got == ERR_AGAIN && !(stop && atomic_load_explicit(stop, memory_order_relaxed)));
        input->seq = got == 1;
        bool opened = got >= 0 || got == ERR_AGAIN || capture_recognised(input->capture);
        if (leave_out(input, got, &said, diags)) {
            m->paths--;
        } else if (got < 0 && got != ERR_AGAIN) {
            m->broken++;
            error = got;
        }
        if (opened)
            m->inputs[kept++] = *input;
        else
            capture_close(input->capture);
    }
    m->n = kept;
    return error;
}

static unsigned streamed(const struct merge *m)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->n; i++)
        n += capture_is_streamed(m->inputs[i].capture);
    return n;
}

static int open_all(struct merge *m, const struct input_paths *paths, const uint8_t *points,
                    const atomic_bool *stop, struct diags *diags)
{
    m->paths = (unsigned)(paths->n + paths->broken);
    m->broken = (unsigned)paths->broken;
    m->inputs = calloc(paths->n + 1, sizeof *m->inputs);
    m->heap = calloc(paths->n + 1, sizeof *m->heap);
    if (!m->inputs || !m->heap)
        return ERR_NOMEM;
    allow_descriptors(paths->n);
    int error = open_inputs(m, paths, points, diags);
    unsigned streams = streamed(m);
    if (streams && block_pool_init(&m->blocks, streams + SPARE_BLOCKS))
        return diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL,
                          "no memory for the blocks of %u inputs", streams);
    int failed = first_frames(m, stop, diags);
    if (m->n)
        return 0;
    error = failed ? failed : error;
    return error ? error
                 : diag_error(diags, ERR_NOT_FOUND, diag_file(NULL), NULL,
                              "there is no capture among what was given");
}

int merge_open(struct merge **out, const char *const *paths, const uint8_t *points, size_t n,
               const atomic_bool *stop, struct diags *diags)
{
    *out = NULL;
    if (n == 0)
        return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL, "no capture was given");
    struct merge *m = calloc(1, sizeof *m);
    if (!m)
        return ERR_NOMEM;
    struct input_paths found;
    int error = input_paths_find(&found, paths, n, diags);
    if (!error)
        error = open_all(m, &found, points, stop, diags);
    input_paths_free(&found);
    if (error) {
        merge_close(m);
        return error;
    }
    qsort(m->inputs, m->n, sizeof *m->inputs, by_first_stamp);
    for (unsigned i = 0; i < m->n; i++) {
        m->inputs[i].number = i + 1;
        if (m->inputs[i].seq)
            m->heap[m->in_heap++] = i; /* ascending already, which is a heap */
    }
    *out = m;
    return 0;
}

void merge_close(struct merge *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->n; i++)
        capture_close(m->inputs[i].capture);
    block_pool_free(&m->blocks);
    free(m->inputs);
    free(m->heap);
    free(m);
}

int merge_next(struct merge *m, struct frame *frame, uint32_t *number, uint64_t *seq,
               struct diags *diags)
{
    if (m->taken) {
        int got = advance(m, &m->inputs[m->heap[0]], diags);
        if (got == ERR_AGAIN)
            return got;
        m->taken = false;
        if (got == 0)
            m->heap[0] = m->heap[--m->in_heap];
        sift_down(m, 0);
    }
    if (m->in_heap == 0)
        return 0;
    const struct input *input = &m->inputs[m->heap[0]];
    *frame = input->frame;
    frame->point = input->point;
    *number = input->number;
    *seq = input->seq;
    m->taken = true;
    return 1;
}

void merge_check(struct merge *m, struct diags *diags)
{
    for (unsigned i = 0; i < m->n; i++)
        m->broken += capture_check(m->inputs[i].capture, diags) != 0;
}

size_t merge_bytes(const struct merge *m)
{
    return block_pool_bytes(&m->blocks);
}

struct merge_counts merge_counts(const struct merge *m)
{
    struct merge_counts out = {.inputs = m->paths, .broken = m->broken};
    struct capture_counts *total = &out.total;
    bool any = false;
    for (unsigned i = 0; i < m->n; i++) {
        const struct capture_counts *c = capture_counts(m->inputs[i].capture);
        total->frames += c->frames;
        total->bytes_captured += c->bytes_captured;
        total->bytes_wire += c->bytes_wire;
        total->time_back += c->time_back;
        total->no_stamp += c->no_stamp;
        total->overlong += c->overlong;
        total->blocks_skipped += c->blocks_skipped;
        total->blocks_damaged += c->blocks_damaged;
        total->size += c->size;
        total->position += c->position;
        if (!c->frames)
            continue;
        if (!any || c->first_ns < total->first_ns)
            total->first_ns = c->first_ns;
        if (!any || c->last_ns > total->last_ns)
            total->last_ns = c->last_ns;
        any = true;
    }
    return out;
}
