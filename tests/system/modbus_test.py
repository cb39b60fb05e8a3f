#!/usr/bin/env python3
"""Modbus on real captures: requests, their objects, operations, answers and exceptions are those of tshark.

Our side is what reaches seam 1, the whole line behind it (tests/pipeline/observation_print.c). Theirs are the
fields of tshark, which takes port 502 for the server. Compared are, per conversation and as multisets,
  requests   transaction, unit, function, objects; and the time, where tshark finds no fault in TCP
  answers    those that belong to a request: transaction, unit, function, exception
  operation  what the function is named in the specification
Where the two differ for a reason, tests/pipeline/modbus.json has each row and the reason; a row that no
longer differs fails as well. Frames that tshark calls malformed are printed.

The default tier takes a sample, --full all captures of that list, and looks for more.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree

from common import FULL, PLIMSOLL, TOP, expect, finish, need_corpora, need_program, run, temporary, tshark_fields

OBSERVATIONS = str(pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/plimsoll-observations")
PORT = 502
SAMPLE = [
    "captures-ics/emreekin/LocalPCAP/IllegalFunction.pcap",
    "captures-ics/emreekin/MODBUS/modbus-encapsulated-transport.pcap",
    "captures-ics/emreekin/MODBUS/modbus-mask-write-register.pcap",
    "captures-ics/icsnpp/modbus/traces/modbus_example.pcap",
    "captures-ics/iti/ModbusTCP/mb2.pcap",
    "captures-ics/iti/ModbusTCP/modbus_test_data_part1.pcap",
    "captures-ics/iti/ModbusTCP/modbus_test_data_part2.pcap",
    "captures-ics/modbus-lemay/CnC_uploading_exe_modbus_6RTU_with_operate.pcap",
    "captures-ics/s4x15/Advantech.pcap",
    "captures-ics/s4x15/Modicon.pcap",
    "captures-ics/zeek/modbus/4SICS-GeekLounge-151022-min.pcap",
    "captures-ics/zeek/modbus/fuzz-72.pcap",
    "captures-ics/zeek/modbus/modbus-and-non-modbus-p502.pcap",
    "captures-protocols/arkime/arkime_synthetic.pcap",
]
# MODBUS Application Protocol Specification V1.1b3, 6: what the names of the functions say.
OPERATIONS = {1: "read", 2: "read", 3: "read", 4: "read", 5: "write", 6: "write", 7: "diagnose", 8: "diagnose",
              11: "diagnose", 12: "diagnose", 15: "write", 16: "write", 17: "identify", 20: "read", 21: "write",
              22: "write", 23: "write", 24: "read"}
IDENTIFY = 14  # of the encapsulated interfaces of function 43, what reads the identification (6.21)
# Which fields of tshark are the objects of a request, for functions that name one range of them.
OBJECTS = {1: "modbus.bit_cnt", 2: "modbus.bit_cnt", 3: "modbus.word_cnt", 4: "modbus.word_cnt", 5: None, 6: None,
           15: "modbus.bit_cnt", 16: "modbus.word_cnt"}

Request = collections.namedtuple("Request", "client server transaction unit function operation objects")
Answer = collections.namedtuple("Answer", "client server transaction unit function exception")


def packets(capture):
    """What tshark says of each frame with Modbus: (number, source, target, PDUs, malformed)."""
    command = ["tshark", "-n", "-r", str(capture), "-Y", "mbtcp", "-T", "pdml", "-j", "mbtcp modbus _ws.malformed"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for _, packet in xml.etree.ElementTree.iterparse(process.stdout):
        if packet.tag != "packet":
            continue
        ends, ports, pdus, malformed, number = None, None, [], False, None
        for proto in packet.findall("proto"):
            name, text = proto.get("name"), proto.get("showname") or ""
            fields = {f.get("name"): f.get("show") for f in reversed(list(proto.iter("field")))}
            if name == "geninfo":
                number = int(fields["num"])
            elif name in ("ip", "ipv6"):
                ends = re.search(r"Src: (\S+), Dst: (\S+)", text).groups()
            elif name == "tcp":
                ports = re.search(r"Src Port: (\d+), Dst Port: (\d+)", text).groups()
            elif name == "mbtcp":
                pdus.append(fields)
            elif name == "modbus" and pdus:
                pdus[-1].update(fields)
            elif name == "_ws.malformed":
                malformed = True
        yield number, f"{ends[0]}:{ports[0]}", f"{ends[1]}:{ports[1]}", pdus, malformed
        packet.clear()
    expect(process.wait() == 0, f"tshark ended {process.returncode} on {capture}")


def times(capture):
    """When each frame counts: its own stamp, or the latest before it where stamps go back."""
    out, latest = {}, 0
    for number, stamp in tshark_fields(capture, "frame", ["frame.number", "frame.time_epoch"]):
        seconds, _, fraction = stamp.partition(".")
        latest = max(latest, int(seconds) * 10**9 + int(fraction.ljust(9, "0")))
        out[int(number)] = latest
    return out


def faulty(capture):
    """Conversations in which tshark sees bytes missing, repeated or out of order."""
    rows = tshark_fields(capture, f"tcp.port=={PORT} && tcp.analysis.flags && !tcp.analysis.window_update && "
                                  "!tcp.analysis.keep_alive && !tcp.analysis.keep_alive_ack",
                         ["ip.src", "tcp.srcport", "ip.dst", "tcp.dstport"])
    return {end for row in rows for end in (f"{row[0]}:{row[1]} {row[2]}:{row[3]}", f"{row[2]}:{row[3]} {row[0]}:{row[1]}")}


def operation_of(pdu):
    function = int(pdu["modbus.func_code"])
    if function == 43 and pdu.get("modbus.mei") == str(IDENTIFY):
        return "identify"
    return OPERATIONS.get(function, "other")


def theirs(capture):
    requests, answers, malformed, when = collections.Counter(), collections.Counter(), [], times(capture)
    faults, waiting = faulty(capture), collections.Counter()
    for number, source, target, pdus, bad in packets(capture):
        if bad:
            malformed.append(number)
        for pdu in pdus:
            if "modbus.func_code" not in pdu:
                continue  # tshark did not come as far as the function
            key = [int(pdu[f]) for f in ("mbtcp.trans_id", "mbtcp.unit_id", "modbus.func_code")]
            function = key[2]
            if target.endswith(f":{PORT}"):
                objects = None
                if function in OBJECTS and "modbus.reference_num" in pdu:
                    count = OBJECTS[function]
                    objects = int(pdu["modbus.reference_num"]), int(pdu[count]) if count else 1
                time = None if f"{source} {target}" in faults else when[number]
                requests[Request(source, target, *key, operation_of(pdu), objects), time] += 1
                waiting[source, target, *key] += 1
                continue
            # tshark says which request an answer belongs to, but not for exceptions.
            exception, asked = int(pdu.get("modbus.exception_code", 0)), (target, source, *key)
            if "modbus.request_frame" in pdu or (exception and waiting[asked] > 0):
                answers[Answer(*asked, exception)] += 1
                waiting[asked] -= 1
    return requests, answers, malformed, faults


def ours(capture, faults, work):
    env = dict(os.environ, PLIMSOLL_OBSERVATIONS=str(work / "observations"))
    run("replay", capture, env=env, program=OBSERVATIONS, code=None)
    requests, answers = collections.Counter(), collections.Counter()
    for line in (work / "observations").read_text().splitlines():
        (kind, protocol, source, source_port, target, target_port, began, _, transaction, unit, function, operation,
         outcome, exception, first, count) = line.split("\t")
        if kind != "command" or protocol != "modbus":
            continue
        client, server, function = f"{source}:{source_port}", f"{target}:{target_port}", int(function)
        objects = (int(first), int(count)) if function in OBJECTS else None
        time = None if f"{client} {server}" in faults else int(began)
        key = client, server, int(transaction), int(unit), function
        requests[Request(*key, operation, objects), time] += 1
        if outcome in ("acknowledged", "refused"):
            expect((outcome == "refused") == (exception not in ("0", "5")), f"{capture}: {outcome} with exception {exception}")
            answers[Answer(*key, int(exception))] += 1
    return requests, answers


def text(row):
    if isinstance(row, Answer):
        return (f"{row.client} > {row.server} transaction {row.transaction} unit {row.unit} function {row.function} "
                f"exception {row.exception}")
    request, time = row
    objects = " objects {}+{}".format(*request.objects) if request.objects else ""
    return (f"{request.client} > {request.server} transaction {request.transaction} unit {request.unit} "
            f"function {request.function} {request.operation}{objects}" + (f" at {time}" if time else ""))


def check(root, name, known, work):
    capture = root / name
    requests, answers, malformed, faults = theirs(capture)
    our_requests, our_answers = ours(capture, faults, work)
    print(f"{name}: {sum(requests.values())} requests, {sum(answers.values())} answers"
          + (f"; malformed in tshark's eyes: frames {malformed}" if malformed else ""))
    expect(requests, f"{name}: tshark finds no request")
    differ = collections.Counter()
    for what, a, b in (("request", requests, our_requests), ("answer", answers, our_answers)):
        for side, more in (("tshark only", a - b), ("plimsoll only", b - a)):
            for row, n in more.items():
                differ[f"{what}, {side}: {text(row)}"] += n
    listed = collections.Counter()
    for group in known.get(name, []):
        for row in group["rows"]:
            listed[row] += 1
    for row, n in (differ - listed).items():
        expect(False, f"{name}: {n} x {row}")
    for row, n in (listed - differ).items():
        expect(False, f"{name}: listed, but no longer so: {n} x {row}")


def look_for_more(root, names):
    """Captures of the corpora in which tshark finds Modbus."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".pcap", ".pcapng", ".cap") or not path.is_file() or "mix/" in str(path):
            continue
        if PORT.to_bytes(2, "big") in path.read_bytes() and tshark_fields(path, "mbtcp", ["frame.number"], "-c", "200000"):
            found.append(str(path.relative_to(root)))
    expect(set(found) == set(names), f"captures with Modbus that are not listed: {sorted(set(found) - set(names))}, "
                                     f"listed without it: {sorted(set(names) - set(found))}")


def main():
    root = need_corpora()
    need_program("tshark")
    known = json.loads((TOP / "tests/pipeline/modbus.json").read_text())
    with temporary() as work:
        for name in known["captures"] if FULL else SAMPLE:
            check(root, name, known["differ"], pathlib.Path(work))
    if FULL:
        look_for_more(root, known["captures"])
    finish("modbus")


main()
