#!/usr/bin/env python3
"""rules list beside a reading of our own, and rules explain against what a person reads in a rule: which piece is
looked for and why, each condition in the order in which it is asked, and what a match leaves.
"""
import json
import pathlib
import re

from common import CORPORA, expect, finish, run, temporary

FILE = r"""# A comment with (brackets) and a word: alert
alert tcp any any -> any 80 (msg:"first\; with a \"word\""; content:"abc"; sid:10; rev:3;)
#alert http any any -> any any (msg:"asleep"; http.uri; content:"/x"; sid:11; rev:2;)
  # drop udp any any -> any 53 (msg:"asleep too"; content:"abc"; sid:12;)
pass tcp any any -> any any (msg:"lets go"; \
  content:"let me"; gid:5; sid:13;)
alert tcp any any -> any any (msg:"does not load"; no_such_keyword:1; sid:14;)
alert tcp any any -> any 80 (msg:"again"; content:"abcd"; sid:10; rev:2;)
"""
# As a person reads it: gid, sid, rev, state, action, protocol, message, line.
ROWS = [
    (1, 10, 3, "loaded", "alert", "tcp", 'first; with a "word"', 2),
    (1, 11, 2, "commented-out", "alert", "http", "asleep", 3),
    (1, 12, 0, "commented-out", "drop", "udp", "asleep too", 4),
    (5, 13, 0, "loaded", "pass", "tcp", "lets go", 5),
    (1, 14, 0, "rejected", "alert", "tcp", "does not load", 7),
    (1, 10, 2, "rejected", "alert", "tcp", "again", 8),  # the higher revision of one sid stays
]

# The rule; what is looked for, in words; the conditions in order; effects.
EXPLAINED = [
    ('alert http $HOME_NET any -> any 8080 (msg:"x"; flow:established,to_server; http.method; content:"POST"; http.uri; '
     'content:"/gateway.php?zq="; nocase; bsize:>20; http.user_agent; content:!"Mozilla"; pcre:"/^[a-z]+$/i"; '
     'flowbits:isset,one; flowbits:set,two; threshold:type limit,track by_src,count 1,seconds 60; sid:1;)',
     # Eight bytes of the longest content, those with q and z: rare in text.
     ["(any case) in http.uri", "the rarest piece of content \"/gateway.php?zq=\"", "the rarest of its 2 contents"],
     ["transport", "source $HOME_NET", "target-port 8080", "direction to the server", "state established", "part http.method",
      'content "POST"', "part http.uri", 'content "/gateway.php?zq="; nocase', "bsize at least 21", "part http.user_agent",
      'content !"Mozilla"', "pcre /^[a-z]+$/i", "flowbits one is set"],
     ["sets the flowbit two", "an alert", "threshold type limit, track by_src, count 1, seconds 60"]),
    ('alert tcp any any -> any 502 (msg:"x"; dsize:12; content:"|00 00|"; offset:2; depth:2; content:"|05 ff|"; distance:3; within:2; '
     'fast_pattern; byte_test:2,>,100,0,relative; byte_extract:1,0,n; isdataat:n; flags:A; ttl:>3; sid:1;)',
     ["|05 ff|", "fast_pattern"],
     ["transport tcp", "target-port 502", "dsize 12", "header flags", "header ttl", 'content "|00 00|"; offset 2; depth 2',
      'content "|05 ff|"; distance 3; within 2', "byte_test 2 bytes at 0 behind what is before > 100", "byte_extract 1 byte at 0",
      "isdataat the value of byte_extract 1"],
     ["an alert"]),
    ('pass tcp any any -> any any (msg:"x"; content:!"a"; sid:1;)', ["nothing", "every input"], ["transport", 'content !"a"'],
     ["nothing more is matched"]),
    ('alert tcp any any -> any any (msg:"x"; content:"only"; flowbits:unset,b; noalert; sid:1;)', ["all of", "its only content"],
     ["transport", 'content "only"'], ["unsets the flowbit b", "nothing is told"]),
]


def listed(*arguments):
    return [json.loads(line) for line in run("rules", "list", "--json", *arguments).stdout.splitlines()]


def rows_of(lines):
    return [tuple(line[k] for k in ("gid", "sid", "rev", "state", "action", "protocol", "msg", "line")) for line in lines]


def by_hand(work):
    path = work / "a.rules"
    path.write_text(FILE)
    expect(rows_of(listed(path)) == ROWS, f"listed: {rows_of(listed(path))}")
    for option, value, sids in (("state", "rejected", [14, 10]), ("action", "pass", [13]), ("protocol", "http", [11]), ("message", "ASLEEP", [11, 12]),
                                ("scope", "streams", [10]), ("scope", "packets-and-streams", [13])):
        found = [line["sid"] for line in listed(path, f"--{option}", value)]
        expect(found == sids, f"--{option} {value}: {found}")
    text = run("rules", "list", path).stdout
    expect("      5:13    0  loaded         pass    tcp       lets go" in text and text.endswith("6 of 6 rules\n"), text)
    run("rules", "list", path, "--state", "asleep", code=2)
    run("rules", "list", work / "none.rules", code=2)


def explained(work):
    path = work / "b.rules"
    for rule, looked_for, asks, effects in EXPLAINED:
        path.write_text(rule + "\n")
        said = json.loads(run("rules", "explain", 1, "--rules", path, "--json").stdout)
        for words in looked_for:
            expect(words in said["looked_for"], f"{words} not in {said['looked_for']}")
        found = [f"{a['condition']} {a['wanted']}" if not a["wanted"].startswith(a["condition"]) else a["wanted"] for a in said["asks"]]
        expect(len(found) == len(asks), f"{len(found)} conditions, {len(asks)} expected: {found}")
        for ours, theirs in zip(asks, found):
            expect(theirs.startswith(ours), f"{theirs} in place of {ours}")
        for words in effects:
            expect(words in said["effects"], f"{words} not in {said['effects']}")
        text = run("rules", "explain", 1, "--rules", path).stdout
        expect(text.index("LOOKED FOR") < text.index("ASKS") < text.index("WHEN IT MATCHES"), text)
    run("rules", "explain", 2, "--rules", path, code=1)
    run("rules", "explain", "--rules", path, code=2)


def of_et_open():
    if not CORPORA:
        print("without the shared corpora: no list of ET Open")
        return
    files = sorted((CORPORA / "rules-et-open/rules").glob("*.rules"))
    lines = listed(*files)
    theirs, asleep = {}, 0
    for path in files:
        for number, rule in enumerate(path.read_bytes().decode("utf-8", "replace").split("\n"), 1):
            rest = rule.lstrip(" \t#")
            sid = re.search(r"[(;]\s*sid\s*:\s*(\d+)\s*;", rest)
            if rest.startswith("alert ") and sid:
                theirs[str(path), number] = int(sid[1]), rule.startswith("alert")
                asleep += not rule.startswith("alert")
    ours = {(line["file"], line["line"]): (line["sid"], line["state"] != "commented-out") for line in lines}
    expect(ours == theirs, f"{len(ours)} listed, {len(theirs)} read: {sorted(set(ours.items()) ^ set(theirs.items()))[:4]}")
    checked = json.loads(run("rules", "check", "--format=json", *files, code=1).stdout.splitlines()[-1])
    loaded = sum(line["state"] == "loaded" for line in lines)
    expect(loaded == checked["loaded"], f"{loaded} listed as loaded, {checked['loaded']} are")
    print(f"ET Open: {len(lines)} rules, {loaded} loaded, {asleep} commented out")


def main():
    with temporary() as directory:
        by_hand(pathlib.Path(directory))
        explained(pathlib.Path(directory))
    of_et_open()
    finish("list")


main()
