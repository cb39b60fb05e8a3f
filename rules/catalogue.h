/* All rules of some files, also those that do not load and those that are commented out: what a
 * list of them says. */
#ifndef RULES_CATALOGUE_H
#define RULES_CATALOGUE_H

#include "base/arena.h"
#include "rules/rule_set.h"

/* Rows: suffix, name, text. */
#define RULE_STATES(X)                                                 \
    X(LOADED, "loaded", "it is compiled, and matched")                 \
    X(REJECTED, "rejected", "it cannot be used; rules check says why") \
    X(COMMENTED, "commented-out", "a comment keeps it from being read")
enum rule_state {
#define X(s, name, text) RULE_##s,
    RULE_STATES(X)
#undef X
        RULE_STATE_COUNT
};
extern const char *const rule_state_names[RULE_STATE_COUNT];

/* What a rule that is loaded looks at. Of packets it depends on where a sender cuts its stream what
 * matches; streams and messages are the same however they are cut. Rows: suffix, name, text. */
#define RULE_SCOPES(X)                                                      \
    X(PACKETS, "packets", "each packet by itself")                          \
    X(BOTH, "packets-and-streams", "each packet by itself, and its stream") \
    X(STREAMS, "streams", "bytes of streams, in order")                     \
    X(MESSAGES, "messages", "parts of messages of its protocol")
enum rule_scope {
#define X(s, name, text) SCOPE_##s,
    RULE_SCOPES(X)
#undef X
        RULE_SCOPE_COUNT
};
extern const char *const rule_scope_names[RULE_SCOPE_COUNT];
enum rule_scope rule_scope(const struct rule_set *set, uint32_t index);

/* Texts are the catalogue's. */
struct catalogue_row {
    uint32_t gid, sid, rev;
    enum rule_state state;
    const char *action, *protocol, *msg; /* as written; "" where there is none */
    struct diag_pos pos;
    uint32_t index; /* in the set, of one that is loaded */
};

struct catalogue {
    struct catalogue_row *rows;
    size_t n, cap;
    struct arena texts;
};

/* catalogue_read: of the files of a set, in their order. 0, ERR_NOT_FOUND, ERR_IO, ERR_NOMEM. */
int catalogue_read(struct catalogue *out, const struct rule_set *set, const char *const *files,
                   size_t n_files);
void catalogue_free(struct catalogue *c);

#endif
