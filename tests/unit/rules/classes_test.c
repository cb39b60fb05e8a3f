#include "tests/unit/rules/given.h"
#include "tests/unit/rules/marked.h"

#include "rules/classes.h"

/* What reading a file of this text gives; path, arena and diags are the caller's to free. */
struct classes {
    char *path;
    struct arena arena;
    struct rule_class *rows;
    size_t n;
    struct text normal;
    struct diags diags;
    int error;
};

static void read_text(struct classes *c, const char *text)
{
    memset(c, 0, sizeof *c);
    c->path = temporary_file(text);
    c->error = classes_read(c->path, &c->arena, &c->rows, &c->n, &c->normal, &c->diags);
}

static void release(struct classes *c)
{
    unlink(c->path);
    free(c->path);
    arena_free(&c->arena);
    text_free(&c->normal);
    diags_free(&c->diags);
}

static void rows_are_read_and_the_last_of_a_name_counts(void **state)
{
    (void)state;
    struct classes c;
    read_text(&c, "# a comment\n\n"
                  "config classification: plant-write,Somebody writes to the plant,1\n"
                  "\tconfig classification:  quiet , Says little , 4 \r\n"
                  "config classification: plant-write,Writes,2"); /* no line end */
    assert_int_equal(c.error, 0);
    assert_int_equal(c.n, 3);
    const struct rule_class *class = class_find(c.rows, c.n, "plant-write");
    assert_non_null(class);
    assert_int_equal(class->priority, 2);
    assert_string_equal(class->text, "Writes");
    class = class_find(c.rows, c.n, "quiet");
    assert_non_null(class);
    assert_int_equal(class->priority, 4);
    assert_string_equal(class->text, "Says little");
    release(&c);
}

static void a_file_goes_before_what_is_built_in(void **state)
{
    (void)state;
    struct classes c;
    read_text(&c, "config classification: tcp-connection,A connection,7\n");
    assert_int_equal(c.error, 0);
    assert_int_equal(class_find(NULL, 0, "tcp-connection")->priority, 4);
    assert_int_equal(class_find(c.rows, c.n, "tcp-connection")->priority, 7);
    assert_int_equal(class_find(c.rows, c.n, "attempted-admin")->priority, 1);
    assert_null(class_find(c.rows, c.n, "nobody-knows"));
    assert_null(class_find(c.rows, c.n, NULL));
    release(&c);
}

static void faults_have_their_place(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "^classification: a,b,1\n",
        "config classification: a,b,1\n  ^config clasification: a,b,1\n",
        "config classification: a,b,^0\n",
        "config classification: a,b,^256\n",
        "config classification: a,b,^high\n",
        "config classification: a,b,1^,2\n",
        "config classification: ^,b,1\n",
        "config classification: a^\n",
        "config classification: a,b^\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct classes c;
        struct marked m = marked_text(texts[i]);
        read_text(&c, m.text);
        assert_int_equal(c.error, ERR_SYNTAX);
        expect_fault_at_mark(&c.diags, c.path, &m);
        release(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_and_the_last_of_a_name_counts),
        cmocka_unit_test(a_file_goes_before_what_is_built_in),
        cmocka_unit_test(faults_have_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
