/* Correlation definitions: Sigma 2 detections that select observations and Sigma 2 correlations
 * that count them (docs/ARCHITECTURE.md has the dialect; SigmaHQ/sigma-specification, correlation
 * rules).
 *
 * Loaded strictly with positions, then immutable. A correlation names base detections of the same
 * set.
 */
#ifndef CORRELATE_DEFINITION_H
#define CORRELATE_DEFINITION_H

#include "base/diag.h"
#include "base/digest.h"
#include "correlate/observation.h"

#include <stdbool.h>

#define DEFINITIONS_MAX 255 /* correlations; their number is the low 8 bits of order.index */

struct definitions; /* a set of detections and correlations */

enum correlation_type { CORRELATION_EVENT_COUNT, CORRELATION_VALUE_COUNT };

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

/* A group-by key: the fields' bytes one behind the other (address 16, sector 1, port 2 big-endian,
 * ...). */
#define GROUP_KEY_MAX 48
struct group_key {
    uint8_t len;
    uint8_t bytes[GROUP_KEY_MAX];
};
/* definition_select: does the observation belong to this correlation, and to which key? An
 * observation that lacks a group-by field (target.sector of a host without a sector) belongs to
 * none. threads  any; no allocation */
bool definition_select(const struct definitions *set, unsigned number,
                       const struct observation *obs, const struct host_facts *hosts,
                       struct group_key *key);
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
