/* HTTP of both versions, as tests/fuzz/parser.h says; it reports no commands. A first byte that is
 * odd has a connection begin with HTTP/2's preface, which chance would not find. */
#include "tests/fuzz/parser.h"

#include "proto/http.h"
#include "proto/http2.h"

static void check(const struct proto_command *c)
{
    must(!c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t step[] = {0, sizeof(HTTP2_PREFACE) - 1};
    static uint8_t whole[65536];
    size_t n = 0;
    if (len == 0 || len > sizeof(whole) - 64)
        return 0;
    if (data[0] & 1) {
        memcpy(whole, step, sizeof(step));
        memcpy(whole + sizeof(step), HTTP2_PREFACE, sizeof(HTTP2_PREFACE) - 1);
        n = sizeof(step) + sizeof(HTTP2_PREFACE) - 1;
    }
    memcpy(whole + n, data + 1, len - 1);
    fuzz_parser(&http_parser, check, whole, n + len - 1);
    return 0;
}
