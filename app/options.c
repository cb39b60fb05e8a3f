/* Parsing options by their table, and printing the help that teaches them. */
#include "app/options.h"

#include "base/error.h"
#include "base/text.h"
#include "base/time_point.h"

#include <stdlib.h>
#include <string.h>

static const struct option *find_option(const struct command *command, const char *name, size_t len)
{
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option *o = &command->options[i];
        if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    }
    return NULL;
}

int option_list_add(struct option_list *list, const char *item)
{
    const char **grown = realloc(list->items, (list->n + 1) * sizeof *grown);
    if (!grown)
        return ERR_NOMEM;
    list->items = grown;
    list->items[list->n++] = item;
    return 0;
}

static int store(const struct option *o, const char *value, void *values, struct diags *diags)
{
    char *place = (char *)values + o->offset;
    int error = 0;
    switch (o->type) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)place = value;
        return 0;
    case OPTION_LIST:
        return option_list_add((struct option_list *)place, value);
    case OPTION_NUMBER:
        error = text_u64(value, UINT64_MAX, (uint64_t *)place);
        break;
    case OPTION_DURATION:
        error = duration_parse(value, (int64_t *)place);
        break;
    }
    if (error)
        return diag_error(diags, ERR_USAGE, diag_file(NULL),
                          o->type == OPTION_NUMBER
                              ? "give a whole number"
                              : "give a number and one of ns, us, ms, s, m, h, d",
                          "--%s: '%s' is no %s", o->name, value,
                          o->type == OPTION_NUMBER ? "number" : "duration");
    return 0;
}

int options_parse(const struct command *command, int argc, char **argv, void *values,
                  struct option_list *operands, struct diags *diags)
{
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (only_operands || word[0] != '-' || word[1] == '\0') {
            if (option_list_add(operands, word))
                return ERR_NOMEM;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            only_operands = true;
            continue;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            command_help(command, stdout);
            return 1;
        }
        const char *name = word + (word[1] == '-' ? 2 : 1);
        const char *equals = strchr(name, '=');
        size_t len = equals ? (size_t)(equals - name) : strlen(name);
        /* "-o FILE" is the one short form: the option whose whole name is one letter. */
        const struct option *o =
            (word[1] == '-') == (len > 1) ? find_option(command, name, len) : NULL;
        if (!o)
            return diag_error(diags, ERR_USAGE, diag_file(NULL), "--help lists the options",
                              "plimsoll %s: unknown option %s", command->name, word);
        const char *value = equals ? equals + 1 : NULL;
        if (o->type == OPTION_FLAG && value)
            return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL, "--%s takes no value",
                              o->name);
        if (o->type != OPTION_FLAG && !value) {
            if (i + 1 == argc)
                return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL, "--%s needs %s", o->name,
                                  o->argument);
            value = argv[++i];
        }
        int error = store(o, value, values, diags);
        if (error)
            return error;
    }
    return 0;
}

void options_list_free(struct option_list *list)
{
    free(list->items);
    *list = (struct option_list){0};
}

void command_help(const struct command *command, FILE *out)
{
    fprintf(out, "plimsoll %s %s\n\n%s\n", command->name, command->synopsis, command->summary);
    if (command->n_options)
        fprintf(out, "\n");
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option *o = &command->options[i];
        char left[64];
        snprintf(left, sizeof left, "%s%s%s%s", o->name[1] ? "--" : "-", o->name,
                 o->argument ? " " : "", o->argument ? o->argument : "");
        fprintf(out, "  %-24s ", left);
        for (const char *p = o->text; *p; p++) {
            fputc(*p, out);
            if (*p == '\n')
                fprintf(out, "  %-24s ", "");
        }
        fprintf(out, "\n");
    }
    if (command->help)
        fprintf(out, "\n%s", command->help);
}
