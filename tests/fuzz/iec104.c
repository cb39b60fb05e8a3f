/* IEC 60870-5-104, as tests/fuzz/parser.h says; and that a select is never more than seen. */
#include "tests/fuzz/parser.h"

#include "proto/iec104.h"

static void check(const struct proto_command *c)
{
    must(c->object_first <= 0xffffff && c->object_count <= 127);
    must(c->operation != OPERATION_SELECT || c->outcome == OUTCOME_SEEN);
    must(c->outcome != OUTCOME_REFUSED || c->exception != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_parser(&iec104_parser, check, data, len);
    return 0;
}
