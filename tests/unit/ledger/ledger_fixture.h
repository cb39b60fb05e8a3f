/* A ledger in a temporary directory, drafts to put into it, and the sealer's program. */
#ifndef TESTS_UNIT_LEDGER_LEDGER_FIXTURE_H
#define TESTS_UNIT_LEDGER_LEDGER_FIXTURE_H

#include "base/error.h"
#include "base/file.h"
#include "ledger/log.h"
#include "ledger/sealer_client.h"
#include "ledger/verify.h"
#include "tests/unit/check.h"
#include "tests/unit/temporary.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN_FACTS "ledger.amber.example/grid/facts"
#define ORIGIN_ACTS  "ledger.amber.example/grid/acts"

static inline int remove_item(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}
static inline void remove_tree(const char *dir)
{
    nftw(dir, remove_item, 16, FTW_DEPTH | FTW_PHYS);
}

/* make_temporary: a fresh directory; the caller frees the name. */
static inline char *make_temporary(void)
{
    char *path = malloc(TEMPORARY_ROOM);
    assert_non_null(path);
    return temporary_folder(path);
}

static inline char *path_in(const char *dir, const char *name)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
    return path;
}

/* An act with one free field; the draft points into it. */
struct sample {
    char id[32], time[32];
    struct entry_field fields[3];
    struct entry_draft draft;
};
static inline const struct entry_draft *sample_act(struct sample *s, unsigned number)
{
    snprintf(s->id, sizeof s->id, "start-%u", number);
    snprintf(s->time, sizeof s->time, "\"%u\"", number);
    s->fields[0] = (struct entry_field){"facts-size", "0", 1};
    s->fields[1] = (struct entry_field){"time", s->time, strlen(s->time)};
    s->fields[2] = (struct entry_field){"version", "\"1\"", 3};
    s->draft = (struct entry_draft){ENTRY_START, s->id, 1, s->fields, 3};
    return &s->draft;
}

/* A coverage with a list of two assets: a fact. */
static inline const struct entry_draft *sample_fact(struct sample *s, unsigned number)
{
    snprintf(s->id, sizeof s->id, "c-%u", number);
    snprintf(s->time, sizeof s->time, "\"%u\"", number);
    s->fields[0] = (struct entry_field){"assets", "[\"plc-1\",{\"n\":2}]", 17};
    s->fields[1] = (struct entry_field){"from", s->time, strlen(s->time)};
    s->fields[2] = (struct entry_field){"to", "\"9\"", 3};
    s->draft = (struct entry_draft){ENTRY_COVERAGE, s->id, 1, s->fields, 3};
    return &s->draft;
}

/* Both keys and the secret are fixed, so that bytes can be compared. */
struct fixture {
    char *dir;
    uint8_t secret[LEDGER_SECRET_BYTES];
    struct note_signer signers[LEDGER_LOGS];
    struct text vkeys[LEDGER_LOGS];
    struct diags diags;
};
static inline void fixture_make(struct fixture *f)
{
    uint8_t seed[32] = {7};
    *f = (struct fixture){.dir = make_temporary()};
    for (unsigned i = 0; i < sizeof f->secret; i++)
        f->secret[i] = (uint8_t)i;
    for (unsigned i = 0; i < LEDGER_LOGS; i++) {
        seed[1] = (uint8_t)i;
        assert_int_equal(
            note_signer_from_seed(i ? ORIGIN_ACTS : ORIGIN_FACTS, seed, &f->signers[i]), 0);
        note_verifier_format(&f->vkeys[i], &f->signers[i].verifier);
    }
}
static inline void fixture_remove(struct fixture *f)
{
    remove_tree(f->dir);
    free(f->dir);
    for (unsigned i = 0; i < LEDGER_LOGS; i++)
        text_free(&f->vkeys[i]);
    diags_free(&f->diags);
}
static inline int fixture_open(struct fixture *f, enum ledger_log which, struct sealed_log **out)
{
    struct log_config config = {f->dir, which, f->secret, &f->signers[which]};
    diags_free(&f->diags);
    f->diags = (struct diags){0};
    return log_open(out, &config, &f->diags);
}
/* fixture_fill: drafts from..to - 1 in a log, published. */
static inline void fixture_fill(struct fixture *f, enum ledger_log which, unsigned from,
                                unsigned to)
{
    struct sealed_log *l;
    struct sample s;
    bool repeated;
    assert_int_equal(fixture_open(f, which, &l), 0);
    for (unsigned i = from; i < to; i++)
        assert_int_equal(log_append(l,
                                    which == LEDGER_FACTS ? sample_fact(&s, i) : sample_act(&s, i),
                                    &repeated, &f->diags),
                         0);
    assert_int_equal(log_publish(l, &f->diags), 0);
    log_close(l);
}
static inline int fixture_verify(struct fixture *f, struct verify_result *result)
{
    const char *keys[] = {text_str(&f->vkeys[0]), text_str(&f->vkeys[1])};
    struct verify_request request = {.dir = f->dir, .keys = keys, .n_keys = 2};
    diags_free(&f->diags);
    f->diags = (struct diags){0};
    return ledger_verify(&request, result, &f->diags);
}
static inline bool diags_mention(const struct diags *diags, const char *word)
{
    for (size_t i = 0; i < diags->n; i++)
        if (strstr(diags->items[i].text, word) ||
            (diags->items[i].pos.file && strstr(diags->items[i].pos.file, word)))
            return true;
    return false;
}

#endif
