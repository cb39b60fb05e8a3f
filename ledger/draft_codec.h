/* Drafts as bytes, for the write-ahead log and for the way to the sealer.
 *
 *     kind name, id: string   revision: u32   number of fields: u32   then each: name, value:
 * string
 *
 * A string is a u32 length and the bytes; numbers are big-endian. Fields stand in the order of
 * their names, so that equal drafts are equal bytes.
 */
#ifndef LEDGER_DRAFT_CODEC_H
#define LEDGER_DRAFT_CODEC_H

#include "base/text.h"
#include "ledger/entry.h"
#include "ledger/entry_table.h"

#define DRAFT_BYTES_MAX (16u << 20)

/* A draft read back. Strings are copies in `store`. */
struct draft_copy {
    struct entry_draft draft;
    struct entry_field fields[ENTRY_FIELDS_MAX];
    struct text store;
};

/* draft_encode: append. 0, ERR_SCHEMA (too many fields or too large), ERR_NOMEM. */
int draft_encode(struct text *out, const struct entry_draft *draft);
/* draft_decode: exactly len bytes. 0, ERR_SYNTAX, ERR_NOMEM. Replaces what is in out, which is
 * zero-initialised once and freed by draft_copy_free. */
int draft_decode(const void *data, size_t len, struct draft_copy *out);
void draft_copy_free(struct draft_copy *copy);

void put_u32(struct text *out, uint32_t v);
void put_u64(struct text *out, uint64_t v);
void put_string(struct text *out, const void *data, size_t len);

#endif
