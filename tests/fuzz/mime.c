/* A mail: files are told one after the other, each with its name, and are the same however the mail
 * is cut. What is told is no longer than what came. The input: the mail. */
#include "tests/fuzz/fuzz.h"

#include "proto/mime.h"

struct files {
    const struct mime *mime;
    uint64_t sum, bytes;
    unsigned n;
    bool open;
};

static void add(struct files *f, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < len; i++) /* FNV-1a */
        f->sum = (f->sum ^ p[i]) * UINT64_C(0x100000001b3);
    f->sum = f->sum * 31;
}

static void on_begin(void *ctx)
{
    struct files *f = ctx;
    const struct mime_name *name = mime_file_name(f->mime);
    must(!f->open && name->found);
    must(name->len <= MIME_NAME_MAX && name->len_shown <= MIME_NAME_MAX);
    f->open = true;
    f->n++;
    add(f, name->bytes, name->len);
    if (name->shown)
        add(f, name->bytes_shown, name->len_shown);
}

static void on_bytes(void *ctx, struct bytes bytes)
{
    struct files *f = ctx;
    must(f->open && bytes.len > 0);
    for (size_t i = 0; i < bytes.len; i++)
        f->sum = (f->sum ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    f->bytes += bytes.len;
}

static void on_end(void *ctx)
{
    struct files *f = ctx;
    must(f->open);
    f->open = false;
    add(f, &f->bytes, sizeof f->bytes);
}

static struct files run(const uint8_t *data, size_t len, size_t cut)
{
    static struct mime mime;
    struct files f = {.mime = &mime};
    struct mime_sink sink = {.ctx = &f, .begin = on_begin, .bytes = on_bytes, .end = on_end};
    memset(&mime, 0xa5, sizeof mime);
    mime_begin(&mime);
    for (size_t at = 0; at < len; at += cut) {
        size_t n = len - at < cut ? len - at : cut;
        uint8_t *piece = fuzz_exact(data + at, n);
        mime_feed(&mime, (struct bytes){piece, n}, &sink);
        free(piece);
    }
    mime_end(&mime, &sink);
    must(!f.open);
    return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct files whole = run(data, len, len + 1), cut = run(data, len, 1 + len % 7);
    must(whole.sum == cut.sum && whole.n == cut.n && whole.bytes == cut.bytes);
    /* Quoted-printable ends lines with two bytes where one came. */
    must(whole.bytes <= 2 * len);
    return 0;
}
