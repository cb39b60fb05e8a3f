/* What definition loading and definition matching share. Not for other modules. */
#ifndef CORRELATE_DEFINITION_PARTS_H
#define CORRELATE_DEFINITION_PARTS_H

#include "base/arena.h"
#include "base/text.h"
#include "correlate/definition.h"

enum field {
#define FIELD(suffix, name, type, key_bytes, text) FIELD_##suffix,
#include "correlate/observation_fields.def"
    FIELD_COUNT
};

enum field_type {
    FIELD_NUMBER,
    FIELD_ADDRESS,
    FIELD_SECTOR,
    FIELD_TAG,
    FIELD_KIND_WORD,
    FIELD_OPERATION_WORD,
    FIELD_OUTCOME_WORD,
    FIELD_CONTACT_WORD,
    FIELD_PROTOCOL_WORD,
    FIELD_HOST_ROLE_WORD
};

struct field_info {
    const char *name;
    uint8_t type, key_bytes;
};
extern const struct field_info field_infos[FIELD_COUNT];

/* field_find: the number of a field, or ERR_NOT_FOUND. field_words: the list of a word type, or
 * NULL. */
int field_find(const char *name);
const struct word *field_words(enum field_type type, int *n);
/* field_number: the value of a field that is no address. field_address: of one that is; NULL if
 * none. */
uint64_t field_number(enum field field, const struct observation *obs,
                      const struct host_facts *hosts);
const struct address *field_address(enum field field, const struct observation *obs);

/* One value of a test: which member counts is said by the field's type. */
struct field_value {
    uint64_t number;
    struct prefix prefix;
    const char *tag;
};

/* A field equals one of the values. */
struct field_test {
    uint8_t field;
    unsigned n;
    struct field_value *values;
};

/* All tests hold. */
struct selection {
    const char *name;
    unsigned n;
    struct field_test *tests;
};

/* A condition in postfix order; operands are selections. */
enum condition_op { CONDITION_SELECTION, CONDITION_NOT, CONDITION_AND, CONDITION_OR };
#define CONDITION_STEPS 64
struct condition {
    uint8_t n;
    struct {
        uint8_t op, selection;
    } step[CONDITION_STEPS];
};

struct detection {
    const char *name;
    unsigned n_selections;
    struct selection *selections;
    struct condition condition;
    uint8_t digest[SHA256_BYTES]; /* of its document in canonical form */
};

#define GROUP_FIELDS_MAX 4
#define THRESHOLD_MAX    64 /* a window keeps what it counts exactly up to here */

/* A rule of a correlation: a detection, or another correlation whose incidents it takes. */
struct correlation_rule {
    const char *name;
    struct diag_pos pos;
    const struct detection *detection; /* NULL: */
    unsigned correlation;
    /* Where element i of the group key comes from: a field of the observation, or an element of the
     * other correlation's key. */
    const char *group_name[GROUP_FIELDS_MAX];
    struct diag_pos group_pos[GROUP_FIELDS_MAX];
    uint8_t group[GROUP_FIELDS_MAX];
};

/* Whom a correlation's incidents feed. */
struct correlation_feed {
    uint8_t number, rule;
};

struct correlation {
    const char *name;
    struct diag_pos pos;
    enum correlation_type type;
    unsigned n_rules;
    struct correlation_rule *rules;           /* resolved by definitions_finish */
    const char *group_name[GROUP_FIELDS_MAX]; /* a field, or an alias */
    uint8_t group[GROUP_FIELDS_MAX], n_group; /* a field of that type */
    int64_t timespan_ns;
    uint32_t threshold;
    const char *value_name; /* value_count */
    struct diag_pos value_pos;
    uint8_t value_field;
    unsigned level; /* 0: of detections only */
    unsigned n_feeds;
    struct correlation_feed *feeds;
    uint8_t digest[SHA256_BYTES]; /* of its document; once finished, of all it is made of */
};

struct definitions {
    struct arena arena;
    struct detection *detections;
    struct correlation *correlations;
    struct diag_pos *detection_pos;
    unsigned n_detections, n_correlations;
    unsigned levels;
    struct tag_source tags;
    struct text canonical; /* every document in JCS form, a line each: what the digest is over */
    bool finished;
};

/* condition_parse: a Sigma condition over the names of a detection's selections. */
int condition_parse(struct detection *d, const char *text, const char **why);

#endif
