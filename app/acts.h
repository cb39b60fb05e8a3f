/* The engine's own acts in the acts log: start and stop. The one place of a replay that reads the wall clock. */
#ifndef APP_ACTS_H
#define APP_ACTS_H

#include "ledger/sealer_client.h"

/* acts_seal: submit a start or stop entry. 0 or the sealer's error. */
int acts_seal(struct sealer_client *sealer, enum entry_kind kind, const struct sealer_hello *hello,
              struct diags *diags);

#endif
