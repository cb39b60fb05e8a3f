/* A rule as the compiler sees it: parsed, checked, with variables resolved. Inside rules/. */
#ifndef RULES_SIGNATURE_H
#define RULES_SIGNATURE_H

#include "base/address.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/digest.h"
#include "base/text.h"
#include "rules/ranges.h"
#include "rules/rule_set.h"

#define CONTENTS_MAX  32
#define FLOWBITS_MAX  32 /* names in one rule, alternatives counted */
#define TAGS_MAX      8
#define CONTENT_BYTES 1024
#define LITERAL_BYTES                                                          \
    8 /* what Hyperscan looks for: the rarest piece of a content, at most this \
       */

struct address_set {
    struct address_set *next; /* of those found in the same place of the index */
    const char *text;
    struct range *ranges; /* ascending, apart */
    size_t n;
};

struct port_set {
    struct port_set *next;
    const char *text;
    uint64_t bits[1024]; /* a bit a port */
    unsigned n;          /* how many */
    bool any;
};

static inline bool address_set_holds(const struct address_set *set, const struct address *address)
{
    return ranges_hold(set->ranges, set->n, address);
}
static inline bool port_set_holds(const struct port_set *set, uint16_t port)
{
    return set->any || set->bits[port / 64] >> port % 64 & 1;
}

enum action { ACTION_PASS, ACTION_DROP, ACTION_REJECT, ACTION_ALERT };
enum rule_transport { TRANSPORT_IP, TRANSPORT_TCP, TRANSPORT_UDP };

/* What a rule is tried on where there are streams (TCP); without streams that is every packet. */
#define VIEW_PACKET 1u
#define VIEW_STREAM 2u

#define CONTENT_NOCASE     1u
#define CONTENT_NEGATED    2u
#define CONTENT_OFFSET     4u
#define CONTENT_DEPTH      8u
#define CONTENT_DISTANCE   16u
#define CONTENT_WITHIN     32u
#define CONTENT_STARTSWITH 64u
#define CONTENT_ENDSWITH   128u
#define CONTENT_FAST       256u
#define CONTENT_HEAD       512u  /* a chain begins here */
#define CONTENT_RETRY      1024u /* what follows may hold behind a later place of this one */
#define CONTENT_ABSOLUTE   (CONTENT_OFFSET | CONTENT_DEPTH)
#define CONTENT_RELATIVE   (CONTENT_DISTANCE | CONTENT_WITHIN)

/* Contents that are relative to one another are a chain; chains do not depend on each other. A
 * negated content without distance and within is in no chain and looked for on its own. */
struct content {
    const uint8_t *bytes; /* lower case when nocase */
    uint16_t flags, len;
    uint16_t fast_at, fast_len; /* part that fast_pattern:AT,LEN picks; 0,0: whole */
    uint8_t next;               /* index of the next of the chain; 0: none */
    int32_t offset, depth, distance, within;
};

enum flowbit_op { FLOWBIT_SET, FLOWBIT_UNSET, FLOWBIT_TOGGLE, FLOWBIT_ISSET, FLOWBIT_ISNOTSET };
struct flowbit {
    uint8_t op;
    bool or_next; /* the next one is an alternative to this one */
    uint16_t bit;
};

#define FLOW_TO_SERVER       1u
#define FLOW_TO_CLIENT       2u
#define FLOW_ESTABLISHED     4u
#define FLOW_NOT_ESTABLISHED 8u
#define FLOW_STATELESS       16u

struct literal {
    uint8_t bytes[LITERAL_BYTES];
    uint8_t len; /* 0: the rule has none */
    bool nocase;
};

struct signature {
    uint32_t sid, gid, rev;
    uint8_t action, transport, views, priority, flow;
    bool bidirectional, noalert, has_dsize, dsize_negated;
    bool grows; /* has more to find than its literal: may match when more of the stream comes */
    uint32_t dsize_low, dsize_high; /* both included */
    const char *msg, *classtype;
    const char *tags[TAGS_MAX];
    unsigned n_tags;
    const struct address_set *source, *target;
    const struct port_set *source_port, *target_port;
    struct content contents[CONTENTS_MAX];
    unsigned n_contents;
    struct literal literal;
    struct flowbit flowbits[FLOWBITS_MAX];
    unsigned n_flowbits;
    struct diag_pos pos;
    uint8_t digest[SHA256_BYTES]; /* of its normalised text */
};

#define SET_INDEX 1024

/* What parsing needs beside the rule: variables, and what rules share. */
struct rule_context {
    struct arena *arena;
    const struct rule_variable *variables;
    size_t n_variables;
    struct address_set *address_sets[SET_INDEX]; /* one for each distinct text, by its hash */
    struct port_set *port_sets[SET_INDEX];
    const char **flowbit_names;
    unsigned n_flowbits;
    struct text *normal; /* NULL, or gets the normalised text of every rule taken, a line each */
};

/* A place in a rule, for diagnostics: offset in its text. */
struct rule_reader {
    struct rule_context *ctx;
    struct signature *sig;
    const char *text; /* the rule in one line */
    size_t at, len;
    struct text normal; /* what was read, in one form; what digests are over */
    uint64_t seen;      /* keywords that may be there once */
    size_t view_at;     /* what decided sig->views */
    size_t option_at;   /* the option under way */
    const char *file;
    uint32_t line;   /* of raw[0] */
    const char *raw; /* as in the file, for counting lines */
    size_t raw_len;
    struct diags *diags;
    const char *reason; /* short, for counting rejections by reason */
};

/* rule_fault: report a fault at an offset of the text; returns error. `reason` groups rejections.
 */
int rule_fault(struct rule_reader *r, size_t at, int error, const char *reason, const char *format,
               ...) __attribute__((format(printf, 5, 6)));
/* rule_view: what is at this place asks for packets, or for streams; a fault when both are. */
int rule_view(struct rule_reader *r, size_t at, unsigned view);

/* header.c: action, protocol, addresses, ports, direction; leaves r->at behind the opening bracket.
 */
int header_parse(struct rule_reader *r);
/* keyword.c: the options up to the closing bracket, and what must hold between them. */
int keywords_parse(struct rule_reader *r);
/* content.c: which contents are chains. */
void contents_link(struct signature *s);
/* literal.c: s->literal, the piece of its contents to look for, and s->grows. */
void literal_choose(struct signature *s);

/* parser.c */
struct signature_list {
    struct signature *items;
    size_t n, cap;
};
#define REASONS_MAX 256
struct rejection {
    const char *reason;
    size_t n;
};
struct parse_counts {
    size_t lines, rules, rejected, disabled;
    struct rejection reasons[REASONS_MAX]; /* the last one is for all that found no room */
    size_t n_reasons;
};
void rules_count_reason(struct parse_counts *counts, const char *reason);
/* rules_parse_text: append the rules of a text to out; those that cannot be used are in diags and
 * counts. 0 or ERR_NOMEM. */
int rules_parse_text(struct rule_context *ctx, const char *file, const char *data, size_t len,
                     struct signature_list *out, struct parse_counts *counts, struct diags *diags);
int rules_parse_file(struct rule_context *ctx, const char *path, struct signature_list *out,
                     struct parse_counts *counts, struct diags *diags);

#endif
