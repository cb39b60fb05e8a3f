/* What the engine and the sealer say to each other over their socket pair.
 *
 *     message = u32 length of the rest || u8 type || payload        big-endian
 *
 * to the sealer:   DRAFT draft (draft_codec.h)   CHECKPOINT
 * to the engine:   HELLO keys and sizes   FAILED error   ACK counts   SEALED error
 *
 * Every answer ends with diagnostics. Both ends are of one build and trust each other; lengths are
 * checked all the same.
 */
#ifndef LEDGER_SEALER_WIRE_H
#define LEDGER_SEALER_WIRE_H

#include "base/bytes.h"
#include "base/diag.h"
#include "base/text.h"

enum wire_type {
    WIRE_DRAFT = 1,
    WIRE_CHECKPOINT,
    WIRE_HELLO,  /* 32 bytes K_id, u32 made key, u32 made secret, 2 strings, state */
    WIRE_FAILED, /* u32 error */
    WIRE_ACK,    /* u32 n, then of each draft in order: u32 error, u32 repeated */
    WIRE_SEALED, /* u32 error, state: u64 facts, u64 acts, string: draft of the last act */
};

/* wire_begin: begin a message at the end of out; wire_end: fill in its length. */
size_t wire_begin(struct text *out, enum wire_type type);
void wire_end(struct text *out, size_t begin);
void wire_put_error(struct text *out, int error);
void wire_put_diags(struct text *out, const struct diags *diags);

/* wire_next: the next message of what came in. 1; 0: not whole yet; ERR_CORRUPT. */
int wire_next(const struct text *in, size_t *at, enum wire_type *type, struct reader *payload);
uint32_t wire_u32(struct reader *r);
uint64_t wire_u64(struct reader *r);
int wire_error(struct reader *r);
/* wire_string: a view. */
const char *wire_string(struct reader *r, size_t *len);
void wire_diags(struct reader *r, struct diags *diags);

/* wire_receive: append what is there. 1; 0: nothing there (only if not wait); ERR_CLOSED. */
int wire_receive(int fd, struct text *in, bool wait);
/* wire_consume: forget the first n bytes. */
void wire_consume(struct text *in, size_t n);
/* wire_send: all of it. While the other end does not read, what it sends is put into `in`, if
 * given, so that the two never wait for each other. 0 or ERR_CLOSED. */
int wire_send(int fd, const struct text *out, struct text *in);

#endif
