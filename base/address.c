/* Addresses as text: parsing by inet_pton, IPv6 written as RFC 5952 asks. */
#include "base/address.h"

#include "base/error.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>

const char *address_format(char out[ADDRESS_TEXT_ROOM], const struct address *a)
{
    if (address_is_v4(a))
        inet_ntop(AF_INET, a->b + 12, out, ADDRESS_TEXT_ROOM);
    else
        inet_ntop(AF_INET6, a->b, out, ADDRESS_TEXT_ROOM);
    return out;
}

const char *prefix_format(char out[ADDRESS_TEXT_ROOM], const struct prefix *p)
{
    address_format(out, &p->address);
    bool v4 = address_is_v4(&p->address) && p->len >= 96;
    size_t len = strlen(out);
    snprintf(out + len, ADDRESS_TEXT_ROOM - len, "/%u", v4 ? p->len - 96u : p->len);
    return out;
}

int address_parse(const char *s, struct address *out)
{
    uint8_t b[16];
    if (inet_pton(AF_INET, s, b) == 1)
        *out = address_v4(b);
    else if (inet_pton(AF_INET6, s, b) == 1)
        *out = address_v6(b);
    else
        return ERR_SYNTAX;
    return 0;
}

/* address_mask: zero all bits behind the first len. */
static void address_mask(struct address *a, unsigned len)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = len >= 8 * (i + 1) ? 8 : len <= 8 * i ? 0 : len - 8 * i;
        a->b[i] &= (uint8_t)(0xff00u >> keep);
    }
}

int prefix_parse(const char *s, struct prefix *out)
{
    char host[ADDRESS_TEXT_ROOM];
    const char *slash = strchr(s, '/');
    size_t len = slash ? (size_t)(slash - s) : strlen(s);
    uint64_t bits = 128;
    if (len >= sizeof host)
        return ERR_SYNTAX;
    memcpy(host, s, len);
    host[len] = 0;
    if (address_parse(host, &out->address))
        return ERR_SYNTAX;
    bool v4 = strchr(host, ':') == NULL;
    if (slash) {
        int error = text_u64(slash + 1, v4 ? 32 : 128, &bits);
        if (error)
            return error;
        bits += v4 ? 96 : 0;
    }
    out->len = (uint8_t)bits;
    struct address masked = out->address;
    address_mask(&masked, out->len);
    return address_equal(&masked, &out->address) ? 0 : ERR_RANGE;
}

bool prefix_holds(const struct prefix *p, const struct address *a)
{
    struct address masked = *a;
    address_mask(&masked, p->len);
    return address_equal(&masked, &p->address);
}
