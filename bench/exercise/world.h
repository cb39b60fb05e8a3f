/* The world of the grid exercise: who has which address, and what listens there.
 *
 * Documentation addresses (RFC 5737) stand for the outside and for a public service network.
 */
#ifndef BENCH_EXERCISE_WORLD_H
#define BENCH_EXERCISE_WORLD_H

#include <stddef.h>
#include <stdint.h>

#define V4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

/* Ranges of addresses whose hosts are up. Rows: name, first address, hosts, open port (0: none) of
 * those that scans and sweeps try. */
#define WORLD_TABLE(X)                                     \
    X(WORLD_SUBSTATION, V4(10, 20, 7, 11), 6, 502)         \
    X(WORLD_TELECONTROL, V4(10, 20, 7, 51), 2, 2404)       \
    X(WORLD_SUBSTATION_OPERATORS, V4(10, 20, 1, 10), 2, 0) \
    X(WORLD_PUMPING, V4(10, 30, 2, 11), 5, 502)            \
    X(WORLD_PUMPING_OPERATORS, V4(10, 30, 0, 5), 1, 0)     \
    X(WORLD_HOSPITAL, V4(10, 20, 60, 10), 6, 2575)         \
    X(WORLD_HOSPITAL_OPERATORS, V4(10, 20, 61, 1), 3, 0)   \
    X(WORLD_OFFICE, V4(10, 20, 100, 101), 12, 0)           \
    X(WORLD_NAME_SERVER, V4(10, 20, 100, 53), 1, 0)        \
    X(WORLD_PORTAL, V4(192, 0, 2, 40), 1, 80)              \
    X(WORLD_PUBLIC, V4(192, 0, 2, 80), 4, 80)              \
    X(WORLD_WEB, V4(203, 0, 113, 80), 1, 80)

enum world_place {
#define X(name, first, hosts, port) name,
    WORLD_TABLE(X)
#undef X
        WORLD_PLACES
};

/* What a SYN meets. */
enum world_answer { WORLD_NOBODY, WORLD_CLOSED, WORLD_OPEN };

/* world_host: the n-th address of a place (n below world_hosts). */
uint32_t world_host(enum world_place place, uint32_t n);
uint32_t world_hosts(enum world_place place);
enum world_answer world_answer(uint32_t address, uint16_t port);

/* world_monitored: the n-th address of the monitored space, over all of its networks. */
uint32_t world_monitored(uint32_t n);
uint32_t world_monitored_size(void);

#endif
