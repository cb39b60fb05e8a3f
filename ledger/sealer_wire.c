/* Messages over the socket pair. */
#include "ledger/sealer_wire.h"

#include "base/error.h"
#include "ledger/draft_codec.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_MAX (DRAFT_BYTES_MAX + 64)
#define DIAGS_MAX   64

size_t wire_begin(struct text *out, enum wire_type type)
{
    size_t begin = out->len;
    const uint8_t kind = (uint8_t)type;
    put_u32(out, 0);
    text_append(out, &kind, 1);
    return begin;
}

void wire_end(struct text *out, size_t begin)
{
    if (out->failed)
        return;
    uint32_t len = (uint32_t)(out->len - begin - 4);
    for (int i = 0; i < 4; i++)
        out->data[begin + (size_t)i] = (char)(len >> (24 - 8 * i));
}

void wire_put_error(struct text *out, int error)
{
    put_u32(out, (uint32_t)-error);
}

void wire_put_diags(struct text *out, const struct diags *diags)
{
    size_t n = diags->n < DIAGS_MAX ? diags->n : DIAGS_MAX;
    put_u32(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        const struct diag *d = &diags->items[i];
        const char *file = d->pos.file ? d->pos.file : "", *hint = d->hint ? d->hint : "";
        put_u32(out, (uint32_t)d->level);
        wire_put_error(out, d->error);
        put_u32(out, d->pos.line);
        put_string(out, file, strlen(file));
        put_string(out, d->text, strlen(d->text));
        put_string(out, hint, strlen(hint));
    }
}

int wire_next(const struct text *in, size_t *at, enum wire_type *type, struct reader *payload)
{
    if (in->len - *at < 5)
        return 0;
    const uint8_t *p = (const uint8_t *)in->data + *at;
    size_t len = load_be32(p);
    if (len == 0 || len > MESSAGE_MAX)
        return ERR_CORRUPT;
    if (in->len - *at - 4 < len)
        return 0;
    *type = (enum wire_type)p[4];
    *payload = reader_over(p + 5, len - 1);
    *at += 4 + len;
    return 1;
}

uint32_t wire_u32(struct reader *r)
{
    const uint8_t *p = reader_take(r, 4);
    return p ? load_be32(p) : 0;
}

uint64_t wire_u64(struct reader *r)
{
    uint64_t high = wire_u32(r);
    return high << 32 | wire_u32(r);
}

int wire_error(struct reader *r)
{
    uint32_t number = wire_u32(r);
    if (number > INT32_MAX) {
        r->failed = true;
        return 0;
    }
    return -(int)number;
}

const char *wire_string(struct reader *r, size_t *len)
{
    *len = wire_u32(r);
    const uint8_t *p = reader_take(r, *len);
    if (!p)
        *len = 0;
    return p ? (const char *)p : "";
}

void wire_diags(struct reader *r, struct diags *diags)
{
    uint32_t n = wire_u32(r);
    for (uint32_t i = 0; i < n && !r->failed; i++) {
        enum diag_level level = (enum diag_level)wire_u32(r);
        int error = wire_error(r);
        uint32_t line = wire_u32(r);
        size_t file_len, text_len, hint_len;
        const char *file = wire_string(r, &file_len), *text = wire_string(r, &text_len);
        const char *hint = wire_string(r, &hint_len);
        char *name = strndup(file, file_len), *advice = strndup(hint, hint_len);
        if (name && advice && !r->failed && level <= DIAG_ERROR)
            diag_add(diags, level, error,
                     (struct diag_pos){.file = file_len ? name : NULL, .line = line},
                     hint_len ? advice : NULL, "%.*s", (int)text_len, text);
        free(name);
        free(advice);
    }
}

int wire_receive(int fd, struct text *in, bool wait)
{
    char block[65536];
    for (;;) {
        ssize_t n = recv(fd, block, sizeof block, wait ? 0 : MSG_DONTWAIT);
        if (n > 0) {
            text_append(in, block, (size_t)n);
            return in->failed ? ERR_CLOSED : 1;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !wait)
            return 0;
        return ERR_CLOSED;
    }
}

void wire_consume(struct text *in, size_t n)
{
    if (n == 0)
        return;
    in->len -= n;
    memmove(in->data, in->data + n, in->len + 1);
}

int wire_send(int fd, const struct text *out, struct text *in)
{
    size_t done = 0;
    while (done < out->len) {
        ssize_t n =
            send(fd, out->data + done, out->len - done, MSG_NOSIGNAL | (in ? MSG_DONTWAIT : 0));
        if (n > 0) {
            done += (size_t)n;
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && in && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
            if (poll(&p, 1, -1) > 0 && (p.revents & POLLIN) && wire_receive(fd, in, false) < 0)
                return ERR_CLOSED;
            continue;
        }
        return ERR_CLOSED;
    }
    return 0;
}
