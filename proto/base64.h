/* Base64 as mail has it: RFC 2045, 6.8. What is not in the alphabet is passed over. */
#ifndef PROTO_BASE64_H
#define PROTO_BASE64_H

#include <stdbool.h>
#include <stdint.h>

/* Of the block of four under way. Zeroed, it is a fresh one. */
struct base64 {
    uint32_t bits;
    uint8_t n, padding;
};

/* base64_numbers: of a character, from 1; 65: padding, 0: it is not in the alphabet. */
extern const uint8_t base64_numbers[256];

/* base64_value: 64: padding, 255: it is not in the alphabet. */
static inline uint8_t base64_value(uint8_t c)
{
    return (uint8_t)(base64_numbers[c] - 1);
}

/* base64_block: three bytes of four characters of the alphabet, where a block begins; false: it is
 * not as simple. */
static inline bool base64_block(const uint8_t in[4], uint8_t out[3])
{
    uint8_t a = base64_value(in[0]), b = base64_value(in[1]), c = base64_value(in[2]),
            d = base64_value(in[3]);
    if ((a | b | c | d) & 0xc0)
        return false;
    out[0] = (uint8_t)(a << 2 | b >> 4);
    out[1] = (uint8_t)(b << 4 | c >> 2);
    out[2] = (uint8_t)(c << 6 | d);
    return true;
}

/* base64_take: the next character; returns how many bytes are out with it. */
static inline unsigned base64_take(struct base64 *b, uint8_t c, uint8_t out[3])
{
    uint8_t value = base64_value(c);
    if (value == 255)
        return 0;
    b->bits = b->bits << 6 | (value & 63u);
    b->padding = (uint8_t)(b->padding + (value == 64));
    if (++b->n < 4)
        return 0;
    unsigned n = b->padding < 3 ? 3u - b->padding : 0;
    for (unsigned i = 0; i < 3; i++)
        out[i] = (uint8_t)(b->bits >> (16 - 8 * i));
    *b = (struct base64){0};
    return n;
}

/* base64_end: nothing more comes; a block that is not whole is filled up with padding. */
static inline unsigned base64_end(struct base64 *b, uint8_t out[3])
{
    unsigned n = 0;
    while (b->n > 0)
        n = base64_take(b, '=', out);
    return n;
}

#endif
