/* JSON: our own writer, in RFC 8785 (JCS) form where asked, and reading by jansson.
 *
 * A value is built as a text piece by piece (json_open_object, json_put_key, json_put_string, ...);
 * jcs_from puts any JSON text into canonical form. Integers beyond 2^53 are written as strings by
 * the caller.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/diag.h"
#include "base/text.h"

#include <jansson.h>

/* The writer puts commas by itself. depth is at most 32. */
struct json_writer {
    struct text *out;
    uint32_t depth;
    uint32_t has_items; /* bit per level */
    bool after_key;
};

static inline struct json_writer json_writer_to(struct text *out)
{
    return (struct json_writer){.out = out};
}
void json_open_object(struct json_writer *w);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_put_key(struct json_writer *w, const char *key);
/* json_put_string: escapes as RFC 8785, 3.2.2.2; bytes that are no UTF-8 become U+FFFD. */
void json_put_string(struct json_writer *w, const char *s);
void json_put_string_len(struct json_writer *w, const char *s, size_t len);
void json_put_u64(struct json_writer *w, uint64_t v);
void json_put_i64(struct json_writer *w, int64_t v);
/* json_put_i64_string: a number as a JSON string, for what exceeds 2^53 (times in ns). */
void json_put_i64_string(struct json_writer *w, int64_t v);
void json_put_double(struct json_writer *w, double v);
void json_put_bool(struct json_writer *w, bool v);
void json_put_null(struct json_writer *w);
/* json_put_raw: a value that is JSON already. */
void json_put_raw(struct json_writer *w, const char *json, size_t len);

/* json_read: strict (no duplicate keys); NULL with a diagnostic. The caller decrefs. */
json_t *json_read(const char *file, const char *data, size_t len, struct diags *diags);

/* jcs_append: append the RFC 8785 form of a value (object keys sorted by UTF-16 code units, numbers
 * as ECMAScript prints them). 0, or ERR_RANGE for what JCS cannot carry (NaN, infinity, lone
 * surrogates). */
int jcs_append(struct text *out, const json_t *value);

#endif
