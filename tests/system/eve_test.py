#!/usr/bin/env python3
"""replay --eve: fields as Suricata names them, Community IDs as the specification makes them, the same bytes at
any number of workers and bursts, and rows that Suricata 7 gives for the same rules and captures.

On the exercises (seeds 1 to 3; --full: 1 to 20) and, where the shared corpora are, on real captures. Compared
with Suricata, where it is installed, as multisets:
  alert   sid, both ends and ports, protocol, Community ID, packet
  flow    ends, packets and bytes a direction, first and last packet; which end asked is compared where the
          handshake is in the capture: Suricata guesses else, and so does plimsoll, by other rules
"""
import base64
import collections
import hashlib
import ipaddress
import json
import pathlib
import re
import shutil
import struct
import subprocess

from common import CORPORA, FULL, expect, faults, finish, grid, run, temporary, tshark_fields

SEEDS = range(1, 21) if FULL else range(1, 4)
# Rules of packets, by dsize: of rules of streams Suricata also gives those that its last look at a stream finds again.
RULES = """alert tcp any any -> any 502 (msg:"a request of Modbus"; content:"|00 00|"; offset:2; depth:2; dsize:>7; classtype:attempted-recon; sid:1; rev:3;)
alert tcp any any -> any any (msg:"an interrogation"; content:"|68 0e|"; depth:2; dsize:16; sid:2; rev:1;)
"""
REAL = ["captures-ics/icsnpp/modbus/traces/modbus_example.pcap", "captures-ics/iti/ModbusTCP/modbus_test_data_part2.pcap"]
WAYS = [["--workers", 2], ["--workers", 4, "--burst", 7], ["--workers", 8, "--burst", 1]]
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000")
COMMON = {"timestamp": str, "flow_id": int, "event_type": str, "src_ip": str, "src_port": int, "dest_ip": str,
          "dest_port": int, "proto": str, "community_id": str}
OF_TYPE = {
    "alert": {"action": str, "gid": int, "signature_id": int, "rev": int, "signature": str, "category": str,
              "severity": int},
    "flow": {"pkts_toserver": int, "pkts_toclient": int, "bytes_toserver": int, "bytes_toclient": int, "start": str,
             "end": str, "age": int, "state": str, "reason": str, "alerted": bool},
    "http": {},
    "modbus": {"request": dict},
}
NUMBERS = {"TCP": 6, "UDP": 17}


def community_id(event):
    """As the specification says it, for protocols with ports."""
    ends = sorted((ipaddress.ip_address(event[f"{side}_ip"]).packed, event[f"{side}_port"]) for side in ("src", "dest"))
    data = b"\0\0" + ends[0][0] + ends[1][0] + bytes([NUMBERS[event["proto"]], 0])
    data += struct.pack(">HH", ends[0][1], ends[1][1])
    return "1:" + base64.b64encode(hashlib.sha1(data).digest()).decode()


def types(work, capture, rules):
    """Those that are asked for are the lines that are there without asking, and no others."""
    everything = events(work, capture, rules).splitlines()
    for asked in (["alert"], ["flow", "modbus"], ["http", "alert", "flow", "modbus"]):
        expected = [line for line in everything if json.loads(line)["event_type"] in asked]
        expect(expected and events(work, capture, rules, "--eve-types", ",".join(asked)).splitlines() == expected,
               f"--eve-types {asked}: not the lines of these types")
    for wrong in ("alerts", "alert,", ""):
        done = run("replay", capture, "--eve", work / "no.json", "--eve-types", wrong, code=2)
        expect("--eve-types" in done.stderr, f"--eve-types {wrong!r}: {done.stderr}")


def events(work, capture, rules, *options):
    out = work / "eve.json"
    # A capture that is broken at its end gives 3; what was read is what counts.
    done = run("replay", capture, "--rules", rules, "--eve", out, *options, code=None)
    expect(done.returncode in (0, 3), f"{capture}: ended {done.returncode}: {done.stderr}")
    return out.read_bytes()


def check_fields(name, rows):
    times = []
    for row in rows:
        for field, kind in COMMON.items():
            expect(isinstance(row.get(field), kind), f"{name}: {field} is not there: {row}")
        part = row.get(row["event_type"], {})
        for field, kind in OF_TYPE[row["event_type"]].items():
            expect(isinstance(part.get(field), kind), f"{name}: {field} is not there: {row}")
        expect(STAMP.fullmatch(row["timestamp"]), f"{name}: timestamp {row['timestamp']}")
        expect(row["community_id"] == community_id(row), f"{name}: community id of {row}")
        times.append(row["timestamp"])
        if len(faults) > 20:
            return
    expect(times == sorted(times), f"{name}: events are not in the order of time")


def check_tshark(name, capture, rows):
    """Every conversation of TCP and UDP that tshark names has a flow, and no other has one."""
    ids = {cell for row in tshark_fields(capture, "(tcp || udp) && !icmp", ["communityid"], "--enable-protocol",
                                         "communityid") for cell in row if cell}
    expect(ids, f"{name}: tshark gives no community ids")
    ours = {row["community_id"] for row in rows if row["event_type"] == "flow"}
    expect(ids == ours, f"{name}: conversations that tshark alone has: {sorted(ids - ours)[:3]}, that it has not: "
                        f"{sorted(ours - ids)[:3]}")


SURICATA = """%YAML 1.1
---
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, community-id: true, types: [alert, flow]}
app-layer: {protocols: {modbus: {enabled: yes, detection-ports: {dp: 502}}}}
vars: {address-groups: {HOME_NET: any, EXTERNAL_NET: any}}
stream: {midstream: true}
classification-file: CLASSES
"""


def suricata(work, capture, rules):
    folder = work / "suricata"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "classes").write_text("config classification: attempted-recon,Attempted Information Leak,2\n")
    (folder / "s.yaml").write_text(SURICATA.replace("CLASSES", str(folder / "classes")))
    done = subprocess.run(["suricata", "-c", str(folder / "s.yaml"), "-S", str(rules), "-k", "none", "-r", str(capture),
                           "-l", str(folder)], capture_output=True, text=True, check=False)
    expect(done.returncode == 0, f"suricata ended {done.returncode} on {capture}: {done.stderr}")
    return [json.loads(line) for line in (folder / "eve.json").read_text().splitlines()]


def same_ends(event):
    """Equal addresses: Suricata 7 puts the ports of such a conversation the other way round in its Community ID."""
    return event["src_ip"] == event["dest_ip"]


def alert_rows(rows):
    return collections.Counter(
        (r.get("pcap_cnt"), r["src_ip"], r["src_port"], r["dest_ip"], r["dest_port"], r["proto"],
         None if same_ends(r) else r["community_id"], r["alert"]["gid"], r["alert"]["signature_id"], r["alert"]["rev"],
         r["alert"]["signature"], r["alert"]["severity"], r["alert"]["action"])
        for r in rows if r["event_type"] == "alert")


def flow_rows(rows):
    def of(r):
        f = r["flow"]
        ends = [(r["src_ip"], r["src_port"], f["pkts_toserver"], f["bytes_toserver"]),
                (r["dest_ip"], r["dest_port"], f["pkts_toclient"], f["bytes_toclient"])]
        syn = r["proto"] == "TCP" and int(r["tcp"]["tcp_flags_ts"], 16) & 2
        return (*(ends if syn else sorted(ends)), r["proto"], f["start"], f["end"], f["alerted"])
    return collections.Counter(of(r) for r in rows if r["event_type"] == "flow")


def compare(name, ours, theirs):
    for what, rows_of in (("alert", alert_rows), ("flow", flow_rows)):
        a, b = rows_of(ours), rows_of(theirs)
        expect(b, f"{name}: Suricata gives no {what}")
        expect(a == b, f"{name}: {what}: ours alone {list((a - b).items())[:2]}, Suricata's alone {list((b - a).items())[:2]}")


def main():
    peer = shutil.which("suricata") and " 7." in subprocess.run(["suricata", "-V"], capture_output=True, text=True,
                                                                check=False).stdout
    if not peer:
        print("the comparison with Suricata was left out: no Suricata 7 is installed")
    seen = collections.Counter()
    with temporary() as folder:
        work = pathlib.Path(folder)
        rules = work / "e.rules"
        rules.write_text(RULES)
        captures = [grid(work, seed) for seed in SEEDS] + ([CORPORA / name for name in REAL] if CORPORA else [])
        for capture in captures:
            data = events(work, capture, rules)
            rows = [json.loads(line) for line in data.splitlines()]
            seen.update(row["event_type"] for row in rows)
            check_fields(capture.name, rows)
            for way in WAYS if FULL or capture == captures[0] else WAYS[1:2]:
                expect(events(work, capture, rules, *way) == data, f"{capture.name} {way}: other bytes")
            if shutil.which("tshark"):
                check_tshark(capture.name, capture, rows)
            if peer:
                compare(capture.name, rows, suricata(work, capture, rules))
        types(work, captures[0], rules)
        full = run("replay", captures[0], "--eve", "/dev/full", code=3)
        expect("cannot write events" in full.stderr, f"a full disk is not told: {full.stderr}")
    expect(all(seen[kind] for kind in ("alert", "flow", "modbus")), f"events: {dict(seen)}")
    finish(f"eve: {sum(seen.values())} events")


main()
