/* Correlation definitions. Checked: what loads is numbered, found by its name, and selects
 * observations without harm. */
#include "tests/fuzz/fuzz.h"

#include "base/error.h"
#include "base/text.h"
#include "correlate/definition.h"

static bool every_tag(void *ctx, uint32_t sid, const char *tag)
{
    (void)ctx;
    return sid != 0 && tag[0] != 0;
}

static const char *sector_name(void *ctx, uint8_t sector)
{
    (void)ctx;
    return sector ? "power" : "none";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct diags diags = {.limit = 64};
    struct definitions *set = NULL;
    struct tag_source tags = {NULL, every_tag};
    int error = definitions_parse(&set, "input", (const char *)data, len, &diags);
    if (!error)
        error = definitions_finish(set, &tags, &diags);
    must(error ? diags.errors > 0 : diags.errors == 0);
    for (unsigned i = 0; !error && i < definitions_count(set); i++) {
        must(definition_find(set, definition_name(set, i)) == (int)i);
        must(definition_timespan(set, i) > 0);
        for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
            struct observation o = {.kind = (uint8_t)kind,
                                    .outcome = OUTCOME_ACKNOWLEDGED,
                                    .operation = OPERATION_WRITE,
                                    .contact = CONTACT_COMPLETE,
                                    .source_port = 40000,
                                    .target_port = 502,
                                    .rule_sid = 1};
            struct host_facts hosts = {HOST_NO_ASSET,   0,     0,   1, HOST_ROLE_NONE,
                                       HOST_ROLE_ASSET, false, true};
            struct group_key key = {0};
            struct text text = {0};
            uint8_t value[16];
            if (definition_match(set, i, 0, &o, &hosts, &key) < 0)
                continue;
            must(key.len <= GROUP_KEY_MAX);
            definition_key_json(set, i, &key, sector_name, NULL, &text);
            must(text.len > 0 && text.data[0] == '{');
            text_free(&text);
            definition_value(set, i, &o, &hosts, value);
        }
    }
    definitions_destroy(set);
    diags_free(&diags);
    return 0;
}
