/* plimsoll accord ...: check, digest, keys, signatures of accords and the roots of annexes. */
#include "app/commands.h"

#include "base/error.h"
#include "base/text.h"
#include "correlate/accord.h"

#include <stddef.h>
#include <string.h>

struct accord_options {
    const char *party, *key, *note, *salts;
    bool make_salts;
};

#define OFFSET(member) offsetof(struct accord_options, member)
static const struct option party_options[] = {
    {"party", "ID", OPTION_TEXT, OFFSET(party),
     "whose sensor this is; needed with several parties"},
};
static const struct option sign_options[] = {
    {"key", "FILE", OPTION_TEXT, OFFSET(key), "the signer key, as accord keygen writes it"},
    {"note", "FILE", OPTION_TEXT, OFFSET(note),
     "the signed note; a signature is added to those in it"},
};
static const struct option verify_options[] = {
    {"note", "FILE", OPTION_TEXT, OFFSET(note), "the signed note"},
};
static const struct option keygen_options[] = {
    {"key", "FILE", OPTION_TEXT, OFFSET(key),
     "where to write the signer key (mode 0600; never overwritten)"},
};
static const struct option root_options[] = {
    {"salts", "FILE", OPTION_TEXT, OFFSET(salts),
     "the row salts; default: the annex's name with .salts"},
    {"make-salts", NULL, OPTION_FLAG, OFFSET(make_salts), "draw new salts and write them there"},
};

static int do_check(const struct accord_options *o, const char *file, struct diags *diags)
{
    return accord_check_report(file, o->party, stdout, diags);
}

static int do_digest(const struct accord_options *o, const char *file, struct diags *diags)
{
    struct accord *accord;
    int error = accord_load(&accord, file, o->party, diags);
    if (error)
        return error;
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    accord_digest(accord, digest);
    hex_encode(hex, digest, sizeof digest);
    printf("%s  %s version %u\n", hex, accord_id(accord), accord_version(accord));
    accord_destroy(accord);
    return 0;
}

static int do_root(const struct accord_options *o, const char *file, struct diags *diags)
{
    char root[65];
    int error = accord_annex_root(file, o->salts, o->make_salts, root, diags);
    if (!error)
        printf("%s\n", root);
    return error;
}

/* need: the option must be there. */
static int need(const char *value, const char *name, struct diags *diags)
{
    return value ? 0 : diag_error(diags, ERR_USAGE, diag_file(NULL), NULL, "--%s is needed", name);
}

static int do_keygen(const struct accord_options *o, const char *name, struct diags *diags)
{
    int error = need(o->key, "key", diags);
    return error ? error : accord_keygen(name, o->key, stdout, diags);
}

static int do_sign(const struct accord_options *o, const char *file, struct diags *diags)
{
    int error = need(o->key, "key", diags);
    if (!error)
        error = need(o->note, "note", diags);
    return error ? error : accord_sign(file, o->key, o->note, diags);
}

static int do_verify(const struct accord_options *o, const char *file, struct diags *diags)
{
    int error = need(o->note, "note", diags);
    return error ? error : accord_verify(file, o->note, stdout, diags);
}

/* run_with: parse, ask for the one operand, do it; `failed` is the exit code of a negative answer.
 */
static int run_with(const struct command *command, int argc, char **argv, int failed,
                    int (*act)(const struct accord_options *, const char *, struct diags *))
{
    struct accord_options options = {0};
    struct option_list operands = {0};
    struct diags diags = {0};
    int code = EXIT_USAGE;
    int error = options_parse(command, argc, argv, &options, &operands, &diags);
    if (error == 1) {
        code = EXIT_DONE;
    } else if (!error && operands.n != 1) {
        diag_error(&diags, ERR_USAGE, diag_file(NULL), command->synopsis,
                   "plimsoll %s takes one operand, not %zu", command->name, operands.n);
    } else if (!error) {
        error = act(&options, operands.items[0], &diags);
        code = !error ? EXIT_DONE : error == ERR_USAGE ? EXIT_USAGE : failed;
    }
    diags_print(&diags, stderr);
    diags_free(&diags);
    options_list_free(&operands);
    return code;
}

static int run_check(const struct command *c, int argc, char **argv)
{
    return run_with(c, argc, argv, EXIT_FAIL_ON, do_check);
}
static int run_digest(const struct command *c, int argc, char **argv)
{
    return run_with(c, argc, argv, EXIT_USAGE, do_digest);
}
static int run_root(const struct command *c, int argc, char **argv)
{
    return run_with(c, argc, argv, EXIT_USAGE, do_root);
}
static int run_keygen(const struct command *c, int argc, char **argv)
{
    return run_with(c, argc, argv, EXIT_USAGE, do_keygen);
}
static int run_sign(const struct command *c, int argc, char **argv)
{
    return run_with(c, argc, argv, EXIT_USAGE, do_sign);
}
static int run_verify(const struct command *c, int argc, char **argv)
{
    return run_with(c, argc, argv, EXIT_FAIL_ON, do_verify);
}

#define ROWS(table) .options = table, .n_options = sizeof table / sizeof table[0]

const struct command cmd_accord_check = {
    .name = "accord check",
    .synopsis = "FILE",
    .run = run_check,
    ROWS(party_options),
    .summary = "check an accord and its annexes, and say what they hold",
    .help = "Every key has one place and one type; anything else is an error with file:line:col.\n",
};
const struct command cmd_accord_digest = {
    .name = "accord digest",
    .synopsis = "FILE",
    .run = run_digest,
    ROWS(party_options),
    .summary = "print the SHA-256 of an accord's RFC 8785 form",
};
const struct command cmd_accord_root = {
    .name = "accord root",
    .synopsis = "ANNEX",
    .run = run_root,
    ROWS(root_options),
    .summary = "print the root of an annex, as the accord names it",
};
const struct command cmd_accord_keygen = {
    .name = "accord keygen",
    .synopsis = "NAME --key FILE",
    .run = run_keygen,
    ROWS(keygen_options),
    .summary = "make a signing key and print its verifier key",
};
const struct command cmd_accord_sign = {
    .name = "accord sign",
    .synopsis = "FILE --key FILE --note FILE",
    .run = run_sign,
    ROWS(sign_options),
    .summary = "add a party's signature to the accord's note",
};
const struct command cmd_accord_verify = {
    .name = "accord verify",
    .synopsis = "FILE --note FILE",
    .run = run_verify,
    ROWS(verify_options),
    .summary = "check that every party's quorum has signed this very accord",
};
