/* A policy written down: which rules, correlations and accord belong together. What the file does
 * not name is not in force. Paths are relative to the file's folder.
 *
 *     rules: [grid.rules]
 *     correlations: [own.yaml]          # beside the shipped ones
 *     accord: example-grid.yaml
 *     party: amber
 *     home-net: "[10.0.0.0/8]"
 *     variables: {HTTP_PORTS: "[80,8080]"}
 *     vars: suricata.yaml               # groups of its section vars; the two above go before them
 *     classification: classification.config
 *     references: reference.config
 *     threshold-config: threshold.config
 */
#ifndef APP_POLICY_FILE_H
#define APP_POLICY_FILE_H

#include "app/policy.h"
#include "base/arena.h"

struct policy_file {
    struct policy_files files;
    struct arena arena; /* the texts */
};

/* policy_file_read: 0, or an error with file:line:col. */
int policy_file_read(struct policy_file *out, const char *path, struct diags *diags);
void policy_file_free(struct policy_file *p);

#endif
