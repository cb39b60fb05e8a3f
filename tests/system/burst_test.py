#!/usr/bin/env python3
"""Inside a burst nothing of ours takes memory from the heap, takes a lock, prints or makes a system call: all
of it is trapped (tests/pipeline/burst_trap.c), and a run that does each once shows that the traps work."""
import os
import pathlib

from common import CORPORA, GRID, PLIMSOLL, TOP, expect, finish, grid, run, temporary

TRAPPING = str(pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/plimsoll-trapping")
RULES = 'alert tcp any any -> any any (msg:"a capital"; flow:to_server; content:"A"; content:"B"; distance:0; sid:1;)\n'
NAMES = ["bursts", "heap", "locks", "prints", "syscalls", "yields", "first"]


def trapped(work, capture, *options, prove=False):
    counts = work / "counts"
    env = {**os.environ, "PLIMSOLL_BURST_TRAP": str(counts), **({"PLIMSOLL_BURST_PROVE": "1"} if prove else {})}
    run("replay", capture, *options, program=TRAPPING, env=env)
    return dict(zip(NAMES, map(int, counts.read_text().split())))


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        rules = work / "some.rules"
        rules.write_text(RULES)
        captures = [grid(work, 1)]
        if CORPORA:
            captures.append(CORPORA / "captures-ics/modbus-lemay/characterization_modbus_6RTU_with_operate.pcap")
        everything = ["--rules", rules, "--accord", TOP / "tests/accords/everything.yaml", "--correlations",
                      TOP / "tests/accords/everything.correlations.yaml", "--clock-error", "1ms"]
        for capture in captures:
            for options in ([*GRID], everything, [*everything, "--workers", 3],
                            [*everything, "--workers", 2, "--eve", work / "eve.json", "--evidence", work / "evidence"]):
                got = trapped(work, capture, *options)
                expect(got["bursts"] > 1000, f"{capture.name}: only {got['bursts']} bursts were watched")
                for what in ("heap", "locks", "prints", "syscalls"):
                    expect(got[what] == 0, f"{capture.name} {options[-2:]}: {got[what]} {what} inside a burst, first system call {got['first']}")
        proof = trapped(work, captures[0], prove=True)
        for what in ("heap", "locks", "prints", "syscalls"):
            expect(proof[what] > 0, f"one of {what} was made inside a burst, and not seen")
    finish("burst")


main()
