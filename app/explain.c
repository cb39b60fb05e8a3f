/* The walk: line, finding, acts, gates, severity, origin, evidence. */
#include "app/explain.h"

#include "base/time_point.h"

#include <stdlib.h>
#include <string.h>

const char *explained_string(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

long long explained_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

const char *explained_time(char out[EXPLAINED_TIME_ROOM], const json_t *object, const char *key)
{
    char text[TIME_TEXT_ROOM];
    time_format(text, strtoll(explained_string(object, key), NULL, 10));
    size_t len = strlen(text) - 1; /* without the Z */
    snprintf(out, EXPLAINED_TIME_ROOM, "%.*s UTC", (int)len, text);
    out[10] = ' ';
    return out;
}

void explained_list(FILE *out, const json_t *list, const char *none)
{
    size_t i, written = 0;
    const json_t *item;
    json_array_foreach(list, i, item) if (json_is_string(item))
        fprintf(out, "%s%s", written++ ? ", " : "", json_string_value(item));
    if (!written)
        fputs(none, out);
}

void explained_clock(FILE *out, const json_t *finding)
{
    const json_t *clock = json_object_get(finding, "clock");
    const char *error = json_string_value(json_object_get(clock, "error_ns"));
    char text[TIME_TEXT_ROOM];
    if (error)
        fprintf(out, "the clock is at most %s off",
                duration_format(text, strtoll(error, NULL, 10)));
    else
        fputs("how far the clock is off is not known", out);
    fprintf(out, " (%s)", explained_string(clock, "source"));
}

static void heading(FILE *out, const char *text)
{
    fprintf(out, "\n%s\n", text);
}

static void print_line(FILE *out, const json_t *f)
{
    const json_t *accord = json_object_get(f, "accord"), *norm = json_object_get(f, "norm");
    heading(out, "LINE");
    fprintf(out, "  %s, of accord %s version %lld, sector %s, stage %s\n",
            explained_string(f, "line"), explained_string(accord, "id"),
            explained_number(accord, "version"), explained_string(f, "sector"),
            explained_string(f, "stage"));
    fprintf(out, "  obligation  %s\n", explained_string(f, "obligation"));
    fprintf(out, "  observable  %s\n", explained_string(f, "observable"));
    if (!*explained_string(norm, "relation")) {
        fputs("  norm        none is cited\n", out);
    } else {
        fprintf(out, "  norm        %s %s, %s; not shown: ", explained_string(norm, "source"),
                explained_string(norm, "para"), explained_string(norm, "relation"));
        explained_list(out, json_object_get(norm, "not-shown"), "nothing is listed");
        fputs("\n", out);
    }
}

static void print_acts(FILE *out, const json_t *f)
{
    char first[EXPLAINED_TIME_ROOM], last[EXPLAINED_TIME_ROOM];
    size_t i;
    const json_t *asset;
    heading(out, "ACTS");
    fprintf(out, "  %lld, counted by %s, of protocols ", explained_number(f, "count"),
            explained_string(f, "act"));
    explained_list(out, json_object_get(f, "protocol"), "unknown");
    fprintf(out, "\n  when     %s to %s\n           ", explained_time(first, f, "first"),
            explained_time(last, f, "last"));
    explained_clock(out, f);
    fputs("\n  from     ", out);
    explained_list(out, json_object_get(f, "sources"), "nobody");
    fprintf(out, "\n  outcome  %s\n", explained_string(f, "outcome"));
    json_array_foreach(json_object_get(f, "assets"), i, asset) fprintf(
        out, "  on       %s, %s: %lld acts on %lld addresses, %s\n", explained_string(asset, "id"),
        explained_string(asset, "class"), explained_number(asset, "count"),
        explained_number(asset, "addresses"), explained_string(asset, "outcome"));
    if (explained_number(f, "assets-total") >
        (long long)json_array_size(json_object_get(f, "assets")))
        fprintf(out, "           of %lld assets in all\n", explained_number(f, "assets-total"));
}

static void print_gates(FILE *out, const json_t *f)
{
    const json_t *gates = json_object_get(f, "gates"), *why = json_object_get(f, "gates-why"),
                 *result;
    const char *name;
    heading(out, "GATES");
    json_object_foreach((json_t *)(uintptr_t)gates, name, result) fprintf(
        out, "  %-16s %s: %s\n", name, json_string_value(result), explained_string(why, name));
}

static void print_severity(FILE *out, const json_t *f)
{
    const json_t *severity = json_object_get(f, "severity"), *row;
    size_t i;
    heading(out, "SEVERITY");
    fprintf(out, "  %lld:", explained_number(severity, "score"));
    json_array_foreach(json_object_get(severity, "sum"), i, row)
        fprintf(out, "%s %s %lld", i ? "," : "", json_string_value(json_array_get(row, 0)),
                json_integer_value(json_array_get(row, 1)));
    fputs("\n", out);
}

static void print_origin(FILE *out, const json_t *f)
{
    const json_t *origin = json_object_get(f, "origin"), *fact;
    size_t i;
    heading(out, "ORIGIN");
    fprintf(out, "  %s, confidence %s\n", explained_string(origin, "headline"),
            explained_string(origin, "confidence"));
    json_array_foreach(json_object_get(origin, "facts"), i, fact)
    {
        const json_t *network = json_object_get(fact, "in-declared-network");
        char since[EXPLAINED_TIME_ROOM];
        if (json_is_string(fact))
            fprintf(out, "  fact: %s\n", json_string_value(fact));
        else if (network)
            fprintf(out, "  fact: in a network that %s declared (%s) since %s\n",
                    explained_string(network, "party"), explained_string(network, "role"),
                    explained_time(since, network, "since"));
    }
    fputs("  not ruled out: ", out);
    explained_list(out, json_object_get(f, "hypotheses"), "nothing is listed");
    fputs("\n", out);
}

static void print_evidence(FILE *out, const struct explained *e)
{
    const json_t *chain = json_object_get(e->finding, "evidence");
    heading(out, "EVIDENCE");
    fprintf(out, "  %lld observations, chain of digests %s\n",
            explained_number(chain, "observations"), explained_string(chain, "sha256"));
    if (!e->evidence) {
        fputs("  no file of packets was sealed for this revision (replay --evidence)\n", out);
        return;
    }
    fprintf(out, "  %s: %lld packets of %lld observations, sha256 %s\n",
            explained_string(e->evidence, "file"), explained_number(e->evidence, "packets"),
            explained_number(e->evidence, "observations"), explained_string(e->evidence, "sha256"));
    if (explained_number(e->evidence, "missing"))
        fprintf(out, "  MISSING: the packets of %lld observations\n",
                explained_number(e->evidence, "missing"));
}

void explain_walk(FILE *out, const struct explained *e)
{
    const json_t *f = e->finding;
    fprintf(out, "FINDING %s, revision %lld: %s\n", explained_string(f, "id"),
            explained_number(f, "revision"), explained_string(f, "why"));
    fprintf(out, "  %s, seen by a sensor of party %s, entry %lld of the log %s\n",
            explained_string(f, "state"), explained_string(f, "party"),
            explained_number(f, "index"), explained_string(f, "log"));
    print_line(out, f);
    print_acts(out, f);
    print_gates(out, f);
    print_severity(out, f);
    print_origin(out, f);
    print_evidence(out, e);
}
