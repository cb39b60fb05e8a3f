/* Sixteen places at a time are asked for the first and for the last byte, in both cases where case
 * does not matter; most hold neither. What both hold is compared byte by byte. */
#include "rules/find.h"

#include <emmintrin.h>
#include <stdbool.h>
#include <string.h>

static uint8_t lower_of(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static uint8_t upper_of(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? c & 0xdf : c;
}

/* equal: the same, whatever the case of data's letters. */
static bool equal(const uint8_t *data, const uint8_t *lower, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lower_of(data[i]) != lower[i])
            return false;
    return true;
}

/* sixteen: a bit for each of sixteen bytes that is the one or the other. */
static inline __m128i sixteen(const uint8_t *data, uint8_t one, uint8_t other)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)data);
    return _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)one)),
                        _mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)other)));
}

static inline const uint8_t *find(const uint8_t *data, size_t len, const uint8_t *bytes, size_t n,
                                  bool any_case)
{
    if (len < n)
        return NULL;
    const uint8_t first = bytes[0], last = bytes[n - 1];
    const uint8_t other_first = any_case ? upper_of(first) : first,
                  other_last = any_case ? upper_of(last) : last;
    size_t at = 0, places = len - n + 1;
    for (; at + 16 <= places; at += 16) {
        __m128i ends = _mm_and_si128(sixteen(data + at, first, other_first),
                                     sixteen(data + at + n - 1, last, other_last));
        for (unsigned bits = (unsigned)_mm_movemask_epi8(ends); bits; bits &= bits - 1) {
            const uint8_t *place = data + at + __builtin_ctz(bits);
            if (any_case ? equal(place, bytes, n) : memcmp(place, bytes, n) == 0)
                return place;
        }
    }
    for (; at < places; at++)
        if (any_case ? equal(data + at, bytes, n) : memcmp(data + at, bytes, n) == 0)
            return data + at;
    return NULL;
}

const uint8_t *find_bytes(const uint8_t *data, size_t len, const uint8_t *bytes, size_t n)
{
    return find(data, len, bytes, n, false);
}

const uint8_t *find_any_case(const uint8_t *data, size_t len, const uint8_t *lower, size_t n)
{
    return find(data, len, lower, n, true);
}
