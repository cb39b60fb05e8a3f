/* The statement: what was observed, what was not, what is not claimed. For readers who know neither
 * networks nor this program; every name and number in it is the entry's. */
#include "app/explain.h"

#include "base/vocabulary.h"

#include <string.h>

static const char *outcome_in_words(const char *outcome)
{
    int found = word_find(outcome_words, OUTCOME_COUNT, outcome);
    return found < 0 ? "" : outcome_words[found].text;
}

static void print_observed(FILE *out, const json_t *f)
{
    const json_t *accord = json_object_get(f, "accord"), *origin = json_object_get(f, "origin"),
                 *asset;
    char time[EXPLAINED_TIME_ROOM];
    size_t i;
    fprintf(out, "OBSERVED\n\nA sensor of party %s saw acts that came from ",
            explained_string(f, "party"));
    explained_list(out, json_object_get(f, "sources"), "an address that is not listed");
    fprintf(
        out,
        " (%s,\nconfidence %s) and went to protected systems of the sector %s. Acts seen: %lld.\n",
        explained_string(origin, "headline"), explained_string(origin, "confidence"),
        explained_string(f, "sector"), explained_number(f, "count"));
    json_array_foreach(json_object_get(f, "assets"), i, asset) fprintf(
        out, "  - %s: acts %lld, the most telling answer: %s\n", explained_string(asset, "id"),
        explained_number(asset, "count"), explained_string(asset, "outcome"));
    fprintf(out, "The first began %s,\n", explained_time(time, f, "first"));
    fprintf(out, "the last        %s;\n", explained_time(time, f, "last"));
    explained_clock(out, f);
    fprintf(out, ".\nThe most telling answer of all was \"%s\": %s.\n\n",
            explained_string(f, "outcome"), outcome_in_words(explained_string(f, "outcome")));
    fprintf(out,
            "Line %s of the accord %s, version %lld, says:\n  %s\nWhat a sensor can see of it "
            "is:\n  %s\n",
            explained_string(f, "line"), explained_string(accord, "id"),
            explained_number(accord, "version"), explained_string(f, "obligation"),
            explained_string(f, "observable"));
    fputs("This was seen. Each condition that the line sets was checked:\n", out);
    const json_t *why = json_object_get(f, "gates-why"), *result;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(f, "gates"), name, result) fprintf(
        out, "  - %s, %s: %s\n", name, json_string_value(result), explained_string(why, name));
}

static void print_not_observed(FILE *out, const json_t *f)
{
    fputs("\nNOT OBSERVED\n\nWho acted, and on whose behalf. Only addresses were seen, and nothing "
          "that was seen\n"
          "rules out: ",
          out);
    explained_list(out, json_object_get(f, "hypotheses"), "other explanations");
    fputs(".\nWhat the equipment did. Known is what it answered, not what followed from it.\n"
          "Anything that did not pass the sensor.\n",
          out);
    if (!json_is_object(json_object_get(f, "context")))
        fputs("A notice of an exercise or of maintenance for that time: none is known.\n", out);
}

static void print_not_claimed(FILE *out, const json_t *f)
{
    const json_t *norm = json_object_get(f, "norm");
    fprintf(out, "\nNOT CLAIMED\n\n%s\n", explained_string(f, "statement"));
    bool cited = *explained_string(norm, "relation");
    if (!cited)
        fputs("The line cites no norm, and none is said to be broken.\n", out);
    if (cited) {
        fprintf(out,
                "The norm that the line is %s to, %s %s, is not said to be broken. Not shown: ",
                explained_string(norm, "relation"), explained_string(norm, "source"),
                explained_string(norm, "para"));
        explained_list(out, json_object_get(norm, "not-shown"), "nothing is listed");
        fputs(".\n", out);
    }
    fprintf(out, "The finding is a %s.\n", explained_string(f, "state"));
}

void explain_statement(FILE *out, const struct explained *e)
{
    const json_t *f = e->finding, *chain = json_object_get(f, "evidence");
    fprintf(out, "STATEMENT on finding %s, revision %lld\n\n", explained_string(f, "id"),
            explained_number(f, "revision"));
    print_observed(out, f);
    print_not_observed(out, f);
    print_not_claimed(out, f);
    fprintf(out,
            "\nThe record is entry %lld of the log %s, over observations: %lld, with the digest\n  "
            "%s\n",
            explained_number(f, "index"), explained_string(f, "log"),
            explained_number(chain, "observations"), explained_string(chain, "sha256"));
    if (e->evidence)
        fprintf(out, "Their packets, %lld, are in %s, whose SHA-256 is\n  %s\n",
                explained_number(e->evidence, "packets"), explained_string(e->evidence, "file"),
                explained_string(e->evidence, "sha256"));
}
