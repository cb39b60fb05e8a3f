/* Writes every command, session and anomaly that reaches seam 1, a line each: the linker puts this
 * in place of correlator_push (--wrap=correlator_push), so what is written has come the whole line
 * from the capture. The file is named by PLIMSOLL_OBSERVATIONS; give one worker, then lines are in
 * order.
 *
 * Columns, separated by tabs: kind, protocol, source, source port, target, target port, ns when the
 * act began, ns when its fate was known, transaction, unit, function, operation, outcome,
 * exception, first object, number of objects; for an anomaly, its name is in the place of the
 * operation, for a session its code in the place of the first object, and whether a user is known
 * in that of their number.
 */
#include "correlate/correlator.h"
#include "proto/proto.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void __real_correlator_push(struct correlator *c, unsigned worker, const struct observation *obs);
void __wrap_correlator_push(struct correlator *c, unsigned worker, const struct observation *obs);

static FILE *out;

__attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("PLIMSOLL_OBSERVATIONS");
    out = path ? fopen(path, "w") : NULL;
}

__attribute__((destructor)) static void close_file(void)
{
    if (out)
        fclose(out);
}

static void print(const struct observation *o)
{
    char source[ADDRESS_TEXT_ROOM], target[ADDRESS_TEXT_ROOM];
    bool session = o->kind == KIND_SESSION;
    const char *what = o->kind == KIND_ANOMALY ? proto_anomaly_words[o->integer].name
                                               : operation_words[o->operation].name;
    fprintf(out,
            "%s\t%s\t%s\t%u\t%s\t%u\t%" PRId64 "\t%" PRId64 "\t%u\t%u\t%u\t%s\t%s\t%u\t%u\t%u\n",
            kind_words[o->kind].name, protocol_words[o->protocol].name,
            address_format(source, &o->source), o->source_port, address_format(target, &o->target),
            o->target_port, o->began_ns, o->order.t, o->transaction, o->unit, o->function, what,
            outcome_words[o->outcome].name, o->exception,
            session ? (uint32_t)o->integer : o->object_first,
            session ? o->name[NAME_USER][0] != 0 || o->name[NAME_USER][1] != 0 : o->object_count);
}

void __wrap_correlator_push(struct correlator *c, unsigned worker, const struct observation *obs)
{
    if (out &&
        (obs->kind == KIND_COMMAND || obs->kind == KIND_ANOMALY || obs->kind == KIND_SESSION))
        print(obs);
    __real_correlator_push(c, worker, obs);
}
