/* Sealing a draft: salts, disclosures, decoys and the entry's public bytes. */
#include "ledger/commitment.h"

#include "base/error.h"
#include "base/json.h"
#include "ledger/entry_table.h"
#include "ledger/merkle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "{\"_sd\":[\""
#define TAIL "\"],\"_sd_alg\":\"sha-256\",\"v\":1}"

/* One entry while it is being sealed. */
struct sealing {
    const struct commitment_maker *maker;
    const struct entry_draft *draft;
    struct json_writer array; /* over out->disclosures */
    struct diags *diags;
    char digests[COMMITMENTS_MAX][DIGEST_CHARS + 1];
    unsigned n;
};

static struct json_writer salt_input(struct text *t, const char *purpose,
                                     const struct commitment_maker *maker, const char *id,
                                     uint32_t revision)
{
    char number[16];
    struct json_writer w = json_writer_to(t);
    snprintf(number, sizeof number, "%" PRIu32, revision);
    json_open_array(&w);
    json_put_string(&w, purpose);
    json_put_string(&w, maker->origin);
    json_put_string(&w, id);
    json_put_string(&w, number);
    return w;
}

void commitment_salt(const struct commitment_maker *maker, const char *id, uint32_t revision,
                     const char *pointer, const char *value, size_t value_len,
                     char out[SALT_CHARS + 1])
{
    struct text t = {0};
    uint8_t mac[SHA256_BYTES];
    struct json_writer w = salt_input(&t, "plimsoll-salt/1", maker, id, revision);
    json_put_string(&w, pointer);
    json_put_raw(&w, value, value_len);
    json_close_array(&w);
    hmac_sha256(mac, maker->secret, LEDGER_SECRET_BYTES, text_str(&t), t.len);
    base64_encode(out, mac, 16, true);
    text_free(&t);
}

void commitment_decoy(const struct commitment_maker *maker, const char *id, uint32_t revision,
                      unsigned index, char out[DIGEST_CHARS + 1])
{
    struct text t = {0};
    uint8_t mac[SHA256_BYTES];
    char number[16];
    snprintf(number, sizeof number, "%u", index);
    struct json_writer w = salt_input(&t, "plimsoll-decoy/1", maker, id, revision);
    json_put_string(&w, number);
    json_close_array(&w);
    hmac_sha256(mac, maker->secret, LEDGER_SECRET_BYTES, text_str(&t), t.len);
    sha256(mac, mac, sizeof mac);
    base64_encode(out, mac, sizeof mac, true);
    text_free(&t);
}

void commitment_disclosure(struct text *out, const char *salt, const char *name, const char *value,
                           size_t value_len)
{
    struct text t = {0};
    struct json_writer w = json_writer_to(&t);
    json_open_array(&w);
    json_put_string(&w, salt);
    if (name)
        json_put_string(&w, name);
    json_put_raw(&w, value, value_len);
    json_close_array(&w);
    char *encoded = t.failed ? NULL : malloc(BASE64_ROOM(t.len));
    if (encoded)
        text_append(out, encoded, base64_encode(encoded, (const uint8_t *)t.data, t.len, true));
    else
        out->failed = true;
    free(encoded);
    text_free(&t);
}

void commitment_digest(const char *disclosure, size_t len, char out[DIGEST_CHARS + 1])
{
    uint8_t hash[SHA256_BYTES];
    sha256(hash, disclosure, len);
    base64_encode(out, hash, sizeof hash, true);
}

/* disclose: write the disclosure of one value to the private list and give its digest. */
static void disclose(struct sealing *s, const char *pointer, const char *name, const char *value,
                     size_t value_len, char digest[DIGEST_CHARS + 1])
{
    char salt[SALT_CHARS + 1];
    struct text t = {0};
    commitment_salt(s->maker, s->draft->id, s->draft->revision, pointer, value, value_len, salt);
    commitment_disclosure(&t, salt, name, value, value_len);
    commitment_digest(text_str(&t), t.len, digest);
    json_put_string(&s->array, text_str(&t));
    if (t.failed)
        s->array.out->failed = true;
    text_free(&t);
}

static int add_value(struct sealing *s, const char *name, const char *value, size_t value_len)
{
    char pointer[128];
    if (s->n == COMMITMENTS_MAX)
        return diag_error(s->diags, ERR_RANGE, diag_file("entry"), NULL,
                          "entry %s has more than %d fields", s->draft->id, COMMITMENTS_MAX);
    snprintf(pointer, sizeof pointer, "/%s", name);
    disclose(s, pointer, name, value, value_len, s->digests[s->n++]);
    return 0;
}

/* add_list: the elements first, each a disclosure, then the field with their digests. */
static int add_list(struct sealing *s, const char *name, const json_t *list)
{
    struct text value = {0}, element = {0};
    struct json_writer w = json_writer_to(&value);
    json_open_array(&w);
    for (size_t i = 0; i < json_array_size(list); i++) {
        char pointer[128], digest[DIGEST_CHARS + 1];
        snprintf(pointer, sizeof pointer, "/%s/%zu", name, i);
        text_clear(&element);
        jcs_append(&element, json_array_get(list, i));
        disclose(s, pointer, NULL, text_str(&element), element.len, digest);
        json_open_object(&w);
        json_put_key(&w, "...");
        json_put_string(&w, digest);
        json_close_object(&w);
    }
    json_close_array(&w);
    int error = value.failed || element.failed ? ERR_NOMEM
                                               : add_value(s, name, text_str(&value), value.len);
    text_free(&value);
    text_free(&element);
    return error;
}

static int add_field(struct sealing *s, const struct entry_field *f)
{
    /* Only canonical values: otherwise the same fact could be sealed in two forms. */
    struct text canonical = {0};
    json_t *value = json_read("entry", f->value, f->value_len, s->diags);
    bool list = entry_field_is_list(s->draft->kind, f->name);
    int error = 0;
    if (!value || jcs_append(&canonical, value) || canonical.len != f->value_len ||
        memcmp(canonical.data, f->value, f->value_len) != 0 || (list && !json_is_array(value)))
        error = diag_error(s->diags, ERR_SCHEMA, diag_file("entry"), NULL,
                           "entry %s: the value of field %s is not canonical JSON%s", s->draft->id,
                           f->name, list ? " of an array" : "");
    else if (list)
        error = add_list(s, f->name, value);
    else
        error = add_value(s, f->name, f->value, f->value_len);
    json_decref(value);
    text_free(&canonical);
    return error;
}

/* add_own: what the sealer itself says of an entry. */
static int add_own(struct sealing *s, const uint8_t *supersedes)
{
    struct text t = {0};
    struct json_writer w = json_writer_to(&t);
    json_put_string(&w, s->draft->id);
    int error = add_value(s, "id", text_str(&t), t.len);
    text_clear(&t);
    w = json_writer_to(&t);
    json_put_string(&w, entry_kind_name(s->draft->kind));
    if (!error)
        error = add_value(s, "kind", text_str(&t), t.len);
    text_clear(&t);
    text_printf(&t, "%" PRIu32, s->draft->revision);
    if (!error)
        error = add_value(s, "revision", text_str(&t), t.len);
    if (supersedes && !error) {
        char leaf[BASE64_ROOM(SHA256_BYTES)];
        base64_encode(leaf, supersedes, SHA256_BYTES, false);
        text_clear(&t);
        text_printf(&t, "\"%s\"", leaf);
        error = add_value(s, "supersedes", text_str(&t), t.len);
    }
    if (t.failed && !error)
        error = ERR_NOMEM;
    text_free(&t);
    return error;
}

static int compare_digests(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* write_entry: fill with decoys to the next of 16, 32 or 64, and write the public bytes. */
static void write_entry(struct sealing *s, struct text *out)
{
    unsigned size = s->n <= 16 ? 16 : s->n <= 32 ? 32 : 64;
    for (unsigned i = 0; s->n < size; i++)
        commitment_decoy(s->maker, s->draft->id, s->draft->revision, i, s->digests[s->n++]);
    qsort(s->digests, s->n, sizeof s->digests[0], compare_digests);
    text_puts(out, HEAD);
    for (unsigned i = 0; i < s->n; i++) {
        text_puts(out, i ? "\",\"" : "");
        text_puts(out, s->digests[i]);
    }
    text_puts(out, TAIL);
}

int commitment_seal(const struct commitment_maker *maker, const struct entry_draft *draft,
                    const uint8_t *supersedes, struct sealed_entry *out, struct diags *diags)
{
    text_clear(&out->entry);
    text_clear(&out->disclosures);
    struct sealing s = {
        .maker = maker, .draft = draft, .array = json_writer_to(&out->disclosures), .diags = diags};
    json_open_array(&s.array);
    int error = add_own(&s, supersedes);
    for (size_t i = 0; i < draft->n && !error; i++)
        error = add_field(&s, &draft->fields[i]);
    if (error)
        return error;
    json_close_array(&s.array);
    write_entry(&s, &out->entry);
    if (out->entry.failed || out->disclosures.failed)
        return ERR_NOMEM;
    merkle_leaf(out->leaf, out->entry.data, out->entry.len);
    return 0;
}

void sealed_entry_free(struct sealed_entry *e)
{
    text_free(&e->entry);
    text_free(&e->disclosures);
}

void ledger_incident_key(const uint8_t secret[LEDGER_SECRET_BYTES], uint8_t out[SHA256_BYTES])
{
    static const char purpose[] = "plimsoll-incident-id/1";
    hmac_sha256(out, secret, LEDGER_SECRET_BYTES, purpose, sizeof purpose - 1);
}

void ledger_secret_check(const uint8_t secret[LEDGER_SECRET_BYTES], char out[2 * SHA256_BYTES + 1])
{
    static const char purpose[] = "plimsoll-secret-check/1";
    uint8_t mac[SHA256_BYTES];
    hmac_sha256(mac, secret, LEDGER_SECRET_BYTES, purpose, sizeof purpose - 1);
    hex_encode(out, mac, sizeof mac);
}

int commitment_parse(const char *entry, size_t len, uint8_t digests[COMMITMENTS_MAX][SHA256_BYTES],
                     size_t *at, const char **why)
{
    const size_t head = sizeof HEAD - 1, tail = sizeof TAIL - 1, step = DIGEST_CHARS + 3;
    *at = 0;
    *why = "it does not begin as an entry does";
    if (len < head || memcmp(entry, HEAD, head) != 0)
        return ERR_CORRUPT;
    size_t pos = head;
    unsigned n = 0;
    for (;;) {
        *at = pos;
        *why = "no digest of 43 base64url characters";
        if (len - pos < DIGEST_CHARS || n == COMMITMENTS_MAX ||
            base64_decode(digests[n], entry + pos, DIGEST_CHARS, true) != SHA256_BYTES)
            return ERR_CORRUPT;
        *why = "the digests are not sorted, or one is there twice";
        if (n && memcmp(entry + pos - step, entry + pos, DIGEST_CHARS) >= 0)
            return ERR_CORRUPT;
        n++;
        pos += DIGEST_CHARS;
        if (len - pos < 3 || memcmp(entry + pos, "\",\"", 3) != 0)
            break;
        pos += 3;
    }
    *at = pos;
    *why = "it does not end as an entry does";
    if (len - pos != tail || memcmp(entry + pos, TAIL, tail) != 0)
        return ERR_CORRUPT;
    *why = "the number of digests is not 16, 32 or 64";
    return n == 16 || n == 32 || n == 64 ? (int)n : ERR_CORRUPT;
}
