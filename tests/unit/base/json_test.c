#include "tests/unit/check.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

static void assert_jcs(const char *in, const char *want)
{
    struct diags diags = {0};
    struct text out = {0};
    json_t *value = json_read("f.json", in, strlen(in), &diags);
    assert_non_null(value);
    assert_int_equal(jcs_append(&out, value), 0);
    assert_string_equal(text_str(&out), want);
    json_decref(value);
    text_free(&out);
}

static void jcs_gives_the_examples_of_rfc_8785(void **state)
{
    (void)state;
    /* 3.2.2 */
    assert_jcs(
        "{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
        "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
        "\"literals\": [null, true, false]}",
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
        "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    /* 3.2.3: keys sort by UTF-16 code units, so U+1F600 stands before U+FB33. */
    assert_jcs("{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,\"\\u0080\":6,"
               "\"\\u00f6\":7}",
               "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,"
               "\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
}

static void numbers_are_written_as_appendix_b_says(void **state)
{
    (void)state;
    static const struct {
        uint64_t bits;
        const char *text;
    } rows[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text out = {0};
        struct json_writer w = json_writer_to(&out);
        double v;
        memcpy(&v, &rows[i].bits, sizeof v);
        json_put_double(&w, v);
        assert_string_equal(text_str(&out), rows[i].text);
        text_free(&out);
    }
}

static void the_writer_puts_its_commas(void **state)
{
    (void)state;
    struct text out = {0};
    struct json_writer w = json_writer_to(&out);
    json_open_object(&w);
    json_put_key(&w, "a");
    json_open_array(&w);
    json_put_u64(&w, UINT64_MAX);
    json_put_i64(&w, -1);
    json_open_object(&w);
    json_close_object(&w);
    json_put_null(&w);
    json_close_array(&w);
    json_put_key(&w, "b");
    json_put_bool(&w, true);
    json_put_key(&w, "t");
    json_put_i64_string(&w, 1767258000000000000);
    json_close_object(&w);
    assert_string_equal(
        text_str(&out),
        "{\"a\":[18446744073709551615,-1,{},null],\"b\":true,\"t\":\"1767258000000000000\"}");
    text_free(&out);
}

static void hostile_strings_stay_json(void **state)
{
    (void)state;
    struct text out = {0};
    struct json_writer w = json_writer_to(&out);
    json_put_string_len(&w, "\x00\x1f\xff\xc0\x80\xed\xa0\x80", 8);
    assert_string_equal(text_str(&out), "\"\\u0000\\u001f\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef"
                                        "\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    text_free(&out);
}

static void faults_have_a_place(void **state)
{
    (void)state;
    struct diags diags = {0};
    assert_null(json_read("f.json", "{\n\"a\":1,\n\"a\":2}", 16, &diags));
    assert_null(json_read("f.json", "[1,", 3, &diags));
    assert_int_equal(diags.n, 2);
    assert_int_equal(diags.items[0].pos.line, 3);
    assert_string_equal(diags.items[0].pos.file, "f.json");
    diags_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jcs_gives_the_examples_of_rfc_8785),
        cmocka_unit_test(numbers_are_written_as_appendix_b_says),
        cmocka_unit_test(the_writer_puts_its_commas),
        cmocka_unit_test(hostile_strings_stay_json),
        cmocka_unit_test(faults_have_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
