/* The hostile cast of the grid exercise: they come from outside, one after the other. */
#include "bench/exercise/iec104_talk.h"
#include "bench/exercise/modbus_talk.h"
#include "bench/exercise/script.h"
#include "bench/exercise/world.h"

enum {
    OUTSIDE_DELAY_MS = 14,
    SWEEP_EACH = 12, /* addresses of each of three networks, or one more */
    SWEEP_MAX = 48,
    RTU_WAIT_S = 15, /* what a patient client waits for an answer */
};

/* The place and the ports a sweep tries in it. */
static const struct {
    enum world_place place;
    uint32_t network;
    uint16_t ports[3];
} swept[] = {
    {WORLD_SUBSTATION, V4(10, 20, 7, 0), {502, 502, 80}},
    {WORLD_PUMPING, V4(10, 30, 2, 0), {502, 502, 80}},
    {WORLD_HOSPITAL, V4(10, 20, 60, 0), {2575, 2575, 443}},
};
enum { SWEPT = sizeof swept / sizeof *swept, NETWORK_HOSTS = 40 };

/* Hosts that are up and addresses nobody has, mixed: first some of the first, then of all. */
static uint32_t pick_targets(struct stage *stage, int which, uint32_t *out)
{
    uint32_t hosts[NETWORK_HOSTS];
    for (uint32_t i = 0; i < NETWORK_HOSTS; i++)
        hosts[i] = swept[which].network + i + 1;
    random_shuffle(&stage->random, hosts, NETWORK_HOSTS);
    uint32_t n = SWEEP_EACH + (uint32_t)random_below(&stage->random, 2), chosen = 0;
    uint32_t up = (uint32_t)random_between(&stage->random, 3, 5);
    for (uint32_t i = 0; i < NETWORK_HOSTS && up; i++)
        if (world_answer(hosts[i], swept[which].ports[0]) == WORLD_OPEN) {
            out[chosen++] = hosts[i];
            hosts[i] = 0;
            up--;
        }
    for (uint32_t i = 0; i < NETWORK_HOSTS && chosen < n; i++)
        if (hosts[i])
            out[chosen++] = hosts[i];
    return chosen;
}

static void touch(struct stage *stage, int64_t at, uint32_t self, uint32_t target, uint16_t port)
{
    struct conversation c =
        conversation_between(&stage->script->events, &stage->random, at, self, target, port);
    c.delay = OUTSIDE_DELAY_MS * NS_PER_MS;
    switch (world_answer(target, port)) {
    case WORLD_OPEN:
        conversation_probed(&c);
        break;
    case WORLD_CLOSED:
        conversation_refused(&c);
        break;
    case WORLD_NOBODY:
        conversation_unanswered(&c, (unsigned)random_below(&stage->random, 2));
        break;
    }
    stage_act(stage, "tcp-syn", target, port, at, c.now);
}

static void play_sweep(struct stage *stage)
{
    struct random *r = &stage->random;
    uint32_t self = V4(198, 51, 100, 20) + (uint32_t)random_below(r, 10);
    stage_address(stage, self);
    struct {
        uint32_t address;
        uint16_t port;
    } targets[SWEEP_MAX];
    uint32_t order[SWEEP_MAX], n = 0;
    for (int i = 0; i < SWEPT; i++) {
        uint32_t picked[SWEEP_EACH + 1], n_picked = pick_targets(stage, i, picked);
        for (uint32_t j = 0; j < n_picked; j++, n++) {
            targets[n].address = picked[j];
            targets[n].port = swept[i].ports[random_below(r, 3)];
        }
    }
    /* One or two elsewhere. */
    for (uint64_t others = 1 + random_below(r, 2); others; others--, n++) {
        targets[n].address =
            V4(10, 20, 100, 120) + 10 * (uint32_t)others + (uint32_t)random_below(r, 10);
        targets[n].port = 502;
    }
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    random_shuffle(r, order, n);
    /* Nothing lasts longer than a retry, so the last SYN leaves room for it. */
    int64_t at = stage_minutes(stage, 5, 8);
    int64_t step = random_between(r, 6 * NS_PER_MIN, 7 * NS_PER_MIN) / n;
    for (uint32_t i = 0; i < n; i++)
        touch(stage, at + i * step + random_between(r, 0, step - 1), self,
              targets[order[i]].address, targets[order[i]].port);
}

static struct modbus_talk talk_to(struct stage *stage, int64_t at, uint32_t self, uint32_t rtu)
{
    struct modbus_talk talk =
        modbus_talk_with(&stage->script->events, &stage->random, at, self, rtu);
    talk.tcp.delay = OUTSIDE_DELAY_MS * NS_PER_MS;
    return talk;
}

/* One write of a kind drawn by lot. */
static void write_something(struct stage *stage, struct modbus_talk *talk,
                            enum modbus_outcome outcome)
{
    struct random *r = &stage->random;
    uint16_t where = (uint16_t)random_below(r, 64);
    conversation_wait(&talk->tcp, random_between(r, NS_PER_S, 4 * NS_PER_S));
    int64_t at = modbus_write_any(talk, where, outcome);
    stage_act(stage, "modbus-write", talk->tcp.path[CLIENT].to, MODBUS_PORT, at, talk->tcp.now);
}

static void read_some(struct stage *stage, struct modbus_talk *talk)
{
    for (int64_t n = random_between(&stage->random, 2, 4); n; n--) {
        conversation_wait(&talk->tcp, random_between(&stage->random, NS_PER_S, 3 * NS_PER_S));
        modbus_read(talk, 0, MODBUS_WORDS_MAX, MODBUS_DONE);
    }
}

/* Reads, then writes; one or two are refused, the rest is carried out. */
static void play_commander(struct stage *stage)
{
    struct random *r = &stage->random;
    uint32_t self = V4(198, 51, 100, 70) + (uint32_t)random_below(r, 10);
    stage_address(stage, self);
    int64_t at = stage_minutes(stage, 17, 18);
    uint32_t rtus = world_hosts(WORLD_SUBSTATION);
    uint32_t first = (uint32_t)random_below(r, rtus), talks = 1 + (uint32_t)random_below(r, 2);
    for (uint32_t i = 0; i < talks; i++) {
        struct modbus_talk talk =
            talk_to(stage, at, self, world_host(WORLD_SUBSTATION, (first + i) % rtus));
        conversation_open(&talk.tcp);
        read_some(stage, &talk);
        uint32_t writes = (uint32_t)random_between(r, 4, 7);
        uint32_t refused = 1 + (uint32_t)random_below(r, writes - 1);
        for (uint32_t w = 0; w < writes; w++)
            write_something(stage, &talk, w == refused ? MODBUS_NO_ADDRESS : MODBUS_DONE);
        conversation_close(&talk.tcp, CLIENT);
        at = talk.tcp.now + random_between(r, 5 * NS_PER_S, 20 * NS_PER_S);
    }
}

static void play_refused_commander(struct stage *stage)
{
    static const enum modbus_outcome refusals[] = {MODBUS_NO_FUNCTION, MODBUS_NO_ADDRESS,
                                                   MODBUS_NO_VALUE, MODBUS_DEVICE_FAILED};
    struct random *r = &stage->random;
    uint32_t self = V4(198, 51, 100, 130) + (uint32_t)random_below(r, 10);
    stage_address(stage, self);
    uint32_t rtu = (uint32_t)random_below(r, world_hosts(WORLD_PUMPING));
    struct modbus_talk talk =
        talk_to(stage, stage_minutes(stage, 21, 23), self, world_host(WORLD_PUMPING, rtu));
    conversation_open(&talk.tcp);
    for (int64_t writes = random_between(r, 3, 6); writes; writes--)
        write_something(stage, &talk, refusals[random_below(r, 4)]);
    conversation_close(&talk.tcp, CLIENT);
}

/* TCP takes the writes, the RTU says nothing; the client waits, then leaves. */
static void play_unheard_commander(struct stage *stage)
{
    struct random *r = &stage->random;
    uint32_t self = V4(198, 51, 100, 180) + (uint32_t)random_below(r, 10);
    stage_address(stage, self);
    uint32_t rtu = (uint32_t)random_below(r, world_hosts(WORLD_SUBSTATION));
    struct modbus_talk talk =
        talk_to(stage, stage_minutes(stage, 26, 28), self, world_host(WORLD_SUBSTATION, rtu));
    conversation_open(&talk.tcp);
    for (int64_t writes = random_between(r, 2, 3); writes; writes--)
        write_something(stage, &talk, MODBUS_SILENT);
    conversation_wait(&talk.tcp, random_between(r, RTU_WAIT_S + 1, RTU_WAIT_S + 10) * NS_PER_S);
    conversation_close(&talk.tcp, CLIENT);
}

/* A select is no command yet; what follows is. */
static void command_something(struct stage *stage, struct iec104_talk *talk,
                              enum iec104_outcome outcome)
{
    struct random *r = &stage->random;
    uint32_t object = 2000 + (uint32_t)random_below(r, 8);
    bool on = random_one_in(r, 2);
    conversation_wait(&talk->tcp, random_between(r, NS_PER_S, 4 * NS_PER_S));
    if (outcome == IEC104_DONE) {
        iec104_select(talk, object, on, IEC104_DONE);
        conversation_wait(&talk->tcp, random_between(r, 200, 800) * NS_PER_MS);
    }
    int64_t at = iec104_execute(talk, object, on, outcome);
    stage_act(stage, "iec104-command", talk->tcp.path[CLIENT].to, IEC104_PORT, at, talk->tcp.now);
}

/* Looks at what the station has, then switches; one command is refused, the last not answered. */
static void play_telecontrol_commander(struct stage *stage)
{
    struct random *r = &stage->random;
    uint32_t self = V4(198, 51, 100, 230) + (uint32_t)random_below(r, 10);
    stage_address(stage, self);
    uint32_t station = (uint32_t)random_below(r, world_hosts(WORLD_TELECONTROL));
    struct iec104_talk talk =
        iec104_talk_with(&stage->script->events, r, stage_minutes(stage, 29, 31), self,
                         world_host(WORLD_TELECONTROL, station));
    talk.tcp.delay = OUTSIDE_DELAY_MS * NS_PER_MS;
    conversation_open(&talk.tcp);
    iec104_start(&talk);
    iec104_interrogate(&talk);
    for (int64_t done = random_between(r, 2, 4); done; done--)
        command_something(stage, &talk, IEC104_DONE);
    command_something(stage, &talk, random_one_in(r, 2) ? IEC104_NEGATIVE : IEC104_NO_OBJECT);
    command_something(stage, &talk, IEC104_SAYS_NOTHING);
    conversation_wait(&talk.tcp, random_between(r, RTU_WAIT_S + 5, RTU_WAIT_S + 15) * NS_PER_S);
    conversation_close(&talk.tcp, CLIENT);
}

static void play_forger(struct stage *stage)
{
    uint32_t self = V4(203, 0, 113, 200), target = V4(10, 20, 7, 20);
    stage_address(stage, self);
    struct modbus_talk talk = talk_to(stage, stage_minutes(stage, 32, 35), self, target);
    int64_t at = modbus_forged_write(&talk, (uint16_t)random_below(&stage->random, 64),
                                     (uint16_t)random_below(&stage->random, 4096));
    stage_act(stage, "modbus-write", target, MODBUS_PORT, at, at);
}

const struct role grid_hostile[] = {
    {"sweep", "reconnaissance", play_sweep},
    {"commander", "intruder", play_commander},
    {"refused-commander", "intruder", play_refused_commander},
    {"unheard-commander", "intruder", play_unheard_commander},
    {"forger", "forger of segments", play_forger},
    {"telecontrol-commander", "intruder", play_telecontrol_commander},
    {NULL, NULL, NULL},
};
