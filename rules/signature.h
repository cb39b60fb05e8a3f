/* A rule as the compiler sees it: parsed, checked, with variables resolved. Inside rules/. */
#ifndef RULES_SIGNATURE_H
#define RULES_SIGNATURE_H

#include "base/address.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/digest.h"
#include "rules/rule_set.h"

#define CONTENTS_MAX  32
#define FLOWBITS_MAX  8 /* operations of one rule */
#define TAGS_MAX      8
#define CONTENT_BYTES 255

/* Any of the positive ones (or no positive one is named), and none of the negative ones. */
struct address_set {
    const char *text;
    unsigned n_in, n_out;
    struct prefix *in, *out;
    bool any;
};

struct port_set {
    const char *text;
    uint64_t bits[1024]; /* a bit a port */
    bool any;
};

static inline bool port_set_holds(const struct port_set *set, uint16_t port)
{
    return set->any || set->bits[port / 64] >> port % 64 & 1;
}

enum action { ACTION_PASS, ACTION_DROP, ACTION_REJECT, ACTION_ALERT };
enum rule_transport { TRANSPORT_IP, TRANSPORT_TCP, TRANSPORT_UDP };
enum rule_view { VIEW_ANY, VIEW_PACKET, VIEW_STREAM }; /* which input contents are looked for in */

#define CONTENT_NOCASE     1u
#define CONTENT_NEGATED    2u
#define CONTENT_OFFSET     4u
#define CONTENT_DEPTH      8u
#define CONTENT_DISTANCE   16u
#define CONTENT_WITHIN     32u
#define CONTENT_STARTSWITH 64u
#define CONTENT_ENDSWITH   128u
#define CONTENT_FAST       256u
#define CONTENT_RELATIVE   (CONTENT_DISTANCE | CONTENT_WITHIN)

struct content {
    const uint8_t *bytes; /* lower case when nocase */
    uint16_t flags;
    uint8_t len;
    uint8_t fast_at, fast_len; /* part that fast_pattern:AT,LEN picks; 0,0: whole */
    int32_t offset, depth, distance, within;
};

enum flowbit_op { FLOWBIT_SET, FLOWBIT_UNSET, FLOWBIT_TOGGLE, FLOWBIT_ISSET, FLOWBIT_ISNOTSET };
struct flowbit {
    uint8_t op;
    uint16_t bit;
};

#define FLOW_TO_SERVER       1u
#define FLOW_TO_CLIENT       2u
#define FLOW_ESTABLISHED     4u
#define FLOW_NOT_ESTABLISHED 8u
#define FLOW_STATELESS       16u

struct signature {
    uint32_t sid, gid, rev;
    uint8_t action, transport, view, priority, flow;
    bool bidirectional, noalert, has_dsize, dsize_negated, has_priority;
    uint32_t dsize_low, dsize_high; /* both included */
    const char *msg, *classtype;
    const char *tags[TAGS_MAX];
    unsigned n_tags;
    const struct address_set *source, *target;
    const struct port_set *source_port, *target_port;
    struct content contents[CONTENTS_MAX];
    unsigned n_contents;
    struct flowbit flowbits[FLOWBITS_MAX];
    unsigned n_flowbits;
    struct diag_pos pos;
    uint8_t digest[SHA256_BYTES]; /* of its normalised text */
};

/* What parsing needs beside the rule: variables, and what rules share. */
struct rule_context {
    struct arena *arena;
    const struct rule_variable *variables;
    size_t n_variables;
    struct address_set **address_sets; /* one for each distinct text */
    size_t n_address_sets;
    struct port_set **port_sets;
    size_t n_port_sets;
    const char **flowbit_names;
    unsigned n_flowbits;
};

/* A place in a rule, for diagnostics: offset in its text. */
struct rule_reader {
    struct rule_context *ctx;
    struct signature *sig;
    const char *text; /* the rule, with continuations blanked */
    size_t at, len;
    const char *file;
    uint32_t line;   /* of text[0] */
    const char *raw; /* as in the file, for counting lines */
    struct diags *diags;
    const char *reason; /* short, for counting rejections by reason */
};

/* rule_fault: report a fault at an offset of the text; returns error. `reason` groups rejections.
 */
int rule_fault(struct rule_reader *r, size_t at, int error, const char *reason, const char *format,
               ...) __attribute__((format(printf, 5, 6)));

/* header.c: action, protocol, addresses, ports, direction; leaves r->at behind the opening bracket.
 */
int header_parse(struct rule_reader *r);
/* keyword.c: the options up to the closing bracket, and what must hold between them. */
int keywords_parse(struct rule_reader *r);
/* address_set_holds: is the address in the set? */
bool address_set_holds(const struct address_set *set, const struct address *address);

/* parser.c */
struct signature_list {
    struct signature *items;
    size_t n, cap;
};
struct rejection {
    const char *reason;
    size_t n;
};
struct parse_counts {
    size_t lines, rules, rejected, disabled;
    struct rejection reasons[256];
    size_t n_reasons;
};
int rules_parse_file(struct rule_context *ctx, const char *path, struct signature_list *out,
                     struct parse_counts *counts, struct diags *diags);

#endif
