/* Loading correlations, and resolving what they name once the whole set is there: rules, aliases,
 * levels, and who is fed by whom. */
#include "correlate/definition_loader.h"

#include "base/error.h"
#include "base/time_point.h"

#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
    [CORRELATION_EVENT_COUNT] = "event_count",
    [CORRELATION_VALUE_COUNT] = "value_count",
    [CORRELATION_TEMPORAL] = "temporal",
    [CORRELATION_TEMPORAL_ORDERED] = "temporal_ordered",
};
#define TYPES ((int)(sizeof type_names / sizeof type_names[0]))

static bool is_temporal(const struct correlation *c)
{
    return c->type == CORRELATION_TEMPORAL || c->type == CORRELATION_TEMPORAL_ORDERED;
}

static void load_rules(struct loader *l, const struct yaml_node *map, struct correlation *out)
{
    const struct yaml_node *rules = loader_node(l, map, "rules", YAML_SEQUENCE);
    if (!rules)
        return;
    if (rules->children == 0 || (is_temporal(out) && rules->children < 2))
        FAULT(l, ERR_SCHEMA, yaml_pos(l->docs, rules), NULL, "%s needs at least %d",
              type_names[out->type], is_temporal(out) ? 2 : 1);
    if (is_temporal(out) && rules->children > DEFINITION_RULES_MAX)
        FAULT(l, ERR_RANGE, yaml_pos(l->docs, rules), NULL, "more than %d rules in a row",
              DEFINITION_RULES_MAX);
    out->rules = arena_alloc(&l->set->arena, (rules->children + 1) * sizeof *out->rules);
    if (!out->rules) {
        l->error = ERR_NOMEM;
        return;
    }
    for (const struct yaml_node *r = rules->first; r; r = r->next) {
        struct correlation_rule *rule = &out->rules[out->n_rules];
        *rule = (struct correlation_rule){
            .name = loader_keep(l, r->type == YAML_SCALAR ? r->scalar : ""),
            .pos = loader_pos(l, r),
        };
        for (unsigned i = 0; i < out->n_rules; i++)
            if (strcmp(out->rules[i].name, rule->name) == 0)
                FAULT(l, ERR_SCHEMA, rule->pos, NULL, "`%s` is there twice", rule->name);
        out->n_rules++;
    }
}

/* name_element: which field or element each rule gives to element i of the key: the name itself, or
 * what the alias of that name says. */
static void name_element(struct loader *l, const struct yaml_node *aliases, struct correlation *out,
                         unsigned i, const struct yaml_node *name)
{
    const struct yaml_node *alias = aliases ? yaml_get(aliases, name->scalar) : NULL;
    for (unsigned r = 0; r < out->n_rules; r++) {
        struct correlation_rule *rule = &out->rules[r];
        const struct yaml_node *from = name;
        if (alias) {
            from = alias->type == YAML_MAPPING ? yaml_get(alias, rule->name) : NULL;
            if (!from || from->type != YAML_SCALAR) {
                FAULT(l, ERR_SCHEMA, yaml_pos(l->docs, alias), "give each rule its field",
                      "the alias `%s` names no field of `%s`", name->scalar, rule->name);
                from = name;
            }
        }
        rule->group_name[i] = loader_keep(l, from->scalar);
        rule->group_pos[i] = loader_pos(l, from);
    }
}

static void load_group(struct loader *l, const struct yaml_node *map, struct correlation *out)
{
    const struct yaml_node *group = loader_node(l, map, "group-by", YAML_SEQUENCE);
    const struct yaml_node *aliases =
        yaml_get(map, "aliases") ? loader_node(l, map, "aliases", YAML_MAPPING) : NULL;
    for (const struct yaml_node *g = group ? group->first : NULL; g; g = g->next) {
        if (g->type != YAML_SCALAR || out->n_group == GROUP_FIELDS_MAX) {
            FAULT(l, ERR_RANGE, yaml_pos(l->docs, g), NULL, "at most %d fields to group by",
                  GROUP_FIELDS_MAX);
            return;
        }
        for (unsigned i = 0; i < out->n_group; i++)
            if (strcmp(out->group_name[i], g->scalar) == 0)
                FAULT(l, ERR_SCHEMA, yaml_pos(l->docs, g), NULL, "`%s` is there twice", g->scalar);
        name_element(l, aliases, out, out->n_group, g);
        out->group_name[out->n_group++] = loader_keep(l, g->scalar);
    }
    for (const struct yaml_node *a = aliases ? aliases->first : NULL; a; a = a->next) {
        bool used = false;
        for (unsigned i = 0; i < out->n_group; i++)
            used |= strcmp(out->group_name[i], a->key) == 0;
        if (!used)
            FAULT(l, ERR_SCHEMA, yaml_key_pos(l->docs, a), NULL,
                  "nothing is grouped by the alias `%s`", a->key);
        for (const struct yaml_node *r = a->type == YAML_MAPPING ? a->first : NULL; r;
             r = r->next) {
            bool known = false;
            for (unsigned i = 0; i < out->n_rules; i++)
                known |= strcmp(out->rules[i].name, r->key) == 0;
            if (!known)
                FAULT(l, ERR_SCHEMA, yaml_key_pos(l->docs, r), NULL,
                      "`%s` is no rule of this correlation", r->key);
        }
    }
}

static void load_threshold(struct loader *l, const struct yaml_node *map, struct correlation *out)
{
    static const char *const keys[] = {"gte", "field", NULL};
    const struct yaml_node *condition;
    uint64_t threshold = 0;
    if (is_temporal(out)) {
        condition = yaml_get(map, "condition");
        if (condition)
            FAULT(l, ERR_SCHEMA, yaml_key_pos(l->docs, condition), NULL,
                  "%s has no condition: each of its rules is to be met", type_names[out->type]);
        out->threshold = 1;
        return;
    }
    condition = loader_node(l, map, "condition", YAML_MAPPING);
    if (!condition)
        return;
    loader_known_keys(l, condition, "a correlation's condition in this build", keys);
    const char *gte = loader_scalar(l, condition, "gte");
    if (*gte && (text_u64(gte, THRESHOLD_MAX, &threshold) || threshold == 0))
        FAULT(l, ERR_RANGE, yaml_pos(l->docs, yaml_get(condition, "gte")), NULL,
              "gte: a whole number from 1 to %d in this build", THRESHOLD_MAX);
    out->threshold = (uint32_t)threshold;
    const struct yaml_node *value = yaml_get(condition, "field");
    if (out->type == CORRELATION_EVENT_COUNT && value)
        FAULT(l, ERR_SCHEMA, yaml_key_pos(l->docs, value), NULL, "event_count counts no field");
    if (out->type != CORRELATION_VALUE_COUNT)
        return;
    const char *name = loader_scalar(l, condition, "field");
    int field = field_find(name);
    if (*name && (field < 0 || !field_infos[field].key_bytes)) {
        FAULT(l, ERR_UNSUPPORTED, yaml_pos(l->docs, value), NULL,
              "`%s` is no field to count in this build", name);
    } else if (*name) {
        out->value_field = (uint8_t)field;
        out->value_name = loader_keep(l, name);
        out->value_pos = loader_pos(l, value);
    }
}

void correlation_load(struct loader *l, const struct yaml_node *doc, struct correlation *out)
{
    static const char *const keys[] = {"type",     "rules",     "aliases", "group-by",
                                       "timespan", "condition", NULL};
    const struct yaml_node *map = loader_node(l, doc, "correlation", YAML_MAPPING);
    out->pos = loader_pos(l, doc);
    if (!map)
        return;
    const char *name = loader_scalar(l, map, "type");
    int type = 0;
    while (type < TYPES && strcmp(name, type_names[type]) != 0)
        type++;
    if (type == TYPES) {
        if (*name)
            FAULT(l, ERR_UNSUPPORTED, yaml_pos(l->docs, yaml_get(map, "type")),
                  "event_count, value_count, temporal or temporal_ordered",
                  "the correlation type `%s` is not in this build", name);
        return;
    }
    out->type = (enum correlation_type)type;
    loader_known_keys(l, map, "a correlation in this build", keys);
    load_rules(l, map, out);
    load_group(l, map, out);
    const char *timespan = loader_scalar(l, map, "timespan");
    if (*timespan && (duration_parse(timespan, &out->timespan_ns) || out->timespan_ns <= 0))
        FAULT(l, ERR_SYNTAX, yaml_pos(l->docs, yaml_get(map, "timespan")), NULL,
              "`%s` is no duration such as 10m", timespan);
    load_threshold(l, map, out);
}

/* Resolving. */

static int find_rule(struct definitions *set, struct correlation_rule *rule, struct diags *diags)
{
    for (unsigned d = 0; d < set->n_detections; d++)
        if (strcmp(set->detections[d].name, rule->name) == 0)
            rule->detection = &set->detections[d];
    int other = rule->detection ? 0 : definition_find(set, rule->name);
    if (other < 0)
        return diag_error(diags, ERR_NOT_FOUND, rule->pos, NULL,
                          "`%s` is no detection or correlation of this set", rule->name);
    rule->correlation = (unsigned)other;
    return 0;
}

#define LEVEL_UNKNOWN UINT32_MAX
#define LEVEL_ASKED   (UINT32_MAX - 1)

static int find_level(struct definitions *set, struct correlation *c, struct diags *diags)
{
    unsigned level = 0;
    if (c->level < LEVEL_ASKED)
        return 0;
    c->level = LEVEL_ASKED;
    for (unsigned r = 0; r < c->n_rules; r++) {
        struct correlation_rule *rule = &c->rules[r];
        if (rule->detection)
            continue;
        struct correlation *inner = &set->correlations[rule->correlation];
        int error = 0;
        if (inner->level == LEVEL_ASKED)
            error = diag_error(diags, ERR_SCHEMA, rule->pos, NULL,
                               "`%s` is made of itself, through `%s`", inner->name, c->name);
        else
            error = find_level(set, inner, diags);
        if (!error && inner->level + 1 >= DEFINITION_LEVELS_MAX)
            error = diag_error(diags, ERR_RANGE, rule->pos, NULL,
                               "more than %d levels of correlations over correlations",
                               DEFINITION_LEVELS_MAX);
        if (error)
            return error;
        level = inner->level + 1 > level ? inner->level + 1 : level;
    }
    c->level = level;
    set->levels = level + 1 > set->levels ? level + 1 : set->levels;
    return 0;
}

/* element_of: which element of the inner correlation's key has this name; -1. */
static int element_of(const struct correlation *inner, const char *name)
{
    for (unsigned i = 0; i < inner->n_group; i++)
        if (strcmp(inner->group_name[i], name) == 0)
            return (int)i;
    return -1;
}

/* find_element: where element i of the key comes from for one rule; *type is the field that says
 * its type. */
static int find_element(const struct definitions *set, struct correlation_rule *rule, unsigned i,
                        uint8_t *type, struct diags *diags)
{
    const char *name = rule->group_name[i];
    if (rule->detection) {
        int field = field_find(name);
        if (field < 0 || !field_infos[field].key_bytes)
            return diag_error(diags, ERR_UNSUPPORTED, rule->group_pos[i], NULL,
                              "`%s` is no field to group by in this build", name);
        rule->group[i] = *type = (uint8_t)field;
        return 0;
    }
    const struct correlation *inner = &set->correlations[rule->correlation];
    int element = element_of(inner, name);
    if (element < 0)
        return diag_error(diags, ERR_SCHEMA, rule->group_pos[i], "group that one by it too",
                          "`%s` is not what `%s` groups by", name, inner->name);
    rule->group[i] = (uint8_t)element;
    *type = inner->group[element];
    return 0;
}

static int find_group(const struct definitions *set, struct correlation *c, struct diags *diags)
{
    unsigned bytes = 0;
    for (unsigned i = 0; i < c->n_group; i++) {
        for (unsigned r = 0; r < c->n_rules; r++) {
            uint8_t type = 0;
            int error = find_element(set, &c->rules[r], i, &type, diags);
            if (error)
                return error;
            if (r == 0)
                c->group[i] = type;
            else if (field_infos[type].type != field_infos[c->group[i]].type ||
                     field_infos[type].key_bytes != field_infos[c->group[i]].key_bytes)
                return diag_error(diags, ERR_SCHEMA, c->rules[r].group_pos[i], NULL,
                                  "`%s` and `%s` are of different types", c->rules[r].group_name[i],
                                  c->rules[0].group_name[i]);
        }
        bytes += field_infos[c->group[i]].key_bytes;
    }
    if (bytes > GROUP_KEY_MAX)
        return diag_error(diags, ERR_RANGE, c->pos, NULL, "more fields to group by than fit a key");
    for (unsigned r = 0; c->type == CORRELATION_VALUE_COUNT && r < c->n_rules; r++)
        if (!c->rules[r].detection &&
            element_of(&set->correlations[c->rules[r].correlation], c->value_name) < 0)
            return diag_error(diags, ERR_SCHEMA, c->value_pos, "group that one by it too",
                              "`%s` is not what `%s` groups by", c->value_name, c->rules[r].name);
    return 0;
}

static int add_feeds(struct definitions *set, unsigned number, struct diags *diags)
{
    const struct correlation *outer = &set->correlations[number];
    for (unsigned r = 0; r < outer->n_rules; r++) {
        if (outer->rules[r].detection)
            continue;
        struct correlation *inner = &set->correlations[outer->rules[r].correlation];
        if (!inner->feeds)
            inner->feeds = arena_alloc(&set->arena, DEFINITION_FEEDS_MAX * sizeof *inner->feeds);
        if (!inner->feeds)
            return ERR_NOMEM;
        if (inner->n_feeds == DEFINITION_FEEDS_MAX)
            return diag_error(diags, ERR_RANGE, outer->rules[r].pos, NULL,
                              "more than %d correlations over `%s`", DEFINITION_FEEDS_MAX,
                              inner->name);
        inner->feeds[inner->n_feeds++] = (struct correlation_feed){(uint8_t)number, (uint8_t)r};
    }
    return 0;
}

/* add_digest: what a correlation means is its own text and all that it is made of. */
static void add_digest(const struct definitions *set, struct correlation *c)
{
    for (unsigned r = 0; r < c->n_rules; r++) {
        const struct correlation_rule *rule = &c->rules[r];
        const uint8_t *part =
            rule->detection ? rule->detection->digest : set->correlations[rule->correlation].digest;
        sha256_pieces(c->digest, (struct piece[]){{c->digest, SHA256_BYTES}, {part, SHA256_BYTES}},
                      2);
    }
}

int definitions_finish(struct definitions *set, const struct tag_source *tags, struct diags *diags)
{
    int error = 0;
    if (tags)
        set->tags = *tags;
    set->levels = 1;
    for (unsigned i = 0; i < set->n_correlations; i++) {
        struct correlation *c = &set->correlations[i];
        c->level = LEVEL_UNKNOWN;
        for (unsigned r = 0; r < c->n_rules; r++) {
            int failed = find_rule(set, &c->rules[r], diags);
            error = failed ? failed : error;
        }
    }
    for (unsigned i = 0; i < set->n_correlations && !error; i++)
        error = find_level(set, &set->correlations[i], diags);
    /* Inner ones first: an outer one is made of what they have. */
    for (unsigned level = 0; level < set->levels && !error; level++)
        for (unsigned i = 0; i < set->n_correlations && !error; i++) {
            if (set->correlations[i].level != level)
                continue;
            error = find_group(set, &set->correlations[i], diags);
            if (!error)
                add_digest(set, &set->correlations[i]);
            if (!error)
                error = add_feeds(set, i, diags);
        }
    set->finished = !error;
    return error;
}
