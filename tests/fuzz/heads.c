/* Heads of HTTP/1, SSH, RDP, VNC and Telnet, as tests/fuzz/parser.h says; the first byte picks one.
 * They report no commands. */
#include "tests/fuzz/parser.h"

#include "proto/http1.h"
#include "proto/rdp.h"
#include "proto/ssh.h"
#include "proto/telnet.h"
#include "proto/vnc.h"

static void check(const struct proto_command *c)
{
    must(!c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct proto_parser *const parsers[] = {&http1_parser, &ssh_parser, &rdp_parser,
                                                         &vnc_parser, &telnet_parser};
    if (len > 1)
        fuzz_parser(parsers[data[0] % 5], check, data + 1, len - 1);
    return 0;
}
