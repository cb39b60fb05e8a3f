/* Messages are built up to the new keys; behind them only their lengths are right. */
#include "bench/exercise/ssh_talk.h"

#include "base/bytes.h"
#include "bench/exercise/message.h"

#include <string.h>

enum {
    MESSAGE_KEXINIT = 20,
    MESSAGE_NEWKEYS = 21,
    MESSAGE_ECDH_INIT = 30,
    MESSAGE_ECDH_REPLY = 31,
    COOKIE_LEN = 16,
    POINT_LEN = 32,     /* of curve25519 */
    SIGNATURE_LEN = 64, /* ed25519 */
    PADDING_MIN = 4,
    BLOCK = 8,
    TAG_LEN = 16,
    /* Lengths of messages behind the new keys. */
    EXTENSIONS_LEN = 230, /* RFC 8308: server-sig-algs */
    SERVICE_LEN = 17,     /* asked for and accepted: the name "ssh-userauth" */
    FAILURE_LEN = 24,     /* "publickey,password" can continue */
    SUCCESS_LEN = 1,
    PASSWORD_LEN = 40, /* but for the user's name and the password */
    CHANNEL_OPEN_LEN = 24,
    CHANNEL_OPENED_LEN = 17,
    TERMINAL_LEN = 62,
    SHELL_LEN = 15,
    CHANNEL_DONE_LEN = 5,
    PROMPT_LEN = 60,
    CHARACTER_LEN = 10,
};

static void put_u32(struct message *m, size_t v)
{
    store_be32(message_room(m, 4), (uint32_t)v);
}

static void put_text(struct message *m, const char *text)
{
    put_u32(m, strlen(text));
    message_put(m, text, strlen(text));
}

/* A packet in the clear: begun, filled with a message, ended. RFC 4253, 6. */
static size_t packet_begin(struct message *m, uint8_t message)
{
    size_t at = m->len;
    message_room(m, 5);
    message_put(m, &message, 1);
    return at;
}

static void packet_end(struct message *m, struct random *r, size_t at)
{
    size_t padding = BLOCK - (m->len - at) % BLOCK;
    padding += padding < PADDING_MIN ? BLOCK : 0;
    message_noise(m, r, padding);
    store_be32(m->data + at, (uint32_t)(m->len - at - 4));
    m->data[at + 4] = (uint8_t)padding;
}

/* A sealed packet of a message of this length; its own length is sealed apart. */
static void put_sealed(struct message *m, struct random *r, size_t message)
{
    size_t padded = (1 + message + PADDING_MIN + BLOCK - 1) / BLOCK * BLOCK;
    message_noise(m, r, 4 + padded + TAG_LEN);
}

static void send_sealed(struct conversation *c, enum side from, size_t message)
{
    struct message m = {.len = 0};
    put_sealed(&m, c->random, message);
    conversation_send(c, from, m.data, m.len);
}

static void send_offers(struct conversation *c, enum side from)
{
    static const char ciphers[] = "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-ctr";
    static const char macs[] = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512";
    static const char compression[] = "none,zlib@openssh.com";
    const char *exchanges =
        from == CLIENT ? "curve25519-sha256,ecdh-sha2-nistp256,ext-info-c" : "curve25519-sha256";
    const char *const lists[] = {exchanges, "ssh-ed25519", ciphers,     ciphers, macs,
                                 macs,      compression,   compression, "",      ""};
    struct message m = {.len = 0};
    size_t at = packet_begin(&m, MESSAGE_KEXINIT);
    message_noise(&m, c->random, COOKIE_LEN);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        put_text(&m, lists[i]);
    message_put(&m, "\0\0\0\0\0", 5); /* no guess follows; reserved */
    packet_end(&m, c->random, at);
    conversation_send(c, from, m.data, m.len);
}

static void put_new_keys(struct message *m, struct random *r)
{
    packet_end(m, r, packet_begin(m, MESSAGE_NEWKEYS));
}

/* The server's host key, its point and its signature; what it says first under the new keys. */
static void send_reply(struct conversation *c)
{
    static const char kind[] = "ssh-ed25519";
    struct message m = {.len = 0};
    size_t at = packet_begin(&m, MESSAGE_ECDH_REPLY);
    put_u32(&m, 4 + strlen(kind) + 4 + POINT_LEN);
    put_text(&m, kind);
    put_u32(&m, POINT_LEN);
    message_noise(&m, c->random, POINT_LEN);
    put_u32(&m, POINT_LEN);
    message_noise(&m, c->random, POINT_LEN);
    put_u32(&m, 4 + strlen(kind) + 4 + SIGNATURE_LEN);
    put_text(&m, kind);
    put_u32(&m, SIGNATURE_LEN);
    message_noise(&m, c->random, SIGNATURE_LEN);
    packet_end(&m, c->random, at);
    put_new_keys(&m, c->random);
    put_sealed(&m, c->random, EXTENSIONS_LEN);
    conversation_send(c, SERVER, m.data, m.len);
}

int64_t ssh_begin(struct conversation *c)
{
    static const char client[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
    static const char server[] = "SSH-2.0-OpenSSH_8.4p1 Debian-5+deb11u3\r\n";
    int64_t began = conversation_send(c, CLIENT, client, sizeof client - 1);
    conversation_send(c, SERVER, server, sizeof server - 1);
    send_offers(c, CLIENT);
    send_offers(c, SERVER);
    struct message m = {.len = 0};
    size_t at = packet_begin(&m, MESSAGE_ECDH_INIT);
    put_u32(&m, POINT_LEN);
    message_noise(&m, c->random, POINT_LEN);
    packet_end(&m, c->random, at);
    conversation_send(c, CLIENT, m.data, m.len);
    send_reply(c);
    m.len = 0;
    put_new_keys(&m, c->random);
    conversation_send(c, CLIENT, m.data, m.len);
    conversation_ack(c, SERVER);
    send_sealed(c, CLIENT, SERVICE_LEN);
    send_sealed(c, SERVER, SERVICE_LEN);
    return began;
}

void ssh_try(struct conversation *c, const char *user, bool right)
{
    struct random *r = c->random;
    send_sealed(c, CLIENT, PASSWORD_LEN + strlen(user) + (size_t)random_between(r, 6, 14));
    conversation_ack(c, SERVER);
    /* A wrong one is answered late, so that many take long. */
    conversation_wait(c, random_between(r, 20, right ? 60 : 1500) * NS_PER_MS);
    send_sealed(c, SERVER, right ? SUCCESS_LEN : FAILURE_LEN);
}

void ssh_shell(struct conversation *c)
{
    send_sealed(c, CLIENT, CHANNEL_OPEN_LEN);
    send_sealed(c, SERVER, CHANNEL_OPENED_LEN);
    send_sealed(c, CLIENT, TERMINAL_LEN);
    send_sealed(c, CLIENT, SHELL_LEN);
    send_sealed(c, SERVER, CHANNEL_DONE_LEN);
    send_sealed(c, SERVER, PROMPT_LEN);
    conversation_ack(c, CLIENT);
}

void ssh_type(struct conversation *c)
{
    for (int64_t n = random_between(c->random, 4, 20); n; n--) {
        conversation_wait(c, random_between(c->random, 60, 300) * NS_PER_MS);
        send_sealed(c, CLIENT, CHARACTER_LEN);
        send_sealed(c, SERVER, CHARACTER_LEN);
        conversation_ack(c, CLIENT);
    }
}
