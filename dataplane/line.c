/* The line: takes packets through flow, stream, parsers and rules, and fires what is due, shard by
 * shard.
 *
 * Invariant: before a shard takes a packet at t, everything due by t in all shards of this line has
 * fired, in the order (deadline, shard, when it was set); coverage of an interval that ends at E
 * comes before the deadlines of E, and so does the switch to a policy that is in force from E on.
 * So observations leave in ascending order.
 */
#include "dataplane/line.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/ip_protocol.h"
#include "dataplane/decode.h"
#include "dataplane/line_parts.h"

#include <stdlib.h>
#include <string.h>

/* `seq` of what ends with the input, behind the coverage of every asset. */
#define SHARD_ENDS(shard) (UINT64_C(0x10000) + (shard))

static const struct {
    size_t offset, item_size, total;
} pool_rows[] = {
#define POOL_ROW(pool, size, limit)                                                    \
    {                                                                                  \
        offsetof(struct line_pools, pool), size, offsetof(struct engine_limits, limit) \
    }
    POOL_ROW(flow.flows, sizeof(struct flow), flows),
    POOL_ROW(defrag.datagrams, sizeof(struct datagram), datagrams),
    POOL_ROW(defrag.fragments, sizeof(struct fragment), fragments),
    POOL_ROW(segments, sizeof(struct held_segment), hold_segments),
    POOL_ROW(windows, sizeof(struct stream_window), windows),
    POOL_ROW(app_states, sizeof(struct app_item), app_states),
    POOL_ROW(rooms, PROTO_ROOM_BYTES, rooms),
    POOL_ROW(unpackers, PROTO_UNPACK_BYTES, unpackers),
};
#define POOLS (sizeof pool_rows / sizeof pool_rows[0])

static struct shard_pool *pool_row(const struct line_pools *pools, size_t i)
{
    return (struct shard_pool *)((char *)pools + pool_rows[i].offset);
}

int line_pools_init(struct line_pools *pools, const struct engine_limits *limits)
{
    memset(pools, 0, sizeof *pools);
    if (random_bytes(&pools->flow.hash_seed, sizeof pools->flow.hash_seed))
        return ERR_INTERNAL;
    for (size_t i = 0; i < POOLS; i++) {
        uint32_t total;
        memcpy(&total, (const char *)limits + pool_rows[i].total, sizeof total);
        if (shard_pool_init(pool_row(pools, i), total, pool_rows[i].item_size)) {
            line_pools_free(pools);
            return ERR_NOMEM;
        }
    }
    return 0;
}

void line_pools_free(struct line_pools *pools)
{
    for (size_t i = 0; i < POOLS; i++)
        shard_pool_free(pool_row(pools, i));
}

bool line_pools_total_reached(const struct line_pools *pools)
{
    bool reached = false;
    for (size_t i = 0; i < POOLS; i++)
        reached |= atomic_load_explicit(&pool_row(pools, i)->total_reached, memory_order_relaxed);
    return reached;
}

size_t line_pools_bytes(const struct line_pools *pools)
{
    size_t sum = 0;
    for (size_t i = 0; i < POOLS; i++)
        sum += shard_pool_bytes(pool_row(pools, i));
    return sum;
}

static bool asks_pair_bits(const struct line_config *config)
{
    for (unsigned i = 0; i < config->n_policies; i++)
        if (rule_set_counts(config->policies[i].rules)->with_pair_bits)
            return true;
    return false;
}

int line_create(struct line **out, const struct line_config *config, struct diags *diags)
{
    *out = NULL;
    struct line *line = calloc(1, sizeof *line);
    if (!line)
        return ERR_NOMEM;
    line->config = *config;
    line->waiting = timers_create(SHARDS);
    line->whole = malloc(DATAGRAM_MAX);
    int error = line->waiting && line->whole ? line_coverage_init(line) : ERR_NOMEM;
    if (!error)
        error = flow_table_init(&line->flows, &config->pools->flow.flows);
    for (unsigned i = 0; i < config->n_policies && !error; i++) {
        line->matchers[i] = matcher_create(config->policies[i].rules, diags);
        error = line->matchers[i] ? 0 : ERR_NOMEM;
        if (!error)
            matcher_watch(line->matchers[i], config->watch);
        if (!error && i == 0)
            matcher_profile(line->matchers[i], config->costs);
    }
    for (unsigned shard = config->worker; shard < SHARDS && !error; shard += config->workers) {
        struct line_shard *s = line->shards[shard] = calloc(1, sizeof *s);
        if (!s || flow_shard_init(&s->flow, &config->pools->flow, shard)) {
            error = ERR_NOMEM;
            break;
        }
        if (asks_pair_bits(config))
            s->pair_bits = pair_bits_create(PAIR_BITS, config->pools->flow.hash_seed,
                                            &line->stats.counters.pair_bits_full);
        if (asks_pair_bits(config) && !s->pair_bits) {
            error = ERR_NOMEM;
            break;
        }
        defrag_shard_init(&s->defrag);
        pool_share_init(&s->segments);
        pool_share_init(&s->windows);
        pool_share_init(&s->app_states);
        pool_share_init(&s->rooms);
        pool_share_init(&s->unpackers);
        line->shard_next[shard] = INT64_MAX;
    }
    line->stats.first_ns = INT64_MAX;
    line->stats.last_ns = INT64_MIN;
    if (error) {
        line_destroy(line);
        return error;
    }
    *out = line;
    return 0;
}

void line_destroy(struct line *line)
{
    if (!line)
        return;
    for (unsigned shard = 0; shard < SHARDS; shard++)
        if (line->shards[shard]) {
            flow_shard_free(&line->shards[shard]->flow);
            pair_bits_free(line->shards[shard]->pair_bits);
            free(line->shards[shard]);
        }
    flow_table_free(&line->flows);
    timers_destroy(line->waiting);
    for (unsigned i = 0; i < line->config.n_policies; i++)
        if (line->matchers[i])
            matcher_destroy(line->matchers[i]);
    free(line->coverage);
    free(line->whole);
    free(line);
}

size_t line_bytes(const struct line *line)
{
    size_t sum =
        sizeof *line + DATAGRAM_MAX + timers_bytes(line->waiting) + flow_table_bytes(&line->flows);
    for (unsigned i = 0; i < line->config.n_policies; i++)
        sum += matcher_bytes(line->matchers[i]);
    for (unsigned shard = 0; shard < SHARDS; shard++)
        if (line->shards[shard])
            sum += sizeof *line->shards[shard] + timers_bytes(line->shards[shard]->flow.timers) +
                   (line->shards[shard]->pair_bits ? pair_bits_bytes(line->shards[shard]->pair_bits)
                                                   : 0);
    return sum;
}

struct line_stats *line_stats(struct line *line)
{
    return &line->stats;
}

struct matcher_stats line_matcher_stats(const struct line *line)
{
    struct matcher_stats sum = {0};
    for (unsigned i = 0; i < line->config.n_policies; i++)
        matcher_stats_add(&sum, matcher_stats(line->matchers[i]));
    return sum;
}

static struct reassembly reassembly_of(struct line *line)
{
    struct engine_counters *c = &line->stats.counters;
    return (struct reassembly){
        .pool = &line->config.pools->segments,
        .share = &line->now.shard->segments,
        .count = {.delivered = &c->stream_bytes,
                  .duplicate = &c->stream_duplicate,
                  .held = &c->stream_held,
                  .hold_full = &c->stream_hold_full,
                  .gaps = &c->stream_gaps,
                  .gap_bytes = &c->stream_gap_bytes},
        .ctx = line,
        .bytes = inspect_bytes,
        .gap = inspect_gap,
    };
}

/* flush_streams: deliver what is held of both directions. */
static void flush_streams(struct line *line)
{
    struct reassembly r = reassembly_of(line);
    unsigned side = line->now.side;
    for (line->now.side = 0; line->now.side < 2; line->now.side++)
        reassembly_end(&r, &line->now.flow->side[line->now.side].stream);
    line->now.side = side;
}

static const uint8_t open_requests_of[] = {
#define X(suffix, name, outcome, text) OUTCOME_##outcome,
    FLOW_ENDS(X)
#undef X
};

/* end_flow: the moment's flow is over. */
static void end_flow(struct line *line, enum flow_end end)
{
    struct flow *f = line->now.flow;
    enum outcome open_requests = (enum outcome)open_requests_of[end];
    flush_streams(line);
    inspect_end(line, line->now.order.t, open_requests);
    if (f->attempt == ATTEMPT_OPEN)
        observe_attempt(line, open_requests, f->attempt_began);
    observe_flow_end(line, end);
    flow_table_remove(&line->flows, f);
    flow_drop(&line->config.pools->flow, &line->now.shard->flow, f);
}

static void set_moment(struct line *line, struct line_shard *shard, struct flow *f)
{
    line->now.shard = shard;
    line->now.flow = f;
}

/* fire: one flow whose timer went off at `deadline`. */
static void fire(struct line *line, struct line_shard *shard, struct flow *f, int64_t deadline)
{
    set_moment(line, shard, f);
    line->now.pkt = NULL;
    f->timer_at = INT64_MAX;
    if (f->attempt_at <= deadline)
        attempt_unanswered(line);
    if (f->app_at <= deadline)
        app_due(line, deadline);
    if (flow_idle_at(f) <= deadline) {
        line->stats.counters.flows_expired++;
        end_flow(line, FLOW_END_TIMEOUT);
        return;
    }
    flow_arm(&shard->flow, f);
}

/* note_deadline: keep the shard's place among those that wait. */
static void note_deadline(struct line *line, unsigned shard)
{
    int64_t next = timers_next(line->shards[shard]->flow.timers);
    if (next == line->shard_next[shard])
        return;
    line->shard_next[shard] = next;
    if (next == INT64_MAX)
        timers_clear(line->waiting, shard);
    else
        timers_set(line->waiting, shard, next);
}

static int ascending(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* fire_moment: everything due at `deadline`, the earliest, in all shards. */
static void fire_moment(struct line *line, int64_t deadline)
{
    uint8_t due[SHARDS];
    unsigned n = 0;
    uint32_t shard, item;
    int64_t at;
    while (timers_pop(line->waiting, deadline, &shard, &at))
        due[n++] = (uint8_t)shard;
    qsort(due, n, sizeof due[0], ascending);
    for (unsigned i = 0; i < n; i++) {
        struct line_shard *s = line->shards[due[i]];
        line->now.order = (struct order){.t = deadline, .input = ORDER_TIMER, .seq = due[i]};
        line->now.seen_ns = deadline;
        while (timers_pop(s->flow.timers, deadline, &item, &at))
            fire(line, s, flow_at(&line->config.pools->flow, &s->flow, item), deadline);
        line->shard_next[due[i]] = INT64_MAX;
        note_deadline(line, due[i]);
    }
}

void line_expire(struct line *line, int64_t t)
{
    for (;;) {
        /* Of one moment: coverage that ends there, the switch to another policy, then deadlines. */
        int64_t deadline = timers_next(line->waiting), coverage = line->coverage_to,
                change = policy_until(line), next = coverage < change ? coverage : change;
        next = next < deadline ? next : deadline;
        if (next > t || next == INT64_MAX)
            return;
        if (coverage == next)
            line_coverage_flush(line, next - 1);
        else if (change == next)
            line->generation++;
        else
            fire_moment(line, deadline);
    }
}

/* evict: the shard is full; the flow idle longest ends here. */
static void evict(struct line *line, struct line_shard *shard, struct flow *oldest)
{
    unsigned side = line->now.side;
    line->stats.counters.flows_evicted++;
    set_moment(line, shard, oldest);
    end_flow(line, FLOW_END_FORCED);
    line->now.side = side;
}

/* new_flow: NULL without room. */
static struct flow *new_flow(struct line *line, struct line_shard *shard,
                             const struct flow_key *key, uint64_t hash)
{
    struct flow_pools *pools = &line->config.pools->flow;
    struct flow *f = flow_make(pools, &shard->flow, key, hash), *oldest;
    if (!f && (oldest = flow_oldest(&shard->flow))) {
        evict(line, shard, oldest);
        f = flow_make(pools, &shard->flow, key, hash);
    }
    if (!f)
        return NULL;
    flow_table_add(&line->flows, f);
    line->stats.counters.flows++;
    line->stats.counters.flows_home += rule_set_is_home(policy_now(line)->rules, &key->low) ||
                                       rule_set_is_home(policy_now(line)->rules, &key->high);
    return f;
}

/* known_flow: the one of this key, NULL. */
static struct flow *known_flow(const struct line *line, const struct line_look *look,
                               uint64_t *hash)
{
    if (look->guess && flow_key_is(look->guess, &look->key))
        return look->guess;
    *hash = flow_hash(&line->config.pools->flow, &look->key);
    return flow_table_find(&line->flows, &look->key, *hash);
}

/* find_flow: the packet's flow becomes the moment's; false without room. */
static bool find_flow(struct line *line, struct line_shard *shard)
{
    const struct packet *pkt = line->now.pkt;
    struct line_look own;
    const struct line_look *look = line->now.look;
    if (!look) {
        own.side = flow_key_of(pkt, &own.key);
        own.guess = NULL;
        look = &own;
    }
    line->now.side = look->side;
    uint64_t hash;
    struct flow *f = known_flow(line, look, &hash);
    bool asked = false; /* the packet answers a SYN of this number, that came then */
    uint32_t asked_seq = 0;
    int64_t asked_ns = 0;
    if (f && pkt->transport == IP_TCP && contact_begins_anew(f, pkt, line->now.side)) {
        const struct flow_side *other = &f->side[!line->now.side];
        asked = pkt->tcp_flags & TCP_ACK && f->shown[!line->now.side].again;
        asked_seq = other->again_seq;
        asked_ns = other->again_ns;
        set_moment(line, shard, f);
        hash = f->hash;
        end_flow(line, FLOW_END_REUSE);
        f = NULL;
    }
    if (f)
        flow_touch(&shard->flow, f);
    else if (!(f = new_flow(line, shard, &look->key, hash)))
        return false;
    set_moment(line, shard, f);
    if (asked)
        contact_syn(f, !line->now.side, asked_seq, asked_ns);
    return true;
}

static void follow_tcp(struct line *line)
{
    struct flow *f = line->now.flow;
    const struct packet *pkt = line->now.pkt;
    struct reassembly r = reassembly_of(line);
    unsigned side = line->now.side;
    /* What the packet acknowledges was there before what it brings: a request that waits behind a
     * hole comes before its answer. */
    if (pkt->tcp_flags & TCP_ACK) {
        line->now.side = !side;
        reassembly_acked(&r, &f->side[!side].stream, pkt->tcp_ack);
        line->now.side = side;
    }
    if (pkt->tcp_flags & TCP_RST) { /* RFC 9293, 3.5.3: what it carries says why */
        line->stats.counters.stream_reset += pkt->payload_len;
        flush_streams(line);
        return;
    }
    reassembly_segment(&r, &f->side[side].stream, pkt->tcp_seq + !!(pkt->tcp_flags & TCP_SYN),
                       line->now.data + pkt->payload_at, pkt->payload_len, pkt->t);
}

static void take_transport(struct line *line, struct line_shard *shard)
{
    const struct packet *pkt = line->now.pkt;
    if (!find_flow(line, shard)) {
        line_coverage_packet(line, pkt, NULL);
        return;
    }
    if (pkt->late_ns)
        observe_late(line->now.flow, pkt);
    if (line->config.output.event)
        observe_traffic(line);
    bool tcp = pkt->transport == IP_TCP;
    *(tcp ? &line->stats.counters.payload_tcp : &line->stats.counters.payload_udp) +=
        pkt->payload_len;
    line->now.established = flow_established(line->now.flow);
    if (tcp)
        contact_tcp(line);
    else
        contact_udp(line);
    inspect_packet(line);
    stage_enter(line, STAGE_STREAM);
    if (tcp)
        follow_tcp(line);
    stage_enter(line, STAGE_FLOW);
    line->now.flow->last_ns = pkt->t;
    flow_arm(&shard->flow, line->now.flow);
    line_coverage_packet(line, pkt, line->now.flow);
}

static struct defrag defrag_of(struct line *line, struct line_shard *shard)
{
    struct engine_counters *c = &line->stats.counters;
    return (struct defrag){
        .pools = &line->config.pools->defrag,
        .shard = &shard->defrag,
        .hash_seed = line->config.pools->flow.hash_seed,
        .count = {.fragments = &c->fragments,
                  .overlap = &c->fragments_overlap,
                  .bad = &c->fragments_bad,
                  .full = &c->fragments_full,
                  .datagrams = &c->datagrams,
                  .incomplete = &c->datagrams_incomplete,
                  .evicted = &c->datagrams_evicted},
    };
}

/* take_fragment: true when it made its datagram whole, which then is the moment's packet; the place
 * in the order stays that of the frame. */
static bool take_fragment(struct line *line, struct line_shard *shard, struct packet *whole)
{
    struct defrag d = defrag_of(line, shard);
    enum defrag_result result =
        defrag_packet(&d, &line->now.pkt, &line->now.data, whole, line->whole);
    line->now.held = result == DEFRAG_HELD;
    if (result == DEFRAG_WHOLE)
        line->now.look = NULL;
    return result == DEFRAG_WHOLE;
}

/* take_datagram: what belongs to no flow: ICMP and other protocols of IP, and fragments that are no
 * part of a whole. */
static void take_datagram(struct line *line)
{
    const struct packet *pkt = line->now.pkt;
    struct icmp_error error;
    if (pkt->verdict != DECODE_NETWORK && pkt->verdict != DECODE_FRAGMENT)
        return;
    if (pkt->verdict == DECODE_NETWORK && icmp_error_read(pkt, line->now.data, &error))
        observe_error(line, &error);
    stage_enter(line, STAGE_MATCH);
    inspect_datagram(line);
    stage_enter(line, STAGE_FLOW);
}

static void take_packet(struct line *line, const struct packet *pkt, const uint8_t *data)
{
    struct line_stats *stats = &line->stats;
    line_expire(line, pkt->t);
    stats->counters.packets++;
    stats->counters.bytes_wire += pkt->wire;
    stats->counters.time_back += !!(pkt->flags & PACKET_TIME_BACK);
    stats->counters.packets_cut += !!(pkt->flags & PACKET_CUT);
    stats->counters.packets_overlong += !!(pkt->flags & PACKET_OVERLONG);
    stats->verdicts[pkt->verdict]++;
    for (unsigned layers = pkt->layers; layers; layers &= layers - 1)
        stats->layers[__builtin_ctz(layers)]++;
    stats->first_ns = pkt->t < stats->first_ns ? pkt->t : stats->first_ns;
    stats->last_ns = pkt->t > stats->last_ns ? pkt->t : stats->last_ns;
    line->now.order = order_of(pkt->t, pkt->input, pkt->seq, 0);
    line->now.seen_ns = pkt->t;
    line->now.pkt = pkt;
    line->now.data = data;
    line->now.matched = false;
    struct line_shard *shard = line->now.shard = line->shards[pkt->shard];
    if (pkt->verdict == DECODE_LINKTYPE)
        stats->linktypes[link_type_named(pkt->linktype)]++;
    struct packet whole; /* may be a fragment itself, of the packet in a tunnel */
    while (line->now.pkt->verdict == DECODE_FRAGMENT && take_fragment(line, shard, &whole))
        ;
    if (line->now.pkt->verdict != DECODE_TRANSPORT) {
        take_datagram(line);
        line_coverage_packet(line, line->now.pkt, NULL);
        return;
    }
    take_transport(line, shard);
    note_deadline(line, pkt->shard);
}

void line_fetch(const struct line *line, const struct packet *const *pkts, struct line_look *looks,
                unsigned n)
{
    uint64_t hashes[BURST_MAX];
    for (unsigned i = 0; i < n; i++) {
        if (pkts[i]->verdict != DECODE_TRANSPORT)
            continue;
        looks[i].side = flow_key_of(pkts[i], &looks[i].key);
        hashes[i] = flow_hash(&line->config.pools->flow, &looks[i].key);
        flow_table_fetch(&line->flows, hashes[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        if (pkts[i]->verdict != DECODE_TRANSPORT)
            continue;
        const struct flow *f = looks[i].guess = flow_table_guess(&line->flows, hashes[i]);
        if (!f)
            continue;
        __builtin_prefetch(f, 1);
        __builtin_prefetch(&f->attempt_at, 1);
        if (pkts[i]->transport == IP_TCP) {
            __builtin_prefetch(&f->side[0], 1);
            __builtin_prefetch(&f->side[1], 1);
        }
    }
}

void line_packet(struct line *line, const struct packet *pkt, const uint8_t *data,
                 const struct line_look *look)
{
    if (line->config.time_stages) {
        line->stage = STAGE_FLOW;
        line->stage_since = __rdtsc();
    }
    line->now.look = look;
    take_packet(line, pkt, data);
    stage_enter(line, STAGE_FLOW);
}

/* end_all: every flow of a shard, the one idle longest first. */
static void end_all(struct line *line, unsigned shard, int64_t last)
{
    struct line_shard *s = line->shards[shard];
    line->now.order = (struct order){.t = last, .input = ORDER_CLOSING, .seq = SHARD_ENDS(shard)};
    line->now.seen_ns = last;
    line->now.pkt = NULL;
    struct defrag d = defrag_of(line, s);
    defrag_end(&d);
    struct flow *oldest;
    while ((oldest = flow_oldest(&s->flow))) {
        set_moment(line, s, oldest);
        end_flow(line, FLOW_END_SHUTDOWN);
    }
}

void line_finish(struct line *line, int64_t last)
{
    line_expire(line, last);
    if (line->coverage_to != INT64_MAX)
        line_coverage_flush(line, last);
    for (unsigned shard = line->config.worker; shard < SHARDS; shard += line->config.workers)
        end_all(line, shard, last);
}
