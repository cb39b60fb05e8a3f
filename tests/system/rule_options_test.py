#!/usr/bin/env python3
"""Groups from a suricata.yaml, classes from a classification.config, references from a reference.config: the same hits
as with the same said by hand, --var before the file, classes and references in what is reported, and mistakes in each
named by their place."""
import json
import pathlib

from common import expect, finish, grid, run, temporary

YAML = """%YAML 1.1
---
vars:
  # more specific is better
  address-groups:
    HOME_NET: "[10.0.0.0/8]"
    PLANT: "$HOME_NET"
  port-groups:
    CONTROL: "[502,2404]"
default-rule-path: !custom /etc/rules
outputs:
  - eve-log: {enabled: yes}
"""
CLASSES = "# own classes\nconfig classification: control-act,Somebody acts on the plant,2\n"
REFERENCES = "config reference: url http://\nconfig reference: cve https://cve.example/?name=\n"
RULES = ('alert tcp any any -> $PLANT $CONTROL (msg:"control"; flow:established,to_server; content:"|00 00|"; '
         'reference:url,plant.example/a; reference:cve,2014-0160; classtype:control-act; sid:1;)\n')


def alerts(work, capture, rules, *options):
    run("replay", capture, "--rules", rules, "--eve", work / "eve.json", *options)
    events = [json.loads(line) for line in (work / "eve.json").read_text().splitlines()]
    return [e for e in events if e["event_type"] == "alert"]


def ends(events):
    return [(e["pcap_cnt"], e["src_ip"], e["dest_ip"], e["dest_port"]) for e in events]


def mistakes(work, rules):
    rows = [("vars", YAML.replace('"[502,2404]"', "{first: 502}"), "9:14", "CONTROL"),
            ("vars", "default-rule-path: /x\n", "", "vars"),
            ("vars", YAML.replace("    PLANT: ", "\tPLANT: "), "7:1", "cannot start any token"),
            ("classification", CLASSES + "config classification: x,y,none\n", "3:28", "none"),
            ("references", REFERENCES + "config reference: x\n", "3:20", "NAME URL"),
            ("threshold-config", "suppress gen_id 1, sig_id 1\nsupress gen_id 1, sig_id 1\n", "2:1", "suppress"),
            ("threshold-config", "suppress gen_id 0, sig_id 1\n", "1:19", "gen_id that is not 0"),
            ("threshold-config", "suppress gen_id 1, sig_id 1, track by_both, ip 10.0.0.1\n", "1:36", "by_both"),
            ("threshold-config", "suppress gen_id 1, sig_id 1, track by_src, ip 10.0.0.300\n", "1:1", "10.0.0.300"),
            ("threshold-config", "event_filter gen_id 1, sig_id 1, type limit, track by_src, count 0, seconds 5\n", "1:59", "not 0"),
            ("threshold-config", "event_filter gen_id 1, sig_id 1, type often, track by_src, count 1, seconds 5\n", "1:39", "often"),
            ("threshold-config", "rate_filter gen_id 1, sig_id 1, track by_src, count 1, seconds 5, new_action drop\n", "1:82", "comma")]
    for n, (option, text, place, words) in enumerate(rows):
        path = work / f"wrong-{n}"
        path.write_text(text)
        done = run("replay", work / "none.pcap", "--rules", rules, f"--{option}", path, code=2)
        expect(f"{path}:{place}" in done.stderr and words in done.stderr, f"{option} {n}: {done.stderr}")


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        capture = grid(directory, 1)
        rules, groups, classes = work / "a.rules", work / "suricata.yaml", work / "classification.config"
        rules.write_text(RULES)
        groups.write_text(YAML)
        classes.write_text(CLASSES)
        by_file = alerts(work, capture, rules, "--vars", groups, "--classification", classes)
        expect(len(by_file) > 0, "no hits, so nothing is compared")
        by_hand = alerts(work, capture, rules, "--home-net", "[10.0.0.0/8]", "--var", "PLANT=$HOME_NET",
                         "--var", "CONTROL=[502,2404]")
        expect(ends(by_file) == ends(by_hand), f"{len(by_file)} hits by file, {len(by_hand)} by hand")
        for event in by_file:
            of = event["alert"]
            expect((of["severity"], of["category"]) == (2, "Somebody acts on the plant"), f"class: {of}")
        expect(not any("references" in e["alert"] for e in by_file), "references though no file says where they point")
        expect({e["alert"]["severity"] for e in by_hand} == {3}, "a class that nobody names has not priority 3")
        groups.write_text(YAML.replace('"[502,2404]"', "[502, 2404]"))
        expect(ends(alerts(work, capture, rules, "--vars", groups)) == ends(by_file), "a list is not read as a text of it is")
        over = alerts(work, capture, rules, "--vars", groups, "--var", "CONTROL=2404")
        expect(ends(over) == [e for e in ends(by_file) if e[3] == 2404], "--var does not go before the file")
        policy = work / "policy.yaml"
        policy.write_text("rules: [a.rules]\nvars: suricata.yaml\nclassification: classification.config\n"
                          "references: reference.config\n")
        (work / "reference.config").write_text(REFERENCES)
        switched = alerts(work, capture, rules, "--vars", groups, "--switch-at", f"1970-01-01T00:00:00Z={policy}")
        expect(ends(switched) == ends(by_file), f"{len(switched)} hits by a policy file")
        urls = [["http://plant.example/a", "https://cve.example/?name=2014-0160"]]
        for events in switched, alerts(work, capture, rules, "--vars", groups, "--references", work / "reference.config"):
            expect([e["alert"].get("references") for e in events] == urls * len(by_file), f"references: {events[0]['alert']}")
        limits = work / "threshold.config"
        limits.write_text(f"event_filter gen_id 1, sig_id 1, type limit, track by_rule, count 3, seconds 100000\n")
        policy.write_text("rules: [a.rules]\nvars: suricata.yaml\nthreshold-config: threshold.config\n")
        for events in alerts(work, capture, rules, "--vars", groups, "--threshold-config", limits), \
                alerts(work, capture, rules, "--vars", groups, "--switch-at", f"1970-01-01T00:00:00Z={policy}"):
            expect(ends(events) == ends(by_file)[:3], f"{len(events)} alerts of a limit of three")
        mistakes(work, rules)
        print(f"{len(by_file)} hits by groups of a file")
    finish("rule options")


main()
