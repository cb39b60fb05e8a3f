/* bare: plain scanning, the floor that a rule engine must get under. One literal per rule, distinct
 * ones in one Hyperscan database, in streaming mode, over every payload byte. No header, no other
 * condition, no protocol.
 *
 * Reading, decoding, reassembly, compiling and opening the streams happen before the clock starts.
 * Timed is the loop of hs_scan_stream over the recorded payload with a callback that counts, in
 * thread CPU time.
 *
 *   bare [--runs N] [--min LEN] CAPTURE RULES...     --min 4 gives what is called bare4
 */
#include "bench/bare_payload.h"
#include "bench/bare_rules.h"

#include "base/error.h"
#include "base/json.h"

#include <hs/hs.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS_MAX 1000

struct scanner {
    hs_database_t *database;
    hs_scratch_t *scratch;
    hs_stream_t **streams;
    uint32_t n_streams;
    size_t stream_size;
    double compile_seconds;
    uint64_t matches;
};

static double clock_of(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int count(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                 void *ctx)
{
    (void)id, (void)from, (void)to, (void)flags;
    ++*(uint64_t *)ctx;
    return 0;
}

/* patterns_make: each literal as an expression of \xHH alone, so that no byte of it has another
 * meaning. */
static char **patterns_make(const struct bare_literals *l, unsigned *flags)
{
    char **patterns = calloc(l->n + 1, sizeof(char *));
    for (size_t i = 0; patterns && i < l->n; i++) {
        char *p = patterns[i] = malloc(l->items[i].len * 4 + 1);
        if (!p)
            return NULL;
        for (size_t k = 0; k < l->items[i].len; k++)
            p += sprintf(p, "\\x%02x", l->items[i].bytes[k]);
        *p = 0;
        flags[i] = l->items[i].nocase ? HS_FLAG_CASELESS : 0;
    }
    return patterns;
}

static int compile(struct scanner *s, const struct bare_literals *l, struct diags *diags)
{
    unsigned *flags = calloc(l->n + 1, sizeof *flags), *ids = calloc(l->n + 1, sizeof *ids);
    char **patterns = flags && ids ? patterns_make(l, flags) : NULL;
    hs_compile_error_t *fault = NULL;
    hs_error_t error = HS_NOMEM;
    if (patterns) {
        /* Numbers of their own: with one for all, Hyperscan would look for reports to merge, for
         * minutes. */
        for (size_t i = 0; i < l->n; i++)
            ids[i] = (unsigned)i;
        double start = clock_of(CLOCK_THREAD_CPUTIME_ID);
        error = hs_compile_multi((const char *const *)patterns, flags, ids, (unsigned)l->n,
                                 HS_MODE_STREAM, NULL, &s->database, &fault);
        s->compile_seconds = clock_of(CLOCK_THREAD_CPUTIME_ID) - start;
        for (size_t i = 0; i < l->n; i++)
            free(patterns[i]);
        free(patterns);
    }
    free(flags);
    free(ids);
    if (error != HS_SUCCESS) {
        diag_error(diags, ERR_INTERNAL, diag_file(NULL), NULL, "cannot compile the literals: %s",
                   fault ? fault->message : "out of memory");
        hs_free_compile_error(fault);
        return ERR_INTERNAL;
    }
    return 0;
}

static int open_streams(struct scanner *s, uint32_t n, struct diags *diags)
{
    hs_error_t error = hs_alloc_scratch(s->database, &s->scratch);
    if (error == HS_SUCCESS)
        error = hs_stream_size(s->database, &s->stream_size);
    s->streams = calloc((size_t)n + 1, sizeof(hs_stream_t *));
    for (; error == HS_SUCCESS && s->streams && s->n_streams < n; s->n_streams++)
        error = hs_open_stream(s->database, 0, &s->streams[s->n_streams]);
    if (error == HS_SUCCESS && s->streams)
        return 0;
    return diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL, "cannot open %" PRIu32 " streams",
                      n);
}

/* touch: every page of the payload once, so that no run pays for mapping it. */
static unsigned touch(const struct bare_payload *p)
{
    unsigned sum = 0;
    for (size_t i = 0; i < p->n; i++)
        sum += p->spans[i].data[0] + p->spans[i].data[p->spans[i].len - 1];
    return sum;
}

/* scan: one run over everything; its thread CPU time, or less than 0 when Hyperscan fails. */
static double scan(struct scanner *s, const struct bare_payload *p)
{
    for (uint32_t i = 0; i < s->n_streams; i++)
        hs_reset_stream(s->streams[i], 0, s->scratch, NULL, NULL);
    s->matches = 0;
    hs_error_t error = HS_SUCCESS;
    double start = clock_of(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < p->n; i++) {
        const struct bare_span *span = &p->spans[i];
        error |= hs_scan_stream(s->streams[span->stream], (const char *)span->data, span->len, 0,
                                s->scratch, count, &s->matches);
    }
    double seconds = clock_of(CLOCK_THREAD_CPUTIME_ID) - start;
    return error == HS_SUCCESS ? seconds : -1;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void put_number(struct json_writer *w, const char *key, uint64_t value)
{
    json_put_key(w, key);
    json_put_u64(w, value);
}

static void put_seconds(struct json_writer *w, const char *key, double value)
{
    json_put_key(w, key);
    json_put_double(w, value);
}

static void print(const struct scanner *s, const struct bare_literals *l,
                  const struct bare_payload *p, const double *seconds, unsigned runs)
{
    struct text out = {0};
    struct json_writer w = json_writer_to(&out);
    json_open_object(&w);
    put_seconds(&w, "seconds", seconds[runs / 2]);
    put_seconds(&w, "seconds-min", seconds[0]);
    put_seconds(&w, "seconds-max", seconds[runs - 1]);
    json_put_key(&w, "seconds-are");
    json_put_string(
        &w,
        "thread CPU time of the loop of hs_scan_stream over recorded payload, median of the runs; "
        "without reading, decoding, reassembly, compiling, opening and closing streams");
    json_put_key(&w, "streams-are");
    json_put_string(&w, "one for each direction of a TCP connection and of a UDP flow");
    put_number(&w, "runs", runs);
    put_number(&w, "rules", l->rules);
    put_number(&w, "rules-without-content", l->no_content);
    put_number(&w, "literals", l->n);
    put_number(&w, "packets", p->packets);
    put_number(&w, "payload", p->offered);
    put_number(&w, "bytes", p->bytes);
    put_number(&w, "duplicate", p->duplicate);
    put_number(&w, "spans", p->n);
    put_number(&w, "streams", p->streams);
    put_number(&w, "stream-bytes", s->stream_size);
    put_number(&w, "gaps", p->gaps);
    put_number(&w, "gap-bytes", p->gap_bytes);
    put_number(&w, "matches", s->matches);
    put_seconds(&w, "compile-seconds", s->compile_seconds);
    json_put_key(&w, "hyperscan");
    json_put_string(&w, hs_version());
    json_close_object(&w);
    printf("%s\n", text_str(&out));
    text_free(&out);
}

static int measure(const struct bare_literals *l, const struct bare_payload *p, unsigned runs,
                   struct diags *diags)
{
    struct scanner s = {0};
    double seconds[RUNS_MAX];
    int error = compile(&s, l, diags);
    if (!error)
        error = open_streams(&s, p->streams, diags);
    fprintf(stderr, "payload recorded (sum %u)\n", touch(p));
    for (unsigned i = 0; !error && i < runs; i++) {
        seconds[i] = scan(&s, p);
        if (seconds[i] < 0)
            error = diag_error(diags, ERR_INTERNAL, diag_file(NULL), NULL, "hs_scan_stream failed");
    }
    if (!error) {
        qsort(seconds, runs, sizeof *seconds, ascending);
        print(&s, l, p, seconds, runs);
    }
    for (uint32_t i = 0; i < s.n_streams; i++)
        hs_close_stream(s.streams[i], NULL, NULL, NULL);
    free(s.streams);
    hs_free_scratch(s.scratch);
    hs_free_database(s.database);
    return error;
}

static unsigned long option_value(int argc, char **argv, int *at, const char *name,
                                  unsigned long fallback)
{
    if (*at + 1 >= argc || strcmp(argv[*at], name) != 0)
        return fallback;
    *at += 2;
    return strtoul(argv[*at - 1], NULL, 10);
}

int main(int argc, char **argv)
{
    int at = 1;
    unsigned long runs = option_value(argc, argv, &at, "--runs", 1);
    unsigned long min = option_value(argc, argv, &at, "--min", 1);
    if (argc - at < 2 || runs < 1 || runs > RUNS_MAX || min < 1) {
        fprintf(stderr, "usage: bare [--runs 1..%d] [--min LEN] CAPTURE RULES...\n", RUNS_MAX);
        return 2;
    }
    struct diags diags = {0};
    struct bare_literals literals = {0};
    struct bare_payload payload = {0};
    int error = 0;
    for (int i = at + 1; !error && i < argc; i++)
        error = bare_rules_read(&literals, argv[i], &diags);
    bare_literals_distinct(&literals, min);
    if (!error && literals.n == 0)
        error = diag_error(&diags, ERR_SCHEMA, diag_file(NULL), NULL,
                           "no rule has a content of %lu bytes", min);
    if (!error)
        error = bare_payload_read(&payload, argv[at], &diags);
    if (!error)
        error = measure(&literals, &payload, (unsigned)runs, &diags);
    diags_print(&diags, stderr);
    diags_free(&diags);
    bare_payload_free(&payload);
    bare_literals_free(&literals);
    return error ? 3 : 0;
}
