/* Sixteen places at a time are asked for the first and for the last byte in both cases; most hold
 * neither. What both hold is compared byte by byte. */
#include "rules/find.h"

#include <emmintrin.h>
#include <stdbool.h>

static uint8_t lower_of(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static uint8_t upper_of(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? c & 0xdf : c;
}

static bool equal(const uint8_t *data, const uint8_t *lower, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lower_of(data[i]) != lower[i])
            return false;
    return true;
}

/* both_cases: a bit for each of sixteen bytes that is this letter. */
static __m128i both_cases(const uint8_t *data, uint8_t lower)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)data);
    return _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)lower)),
                        _mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)upper_of(lower))));
}

const uint8_t *find_any_case(const uint8_t *data, size_t len, const uint8_t *lower, size_t n)
{
    if (len < n)
        return NULL;
    size_t at = 0, places = len - n + 1;
    for (; at + 16 <= places; at += 16) {
        __m128i ends = _mm_and_si128(both_cases(data + at, lower[0]),
                                     both_cases(data + at + n - 1, lower[n - 1]));
        for (unsigned bits = (unsigned)_mm_movemask_epi8(ends); bits; bits &= bits - 1) {
            const uint8_t *place = data + at + __builtin_ctz(bits);
            if (equal(place, lower, n))
                return place;
        }
    }
    for (; at < places; at++)
        if (equal(data + at, lower, n))
            return data + at;
    return NULL;
}
