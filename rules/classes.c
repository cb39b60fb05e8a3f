/* Classes: Suricata's own, and those of a file in the form of its classification.config. */
#include "rules/classes.h"

#include "base/error.h"
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1u << 20)
#define PREFIX         "config classification:"

/* With the priority that Suricata's classification.config gives them; others have 3. */
static const struct rule_class own[] = {
    {"attempted-admin", NULL, 1},
    {"attempted-user", NULL, 1},
    {"bad-unknown", NULL, 2},
    {"attempted-dos", NULL, 2},
    {"attempted-recon", NULL, 2},
    {"command-and-control", NULL, 1},
    {"coin-mining", NULL, 2},
    {"credential-theft", NULL, 1},
    {"default-login-attempt", NULL, 2},
    {"denial-of-service", NULL, 2},
    {"domain-c2", NULL, 1},
    {"exploit-kit", NULL, 1},
    {"external-ip-check", NULL, 2},
    {"inappropriate-content", NULL, 1},
    {"misc-attack", NULL, 2},
    {"non-standard-protocol", NULL, 2},
    {"policy-violation", NULL, 1},
    {"pup-activity", NULL, 2},
    {"rpc-portmap-decode", NULL, 2},
    {"shellcode-detect", NULL, 1},
    {"social-engineering", NULL, 2},
    {"successful-admin", NULL, 1},
    {"successful-dos", NULL, 2},
    {"successful-recon-limited", NULL, 2},
    {"successful-recon-largescale", NULL, 2},
    {"successful-user", NULL, 1},
    {"suspicious-filename-detect", NULL, 2},
    {"suspicious-login", NULL, 2},
    {"system-call-detect", NULL, 2},
    {"targeted-activity", NULL, 1},
    {"tcp-connection", NULL, 4},
    {"trojan-activity", NULL, 1},
    {"unsuccessful-user", NULL, 1},
    {"unusual-client-port-connection", NULL, 2},
    {"web-application-activity", NULL, 2},
    {"web-application-attack", NULL, 1},
};

/* cut: the part up to a comma, without blanks at its ends; *at goes behind the comma. */
static char *cut(struct arena *arena, const char **at, const char *end)
{
    const char *comma = memchr(*at, ',', (size_t)(end - *at)), *last = comma ? comma : end, *first = *at;
    *at = comma ? comma + 1 : end;
    while (first < last && isspace((unsigned char)*first))
        first++;
    while (last > first && isspace((unsigned char)last[-1]))
        last--;
    return arena_strndup(arena, first, (size_t)(last - first));
}

static int read_line(const char *line, const char *end, struct diag_pos pos, struct arena *arena,
                     struct rule_class *out, struct diags *diags)
{
    uint64_t priority;
    const char *at = line + strlen(PREFIX);
    if ((size_t)(end - line) < strlen(PREFIX) || memcmp(line, PREFIX, strlen(PREFIX)) != 0)
        return diag_error(diags, ERR_SYNTAX, pos, NULL, "no line of the form %s NAME,TEXT,PRIORITY", PREFIX);
    out->name = cut(arena, &at, end);
    out->text = cut(arena, &at, end);
    const char *number = cut(arena, &at, end);
    if (!out->name || !out->text || !number)
        return ERR_NOMEM;
    if (!*out->name || at != end || text_u64(number, 255, &priority) || priority == 0)
        return diag_error(diags, ERR_SYNTAX, pos, NULL, "a class is NAME,TEXT,PRIORITY; priority 1 to 255");
    out->priority = (uint8_t)priority;
    return 0;
}

int classes_read(const char *path, struct arena *arena, struct rule_class **out, size_t *n,
                 struct text *normal, struct diags *diags)
{
    struct text data = {0};
    int error = file_read(path, FILE_BYTES_MAX, &data);
    if (error) {
        text_free(&data);
        return diag_error(diags, error, diag_file(path), NULL, "cannot read: %s", strerror(errno));
    }
    struct diag_pos pos = {.file = path, .line = 0, .col = 1};
    size_t lines = 1;
    for (size_t i = 0; i < data.len; i++)
        lines += data.data[i] == '\n';
    *n = 0;
    *out = arena_alloc(arena, lines * sizeof **out);
    error = *out ? 0 : ERR_NOMEM;
    for (const char *at = text_str(&data), *all = at + data.len; at < all && !error;) {
        const char *end = memchr(at, '\n', (size_t)(all - at)), *line = at;
        end = end ? end : all;
        pos.line++;
        at = end + 1;
        while (line < end && isspace((unsigned char)*line))
            line++;
        if (line == end || *line == '#')
            continue;
        error = read_line(line, end, pos, arena, &(*out)[*n], diags);
        if (!error)
            text_printf(normal, "class %s,%u\n", (*out)[*n].name, (*out)[*n].priority);
        *n += !error;
    }
    text_free(&data);
    return error;
}

const struct rule_class *class_find(const struct rule_class *read, size_t n, const char *name)
{
    while (name && n-- > 0)
        if (strcmp(read[n].name, name) == 0)
            return &read[n];
    for (size_t i = 0; name && i < sizeof own / sizeof own[0]; i++)
        if (strcmp(own[i].name, name) == 0)
            return &own[i];
    return NULL;
}
