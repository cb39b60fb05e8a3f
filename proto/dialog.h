/* What SMTP and FTP share: one end gives commands, a line each, the other one answers each with a
 * code of three digits. RFC 959, 4.2; RFC 5321, 4.2.
 *
 * Commands are counted, and so are answers: which answer is to which command follows from both. Of
 * commands only those are kept whose answer tells something. What is behind a loss is counted anew.
 */
#ifndef PROTO_DIALOG_H
#define PROTO_DIALOG_H

#include "proto/proto.h"

#define DIALOG_WAITING  8 /* commands that are kept at once */
#define DIALOG_USER_MAX 32

struct dialog_command {
    int64_t ns;
    uint32_t number;
    uint8_t kind; /* the protocol's own */
    bool login;   /* somebody wants in; the answer says whether he was let in */
    uint8_t user_len, user[DIALOG_USER_MAX];
};

/* Owner: the flow. Zeroed, it is a fresh one. */
struct dialog {
    struct dialog_command waiting[DIALOG_WAITING];
    int64_t began;
    uint32_t asked, answered;
    uint16_t code; /* of the answer under way, if it has several lines; 0: it has one */
    uint8_t n_waiting;
    uint8_t n_head, head[4]; /* of the line under way */
    bool skip;               /* up to its end: its beginning is missing */
    bool begun, greeted, told;
    bool pop3; /* a line was none of an answer, but one of POP3 */
};

/* dialog_begin: before the first bytes are read. */
void dialog_begin(struct dialog *d, const struct proto_sink *sink);

/* dialog_read: the server's bytes up to the end of a line; returns how many. *code: of the answer
 * that is over with it, 0: none is. An answer of several lines ends with a line that has no hyphen
 * behind its code; same_code: and the code of its first line, whatever else begins with digits. */
uint32_t dialog_read(struct dialog *d, const uint8_t *data, uint32_t len, bool same_code,
                     uint16_t *code);

/* dialog_torn: bytes of the server are missing. */
void dialog_torn(struct dialog *d);

/* dialog_ask: a command that need not be kept; dialog_keep: one that is, until its answer comes.
 * The oldest gives way where there are too many. */
void dialog_ask(struct dialog *d);
struct dialog_command *dialog_keep(struct dialog *d, uint8_t kind, int64_t now,
                                   const struct proto_sink *sink);
/* dialog_next: the command that the next answer is to, if it is kept; else NULL. */
struct dialog_command *dialog_next(struct dialog *d);
/* dialog_newest: the command that was kept last, if it waits; else NULL. */
struct dialog_command *dialog_newest(struct dialog *d);
/* dialog_answer: an answer is over. True: it is to a command that was kept, which is *out. A
 * greeting is to none; that nobody is let in is told. */
bool dialog_answer(struct dialog *d, uint16_t code, int64_t now, const struct proto_sink *sink,
                   struct dialog_command *out);

/* dialog_tell: a login, and what its answer says: 2yz he was let in; 430 and 5yz he was not, but
 * for 500 to 504, which say that the command was not understood; 0 and others nothing. */
void dialog_tell(struct dialog *d, const struct dialog_command *command, uint16_t code, int64_t now,
                 const struct proto_sink *sink);
/* dialog_close: no answer is waited for any longer; logins end so. dialog_end: the same, and a
 * dialog without a login was seen. */
void dialog_close(struct dialog *d, enum outcome outcome, int64_t now,
                  const struct proto_sink *sink);
void dialog_end(struct dialog *d, enum outcome outcome, int64_t now, const struct proto_sink *sink);

/* dialog_verb: does the line begin with this word, in any case, and is it over with it? *rest is
 * what follows, without blanks around it. */
bool dialog_verb(struct bytes line, const char *verb, struct bytes *rest);
/* dialog_is_answer: > 0 a line of an answer, < 0 it is none, 0 these bytes do not tell. */
int dialog_is_answer(const uint8_t *data, uint32_t len);
/* dialog_greets_as: the beginning of a greeting that has this word in any case. */
bool dialog_greets_as(struct bytes text, const char *word);

#endif
