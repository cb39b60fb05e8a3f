/* The accord: the machine-readable red lines, with the annexes that say what is protected.
 *
 * Parsed strictly: every key has a place and a type in one schema, anything else is an error with
 * file, line and column. Immutable once loaded. Strings live as long as the accord.
 */
#ifndef CORRELATE_ACCORD_H
#define CORRELATE_ACCORD_H

#include "base/note.h"
#include "base/time_point.h"
#include "correlate/host_lookup.h"

struct accord;

#define SECTORS_MAX 32 /* number 0 means none */

enum gate_kind {
    GATE_TWO_WAY_CONTACT,
    GATE_CLOCK_ERROR,
    GATE_OPERATOR,
    GATE_SELECTIVITY,
    GATE_INDEPENDENT_EVIDENCE,
    GATE_KIND_COUNT
};
extern const char *const gate_names[GATE_KIND_COUNT];

struct gate {
    uint8_t kind;
    int64_t at_most_ns; /* clock-error */
    bool registered;    /* operator: wanted registration (false: must not be registered) */
    const char *unless; /* operator: correlation, or NULL */
    int64_t unless_within_ns;
    uint32_t touched, control_addresses; /* selectivity */
    double lift, chance_at_most;
    uint32_t independent; /* independent-evidence */
};

struct severity_weights {
    int outcome[OUTCOME_COUNT];
    int vital, important;
    int cap;
};

struct match_clause {
    const char *correlation;
    struct gate gates[GATE_KIND_COUNT];
    unsigned n_gates;
    struct severity_weights severity;
    const char **techniques;
    unsigned n_techniques;
};

enum line_stage { STAGE_SHADOW, STAGE_CONFIDENTIAL, STAGE_REPORTABLE, LINE_STAGE_COUNT };
extern const char *const line_stage_names[LINE_STAGE_COUNT + 1]; /* NULL at the end */

struct accord_line {
    const char *id, *category, *obligation, *observable;
    const char *norm_source, *norm_para, *norm_relation;
    const char *norm_json; /* the whole citation as canonical JSON */
    uint8_t stage;
    uint32_t sectors; /* bit per sector number */
    bool published_only;
    struct match_clause *clauses;
    unsigned n_clauses;
};

enum asset_class { ASSET_CLASS_OTHER, ASSET_CLASS_IMPORTANT, ASSET_CLASS_VITAL, ASSET_CLASS_COUNT };
extern const char *const asset_class_names[ASSET_CLASS_COUNT + 1]; /* NULL at the end */

struct asset {
    const char *id, *site;
    uint8_t sector, class;
    bool published, shared;
    struct prefix *networks, *operators;
    unsigned n_networks, n_operators;
    struct asset_service {
        const char *proto;
        uint16_t port;
    } * services;
    unsigned n_services;
};

struct declared_network {
    struct prefix prefix;
    const char *party, *role, *site;
    int64_t from_ns;
};

struct accord_party {
    const char *id, *name;
    struct note_verifier *keys;
    unsigned n_keys, quorum;
    const char *origin_facts, *origin_acts; /* of its logs */
};

/* accord_load: the accord, and the annexes of `party` (required when there are several) beside it,
 * each checked against its root. Signatures are not asked for here (accord_verify). */
int accord_load(struct accord **out, const char *path, const char *party, struct diags *diags);
void accord_destroy(struct accord *a);

const char *accord_id(const struct accord *a);
uint32_t accord_version(const struct accord *a);
void accord_digest(const struct accord *a, uint8_t out[SHA256_BYTES]); /* SHA-256 of the JCS form */
const struct accord_party *accord_own_party(const struct accord *a);
unsigned accord_parties(const struct accord *a, const struct accord_party **out);
unsigned accord_lines(const struct accord *a, const struct accord_line **out);
unsigned accord_assets(const struct accord *a, const struct asset **out);
unsigned accord_networks(const struct accord *a, const struct declared_network **out);
const char *accord_sector_name(const struct accord *a, uint8_t sector);
const struct host_lookup *accord_hosts(const struct accord *a);
uint64_t accord_monitored_addresses(const struct accord *a); /* UINT64_MAX: cannot be counted */
/* accord_monitored: the prefixes of the monitored space as the annex lists them. */
unsigned accord_monitored(const struct accord *a, const struct prefix **out);
int64_t accord_incident_quiet(const struct accord *a);
int64_t accord_coverage_interval(const struct accord *a);
/* accord_in_force: is t within in-force? */
bool accord_in_force(const struct accord *a, int64_t ns);

/* Commands. */
/* accord_check_report: load and say in words what it holds; 0 or the error of loading. */
int accord_check_report(const char *path, const char *party, FILE *out, struct diags *diags);
/* accord_sign: write the note plimsoll-accord/1 of the accord, signed by the key in key_file, to
 * out_path (added to the signatures that are there). accord_verify: 0 when every party's quorum of
 * keys of the accord itself has signed that note. */
int accord_sign(const char *path, const char *key_file, const char *note_path, struct diags *diags);
int accord_verify(const char *path, const char *note_path, FILE *out, struct diags *diags);
/* accord_annex_root: the RFC 6962 root over one salted disclosure per row of an annex, as 64 hex
 * digits. salts       file of the row salts; NULL: the annex's name with .salts in place of .yaml
 *   make_salts  draw salts for rows that have none and write them there */
int accord_annex_root(const char *annex, const char *salts, bool make_salts, char out[65],
                      struct diags *diags);
int accord_keygen(const char *name, const char *key_file, FILE *out, struct diags *diags);

#endif
