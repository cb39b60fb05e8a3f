/* Several captures as one sequence in the order (t, input, seq).
 *
 * Inputs are numbered by their first stamp, then by their bytes, so that the numbers do not depend
 * on the order in which the files were named. A heap of the inputs' next frames.
 */
#include "dataplane/capture.h"

#include "base/error.h"

#include <stdlib.h>

struct input {
    struct capture *capture;
    struct frame frame; /* the next one */
    uint64_t seq;       /* its number within the input */
    uint32_t number;
};

struct merge {
    struct input *inputs; /* by number - 1 */
    unsigned *heap;       /* of those that have a frame */
    unsigned n, in_heap;
    unsigned paths, broken;
    bool taken; /* the heap's top was handed out; it must move on before the next */
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

/* advance: the input's next frame; false at its end. */
static bool advance(struct merge *m, struct input *input, struct diags *diags)
{
    int got = capture_next(input->capture, &input->frame, diags);
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
    return capture_compare(x->capture, y->capture);
}

int merge_open(struct merge **out, const char *const *paths, size_t n, struct diags *diags)
{
    *out = NULL;
    if (n == 0)
        return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL, "no capture was given");
    struct merge *m = calloc(1, sizeof *m);
    if (!m)
        return ERR_NOMEM;
    int error = 0;
    m->paths = (unsigned)n;
    m->inputs = calloc(n, sizeof *m->inputs);
    m->heap = calloc(n, sizeof *m->heap);
    if (!m->inputs || !m->heap) {
        merge_close(m);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        struct input *input = &m->inputs[m->n];
        int failed = capture_open(&input->capture, paths[i], diags);
        if (failed) {
            error = failed;
            m->broken++;
            continue;
        }
        m->n++;
        advance(m, input, diags);
    }
    if (m->n == 0) {
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
    free(m->inputs);
    free(m->heap);
    free(m);
}

int merge_next(struct merge *m, struct frame *frame, uint32_t *number, uint64_t *seq,
               struct diags *diags)
{
    if (m->taken) {
        m->taken = false;
        if (!advance(m, &m->inputs[m->heap[0]], diags))
            m->heap[0] = m->heap[--m->in_heap];
        sift_down(m, 0);
    }
    if (m->in_heap == 0)
        return 0;
    const struct input *input = &m->inputs[m->heap[0]];
    *frame = input->frame;
    *number = input->number;
    *seq = input->seq;
    m->taken = true;
    return 1;
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
