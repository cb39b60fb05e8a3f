#!/usr/bin/env python3
"""What parsers tell of HTTP/2 beside Suricata, tshark and a client.

Hand-written conversations (http2_cases.py) become a capture. For each part that we tell of it a rule asks Suricata whether
its buffer is exactly that; for each that we do not tell, whether it has one. Bodies by turns are given to rules too.

Of shared captures, tshark has the same methods, paths, authorities and status codes of each stream. What curl asks for,
on its way to a server that only listens, is told as it was asked.
"""
import collections
import json
import pathlib
import shutil
import socket
import subprocess
import threading

from capture_edit import write
from common import PLIMSOLL, expect, fault, finish, need_corpora, need_program, run, skip, temporary
from http2_cases import ASK, CASES, DATA, DIFFERENT, END_HEADERS, HEADERS, OK, PREFACE, answer, ask, begin, frame
from http_test import Talk, by_hand, told

# By capture: ports of which tshark must be told that they are HTTP/2.
CAPTURES = {"captures-protocols/" + name: ports for name, ports in {
    "scapy/http2_h2c.pcap": [], "ndpi/pcap/http2.pcapng": [29518], "arkime/http2-nghttp2.pcap": []}.items()}
CAPTURES |= {f"suricata-verify/tests/{name}": ports for name, ports in {
    "app-layer-protocol-exact/input.pcap": [], "bug-5929-02/http2_multiple_headers.pcap": [], "dns-over-http2-post/dns_over_https_POST.pcap": [],
    "drop-protocol-change/input.pcap": [], "http2-authority-mismatch/authority_and_host_2.pcap": [], "http2-bugfixes/input.pcap": [443],
    "http2-compression-bug/input.pcap": [443], "http2-continuation/input.pcap": [], "http2-deflate-case/input.pcap": [],
    "http2-deflate/http2_deflate.pcap": [], "http2-keywords/input.pcap": [3000], "http2-long-frame/input.pcap": [8443],
    "http2-range/http2-range.pcap": [], "http2-userinfo-authority/http2_userinfo_in_authority_1.pcap": []}.items()}
PSEUDO = {":method": "http.method", ":path": "http.uri.raw", ":authority": "http.host.raw", ":status": "http.stat_code"}


# ---- beside tshark ----

def listed(value):
    return value if isinstance(value, list) else [value]


def by_tshark(capture, ports):
    """(stream, part, value) of each header block that is no promise."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "json", "--no-duplicate-keys", "-J", "http2", "-Y", "http2.header"]
    for port in ports:
        command += ["-d", f"tcp.port=={port},http2"]
    found = collections.Counter()
    for packet in json.loads(subprocess.run(command, capture_output=True).stdout.decode("latin1") or "[]"):
        for layer in listed(packet["_source"]["layers"]["http2"]):
            for stream in listed(layer.get("http2.stream", [])) if isinstance(layer, dict) else []:
                for field in listed(stream.get("http2.header", [])) if stream.get("http2.type") != "5" else []:
                    part = PSEUDO.get(field["http2.header.name"])
                    if part and field.get("http2.header.value"):
                        found[int(stream["http2.streamid"]), part, field["http2.header.value"]] += 1
    return found


def by_us(capture):
    """The same; not what a connection said in HTTP/1, nor the request of that which became the first stream's."""
    rows, found = told(capture), collections.Counter()
    old, both = collections.defaultdict(int), set()
    for row in rows:
        if row["part"] == "http.protocol" and row["bytes"].startswith(b"HTTP/1"):
            old[row["flow"]] = max(old[row["flow"]], row["transaction"])
        elif row["part"] == "http.protocol" and row["bytes"] == b"HTTP/2":
            both.add((row["flow"], row["transaction"]))
    for row in rows:
        stream = row["transaction"] - old[row["flow"]]
        mimic = old[row["flow"]] and stream == 1 and row["side"] == 0
        if row["part"] in PSEUDO.values() and stream > 0 and not mimic and (row["flow"], row["transaction"]) in both:
            found[stream, row["part"], row["bytes"].decode("latin1")] += 1
    return found


def beside_tshark(corpora):
    total = 0
    for name, ports in CAPTURES.items():
        ours, theirs = by_us(corpora / name), by_tshark(corpora / name, ports)
        total += sum(theirs.values())
        for who, more in (("tshark", theirs - ours), ("plimsoll", ours - theirs)):
            for row, n in more.items():
                fault(f"{name}: only {who} has {n} x {row}")
    print(f"tshark: {len(CAPTURES)} captures, {total} values")
    expect(total > 250, f"only {total} values")


# ---- bodies by turns ----

TURNS = begin() + [(0, ask(ASK, 1) + ask(ASK, 3)), (1, frame(HEADERS, END_HEADERS, 1, OK) + frame(HEADERS, END_HEADERS, 3, OK)),
                   (1, frame(DATA, 0, 3, b"xxx")), (1, frame(DATA, 0, 1, b"aaa")), (1, frame(DATA, 0, 3, b"bbb")),
                   (1, frame(DATA, 1, 1, b"AAA")), (1, frame(DATA, 1, 3, b"BBB"))]
TURN_RULES = {1: ('content:"aaabbb"', 0), 2: ('content:"bbb"', 1), 3: ('content:"AAA"', 1), 4: ('content:"bbbAAA"', 0)}


def by_turns(work):
    """No rule finds in one body what two have between them."""
    talk, rules, eve = Talk(80), work / "turns.rules", work / "turns.json"
    talk.add(10000, TURNS)
    write(work / "turns.pcap", talk.frames)
    rules.write_text("".join(f'alert http any any -> any any (file.data; {text}; sid:{sid};)\n'
                             for sid, (text, _) in TURN_RULES.items()))
    run("replay", work / "turns.pcap", "--rules", rules, "--eve", eve, "--json")
    hits = collections.Counter(e["alert"]["signature_id"] for e in map(json.loads, eve.read_text().splitlines()) if e["event_type"] == "alert")
    for sid, (text, n) in TURN_RULES.items():
        expect(hits[sid] == n, f"{text}: {hits[sid]} times, not {n}")


# ---- a client ----

def what_curl_says(arguments):
    """The bytes that it sends to somebody who never answers but with settings, and lets it go on."""
    server, said = socket.create_server(("127.0.0.1", 0)), []

    def listen():
        wire, _ = server.accept()
        wire.settimeout(2)
        wire.sendall(frame(4, 0, 0, b"\0\1\0\0\x10\0") + frame(4, 1, 0))
        try:
            while part := wire.recv(65536):
                said.append(part)
        except OSError:
            pass
        wire.close()

    thread = threading.Thread(target=listen)
    thread.start()
    subprocess.run(["curl", "-s", "-m", "1", "--http2-prior-knowledge", *arguments, f"http://127.0.0.1:{server.getsockname()[1]}/a%20b?c=d"],
                   capture_output=True)
    thread.join()
    return b"".join(said)


def of_curl(work):
    if not shutil.which("curl") or "HTTP2" not in subprocess.run(["curl", "-V"], capture_output=True, text=True).stdout:
        print("curl: not here, or without HTTP/2")
        return
    said = what_curl_says(["-A", "Some Agent/1.0", "-H", "Host: Ex.ample:81", "-b", "k=v", "-d", "what is posted " * 20])
    expect(said.startswith(PREFACE), "curl begins otherwise")
    talk = Talk(80)
    talk.add(10000, [(0, said), (1, begin()[1][1] + answer())])
    write(work / "curl.pcap", talk.frames)
    got = {(row["side"], row["part"]): row["bytes"] for row in told(work / "curl.pcap")}
    for part, value in (("http.method", b"POST"), ("http.uri", b"/a%20b?c=d"), ("http.host", b"ex.ample"), ("http.user_agent", b"Some Agent/1.0"),
                        ("http.cookie", b"k=v"), ("http.request_body", b"what is posted " * 20)):
        expect(got.get((0, part)) == value, f"curl, {part}: {got.get((0, part))}")
    print("curl: as it was asked")


def main():
    need_program("suricata")
    version = subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout
    if " 7." not in version:
        skip("needs Suricata 7")
    with temporary() as directory:
        work = pathlib.Path(directory)
        by_hand(work, CASES, DIFFERENT)
        by_turns(work)
        of_curl(work)
    need_program("tshark")
    beside_tshark(need_corpora())
    finish("http2")


if __name__ == "__main__":
    main()
