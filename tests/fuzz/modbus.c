/* Modbus TCP, as tests/fuzz/parser.h says. */
#include "tests/fuzz/parser.h"

#include "proto/modbus.h"

static void check(const struct proto_command *c)
{
    must(c->object_count <= 65536 && c->object_first <= 65535 + 65536);
    must(c->from == PROTO_TO_SERVER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_parser(&modbus_parser, check, data, len);
    return 0;
}
