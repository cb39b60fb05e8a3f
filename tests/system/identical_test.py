#!/usr/bin/env python3
"""Facts are the same bytes at any number of workers, for any burst, for a capture in one file or in three,
with flows evicted, and with a policy that changes in the middle; another secret shares no commitment.

Compared: facts/ (checkpoint, tiles, entries), private/facts/, and --json. On exercises, on mix-dev and on the fifty
real captures of identical_captures.tsv, under rules that match much and an accord that covers all of them
(tests/accords), so that hits, attempts, sessions and commands all make findings; mix-dev once more under all of ET
Open. The list says which of these each capture has at least, and the run's own counts must agree. Without --full: exercises 1 to 4 of 20, one way of running
instead of six on mix-dev, and each real capture at 1 worker and at one of 2, 4 and 8, in turn.
"""
import collections
import hashlib
import json
import pathlib
import struct

import capture_edit
from common import FULL, GRID, TOP, expect, finish, grid, run, temporary, CORPORA

ACCORDS = TOP / "tests/accords"
EVERYTHING = ["--accord", ACCORDS / "everything.yaml", "--correlations", ACCORDS / "everything.correlations.yaml",
              "--clock-error", "1ms"]
CAPTURES = TOP / "tests/system/identical_captures.tsv"
WITH_RULES = [*EVERYTHING, "--rules", ACCORDS / "everything.rules"]
KINDS = ("hits", "attempts", "sessions", "commands")
WAYS = [["--workers", 2], ["--workers", 4], ["--workers", 8], ["--burst", 1], ["--workers", 4, "--burst", 7],
        ["--workers", 3, "--burst", 64]]
RULES = """alert tcp any any -> any any (msg:"a capital"; flow:to_server; content:"A"; sid:1; rev:1;)
alert udp any any -> any any (msg:"a digit"; content:"1"; flowbits:set,seen; sid:2; rev:1;)
"""


def captures():
    """(path, kinds of facts that it has) of the list; nothing where the shared corpora are not."""
    if not CORPORA:
        print("mix-dev and the fifty real captures were left out: no shared corpora")
        return []
    rows = [line.split("\t") for line in CAPTURES.read_text().splitlines() if not line.startswith("#")]
    expect(len({name for name, _, _ in rows}) == 50, f"{CAPTURES.name} has not fifty captures, but {len(rows)}")
    return [(CORPORA / name, kinds.split()) for name, kinds, _ in rows]


def tree(directory):
    return {str(p.relative_to(directory)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(pathlib.Path(directory).rglob("*")) if p.is_file()}


def commitments(ledger):
    """All digests of all public facts entries."""
    out = []
    for bundle in sorted((ledger / "facts/tile/entries").rglob("*")):
        if not bundle.is_file():
            continue
        data, at = bundle.read_bytes(), 0
        while at < len(data):
            size = int.from_bytes(data[at:at + 2], "big")
            out += json.loads(data[at + 2:at + 2 + size])["_sd"]
            at += 2 + size
    return out


class Sums:
    incidents = findings = evicted = runs = 0
    by_worker = [0] * 4


def facts_of(work, inputs, secret, *options):
    """A run: what it sealed, what it printed, its statistics."""
    Sums.runs += 1
    ledger, stats = work / f"ledger-{Sums.runs}", work / "stats.json"
    # An input that is broken is named and ends 3; what was read of it must be identical all the same.
    done = run("replay", *inputs, "--json", "--ledger", ledger, "--ledger-key", work / "key", "--ledger-secret",
               work / secret, "--stats", stats, *options, code=None)
    expect(done.returncode in (0, 3), f"{inputs} {options}: ended {done.returncode}: {done.stderr}")
    expect("not sealed" not in done.stderr, f"{inputs} {options}: something was not sealed: {done.stderr[:500]}")
    return ledger, done.stdout, json.loads(stats.read_text())


def same(work, label, base, inputs, *options):
    ledger, lines, stats = facts_of(work, inputs, "secret-a", *options)
    for part in ("facts", "private/facts"):
        a, b = tree(base[0] / part), tree(ledger / part)
        expect(a, f"{label}: {part} is empty")
        expect(a == b, f"{label} {options}: {part} differs in {[k for k in a.keys() | b.keys() if a.get(k) != b.get(k)]}")
    expect(lines == base[1], f"{label} {options}: --json differs")
    return stats


def check(work, label, capture, ways, *options):
    base = facts_of(work, [capture], "secret-a", *options)
    expect(base[2]["reproducible"], f"{label}: a total was reached, so nothing is promised")
    Sums.incidents += base[2]["incidents"]
    Sums.findings += base[2]["findings"]
    Sums.evicted += base[2]["drops"]["flows_evicted"]
    for way in ways:
        stats = same(work, label, base, [capture], *way, *options)
        if way == ["--workers", 4]:
            Sums.by_worker = [a + b for a, b in zip(Sums.by_worker, stats["correlation"]["incidents-by-worker"])]
    return base


def split(work, capture):
    """The frames in three files, each a third of the time order."""
    frames = capture_edit.read(capture)
    third = len(frames) // 3 + 1
    paths = []
    for i in range(3):
        path = work / f"part-{i}.pcap"
        capture_edit.write(path, frames[i * third:(i + 1) * third])
        paths.append(path)
    return paths


def crowd(path):
    """A few hosts with more connections open at once than a shard may hold, each with a Modbus write."""
    out = [struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 1)]
    at = 1772352000 * 10**9

    def frame(source, target, sport, dport, seq, ack, flags, payload=b""):
        nonlocal at
        at += 50_000
        tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 8192, 0, 0) + payload
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, bytes(source), bytes(target))
        data = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + tcp
        out.append(struct.pack("<IIII", at // 10**9, at % 10**9, len(data), len(data)) + data)

    for client in range(3):
        me, plc = (10, 9, 9, client + 1), (10, 1, 1, 7)
        for port in range(20000, 20600):
            request = struct.pack(">HHHBBHH", port & 0xffff, 0, 6, 1, 6, 10, port & 0xff)
            frame(me, plc, port, 502, 100, 0, 0x02)
            frame(plc, me, 502, port, 900, 101, 0x12)
            frame(me, plc, port, 502, 101, 901, 0x18, request)
            if port % 3:
                frame(plc, me, 502, port, 901, 101 + len(request), 0x18, request)
    path.write_bytes(b"".join(out))
    return path


def secrets(work, label, capture, base):
    mine = commitments(base[0])
    other = facts_of(work, [capture], "secret-b", *GRID)
    theirs = commitments(other[0])
    expect(len(mine) > 100 and len(set(mine)) == len(mine), f"{label}: commitments are not distinct")
    expect(len(theirs) == len(mine), f"{label}: another secret gave another number of commitments")
    expect(not set(mine) & set(theirs), f"{label}: two secrets share a commitment")


def policies(work):
    (work / "first.rules").write_text(RULES)
    (work / "second.rules").write_text(RULES.replace("sid:1", "sid:11") + 'alert udp any any -> any any '
                                       '(msg:"again"; flowbits:isset,seen; content:"2"; sid:3; rev:1;)\n')
    for name, accord in (("same", ACCORDS / "everything.yaml"), ("other", TOP / "rules/packs/accords/example-grid.yaml")):
        party = "tester" if name == "same" else "amber"
        (work / f"{name}.yaml").write_text(f"rules: [second.rules]\naccord: {accord}\nparty: {party}\n"
                                           f"correlations: [{ACCORDS / 'everything.correlations.yaml'}]\n")


def real(work):
    """Each kind of fact must be in a fifth of the captures at least and make findings, and mix-dev have all."""
    with_kind, spoken, made = collections.Counter(), set(), set()
    for number, (path, kinds) in enumerate(captures()):
        _, lines, stats = check(work, path.name, path, WAYS if FULL else [WAYS[number % 3]], *WITH_RULES)
        got = [kind for kind in KINDS if stats["counts"][kind]]
        expect(set(kinds) <= set(got), f"{path.name} has {got}, not {kinds}")
        with_kind.update(got)
        spoken |= {protocol for part in ("sessions", "commands") for protocol, n in stats[part].items() if n}
        made |= {kind for kind in KINDS if f'"line":"{kind}"' in lines}
    if not CORPORA:
        return
    expect(all(with_kind[kind] >= 10 for kind in KINDS), f"some kind of fact is in fewer than ten captures: {with_kind}")
    expect(made == set(KINDS), f"only {made} make findings")
    mix = CORPORA / "mix/mix-dev.pcap"
    stats = check(work, "mix-dev", mix, WAYS if FULL else [["--workers", 4, "--burst", 7]], *WITH_RULES)[2]
    mixed = {kind: stats["counts"][kind] for kind in KINDS}
    open_rules = [word for path in sorted((CORPORA / "rules-et-open/rules").glob("*.rules")) for word in ("--rules", path)]
    hits = check(work, "mix-dev under ET Open", mix, WAYS[:3] if FULL else WAYS[1:2], *EVERYTHING, *open_rules,
                 "--var", "EXTERNAL_NET=any")[2]["counts"]["hits"]
    expect(hits > 3000, f"ET Open hits mix-dev only {hits} times")
    expect(all(mixed.values()), f"mix-dev lacks a kind of fact: {mixed}")
    print(f"fifty captures: {dict(with_kind)}, {sorted(spoken)}; mix-dev: {mixed}")
    expect(Sums.incidents >= 200 and Sums.findings >= 20, f"only {Sums.incidents} incidents and {Sums.findings} findings")


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        policies(work)
        for seed in range(1, 21 if FULL else 5):
            capture = grid(work, seed)
            base = check(work, f"grid-{seed}", capture, WAYS if seed < 4 or FULL else WAYS[1:2], *GRID)
            expect('"type":"finding"' in base[1], f"grid-{seed}: no finding, so nothing was compared")
            if seed <= 3:
                secrets(work, f"grid-{seed}", capture, base)
                a, b, c = split(work, capture)
                whole = facts_of(work, [capture], "secret-a", *GRID)
                for parts in ([a, b, c], [c, a, b]):
                    same(work, f"grid-{seed} in three files", whole, parts, "--workers", 4, *GRID)
                for policy in ("same", "other"):
                    switch = [*EVERYTHING, "--rules", work / "first.rules", "--switch-at",
                              f"2026-03-01T08:17:25.5Z={work / (policy + '.yaml')}"]
                    base = check(work, f"grid-{seed}, switch to the {policy} accord", capture, WAYS, *switch)
                    expect(base[2]["hits"] > 0, "no rule matched, so no rule was compared")
        evicted = Sums.evicted
        check(work, "crowd", crowd(work / "crowd.pcap"), WAYS, *EVERYTHING, "--limit", "flows=4096")
        expect(Sums.evicted > evicted, "no flow was evicted, so nothing was shown of evictions")
        real(work)
        expect(all(Sums.by_worker), f"some worker owned no incident: {Sums.by_worker}")
        print(f"{Sums.runs} runs, {Sums.incidents} incidents, {Sums.findings} findings; by owner at 4 workers {Sums.by_worker}")
    finish("identical")


main()
