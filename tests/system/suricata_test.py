#!/usr/bin/env python3
"""Plimsoll beside Suricata itself: the same rules, exactly those that plimsoll loads, on the same captures. What is
compared are rows of rule, source and destination; how often each hits is not, for Suricata says one hit for several.

    suricata_test.py             mix-dev
    suricata_test.py --full      and all shared captures but the largest
Of mix-dev and 500 captures, spread evenly over the names of all, 98 of 100 rows must be equal. Every difference, of
whatever capture, has its cause in tests/system/suricata_differences.tsv.
Suricata picks conversations up in the middle, as plimsoll does. It runs once for all captures, as a server on a
socket, and begins afresh with each.
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

SAMPLE = 500
CAPTURE_LINE = pathlib.Path(PLIMSOLL).parent.parent / "tests/pipeline/capture-line"
LARGEST = 8 << 20  # bytes of one of these
TABLE = pathlib.Path(__file__).with_name("suricata_differences.tsv")


class Ended(Exception):
    """Suricata is no longer there."""


class Suricata:
    """The server; alerts(capture) is what it says of one."""

    def __init__(self, work, rules, classes):
        self.work, self.socket = work, work / "s"
        self.socket.unlink(missing_ok=True)
        (work / "pid").unlink(missing_ok=True)
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
                self.process.wait(60)
                raise Ended("Suricata has ended: " + (self.work / "log").read_text()[-2000:])
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


def sample(captures):
    """SAMPLE of them, spread evenly over their names: neither of the two has a say in which."""
    n = min(len(captures), SAMPLE)
    return {captures[i * len(captures) // n] for i in range(n)}


def causes():
    """What is known to differ, by capture and rule or *: the cause."""
    lines = [line.split("\t") for line in TABLE.read_text().splitlines() if line and line[0] != "#"] if TABLE.exists() else []
    return {(name, sid): why for name, sid, why in lines}


class Rows:
    """Rows that are equal and rows that are not, by who alone has them and why."""

    def __init__(self):
        self.equal, self.captures, self.kinds = 0, 0, collections.Counter()

    def total(self):
        return self.equal + sum(self.kinds.values())

    def say(self, label):
        unseen = sum(count for (_, why), count in self.kinds.items() if why and why.startswith("unseen"))
        total = max(self.total(), 1)
        print(f"{label}: rows in {self.captures} captures; {self.equal} of {self.total()} are equal, {100 * self.equal / total:.2f} %; "
              f"without {unseen} of packets that Suricata does not see {100 * self.equal / max(total - unseen, 1):.2f} %")
        for (who, why), count in self.kinds.most_common():
            print(f"  {count:4}  only {who}: {why}")


def main():
    need_program("suricata")
    version = subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout
    if " 7." not in version:
        skip("needs Suricata 7")
    corpora = need_corpora()
    folder = corpora / "rules-et-open/rules"
    known, met, ended = causes(), set(), []
    of_all, of_sample = Rows(), Rows()
    with temporary() as directory:
        work = pathlib.Path(directory)
        rules, classes = work / "loaded.rules", folder / "classification.config"
        files = sorted(folder.glob("*.rules"))
        n, _ = loaded_rules(run("rules", "check", *files, code=None).stderr, files, rules)
        mix, captures = [corpora / "mix/mix-dev.pcap"], shared(corpora) if FULL else []
        sampled = sample(captures) | set(mix)
        of_us = our_rows(work, rules, mix + captures)
        suricata = Suricata(work, rules, classes)
        for number, capture in enumerate(mix + captures):
            name = str(capture.relative_to(corpora))
            try:
                theirs = set(suricata.alerts(capture, work / f"s{number}"))
            except Ended as how:
                ended.append(name)
                met.add((name, "ends"))
                expect((name, "ends") in known, f"{name}: {how}")
                suricata = Suricata(work, rules, classes)
                continue
            ours = of_us[str(capture)]
            for out in [of_all] + [of_sample] * (capture in sampled):
                out.equal += len(theirs & ours)
                out.captures += bool(theirs | ours)
            for who, difference in (("suricata", theirs - ours), ("plimsoll", ours - theirs)):
                for sid, *ends in sorted(difference):
                    key = next((k for k in ((name, str(sid)), (name, "*")) if k in known), None)
                    met.add(key)
                    for out in [of_all] + [of_sample] * (capture in sampled):
                        out.kinds[who, known.get(key)] += 1
                    if not key:
                        fault(f"{name}: {sid} {' to '.join(ends)}: only {who}, and the table has no cause")
        suricata.close()
    print(f"{n} rules; Suricata ended at {len(ended)} captures, of which nothing can be said: {', '.join(ended) or 'none'}")
    of_sample.say(f"mix-dev and {len(sampled) - 1} captures")
    if FULL:
        of_all.say(f"all {len(captures) + 1} captures")
        for name, sid in set(known) - met:
            if not known[name, sid].startswith("varies"):
                fault(f"{name} {sid}: in the table of differences, and there is none")
    expect(of_sample.equal > 200, f"only {of_sample.equal} rows")
    expect(of_sample.equal * 100 >= of_sample.total() * 98, f"{of_sample.equal} of {of_sample.total()} rows are equal, less than 98 of 100")
    finish("suricata")


main()
