#!/usr/bin/env python3
"""Facts are the same bytes at 1 and 4 workers and for any burst; another secret shares no commitment.

On the exercises of seeds 1 to 3 and on five real captures. Compared: facts/ (checkpoint, tiles, entries),
private/facts/, and --json.
"""
import hashlib
import json
import pathlib

from common import GRID, TOP, expect, finish, grid, need_corpora, run, temporary, CORPORA

CAPTURES = [
    "captures-ics/modbus-lemay/characterization_modbus_6RTU_with_operate.pcap",
    "captures-ics/modbus-lemay/CnC_uploading_exe_modbus_6RTU_with_operate.pcap",
    "captures-ics/iti/ModbusTCP/mb2.pcap",
    "captures-ics/zeek/modbus/modbus-and-non-modbus-p502.pcap",
    "captures-protocols/packets/ratinfected.pcapng",
]


def tree(directory):
    return {str(p.relative_to(directory)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(pathlib.Path(directory).rglob("*")) if p.is_file()}


def commitments(ledger):
    """All digests of all public facts entries."""
    out = []
    for bundle in sorted((ledger / "facts/tile/entries").rglob("*")):
        if not bundle.is_file():
            continue
        data = bundle.read_bytes()
        at = 0
        while at < len(data):
            size = int.from_bytes(data[at:at + 2], "big")
            out += json.loads(data[at + 2:at + 2 + size])["_sd"]
            at += 2 + size
    return out


def ledger_of(work, name, capture, secret, *options):
    ledger = work / name
    done = run("replay", capture, *GRID, "--json", "--ledger", ledger, "--ledger-key", work / "key",
               "--ledger-secret", work / secret, *options)
    return ledger, done.stdout


def check(work, label, capture):
    base, lines = ledger_of(work, f"{label}-1", capture, "secret-a")
    for number, options in enumerate((["--workers", 4], ["--workers", 4, "--burst", 7], ["--workers", 3, "--burst", 1])):
        other, other_lines = ledger_of(work, f"{label}-other-{number}", capture, "secret-a", *options)
        for part in ("facts", "private/facts"):
            a, b = tree(base / part), tree(other / part)
            expect(a, f"{label}: {part} is empty")
            expect(a == b, f"{label} {options}: {part} differs in {[k for k in a.keys() | b.keys() if a.get(k) != b.get(k)]}")
        expect(lines == other_lines, f"{label} {options}: --json differs")
    return base, lines


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        for seed in (1, 2, 3):
            capture = grid(work, seed)
            base, lines = check(work, f"grid-{seed}", capture)
            expect('"type":"finding"' in lines, f"grid-{seed}: no finding, so nothing was compared")
            mine = commitments(base)
            other, _ = ledger_of(work, f"grid-{seed}-secret", capture, "secret-b")
            theirs = commitments(other)
            expect(len(mine) > 100 and len(set(mine)) == len(mine), f"grid-{seed}: commitments are not distinct")
            expect(len(theirs) == len(mine), f"grid-{seed}: another secret gave another number of commitments")
            expect(not set(mine) & set(theirs), f"grid-{seed}: two secrets share a commitment")
        if CORPORA:
            for name in CAPTURES:
                path = CORPORA / name
                expect(path.exists(), f"{name} is not in the corpora")
                check(work, path.stem, path)
        else:
            print("the five real captures were left out: no shared corpora")
    finish("identical")


main()
