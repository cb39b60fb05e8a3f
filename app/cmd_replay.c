/* plimsoll replay: its options and its teaching text. */
#include "app/commands.h"
#include "app/evidence.h"
#include "app/out_eve.h"
#include "app/replay.h"

#include "base/error.h"
#include "correlate/correlator.h"

#include <stddef.h>

#define OFFSET(member) offsetof(struct replay_options, member)
static const struct option replay_options[] = {
    {"rules", "FILE", OPTION_LIST, OFFSET(policy.rules),
     "a file of Suricata rules; may be given again. Rules that this build\n"
     "cannot use are counted; plimsoll rules check names them"},
    {"home-net", "LIST", OPTION_TEXT, OFFSET(policy.home_net),
     "$HOME_NET of the rules, e.g. [10.0.0.0/8]"},
    {"var", "NAME=VALUE", OPTION_LIST, OFFSET(policy.variables), "another variable of the rules"},
    {"vars", "FILE", OPTION_TEXT, OFFSET(policy.vars_file),
     "a suricata.yaml whose section `vars` sets address and port groups;\n"
     "--var and --home-net go before it"},
    {"classification", "FILE", OPTION_TEXT, OFFSET(policy.classification),
     "a classification.config: what classtypes mean, and their priority"},
    {"references", "FILE", OPTION_TEXT, OFFSET(policy.references),
     "a reference.config: where references of rules point; the alerts of --eve\n"
     "then list them"},
    {"threshold-config", "FILE", OPTION_TEXT, OFFSET(policy.thresholds),
     "a threshold.config: which alerts of --eve are held back (suppress,\n"
     "threshold, event_filter); correlation counts them all the same"},
    {"correlations", "FILE", OPTION_LIST, OFFSET(policy.correlations),
     "correlations beside the shipped ones"},
    {"accord", "FILE", OPTION_TEXT, OFFSET(policy.accord),
     "the accord that incidents are judged by"},
    {"party", "ID", OPTION_TEXT, OFFSET(policy.party),
     "whose sensor this is; needed when the accord has several parties"},
    {"switch-at", "T=FILE", OPTION_LIST, OFFSET(switches),
     "from the first packet at this time on, another policy (a YAML file that\n"
     "names rules, correlations, accord, party, home-net, variables, vars,\n"
     "classification, references, threshold-config) is in force; may be given again"},
    {"limit", "NAME=N", OPTION_LIST, OFFSET(limit_words),
     "another size for a pool, or the stream depth; part of the policy"},
    {"filter", "BPF", OPTION_TEXT, OFFSET(filter),
     "only packets that this passes, in tcpdump's language; part of the policy"},
    {"checksums", "MODE", OPTION_TEXT, OFFSET(checksums),
     "validate, ignore, or auto: validate but where a tenth of the first\n"
     "1,000 packets of an input are wrong. Default: auto"},
    {"strip", "TUNNEL", OPTION_LIST, OFFSET(strip),
     "a tunnel that only carries mirrored traffic (erspan, vxlan, gre, ...):\n"
     "what is in it is as if it had come without; may be given again"},
    {"sensor", "NAME=CAPTURE", OPTION_LIST, OFFSET(sensor_words),
     "a capture, and the sensor that it is of; may be given again. An act that\n"
     "several sensors saw counts once, and for independent evidence"},
    {"ledger", "DIR", OPTION_TEXT, OFFSET(ledger), "seal findings and coverage in this ledger"},
    {"ledger-key", "FILE", OPTION_TEXT, OFFSET(ledger_key),
     "the logs' signing keys; made on first use.\n"
     "Default: plimsoll/ledger.key in the user's configuration directory"},
    {"ledger-secret", "FILE", OPTION_TEXT, OFFSET(ledger_secret),
     "the secret that salts are made from; likewise ledger.secret"},
    {"clock-error", "T", OPTION_DURATION, OFFSET(clock_error),
     "how far the capture's clock may be off; unknown unless stated,\n"
     "and gates on it are then not-decidable"},
    {"workers", "N", OPTION_NUMBER, OFFSET(workers),
     "worker threads, 1 to 64; the result is the same"},
    {"burst", "N", OPTION_NUMBER, OFFSET(burst),
     "packets a burst, 1 to 64; the result is the same"},
    {"json", NULL, OPTION_FLAG, OFFSET(json),
     "print JSON, an object a line, in place of the screen"},
    {"stats", "FILE", OPTION_TEXT, OFFSET(stats),
     "write every count of the run as one JSON object"},
    {"eve", "FILE", OPTION_TEXT, OFFSET(eve),
     "write alerts, flows, HTTP and Modbus in Suricata's field names, a JSON\n"
     "object a line"},
    {"eve-types", "LIST", OPTION_TEXT, OFFSET(eve_types),
     "write only these, of alert, flow, http and modbus, by commas"},
    {"evidence", "DIR", OPTION_TEXT, OFFSET(evidence),
     "write the packets of each finding to a pcapng of its own, with comments;\n"
     "captures are read twice, so they must be files"},
    {"stage-times", NULL, OPTION_FLAG, OFFSET(stage_times),
     "measure each stage for --stats (costs time itself)"},
    {"memory", NULL, OPTION_FLAG, OFFSET(memory), "print what every pool was sized to, on stderr"},
    {"fail-on", "SEVERITY", OPTION_NUMBER, OFFSET(fail_on),
     "end 1 when a finding is at least this severe"},
};

static int set_limits(struct replay_options *o, struct diags *diags)
{
    o->limits = engine_default_limits();
    for (size_t i = 0; i < o->limit_words.n; i++)
        if (engine_limits_set(&o->limits, o->limit_words.items[i]))
            return diag_error(
                diags, ERR_USAGE, diag_file(NULL),
                "app-states, flows, hold-segments, stream-depth or windows, and a number",
                "--limit: '%s' sets nothing", o->limit_words.items[i]);
    return 0;
}

static int set_eve(struct replay_options *o, struct diags *diags)
{
    o->eve_type_bits = EVE_ALL;
    if (o->eve_types && eve_types_read(o->eve_types, &o->eve_type_bits))
        return diag_error(diags, ERR_USAGE, diag_file(NULL), "alert, flow, http, modbus",
                          "--eve-types: '%s' names something else", o->eve_types);
    return 0;
}

static int set_intake(struct replay_options *o, struct diags *diags)
{
    struct intake_config *intake = &o->limits.intake;
    intake->filter = o->filter;
    if (o->checksums && intake_checksums(intake, o->checksums))
        return diag_error(diags, ERR_USAGE, diag_file(NULL), "validate, ignore or auto",
                          "--checksums: there is no '%s'", o->checksums);
    for (size_t i = 0; i < o->strip.n; i++)
        if (intake_strip(intake, o->strip.items[i]))
            return diag_error(diags, ERR_USAGE, diag_file(NULL),
                              "erspan, vxlan, gre, geneve, gtp, ...",
                              "--strip: there is no tunnel '%s'", o->strip.items[i]);
    return intake_check(intake, diags);
}

static int check(const struct replay_options *o, const struct option_list *captures,
                 struct diags *diags)
{
    if (captures->n == 0)
        return diag_error(diags, ERR_USAGE, diag_file(NULL), "plimsoll replay CAPTURE...",
                          "no capture was given");
    if (o->workers < 1 || o->workers > CORRELATOR_WORKERS_MAX)
        return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL, "--workers: 1 to %d",
                          CORRELATOR_WORKERS_MAX);
    if (o->burst < 1 || o->burst > 64)
        return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL, "--burst: 1 to 64");
    if (!o->ledger && (o->ledger_key || o->ledger_secret))
        return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL,
                          "--ledger-key and --ledger-secret go with --ledger");
    if (!o->eve && o->eve_types)
        return diag_error(diags, ERR_USAGE, diag_file(NULL), NULL, "--eve-types goes with --eve");
    return o->evidence ? evidence_can_read_twice(captures, diags) : 0;
}

static int run_replay(const struct command *command, int argc, char **argv)
{
    struct replay_options options = {
        .workers = 1, .burst = 32, .clock_error = -1, .fail_on = UINT64_MAX};
    struct option_list captures = {0};
    struct diags diags = {0};
    int code = EXIT_USAGE;
    int error = options_parse(command, argc, argv, &options, &captures, &diags);
    if (error == 1)
        code = EXIT_DONE;
    else if (!error && !sensors_read(&options.sensors, &options.sensor_words, &captures, &diags) &&
             !check(&options, &captures, &diags) && !set_limits(&options, &diags) &&
             !set_intake(&options, &diags) && !set_eve(&options, &diags))
        code = replay_run(&options, &captures, &diags);
    diags_print(&diags, stderr);
    diags_free(&diags);
    options_list_free(&captures);
    options_list_free(&options.policy.rules);
    options_list_free(&options.policy.correlations);
    options_list_free(&options.policy.variables);
    options_list_free(&options.switches);
    options_list_free(&options.limit_words);
    options_list_free(&options.strip);
    options_list_free(&options.sensor_words);
    sensors_free(&options.sensors);
    return code;
}

const struct command cmd_replay = {
    .name = "replay",
    .synopsis = "CAPTURE|FOLDER|-... [--accord FILE] [--rules FILE] [--ledger DIR]",
    .summary = "run captures through the line, judge what is found, seal it",
    .help =
        "Captures are pcap or pcapng, plain or packed (gzip, zstd, told by content): files, FIFOs, "
        "- for\n"
        "standard input, and folders (all captures in and below them; what is none is named and "
        "left\n"
        "out). Several are merged by time. The screen at the end shows findings by line, what was\n"
        "seen but not raised and the gate that held it back, coverage of the protected assets, "
        "and\n"
        "rates. Example:\n\n"
        "  plimsoll replay grid.pcapng --accord rules/packs/accords/example-grid.yaml --party "
        "amber \\\n"
        "      --clock-error 1ms --ledger ledger\n\n"
        "Ends 0; 1 with --fail-on; 2 for usage and configuration; 3 when an input was broken (what "
        "was\n"
        "read before is processed and sealed) or not everything could be sealed.\n",
    .options = replay_options,
    .n_options = sizeof replay_options / sizeof replay_options[0],
    .run = run_replay,
};
