/* Handshakes of TLS, as tests/fuzz/parser.h says. There are no commands. */
#include "tests/fuzz/parser.h"

#include "proto/tls.h"

static void check(const struct proto_command *c)
{
    must(!c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_parser(&tls_parser, check, data, len);
    return 0;
}
