/* A filter is compiled for each link type, when the first frame of it comes: libpcap compiles, and
 * runs the program over bytes that it bounds itself.
 *
 * Checksums by "auto": networks cards that compute them leave them wrong in captures made on the
 * sending host. As long as at least a tenth of those looked at of an input are wrong they do not
 * count; what holds after its first frames holds for the rest.
 */
#include "dataplane/intake.h"

#include "base/error.h"
#include "dataplane/decode.h"

#include <pcap/pcap.h>

#include <stdlib.h>
#include <string.h>

#define AUTO_FRAMES 1000
#define AUTO_RATIO  10
#define STRIP_MAX   8 /* transports of mirrors inside one another, those in fragments twice */
#define SNAPLEN     262144

/* The filter as a program for one link type. */
struct program {
    struct bpf_program bpf;
    uint16_t linktype;
    bool none; /* the filter has no meaning for this link type: nothing passes */
};

/* The checksums of an input's first frames. */
struct sample {
    uint32_t frames, told, wrong;
};

struct intake {
    struct intake_config config;
    struct program *programs;
    size_t n_programs;
    struct sample *samples; /* one an input, from 1 */
    unsigned inputs;
    struct mirror *mirror; /* NULL: nothing is stripped */
    struct intake_counts counts;
};

static const char *const mode_names[] = {
#define X(s, n, t) n,
    CHECKSUM_MODES(X)
#undef X
};
static const char *const layer_names[] = {
#define X(s, n, t) n,
    PACKET_LAYERS(X)
#undef X
};

int intake_checksums(struct intake_config *config, const char *name)
{
    for (int i = 0; i < CHECKSUM_MODE_COUNT; i++)
        if (strcmp(mode_names[i], name) == 0) {
            config->checksums = i;
            return 0;
        }
    return ERR_NOT_FOUND;
}

int intake_strip(struct intake_config *config, const char *name)
{
    for (int i = PACKET_LAYER_TUNNELS; i < PACKET_LAYER_COUNT; i++)
        if (strcmp(layer_names[i], name) == 0) {
            config->strip |= 1u << i;
            return 0;
        }
    return ERR_NOT_FOUND;
}

/* dlt_of: libpcap's own number for a link type; the one for raw IP is not that of the registry. */
static int dlt_of(uint16_t linktype)
{
    return linktype == LINKTYPE_RAW ? DLT_RAW : linktype;
}

static int compile(const struct intake *in, struct program *program, struct diags *diags)
{
    pcap_t *handle = pcap_open_dead(dlt_of(program->linktype), SNAPLEN);
    if (!handle)
        return ERR_NOMEM;
    int error = 0;
    if (pcap_compile(handle, &program->bpf, in->config.filter, 1, PCAP_NETMASK_UNKNOWN))
        error = diag_error(diags, ERR_USAGE, diag_file(NULL), "man pcap-filter has the language",
                           "the filter '%s': %s", in->config.filter, pcap_geterr(handle));
    pcap_close(handle);
    return error;
}

/* program_for: made if it is the first of its link type; NULL without memory. */
static const struct program *program_for(struct intake *in, uint16_t linktype, struct diags *diags)
{
    for (size_t i = 0; i < in->n_programs; i++)
        if (in->programs[i].linktype == linktype)
            return &in->programs[i];
    struct program *grown = realloc(in->programs, (in->n_programs + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    in->programs = grown;
    struct program *program = &grown[in->n_programs++];
    *program = (struct program){.linktype = linktype};
    program->none = compile(in, program, diags) != 0;
    return program;
}

int intake_open(struct intake **out, const struct intake_config *config, unsigned inputs,
                struct diags *diags)
{
    struct intake *in = *out = calloc(1, sizeof *in);
    if (!in)
        return ERR_NOMEM;
    in->config = *config;
    in->inputs = inputs;
    in->samples = calloc((size_t)inputs + 1, sizeof *in->samples);
    const struct program *ethernet = NULL;
    if (in->samples && config->filter)
        ethernet = program_for(in, LINKTYPE_ETHERNET, diags);
    int error = config->strip ? mirror_open(&in->mirror, config->strip) : 0;
    if (!error)
        error = !in->samples || (config->filter && !ethernet) ? ERR_NOMEM : 0;
    if (!error && ethernet && ethernet->none)
        error = ERR_USAGE;
    if (error) {
        intake_close(in);
        *out = NULL;
    }
    return error;
}

void intake_close(struct intake *in)
{
    if (!in)
        return;
    for (size_t i = 0; i < in->n_programs; i++)
        pcap_freecode(&in->programs[i].bpf);
    free(in->programs);
    free(in->samples);
    mirror_close(in->mirror);
    free(in);
}

int intake_check(const struct intake_config *config, struct diags *diags)
{
    struct intake *in;
    int error = intake_open(&in, config, 0, diags);
    intake_close(in);
    return error;
}

static bool passes(struct intake *in, const struct frame *frame)
{
    if (!in->config.filter)
        return true;
    struct diags unsaid = {.limit = 1};
    const struct program *program = program_for(in, frame->linktype, &unsaid);
    diags_free(&unsaid);
    if (!program || program->none)
        return false;
    return bpf_filter(program->bpf.bf_insns, frame->data, frame->wire, frame->captured) != 0;
}

/* cut_fcs: a frame check sequence is no part of what a frame carries. Of a frame that was not
 * captured whole there may be none of it, or a part. */
static void cut_fcs(struct intake *in, struct frame *frame)
{
    if (!frame->fcs || frame->fcs > frame->wire)
        return;
    frame->wire -= frame->fcs;
    frame->fcs = 0;
    if (frame->captured > frame->wire)
        frame->captured = frame->wire;
    in->counts.fcs++;
}

/* strip: false: the frame is a fragment that waits for others. */
static bool strip(struct intake *in, struct frame *frame)
{
    bool stripped = false;
    for (unsigned i = 0; i < STRIP_MAX; i++) {
        struct packet pkt = {
            .t = frame->t, .linktype = frame->linktype, .wire = frame->wire, .point = frame->point};
        uint16_t linktype;
        uint32_t at = decode_strip(&pkt, frame->data, frame->captured, in->config.strip, &linktype);
        if (at) {
            stripped = true;
            frame->data += at;
            frame->captured -= at;
            frame->wire -= frame->wire < at ? frame->wire : at;
            frame->linktype = linktype;
            continue;
        }
        enum mirror_result result = mirror_take(in->mirror, frame, &pkt);
        if (result == MIRROR_HELD)
            return false;
        if (result == MIRROR_NONE)
            break;
    }
    in->counts.stripped += stripped;
    return true;
}

/* count_here: what checksums are worth at this frame of its input. */
static bool count_here(struct intake *in, const struct frame *frame, uint32_t input)
{
    if (in->config.checksums != CHECKSUMS_AUTO)
        return in->config.checksums == CHECKSUMS_VALIDATE;
    struct sample *s = &in->samples[input < in->inputs ? input : in->inputs];
    if (s->frames < AUTO_FRAMES) {
        struct packet pkt = {
            .linktype = frame->linktype, .wire = frame->wire, .flags = PACKET_VALIDATE};
        decode_frame(&pkt, frame->data, frame->captured);
        s->frames++;
        s->told += pkt.verdict == DECODE_TRANSPORT || pkt.verdict == DECODE_CHECKSUM;
        s->wrong += pkt.verdict == DECODE_CHECKSUM;
    }
    return s->wrong * AUTO_RATIO <= s->told;
}

bool intake_takes(struct intake *in, struct frame *frame, uint32_t input, uint8_t *flags)
{
    if (!passes(in, frame)) {
        in->counts.filtered++;
        return false;
    }
    cut_fcs(in, frame);
    if (in->mirror && !strip(in, frame))
        return false;
    if (count_here(in, frame, input))
        *flags |= PACKET_VALIDATE;
    return true;
}

static uint8_t packet_flags(const struct frame *frame)
{
    return (frame->flags & (FRAME_TIME_BACK | FRAME_NO_STAMP) ? PACKET_TIME_BACK : 0) |
           (frame->flags & FRAME_OVERLONG ? PACKET_OVERLONG | PACKET_CUT : 0);
}

void intake_packet(struct packet *pkt, const struct frame *frame, uint32_t input, uint64_t seq,
                   uint8_t flags)
{
    pkt->t = frame->t;
    pkt->late_ns = frame->late_ns;
    pkt->seq = seq;
    pkt->input = input;
    pkt->wire = frame->wire;
    pkt->linktype = frame->linktype;
    pkt->point = frame->point;
    pkt->flags = flags | packet_flags(frame);
}

struct mirror *intake_mirror(const struct intake *in)
{
    return in->mirror;
}

void intake_end(struct intake *in)
{
    if (in->mirror)
        mirror_end(in->mirror);
}

struct intake_counts intake_counts(const struct intake *in)
{
    struct intake_counts out = in->counts;
    if (in->mirror)
        out.mirror = mirror_counts(in->mirror);
    return out;
}
