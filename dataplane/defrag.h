/* Reassembly of IP fragments: RFC 791, 3.2; RFC 8200, 4.5; RFC 815.
 *
 * Fragments are copied into items of their shard's pools and become a datagram again once nothing
 * is missing. Of bytes that overlap, those of the fragment with the lower start win, and of equal
 * starts the first: Suricata's policy `bsd`, its default, as for TCP. A datagram that is not whole
 * 60 s after its first fragment is given up; a shard that is full gives up its oldest. No DPDK
 * here. Owner: the shard's worker.
 */
#ifndef DATAPLANE_DEFRAG_H
#define DATAPLANE_DEFRAG_H

#include "dataplane/packet.h"
#include "dataplane/shard_pool.h"

#define DATAGRAM_MAX       65535
#define DATAGRAM_FRAGMENTS 256 /* of one datagram */
#define DATAGRAM_HEADER    192 /* bytes of headers in front of what was cut into fragments */
#define FRAGMENT_BYTES     2028
#define DEFRAG_BUCKETS     256

/* One packet's fragments belong together by these. */
struct datagram_key {
    struct address source, target;
    uint32_t id;
    uint16_t vlan;
    uint8_t protocol; /* of IPv4 alone */
    uint8_t network, tunnels, point, zero[6];
};
static_assert(sizeof(struct datagram_key) == 48, "hashed and compared as bytes");

/* An item of the pool: a fragment, or the continuation of a long one. */
struct fragment {
    uint32_t next; /* of its datagram, by offset; used by the pool while free */
    uint32_t more; /* item with its further bytes, POOL_NONE */
    void *kept;    /* struct defrag_watch */
    uint16_t offset, len;
    uint8_t data[FRAGMENT_BYTES];
};
static_assert(sizeof(struct fragment) == 2048, "no room is lost to the pool's alignment");

struct datagram {
    uint32_t chain;        /* next in the hash bucket; used by the pool while free */
    uint32_t newer, older; /* by first fragment */
    uint32_t first;        /* fragment, POOL_NONE */
    struct datagram_key key;
    int64_t until;
    uint32_t fragments, bytes; /* that came, overlaps included */
    uint32_t end;              /* of its payload, 0 not known */
    uint16_t header_len;       /* 0: the fragment that begins it has not come */
    uint8_t protocol;          /* that the beginning names */
    uint8_t named_at;          /* place in the header of the byte that names it */
    uint8_t header[DATAGRAM_HEADER];
};

struct defrag_counters {
    uint64_t *fragments, *overlap, *bad, *full, *datagrams, *incomplete, *evicted;
};

struct defrag_pools {
    struct shard_pool datagrams, fragments;
};

/* defrag_pools_init: for so many in all shards. ERR_NOMEM; may be freed either way. */
int defrag_pools_init(struct defrag_pools *pools, uint32_t datagrams, uint32_t fragments);
void defrag_pools_free(struct defrag_pools *pools);

/* What one shard holds. */
struct defrag_shard {
    struct pool_share datagrams, fragments;
    uint32_t buckets[DEFRAG_BUCKETS]; /* datagram + 1, 0 none */
    uint32_t newest, oldest;
};

struct defrag {
    struct defrag_pools *pools;
    struct defrag_shard *shard;
    uint64_t hash_seed;
    struct defrag_counters count;
    const struct defrag_watch *watch; /* NULL: nobody */
};

/* For who must know what a datagram came in: something is kept for each fragment that is taken, and
 * given back once, when the fragment waits no longer. whole: as a part of the datagram that
 * defrag_fragment is about to return. */
struct defrag_watch {
    void *(*keep)(void *ctx);
    void (*give_back)(void *ctx, void *kept, bool whole);
    void *ctx;
};

enum defrag_result { DEFRAG_HELD, DEFRAG_REFUSED, DEFRAG_WHOLE };

void defrag_shard_init(struct defrag_shard *s);
/* defrag_fragment: take a packet whose verdict is DECODE_FRAGMENT.
 *   out   room for DATAGRAM_MAX bytes; may be what `data` is in
 *   len   out: with DEFRAG_WHOLE, the datagram with its IP header, as if it had come whole
 *   cost  no allocation */
enum defrag_result defrag_fragment(struct defrag *d, const struct packet *pkt, const uint8_t *data,
                                   uint8_t *out, uint32_t *len);
/* defrag_packet: the same, and the datagram is a packet at the place of the fragment that made it
 * whole.
 *   pkt, data  in: of the fragment; out, with DEFRAG_WHOLE: of the datagram, whose verdict may
 * again be DECODE_FRAGMENT, of what is in a tunnel whole, room  where the datagram is put, its
 * bytes DATAGRAM_MAX at most; *pkt and *data may be there already */
enum defrag_result defrag_packet(struct defrag *d, const struct packet **pkt, const uint8_t **data,
                                 struct packet *whole, uint8_t *room);
/* defrag_end: nothing more comes. */
void defrag_end(struct defrag *d);

#endif
