#!/usr/bin/env python3
"""--stats tells the truth: port counters equal the packets read, bytes scanned equal what hs_scan was given
(counted by a linker wrap), every byte is either scanned or skipped under a cause, no rules give no hits."""
import json
import os
import pathlib

from common import GRID, TOP, CORPORA, PLIMSOLL, expect, finish, grid, run, temporary

COUNTING = str(pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/plimsoll-counting")

RULES = """
alert tcp any any -> any any (msg:"a write of one register"; flow:to_server,established; content:"|00 00 00 06|"; offset:2; depth:4; content:"|06|"; distance:1; within:1; sid:1000001; rev:1;)
alert tcp any any -> any 80 (msg:"a request"; flow:to_server; content:"GET "; startswith; sid:1000002; rev:1;)
alert udp any any -> any 53 (msg:"a question"; content:"example"; nocase; sid:1000003; rev:1;)
"""


def stats_of(work, capture, *options, program=PLIMSOLL, env=None):
    path = work / "stats.json"
    run("replay", capture, "--stats", path, *options, program=program, env=env)
    return json.loads(path.read_text())


def check(work, capture, packets, *options):
    counts = work / "counts"
    for workers in (1, 3):
        counts.unlink(missing_ok=True)
        stats = stats_of(work, capture, *options, "--workers", workers, program=COUNTING,
                         env={**os.environ, "PLIMSOLL_HS_SCAN_COUNT": str(counts)})
        calls, scanned = map(int, counts.read_text().split())
        name = f"{capture.name}, {workers} workers"
        expect(stats["packets"] == stats["port-packets"] == stats["source-packets"], f"{name}: packets {stats['packets']}, ports {stats['port-packets']}, source {stats['source-packets']}")
        if packets is not None:
            expect(stats["packets"] == packets, f"{name}: {stats['packets']} packets, the file has {packets}")
        expect(stats["bytes"]["scanned"] == scanned, f"{name}: --stats says {stats['bytes']['scanned']} scanned, hs_scan got {scanned}")
        expect(stats["matcher"]["scans"] == calls, f"{name}: --stats says {stats['matcher']['scans']} scans, hs_scan was called {calls} times")
        expect(sum(stats["verdicts"].values()) == stats["packets"], f"{name}: verdicts do not sum to packets")
        yield stats


def epb_count(capture):
    """Enhanced packet blocks of a little-endian pcapng."""
    data, at, n = capture.read_bytes(), 0, 0
    while at < len(data):
        kind, size = (int.from_bytes(data[at + k:at + k + 4], "little") for k in (0, 4))
        n += kind == 6
        at += size
    return n


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        capture = grid(work, 1)
        packets = epb_count(capture)
        rules = work / "some.rules"
        rules.write_text(RULES)
        empty = work / "empty.rules"
        empty.write_text("# nothing\n")
        for stats in check(work, capture, packets, "--rules", rules, "--home-net", "[10.0.0.0/8]"):
            expect(stats["bytes"]["scanned"] > 0 and stats["hits"] > 0, "the rules matched nothing, so nothing was compared")
        for stats in check(work, capture, packets, "--rules", empty):
            expect(stats["hits"] == 0 and stats["bytes"]["scanned"] == 0, f"an empty rule set: {stats['hits']} hits, {stats['bytes']['scanned']} bytes scanned")
            expect(stats["bytes"]["skipped"]["no-rule"] + stats["bytes"]["skipped"]["encrypted"] == stats["bytes"]["offered"], "bytes neither scanned nor skipped")
        for stats in check(work, capture, packets):
            expect(stats["hits"] == 0, "hits without rules")
        if CORPORA:
            sample = CORPORA / "captures-ics/modbus-lemay/exploit_ms08_netapi_modbus_6RTU_with_operate.pcap"
            loaded = sorted((CORPORA / "rules-ics").rglob("*.rules"))
            options = [word for path in loaded for word in ("--rules", path)]
            for stats in check(work, sample, None, *options):
                expect(stats["packets"] > 0, f"{sample.name} has no packets")
        else:
            print("the real capture and rules were left out: no shared corpora")
    finish("stats")


main()
