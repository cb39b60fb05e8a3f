/* The parsers of this build. A new protocol is one file and one row here. */
#include "proto/proto.h"
#include "proto/dns.h"
#include "proto/ftp.h"
#include "proto/http.h"
#include "proto/iec104.h"
#include "proto/modbus.h"
#include "proto/rdp.h"
#include "proto/smtp.h"
#include "proto/ssh.h"
#include "proto/telnet.h"
#include "proto/tls.h"
#include "proto/vnc.h"

#include <stddef.h>

const struct word proto_anomaly_words[PROTO_ANOMALY_COUNT] = {
    [PROTO_ANOMALY_LOST_SYNC] = {"lost-sync", "bytes skipped until the next plausible message"},
    [PROTO_ANOMALY_MALFORMED] = {"malformed", "a message that contradicts its protocol"},
    [PROTO_ANOMALY_ANSWER_UNASKED] = {"answer-unasked", "an answer without its request"},
    [PROTO_ANOMALY_OVERFLOW] = {"overflow",
                                "more open requests than are tracked; the oldest is given up"},
};

const struct proto_parser *const proto_parsers[] = {
    &modbus_parser, &iec104_parser, &http_parser,       &ssh_parser,
    &rdp_parser,    &vnc_parser,    &telnet_parser,     &tls_parser,
    &smtp_parser,   &ftp_parser,    &dns_stream_parser, &dns_datagram_parser,
};
const unsigned proto_parser_count = sizeof(proto_parsers) / sizeof(proto_parsers[0]);

const struct proto_parser *proto_by_port(uint16_t port)
{
    for (unsigned i = 0; i < proto_parser_count; i++) {
        if (proto_parsers[i]->port == port)
            return proto_parsers[i];
    }
    return NULL;
}
