/* Header fields of HTTP/2 as they are packed: RFC 7541.
 *
 * One direction of a connection has one dynamic table, which all its blocks change in their order.
 * Whoever missed a block, or has no memory for entries, does not know all of it: entries are
 * counted from the newest on, so those that came later are known all the same. A field whose entry
 * is not known is left out, and the list says so.
 */
#ifndef PROTO_HPACK_H
#define PROTO_HPACK_H

#include "base/bytes.h"

#define HPACK_MEMORY     8192  /* of one table; one that is larger is known as far as it fits */
#define HPACK_TABLE_SIZE 4096  /* at first, as the RFC counts it */
#define HPACK_FIELD_MAX  16384 /* of a name and its value that are listed */

/* A dynamic table. Owner: the flow; entries are in the memory that each call is given. */
struct hpack {
    uint32_t max, size;  /* RFC 7541, 4.1 */
    uint16_t n, oldest;  /* entries that are kept, and the place of the first of them */
    uint16_t begin, end; /* of their texts */
    bool unknown;        /* there may be entries that are older */
    bool in_block;       /* a field of the block was read: the size cannot change any more */
};

/* Fields, one behind the other: the lengths of name and value, two bytes each, then both. */
struct hpack_list {
    uint8_t *data;
    size_t len, room;
    bool unknown; /* a field is not known */
    bool cut;     /* one found no room */
};

enum hpack_result { HPACK_BAD = -1, HPACK_WHOLE, HPACK_MORE };

/* hpack_begin: a fresh table. hpack_forget: blocks are missing. */
void hpack_begin(struct hpack *h);
void hpack_forget(struct hpack *h);
/* hpack_block: a new block begins. */
void hpack_block(struct hpack *h);
/* hpack_decode: the fields that are whole; *used bytes of them. HPACK_MORE: the last one is not.
 * HPACK_BAD: this is no block, and the table is forgotten.
 *   memory  HPACK_MEMORY bytes, 2-byte aligned, that only this table uses; NULL: there is none
 *   list    fields are appended; NULL: the table alone is of interest */
enum hpack_result hpack_decode(struct hpack *h, uint8_t *memory, struct bytes block, size_t *used,
                               struct hpack_list *list);

/* hpack_list_add: a field at the end. hpack_list_next: the first of the rest; false: there is none.
 */
void hpack_list_add(struct hpack_list *list, struct bytes name, struct bytes value);
bool hpack_list_next(struct bytes *rest, struct bytes *name, struct bytes *value);

#endif
