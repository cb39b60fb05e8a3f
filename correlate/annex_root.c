/* The root of an annex: one salted disclosure per row, so that single rows can be shown to others.
 *
 *     disclosure = base64url( JCS of [salt, row] )            no padding, as in sealed entries
 *     leaf hash  = SHA-256( 0x00 || disclosure )              RFC 9162, 2.1.1
 *
 * The salts are 16 random bytes each, base64url, one a line in the order of the rows, in a file
 * that stays with the annex inside the party.
 */
#include "correlate/accord_parts.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define SALT_BYTES     16
#define SALT_TEXT      22 /* base64url of 16 bytes */
#define SALTS_FILE_MAX (64u << 20)

json_t *annex_rows(const json_t *annex)
{
    json_t *rows = json_array();
    const json_t *list = json_object_get(annex, "networks");
    const json_t *monitored = json_object_get(annex, "monitored");
    if (monitored) {
        json_t *head = json_pack("{s:O, s:O}", "monitored", monitored, "party",
                                 json_object_get(annex, "party"));
        json_array_append_new(rows, head);
        list = json_object_get(annex, "assets");
    }
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row) json_array_append(rows, row);
    return rows;
}

char *annex_salts_path(const char *annex)
{
    size_t len = strlen(annex);
    if (len > 5 && strcmp(annex + len - 5, ".yaml") == 0)
        len -= 5;
    char *path = NULL;
    return asprintf(&path, "%.*s.salts", (int)len, annex) < 0 ? NULL : path;
}

static int leaf_hash(uint8_t out[SHA256_BYTES], const char *salt, const json_t *row)
{
    struct text json = {0}, leaf = {0};
    text_puts(&json, "[\"");
    text_append(&json, salt, SALT_TEXT);
    text_puts(&json, "\",");
    int error = jcs_append(&json, row);
    text_puts(&json, "]");
    char *disclosure = malloc(BASE64_ROOM(json.len));
    if (!error && (!disclosure || json.failed))
        error = ERR_NOMEM;
    if (!error) {
        size_t len = base64_encode(disclosure, (const uint8_t *)json.data, json.len, true);
        text_append(&leaf, "\0", 1);
        text_append(&leaf, disclosure, len);
        sha256(out, leaf.data, leaf.len);
    }
    free(disclosure);
    text_free(&json);
    text_free(&leaf);
    return error;
}

/* RFC 9162, 2.1.1: the left half is the largest power of two smaller than n. */
static void tree_hash(uint8_t out[SHA256_BYTES], const uint8_t (*leaves)[SHA256_BYTES], size_t n)
{
    if (n == 1) {
        memcpy(out, leaves[0], SHA256_BYTES);
        return;
    }
    size_t left = 1;
    while (left * 2 < n)
        left *= 2;
    uint8_t halves[2][SHA256_BYTES];
    tree_hash(halves[0], leaves, left);
    tree_hash(halves[1], leaves + left, n - left);
    struct piece pieces[] = {{"\1", 1}, {halves, sizeof halves}};
    sha256_pieces(out, pieces, 2);
}

/* next_salt: the salt of one line, strictly; moves *at behind its newline. */
static const char *next_salt(const char **at, const char *end)
{
    const char *line = *at;
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    if (!stop)
        stop = end;
    *at = stop < end ? stop + 1 : end;
    uint8_t bytes[SALT_TEXT];
    if (stop - line != SALT_TEXT || base64_decode(bytes, line, SALT_TEXT, true) != SALT_BYTES)
        return NULL;
    return line;
}

int annex_root(const json_t *rows, const char *salts, size_t len, const char *salts_file,
               char out[65], struct diags *diags)
{
    size_t n = json_array_size(rows), i;
    uint8_t(*leaves)[SHA256_BYTES] = calloc(n + 1, sizeof *leaves), root[SHA256_BYTES];
    const char *at = salts, *end = salts + len;
    json_t *row;
    int error = leaves ? 0 : ERR_NOMEM;
    json_array_foreach(rows, i, row)
    {
        struct diag_pos pos = {.file = salts_file, .line = (uint32_t)i + 1, .col = 1};
        if (error)
            break;
        if (at == end) {
            error = diag_error(diags, ERR_TRUNCATED, pos,
                               "accord root --make-salts draws those missing",
                               "%zu rows, but only %zu salts", n, i);
            break;
        }
        const char *salt = next_salt(&at, end);
        error = salt ? leaf_hash(leaves[i], salt, row)
                     : diag_error(diags, ERR_SYNTAX, pos, "base64url of 16 bytes, one a line",
                                  "this is no salt");
    }
    if (!error && at != end)
        error =
            diag_error(diags, ERR_CORRUPT,
                       (struct diag_pos){.file = salts_file, .line = (uint32_t)n + 1, .col = 1},
                       "salts stand in the order of the rows", "more salts than the %zu rows", n);
    if (!error && n)
        tree_hash(root, (const uint8_t(*)[SHA256_BYTES])leaves, n);
    else
        sha256(root, "", 0);
    free(leaves);
    hex_encode(out, root, SHA256_BYTES);
    return error;
}

/* The command. */

static int read_annex(const char *path, json_t **out, struct diags *diags)
{
    struct yaml_documents docs;
    int error = yaml_load(path, &docs, diags);
    if (error)
        return error;
    struct schema_reader reader = {.docs = &docs, .diags = diags};
    if (docs.n == 1 && docs.roots[0]) {
        bool assets = yaml_get(docs.roots[0], "assets") || yaml_get(docs.roots[0], "monitored");
        *out = schema_read(&reader, assets ? &assets_annex_schema : &networks_annex_schema,
                           docs.roots[0], "the annex");
        error = reader.error;
    } else {
        error =
            diag_error(diags, ERR_SCHEMA, diag_file(path), NULL, "an annex is one YAML document");
    }
    yaml_documents_free(&docs);
    return error;
}

static int draw_salts(struct text *salts, size_t wanted, const char *path, struct diags *diags)
{
    size_t have = 0;
    for (size_t i = 0; i < salts->len; i++)
        have += salts->data[i] == '\n';
    if (have >= wanted)
        return 0;
    for (; have < wanted; have++) {
        uint8_t salt[SALT_BYTES];
        char line[BASE64_ROOM(SALT_BYTES)];
        if (random_bytes(salt, sizeof salt))
            return diag_error(diags, ERR_IO, diag_file(path), NULL, "no random bytes");
        base64_encode(line, salt, sizeof salt, true);
        text_printf(salts, "%s\n", line);
    }
    int error = salts->failed ? ERR_NOMEM : file_replace(path, salts->data, salts->len, 0600);
    return error ? diag_error(diags, error, diag_file(path), NULL, "cannot write the salts: %s",
                              error_text(error))
                 : 0;
}

int accord_annex_root(const char *annex, const char *salts, bool make_salts, char out[65],
                      struct diags *diags)
{
    json_t *typed = NULL, *rows = NULL;
    struct text text = {0};
    char *beside = annex_salts_path(annex);
    const char *path = salts ? salts : beside;
    int error = path ? read_annex(annex, &typed, diags) : ERR_NOMEM;
    if (error)
        goto out;
    rows = annex_rows(typed);
    error = file_read(path, SALTS_FILE_MAX, &text);
    if (error == ERR_NOT_FOUND && make_salts)
        error = 0;
    if (error) {
        diag_error(diags, error, diag_file(path), "--make-salts draws new ones",
                   "cannot read the salts of the annex's rows: %s", error_text(error));
        goto out;
    }
    if (make_salts)
        error = draw_salts(&text, json_array_size(rows), path, diags);
    if (!error)
        error = annex_root(rows, text_str(&text), text.len, path, out, diags);
out:
    json_decref(typed);
    json_decref(rows);
    text_free(&text);
    free(beside);
    return error;
}
