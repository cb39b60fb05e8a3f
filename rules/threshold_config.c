/* One function a kind of line; all lines are read first, then given to the rules in their order. */
#include "rules/threshold_config.h"

#include "base/error.h"
#include "rules/config_lines.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum row_kind { ROW_SUPPRESS, ROW_THRESHOLD, ROW_RATE };

struct threshold_row {
    uint8_t kind, track; /* of suppress: enum suppress_track */
    uint32_t gid, sid;
    struct rule_threshold threshold;
    struct token {
        const char *text;
        size_t len;
    } addresses;
    const struct address_set *set; /* what they are */
    struct diag_pos pos;
    const char *text; /* the line */
};

static bool is_blank_at(const char *at, const char *end)
{
    return at < end && isspace((unsigned char)*at);
}

/* next_token: a word or a number, up to a blank or a comma; empty where nothing is left. */
static struct token next_token(const char **at, const char *end)
{
    struct token t = {NULL, 0};
    while (is_blank_at(*at, end))
        ++*at;
    t.text = *at;
    while (*at < end && **at != ',' && !isspace((unsigned char)**at))
        ++*at;
    t.len = (size_t)(*at - t.text);
    return t;
}

static bool token_is(struct token t, const char *word)
{
    return t.len == strlen(word) && memcmp(t.text, word, t.len) == 0;
}

/* after_comma: is there another part? */
static bool after_comma(const char **at, const char *end)
{
    while (is_blank_at(*at, end))
        ++*at;
    if (*at < end && **at == ',') {
        ++*at;
        return true;
    }
    return false;
}

static int read_number(const struct config_line *line, struct token t, uint32_t *out,
                       struct diags *diags)
{
    char text[16] = "";
    uint64_t number;
    if (t.len < sizeof text)
        memcpy(text, t.text, t.len);
    if (text_u64(text, UINT32_MAX, &number))
        return config_fault(line, t.text, diags, "`%.*s` is no number that is allowed here",
                            (int)t.len, t.text);
    *out = (uint32_t)number;
    return 0;
}

/* read_named: WORD NUMBER. */
static int read_named(const struct config_line *line, const char **at, const char *word,
                      uint32_t *out, struct diags *diags)
{
    struct token t = next_token(at, line->end);
    if (!token_is(t, word))
        return config_fault(line, t.text, diags, "%s is expected here", word);
    return read_number(line, next_token(at, line->end), out, diags);
}

/* read_word: WORD and one of a list, from 1; 0 is an error that was reported. */
static unsigned read_word(const struct config_line *line, const char **at, const char *word,
                          const char *const *list, unsigned n, struct diags *diags)
{
    struct token t = next_token(at, line->end);
    if (!token_is(t, word)) {
        config_fault(line, t.text, diags, "%s is expected here", word);
        return 0;
    }
    t = next_token(at, line->end);
    for (unsigned i = 1; i < n; i++)
        if (list[i] && token_is(t, list[i]))
            return i;
    config_fault(line, t.text, diags, "`%.*s` is no %s", (int)t.len, t.text, word);
    return 0;
}

static int expect_comma(const struct config_line *line, const char **at, struct diags *diags)
{
    return after_comma(at, line->end)
               ? 0
               : config_fault(line, *at, diags, "a comma and more are expected here");
}

static int nothing_follows(const struct config_line *line, const char *at, struct diags *diags)
{
    while (is_blank_at(at, line->end))
        at++;
    return at == line->end ? 0 : config_fault(line, at, diags, "nothing may follow here");
}

static const char *const types[] = {
    [THRESHOLD_LIMIT] = "limit", [THRESHOLD_EVERY] = "threshold", [THRESHOLD_BOTH] = "both"};
static const char *const tracks[] = {[TRACK_SOURCE] = "by_src",
                                     [TRACK_TARGET] = "by_dst",
                                     [TRACK_BOTH] = "by_both",
                                     [TRACK_RULE] = "by_rule"};
static const char *const suppress_tracks[] = {
    [SUPPRESS_SOURCE] = "by_src", [SUPPRESS_TARGET] = "by_dst", [SUPPRESS_EITHER] = "by_either"};
static const char *const actions[] = {NULL, "alert", "drop", "pass", "log", "sdrop", "reject"};
#define LENGTH(list) (sizeof(list) / sizeof(list)[0])

static int read_suppress(const struct config_line *line, const char *at, struct threshold_row *row,
                         struct diags *diags)
{
    if (!after_comma(&at, line->end))
        return nothing_follows(line, at, diags);
    row->track =
        (uint8_t)read_word(line, &at, "track", suppress_tracks, LENGTH(suppress_tracks), diags);
    if (!row->track || expect_comma(line, &at, diags))
        return ERR_SYNTAX;
    struct token word = next_token(&at, line->end);
    if (!token_is(word, "ip"))
        return config_fault(line, word.text, diags, "ip is expected here");
    while (is_blank_at(at, line->end))
        at++;
    const char *end = line->end;
    while (end > at && isspace((unsigned char)end[-1]))
        end--;
    row->addresses = (struct token){at, (size_t)(end - at)};
    return at < end ? 0 : config_fault(line, at, diags, "addresses are expected here");
}

/* read_counts: `count N, seconds N`. */
static int read_counts(const struct config_line *line, const char **at, struct threshold_row *row,
                       struct diags *diags)
{
    const char *first = *at;
    int error = read_named(line, at, "count", &row->threshold.count, diags);
    if (!error)
        error = expect_comma(line, at, diags);
    if (!error)
        error = read_named(line, at, "seconds", &row->threshold.seconds, diags);
    if (!error && (row->threshold.count == 0 || row->threshold.seconds == 0))
        error = config_fault(line, first, diags, "count and seconds are not 0");
    return error;
}

static int read_threshold(const struct config_line *line, const char *at, struct threshold_row *row,
                          struct diags *diags)
{
    int error = expect_comma(line, &at, diags);
    if (error)
        return error;
    row->threshold.type = (uint8_t)read_word(line, &at, "type", types, LENGTH(types), diags);
    if (!row->threshold.type || expect_comma(line, &at, diags))
        return ERR_SYNTAX;
    row->threshold.track = (uint8_t)read_word(line, &at, "track", tracks, LENGTH(tracks), diags);
    if (!row->threshold.track || expect_comma(line, &at, diags))
        return ERR_SYNTAX;
    error = read_counts(line, &at, row, diags);
    return error ? error : nothing_follows(line, at, diags);
}

static int read_rate(const struct config_line *line, const char *at, struct threshold_row *row,
                     struct diags *diags)
{
    uint32_t timeout;
    int error = expect_comma(line, &at, diags);
    if (error)
        return error;
    if (!read_word(line, &at, "track", tracks, LENGTH(tracks), diags) ||
        expect_comma(line, &at, diags) || read_counts(line, &at, row, diags) ||
        expect_comma(line, &at, diags) ||
        !read_word(line, &at, "new_action", actions, LENGTH(actions), diags) ||
        expect_comma(line, &at, diags))
        return ERR_SYNTAX;
    error = read_named(line, &at, "timeout", &timeout, diags);
    return error ? error : nothing_follows(line, at, diags);
}

static int read_row(const struct config_line *line, struct arena *arena, void *out,
                    struct diags *diags)
{
    static const struct {
        const char *word;
        uint8_t kind;
        int (*read)(const struct config_line *line, const char *at, struct threshold_row *row,
                    struct diags *diags);
    } kinds[] = {{"suppress", ROW_SUPPRESS, read_suppress},
                 {"threshold", ROW_THRESHOLD, read_threshold},
                 {"event_filter", ROW_THRESHOLD, read_threshold},
                 {"rate_filter", ROW_RATE, read_rate}};
    struct threshold_row *row = out;
    const char *at = line->at;
    struct token word = next_token(&at, line->end);
    size_t i = 0;
    while (i < LENGTH(kinds) && !token_is(word, kinds[i].word))
        i++;
    if (i == LENGTH(kinds))
        return config_fault(line, word.text, diags,
                            "a line begins with suppress, threshold, event_filter or rate_filter");
    *row = (struct threshold_row){.kind = kinds[i].kind, .pos = line->pos};
    row->text = arena_strndup(arena, line->at, (size_t)(line->end - line->at));
    if (!row->text)
        return ERR_NOMEM;
    int error = read_named(line, &at, "gen_id", &row->gid, diags);
    if (!error)
        error = expect_comma(line, &at, diags);
    const char *sid_at = at;
    if (!error)
        error = read_named(line, &at, "sig_id", &row->sid, diags);
    if (!error && row->sid && !row->gid)
        error = config_fault(line, sid_at, diags, "a sig_id needs a gen_id that is not 0");
    if (!error)
        error = kinds[i].read(line, at, row, diags);
    if (!error && row->addresses.text) { /* the text of the file goes */
        row->addresses.text = arena_strndup(arena, row->addresses.text, row->addresses.len);
        error = row->addresses.text ? 0 : ERR_NOMEM;
    }
    return error;
}

static bool is_of(const struct threshold_row *row, const struct signature *s)
{
    return (row->gid == 0 || row->gid == s->gid) && (row->sid == 0 || row->sid == s->sid);
}

static void add_suppression(const struct threshold_row *row, struct rule_set *set)
{
    set->suppressions[set->n_suppressions++] = (struct suppression){
        .gid = row->gid, .sid = row->sid, .track = row->track, .addresses = row->set};
}

/* give: what a row says to the rules that it is for. */
static void give(const struct threshold_row *row, struct rule_set *set, struct diags *diags)
{
    bool found = false;
    for (size_t i = 0; i < set->counts.loaded; i++) {
        struct signature *s = &set->rules[i];
        if (!is_of(row, s))
            continue;
        bool has_own = s->threshold.type || s->rate_filtered;
        found = true;
        s->suppressed |= row->kind == ROW_SUPPRESS;
        if (row->kind == ROW_THRESHOLD && (row->sid || !has_own))
            s->threshold = row->threshold;
        s->rate_filtered |= row->kind == ROW_RATE && !has_own;
    }
    if (!found && row->sid)
        diag_warning(diags, ERR_NOT_FOUND, row->pos, NULL, "no rule with gen_id %u and sig_id %u",
                     row->gid, row->sid);
    if (row->kind == ROW_SUPPRESS)
        add_suppression(row, set);
}

int threshold_config_read(const char *path, struct rule_context *ctx, struct threshold_row **out,
                          size_t *n, struct text *normal, struct diags *diags)
{
    static const struct config_format format = {"", "", sizeof(struct threshold_row), read_row};
    void *memory;
    const char *file = arena_strdup(ctx->arena, path);
    int error = file ? config_lines_read(&format, file, ctx->arena, &memory, n, diags) : ERR_NOMEM;
    struct threshold_row *rows = *out = error ? NULL : memory;
    for (size_t i = 0; !error && i < *n; i++) {
        text_printf(normal, "threshold.config %s\n", rows[i].text);
        if (rows[i].addresses.text && !(rows[i].set = rule_addresses(ctx, rows[i].addresses.text)))
            error = diag_error(diags, ERR_SYNTAX, rows[i].pos, NULL, "`%s` names no addresses",
                               rows[i].addresses.text);
    }
    return error;
}

int threshold_config_give(const struct threshold_row *rows, size_t n, struct rule_set *set,
                          struct diags *diags)
{
    set->suppressions = arena_alloc(&set->arena, (n + 1) * sizeof *set->suppressions);
    if (!set->suppressions)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        give(&rows[i], set, diags);
    return 0;
}
