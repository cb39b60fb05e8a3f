/* The gates. Each narrows what is claimed before it refuses: assets that its question answers
 * against are left out of the finding, and only when none is left does the gate fail. */
#include "correlate/gates.h"

#include "base/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const gate_result_names[3] = {
    [GATE_HELD] = "held", [GATE_FAILED] = "failed", [GATE_NOT_DECIDABLE] = "not-decidable"};

#define WHY_ROOM 160
#define WHY(...) say(why, __VA_ARGS__)

/* say: a reason in words, cut where there is no more room. */
__attribute__((format(printf, 2, 3))) static void say(char *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, WHY_ROOM, format, args);
    va_end(args);
}

const struct gate *gates_demand(const struct match_clause *clause, enum gate_kind kind)
{
    for (unsigned i = 0; i < clause->n_gates; i++)
        if (clause->gates[i].kind == kind)
            return &clause->gates[i];
    return NULL;
}

static const struct asset *asset_of(const struct unit *unit, const struct revision_asset *seen)
{
    const struct asset *assets;
    accord_assets(unit->accord, &assets);
    return &assets[seen->asset];
}

/* narrow: keep the assets for which keep() says so, unless that leaves none. Returns how many it
 * keeps. */
static unsigned narrow(struct unit *unit,
                       bool (*keep)(const struct unit *, const struct revision_asset *))
{
    struct revision_asset kept[REVISION_ASSETS], left[REVISION_ASSETS];
    unsigned n_kept = 0, n_left = 0;
    for (unsigned i = 0; i < unit->n_assets; i++) {
        if (keep(unit, &unit->assets[i]))
            kept[n_kept++] = unit->assets[i];
        else
            left[n_left++] = unit->assets[i];
    }
    if (n_kept) {
        memcpy(unit->assets, kept, n_kept * sizeof *kept);
        memcpy(unit->assets + n_kept, left, n_left * sizeof *left);
        unit->n_assets = n_kept;
    }
    return n_kept;
}

/* Two-way contact: without it anybody can have sent the packets under that address. */
static bool has_two_way(const struct unit *unit, const struct revision_asset *seen)
{
    (void)unit;
    return seen->two_way;
}

static enum gate_result judge_two_way(struct unit *unit, const struct gate *gate, char *why)
{
    (void)gate;
    unsigned before = unit->n_assets, n = narrow(unit, has_two_way);
    if (n == 0) {
        WHY("no asset was seen to answer the source in both directions; the source may be forged");
        return GATE_FAILED;
    }
    WHY("both directions acknowledged each other's data with %u of %u assets", n, before);
    return GATE_HELD;
}

static enum gate_result judge_clock(struct unit *unit, const struct gate *gate, char *why)
{
    char limit[TIME_TEXT_ROOM], error[TIME_TEXT_ROOM];
    uint64_t error_ns = unit->revision->time_error_ns;
    duration_format(limit, gate->at_most_ns);
    if (error_ns == TIME_ERROR_UNKNOWN) {
        WHY("the error of the clock is not known; at most %s is allowed", limit);
        return GATE_NOT_DECIDABLE;
    }
    bool held = error_ns <= (uint64_t)gate->at_most_ns;
    if (error_ns > INT64_MAX)
        WHY("the clock's error is larger than any allowed");
    else
        WHY("the clock's error is at most %s, %s is allowed",
            duration_format(error, (int64_t)error_ns), limit);
    return held ? GATE_HELD : GATE_FAILED;
}

/* Operator. An asset is left out only when every source of the incident is registered for it. */
static bool is_operator(const struct asset *asset, const struct address *source)
{
    for (unsigned i = 0; i < asset->n_operators; i++)
        if (prefix_holds(&asset->operators[i], source))
            return true;
    return false;
}

static bool all_operators(const struct unit *unit, const struct revision_asset *seen)
{
    const struct revision *r = unit->revision;
    const struct asset *asset = asset_of(unit, seen);
    if (r->sources_total > r->n_sources || r->n_sources == 0)
        return is_operator(asset, &unit->source) && r->sources_total <= 1;
    for (unsigned i = 0; i < r->n_sources; i++)
        if (!is_operator(asset, &r->sources[i]))
            return false;
    return true;
}
static bool not_all_operators(const struct unit *unit, const struct revision_asset *seen)
{
    return !all_operators(unit, seen);
}

/* The pivot case (`unless`): somebody came into an operator's station, and then it sent commands.
 * That is an incident of its own whose sources are both; it holds the commands since then, so that
 * what the operator did before is no part of it. `within` is from the session to the first command.
 */
static bool is_pivot(const struct unit *unit, const struct gate *gate)
{
    return gate->unless && strcmp(unit->correlation, gate->unless) == 0;
}

static enum gate_result judge_pivot(const struct unit *unit, const struct gate *gate, char *why)
{
    char within[TIME_TEXT_ROOM], after[TIME_TEXT_ROOM], source[ADDRESS_TEXT_ROOM];
    int64_t first = INT64_MAX;
    for (unsigned i = 0; i < unit->n_assets; i++)
        if (unit->assets[i].first_ns[0] < first)
            first = unit->assets[i].first_ns[0];
    bool soon = first - unit->revision->first_ns <= gate->unless_within_ns;
    WHY("%s came into an operator's station, which sent a command %s later; within %s counts",
        address_format(source, &unit->source),
        duration_format(after, first - unit->revision->first_ns),
        duration_format(within, gate->unless_within_ns));
    return soon ? GATE_HELD : GATE_FAILED;
}

static enum gate_result judge_operator(struct unit *unit, const struct gate *gate, char *why)
{
    char source[ADDRESS_TEXT_ROOM], exception[80] = "";
    if (is_pivot(unit, gate))
        return judge_pivot(unit, gate, why);
    address_format(source, &unit->source);
    if (gate->unless && definition_find(unit->definitions, gate->unless) < 0)
        snprintf(exception, sizeof exception, "; %.40s is not in this build", gate->unless);
    unsigned before = unit->n_assets;
    unsigned n = narrow(unit, gate->registered ? all_operators : not_all_operators);
    if (gate->registered) {
        WHY("%s is %s operator%s", source, n ? "a registered" : "no registered", exception);
        return n ? GATE_HELD : GATE_FAILED;
    }
    if (n == 0)
        WHY("%s is the registered operator of what it reached%s", source, exception);
    else if (n < before)
        WHY("%s is no registered operator of %u of %u assets%s", source, n, before, exception);
    else
        WHY("%s is no registered operator of what it reached%s", source, exception);
    return n ? GATE_HELD : GATE_FAILED;
}

/* Independent evidence: observation points that told of one and the same act; two rules on the same
 * packets count once. Where two-way contact is demanded, points that did not see it count for
 * nothing. Hosts' logs are not read in this build. */
static unsigned points_of(const struct unit *unit, const struct revision_asset *seen)
{
    return seen->points[gates_demand(unit->clause, GATE_TWO_WAY_CONTACT) != NULL];
}

static bool is_independent(const struct unit *unit, const struct revision_asset *seen)
{
    return points_of(unit, seen) >=
           gates_demand(unit->clause, GATE_INDEPENDENT_EVIDENCE)->independent;
}

static enum gate_result judge_independent(struct unit *unit, const struct gate *gate, char *why)
{
    unsigned most = 0, before = unit->n_assets;
    bool told = false;
    for (unsigned i = 0; i < before; i++) {
        unsigned points = points_of(unit, &unit->assets[i]);
        most = points > most ? points : most;
        told = told || unit->assets[i].points[0];
    }
    if (!told && gate->independent > 1) {
        WHY("%u asked for, and observation points were not told apart; no host's log is read",
            gate->independent);
        return GATE_NOT_DECIDABLE;
    }
    if (gate->independent <= 1) {
        WHY("one observation point saw it, and one is asked for");
        return GATE_HELD;
    }
    bool derived = definition_level(unit->definitions, unit->revision->definition) > 0;
    if (most < gate->independent && derived) {
        WHY("%u asked for; what a correlation over others takes is of one observation point",
            gate->independent);
        return GATE_NOT_DECIDABLE;
    }
    unsigned n = narrow(unit, is_independent);
    if (n)
        WHY("%u observation points saw the same act, with %u of %u assets", gate->independent, n,
            before);
    else
        WHY("%u of %u observation points saw the same act; two rules on the same packets count "
            "once, no host's log is read",
            most, gate->independent);
    return n ? GATE_HELD : GATE_FAILED;
}

/* Selectivity. */

double hypergeometric_tail(uint64_t population, uint64_t marked, uint64_t drawn, uint64_t k)
{
    if (k == 0)
        return 1;
    if (marked > population || drawn > population || k > marked || k > drawn)
        return 0;
    uint64_t unmarked = population - marked;
    /* The least k that is possible at all: with fewer, too many would have to be unmarked. */
    uint64_t least = drawn > unmarked ? drawn - unmarked : 0;
    if (k <= least)
        return 1;
    int sign;
#define LOG_CHOOSE(n, m)                                                   \
    (lgamma_r((double)(n) + 1, &sign) - lgamma_r((double)(m) + 1, &sign) - \
     lgamma_r((double)((n) - (m)) + 1, &sign))
    double term = 1, sum = 1;
    double first =
        LOG_CHOOSE(marked, k) + LOG_CHOOSE(unmarked, drawn - k) - LOG_CHOOSE(population, drawn);
#undef LOG_CHOOSE
    /* From one term to the next the ratio is exact; only the first needs logarithms. */
    for (uint64_t i = k; i < marked && i < drawn; i++) {
        term *= (double)(marked - i) / (double)(i + 1) *
                ((double)(drawn - i) / (double)(unmarked - drawn + i + 1));
        sum += term;
        if (term < sum * 1e-17)
            break;
    }
    double tail = exp(first + log(sum));
    return tail > 1 ? 1 : tail;
}

static bool is_counted(const struct accord *a, const struct prefix *network)
{
    const struct prefix *space;
    unsigned n = accord_monitored(a, &space);
    if (network->len < 96 || !address_is_v4(&network->address))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (space[i].len <= network->len && prefix_holds(&space[i], &network->address))
            return true;
    return false;
}

int selectivity_space_init(struct selectivity_space *space, const struct accord *a,
                           const struct accord_line *line)
{
    const struct asset *assets;
    unsigned n = accord_assets(a, &assets);
    struct prefix_map *map = prefix_map_create();
    *space = (struct selectivity_space){.counts = calloc(n + 1, sizeof *space->counts)};
    if (!map || !space->counts)
        goto nomem;
    for (unsigned i = 0; i < n; i++) {
        bool counts = line->sectors & 1u << assets[i].sector &&
                      (!line->published_only || assets[i].published);
        for (unsigned j = 0; j < assets[i].n_networks; j++)
            counts = counts && is_counted(a, &assets[i].networks[j]);
        space->counts[i] = counts;
        for (unsigned j = 0; counts && j < assets[i].n_networks; j++)
            if (prefix_map_add(map, &assets[i].networks[j], i) == ERR_NOMEM)
                goto nomem;
    }
    space->monitored = accord_monitored_addresses(a);
    space->protected = prefix_map_addresses(map);
    prefix_map_destroy(map);
    return 0;
nomem:
    if (map)
        prefix_map_destroy(map);
    selectivity_space_free(space);
    return ERR_NOMEM;
}

void selectivity_space_free(struct selectivity_space *space)
{
    free(space->counts);
    *space = (struct selectivity_space){0};
}

static enum gate_result judge_selectivity(struct unit *unit, const struct gate *gate, char *why)
{
    const struct revision *r = unit->revision;
    const struct selectivity_space *space = unit->space;
    uint64_t population = space->monitored, marked = space->protected, drawn = r->targets_monitored,
             k = 0;
    if (population == UINT64_MAX) {
        WHY("the monitored space cannot be counted");
        return GATE_NOT_DECIDABLE;
    }
    if (population - marked < gate->control_addresses) {
        WHY("only %lu monitored addresses are not protected, %u are needed to compare with",
            (unsigned long)(population - marked), gate->control_addresses);
        return GATE_NOT_DECIDABLE;
    }
    for (unsigned i = 0; i < r->n_assets; i++)
        if (space->counts[r->assets[i].asset])
            k += r->assets[i].addresses;
    /* Both numbers may be lower bounds, and of k no more can be than was drawn or is there. */
    bool inexact = r->targets_inexact || r->assets_total > r->n_assets;
    k = k < drawn ? k : drawn;
    k = k < marked ? k : marked;
    if (drawn < gate->touched) {
        WHY("%lu of %lu monitored addresses were touched, %u are asked for", (unsigned long)drawn,
            (unsigned long)population, gate->touched);
        return GATE_FAILED;
    }
    double expected = (double)drawn * (double)marked / (double)population;
    double lift = expected > 0 ? (double)k / expected : 0;
    double chance = hypergeometric_tail(population, marked, drawn, k);
    bool held = lift >= gate->lift && chance <= gate->chance_at_most;
    WHY("%lu of %lu touched are protected, %lu of %lu monitored are: lift %.1f, chance %.1e%s",
        (unsigned long)k, (unsigned long)drawn, (unsigned long)marked, (unsigned long)population,
        lift, chance, inexact ? "; lower bounds" : "");
    return held ? GATE_HELD : GATE_FAILED;
}

/* Gates of every line. */

static bool has_own_address(const struct unit *unit, const struct revision_asset *seen)
{
    return !asset_of(unit, seen)->shared;
}

static void add(struct gate_outcome *out, unsigned *n, const char *name, enum gate_result result,
                const char *why)
{
    out[*n] = (struct gate_outcome){.name = name, .result = result};
    snprintf(out[(*n)++].why, WHY_ROOM, "%s", why);
}

typedef enum gate_result gate_judge(struct unit *, const struct gate *, char *why);
static gate_judge *const judges[GATE_KIND_COUNT] = {
    [GATE_TWO_WAY_CONTACT] = judge_two_way,
    [GATE_CLOCK_ERROR] = judge_clock,
    [GATE_OPERATOR] = judge_operator,
    [GATE_SELECTIVITY] = judge_selectivity,
    [GATE_INDEPENDENT_EVIDENCE] = judge_independent,
};

bool gates_judge(struct unit *unit, struct gate_outcome out[FINDING_GATES_MAX], unsigned *n)
{
    *n = 0;
    if (!accord_in_force(unit->accord, unit->revision->first_ns))
        add(out, n, "in-force", GATE_FAILED,
            "the accord was not in force when the first act began");
    if (narrow(unit, has_own_address) == 0)
        add(out, n, "shared-address", GATE_NOT_DECIDABLE,
            "the address is shared, and no name of the asset was compared");
    /* Who operates narrows first: two-way contact with one's own equipment shows nothing on
     * others'. */
    static const uint8_t turns[GATE_KIND_COUNT] = {GATE_OPERATOR, GATE_TWO_WAY_CONTACT,
                                                   GATE_CLOCK_ERROR, GATE_SELECTIVITY,
                                                   GATE_INDEPENDENT_EVIDENCE};
    for (unsigned i = 0; i < GATE_KIND_COUNT; i++) {
        const struct gate *gate = gates_demand(unit->clause, turns[i]);
        char why[WHY_ROOM] = "";
        if (gate) {
            enum gate_result result = judges[gate->kind](unit, gate, why);
            add(out, n, gate_names[gate->kind], result, why);
        }
    }
    bool held = true;
    for (unsigned i = 0; i < *n; i++)
        held = held && out[i].result == GATE_HELD;
    return held;
}
