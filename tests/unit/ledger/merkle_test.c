/* The growing tree against the definition of RFC 6962, 2.1, written down as it stands there. */
#include "ledger/merkle.h"
#include "tests/unit/check.h"

#include "base/text.h"

#include <string.h>

#define LEAVES 600

static void naive_root(uint8_t (*leaves)[SHA256_BYTES], size_t n, uint8_t out[SHA256_BYTES])
{
    uint8_t left[SHA256_BYTES], right[SHA256_BYTES];
    size_t k = 1;
    if (n == 0) {
        sha256(out, "", 0);
        return;
    }
    if (n == 1) {
        memcpy(out, leaves[0], SHA256_BYTES);
        return;
    }
    while (k * 2 < n)
        k *= 2;
    naive_root(leaves, k, left);
    naive_root(leaves + k, n - k, right);
    const uint8_t mark = 1;
    sha256_pieces(out, (struct piece[]){{&mark, 1}, {left, 32}, {right, 32}}, 3);
}

static void root_is_the_recursive_one_at_every_size(void **state)
{
    (void)state;
    static uint8_t leaves[LEAVES][SHA256_BYTES];
    struct merkle m = {0};
    uint64_t seed = random_seed();
    for (size_t n = 0; n <= LEAVES; n++) {
        uint8_t root[SHA256_BYTES], naive[SHA256_BYTES];
        merkle_root(&m, root);
        naive_root(leaves, n, naive);
        assert_memory_equal(root, naive, SHA256_BYTES);
        assert_int_equal(merkle_size(&m), n);
        if (n == LEAVES)
            break;
        uint64_t content = random_next(&seed);
        merkle_leaf(leaves[n], &content, sizeof content);
        assert_int_equal(merkle_append(&m, leaves[n]), 0);
    }
    merkle_free(&m);
}

static void root_of_a_prefix_is_that_of_the_tree_when_it_was_so_small(void **state)
{
    (void)state;
    static uint8_t roots[LEAVES + 1][SHA256_BYTES];
    struct merkle m = {0};
    for (uint32_t i = 0; i <= LEAVES; i++) {
        uint8_t leaf[SHA256_BYTES], root[SHA256_BYTES];
        merkle_root(&m, roots[i]);
        for (uint32_t size = 0; size <= i; size++) {
            merkle_root_at(&m, size, root);
            assert_memory_equal(root, roots[size], SHA256_BYTES);
        }
        merkle_leaf(leaf, &i, sizeof i);
        assert_int_equal(merkle_append(&m, leaf), 0);
    }
    merkle_free(&m);
}

static void subtree_is_the_root_of_its_leaves(void **state)
{
    (void)state;
    static uint8_t leaves[LEAVES][SHA256_BYTES];
    struct merkle m = {0};
    for (uint32_t i = 0; i < LEAVES; i++) {
        merkle_leaf(leaves[i], &i, sizeof i);
        merkle_append(&m, leaves[i]);
    }
    for (unsigned height = 0; LEAVES >> height; height++)
        for (size_t i = 0; (i + 1) << height <= LEAVES; i++) {
            uint8_t naive[SHA256_BYTES];
            naive_root(leaves + (i << height), (size_t)1 << height, naive);
            assert_memory_equal(merkle_subtree(&m, height, i), naive, SHA256_BYTES);
        }
    merkle_free(&m);
}

static void leaf_and_node_are_told_apart(void **state)
{
    (void)state;
    char hex[2 * SHA256_BYTES + 1];
    uint8_t leaf[SHA256_BYTES];
    merkle_leaf(leaf, "", 0);
    hex_encode(hex, leaf, sizeof leaf);
    /* SHA-256 of one zero byte. */
    assert_string_equal(hex, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_is_the_recursive_one_at_every_size),
        cmocka_unit_test(root_of_a_prefix_is_that_of_the_tree_when_it_was_so_small),
        cmocka_unit_test(subtree_is_the_root_of_its_leaves),
        cmocka_unit_test(leaf_and_node_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
