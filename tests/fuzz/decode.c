/* Frames through decode. Checked: the short way of plain frames says what the general way says;
 * every frame ends in one verdict, what it says lies inside the frame, and both directions of a
 * pair of addresses are in one shard. */
#include "tests/fuzz/fuzz.h"

#include "dataplane/decode_parts.h"

static const uint16_t linktypes[] = {
#define X(s, number, name, text) number,
    LINK_TYPES_DECODED(X)
#undef X
        127,
};

static bool is_read(unsigned verdict)
{
    return verdict == DECODE_TRANSPORT || verdict == DECODE_NETWORK || verdict == DECODE_FRAGMENT;
}

/* The input: which link type; whether checksums are validated; the length on the wire; the frame,
 * whose captured length is its own. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 4)
        return 0;
    uint32_t frame_len = (uint32_t)(len - 4);
    uint8_t *frame = fuzz_exact(data + 4, frame_len);
    uint16_t linktype = linktypes[data[0] % (sizeof linktypes / sizeof *linktypes)];
    struct packet pkt = {
        .linktype = linktype, .wire = load_be16(data + 2), .flags = data[1] & PACKET_VALIDATE};
    struct packet general = pkt;
    decode_frame(&pkt, frame, frame_len);
    decode_any_link(&general, frame, frame_len);
    decode_any_network(&general, frame, frame_len);
    must(memcmp(&pkt, &general, sizeof pkt) == 0);
    must(pkt.verdict < DECODE_VERDICT_COUNT);
    must(pkt.layers || pkt.verdict == DECODE_CUT_LINK || pkt.verdict == DECODE_TOO_DEEP);
    must(pkt.layers < 1u << PACKET_LAYER_COUNT);
    must(pkt.shard == frame_shard(linktype, frame, frame_len));
    if (is_read(pkt.verdict)) {
        must(pkt.network == 4 || pkt.network == 6);
        must(pkt.network_at < pkt.transport_at && pkt.transport_at <= pkt.payload_at);
        must(pkt.payload_at + pkt.payload_len <= frame_len);
        must(pkt.payload_len <= pkt.payload_wire);
        uint8_t there = shard_of_pair(&pkt.source, &pkt.target);
        must(there == shard_of_pair(&pkt.target, &pkt.source));
        must(pkt.tunnels || pkt.shard == there);
    } else {
        must(pkt.verdict == DECODE_CHECKSUM || pkt.payload_wire == 0);
    }
    free(frame);
    return 0;
}
