#!/usr/bin/env python3
"""replay --evidence and explain: for every finding of the exercises (seeds 1 to 3; --full: 1 to 20)

  the file of evidence is dissected by tshark without a fault, and holds exactly the packets that show the
  acts of the finding's incident, as an independent script works them out from tshark and the truth file
  (grid_oracle.py), also when they came before the incident opened; each with a comment
  its digest, and the numbers of packets and observations, are sealed
  explain lists these packets, and refuses a file that was changed
  the statement names nothing that is not in the entries
Files are the same bytes at any number of workers.
"""
import hashlib
import json
import pathlib
import re
import subprocess
import sys

import grid_oracle
from common import FULL, GRID, expect, final_findings, finish, grid, need_program, run, temporary, tshark_fields

SEEDS = range(1, 21) if FULL else range(1, 4)
FIELDS = ["frame.time_epoch", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "frame.comment"]


def entries(ledger, kind):
    return [json.loads(line) for line in run("ledger", "show", ledger, "--kind", kind).stdout.splitlines()]


def packets_in(path):
    """What tshark finds in a file: (time, source, port, target, port) and the comment of each packet."""
    done = subprocess.run(["tshark", "-n", "-r", str(path), "-Y", "_ws.malformed"], capture_output=True, text=True,
                          check=False)
    expect(done.returncode == 0 and not done.stdout, f"{path.name}: tshark: {done.stdout}{done.stderr}")
    rows = tshark_fields(path, "frame", FIELDS)
    return [(grid_oracle.nanoseconds(r[0]), r[1], int(r[2]), r[3], int(r[4])) for r in rows], [r[5] for r in rows]


def check_files(name, capture, folder, ledger):
    truth = json.loads(capture.with_suffix(".truth.json").read_text())
    wanted = {}
    for row, acts in grid_oracle.with_acts(capture, truth):
        wanted[row["line"], row["sector"], row["source"][0], row["first"]] = row, acts
    sealed = {e["finding"]: e for e in entries(ledger, "evidence")}
    findings = final_findings([{**e, "type": "finding"} for e in entries(ledger, "finding")])
    expect(len(findings) == len(wanted) and findings, f"{name}: {len(findings)} findings, not {len(wanted)}")
    expect({f["id"] for f in findings} == {p.stem for p in folder.iterdir()} == set(sealed),
           f"{name}: files, findings and sealed digests are not of the same findings")
    early = 0
    for f in findings:
        entry, path = sealed[f["id"]], folder / f"{f['id']}.pcapng"
        row, acts = wanted[f["line"], f["sector"], f["sources"][0], f["first"]]
        got, comments = packets_in(path)
        expected = grid_oracle.packets(acts)
        expect(sorted(got) == sorted(expected),
               f"{path.name} of {name}: packets too many {sorted(set(got) - expected)[:3]}, missing "
               f"{sorted(expected - set(got))[:3]}")
        expect(all(re.match(r"observation \d+ of \d+, ", c) for c in comments), f"{path.name}: comments {comments[:3]}")
        named = {int(n) for c in comments for n in re.findall(r"observation (\d+) of", c)}
        expect(named == set(range(1, len(acts) + 1)), f"{path.name}: observations {sorted(named)}, not 1 to {len(acts)}")
        expect((entry["observations"], entry["missing"], entry["packets"], entry["revision"], entry["file"]) ==
               (f["evidence"]["observations"], 0, len(got), f["revision"], path.name), f"{path.name}: sealed {entry}")
        expect(entry["observations"] == len(acts), f"{path.name}: {entry['observations']} observations of {len(acts)} acts")
        expect(entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest(), f"{path.name}: another digest is sealed")
        opened = max(a["known"] for a in acts) if f["line"] != "recon" else sorted(a["known"] for a in acts)[11]
        early += sum(t < opened for t, *_ in got)
    return findings, early


# The statement.

def values(thing):
    """All that an entry says, as text: strings, numbers, and names of objects' members."""
    if isinstance(thing, dict):
        return [v for key, value in thing.items() for v in [key, *values(value)]]
    if isinstance(thing, list):
        return [v for item in thing for v in values(item)]
    return [] if thing is None or isinstance(thing, bool) else [str(thing)]


def instant(ns):
    """As statements write a time that an entry gives in nanoseconds."""
    import datetime
    day = datetime.datetime.fromtimestamp(int(ns) // 10**9, datetime.timezone.utc)
    return f"{day:%Y-%m-%d %H:%M:%S}.{int(ns) % 10**9:09d} UTC"


def duration(ns):
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)):
        if int(ns) % size == 0:
            return f"{int(ns) // size}{unit}"


PLAIN = pathlib.Path(__file__).with_name("statement_words.txt").read_text().split()


def check_statement(name, finding, evidence, text):
    """Every piece of it that is no plain word must be a value of the entry, or a time in words."""
    known = values(finding) + (values(evidence) if evidence else [])
    known += [instant(finding["first"]), instant(finding["last"])]
    if finding["clock"]["error_ns"]:
        known.append(duration(finding["clock"]["error_ns"]))
    rest = " ".join(text.split())
    for value in sorted(set(known), key=len, reverse=True):
        rest = re.sub(rf"(?<![\w.]){re.escape(' '.join(value.split()))}(?![\w])", " ", rest)
    left = [w for w in re.findall(r"[^\s,;:()\"]+", rest) if w.strip(".-").lower() not in PLAIN and w.strip(".-")]
    expect(not left, f"{name}: the statement says {left}, which no entry does")
    for part in ("OBSERVED", "NOT OBSERVED", "NOT CLAIMED", finding["id"], finding["statement"], finding["obligation"]):
        expect(part in text, f"{name}: the statement lacks {part}")
    assets = [f"- {a['id']}: acts {a['count']}, the most telling answer: {a['outcome']}" for a in finding["assets"]]
    for part in (f"Acts seen: {finding['count']}.", f"The first began {instant(finding['first'])}", *assets,
                 f"Their packets, {evidence['packets']}, are", f"over observations: {finding['evidence']['observations']},"):
        expect(part in text, f"{name}: the statement lacks {part}")
    expect(len(text.splitlines()) <= 60, f"{name}: the statement is longer than a page")


def check_explained(name, finding, folder, ledger):
    evidence = next(e for e in entries(ledger, "evidence") if e["finding"] == finding["id"])
    entry = [e for e in entries(ledger, "finding") if e["id"] == finding["id"]][-1]
    walk = run("explain", finding["id"], "--ledger", ledger, "--evidence", folder).stdout
    for word in [entry["line"], entry["obligation"], entry["observable"], *entry["gates"], *entry["gates-why"].values(),
                 evidence["sha256"], *entry["sources"], *(a["id"] for a in entry["assets"])]:
        expect(word in walk, f"{name}: explain lacks {word}")
    times = re.findall(r"^ +\d+ (\d{4}-\S+Z) ", walk, re.M)
    expect(len(times) == evidence["packets"], f"{name}: explain lists {len(times)} packets")
    check_statement(name, entry, evidence, run("explain", finding["id"], "--ledger", ledger, "--statement").stdout)


def main():
    need_program("tshark")
    early = checked = 0
    with temporary() as folder:
        work = pathlib.Path(folder)
        keys = ["--ledger-key", work / "key", "--ledger-secret", work / "secret"]
        for seed in SEEDS:
            capture, files, ledger = grid(work, seed), work / f"evidence-{seed}", work / f"ledger-{seed}"
            run("replay", capture, *GRID, "--evidence", files, "--ledger", ledger, *keys)
            findings, before = check_files(f"seed {seed}", capture, files, ledger)
            early += before
            for finding in findings:
                check_explained(f"seed {seed}, {finding['id']}", finding, files, ledger)
                checked += 1
            other = work / "other"
            run("replay", capture, *GRID, "--evidence", other, "--ledger", work / f"again-{seed}", *keys, "--workers", 4,
                "--burst", 5)
            for path in files.iterdir():
                expect(path.read_bytes() == (other / path.name).read_bytes(), f"seed {seed}: {path.name} differs at 4 workers")
        expect(early, "no packet came before its incident opened")
        # A file that was changed, one that is gone, captures that cannot be read twice, a finding that is not there.
        changed = files / f"{findings[0]['id']}.pcapng"
        changed.write_bytes(changed.read_bytes()[:-1] + b"!")
        expect("sealed is another one" in run("explain", findings[0]["id"], "--ledger", ledger, "--evidence", files, code=1).stderr,
               "a changed file is not told")
        changed.unlink()
        run("explain", findings[0]["id"], "--ledger", ledger, "--evidence", files, code=1)
        run("explain", "f-none", "--ledger", ledger, code=1)
        pipe = run("replay", "-", *GRID, "--evidence", files, code=2)
        expect("only once" in pipe.stderr, f"a pipe is not refused: {pipe.stderr}")
        # $HOME_NET that fits nothing, and one that does.
        rules = work / "h.rules"
        rules.write_text('alert tcp $HOME_NET any -> any any (msg:"m"; content:"x"; sid:1;)\n')
        for net, warned in (("[192.168.77.0/24]", True), ("[10.20.0.0/16]", False)):
            out = run("replay", capture, "--rules", rules, "--home-net", net).stdout
            expect(("WARNING  $HOME_NET" in out) == warned, f"--home-net {net}: warned is not {warned}")
    finish(f"evidence: {checked} findings, {early} packets before their incident opened")


if __name__ == "__main__":
    sys.exit(main())
