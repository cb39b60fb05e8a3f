/* Classes: Suricata's own, and those of a file in the form of its classification.config. */
#include "rules/classes.h"

#include "base/error.h"
#include "rules/config_lines.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

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

static int read_row(const struct config_line *line, struct arena *arena, void *row,
                    struct diags *diags)
{
    struct rule_class *out = row;
    struct part parts[3];
    uint64_t priority;
    char number[8];
    const char *at = line->at;
    for (unsigned i = 0; i < 3; i++) {
        parts[i] = next_part(&at, line->end);
        if (i < 2 && (parts[i].len == 0 || !at))
            return config_fault(line, parts[i].text + parts[i].len, diags,
                                "a class is NAME,TEXT,PRIORITY");
    }
    if (at)
        return config_fault(line, parts[2].text + parts[2].len, diags,
                            "nothing follows the priority");
    snprintf(number, sizeof number, "%.*s", (int)(parts[2].len < sizeof number ? parts[2].len : 0),
             parts[2].text);
    if (text_u64(number, 255, &priority) || priority == 0)
        return config_fault(line, parts[2].text, diags, "`%.*s` is no priority from 1 to 255",
                            (int)parts[2].len, parts[2].text);
    out->name = arena_strndup(arena, parts[0].text, parts[0].len);
    out->text = arena_strndup(arena, parts[1].text, parts[1].len);
    out->priority = (uint8_t)priority;
    return out->name && out->text ? 0 : ERR_NOMEM;
}

int classes_read(const char *path, struct arena *arena, struct rule_class **out, size_t *n,
                 struct text *normal, struct diags *diags)
{
    static const struct config_format format = {"config classification:", "NAME,TEXT,PRIORITY",
                                                sizeof(struct rule_class), read_row};
    void *rows;
    int error = config_lines_read(&format, path, arena, &rows, n, diags);
    *out = error ? NULL : rows;
    for (size_t i = 0; i < *n && !error; i++)
        text_printf(normal, "class %s,%s,%u\n", (*out)[i].name, (*out)[i].text, (*out)[i].priority);
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
