#!/usr/bin/env python3
"""Keywords beside Suricata itself: conversations made by hand, rules on them, and which rule tells of which
conversation. A rule that nobody tells of shows nothing, so each tells of one.

A rule whose text begins with `-` is one that is right to tell of none; one with `+` tells of some here and of none in
Suricata 7.0.10, which does not do what its documentation says: a negated ssl_version never holds there, nor does
flow:only_stream in a rule that looks into parts.
"""
import collections
import json
import pathlib
import subprocess
import sys

import tls_made
from common import TOP, expect, finish, need_program, run, temporary
from made_packets import FIRST_PORT, datagram, session, write

sys.path.insert(0, str(TOP / "bench"))
from suricata import write_config


def http(number, body, path=b"/a", host=b"h.example"):
    return session(number, [(0, b"POST " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body),
                            (1, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nans123")])


def base64():
    """Whole, cut by a blank line, quoted twice, of other lengths, with fillers within: by TCP, UDP, HTTP."""
    texts = [b"x=SGVsbG8gV29ybGQ=&y", b"x=SGVsbG8gV29y\r\nbGQ=", b"'QUJD' 'eHh4'", b"'!!' 'eHh4'", b"SGVsbG8gV29ybGQ=", b"AAAASGVsbG8",
             b"xx=SGVsbG8gV29ybG=&y", b"aSGVs", b"Zg==Zm8=Zm9v", b"x=S!", b"x=SG!"]
    frames = [f for i, text in enumerate(texts) for f in session(i, [(0, text)])]
    frames += [datagram(100 + i, text) for i, text in enumerate(texts)]
    frames += [f for i, text in enumerate(texts) for f in http(200 + i, text)]
    return frames, """
        ip content:"x="; base64_decode:offset 0,relative; base64_data; content:"Hello";
        ip content:"x="; base64_decode:relative; base64_data; content:"World";
        -ip content:"'"; base64_decode:relative; base64_data; content:"xxx";
        ip content:"'"; base64_decode:relative; base64_data; content:"ABC";
        ip base64_decode; base64_data; content:"Hello"; startswith;
        ip base64_decode:bytes 8; base64_data; content:"Hello";
        ip base64_decode:bytes 7, offset 0; base64_data; content:"Hello";
        -ip base64_decode:bytes 6; base64_data; content:"Hello";
        ip base64_decode:offset 4; base64_data; content:"Hello"; endswith;
        -ip content:"x="; base64_decode:relative;
        ip content:"x="; base64_decode:relative; base64_data; bsize:11;
        ip content:"x="; base64_decode:relative; base64_data; content:!"World";
        ip base64_decode; base64_data; content:"ffofoo";
        ip content:"x="; base64_decode:relative; base64_data; content:"Hello"; isdataat:!5,relative;
        ip content:"x="; base64_decode:relative; base64_data; content:"H"; bsize:1;
        http http.request_body; content:"x="; base64_decode:relative; base64_data; content:"Hello";
        http content:"POST"; http_method; content:"x="; http_client_body; base64_decode:relative; base64_data; content:"Hello";
        http http.uri; content:"/a"; http.request_body; base64_decode; base64_data; content:"World"; fast_pattern;
        http http.uri; content:"/a"; http.request_body; content:"x"; base64_decode:offset 1, relative; base64_data; pcre:"/^Hello/";
        -http http.uri; content:"/a"; http.request_body; content:"x"; base64_decode:offset 1, relative; base64_data; pcre:"/^World/";
    """


def protocols():
    """What is said of the protocol: HTTP, none that is known, TLS of several versions."""
    other = b"nothing that anybody knows, abc " * 40
    frames = http(0, b"abc", host=b"x.example") + session(1, [(0, other), (1, other), (0, other), (1, other)], port=4444)
    kinds = ("plain", "tls 1.0", "tls 1.3", "tls 1.3 draft 28", "versions")
    for i, kind in enumerate(kinds):
        frames += tls_made.connection(FIRST_PORT + 10 + i, *tls_made.HANDSHAKES[kind])
    versions = [f"tls flow:to_{to}; tls.version:{v};" for to in ("client", "server") for v in ("1.0", "1.1", "1.2", "1.3", "0x0303")]
    told = {("client", "1.0"), ("client", "1.1"), ("client", "1.2"), ("client", "1.3"), ("client", "0x0303"), ("server", "1.2"), ("server", "0x0303")}
    return frames, """
        tcp content:"abc"; app-layer-protocol:!tls;
        tcp content:"abc"; app-layer-protocol:http;
        tcp content:"abc"; app-layer-protocol:!http;
        tcp content:"abc"; app-layer-protocol:failed;
        tcp content:"abc"; app-layer-protocol:!"http"; app-layer-protocol:!dns;
        -tcp content:"abc"; app-layer-protocol:ssh;
        tls tls.version:1.2; content:"|16 03|"; flow:to_client;
        tls ssl_version:tls1.0,tls1.1; flow:to_client;
        +tls ssl_version:!tls1.2; flow:to_client;
        +tls ssl_version:!tls1.2,!tls1.3; flow:to_client;
        tls ssl_version:TLS1.2; flow:to_client;
    """, versions


def parts():
    """Parts in ways that are seldom written."""
    frames = http(0, b"abc", host=b"a.appsync-api.x.Example.com") + http(1, b"4D5A40000000zz" + b"!" * 60 + b"PE..", host=b"h.com")
    frames += http(2, b"x", host=b"rs-ab.example.com") + session(3, [(0, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
               (1, b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<b>12345\"</b>qq789\"x")])
    return frames, """
        http http.host; content:".appsync-api."; dotprefix; content:".example.com"; endswith;
        -http http.host; content:".appsync-api."; dotprefix; content:".other.com"; endswith;
        http http.host; content:"rs-"; startswith; pcre:"/[a-z]{2}/Ri"; dotprefix; content:".rs-ab"; startswith;
        +http flow:established,to_server,only_stream; content:"POST"; http.method; content:"POST"; http.request_body; content:"abc";
        +http flow:established,to_server,only_stream; http.method; content:"POST"; http.request_body; content:"abc";
        http file_data; content:"<b>"; pcre:"/^\\d{5}\\x22/QR"; content:"qq"; pcre:"/^\\d{3}\\x22/QR"; content:"x"; within:3;
        http http.response_body; content:"<b>"; pcre:"/^\\d{5}\\x22/QR";
        http http.request_body; content:"4D5A"; byte_jump:2,0,relative,multiplier 1,little,string,hex; content:"P"; distance:0;
        http http.request_body; content:"4D5A"; byte_test:2,=,64,0,relative,little,string,hex;
        http http.uri; content:"/a"; tag:session,5,packets;
        http http.uri; content:"/a"; tag:host,100,seconds,src;
        http http.uri; content:"/a"; tag:session;
    """


FAMILIES = [base64, protocols, parts]


def numbered(text, more=()):
    """The rules, and of each its mark."""
    out = []
    for n, line in enumerate([line.strip() for line in text.strip().splitlines()] + list(more), 1):
        mark = line[0] if line[0] in "+-" else ""
        protocol, options = line.removeprefix(mark).split(" ", 1)
        out.append((f"alert {protocol} any any -> any any ({options} sid:{n};)", mark))
    return out


def told(path):
    """How often each rule tells of each conversation."""
    out = collections.Counter()
    for event in map(json.loads, path.read_text().splitlines()):
        if event["event_type"] == "alert":
            port = max(event.get("src_port", 0), event.get("dest_port", 0))
            out[event["alert"]["signature_id"], port - FIRST_PORT] += 1
    return out


def compare(family, work):
    work.mkdir()
    frames, text, *more = family()
    rules = numbered(text, *more)
    write(work / "made.pcap", frames)
    (work / "made.rules").write_text("\n".join(rule for rule, _ in rules) + "\n")
    (work / "classes").write_text("")
    write_config(work / "suricata.yaml", work / "classes", midstream=False)
    done = subprocess.run(["suricata", "-c", work / "suricata.yaml", "-S", work / "made.rules", "-r", work / "made.pcap", "-l", work, "-k", "none"],
                          capture_output=True, text=True)
    said = done.stdout + done.stderr
    expect(done.returncode == 0 and "rror: detect" not in said, f"{family.__name__}: Suricata says {said[-2000:]}")
    done = run("replay", work / "made.pcap", "--rules", work / "made.rules", "--eve", work / "ours.json")
    expect("not loaded" not in done.stderr, f"{family.__name__}: {done.stderr}")
    a, b = told(work / "eve.json"), told(work / "ours.json")
    for n, (rule, mark) in enumerate(rules, 1):
        theirs, ours = {key[1] for key in a if key[0] == n}, {key[1] for key in b if key[0] == n}
        expect(bool(theirs) == (not mark) and bool(ours) == (mark != "-") and (mark == "+" or theirs == ours),
               f"{family.__name__}: Suricata tells of conversations {sorted(theirs)}, we of {sorted(ours)}: {mark}{rule}")
    print(f"{family.__name__}: {len(rules)} rules, {sum(a.values())} alerts")


def main():
    need_program("suricata")
    with temporary() as directory:
        for family in FAMILIES:
            compare(family, pathlib.Path(directory) / family.__name__)
    finish("language")


main()
