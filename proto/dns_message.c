/* Headers, names and records. */
#include "proto/dns_message.h"

#define FLAG_ZERO  0x0040u
#define FLAGS_CODE 0x000fu
/* Of an ordinary query only recursion desired and DNSSEC's two (RFC 4035, 3.2.2) may be set. */
#define USUAL_ZERO (DNS_FLAG_ANSWER | DNS_FLAG_OPCODE | 0x0600u | 0x0080u | FLAG_ZERO | FLAGS_CODE)
#define USUAL_MORE 2u  /* additional records: EDNS and a signature */
#define CODE_MAX   10u /* RFC 6895, 2.3, without EDNS */
#define LABEL_MAX  63u
#define NAME_BYTES 255u /* RFC 1035, 2.3.4 */
#define POINTER    0xc0u
#define QUESTION   4u  /* type, class */
#define RECORD     10u /* type, class, time to live, length */

uint16_t dns_flags(const uint8_t *header)
{
    return load_be16(header + 2);
}

/* count: of questions, answers, authorities, additional records. */
static uint32_t count(const uint8_t *header, unsigned section)
{
    return load_be16(header + 4 + 2 * section);
}

static uint32_t count_all(const uint8_t *header)
{
    return count(header, 0) + count(header, 1) + count(header, 2) + count(header, 3);
}

bool dns_plausible(struct bytes message, uint32_t whole)
{
    return message.len >= DNS_HEADER_LEN && DNS_HEADER_LEN + 2 * count_all(message.data) <= whole;
}

bool dns_may_ask(const uint8_t *message, uint32_t whole)
{
    uint32_t label = message[DNS_HEADER_LEN];
    return (dns_flags(message) & USUAL_ZERO) == 0 && count(message, 0) == 1 &&
           count(message, 1) == 0 && count(message, 2) == 0 && count(message, 3) <= USUAL_MORE &&
           label <= LABEL_MAX && DNS_HEADER_LEN + 1 + label + 1 + QUESTION <= whole;
}

/* ---- names ---- */

/* A name in the making: len is what it has, of which as much is written as there is room for. */
struct name {
    uint8_t *to;
    uint32_t room, len;
};

static void put(struct name *n, const uint8_t *data, uint32_t len)
{
    uint32_t fits = n->len < n->room ? n->room - n->len : 0;
    if (fits > 0)
        memcpy(n->to + n->len, data, len < fits ? len : fits);
    n->len += len;
}

/* add: a label; true when the name is now cut. One that was cut before stays as it is. */
static bool add(struct name *n, const uint8_t *label, uint32_t len, bool *cut)
{
    static const uint8_t dot = '.';
    if (*cut)
        return false;
    if (n->len > 0)
        put(n, &dot, 1);
    put(n, label, len);
    if (n->len <= DNS_NAME_MAX)
        return false;
    n->len = DNS_NAME_MAX;
    *cut = true;
    return true;
}

/* walk: the name at a place. Returns where its question goes on, 0 if it is none. A name ends
 * where pointers lead to the end of the message or go in circles; without pointers it must end by
 * itself. */
static uint32_t walk(struct bytes m, uint32_t at, uint16_t *steps, struct name *n)
{
    uint32_t behind = 0; /* the first pointer */
    bool cut = false;
    for (unsigned step = 1; at < m.len; step++) {
        uint32_t kind = m.data[at];
        bool enough = step > DNS_NAME_STEPS;
        ++*steps;
        if (kind == 0)
            return behind ? behind : at + 1;
        if (kind <= LABEL_MAX) {
            if (m.len - at <= kind)
                return 0;
            enough |= add(n, m.data + at + 1, kind, &cut) && behind;
            at += 1 + kind;
        } else {
            if (kind < POINTER || m.len - at < 2)
                return 0;
            uint32_t target = load_be16(m.data + at) & 0x3fffu;
            if (target == at || target > m.len)
                return target == at ? behind : 0;
            behind = behind ? behind : at + 2;
            at = target;
        }
        if (enough)
            return behind;
    }
    return behind;
}

struct dns_questions dns_questions_of(struct bytes message)
{
    uint32_t n = count(message.data, 0);
    return (struct dns_questions){
        .message = message,
        .at = DNS_HEADER_LEN,
        .left = (uint16_t)(n < PROTO_MESSAGE_PARTS ? n : PROTO_MESSAGE_PARTS),
    };
}

bool dns_asks(struct bytes message)
{
    return count(message.data, 0) > 0;
}

int dns_question_next(struct dns_questions *q, struct proto_scratch *scratch, struct bytes *name)
{
    struct name n = {0};
    if (q->left == 0 || q->steps >= DNS_STEPS_MAX)
        return 0;
    if (scratch) {
        n.to = scratch->data + scratch->used;
        n.room = (uint32_t)(scratch->room - scratch->used);
    }
    uint32_t at = walk(q->message, q->at, &q->steps, &n);
    if (at == 0 || q->message.len - at < QUESTION)
        return -1;
    q->left--;
    q->at = at + QUESTION;
    if (scratch) {
        *name = (struct bytes){n.to, n.len < n.room ? n.len : n.room};
        scratch->used += name->len;
    }
    return 1;
}

/* ---- recognition ---- */

/* From, to; without 32, which the name service of NetBIOS took (RFC 1002, 4.2.1.2). */
static const uint16_t types[][2] = {{1, 31},    {33, 68},   {99, 109},
                                    {128, 128}, {249, 262}, {32768, 32769}};

static bool known_type(uint16_t type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (type >= types[i][0] && type <= types[i][1])
            return true;
    return false;
}

static bool known_class(uint16_t class)
{
    return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

/* skip_name: as it lies there, its pointers not followed; 0: none. It may end behind the bytes, if
 * they run out. */
static uint32_t skip_name(struct bytes m, uint32_t at, unsigned *labels)
{
    for (*labels = 0; at < m.len; ++*labels) {
        uint32_t kind = m.data[at];
        if (kind == 0)
            return at + 1;
        if (kind >= POINTER)
            return at + 2;
        if (kind > LABEL_MAX)
            return 0;
        at += 1 + kind;
    }
    return (uint32_t)m.len + 1;
}

/* known_question: the first one; returns where it ends, 0 if it is cut or not of the usual form. */
static uint32_t known_question(struct bytes m, unsigned *labels)
{
    uint32_t at = skip_name(m, DNS_HEADER_LEN, labels);
    if (at == 0 || m.len < at + QUESTION || m.data[at - 1] != 0 || at - DNS_HEADER_LEN > NAME_BYTES)
        return 0;
    bool known = known_type(load_be16(m.data + at)) && known_class(load_be16(m.data + at + 2));
    return known ? at + QUESTION : 0;
}

/* records_fit: n records from a place on end with the message, or with what there is of it. */
static bool records_fit(struct bytes m, uint32_t at, uint32_t n, uint32_t whole)
{
    unsigned labels;
    for (; n > 0; n--) {
        uint32_t behind = skip_name(m, at, &labels);
        if (behind == 0)
            return false;
        if (behind + RECORD > m.len)
            return m.len < whole;
        at = behind + RECORD + load_be16(m.data + behind + RECORD - 2);
        if (at > whole)
            return false;
        if (at > m.len)
            return true;
    }
    return at == whole;
}

/* fits: one question of the usual form, and records to the end. */
static bool fits(struct bytes m, uint32_t whole, unsigned *labels)
{
    uint32_t at = known_question(m, labels);
    return at != 0 && records_fit(m, at, count_all(m.data) - 1, whole);
}

bool dns_asks_ordinarily(struct bytes message, uint32_t whole)
{
    unsigned labels;
    return message.len >= DNS_ASKING_LEN && dns_may_ask(message.data, whole) &&
           fits(message, whole, &labels);
}

static bool may_answer(const uint8_t *message)
{
    uint32_t flags = dns_flags(message);
    return (flags & (DNS_FLAG_OPCODE | FLAG_ZERO)) == 0 && (flags & FLAGS_CODE) <= CODE_MAX &&
           count(message, 0) == 1;
}

int dns_recognise(struct bytes message, uint32_t whole)
{
    unsigned labels;
    if (!dns_plausible(message, whole))
        return -1;
    uint16_t flags = dns_flags(message.data);
    if (message.len < DNS_ASKING_LEN || !(flags & DNS_FLAG_RECURSE))
        return 0;
    bool usual =
        flags & DNS_FLAG_ANSWER ? may_answer(message.data) : dns_may_ask(message.data, whole);
    return usual && fits(message, whole, &labels) && labels >= 2;
}
