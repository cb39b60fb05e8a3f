/* Shards against the Toeplitz hash computed bit by bit, and their promise: both directions and all
 * fragments of a pair meet. */
#include "tests/unit/check.h"

#include "dataplane/capture.h"
#include "dataplane/decode.h"
#include "tests/unit/dataplane/frame_build.h"

/* The 40-byte key of receive-side scaling with 0x6d5a repeated (Woo and Park 2012); for each set
 * bit of the input, the 32 bits of the key from that bit on are added without carry. */
static uint32_t toeplitz(const uint8_t *data, size_t len)
{
    uint8_t key[40];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = i % 2 ? 0x5a : 0x6d;
    uint32_t hash = 0;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        if (!(data[bit / 8] >> (7 - bit % 8) & 1))
            continue;
        for (size_t k = 0; k < 32; k++) {
            size_t at = bit + k;
            if (key[at / 8] >> (7 - at % 8) & 1)
                hash ^= UINT32_C(1) << (31 - k);
        }
    }
    return hash;
}

static void fill(uint64_t *seed, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)random_next(seed);
}

/* pair: a frame without payload whose addresses are set afterwards. */
static struct built_frame pair(const struct frame_spec *s, const uint8_t *source,
                               const uint8_t *target)
{
    struct built_frame f;
    build_frame(s, &f);
    uint32_t at = f.network_at + (s->v6 ? 8 : 12), n = s->v6 ? 16 : 4;
    memcpy(f.data + at, source, n);
    memcpy(f.data + at + n, target, n);
    return f;
}

static void the_shard_is_the_low_byte_of_the_hash_of_the_pair(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    unsigned used[256] = {0};
    for (int round = 0; round < 4000; round++) {
        struct frame_spec s = {.v6 = round % 2,
                               .transport = 6,
                               .vlans = (unsigned)round % 4,
                               .vlan_type = {0x8100, 0x88a8, 0x9100}};
        uint32_t n = s.v6 ? 16 : 4;
        uint8_t a[16], b[16], both[32];
        fill(&seed, a, n);
        fill(&seed, b, n);
        memcpy(both, a, n);
        memcpy(both + n, b, n);
        uint8_t want = (uint8_t)toeplitz(both, 2 * n);
        used[want]++;

        struct built_frame there = pair(&s, a, b), back = pair(&s, b, a);
        assert_int_equal(frame_shard(LINKTYPE_ETHERNET, there.data, there.len), want);
        assert_int_equal(frame_shard(LINKTYPE_ETHERNET, back.data, back.len), want);

        struct address x = s.v6 ? address_v6(a) : address_v4(a);
        struct address y = s.v6 ? address_v6(b) : address_v4(b);
        assert_int_equal(shard_of_pair(&x, &y), want);
        assert_int_equal(shard_of_pair(&y, &x), want);

        /* A fragment has no ports, and the pair is all that counts. */
        s.fragment = 0x00b8;
        s.transport = 17;
        s.payload_len = 30;
        struct built_frame fragment = pair(&s, a, b);
        assert_int_equal(frame_shard(LINKTYPE_ETHERNET, fragment.data, fragment.len), want);
    }
    for (unsigned i = 0; i < 256; i++)
        assert_true(used[i] > 0); /* 4,000 over 256: none is left out by chance */
}

static void frames_without_ip_go_by_their_mac_pair(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 500; round++) {
        struct frame_spec s = {.ethertype = 0x88b8, .payload_len = 30};
        struct built_frame f;
        build_frame(&s, &f);
        fill(&seed, f.data, 12);
        uint8_t want = (uint8_t)toeplitz(f.data, 12);
        assert_int_equal(frame_shard(LINKTYPE_ETHERNET, f.data, f.len), want);
        uint8_t mac[6];
        memcpy(mac, f.data, 6);
        memcpy(f.data, f.data + 6, 6);
        memcpy(f.data + 6, mac, 6);
        assert_int_equal(frame_shard(LINKTYPE_ETHERNET, f.data, f.len), want);
    }
}

static void a_cut_frame_is_read_no_further_than_it_goes(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frame_spec s = {.v6 = v6,
                               .transport = 6,
                               .vlans = 2,
                               .source = 1,
                               .target = 7,
                               .vlan_type = {0x88a8, 0x8100}};
        struct built_frame f;
        build_frame(&s, &f);
        uint8_t whole = frame_shard(LINKTYPE_ETHERNET, f.data, f.len);
        memcpy(f.data, "\x02\x11\x22\x33\x44\x55\x02\x01\x02\x03\x04\x06", 12);
        uint8_t macs = (uint8_t)toeplitz(f.data, 12);
        assert_int_not_equal(whole, macs); /* else the two could not be told apart below */
        for (uint32_t len = 0; len <= f.len; len++) {
            uint8_t *copy = malloc(len ? len : 1);
            assert_non_null(copy);
            memcpy(copy, f.data, len);
            uint8_t want = len < 14 ? 0 : len < f.transport_at ? macs : whole;
            assert_int_equal(frame_shard(LINKTYPE_ETHERNET, copy, len), want);
            free(copy);
        }
        assert_int_equal(frame_shard(127, f.data, f.len), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shard_is_the_low_byte_of_the_hash_of_the_pair),
        cmocka_unit_test(frames_without_ip_go_by_their_mac_pair),
        cmocka_unit_test(a_cut_frame_is_read_no_further_than_it_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
