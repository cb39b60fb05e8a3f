/* Rule sets: files in Suricata's language compiled into something that matches.
 *
 * Built once on a thread that may block, then immutable and shared by all workers. Rules are named
 * by stable numbers (index in the set) and by sid; nothing outside keeps a pointer into the set.
 */
#ifndef RULES_RULE_SET_H
#define RULES_RULE_SET_H

#include "base/address.h"
#include "base/diag.h"
#include "base/digest.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rule_set;

#define MATCH_FLOWINTS \
    8 /* names of numbers that flows remember; rules beyond are rejected, by name */

/* A variable of the header, e.g. {"HOME_NET", "[10.0.0.0/8,192.168.0.0/16]"}. */
struct rule_variable {
    const char *name, *value;
};

struct rule_set_config {
    const char *const *files;
    size_t n_files;
    const struct rule_variable *variables; /* added to and overriding rule_default_variables */
    size_t n_variables;
    const char *classification; /* a classification.config; NULL: Suricata's own classes */
    const char *references;     /* a reference.config; NULL: references are not resolved */
    const char *thresholds;     /* a threshold.config; NULL: only rules say what is told */
};

/* Suricata's default address and port variables (documentation of suricata.yaml, vars). */
extern const struct rule_variable rule_default_variables[];
extern const size_t rule_default_variable_count;

struct rule_set_counts {
    size_t files, lines, rules, loaded, rejected,
        disabled;                         /* disabled: commented rules are only counted */
    size_t literals, groups, databases;   /* literals: that are scanned for */
    size_t probed;                        /* that are looked up at their place */
    size_t without_literal, with_headers; /* with_headers: that ask for fields of match_header */
    size_t with_pair_bits;                /* rules that have bits of pairs of addresses */
    size_t bytes;                         /* memory of the compiled set */
};

/* rule_set_build: read, parse, compile. A rule that cannot be used is rejected with file:line:col
 * and the reason in diags, the others load. Returns 0 with a set (an empty one if no rule loads),
 * or ERR_NOT_FOUND / ERR_IO when a file cannot be read, ERR_NOMEM. */
int rule_set_build(struct rule_set **out, const struct rule_set_config *config,
                   struct diags *diags);
void rule_set_destroy(struct rule_set *set);
const struct rule_set_counts *rule_set_counts(const struct rule_set *set);
/* rule_set_digest: SHA-256 of the normalised text of all loaded rules and variables, whatever the
 * order of files. */
void rule_set_digest(const struct rule_set *set, uint8_t out[SHA256_BYTES]);
/* rule_set_is_home: is the address in $HOME_NET? */
bool rule_set_is_home(const struct rule_set *set, const struct address *address);
/* Facts on a rule; index < counts->loaded. Strings live as long as the set. */
uint32_t rule_sid(const struct rule_set *set, uint32_t index);
uint32_t rule_gid(const struct rule_set *set, uint32_t index);
uint32_t rule_rev(const struct rule_set *set, uint32_t index);
const char *rule_msg(const struct rule_set *set, uint32_t index);
const char *rule_classtype(const struct rule_set *set, uint32_t index);
/* rule_class_text: what its class means, the classtype where no file says so. */
const char *rule_class_text(const struct rule_set *set, uint32_t index);
/* rule_reference: where the rule's i-th reference points, added to out; false when it has no more,
 * or no file says where they point. */
bool rule_reference(const struct rule_set *set, uint32_t index, unsigned i, struct text *out);
uint8_t rule_priority(const struct rule_set *set, uint32_t index);
/* rule_find: the rule with this id. */
bool rule_find(const struct rule_set *set, uint32_t gid, uint32_t sid, uint32_t *index);
/* rule_has_tag: does the rule's metadata hold `tag VALUE` with this value? */
bool rule_has_tag(const struct rule_set *set, uint32_t index, const char *tag);

#endif
