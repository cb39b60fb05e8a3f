#!/usr/bin/env python3
"""Mistakes that people make in rules, accords, annexes and correlations: each is named at the place where a person
would point, with a reason that says what is wrong, and what is good beside it loads.

In a text here the mark ¦ stands before what is pointed at; it is taken out before the file is written.
"""
import pathlib
import re
import shutil
import struct

from common import ACCORD, expect, finish, run, temporary

MARK = "¦"
GOOD = 'alert tcp any any -> any 80 (msg:"good"; content:"abc"; sid:{};)\n'

# The rule, and words of the reason.
RULES = [
    ('¦alrt tcp any any -> any 80 (msg:"x"; content:"abc"; sid:1;)', "alrt"),
    ('alert ¦tpc any any -> any 80 (msg:"x"; content:"abc"; sid:1;)', "tpc"),
    ('alert tcp ¦10.0.0.0/33 any -> any 80 (msg:"x"; content:"abc"; sid:1;)', "10.0.0.0/33"),
    ('alert tcp ¦10.0.0.256 any -> any 80 (msg:"x"; content:"abc"; sid:1;)', "10.0.0.256"),
    ('alert tcp ¦$HOMENET any -> any 80 (msg:"x"; content:"abc"; sid:1;)', "HOMENET"),
    ('alert tcp any ¦65536 -> any 80 (msg:"x"; content:"abc"; sid:1;)', "65536"),
    ('alert tcp any any -> any ¦90:80 (msg:"x"; content:"abc"; sid:1;)', "90:80"),
    ('alert tcp any any ¦<- any 80 (msg:"x"; content:"abc"; sid:1;)', "->"),
    ('alert tcp any any -> any 80 (msg:"x"; ¦contents:"abc"; sid:1;)', "contents"),
    ('alert tcp any any -> any 80 (msg:"x"; content:¦"abc; sid:1;)', "quote"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"a|0¦g|"; sid:1;)', "hex"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"a¦|41"; sid:1;)', "not closed"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"¦"; sid:1;)', "empty"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; depth:¦2; sid:1;)', "depth"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; offset:¦x; sid:1;)', "`x`"),
    ('alert tcp any any -> any 80 (msg:"x"; ¦depth:8; content:"abc"; sid:1;)', "content"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; distance:4; ¦offset:2; sid:1;)', "distance"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; sid:¦0;)', "no number from 1"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; sid:¦many;)', "no number"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc";¦)', "sid"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; sid:1; ¦sid:2;)', "sid"),
    ('alert tcp any any -> any 80 (msg:"x"; flow:¦etablished; content:"abc"; sid:1;)', "etablished"),
    ('alert tcp any any -> any 80 (msg:"x"; flowbits:¦sett,a; content:"abc"; sid:1;)', "sett"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; ¦sid:1', "does not end"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; sid:1;) ¦and more', "follows"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; dsize:¦9<>3; sid:1;)', "9<>3"),
    ('alert tcp any any -> any 80 (msg:"x"; pcre:"/a(b¦/"; sid:1;)', "parenthesis"),
    ('alert tcp any any -> any 80 (msg:"x"; pcre:"/ab/i¦k"; sid:1;)', "`k`"),
    ('alert tcp any any -> any 80 (msg:"x"; pcre:"/ab/U¦P"; sid:1;)', "another part"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; byte_test:1,¦?,3,0; sid:1;)', "operator"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; byte_test:¦9,=,3,0; sid:1;)', "more bytes"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; byte_jump:1,0,¦relativ; sid:1;)', "relativ"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; byte_jump:1,¦n; byte_extract:1,0,n; sid:1;)', "not extracted"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; isdataat:4,¦relativ; sid:1;)', "relative"),
    ('alert tcp any any -> any 80 (msg:"x"; flags:S¦X; sid:1;)', "`X`"),
    ('alert ip any any -> any any (msg:"x"; fragbits:M¦Q; sid:1;)', "`Q`"),
    ('alert icmp any any -> any any (msg:"x"; itype:¦256; sid:1;)', "256"),
    ('alert ip any any -> any any (msg:"x"; ttl:¦x; sid:1;)', "`x`"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; base64_decode:bytes 4,¦relativ; base64_data; sid:1;)', "relative"),
    ('alert tcp any any -> any 80 (msg:"x"; base64_decode:bytes ¦70000; base64_data; content:"a"; sid:1;)', "70000"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; ¦base64_data; content:"a"; sid:1;)', "base64_decode"),
    ('alert tcp any any -> any 80 (msg:"x"; base64_decode; base64_data; content:"a"; pkt_data; content:¦"b"; sid:1;)', "behind base64_decode"),
    ('alert http any any -> any 80 (msg:"x"; http.uri; base64_decode; base64_data; content:"a"; ¦http.method; content:"b"; sid:1;)', "behind base64_data"),
    ('alert tls any any -> any 443 (msg:"x"; tls.version:¦1.4; sid:1;)', "1.4"),
    ('alert tls any any -> any 443 (msg:"x"; ssl_version:tls1.2,¦!tls1.3; sid:1;)', "negated"),
    ('alert tls any any -> any 443 (msg:"x"; ssl_version:tls1.2,¦tls1.2; sid:1;)', "twice"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; app-layer-protocol:!¦htp; sid:1;)', "htp"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; app-layer-protocol:!http; app-layer-protocol:¦tls; sid:1;)', "one protocol"),
    ('alert tls any any -> any 80 (msg:"x"; content:"abc"; ¦app-layer-protocol:http; sid:1;)', "of tls already"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; tag:session,5,¦packet; sid:1;)', "packets"),
    ('alert udp any any -> any 80 (msg:"x"; byte_math:bytes 2, offset 0, oper ¦%, rvalue 1, result n; sid:1;)', "operator"),
    ('alert udp any any -> any 80 (msg:"x"; byte_math:¦bytes 2, oper +, rvalue 1, result n; sid:1;)', "offset"),
    ('alert udp any any -> any 80 (msg:"x"; byte_math:bytes 2, offset 0, oper +, rvalue ¦m, result n; sid:1;)', "`m`"),
    ('alert udp any any -> any 80 (msg:"x"; byte_math:bytes 2, offset 0, oper +, rvalue 1, result n, ¦endan big; sid:1;)', "endan"),
    ('alert udp any any -> any 80 (msg:"x"; asn1:bitstring_overflow, ¦doubel_overflow; sid:1;)', "doubel"),
    ('alert udp any any -> any 80 (msg:"x"; asn1:oversize_length 5, absolute_offset 1, ¦relative_offset 1; sid:1;)', "one offset"),
    ('alert udp any any -> any 80 (msg:"x"; xbits:¦sets,a,track ip_pair; sid:1;)', "operation"),
    ('alert udp any any -> any 80 (msg:"x"; xbits:set,a,track ¦ip_src; sid:1;)', "bits of one address"),
    ('alert udp any any -> any 80 (msg:"x"; xbits:set,a,track ¦ip_pairs; sid:1;)', "ip_pair"),
    ('alert udp any any -> any 80 (msg:"x"; xbits:set,a,track ip_pair,expire ¦0; sid:1;)', "`0`"),
    ('alert udp any any -> any 80 (msg:"x"; ¦hostbits:set,a; sid:1;)', "bits of one address"),
    ('alert tcp any any -> any 80 (msg:"x"; pcre:"/ab/i¦R"; sid:1;)', "nothing in these bytes"),
    ('alert http any any -> any 80 (msg:"x"; content:"a"; http_uri; pcre:"/ab/¦R"; sid:1;)', "nothing in these bytes"),
    ('alert udp any any -> any 80 (msg:"x"; flowint:count,¦++,1; sid:1;)', "operator"),
    ('alert udp any any -> any 80 (msg:"x"; flowint:¦c,+,1; sid:1;)', "name"),
    ('alert udp any any -> any 80 (msg:"x"; flowint:count,+,¦4294967296; sid:1;)', "4294967296"),
    ('alert udp any any -> any 80 (msg:"x"; flowint:¦count,+; sid:1;)', "VALUE"),
    ('alert udp any any -> any 80 (msg:"x"; ipopts:¦rx; sid:1;)', "rx"),
    ('alert tcp any any -> any 80 (msg:"x"; tcp.mss:¦65536; sid:1;)', "65536"),
    ('alert udp any any -> any 80 (msg:"x"; ¦tcp.hdr; content:"a"; sid:1;)', "no such header"),
    ('alert http any any -> any 80 (msg:"x"; http.uri; content:"a"; ¦tcp.hdr; content:"a"; sid:1;)', "packets"),
    ('alert udp any any -> any 80 (msg:"x"; requires:version ¦= 7; sid:1;)', "compared"),
    ('alert udp any any -> any 80 (msg:"x"; requires:version >= 7.¦a; sid:1;)', "`a`"),
    ('alert udp any any -> any 80 (msg:"x"; requires:¦version >= 9; sid:1;)', "9"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; tag:¦sesion; sid:1;)', "session"),
    ('alert tcp any any -> any 80 (msg:"x"; content:"abc"; byte_extract:¦4,0,n,little,string,hex; sid:1;)', "order of bytes"),
]

# What stands in the example accord, what is written instead, and words of the reason.
ACCORDS = [
    ("version: 3\n", "version: ¦three\n", "number"),
    ("version: 3\n", "version: 3\n¦version: 4\n", "version"),
    ("title: Restraint", "¦titel: Restraint", "titel"),
    ("from: 2026-01-01T00:00:00Z", "from: ¦2026-13-01T00:00:00Z", "2026-13-01"),
    ("until: 2028-01-01T00:00:00Z", "until: ¦2025-01-01T00:00:00Z", "until"),
    ("    quorum: 1\n    annexes:", "    quorum: ¦3\n    annexes:", "quorum"),
    ("  - id: basalt\n", "  - id: ¦amber\n", "amber"),
    ('"amber+ab8b5ee1+AfhF', '¦"amber+ab8b5ee2+AfhF', "key"),
    ("stage: reportable                #", "stage: ¦published #", "published"),
    ("clock-error: {at-most: 1s}\n          operator", "clock-error: {at-most: ¦1 second}\n          operator", "second"),
    ("two-way-contact: required\n", "¦two-way: required\n", "two-way"),
    ("completed: 70, per", "per", "completed"),
    ("chance-at-most: 1e-6}", "chance-at-most: ¦often}", "often"),
    ("techniques: [ics/T1692.001, ics/T0836]", "techniques: [¦ics/T16920.001, ics/T0836]", "T16920"),
    ("  - id: recon\n", "  - id: ¦control\n", "control"),
    ("networks: {file: amber.networks.yaml,", "networks: {file: ¦amber.network.yaml,", "without this annex"),
]

# What is legal, and warned of.
WARNED = [("protects: {sectors: [power, water]}", "protects: {sectors: [power, ¦steam]}", "'steam'")]

# The same for the annex of assets.
ASSETS = [
    ("networks: [10.20.7.0/24]", "networks: [¦10.20.7.0/42]", "10.20.7.0/42"),
    ("networks: [10.20.7.0/24]", "networks: [¦10.20.7.1/24]", "10.20.7.1/24"),
    ("  - id: pumping-2\n", "  - id: ¦substation-7\n", "substation-7"),
    ("class: vital                     #", "class: ¦important-ish #", "important-ish"),
    ("operators: [10.30.0.5/32]", "operators: [¦10.30.0.5.1/32]", "10.30.0.5.1"),
    ("published: true\n  - id: pumping-2", "published: ¦perhaps\n  - id: pumping-2", "perhaps"),
    ("party: amber\n", "party: ¦basalt\n", "basalt"),
    ("    sector: water\n", "", "sector"),
    ("{proto: modbus, port: 502}]\n    operators: [10.30", "{proto: modbus, port: ¦70000}]\n    operators: [10.30", "70000"),
]

CORRELATION = """title: Commands
name: acts
logsource: {product: plimsoll, category: observation}
detection:
  selection: {kind: command, operation: [write, operate]}
  condition: selection
---
title: Many
name: many
correlation:
  type: event_count
  rules: [acts]
  group-by: [source.address]
  timespan: 10m
  condition: {gte: 3}
"""
CORRELATIONS = [
    ("{kind: command,", "{¦knd: command,", "knd"),
    ("{kind: command,", "{kind: ¦comand,", "comand"),
    ("[write, operate]", "[write, ¦opperate]", "opperate"),
    ("  condition: selection\n", "  condition: ¦selektion\n", "selection that is not there"),
    ("  condition: selection\n", "  condition: ¦selection and\n", "condition"),
    ("type: event_count", "type: ¦event_counts", "event_counts"),
    ("rules: [acts]", "rules: [¦actions]", "actions"),
    ("group-by: [source.address]", "group-by: [¦source.adress]", "source.adress"),
    ("timespan: 10m", "timespan: ¦10 minutes", "10 minutes"),
    ("condition: {gte: 3}", "condition: {gte: ¦0}", "gte"),
    ("condition: {gte: 3}", "condition: {¦gt: 3}", "gt"),
    ("name: many\n", "name: ¦acts\n", "acts"),
    ("  timespan: 10m\n", "  timespan: 10m\n¦\ttimeout: 3\n", "tab"),
    ("category: observation}", "category: ¦firewall}", "firewall"),
]


def place(text):
    """Where the mark stands: line and column from 1; and the text without it."""
    before, after = text.split(MARK)
    return before.count("\n") + 1, len(before.encode()) - (before.rfind("\n") + 1) + 1, before + after


def check(what, path, line, column, words, done):
    """Some line of what was said names this place, and says these words."""
    said = [t for t in (done.stdout + done.stderr).splitlines() if re.search(rf"{re.escape(path.name)}:{line}:{column}\b", t)]
    expect(any(words in t for t in said),
           f"{what}: not named at {line}:{column} with {words!r}, but:\n    " + (done.stdout + done.stderr)[:500].replace("\n", "\n    "))


def rules(work):
    """Each beside two good rules, which load."""
    for n, (text, words) in enumerate(RULES):
        path = work / f"mistake-{n}.rules"
        line, column, text = place(text)
        path.write_text(GOOD.format(9000001) + text + "\n" + GOOD.format(9000002))
        done = run("rules", "check", path, code=1)
        check(text, path, line + 1, column, words, done)
        expect(re.search(r"\b3 rules: 2 load, 1 are rejected\b", done.stdout), f"{text}: not said that two of three rules load: {done.stdout}")


def replaced(text, old, new):
    expect(text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the example")
    return text.replace(old, new, 1)


def yaml_mistakes(folder, name, mistakes, command, code):
    """Each in a file that is right but for it. Where nothing is marked something is missing, and the place is
    what it is missing from: any in the file."""
    path = folder / name
    good = path.read_text()
    for old, new, words in mistakes:
        text = replaced(good, old, new)
        what = f"{name}: {new.strip() or 'without ' + old.strip()}"
        if MARK in text:
            line, column, text = place(text)
        else:
            line, column = r"\d+", r"\d+"
        path.write_text(text)
        done = command()
        expect(done.returncode == code, f"{what}: ended {done.returncode}")
        if MARK in new:
            check(what, path, line, column, words, done)
        else:
            expect(re.search(rf"{re.escape(name)}:\d+:\d+.*{re.escape(words)}", done.stderr + done.stdout), f"{what}: {done.stderr}")
    path.write_text(good)


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        rules(work)
        folder = work / "accord"
        shutil.copytree(ACCORD.parent, folder)
        accord = lambda: run("accord", "check", folder / ACCORD.name, "--party", "amber", code=None)
        expect(accord().returncode == 0, "the example accord is not right to begin with")
        yaml_mistakes(folder, ACCORD.name, ACCORDS, accord, 1)
        yaml_mistakes(folder, ACCORD.name, WARNED, accord, 0)
        yaml_mistakes(folder, "amber.assets.yaml", ASSETS, accord, 1)
        (work / "c.yaml").write_text(CORRELATION)
        empty = work / "empty.pcap"
        empty.write_bytes(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        replay = lambda: run("replay", empty, "--correlations", work / "c.yaml", code=None)
        expect(replay().returncode == 0, "the correlations are not right to begin with")
        yaml_mistakes(work, "c.yaml", CORRELATIONS, replay, 2)
        print(f"{len(RULES)} rules, {len(ACCORDS) + len(WARNED)} accords, {len(ASSETS)} annexes, {len(CORRELATIONS)} correlations")
    finish("mistakes")


main()
