/* Evidence: the packets of each finding in a pcapng of its own, with comments that say what each
 * shows.
 *
 * While a run lasts only the observations of incidents are kept (correlator_kept), within a bound.
 * Those name their packets: of the conversation, from the moment at which the act began to the
 * packet that decided its fate. When the run has ended the captures are read once more
 * (dataplane/reread.h) and the frames of these packets copied, so what came long before anybody
 * knew that it would matter is there as well, and no packet waits in memory. Frames are copied as
 * the captures have them: a datagram's fragments one behind the other where the last of them
 * stands, what was mirrored with what it was mirrored in. What cannot be read twice (a pipe) cannot
 * be evidence.
 */
#ifndef APP_EVIDENCE_H
#define APP_EVIDENCE_H

#include "app/options.h"
#include "correlate/correlator.h"
#include "correlate/finding.h"
#include "dataplane/engine.h"

struct evidence;

/* evidence_create: dir is made if need be. ERR_IO, ERR_NOMEM with a diagnostic. */
int evidence_create(struct evidence **out, const char *dir, struct diags *diags);
void evidence_destroy(struct evidence *e);

/* What findings are about. threads: the judge's, while it runs. */
void evidence_judged(struct evidence *e, const struct judged *judged);
void evidence_joined(struct evidence *e, uint32_t campaign, const struct incident_ref *incident,
                     uint64_t observations);

/* One file, when it is written; valid during the call. entry: of kind evidence, to be sealed. */
struct evidence_file {
    const char *finding;
    uint32_t revision;
    uint64_t packets, observations, missing;
    uint8_t sha256[SHA256_BYTES];
    struct entry_draft entry;
};
typedef void evidence_written(void *ctx, const struct evidence_file *file);

/* The run that findings are of. */
struct evidence_run {
    const struct option_list *captures;
    const uint8_t *points; /* of the captures, NULL: not told */
    const struct engine_limits *limits;
    uint64_t frames; /* that it read of the captures */
};

/* evidence_write: read the captures again and write the files, in the order in which findings were
 * raised first. The engine has run.
 * 0; ERR_CORRUPT when the captures are no longer what they were; ERR_IO, ERR_NOMEM; with
 * diagnostics. */
int evidence_write(struct evidence *e, const struct correlator *correlator,
                   const struct evidence_run *run, evidence_written *written, void *ctx,
                   struct diags *diags);

/* evidence_can_read_twice: a usage error with a diagnostic when a path is a pipe. */
int evidence_can_read_twice(const struct option_list *captures, struct diags *diags);

#endif
