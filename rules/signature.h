/* A rule as the compiler sees it: parsed, checked, with variables resolved. Inside rules/. */
#ifndef RULES_SIGNATURE_H
#define RULES_SIGNATURE_H

#include "base/address.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/digest.h"
#include "base/text.h"
#include "proto/message.h"
#include "rules/ranges.h"
#include "rules/references.h"
#include "rules/rule_set.h"

#include <assert.h>

#define CONTENTS_MAX  32
#define FLOWBITS_MAX  32 /* names in one rule, alternatives counted */
#define FLOWINTS_MAX  8
#define PAIR_BITS_MAX 8
#define VARIABLES_MAX 16 /* of byte_extract and byte_math in one rule */
#define HEADER_TESTS  12 /* conditions on headers in one rule */
#define TAGS_MAX      8
#define SECTIONS_MAX  16 /* parts of messages in one rule, and the bytes themselves */
#define CONTENT_BYTES 1024
#define DIGITS_MAX    23 /* of a number in text */
#define LITERAL_BYTES                                                          \
    8 /* what Hyperscan looks for: the rarest piece of a content, at most this \
       */

struct address_set {
    struct address_set *next; /* of those found in the same place of the index */
    const char *text;
    uint32_t number;      /* of those of a set, from 0 */
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
enum rule_transport {
    TRANSPORT_IP,
    TRANSPORT_TCP,
    TRANSPORT_UDP,
    TRANSPORT_ICMP,
    TRANSPORT_SCTP,
    TRANSPORT_TCP_UDP
};

/* What a rule is tried on: of packets and streams (TCP; without streams that is every packet), or
 * messages of its protocol. */
#define VIEW_PACKET  1u
#define VIEW_STREAM  2u
#define VIEW_MESSAGE 4u

/* What is done to the bytes of a part before anything is looked for in them; rows: suffix, keyword,
 * text. */
#define RULE_TRANSFORMS(X)                                                          \
    X(DOTPREFIX, "dotprefix", "a dot in front")                                     \
    X(TO_LOWERCASE, "to_lowercase", "in lower case")                                \
    X(TO_UPPERCASE, "to_uppercase", "in upper case")                                \
    X(STRIP_WHITESPACE, "strip_whitespace", "without blanks")                       \
    X(COMPRESS_WHITESPACE, "compress_whitespace", "of blanks in a row one is left") \
    X(URL_DECODE, "url_decode", "percent-encoded bytes decoded")                    \
    X(TO_MD5, "to_md5", "the MD5, as bytes")                                        \
    X(TO_SHA1, "to_sha1", "the SHA-1, as bytes")                                    \
    X(TO_SHA256, "to_sha256", "the SHA-256, as bytes")                              \
    X(HEADER_LOWERCASE, "header_lowercase", "names of header fields in lower case") \
    X(STRIP_PSEUDO_HEADERS, "strip_pseudo_headers", "without fields that begin with a colon")
enum rule_transform {
#define X(s, keyword, text) TRANSFORM_##s,
    RULE_TRANSFORMS(X)
#undef X
        TRANSFORM_COUNT
};
#define TRANSFORMS_MAX 4 /* of one section */

/* What a section looks into: any of some parts, and what is done to them first. Those of all rules
 * are numbered, each distinct one once. */
struct part_view {
    struct part_view *next;
    uint64_t parts; /* a bit for each enum proto_part_id */
    uint8_t transforms[TRANSFORMS_MAX], n_transforms;
    uint16_t number;
};
static_assert(PROTO_PART_COUNT <= 64, "a bit each");
#define BODY_PARTS                                                                    \
    (UINT64_C(1) << PART_HTTP_REQUEST_BODY | UINT64_C(1) << PART_HTTP_RESPONSE_BODY | \
     UINT64_C(1) << PART_FILE_DATA)
#define PART_VIEWS_MAX 256 /* distinct ones of a set; rules beyond are rejected, by name */

/* bodies_for: the bodies that are to be asked for where these parts are looked into; a file's name
 * comes with its content. */
static inline uint64_t bodies_for(uint64_t parts)
{
    uint64_t name = parts >> PART_FILE_NAME & 1;
    return (parts & BODY_PARTS) | name << PART_FILE_DATA;
}

/* view_is_body: is it bodies as they are, and no more? */
static inline bool view_is_body(const struct part_view *view)
{
    return view->parts && !(view->parts & ~BODY_PARTS) && !view->n_transforms;
}

/* What a rule asks of one view, of the bytes themselves (section 0, view NULL), or of what a step
 * of another section has decoded, or of a header of the packet (views of no parts). */
struct section {
    const struct part_view *view;
    uint8_t header; /* enum packet_header; 0: none */
};

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

/* These say that the field holds the number of a variable in place of a value. */
#define CONTENT_OFFSET_VARIABLE   2048u
#define CONTENT_DEPTH_VARIABLE    4096u
#define CONTENT_DISTANCE_VARIABLE 8192u
#define CONTENT_WITHIN_VARIABLE   16384u
#define CONTENT_RAWBYTES          32768u

/* What a rule asks of the bytes, in its order. A step moves when what is relative to it is counted
 * from where it ended; isdataat, byte_test and what is negated do not. */
enum step_kind {
    STEP_CONTENT,
    STEP_PCRE,
    STEP_ISDATAAT,
    STEP_BYTE_TEST,
    STEP_BYTE_JUMP,
    STEP_BYTE_EXTRACT,
    STEP_BYTE_MATH,
    STEP_SIZE,  /* of the part, in bytes */
    STEP_ASN1,  /* a length in BER */
    STEP_BASE64 /* decodes, and asks what was decoded; nothing behind it is asked of the same bytes
                 */
};

/* What byte_test, byte_jump, byte_extract and isdataat read, and what they do with it. */
enum byte_operator {
    BYTE_LESS,
    BYTE_GREATER,
    BYTE_EQUAL,
    BYTE_AND,
    BYTE_XOR,
    BYTE_AT_MOST,
    BYTE_AT_LEAST,
    /* of byte_math */
    BYTE_ADD,
    BYTE_SUBTRACT,
    BYTE_DIVIDE,
    BYTE_MULTIPLY,
    BYTE_SHIFT_LEFT,
    BYTE_SHIFT_RIGHT
};
struct byte_step {
    uint8_t bytes, base; /* how many; of digits: 0 (told by the prefix), 8, 10, 16 */
    uint8_t op, variable, align;
    bool digits, little, ordered, negated, value_variable, offset_variable, from_beginning,
        from_end;
    int32_t offset, post_offset;
    uint32_t multiplier;
    uint64_t value, mask; /* mask 0: none */
    uint32_t low, high;   /* a size; both included */
};

/* A compiled expression; of the set, freed with it. */
struct regex {
    struct regex *next;
    void *code;       /* pcre2_code */
    const char *text; /* as the rule has it, with its slashes and letters */
};

/* Steps that are relative to one another are a chain; chains do not depend on each other but by
 * variables. A step that does not move and is not relative is in no chain and asked on its own.
 * Contents and other steps share what places them: a step with CONTENT_DISTANCE is relative. */
struct content {
    const uint8_t *bytes; /* lower case when nocase */
    const struct byte_step *number;
    const struct regex *regex;
    uint32_t flags;
    uint16_t len;
    uint16_t fast_at, fast_len; /* part that fast_pattern:AT,LEN picks; 0,0: whole */
    uint8_t kind;               /* enum step_kind */
    uint8_t section;            /* of the signature's */
    uint8_t next;               /* index of the next of the chain; 0: none */
    int32_t offset, depth, distance, within;
};

/* Does what is relative to this step, or behind it, count from its end? */
static inline bool step_moves(const struct content *c)
{
    return !(c->flags & CONTENT_NEGATED) && c->kind != STEP_ISDATAAT && c->kind != STEP_BYTE_TEST &&
           c->kind != STEP_SIZE && c->kind != STEP_BASE64 && c->kind != STEP_ASN1;
}

/* A condition on headers: a number in a range, or bits under a mask. */
enum header_compare {
    COMPARE_RANGE,
    COMPARE_BITS,
    COMPARE_ANY_BIT,
    COMPARE_ALL_BITS,
    COMPARE_NOT_ALL_BITS
};
struct header_test {
    uint8_t field, compare; /* enum match_field, enum header_compare */
    bool negated;
    uint32_t low, high; /* both included; of bits: the bits, and the mask */
};

enum flowbit_op { FLOWBIT_SET, FLOWBIT_UNSET, FLOWBIT_TOGGLE, FLOWBIT_ISSET, FLOWBIT_ISNOTSET };
struct flowbit {
    uint8_t op;
    bool or_next; /* the next one is an alternative to this one */
    uint16_t bit;
};

/* A bit of the pair of addresses; of several each holds. */
struct pair_bit {
    uint8_t op;       /* enum flowbit_op */
    uint32_t seconds; /* that it stays set */
    uint64_t name;    /* a hash of it */
};

/* What a rule that matched does to a number of the flow, in its order, or asks of it before. */
enum flowint_op {
    FLOWINT_SET,
    FLOWINT_ADD,
    FLOWINT_SUBTRACT,
    FLOWINT_LESS,
    FLOWINT_AT_MOST,
    FLOWINT_GREATER,
    FLOWINT_AT_LEAST,
    FLOWINT_EQUAL,
    FLOWINT_NOT_EQUAL,
    FLOWINT_IS_SET,
    FLOWINT_IS_UNSET
};
struct flowint {
    uint8_t op, name, other;
    bool of_other; /* the operand is another number's value */
    uint32_t value;
};

/* Which alerts are told: of the alerts of some ends, within so many seconds, the first ones; each
 * so manieth; the so manieth alone; those after them (detection_filter). */
enum threshold_type {
    THRESHOLD_NONE,
    THRESHOLD_LIMIT,
    THRESHOLD_EVERY,
    THRESHOLD_BOTH,
    THRESHOLD_FILTER
};
enum threshold_track { TRACK_NONE, TRACK_SOURCE, TRACK_TARGET, TRACK_BOTH, TRACK_RULE };
/* Whose alerts a suppression holds back: TRACK 0: all of the rule. */
enum suppress_track { SUPPRESS_ALL, SUPPRESS_SOURCE, SUPPRESS_TARGET, SUPPRESS_EITHER };
struct rule_threshold {
    uint8_t type, track;
    uint32_t count, seconds;
};

#define FLOW_TO_SERVER       1u
#define FLOW_TO_CLIENT       2u
#define FLOW_ESTABLISHED     4u
#define FLOW_NOT_ESTABLISHED 8u
#define FLOW_STATELESS       16u

/* What a rule is found by. */
#define LITERAL_ANYWHERE UINT32_MAX
struct literal {
    uint8_t bytes[LITERAL_BYTES];
    uint8_t len; /* 0: the rule has none */
    bool nocase;
    uint8_t section; /* where it is looked for */
    uint32_t at;     /* the only place where it can be, LITERAL_ANYWHERE */
    uint32_t end;    /* where it ends at the latest, UINT32_MAX: anywhere */
};

/* What a rule asks lies together, for most rules fail on the first that is asked of them. */
struct signature {
    uint8_t action, transport, views, flow;
    uint8_t network;    /* IP version, 0 any */
    uint8_t protocol;   /* enum protocol of the flow, UNKNOWN any */
    uint8_t directions; /* of its parts: bits as in PROTO_PARTS */
    uint8_t decoded;    /* the section for what was decoded; 0: none */
    bool bidirectional, noalert, has_dsize, dsize_negated, same_ip;
    bool addresses_only; /* asks for nothing but addresses and IP protocol: once a direction of a
                            flow */
    bool ascending;      /* later places of a step put what follows later too */
    bool grows; /* has more to find than its literal: may match when more of the stream comes */
    uint8_t n_contents, n_sections, n_tests, n_flowbits, n_flowints, n_pair_bits, n_variables;
    uint32_t dsize_low, dsize_high; /* both included */
    struct content *contents;
    struct section *sections; /* section 0 is always there */
    struct header_test *tests;
    struct flowbit *flowbits;
    struct flowint *flowints;
    struct pair_bit *pair_bits;
    uint64_t bodies; /* the bodies that are to be asked for, as bits of parts */
    const struct address_set *source, *target;
    const struct port_set *source_port, *target_port;

    uint32_t sid, gid, rev;
    uint8_t priority;
    bool suppressed;    /* some suppression is for it */
    bool rate_filtered; /* so a threshold for all rules is not for it */
    uint8_t n_tags;
    struct literal literal;
    struct rule_threshold threshold;
    const char *msg, *classtype, *class_text;
    const char **tags;
    struct reference *references; /* in the rule's order */
    struct diag_pos pos;
    uint8_t digest[SHA256_BYTES]; /* of its normalised text */
};

/* Where the parts of a rule are while it is read: as many as one may have. */
struct signature_room {
    struct content contents[CONTENTS_MAX];
    struct section sections[SECTIONS_MAX];
    struct header_test tests[HEADER_TESTS];
    struct flowbit flowbits[FLOWBITS_MAX];
    struct flowint flowints[FLOWINTS_MAX];
    struct pair_bit pair_bits[PAIR_BITS_MAX];
    const char *tags[TAGS_MAX];
};

/* signature_has_parts: does it look into parts of messages? */
static inline bool signature_has_parts(const struct signature *s)
{
    for (unsigned i = 1; i < s->n_sections; i++)
        if (s->sections[i].view->parts)
            return true;
    return false;
}

/* signature_asks_few: may it be found by these ports of its? */
#define FEW_PORTS 64
static inline bool signature_asks_few(const struct signature *s, const struct port_set *ports)
{
    return !s->bidirectional && !ports->any && ports->n <= FEW_PORTS;
}

#define SET_INDEX     1024
#define KEYWORD_WORDS 4 /* of 64 keywords each */

/* What parsing needs beside the rule: variables, and what rules share. */
struct rule_context {
    struct arena *arena;
    const struct rule_variable *variables;
    size_t n_variables;
    struct address_set *address_sets[SET_INDEX]; /* one for each distinct text, by its hash */
    uint32_t n_address_sets;
    struct port_set *port_sets[SET_INDEX];
    const char **flowbit_names;
    unsigned n_flowbits;
    const char *flowint_names[MATCH_FLOWINTS];
    unsigned n_flowints;
    struct regex *regexes; /* of all rules, to be freed with regexes_free */
    struct part_view *views;
    unsigned n_views;
    struct text *normal; /* NULL, or gets the normalised text of every rule taken, a line each */
};

/* A place in a rule, for diagnostics: offset in its text. */
struct rule_reader {
    struct rule_context *ctx;
    struct signature *sig; /* its parts are in the room of the one who reads */
    const char *text;      /* the rule in one line */
    size_t at, len;
    struct text normal;                   /* what was read, in one form; what digests are over */
    uint64_t seen[KEYWORD_WORDS];         /* keywords that are there, a bit each */
    const char *variables[VARIABLES_MAX]; /* names of sig->n_variables */
    size_t view_at;                       /* what decided sig->views */
    size_t option_at;                     /* the option under way */
    struct part_view part; /* what is looked into from here on; no parts: the bytes */
    bool part_used;        /* something has been asked of it */
    unsigned own_section;  /* that what follows belongs to: what was decoded, a header; 0: none */
    size_t part_at;
    const char *file;
    uint32_t line;   /* of raw[0] */
    const char *raw; /* as in the file, for counting lines */
    size_t raw_len;
    struct diags *diags;
    const char *reason; /* short, for counting rejections by reason */
};

/* rule_addresses: what a text names that could stand in a header; NULL when it cannot. header.c. */
const struct address_set *rule_addresses(struct rule_context *ctx, const char *text);

/* rule_fault: report a fault at an offset of the text; returns error. `reason` groups rejections.
 */
int rule_fault(struct rule_reader *r, size_t at, int error, const char *reason, const char *format,
               ...) __attribute__((format(printf, 5, 6)));
/* rule_view: what is at this place asks for packets, or for streams; a fault when both are. */
int rule_view(struct rule_reader *r, size_t at, unsigned view);

/* header.c: action, protocol, addresses, ports, direction; leaves r->at behind the opening bracket.
 */
int header_parse(struct rule_reader *r);
/* header_protocol: enum protocol of this name; PROTOCOL_UNKNOWN: none of this build. */
uint8_t header_protocol(const char *name, size_t len);
/* keyword.c: the options up to the closing bracket, and what must hold between them. */
int keywords_parse(struct rule_reader *r);
/* section.c: the section that what follows belongs to; -1 with a fault reported. */
int section_now(struct rule_reader *r);
/* content.c: which contents are chains. */
void contents_link(struct signature *s);
/* pcre.c */
void regexes_free(struct regex *list);
/* literal.c: the pieces of its contents to look for, and s->grows. */
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
