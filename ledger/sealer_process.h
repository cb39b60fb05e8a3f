/* The sealer as a process: started, spoken to for the first time, ended. One owner. */
#ifndef LEDGER_SEALER_PROCESS_H
#define LEDGER_SEALER_PROCESS_H

#include "base/bytes.h"
#include "base/text.h"
#include "ledger/sealer_client.h"

#include <sys/types.h>

struct sealer_process {
    int fd; /* -1: there is none */
    pid_t pid;
    char *argv[8];
};

/* sealer_process_set: what is to be started; copies. sealer_process_free: ends it too. */
int sealer_process_set(struct sealer_process *p, const struct sealer_config *config);
void sealer_process_free(struct sealer_process *p);
/* sealer_process_start: start it and wait for its hello; what came behind that is left in `in`.
 * 0 or an error with a diagnostic, and there is none then. */
int sealer_process_start(struct sealer_process *p, struct text *in, struct sealer_hello *hello,
                         struct diags *diags);
/* sealer_process_end: close the socket, which ends it, and wait. */
void sealer_process_end(struct sealer_process *p);
/* sealer_take_state: sizes and the last act, from a HELLO or SEALED. Faults are in r->failed. */
void sealer_take_state(struct reader *r, struct sealer_hello *out);

#endif
