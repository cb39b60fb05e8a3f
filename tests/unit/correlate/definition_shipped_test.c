/* The correlations that are shipped: what opens them, and what comes close and does not. */
#include "tests/unit/correlate/correlator_input.h"

static struct fixture fixture;
static struct run run;
static uint64_t seq;

static void begin(void)
{
    size_t len;
    const char *text = definitions_shipped(&len);
    char *copy = strndup(text, len);
    assert_non_null(copy);
    fixture_open_with(&fixture, copy);
    free(copy);
    struct correlator_config config = fixture_config(&fixture, 1);
    run_open(&run, &config);
}

static void end(void)
{
    run_close(&run);
    fixture_close(&fixture);
}

/* tell: `what`, but between these hosts at this time; its place in the order is its own. */
static void tell(int64_t t, struct observation what, struct address source, struct address target)
{
    struct observation obs = seen_at(t, ++seq, (enum kind)what.kind, source, target);
    struct order order = obs.order;
    int64_t began = obs.began_ns;
    obs = what;
    obs.order = order;
    obs.began_ns = began;
    obs.version = OBSERVATION_VERSION;
    obs.source = source;
    obs.target = target;
    run_push(&run, obs);
    for (int level = 0; level < 3; level++)
        correlator_turn(run.correlator, 0); /* what the lower levels handed on */
}

/* opened: how often this correlation opened, a moment later than anything told. */
static unsigned opened(int64_t t, const char *name)
{
    unsigned n = 0;
    struct revision r;
    for (int i = 0; i < 3; i++)
        run_until(&run, t + i);
    while (correlator_next(run.correlator, &r) == 1)
        n += r.why == REVISION_OPENED &&
             strcmp(definition_name(fixture.definitions, r.definition), name) == 0;
    return n;
}

/* 10.1.0.9 is an operator's station (correlator_fixture.h); the others are nobody's. */
#define STATION host(1, 9)
#define DEVICE  host(1, 20)
#define FOREIGN host(9, 1)

static struct observation session(enum protocol protocol, enum outcome outcome, int64_t code)
{
    return (struct observation){.kind = KIND_SESSION,
                                .protocol = (uint8_t)protocol,
                                .outcome = (uint8_t)outcome,
                                .integer = code};
}

static struct observation command(enum operation operation, enum outcome outcome, uint32_t object)
{
    return (struct observation){.kind = KIND_COMMAND,
                                .protocol = PROTOCOL_IEC104,
                                .operation = (uint8_t)operation,
                                .outcome = (uint8_t)outcome,
                                .object_first = object,
                                .object_count = 1};
}

static void ten_refusals_are_guessing(void **unused)
{
    (void)unused;
    static const struct {
        enum protocol protocol;
        enum outcome outcome;
        int64_t code;
        int n;
        int64_t step;
        unsigned opened;
    } cases[] = {
        {PROTOCOL_SSH, OUTCOME_REFUSED, 3, 9, S, 0},
        {PROTOCOL_SSH, OUTCOME_REFUSED, 3, 10, S, 1},
        {PROTOCOL_SSH, OUTCOME_REFUSED, 3, 10, 70 * S, 0}, /* too slow */
        {PROTOCOL_SSH, OUTCOME_SEEN, 3, 30, S, 0},
        {PROTOCOL_HTTP, OUTCOME_REFUSED, 401, 10, S, 1},
        {PROTOCOL_HTTP, OUTCOME_REFUSED, 403, 30, S, 0},
        {PROTOCOL_VNC, OUTCOME_REFUSED, 2, 10, S, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin();
        int64_t t = S;
        for (int k = 0; k < cases[i].n; k++, t += cases[i].step)
            tell(t, session(cases[i].protocol, cases[i].outcome, cases[i].code), FOREIGN, DEVICE);
        unsigned n = opened(t, "plimsoll.credential-guessing");
        if (n != cases[i].opened)
            fail_msg("case %zu: opened %u times", i, n);
        end();
    }
}

static void a_session_into_a_station_and_then_a_command(void **unused)
{
    (void)unused;
    static const struct {
        enum protocol protocol;
        enum outcome outcome;
        bool from_station, to_station;
        enum operation operation;
        int64_t after;
        unsigned opened;
    } cases[] = {
        {PROTOCOL_SSH, OUTCOME_ACKNOWLEDGED, false, true, OPERATION_OPERATE, 60 * S, 1},
        {PROTOCOL_RDP, OUTCOME_ACKNOWLEDGED, false, true, OPERATION_WRITE, 60 * S, 1},
        {PROTOCOL_SSH, OUTCOME_SEEN, false, true, OPERATION_OPERATE, 60 * S, 0},
        {PROTOCOL_SSH, OUTCOME_REFUSED, false, true, OPERATION_OPERATE, 60 * S, 0},
        {PROTOCOL_HTTP, OUTCOME_ACKNOWLEDGED, false, true, OPERATION_OPERATE, 60 * S, 0},
        {PROTOCOL_SSH, OUTCOME_ACKNOWLEDGED, true, true, OPERATION_OPERATE, 60 * S, 0},
        {PROTOCOL_SSH, OUTCOME_ACKNOWLEDGED, false, false, OPERATION_OPERATE, 60 * S, 0},
        {PROTOCOL_SSH, OUTCOME_ACKNOWLEDGED, false, true, OPERATION_READ, 60 * S, 0},
        {PROTOCOL_SSH, OUTCOME_ACKNOWLEDGED, false, true, OPERATION_OPERATE, 4000 * S, 0},
        {PROTOCOL_SSH, OUTCOME_ACKNOWLEDGED, false, true, OPERATION_OPERATE, -S / 2, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin();
        struct observation in = session(cases[i].protocol, cases[i].outcome, 1);
        struct observation act = command(cases[i].operation, OUTCOME_COMPLETED, 5);
        struct address from = cases[i].from_station ? STATION : FOREIGN;
        struct address to = cases[i].to_station ? STATION : host(1, 8);
        if (cases[i].after < 0)
            tell(S + cases[i].after, act, STATION, DEVICE);
        tell(S, in, from, to);
        if (cases[i].after > 0)
            tell(S + cases[i].after, act, STATION, DEVICE);
        unsigned n = opened(5000 * S, "plimsoll.remote-session-into-operator");
        if (n != cases[i].opened)
            fail_msg("case %zu: opened %u times", i, n);
        end();
    }
}

static void many_objects_or_some_refusals_are_a_survey(void **unused)
{
    (void)unused;
    static const struct {
        enum operation operation;
        enum outcome outcome;
        uint8_t exception;
        bool same_object, by_station;
        int n;
        unsigned opened;
    } cases[] = {
        {OPERATION_READ, OUTCOME_ACKNOWLEDGED, 0, false, false, 19, 0},
        {OPERATION_READ, OUTCOME_ACKNOWLEDGED, 0, false, false, 20, 1},
        {OPERATION_READ, OUTCOME_ACKNOWLEDGED, 0, true, false, 100, 0},
        {OPERATION_READ, OUTCOME_ACKNOWLEDGED, 0, false, true, 100, 0},
        {OPERATION_OPERATE, OUTCOME_REFUSED, 47, true, false, 4, 0},
        {OPERATION_OPERATE, OUTCOME_REFUSED, 47, true, false, 5, 1},
        {OPERATION_OPERATE, OUTCOME_REFUSED, 47, true, true, 50, 0},
        {OPERATION_SELECT, OUTCOME_SEEN, 47, true, false, 5, 1},
        {OPERATION_SELECT, OUTCOME_SEEN, 7, true, false, 50, 0},
        /* both at once are one survey */
        {OPERATION_READ, OUTCOME_REFUSED, 47, false, false, 40, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin();
        int64_t t = S;
        for (int k = 0; k < cases[i].n; k++, t += S) {
            struct observation o = command(cases[i].operation, cases[i].outcome,
                                           cases[i].same_object ? 7 : 7 + (uint32_t)k);
            o.exception = cases[i].exception;
            tell(t, o, cases[i].by_station ? STATION : FOREIGN, DEVICE);
        }
        unsigned n = opened(t, "plimsoll.control-survey");
        if (n != cases[i].opened)
            fail_msg("case %zu: opened %u times", i, n);
        end();
    }
}

static void commands_of_any_protocol_are_control_commands(void **unused)
{
    (void)unused;
    static const struct {
        enum operation operation;
        unsigned opened;
    } cases[] = {{OPERATION_WRITE, 1}, {OPERATION_OPERATE, 1},  {OPERATION_START, 1},
                 {OPERATION_STOP, 1},  {OPERATION_DOWNLOAD, 1}, {OPERATION_SET_TIME, 1},
                 {OPERATION_READ, 0},  {OPERATION_SELECT, 0},   {OPERATION_OTHER, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin();
        tell(S, command(cases[i].operation, OUTCOME_SEEN, 1), FOREIGN, DEVICE);
        assert_int_equal(opened(2 * S, "plimsoll.control-command"), cases[i].opened);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_refusals_are_guessing),
        cmocka_unit_test(a_session_into_a_station_and_then_a_command),
        cmocka_unit_test(many_objects_or_some_refusals_are_a_survey),
        cmocka_unit_test(commands_of_any_protocol_are_control_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
