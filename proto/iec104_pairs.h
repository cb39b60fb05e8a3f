/* Requests of one IEC 60870-5-104 connection that wait for what becomes of them, and their answers.
 *
 * Either end may ask (IEC 60870-5-104, 5.3 lets both be controlling); an answer comes from the
 * other end and repeats type, common address and object address of its request (IEC
 * 60870-5-101, 7.4), or is the data that was asked for. Bounded; owner: the parser's state, zeroed
 * at first.
 */
#ifndef PROTO_IEC104_PAIRS_H
#define PROTO_IEC104_PAIRS_H

#include "proto/framing.h"
#include "proto/iec104_request.h"

struct iec104_pairs {
    struct iec104_request open[IEC104_OPEN_MAX]; /* in the order they came */
    uint8_t n;
};

/* iec104_pairs_take: an ASDU that `from` sent. Returns true if it is the answer that confirms a
 * request whose place in the stream was in doubt.
 *   form      what iec104_asdu_form says
 *   doubt     whether this is a message at all
 *   deaf      the other direction is out of step: an answer may pass unseen */
bool iec104_pairs_take(struct iec104_pairs *p, enum proto_direction from, int64_t now,
                       uint16_t sequence, const struct iec104_asdu *a, int form,
                       enum framing_doubt doubt, bool deaf, const struct proto_sink *sink);
/* iec104_pairs_missed: bytes that `from` sent are missing; an answer may have been among them. */
void iec104_pairs_missed(struct iec104_pairs *p, enum proto_direction from);
/* iec104_pairs_disbelieve: what was taken of `from` with a doubt were no messages. */
void iec104_pairs_disbelieve(struct iec104_pairs *p, enum proto_direction from);
/* The parser's own, see proto.h. */
int64_t iec104_pairs_deadline(const struct iec104_pairs *p);
void iec104_pairs_expire(struct iec104_pairs *p, int64_t now, const struct proto_sink *sink);
void iec104_pairs_end(struct iec104_pairs *p, int64_t now, enum outcome open_requests,
                      const struct proto_sink *sink);

#endif
