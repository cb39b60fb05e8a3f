#!/usr/bin/env python3
"""Captures of which somebody says what they hold: attacks that were labelled, and traffic without any.

Benign: under an accord that protects every server in them, with the operators of tests/pipeline/benign.json, there is
no finding; with the operators taken away there is one in each that has a command (tshark says which). Default: those with a control protocol of
this build; --full: all.
Labelled: the reading sweep of modbus-lemay is a survey by its host and by no other; of the DNP3 set, coverage says that
DNP3 is declared and not parsed, and the flows of the attacker are there.
docs/LABELLED.md is written from what is found here (--write) and must be what is found."""
import collections
import csv
import json
import pathlib
import subprocess
import sys

from common import FULL, TOP, expect, final_findings, finish, need_corpora, need_program, replay, run, temporary
from made_accord import make_accord

PAGE = TOP / "docs/LABELLED.md"
BENIGN = json.loads((TOP / "tests/pipeline/benign.json").read_text())["captures"]
FOLDERS = ("icsnpp", "iti/C37.118", "iti/IEC60870-5-104", "iti/IEC61850", "emreekin/IEC60870-104", "emreekin/IEC61850")
CHANGES = ("(mbtcp && tcp.dstport == 502 && modbus.func_code in {5, 6, 15, 16, 21, 22, 23})"
           " || (iec60870_asdu.typeid in {45..51, 58..64, 103, 105, 107, 110..113} && iec60870_asdu.causetx in {6, 8} && tcp.dstport == 2404)")


def tshark(capture, which, *fields):
    done = subprocess.run(["tshark", "-r", capture, "-Y", which, "-T", "fields", *[w for f in fields for w in ("-e", f)]],
                          capture_output=True, text=True, errors="replace", check=False)
    return [line.split("\t") for line in done.stdout.splitlines()]


def servers_of(capture):
    """Who answers connections, or is spoken to at the port of a control protocol."""
    rows = tshark(capture, "tcp.flags.syn == 1 && tcp.flags.ack == 1", "ip.src", "ipv6.src")
    rows += tshark(capture, "tcp.dstport in {502, 2404, 102, 20000, 44818}", "ip.dst", "ipv6.dst")
    return {a for row in rows for a in ",".join(row).split(",")[:1] if a}


def findings(capture, accord, *options):
    return final_findings(replay(capture, "--accord", accord, "--clock-error", "1ms", *options, code=None))


def benign(corpora, work):
    captures = sorted(p for folder in FOLDERS for p in (corpora / folder).rglob("*.pcap*") if (corpora / folder).exists())
    if not FULL: # those with a control protocol of this build
        captures = [p for p in captures if str(p.relative_to(corpora)) in BENIGN]
    captures += labelled_benign(corpora, work)
    captures.append(corpora / "qut-dnp3/control-train.pcap")
    judged = commanded = 0
    for n, capture in enumerate(captures):
        servers = servers_of(capture)
        if not servers:
            continue
        name = capture.stem.removeprefix("benign-") if capture.is_relative_to(work) else None
        name = f"modbus-lemay/{name}.pcap" if name else str(capture.relative_to(corpora))
        operators = BENIGN.get(name, [])
        judged += 1
        found = findings(capture, make_accord(work / f"benign-{n}", servers, operators))
        expect(not found, f"{name}: benign, but {[(f['line'], f['sources'], f['assets']) for f in found]}")
        changes = tshark(capture, CHANGES, "frame.number")
        if changes:
            commanded += 1
            found = findings(capture, make_accord(work / f"open-{n}", servers, []))
            expect(any(f["line"] == "control" for f in found), f"{name}: {len(changes)} commands, and no finding without operators")
    expect(commanded > 8, f"only {commanded} captures have commands")
    print(f"{len(captures)} benign captures, {judged} with servers, {commanded} with commands")


def labels(path):
    """Frame numbers that are labelled as attack."""
    with open(path, newline="", encoding="ascii") as file:
        return {int(row[0]) for row in csv.reader(file, delimiter=";") if row and row[1].strip() == "1"}


def labelled_benign(corpora, work):
    """What is left of labelled captures without the frames of the attack."""
    out = []
    for capture in sorted((corpora / "modbus-lemay").glob("*.pcap")):
        attack = labels(capture.with_name(capture.stem + "_labeled.csv"))
        left = work / f"benign-{capture.name}"
        keep_frames(capture, left, lambda number, attack=attack: number not in attack)
        out.append(left)
    return out


def keep_frames(capture, out, keep):
    """The frames of a little-endian pcap that are kept, by number."""
    data = capture.read_bytes()
    pieces, at, number = [data[:24]], 24, 0
    while at + 16 <= len(data):
        size = 16 + int.from_bytes(data[at + 8:at + 12], "little")
        number += 1
        if keep(number):
            pieces.append(data[at:at + size])
        at += size
    out.write_bytes(b"".join(pieces))


def modbus(corpora, work, rows):
    for n, capture in enumerate(sorted((corpora / "modbus-lemay").glob("*.pcap"))):
        name = f"modbus-lemay/{capture.name}"
        attack = labels(capture.with_name(capture.stem + "_labeled.csv"))
        found = findings(capture, make_accord(work / f"lemay-{n}", servers_of(capture), BENIGN[name]))
        said = collections.Counter((f["line"], ",".join(f["sources"])) for f in found)
        if "characterization" in name:
            expect(set(said) == {("survey", "192.168.1.101")}, f"{name}: {dict(said)}")
        # What the labelled frames are, in tshark's words.
        kinds = collections.Counter(row[1].split(":")[-1] for row in tshark(capture, "frame", "frame.number", "frame.protocols")
                                    if int(row[0]) in attack)
        held = "; ".join(f"{line} by {source}" for line, source in sorted(said)) or "none"
        why = "" if said else "no line of the accord is about it: " + ", ".join(k for k, _ in kinds.most_common(3))
        rows.append((name, f"{len(attack)} frames: " + ", ".join(f"{c} {k}" for k, c in kinds.most_common(4)), held, why))


def dnp3(corpora, work, rows):
    for n, capture in enumerate(sorted((corpora / "qut-dnp3").glob("*.pcap"))):
        log = capture.with_name(capture.stem + ".attacks.csv")
        if not log.exists():
            continue
        name = f"qut-dnp3/{capture.name}"
        servers = {"192.168.10.222"}
        accord = make_accord(work / f"dnp3-{n}", servers, ["192.168.10.221"], [("dnp3", 20000)])
        eve, stats = work / f"eve-{n}.json", work / f"stats-{n}.json"
        lines = replay(capture, "--accord", accord, "--clock-error", "1ms", "--eve", eve, "--stats", stats)
        unparsed = sum(a["counts"]["declared-not-parsed"] for line in lines if line["type"] == "coverage" for a in line["assets"])
        expect(unparsed > 0, f"{name}: coverage does not say that DNP3 is declared and not parsed")
        flows = [json.loads(line) for line in eve.read_text().splitlines()]
        flows = {(f["src_ip"], f["src_port"], f["dest_ip"], f["dest_port"]) for f in flows
                 if f["event_type"] == "flow" and f["proto"] == "TCP" and "192.168.10.66" in (f["src_ip"], f["dest_ip"])}
        asked = {(a, int(p), b, int(q)) for a, p, b, q in
                 tshark(capture, "tcp.flags.syn == 1 && tcp.flags.ack == 0 && ip.src == 192.168.10.66",
                        "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport")}
        expect(asked <= flows and asked, f"{name}: connections of the attacker that are no flows: {sorted(asked - flows)[:3]}")
        kinds = collections.Counter(row["attack"] for row in csv.DictReader(log.open(encoding="ascii")))
        found = final_findings(lines)
        held = "; ".join(sorted({f"{f['line']} by {','.join(f['sources'])}" for f in found})) or "none"
        rows.append((name, ", ".join(f"{c} {k}" for k, c in kinds.most_common(3)) + f", {len(kinds)} kinds in all", held,
                     f"DNP3 is declared and not parsed (coverage says so); {len(asked)} connections of the attacker are flows"))


def page(rows):
    text = ["# Captures that somebody labelled", "",
            "What an accord that protects every server, and names the masters as operators, makes of captures whose makers say what is",
            "in them. Written by `tests/system/attacks_test.py --write`, which also checks that it is so.", "",
            "| capture | labelled as attack | findings | why not more |", "|---|---|---|---|"]
    return "\n".join(text + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def main():
    corpora = need_corpora() / "captures-ics"
    need_program("tshark")
    rows = []
    with temporary() as directory:
        work = pathlib.Path(directory)
        benign(corpora, work)
        modbus(corpora, work, rows)
        dnp3(corpora, work, rows)
    if "--write" in sys.argv:
        PAGE.write_text(page(rows))
    expect(PAGE.exists() and PAGE.read_text() == page(rows), "docs/LABELLED.md is not what is found; attacks_test.py --write")
    finish("attacks")


main()
