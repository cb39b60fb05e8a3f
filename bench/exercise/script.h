/* The script of an exercise: actors that make frames, and a record of who did what when.
 *
 * Every actor draws from a stream of its own and touches nothing of another, so leaving some out
 * changes no frame of the rest.
 */
#ifndef BENCH_EXERCISE_SCRIPT_H
#define BENCH_EXERCISE_SCRIPT_H

#include "base/text.h"
#include "bench/exercise/frames.h"
#include "bench/exercise/random.h"

#include <stdbool.h>
#include <stdint.h>

#define ACTOR_ADDRESSES 16
#define ACTORS_MAX      32

/* One actor. `name` and `role` are literals. */
struct actor {
    const char *name, *role;
    uint32_t addresses[ACTOR_ADDRESSES];
    uint32_t n_addresses;
    int64_t from, to; /* ns since 1970: its first and last frame */
};

/* Something an actor did to one target. `what` is a literal. */
struct act {
    uint32_t actor; /* index into script.actors */
    const char *what;
    uint32_t target;
    uint16_t port;
    int64_t begin, end; /* ns since 1970 */
};

/* Owns the events and the acts. Zero-initialise with seed, start and end; script_free when done. */
struct script {
    uint64_t seed;
    int64_t start, end; /* ns since 1970; no actor acts outside */
    struct events events;
    struct actor actors[ACTORS_MAX];
    uint32_t n_actors;
    struct act *acts;
    size_t n_acts, cap_acts;
    bool failed; /* out of memory, as events.failed */
};

void script_free(struct script *script);

/* What an actor's function gets. */
struct stage {
    struct script *script;
    struct actor *self;
    struct random random;
};

/* A row of a cast. */
struct role {
    const char *name, *role;
    void (*play)(struct stage *stage);
};

/* script_play: let one actor play and record it; the n-th call is the n-th actor of the truth. */
void script_play(struct script *script, const struct role *role);

/* For the actors. */
/* stage_minutes: a time between two, in minutes since the start. */
int64_t stage_minutes(struct stage *stage, int64_t from, int64_t to);
void stage_address(struct stage *stage, uint32_t address);
void stage_act(struct stage *stage, const char *what, uint32_t target, uint16_t port, int64_t begin,
               int64_t end);

/* script_truth: the truth as JSON with a line break at its end. */
void script_truth(const struct script *script, const char *exercise, bool benign, struct text *out);

/* The casts of the grid exercise, those of sessions apart; each ends with a row without a name. */
extern const struct role grid_background[], grid_background_sessions[];
extern const struct role grid_hostile[], grid_hostile_sessions[];

#endif
