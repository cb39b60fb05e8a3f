/* Rule files through parser, compiler and matcher. Checked: every rule is loaded or rejected with a
 * place inside the file, and what loaded matches nothing twice on one input. */
#include "tests/fuzz/fuzz.h"

#include "base/error.h"
#include "rules/matcher.h"

static void match(const struct rule_set *set, const uint8_t *data, size_t len)
{
    struct diags diags = {0};
    struct matcher *m = matcher_create(set, &diags);
    must(m);
    uint32_t loaded = (uint32_t)rule_set_counts(set)->loaded;
    for (unsigned way = 0; way < 8; way++) {
        struct match_flow flow = {0};
        struct hit hits[MATCH_HITS_MAX];
        struct match_input input = {
            .source_port = 40000,
            .target_port = 80,
            .transport = way & 1 ? 6 : 17,
            .to_server = way & 2,
            .established = true,
            .stream = way & 4,
            .data = data,
            .len = (uint32_t)len,
        };
        size_t n = matcher_run(m, &input, &flow, hits);
        must(n <= MATCH_HITS_MAX);
        for (size_t i = 0; i < n; i++) {
            must(hits[i].rule < loaded);
            for (size_t k = 0; k < i; k++)
                must(hits[k].rule != hits[i].rule);
        }
    }
    matcher_destroy(m);
    diags_free(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct diags diags = {0};
    struct rule_set *set = NULL;
    if (len > 4096)
        return 0;
    const char *path = fuzz_file(data, len);
    struct rule_set_config config = {.files = &path, .n_files = 1};
    must(rule_set_build(&set, &config, &diags) == 0);
    const struct rule_set_counts *counts = rule_set_counts(set);
    must(counts->loaded + counts->rejected == counts->rules);
    must(counts->rejected == 0 || diags.errors > 0);
    uint32_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += data[i] == '\n';
    for (size_t i = 0; i < diags.n; i++)
        must(diags.items[i].level != DIAG_ERROR ||
             (diags.items[i].pos.line >= 1 && diags.items[i].pos.line <= lines));
    if (counts->loaded)
        match(set, data, len);
    rule_set_destroy(set);
    diags_free(&diags);
    return 0;
}
