/* Base64 as mail has it: RFC 2045, 6.8. What is not in the alphabet is passed over. */
#ifndef PROTO_BASE64_H
#define PROTO_BASE64_H

#include <stdint.h>

/* Of the block of four under way. Zeroed, it is a fresh one. */
struct base64 {
    uint32_t bits;
    uint8_t n, padding;
};

/* base64_value: of a character; 64: padding, 255: it is not in the alphabet. */
static inline uint8_t base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint8_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint8_t)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0' + 52);
    return c == '+' ? 62 : c == '/' ? 63 : c == '=' ? 64 : 255;
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
