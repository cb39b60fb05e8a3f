#!/usr/bin/env python3
"""Observation points (--sensor): an act that several sensors saw counts once, and as independent evidence; whatever the
order of captures and the number of workers. Nothing is said where sensors are not told apart, packets that one sensor
saw twice are of one point, and so is what another saw without contact or at another time."""
import collections
import pathlib
import shutil
import sys

import capture_edit
from capture_edit import Frame
from common import TOP, expect, final_findings, finish, grid, replay, run, temporary

MICRO, MILLI = 10**3, 10**6
SERVERS = {502, 2404}


def accord_that_asks(work):
    """The example's accord whose lines of control and reconnaissance ask for two points."""
    shutil.copytree(TOP / "rules/packs/accords", work / "accords")
    path = work / "accords/example-grid.yaml"
    text = path.read_text()
    for gate in "          two-way-contact: required\n", "          clock-error: {at-most: 10s}\n":
        expect(text.count(gate) == 1, f"the accord has not one line '{gate.strip()}'")
        text = text.replace(gate, gate + "          independent-evidence: 2\n")
    path.write_text(text)
    return path


def shifted(frames, ns):
    return [Frame(f.ns + ns, f.data) for f in frames]


def main_facts(finding):
    """What must be as one sensor has it: all but what another adds."""
    mine = {k: v for k, v in finding.items() if k not in ("id", "revision", "accord", "policy", "gates", "gates-why", "evidence", "why")}
    return str(sorted(mine.items()))


def gates_of(lines):
    """(line, result of the gate) of all units, raised or not, but for those with contact of no kind at any point."""
    units = final_findings(lines) + [line for line in lines if line["type"] == "not-raised"]
    return collections.Counter((u["line"], u["gates"]["independent-evidence"]) for u in units
                               if u["gates"].get("two-way-contact") != "failed")


def results(lines):
    return {result for _, result in gates_of(lines)}


def evidence_of_both(work, lines, one, other):
    """Each finding's file holds the frames of both captures, of one as often as of the other."""
    both = [{(f.ns, bytes(f.data)) for f in frames} for frames in (one, other)]
    for entry in (line for line in lines if line["type"] == "evidence"):
        got = [(f.ns, bytes(f.data)) for f in capture_edit.read(work / "evidence" / entry["file"])]
        halves = [[frame for frame in got if frame in side] for side in both]
        expect(sum(map(len, halves)) == len(got) and len(halves[0]) == len(halves[1]) > 0,
               f"{entry['file']}: {len(halves[0])} and {len(halves[1])} frames of {len(got)}")
        expect([d for _, d in halves[0]] == [d for _, d in halves[1]], f"{entry['file']}: not the same packets of both")
        expect(entry["missing"] == 0, f"{entry['file']}: {entry['missing']} missing")


def main():
    with temporary() as folder:
        work = pathlib.Path(folder)
        capture = grid(work, 1)
        frames = capture_edit.read(capture)
        late = shifted(frames, 30 * MICRO)
        second = capture_edit.write(work / "second.pcap", late)
        options = ["--accord", accord_that_asks(work), "--party", "amber", "--clock-error", "1ms"]

        def judged(*sensors, more=()):
            return replay(*[word for s in sensors for word in ("--sensor", s)], *options, *more)

        plain = replay(capture, "--accord", TOP / "rules/packs/accords/example-grid.yaml", "--party", "amber", "--clock-error", "1ms")
        expected = sorted(map(main_facts, final_findings(plain)))
        expect(len(expected) > 5, "the exercise gave too few findings")

        untold = replay(capture, second, *options)
        expect(results(untold) == {"not-decidable"} and not final_findings(untold), f"not told: {gates_of(untold)}")
        for name, lines in (("one sensor", judged(f"a={capture}")), ("twice the same sensor", judged(f"a={capture}", f"a={second}"))):
            expect(results(lines) == {"failed"} and not final_findings(lines), f"{name}: {gates_of(lines)}")

        told = judged(f"a={capture}", f"b={second}", more=["--evidence", work / "evidence"])
        expect(results(told) == {"held"}, f"two sensors: {gates_of(told)}")
        got = sorted(map(main_facts, final_findings(told)))
        expect(got == expected, f"two sensors: not the findings of one: {next((p for p in zip(got, expected) if p[0] != p[1]), len(got))}")
        evidence_of_both(work, told, frames, late)
        told = [line for line in told if line["type"] != "evidence"]
        for sensors, workers in (("b={1}", "a={0}"), 1), (("a={0}", "b={1}"), 4), (("b={0}", "a={1}"), 3), (("z={1}", "a={0}"), 8):
            lines = judged(*[s.format(capture, second) for s in sensors], more=["--workers", workers, "--burst", 7])
            expect(lines == told, f"{sensors}, {workers} workers: other facts")
        # The same file of both is the same act as well: which input is which does not matter.
        twin = work / "twin.pcapng"
        shutil.copy(capture, twin)
        both = [judged(f"a={capture}", f"b={twin}"), judged(f"a={twin}", f"b={capture}")]
        expect(results(both[0]) == {"held"}, f"the same file of both: {gates_of(both[0])}")
        expect(both[0] == both[1], "the same file of both: other facts where it is of the other")

        # A sensor that saw what was sent to the servers, and none of their answers.
        half = capture_edit.write(work / "half.pcap", [f for f in late if not (f.is_tcp and f.ports[0] in SERVERS)])
        lines = gates_of(judged(f"a={capture}", f"b={half}"))
        expect({r for line, r in lines if line == "control"} == {"failed"}, f"half: {lines}")
        expect({r for line, r in lines if line == "recon"} == {"held"}, f"half: {lines}")

        # Clocks that are further apart than is known show two acts; if it is known, one. Guesses in one conversation
        # are alike, and follow one another about as fast as these clocks are apart: of them nothing can be said.
        apart = capture_edit.write(work / "apart.pcap", shifted(frames, 1500 * MILLI))
        sensors = f"a={capture}", f"b={apart}"
        lines = gates_of(judged(*sensors))
        expect({r for line, r in lines if line != "csirt"} == {"failed"}, f"clocks 1.5 s apart: {lines} though the error is 1 ms")
        lines = judged(*sensors, more=["--clock-error", "300ms"])
        expect(results(lines) == {"held"}, f"clocks 1.5 s apart: {gates_of(lines)} though the error is 300 ms each")

        for words, wanted in ((["--sensor", f"a={capture}", second], "every capture"), (["--sensor", "a="], "not a name"),
                              (["--sensor", "=x"], "not a name"), (["--sensor", "x"], "not a name"),
                              ([w for n in range(16) for w in ("--sensor", f"s{n}={capture}")], "more than 15")):
            said = run("replay", *words, code=2).stderr
            expect(wanted in said, f"{words[:2]}: '{said}', not '{wanted}'")
    finish("points")


if __name__ == "__main__":
    sys.exit(main())
