/* A threshold.config: thresholds and suppressions of rules, from outside the rules. Inside rules/.
 *
 *     suppress gen_id N, sig_id N [, track by_src|by_dst|by_either, ip LIST]
 *     threshold|event_filter gen_id N, sig_id N, type limit|threshold|both, track by_..., count N,
 *         seconds N
 *     rate_filter gen_id N, sig_id N, track by_..., count N, seconds N, new_action A, timeout N
 *
 * sig_id 0: all rules of this gen_id, of any where that is 0 too. A rule's own threshold gives way
 * to one for its sig_id, and goes before one for all. A rate_filter says what is done with packets,
 * not which alerts are told: it is read and changes nothing here. Suricata's documentation, "Global
 * Thresholds".
 */
#ifndef RULES_THRESHOLD_CONFIG_H
#define RULES_THRESHOLD_CONFIG_H

#include "rules/set_parts.h"

struct threshold_row;

/* threshold_config_read: the rows of the file, with the addresses that they name. ERR_NOT_FOUND or
 * ERR_IO, ERR_SYNTAX with line and column. normal gets what was read. */
int threshold_config_read(const char *path, struct rule_context *ctx, struct threshold_row **out,
                          size_t *n, struct text *normal, struct diags *diags);
/* threshold_config_give: to the rules of the set; one that is not there is warned of. */
int threshold_config_give(const struct threshold_row *rows, size_t n, struct rule_set *set,
                          struct diags *diags);

#endif
