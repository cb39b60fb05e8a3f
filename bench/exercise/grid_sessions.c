/* The casts of the grid exercise that log in somewhere. Whoever means harm has a twin who does the
 * same and means none: guessers of passwords, and staff who mistype theirs; an intruder who
 * commands through an operator's station, and an operator who visits it from another. */
#include "bench/exercise/http_talk.h"
#include "bench/exercise/modbus_talk.h"
#include "bench/exercise/rdp_talk.h"
#include "bench/exercise/script.h"
#include "bench/exercise/ssh_talk.h"
#include "bench/exercise/world.h"

#define STAFF "analyst"
#define ADMIN "admin"

enum {
    OUTSIDE_DELAY_MS = 14,
    LAN_DELAY_US = 400,
    STAND_BY = 1, /* of WORLD_SUBSTATION_OPERATORS: the station that is entered */
};

/* A conversation with the portal of the response team. */
static struct conversation to_portal(struct stage *stage, int64_t at, uint32_t self, uint16_t port)
{
    struct conversation c = conversation_between(&stage->script->events, &stage->random, at, self,
                                                 world_host(WORLD_PORTAL, 0), port);
    c.delay = OUTSIDE_DELAY_MS * NS_PER_MS;
    conversation_open(&c);
    return c;
}

/* One SSH connection: some wrong passwords, and maybe the right one, a little work and farewell.
 * Returns the time of its end. */
static int64_t log_in_by_ssh(struct stage *stage, int64_t at, uint32_t self, const char *user,
                             int64_t wrong, bool right)
{
    struct conversation c = to_portal(stage, at, self, SSH_PORT);
    int64_t began = ssh_begin(&c);
    for (; wrong; wrong--) {
        ssh_try(&c, user, false);
        conversation_wait(&c, random_between(&stage->random, 100, 900) * NS_PER_MS);
    }
    if (right) {
        ssh_try(&c, user, true);
        ssh_shell(&c);
        ssh_type(&c);
    }
    conversation_close(&c, CLIENT);
    stage_act(stage, "ssh-login", c.path[CLIENT].to, SSH_PORT, began, c.now);
    return c.now;
}

static void log_in_by_http(struct stage *stage, struct conversation *c, const char *user,
                           bool right)
{
    int64_t asked = http_ask(c, user, right);
    stage_act(stage, "http-login", c->path[CLIENT].to, HTTP_PORT, asked, c->now);
}

static void play_ssh_guesser(struct stage *stage)
{
    struct random *r = &stage->random;
    uint32_t self = V4(203, 0, 113, 210) + (uint32_t)random_below(r, 8);
    stage_address(stage, self);
    int64_t at = stage_minutes(stage, 23, 24);
    for (int64_t connections = random_between(r, 11, 14); connections; connections--)
        at = log_in_by_ssh(stage, at, self, ADMIN, random_between(r, 1, 3), false) +
             random_between(r, NS_PER_S, 4 * NS_PER_S);
}

/* Several guesses in each of a few connections. */
static void play_http_guesser(struct stage *stage)
{
    struct random *r = &stage->random;
    uint32_t self = V4(198, 51, 100, 40) + (uint32_t)random_below(r, 10);
    stage_address(stage, self);
    int64_t at = stage_minutes(stage, 18, 19);
    for (int64_t connections = random_between(r, 3, 4); connections; connections--) {
        struct conversation c = to_portal(stage, at, self, HTTP_PORT);
        for (int64_t guesses = random_between(r, 4, 7); guesses; guesses--) {
            log_in_by_http(stage, &c, ADMIN, false);
            conversation_wait(&c, random_between(r, 300, 2000) * NS_PER_MS);
        }
        conversation_close(&c, CLIENT);
        at = c.now + random_between(r, NS_PER_S, 4 * NS_PER_S);
    }
}

/* At home: gives up once, mistypes again, is let in; then the same with the page. */
static void play_staff(struct stage *stage)
{
    struct random *r = &stage->random;
    uint32_t self = V4(203, 0, 113, 140) + (uint32_t)random_below(r, 8);
    stage_address(stage, self);
    int64_t at = stage_minutes(stage, 8, 10);
    at = log_in_by_ssh(stage, at, self, STAFF, 3, false) + 5 * NS_PER_S;
    at = log_in_by_ssh(stage, at, self, STAFF, random_between(r, 1, 2), true);
    struct conversation c =
        to_portal(stage, at + random_between(r, 5, 60) * NS_PER_S, self, HTTP_PORT);
    http_ask(&c, NULL, false);
    for (int64_t wrong = random_between(r, 1, 3); wrong; wrong--) {
        conversation_wait(&c, random_between(r, 2, 9) * NS_PER_S);
        log_in_by_http(stage, &c, STAFF, false);
    }
    conversation_wait(&c, random_between(r, 2, 9) * NS_PER_S);
    log_in_by_http(stage, &c, STAFF, true);
    conversation_close(&c, CLIENT);
}

/* The ways into a station. `enter` is until somebody is let in, and returns the first data's time.
 */

static int64_t enter_by_ssh(struct conversation *c)
{
    int64_t began = ssh_begin(c);
    ssh_try(c, ADMIN, true);
    ssh_shell(c);
    ssh_type(c);
    return began;
}

static int64_t enter_by_rdp(struct conversation *c)
{
    return rdp_enter(c, ADMIN);
}

static const struct {
    const char *act;
    uint16_t port;
    int64_t (*enter)(struct conversation *c);
    void (*work)(struct conversation *c);
} ways[] = {
    {"ssh-login", SSH_PORT, enter_by_ssh, ssh_type},
    {"rdp-login", RDP_PORT, enter_by_rdp, rdp_work},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* Somebody enters the stand-by station and writes to an RTU from there, as long as he is in. */
static void command_through_station(struct stage *stage, int64_t at, uint32_t self, int64_t delay)
{
    struct random *r = &stage->random;
    uint32_t station = world_host(WORLD_SUBSTATION_OPERATORS, STAND_BY);
    uint32_t rtu =
        world_host(WORLD_SUBSTATION, (uint32_t)random_below(r, world_hosts(WORLD_SUBSTATION)));
    uint32_t way = (uint32_t)random_below(r, WAYS);
    struct conversation session =
        conversation_between(&stage->script->events, r, at, self, station, ways[way].port);
    session.delay = delay;
    conversation_open(&session);
    int64_t began = ways[way].enter(&session);
    ways[way].work(&session);
    struct modbus_talk talk =
        modbus_talk_with(&stage->script->events, r, session.now, station, rtu);
    talk.tcp.delay = LAN_DELAY_US * NS_PER_US;
    conversation_open(&talk.tcp);
    for (int64_t writes = random_between(r, 3, 6); writes; writes--) {
        ways[way].work(&session);
        talk.tcp.now = session.now;
        int64_t asked = modbus_write_any(&talk, (uint16_t)random_below(r, 64), MODBUS_DONE);
        stage_act(stage, "modbus-write", rtu, MODBUS_PORT, asked, talk.tcp.now);
        session.now = talk.tcp.now;
    }
    conversation_close(&talk.tcp, CLIENT);
    ways[way].work(&session);
    conversation_close(&session, CLIENT);
    stage_act(stage, ways[way].act, station, ways[way].port, began, session.now);
}

static void play_intruder_in_station(struct stage *stage)
{
    uint32_t self = V4(203, 0, 113, 230) + (uint32_t)random_below(&stage->random, 8);
    stage_address(stage, self);
    stage_address(stage, world_host(WORLD_SUBSTATION_OPERATORS, STAND_BY));
    command_through_station(stage, stage_minutes(stage, 34, 36), self,
                            OUTSIDE_DELAY_MS * NS_PER_MS);
}

static void play_visiting_operator(struct stage *stage)
{
    uint32_t self = world_host(WORLD_SUBSTATION_OPERATORS, 0);
    stage_address(stage, self);
    stage_address(stage, world_host(WORLD_SUBSTATION_OPERATORS, STAND_BY));
    command_through_station(stage, stage_minutes(stage, 2, 4), self, LAN_DELAY_US * NS_PER_US);
}

const struct role grid_background_sessions[] = {
    {"staff", "member of staff", play_staff},
    {"visiting-operator", "registered operator", play_visiting_operator},
    {NULL, NULL, NULL},
};

const struct role grid_hostile_sessions[] = {
    {"ssh-guesser", "guesser of passwords", play_ssh_guesser},
    {"http-guesser", "guesser of passwords", play_http_guesser},
    {"intruder-in-station", "intruder", play_intruder_in_station},
    {NULL, NULL, NULL},
};
