/* What an accord or an annex that loads must hold: what was taken from it stands in it, and its
 * canonical form, written to a file and read again, has the same digest. Used by the mutation tests
 * and by the fuzz target. */
#ifndef TESTS_UNIT_CORRELATE_ACCORD_MEANING_H
#define TESTS_UNIT_CORRELATE_ACCORD_MEANING_H

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "correlate/accord_parts.h"

#include <ctype.h>
#include <string.h>

/* meaning_of: the typed document of a file; NULL when it is not of this schema. */
static inline json_t *meaning_of(const char *path, const struct schema_type *schema)
{
    struct yaml_documents docs;
    struct diags diags = {0};
    json_t *typed = NULL;
    if (yaml_load(path, &docs, &diags) == 0) {
        struct schema_reader reader = {.docs = &docs, .diags = &diags};
        if (docs.n == 1 && docs.roots[0])
            typed = schema_read(&reader, schema, docs.roots[0], "the document");
        yaml_documents_free(&docs);
    }
    diags_free(&diags);
    return typed;
}

/* Words without a blank or a backslash cannot be folded or escaped (in double quotes any character
 * can be written as an escape, so a text with a backslash is not held against its source). */
static inline bool plain_word(const char *s)
{
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("._-/:+=", *s))
            return false;
    return true;
}

static inline bool stands_in(const char *s, const char *source)
{
    return !plain_word(s) || strchr(source, '\\') || strstr(source, s);
}

/* meaning_is_written: every key, word, and truth value of the typed document stands in the source.
 */
static inline bool meaning_is_written(json_t *value, const char *source)
{
    const char *key;
    json_t *child;
    size_t i;
    if (json_is_string(value))
        return stands_in(json_string_value(value), source);
    if (json_is_boolean(value))
        return stands_in(json_is_true(value) ? "true" : "false", source);
    json_object_foreach(value, key, child) if (!stands_in(key, source) ||
                                               !meaning_is_written(child, source)) return false;
    json_array_foreach(value, i, child) if (!meaning_is_written(child, source)) return false;
    return true;
}

/* accord_meaning_fault: what is wrong with an accord that loaded from `path`; NULL for nothing.
 * `again` is a file to write in the same folder. */
static inline const char *accord_meaning_fault(const struct accord *a, const char *path,
                                               const char *again)
{
    const char *fault = NULL;
    struct text source = {0}, jcs = {0};
    struct diags diags = {0};
    struct accord *b = NULL;
    uint8_t digest[SHA256_BYTES], of_jcs[SHA256_BYTES];
    json_t *typed = meaning_of(path, &accord_schema);
    if (!typed || file_read(path, 1 << 20, &source) || jcs_append(&jcs, typed) ||
        file_replace(again, jcs.data, jcs.len, 0600))
        fault = "it loads, but not as a typed document";
    accord_digest(a, digest);
    sha256(of_jcs, text_str(&jcs), jcs.len);
    if (!fault && memcmp(digest, of_jcs, sizeof digest) != 0)
        fault = "its digest is not that of its canonical form";
    if (!fault && !meaning_is_written(typed, text_str(&source)))
        fault = "something was taken from it that is not written in it";
    if (!fault && accord_read(&b, again, &diags))
        fault = "its canonical form does not load";
    if (b)
        accord_digest(b, digest);
    if (!fault && memcmp(digest, of_jcs, sizeof digest) != 0)
        fault = "its canonical form has another digest";
    accord_destroy(b);
    json_decref(typed);
    text_free(&source);
    text_free(&jcs);
    diags_free(&diags);
    return fault;
}

/* annex_meaning_fault: likewise of an annex whose root with these salts is `root`. */
static inline const char *annex_meaning_fault(const char *path, const char *salts,
                                              const char root[65], const char *again)
{
    const char *fault = NULL;
    struct text source = {0}, jcs = {0};
    struct diags diags = {0};
    char other[65] = "";
    json_t *typed = meaning_of(path, &assets_annex_schema);
    if (!typed)
        typed = meaning_of(path, &networks_annex_schema);
    if (!typed || file_read(path, 1 << 20, &source) || jcs_append(&jcs, typed) ||
        file_replace(again, jcs.data, jcs.len, 0600))
        fault = "it loads, but not as a typed document";
    if (!fault && !meaning_is_written(typed, text_str(&source)))
        fault = "something was taken from it that is not written in it";
    if (!fault && accord_annex_root(again, salts, false, other, &diags))
        fault = "its canonical form does not load";
    if (!fault && strcmp(root, other) != 0)
        fault = "its canonical form has another root";
    json_decref(typed);
    text_free(&source);
    text_free(&jcs);
    diags_free(&diags);
    return fault;
}

#endif
