/* Files are in the form of Suricata's reference.config. */
#include "rules/references.h"

#include "base/error.h"
#include "rules/config_lines.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *over(const char *at, const char *end, bool space)
{
    while (at < end && !isspace((unsigned char)*at) == !space)
        at++;
    return at;
}

/* read_row: NAME begins with a letter and goes on with letters, digits, - and _; a URL is one word.
 */
static int read_row(const struct config_line *line, struct arena *arena, void *row,
                    struct diags *diags)
{
    struct reference_system *out = row;
    const char *name = over(line->at, line->end, true), *name_end = over(name, line->end, false),
               *url = over(name_end, line->end, true), *url_end = over(url, line->end, false),
               *rest = over(url_end, line->end, true);
    if (name == name_end)
        return config_fault(line, name, diags, "a reference is NAME URL");
    for (const char *p = name; p < name_end; p++)
        if (p == name ? !isalpha((unsigned char)*p)
                      : !isalnum((unsigned char)*p) && *p != '-' && *p != '_')
            return config_fault(line, p, diags, "a name is a letter, then letters, digits, - or _");
    if (url == url_end)
        return config_fault(line, name_end, diags, "a reference is NAME URL");
    if (rest < line->end)
        return config_fault(line, rest, diags, "nothing follows the URL");
    out->name = arena_strndup(arena, name, (size_t)(name_end - name));
    out->url = arena_strndup(arena, url, (size_t)(url_end - url));
    return out->name && out->url ? 0 : ERR_NOMEM;
}

int references_read(const char *path, struct arena *arena, struct reference_system **out, size_t *n,
                    struct diags *diags)
{
    static const struct config_format format = {"config reference:", "NAME URL",
                                                sizeof(struct reference_system), read_row};
    void *rows;
    int error = config_lines_read(&format, path, arena, &rows, n, diags);
    *out = error ? NULL : rows;
    return error;
}

void reference_url(struct text *out, const struct reference_system *read, size_t n,
                   const struct reference *reference)
{
    while (n > 0 && strcasecmp(read[n - 1].name, reference->system) != 0)
        n--;
    if (n == 0)
        text_printf(out, "%s,%s", reference->system, reference->place);
    else
        text_printf(out, "%s%s", strstr(reference->place, "://") ? "" : read[n - 1].url,
                    reference->place);
}
