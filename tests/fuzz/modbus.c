/* Modbus TCP, as tests/fuzz/parser.h says. */
#include "tests/fuzz/parser.h"

#include "proto/modbus.h"

static void check(const struct proto_command *c)
{
    /* A record of a file has the file's number in front of its own. */
    bool of_file = c->function == 20 || c->function == 21;
    must(c->object_count <= 65536 && (of_file || c->object_first <= 65535));
    must(c->from == PROTO_TO_SERVER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_parser(&modbus_parser, check, data, len);
    return 0;
}
