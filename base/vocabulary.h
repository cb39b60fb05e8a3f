/* The words that several rooms share: kinds, outcomes, contacts, operations, protocols.
 *
 * Each row is (SUFFIX, "name", "what it means"); the names are what rule files, correlations,
 * accords and output say. Order matters where the text says so: higher rows win.
 */
#ifndef BASE_VOCABULARY_H
#define BASE_VOCABULARY_H

#include <stdint.h>

#define VOCABULARY_KINDS(X)                                                      \
    X(HIT, "hit", "a rule matched")                                              \
    X(ATTEMPT, "attempt", "somebody tried to reach an address")                  \
    X(SESSION, "session", "a session of a known protocol began, or was refused") \
    X(COMMAND, "command", "a request of a control protocol")                     \
    X(ANOMALY, "anomaly", "bytes that do not follow their protocol")             \
    X(LOG, "log", "a record of a log")                                           \
    X(ERROR, "error", "somebody says that a packet did not arrive")              \
    X(COVERAGE, "coverage", "what was seen of an asset in an interval")

/* What the target's own answer says; the most telling of several is the last in this list. */
#define VOCABULARY_OUTCOMES(X)                                                       \
    X(SEEN, "seen", "nothing is known of an answer")                                 \
    X(REFUSED, "refused", "the target refused")                                      \
    X(UNANSWERED, "unanswered", "no answer came in time")                            \
    X(ACKNOWLEDGED, "acknowledged", "the target confirmed that it took the request") \
    X(COMPLETED, "completed", "the target reported that the request was carried out")

/* What is known of both ends having talked; later rows are stronger. */
#define VOCABULARY_CONTACTS(X)                                             \
    X(NONE, "none", "no data was exchanged")                               \
    X(ONE_SIDED, "one-sided", "only one direction was seen")               \
    X(TWO_WAY, "two-way", "both directions acknowledge each other's data") \
    X(COMPLETE, "complete", "the handshake was seen")

#define VOCABULARY_OPERATIONS(X)                            \
    X(NONE, "none", "no operation")                         \
    X(READ, "read", "read values")                          \
    X(WRITE, "write", "write values")                       \
    X(SELECT, "select", "announce an operation")            \
    X(OPERATE, "operate", "switch or set a process object") \
    X(START, "start", "start a device or program")          \
    X(STOP, "stop", "stop a device or program")             \
    X(DOWNLOAD, "download", "load a program into a device") \
    X(UPLOAD, "upload", "read a program out of a device")   \
    X(SET_TIME, "set-time", "set a device's clock")         \
    X(DIAGNOSE, "diagnose", "diagnostic functions")         \
    X(IDENTIFY, "identify", "ask a device what it is")      \
    X(OTHER, "other", "a request of another kind")

/* Application protocols that this build parses. */
#define VOCABULARY_PROTOCOLS(X)                                                               \
    X(UNKNOWN, "unknown", "no parser recognised it")                                          \
    X(MODBUS, "modbus", "Modbus TCP (Modbus Messaging on TCP/IP Implementation Guide V1.0b)") \
    X(IEC104, "iec104", "IEC 60870-5-104 (telecontrol over TCP)")                             \
    X(HTTP, "http", "HTTP/1 (RFC 9112), heads")                                               \
    X(SSH, "ssh", "SSH (RFC 4253), up to the new keys")                                       \
    X(RDP, "rdp", "RDP ([MS-RDPBCGR]), its connection request")                               \
    X(VNC, "vnc", "VNC (RFC 6143), its handshake")                                            \
    X(TELNET, "telnet", "Telnet (RFC 854), its login")                                        \
    X(DNS, "dns", "DNS (RFC 1035), over UDP and TCP")                                         \
    X(TLS, "tls", "TLS (RFC 5246, RFC 8446), its handshake")                                  \
    X(SMTP, "smtp", "SMTP (RFC 5321), up to STARTTLS")                                        \
    X(FTP, "ftp", "FTP (RFC 959), its control connection")

/* From what it is known which end asked first. */
#define VOCABULARY_ROLES(X)                         \
    X(UNKNOWN, "unknown", "not known")              \
    X(PORT, "port", "from the port numbers")        \
    X(MESSAGE, "message", "from the first message") \
    X(HANDSHAKE, "handshake", "from the handshake")

/* What an asset's coverage counts, per interval. */
#define VOCABULARY_COVERAGE(X)                                                                \
    X(SEEN, "seen", "packets from or to the asset")                                           \
    X(PARSED, "parsed", "packets whose payload a protocol parser followed")                   \
    X(SCANNED, "scanned-only", "packets whose payload was matched against rules, not parsed") \
    X(OPAQUE, "opaque", "packets with a payload that nothing looked into")                    \
    X(ONE_SIDED, "one-sided", "packets of a flow of which one direction is missing")          \
    X(CUT, "cut", "packets cut by the capture, or behind a gap in the stream")                \
    X(DROPPED, "dropped", "packets that a full table or a fault kept from inspection")        \
    X(NOT_PARSED, "declared-not-parsed", "packets of a declared service that no parser took")

#define X_KIND(s, n, t)      KIND_##s,
#define X_OUTCOME(s, n, t)   OUTCOME_##s,
#define X_CONTACT(s, n, t)   CONTACT_##s,
#define X_OPERATION(s, n, t) OPERATION_##s,
#define X_PROTOCOL(s, n, t)  PROTOCOL_##s,
#define X_ROLE(s, n, t)      ROLE_##s,
#define X_COVERAGE(s, n, t)  COVERAGE_##s,
enum kind { VOCABULARY_KINDS(X_KIND) KIND_COUNT };
enum outcome { VOCABULARY_OUTCOMES(X_OUTCOME) OUTCOME_COUNT };
enum contact { VOCABULARY_CONTACTS(X_CONTACT) CONTACT_COUNT };
enum operation { VOCABULARY_OPERATIONS(X_OPERATION) OPERATION_COUNT };
enum protocol { VOCABULARY_PROTOCOLS(X_PROTOCOL) PROTOCOL_COUNT };
enum role { VOCABULARY_ROLES(X_ROLE) ROLE_COUNT };
enum coverage { VOCABULARY_COVERAGE(X_COVERAGE) COVERAGE_COUNT };
#undef X_KIND
#undef X_OUTCOME
#undef X_CONTACT
#undef X_OPERATION
#undef X_PROTOCOL
#undef X_ROLE
#undef X_COVERAGE

/* One word of a list. */
struct word {
    const char *name, *text;
};

/* The lists, indexed by the enums above. */
extern const struct word kind_words[KIND_COUNT], outcome_words[OUTCOME_COUNT],
    contact_words[CONTACT_COUNT], operation_words[OPERATION_COUNT], protocol_words[PROTOCOL_COUNT],
    role_words[ROLE_COUNT], coverage_words[COVERAGE_COUNT];

/* word_find: the index of a name in a list of n words, or ERR_NOT_FOUND. Exact, case counts. */
int word_find(const struct word *words, int n, const char *name);

#endif
