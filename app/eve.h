/* Events of all workers, written to a file in the one order by a thread of its own.
 *
 * Each worker copies its events into a ring of its own; the writer takes them by ordered_merge, so
 * the file is the same for any number of workers and any burst. A file that is written slowly makes
 * the workers wait (counter event_waits): a replay leaves nothing out.
 */
#ifndef APP_EVE_H
#define APP_EVE_H

#include "app/policies.h"

struct eve;

/* eve_open: the file is made anew. ERR_IO, ERR_NOMEM with a diagnostic.
 *   path, policies  outlive it
 *   types           a bit for each enum eve_type that is written */
int eve_open(struct eve **out, const char *path, unsigned types, unsigned workers,
             const struct policies *policies, struct diags *diags);
/* eve_events: what the engine is to be given. */
struct engine_events eve_events(struct eve *e);
/* eve_start: begin to write. eve_finish: the engine has run: wait until all is in the file. Each 0
 * or an error with a diagnostic. */
int eve_start(struct eve *e, struct diags *diags);
int eve_finish(struct eve *e, struct diags *diags);
/* eve_fates: how many alerts had each fate (rules/threshold.h); once all is in the file. */
const uint64_t *eve_fates(const struct eve *e);
void eve_close(struct eve *e);

#endif
