#include "tests/unit/rules/given.h"

/* What is looked for first, with the reason. */
static const struct {
    const char *options, *literal;
    unsigned len;
    bool nocase, grows;
    const char *why;
} rows[] = {
    {"content:\"abc\";", "abc", 3, false, false, "a short content whole; nothing else to find"},
    {"content:\"|00 00 00 00 00 00 00 00 00 8e 9f|\";", "\0\0\0\0\0\0\x8e\x9f", 8, false, true,
     "zero bytes are common: the piece with both that are not"},
    {"content:\"the tests of a JQXZKWVY in it\";", "JQXZKWVY", 8, false, true,
     "upper case is rarer than lower case in text"},
    {"content:\"|00 00 00 00 00 00|\"; content:\"|8e 9f|\";", "\x8e\x9f", 2, false, true,
     "four zero bytes are an eighth of traffic, two odd bytes are not"},
    {"content:\"HTTP/1.1\"; content:\"evil\";", "evil", 4, false, true,
     "what every request has is common, though it is longer"},
    {"content:\"HTTP/1.1\"; content:\"|8e 9f|\";", "HTTP/1.1", 8, false, true,
     "but two bytes are never rare"},
    {"content:\"Mozilla/evil\";", "lla/evil", 8, false, true,
     "of the pieces with four bytes that are not common the one that has most of them"},
    {"content:\"evil</title>\";", "evil</ti", 8, false, true,
     "likewise: what ends every title is not it"},
    {"content:\"odd |00 00 00 00|\";", "odd \0\0", 6, false, true,
     "no more than two of what is repeated at the end"},
    {"content:\"|8e 9f|\"; content:\"abc\"; fast_pattern;", "abc", 3, false, true,
     "fast_pattern is worth four bits: 12 + 4 against 12, as both are short"},
    {"content:\"|8e 9f|\"; content:\"abc\"; fast_pattern:only;", "abc", 3, false, true,
     "as is fast_pattern:only"},
    {"content:\"|8e 9f 8e|\"; content:\"ee\"; fast_pattern;", "\x8e\x9f\x8e", 3, false, true,
     "no more than that: 8 + 4 against 12, and then rarer bytes"},
    {"content:\"aaaaaaaaabc\"; fast_pattern:8,3;", "abc", 3, false, true,
     "the part that fast_pattern names, of the documentation's example"},
    {"content:\"KWVY0Z23456789abcdef\"; fast_pattern:4,12;", "0Z234567", 8, false, true,
     "of a long part its rarest piece, nothing outside of it: with Z, the first of those alike"},
    {"content:!\"|8e 9f 8e|\"; content:\"ee\";", "ee", 2, false, false,
     "a negated content cannot be found; one positive content is all there is"},
    {"content:\"AbC\"; nocase;", "abc", 3, true, false,
     "in lower case when the case does not matter"},
    {"content:\"abcdefgh\";", "abcdefgh", 8, false, false, "eight bytes are one literal"},
    {"content:\"abcdef\"; fast_pattern:2,2;", "cd", 2, false, true,
     "a part of a content is less than the content"},
    {"content:\"ab\"; content:\"ab\";", "ab", 2, false, true, "two contents, though alike"},
};

static void the_rarest_piece_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        const struct signature *s = parsed_options(&p, rows[i].options);
        assert_non_null(s);
        if (s->literal.len != rows[i].len ||
            memcmp(s->literal.bytes, rows[i].literal, rows[i].len) != 0)
            fail_msg("%s: %.*s; %s", rows[i].options, s->literal.len, s->literal.bytes,
                     rows[i].why);
        assert_int_equal(s->literal.nocase, rows[i].nocase);
        if (s->grows != rows[i].grows)
            fail_msg("%s: grows; %s", rows[i].options, rows[i].why);
        parsed_free(&p);
    }
}

/* Where a literal must be, and where it ends at the latest. */
static const struct {
    const char *options, *literal;
    uint32_t at, end;
    const char *why;
} places[] = {
    {"content:\"abcdef\"; depth:6;", "abcd", 0, 4, "it has just the room that it needs"},
    {"content:\"abcdef\"; offset:3; depth:6;", "abcd", 3, 7, "from the offset"},
    {"content:\"abc\"; startswith;", "bc", 1, 3, "of three bytes the two that are rarer"},
    {"content:\"a\"; offset:7; depth:1;", "a", 7, 8, "a byte is better than none"},
    {"content:\"abcdef\"; within:6;", "abcd", 0, 4, "the first content counts from the start"},
    {"content:\"|00 00 00 00|evi\"; depth:7;", "\0\0\0e", 1, 5,
     "four zero bytes are everywhere: the next four are looked up"},
    {"content:\"|00 00 00 00|evil\"; depth:8;", "\0\0\0\0evil", 0, 8, "eight at once"},
    {"content:\"abcdef\"; depth:10;", "abcdef", LITERAL_ANYWHERE, 10, "it is near the start"},
    {"content:\"abcdef\"; offset:3; depth:10;", "abcdef", LITERAL_ANYWHERE, 13, "likewise"},
    {"content:\"abcdef\"; depth:257;", "abcdef", LITERAL_ANYWHERE, UINT32_MAX,
     "not near enough to look into the start apart"},
    {"content:\"abcdef\"; offset:3;", "abcdef", LITERAL_ANYWHERE, UINT32_MAX, "no end"},
    {"content:\"|00|\"; content:\"abcdef\"; within:6;", "abcdef", LITERAL_ANYWHERE, UINT32_MAX,
     "counted from another content"},
    {"byte_extract:1,0,n; content:\"abcdef\"; offset:n; depth:6;", "abcdef", LITERAL_ANYWHERE,
     UINT32_MAX, "the packet says where"},
};

static void a_literal_may_have_a_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct parsed p;
        const struct signature *s = parsed_options(&p, places[i].options);
        assert_non_null(s);
        if (s->literal.at != places[i].at || s->literal.end != places[i].end ||
            memcmp(s->literal.bytes, places[i].literal, s->literal.len) != 0)
            fail_msg("%s: at %u, end %u; %s", places[i].options, s->literal.at, s->literal.end,
                     places[i].why);
        parsed_free(&p);
    }
}

static void rules_without_anything_rare_have_no_literal(void **state)
{
    (void)state;
    static const char *const options[] = {"", "content:!\"abc\";", "dsize:5;",
                                          "content:!\"a\"; content:!\"b\"; within:4;"};
    static const char *const common[] = {"content:\"|00 00 00|\";", "content:\"|00|\";"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct parsed p;
        const struct signature *s = parsed_options(&p, options[i]);
        assert_non_null(s);
        assert_int_equal(s->literal.len, 0);
        assert_false(s->grows);
        parsed_free(&p);
    }
    /* Three zero bytes are in every packet of a binary protocol. */
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        struct parsed p;
        assert_int_equal(parsed_options(&p, common[i])->literal.len, 0);
        parsed_free(&p);
    }
}

/* Whatever is chosen stands in a positive content, at the part that may be chosen. */
static void a_literal_is_a_piece_of_its_content(void **state)
{
    (void)state;
    uint64_t seed = random_seed();
    for (int round = 0; round < 5000; round++) {
        char options[512], *end = options;
        unsigned n = 1 + (unsigned)random_below(&seed, 4), fast = (unsigned)random_below(&seed, 8);
        for (unsigned i = 0; i < n; i++) {
            bool negated = i > 0 && random_below(&seed, 4) == 0;
            end += sprintf(end, "content:%s\"|", negated ? "!" : "");
            unsigned len = 1 + (unsigned)random_below(&seed, 20);
            for (unsigned k = 0; k < len; k++)
                end += sprintf(end, "%02x", (unsigned)random_below(&seed, 256));
            end += sprintf(end, "|\";");
            if (i == fast && !negated)
                end += sprintf(end, "fast_pattern:%u,1;", (unsigned)random_below(&seed, len));
        }
        struct parsed p;
        const struct signature *s = parsed_options(&p, options);
        assert_non_null(s);
        bool found = false;
        for (unsigned i = 0; i < n; i++) {
            const struct content *c = &s->contents[i];
            if (c->flags & CONTENT_NEGATED)
                continue;
            unsigned at = c->fast_at, len = c->fast_len ? c->fast_len : c->len;
            found |= memmem(c->bytes + at, len, s->literal.bytes, s->literal.len) != NULL;
        }
        if (!found)
            fail_msg("%s", options);
        parsed_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rarest_piece_is_chosen),
        cmocka_unit_test(a_literal_may_have_a_place),
        cmocka_unit_test(rules_without_anything_rare_have_no_literal),
        cmocka_unit_test(a_literal_is_a_piece_of_its_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
