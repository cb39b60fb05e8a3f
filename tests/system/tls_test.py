#!/usr/bin/env python3
"""Parts of TLS beside Suricata's and tshark's, on shared captures and on handshakes made by hand (tls_made.py).

    tls_test.py             every fifth capture that has a hello
    tls_test.py --full      all of them, and mix-dev
Ours are those of tests/pipeline/parts.c. Suricata's are what its alerts say of a connection, by a rule for each part
that it has, and the chains of its TLS events; it runs once for all captures, as a server on a socket, and begins
afresh with each. A part that only one of them has, or that differs, is a fault unless
  proxy     the connection began in another protocol (STARTTLS, CONNECT, a proxy): not looked into here
  version   Suricata takes the version of a record where it has no hello, and of the last hello
  turned    Suricata had closed the connection and took what came then for another; when that is depends on the clock
  capture   tls_differences.tsv has its cause
JA4 is compared with what follows from tshark's fields by the specification, and Suricata's with what follows when it
is made as Suricata makes it (proto/ja3.h says how they differ). Of tshark are also JA3, JA3S, server names, and the
first certificate with its digest, by connection as far as both have them.
"""
import base64
import collections
import hashlib
import ipaddress
import json
import pathlib
import re
import socket
import subprocess
import sys
import time

import tls_made
from common import FULL, PLIMSOLL, expect, fault, finish, need_corpora, need_program, skip, temporary, tshark_fields

PARTS = pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/parts"
TABLE = pathlib.Path(__file__).with_name("tls_differences.tsv")
LARGEST = 8 << 20
HELLO = re.compile(rb"\x16\x03[\x00-\x04]..[\x01\x02]\x00", re.S)
CONFIG = """%YAML 1.1
---
vars: {{address-groups: {{HOME_NET: any, EXTERNAL_NET: any}}}}
outputs:
  - eve-log: {{enabled: yes, filetype: regular, filename: eve.json, types: [flow, alert: {{tagged-packets: no, metadata: {{app-layer: true}}}},
      tls: {{custom: [chain]}}]}}
unix-command: {{enabled: yes, filename: {socket}}}
runmode: single
app-layer: {{protocols: {{tls: {{enabled: yes, detection-ports: {{dp: 443}}, ja3-fingerprints: yes, ja4-fingerprints: yes}}}}}}
flow: {{memcap: 1gb, hash-size: 65536, prealloc: 1000}}
stream: {{memcap: 1gb, checksum-validation: no, inline: no, midstream: yes, reassembly: {{memcap: 2gb, depth: 1mb, randomize-chunk-size: no}}}}
"""
# Part, direction, how Suricata's alerts name it.
NAMED = [("ja3.hash", "server", ("ja3", "hash")), ("ja3.string", "server", ("ja3", "string")), ("ja4.hash", "server", ("ja4",)),
         ("tls.sni", "server", ("sni",)), ("ja3s.hash", "client", ("ja3s", "hash")), ("ja3s.string", "client", ("ja3s", "string")),
         ("tls.cert_subject", "client", ("subject",)), ("tls.cert_issuer", "client", ("issuerdn",)), ("tls.cert_serial", "client", ("serial",)),
         ("tls.cert_fingerprint", "client", ("fingerprint",))]
VERSIONS = ["1.0", "1.1", "1.2", "1.3"]


def end(address, port):
    return str(ipaddress.ip_address(address)), int(port)


# Ours.

def ours(captures):
    """(capture, client, server) -> part -> values."""
    done = subprocess.run([PARTS, *map(str, captures)], capture_output=True, text=True)
    out = collections.defaultdict(lambda: collections.defaultdict(set))
    for line in done.stdout.splitlines():
        row = json.loads(line)
        if row["protocol"] == "tls":
            ends = (end(*one.rsplit(":", 1)) for one in row["flow"].split(" > "))
            of_client = row["part"].startswith("tls.cert") and row["to"] == "server"
            part = f"{row['part']} to {row['to']}" if row["part"] == "tls.version" or of_client else row["part"]
            out[(row["capture"], *ends)][part].add(bytes.fromhex(row["hex"]))
    return out


# Suricata's.

def rules():
    sized = {"ja3.hash": "bsize:32", "ja3s.hash": "bsize:32", "tls.cert_fingerprint": "bsize:59"}
    any_text = 'content:!"|00|"' # also an empty one
    out = [f"alert tls any any -> any any (flow:to_{to}; {part}; {sized.get(part, any_text)}; sid:{100 + i};)" for i, (part, to, _) in enumerate(NAMED)]
    return out + [f"alert tls any any -> any any (flow:to_{to}; tls.version:{version}; sid:{200 + 10 * (to == 'client') + i};)"
                  for to in ("server", "client") for i, version in enumerate(VERSIONS)]


class Suricata:
    def __init__(self, work):
        self.work, path = work, work / "s"
        (work / "tls.rules").write_text("\n".join(rules()) + "\n")
        (work / "suricata.yaml").write_text(CONFIG.format(socket=path))
        self.process = subprocess.Popen(["suricata", "-c", work / "suricata.yaml", "-S", work / "tls.rules", f"--unix-socket={path}", "-k", "none",
                                         "-l", work, "--pidfile", work / "pid"], stdout=open(work / "log", "w"), stderr=subprocess.STDOUT)
        self.wire = socket.socket(socket.AF_UNIX)
        for _ in range(600):
            try:
                self.wire.connect(str(path))
                break
            except OSError:
                time.sleep(0.05)
        self.ask({"version": "0.2"})

    def ask(self, what):
        self.wire.sendall(json.dumps(what).encode() + b"\n")
        said = b""
        while not said.endswith(b"\n"):
            part = self.wire.recv(65536)
            if not part:
                fault("Suricata has ended: " + (self.work / "log").read_text()[-2000:])
                sys.exit(1)
            said += part
        return json.loads(said)

    def events(self, capture, number):
        folder = self.work / f"of{number}"
        folder.mkdir()
        self.ask({"command": "pcap-file", "arguments": {"filename": str(capture), "output-dir": str(folder)}})
        while self.ask({"command": "pcap-file-number"})["message"] or self.ask({"command": "pcap-current"})["message"] != "None":
            time.sleep(0.01)
        path = folder / "eve.json"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def close(self):
        self.ask({"command": "shutdown"})
        self.process.wait(60)


def theirs(suricata, captures):
    """As ours; and the connections that began in another protocol."""
    out, proxied = collections.defaultdict(lambda: collections.defaultdict(set)), set()
    for number, capture in enumerate(captures):
        for event in suricata.events(capture, number):
            if "src_port" not in event:
                continue
            a, b = end(event["src_ip"], event["src_port"]), end(event["dest_ip"], event["dest_port"])
            kind, tls = event["event_type"], event.get("tls", {})
            if kind == "flow" and event.get("app_proto_orig", "tls") != "tls":
                proxied |= {(str(capture), a, b), (str(capture), b, a)}
            elif kind == "tls":
                out[str(capture), a, b]["tls.certs"] |= {base64.b64decode(one) for one in tls.get("chain", [])}
            elif kind == "alert":
                sid = event["alert"]["signature_id"]
                part, to, path = NAMED[sid - 100] if sid < 200 else ("tls.version", ("server", "client")[sid >= 210], None)
                value = VERSIONS[sid % 10] if not path else tls.get(path[0])
                value = value[path[1]] if path and len(path) > 1 and value else value
                key = (str(capture), a, b) if to == "server" else (str(capture), b, a)
                # A text that JSON cannot hold is left out of the event.
                out[key][part if path else f"{part} to {to}"].add(None if value is None else value.encode())
    return out, proxied


class Differences:
    """What the table has a cause for."""

    def __init__(self, counts):
        self.rows = [line.split("\t") for line in TABLE.read_text().splitlines() if line and line[0] != "#"]
        self.met, self.counts = set(), counts

    def judge(self, key, part, whose, a, b):
        capture, client, server = key
        text = f"{client[0]}:{client[1]} > {server[0]}:{server[1]} {part}"
        for i, (name, pattern, _) in enumerate(self.rows):
            if capture.endswith("/" + name) and re.search(pattern, text):
                self.met.add(i)
                self.counts["with a cause in the table"] += 1
                return
        fault(f"{capture}: {text}: ours {sorted(a)}, {whose} {sorted(map(str, b))}")


def compare_suricata(mine, other, proxied, counts, differences):
    for key in sorted(set(mine) | set(other), key=str):
        turned = (key[0], key[2], key[1])
        if key in proxied:
            counts["connections that began in another protocol"] += 1
            continue
        if key in other and turned in mine:
            counts["connections of which Suricata took the rest the other way round"] += 1
            continue
        for part in sorted(set(mine[key]) | set(other[key])):
            a, b = mine[key][part], other[key][part]
            if part.startswith("tls.version"):
                a = {value for value in a if value.decode() in VERSIONS}
                if a < b:
                    counts["versions of records or of a later hello"] += 1
                    continue
            if part.startswith("tls.cert") and part.endswith("to server"):
                counts["of a client's certificate, of which Suricata keeps no record"] += 1
            elif a == b or (None in b and a):
                counts["equal"] += 1
            elif not b and turned in other:
                counts["parts of the rest of such a connection"] += 1
            elif part == "tls.certs" and not b:
                counts["chains that Suricata does not tell"] += 1
            elif part == "ja4.hash" and a and b:
                counts["JA4 that Suricata makes otherwise"] += 1
            else:
                differences.judge(key, part, "Suricata's", a, b)


# JA4 by hand.

def grease(value):
    return value & 0x0f0f == 0x0a0a and value >> 8 == value & 0xff


DIGITS = {0x304: "13", 0x303: "12", 0x302: "11", 0x301: "10", 0x300: "s3", 2: "s2"}
SURICATA_KNOWS = [*range(0x300, 0x305), 0x7f01, *range(0x7f10, 0x7f1d), *range(0xfb14, 0xfb18), 0xfb1a]


def ja4(version, ciphers, extensions, versions, signatures, protocols, as_suricata):
    def digest(text, nothing):
        return "0" * 12 if nothing and not as_suricata else hashlib.sha256(text.encode()).hexdigest()[:12]

    ciphers, extensions, versions, signatures = ([v for v in values if not grease(v)] for values in (ciphers, extensions, versions, signatures))
    if as_suricata:
        version = max([version] + [v for v in versions if v in SURICATA_KNOWS][:1])
    elif 43 in extensions:
        version = max(versions, default=0)
    first, shown = protocols[0] if protocols else b"", "00"
    if first and not (len(first) == 2 and grease(int.from_bytes(first, "big"))):
        ends = chr(first[0]) + chr(first[-1])
        shown = ends if re.fullmatch("[0-9A-Za-z]{2}", ends) else first.hex()[0] + first.hex()[-1]
    listed = sorted(v for v in extensions if v not in (0, 16))
    hexed = ["".join(f"{v:04x}," for v in values)[:-1] for values in (sorted(ciphers), listed, signatures)]
    behind = hexed[1] + ("_" + hexed[2] if signatures or as_suricata else "")
    return (f"t{DIGITS.get(version, '00')}{'d' if 0 in extensions else 'i'}{min(len(ciphers), 99):02}{min(len(extensions), 99):02}{shown}"
            f"_{digest(hexed[0], not ciphers)}_{digest(behind, not listed)}").encode()


FIELDS = ["tls.handshake.type", "tls.handshake.version", "tls.handshake.ciphersuite", "tls.handshake.extension.type",
          "tls.handshake.extensions.supported_version", "tls.handshake.sig_hash_alg", "tls.handshake.extensions_alpn_str",
          "tls.handshake.ja3_full", "tls.handshake.ja3", "tls.handshake.ja3s_full", "tls.handshake.ja3s",
          "tls.handshake.extensions_server_name", "tls.handshake.certificate"]
ENDS = ["tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport"]


def numbers(text):
    return [int(v, 0) for v in text.split(",") if v]


def compare_tshark(capture, mine, other, counts, differences):
    """The first hello and the first certificate of a direction, where nothing else of the kind shares their frame."""
    seen = set()
    for row in tshark_fields(capture, "tcp && tls.handshake.type in {1, 2, 11}", ENDS + FIELDS):
        stream, *ends = row[:7]
        if any("," in value for value in ends):
            continue  # a tunnel
        a, b = end(ends[0] or ends[1], ends[2]), end(ends[3] or ends[4], ends[5])
        kinds, version, ciphers, extensions, versions, signatures, protocols, *texts = row[7:]
        kinds = numbers(kinds)
        for kind, key in ((1, (str(capture), a, b)), (2, (str(capture), b, a)), (11, (str(capture), b, a))):
            if kind not in kinds or (stream, kind) in seen:
                continue
            seen.add((stream, kind))
            parts = mine.get(key)
            if kinds.count(kind) > 1 or not parts:
                continue
            wanted = {}
            if kind == 1 and 2 not in kinds:
                hello = (numbers(version)[0], numbers(ciphers), numbers(extensions), numbers(versions), numbers(signatures),
                         [p.encode() for p in protocols.split(",") if p])
                # Extensions 34 and 50 list algorithms too, and tshark does not tell whose they are.
                if "\\" not in protocols and not {34, 50} & set(hello[2]):
                    wanted["ja4.hash"] = ja4(*hello, False)
                    if other[key]["ja4.hash"] == {ja4(*hello, True)}:
                        counts["JA4 that Suricata makes as is known"] += 1
                wanted |= {"ja3.string": texts[0].encode(), "ja3.hash": texts[1].encode(), "tls.sni": texts[4].encode()}
            elif kind == 2:
                wanted |= {"ja3s.string": texts[2].encode(), "ja3s.hash": texts[3].encode()}
            elif kind == 11 and texts[5]:
                first = bytes.fromhex(texts[5].split(",")[0].replace(":", ""))
                wanted["tls.certs"] = first
                wanted["tls.cert_fingerprint"] = ":".join(f"{v:02x}" for v in hashlib.sha1(first).digest()).encode()
            for part, value in wanted.items():
                if value and parts[part]:
                    counts[f"of tshark: {part}"] += 1
                    if value not in parts[part]:
                        differences.judge(key, part, "tshark's", parts[part], {value})


def main():
    need_program("suricata")
    need_program("tshark")
    if " 7." not in subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout:
        skip("needs Suricata 7")
    root = need_corpora()
    captures = sorted(p for folder in ("captures-ics", "captures-protocols", "suricata-verify") for p in (root / folder).rglob("*")
                      if p.suffix in (".pcap", ".pcapng", ".cap") and p.is_file() and p.stat().st_size < LARGEST and HELLO.search(p.read_bytes()))
    captures = captures + [root / "mix/mix-dev.pcap"] if FULL else captures[::5]
    counts = collections.Counter()
    with temporary() as directory:
        work = pathlib.Path(directory)
        made = work / "made.pcap"
        tls_made.write(made)
        mine = ours([made, *captures])
        suricata = Suricata(work)
        other, proxied = theirs(suricata, [made, *captures])
        suricata.close()
        differences = Differences(counts)
        compare_suricata(mine, other, proxied, counts, differences)
        for capture in captures if FULL else captures[::4]:
            compare_tshark(capture, mine, other, counts, differences)
    for i, (name, pattern, _) in enumerate(differences.rows if FULL else []):
        expect(i in differences.met, f"{name} {pattern}: in the table of differences, and there is none")
    print(f"{len(captures)} captures and {len(tls_made.HANDSHAKES)} handshakes made by hand, {len(mine)} connections")
    for what, n in sorted(counts.items()):
        print(f"  {n:6}  {what}")
    # A second hello of a connection, which HelloRetryRequest asks for, is added by Suricata to the first.
    expect(counts["JA4 that Suricata makes as is known"] * 100 >= counts["of tshark: ja4.hash"] * 98, "Suricata makes JA4 in another way")
    expect(counts["equal"] > 1000 and counts["of tshark: ja4.hash"] > 20, "too little was compared")
    finish("tls")


main()
