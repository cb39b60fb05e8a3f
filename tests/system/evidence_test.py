#!/usr/bin/env python3
"""replay --evidence and explain: for every finding of the exercises (seeds 1 to 3; --full: 1 to 20)

  the file of evidence is dissected by tshark without a fault, and holds exactly the packets that show the
  acts of the finding's incident, as an independent script works them out from tshark and the truth file
  (grid_oracle.py), also when they came before the incident opened; each with a comment
  its digest, and the numbers of packets and observations, are sealed
  explain lists these packets, and refuses a file that was changed
  the statement names nothing that is not in the entries
Files are the same bytes at any number of workers. And with packets in fragments, mirrored and stripped, both, or left
out by a filter, the evidence of each finding is exactly the frames in which its packets came; so it is of packets that
belong to no flow.
"""
import collections
import hashlib
import json
import pathlib
import random
import re
import subprocess
import sys

import capture_edit
import grid_oracle
from capture_edit import Frame
from carriers import behind_tag, ethernet, fragments, in_erspan, in_vxlan, ip4, udp
from common import FULL, GRID, expect, final_findings, finish, grid, need_program, replay, run, temporary, tshark_fields
from grid_answers import nanoseconds
from made_accord import make_accord

SEEDS = range(1, 21) if FULL else range(1, 4)
FIELDS = ["frame.time_epoch", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "frame.comment"]


def entries(ledger, kind):
    return [json.loads(line) for line in run("ledger", "show", ledger, "--kind", kind).stdout.splitlines()]


def packets_in(path, shown="frame"):
    """What tshark finds in a file: (time, source, port, target, port) and the comment of each packet that is shown."""
    done = subprocess.run(["tshark", "-n", "-r", str(path), "-Y", "_ws.malformed"], capture_output=True, text=True,
                          check=False)
    expect(done.returncode == 0 and not done.stdout, f"{path.name}: tshark: {done.stdout}{done.stderr}")
    rows = tshark_fields(path, shown, FIELDS, "-E", "occurrence=l")
    return [(nanoseconds(r[0]), r[1], int(r[2]), r[3], int(r[4])) for r in rows], [r[5] for r in rows]


def wanted_of(capture, truth):
    """The acts of each finding that an exercise should give."""
    return {(row["line"], row["sector"], row["source"][0], row["first"]): (row, acts)
            for row, acts in grid_oracle.with_acts(capture, truth)}


def truth_of(capture):
    return json.loads(capture.with_suffix(".truth.json").read_text())


def check_files(name, capture, folder, ledger):
    wanted = wanted_of(capture, truth_of(capture))
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


# Evidence of packets that came in other ways.

def ends(f):
    return f.ns, f.source, f.ports[0], f.target, f.ports[1]


def mirrored(wrap, frame):
    return Frame(frame.ns, behind_tag(wrap(bytes(frame.data[:frame.end])))) if frame.is_ip4 else frame


def ways(frames):
    """(name, options, what each frame becomes, whether it is taken)."""
    rng = random.Random(11)
    all_of_them = [True] * len(frames)
    in_pieces = [fragments(f, n, -(-(f.end - 34) // 4) // 8 * 8 + 8, rng) if f.is_tcp else [f] for n, f in enumerate(frames)]
    yield "fragments", [], in_pieces, all_of_them
    yield "erspan", ["--strip", "erspan"], [[mirrored(in_erspan, f)] for f in frames], all_of_them
    yield ("vxlan of fragments", ["--strip", "vxlan"], [[mirrored(in_vxlan, f) for f in pieces] for pieces in in_pieces],
           all_of_them)
    yield ("fragments of vxlan", ["--strip", "vxlan"],
           [fragments(mirrored(in_vxlan, f), n, f.end // 3 // 8 * 8 + 8, rng) if f.is_ip4 else [f] for n, f in enumerate(frames)],
           all_of_them)
    yield ("filter", ["--filter", "not (tcp src port 502 and tcp[13] == 16)"], [[f] for f in frames],
           [not (f.is_tcp and f.ports[0] == 502 and f.data[47] == 16) for f in frames])


def check_ways(work, capture):
    frames, truth = capture_edit.read(capture), truth_of(capture)
    for name, options, carried, taken in ways(frames):
        # The oracle sees the packets that are taken, without what carries them.
        wanted = wanted_of(capture_edit.write(work / "taken.pcap", [f for f, yes in zip(frames, taken) if yes]), truth)
        carried_in = {ends(f): pieces for f, pieces in zip(frames, carried) if f.is_tcp}
        folder = work / name.replace(" ", "-")
        source = folder.with_suffix(".pcap")
        capture_edit.write(source, [piece for pieces in carried for piece in pieces])
        lines = replay(source, *GRID, *options, "--evidence", folder, "--workers", 2)
        entries_of = {line["finding"]: line for line in lines if line["type"] == "evidence"}
        findings = final_findings(lines)
        expect(len(findings) == len(wanted) and findings, f"{name}: {len(findings)} findings, not {len(wanted)}")
        for f in findings:
            path, (_, acts) = folder / f"{f['id']}.pcapng", wanted[f["line"], f["sector"], f["sources"][0], f["first"]]
            named = grid_oracle.packets(acts)
            expected = collections.Counter((piece.ns, bytes(piece.data)) for n in named for piece in carried_in[n])
            got = collections.Counter((g.ns, bytes(g.data)) for g in capture_edit.read(path))
            expect(got == expected, f"{name}: {path.name}: {(got - expected).total()} frames too many, "
                   f"{(expected - got).total()} missing of {expected.total()}")
            shown, _ = packets_in(path, "tcp")
            expect(set(shown) == named, f"{name}: {path.name}: tshark shows {len(shown)} packets, not {len(named)}")
            entry = entries_of[f["id"]]
            expect((entry["missing"], entry["packets"]) == (0, expected.total()), f"{name}: entry {entry}")


# Evidence of what is no part of a conversation.

HITS = """title: A hit, or an ICMP error
name: sign
logsource: {product: plimsoll, category: observation}
detection:
  selection: {kind: [hit, error]}
  condition: selection
---
title: Signs of one source
name: test.signs
correlation: {type: event_count, rules: [sign], group-by: [source.address], timespan: 1h, condition: {gte: 1}}
"""
RULES = """alert icmp any any -> any any (msg:"an echo request"; itype:8; content:"secret"; sid:1;)
alert ip any any -> any any (msg:"a fragment that others follow"; fragbits:M; sid:2;)
alert udp any any -> any any (msg:"a datagram"; content:"in three fragments"; sid:3;)
"""


def check_lone(work):
    """Packets of no flow: ICMP with content, errors about somebody's packet, fragments that a rule names and that are
    part of a named datagram as well: each frame is there once."""
    work.mkdir()
    there = bytes([203, 0, 113, 5]), bytes([10, 77, 0, 9])
    datagram = Frame(0, ethernet(0x0800, ip4(17, udp(7, b"here it is in three fragments, one after the other"), there)))
    echo = lambda content: ethernet(0x0800, ip4(1, b"\x08\0\0\0" b"\0\1\0\1" + content, there))
    error = ethernet(0x0800, ip4(1, b"\3\3\0\0" + bytes(4) + ip4(17, udp(9, b""), there), there[::-1]))
    pieces = sorted(fragments(datagram, 1, 24, random.Random(1)), key=lambda f: f.word(20) & 0x1fff)
    named = [echo(b"a secret"), *(f.data for f in pieces), error]
    others = [echo(b"an open word"), ethernet(0x0800, ip4(17, udp(7, b"whole"), there))]
    frames = [Frame(10**18 + n, data) for n, data in enumerate([named[0], others[0], *named[1:3], others[1], *named[3:]])]
    accord = make_accord(work / "accord", ["10.77.0.9"], [], lines={"signs": ("test.signs", "{clock-error: {at-most: 1s}}")})
    (work / "hits.yaml").write_text(HITS)
    (work / "lone.rules").write_text(RULES)
    lines = replay(capture_edit.write(work / "lone.pcap", frames), "--accord", accord, "--clock-error", "1ms", "--correlations",
                   work / "hits.yaml", "--rules", work / "lone.rules", "--checksums", "ignore", "--evidence", work / "files")
    findings = final_findings(lines)
    if not expect(len(findings) == 1 and findings[0]["evidence"]["observations"] == 5, f"lone packets: {findings}"):
        return
    got = [(g.ns, bytes(g.data)) for g in capture_edit.read(work / "files" / f"{findings[0]['id']}.pcapng")]
    expected = [(f.ns, bytes(f.data)) for f in frames if f.data in named]
    expect(sorted(got) == sorted(expected), f"lone packets: {len(got)} frames, not these {len(expected)}: {got}")
    entry = [line for line in lines if line["type"] == "evidence"][-1]
    expect((entry["missing"], entry["packets"]) == (0, 5), f"lone packets: entry {entry}")


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
        check_ways(work, grid(work, 1))
        check_lone(work / "lone")
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
