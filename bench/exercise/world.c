/* The world as two tables. */
#include "bench/exercise/world.h"

static const struct {
    uint32_t first, hosts;
    uint16_t port;
} places[WORLD_PLACES] = {
#define X(name, first, hosts, port) {first, hosts, port},
    WORLD_TABLE(X)
#undef X
};

static const struct {
    uint32_t first, size;
} monitored[] = {
    {V4(10, 20, 0, 0), 1u << 16},
    {V4(10, 30, 0, 0), 1u << 16},
    {V4(192, 0, 2, 0), 1u << 8},
};
enum { MONITORED = sizeof monitored / sizeof *monitored };

uint32_t world_host(enum world_place place, uint32_t n)
{
    return places[place].first + n;
}

uint32_t world_hosts(enum world_place place)
{
    return places[place].hosts;
}

enum world_answer world_answer(uint32_t address, uint16_t port)
{
    for (int i = 0; i < WORLD_PLACES; i++)
        if (address - places[i].first < places[i].hosts)
            return port == places[i].port ? WORLD_OPEN : WORLD_CLOSED;
    return WORLD_NOBODY;
}

uint32_t world_monitored(uint32_t n)
{
    int i = 0;
    for (; i < MONITORED - 1 && n >= monitored[i].size; i++)
        n -= monitored[i].size;
    return monitored[i].first + n;
}

uint32_t world_monitored_size(void)
{
    uint32_t size = 0;
    for (int i = 0; i < MONITORED; i++)
        size += monitored[i].size;
    return size;
}
