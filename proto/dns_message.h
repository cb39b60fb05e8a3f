/* Messages of DNS: header, questions, and whether bytes are one.
 *
 * Names are as Suricata's buffer dns.query has them: the labels as they were sent, whatever bytes
 * they have, with dots between; the root is empty. Pointers may lead anywhere in the message,
 * forward too. A name that pointers make too long or endless is cut, one of too many labels without
 * pointers is no name; the limits are Suricata's, wider than those of RFC 1035, 2.3.4.
 */
#ifndef PROTO_DNS_MESSAGE_H
#define PROTO_DNS_MESSAGE_H

#include "proto/message.h"

#define DNS_HEADER_LEN 12u
#define DNS_NAME_MAX   1025u /* bytes of text */
#define DNS_NAME_STEPS 255u  /* labels and pointers of one name */
#define DNS_STEPS_MAX  1024u /* of all names of a message; questions behind these are left out */
#define DNS_ASKING_LEN 13u   /* bytes that dns_may_ask wants */

/* RFC 1035, 4.1.1 */
#define DNS_FLAG_ANSWER  0x8000u
#define DNS_FLAG_OPCODE  0x7800u
#define DNS_FLAG_RECURSE 0x0100u

/* dns_flags: of a header. */
uint16_t dns_flags(const uint8_t *header);
/* dns_plausible: a header whose counts find room in a message of so many bytes. */
bool dns_plausible(struct bytes message, uint32_t whole);
/* dns_may_ask: the first DNS_ASKING_LEN bytes are those of an ordinary query for one name, in a
 * message of so many bytes. About one in 2^70 random beginnings is. */
bool dns_may_ask(const uint8_t *message, uint32_t whole);
/* dns_asks_ordinarily: so is all of it: a question of a known type and class, without pointers, and
 * records that end where the message ends.
 *   message  as much of it as there is, DNS_HEADER_LEN at least
 *   whole    how long it is */
bool dns_asks_ordinarily(struct bytes message, uint32_t whole);

/* The questions of a message that has a header, one after the other; no more than a message may
 * have parts, and no more than DNS_STEPS_MAX allows. */
struct dns_questions {
    struct bytes message;
    uint32_t at;
    uint16_t left, steps;
};
struct dns_questions dns_questions_of(struct bytes message);
/* dns_asks: its header says that there is a question. */
bool dns_asks(struct bytes message);
/* dns_question_next: 1 and a name; 0 when there is no more; -1 if there should be one and is not.
 *   scratch  where the name is made; NULL: nowhere, and *name is not set */
int dns_question_next(struct dns_questions *q, struct proto_scratch *scratch, struct bytes *name);

/* dns_recognise: > 0 for a query or an answer of the usual form: an ordinary question that desires
 * recursion, for a name of two labels or more, in a message that ends where its records end; 0 what
 * else may be DNS; < 0 what is none. */
int dns_recognise(struct bytes message, uint32_t whole);

#endif
