/* The answer of `rules why`: for people, and as JSON, an object a line. */
#ifndef APP_OUT_WHY_H
#define APP_OUT_WHY_H

#include "app/rule_inputs.h"
#include "rules/why.h"

#include <stdio.h>

struct why_answer {
    const struct rule_inputs *inputs;
    uint32_t rule;
    struct why_result result;
    struct solo_counts counts;
    bool one_flow;
    uint64_t flow;
};

void out_why_text(FILE *out, const struct why_answer *answer);
void out_why_json(FILE *out, const struct why_answer *answer);

#endif
