/* Bytes and the bounded reader: untrusted bytes are read only through this.
 *
 * A reader never steps over its end: a read that does not fit returns 0, moves nothing and sets
 * `failed`, which stays set. So a parser reads a whole header and asks once.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view; does not own. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

struct reader {
    const uint8_t *at, *end;
    bool failed;
};

/* reader_over: data may be NULL where len is 0. */
static inline struct reader reader_over(const void *data, size_t len)
{
    const uint8_t *at = data;
    return (struct reader){.at = at, .end = len ? at + len : at, .failed = false};
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

/* reader_take: the next n bytes, or NULL (and failed) if there are fewer. */
static inline const uint8_t *reader_take(struct reader *r, size_t n)
{
    if (r->failed || reader_left(r) < n) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->at;
    r->at += n;
    return p;
}

static inline void reader_skip(struct reader *r, size_t n)
{
    (void)reader_take(r, n);
}

static inline uint16_t load_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t load_be64(const uint8_t *p)
{
    return (uint64_t)load_be32(p) << 32 | load_be32(p + 4);
}
static inline uint16_t load_le16(const uint8_t *p)
{
    return (uint16_t)(p[1] << 8 | p[0]);
}
static inline uint32_t load_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}
static inline uint64_t load_le64(const uint8_t *p)
{
    return (uint64_t)load_le32(p + 4) << 32 | load_le32(p);
}
static inline void store_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void store_be32(uint8_t *p, uint32_t v)
{
    store_be16(p, (uint16_t)(v >> 16));
    store_be16(p + 2, (uint16_t)v);
}
static inline void store_be64(uint8_t *p, uint64_t v)
{
    store_be32(p, (uint32_t)(v >> 32));
    store_be32(p + 4, (uint32_t)v);
}

#define READER_GET(name, type, size, load)       \
    static inline type name(struct reader *r)    \
    {                                            \
        const uint8_t *p = reader_take(r, size); \
        return p ? (type)load(p) : 0;            \
    }
static inline uint8_t load_u8(const uint8_t *p)
{
    return *p;
}
READER_GET(reader_u8, uint8_t, 1, load_u8)
READER_GET(reader_be16, uint16_t, 2, load_be16)
READER_GET(reader_be32, uint32_t, 4, load_be32)
READER_GET(reader_be64, uint64_t, 8, load_be64)
READER_GET(reader_le16, uint16_t, 2, load_le16)
READER_GET(reader_le32, uint32_t, 4, load_le32)
READER_GET(reader_le64, uint64_t, 8, load_le64)
#undef READER_GET

#endif
