/* Rules to find by their literals. Inside rules/.
 *
 * A literal whose place is known is looked up there: the bytes at the place are hashed, and no scan
 * sees them. The others are scanned for: in short data all of them at once; in longer data those
 * that must end near its start in that start alone, the rest everywhere, and what only short
 * packets can hold nowhere. What has no literal is found by a port, if it asks for few, else asked
 * of every input; rules that ask for addresses and no more are found by them, if they are few, and
 * else asked once. Immutable once built; its memory is the arena's, but for the databases. Threads:
 * any.
 */
#ifndef RULES_LITERAL_SET_H
#define RULES_LITERAL_SET_H

#include "rules/address_index.h"

#include <hs.h>

/* A Hyperscan database of distinct literals, and the rules of each. */
struct literal_scan {
    hs_database_t *database; /* NULL: there are none */
    uint32_t *first;         /* of pattern i: rules first[i] up to first[i + 1] in pattern_rules */
    uint32_t *pattern_rules;
    unsigned n_patterns;
    unsigned literal_max; /* bytes of the longest literal */
};
/* Of data that ends by SCAN_START_BYTES; of longer data its start; all of it. A set for which that
 * is all the same has the last alone, for data of any length. */
enum { SCAN_SHORT, SCAN_START, SCAN_ANYWHERE, LITERAL_SCANS };
#define SCAN_START_BYTES 256

/* All literals of some bytes at one place: a hash table, open, at most half full. */
struct probe_slot {
    uint64_t key;
    uint32_t first, n; /* in probe_rules; n 0: empty */
};
struct literal_probe {
    uint64_t begin[4]; /* a bit for each byte that one of them begins with */
    struct probe_slot *slots;
    uint32_t at;   /* the place */
    uint8_t bytes; /* 8, 4, 2 or 1, in lower case */
    uint8_t bits;  /* of the table's size */
};

/* A rule, and one of the few ports that it asks for. */
enum { PORT_SOURCE, PORT_TARGET };
struct port_rule {
    uint16_t port;
    uint32_t rule;
};

struct literal_set {
    uint32_t *rules; /* its members, ascending: the key for sharing */
    unsigned n_rules;
    struct literal_scan scans[LITERAL_SCANS];
    bool split;
    struct literal_probe *probes; /* ascending by their places */
    unsigned n_probes;
    uint64_t probes_end; /* where the last of them ends, at most */
    uint32_t *probe_rules;
    /* Of rules without a literal: */
    uint32_t *always; /* asked of every input */
    unsigned n_always;
    uint32_t *once; /* asked once a direction of a flow, for they ask for addresses and no more; */
    unsigned n_once;
    struct address_index by_source, by_target; /* of these the ones that ask for few */
    struct port_rule *by_port[2]; /* of those of few ports, ascending; PORT_SOURCE, PORT_TARGET */
    unsigned n_by_port[2];
};

/* literal_set_fill: of the members, which are there; short data and the start are looked into
 * apart, and ports are, if `split`, which does not pay for parts of messages. 0, ERR_NOMEM, or
 * ERR_INTERNAL with a diagnostic. literal_set_free: the databases, also after a failure. */
int literal_set_fill(struct literal_set *set, struct arena *arena, const struct signature *all,
                     bool split, struct diags *diags);
void literal_set_free(struct literal_set *set);

/* literal_probe_key: what is looked up, of `bytes` bytes: their lower case as one number. */
static inline uint64_t literal_probe_key(const uint8_t *data, unsigned bytes)
{
    uint64_t word = bytes == 8   ? load_le64(data)
                    : bytes == 4 ? load_le32(data)
                    : bytes == 2 ? load_le16(data)
                                 : data[0];
    /* In each byte bit 7 of the sums says at least 'A', and more than 'Z'. */
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t seven = word & 0x7f * each, from_a = seven + 0x3f * each,
             behind_z = seven + 0x25 * each;
    return word | (from_a & ~behind_z & ~word & 0x80 * each) >> 2;
}

/* literal_probe_slot: where the search for the key begins. */
static inline uint32_t literal_probe_slot(const struct literal_probe *probe, uint64_t key)
{
    return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - probe->bits));
}

/* literal_probe_find: the rules of the set that the bytes stand for; *n of them. */
static inline const uint32_t *literal_probe_find(const struct literal_set *set,
                                                 const struct literal_probe *probe,
                                                 const uint8_t *data, unsigned *n)
{
    *n = 0;
    if (!(probe->begin[data[0] / 64] >> data[0] % 64 & 1))
        return NULL;
    uint64_t key = literal_probe_key(data, probe->bytes);
    uint32_t mask = (UINT32_C(1) << probe->bits) - 1;
    for (uint32_t i = literal_probe_slot(probe, key);; i++) {
        const struct probe_slot *slot = &probe->slots[i & mask];
        *n = slot->n;
        if (slot->n == 0 || slot->key == key)
            return set->probe_rules + slot->first;
    }
}

/* literal_set_by_port: the first of a port's rules; *n of them. */
const struct port_rule *literal_set_by_port(const struct literal_set *set, unsigned which,
                                            uint16_t port, unsigned *n);

#endif
