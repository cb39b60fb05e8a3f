/* Mails as SMTP tells them: a message to rules for each file, its name, and its content as a body.
 *
 * While a mail is under way its reading takes the room of the direction to the server. Without one
 * the mail is given up.
 */
#ifndef PROTO_SMTP_MAIL_H
#define PROTO_SMTP_MAIL_H

#include "proto/proto.h"

/* Owner: the flow. Zeroed, it is a fresh one. */
struct smtp_mail {
    uint64_t at;     /* in the file that is told */
    uint32_t number; /* of the mail in the connection, from 1 */
    bool open;       /* one is under way, */
    bool read;       /* and somebody wants it */
    bool lent;       /* the room */
};

/* smtp_mail_begin: a mail, unless one is under way already. smtp_mail_end: it is over, if there is
 * one. */
void smtp_mail_begin(struct smtp_mail *m, const struct proto_sink *sink);
void smtp_mail_bytes(struct smtp_mail *m, struct bytes bytes, const struct proto_sink *sink);
void smtp_mail_end(struct smtp_mail *m, const struct proto_sink *sink);

#endif
