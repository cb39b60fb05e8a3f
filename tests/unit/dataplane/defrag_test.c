/* Reassembly of fragments: random cuts against a model that keeps for every byte who may write it;
 * then what cannot be, what takes too long, and what finds no room. */
#include "tests/unit/check.h"

#include "base/time_point.h"
#include "dataplane/decode.h"
#include "dataplane/defrag.h"
#include "tests/unit/dataplane/frame_build.h"

struct counts {
    uint64_t fragments, overlap, bad, full, datagrams, incomplete, evicted;
};

struct fixture {
    struct defrag_pools pools;
    struct defrag_shard shard;
    struct counts n;
    struct defrag d;
    uint8_t out[DATAGRAM_MAX];
    uint32_t len;
};

static struct fixture *make(uint32_t datagrams, uint32_t fragments)
{
    struct fixture *x = calloc(1, sizeof *x);
    assert_non_null(x);
    assert_int_equal(defrag_pools_init(&x->pools, datagrams, fragments), 0);
    defrag_shard_init(&x->shard);
    x->d = (struct defrag){.pools = &x->pools,
                           .shard = &x->shard,
                           .hash_seed = 7,
                           .count = {&x->n.fragments, &x->n.overlap, &x->n.bad, &x->n.full,
                                     &x->n.datagrams, &x->n.incomplete, &x->n.evicted}};
    return x;
}

static void unmake(struct fixture *x)
{
    defrag_pools_free(&x->pools);
    free(x);
}

/* A fragment as a frame of its own size: bytes [offset, offset + len) of a payload. */
struct cut {
    bool v6, more;
    uint8_t extensions; /* headers of 16 bytes in front of the fragment header */
    uint16_t id;
    uint32_t offset, len;
    const uint8_t *payload;
    uint8_t protocol;
    int64_t t;
};

static enum defrag_result send(struct fixture *x, const struct cut *c)
{
    uint32_t header = c->v6 ? 48 + 16u * c->extensions : 20;
    uint32_t size = header + c->len;
    uint8_t *data = calloc(1, size);
    assert_non_null(data);
    if (c->v6) {
        data[0] = 0x60;
        store_be16(data + 4, (uint16_t)(size - 40));
        uint8_t *named = data + 6, *e = data + 40;
        data[8] = 0xfd;
        data[24] = 0xfd;
        data[39] = 9;
        for (unsigned i = 0; i < c->extensions; i++, e += 16) {
            *named = 60;
            named = e;
            e[1] = 1;
        }
        *named = 44;
        e[0] = c->protocol;
        store_be16(e + 2, (uint16_t)(c->offset | c->more));
        store_be32(e + 4, c->id);
    } else {
        data[0] = 0x45;
        store_be16(data + 2, (uint16_t)size);
        store_be16(data + 4, c->id);
        store_be16(data + 6, (uint16_t)(c->offset / 8 | (c->more ? 0x2000 : 0)));
        data[8] =
            (uint8_t)(c->offset / 8); /* differs from fragment to fragment: the first one's stays */
        data[9] = c->protocol;
        store_be32(data + 12, 0x0a000001);
        store_be32(data + 16, 0x0a000002);
    }
    memcpy(data + header, c->payload, c->len);
    struct packet pkt = {
        .t = c->t, .wire = size, .linktype = c->v6 ? LINKTYPE_IPV6 : LINKTYPE_IPV4};
    decode_frame(&pkt, data, size);
    assert_int_equal(pkt.verdict, DECODE_FRAGMENT);
    enum defrag_result got = defrag_fragment(&x->d, &pkt, data, x->out, &x->len);
    free(data);
    return got;
}

#define ROOM 9000

/* The model: of each byte, which start wrote it; a later fragment takes it only from a higher one.
 */
struct model {
    uint8_t bytes[ROOM];
    uint32_t start[ROOM];
    bool there[ROOM];
};

static void model_add(struct model *m, uint32_t offset, uint32_t len, const uint8_t *data)
{
    for (uint32_t i = 0; i < len; i++)
        if (!m->there[offset + i] || m->start[offset + i] > offset) {
            m->bytes[offset + i] = data[i];
            m->start[offset + i] = offset;
            m->there[offset + i] = true;
        }
}

static bool model_whole(const struct model *m, uint32_t end)
{
    for (uint32_t i = 0; i < end; i++)
        if (!m->there[i])
            return false;
    return end != 0;
}

static void check_whole(const struct fixture *x, const struct cut *c, const struct model *m,
                        uint32_t end)
{
    uint32_t header = c->v6 ? 40 + 16u * c->extensions : 20;
    assert_int_equal(x->len, header + end);
    assert_memory_equal(x->out + header, m->bytes, end);
    struct packet pkt = {.wire = x->len,
                         .linktype = c->v6 ? LINKTYPE_IPV6 : LINKTYPE_IPV4,
                         .flags = PACKET_VALIDATE};
    uint8_t *copy = malloc(x->len);
    assert_non_null(copy);
    memcpy(copy, x->out, x->len);
    decode_frame(&pkt, copy, x->len);
    free(copy);
    assert_int_equal(pkt.verdict,
                     DECODE_NETWORK); /* protocol 200, and the IPv4 header's checksum holds */
    assert_int_equal(pkt.transport, 200);
    assert_int_equal(pkt.payload_len, end);
    if (!c->v6)
        assert_int_equal(x->out[8], 0); /* the header of the fragment that begins it */
}

static void any_cuts_in_any_order_give_what_the_model_gives(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    unsigned whole = 0, overlaps = 0;
    for (int round = 0; round < 3000; round++) {
        struct fixture *x = make(1024, 4096);
        struct model *m = calloc(1, sizeof *m);
        assert_non_null(m);
        uint32_t end = 1 + (uint32_t)random_below(&seed, round % 4 ? 400 : 8000);
        bool clean = round % 2, got = false;
        struct cut c = {.v6 = round % 3 == 0,
                        .extensions = (uint8_t)random_below(&seed, 3),
                        .id = 5,
                        .protocol = 200};
        uint32_t clean_at = 0, said_end = 0;
        bool ended = false;
        for (int n = 0; n < 120 && !got; n++) {
            uint8_t data[ROOM];
            uint32_t last = (end - 1) / 8 * 8;
            if (clean) {
                c.offset = clean_at;
                c.len = 8 * (1 + (uint32_t)random_below(&seed, 40));
            } else {
                c.offset = 8 * (uint32_t)random_below(&seed, last / 8 + 1);
                c.len = 8 * (1 + (uint32_t)random_below(&seed, end / 16 + 4));
            }
            c.more = c.offset + c.len < end;
            if (!c.more)
                c.len = end - c.offset;
            if (c.offset == 0 && !c.more)
                continue; /* that is no fragment */
            for (uint32_t i = 0; i < c.len; i++)
                data[i] = (uint8_t)random_next(&seed);
            c.payload = data;
            enum defrag_result result = send(x, &c);
            model_add(m, c.offset, c.len, data);
            if (!c.more && !said_end)
                said_end = c.offset + c.len;
            got = result == DEFRAG_WHOLE;
            assert_int_not_equal(result, DEFRAG_REFUSED);
            assert_int_equal(got, model_whole(m, said_end));
            if (clean && !c.more)
                ended = true;
            if (clean)
                clean_at = ended ? 0 : clean_at + c.len;
        }
        if (got)
            check_whole(x, &c, m, said_end);
        whole += got;
        overlaps += x->n.overlap != 0;
        assert_int_equal(x->n.datagrams, got);
        assert_true(!clean || x->n.overlap == 0);
        defrag_end(&x->d);
        assert_int_equal(x->n.incomplete, !got && x->n.fragments);
        free(m);
        unmake(x);
    }
    assert_true(whole > 1000 && overlaps > 500);
}

static const uint8_t zeros[DATAGRAM_MAX];

static struct cut piece(uint16_t id, uint32_t offset, uint32_t len, bool more, int64_t t)
{
    return (struct cut){.id = id,
                        .offset = offset,
                        .len = len,
                        .more = more,
                        .payload = zeros,
                        .protocol = 200,
                        .t = t};
}

static enum defrag_result put(struct fixture *x, uint16_t id, uint32_t offset, uint32_t len,
                              bool more, int64_t t)
{
    struct cut c = piece(id, offset, len, more, t);
    return send(x, &c);
}

static void datagrams_are_kept_apart_by_what_names_them(void **state)
{
    (void)state;
    struct fixture *x = make(1024, 1024);
    struct cut first = piece(1, 0, 16, true, 0), rest = piece(1, 16, 8, false, 0);
    assert_int_equal(send(x, &first), DEFRAG_HELD);
    struct cut other = rest;
    other.id = 2;
    assert_int_equal(send(x, &other), DEFRAG_HELD);
    other = rest;
    other.protocol = 201;
    assert_int_equal(send(x, &other), DEFRAG_HELD);
    other = rest;
    other.v6 = true;
    assert_int_equal(send(x, &other), DEFRAG_HELD);
    assert_int_equal(send(x, &rest), DEFRAG_WHOLE);
    unmake(x);
}

static void what_can_be_part_of_no_datagram_is_refused(void **state)
{
    (void)state;
    struct fixture *x = make(1024, 1024);
    assert_int_equal(put(x, 1, 0, 15, true, 0), DEFRAG_REFUSED); /* no multiple of 8 */
    assert_int_equal(put(x, 1, 8, 0, true, 0), DEFRAG_REFUSED);
    assert_int_equal(put(x, 1, 65528, 8, false, 0), DEFRAG_REFUSED); /* beyond 65,535 */
    assert_int_equal(x->n.bad, 3);
    /* Each may be, but with its header the datagram is longer than a packet can be. */
    for (uint32_t at = 0; at + 1024 < 65528; at += 1024)
        assert_int_equal(put(x, 2, at, 1024, true, 0), DEFRAG_HELD);
    assert_int_equal(put(x, 2, 64512, 1020, false, 0), DEFRAG_REFUSED);
    assert_int_equal(x->n.bad, 4);
    for (uint32_t at = 0; at + 1024 < 65528; at += 1024)
        assert_int_equal(put(x, 3, at, 1024, true, 0), DEFRAG_HELD);
    assert_int_equal(put(x, 3, 64512, 1003, false, 0), DEFRAG_WHOLE);
    assert_int_equal(x->len, 65535);
    unmake(x);
}

static void a_cut_fragment_is_refused(void **state)
{
    (void)state;
    struct fixture *x = make(1024, 1024);
    uint8_t data[60] = {0x45, 0, 0, 60, 0, 1, 0x20, 0, 64, 17};
    struct packet pkt = {.wire = 60, .linktype = LINKTYPE_IPV4};
    decode_frame(&pkt, data, 52); /* 32 of 40 bytes: a length that could be */
    assert_int_equal(pkt.verdict, DECODE_FRAGMENT);
    assert_int_equal(defrag_fragment(&x->d, &pkt, data, x->out, &x->len), DEFRAG_REFUSED);
    assert_int_equal(x->n.bad, 1);
    unmake(x);
}

static void a_datagram_waits_sixty_seconds_from_its_first_fragment(void **state)
{
    (void)state;
    struct fixture *x = make(1024, 1024);
    assert_int_equal(put(x, 1, 0, 8, true, 0), DEFRAG_HELD);
    assert_int_equal(put(x, 1, 8, 8, true, 59 * NS_PER_S), DEFRAG_HELD);
    assert_int_equal(put(x, 2, 0, 8, true, 59 * NS_PER_S), DEFRAG_HELD);
    assert_int_equal(put(x, 1, 16, 8, false, 60 * NS_PER_S), DEFRAG_HELD);
    assert_int_equal(x->n.incomplete, 1);
    assert_int_equal(put(x, 2, 8, 8, false, 119 * NS_PER_S - 1), DEFRAG_WHOLE);
    unmake(x);
}

static void a_full_shard_gives_up_its_oldest(void **state)
{
    (void)state;
    struct fixture *x = make(256, 4096); /* 16 datagrams a shard */
    for (uint16_t id = 0; id < 17; id++)
        assert_int_equal(put(x, id, 0, 8, true, id), DEFRAG_HELD);
    assert_int_equal(x->n.evicted, 1);
    assert_int_equal(put(x, 1, 8, 8, false, 17), DEFRAG_WHOLE);
    assert_int_equal(put(x, 0, 8, 8, false, 18), DEFRAG_HELD);
    unmake(x);
    x = make(4096, 256); /* 16 pieces of 2,036 bytes */
    assert_int_equal(put(x, 1, 0, 8, true, 0), DEFRAG_HELD);
    assert_int_equal(put(x, 2, 0, 8000, true, 0), DEFRAG_HELD);
    for (uint32_t i = 1; i < 12; i++)
        assert_int_equal(put(x, 3, 2000 * i, 2000, true, 0), DEFRAG_HELD);
    assert_int_equal(x->n.evicted, 0);
    assert_int_equal(put(x, 3, 2000 * 12, 2000, true, 0), DEFRAG_HELD);
    assert_int_equal(x->n.evicted, 1); /* the one of one piece was enough */
    assert_int_equal(put(x, 3, 26000, 8000, true, 0), DEFRAG_HELD);
    assert_int_equal(x->n.evicted, 2);
    assert_int_equal(put(x, 3, 34000, 8000, true, 0),
                     DEFRAG_REFUSED); /* it gives nobody up but others */
    assert_int_equal(x->n.full, 1);
    unmake(x);
}

static void a_datagram_has_so_many_fragments_and_no_more(void **state)
{
    (void)state;
    struct fixture *x = make(1024, 16384);
    for (uint32_t i = 0; i < DATAGRAM_FRAGMENTS; i++)
        assert_int_equal(put(x, 1, 8 * (i + 1), 8, true, 0), DEFRAG_HELD);
    assert_int_equal(put(x, 1, 0, 8, true, 0), DEFRAG_REFUSED);
    assert_int_equal(x->n.full, 1);
    unmake(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cuts_in_any_order_give_what_the_model_gives),
        cmocka_unit_test(datagrams_are_kept_apart_by_what_names_them),
        cmocka_unit_test(what_can_be_part_of_no_datagram_is_refused),
        cmocka_unit_test(a_cut_fragment_is_refused),
        cmocka_unit_test(a_datagram_waits_sixty_seconds_from_its_first_fragment),
        cmocka_unit_test(a_full_shard_gives_up_its_oldest),
        cmocka_unit_test(a_datagram_has_so_many_fragments_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
