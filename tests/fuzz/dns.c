/* DNS in datagrams and in streams, as tests/fuzz/parser.h says; the first byte picks one. It
 * reports no commands. */
#include "tests/fuzz/parser.h"

#include "proto/dns.h"

static void check(const struct proto_command *c)
{
    must(!c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > 1)
        fuzz_parser(data[0] & 1 ? &dns_stream_parser : &dns_datagram_parser, check, data + 1,
                    len - 1);
    return 0;
}
