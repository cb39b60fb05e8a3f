/* base64_decode and base64_data. Suricata's documentation, "Base64 keywords". */
#include "rules/base64.h"

#include "base/error.h"
#include "rules/keyword.h"

#include <string.h>

#define GROUP 4 /* characters, for three bytes */

/* value_of: of one character; -1 where it is none of the alphabet. The filler has none. */
static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* group_out: the first n of the three bytes of a group. */
static void group_out(const uint8_t group[GROUP], uint8_t *out, size_t n)
{
    const uint8_t whole[] = {(uint8_t)(group[0] << 2 | group[1] >> 4),
                             (uint8_t)(group[1] << 4 | group[2] >> 2),
                             (uint8_t)(group[2] << 6 | group[3])};
    memcpy(out, whole, n);
}

size_t rule_base64(const uint8_t *data, size_t n, uint8_t *out, size_t *used)
{
    uint8_t group[GROUP] = {0};
    size_t made = 0, in = 0, fillers = 0, at = 0;
    bool cut = false;
    for (; at < n && !cut; at++) {
        int value = value_of(data[at]);
        cut = value < 0 && data[at] != '=';
        if (cut)
            break;
        fillers += value < 0;
        group[in++] = value < 0 ? 0 : (uint8_t)value;
        if (in < GROUP)
            continue;
        size_t bytes = fillers < 3 ? 3 - fillers : 0;
        group_out(group, out + made, bytes);
        made += bytes;
        in = fillers = 0;
        memset(group, 0, sizeof group);
    }
    *used = at + cut;
    /* Suricata makes a byte of a single character too, where another byte ends the text. */
    size_t rest = in == 0 ? 0 : in == 1 ? cut : in - 1;
    group_out(group, out + made, rest);
    return made + rest;
}

/* read_word: NAME or NAME NUMBER; each may be there once. */
static int read_word(struct rule_reader *r, const struct value *part, struct content *c,
                     struct byte_step *b, bool *has_offset)
{
    struct value argument = *part, name;
    uint64_t number;
    value_next(&argument, ' ', &name);
    argument = argument.text ? value_trimmed(argument) : (struct value){name.text, 0, name.at};
    bool relative = value_is(&name, "relative"), bytes = value_is(&name, "bytes"),
         offset = value_is(&name, "offset");
    if (!relative && !bytes && !offset)
        return value_fault(r, part, "base64_decode knows bytes, offset and relative");
    if (relative ? (c->flags & CONTENT_DISTANCE) != 0 : bytes ? b->value != 0 : *has_offset)
        return value_fault(r, part, "this is there twice");
    if (relative) {
        c->flags |= CONTENT_DISTANCE;
        return argument.len ? value_fault(r, part, "nothing may follow here") : 0;
    }
    int error = value_number(r, &argument, bytes, bytes ? RULE_BASE64_MOST : INT32_MAX, &number);
    if (bytes)
        b->value = number;
    else
        b->offset = (int32_t)number;
    *has_offset |= offset;
    return error;
}

int step_base64(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct value rest = *v, part;
    bool has_offset = false;
    (void)arg;
    if (r->own_section && r->own_section == r->sig->decoded)
        return rule_fault(r, r->option_at, ERR_UNSUPPORTED, "decoding what was decoded",
                          "what was decoded is not decoded again in this build");
    struct byte_step *b = arena_alloc(r->ctx->arena, sizeof *b);
    struct content *c = b ? step_add_behind(r, v, STEP_BASE64) : NULL;
    if (!c)
        return ERR_SCHEMA;
    c->number = b;
    while (v->len && value_next(&rest, ',', &part)) {
        int error = read_word(r, &part, c, b, &has_offset);
        if (error)
            return error;
    }
    if (b->value == 0)
        b->value = RULE_BASE64_MOST;
    return 0;
}
