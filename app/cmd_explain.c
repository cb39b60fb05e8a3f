/* plimsoll explain: a finding from its line down to its packets, or as a statement of one page. */
#include "app/commands.h"

#include "app/explain.h"
#include "base/error.h"
#include "ledger/verify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct explain_options {
    const char *ledger, *evidence;
    bool statement;
};

static const struct option options[] = {
    {"ledger", "DIR", OPTION_TEXT, offsetof(struct explain_options, ledger),
     "one's own ledger; needed"},
    {"evidence", "DIR", OPTION_TEXT, offsetof(struct explain_options, evidence),
     "the folder with the files of evidence: the packets are listed, once the\n"
     "file is seen to be the one that was sealed"},
    {"statement", NULL, OPTION_FLAG, offsetof(struct explain_options, statement),
     "one page in plain words in place of the walk"},
};

/* last_entry: the last revision of an entry, or with a revision that one; *out is NULL where there
 * is none. */
static int last_entry(json_t **out, const char *dir, const char *kind, const char *id,
                      json_int_t revision, struct diags *diags)
{
    const struct show_filter filter = {.kind = kind, .id = id};
    char *lines = NULL, *rest;
    size_t len = 0;
    *out = NULL;
    FILE *stream = open_memstream(&lines, &len);
    if (!stream)
        return ERR_NOMEM;
    int error = ledger_show(dir, &filter, stream, diags);
    if (fclose(stream) && !error)
        error = ERR_NOMEM;
    for (char *line = error ? NULL : strtok_r(lines, "\n", &rest); line && !error;
         line = strtok_r(NULL, "\n", &rest)) {
        json_t *entry = json_read(dir, line, strlen(line), diags);
        json_int_t number = explained_number(entry, "revision");
        error = entry ? 0 : ERR_CORRUPT;
        if (revision ? number == revision : number > explained_number(*out, "revision")) {
            json_decref(*out);
            *out = json_incref(entry);
        }
        json_decref(entry);
    }
    free(lines);
    return error;
}

static int explain(const struct explain_options *o, const char *id, struct diags *diags)
{
    json_t *finding, *evidence = NULL;
    int error = last_entry(&finding, o->ledger, "finding", id, 0, diags);
    if (!error && !finding)
        error = diag_error(diags, ERR_NOT_FOUND, diag_file(o->ledger),
                           "plimsoll ledger show DIR --kind finding", "there is no finding %s", id);
    if (!error) {
        char *of_evidence = strdup(id); /* the same id with another letter */
        if (of_evidence) {
            of_evidence[0] = 'e';
            error = last_entry(&evidence, o->ledger, "evidence", of_evidence,
                               explained_number(finding, "revision"), diags);
        }
        free(of_evidence);
    }
    if (!error) {
        struct explained e = {finding, evidence};
        (o->statement ? explain_statement : explain_walk)(stdout, &e);
        if (o->evidence && evidence && !o->statement)
            error = evidence_show(stdout, o->evidence, evidence, diags);
    }
    json_decref(finding);
    json_decref(evidence);
    return error ? EXIT_FAIL_ON : EXIT_DONE;
}

static int run_explain(const struct command *command, int argc, char **argv)
{
    struct explain_options o = {0};
    struct option_list operands = {0};
    struct diags diags = {0};
    int code = EXIT_USAGE;
    int error = options_parse(command, argc, argv, &o, &operands, &diags);
    if (error == 1)
        code = EXIT_DONE;
    else if (!error && (operands.n != 1 || !o.ledger))
        diag_error(&diags, ERR_USAGE, diag_file(NULL), command->synopsis,
                   "plimsoll explain takes one finding and --ledger");
    else if (!error)
        code = explain(&o, operands.items[0], &diags);
    diags_print(&diags, stderr);
    diags_free(&diags);
    options_list_free(&operands);
    return code;
}

const struct command cmd_explain = {
    .name = "explain",
    .synopsis = "FINDING --ledger DIR [--evidence DIR | --statement]",
    .summary = "a finding from its line down to its packets, or as one page in plain words",
    .help = "FINDING is an id as the screen and ledger show print it. The last revision is\n"
            "explained, with the values that only the ledger's owner has. Ends 1 when there is\n"
            "no such finding, or its evidence is not what was sealed.\n",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .run = run_explain,
};
