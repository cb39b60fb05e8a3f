/* Writes every APDU of IEC 60870-5-104 that the line finds, a line each: the linker puts this in
 * place of framing_feed (--wrap=framing_feed), so that each message passes here on its way to the
 * parser. The file is named by PLIMSOLL_APDUS; give one worker, then lines are in order.
 *
 * Columns, separated by tabs: source, source port, target, target port (of the sender and the
 * receiver), format (I, S, U), N(S) or the octet of a U format, N(R); of an ASDU also: type, its
 * name, SQ, number of objects, cause, its name, P/N, T, originator, common address, addresses of
 * the objects with commas.
 */
#include "dataplane/line_parts.h"
#include "proto/framing.h"
#include "proto/iec104_asdu.h"

#include <stdio.h>
#include <stdlib.h>

void __real_framing_feed(const struct framing_kind *kind, struct framing *f, void *state,
                         enum proto_direction dir, int64_t now, const uint8_t *data, uint32_t len,
                         const struct proto_sink *sink);
void __wrap_framing_feed(const struct framing_kind *kind, struct framing *f, void *state,
                         enum proto_direction dir, int64_t now, const uint8_t *data, uint32_t len,
                         const struct proto_sink *sink);

static FILE *out;
static const struct framing_kind *parsers_own;

__attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("PLIMSOLL_APDUS");
    out = path ? fopen(path, "w") : NULL;
}

__attribute__((destructor)) static void close_file(void)
{
    if (out)
        fclose(out);
}

static const char *or_dash(const char *name)
{
    return name ? name : "-";
}

static void print_asdu(const struct iec104_asdu *a)
{
    const struct iec104_type *type = iec104_type(a->type);
    struct iec104_object o;
    fprintf(out, "\t%u\t%s\t%u\t%u\t%u\t%s\t%u\t%u\t%u\t%u\t", a->type,
            or_dash(type ? type->name : NULL), a->sequence, a->count, a->cause,
            or_dash(iec104_cause_name(a->cause)), a->negative, a->test, a->originator, a->common);
    for (unsigned i = 0; iec104_object(a, i, &o); i++)
        fprintf(out, "%s%u", i ? "," : "", o.address);
}

static void print_then_take(void *state, enum proto_direction dir, int64_t now,
                            const uint8_t *message, uint32_t len, const struct proto_sink *sink)
{
    const struct line *line = sink->ctx;
    const struct flow *f = line->now.flow;
    unsigned side = dir == PROTO_TO_SERVER ? f->client : !f->client;
    char source[ADDRESS_TEXT_ROOM], target[ADDRESS_TEXT_ROOM];
    enum iec104_format format = iec104_format(message);
    struct iec104_asdu a;
    fprintf(out, "%s\t%u\t%s\t%u\t%c\t%u\t%u", address_format(source, side_address(f, side)),
            side_port(f, side), address_format(target, side_address(f, !side)), side_port(f, !side),
            "ISU"[format], format == IEC104_U ? message[2] : load_le16(message + 2) >> 1,
            load_le16(message + 4) >> 1);
    if (format == IEC104_I && iec104_asdu_parse(message, len, &a))
        print_asdu(&a);
    fputc('\n', out);
    parsers_own->take(state, dir, now, message, len, sink);
}

void __wrap_framing_feed(const struct framing_kind *kind, struct framing *f, void *state,
                         enum proto_direction dir, int64_t now, const uint8_t *data, uint32_t len,
                         const struct proto_sink *sink)
{
    const struct line *line = sink->ctx;
    struct framing_kind printing = *kind;
    if (out && proto_parsers[line->now.flow->parser]->protocol == PROTOCOL_IEC104) {
        parsers_own = kind;
        printing.take = print_then_take;
    }
    __real_framing_feed(&printing, f, state, dir, now, data, len, sink);
}
