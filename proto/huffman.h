/* The Huffman code of header fields: RFC 7541, 5.2 and appendix B. */
#ifndef PROTO_HUFFMAN_H
#define PROTO_HUFFMAN_H

#include "base/bytes.h"

/* huffman_decode: writes what fits into the room; *len is the whole length all the same. False: no
 * such string: it holds the code that ends strings, or is not filled up as it should be. */
bool huffman_decode(struct bytes packed, uint8_t *out, size_t room, size_t *len);

#endif
