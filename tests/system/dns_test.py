#!/usr/bin/env python3
"""Names that are asked for: what the parsers of DNS tell (tests/pipeline/parts.c) is what tshark's dns.qry.name says
of queries, and what Suricata's buffer dns.query holds.

    dns_test.py             captures with all that DNS has, over UDP and over TCP
    dns_test.py --full      mix-dev and all shared captures but the largest
With tshark real captures are compared, packet by packet. With Suricata a capture that is made here is: names of every
kind, malformed messages, messages of TCP in pieces.
"""
import base64
import collections
import concurrent.futures
import json
import pathlib
import re
import struct
import subprocess

from common import FULL, PLIMSOLL, expect, fault, finish, need_corpora, need_program, run, temporary, tshark_fields

PARTS = str(pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/parts")
SAMPLE = ["captures-ics/icsnpp/opcua-binary/traces/open62541_client-server_mainloop.pcap",
          "captures-ics/icsnpp/synchrophasor/traces/c37118_1100_unclean.pcap", "captures-protocols/arkime/dns-tcp.pcap",
          "captures-protocols/arkime/dns-wiresharkrepo.pcap", "captures-protocols/malcolm/plugins/SIGred/sigxploit.pcap",
          "captures-protocols/malcolm/plugins/ripple20/dns_caa_records.pcap", "captures-protocols/ndpi/pcap/bad-dns-traffic.pcap",
          "captures-protocols/ndpi/pcap/dns-tunnel-iodine.pcap", "captures-protocols/ndpi/pcap/dns_exfiltration.pcap",
          "captures-protocols/ndpi/pcap/fuzz-2006-06-26-2594.pcap", "captures-protocols/packets/dns_axfr.pcapng",
          "captures-protocols/tcpdump/dns_tcp_8053.pcap", "captures-protocols/tcpdump/dns_udp_8053.pcap", "captures-protocols/tcpdump/edns-opts.pcap",
          "captures-protocols/zeek/dns/dns-invalid-names.pcap", "captures-protocols/zeek/dns/tkey.pcap",
          "suricata-verify/tests/dns-over-http2-post/dns_over_https_POST.pcap", "suricata-verify/tests/dns-tcp-ts-gap/input.pcap"]
LARGEST = 32 << 20  # bytes of a capture
NOT_DECODED = re.compile("^(arcnet|ip:ipv6|pktap|ppi|radiotap|user_dlt|wlan):|:udp:gre:")  # what carries it, as tshark says


def parts(captures):
    """By capture and packet: flow and names, in their order."""
    out = collections.defaultdict(dict)
    for line in run(*captures, program=PARTS, code=None).stdout.splitlines():
        part = json.loads(line)
        if part["part"] == "dns.query":
            out[part["capture"]].setdefault(part["packet"], (part["flow"], []))[1].append(bytes.fromhex(part["hex"]))
    return out


# ---- beside tshark ----

ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
QUERIES = "dns.flags.response==0 && !mdns && !llmnr && !icmp && !icmpv6 && !ip.fragments && !ipv6.fragments"
FIELDS = ["frame.number", "dns.qry.name", "_ws.malformed", "frame.protocols", "udp.port", "tcp.port"]


def plain(name):
    """As tshark writes it. What is not ASCII it takes for UTF-8 here and there: any of that is one mark."""
    text = "".join(chr(c) if 32 <= c < 127 else ESCAPES.get(c, f"\\{c:03o}") if c < 128 else "\ufffd" for c in name)
    return marked(text)


def marked(text):
    return re.sub("[^\\x00-\\x7f]+", "\ufffd", text)


def tshark_names(capture, *options):
    """By packet: the names up to the root, joined, and the packet's other fields."""
    out = {}
    for number, names, *rest in tshark_fields(capture, QUERIES, FIELDS, "-E", "aggregator=/s", *options):
        if re.search(":(udp|tcp):dns", rest[1]):  # and not in HTTP
            out[int(number)] = marked(names).split("<Root>")[0].strip(), rest
    return out


def excused(ours, theirs):
    """Why the two need not agree on a packet, or None."""
    names, (malformed, protocols, udp, tcp) = theirs
    if NOT_DECODED.search(protocols):
        return "in a link or a tunnel that is not decoded"
    if "<" in names:
        return "tshark tells a fault instead of a name"
    if malformed and not ours:
        return "malformed, and nothing told"
    if FULL and "53" not in f"{udp} {tcp}".split() and not ours:
        return "on another port, and not of the usual form"
    return None


def compare(name, capture, ours):
    """Returns (packets that agree, causes of those that need not)."""
    theirs, agree, causes = tshark_names(capture), 0, collections.Counter()
    content_alone = {port for number, (flow, _) in ours.items() if number not in theirs for port in re.findall(r":(\d+)(?: |$)", flow)} - {"53"}
    if content_alone:  # tshark goes by ports, and by content of UDP; it has to be told
        decode = [word for port in content_alone for word in ("-d", f"tcp.port=={port},dns", "-d", f"udp.port=={port},dns")]
        theirs = {**tshark_names(capture, *decode), **theirs}
    mine, late = {number: " ".join(map(plain, names)) for number, (_, names) in ours.items()}, {}
    for number, (names, rest) in theirs.items():
        cause = excused(mine.get(number), (names, rest))
        if mine.get(number, "") == names:
            agree += 1
        elif cause:
            causes[cause] += 1
        elif rest[3] and number not in mine:  # of TCP: behind a gap it is told when the gap is sure
            late[number] = names
        else:
            fault(f"{name}, packet {number}: told {mine.get(number)!r}, tshark {names!r} {rest}")
        mine.pop(number, None)
    for number, names in late.items():
        told = [n for n in mine if n > number and mine[n] == names]
        if expect(told, f"{name}, packet {number}: tshark {names!r}, told nothing"):
            del mine[told[0]]
            causes["told behind a gap"] += 1
    for number, names in mine.items():
        fault(f"{name}, packet {number}: told {names!r}, tshark nothing")
    return agree, causes


def shared(corpora):
    return [p for folder in ("captures-ics", "captures-protocols", "mix", "suricata-verify") for p in sorted((corpora / folder).rglob("*"))
            if p.suffix in (".pcap", ".pcapng", ".cap") and p.is_file() and 24 < p.stat().st_size < (1 << 30 if folder == "mix" else LARGEST)]


def beside_tshark():
    corpora = need_corpora()
    captures = shared(corpora) if FULL else [corpora / name for name in SAMPLE]
    ours = {}
    for i in range(0, len(captures), 200):
        ours |= parts(captures[i:i + 200])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = {p: pool.submit(compare, p.relative_to(corpora), p, ours.get(str(p), {})) for p in captures}
    agree, causes, with_dns = 0, collections.Counter(), 0
    for p, job in jobs.items():
        n, why = job.result()
        with_dns += n > 0
        agree += n
        causes += why
        if why and not FULL:
            print(p.relative_to(corpora), "; ".join(f"{count} {cause}" for cause, count in why.items()))
    print(f"tshark: {agree} packets of {with_dns} captures agree; of others: {dict(causes)}")
    expect(agree > (30000 if FULL else 1000), "hardly anything was compared")


# ---- beside Suricata ----

def labels(*names):
    return b"".join(bytes([len(n)]) + n for n in names) + b"\0"


def question(name, kind=1, of=1):
    return name + struct.pack(">HH", kind, of)


def message(*questions, flags=0x0100, count=None, more=0, behind=b""):
    return struct.pack(">HHHHHH", 7, flags, len(questions) if count is None else count, 0, 0, more) + b"".join(questions) + behind


ONE, WWW = labels(b"a", b"one"), labels(b"www", b"Example", b"COM")
OPT = b"\0\0\x29\x10\0\0\0\0\0\0\0"
GOOD = message(question(labels(b"good", b"example")))
# A conversation each; behind every message GOOD is sent once more, so that what went wrong costs nothing else. In
# front of it GOOD makes it DNS for Suricata too.
DATAGRAMS = {
    "plain": message(question(WWW)),
    "any byte": message(question(labels(b"a\0b", b"c.d", b"\xff\xfe", b"\\x"))),
    "root": message(question(b"\0", 2)),
    "three": message(question(ONE), question(labels(b"b", b"two")), question(labels(b"c", b"three"))),
    "root second": message(question(ONE), question(b"\0"), question(labels(b"c", b"hidden"))),
    "root first": message(question(b"\0"), question(labels(b"c", b"hidden"))),
    "pointer": message(question(ONE), question(b"\1b\xc0\x0c")),
    "pointer twice": message(question(ONE), question(b"\1b\xc0\x0c"), question(b"\1c\xc0\x17"), question(labels(b"after", b"it"))),
    "pointer forward": message(question(b"\1f\xc0\x14"), behind=b"\1x\1y\0"),
    "pointer to the end": message(question(b"\1e\xc0\x14")),
    "pointer to a pointer to itself": message(question(b"\1i\xc0\x14"), behind=b"\xc0\x14"),
    "pointer to a pointer out of it": message(question(b"\1o\xc0\x14"), behind=b"\xc0\xff"),
    "pointer into the header": message(question(b"\1h\xc0\x02")),
    "pointer to itself": message(question(b"\xc0\x0c")),
    "circle": message(question(b"\1a\xc0\x0c")),
    "circle of four": message(question(b"\4abcd\xc0\x0c")),
    "pointer out": message(question(b"\1a\xc0\xff")),
    "label of another kind": message(question(b"\x41a\0")),
    "label cut": message(count=1, behind=b"\5ab"),
    "no end": message(count=1, behind=b"\1n"),
    "type cut": message(count=1, behind=labels(b"t", b"cut") + b"\0"),
    "second cut": message(question(labels(b"first", b"whole")), count=2, behind=b"\5a"),
    "EDNS": message(question(labels(b"e", b"dns")), more=1, behind=OPT),
    "EDNS cut": message(question(labels(b"e", b"cut")), more=1, behind=OPT[:4]),
    "counts too large": message(question(labels(b"too", b"large")), count=8),
    "counts just fit": message(question(labels(b"just", b"fits")), more=6),
    "counts just too large": message(question(labels(b"just", b"large")), more=9),
    "bytes behind": message(question(labels(b"bytes", b"behind")), behind=b"zzzz"),
    "update": message(question(labels(b"update", b"zone"), 6), flags=0x2800),
    "opcode 15, Z": message(question(labels(b"opcode", b"f")), flags=0x7840),
    "no question": message(behind=b"zzzzz"),
    "an answer to the server": message(question(labels(b"answer", b"there")), flags=0x8180),
    "319 bytes": message(question(labels(*[b"l" * 63] * 5))),
    "1025 bytes and more": message(question(labels(*[b"m" * 63] * 17))),
    "255 labels": message(question(labels(*[b"n"] * 255))),
    "256 labels": message(question(labels(*[b"o"] * 256))),
}


def framed(*messages):
    return b"".join(struct.pack(">H", len(m)) + m for m in messages)


def pieces(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


LONG = message(question(labels(b"padded", b"example")), more=1, behind=OPT[:-2] + struct.pack(">H", 40000) + bytes(40000))
# Behind a malformed message Suricata does not look at a connection any more: none here.
STREAMS = {
    "one": [framed(message(question(labels(b"tcp", b"one"))))],
    "bytes one by one": pieces(framed(message(question(labels(b"tcp", b"bytes")))), 1),
    "length alone": pieces(framed(message(question(labels(b"tcp", b"length")))), 2)[:1] + [framed(message(question(labels(b"tcp", b"length"))))[2:]],
    "two in one": [framed(message(question(labels(b"tcp", b"first"))), message(question(labels(b"tcp", b"second"))))],
    "nothing between": [framed(message(question(labels(b"tcp", b"before"))), b"", message(question(labels(b"tcp", b"behind"))))],
    "long": pieces(framed(LONG, message(question(labels(b"after", b"padded")))), 1400),
}

CLIENT, SERVER, UDP_FROM, TCP_FROM = b"\x0a\0\0\1", b"\x0a\0\0\2", 20000, 30000


def frame(protocol, payload, to_server=True):
    ends = CLIENT + SERVER if to_server else SERVER + CLIENT
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    return bytes.fromhex("020000000001020000000002") + b"\x08\0" + head + ends + payload


def datagram(port, payload):
    return frame(17, struct.pack(">HHHH", port, 53, 8 + len(payload), 0) + payload)


def segment(port, flags, seq, ack, payload=b"", to_server=True):
    ports = (port, 53) if to_server else (53, port)
    return frame(6, struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65535, 0, 0) + payload, to_server)


def connection(port, data):
    out = [segment(port, 2, 1, 0), segment(port, 0x12, 1, 2, to_server=False), segment(port, 0x10, 2, 2)]
    at = 2
    for piece in data:
        out += [segment(port, 0x18, at, 2, piece), segment(port, 0x10, 2, at + len(piece), to_server=False)]
        at += len(piece)
    return out + [segment(port, 0x11, at, 2), segment(port, 0x11, 2, at + 1, to_server=False), segment(port, 0x10, at + 1, 3)]


def made(path):
    frames = []
    for i, data in enumerate(DATAGRAMS.values()):
        frames += [datagram(UDP_FROM + i, m) for m in (GOOD, data, GOOD)]
    for i, data in enumerate(STREAMS.values()):
        frames += connection(TCP_FROM + i, data)
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for i, data in enumerate(frames):
        out += struct.pack("<IIII", 1700000000 + i // 1000, i % 1000 * 1000, len(data), len(data)) + data
    path.write_bytes(out)


def case_of(port):
    named, first = (STREAMS, TCP_FROM) if port >= TCP_FROM else (DATAGRAMS, UDP_FROM)
    return list(named)[port - first]


CONTENT = 250  # bytes that a rule may look for at once


def candidates(data):
    """Every row of labels that is in a message, wherever it begins: names that somebody might see in it."""
    out = set()
    for at in range(12, min(len(data), 1200)):
        row = []
        while at < len(data) and 0 < data[at] < 64 and at + data[at] < len(data) and len(row) < 256:
            row.append(data[at + 1:at + 1 + data[at]])
            at += 1 + data[at]
        if row and data[at:at + 1] == b"\0":
            out.add(b".".join(row))
    return {name for name in out if len(name) < CONTENT}


def rule(sid, name):
    """A rule that only this name matches; of those that are too long for a content only the length."""
    text = "".join(f"{c:02x}" for c in name)
    content = f'content:"|{text}|"; ' if len(name) < CONTENT else ""
    return f"alert dns any any -> any any (dns.query; {content}bsize:{len(name)}; sid:{sid};)"


def suricata_names(work, capture, known):
    """(case, name) for each name of `known` that Suricata has in dns.query, and all that it has there at all."""
    rules = [rule(i + 2, name) for i, name in enumerate(known)]
    rules.append("alert dns any any -> any any (dns.query; dataset:set,all,type string,state all; sid:1;)")
    (work / "rules").write_text("\n".join(rules) + "\n")
    done = subprocess.run(["suricata", "-S", "rules", "-r", capture, "-l", ".", "-k", "none"], cwd=work, capture_output=True, text=True)
    said = (work / "suricata.log").read_text()
    expect(done.returncode == 0 and "error parsing signature" not in said, f"Suricata: {done.stderr}{said[-2000:]}")
    found = set()
    for line in (work / "eve.json").read_text().splitlines():
        event = json.loads(line)
        if event["event_type"] == "alert" and event["alert"]["signature_id"] > 1:
            found.add((case_of(event["src_port"]), known[event["alert"]["signature_id"] - 2]))
    return found, (work / "all").read_text().split()


def beside_suricata():
    with temporary() as folder:
        work = pathlib.Path(folder)
        capture = work / "made.pcap"
        made(capture)
        told, by_case = set(), collections.Counter()
        for flow, names in parts([capture])[str(capture)].values():
            case = case_of(int(flow.split(" > ")[0].rsplit(":", 1)[1]))
            told |= {(case, name) for name in names}
            by_case[case] += len(names)
        for case in DATAGRAMS:
            expect(by_case[case] >= 2, f"{case}: what was sent before or behind is missing")
        # What was not told must be looked for too.
        known = sorted({name for _, name in told}.union(*map(candidates, [*DATAGRAMS.values(), *(b"".join(data) for data in STREAMS.values())])))
        theirs, every = suricata_names(work, capture, known)
        for case, name in sorted(told ^ theirs):
            fault(f"{case}: {name!r} only {'told' if (case, name) in told else 'by Suricata'}")
        # The file of a data set holds base64, cut where it is long; of several questions it has the first alone.
        allowed = [base64.b64encode(name).decode() for name in known]
        for value in every:
            expect(any(a == value or (len(value) > 1000 and a.startswith(value[:1000])) for a in allowed), f"Suricata has {value}")
        expect(len(every) > 20, "Suricata's data set is empty")
        print(f"Suricata: {len(told)} names of {len(known)} looked for in {len(DATAGRAMS) + len(STREAMS)} conversations")


def main():
    need_program("tshark")
    need_program("suricata")
    beside_suricata()
    beside_tshark()
    finish("dns")


main()
