/* The private lines: written behind what is right already, and read back. */
#include "ledger/disclosures.h"

#include "base/error.h"
#include "ledger/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAITING_MAX (1u << 20)

int disclosures_open(struct disclosures *d, const char *path, struct diags *diags)
{
    *d = (struct disclosures){.path = strdup(path)};
    d->fd = d->path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (d->fd < 0)
        return disk_error(path, "open", diags);
    d->there = fopen(path, "rbe");
    return d->there ? 0 : disk_error(path, "read", diags);
}

static void format_line(struct text *out, uint64_t index, const struct entry_draft *draft,
                        const struct sealed_entry *sealed)
{
    char leaf[BASE64_ROOM(SHA256_BYTES)];
    struct json_writer w = json_writer_to(out);
    base64_encode(leaf, sealed->leaf, SHA256_BYTES, false);
    text_clear(out);
    json_open_object(&w);
    json_put_key(&w, "disclosures");
    json_put_raw(&w, text_str(&sealed->disclosures), sealed->disclosures.len);
    json_put_key(&w, "id");
    json_put_string(&w, draft->id);
    json_put_key(&w, "index");
    json_put_u64(&w, index);
    json_put_key(&w, "kind");
    json_put_string(&w, entry_kind_name(draft->kind));
    json_put_key(&w, "leaf");
    json_put_string(&w, leaf);
    json_put_key(&w, "revision");
    json_put_u64(&w, draft->revision);
    json_close_object(&w);
    text_puts(out, "\n");
}

/* is_there: does the file go on with these bytes? */
static bool is_there(struct disclosures *d, const char *data, size_t len)
{
    char block[16384];
    for (size_t done = 0; done < len;) {
        size_t n = len - done < sizeof block ? len - done : sizeof block;
        if (fread(block, 1, n, d->there) != n || memcmp(block, data + done, n) != 0)
            return false;
        done += n;
    }
    return true;
}

static void stop_comparing(struct disclosures *d)
{
    if (d->there)
        fclose(d->there);
    d->there = NULL;
}

static int flush(struct disclosures *d, struct diags *diags)
{
    size_t done = 0;
    while (done < d->waiting.len) {
        ssize_t n =
            pwrite(d->fd, d->waiting.data + done, d->waiting.len - done, (off_t)(d->good + done));
        if (n < 0 && errno != EINTR) {
            int error = disk_error(d->path, "write", diags);
            if (ftruncate(d->fd, (off_t)d->good))
                disk_error(d->path, "cut", diags);
            return error;
        }
        if (n > 0)
            done += (size_t)n;
    }
    d->good += done;
    text_clear(&d->waiting);
    return 0;
}

int disclosures_add(struct disclosures *d, uint64_t index, const struct entry_draft *draft,
                    const struct sealed_entry *sealed, struct diags *diags)
{
    format_line(&d->line, index, draft, sealed);
    if (d->line.failed)
        return ERR_NOMEM;
    if (d->there && is_there(d, d->line.data, d->line.len)) {
        d->good += d->line.len;
        return 0;
    }
    stop_comparing(d);
    text_append(&d->waiting, d->line.data, d->line.len);
    if (d->waiting.failed)
        return ERR_NOMEM;
    return d->waiting.len > WAITING_MAX ? flush(d, diags) : 0;
}

int disclosures_sync(struct disclosures *d, struct diags *diags)
{
    stop_comparing(d);
    int error = flush(d, diags);
    if (error)
        return error;
    if (ftruncate(d->fd, (off_t)d->good) || fdatasync(d->fd))
        return disk_error(d->path, "write", diags);
    return 0;
}

void disclosures_close(struct disclosures *d)
{
    stop_comparing(d);
    if (d->path && d->fd >= 0)
        close(d->fd);
    free(d->path);
    text_free(&d->waiting);
    text_free(&d->line);
    *d = (struct disclosures){.fd = -1};
}

static bool take_number(const json_t *object, const char *key, uint64_t max, uint64_t *out)
{
    const json_t *value = json_object_get(object, key);
    json_int_t n = json_integer_value(value);
    *out = (uint64_t)n;
    return json_is_integer(value) && n >= 0 && *out <= max;
}

int disclosure_line_read(const char *file, uint32_t number, const char *line, size_t len,
                         struct disclosure_line *out, struct diags *diags)
{
    uint64_t revision = 0;
    uint8_t leaf[SHA256_BYTES + 1];
    *out = (struct disclosure_line){.json = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL)};
    out->id = json_string_value(json_object_get(out->json, "id"));
    out->kind = json_string_value(json_object_get(out->json, "kind"));
    out->items = json_object_get(out->json, "disclosures");
    const char *encoded = json_string_value(json_object_get(out->json, "leaf"));
    if (out->id && out->kind && json_is_array(out->items) && encoded && strlen(encoded) == 44 &&
        base64_decode(leaf, encoded, 44, false) == SHA256_BYTES &&
        take_number(out->json, "index", INT64_MAX, &out->index) &&
        take_number(out->json, "revision", UINT32_MAX, &revision)) {
        memcpy(out->leaf, leaf, SHA256_BYTES);
        out->revision = (uint32_t)revision;
        return 0;
    }
    json_decref(out->json);
    out->json = NULL;
    return diag_error(diags, ERR_SYNTAX, (struct diag_pos){.file = file, .line = number}, NULL,
                      "this is no line of disclosures");
}

int disclosure_open(const char *disclosure, size_t len, struct opened *out)
{
    *out = (struct opened){0};
    uint8_t *raw = malloc(len + 1);
    long n = raw ? base64_decode(raw, disclosure, len, true) : ERR_NOMEM;
    if (n > 0)
        out->json = json_loadb((char *)raw, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
    free(raw);
    size_t items = json_array_size(out->json);
    const json_t *salt = json_array_get(out->json, 0), *name = json_array_get(out->json, 1);
    if (json_is_string(salt) && (items == 2 || (items == 3 && json_is_string(name)))) {
        out->name = items == 3 ? json_string_value(name) : NULL;
        out->value = json_array_get(out->json, items - 1);
        sha256(out->digest, disclosure, len);
        return 0;
    }
    json_decref(out->json);
    out->json = NULL;
    return ERR_SYNTAX;
}
