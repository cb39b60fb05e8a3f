/* References: a file in the form of reference.config, and where a rule's references point. */
#include "tests/unit/rules/given.h"
#include "tests/unit/rules/marked.h"

/* What reading a file of this text gives; path, arena and diags are the caller's to free. */
struct systems {
    char *path;
    struct arena arena;
    struct reference_system *rows;
    size_t n;
    struct diags diags;
    int error;
};

static void read_text(struct systems *s, const char *text)
{
    memset(s, 0, sizeof *s);
    s->path = temporary_file(text);
    s->error = references_read(s->path, &s->arena, &s->rows, &s->n, &s->diags);
}

static void release(struct systems *s)
{
    unlink(s->path);
    free(s->path);
    arena_free(&s->arena);
    diags_free(&s->diags);
}

static void expect_url(const struct systems *s, const char *system, const char *place,
                       const char *want)
{
    struct text url = {0};
    reference_url(&url, s->rows, s->n, &(struct reference){.system = system, .place = place});
    assert_string_equal(text_str(&url), want);
    text_free(&url);
}

static void a_place_follows_the_url_of_its_system(void **state)
{
    (void)state;
    struct systems s;
    read_text(&s, "# config reference: url ftp://\n\n"
                  "config reference: url       http://\n"
                  "\tconfig reference:cve\thttps://one.example/?name= \r\n"
                  "config reference: CVE https://other.example/"); /* no line end */
    assert_int_equal(s.error, 0);
    assert_int_equal(s.n, 3);
    expect_url(&s, "url", "www.example.org/a?b=c", "http://www.example.org/a?b=c");
    expect_url(&s, "url", "https://www.example.org", "https://www.example.org");
    /* The last of a name counts, however it is written. */
    expect_url(&s, "Cve", "2014-0160", "https://other.example/2014-0160");
    expect_url(&s, "bugtraq", "1", "bugtraq,1");
    release(&s);
}

static void faults_have_their_place(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "^reference: a http://\n",
        "config reference: a http://\n  ^config referense: a http://\n",
        "config reference:^\n",
        "config reference: ^1a http://\n",
        "config reference: a^.b http://\n",
        "config reference: a^\n",
        "config reference: a http:// ^x\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct systems s;
        struct marked m = marked_text(texts[i]);
        read_text(&s, m.text);
        assert_int_equal(s.error, ERR_SYNTAX);
        expect_fault_at_mark(&s.diags, s.path, &m);
        release(&s);
    }
}

static void a_file_that_is_not_there_is_told(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct diags diags = {0};
    struct reference_system *rows;
    size_t n;
    assert_int_equal(references_read("/nonexistent/reference.config", &arena, &rows, &n, &diags),
                     ERR_NOT_FOUND);
    assert_int_equal(diags.n, 1);
    arena_free(&arena);
    diags_free(&diags);
}

static void a_rule_keeps_its_references_in_their_order(void **state)
{
    (void)state;
    struct parsed p;
    const struct signature *s =
        parsed_options(&p, "reference:url, a.example/x ; msg:\"m\"; reference:cve,2014-0160;");
    assert_non_null(s);
    assert_string_equal(s->references->system, "url");
    assert_string_equal(s->references->place, "a.example/x");
    assert_string_equal(s->references->next->system, "cve");
    assert_string_equal(s->references->next->place, "2014-0160");
    assert_null(s->references->next->next);
    parsed_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_follows_the_url_of_its_system),
        cmocka_unit_test(faults_have_their_place),
        cmocka_unit_test(a_file_that_is_not_there_is_told),
        cmocka_unit_test(a_rule_keeps_its_references_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
