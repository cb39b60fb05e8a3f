/* The match runtime: bytes and header facts in, hits out.
 *
 * One struct matcher per worker holds what scanning needs (Hyperscan scratch, candidate lists,
 * counters). What a flow remembers (flowbits) is in struct match_flow, inside the caller's flow.
 *
 * Block scan with look-back: the caller hands a contiguous window that ends in the new bytes; a
 * match must end in the new bytes. If the window's start depends on the stream's offset alone (drop
 * old bytes only when a window of fixed size is full), cutting a stream anywhere gives the same
 * rules. What asks for bytes that are not there is asked of what has arrived, so rules with a
 * negated content or endswith see the cuts, as they do in Suricata.
 */
#ifndef RULES_MATCHER_H
#define RULES_MATCHER_H

#include "base/address.h"
#include "proto/message.h"
#include "rules/pair_bits.h"
#include "rules/rule_set.h"

#define MATCH_FLOWBITS   512  /* a set with more names rejects the rules beyond, by name */
#define MATCH_WINDOW     4096 /* look-back of a stream direction, bytes, at least 2,560 */
#define MATCH_HITS_MAX   64   /* of one input; more are counted (hits_over_limit) */
#define MATCH_GROUP_NONE UINT16_MAX

struct matcher;

/* A rule whose literal was seen in a stream and that has more to find: it is tried again while the
 * literal is in the window, because what is missing may still come. Once it matched it waits for
 * its literal anew. */
struct match_pending {
    uint32_t rule;
    uint32_t at; /* stream offset behind the literal's last place, modulo 2^32 */
};
#define MATCH_PENDING 16 /* of a direction; the furthest behind gives way (pending_over_limit) */

/* What rules ask of a packet's headers; rows: suffix, keyword. */
#define MATCH_FIELDS(X)                   \
    X(TTL, "ttl")                         \
    X(TOS, "tos")                         \
    X(IP_ID, "id")                        \
    X(FRAGMENT_BITS, "fragbits")          \
    X(FRAGMENT_OFFSET, "fragoffset")      \
    X(IP_PROTOCOL, "ip_proto")            \
    X(TCP_FLAGS, "flags")                 \
    X(TCP_SEQ, "seq")                     \
    X(TCP_ACK, "ack")                     \
    X(TCP_WINDOW, "window")               \
    X(ICMP_TYPE, "itype")                 \
    X(ICMP_CODE, "icode")                 \
    X(ICMP_ID, "icmp_id")                 \
    X(ICMP_SEQ, "icmp_seq")               \
    X(STREAM_CLIENT, "stream_size")       \
    X(STREAM_SERVER, "stream_size")       \
    X(STREAM_EITHER, "stream_size")       \
    X(APP_PROTOCOL, "app-layer-protocol") \
    X(IP_OPTIONS, "ipopts")               \
    X(TCP_MSS, "tcp.mss")
enum match_field {
#define X(s, n) FIELD_##s,
    MATCH_FIELDS(X)
#undef X
        MATCH_FIELD_COUNT
};

/* Headers as bytes; rows: suffix, keyword, text. */
#define PACKET_HEADERS(X)                                                \
    X(IPV4, "ipv4.hdr", "the header of IPv4 with its options")           \
    X(IPV6, "ipv6.hdr", "the header of IPv6 with its extension headers") \
    X(TCP, "tcp.hdr", "the header of TCP with its options")              \
    X(UDP, "udp.hdr", "the header of UDP")                               \
    X(ICMP6, "icmpv6.hdr", "the first eight bytes of a message of ICMPv6")
enum packet_header {
    HEADER_NONE,
#define X(s, keyword, text) HEADER_##s,
    PACKET_HEADERS(X)
#undef X
        HEADER_COUNT
};

/* Options of IPv4 by their names in `ipopts`, a bit each; rows: suffix, number (RFC 791, 1108),
 * word.
 */
#define IPV4_OPTIONS(X)    \
    X(EOL, 0, "eol")       \
    X(NOP, 1, "nop")       \
    X(RR, 7, "rr")         \
    X(TS, 68, "ts")        \
    X(SEC, 130, "sec")     \
    X(LSRR, 131, "lsrr")   \
    X(ESEC, 133, "esec")   \
    X(SATID, 136, "satid") \
    X(SSRR, 137, "ssrr")
enum ipv4_option {
#define X(s, number, word) IPV4_OPTION_##s,
    IPV4_OPTIONS(X)
#undef X
        IPV4_OPTION_COUNT
};

/* Of one packet; what is not in `has` is not there. Bits of fragments: 4 reserved, 2 don't
 * fragment, 1 more fragments (RFC 791, 3.1). */
struct match_header {
    uint32_t value[MATCH_FIELD_COUNT];
    uint32_t has; /* a bit a field */
    struct bytes headers[HEADER_COUNT];
};

/* Per flow; zeroed is fresh. */
struct match_flow {
    uint64_t flowbits[MATCH_FLOWBITS / 64];
    struct match_pending pending[2][MATCH_PENDING];
    uint32_t flowints[MATCH_FLOWINTS];
    uint8_t n_pending[2];
    uint8_t generation;     /* of the set that the rest is in the terms of; the caller's to keep */
    uint8_t addresses_done; /* a bit a direction: rules that ask for addresses only were tried */
    bool passed;            /* a pass holds for all that follows */
    uint8_t flowints_set;   /* a bit each */
    uint8_t streamed_as[2]; /* the protocol whose rules have seen the window of a direction */
};

/* What is matched. to_server also holds for packets without a flow direction (then both are
 * false/true as the caller decides). */
struct match_input {
    struct address source, target;
    uint16_t source_port, target_port;
    uint8_t transport; /* IP protocol number */
    uint8_t protocol;  /* enum protocol of the flow */
    bool no_protocol;  /* it is known that no parser recognises it */
    bool to_server;
    bool established; /* both ends have talked (flow:established) */
    bool stream;      /* data is a window of the reassembled stream, else one packet's payload */
    bool opaque;      /* the bytes are encrypted: no rule asks anything of them */
    uint32_t stream_size[2]; /* TCP: sequence numbers that the client and the server have used */
    bool same_packet; /* the input before was of this packet too: a rule matches a packet once, and
                         a pass holds for all of it */
    const struct match_header *header; /* of the packet; NULL for a stream */
    struct pair_bits *pair_bits;       /* of the shard; NULL where no rule has any */
    int64_t seconds;                   /* since 1970 UTC, of the packet; for pair_bits */
    uint8_t point;                     /* of observation */
    const uint8_t *data;               /* contiguous */
    uint32_t len;
    uint32_t fresh; /* offset in data of the first new byte; 0 for a packet */
    uint64_t
        stream_at; /* stream offset of data[0] (0 at the start of the stream), 0 for a packet */
};

/* What a body has shown so far, with its look-back: windows as of a stream. */
struct match_body {
    uint8_t id; /* enum proto_part_id */
    bool end;   /* nothing more of it follows */
    const uint8_t *data;
    uint32_t len, fresh;
    uint64_t at; /* of data[0] in the body */
};

/* Of the message of a flow's direction that is under way; zeroed is fresh. A rule matches a message
 * once; one whose head holds waits for the body. */
#define MATCH_MESSAGE_RULES 24
struct match_message {
    uint32_t transaction;
    uint8_t n_done, n_waiting; /* the oldest give way (pending_over_limit) */
    uint32_t done[MATCH_MESSAGE_RULES];
    struct match_pending waiting[MATCH_MESSAGE_RULES]; /* at: in the body, where it is in one */
};

struct hit {
    uint32_t rule; /* index in the set */
};

/* Bytes by what happened to them; scanned equals what was given to hs_scan, look-back included. */
struct matcher_stats {
    uint64_t inputs, bytes_offered, bytes_scanned, scans;
    uint64_t bytes_skipped_no_rule; /* no rule of the flow's group could match, or a pass did */
    uint64_t bytes_skipped_encrypted;
    uint64_t probes; /* looked up at their place */
    uint64_t literal_hits, turned_away, candidates, confirms, hits, hits_over_limit,
        pending_over_limit;
    uint64_t
        confirms_cut; /* confirming was given up: too many steps, or too much for an expression */
};

struct matcher *matcher_create(const struct rule_set *set, struct diags *diags);
void matcher_destroy(struct matcher *m);
size_t matcher_bytes(const struct matcher *m);
const struct matcher_stats *matcher_stats(const struct matcher *m);
/* matcher_cut_of: how often confirming this rule was given up. */
uint64_t matcher_cut_of(const struct matcher *m, uint32_t rule);
void matcher_stats_add(struct matcher_stats *sum, const struct matcher_stats *part);

/* matcher_wants_stream: does a rule for this flow and direction look at the stream? If not, the
 * caller keeps no window for it and reports the bytes with matcher_skip; with
 * matcher_skip_encrypted what it does not hand over because nobody can read it. */
bool matcher_wants_stream(struct matcher *m, const struct match_input *input,
                          struct match_flow *flow);
void matcher_skip(struct matcher *m, uint32_t bytes);
void matcher_skip_encrypted(struct matcher *m, uint32_t bytes);

/* matcher_run: match one packet (also without payload) or one stream window.
 *   hits     out, at most MATCH_HITS_MAX, in Suricata's order (action, flowbits, priority, sid)
 *   returns  how many
 *   threads  the matcher's worker, which owns the flow
 *   cost     no allocation; at most four scans: rules of any protocol and of the flow's, near the
 * start and anywhere */
size_t matcher_run(struct matcher *m, const struct match_input *input, struct match_flow *flow,
                   struct hit hits[MATCH_HITS_MAX]);

/* matcher_wants_messages: does a rule look into messages of this protocol and direction?
 * matcher_wants_body: into this body of them? */
bool matcher_wants_messages(const struct matcher *m, unsigned protocol, bool to_server);
bool matcher_wants_body(const struct matcher *m, unsigned protocol, bool to_server, unsigned id);

/* matcher_message: match a message's head (body NULL), or what has come of its body. As
 * matcher_run; of the input the ends, direction, protocol and state count, and as its data what
 * has come of the stream or is in the packet: for what rules ask of the bytes themselves.
 *   state  the direction's, which the caller keeps for the flow
 *   cost   no allocation; a scan for each part that rules of the protocol look into */
size_t matcher_message(struct matcher *m, const struct match_input *input,
                       const struct proto_message *message, const struct match_body *body,
                       struct match_message *state, struct match_flow *flow,
                       struct hit hits[MATCH_HITS_MAX]);

/* matcher_watch: from now on one rule is asked of every input (watch.h); NULL: none is. Before the
 * first input; the watch stays the caller's. */
struct rule_watch;
void matcher_watch(struct matcher *m, struct rule_watch *watch);
/* matcher_profile: from now on what each rule costs is added up (profile.h); NULL: it is not.
 * costs: the caller's, one a rule of the set, zeroed. */
struct rule_cost;
void matcher_profile(struct matcher *m, struct rule_cost *costs);

#endif
