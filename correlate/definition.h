/* Correlation definitions: Sigma 2 detections that select observations and Sigma 2 correlations
 * that count them (docs/ARCHITECTURE.md has the dialect; SigmaHQ/sigma-specification, correlation
 * rules).
 *
 * Loaded strictly with positions, then immutable. A correlation's rules are detections or other
 * correlations of the same set; those of detections only are of level 0, one over a correlation of
 * level n is of level n + 1. What reaches it is that an incident opened, known by its key.
 */
#ifndef CORRELATE_DEFINITION_H
#define CORRELATE_DEFINITION_H

#include "base/diag.h"
#include "base/digest.h"
#include "correlate/observation.h"

#include <stdbool.h>

#define DEFINITIONS_MAX       255 /* correlations; a number takes 8 bits of order.index */
#define DEFINITION_RULES_MAX  16  /* of a temporal correlation; 4 bits of order.index */
#define DEFINITION_LEVELS_MAX 4   /* correlations over correlations over ... */
#define DEFINITION_FEEDS_MAX  63  /* correlations over one; 6 bits of order.index a level */

struct definitions; /* a set of detections and correlations */

/* event_count and value_count count what any of their rules selects; the temporal ones ask that
 * each rule was met within the timespan, temporal_ordered in the order in which the rules stand. */
enum correlation_type {
    CORRELATION_EVENT_COUNT,
    CORRELATION_VALUE_COUNT,
    CORRELATION_TEMPORAL,
    CORRELATION_TEMPORAL_ORDERED
};

/* Says whether a rule carries a metadata tag; given by whoever knows the rules. NULL: no rule does.
 */
struct tag_source {
    void *ctx;
    bool (*has_tag)(void *ctx, uint32_t sid, const char *tag);
};

/* What the accord says of the ends of an observation; filled by the correlator behind seam 1. */
struct host_facts {
    uint16_t source_asset, target_asset;  /* number in the accord's assets, HOST_NO_ASSET */
    uint8_t source_sector, target_sector; /* number of a sector, 0 none */
    uint8_t source_role, target_role;     /* enum host_role */
    bool source_monitored, target_monitored;
};
#define HOST_NO_ASSET UINT16_MAX
enum host_role { HOST_ROLE_NONE, HOST_ROLE_ASSET, HOST_ROLE_OPERATOR };

/* definitions_load: add a file; definitions_parse: bytes named `file`. The set is made on first use
 * (*set == NULL). A name that occurs twice is an error that names both places; types and fields
 * that are not in this build are errors by name. */
int definitions_load(struct definitions **set, const char *path, struct diags *diags);
int definitions_parse(struct definitions **set, const char *file, const char *data, size_t len,
                      struct diags *diags);
/* definitions_shipped: the text of the correlations this project ships
 * (rules/packs/correlations.yaml). */
const char *definitions_shipped(size_t *len);
/* definitions_finish: resolve names and tags; call once, after the last load. */
int definitions_finish(struct definitions *set, const struct tag_source *tags, struct diags *diags);
void definitions_destroy(struct definitions *set);
void definitions_digest(const struct definitions *set, uint8_t out[SHA256_BYTES]);

/* Correlations are numbered from 0. */
unsigned definitions_count(const struct definitions *set);
const char *definition_name(const struct definitions *set, unsigned number);
/* definition_find: the number, or -1 when this set lacks it. */
int definition_find(const struct definitions *set, const char *name);
enum correlation_type definition_type(const struct definitions *set, unsigned number);
int64_t definition_timespan(const struct definitions *set, unsigned number);
uint32_t definition_threshold(const struct definitions *set, unsigned number); /* condition gte */
unsigned definition_rules(const struct definitions *set, unsigned number);
unsigned definition_level(const struct definitions *set, unsigned number);
unsigned definitions_levels(const struct definitions *set); /* at least 1 */
/* definition_digest: SHA-256 over the correlation and all it is made of, in canonical form. */
void definition_digest(const struct definitions *set, unsigned number, uint8_t out[SHA256_BYTES]);

/* A group-by key: the fields' bytes one behind the other (address 16, sector 1, port 2 big-endian,
 * ...). */
#define GROUP_KEY_MAX 48
struct group_key {
    uint8_t len;
    uint8_t bytes[GROUP_KEY_MAX];
};
/* definition_match: the first rule, from `from` on, by which the observation belongs to this
 * correlation, and to which key; -1: none. A counting correlation takes an observation once,
 * whichever of its rules select it. An observation that lacks a group-by field (target.sector of a
 * host without a sector) belongs to none. threads  any; no allocation */
int definition_match(const struct definitions *set, unsigned number, unsigned from,
                     const struct observation *obs, const struct host_facts *hosts,
                     struct group_key *key);
/* definition_feed: the i-th correlation over this one, its rule, and the key there of an incident
 * of this one; false: there are no more. */
struct definition_fed {
    unsigned number, rule;
    struct group_key key;
};
bool definition_feed(const struct definitions *set, unsigned number, unsigned i,
                     const struct group_key *key, struct definition_fed *out);
/* definition_campaign: of an incident's key, what the unit of a finding has too (source.address,
 * target.sector); false when there is no more in the key, or no source. */
bool definition_campaign(const struct definitions *set, unsigned number,
                         const struct group_key *key, struct group_key *campaign);
/* definition_value: the 16-byte value that a value_count counts. */
void definition_value(const struct definitions *set, unsigned number, const struct observation *obs,
                      const struct host_facts *hosts, uint8_t out[16]);
/* definition_key_json: the key as canonical JSON, e.g.
 * {"source.address":"192.0.2.1","target.sector":"power"}; sector_name gives a sector's name. Used
 * for incident ids. */
struct text;
void definition_key_json(const struct definitions *set, unsigned number,
                         const struct group_key *key,
                         const char *(*sector_name)(void *ctx, uint8_t sector), void *ctx,
                         struct text *out);

#endif
