/* The engine's own acts in the acts log: start and stop, and at a start what is known to be
 * missing. The one place of a replay that reads the wall clock. */
#ifndef APP_ACTS_H
#define APP_ACTS_H

#include "ledger/sealer_client.h"

/* acts_start: submit a start entry. Before it a gap, if the log's last run has a start and no stop;
 * and a clock step, if the wall clock is behind the last act. 0 or the sealer's error. */
int acts_start(struct sealer_client *sealer, const struct sealer_hello *hello, struct diags *diags);
int acts_stop(struct sealer_client *sealer, const struct sealer_hello *hello, struct diags *diags);

#endif
