/* Frames through decode. Checked: every frame ends in one verdict, payload lies inside the frame,
 * and both directions of a pair of addresses are in one shard. */
#include "tests/fuzz/fuzz.h"

#include "dataplane/capture.h"
#include "dataplane/decode.h"

/* The input: captured length is its own; the first two bytes are the length on the wire. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    uint32_t frame_len = (uint32_t)(len - 2);
    uint8_t *frame = fuzz_exact(data + 2, frame_len);
    struct packet pkt = {.linktype = LINKTYPE_ETHERNET, .wire = load_be16(data)};
    decode_frame(&pkt, frame, frame_len);
    must(pkt.verdict < DECODE_VERDICT_COUNT);
    must(pkt.layers < 1u << PACKET_LAYER_COUNT);
    uint8_t shard = frame_shard(LINKTYPE_ETHERNET, frame, frame_len);
    if (pkt.verdict == DECODE_TRANSPORT) {
        must(pkt.payload_at + pkt.payload_len <= frame_len);
        must(pkt.payload_len <= pkt.payload_wire);
        must(shard == shard_of_pair(&pkt.source, &pkt.target));
        must(shard == shard_of_pair(&pkt.target, &pkt.source));
    }
    free(frame);
    return 0;
}
