#!/usr/bin/env python3
"""IEC 60870-5-104 on real captures: APDUs, types, causes and object addresses are those of tshark.

Our side is what the line finds (tests/pipeline/apdu_print.c) and what reaches seam 1
(tests/pipeline/observation_print.c). Theirs are the fields of tshark. Compared are, per conversation and as multisets,
  APDUs      who sent it, format, numbers, type, SQ, number of objects, cause, P/N, T, originator, common address, and
             the address of every object; the names of types too
  commands   as the pairing further down derives them from tshark's fields alone: type, common address, object,
             operation, outcome, cause of a refusal
Where the two differ for a reason, tests/pipeline/iec104.json has each row and the reason; a row that no longer
differs fails as well.

Then conversations are damaged: cut behind each packet, each packet lost, each two swapped. Nothing may be reported
that is not in the undamaged one, or with an outcome that was not given; and all commands must be there of which no
packet is missing, since every packet begins an APDU.

The default tier takes a sample, --full all captures of that list, more of the damage, and looks for more captures.
"""
import collections
import json
import os
import pathlib
import re
import struct
import subprocess
import xml.etree.ElementTree

import capture_edit
from common import FULL, PLIMSOLL, TOP, expect, finish, need_corpora, need_program, run, temporary, tshark_fields

OBSERVATIONS = str(pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/plimsoll-observations")
ASAN = os.environ.get("PLIMSOLL_ASAN")
PORT = 2404
SAMPLE = [
    "captures-ics/emreekin/IEC60870-104/104IPValue.pcap",
    "captures-ics/emreekin/IEC60870-104/104deneme.pcap",
    "captures-ics/emreekin/IEC60870-104/58_59.pcap",
    "captures-ics/emreekin/IEC60870-104/63_1.pcap",
    "captures-ics/emreekin/IEC60870-104/iec104.pcap",
    "captures-ics/emreekin/IEC60870-104/iec104_baselines.pcap",
    "captures-ics/emreekin/LocalPCAP/vinci104.pcap",
    "captures-ics/iti/IEC60870-5-104/JavaRMI_and_IEC_Misc.pcap",
    "captures-protocols/ndpi/pcap/iec60780-5-104.pcap",
]
# What is damaged: captures whose every packet begins an APDU, with select, execute, refusals and terminations.
DAMAGED = ["captures-ics/emreekin/IEC60870-104/iec104.pcap", "captures-ics/emreekin/IEC60870-104/58_59.pcap"]

SECOND = 10**9
ANSWER, TERMINATION, CLOSED = 15 * SECOND, 30 * SECOND, 10 * SECOND
# IEC 60870-5-101, 7.2.1: what the types ask for. With select and execute: 45 to 50 and 58 to 63.
OPERATIONS = {**{t: "operate" for t in [*range(45, 52), *range(58, 65)]}, 100: "read", 101: "read", 102: "read",
              103: "set-time", 104: "diagnose", 105: "start", 106: "set-time", 107: "diagnose",
              110: "write", 111: "write", 112: "write", 113: "write"}
TERMINATES = {*range(45, 52), *range(58, 65), 100, 101}
ACT, ACTCON, DEACT, DEACTCON, ACTTERM, REQ = 6, 7, 8, 9, 10, 5

Asdu = collections.namedtuple("Asdu", "type name sq count cause negative test originator common objects")
Apdu = collections.namedtuple("Apdu", "source target format send receive asdu")
Command = collections.namedtuple("Command", "source target type common object operation outcome exception")


# ---- tshark ----

def shown(field):
    return int(field, 0) if field else 0


def asdu_of(proto):
    fields = collections.defaultdict(list)
    for f in proto.iter("field"):
        fields[f.get("name").removeprefix("iec60870_asdu.")].append(f)
    if "addr" not in fields:
        return None, None, None
    one = {name: shown(f[0].get("show")) for name, f in fields.items() if re.fullmatch(r"0x[0-9a-f]+|\d+", f[0].get("show") or "")}
    name = re.search(r"TypeId: (\S+)", fields["typeid"][0].get("showname"))[1]
    select = next((one[n] for n in ("sco.se", "dco.se", "rco.se", "qos.se") if n in one), 0)
    value = next((fields[n][0].get("show") for n in ("sco.on", "dco.on", "rco.up", "normval", "scalval", "float", "bitstring")
                  if n in fields), None)
    return Asdu(one["typeid"], name, one["sq"], one["numix"], one["causetx"], one["nega"], one["test"], one["oa"], one["addr"],
                tuple(shown(f.get("show")) for f in fields["ioa"])), select, value


def theirs(capture):
    """What tshark says: rows (frame, Apdu, select, value), and the frames that it calls malformed."""
    command = ["tshark", "-n", "-r", str(capture), "-Y", "iec60870_104", "-T", "pdml", "-J",
               "iec60870_104 iec60870_asdu _ws.malformed"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    rows, malformed = [], []
    for _, packet in xml.etree.ElementTree.iterparse(process.stdout):
        if packet.tag != "packet":
            continue
        ends = ports = number = None
        for proto in packet.findall("proto"):
            name, text = proto.get("name"), proto.get("showname") or ""
            if name == "geninfo":
                number = int(proto.find("field[@name='num']").get("show"))
            elif name in ("ip", "ipv6"):
                ends = re.search(r"Src: (\S+), Dst: (\S+)", text).groups()
            elif name == "tcp":
                ports = re.search(r"Src Port: (\d+), Dst Port: (\d+)", text).groups()
            elif name == "iec60870_104":
                shows = {f.get("name").removeprefix("iec60870_104."): f.get("show") for f in proto.iter("field")}
                if "type" not in shows:
                    continue  # no control octets
                form = "ISSU"[shown(shows["type"])] if shown(shows["type"]) != 2 else "I"
                send = shown(shows.get("tx")) if form == "I" else shown(shows["utype"]) << 2 | 3 if form == "U" else 0
                rows.append([number, Apdu(f"{ends[0]}:{ports[0]}", f"{ends[1]}:{ports[1]}", form, send,
                                          shown(shows.get("rx")) if form != "U" else 0, None), 0, None])
            elif name == "iec60870_asdu" and rows and rows[-1][0] == number and rows[-1][1].format == "I":
                asdu, select, value = asdu_of(proto)
                rows[-1] = [number, rows[-1][1]._replace(asdu=asdu), select, value]
            elif name == "_ws.malformed" and number not in malformed:
                malformed.append(number)
        packet.clear()
    expect(process.wait() == 0, f"tshark ended {process.returncode} on {capture}")
    return rows, malformed


def clock(capture):
    """When each frame counts, the last moment, and when each conversation was closed."""
    out, latest, fins, closed = {}, 0, collections.defaultdict(set), {}
    fields = ["frame.number", "frame.time_epoch", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tcp.flags.fin", "tcp.flags.reset"]
    for number, stamp, source, source_port, target, target_port, fin, reset in tshark_fields(capture, "frame", fields):
        seconds, _, fraction = stamp.partition(".")
        latest = max(latest, int(seconds) * SECOND + int(fraction.ljust(9, "0")))
        out[int(number)] = latest
        pair = frozenset((f"{source}:{source_port}", f"{target}:{target_port}"))
        if fin in ("1", "True"):
            fins[pair].add(source_port)
        if reset in ("1", "True") or len(fins[pair]) == 2:
            closed[pair] = latest
    return out, latest, closed


def losses(capture, times):
    """By sender, when tshark sees that bytes of it are missing."""
    out = collections.defaultdict(list)
    for flag, ends in (("lost_segment", ["ip.src", "tcp.srcport"]), ("ack_lost_segment", ["ip.dst", "tcp.dstport"])):
        for number, address, port in tshark_fields(capture, f"tcp.analysis.{flag}", ["frame.number", *ends]):
            out[f"{address}:{port}"].append(times[int(number)])
    return out


# ---- the pairing ----

class Request:
    def __init__(self, now, apdu, select, value):
        self.due, self.apdu, self.asdu, self.select, self.value = now + ANSWER, apdu, apdu.asdu, select, value
        self.confirmed, self.began = False, now
        self.waits = apdu.asdu.type in TERMINATES and not select and apdu.asdu.cause == ACT
        self.broadcast = apdu.asdu.common == 0xffff

    def told(self, outcome, exception=0):
        operation = OPERATIONS.get(self.asdu.type, "other")
        if self.asdu.cause == DEACT and operation != "write":
            operation = "other"
        if self.select and self.asdu.cause == ACT:
            operation, outcome = "select", "seen"
        return Command(self.apdu.source, self.apdu.target, self.asdu.type, self.asdu.common,
                       self.asdu.objects[0] if self.asdu.objects else 0, operation, outcome, exception)

    def names(self, asdu):
        return asdu.type == self.asdu.type and (self.broadcast or asdu.common == self.asdu.common) and asdu.objects == self.asdu.objects


def is_request(asdu):
    return asdu.cause in (ACT, DEACT) or (asdu.type == 102 and asdu.cause == REQ)


def pair(rows, times, last, closed, lost):
    """Commands with their outcomes: in each conversation, what is asked, and what answers by type and addresses.
    Nothing is called unanswered whose answer may be among bytes that are missing."""
    out, waiting = collections.Counter(), collections.defaultdict(list)

    def unanswered(q):
        return "seen" if any(q.began <= t <= q.due for t in lost[q.apdu.target]) else "unanswered"

    def expire(key, now):
        for q in [q for q in waiting[key] if q.due <= now]:
            waiting[key].remove(q)
            out[q.told("acknowledged" if q.confirmed else unanswered(q))] += 1

    for number, apdu, select, value in rows:
        asdu, now, key = apdu.asdu, times[number], frozenset((apdu.source, apdu.target))
        if not asdu or not asdu.count:
            continue
        expire(key, now)
        if is_request(asdu):
            waiting[key].append(Request(now, apdu, select, value))
            continue
        others = [q for q in waiting[key] if q.apdu.source != apdu.source]
        if asdu.cause in (ACTCON, DEACTCON):
            asked = [q for q in others if q.names(asdu) and not q.confirmed and q.asdu.cause == asdu.cause - 1 and q.select == select]
            asked.sort(key=lambda q: q.value != value)
            for q in asked[:1]:
                if asdu.negative:
                    out[q.told("refused", asdu.cause)] += 1
                elif q.waits or q.broadcast:
                    q.confirmed, q.due = True, now + TERMINATION
                    continue
                else:
                    out[q.told("acknowledged")] += 1
                waiting[key].remove(q)
        elif asdu.cause == ACTTERM:
            asked = [q for q in others if q.names(asdu) and q.asdu.cause == ACT and q.select == select]
            asked.sort(key=lambda q: (q.value != value, not q.confirmed))
            for q in asked[:1]:
                waiting[key].remove(q)
                out[q.told("acknowledged", ACTTERM) if asdu.negative else q.told("completed")] += 1
        elif 44 <= asdu.cause <= 47:
            asked = [q for q in others if q.names(asdu) and not q.confirmed]
            asked.sort(key=lambda q: q.value != value or q.select != select)
            for q in asked[:1]:
                waiting[key].remove(q)
                out[q.told("refused", asdu.cause)] += 1
        elif asdu.cause == REQ:
            for q in [q for q in others if q.asdu.type == 102 and q.asdu.common == asdu.common and q.asdu.objects[0] in asdu.objects][:1]:
                waiting[key].remove(q)
                out[q.told("acknowledged")] += 1
    for key, queue in waiting.items():
        expire(key, last)
        over = key in closed and closed[key] + CLOSED <= last
        for q in queue:
            out[q.told("acknowledged" if q.confirmed else unanswered(q) if over else "seen")] += 1
    return out


# ---- ours ----

def replayed(capture, work):
    env = dict(os.environ, PLIMSOLL_OBSERVATIONS=str(work / "observations"), PLIMSOLL_APDUS=str(work / "apdus"))
    run("replay", capture, env=env, program=OBSERVATIONS, code=None)


def our_apdus(work):
    out = collections.Counter()
    for line in (work / "apdus").read_text().splitlines():
        source, source_port, target, target_port, form, send, receive, *rest = line.split("\t")
        asdu = None
        if rest:
            numbers = [int(v) for i, v in enumerate(rest[:-1]) if i not in (1, 5)]
            kind, sq, count, cause, negative, test, originator, common = numbers
            asdu = Asdu(kind, rest[1], sq, count, cause, negative, test, originator, common,
                        tuple(int(v) for v in rest[-1].split(",") if v))
        out[Apdu(f"{source}:{source_port}", f"{target}:{target_port}", form, int(send) if form != "S" else 0,
                 int(receive) if form != "U" else 0, asdu)] += 1
    return out


def our_commands(work):
    """(Command, N(S)) of each that reached seam 1."""
    out = []
    for line in (work / "observations").read_text().splitlines():
        (kind, protocol, source, source_port, target, target_port, _, _, transaction, unit, function, operation,
         outcome, exception, first, _) = line.split("\t")
        if kind == "command" and protocol == "iec104":
            out.append((Command(f"{source}:{source_port}", f"{target}:{target_port}", int(function), int(unit), int(first),
                                operation, outcome, int(exception)), int(transaction)))
    return out


def text(row):
    if isinstance(row, Command):
        return (f"{row.source} > {row.target} type {row.type} common address {row.common} object {row.object} {row.operation} "
                f"{row.outcome} {row.exception}")
    asdu = row.asdu
    tail = ""
    if asdu:
        tail = (f" {asdu.name}({asdu.type}) SQ {asdu.sq} {asdu.count} cause {asdu.cause} P/N {asdu.negative} T {asdu.test} "
                f"originator {asdu.originator} common address {asdu.common} objects {','.join(map(str, asdu.objects))}")
    return f"{row.source} > {row.target} {row.format} {row.send} {row.receive}{tail}"


def check(root, name, known, work):
    capture = root / name
    rows, malformed = theirs(capture)
    times, last, closed = clock(capture)
    commands = pair(rows, times, last, closed, losses(capture, times))
    replayed(capture, work)
    apdus = collections.Counter(row[1] for row in rows)
    print(f"{name}: {sum(apdus.values())} APDUs, {sum(commands.values())} commands"
          + (f"; malformed in tshark's eyes: frames {malformed}" if malformed else ""))
    expect(rows or name in known, f"{name}: tshark finds no APDU")
    differ = collections.Counter()
    for what, a, b in (("APDU", apdus, our_apdus(work)), ("command", commands, collections.Counter(c for c, _ in our_commands(work)))):
        for side, more in (("tshark only", a - b), ("plimsoll only", b - a)):
            for row, n in more.items():
                differ[f"{what}, {side}: {text(row)}"] += n
    listed = collections.Counter(row for group in known.get(name, []) for row in group["rows"])
    for row, n in (differ - listed).items():
        expect(False, f"{name}: {n} x {row}")
    for row, n in (listed - differ).items():
        expect(False, f"{name}: listed, but no longer so: {n} x {row}")


# ---- damage ----

def frames_of(capture, work):
    """The frames of the longest conversation, with nanoseconds. A keep-alive's one byte is not what the stream has
    there: moved, it would be another conversation."""
    path = work / "conversation.pcap"
    subprocess.run(["tshark", "-n", "-r", str(capture), "-Y", f"tcp.stream=={longest(capture)} && !tcp.analysis.keep_alive", "-F", "nsecpcap",
                    "-w", str(path)], check=True, capture_output=True)
    data, at, frames = path.read_bytes(), 24, []
    while at < len(data):
        seconds, ns, captured, _ = struct.unpack_from("<IIII", data, at)
        frames.append(capture_edit.Frame(seconds * SECOND + ns, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return frames


def longest(capture):
    counts = collections.Counter(row[0] for row in tshark_fields(capture, "iec60870_104", ["tcp.stream"]))
    return counts.most_common(1)[0][0]


def variants(frames):
    """(numbers of the frames in their order, numbers of those that are missing or moved): the first is undamaged."""
    order = list(range(len(frames)))
    yield order, ()
    for i in order[1:]:
        yield order[:i], ()
    for i in order:
        yield order[:i] + order[i + 1:], (i,)
    for i in order:
        for j in order[i + 1:]:
            swapped = list(order)
            swapped[i], swapped[j] = j, i
            yield swapped, (i, j)


def as_variant(frames, order, number, shift):
    """The frames in this order, as a conversation of its own, fast enough for no deadline to pass."""
    client = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    asks = next(f.source for f in frames if f.ports[1] == PORT)
    out = []
    for place, i in enumerate(order):
        f = capture_edit.Frame(frames[0].ns + shift + place * SECOND // 100, frames[i].data)
        if f.source == asks:
            f.set_source(client)
        else:
            f.set_target(client)
        f.refresh()
        out.append(f)
    return out


def requests_in(frame):
    """N(S) of the APDUs with a request of the frame's payload, which begins with an APDU."""
    payload, out = frame.payload, set()
    while len(payload) >= 15 and payload[0] == 0x68:
        length = payload[1] + 2
        if length > 12 and not payload[2] & 1 and payload[8] & 0x3f in (ACT, DEACT):
            out.add(struct.unpack_from("<H", payload, 2)[0] >> 1)
        payload = payload[length:]
    return out


def damage(root, name, work):
    frames = frames_of(root / name, work)[:120 if FULL else 45]
    asked = [requests_in(f) for f in frames]
    length = 200 * SECOND
    written, made = [], []
    for number, (order, moved) in enumerate(variants(frames), 1):
        made.append((order, moved))
        written += as_variant(frames, order, number, number * length)
    written.append(capture_edit.Frame(written[-1].ns + length, frames[0].data))  # the last one's deadlines pass as well
    capture = capture_edit.write(work / "damaged.pcap", written)
    replayed(capture, work)
    got = collections.defaultdict(collections.Counter)
    for command, sequence in our_commands(work):
        a, b, c, d = map(int, re.fullmatch(r"(\d+)\.(\d+)\.(\d+)\.(\d+):\d+", command.source).groups())
        if a == 10:
            got[b << 16 | c << 8 | d][command._replace(source="", exception=0), sequence] += 1
    truth = got[1]
    expect(sum(truth.values()) == sum(map(len, asked)) and truth, f"{name}: the undamaged conversation gives {sum(truth.values())} commands, "
           f"not {sum(map(len, asked))}")
    known = {sequence: command._replace(outcome="") for command, sequence in truth}
    outcomes = collections.defaultdict(set)  # equal requests may change places, and so their answers
    for (command, _), _ in truth.items():
        outcomes[command._replace(outcome="")] |= {command.outcome, "seen", "unanswered"}
        if command.outcome == "completed":
            outcomes[command._replace(outcome="")].add("acknowledged")
    weaker = collections.Counter()
    for number, (order, moved) in enumerate(made, 1):
        seen = set()
        for (command, sequence), n in got[number].items():
            plain = command._replace(outcome="")
            expect(known.get(sequence) == plain and n == 1 and sequence not in seen, f"{name}, {moved}: invented {command}")
            expect(command.outcome in outcomes[plain], f"{name}, {moved}: {command} was {outcomes[plain]}")
            seen.add(sequence)
            weaker[(command, sequence) not in truth] += 1
        # Where another packet is in front, what lies before it in the stream is not looked at.
        first = max(moved) if moved and moved[0] == 0 and len(moved) == 2 else 0
        missing = set().union(*(asked[i] for i in order if i not in moved and i > first), set()) - seen
        expect(not missing, f"{name}: of {len(order)} packets, without or with moved {moved}: not found again {sorted(missing)}")
    print(f"{name}: {len(made)} damaged conversations of {len(frames)} packets; {weaker[False]} outcomes as undamaged, {weaker[True]} weaker")
    if ASAN:
        run("replay", capture, program=ASAN)


def look_for_more(root, names):
    """Captures of the corpora in which tshark finds IEC 60870-5-104."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".pcap", ".pcapng", ".cap") or not path.is_file() or "mix/" in str(path):
            continue
        if PORT.to_bytes(2, "big") in path.read_bytes() and tshark_fields(path, "iec60870_104", ["frame.number"], "-c", "200000"):
            found.append(str(path.relative_to(root)))
    expect(set(found) == set(names), f"captures with IEC 60870-5-104 that are not listed: {sorted(set(found) - set(names))}, "
                                     f"listed without it: {sorted(set(names) - set(found))}")


def main():
    root = need_corpora()
    need_program("tshark")
    known = json.loads((TOP / "tests/pipeline/iec104.json").read_text())
    with temporary() as directory:
        work = pathlib.Path(directory)
        for name in known["captures"] if FULL else SAMPLE:
            check(root, name, known["differ"], work)
        for name in DAMAGED:
            damage(root, name, work)
    if FULL:
        look_for_more(root, known["captures"])
    finish("iec104")


main()
