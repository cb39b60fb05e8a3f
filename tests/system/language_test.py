#!/usr/bin/env python3
"""Keywords beside Suricata itself: conversations made by hand, rules on them, and which rule tells of which
conversation. A rule that nobody tells of shows nothing, so each tells of one.

A rule whose text begins with `-` is one that is right to tell of none; one with `+` tells of some here and of none in
Suricata 7.0.10, which does not do what its documentation says: a negated ssl_version never holds there, nor does
flow:only_stream in a rule that looks into parts, and ipopts:any asks for all options at once.
"""
import collections
import json
import pathlib
import struct
import subprocess
import sys

import tls_made
from common import TOP, expect, finish, need_program, run, temporary
from made_packets import CLIENT, FIRST_PORT, SERVER, datagram, ipv6, session, write

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


def numbers():
    """byte_math."""
    texts = [b"\0\4abcdefgh", b"12abcdef", b"0x1zabc", b"\xf0\x0fABCDEFGHIJKLMNOPQRSTUV", b"L\2..Z.", b"33", b"5"]
    frames = [datagram(i, text) for i, text in enumerate(texts)]
    return frames, """
        udp byte_math:bytes 2, offset 0, oper +, rvalue 2, result r; content:"e"; offset:r; depth:1;
        udp byte_math:bytes 1, offset 1, oper *, rvalue 2, result r; isdataat:r; isdataat:!12;
        -udp byte_math:bytes 2, offset 0, oper -, rvalue 10, result r, string dec; byte_test:1,=,r,0,string,dec;
        udp byte_math:bytes 2, offset 0, oper /, rvalue 4, result r, string dec; content:"b"; offset:r; depth:1;
        udp byte_math:bytes 2, offset 0, oper +, rvalue 0, result r, bitmask 0x0f00; isdataat:r; content:"A";
        udp byte_math:bytes 2, offset 0, oper >>, rvalue 12, result r; content:"N"; offset:r; depth:1;
        udp byte_math:bytes 2, offset 0, oper +, rvalue 0, result r, endian little, bitmask 0xf000; isdataat:r;
        udp content:"L"; byte_math:bytes 1, offset 0, oper +, rvalue 0, result r, relative; content:"Z"; distance:r; within:1;
        udp byte_math:bytes 1, offset 0, oper -, rvalue 0, result r, string dec; byte_math:bytes 1, offset 1, oper /, rvalue r, result q, string dec;
        -udp byte_math:bytes 1, offset 0, oper /, rvalue 0, result r, string dec;
        udp byte_math:bytes 1, offset 1, oper <<, rvalue 1, result r; isdataat:r; content:"h";
        udp byte_math:bytes 2, offset 0, oper +, rvalue 2, result r; content:"c"; distance:0;
    """


def state():
    """What a flow remembers, on four datagrams a flow: conditions are asked before anything is changed, and rules that
    change something are asked before those that only ask."""
    frames = [datagram(i, word) for i, words in enumerate((b"one two one one", b"two two two two", b"red one two two")) for word in words.split()]
    return frames, """
        udp content:"one"; flowint:ones,+,1;
        udp flowint:ones,>=,2;
        udp flowint:ones,==,1; content:"one";
        -udp content:"one"; flowint:other,+,1; flowint:other,>,2;
        udp content:"two"; flowint:twos,notset; flowint:twos,=,5;
        udp content:"two"; flowint:twos,isset; flowint:twos,-,1;
        udp content:"two"; flowint:twos,==,3;
        udp content:"two"; flowint:never,-,1;
        -udp flowint:never,isset;
        -udp content:"two"; flowint:twos,<,unset;
        udp content:"two"; flowint:twos,!=,unset; flowint:twos,<=,4;
        udp content:"two"; flowint:both,=,ones; flowint:both,+,7;
        udp flowint:both,==,8;
        udp content:"one"; flowbits:toggle,t;
        udp content:"two"; flowbits:isset,t;
        udp content:"two"; flowbits:isnotset,t;
        udp flowbits:isset,t; content:"one";
        udp flowbits:set,u; content:"red";
        udp flowbits:isset,u; flowbits:unset,u; flowbits:set,v; content:"one";
        -udp flowbits:isset,u; content:"two";
        udp flowbits:isset,v; content:"two";
        udp flowbits:isset,u|v; content:"one";
        udp flowbits:isnotset,v; flowbits:set,v; content:"two";
        udp flowbits:isset,v; content:"two"; priority:1;
        udp flowint:ones,==,1; content:"one"; priority:1;
        udp flowint:ones,isset; flowint:early,+,1; content:"one"; priority:1;
    """


def pairs():
    """Bits of pairs of addresses: by conversations of other ports, in both directions, and in time."""
    third = bytes([10, 9, 0, 3])
    frames = [datagram(0, b"set a"), datagram(1, b"ask"), datagram(2, b"ask", client=SERVER, server=CLIENT), datagram(3, b"ask", client=third)]
    frames += [datagram(4, b"toggle b"), datagram(5, b"ask"), datagram(6, b"toggle b"), datagram(7, b"ask")]
    frames += [8.2, datagram(8, b"ask"), 1.7, datagram(9, b"ask"), 1.5, datagram(10, b"ask")]
    frames += [datagram(11, b"set a"), datagram(12, b"unset a"), datagram(13, b"ask"), datagram(14, b"set c"), 29, datagram(15, b"ask"), 3, datagram(16, b"ask")]
    frames += http(20, b"set h") + [datagram(21, b"ask")] + http(22, b"x", path=b"/asks")
    return frames, """
        udp content:"set a"; startswith; xbits:set,a,track ip_pair,expire 10;
        udp content:"ask"; xbits:isset,a,track ip_pair;
        udp content:"ask"; xbits:isnotset,a,track ip_pair;
        udp content:"toggle b"; xbits:toggle,b,track ip_pair, expire 60;
        udp content:"ask"; xbits:isset,b,track ip_pair;
        udp content:"unset a"; xbits:unset, a, track ip_pair;
        -udp content:"set c"; xbits:set,c,track ip_pair; noalert; xbits:isnotset,c,track ip_pair;
        udp content:"ask"; xbits:isset,c,track ip_pair;
        udp content:"set a"; xbits:isset,a,track ip_pair; priority:1;
        http http.request_body; content:"set h"; xbits:set,h,track ip_pair,expire 100;
        udp content:"ask"; xbits:isset,h,track ip_pair;
        http http.uri; content:"/asks"; xbits:isset,h,track ip_pair;
        -http http.uri; content:"/asks"; xbits:isset,h,track ip_pair; xbits:isset,a,track ip_pair;
    """


THRESHOLDS = """# of the test
suppress gen_id 1, sig_id 5
suppress gen_id 1, sig_id 6, track by_src, ip 10.9.0.3
suppress gen_id 1, sig_id 7, track by_dst, ip [10.9.0.0/30,!10.9.0.2]
suppress gen_id 1, sig_id 8, track by_either, ip $HOME_NET
event_filter gen_id 1, sig_id 9, type limit, track by_src, count 2, seconds 3
threshold gen_id 1, sig_id 10, type both, track by_dst, count 2, seconds 3
rate_filter gen_id 1, sig_id 11, track by_src, count 1, seconds 3, new_action drop, timeout 5
suppress gen_id 1, sig_id 12, track by_src, ip 10.9.0.3
event_filter gen_id 1, sig_id 12, type threshold, track by_rule, count 3, seconds 100
event_filter gen_id 0, sig_id 0, type limit, track by_src, count 5, seconds 100
suppress gen_id 3, sig_id 0
"""


def thresholds():
    """An alert a second of each rule, on the second: which are told, by the rule and by a threshold.config."""
    third, frames = bytes([10, 9, 0, 3]), []
    for second in range(14):
        client = third if second % 3 == 2 else CLIENT
        frames += [datagram(0, b"x", client=client), 0.999]
    return frames, """
        udp content:"x"; threshold:type limit, track by_src, count 2, seconds 3;
        udp content:"x"; threshold:type threshold, track by_rule, count 2, seconds 3;
        udp content:"x"; threshold:type both, track by_both, count 2, seconds 4;
        udp content:"x"; detection_filter:track by_dst, count 2, seconds 3;
        -udp content:"x";
        udp content:"x";
        udp content:"x";
        -udp content:"x";
        udp content:"x"; threshold:type limit, track by_src, count 1, seconds 100;
        udp content:"x"; detection_filter:track by_src, count 5, seconds 100;
        udp content:"x";
        udp content:"x";
        udp content:"x"; content:!"y";
        -udp content:"x"; gid:3;
    """, {"threshold.config": THRESHOLDS}


def ber():
    """Values in BER: whole and not, valid and not, one in another, behind a number of bytes."""
    texts = ["03021180", "03021080", "300403021180", "040403021180", "01010103021180", "0102010103021180", "83021180", "3004030211" "8005", "31060101ff0201" "05",
             "780403021180", "a00403021180", "2404" "03021180", "04" "10" + "61" * 16, "04" "8110" + "61" * 16, "0411" + "61" * 16, "30120410" + "61" * 16,
             "1310" + "61" * 16, "1310" + "bf" * 16, "1a10" + "05" * 16, "0982010103" + "31" * 256, "0982010083" + "31" * 256, "098201000331" + "31" * 254,
             "1003020100", "0500" "03021180", "0a01" "01" "03021180", "0a0901010101010101010103021180"]
    frames = [datagram(i, bytes.fromhex(text)) for i, text in enumerate(texts)]
    frames += [datagram(100 + i, b"here:" + bytes.fromhex(text)) for i, text in enumerate(texts)]
    return frames, """
        udp asn1:bitstring_overflow;
        udp asn1:double_overflow;
        udp asn1:oversize_length 15;
        udp asn1:bitstring_overflow, double_overflow, oversize_length 255;
        udp asn1:bitstring_overflow, absolute_offset 5;
        udp content:"ere"; asn1:bitstring_overflow, relative_offset 1;
        udp content:"here:"; asn1:oversize_length 15, relative_offset 0;
        udp content:"e"; asn1:oversize_length 15, relative_offset 1;
    """


def headers():
    """Options of IPv4 and TCP, headers as bytes."""
    options = {0: b"\1\1\1\0", 1: b"\7\7\4\0\0\0\0\0", 2: b"\x82\x0b" + bytes(9) + b"\0", 3: b"\x83\7\4\0\0\0\0\0", 4: b"\x88\4\0\1", 5: b"", 6: b"\0\7\7\4\0\0\0\0"}
    frames = [datagram(i, b"options", options=option) for i, option in options.items()]
    for i, option in enumerate((b"\2\4\5\xb4", b"\1\1\2\4\2\0\0\0", b"\3\3\7\0", b"\1\0\2\4", b"\2\3\5\0")):
        frames += session(10 + i, [(0, b"mss")], options=option)
    six = bytes.fromhex("fd") + bytes(14) + b"\1", bytes.fromhex("fd") + bytes(14) + b"\2"
    frames.append(ipv6(*six, 58, struct.pack(">BBHHH", 128, 0, 0, 0x1234, 1) + b"ping"))
    frames.append(ipv6(*six, 17, struct.pack(">HHHH", FIRST_PORT + 20, 53, 12, 0) + b"data"))
    return frames, """
        ip ipopts:nop;
        ip ipopts:rr;
        ip ipopts:sec;
        ip ipopts:lsrr;
        ip ipopts:satid;
        ip ipopts:eol;
        -ip ipopts:ssrr;
        +ip ipopts:any;
        tcp tcp.mss:1460;
        tcp tcp.mss:<1460;
        tcp flags:S; tcp.mss:500-2000;
        -tcp tcp.mss:>1460;
        tcp flags:S; tcp.hdr; content:"|02 04|"; offset:20; byte_test:2,=,512,0,big,relative;
        tcp tcp.hdr; bsize:>20;
        udp udp.hdr; content:"|4e 21 27 0f|"; startswith;
        udp ipv4.hdr; content:"|07 07 04|"; offset:20; depth:3; pkt_data; content:"options";
        -udp ipv4.hdr; content:"options";
        icmpv6 icmpv6.hdr; content:"|12 34|"; offset:4; depth:2; bsize:8;
        ip ipv6.hdr; content:"|fd|"; offset:8; depth:1; bsize:40; itype:128;
        udp content:"options"; ipv4.hdr; content:!"|07 07|"; ipopts:nop;
    """


FAMILIES = [base64, protocols, parts, numbers, state, pairs, thresholds, ber, headers]
EXACT = [state, pairs, thresholds]  # how often too: a stream is looked at as often as either likes, a datagram once


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
    n_exact = family in EXACT
    work.mkdir()
    frames, text, *more = family()
    files = more.pop() if more and isinstance(more[-1], dict) else {}
    for name, content in files.items():
        (work / name).write_text(content)
    rules = numbered(text, *more)
    write(work / "made.pcap", frames)
    (work / "made.rules").write_text("\n".join(rule for rule, _ in rules) + "\n")
    (work / "classes").write_text("")
    write_config(work / "suricata.yaml", work / "classes", midstream=False)
    done = subprocess.run(["suricata", "-c", work / "suricata.yaml", "-S", work / "made.rules", "-r", work / "made.pcap", "-l", work, "-k", "none",
                           *([f"--set=threshold-file={work / 'threshold.config'}"] if "threshold.config" in files else [])],
                          capture_output=True, text=True)
    said = done.stdout + done.stderr
    expect(done.returncode == 0 and "rror: detect" not in said, f"{family.__name__}: Suricata says {said[-2000:]}")
    done = run("replay", work / "made.pcap", "--rules", work / "made.rules", "--eve", work / "ours.json",
               *(["--threshold-config", work / "threshold.config"] if "threshold.config" in files else []))
    expect("not loaded" not in done.stderr, f"{family.__name__}: {done.stderr}")
    a, b = told(work / "eve.json"), told(work / "ours.json")
    for n, (rule, mark) in enumerate(rules, 1):
        theirs, ours = {key[1] for key in a if key[0] == n}, {key[1] for key in b if key[0] == n}
        if n_exact:
            theirs, ours = {(k, v) for (sid, k), v in a.items() if sid == n}, {(k, v) for (sid, k), v in b.items() if sid == n}
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
