/* The background cast of the grid exercise: offices, control rooms, a hospital, and a scanner that
 * tries all of the monitored space alike. */
#include "bench/exercise/iec104_talk.h"
#include "bench/exercise/modbus_talk.h"
#include "bench/exercise/script.h"
#include "bench/exercise/world.h"

#include "base/bytes.h"

#include <stdio.h>

enum {
    LAN_DELAY_US = 400,
    WAN_DELAY_MS = 9,
    DNS_PORT = 53,
    HTTP_PORT = 80,
    HL7_PORT = 2575,
    LAST_S = 45, /* what is begun this long before the end is over in time */
};

static bool is_late(const struct stage *stage, int64_t ns)
{
    return ns >= stage->script->end - LAST_S * NS_PER_S;
}

/* A DNS message head, one question (RFC 1035, 4.1) and, in an answer, one address. */
static size_t dns_message(uint8_t *out, uint16_t id, bool answer, const char *const *labels,
                          uint32_t address)
{
    uint8_t *p = out + 12;
    memset(out, 0, 12);
    store_be16(out, id);
    store_be16(out + 2, answer ? 0x8180 : 0x0100);
    store_be16(out + 4, 1);
    store_be16(out + 6, answer);
    for (; *labels; labels++) {
        size_t len = strlen(*labels);
        *p++ = (uint8_t)len;
        memcpy(p, *labels, len);
        p += len;
    }
    *p++ = 0;
    store_be16(p, 1); /* A */
    store_be16(p + 2, 1);
    p += 4;
    if (answer) {
        store_be16(p, 0xc00c); /* the name of the question */
        store_be16(p + 2, 1);
        store_be16(p + 4, 1);
        store_be32(p + 6, 300);
        store_be16(p + 10, 4);
        store_be32(p + 12, address);
        p += 16;
    }
    return (size_t)(p - out);
}

static int64_t look_up(struct stage *stage, int64_t at, uint32_t client)
{
    static const char *const names[][4] = {{"www", "example", "net", NULL},
                                           {"shop", "example", "org", NULL},
                                           {"news", "example", "com", NULL},
                                           {"weather", "example", "net", NULL}};
    struct random *r = &stage->random;
    const char *const *name = names[random_below(r, 4)];
    uint32_t server = world_host(WORLD_NAME_SERVER, 0);
    uint16_t port = (uint16_t)random_between(r, 32768, 60999), id = (uint16_t)random_next(r);
    struct frame_path out = {client, server, port, DNS_PORT, (uint16_t)random_next(r)};
    struct frame_path back = {server, client, DNS_PORT, port, (uint16_t)random_next(r)};
    uint8_t message[64];
    size_t len = dns_message(message, id, false, name, 0);
    frame_udp(&stage->script->events, at, &out, message, len);
    at += random_between(r, 300, 2000) * NS_PER_US;
    len = dns_message(message, id, true, name, world_host(WORLD_WEB, 0));
    frame_udp(&stage->script->events, at, &back, message, len);
    return at + random_between(r, 200, 900) * NS_PER_US;
}

static int64_t browse(struct stage *stage, int64_t at, uint32_t client)
{
    struct random *r = &stage->random;
    struct conversation c = conversation_between(&stage->script->events, r, at, client,
                                                 world_host(WORLD_WEB, 0), HTTP_PORT);
    c.delay = WAN_DELAY_MS * NS_PER_MS;
    conversation_open(&c);
    char text[256], body[FRAME_PAYLOAD_MAX * 5];
    for (int64_t pages = random_between(r, 1, 3); pages; pages--) {
        int len =
            snprintf(text, sizeof text, "GET /page/%u HTTP/1.1\r\nHost: www.example.net\r\n\r\n",
                     (unsigned)random_below(r, 1000));
        conversation_send(&c, CLIENT, text, (size_t)len);
        conversation_ack(&c, SERVER);
        size_t body_len = (size_t)random_between(r, 200, sizeof body - 1);
        memset(body, 'x', body_len);
        len = snprintf(text, sizeof text,
                       "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
                       body_len);
        conversation_send(&c, SERVER, text, (size_t)len);
        conversation_send(&c, SERVER, body, body_len);
        conversation_ack(&c, CLIENT);
        conversation_wait(&c, random_between(r, 200, 3000) * NS_PER_MS);
    }
    conversation_close(&c, CLIENT);
    return c.now;
}

static void play_office(struct stage *stage)
{
    struct random *r = &stage->random;
    for (uint32_t i = 0; i < world_hosts(WORLD_OFFICE); i++) {
        uint32_t self = world_host(WORLD_OFFICE, i);
        stage_address(stage, self);
        int64_t at = stage->script->start + random_between(r, 0, 60 * NS_PER_S);
        while (!is_late(stage, at)) {
            at = browse(stage, look_up(stage, at, self), self);
            at += random_between(r, 30 * NS_PER_S, 90 * NS_PER_S);
        }
    }
}

/* One RTU polled for the whole time, in sessions that last long; a write now and then. */
static void poll_rtu(struct stage *stage, uint32_t self, uint32_t rtu)
{
    struct random *r = &stage->random;
    int64_t at = stage->script->start + random_between(r, 0, 5 * NS_PER_S);
    uint16_t first = (uint16_t)random_below(r, 32);
    while (!is_late(stage, at)) {
        struct modbus_talk talk = modbus_talk_with(&stage->script->events, r, at, self, rtu);
        talk.tcp.delay = LAN_DELAY_US * NS_PER_US;
        conversation_open(&talk.tcp);
        int64_t until = at + random_between(r, 600 * NS_PER_S, 1500 * NS_PER_S);
        while (talk.tcp.now < until && !is_late(stage, talk.tcp.now)) {
            modbus_read(&talk, first, 10, MODBUS_DONE);
            if (random_one_in(r, 40)) {
                conversation_wait(&talk.tcp, random_between(r, 300, 900) * NS_PER_MS);
                int64_t asked = random_one_in(r, 2)
                                    ? modbus_write_one(&talk, (uint16_t)(first + 10),
                                                       (uint16_t)random_below(r, 4096), MODBUS_DONE)
                                    : modbus_write_coil(&talk, (uint16_t)random_below(r, 8),
                                                        random_one_in(r, 2), MODBUS_DONE);
                stage_act(stage, "modbus-write", rtu, MODBUS_PORT, asked, talk.tcp.now);
            }
            conversation_wait(&talk.tcp, random_between(r, 2 * NS_PER_S, 5 * NS_PER_S));
        }
        conversation_close(&talk.tcp, CLIENT);
        at = talk.tcp.now + random_between(r, 2 * NS_PER_S, 10 * NS_PER_S);
    }
}

/* Every `step`-th RTU of a place from `first` on. */
static void poll_all(struct stage *stage, uint32_t self, enum world_place place, uint32_t first,
                     uint32_t step)
{
    stage_address(stage, self);
    for (uint32_t i = first; i < world_hosts(place); i += step)
        poll_rtu(stage, self, world_host(place, i));
}

static void play_substation_operator_1(struct stage *stage)
{
    poll_all(stage, world_host(WORLD_SUBSTATION_OPERATORS, 0), WORLD_SUBSTATION, 0, 2);
}

static void play_substation_operator_2(struct stage *stage)
{
    poll_all(stage, world_host(WORLD_SUBSTATION_OPERATORS, 1), WORLD_SUBSTATION, 1, 2);
}

static void play_pumping_operator(struct stage *stage)
{
    poll_all(stage, world_host(WORLD_PUMPING_OPERATORS, 0), WORLD_PUMPING, 0, 1);
}

/* A switch of a station: first selected, then switched. */
static void switch_something(struct stage *stage, struct iec104_talk *talk)
{
    struct random *r = &stage->random;
    uint32_t object = 2000 + (uint32_t)random_below(r, 8);
    bool on = random_one_in(r, 2);
    iec104_select(talk, object, on, IEC104_DONE);
    conversation_wait(&talk->tcp, random_between(r, 300, 2000) * NS_PER_MS);
    int64_t asked = iec104_execute(talk, object, on, IEC104_DONE);
    stage_act(stage, "iec104-command", talk->tcp.path[CLIENT].to, IEC104_PORT, asked,
              talk->tcp.now);
}

/* One connection a station for the whole time: what it sends of its own accord, a question and a
 * switch now and then. */
static void play_telecontrol_operator(struct stage *stage)
{
    struct random *r = &stage->random;
    uint32_t self = world_host(WORLD_SUBSTATION_OPERATORS, 0);
    stage_address(stage, self);
    for (uint32_t i = 0; i < world_hosts(WORLD_TELECONTROL); i++) {
        struct iec104_talk talk = iec104_talk_with(
            &stage->script->events, r, stage->script->start + random_between(r, 0, 5 * NS_PER_S),
            self, world_host(WORLD_TELECONTROL, i));
        talk.tcp.delay = LAN_DELAY_US * NS_PER_US;
        conversation_open(&talk.tcp);
        iec104_start(&talk);
        iec104_interrogate(&talk);
        while (!is_late(stage, talk.tcp.now)) {
            conversation_wait(&talk.tcp, random_between(r, 2 * NS_PER_S, 9 * NS_PER_S));
            if (random_one_in(r, 40))
                switch_something(stage, &talk);
            else if (random_one_in(r, 30))
                iec104_interrogate(&talk);
            else if (random_one_in(r, 8))
                iec104_test(&talk);
            else
                iec104_spontaneous(&talk);
        }
        conversation_close(&talk.tcp, CLIENT);
    }
}

/* One message in its frame (HL7 minimal lower layer: 0x0b, the message, 0x1c 0x0d). */
static void say(struct conversation *c, enum side from, const char *kind, unsigned number)
{
    char text[160];
    int len = snprintf(text, sizeof text,
                       "\x0bMSH|^~\\&|WARD|H3|LAB|H3|20260301080000||%s|%u|P|2.3\r%s\x1c\r", kind,
                       number, from == CLIENT ? "PID|1||0000^^^H3\r" : "MSA|AA|0\r");
    conversation_send(c, from, text, (size_t)len);
}

static void play_hospital(struct stage *stage)
{
    struct random *r = &stage->random;
    uint32_t operators = world_hosts(WORLD_HOSPITAL_OPERATORS);
    for (uint32_t i = 0; i < operators; i++)
        stage_address(stage, world_host(WORLD_HOSPITAL_OPERATORS, i));
    for (uint32_t i = 0; i < world_hosts(WORLD_HOSPITAL); i++) {
        struct conversation c = conversation_between(
            &stage->script->events, r, stage->script->start + random_between(r, 0, 20 * NS_PER_S),
            world_host(WORLD_HOSPITAL_OPERATORS, i % operators), world_host(WORLD_HOSPITAL, i),
            HL7_PORT);
        c.delay = LAN_DELAY_US * NS_PER_US;
        conversation_open(&c);
        for (unsigned number = 1; !is_late(stage, c.now); number++) {
            say(&c, CLIENT, "ADT^A08", number);
            conversation_ack(&c, SERVER);
            say(&c, SERVER, "ACK", number);
            conversation_ack(&c, CLIENT);
            conversation_wait(&c, random_between(r, 8 * NS_PER_S, 20 * NS_PER_S));
        }
        conversation_close(&c, CLIENT);
    }
}

static void play_scanner(struct stage *stage)
{
    static const uint16_t ports[] = {502, 80, 443};
    struct random *r = &stage->random;
    uint32_t self = V4(203, 0, 113, 66);
    stage_address(stage, self);
    for (int64_t at = stage->script->start + random_between(r, 0, NS_PER_S); !is_late(stage, at);
         at += random_between(r, NS_PER_S / 3, NS_PER_S)) {
        uint32_t target = world_monitored((uint32_t)random_below(r, world_monitored_size()));
        uint16_t port = ports[random_below(r, 3)];
        struct conversation c =
            conversation_between(&stage->script->events, r, at, self, target, port);
        c.delay = WAN_DELAY_MS * NS_PER_MS;
        switch (world_answer(target, port)) {
        case WORLD_OPEN:
            conversation_probed(&c);
            break;
        case WORLD_CLOSED:
            conversation_refused(&c);
            break;
        case WORLD_NOBODY:
            conversation_unanswered(&c, 0);
            break;
        }
    }
}

const struct role grid_background[] = {
    {"office", "office", play_office},
    {"substation-operator-1", "registered operator", play_substation_operator_1},
    {"substation-operator-2", "registered operator", play_substation_operator_2},
    {"pumping-operator", "registered operator", play_pumping_operator},
    {"hospital-ward", "registered operator", play_hospital},
    {"scanner", "background scanner", play_scanner},
    {"telecontrol-operator", "registered operator", play_telecontrol_operator},
    {NULL, NULL, NULL},
};
