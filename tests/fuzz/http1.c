/* HTTP/1 alone, as tests/fuzz/parser.h says; it reports no commands. */
#include "tests/fuzz/parser.h"

#include "proto/http1.h"

static void check(const struct proto_command *c)
{
    must(!c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_parser(&http1_parser, check, data, len);
    return 0;
}
