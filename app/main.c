/* plimsoll: the command line. Finds the command, which does the rest. */
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &cmd_replay,        &cmd_rules_check, &cmd_rules_explain, &cmd_rules_list,
    &cmd_rules_profile, &cmd_rules_test,  &cmd_rules_why,     &cmd_accord_check,
    &cmd_accord_digest, &cmd_accord_root, &cmd_accord_keygen, &cmd_accord_sign,
    &cmd_accord_verify, &cmd_ledger_show, &cmd_ledger_verify, &cmd_exercise_grid,
    &cmd_explain,
};
#define N_COMMANDS (sizeof commands / sizeof commands[0])

static void overview(FILE *out)
{
    fputs("plimsoll COMMAND ...: shows incidents against agreed red lines, and seals what it "
          "found.\n\n",
          out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-16s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nplimsoll COMMAND --help teaches a command. A first look:\n"
          "  plimsoll exercise grid --seed 1 -o grid.pcapng\n"
          "  plimsoll replay grid.pcapng --accord rules/packs/accords/example-grid.yaml --party "
          "amber \\\n"
          "      --clock-error 1ms --ledger ledger\n"
          "Exit codes: 0 done, 1 something failed as asked, 2 usage or configuration, 3 partial.\n",
          out);
}

/* matches: how many words of argv the command's name takes, 0 if it is another. */
static int matches(const struct command *command, int argc, char **argv)
{
    char name[64];
    for (int words = 1; words <= 2 && words <= argc; words++) {
        snprintf(name, sizeof name, words == 1 ? "%s" : "%s %s", argv[0],
                 words == 2 ? argv[1] : "");
        if (strcmp(name, command->name) == 0)
            return words;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        overview(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("plimsoll " PLIMSOLL_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        int words = matches(commands[i], argc - 1, argv + 1);
        if (words)
            return commands[i]->run(commands[i], argc - 1 - words, argv + 1 + words);
    }
    fprintf(stderr, "plimsoll: no command '%s%s%s'; plimsoll --help lists them\n", argv[1],
            argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
    return EXIT_USAGE;
}
