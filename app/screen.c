/* The screen: findings by line, what was not raised and why, coverage, rates, the ledger. */
#include "app/screen.h"

#include "rules/threshold.h"
#include "base/time_point.h"

#include <string.h>

#define ROWS_MAX 20 /* of a list; the rest is counted */

/* "2026-03-01 00:12:04.120000" for people; the ledger has every nanosecond. */
static const char *when(char out[TIME_TEXT_ROOM], int64_t ns)
{
    time_format(out, ns);
    out[10] = ' ';
    out[26] = '\0';
    return out;
}

#define ERROR_TEXT_ROOM (TIME_TEXT_ROOM + 4)
static const char *plus_minus(char out[ERROR_TEXT_ROOM], uint64_t error_ns)
{
    if (error_ns == TIME_ERROR_UNKNOWN)
        return "clock error unknown";
    char duration[TIME_TEXT_ROOM];
    duration_format(duration, (int64_t)error_ns);
    snprintf(out, ERROR_TEXT_ROOM, "+- %s", duration);
    return out;
}

static void print_assets(FILE *out, const struct result *r)
{
    for (unsigned i = 0; i < r->n_assets; i++)
        fprintf(out, "%s%s", i ? ", " : "", r->assets[i]);
    if (r->assets_total > r->n_assets)
        fprintf(out, " and %u more", r->assets_total - r->n_assets);
}

static void print_finding(FILE *out, const struct result *r)
{
    char first[TIME_TEXT_ROOM], last[TIME_TEXT_ROOM], error[ERROR_TEXT_ROOM],
        from[ADDRESS_TEXT_ROOM];
    fprintf(out, "  %-8s %-7s severity %-3d %-13s %s%s\n", r->line, r->sector, r->severity,
            outcome_words[r->outcome].name, r->id, r->open ? "  (open at end)" : "");
    fprintf(out, "    on    ");
    print_assets(out, r);
    fprintf(out, ", %lu acts\n", r->count);
    fprintf(out, "    from  %s (%s)\n", address_format(from, &r->source), r->headline);
    fprintf(out, "    when  %s to %s UTC, %s\n", when(first, r->first_ns), when(last, r->last_ns),
            plus_minus(error, r->time_error_ns));
}

static void print_not_raised(FILE *out, const struct result *r)
{
    char from[ADDRESS_TEXT_ROOM], first[TIME_TEXT_ROOM];
    fprintf(out, "  %-8s %-7s %s from %s, first %s UTC: ", r->line, r->sector, r->id,
            address_format(from, &r->source), when(first, r->first_ns));
    print_assets(out, r);
    fprintf(out, "\n    %s %s: %s\n", r->gate, gate_result_names[r->gate_result], r->gate_why);
}

static void print_results(FILE *out, const struct results *results, bool raised, size_t total,
                          void (*print)(FILE *, const struct result *))
{
    size_t shown = 0;
    for (size_t i = 0; i < results->n; i++) {
        if (results->items[i].raised != raised)
            continue;
        if (shown++ < ROWS_MAX)
            print(out, &results->items[i]);
    }
    if (shown > ROWS_MAX)
        fprintf(out, "  and %zu more; --json lists all\n", shown - ROWS_MAX);
    if (total == 0)
        fprintf(out, "  none\n");
}

static void print_coverage_of(FILE *out, const struct screen *s, unsigned policy)
{
    const struct accord *accord = s->policies->items[policy].accord;
    const struct asset *assets;
    unsigned n = accord_assets(accord, &assets);
    if (policy)
        fprintf(out, "COVERAGE under accord %s version %u\n  %34s", accord_id(accord),
                accord_version(accord), "");
    else
        fprintf(out, "COVERAGE                %12s", "");
    fprintf(out, "packets by what was done with them\n  %-20s", "asset");
    for (int c = 0; c < COVERAGE_COUNT; c++)
        fprintf(out, " %*s",
                (int)strlen(coverage_words[c].name) > 8 ? (int)strlen(coverage_words[c].name) : 8,
                coverage_words[c].name);
    fprintf(out, "\n");
    for (unsigned i = 0; i < n && i < ROWS_MAX; i++) {
        fprintf(out, "  %-20.20s", assets[i].id);
        for (int c = 0; c < COVERAGE_COUNT; c++)
            fprintf(out, " %*lu",
                    (int)strlen(coverage_words[c].name) > 8 ? (int)strlen(coverage_words[c].name)
                                                            : 8,
                    s->coverage[policy].by_asset[i][c]);
        fprintf(out, "\n");
    }
    if (n > ROWS_MAX)
        fprintf(out, "  and %u more assets\n", n - ROWS_MAX);
    fprintf(out, "\n");
}

static void print_coverage(FILE *out, const struct screen *s)
{
    for (unsigned i = 0; i < s->policies->n; i++)
        if (s->policies->items[i].accord && !(i && s->policies->items[i].same_accord))
            print_coverage_of(out, s, i);
}

/* first_accord: the first policy that has one; NULL. */
static const struct accord *first_accord(const struct screen *s)
{
    for (unsigned i = 0; i < s->policies->n; i++)
        if (s->policies->items[i].accord)
            return s->policies->items[i].accord;
    return NULL;
}

static void print_seen(FILE *out, const struct screen *s)
{
    const struct engine_stats *st = s->stats;
    char first[TIME_TEXT_ROOM], last[TIME_TEXT_ROOM];
    fprintf(out, "%lu packets, %lu bytes, %u input%s", st->counters.packets,
            st->counters.bytes_captured, st->inputs, st->inputs == 1 ? "" : "s");
    if (st->broken_inputs)
        fprintf(out, " (%u broken)", st->broken_inputs);
    if (st->counters.packets)
        fprintf(out, ", %s to %s UTC", when(first, st->first_ns), when(last, st->last_ns));
    fprintf(out, "\n\n");
}

/* print_home: rules say nothing of hosts that are in none of their networks. */
static void print_home(FILE *out, const struct screen *s)
{
    bool rules = false;
    for (unsigned i = 0; i < s->policies->n; i++)
        rules |= rule_set_counts(s->policies->items[i].rules)->loaded > 0;
    if (rules && s->stats->counters.flows && !s->stats->counters.flows_home)
        fprintf(out, "WARNING  $HOME_NET fits none of the addresses seen: rules that name it match "
                     "nothing.\n"
                     "         State the networks that are yours with --home-net.\n\n");
}

/* print_alerts: what became of them after the match, where that is not the same for all. */
static void print_alerts(FILE *out, const struct screen *s)
{
    if (!s->fates || !(s->fates[FATE_LIMITED] + s->fates[FATE_BELOW] + s->fates[FATE_SUPPRESSED]))
        return;
    fprintf(out,
            "ALERTS  %lu told; held back by their rule's threshold: %lu over its limit, %lu before "
            "there were enough; suppressed: %lu\n",
            s->fates[FATE_TOLD], s->fates[FATE_LIMITED], s->fates[FATE_BELOW],
            s->fates[FATE_SUPPRESSED]);
}

static void print_rates(FILE *out, const struct screen *s)
{
    const struct engine_stats *st = s->stats;
    double seconds = st->seconds > 0 ? st->seconds : 1e-9;
    fprintf(out,
            "RATES  %.2f s, %.0f packets/s, %.3f Gbit/s; %lu flows, %lu hits, %lu commands, %lu "
            "attempts\n",
            st->seconds, (double)st->counters.packets / seconds,
            (double)st->counters.bytes_captured * 8e-9 / seconds, st->counters.flows,
            st->counters.hits, st->counters.commands, st->counters.attempts);
    /* What was lost on the way, stage by stage. */
#define LOST(counters, verb, name, unit, what, text)   \
    if (strcmp(what, "drop") == 0 && (counters)->name) \
        fprintf(out, "  not " verb ": %lu %s %s\n", (counters)->name, unit, text);
#define X(...) LOST(&st->counters, "inspected", __VA_ARGS__)
    ENGINE_COUNTERS(X)
#undef X
#define X(...) LOST(s->correlation, "correlated", __VA_ARGS__)
    CORRELATOR_COUNTERS(X)
#undef X
#define X(...) LOST(s->judge, "judged", __VA_ARGS__)
    JUDGE_COUNTERS(X)
#undef X
#undef LOST
    if (st->budget_total_reached)
        fprintf(out, "  WARNING: the total of a pool was reached; this run is not reproducible\n");
}

static void print_ledger(FILE *out, const struct screen *s)
{
    if (!s->ledger_dir) {
        fprintf(out, "LEDGER  nothing was sealed: no --ledger was given\n");
        return;
    }
    if (s->sealed->sealed < s->sealed->submitted)
        fprintf(out, "LEDGER  %s: NOT SEALED: %lu of %lu entries\n", s->ledger_dir,
                s->sealed->submitted - s->sealed->sealed, s->sealed->submitted);
    else
        fprintf(out, "LEDGER  %s: %lu entries sealed, %lu were there already\n", s->ledger_dir,
                s->sealed->sealed - s->sealed->repeated, s->sealed->repeated);
    fprintf(out, "  keys  %s\n        %s\n", s->hello->vkey_facts, s->hello->vkey_acts);
}

static void print_evidence(FILE *out, const struct screen *s)
{
    if (!s->evidence_dir)
        return;
    fprintf(out, "EVIDENCE  %s: %lu files, %lu packets", s->evidence_dir, s->evidence->files,
            s->evidence->packets);
    if (s->evidence->missing)
        fprintf(out, "; MISSING the packets of %lu observations", s->evidence->missing);
    fprintf(out, "\n");
}

void screen_print(FILE *out, const struct screen *s)
{
    const struct accord *accord = first_accord(s);
    print_seen(out, s);
    print_home(out, s);
    if (accord) {
        fprintf(out, "FINDINGS (%zu) under accord %s version %u, sensor of party %s\n",
                s->results->raised, accord_id(accord), accord_version(accord),
                accord_own_party(accord)->id);
        print_results(out, s->results, true, s->results->raised, print_finding);
        fprintf(out, "\nNOT RAISED (%zu), and the gate that held it back\n",
                s->results->not_raised);
        print_results(out, s->results, false, s->results->not_raised, print_not_raised);
        fprintf(out, "\n");
        print_coverage(out, s);
    } else {
        fprintf(out, "No accord was given: %lu incidents were correlated, none was judged.\n\n",
                s->correlation->incidents);
    }
    print_rates(out, s);
    print_alerts(out, s);
    print_evidence(out, s);
    print_ledger(out, s);
    if (accord)
        fprintf(out, "\nFindings record observables. None makes a statement on the responsibility "
                     "of any State.\n");
    fflush(out); /* before what is said on stderr */
}
