/* Hellos are built byte by byte; records behind them only have their heads. */
#include "bench/exercise/rdp_talk.h"

#include "base/bytes.h"
#include "bench/exercise/message.h"

#include <stdio.h>
#include <string.h>

enum {
    RECORD_HANDSHAKE = 22,
    RECORD_DATA = 23,
    RECORD_HEAD = 5,
    RECORD_MAX = 16000,
    RANDOM_LEN = 32, /* also of a session id, and of a point of x25519 */
    /* What records carry. */
    SERVER_FLIGHT_LEN = 1900, /* certificate, its proof, finished */
    FINISHED_LEN = 53,
    TOKEN_LEN = 480, /* of CredSSP, there and back and there */
    PICTURE_RECORDS = 6,
    INPUT_LEN = 46,
};

/* The client's or the server's hello. The last extension is the key share, and ends with a point
 * that is made here. */
static void send_hello(struct conversation *c, enum side from, uint8_t message, const void *suites,
                       size_t suites_len, const void *extensions, size_t extensions_len)
{
    struct message h = {.len = RECORD_HEAD};
    message_put(&h, (uint8_t[]){message, 0, 0, 0, 3, 3}, 6);
    message_noise(&h, c->random, RANDOM_LEN);
    message_put(&h, (uint8_t[]){RANDOM_LEN}, 1);
    message_noise(&h, c->random, RANDOM_LEN);
    message_put(&h, suites, suites_len);
    message_put(&h, (uint8_t[]){0, (uint8_t)(extensions_len + RANDOM_LEN)}, 2);
    message_put(&h, extensions, extensions_len);
    message_noise(&h, c->random, RANDOM_LEN);
    h.data[0] = RECORD_HANDSHAKE;
    store_be16(h.data + 1, from == CLIENT ? 0x0301 : 0x0303);
    store_be16(h.data + 3, (uint16_t)(h.len - RECORD_HEAD));
    store_be16(h.data + RECORD_HEAD + 2, (uint16_t)(h.len - RECORD_HEAD - 4));
    conversation_send(c, from, h.data, h.len);
}

static void send_record(struct conversation *c, enum side from, size_t len)
{
    uint8_t record[RECORD_HEAD + RECORD_MAX] = {RECORD_DATA, 3, 3};
    store_be16(record + 3, (uint16_t)len);
    random_fill(c->random, record + RECORD_HEAD, len);
    conversation_send(c, from, record, RECORD_HEAD + len);
}

static void start_tls(struct conversation *c)
{
    /* Suites and compression, then extensions: versions, groups, signatures, the key share. */
    static const uint8_t offered[] = {0, 6, 0x13, 1, 0x13, 2, 0x13, 3, 1, 0};
    static const uint8_t offers[] = {0, 43, 0, 3, 2, 3, 4, 0, 10, 0, 4,  0, 2,  0, 29, 0, 13, 0,
                                     6, 0,  4, 8, 4, 4, 3, 0, 51, 0, 38, 0, 36, 0, 29, 0, 32};
    static const uint8_t chosen[] = {0x13, 2, 0};
    static const uint8_t choices[] = {0, 43, 0, 2, 3, 4, 0, 51, 0, 36, 0, 29, 0, 32};
    send_hello(c, CLIENT, 1, offered, sizeof offered, offers, sizeof offers);
    send_hello(c, SERVER, 2, chosen, sizeof chosen, choices, sizeof choices);
    send_record(c, SERVER, SERVER_FLIGHT_LEN);
    conversation_ack(c, CLIENT);
    send_record(c, CLIENT, FINISHED_LEN);
}

int64_t rdp_enter(struct conversation *c, const char *user)
{
    uint8_t ask[64] = {3, 0, 0, 0, 0, 0xe0};
    static const uint8_t negotiate[] = {1, 0, 8, 0, 3, 0, 0, 0}; /* TLS or CredSSP over it */
    static const uint8_t agree[] = {3, 0, 0,    19, 14, 0xd0, 0, 0, 0x12, 0x34,
                                    0, 2, 0x1f, 8,  0,  2,    0, 0, 0}; /* CredSSP */
    size_t len = 11;
    len += (size_t)snprintf((char *)ask + len, sizeof ask - len, "Cookie: mstshash=%.9s\r\n", user);
    memcpy(ask + len, negotiate, sizeof negotiate);
    len += sizeof negotiate;
    store_be16(ask + 2, (uint16_t)len);
    ask[4] = (uint8_t)(len - 5);
    int64_t began = conversation_send(c, CLIENT, ask, len);
    conversation_send(c, SERVER, agree, sizeof agree);
    start_tls(c);
    for (int i = 0; i < 3; i++)
        send_record(c, i % 2 ? SERVER : CLIENT, TOKEN_LEN);
    conversation_wait(c, random_between(c->random, 200, 900) * NS_PER_MS);
    for (int i = 0; i < PICTURE_RECORDS; i++) {
        send_record(c, SERVER, (size_t)random_between(c->random, 12000, RECORD_MAX));
        conversation_ack(c, CLIENT);
    }
    return began;
}

void rdp_work(struct conversation *c)
{
    for (int64_t n = random_between(c->random, 4, 12); n; n--) {
        conversation_wait(c, random_between(c->random, 80, 500) * NS_PER_MS);
        send_record(c, CLIENT, INPUT_LEN);
        send_record(c, SERVER, (size_t)random_between(c->random, 120, 2500));
        conversation_ack(c, CLIENT);
    }
}
