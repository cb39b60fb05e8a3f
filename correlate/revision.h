/* What the owner of a key tells the judge: a revision of an incident, or what was seen of the
 * assets in an interval. Plain data of fixed size, copied through a ring; rare. */
#ifndef CORRELATE_REVISION_H
#define CORRELATE_REVISION_H

#include "base/digest.h"
#include "correlate/definition.h"

#define REVISION_ASSETS  64 /* assets listed by name; more are only counted */
#define REVISION_SOURCES 16
#define REVISION_TARGETS 16

/* Rows: suffix, name, text. */
#define REVISION_WHYS(X)                                                                           \
    X(OPENED, "opened", "the correlation's condition was met for the first time")                  \
    X(DOUBLED, "doubled", "the number of observations or targets doubled")                         \
    X(BOUNDARY, "boundary", "the state at the end of an update interval")                          \
    X(ESCALATED, "escalated", "an answer more telling than those before")                          \
    X(CORROBORATED, "corroborated", "more observation points told of one of the acts than before") \
    X(MERGED, "merged", "incidents of the same source joined, and doubled what there was")         \
    X(CLOSED, "closed", "nothing more came for the quiet time")                                    \
    X(SUPERSEDED, "superseded", "the policy changed, and its correlation or accord with it")       \
    X(OPEN_AT_END, "open-at-end", "the input ended while it was open")

enum revision_why {
#define X(suffix, name, text) REVISION_##suffix,
    REVISION_WHYS(X)
#undef X
        REVISION_WHY_COUNT
};
extern const struct word revision_why_words[REVISION_WHY_COUNT];

struct revision_asset {
    uint16_t asset;
    uint8_t outcome[2]; /* worst (enum outcome): [0] of all, [1] of those with two-way contact */
    int64_t first_ns[2], last_ns[2]; /* when the first and the last act on it began; likewise */
    bool two_way;                    /* some observation had two-way contact */
    uint8_t points[2];  /* the most that told of one act on it; likewise; 0: not told */
    uint32_t count;     /* observations */
    uint32_t addresses; /* distinct addresses of the asset that were touched */
};

/* REVISION_POLICY: from here on the policy `generation` is in force; nothing else is said. */
enum revision_kind { REVISION_INCIDENT, REVISION_COVERAGE, REVISION_POLICY };

/* Names an incident, for who asks for the observations that were kept of it (correlator_kept). */
struct incident_ref {
    uint8_t level, key_shard;
    uint32_t number; /* within the two */
};

struct revision {
    struct order order;           /* place of this revision in the one order */
    uint8_t kind;                 /* enum revision_kind */
    uint8_t why;                  /* enum revision_why */
    uint8_t generation;           /* of the policy: what definition and assets are numbers of */
    uint16_t definition;          /* number of the correlation */
    uint32_t number;              /* of this incident's revisions, from 1 */
    struct incident_ref incident; /* of a campaign: of the incident that began it */
    uint32_t campaign;            /* the campaign's number from 1; 0: an incident by itself */
    struct group_key key;
    int64_t first_ns, last_ns;                 /* when the first and the last act began */
    uint64_t count;                            /* observations, one an act */
    uint64_t again;                            /* further ones of these acts, by other points */
    uint64_t by[CONTACT_COUNT][OUTCOME_COUNT]; /* the same by contact and outcome */
    uint64_t time_error_ns;                    /* largest; TIME_ERROR_UNKNOWN if any is unknown */
    uint8_t time_source;
    uint8_t protocols;          /* bit per enum protocol */
    uint32_t operations;        /* bit per enum operation */
    uint32_t targets;           /* distinct target addresses touched */
    uint32_t targets_monitored; /* those in the monitored space */
    bool targets_inexact;       /* more than are kept exactly: the two counts are lower bounds */
    bool window_inexact;        /* the window was bucketed */
    uint16_t n_assets, n_sources, n_targets; /* listed below */
    uint32_t assets_total;                   /* distinct assets touched, listed or not */
    uint32_t sources_total;
    struct revision_asset assets[REVISION_ASSETS]; /* in the order they were first touched */
    struct address sources[REVISION_SOURCES];
    struct address sample[REVISION_TARGETS]; /* first targets touched */
    uint16_t ports[8];                       /* first distinct target ports */
    uint16_t n_ports;
    uint8_t
        evidence[SHA256_BYTES]; /* chain over the observations, see evidence_chain in incident.c */

    /* REVISION_COVERAGE: one asset in one interval; first_ns and last_ns are the interval's bounds.
     */
    uint16_t coverage_asset;
    uint64_t coverage[COVERAGE_COUNT];
};

#endif
