/* Tests of rules, written beside them:
 *
 *     rules: [plant.rules]
 *     home-net: "[10.0.0.0/8]"           # vars, variables: as in a policy
 *     tests:
 *       - name: a write from outside
 *         capture: write.pcap
 *         fires: {2001: 3, "5:13": any}  # alerts that are told: so many, or at least one
 *         silent: [2002]                 # no alert
 *         others: false                  # no rule but those of `fires` tells an alert
 *
 * Paths are relative to the file's folder. */
#ifndef APP_RULE_TESTS_H
#define APP_RULE_TESTS_H

#include "app/rule_inputs.h"

#include "base/arena.h"

#define RULE_TEST_ANY UINT64_MAX

struct rule_expectation {
    uint32_t gid, sid;
    uint64_t alerts; /* 0: silent; RULE_TEST_ANY */
    struct diag_pos pos;
};

struct rule_test {
    const char *name, *capture;
    struct rule_expectation *expected;
    size_t n;
    bool no_others;
    struct diag_pos pos;
};

struct rule_tests {
    struct rule_inputs inputs; /* of the file: rules and variables */
    struct rule_test *tests;
    size_t n;
    struct arena texts;
};

/* rule_tests_read: 0, or an error with file:line:col. Free also after an error. */
int rule_tests_read(struct rule_tests *out, const char *path, struct diags *diags);
void rule_tests_free(struct rule_tests *t);

#endif
