/* Datagrams of a shard: chained hash over keys with a secret seed, and a list by first fragment,
 * which is the order in which they end by time and by want of room.
 *
 * That a datagram ends changes nothing but counts, so a shard ends what is due when it takes its
 * next fragment.
 */
#include "dataplane/defrag.h"

#include "base/bytes.h"
#include "base/time_point.h"
#include "dataplane/checksum.h"
#include "dataplane/decode.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string.h>

#define WAIT (60 * NS_PER_S)

int defrag_pools_init(struct defrag_pools *pools, uint32_t datagrams, uint32_t fragments)
{
    int error = shard_pool_init(&pools->datagrams, datagrams, sizeof(struct datagram));
    return error ? error : shard_pool_init(&pools->fragments, fragments, sizeof(struct fragment));
}

void defrag_pools_free(struct defrag_pools *pools)
{
    shard_pool_free(&pools->datagrams);
    shard_pool_free(&pools->fragments);
}

void defrag_shard_init(struct defrag_shard *s)
{
    memset(s, 0, sizeof *s);
    pool_share_init(&s->datagrams);
    pool_share_init(&s->fragments);
    s->newest = s->oldest = POOL_NONE;
}

static struct datagram *datagram_at(const struct defrag *d, uint32_t item)
{
    return pool_at(&d->pools->datagrams, &d->shard->datagrams, item);
}

static struct fragment *fragment_at(const struct defrag *d, uint32_t item)
{
    return pool_at(&d->pools->fragments, &d->shard->fragments, item);
}

static uint32_t *bucket_of(const struct defrag *d, const struct datagram_key *key)
{
    return &d->shard
                ->buckets[XXH3_64bits_withSeed(key, sizeof *key, d->hash_seed) % DEFRAG_BUCKETS];
}

/* What a fragment says of itself. */
struct piece {
    struct datagram_key key;
    const uint8_t *data;
    uint32_t offset, len;
    bool last;
};

/* read_piece: false where it cannot be part of a datagram. Decode saw that the headers are all
 * there. */
static bool read_piece(const struct packet *pkt, const uint8_t *data, struct piece *out)
{
    const uint8_t *h = data + pkt->network_at;
    *out = (struct piece){.data = data + pkt->payload_at, .len = pkt->payload_len};
    out->key = (struct datagram_key){.source = pkt->source,
                                     .target = pkt->target,
                                     .vlan = pkt->vlan,
                                     .network = pkt->network,
                                     .tunnels = pkt->tunnels,
                                     .point = pkt->point};
    if (pkt->network == 4) {
        uint16_t field = load_be16(h + 6);
        out->key.id = load_be16(h + 4);
        out->key.protocol = pkt->transport;
        out->offset = (field & 0x1fffu) * 8;
        out->last = !(field & 0x2000);
    } else {
        const uint8_t *e = data + pkt->transport_at - 8; /* the fragment header */
        out->key.id = load_be32(e + 4);
        out->offset = load_be16(e + 2) & 0xfff8u;
        out->last = !(e[3] & 1);
    }
    bool whole = pkt->payload_len == pkt->payload_wire && out->len > 0;
    return whole && (out->last || out->len % 8 == 0) && out->offset + out->len <= DATAGRAM_MAX;
}

static void give_fragment(struct defrag *d, uint32_t item)
{
    while (item != POOL_NONE) {
        uint32_t more = fragment_at(d, item)->more;
        pool_give(&d->pools->fragments, &d->shard->fragments, item);
        item = more;
    }
}

/* drop: whole: it was built. */
static void drop(struct defrag *d, uint32_t item, bool whole)
{
    struct defrag_shard *s = d->shard;
    struct datagram *g = datagram_at(d, item);
    uint32_t *link = bucket_of(d, &g->key);
    while (*link != item + 1)
        link = &datagram_at(d, *link - 1)->chain;
    *link = g->chain;
    *(g->newer == POOL_NONE ? &s->newest : &datagram_at(d, g->newer)->older) = g->older;
    *(g->older == POOL_NONE ? &s->oldest : &datagram_at(d, g->older)->newer) = g->newer;
    while (g->first != POOL_NONE) {
        uint32_t next = fragment_at(d, g->first)->next;
        if (d->watch)
            d->watch->give_back(d->watch->ctx, fragment_at(d, g->first)->kept, whole);
        give_fragment(d, g->first);
        g->first = next;
    }
    pool_give(&d->pools->datagrams, &s->datagrams, item);
}

static void expire(struct defrag *d, int64_t t)
{
    while (d->shard->oldest != POOL_NONE && datagram_at(d, d->shard->oldest)->until <= t) {
        ++*d->count.incomplete;
        drop(d, d->shard->oldest, false);
    }
}

/* make_room: the oldest datagram but `keep` ends; false when there is no other. */
static bool make_room(struct defrag *d, uint32_t keep)
{
    uint32_t oldest = d->shard->oldest;
    if (oldest == keep && oldest != POOL_NONE)
        oldest = datagram_at(d, oldest)->newer;
    if (oldest == POOL_NONE)
        return false;
    ++*d->count.evicted;
    drop(d, oldest, false);
    return true;
}

/* find: the datagram of a key, made if need be; POOL_NONE without room. */
static uint32_t find(struct defrag *d, const struct datagram_key *key, int64_t t)
{
    struct defrag_shard *s = d->shard;
    uint32_t *bucket = bucket_of(d, key);
    for (uint32_t at = *bucket; at; at = datagram_at(d, at - 1)->chain)
        if (memcmp(&datagram_at(d, at - 1)->key, key, sizeof *key) == 0)
            return at - 1;
    uint32_t item = pool_take(&d->pools->datagrams, &s->datagrams);
    if (item == POOL_NONE && make_room(d, POOL_NONE))
        item = pool_take(&d->pools->datagrams, &s->datagrams);
    if (item == POOL_NONE)
        return POOL_NONE;
    struct datagram *g = datagram_at(d, item);
    *g = (struct datagram){.chain = *bucket,
                           .newer = POOL_NONE,
                           .older = s->newest,
                           .first = POOL_NONE,
                           .key = *key,
                           .until = t + WAIT};
    *bucket = item + 1;
    *(s->newest == POOL_NONE ? &s->oldest : &datagram_at(d, s->newest)->newer) = item;
    s->newest = item;
    return item;
}

/* copy: a fragment's bytes into items; POOL_NONE without room. */
static uint32_t copy(struct defrag *d, const struct piece *p, uint32_t keep)
{
    uint32_t first = POOL_NONE, last = POOL_NONE;
    for (uint32_t at = 0; at < p->len; at += FRAGMENT_BYTES) {
        uint32_t item;
        while ((item = pool_take(&d->pools->fragments, &d->shard->fragments)) == POOL_NONE)
            if (!make_room(d, keep)) {
                give_fragment(d, first);
                return POOL_NONE;
            }
        struct fragment *f = fragment_at(d, item);
        uint32_t n = p->len - at < FRAGMENT_BYTES ? p->len - at : FRAGMENT_BYTES;
        f->more = POOL_NONE;
        memcpy(f->data, p->data + at, n);
        *(at ? &fragment_at(d, last)->more : &first) = item;
        last = item;
    }
    return first;
}

/* insert: behind all that begin no later. */
static void insert(struct defrag *d, struct datagram *g, uint32_t item, const struct piece *p)
{
    uint32_t *link = &g->first;
    bool overlaps = false;
    while (*link != POOL_NONE && fragment_at(d, *link)->offset <= p->offset) {
        const struct fragment *f = fragment_at(d, *link);
        overlaps |= (uint32_t)f->offset + f->len > p->offset;
        link = &fragment_at(d, *link)->next;
    }
    overlaps |= *link != POOL_NONE && fragment_at(d, *link)->offset < p->offset + p->len;
    struct fragment *f = fragment_at(d, item);
    f->next = *link;
    f->kept = d->watch ? d->watch->keep(d->watch->ctx) : NULL;
    f->offset = (uint16_t)p->offset;
    f->len = (uint16_t)p->len;
    *link = item;
    g->fragments++;
    g->bytes += p->len;
    *d->count.overlap += overlaps;
}

/* keep_header: of the fragment that begins the datagram, up to where its payload begins, without
 * the fragment header. False where it is too long to keep. */
static bool keep_header(struct datagram *g, const struct packet *pkt, const uint8_t *data)
{
    uint32_t len = (uint32_t)pkt->transport_at - pkt->network_at - (pkt->network == 6 ? 8 : 0);
    if (len > DATAGRAM_HEADER)
        return false;
    memcpy(g->header, data + pkt->network_at, len);
    g->header_len = (uint16_t)len;
    g->protocol = pkt->transport;
    g->named_at = (uint8_t)(pkt->named_at - pkt->network_at);
    return true;
}

static bool is_whole(const struct defrag *d, const struct datagram *g)
{
    if (!g->header_len || !g->end || g->bytes < g->end)
        return false;
    uint32_t at = 0;
    for (uint32_t item = g->first; item != POOL_NONE && at < g->end;
         item = fragment_at(d, item)->next) {
        const struct fragment *f = fragment_at(d, item);
        if (f->offset > at)
            return false;
        at = (uint32_t)f->offset + f->len > at ? (uint32_t)f->offset + f->len : at;
    }
    return at >= g->end;
}

/* put: the part of a fragment that is behind `at` and in front of `end`. */
static uint32_t put(const struct defrag *d, uint32_t item, uint32_t at, uint32_t end,
                    uint8_t *payload)
{
    const struct fragment *head = fragment_at(d, item);
    uint32_t begin = head->offset, stop = begin + head->len < end ? begin + head->len : end;
    for (; item != POOL_NONE; item = fragment_at(d, item)->more, begin += FRAGMENT_BYTES) {
        uint32_t to = begin + FRAGMENT_BYTES < stop ? begin + FRAGMENT_BYTES : stop;
        if (to <= at)
            continue;
        memcpy(payload + at, fragment_at(d, item)->data + (at - begin), to - at);
        at = to;
    }
    return at;
}

/* build: the datagram as if it had come whole; 0 where it is longer than one can be. */
static uint32_t build(const struct defrag *d, const struct datagram *g, uint8_t *out)
{
    uint32_t len = g->header_len + g->end;
    if (len > DATAGRAM_MAX)
        return 0;
    memcpy(out, g->header, g->header_len);
    if (g->key.network == 4) {
        store_be16(out + 2, (uint16_t)len);
        memset(out + 6, 0, 2);
        memset(out + 10, 0, 2);
        uint16_t sum = (uint16_t)~checksum_fold(checksum_add(0, out, g->header_len));
        memcpy(out + 10, &sum, 2);
    } else {
        store_be16(out + 4, (uint16_t)(len - 40));
        out[g->named_at] = g->protocol;
    }
    uint32_t at = 0;
    for (uint32_t item = g->first; item != POOL_NONE; item = fragment_at(d, item)->next)
        at = put(d, item, at, g->end, out + g->header_len);
    return len;
}

enum defrag_result defrag_fragment(struct defrag *d, const struct packet *pkt, const uint8_t *data,
                                   uint8_t *out, uint32_t *len)
{
    struct piece p;
    ++*d->count.fragments;
    expire(d, pkt->t);
    if (!read_piece(pkt, data, &p)) {
        ++*d->count.bad;
        return DEFRAG_REFUSED;
    }
    uint32_t item = find(d, &p.key, pkt->t);
    struct datagram *g = item == POOL_NONE ? NULL : datagram_at(d, item);
    uint32_t kept = POOL_NONE;
    if (g && g->fragments < DATAGRAM_FRAGMENTS &&
        (p.offset || g->header_len || keep_header(g, pkt, data)))
        kept = copy(d, &p, item);
    if (kept == POOL_NONE) {
        ++*d->count.full;
        return DEFRAG_REFUSED;
    }
    insert(d, g, kept, &p);
    if (p.last && !g->end)
        g->end = p.offset + p.len;
    if (!is_whole(d, g))
        return DEFRAG_HELD;
    *len = build(d, g, out);
    drop(d, item, *len > 0);
    *(*len ? d->count.datagrams : d->count.bad) += 1;
    return *len ? DEFRAG_WHOLE : DEFRAG_REFUSED;
}

enum defrag_result defrag_packet(struct defrag *d, const struct packet **pkt, const uint8_t **data,
                                 struct packet *whole, uint8_t *room)
{
    const struct packet last = **pkt; /* which may be `whole` itself */
    uint32_t len;
    enum defrag_result result = defrag_fragment(d, &last, *data, room, &len);
    if (result != DEFRAG_WHOLE)
        return result;
    *whole = (struct packet){
        .t = last.t,
        .seq = last.seq,
        .input = last.input,
        .point = last.point,
        .wire = len,
        .linktype = last.network == 4 ? LINKTYPE_IPV4 : LINKTYPE_IPV6,
        .flags = last.flags & (PACKET_TIME_BACK | PACKET_VALIDATE),
    };
    decode_frame(whole, room, len);
    whole->shard = last.shard;
    whole->vlan = last.vlan;
    whole->tunnels += last.tunnels;
    *pkt = whole;
    *data = room;
    return result;
}

void defrag_end(struct defrag *d)
{
    expire(d, INT64_MAX);
}
