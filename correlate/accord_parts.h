/* What the files of the accord share: its schemas, its structure, and the loading of its parts. */
#ifndef CORRELATE_ACCORD_PARTS_H
#define CORRELATE_ACCORD_PARTS_H

#include "base/arena.h"
#include "correlate/accord.h"
#include "correlate/schema.h"

extern const struct schema_type accord_schema, assets_annex_schema, networks_annex_schema;

/* An annex as the accord names it. The file is relative to the accord's folder. */
struct annex_ref {
    const char *file, *root; /* root: 64 hexadecimal digits */
    struct diag_pos file_pos, root_pos;
};

struct accord {
    struct arena arena;
    const char *path, *id, *title;
    uint32_t version;
    int64_t from_ns, until_ns, incident_quiet_ns, coverage_ns;
    uint8_t digest[SHA256_BYTES];

    struct accord_party *parties;
    struct annex_ref *assets_ref, *networks_ref; /* by party */
    unsigned n_parties;
    const struct accord_party *own; /* NULL until annexes are loaded */

    struct accord_line *lines;
    unsigned n_lines;
    const char *sectors[SECTORS_MAX];        /* from number 1 */
    struct diag_pos sector_pos[SECTORS_MAX]; /* where a line names it first */
    unsigned n_sectors;                      /* numbers given so far, 0 included */

    struct asset *assets; /* in the order of their ids */
    unsigned n_assets;
    struct declared_network *networks;
    unsigned n_networks;
    const struct prefix *monitored;
    unsigned n_monitored;
    struct prefix_map *asset_map, *operator_map, *monitored_map;
    struct host_lookup hosts;
};

/* accord_read: the accord alone, without annexes. */
int accord_read(struct accord **out, const char *path, struct diags *diags);
/* accord_sector: the number of a sector's name, given on first use; 0 when there are too many. */
uint8_t accord_sector(struct accord *a, const char *name);
/* accord_annexes: load the annexes of a party and make it the own one. */
int accord_annexes(struct accord *a, const struct accord_party *party, struct diags *diags);
/* accord_strings: the scalars of a list, copied; *n is their number. */
const char **accord_strings(struct accord *a, const struct yaml_node *list, unsigned *n);

/* Getters for nodes that the schema has accepted. */
const char *accord_text(struct accord *a, const struct yaml_node *map, const char *key);
bool accord_bool(const struct yaml_node *map, const char *key);
int64_t accord_time(const struct yaml_node *map, const char *key);

/* accord_refuse_twins: report each element of a list whose `key` is that of an earlier one. */
void accord_refuse_twins(struct schema_reader *r, const struct yaml_node *list, const char *key,
                         const char *what);

/* annex_rows: the rows that are committed to, as an array of JSON values: of an assets annex the
 * head {monitored, party} and then each asset, of a networks annex each network. NULL when out of
 * memory. */
json_t *annex_rows(const json_t *annex);
/* annex_root: RFC 6962's root over one salted disclosure per row. salts: text, one a line. */
int annex_root(const json_t *rows, const char *salts, size_t len, const char *salts_file,
               char out[65], struct diags *diags);
/* annex_salts_path: ANNEX.salts for ANNEX.yaml; the caller frees. */
char *annex_salts_path(const char *annex);

#endif
