/* The word lists of base/vocabulary.h. */
#include "base/vocabulary.h"

#include "base/error.h"

#include <string.h>

#define X_WORD(suffix, name, text) {name, text},
const struct word kind_words[KIND_COUNT] = {VOCABULARY_KINDS(X_WORD)};
const struct word outcome_words[OUTCOME_COUNT] = {VOCABULARY_OUTCOMES(X_WORD)};
const struct word contact_words[CONTACT_COUNT] = {VOCABULARY_CONTACTS(X_WORD)};
const struct word operation_words[OPERATION_COUNT] = {VOCABULARY_OPERATIONS(X_WORD)};
const struct word protocol_words[PROTOCOL_COUNT] = {VOCABULARY_PROTOCOLS(X_WORD)};
const struct word role_words[ROLE_COUNT] = {VOCABULARY_ROLES(X_WORD)};
const struct word coverage_words[COVERAGE_COUNT] = {VOCABULARY_COVERAGE(X_WORD)};

int word_find(const struct word *words, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(words[i].name, name) == 0)
            return i;
    return ERR_NOT_FOUND;
}
