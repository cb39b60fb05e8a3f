/* Classes: Suricata's own, and those of a file in the form of its classification.config. */
#include "rules/classes.h"

#include "base/error.h"
#include "base/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
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

/* A part of a line between commas, without blanks at its ends. */
struct part {
    const char *text;
    size_t len;
};

/* next_part: *at goes behind the comma, or is NULL when there was none. */
static struct part next_part(const char **at, const char *end)
{
    const char *first = *at, *comma = memchr(first, ',', (size_t)(end - first));
    const char *last = comma ? comma : end;
    *at = comma ? comma + 1 : NULL;
    while (first < last && isspace((unsigned char)*first))
        first++;
    while (last > first && isspace((unsigned char)last[-1]))
        last--;
    return (struct part){first, (size_t)(last - first)};
}

/* read_line: `line` is where it begins, `from` its first letter. */
static int read_line(const char *line, const char *from, const char *end, struct diag_pos pos,
                     struct arena *arena, struct rule_class *out, struct diags *diags)
{
    struct part parts[3];
    uint64_t priority;
    char number[8];
    const char *at = from + strlen(PREFIX);
    if ((size_t)(end - from) < strlen(PREFIX) || memcmp(from, PREFIX, strlen(PREFIX)) != 0) {
        pos.col = (uint32_t)(from - line) + 1;
        return diag_error(diags, ERR_SYNTAX, pos, NULL, "no line of the form %s NAME,TEXT,PRIORITY",
                          PREFIX);
    }
    for (unsigned i = 0; i < 3; i++) {
        parts[i] = next_part(&at, end);
        pos.col = (uint32_t)(parts[i].text - line) + 1;
        if (i < 2 && (parts[i].len == 0 || !at)) {
            pos.col += (uint32_t)parts[i].len;
            return diag_error(diags, ERR_SYNTAX, pos, NULL, "a class is NAME,TEXT,PRIORITY");
        }
    }
    if (at) {
        pos.col += (uint32_t)parts[2].len;
        return diag_error(diags, ERR_SYNTAX, pos, NULL, "nothing follows the priority");
    }
    snprintf(number, sizeof number, "%.*s", (int)(parts[2].len < sizeof number ? parts[2].len : 0),
             parts[2].text);
    if (text_u64(number, 255, &priority) || priority == 0)
        return diag_error(diags, ERR_SYNTAX, pos, NULL, "`%.*s` is no priority from 1 to 255",
                          (int)parts[2].len, parts[2].text);
    out->name = arena_strndup(arena, parts[0].text, parts[0].len);
    out->text = arena_strndup(arena, parts[1].text, parts[1].len);
    out->priority = (uint8_t)priority;
    return out->name && out->text ? 0 : ERR_NOMEM;
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
        const char *end = memchr(at, '\n', (size_t)(all - at)), *line = at, *from = at;
        end = end ? end : all;
        pos.line++;
        at = end + 1;
        while (from < end && isspace((unsigned char)*from))
            from++;
        if (from == end || *from == '#')
            continue;
        error = read_line(line, from, end, pos, arena, &(*out)[*n], diags);
        if (!error)
            text_printf(normal, "class %s,%s,%u\n", (*out)[*n].name, (*out)[*n].text,
                        (*out)[*n].priority);
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
