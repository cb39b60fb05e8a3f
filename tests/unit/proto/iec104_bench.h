/* What the tests of IEC 60870-5-104 share. */
#ifndef TESTS_UNIT_PROTO_IEC104_BENCH_H
#define TESTS_UNIT_PROTO_IEC104_BENCH_H

#include "proto/iec104_asdu.h"
#include "tests/unit/proto/parser_bench.h"

/* An I format with N(S) 5 around an ASDU. */
static inline void feed_asdu(struct bench *b, enum proto_direction dir, int64_t now,
                             const char *text)
{
    uint8_t apdu[606] = {IEC104_START, 0, 10, 0, 0, 0};
    uint32_t len = unhex(text, apdu + IEC104_HEAD_LEN);
    apdu[1] = (uint8_t)(4 + len);
    feed_bytes(b, dir, now, apdu, IEC104_HEAD_LEN + len);
}

#endif
