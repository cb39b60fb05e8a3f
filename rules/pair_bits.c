/* xbits: the keyword, the bits of a shard's pairs, and what rules ask of them. Suricata's
 * documentation, "Xbits Keyword". */
#include "rules/pair_bits.h"

#include "base/error.h"
#include "base/table.h"
#include "rules/keyword.h"
#include "rules/matcher.h"
#include "rules/set_parts.h"

#include <stdlib.h>
#include <string.h>

#define EXPIRE_DEFAULT 30 /* seconds */

static_assert(sizeof(struct pair_bit_key) == 40, "hashed and compared as bytes");

/* ---- the bits ---- */

struct pair_bits {
    struct table *until; /* by key; int64_t, seconds */
    uint64_t *full;
};

struct pair_bits *pair_bits_create(size_t entries, uint64_t hash_seed, uint64_t *full)
{
    struct pair_bits *p = calloc(1, sizeof *p);
    if (p)
        p->until = table_create(entries, sizeof(struct pair_bit_key), sizeof(int64_t), hash_seed);
    if (p && p->until) {
        p->full = full;
        return p;
    }
    free(p);
    return NULL;
}

void pair_bits_free(struct pair_bits *p)
{
    if (p)
        table_destroy(p->until);
    free(p);
}

size_t pair_bits_bytes(const struct pair_bits *p)
{
    return sizeof *p + table_bytes(p->until);
}

struct pair_bit_key pair_bit_key_of(const struct address *a, const struct address *b, uint64_t name,
                                    uint8_t point)
{
    bool ascending = address_compare(a, b) <= 0;
    return (struct pair_bit_key){ascending ? *a : *b, ascending ? *b : *a, name ^ point};
}

bool pair_bits_is_set(const struct pair_bits *p, const struct pair_bit_key *key, int64_t now)
{
    const int64_t *until = table_find(p->until, key);
    return until && *until >= now;
}

/* drop_over: all whose time is over; which they are does not depend on their places. */
static void drop_over(struct pair_bits *p, int64_t now)
{
    const void *key;
    void *value;
    for (size_t cursor = 0; table_next(p->until, &cursor, &key, &value);)
        if (*(const int64_t *)value < now) {
            struct pair_bit_key gone = *(const struct pair_bit_key *)key;
            table_remove(p->until, &gone);
            cursor--; /* the place may hold another one now */
        }
}

void pair_bits_set(struct pair_bits *p, const struct pair_bit_key *key, int64_t now, int64_t until)
{
    bool made;
    int64_t *value = table_add(p->until, key, &made);
    if (!value) {
        drop_over(p, now);
        value = table_add(p->until, key, &made);
    }
    if (value)
        *value = until;
    else
        ++*p->full;
}

void pair_bits_unset(struct pair_bits *p, const struct pair_bit_key *key)
{
    table_remove(p->until, key);
}

/* ---- rules ---- */

bool pair_bits_hold(const struct signature *s, const struct match_input *in)
{
    for (unsigned i = 0; i < s->n_pair_bits; i++) {
        const struct pair_bit *b = &s->pair_bits[i];
        if (b->op != FLOWBIT_ISSET && b->op != FLOWBIT_ISNOTSET)
            continue;
        struct pair_bit_key key = pair_bit_key_of(&in->source, &in->target, b->name, in->point);
        bool set = in->pair_bits && pair_bits_is_set(in->pair_bits, &key, in->seconds);
        if (set != (b->op == FLOWBIT_ISSET))
            return false;
    }
    return true;
}

void pair_bits_apply(const struct signature *s, const struct match_input *in)
{
    for (unsigned i = 0; i < s->n_pair_bits && in->pair_bits; i++) {
        const struct pair_bit *b = &s->pair_bits[i];
        struct pair_bit_key key = pair_bit_key_of(&in->source, &in->target, b->name, in->point);
        bool set = pair_bits_is_set(in->pair_bits, &key, in->seconds);
        if (b->op == FLOWBIT_UNSET || (b->op == FLOWBIT_TOGGLE && set))
            pair_bits_unset(in->pair_bits, &key);
        else if (b->op == FLOWBIT_SET || b->op == FLOWBIT_TOGGLE)
            pair_bits_set(in->pair_bits, &key, in->seconds, in->seconds + b->seconds);
    }
}

/* ---- keyword ---- */

/* of_pair: `track ip_pair`. */
static int of_pair(struct rule_reader *r, const struct value *part)
{
    struct value whom = *part, track;
    value_next(&whom, ' ', &track);
    whom = whom.text ? value_trimmed(whom) : (struct value){track.text, 0, track.at};
    if (!value_is(&track, "track"))
        return value_fault(r, part, "xbits are of somebody: track ip_pair");
    if (value_is(&whom, "ip_src") || value_is(&whom, "ip_dst"))
        return rule_fault(r, whom.at, ERR_UNSUPPORTED, "bits of an address",
                          "bits of one address are not in this build, for its flows are on several "
                          "workers; those of a pair are: track ip_pair");
    return value_is(&whom, "ip_pair") ? 0
                                      : value_fault(r, &whom, "track ip_src, ip_dst or ip_pair");
}

static int read_expire(struct rule_reader *r, const struct value *part, uint32_t *seconds)
{
    struct value number = *part, word;
    uint64_t value;
    value_next(&number, ' ', &word);
    number = number.text ? value_trimmed(number) : (struct value){word.text, 0, word.at};
    if (!value_is(&word, "expire"))
        return value_fault(r, part, "expire is expected here");
    int error = value_number(r, &number, 1, UINT32_MAX, &value);
    *seconds = (uint32_t)value;
    return error;
}

int pair_bits_read(struct rule_reader *r, const struct value *v, unsigned arg)
{
    static const char *const ops[] = {[FLOWBIT_SET] = "set",
                                      [FLOWBIT_UNSET] = "unset",
                                      [FLOWBIT_TOGGLE] = "toggle",
                                      [FLOWBIT_ISSET] = "isset",
                                      [FLOWBIT_ISNOTSET] = "isnotset"};
    struct signature *s = r->sig;
    struct value rest = *v, op, name, part;
    struct pair_bit *b = &s->pair_bits[s->n_pair_bits];
    uint8_t digest[SHA256_BYTES];
    (void)arg;
    value_next(&rest, ',', &op);
    unsigned which = 0;
    while (which < 5 && !value_is(&op, ops[which]))
        which++;
    if (which == 5)
        return value_fault(r, &op, "no operation on xbits");
    if (s->n_pair_bits == PAIR_BITS_MAX)
        return value_fault(r, v, "more xbits than a rule may have");
    if (!value_next(&rest, ',', &name) || name.len == 0 || !value_next(&rest, ',', &part))
        return value_fault(r, v, "xbits are OPERATION,NAME,track ip_pair,expire SECONDS");
    *b = (struct pair_bit){.op = (uint8_t)which, .seconds = EXPIRE_DEFAULT};
    int error = of_pair(r, &part);
    if (!error && value_next(&rest, ',', &part))
        error = read_expire(r, &part, &b->seconds);
    if (!error && rest.text)
        error = value_fault(r, &rest, "nothing may follow here");
    sha256(digest, name.text, name.len);
    memcpy(&b->name, digest, sizeof b->name);
    s->n_pair_bits++;
    return error;
}

int pair_bits_of_hosts(struct rule_reader *r, const struct value *v, unsigned arg)
{
    (void)v;
    (void)arg;
    return rule_fault(r, r->option_at, ERR_UNSUPPORTED, "bits of an address",
                      "bits of one address are not in this build, for its flows are on several "
                      "workers; those of a pair are: xbits with track ip_pair");
}
