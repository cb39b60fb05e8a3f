/* One writer a type of event; what all have in common is put in front. */
#include "app/out_eve.h"

#include "base/community_id.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/ip_protocol.h"
#include "base/json.h"
#include "base/time_point.h"

#include <stdlib.h>
#include <string.h>

#define THRESHOLD_COUNTS 65536 /* of rules and ends at a time */

struct eve_rule {
    uint32_t sid, index;
};

static int by_sid(const void *a, const void *b)
{
    const struct eve_rule *x = a, *y = b;
    return (x->sid > y->sid) - (x->sid < y->sid);
}

int eve_writer_init(struct eve_writer *w, const struct policies *policies)
{
    uint64_t seed;
    *w = (struct eve_writer){.policies = policies};
    if (random_bytes(&seed, sizeof seed))
        return ERR_INTERNAL;
    w->thresholds = thresholds_create(THRESHOLD_COUNTS, seed);
    if (!w->thresholds)
        return ERR_NOMEM;
    for (unsigned p = 0; p < policies->n; p++) {
        const struct rule_set *set = policies->items[p].rules;
        size_t n = rule_set_counts(set)->loaded;
        w->rules[p] = calloc(n + 1, sizeof *w->rules[p]);
        if (!w->rules[p])
            return ERR_NOMEM;
        for (uint32_t i = 0; i < n; i++)
            w->rules[p][i] = (struct eve_rule){rule_sid(set, i), i};
        qsort(w->rules[p], n, sizeof *w->rules[p], by_sid);
    }
    return 0;
}

void eve_writer_free(struct eve_writer *w)
{
    for (unsigned p = 0; p < CORRELATOR_POLICIES_MAX; p++)
        free(w->rules[p]);
    thresholds_free(w->thresholds);
    text_free(&w->line);
}

static void put_pair(struct json_writer *w, const char *key, const char *value)
{
    json_put_key(w, key);
    json_put_string(w, value);
}

static void put_number(struct json_writer *w, const char *key, uint64_t value)
{
    json_put_key(w, key);
    json_put_u64(w, value);
}

static void put_text(struct json_writer *w, const char *key, const struct event_text *text)
{
    if (!text->len)
        return;
    json_put_key(w, key);
    json_put_string_len(w, text->bytes, text->len);
}

/* put_time: to the microsecond, as Suricata has it. */
static void put_time(struct json_writer *w, const char *key, int64_t ns)
{
    char text[TIME_TEXT_ROOM];
    time_format(text, ns);
    memcpy(text + strlen("2026-01-01T00:00:00.000000"), "+0000", sizeof "+0000");
    put_pair(w, key, text);
}

static void open_object(struct json_writer *w, const char *key)
{
    json_put_key(w, key);
    json_open_object(w);
}

static bool has_ports(const struct observation *o)
{
    return o->transport == IP_TCP || o->transport == IP_UDP || o->transport == IP_SCTP;
}

static void put_address(struct json_writer *w, const char *key, const struct address *a)
{
    char text[ADDRESS_TEXT_ROOM];
    put_pair(w, key, address_format(text, a));
}

static void put_transport(struct json_writer *w, uint8_t transport)
{
    static const struct {
        uint8_t number;
        const char *name;
    } names[] = {{IP_TCP, "TCP"},
                 {IP_UDP, "UDP"},
                 {IP_ICMP, "ICMP"},
                 {IP_ICMP6, "IPv6-ICMP"},
                 {IP_SCTP, "SCTP"}};
    char number[4];
    const char *name = number;
    snprintf(number, sizeof number, "%03u", transport);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == transport)
            name = names[i].name;
    put_pair(w, "proto", name);
}

/* put_common: when, which flow and packet, and between whom. What a timer caused has no packet. */
static void put_common(struct json_writer *w, const char *type, const struct observation *o)
{
    char id[COMMUNITY_ID_ROOM];
    put_time(w, "timestamp", o->order.t);
    put_number(w, "flow_id", o->flow_id);
    if (o->order.input != ORDER_TIMER && o->order.input < ORDER_CLOSING)
        put_number(w, "pcap_cnt", o->order.seq);
    put_pair(w, "event_type", type);
    if (o->tenant) {
        json_put_key(w, "vlan");
        json_open_array(w);
        json_put_u64(w, o->tenant);
        json_close_array(w);
    }
    put_address(w, "src_ip", &o->source);
    if (has_ports(o))
        put_number(w, "src_port", o->source_port);
    put_address(w, "dest_ip", &o->target);
    if (has_ports(o))
        put_number(w, "dest_port", o->target_port);
    put_transport(w, o->transport);
    put_pair(
        w, "community_id",
        community_id(id, &o->source, &o->target, o->source_port, o->target_port, o->transport));
    if (o->protocol != PROTOCOL_UNKNOWN)
        put_pair(w, "app_proto", protocol_words[o->protocol].name);
}

/* put_references: what the rule says to read, as URLs; only where a file says where they are. */
static void put_references(struct json_writer *w, const struct rule_set *set, uint32_t rule)
{
    struct text url = {0};
    unsigned n = 0;
    for (; rule_reference(set, rule, n, &url); n++) {
        if (n == 0) {
            json_put_key(w, "references");
            json_open_array(w);
        }
        json_put_string(w, text_str(&url));
        text_clear(&url);
    }
    if (n)
        json_close_array(w);
    text_free(&url);
}

/* rule_of: the rule that an alert is of, in the policy of its time; NULL: none that we know. */
static const struct eve_rule *rule_of(const struct eve_writer *e, const struct observation *o)
{
    const struct rule_set *set = e->policies->items[o->generation].rules;
    const struct eve_rule wanted = {.sid = o->rule_sid};
    return bsearch(&wanted, e->rules[o->generation], rule_set_counts(set)->loaded, sizeof wanted,
                   by_sid);
}

static enum alert_fate fate_of(struct eve_writer *e, const struct observation *o)
{
    const struct eve_rule *rule = rule_of(e, o);
    return rule ? thresholds_decide(e->thresholds, e->policies->items[o->generation].rules,
                                    rule->index, o->order.t, &o->source, &o->target)
                : FATE_TOLD;
}

static void put_alert(struct eve_writer *e, struct json_writer *w, const struct line_event *event)
{
    const struct observation *o = &event->obs;
    const struct rule_set *set = e->policies->items[o->generation].rules;
    const struct eve_rule *rule = rule_of(e, o);
    put_common(w, "alert", o);
    open_object(w, "alert");
    put_pair(w, "action", "allowed");
    put_number(w, "gid", o->rule_gid);
    put_number(w, "signature_id", o->rule_sid);
    put_number(w, "rev", o->rule_rev);
    if (rule) {
        put_pair(w, "signature", rule_msg(set, rule->index));
        put_pair(w, "category", rule_class_text(set, rule->index));
        put_number(w, "severity", rule_priority(set, rule->index));
        put_references(w, set, rule->index);
    }
    json_close_object(w);
}

static void put_http(struct eve_writer *e, struct json_writer *w, const struct line_event *event)
{
    (void)e;
    put_common(w, "http", &event->obs);
    open_object(w, "http");
    put_text(w, "hostname", &event->session.host);
    put_text(w, "url", &event->session.uri);
    put_text(w, "http_method", &event->session.method);
    if (event->obs.integer)
        put_number(w, "status", (uint64_t)event->obs.integer);
    json_close_object(w);
}

/* Modbus. Rows by number. */
struct modbus_name {
    uint8_t number;
    const char *name, *access;
};
static const struct modbus_name modbus_functions[] = {
    {1, "RdCoils", "READ | COILS"},
    {2, "RdDiscreteInputs", "READ | DISCRETES"},
    {3, "RdHoldRegs", "READ | HOLDING"},
    {4, "RdInputRegs", "READ | INPUT"},
    {5, "WrSingleCoil", "WRITE | COILS | SINGLE | WRITE_SINGLE"},
    {6, "WrSingleReg", "WRITE | HOLDING | SINGLE | WRITE_SINGLE"},
    {7, "RdExcStatus", "NONE"},
    {8, "Diagnostic", "NONE"},
    {11, "GetCommEventCtr", "NONE"},
    {12, "GetCommEventLog", "NONE"},
    {15, "WrMultCoils", "WRITE | COILS | MULTIPLE | WRITE_MULTIPLE"},
    {16, "WrMultRegs", "WRITE | HOLDING | MULTIPLE | WRITE_MULTIPLE"},
    {17, "ReportServerID", "NONE"},
    {20, "RdFileRec", "NONE"},
    {21, "WrFileRec", "NONE"},
    {22, "MaskWrReg", "WRITE | HOLDING"},
    {23, "RdWrMultRegs", "READ | WRITE | HOLDING | MULTIPLE | WRITE_MULTIPLE"},
    {24, "RdFIFOQueue", "NONE"},
    {43, "MEI", "NONE"},
};
static const struct modbus_name modbus_exceptions[] = {
    {1, "IllegalFunction", NULL},
    {2, "IllegalDataAddr", NULL},
    {3, "IllegalDataValue", NULL},
    {4, "ServerDeviceFail", NULL},
    {5, "Ack", NULL},
    {6, "ServerDeviceBusy", NULL},
    {7, "NegAck", NULL},
    {8, "MemParityErr", NULL},
    {10, "GatewayPathUnavailable", NULL},
    {11, "GatewayTargetFailToResp", NULL},
};
static const struct modbus_name modbus_unknown = {0, "Unknown", "NONE"};

static const struct modbus_name *modbus_name(const struct modbus_name *rows, size_t n,
                                             uint8_t number)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].number == number)
            return &rows[i];
    return &modbus_unknown;
}
#define MODBUS_NAME(rows, number) modbus_name(rows, sizeof rows / sizeof rows[0], number)

static void put_modbus_message(struct json_writer *w, const struct observation *o)
{
    const struct modbus_name *function = MODBUS_NAME(modbus_functions, o->function);
    put_number(w, "transaction_id", o->transaction);
    put_number(w, "protocol_id", 0);
    put_number(w, "unit_id", o->unit);
    put_number(w, "function_raw", o->function);
    put_pair(w, "function_code", function->name);
    put_pair(w, "access_type", function->access);
}

static void put_modbus(struct eve_writer *e, struct json_writer *w, const struct line_event *event)
{
    const struct observation *o = &event->obs;
    (void)e;
    put_common(w, "modbus", o);
    open_object(w, "modbus");
    open_object(w, "request");
    put_modbus_message(w, o);
    if (o->object_count) {
        open_object(w, o->operation == OPERATION_WRITE ? "write" : "read");
        put_number(w, "address", o->object_first);
        if (o->flags & OBSERVATION_HAS_VALUE) {
            json_put_key(w, "data");
            json_put_i64(w, o->integer);
        } else {
            put_number(w, "quantity", o->object_count);
        }
        json_close_object(w);
    }
    json_close_object(w);
    if (o->outcome == OUTCOME_ACKNOWLEDGED || o->outcome == OUTCOME_REFUSED) {
        open_object(w, "response");
        put_modbus_message(w, o);
        if (o->exception) {
            open_object(w, "exception");
            put_number(w, "raw", o->exception);
            put_pair(w, "code", MODBUS_NAME(modbus_exceptions, o->exception)->name);
            json_close_object(w);
        }
        json_close_object(w);
    }
    json_close_object(w);
}

static void put_tcp(struct json_writer *w, const struct line_event *event)
{
    const struct flow_traffic *traffic = event->flow.traffic;
    char flags[3];
    open_object(w, "tcp");
    snprintf(flags, sizeof flags, "%02x", traffic[0].tcp_flags | traffic[1].tcp_flags);
    put_pair(w, "tcp_flags", flags);
    snprintf(flags, sizeof flags, "%02x", traffic[0].tcp_flags);
    put_pair(w, "tcp_flags_ts", flags);
    snprintf(flags, sizeof flags, "%02x", traffic[1].tcp_flags);
    put_pair(w, "tcp_flags_tc", flags);
    json_close_object(w);
}

static void put_flow(struct eve_writer *e, struct json_writer *w, const struct line_event *event)
{
    static const char *const states[] = {
#define X(suffix, name, text) name,
        FLOW_STATES(X)
#undef X
    };
    static const char *const reasons[] = {
#define X(suffix, name, outcome, text) name,
        FLOW_ENDS(X)
#undef X
    };
    (void)e;
    put_common(w, "flow", &event->obs);
    open_object(w, "flow");
    put_number(w, "pkts_toserver", event->flow.traffic[0].packets);
    put_number(w, "pkts_toclient", event->flow.traffic[1].packets);
    put_number(w, "bytes_toserver", event->flow.traffic[0].bytes);
    put_number(w, "bytes_toclient", event->flow.traffic[1].bytes);
    put_time(w, "start", event->flow.start_ns);
    put_time(w, "end", event->flow.end_ns);
    /* In whole seconds of both ends, as Suricata subtracts them. */
    put_number(w, "age",
               (uint64_t)(time_floor(event->flow.end_ns, NS_PER_S) / NS_PER_S -
                          time_floor(event->flow.start_ns, NS_PER_S) / NS_PER_S));
    put_pair(w, "state", states[event->flow.state]);
    put_pair(w, "reason", reasons[event->flow.end]);
    json_put_key(w, "alerted");
    json_put_bool(w, event->flow.alerted);
    json_close_object(w);
    if (event->obs.transport == IP_TCP)
        put_tcp(w, event);
}

typedef void event_writer(struct eve_writer *e, struct json_writer *w,
                          const struct line_event *event);

int eve_types_read(const char *list, unsigned *types)
{
    static const char *const names[] = {
#define X(s, name, text) [EVE_##s] = name,
        EVE_TYPES(X)
#undef X
    };
    *types = 0;
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        unsigned type = 0;
        while (type < EVE_TYPE_COUNT &&
               (strlen(names[type]) != len || memcmp(names[type], at, len) != 0))
            type++;
        if (type == EVE_TYPE_COUNT)
            return ERR_USAGE;
        *types |= 1u << type;
        at += len;
        if (!*at)
            return 0;
    }
}

enum eve_type eve_type_of(const struct line_event *event)
{
    const struct observation *o = &event->obs;
    if (event->type == EVENT_FLOW)
        return EVE_FLOW;
    if (o->kind == KIND_HIT)
        return EVE_ALERT;
    if (o->kind == KIND_SESSION && o->protocol == PROTOCOL_HTTP)
        return EVE_HTTP;
    if (o->kind == KIND_COMMAND && o->protocol == PROTOCOL_MODBUS)
        return EVE_MODBUS;
    return EVE_TYPE_COUNT;
}

const struct text *eve_line(struct eve_writer *e, const struct line_event *event)
{
    static event_writer *const writers[] = {[EVE_ALERT] = put_alert,
                                            [EVE_FLOW] = put_flow,
                                            [EVE_HTTP] = put_http,
                                            [EVE_MODBUS] = put_modbus};
    enum eve_type type = eve_type_of(event);
    text_clear(&e->line);
    if (type == EVE_TYPE_COUNT)
        return &e->line;
    if (type == EVE_ALERT) {
        enum alert_fate fate = fate_of(e, &event->obs);
        e->fates[fate]++;
        if (fate != FATE_TOLD)
            return &e->line;
    }
    struct json_writer w = json_writer_to(&e->line);
    json_open_object(&w);
    writers[type](e, &w, event);
    json_close_object(&w);
    text_puts(&e->line, "\n");
    return &e->line;
}
