/* What the files of evidence share. Not for other modules. */
#ifndef APP_EVIDENCE_PARTS_H
#define APP_EVIDENCE_PARTS_H

#include "app/evidence.h"

/* One observation of a finding, as the files number them: from 1, in the one order. */
struct named {
    const struct observation *obs;
    uint32_t finding, number;
    bool found; /* what it names was there when the captures were read again */
};

/* A finding, as of its last revision. */
struct subject {
    char id[24];
    uint32_t revision;
    struct incident_ref incident;
    uint32_t campaign;     /* 0: the incident by itself */
    uint64_t observations; /* that it counts */
    size_t joins;          /* how many had joined campaigns by then */
    struct named *named;   /* n of them, in order; fewer than it counts where not all were kept */
    size_t n, cap;
};

/* evidence_pass: read the captures and write the files of n findings into dir; sets `found` and the
 * numbers of packets. */
int evidence_pass(const char *dir, struct subject *subjects, size_t n,
                  const struct evidence_run *run, uint64_t *written, struct diags *diags);
/* The most findings of one pass: each has a file open. */
#define EVIDENCE_PASS 128

/* evidence_path: of a finding's file; false where the path is too long. */
bool evidence_path(char *out, size_t room, const char *dir, const char *finding);

#endif
