/* Every count of a run as JSON; names come from the tables that the code counts by. */
#include "app/out_stats.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>

static void number(struct json_writer *w, const char *name, uint64_t value)
{
    json_put_key(w, name);
    json_put_u64(w, value);
}

static void object(struct json_writer *w, const char *name)
{
    json_put_key(w, name);
    json_open_object(w);
}

static void put_counters(struct json_writer *w, const struct engine_counters *c, const char *which)
{
#define X(name, unit, what, text) \
    if (strcmp(what, which) == 0) \
        number(w, #name, c->name);
    ENGINE_COUNTERS(X)
#undef X
}

static void put_frames(struct json_writer *w, const struct engine_stats *st)
{
    static const char *const layers[] = {
#define X(s, n, t) n,
        PACKET_LAYERS(X)
#undef X
    };
    static const char *const verdicts[] = {
#define X(s, n, t) n,
        DECODE_VERDICTS(X)
#undef X
    };
    static const char *const linktypes[] = {
#define X(number, n, t) n,
        LINK_TYPES_NAMED(X)
#undef X
    };
    object(w, "frames");
    for (int i = 0; i < PACKET_LAYER_COUNT; i++)
        number(w, layers[i], st->layers[i]);
    json_close_object(w);
    object(w, "verdicts");
    for (int i = 0; i < DECODE_VERDICT_COUNT; i++)
        number(w, verdicts[i], st->verdicts[i]);
    json_close_object(w);
    object(w, "linktypes-not-decoded");
    for (int i = 0; i < LINK_TYPES_NAMED_COUNT; i++)
        if (st->linktypes[i])
            number(w, linktypes[i], st->linktypes[i]);
    json_close_object(w);
}

static void put_commands(struct json_writer *w, const struct engine_stats *st)
{
    object(w, "commands");
    for (int p = PROTOCOL_UNKNOWN + 1; p < PROTOCOL_COUNT; p++) {
        object(w, protocol_words[p].name);
        for (int o = OPERATION_NONE + 1; o < OPERATION_COUNT; o++) {
            uint64_t sum = 0;
            for (int r = 0; r < OUTCOME_COUNT; r++)
                sum += st->commands[p][o][r];
            if (sum == 0)
                continue;
            object(w, operation_words[o].name);
            for (int r = 0; r < OUTCOME_COUNT; r++)
                if (st->commands[p][o][r])
                    number(w, outcome_words[r].name, st->commands[p][o][r]);
            json_close_object(w);
        }
        json_close_object(w);
    }
    json_close_object(w);
}

static void put_sessions(struct json_writer *w, const struct engine_stats *st)
{
    object(w, "sessions");
    for (int p = PROTOCOL_UNKNOWN + 1; p < PROTOCOL_COUNT; p++) {
        uint64_t sum = 0;
        for (int r = 0; r < OUTCOME_COUNT; r++)
            sum += st->sessions[p][r];
        if (sum == 0)
            continue;
        object(w, protocol_words[p].name);
        for (int r = 0; r < OUTCOME_COUNT; r++)
            if (st->sessions[p][r])
                number(w, outcome_words[r].name, st->sessions[p][r]);
        json_close_object(w);
    }
    json_close_object(w);
}

static void put_bytes(struct json_writer *w, const struct engine_stats *st)
{
    object(w, "bytes");
    number(w, "captured", st->counters.bytes_captured);
    number(w, "wire", st->counters.bytes_wire);
    number(w, "payload", st->counters.payload_tcp + st->counters.payload_udp);
    number(w, "offered", st->matcher.bytes_offered);
    number(w, "scanned", st->matcher.bytes_scanned);
    object(w, "skipped");
    number(w, "no-rule", st->matcher.bytes_skipped_no_rule);
    number(w, "encrypted", st->matcher.bytes_skipped_encrypted);
    number(w, "window-full", st->counters.stream_window_full);
    json_close_object(w);
    json_close_object(w);
}

static void put_stages(struct json_writer *w, const struct engine_stats *st)
{
    static const char *const names[] = {
#define X(s, n) n,
        ENGINE_STAGES(X)
#undef X
    };
    object(w, "stage-ns");
    for (int i = 0; i < STAGE_COUNT; i++)
        number(w, names[i], st->stage_ns[i]);
    json_close_object(w);
}

static void put_all(struct json_writer *w, const struct screen *s)
{
    const struct engine_stats *st = s->stats;
    json_open_object(w);
    number(w, "packets", st->counters.packets);
    number(w, "port-packets", st->port_packets);
    number(w, "source-packets", st->source_packets);
    number(w, "source-bytes", st->source_bytes);
    number(w, "inputs", st->inputs);
    number(w, "broken-inputs", st->broken_inputs);
    put_bytes(w, st);
    put_frames(w, st);
    put_commands(w, st);
    put_sessions(w, st);
    number(w, "hits", st->counters.hits);
    number(w, "observations", st->counters.observations);
    number(w, "incidents", s->correlation->incidents);
    number(w, "findings", s->results->raised);
    number(w, "not-raised", s->results->not_raised);
    object(w, "drops");
    put_counters(w, &st->counters, "drop");
    json_close_object(w);
    object(w, "counts");
    put_counters(w, &st->counters, "count");
    json_close_object(w);
    object(w, "correlation");
#define X(name, unit, what, text) number(w, #name, s->correlation->name);
    CORRELATOR_COUNTERS(X)
#undef X
    json_put_key(w, "incidents-by-worker");
    json_open_array(w);
    for (unsigned i = 0; i < s->n_workers; i++)
        json_put_u64(w, s->incidents_by_worker[i]);
    json_close_array(w);
    json_close_object(w);
    object(w, "judge");
#define X(name, unit, what, text) number(w, #name, s->judge->name);
    JUDGE_COUNTERS(X)
#undef X
    json_close_object(w);
    object(w, "matcher");
    number(w, "inputs", st->matcher.inputs);
    number(w, "scans", st->matcher.scans);
    number(w, "look-ups", st->matcher.probes);
    number(w, "literal-hits", st->matcher.literal_hits);
    number(w, "turned-away", st->matcher.turned_away);
    number(w, "candidates", st->matcher.candidates);
    number(w, "confirms", st->matcher.confirms);
    number(w, "pending-over-limit", st->matcher.pending_over_limit);
    number(w, "confirms-cut", st->matcher.confirms_cut);
    number(w, "hits-over-limit", st->matcher.hits_over_limit);
    json_close_object(w);
    put_stages(w, st);
    number(w, "memory-bytes", st->memory_bytes);
    json_put_key(w, "reproducible");
    json_put_bool(w, !st->budget_total_reached);
    json_put_key(w, "seconds");
    json_put_double(w, st->seconds);
    json_close_object(w);
}

int out_stats_write(const char *path, const struct screen *s, struct diags *diags)
{
    struct text out = {0};
    struct json_writer w = json_writer_to(&out);
    put_all(&w, s);
    text_puts(&out, "\n");
    int error = out.failed ? ERR_NOMEM : file_replace(path, out.data, out.len, 0644);
    text_free(&out);
    if (error)
        return diag_error(diags, error, diag_file(path),
                          "choose a place with room that can be written",
                          "cannot write the statistics: %s", strerror(errno));
    return 0;
}
