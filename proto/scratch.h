/* Texts that parts are made of, written into the scratch memory of whoever asks for parts.
 *
 * One text is written at a time; it is of no use to others until scratch_end. What finds no room is
 * cut, and `cut` says so. Threads: those of the scratch memory.
 */
#ifndef PROTO_SCRATCH_H
#define PROTO_SCRATCH_H

#include "proto/message.h"

#include <string.h>

struct scratch_text {
    uint8_t *data;
    size_t len, room;
    bool cut;
};

static inline struct scratch_text scratch_begin(const struct proto_scratch *s)
{
    return (struct scratch_text){.data = s->data + s->used, .room = s->room - s->used};
}

/* scratch_end: the text, which is taken; scratch_text_bytes: the same, not taken. */
static inline struct bytes scratch_text_bytes(const struct scratch_text *t)
{
    return (struct bytes){t->data, t->len};
}
static inline struct bytes scratch_end(struct proto_scratch *s, const struct scratch_text *t)
{
    s->used += t->len;
    return scratch_text_bytes(t);
}

static inline void scratch_byte(struct scratch_text *t, uint8_t byte)
{
    if (t->len < t->room)
        t->data[t->len++] = byte;
    else
        t->cut = true;
}

static inline void scratch_bytes(struct scratch_text *t, const void *data, size_t len)
{
    size_t left = t->room - t->len, n = len < left ? len : left;
    if (n > 0)
        memcpy(t->data + t->len, data, n);
    t->len += n;
    t->cut |= n < len;
}

static inline void scratch_puts(struct scratch_text *t, const char *text)
{
    scratch_bytes(t, text, strlen(text));
}

/* scratch_number: in decimal digits. */
static inline void scratch_number(struct scratch_text *t, uint64_t number)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    scratch_bytes(t, digits + at, sizeof digits - at);
}

/* Digits of scratch_hex and others. */
static const char scratch_lower[] = "0123456789abcdef", scratch_upper[] = "0123456789ABCDEF";

/* scratch_hex: two digits a byte; `between` two bytes, unless it is 0. */
static inline void scratch_hex(struct scratch_text *t, struct bytes b, const char digits[17],
                               uint8_t between)
{
    for (size_t i = 0; i < b.len; i++) {
        if (between && i > 0)
            scratch_byte(t, between);
        scratch_byte(t, (uint8_t)digits[b.data[i] >> 4]);
        scratch_byte(t, (uint8_t)digits[b.data[i] & 15]);
    }
}

#endif
