/* Rules as their files have them. A comment is a rule that is commented out if it has an action, a
 * bracket and a sid. */
#include "rules/catalogue.h"

#include "base/error.h"
#include "base/file.h"
#include "rules/rule_text.h"
#include "rules/set_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (256u << 20)

const char *const rule_state_names[RULE_STATE_COUNT] = {
#define X(s, name, text) [RULE_##s] = name,
    RULE_STATES(X)
#undef X
};

const char *const rule_scope_names[RULE_SCOPE_COUNT] = {
#define X(s, name, text) [SCOPE_##s] = name,
    RULE_SCOPES(X)
#undef X
};

enum rule_scope rule_scope(const struct rule_set *set, uint32_t index)
{
    switch (set->rules[index].views) {
    case VIEW_PACKET:
        return SCOPE_PACKETS;
    case VIEW_PACKET | VIEW_STREAM:
        return SCOPE_BOTH;
    case VIEW_STREAM:
        return SCOPE_STREAMS;
    default:
        return SCOPE_MESSAGES;
    }
}

static struct catalogue_row *room_for_one(struct catalogue *c)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 256;
        struct catalogue_row *grown = realloc(c->rows, cap * sizeof *grown);
        if (!grown)
            return NULL;
        c->rows = grown;
        c->cap = cap;
    }
    struct catalogue_row *row = &c->rows[c->n];
    memset(row, 0, sizeof *row);
    return row;
}

/* kept: a copy with an end; without its quotes, and without the backslashes in them. */
static const char *kept(struct catalogue *c, const char *text, size_t len)
{
    bool quoted = len > 1 && *text == '"' && text[len - 1] == '"';
    char *copy = arena_alloc(&c->texts, len + 1);
    size_t n = 0;
    for (size_t i = quoted; copy && i < len - quoted; i++) {
        i += quoted && text[i] == '\\' && i + 1 < len - quoted;
        copy[n++] = text[i];
    }
    return copy ? copy : "";
}

/* word: the next one of a rule's header. */
static size_t word(const char *text, size_t len, size_t *at)
{
    while (*at < len && isblank((unsigned char)text[*at]))
        ++*at;
    size_t from = *at;
    while (*at < len && !isspace((unsigned char)text[*at]) && text[*at] != '(')
        ++*at;
    return from;
}

static bool is_action(const char *text, size_t len)
{
    static const char *const names[] = {"alert",     "drop",      "pass",       "reject",
                                        "rejectsrc", "rejectdst", "rejectboth", "config"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == len && memcmp(text, names[i], len) == 0)
            return true;
    return false;
}

static uint32_t number(const struct rule_option *o)
{
    uint64_t n = 0;
    for (size_t i = 0; i < o->value_len && isdigit((unsigned char)o->value[i]); i++)
        n = n * 10 + (uint64_t)(o->value[i] - '0');
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

static void read_options(struct catalogue *c, struct catalogue_row *row, const char *text,
                         size_t len)
{
    struct rule_walk walk = rule_walk_begin(text, len, row->pos.line);
    struct rule_option o;
    row->gid = 1;
    while (rule_walk_next(&walk, &o)) {
        if (rule_option_is(&o, "sid"))
            row->sid = number(&o);
        else if (rule_option_is(&o, "gid"))
            row->gid = number(&o);
        else if (rule_option_is(&o, "rev"))
            row->rev = number(&o);
        else if (rule_option_is(&o, "msg"))
            row->msg = kept(c, o.value, o.value_len);
    }
}

/* state_of: of a rule that is not commented out. */
static enum rule_state state_of(const struct rule_set *set, struct catalogue_row *row)
{
    uint32_t index;
    if (!rule_find(set, row->gid, row->sid, &index))
        return RULE_REJECTED;
    const struct diag_pos *pos = &set->rules[index].pos;
    if (pos->line != row->pos.line || strcmp(pos->file, row->pos.file) != 0)
        return RULE_REJECTED; /* its sid is there already */
    row->index = index;
    return RULE_LOADED;
}

/* read_rule: of raw text up to the end of the rule's last line. */
static int read_rule(struct catalogue *c, const struct rule_set *set, const char *file,
                     uint32_t line, const char *text, size_t len)
{
    bool commented = false;
    size_t at = 0;
    while (at < len && (isspace((unsigned char)text[at]) || text[at] == '#'))
        commented |= text[at++] == '#';
    size_t action = word(text, len, &at), action_end = at, protocol = word(text, len, &at);
    if (!is_action(text + action, action_end - action) || !memchr(text + action, '(', len - action))
        return 0;
    struct catalogue_row *row = room_for_one(c);
    if (!row)
        return ERR_NOMEM;
    row->pos = (struct diag_pos){.file = file, .line = line, .col = 1};
    row->action = kept(c, text + action, action_end - action);
    row->protocol = kept(c, text + protocol, at - protocol);
    row->msg = "";
    read_options(c, row, text, len);
    if (commented && !row->sid)
        return 0;
    row->state = commented ? RULE_COMMENTED : state_of(set, row);
    c->n++;
    return 0;
}

/* rule_end: behind the last line of what begins here; a comment ends with its line. */
static size_t rule_end(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len && isblank((unsigned char)text[at]))
        at++;
    bool comment = at < len && text[at] == '#';
    for (at = 0;;) {
        const char *end = memchr(text + at, '\n', len - at), *last = end;
        if (!end)
            return len;
        while (last > text + at && isspace((unsigned char)last[-1]))
            last--;
        if (comment || last == text + at || last[-1] != '\\')
            return (size_t)(end - text);
        at = (size_t)(end - text) + 1;
    }
}

static int read_file(struct catalogue *c, const struct rule_set *set, const char *file)
{
    struct text data = {0};
    int error = file_read(file, FILE_BYTES_MAX, &data);
    uint32_t line = 1;
    for (size_t at = 0; at < data.len && !error;) {
        size_t len = rule_end(data.data + at, data.len - at);
        error = read_rule(c, set, file, line, data.data + at, len);
        for (size_t i = 0; i < len; i++)
            line += data.data[at + i] == '\n';
        at += len + 1;
        line++;
    }
    text_free(&data);
    return error;
}

int catalogue_read(struct catalogue *out, const struct rule_set *set, const char *const *files,
                   size_t n_files)
{
    int error = 0;
    *out = (struct catalogue){0};
    for (size_t i = 0; i < n_files && !error; i++)
        error = read_file(out, set, files[i]);
    return error;
}

void catalogue_free(struct catalogue *c)
{
    arena_free(&c->texts);
    free(c->rows);
}
