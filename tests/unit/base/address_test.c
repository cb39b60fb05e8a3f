#include "tests/unit/check.h"

#include "base/address.h"
#include "base/error.h"

static void addresses_have_one_text(void **state)
{
    (void)state;
    /* RFC 5952, section 4. */
    static const struct {
        const char *in, *out;
    } rows[] = {{"10.0.0.1", "10.0.0.1"},
                {"2001:0db8:0:0:0:0:2:1", "2001:db8::2:1"},
                {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
                {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
                {"2001:DB8::AAAA", "2001:db8::aaaa"},
                {"::ffff:192.0.2.1", "192.0.2.1"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address a;
        char out[ADDRESS_TEXT_ROOM];
        assert_int_equal(address_parse(rows[i].in, &a), 0);
        assert_string_equal(address_format(out, &a), rows[i].out);
    }
    struct address a;
    assert_int_equal(address_parse("10.0.0", &a), ERR_SYNTAX);
    assert_int_equal(address_parse("10.0.0.256", &a), ERR_SYNTAX);
    assert_int_equal(address_parse("", &a), ERR_SYNTAX);
}

static void prefixes_have_one_text(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {{"10.20.0.0/16", "10.20.0.0/16"},
                {"10.0.0.1", "10.0.0.1/32"},
                {"0.0.0.0/0", "0.0.0.0/0"},
                {"2001:db8::/32", "2001:db8::/32"},
                {"::/0", "::/0"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct prefix p;
        char out[ADDRESS_TEXT_ROOM];
        assert_int_equal(prefix_parse(rows[i].in, &p), 0);
        assert_string_equal(prefix_format(out, &p), rows[i].out);
    }
    struct prefix p;
    assert_int_equal(prefix_parse("10.20.0.1/16", &p), ERR_RANGE);
    assert_int_equal(prefix_parse("10.20.0.0/33", &p), ERR_RANGE);
    assert_int_equal(prefix_parse("10.20.0.0/", &p), ERR_SYNTAX);
    assert_int_equal(prefix_parse("10.20.0.0/x", &p), ERR_SYNTAX);
    assert_int_equal(prefix_parse("nothing", &p), ERR_SYNTAX);
}

static void a_prefix_holds_its_addresses_and_no_others(void **state)
{
    (void)state;
    struct prefix p;
    struct address in, out;
    assert_int_equal(prefix_parse("10.20.6.0/23", &p), 0);
    address_parse("10.20.7.255", &in);
    address_parse("10.20.8.0", &out);
    assert_true(prefix_holds(&p, &in));
    assert_false(prefix_holds(&p, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_one_text),
        cmocka_unit_test(prefixes_have_one_text),
        cmocka_unit_test(a_prefix_holds_its_addresses_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
