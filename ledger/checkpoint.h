/* Checkpoints: C2SP tlog-checkpoint in a signed note.
 *
 *     ORIGIN "\n" SIZE "\n" BASE64(root) "\n"      exactly these three lines
 */
#ifndef LEDGER_CHECKPOINT_H
#define LEDGER_CHECKPOINT_H

#include "base/note.h"

struct checkpoint {
    char origin[NOTE_NAME_MAX];
    uint64_t size;
    uint8_t root[SHA256_BYTES];
};

/* checkpoint_write: append the signed note; the origin is the signer's name. 0 or ERR_NOMEM,
 * ERR_KEY. */
int checkpoint_write(struct text *out, uint64_t size, const uint8_t root[SHA256_BYTES],
                     const struct note_signer *signer);
/* checkpoint_parse: a note's body, strictly. 0, or ERR_SYNTAX with the offset of the fault in *at.
 */
int checkpoint_parse(const char *body, size_t len, struct checkpoint *out, size_t *at);

#endif
