#!/usr/bin/env python3
"""rules test: what holds passes, each expectation that does not is named at its place in the file, and mistakes in the
file are, too.

In a text here the mark ¦ stands before what is pointed at; it is taken out before the file is written.
"""
import pathlib
import re

from capture_edit import write
from common import expect, finish, run, temporary
from conversation import Clock, answer, get, talk

MARK = "¦"
RULES = """alert http any any -> $HOME_NET any (msg:"evil"; http.uri; content:"/evil"; sid:1;)
alert http any any -> any any (msg:"limited"; http.uri; content:"/evil"; threshold:type limit,track by_src,count 2,seconds 60; sid:2;)
alert http any any -> any $WEB (msg:"elsewhere"; http.uri; content:"/evil"; gid:5; sid:3;)
alert http any any -> any any (msg:"good"; http.uri; content:"/good"; sid:4;)
"""
HEAD = "rules: [a.rules]\nhome-net: \"[10.0.0.0/8]\"\nvariables: {WEB: \"8080\"}\ntests:\n"
TEST = "  - name: three\n    capture: three.pcap\n"

# Expectations; what is FAILED and words of it, or nothing where all hold.
TRIALS = [
    ("    fires: {1: 3, 2: 2}\n    silent: [\"5:3\", 4]\n    others: false\n", None),
    ("    fires: {1: any}\n", None),
    ("    silent: [4]\n", None),
    ("    fires: {¦1: 4}\n", "rule 1:1 tells 3 alerts, 4 are wanted; plimsoll rules why 1:1"),
    ("    fires: {¦2: 3}\n", "rule 1:2 tells 2 alerts, 3 are wanted (1 more are held back)"),
    ("    fires: {¦4: any}\n", "rule 1:4 tells 0 alerts, at least one is wanted"),
    ("    fires: {1: 3}\n    silent: [4, ¦2]\n", "rule 1:2 tells 2 alerts, 0 are wanted"),
    ("    fires: {¦9: 1}\n", "no rule 1:9 is loaded"),
]
# Mistakes, and words of the reason.
MISTAKES = [
    (HEAD + TEST + "    fires: {1: ¦often}\n", "a number from 1, or `any`"),
    (HEAD + TEST + "    fires: {1: ¦0}\n", "a number from 1, or `any`"),
    (HEAD + TEST + "    fires: {x: ¦1}\n", "`x` is no id of a rule"),
    (HEAD + TEST + "    ¦fire: {1: 1}\n", "`fire` is no key of a test"),
    (HEAD + "  - ¦name: x\n    fires: {1: 1}\n", "needs `capture`"),
    (HEAD + "  - ¦name: x\n    capture: three.pcap\n", "expects nothing"),
    ("¦rules: [a.rules]\n", "needs `tests`"),
    (HEAD + "  ¦[]\n", "a list of tests"),
    ("rules: [a.rules]\n¦test: []\ntests: [{name: x, capture: y, silent: [1]}]\n", "`test` is no key"),
]


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        (work / "a.rules").write_text(RULES)
        clock, frames = Clock(), []
        for port in range(41000, 41003):
            frames += talk([(0, get(b"/evil")), (1, answer())], ports=(port, 80), clock=clock)
        write(work / "three.pcap", frames)
        path = work / "tests.yaml"
        for text, words in TRIALS:
            before = (HEAD + TEST + text).split(MARK)[0]
            path.write_text((HEAD + TEST + text).replace(MARK, ""))
            done = run("rules", "test", path, code=1 if words else 0)
            if words:
                place = f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "
                expect("FAILED  three" in done.stdout and place + words in done.stdout, f"{text}: {done.stdout}")
                expect("0 of 1 tests passed" in done.stdout and len(re.findall(r"^  /", done.stdout, re.M)) == 1, done.stdout)
            else:
                expect(done.stdout == f"ok      three\n{path}: 1 of 1 tests passed\n", f"{text}: {done.stdout}")
        path.write_text(HEAD + TEST + "    fires: {1: 3}\n    others: false\n")
        done = run("rules", "test", path, code=1)
        expect("rule 1:2 tells 2 alerts, and none of others is wanted" in done.stdout, done.stdout)
        path.write_text(HEAD + TEST.replace("three.pcap", "none.pcap") + "    fires: {1: 3}\n")
        run("rules", "test", path, code=2)
        for text, words in MISTAKES:
            before = text.split(MARK)[0]
            path.write_text(text.replace(MARK, ""))
            done = run("rules", "test", path, code=2)
            place = f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: error: "
            expect(place in done.stderr and words in done.stderr, f"{text!r}: {done.stderr}")
        run("rules", "test", code=2)
    print(f"{len(TRIALS)} trials, {len(MISTAKES)} mistakes")
    finish("rule tests")


main()
