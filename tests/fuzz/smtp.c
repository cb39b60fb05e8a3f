/* SMTP, as tests/fuzz/parser.h says; it reports no commands. */
#include "tests/fuzz/parser.h"

#include "proto/smtp.h"

static void check(const struct proto_command *c)
{
    must(!c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_parser(&smtp_parser, check, data, len);
    return 0;
}
