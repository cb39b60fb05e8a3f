/* The commands, one file each (cmd_*.c); main.c holds their table. */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "app/options.h"

extern const struct command cmd_replay;
extern const struct command cmd_rules_check, cmd_rules_explain, cmd_rules_list, cmd_rules_profile,
    cmd_rules_test, cmd_rules_why;
extern const struct command cmd_accord_check, cmd_accord_digest, cmd_accord_root, cmd_accord_keygen,
    cmd_accord_sign, cmd_accord_verify;
extern const struct command cmd_ledger_show, cmd_ledger_verify;
extern const struct command cmd_exercise_grid;
extern const struct command cmd_explain;

#endif
