#!/usr/bin/env python3
"""Plimsoll beside Suricata itself: the same rules, exactly those that plimsoll loads, on the same captures. What is
compared are rows of rule, source and destination; how often each hits is not, for Suricata says one hit for several.

    suricata_test.py             mix-dev
    suricata_test.py --full      and 500 of the shared captures, which take some minutes
    suricata_test.py --all       and all of them, which take most of an hour
Suricata picks conversations up in the middle, as plimsoll does. It runs once for all captures, as a server on a
socket, and begins afresh with each. A difference has its cause in tests/system/suricata_differences.tsv.
"""
import collections
import ipaddress
import json
import pathlib
import socket
import subprocess
import sys
import time

from common import FULL, PLIMSOLL, TOP, expect, fault, finish, need_corpora, need_program, run, skip, temporary

sys.path.insert(0, str(TOP / "bench"))
from suricata import loaded_rules, write_config

CAPTURES = 500
CAPTURE_LINE = pathlib.Path(PLIMSOLL).parent.parent / "tests/pipeline/capture-line"
LARGEST = 8 << 20  # bytes of one of these
TABLE = pathlib.Path(__file__).with_name("suricata_differences.tsv")

class Suricata:
    """The server; alerts(capture) is what it says of one."""

    def __init__(self, work, rules, classes):
        self.work, self.socket = work, work / "s"
        config = work / "suricata.yaml"
        write_config(config, classes, midstream=True, socket=self.socket)
        self.log = open(work / "log", "w")
        self.process = subprocess.Popen(["suricata", "-c", config, "-S", rules, f"--unix-socket={self.socket}", "-k", "none",
                                         "-l", work, "--pidfile", work / "pid"], stdout=self.log, stderr=self.log)
        self.wire = socket.socket(socket.AF_UNIX)
        for _ in range(1200):
            try:
                self.wire.connect(str(self.socket))
                break
            except OSError:
                time.sleep(0.1)
        self.ask({"version": "0.2"})

    def ask(self, what):
        self.wire.sendall(json.dumps(what).encode() + b"\n")
        said = b""
        while not said.endswith(b"\n"):
            try:
                part = self.wire.recv(65536)
            except OSError:
                part = b""
            if not part:
                raise RuntimeError("Suricata has ended: " + (self.work / "log").read_text()[-2000:])
            said += part
        return json.loads(said)

    def alerts(self, capture, folder):
        folder.mkdir()
        self.ask({"command": "pcap-file", "arguments": {"filename": str(capture), "output-dir": str(folder)}})
        while self.ask({"command": "pcap-file-number"})["message"] or self.ask({"command": "pcap-current"})["message"] != "None":
            time.sleep(0.02)
        return rows(folder / "eve.json")

    def close(self):
        self.ask({"command": "shutdown"})
        self.process.wait(60)


def rows(path):
    out = collections.Counter()
    for line in path.read_text().splitlines() if path.exists() else []:
        event = json.loads(line)
        if event["event_type"] == "alert":
            ends = [str(ipaddress.ip_address(event[k])) for k in ("src_ip", "dest_ip")]
            out[event["alert"]["signature_id"], *ends] += 1
    return out


def our_rows(work, rules, captures):
    """By capture, of one process that begins afresh with each."""
    done = subprocess.run([CAPTURE_LINE, "--hits", work / "hits", rules], text=True, capture_output=True,
                          input="".join(f"{capture}\n" for capture in captures))
    expect(done.returncode == 0, f"capture-line ended {done.returncode}: {done.stderr[-500:]}")
    out = collections.defaultdict(set)
    for line in (work / "hits").read_text().splitlines():
        path, sid, *ends = line.split("\t")
        out[path].add((int(sid), *(str(ipaddress.ip_address(end)) for end in ends)))
    return out


def shared(corpora):
    return sorted(p for folder in ("captures-ics", "captures-protocols", "suricata-verify")
                  for p in (corpora / folder).rglob("*")
                  if p.suffix in (".pcap", ".pcapng", ".cap") and p.is_file() and 24 < p.stat().st_size < LARGEST)


def chosen(captures):
    """CAPTURES of them, spread evenly over their names: neither of the two has a say in which."""
    n = min(len(captures), CAPTURES)
    return [captures[i * len(captures) // n] for i in range(n)]


def causes():
    """What is known to differ, by capture and rule or *: the cause."""
    lines = [line.split("\t") for line in TABLE.read_text().splitlines() if line and line[0] != "#"] if TABLE.exists() else []
    return {(name, sid): why for name, sid, why in lines}


def main():
    need_program("suricata")
    version = subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout
    if " 7." not in version:
        skip("needs Suricata 7")
    corpora = need_corpora()
    folder = corpora / "rules-et-open/rules"
    known, met, kinds = causes(), set(), collections.Counter()
    equal = with_hits = 0
    with temporary() as directory:
        work = pathlib.Path(directory)
        rules = work / "loaded.rules"
        files = sorted(folder.glob("*.rules"))
        n, _ = loaded_rules(run("rules", "check", *files, code=None).stderr, files, rules)
        captures = shared(corpora) if "--all" in sys.argv else chosen(shared(corpora)) if FULL else []
        mix = [] if "--captures" in sys.argv else [corpora / "mix/mix-dev.pcap"]
        captures = mix + captures
        of_us = our_rows(work, rules, captures)
        suricata = Suricata(work, rules, folder / "classification.config")
        for number, capture in enumerate(captures):
            ours, theirs = of_us[str(capture)], set(suricata.alerts(capture, work / f"s{number}"))
            equal += len(theirs & ours)
            with_hits += bool(theirs | ours)
            name = str(capture.relative_to(corpora))
            for who, difference in (("suricata", theirs - ours), ("plimsoll", ours - theirs)):
                for sid, *ends in sorted(difference):
                    key = next((k for k in ((name, str(sid)), (name, "*")) if k in known), None)
                    met.add(key)
                    kinds[who, known.get(key)] += 1
                    if not key:
                        fault(f"{name}: {sid} {' to '.join(ends)}: only {who}, and the table has no cause")
        suricata.close()
    unseen = sum(count for (_, why), count in kinds.items() if why and why.startswith("unseen"))
    judged = equal + sum(kinds.values()) - unseen
    print(f"{n} rules, {len(captures)} captures, {with_hits} with hits: of {judged + unseen} rows {equal} are equal and "
          f"{unseen} of packets that Suricata does not see: {100 * equal / max(judged, 1):.2f} % of {judged}")
    for (who, why), count in kinds.most_common():
        print(f"  {count:4}  only {who}: {why}")
    expect(equal > 200, f"only {equal} rows")
    expect(equal * 100 >= judged * 98, f"{equal} of {judged} rows are equal, less than 98 of 100")
    here = {str(capture.relative_to(corpora)) for capture in captures}
    for name, sid in set(known) - met:
        expect(name not in here, f"{name} {sid}: in the table of differences, and there is none")
    finish("suricata")


main()
