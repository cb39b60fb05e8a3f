/* What an accord holds, in words; for a person before signing it. */
#include "correlate/accord_parts.h"

#include "base/error.h"
#include "correlate/gates.h"

#include <string.h>

static void print_time(FILE *out, const char *before, int64_t ns)
{
    char text[TIME_TEXT_ROOM];
    time_format(text, ns);
    fprintf(out, "%s%.10s %.8s", before, text, text + 11);
}

static void print_gates(FILE *out, const struct match_clause *clause)
{
    char duration[TIME_TEXT_ROOM];
    for (unsigned i = 0; i < clause->n_gates; i++) {
        const struct gate *g = &clause->gates[i];
        fprintf(out, "%s%s", i ? ", " : "", gate_names[g->kind]);
        if (g->kind == GATE_CLOCK_ERROR)
            fprintf(out, " at most %s", duration_format(duration, g->at_most_ns));
        if (g->kind == GATE_INDEPENDENT_EVIDENCE)
            fprintf(out, " %u", g->independent);
        if (g->kind == GATE_SELECTIVITY)
            fprintf(out, " (lift %g, chance at most %g)", g->lift, g->chance_at_most);
    }
    fprintf(out, "%s\n", clause->n_gates ? "" : "none");
}

static void print_line(FILE *out, const struct accord *a, const struct accord_line *line,
                       const struct definitions *definitions)
{
    fprintf(out, "line %s (%s): %s\n  protects", line->id, line_stage_names[line->stage],
            line->observable);
    for (unsigned s = 1; s < a->n_sectors; s++)
        if (line->sectors & 1u << s)
            fprintf(out, " %s", a->sectors[s]);
    fprintf(out, "%s\n", line->published_only ? ", published assets only" : "");
    for (unsigned i = 0; i < line->n_clauses; i++) {
        const struct match_clause *clause = &line->clauses[i];
        fprintf(out, "  matched by %s; gates: ", clause->correlation);
        print_gates(out, clause);
        if (definitions && definition_find(definitions, clause->correlation) < 0)
            fprintf(
                out,
                "    not-decidable: not in this build (no correlation of that name is shipped)\n");
        const struct gate *station = gates_demand(clause, GATE_OPERATOR);
        if (definitions && station && station->unless &&
            definition_find(definitions, station->unless) < 0)
            fprintf(out, "    its exception %s is not in this build\n", station->unless);
    }
}

static void print_assets(FILE *out, const struct accord *a)
{
    fprintf(out, "%u assets in ", a->n_assets);
    uint64_t monitored = accord_monitored_addresses(a);
    if (monitored == UINT64_MAX)
        fprintf(out, "a monitored space that cannot be counted\n");
    else
        fprintf(out, "%lu monitored addresses\n", (unsigned long)monitored);
    for (unsigned i = 0; i < a->n_assets; i++)
        fprintf(out, "  %-20s %-10s %-10s%s%s\n", a->assets[i].id,
                accord_sector_name(a, a->assets[i].sector), asset_class_names[a->assets[i].class],
                a->assets[i].published ? " published" : "", a->assets[i].shared ? " shared" : "");
    fprintf(out, "%u declared networks\n", a->n_networks);
}

/* A sector that a line protects and no asset is of: another party may have some, or it is misspelt.
 */
static void warn_of_empty_sectors(const struct accord *a, struct diags *diags)
{
    for (unsigned s = 1; s < a->n_sectors; s++) {
        unsigned i = 0;
        while (i < a->n_assets && a->assets[i].sector != s)
            i++;
        if (i == a->n_assets)
            diag_warning(diags, ERR_NOT_FOUND, a->sector_pos[s], NULL,
                         "no asset of party '%s' is of the sector '%s'", a->own->id, a->sectors[s]);
    }
}

/* The shipped correlations, or NULL: then nothing is said about what this build lacks. */
static struct definitions *shipped(void)
{
    struct diags unused = {0};
    struct definitions *set = NULL;
    size_t len;
    const char *text = definitions_shipped(&len);
    if (definitions_parse(&set, "(shipped correlations)", text, len, &unused) ||
        definitions_finish(set, NULL, &unused)) {
        if (set)
            definitions_destroy(set);
        set = NULL;
    }
    diags_free(&unused);
    return set;
}

int accord_check_report(const char *path, const char *party, FILE *out, struct diags *diags)
{
    struct accord *a;
    char quiet[TIME_TEXT_ROOM], coverage[TIME_TEXT_ROOM], hex[2 * SHA256_BYTES + 1];
    int error = accord_load(&a, path, party, diags);
    if (error)
        return error;
    hex_encode(hex, a->digest, SHA256_BYTES);
    fprintf(out, "accord %s version %u: %s\ndigest %s\n", a->id, a->version, a->title, hex);
    print_time(out, "in force from ", a->from_ns);
    print_time(out, " to ", a->until_ns);
    fprintf(out, " UTC\nincidents end after %s of quiet, coverage every %s\n",
            duration_format(quiet, a->incident_quiet_ns),
            duration_format(coverage, a->coverage_ns));
    for (unsigned i = 0; i < a->n_parties; i++)
        fprintf(out, "party %s (%s): %u of %u keys%s\n", a->parties[i].id, a->parties[i].name,
                a->parties[i].quorum, a->parties[i].n_keys,
                &a->parties[i] == a->own ? "; its annexes fit their roots"
                                         : "; annexes not looked at");
    struct definitions *definitions = shipped();
    for (unsigned i = 0; i < a->n_lines; i++)
        print_line(out, a, &a->lines[i], definitions);
    if (definitions)
        definitions_destroy(definitions);
    print_assets(out, a);
    warn_of_empty_sectors(a, diags);
    accord_destroy(a);
    return 0;
}
