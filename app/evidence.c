/* What findings are about: which incidents, and which observations were kept of these. */
#include "app/evidence_parts.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUBJECTS_MAX 65536
#define ID_KEY       24

/* How far an incident had come when its campaign took it up. */
struct join {
    uint32_t campaign;
    struct incident_ref incident;
    uint64_t observations;
};

struct evidence {
    const char *dir;
    struct subject *subjects;
    size_t n_subjects, cap_subjects;
    struct table *by_id; /* id -> uint32_t, place in subjects */
    struct join *joins;
    size_t n_joins, cap_joins;
    bool no_room; /* something could not be noted */
};

int evidence_can_read_twice(const struct option_list *captures, struct diags *diags)
{
    for (size_t i = 0; i < captures->n; i++) {
        struct stat st;
        bool pipe =
            strcmp(captures->items[i], "-") == 0 ||
            (stat(captures->items[i], &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
        if (pipe)
            return diag_error(diags, ERR_USAGE, diag_file(captures->items[i]),
                              "store it in a file first",
                              "--evidence reads captures twice, and this can be read only once");
    }
    return 0;
}

int evidence_create(struct evidence **out, const char *dir, struct diags *diags)
{
    *out = NULL;
    if (file_make_dirs(dir, 0777))
        return diag_error(diags, ERR_IO, diag_file(dir), NULL,
                          "cannot make the folder for evidence: %s", strerror(errno));
    struct evidence *e = calloc(1, sizeof *e);
    if (e)
        e->by_id = table_create(SUBJECTS_MAX, ID_KEY, sizeof(uint32_t), 0);
    if (!e || !e->by_id) {
        evidence_destroy(e);
        return ERR_NOMEM;
    }
    e->dir = dir;
    *out = e;
    return 0;
}

void evidence_destroy(struct evidence *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->n_subjects; i++)
        free(e->subjects[i].named);
    if (e->by_id)
        table_destroy(e->by_id);
    free(e->subjects);
    free(e->joins);
    free(e);
}

/* room_for_one: items of that size, doubled when full; false when out of memory. */
static bool room_for_one(void **items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    size_t more = *cap ? 2 * *cap : 64;
    void *grown = realloc(*items, more * size);
    if (!grown)
        return false;
    *items = grown;
    *cap = more;
    return true;
}

static struct subject *subject_of(struct evidence *e, const char *id)
{
    char key[ID_KEY] = {0};
    bool made;
    strncpy(key, id, ID_KEY - 1);
    if (!room_for_one((void **)&e->subjects, e->n_subjects, &e->cap_subjects, sizeof *e->subjects))
        return NULL;
    uint32_t *place = table_add(e->by_id, key, &made);
    if (place && made) {
        *place = (uint32_t)e->n_subjects++;
        memset(&e->subjects[*place], 0, sizeof *e->subjects);
        memcpy(e->subjects[*place].id, key, sizeof key);
    }
    return place ? &e->subjects[*place] : NULL;
}

void evidence_judged(struct evidence *e, const struct judged *judged)
{
    if (!judged->raised)
        return;
    struct subject *s = subject_of(e, judged->id);
    if (!s) {
        e->no_room = true;
        return;
    }
    s->revision = judged->revision;
    s->incident = judged->incident;
    s->campaign = judged->campaign;
    s->observations = judged->observations;
    s->joins = e->n_joins;
}

void evidence_joined(struct evidence *e, uint32_t campaign, const struct incident_ref *incident,
                     uint64_t observations)
{
    if (room_for_one((void **)&e->joins, e->n_joins, &e->cap_joins, sizeof *e->joins))
        e->joins[e->n_joins++] = (struct join){campaign, *incident, observations};
    else
        e->no_room = true;
}

/* Gathering. */

/* gather_incident: the first `count` observations that it took, as far as they were kept. */
static void gather_incident(struct subject *s, const struct correlator *c,
                            const struct incident_ref *incident, uint64_t count)
{
    size_t n;
    const struct kept_observation *kept =
        correlator_kept(c, incident->level, incident->key_shard, &n);
    for (size_t i = 0; i < n && count && s->n < s->cap; i++)
        if (kept[i].incident == incident->number) {
            s->named[s->n++].obs = &kept[i].obs;
            count--;
        }
}

static int by_order(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    return order_compare(&x->obs->order, &y->obs->order);
}

/* gather_campaign: of each incident that had joined by then, what was known of it last. */
static int gather_campaign(const struct evidence *e, struct subject *s, const struct correlator *c)
{
    struct table *seen = table_create(s->joins + 1, sizeof(uint64_t), 1, 0);
    if (!seen)
        return ERR_NOMEM;
    for (size_t i = s->joins; i-- > 0;) {
        const struct incident_ref *incident = &e->joins[i].incident;
        uint64_t key = (uint64_t)incident->level << 40 | (uint64_t)incident->key_shard << 32 |
                       incident->number;
        bool made;
        if (e->joins[i].campaign == s->campaign && table_add(seen, &key, &made) && made)
            gather_incident(s, c, incident, e->joins[i].observations);
    }
    table_destroy(seen);
    return 0;
}

/* gather: no more can have been kept than the key shards of its incidents have room for. */
static int gather(const struct evidence *e, struct subject *s, uint32_t number,
                  const struct correlator *c)
{
    uint64_t most = (uint64_t)CORRELATOR_KEEP * (s->campaign ? KEY_SHARDS : 1);
    int error = 0;
    s->cap = s->observations < most ? s->observations : most;
    s->named = calloc(s->cap + 1, sizeof *s->named);
    if (!s->named)
        return ERR_NOMEM;
    if (s->campaign)
        error = gather_campaign(e, s, c);
    else
        gather_incident(s, c, &s->incident, s->observations);
    qsort(s->named, s->n, sizeof *s->named, by_order);
    for (size_t i = 0; i < s->n; i++) {
        s->named[i].finding = number;
        s->named[i].number = (uint32_t)i + 1;
    }
    return error;
}

/* Entries. */

enum { FILE_NAME, FINDING, MISSING, OBSERVATIONS, PACKETS, SHA256, FIELDS };

static void hand_on(const struct subject *s, const char *path, struct evidence_file *file,
                    evidence_written *written, void *ctx)
{
    static const char *const names[FIELDS] = {"file",         "finding", "missing",
                                              "observations", "packets", "sha256"};
    struct text values[FIELDS] = {0};
    struct entry_field fields[FIELDS];
    char id[sizeof s->id], hex[2 * SHA256_BYTES + 1];
    hex_encode(hex, file->sha256, SHA256_BYTES);
    text_printf(&values[FILE_NAME], "\"%s\"", strrchr(path, '/') + 1);
    text_printf(&values[FINDING], "\"%s\"", s->id);
    text_printf(&values[MISSING], "%lu", file->missing);
    text_printf(&values[OBSERVATIONS], "%lu", file->observations);
    text_printf(&values[PACKETS], "%lu", file->packets);
    text_printf(&values[SHA256], "\"%s\"", hex);
    for (unsigned i = 0; i < FIELDS; i++)
        fields[i] = (struct entry_field){names[i], text_str(&values[i]), values[i].len};
    /* Ids of findings begin with f-; that of the evidence is the same with another letter. */
    memcpy(id, s->id, sizeof id);
    id[0] = 'e';
    file->entry = (struct entry_draft){ENTRY_EVIDENCE, id, s->revision, fields, FIELDS};
    written(ctx, file);
    for (unsigned i = 0; i < FIELDS; i++)
        text_free(&values[i]);
}

bool evidence_path(char *out, size_t room, const char *dir, const char *finding)
{
    return snprintf(out, room, "%s/%s.pcapng", dir, finding) < (int)room;
}

static int finish(const struct evidence *e, const struct subject *s, uint64_t packets,
                  evidence_written *written, void *ctx, struct diags *diags)
{
    struct evidence_file file = {.finding = s->id, .revision = s->revision, .packets = packets};
    char path[PATH_MAX];
    if (!evidence_path(path, sizeof path, e->dir, s->id) || sha256_file(file.sha256, path))
        return diag_error(diags, ERR_IO, diag_file(e->dir), NULL,
                          "cannot read the evidence of %s again", s->id);
    for (size_t i = 0; i < s->n; i++)
        file.observations += s->named[i].found;
    file.missing = s->observations - file.observations;
    hand_on(s, path, &file, written, ctx);
    return 0;
}

int evidence_write(struct evidence *e, const struct correlator *correlator,
                   const struct evidence_run *run, evidence_written *written, void *ctx,
                   struct diags *diags)
{
    uint64_t copied[EVIDENCE_PASS];
    if (e->no_room)
        return diag_error(diags, ERR_NOMEM, diag_file(e->dir), NULL, "no memory for all evidence");
    for (size_t first = 0; first < e->n_subjects; first += EVIDENCE_PASS) {
        size_t n = e->n_subjects - first < EVIDENCE_PASS ? e->n_subjects - first : EVIDENCE_PASS;
        struct subject *pass = &e->subjects[first];
        int error = 0;
        for (size_t i = 0; i < n && !error; i++)
            error = gather(e, &pass[i], (uint32_t)i, correlator);
        if (!error)
            error = evidence_pass(e->dir, pass, n, run, copied, diags);
        for (size_t i = 0; i < n && !error; i++)
            error = finish(e, &pass[i], copied[i], written, ctx, diags);
        for (size_t i = 0; i < n; i++) {
            free(pass[i].named);
            pass[i].named = NULL;
        }
        if (error)
            return error;
    }
    return 0;
}
