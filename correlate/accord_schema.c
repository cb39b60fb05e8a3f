/* The form of an accord and of its annexes: every key they may have, as rows. */
#include "correlate/accord_parts.h"

#include "base/error.h"

#include <string.h>

#define END                         \
    {                               \
        NULL, NULL, SCHEMA_OPTIONAL \
    }
#define MUST SCHEMA_REQUIRED
#define MAY  SCHEMA_OPTIONAL

const char *const asset_class_names[] = {"other", "important", "vital", NULL};
const char *const line_stage_names[] = {"shadow", "confidential", "reportable", NULL};

static const struct schema_type count = SCHEMA_INTEGER(1, 1000000, "a whole number from 1"),
                                version = SCHEMA_INTEGER(1, UINT32_MAX, "a whole number from 1"),
                                weight = SCHEMA_INTEGER(0, 1000, "a whole number from 0 to 1000"),
                                port = SCHEMA_INTEGER(1, 65535, "a port, 1 to 65535"),
                                vlan = SCHEMA_INTEGER(1, 4094, "a VLAN id, 1 to 4094"),
                                appid = SCHEMA_INTEGER(0, 65535, "an APPID such as 0x3001"),
                                words = SCHEMA_LIST_OF(schema_word, 0, "a list of words"),
                                sectors = SCHEMA_LIST_OF(schema_word, 1, "a list of sectors"),
                                texts = SCHEMA_LIST_OF(schema_text, 0, "a list of texts"),
                                prefixes = SCHEMA_LIST_OF(schema_prefix, 0, "a list of prefixes"),
                                networks = SCHEMA_LIST_OF(schema_prefix, 1, "a list of prefixes"),
                                vkeys = SCHEMA_LIST_OF(schema_vkey, 1, "a list of verifier keys");

/* Head. */
static const struct schema_row in_force_rows[] = {
    {"from", &schema_time, MUST}, {"until", &schema_time, MUST}, END};
static const struct schema_type in_force = SCHEMA_MAP_OF(in_force_rows, "in-force");

static const struct schema_row attack_rows[] = {
    {"release", &schema_text, MUST}, {"domains", &sectors, MUST}, END};
static const struct schema_type attack = SCHEMA_MAP_OF(attack_rows, "attack");

static const struct schema_row witnesses_rows[] = {{"keys", &vkeys, MUST},
                                                   {"quorum", &count, MUST},
                                                   {"independent-of-party", &schema_bool, MAY},
                                                   {"longest-gap", &schema_duration, MUST},
                                                   END};
static const struct schema_type witnesses = SCHEMA_MAP_OF(witnesses_rows, "witnesses");

static const struct schema_row intervals_rows[] = {
    {"incident-quiet", &schema_duration, MUST}, {"coverage", &schema_duration, MUST}, END};
static const struct schema_type intervals = SCHEMA_MAP_OF(intervals_rows, "intervals");

/* Parties. */
static const struct schema_row annex_ref_rows[] = {
    {"file", &schema_word, MUST}, {"root", &schema_hex32, MUST}, END};
static const struct schema_type annex_ref =
    SCHEMA_MAP_OF(annex_ref_rows, "a reference to an annex");

static const struct schema_row annexes_rows[] = {
    {"networks", &annex_ref, MUST}, {"assets", &annex_ref, MUST}, END};
static const struct schema_type annexes = SCHEMA_MAP_OF(annexes_rows, "annexes");

static const char *const log_kinds[] = {"facts", "acts", NULL};
static const struct schema_type log_kind = SCHEMA_WORD_OF(log_kinds, "facts or acts");
static const struct schema_row log_rows[] = {
    {"kind", &log_kind, MUST}, {"origin", &schema_text, MUST}, {"key", &schema_vkey, MUST}, END};
static const struct schema_type log_of = SCHEMA_MAP_OF(log_rows, "a log"),
                                logs = SCHEMA_LIST_OF(log_of, 2, "a list of logs, facts and acts");

static const struct schema_row roles_rows[] = {
    {"analyst", &vkeys, MAY}, {"reviewer", &vkeys, MAY}, {"discloser", &vkeys, MAY}, END};
static const struct schema_type roles = SCHEMA_MAP_OF(roles_rows, "roles");

static const struct schema_row party_rows[] = {
    {"id", &schema_word, MUST},  {"name", &schema_text, MUST},
    {"keys", &vkeys, MUST},      {"quorum", &count, MAY},
    {"annexes", &annexes, MUST}, {"logs", &logs, MUST},
    {"roles", &roles, MAY},      END};
static const struct schema_type party = SCHEMA_MAP_OF(party_rows, "a party"),
                                parties = SCHEMA_LIST_OF(party, 1, "a list of parties");

/* Lines. */
static const struct schema_type stage =
    SCHEMA_WORD_OF(line_stage_names, "shadow, confidential or reportable");

static const struct schema_row norm_rows[] = {
    {"source", &schema_text, MUST}, {"para", &schema_text, MAY},  {"relation", &schema_word, MAY},
    {"not-shown", &words, MAY},     {"basis", &schema_word, MAY}, END};
static const struct schema_type norm = SCHEMA_MAP_OF(norm_rows, "norm");

static const struct schema_row protects_rows[] = {
    {"sectors", &sectors, MUST}, {"published", &schema_bool, MAY}, END};
static const struct schema_type protects = SCHEMA_MAP_OF(protects_rows, "protects");

static const char *const required_words[] = {"required", NULL}, *const unit_words[] = {"address",
                                                                                       NULL};
static const struct schema_type required = SCHEMA_WORD_OF(required_words, "required"),
                                unit = SCHEMA_WORD_OF(unit_words, "address");

static const struct schema_row clock_rows[] = {{"at-most", &schema_duration, MUST}, END};
static const struct schema_type clock_error = SCHEMA_MAP_OF(clock_rows, "the gate clock-error");

static const struct schema_row operator_rows[] = {{"registered", &schema_bool, MUST},
                                                  {"unless", &schema_word, MAY},
                                                  {"within", &schema_duration, MAY},
                                                  END};
static const struct schema_type operator_gate = SCHEMA_MAP_OF(operator_rows, "the gate operator");

static const struct schema_row selectivity_rows[] = {{"unit", &unit, MUST},
                                                     {"touched", &count, MUST},
                                                     {"control-addresses", &count, MUST},
                                                     {"lift", &schema_positive, MUST},
                                                     {"chance-at-most", &schema_positive, MUST},
                                                     END};
static const struct schema_type selectivity =
    SCHEMA_MAP_OF(selectivity_rows, "the gate selectivity");

/* In the order of enum gate_kind. */
static const struct schema_row gates_rows[] = {
    {"two-way-contact", &required, MAY},   {"clock-error", &clock_error, MAY},
    {"operator", &operator_gate, MAY},     {"selectivity", &selectivity, MAY},
    {"independent-evidence", &count, MAY}, END};
static const struct schema_type gates = SCHEMA_MAP_OF(gates_rows, "gates");

static const struct schema_row per_asset_rows[] = {
    {"vital", &weight, MUST}, {"important", &weight, MUST}, END};
static const struct schema_type per_asset = SCHEMA_MAP_OF(per_asset_rows, "per-asset");

/* A weight for every outcome: one that is missing would be a guess. */
static const struct schema_row severity_rows[] = {
#define X(suffix, name, text) {name, &weight, MUST},
    VOCABULARY_OUTCOMES(X)
#undef X
        {"per-asset", &per_asset, MUST},
    {"cap", &weight, MUST},
    END};
static const struct schema_type severity = SCHEMA_MAP_OF(severity_rows, "severity");

/* DOMAIN/Tnnnn or DOMAIN/Tnnnn.nnn */
static json_t *read_technique(const struct schema_type *type, const struct yaml_node *node,
                              int *error)
{
    (void)type;
    const char *slash = strchr(node->scalar, '/');
    *error = ERR_SYNTAX;
    if (!slash || slash == node->scalar || slash[1] != 'T' ||
        strspn(node->scalar, "abcdefghijklmnopqrstuvwxyz-") != (size_t)(slash - node->scalar))
        return NULL;
    const char *digits = slash + 2;
    if (strspn(digits, "0123456789") != 4)
        return NULL;
    if (digits[4] &&
        (digits[4] != '.' || strspn(digits + 5, "0123456789") != 3 || digits[8] != '\0'))
        return NULL;
    return json_string(node->scalar);
}
static const struct schema_type technique = {.form = SCHEMA_SCALAR,
                                             .what = "a technique such as ics/T0836",
                                             .read = read_technique},
                                techniques = SCHEMA_LIST_OF(technique, 0, "a list of techniques");

static const struct schema_row clause_rows[] = {{"correlation", &schema_word, MUST},
                                                {"gates", &gates, MUST},
                                                {"severity", &severity, MUST},
                                                {"techniques", &techniques, MUST},
                                                END};
static const struct schema_type clause = SCHEMA_MAP_OF(clause_rows, "a clause of matched-by"),
                                clauses = SCHEMA_LIST_OF(clause, 1, "a list of clauses");

static const struct schema_row line_rows[] = {{"id", &schema_word, MUST},
                                              {"stage", &stage, MUST},
                                              {"category", &schema_text, MUST},
                                              {"obligation", &schema_text, MUST},
                                              {"observable", &schema_text, MUST},
                                              {"norm", &norm, MUST},
                                              {"protects", &protects, MUST},
                                              {"matched-by", &clauses, MUST},
                                              END};
static const struct schema_type line = SCHEMA_MAP_OF(line_rows, "a line"),
                                lines = SCHEMA_LIST_OF(line, 1, "a list of lines");

/* Reporting: checked for its form; people act on it. */
static const struct schema_row deadline_rows[] = {{"within", &schema_duration, MUST},
                                                  {"from", &schema_word, MUST},
                                                  {"else", &schema_word, MAY},
                                                  END};
static const struct schema_type deadline = SCHEMA_MAP_OF(deadline_rows, "a deadline");

static const struct schema_row confirm_rows[] = {
    {"needs", &sectors, MUST}, {"distinct", &schema_bool, MAY}, END};
static const struct schema_type confirm = SCHEMA_MAP_OF(confirm_rows, "confirm");

static const struct schema_row disclose_rows[] = {
    {"counterpart", &words, MAY}, {"observer", &words, MAY}, {"never", &words, MAY}, END};
static const struct schema_type disclose = SCHEMA_MAP_OF(disclose_rows, "disclose");

static const struct schema_row reporting_rows[] = {{"triage", &deadline, MAY},
                                                   {"early-warning", &deadline, MAY},
                                                   {"notification", &deadline, MAY},
                                                   {"final", &deadline, MAY},
                                                   {"confirm", &confirm, MAY},
                                                   {"disclose", &disclose, MAY},
                                                   END};
static const struct schema_type reporting = SCHEMA_MAP_OF(reporting_rows, "reporting");

static const struct schema_row accord_rows[] = {{"accord", &schema_word, MUST},
                                                {"version", &version, MUST},
                                                {"title", &schema_text, MUST},
                                                {"in-force", &in_force, MUST},
                                                {"attack", &attack, MUST},
                                                {"parties", &parties, MUST},
                                                {"witnesses", &witnesses, MAY},
                                                {"lines", &lines, MUST},
                                                {"intervals", &intervals, MUST},
                                                {"reporting", &reporting, MAY},
                                                END};
const struct schema_type accord_schema = SCHEMA_MAP_OF(accord_rows, "an accord");

/* The assets annex. */
static const struct schema_type class =
    SCHEMA_WORD_OF(asset_class_names, "other, important or vital");

static const struct schema_row service_rows[] = {
    {"proto", &schema_word, MUST}, {"port", &port, MUST}, END};
static const struct schema_type service = SCHEMA_MAP_OF(service_rows, "a service"),
                                services = SCHEMA_LIST_OF(service, 0, "a list of services"),
                                appids = SCHEMA_LIST_OF(appid, 0, "a list of APPIDs");

static const struct schema_row l2_rows[] = {
    {"vlan", &vlan, MAY}, {"goose-appid", &appids, MAY}, END};
static const struct schema_type l2 = SCHEMA_MAP_OF(l2_rows, "l2");

static const struct schema_row authorised_rows[] = {
    {"by", &schema_text, MUST}, {"since", &schema_time, MUST}, END};
static const struct schema_type authorised = SCHEMA_MAP_OF(authorised_rows, "authorised");

static const struct schema_row asset_rows[] = {{"id", &schema_word, MUST},
                                               {"sector", &schema_word, MUST},
                                               {"class", &class, MUST},
                                               {"networks", &networks, MUST},
                                               {"site", &schema_word, MAY},
                                               {"services", &services, MAY},
                                               {"l2", &l2, MAY},
                                               {"operators", &prefixes, MAY},
                                               {"names", &texts, MAY},
                                               {"shared", &schema_bool, MAY},
                                               {"authorised", &authorised, MAY},
                                               {"published", &schema_bool, MAY},
                                               END};
static const struct schema_type asset = SCHEMA_MAP_OF(asset_rows, "an asset"),
                                assets = SCHEMA_LIST_OF(asset, 1, "a list of assets");

static const struct schema_row assets_annex_rows[] = {
    {"party", &schema_word, MUST}, {"monitored", &networks, MUST}, {"assets", &assets, MUST}, END};
const struct schema_type assets_annex_schema = SCHEMA_MAP_OF(assets_annex_rows, "an assets annex");

/* The networks annex. */
static const struct schema_row network_rows[] = {
    {"prefix", &schema_prefix, MUST}, {"site", &schema_word, MAY}, {"from", &schema_time, MUST},
    {"role", &schema_word, MUST},     {"note", &schema_text, MAY}, END};
static const struct schema_type network = SCHEMA_MAP_OF(network_rows, "a declared network"),
                                declared = SCHEMA_LIST_OF(network, 0, "a list of networks");

static const struct schema_row networks_annex_rows[] = {
    {"party", &schema_word, MUST}, {"networks", &declared, MUST}, END};
const struct schema_type networks_annex_schema =
    SCHEMA_MAP_OF(networks_annex_rows, "a networks annex");
