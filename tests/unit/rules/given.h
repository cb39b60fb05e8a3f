/* Rules of a text, for the tests of rules/: parsed, or compiled into a set. */
#ifndef TESTS_UNIT_RULES_GIVEN_H
#define TESTS_UNIT_RULES_GIVEN_H

#include "tests/unit/check.h"

#include "base/error.h"
#include "rules/matcher.h"
#include "rules/set_parts.h"

#include <string.h>
#include <unistd.h>

/* What parsing a text left. */
struct parsed {
    struct arena arena;
    const char *flowbit_names[MATCH_FLOWBITS];
    struct rule_context ctx;
    struct signature_list list;
    struct parse_counts counts;
    struct diags diags;
    struct text normal;
};

static inline void parsed_free(struct parsed *p)
{
    regexes_free(p->ctx.regexes);
    arena_free(&p->arena);
    free(p->list.items);
    diags_free(&p->diags);
    text_free(&p->normal);
}

/* parsed_text: with the default variables. */
static inline void parsed_text(struct parsed *p, const char *text, size_t len)
{
    memset(p, 0, sizeof *p);
    p->diags.limit = SIZE_MAX;
    p->ctx = (struct rule_context){.arena = &p->arena,
                                   .variables = rule_default_variables,
                                   .n_variables = rule_default_variable_count,
                                   .flowbit_names = p->flowbit_names,
                                   .normal = &p->normal};
    assert_int_equal(
        rules_parse_text(&p->ctx, "given.rules", text, len, &p->list, &p->counts, &p->diags), 0);
}

/* parsed_one: the one rule of the text; NULL when it is rejected. */
static inline struct signature *parsed_one(struct parsed *p, const char *text)
{
    parsed_text(p, text, strlen(text));
    assert_true(p->list.n <= 1);
    return p->list.n ? p->list.items : NULL;
}

/* parsed_options: a rule for any TCP packet with these options and a sid. */
static inline struct signature *parsed_options(struct parsed *p, const char *options)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "alert tcp any any -> any any (%s sid:1;)", options);
    assert_true(n > 0 && (size_t)n < sizeof text);
    return parsed_one(p, text);
}

/* temporary_file: with this text; the caller unlinks and frees the path. */
static inline char *temporary_file(const char *text)
{
    const char *dir = getenv("TMPDIR");
    char *path = NULL;
    assert_true(asprintf(&path, "%s/plimsoll-rules-XXXXXX", dir ? dir : "/tmp") > 0);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* set_of: the compiled set of a text; diags may be NULL when all must load. */
static inline struct rule_set *set_of(const char *text, struct diags *diags)
{
    struct rule_set *set = NULL;
    struct diags own = {0};
    char *path = temporary_file(text);
    const char *files[] = {path};
    struct rule_set_config config = {.files = files, .n_files = 1};
    int error = rule_set_build(&set, &config, diags ? diags : &own);
    if (!diags && own.errors)
        diags_print(&own, stderr);
    assert_int_equal(error, 0);
    assert_true(own.errors == 0);
    diags_free(&own);
    unlink(path);
    free(path);
    return set;
}

/* given_confirm: with memory of its own. */
static inline enum rule_verdict given_confirm(const struct signature *s,
                                              const struct match_input *in,
                                              const struct match_flow *flow)
{
    struct confirm_room room;
    assert_int_equal(confirm_room_init(&room), 0);
    enum rule_verdict verdict = rule_confirm(s, in, flow, &room);
    confirm_room_free(&room);
    return verdict;
}

static inline struct address given_address(const char *text)
{
    struct address a;
    assert_int_equal(address_parse(text, &a), 0);
    return a;
}

/* given_input: a packet from a client's port 40000 to a server's port, TCP, established. */
static inline struct match_input given_input(const void *data, size_t len, uint16_t port)
{
    return (struct match_input){.source = given_address("10.0.0.1"),
                                .target = given_address("10.0.0.2"),
                                .source_port = 40000,
                                .target_port = port,
                                .transport = 6,
                                .to_server = true,
                                .established = true,
                                .data = data,
                                .len = (uint32_t)len};
}

#endif
