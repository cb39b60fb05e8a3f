/* Internet addresses and prefixes. IPv4 is held as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2), so that
 * there is one kind of address everywhere. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct address {
    uint8_t b[16];
};

/* The first `len` bits of `address` (0 to 128; an IPv4 prefix /n is held as /(96 + n)); the rest is
 * 0. */
struct prefix {
    struct address address;
    uint8_t len;
};

static inline struct address address_v4(const uint8_t b[4])
{
    struct address a = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, b[0], b[1], b[2], b[3]}};
    return a;
}
static inline struct address address_v6(const uint8_t b[16])
{
    struct address a;
    memcpy(a.b, b, 16);
    return a;
}
static inline bool address_is_v4(const struct address *a)
{
    static const uint8_t head[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(a->b, head, 12) == 0;
}
static inline int address_compare(const struct address *a, const struct address *b)
{
    return memcmp(a->b, b->b, 16);
}
static inline bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->b, b->b, 16) == 0;
}

#define ADDRESS_TEXT_ROOM 52
/* RFC 5952 form, IPv4 in dotted form. A prefix is written ADDRESS/LEN with LEN as a person wrote
 * it. */
const char *address_format(char out[ADDRESS_TEXT_ROOM], const struct address *a);
const char *prefix_format(char out[ADDRESS_TEXT_ROOM], const struct prefix *p);
int address_parse(const char *s, struct address *out);
/* prefix_parse: ADDRESS or ADDRESS/LEN. Bits set behind the length are ERR_RANGE. */
int prefix_parse(const char *s, struct prefix *out);
bool prefix_holds(const struct prefix *p, const struct address *a);

#endif
