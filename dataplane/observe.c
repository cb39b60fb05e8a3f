/* Observations: what a stage saw, with who, when and how sure, in the one order. */
#include "dataplane/line_parts.h"

#include "base/digest.h"
#include "base/time_point.h"

#include <string.h>

static uint8_t time_source(const struct line *line)
{
    return line->config.clock_error_ns == TIME_ERROR_UNKNOWN ? TIME_SOURCE_CAPTURE
                                                             : TIME_SOURCE_CAPTURE_STATED;
}

/* begin: an observation of the moment's flow, acted by the end that asks unless said otherwise. */
static struct observation begin(struct line *line, enum kind kind, unsigned actor)
{
    const struct flow *f = line->now.flow;
    struct observation obs = {
        .order = line->now.order,
        .began_ns = line->now.seen_ns,
        .time_error_ns = line->config.clock_error_ns,
        .flow_id = f->id,
        .kind = (uint8_t)kind,
        .contact = (uint8_t)flow_contact(f),
        .role = f->role,
        .transport = f->key.transport,
        .protocol = flow_protocol(f),
        .time_source = time_source(line),
        .source_port = side_port(f, actor),
        .target_port = side_port(f, !actor),
        .tenant = f->key.vlan,
        .version = OBSERVATION_VERSION,
        .generation = (uint16_t)line->generation,
        .point = f->key.point,
        .visibility = f->gaps                                ? VISIBILITY_GAPS
                      : f->shown[0].seen && f->shown[1].seen ? VISIBILITY_BOTH
                                                             : VISIBILITY_ONE_SIDED,
        .source = *side_address(f, actor),
        .target = *side_address(f, !actor),
    };
    return obs;
}

void observe_late(struct flow *f, const struct packet *pkt)
{
    f->late_at = pkt->t;
    f->late_ns = pkt->late_ns > f->late_ns ? pkt->late_ns : f->late_ns;
}

/* less_sure: a stamp that went back says less of when the act began than the clock's error would.
 */
static void less_sure(struct observation *obs, int64_t late_at, uint64_t late_ns)
{
    if (!late_ns || obs->began_ns > late_at)
        return;
    obs->flags |= OBSERVATION_LATE;
    if (obs->time_error_ns > UINT64_MAX - late_ns)
        obs->time_error_ns = TIME_ERROR_UNKNOWN;
    else
        obs->time_error_ns += late_ns;
}

static void put_text(struct event_text *out, struct bytes text)
{
    out->len = (uint8_t)(text.len < EVENT_TEXT_MAX ? text.len : EVENT_TEXT_MAX);
    if (out->len)
        memcpy(out->bytes, text.data, out->len);
}

/* write_down: for those who take events; session: NULL for other kinds. */
static void write_down(struct line *line, const struct observation *obs,
                       const struct proto_session *session)
{
    struct line_event event = {.obs = *obs, .type = EVENT_OBSERVATION};
    if (session) {
        put_text(&event.session.method, session->method);
        put_text(&event.session.uri, session->uri);
        put_text(&event.session.host, session->host);
    }
    line->config.output.event(line->config.output.ctx, &event);
}

/* send: session: NULL for other kinds. */
static void send(struct line *line, const struct observation *obs,
                 const struct proto_session *session)
{
    line->stats.counters.observations++;
    line->now.order.index++;
    enum engine_stage before = stage_enter(line, STAGE_OBSERVE);
    if (line->config.output.event)
        write_down(line, obs, session);
    line->config.output.observe(line->config.output.ctx, obs);
    stage_enter(line, before);
}

/* send_flow: of the moment's flow. */
static void send_flow(struct line *line, struct observation *obs,
                      const struct proto_session *session)
{
    less_sure(obs, line->now.flow->late_at, line->now.flow->late_ns);
    send(line, obs, session);
}

void observe_attempt(struct line *line, enum outcome outcome, int64_t began)
{
    struct observation obs = begin(line, KIND_ATTEMPT, line->now.flow->client);
    obs.outcome = (uint8_t)outcome;
    obs.began_ns = began;
    line->stats.counters.attempts++;
    send_flow(line, &obs, NULL);
}

void observe_command(struct line *line, const struct proto_command *command)
{
    unsigned client = line->now.flow->client;
    struct observation obs =
        begin(line, KIND_COMMAND, command->from == PROTO_TO_SERVER ? client : !client);
    obs.outcome = command->outcome;
    obs.operation = command->operation;
    obs.began_ns = command->request_ns;
    obs.function = command->function;
    obs.exception = command->exception;
    obs.unit = command->unit;
    obs.transaction = command->transaction;
    obs.object_first = command->object_first;
    obs.object_count = command->object_count;
    if (command->has_value) {
        obs.integer = command->value;
        obs.flags |= OBSERVATION_HAS_VALUE;
    }
    line->stats.counters.commands++;
    line->stats.commands[obs.protocol][command->operation][command->outcome]++;
    send_flow(line, &obs, NULL);
}

static void put_name(uint8_t out[16], struct bytes name)
{
    uint8_t digest[SHA256_BYTES];
    if (name.len == 0)
        return;
    sha256(digest, name.data, name.len);
    memcpy(out, digest, 16);
}

void observe_session(struct line *line, const struct proto_session *session)
{
    struct observation obs = begin(line, KIND_SESSION, line->now.flow->client);
    obs.outcome = session->outcome;
    obs.began_ns = session->request_ns;
    obs.integer = session->code;
    obs.flags |= OBSERVATION_HAS_VALUE;
    put_name(obs.name[NAME_USER], session->user);
    put_name(obs.name[NAME_HOST], session->host);
    line->stats.counters.sessions++;
    line->stats.sessions[obs.protocol][session->outcome]++;
    send_flow(line, &obs, session);
}

void observe_anomaly(struct line *line, enum proto_anomaly anomaly)
{
    struct observation obs = begin(line, KIND_ANOMALY, line->now.flow->client);
    obs.integer = anomaly;
    line->stats.counters.anomalies++;
    line->stats.anomalies[obs.protocol]++;
    send_flow(line, &obs, NULL);
}

/* The error proves nothing but that it was sent: no contact, and a flow of its own. */
void observe_error(struct line *line, const struct icmp_error *error)
{
    const struct packet *pkt = line->now.pkt;
    struct observation obs = {
        .order = line->now.order,
        .began_ns = line->now.order.t,
        .time_error_ns = line->config.clock_error_ns,
        .kind = KIND_ERROR,
        .outcome = error->unreachable ? OUTCOME_REFUSED : OUTCOME_SEEN,
        .contact = CONTACT_NONE,
        .role = ROLE_MESSAGE,
        .transport = error->transport,
        .time_source = time_source(line),
        .source_port = error->source_port,
        .target_port = error->target_port,
        .tenant = pkt->vlan,
        .version = OBSERVATION_VERSION,
        .generation = (uint16_t)line->generation,
        .point = pkt->point,
        .visibility = VISIBILITY_ONE_SIDED,
        .source = error->source,
        .target = error->target,
        .integer = error->type * 256 + error->code,
    };
    memcpy(obs.value, &pkt->source, sizeof obs.value);
    line->stats.counters.icmp_errors++;
    less_sure(&obs, pkt->t, pkt->late_ns);
    send(line, &obs, NULL);
}

void observe_hits(struct line *line, const struct hit *hits, size_t n)
{
    line->now.flow->alerted |= n > 0;
    for (size_t i = 0; i < n; i++) {
        /* A hit's source is who sent the bytes, as the rule's header says it. */
        struct observation obs = begin(line, KIND_HIT, line->now.side);
        obs.rule_gid = rule_gid(policy_now(line)->rules, hits[i].rule);
        obs.rule_sid = rule_sid(policy_now(line)->rules, hits[i].rule);
        obs.rule_rev = rule_rev(policy_now(line)->rules, hits[i].rule);
        line->stats.counters.hits++;
        send_flow(line, &obs, NULL);
    }
}

void observe_traffic(struct line *line)
{
    const struct packet *pkt = line->now.pkt;
    struct flow *f = line->now.flow;
    struct flow_traffic *mine = &f->traffic[line->now.side];
    if (f->traffic[0].packets + f->traffic[1].packets == 0)
        f->start_ns = pkt->t;
    mine->packets++;
    mine->bytes += pkt->wire;
    mine->tcp_flags |= pkt->tcp_flags;
}

void observe_flow_end(struct line *line, enum flow_end end)
{
    const struct flow *f = line->now.flow;
    if (!line->config.output.event)
        return;
    struct line_event event = {
        .obs = begin(line, KIND_ATTEMPT, f->client),
        .type = EVENT_FLOW,
        .flow = {.traffic = {f->traffic[f->client], f->traffic[!f->client]},
                 .start_ns = f->start_ns,
                 .end_ns = f->last_ns,
                 .state = f->closed                              ? FLOW_STATE_CLOSED
                          : f->shown[0].seen && f->shown[1].seen ? FLOW_STATE_ESTABLISHED
                                                                 : FLOW_STATE_NEW,
                 .end = (uint8_t)end,
                 .alerted = f->alerted},
    };
    line->now.order.index++;
    line->config.output.event(line->config.output.ctx, &event);
}
