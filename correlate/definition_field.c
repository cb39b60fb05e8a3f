/* Fields of observations: names, types, values. */
#include "correlate/definition_parts.h"

#include "base/error.h"

#include <string.h>

const struct field_info field_infos[FIELD_COUNT] = {
#define FIELD(suffix, name, type, key_bytes, text) {name, FIELD_##type, key_bytes},
#include "correlate/observation_fields.def"
};

static const struct word host_role_words[] = {
    [HOST_ROLE_NONE] = {"none", "not declared"},
    [HOST_ROLE_ASSET] = {"asset", "a protected asset"},
    [HOST_ROLE_OPERATOR] = {"operator", "a registered operator's station"},
};

int field_find(const char *name)
{
    for (int i = 0; i < FIELD_COUNT; i++)
        if (strcmp(field_infos[i].name, name) == 0)
            return i;
    return ERR_NOT_FOUND;
}

const struct word *field_words(enum field_type type, int *n)
{
    static const struct {
        const struct word *words;
        int n;
    } lists[] = {
        [FIELD_KIND_WORD] = {kind_words, KIND_COUNT},
        [FIELD_OPERATION_WORD] = {operation_words, OPERATION_COUNT},
        [FIELD_OUTCOME_WORD] = {outcome_words, OUTCOME_COUNT},
        [FIELD_CONTACT_WORD] = {contact_words, CONTACT_COUNT},
        [FIELD_PROTOCOL_WORD] = {protocol_words, PROTOCOL_COUNT},
        [FIELD_HOST_ROLE_WORD] = {host_role_words, 3},
    };
    if (type < FIELD_KIND_WORD)
        return NULL;
    *n = lists[type].n;
    return lists[type].words;
}

uint64_t field_number(enum field field, const struct observation *obs,
                      const struct host_facts *hosts)
{
    switch (field) {
    case FIELD_KIND:
        return obs->kind;
    case FIELD_OPERATION:
        return obs->operation;
    case FIELD_OUTCOME:
        return obs->outcome;
    case FIELD_CONTACT:
        return obs->contact;
    case FIELD_PROTOCOL:
        return obs->protocol;
    case FIELD_TRANSPORT:
        return obs->transport;
    case FIELD_SOURCE_PORT:
        return obs->source_port;
    case FIELD_TARGET_PORT:
        return obs->target_port;
    case FIELD_SOURCE_SECTOR:
        return hosts->source_sector;
    case FIELD_TARGET_SECTOR:
        return hosts->target_sector;
    case FIELD_SOURCE_ROLE:
        return hosts->source_role;
    case FIELD_TARGET_ROLE:
        return hosts->target_role;
    case FIELD_RULE_SID:
        return obs->rule_sid;
    case FIELD_TENANT:
        return obs->tenant;
    case FIELD_UNIT:
        return obs->unit;
    case FIELD_FUNCTION:
        return obs->function;
    case FIELD_EXCEPTION:
        return obs->exception;
    case FIELD_OBJECT:
        return obs->object_first;
    case FIELD_CODE:
        return obs->kind == KIND_SESSION ? (uint64_t)obs->integer : 0;
    default:
        return 0;
    }
}

const struct address *field_address(enum field field, const struct observation *obs)
{
    if (field == FIELD_SOURCE_ADDRESS)
        return &obs->source;
    return field == FIELD_TARGET_ADDRESS ? &obs->target : NULL;
}
