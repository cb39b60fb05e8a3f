/* The annexes of the own party: what is protected, what is watched, and which networks the party
 * declares as its own. They stay inside the party; that they are the ones it has signed is shown by
 * their roots. */
#include "correlate/accord_parts.h"

#include "base/error.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

#define SALTS_FILE_MAX (64u << 20)

/* One annex while it is being read. */
struct annex {
    char *path;
    struct yaml_documents docs;
    struct schema_reader reader;
    const struct yaml_node *root;
    json_t *typed;
};

static char *beside(const char *accord_path, const char *file)
{
    const char *slash = strrchr(accord_path, '/');
    char *path = NULL;
    int dir = slash ? (int)(slash - accord_path) + 1 : 0;
    return asprintf(&path, "%.*s%s", dir, accord_path, file) < 0 ? NULL : path;
}

/* check_root: is this what the parties signed? Asked last: of an annex with a mistake the mistake
 * is the news. */
static int check_root(const struct annex *annex, const struct annex_ref *ref, struct diags *diags)
{
    char *salts_path = annex_salts_path(annex->path), root[65];
    struct text salts = {0};
    int error = salts_path ? file_read(salts_path, SALTS_FILE_MAX, &salts) : ERR_NOMEM;
    if (error) {
        diag_error(diags, error, diag_file(salts_path), "plimsoll accord root ANNEX --make-salts",
                   "cannot read the salts of the annex's rows: %s", error_text(error));
    } else {
        json_t *rows = annex_rows(annex->typed);
        error = annex_root(rows, text_str(&salts), salts.len, salts_path, root, diags);
        json_decref(rows);
        if (!error && strcmp(root, ref->root) != 0)
            error = diag_error(diags, ERR_CORRUPT, ref->root_pos,
                               "the annex or its salts are not those that the parties signed",
                               "%s has another root: %s", annex->path, root);
    }
    text_free(&salts);
    free(salts_path);
    return error;
}

static int annex_open(struct annex *annex, const struct accord *a, const struct accord_party *party,
                      const struct annex_ref *ref, const struct schema_type *schema,
                      struct diags *diags)
{
    *annex = (struct annex){.path = beside(a->path, ref->file)};
    if (!annex->path)
        return ERR_NOMEM;
    int error = yaml_load(annex->path, &annex->docs, diags);
    if (error)
        return diag_error(diags, error, ref->file_pos, NULL, "without this annex of party '%s'",
                          party->id);
    annex->reader = (struct schema_reader){.docs = &annex->docs, .diags = diags};
    if (annex->docs.n != 1 || !annex->docs.roots[0])
        return diag_error(diags, ERR_SCHEMA, diag_file(annex->path), NULL,
                          "an annex is one YAML document");
    annex->root = annex->docs.roots[0];
    annex->typed = schema_read(&annex->reader, schema, annex->root, "the annex");
    if (!annex->typed)
        return annex->reader.error;
    const struct yaml_node *of = yaml_get(annex->root, "party");
    if (strcmp(of->scalar, party->id) != 0)
        schema_fault(&annex->reader, ERR_CONFLICT, of, NULL,
                     "this annex is of party '%s', the accord names it for '%s'", of->scalar,
                     party->id);
    return annex->reader.error;
}

static void annex_close(struct annex *annex)
{
    /* Also of a file without a document: it has no root, but an owner. */
    yaml_documents_free(&annex->docs);
    json_decref(annex->typed);
    free(annex->path);
}

/* Private addresses (RFC 1918, RFC 4193) locate nobody by themselves: a site must say where they
 * are. */
static bool is_private(const struct prefix *prefix)
{
    static const char *const ranges[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                         "fc00::/7"};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct prefix range;
        prefix_parse(ranges[i], &range);
        if (prefix->len >= range.len && prefix_holds(&range, &prefix->address))
            return true;
    }
    return false;
}

static void check_site(struct annex *annex, const struct yaml_node *row, const struct yaml_node *at,
                       const struct prefix *prefix)
{
    if (is_private(prefix) && !yaml_get(row, "site"))
        schema_fault(&annex->reader, ERR_SCHEMA, at, "site: NAME",
                     "private addresses need a 'site': they locate nobody by themselves");
}

static struct prefix *prefixes(struct accord *a, const struct yaml_node *list, unsigned *n)
{
    *n = 0;
    struct prefix *out = arena_alloc(&a->arena, ((list ? list->children : 0) + 1) * sizeof *out);
    for (const struct yaml_node *node = list ? list->first : NULL; node && out; node = node->next)
        prefix_parse(node->scalar, &out[(*n)++]);
    return out;
}

/* Assets. */

static void build_services(struct accord *a, struct asset *asset, const struct yaml_node *list)
{
    if (!list)
        return;
    asset->services = arena_alloc(&a->arena, (list->children + 1) * sizeof *asset->services);
    for (const struct yaml_node *node = list->first; node && asset->services; node = node->next) {
        struct asset_service *service = &asset->services[asset->n_services++];
        service->proto = accord_text(a, node, "proto");
        service->port = (uint16_t)schema_integer(yaml_get(node, "port"));
    }
}

static void build_asset(struct annex *annex, struct accord *a, const struct yaml_node *node)
{
    struct asset *asset = &a->assets[a->n_assets++];
    asset->id = accord_text(a, node, "id");
    asset->site = accord_text(a, node, "site");
    asset->sector = accord_sector(a, yaml_get(node, "sector")->scalar);
    if (asset->sector == 0)
        schema_fault(&annex->reader, ERR_FULL, yaml_get(node, "sector"), NULL,
                     "more than %d sectors", SECTORS_MAX - 1);
    uint8_t class = 0;
    while (strcmp(asset_class_names[class], yaml_get(node, "class")->scalar) != 0)
        class = (uint8_t)(class + 1);
    asset->class = class;
    asset->published = accord_bool(node, "published");
    asset->shared = accord_bool(node, "shared");
    const struct yaml_node *networks = yaml_get(node, "networks");
    asset->networks = prefixes(a, networks, &asset->n_networks);
    asset->operators = prefixes(a, yaml_get(node, "operators"), &asset->n_operators);
    build_services(a, asset, yaml_get(node, "services"));
    const struct yaml_node *at = networks->first;
    for (unsigned i = 0; i < asset->n_networks; i++, at = at->next)
        check_site(annex, node, at, &asset->networks[i]);
}

static bool overlap(const struct prefix *p, const struct prefix *q)
{
    return p->len <= q->len ? prefix_holds(p, &q->address) : prefix_holds(q, &p->address);
}

/* An address is of one asset: an overlap between two assets has no answer. */
static void refuse_overlap(struct annex *annex, const struct accord *a, unsigned number,
                           const struct yaml_node *at, const struct prefix *prefix)
{
    for (unsigned i = 0; i < number; i++)
        for (unsigned j = 0; j < a->assets[i].n_networks; j++)
            if (overlap(&a->assets[i].networks[j], prefix)) {
                char other[ADDRESS_TEXT_ROOM];
                schema_fault(&annex->reader, ERR_CONFLICT, at, "give each address to one asset",
                             "%s of asset '%s' overlaps %s of asset '%s'", at->scalar,
                             a->assets[number].id, prefix_format(other, &a->assets[i].networks[j]),
                             a->assets[i].id);
                return;
            }
}

static int by_id(const void *x, const void *y)
{
    return strcmp(((const struct asset *)x)->id, ((const struct asset *)y)->id);
}

/* ports_of: where an asset offers its services. */
static int ports_of(struct accord *a, const struct asset *asset, struct host_services *out)
{
    uint16_t *ports = arena_alloc(&a->arena, (asset->n_services + 1) * sizeof *ports);
    if (!ports)
        return ERR_NOMEM;
    for (unsigned i = 0; i < asset->n_services; i++)
        ports[i] = asset->services[i].port;
    *out = (struct host_services){ports, asset->n_services};
    return 0;
}

static int build_maps(struct accord *a, const struct yaml_node *monitored)
{
    uint8_t *sectors = arena_alloc(&a->arena, a->n_assets);
    struct host_services *services = arena_alloc(&a->arena, a->n_assets * sizeof *services);
    a->monitored = prefixes(a, monitored, &a->n_monitored);
    a->asset_map = prefix_map_create();
    a->operator_map = prefix_map_create();
    a->monitored_map = prefix_map_create();
    if (!sectors || !services || !a->monitored || !a->asset_map || !a->operator_map ||
        !a->monitored_map)
        return ERR_NOMEM;
    int error = 0;
    for (unsigned i = 0; i < a->n_monitored && error != ERR_NOMEM; i++)
        error = prefix_map_add(a->monitored_map, &a->monitored[i], 1);
    for (unsigned i = 0; i < a->n_assets; i++) {
        const struct asset *asset = &a->assets[i];
        sectors[i] = asset->sector;
        if (ports_of(a, asset, &services[i]))
            return ERR_NOMEM;
        for (unsigned j = 0; j < asset->n_networks && error != ERR_NOMEM; j++)
            error = prefix_map_add(a->asset_map, &asset->networks[j], i);
        for (unsigned j = 0; j < asset->n_operators && error != ERR_NOMEM; j++)
            error = prefix_map_add(a->operator_map, &asset->operators[j], i);
    }
    a->hosts = (struct host_lookup){.assets = a->asset_map,
                                    .operators = a->operator_map,
                                    .monitored = a->monitored_map,
                                    .asset_sector = sectors,
                                    .asset_count = a->n_assets,
                                    .services = services};
    return error == ERR_NOMEM ? ERR_NOMEM : 0;
}

static int load_assets(struct accord *a, const struct accord_party *party,
                       const struct annex_ref *ref, struct diags *diags)
{
    struct annex annex;
    int error = annex_open(&annex, a, party, ref, &assets_annex_schema, diags);
    if (error)
        goto out;
    const struct yaml_node *list = yaml_get(annex.root, "assets");
    accord_refuse_twins(&annex.reader, list, "id", "asset");
    if (list->children >= HOST_NO_ASSET) {
        error = schema_fault(&annex.reader, ERR_FULL, list, NULL, "more than %d assets",
                             HOST_NO_ASSET - 1);
        goto out;
    }
    a->assets = arena_alloc(&a->arena, list->children * sizeof *a->assets);
    if (!a->assets) {
        error = ERR_NOMEM;
        goto out;
    }
    for (const struct yaml_node *node = list->first; node; node = node->next) {
        build_asset(&annex, a, node);
        const struct asset *asset = &a->assets[a->n_assets - 1];
        const struct yaml_node *at = yaml_get(node, "networks")->first;
        for (unsigned i = 0; i < asset->n_networks; i++, at = at->next)
            refuse_overlap(&annex, a, a->n_assets - 1, at, &asset->networks[i]);
    }
    error = annex.reader.error ? annex.reader.error : check_root(&annex, ref, diags);
    if (!error) {
        qsort(a->assets, a->n_assets, sizeof *a->assets, by_id);
        error = build_maps(a, yaml_get(annex.root, "monitored"));
    }
out:
    annex_close(&annex);
    return error;
}

/* Networks. */

static int load_networks(struct accord *a, const struct accord_party *party,
                         const struct annex_ref *ref, struct diags *diags)
{
    struct annex annex;
    int error = annex_open(&annex, a, party, ref, &networks_annex_schema, diags);
    if (error)
        goto out;
    const struct yaml_node *list = yaml_get(annex.root, "networks");
    accord_refuse_twins(&annex.reader, list, "prefix", "the network");
    a->networks = arena_alloc(&a->arena, (list->children + 1) * sizeof *a->networks);
    for (const struct yaml_node *node = list->first; node && a->networks; node = node->next) {
        struct declared_network *network = &a->networks[a->n_networks++];
        prefix_parse(yaml_get(node, "prefix")->scalar, &network->prefix);
        network->party = party->id;
        network->role = accord_text(a, node, "role");
        network->site = accord_text(a, node, "site");
        network->from_ns = accord_time(node, "from");
        check_site(&annex, node, yaml_get(node, "prefix"), &network->prefix);
    }
    error = annex.reader.error ? annex.reader.error : check_root(&annex, ref, diags);
out:
    annex_close(&annex);
    return error;
}

int accord_annexes(struct accord *a, const struct accord_party *party, struct diags *diags)
{
    size_t number = (size_t)(party - a->parties);
    int error = load_assets(a, party, &a->assets_ref[number], diags);
    int other = load_networks(a, party, &a->networks_ref[number], diags);
    a->own = party;
    return error ? error : other;
}
