/* Asking definitions about observations: the hot side. No allocation. */
#include "correlate/definition_parts.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static bool value_holds(const struct definitions *set, enum field field,
                        const struct field_value *value, const struct observation *obs,
                        const struct host_facts *hosts)
{
    switch ((enum field_type)field_infos[field].type) {
    case FIELD_ADDRESS:
        return prefix_holds(&value->prefix, field_address(field, obs));
    case FIELD_TAG:
        return obs->kind == KIND_HIT && set->tags.has_tag &&
               set->tags.has_tag(set->tags.ctx, obs->rule_sid, value->tag);
    default:
        return field_number(field, obs, hosts) == value->number;
    }
}

static bool selection_holds(const struct definitions *set, const struct selection *s,
                            const struct observation *obs, const struct host_facts *hosts)
{
    for (unsigned i = 0; i < s->n; i++) {
        const struct field_test *test = &s->tests[i];
        bool any = false;
        for (unsigned k = 0; k < test->n && !any; k++)
            any = value_holds(set, test->field, &test->values[k], obs, hosts);
        if (!any)
            return false;
    }
    return true;
}

static bool detection_holds(const struct definitions *set, const struct detection *d,
                            const struct observation *obs, const struct host_facts *hosts)
{
    uint64_t stack = 0; /* bit 0 is the top */
    for (unsigned i = 0; i < d->condition.n; i++)
        switch ((enum condition_op)d->condition.step[i].op) {
        case CONDITION_SELECTION: {
            const struct selection *s = &d->selections[d->condition.step[i].selection];
            stack = stack << 1 | selection_holds(set, s, obs, hosts);
            break;
        }
        case CONDITION_NOT:
            stack ^= 1;
            break;
        case CONDITION_AND:
            stack = (stack >> 2) << 1 | (stack >> 1 & stack & 1);
            break;
        case CONDITION_OR:
            stack = (stack >> 2) << 1 | ((stack >> 1 | stack) & 1);
            break;
        }
    return stack & 1;
}

/* key_append: false when the observation lacks the field. */
static bool key_append(struct group_key *key, enum field field, const struct observation *obs,
                       const struct host_facts *hosts)
{
    const struct field_info *info = &field_infos[field];
    const struct address *address = field_address(field, obs);
    if (address) {
        memcpy(key->bytes + key->len, address->b, 16);
    } else {
        uint64_t number = field_number(field, obs, hosts);
        if (info->type == FIELD_SECTOR && number == 0)
            return false;
        for (unsigned i = 0; i < info->key_bytes; i++)
            key->bytes[key->len + i] = (uint8_t)(number >> 8 * (info->key_bytes - 1 - i));
    }
    key->len = (uint8_t)(key->len + info->key_bytes);
    return true;
}

int definition_match(const struct definitions *set, unsigned number, unsigned from,
                     const struct observation *obs, const struct host_facts *hosts,
                     struct group_key *key)
{
    const struct correlation *c = &set->correlations[number];
    bool counts = c->type == CORRELATION_EVENT_COUNT || c->type == CORRELATION_VALUE_COUNT;
    for (unsigned r = from; r < c->n_rules && !(counts && from); r++) {
        const struct correlation_rule *rule = &c->rules[r];
        if (!rule->detection || !detection_holds(set, rule->detection, obs, hosts))
            continue;
        bool whole = true;
        memset(key, 0, sizeof *key);
        for (unsigned i = 0; i < c->n_group && whole; i++)
            whole = key_append(key, rule->group[i], obs, hosts);
        if (whole)
            return (int)r;
    }
    return -1;
}

bool definition_feed(const struct definitions *set, unsigned number, unsigned i,
                     const struct group_key *key, struct definition_fed *out)
{
    const struct correlation *inner = &set->correlations[number];
    if (i >= inner->n_feeds)
        return false;
    *out = (struct definition_fed){.number = inner->feeds[i].number, .rule = inner->feeds[i].rule};
    const struct correlation *outer = &set->correlations[out->number];
    for (unsigned e = 0; e < outer->n_group; e++) {
        unsigned element = outer->rules[out->rule].group[e], at = 0;
        for (unsigned k = 0; k < element; k++)
            at += field_infos[inner->group[k]].key_bytes;
        unsigned bytes = field_infos[inner->group[element]].key_bytes;
        memcpy(out->key.bytes + out->key.len, key->bytes + at, bytes);
        out->key.len = (uint8_t)(out->key.len + bytes);
    }
    return true;
}

bool definition_campaign(const struct definitions *set, unsigned number,
                         const struct group_key *key, struct group_key *campaign)
{
    const struct correlation *c = &set->correlations[number];
    bool sourced = false;
    memset(campaign, 0, sizeof *campaign);
    for (unsigned i = 0, at = 0; i < c->n_group; i++) {
        unsigned bytes = field_infos[c->group[i]].key_bytes;
        /* By name: an alias stands for other fields from rule to rule. */
        bool source = strcmp(c->group_name[i], field_infos[FIELD_SOURCE_ADDRESS].name) == 0;
        if (source || strcmp(c->group_name[i], field_infos[FIELD_TARGET_SECTOR].name) == 0) {
            memcpy(campaign->bytes + campaign->len, key->bytes + at, bytes);
            campaign->len = (uint8_t)(campaign->len + bytes);
            sourced = sourced || source;
        }
        at += bytes;
    }
    return sourced && campaign->len < key->len;
}

void definition_value(const struct definitions *set, unsigned number, const struct observation *obs,
                      const struct host_facts *hosts, uint8_t out[16])
{
    const struct correlation *c = &set->correlations[number];
    struct group_key value = {0};
    if (c->type == CORRELATION_VALUE_COUNT)
        key_append(&value, c->value_field, obs, hosts);
    memcpy(out, value.bytes, 16);
}

/* One field of a key as JSON; key bytes at *at, which moves on. */
static void put_field(struct json_writer *w, enum field field, const uint8_t *bytes,
                      const char *(*sector_name)(void *ctx, uint8_t sector), void *ctx)
{
    const struct field_info *info = &field_infos[field];
    uint64_t number = 0;
    int n;
    const struct word *words = field_words(info->type, &n);
    for (unsigned i = 0; i < info->key_bytes && info->key_bytes <= 8; i++)
        number = number << 8 | bytes[i];
    if (info->type == FIELD_ADDRESS) {
        char text[ADDRESS_TEXT_ROOM];
        struct address address = address_v6(bytes);
        json_put_string(w, address_format(text, &address));
    } else if (info->type == FIELD_SECTOR) {
        const char *name = sector_name ? sector_name(ctx, (uint8_t)number) : NULL;
        json_put_string(w, name ? name : "");
    } else if (words) {
        json_put_string(w, words[number].name);
    } else {
        json_put_u64(w, number);
    }
}

void definition_key_json(const struct definitions *set, unsigned number,
                         const struct group_key *key,
                         const char *(*sector_name)(void *ctx, uint8_t sector), void *ctx,
                         struct text *out)
{
    const struct correlation *c = &set->correlations[number];
    struct json_writer w = json_writer_to(out);
    json_open_object(&w);
    /* Canonical order is by name; few fields, so each pass takes the next name. */
    const char *last = "";
    for (unsigned done = 0; done < c->n_group; done++) {
        int best = -1;
        unsigned at = 0, best_at = 0;
        for (unsigned i = 0; i < c->n_group; i++) {
            const char *name = c->group_name[i];
            if (strcmp(name, last) > 0 && (best < 0 || strcmp(name, c->group_name[best]) < 0)) {
                best = (int)i;
                best_at = at;
            }
            at += field_infos[c->group[i]].key_bytes;
        }
        last = c->group_name[best];
        json_put_key(&w, last);
        put_field(&w, (enum field)c->group[best], key->bytes + best_at, sector_name, ctx);
    }
    json_close_object(&w);
}

unsigned definitions_count(const struct definitions *set)
{
    return set->n_correlations;
}
const char *definition_name(const struct definitions *set, unsigned number)
{
    return set->correlations[number].name;
}
int definition_find(const struct definitions *set, const char *name)
{
    for (unsigned i = 0; i < set->n_correlations; i++)
        if (strcmp(set->correlations[i].name, name) == 0)
            return (int)i;
    return -1;
}
enum correlation_type definition_type(const struct definitions *set, unsigned number)
{
    return set->correlations[number].type;
}
int64_t definition_timespan(const struct definitions *set, unsigned number)
{
    return set->correlations[number].timespan_ns;
}
uint32_t definition_threshold(const struct definitions *set, unsigned number)
{
    return set->correlations[number].threshold;
}
unsigned definition_rules(const struct definitions *set, unsigned number)
{
    return set->correlations[number].n_rules;
}
unsigned definition_level(const struct definitions *set, unsigned number)
{
    return set->correlations[number].level;
}
unsigned definitions_levels(const struct definitions *set)
{
    return set->levels;
}
void definition_digest(const struct definitions *set, unsigned number, uint8_t out[SHA256_BYTES])
{
    memcpy(out, set->correlations[number].digest, SHA256_BYTES);
}
void definitions_digest(const struct definitions *set, uint8_t out[SHA256_BYTES])
{
    sha256(out, text_str(&set->canonical), set->canonical.len);
}
