/* Drafts to bytes and back. */
#include "ledger/draft_codec.h"

#include "base/bytes.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

void put_u32(struct text *out, uint32_t v)
{
    const uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    text_append(out, b, sizeof b);
}

void put_u64(struct text *out, uint64_t v)
{
    put_u32(out, (uint32_t)(v >> 32));
    put_u32(out, (uint32_t)v);
}

void put_string(struct text *out, const void *data, size_t len)
{
    put_u32(out, (uint32_t)len);
    text_append(out, data, len);
}

static int compare_names(const void *a, const void *b)
{
    const struct entry_field *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

int draft_encode(struct text *out, const struct entry_draft *draft)
{
    const struct entry_field *sorted[ENTRY_FIELDS_MAX];
    size_t begin = out->len, total = 0;
    if (draft->n > ENTRY_FIELDS_MAX || (unsigned)draft->kind >= ENTRY_KIND_COUNT)
        return ERR_SCHEMA;
    for (size_t i = 0; i < draft->n; i++) {
        sorted[i] = &draft->fields[i];
        if (sorted[i]->value_len > DRAFT_BYTES_MAX)
            return ERR_SCHEMA;
        total += sorted[i]->value_len;
    }
    if (total > DRAFT_BYTES_MAX / 2)
        return ERR_SCHEMA;
    qsort(sorted, draft->n, sizeof *sorted, compare_names);
    const char *kind = entry_kind_name(draft->kind);
    put_string(out, kind, strlen(kind));
    put_string(out, draft->id, strlen(draft->id));
    put_u32(out, draft->revision);
    put_u32(out, (uint32_t)draft->n);
    for (size_t i = 0; i < draft->n; i++) {
        put_string(out, sorted[i]->name, strlen(sorted[i]->name));
        put_string(out, sorted[i]->value, sorted[i]->value_len);
    }
    if (out->failed)
        return ERR_NOMEM;
    if (out->len - begin <= DRAFT_BYTES_MAX)
        return 0;
    out->len = begin;
    return ERR_SCHEMA;
}

static uint32_t take_u32(struct reader *r)
{
    const uint8_t *p = reader_take(r, 4);
    return p ? load_be32(p) : 0;
}

/* take_string: into the store with a NUL behind it; its offset there. */
static size_t take_string(struct reader *r, struct text *store, size_t *len, bool name)
{
    size_t at = store->len;
    *len = take_u32(r);
    const uint8_t *p = reader_take(r, *len);
    /* A name with a NUL in it would be cut short and then be another. */
    if (!p || (name && memchr(p, 0, *len)))
        r->failed = true;
    else
        text_append(store, p, *len);
    text_append(store, "", 1);
    return at;
}

int draft_decode(const void *data, size_t len, struct draft_copy *out)
{
    struct reader r = reader_over(data, len);
    size_t names[ENTRY_FIELDS_MAX], values[ENTRY_FIELDS_MAX], n, ignored;
    struct text *store = &out->store;
    text_clear(store);
    size_t kind = take_string(&r, store, &ignored, true);
    size_t id = take_string(&r, store, &ignored, true);
    uint32_t revision = take_u32(&r);
    n = take_u32(&r);
    if (r.failed || n > ENTRY_FIELDS_MAX)
        return ERR_SYNTAX;
    for (size_t i = 0; i < n; i++) {
        names[i] = take_string(&r, store, &ignored, true);
        values[i] = take_string(&r, store, &out->fields[i].value_len, false);
    }
    if (store->failed)
        return ERR_NOMEM;
    if (r.failed || reader_left(&r))
        return ERR_SYNTAX;
    for (size_t i = 0; i < n; i++) {
        out->fields[i].name = store->data + names[i];
        out->fields[i].value = store->data + values[i];
        if (i > 0 && strcmp(out->fields[i - 1].name, out->fields[i].name) > 0)
            return ERR_SYNTAX; /* equal drafts are equal bytes */
    }
    out->draft = (struct entry_draft){
        .id = store->data + id, .revision = revision, .fields = out->fields, .n = n};
    return entry_kind_by_name(store->data + kind, &out->draft.kind) ? ERR_SYNTAX : 0;
}

void draft_copy_free(struct draft_copy *copy)
{
    text_free(&copy->store);
}
