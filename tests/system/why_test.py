#!/usr/bin/env python3
"""rules why names the true cause: cases made by hand, one a kind of condition, of fates after the match, and of flows
that nobody inspected, with the cause that a person sees written beside each; and rules of ET Open against captures
that miss by one byte.
"""
import json
import pathlib
import re

from capture_edit import write
from common import CORPORA, expect, finish, run, temporary
from conversation import ACK, PSH, SYN, Clock, answer, datagram, echo, get, query, segment, talk

OK = (1, answer())
WEB = talk([(0, get(b"/index.html?id=7")), OK])
# A protocol of nobody's: a length of two bytes, a kind, the word CMD, an argument.
OWN = talk([(0, b"\x00\x10\x05CMD=open;arg=1234567"), (1, b"\x00\x02OK")], ports=(40000, 9999))


def tcp(options, ends="any any -> any any", sid=1, action="alert"):
    return f'{action} tcp {ends} (msg:"case"; {options} sid:{sid};)'


def http(options, ends="any any -> any any"):
    return f'alert http {ends} (msg:"case"; {options} sid:1;)'


def two_requests():
    clock = Clock()
    return talk([(0, get(b"/good")), OK], clock=clock) + talk([(0, get(b"/evil")), OK], ports=(40001, 8080), clock=clock)


def broken_checksum():
    frames = talk([(0, get(b"/evil")), OK])
    frames[3].data[50] ^= 0x01  # in the TCP header's checksum
    return frames


def lost():
    """Of a request in two segments the second one never came."""
    frames = talk([(0, b"A" * 100 + b"needle" + b"B" * 100), OK], ports=(40000, 9999), step=100)
    return frames[:4] + frames[5:]


def many(n):
    clock, frames = Clock(), []
    for i in range(n):
        frames += talk([(0, get(b"/evil")), OK], ports=(41000 + i, 80), clock=clock)
    return frames


def bits():
    return "\n".join([tcp('content:"first"; flowbits:set,a.seen; flowbits:noalert;', sid=2),
                      tcp('content:"second"; flowbits:isset,a.seen;')])


# name; rules; frames; the condition that a person would name; words that must stand in what was wanted or was there;
# further arguments. Fates after the match are conditions as well. The rule asked about is sid 1.
CASES = [
    # Ends.
    ("target port", tcp('content:"GET";', "any any -> any 8080"), WEB, "target-port", ["8080", "80"]),
    ("source port", tcp('content:"GET";', "any 1024 -> any any"), WEB, "source-port", ["1024", "40000"]),
    ("source address", tcp('content:"GET";', "10.0.0.8 any -> any any"), WEB, "source", ["10.0.0.8", "10.0.0.7"]),
    ("target address", tcp('content:"GET";', "any any -> !10.0.0.80 any"), WEB, "target", ["!10.0.0.80", "10.0.0.80"]),
    ("$HOME_NET fits nothing", http('http.uri; content:"/index";', "any any -> $HOME_NET any"), WEB, "target",
     ["$HOME_NET is [192.168.0.0/16]", "10.0.0.80"], ["--home-net", "[192.168.0.0/16]"]),
    ("$EXTERNAL_NET fits nothing", http('http.uri; content:"/index";', "$EXTERNAL_NET any -> any any"), WEB, "source",
     ["$EXTERNAL_NET is !$HOME_NET", "10.0.0.7", "no packet of the capture has it"]),
    ("no flow with these ends", tcp('content:"zzzz";', "172.16.5.5 any -> any any"), WEB, "source",
     ["172.16.5.5", "no packet of the capture has it"]),
    ("transport", 'alert udp any any -> any any (msg:"case"; content:"GET"; sid:1;)', WEB, "transport", ["udp", "TCP"]),
    # Direction and state.
    ("direction", tcp('flow:to_client; content:"GET";'), WEB, "direction", ["to the client", "to the server"]),
    ("not established", tcp('flow:established; content:"GET";'), talk([(0, get())], handshake=False, answers=False), "state",
     ["established", "only the client was seen"]),
    ("established although it must not be", tcp('flow:not_established; content:"GET";'), WEB, "state", ["not established"]),
    ("only a SYN", tcp('flow:established,to_server; content:"GET";'), talk([])[:1], "state", ["only the client was seen"]),
    # Protocols and messages.
    ("protocol not recognised", http('http.uri; content:"CMD";'), OWN, "protocol", ["http", "not recognised"]),
    ("another protocol", 'alert tls any any -> any any (msg:"case"; tls.sni; content:"h"; sid:1;)', WEB, "protocol",
     ["tls", "http"]),
    ("no bytes of a stream", 'alert tcp-stream any any -> any any (msg:"case"; content:"GET"; sid:1;)', talk([]), "input",
     ["bytes of a stream", "a packet of 0 bytes"]),
    ("a part that the message has not", http('http.referer; content:"x";'), WEB, "part", ["http.referer", "there is none"]),
    ("a URI without it", http('http.method; content:"GET"; http.uri; content:"/admin";'), WEB, "content",
     ["/admin", "/index.html"]),
    ("a status", http('http.stat_code; content:"404";'), WEB, "content", ["404", "200"]),
    ("a body", http('http.method; content:"POST"; http.request_body; content:"secret=2";'),
     talk([(0, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nsecret=1"), OK]), "content", ["secret=2", "secret=1"]),
    ("a transform", http('http.uri; to_uppercase; content:"/index";'), WEB, "content", ["/index", "/INDEX.HTML"]),
    ("the size of a part", http('http.uri; content:"/index"; bsize:10;'), WEB, "bsize", ["10", "16 bytes"]),
    ("a name asked for", 'alert dns any any -> any any (msg:"case"; dns.query; content:"evil.example"; nocase; sid:1;)',
     [datagram(Clock(), query(b"www.evil.exemple"))], "content", ["evil.example", "evil.exemple", "11 of 12"]),
    # Contents.
    ("content not there", tcp('content:"CMD=shut";'), OWN, "content", ["CMD=shut", "CMD=open", "4 of 8 bytes equal"]),
    ("content too far behind", tcp('content:"arg="; depth:10;'), OWN, "content", ["depth 10", "at 0 to 10"]),
    ("content before its offset", tcp('content:"CMD"; offset:4;'), OWN, "content", ["offset 4"]),
    ("content not within", tcp('content:"CMD"; content:"arg"; within:5;'), OWN, "content", ["within 5", "at 6 to 11", "=open"]),
    ("content too near", tcp('content:"CMD="; content:"open"; distance:1;'), OWN, "content", ["distance 1"]),
    ("content in another case", tcp('content:"cmd=open";'), OWN, "content", ["cmd=open", "CMD=open"]),
    ("content that must not be there", tcp('content:"CMD"; content:!"arg="; distance:0;'), OWN, "content", ['!"arg="', "it is there, at 12"]),
    ("content not at the start", tcp('content:"CMD"; startswith;'), OWN, "content", ["startswith", "|00 10 05|"]),
    ("content not at the end", tcp('flow:to_server; content:"1234"; endswith;'), OWN, "content", ["endswith", "4567"]),
    ("a hole in the stream", 'alert tcp-stream any any -> any any (msg:"case"; content:"needle"; sid:1;)', lost(), "content", ["needle"]),
    # Other steps.
    ("an expression", tcp('content:"CMD"; pcre:"/arg=[a-z]+/";'), OWN, "pcre", ["/arg=[a-z]+/", "no match"]),
    ("an expression behind a content", tcp('content:"arg="; pcre:"/^[a-z]/R";'), OWN, "pcre", ["1234567"]),
    ("an expression that must not match", tcp('content:"CMD"; pcre:!"/open|shut/";'), OWN, "pcre", ["it matches at 7", "open"]),
    ("a number", tcp('content:"CMD"; byte_test:2,>,16,0;'), OWN, "byte_test", ["> 16", "16, read at 0", "|00 10|"]),
    ("a number in text", tcp('content:"arg="; byte_test:4,=,1235,0,relative,string,dec;'), OWN, "byte_test", ["1235", "1234"]),
    ("a number that is not there", tcp('flow:to_client; content:"OK"; byte_test:4,>,0,0,relative;'), OWN, "byte_test", ["it ends at 4"]),
    ("a jump out of the data", tcp('flow:to_server; content:"CMD"; byte_jump:2,0,multiplier 4;'), OWN, "byte_jump", ["16, read at 0", "leads out"]),
    ("a number taken and compared", tcp('byte_extract:1,2,kind; content:"CMD"; byte_test:1,<,kind,1;'), OWN, "byte_test",
     ["byte_extract 1", "16"]),
    ("data that must follow", tcp('flow:to_server; content:"arg="; isdataat:20,relative;'), OWN, "isdataat", ["20", "it ends at 23"]),
    # Headers.
    ("payload size", tcp('content:"CMD"; dsize:>100;'), OWN, "dsize", ["at least 101", "23"]),
    ("ttl", tcp('content:"CMD"; ttl:<10;'), OWN, "header", ["ttl", "64"]),
    ("flags", tcp('flags:SF;'), OWN, "header", ["flags", "FS"]),
    ("type of ICMP", 'alert icmp any any -> any any (msg:"case"; itype:0; content:"abc"; sid:1;)', [echo(Clock())], "header",
     ["itype 0", "8"]),
    ("one address", 'alert ip any any -> any any (msg:"case"; sameip; content:"abc"; sid:1;)', [echo(Clock())], "sameip",
     ["10.0.0.7 and 10.0.0.80"]),
    # What rules leave at the flow.
    ("a bit that nobody set", bits(), talk([(0, b"none ... second"), OK], ports=(40000, 9999)), "flowbits",
     ["a.seen is not set", "set by 1:2"]),
    ("a bit that no rule sets", tcp('content:"GET"; flowbits:isset,nowhere;'), WEB, "flowbits", ["no rule that is loaded sets nowhere"]),
    ("a bit that must not be set", "\n".join([tcp('content:"CMD"; flowbits:set,b;', sid=2), tcp('content:"open"; flowbits:isnotset,b;')]),
     OWN, "flowbits", ["b is set"]),
    ("a pass before it", "\n".join([tcp('content:"CMD";', sid=9, action="pass"), tcp('content:"open";')]), OWN, "pass", ["1:9"]),
    # Not inspected.
    ("beyond the stream depth", 'alert tcp-stream any any -> any any (msg:"case"; content:"needle"; sid:1;)',
     talk([(0, b"A" * 3000 + b"needle" + b"B" * 20), OK], ports=(40000, 9999)), "stream-depth", ["depth is 1000"],
     ["--limit", "stream-depth=1000"]),
    ("a wrong checksum", tcp('content:"/evil";'), broken_checksum(), "inspected", ["checksum"], ["--checksums", "validate"]),
    ("a wrong checksum, of a message", http('http.uri; content:"/evil";'), broken_checksum(), "inspected", ["checksum"],
     ["--checksums", "validate"]),
    ("another flow is nearer", http('http.uri; content:"/evil";', "any any -> any 80"), two_requests(), "target-port", ["80", "8080"]),
    ("no such flow", tcp('content:"x";'), WEB, "nothing", ["no flow of this number"], ["--flow", "99999"]),
    # Fates after the match.
    ("limit", http('http.uri; content:"/evil"; threshold:type limit,track by_src,count 2,seconds 60;'), many(5), "limited",
     ["count 2"]),
    ("threshold", http('http.uri; content:"/evil"; threshold:type threshold,track by_src,count 9,seconds 60;'), many(5), "below",
     ["count 9"]),
    ("detection_filter", http('http.uri; content:"/evil"; detection_filter:track by_dst,count 7,seconds 60;'), many(5), "below",
     ["detection_filter", "count 7"]),
    ("noalert", tcp('content:"GET"; flowbits:set,c; noalert;'), WEB, "noalert", ["nothing is told"]),
    # Rules that do not run.
    ("commented out", "# " + tcp('content:"GET";'), WEB, "commented-out", ["1: it is commented out"]),
    ("rejected", tcp('content:"GET"; no_such_keyword:1;'), WEB, "rejected", ["no_such_keyword", ":1:"]),
    ("not there", tcp('content:"GET";', sid=2), WEB, "not-there", ["no rule file has it"]),
]


HOME, OUTSIDE = "10.0.0.7", "198.51.100.80"


def out(*messages, port=80):
    """From the home network to a server outside."""
    return talk(messages, client=HOME, server=OUTSIDE, ports=(40000, port))


def inbound(*messages, port=80):
    return talk(messages, client=OUTSIDE, server=HOME, ports=(40000, port))


def asked(data):
    return [datagram(Clock(), data, source=HOME, target=OUTSIDE)]


def probed(data):
    return [datagram(Clock(), data, source=OUTSIDE, target=HOME, ports=(40000, 4000))]


POSTED = b"POST /a.php HTTP/1.1\r\nHost: h\r\nContent-Length: 22\r\n\r\nproc=[System Process]\n"
# DGA: 33 letters and more, no two alike behind one another.
GENERATED = query(b"abcdefghijklmnopqrstuvwxyzabcdefghij.ru")

# Of rules of ET Open: the sid; what makes frames of a payload; a payload that hits; the byte that is changed: what
# stands around it and what then stands there; the condition that this makes fail, and words of it.
MISSES = [
    (2008020, lambda d: out((0, d), OK), POSTED, b"Process", b"Procezs", "content", ["http.request_body", "Procezs", "21 of 22"]),
    (2014890, lambda d: inbound((0, d), OK), get(b"/?q=@@version"), b"@@version", b"@@versiom", "content", ["http.uri", "versiom"]),
    (2101903, lambda d: inbound((0, d), port=143), b"a1 RENAME " + b"x" * 101, b"x" * 50 + b"x", b"x" * 50 + b"\n", "pcre", ["RENAME", "no match"]),
    (2016441, lambda d: out((0, d), port=4444), b"fxftest", b"fxftest", b"fxfTest", "content", ["fxfTest", "6 of 7"]),
    (2014137, lambda d: out((0, d), OK), get(b"/", b"Host: h\r\nUser-Agent: ISX Download DLL 2\r\n"), b"ISX", b"JSX", "content",
     ["http.user_agent", "JSX", "startswith"]),
    (2043259, asked, query(b"www.mediafire.com"), b"mediafire", b"mediafirf", "content", ["dns.query", "mediafirf"]),
    (2014792, lambda d: out((0, d), OK), get(b"/", b"Host: a.9966.org\r\n"), b"9966", b"9976", "content", ["http.host", ".9976.org", "endswith"]),
    (2017077, lambda d: inbound_answer(d), b"HTTP/1.1 302 Found\r\nLocation: http://x.example/AB12.js?cp=1\r\nContent-Length: 0\r\n\r\n",
     b"AB12", b"AG12", "pcre", ["http.location", "AG12.js"]),
    (2021048, lambda d: inbound_answer(d), answer(body=b"<param FlashVars sh=cG93ZXJzaGVsbC5leGUg>"), b"cG93", b"cG94", "content",
     ["cG94ZXJz", "22 of 23"]),
    (2002841, lambda d: out((0, d), OK), get(b"/ping/?shortname=a", b"Host: www.freeze.com\r\nUser-Agent: Wise\r\n"), b"freeze", b"freese", "content",
     ["http.header", "freese.com"]),
    # What is changed is what another rule looks for, which leaves the bit that this one wants.
    (2008298, lambda d: out((1, d), (0, b"\x15\0\0\0\x04\0\0\0name"), port=8074), b"\x01\0\0\0\x04\0\0\0seed", b"\x01", b"\x02", "flowbits",
     ["ET.gadu.welcome is not set", "set by 1:2008297"]),
    (2010372, probed, b"THCTHCTHCTHCTHC   ", b"THC   ", b"THD   ", "content", ["THCTHD", "17 of 18"]),
    (2001803, lambda d: out((0, d), port=5190), bytes.fromhex("2a020000" "00120001001e" "0000"), b"\x00\x1e", b"\x00\x1f", "content",
     ["|00 12 00 01 00 1e|", "|00 12 00 01 00 1f|", "offset 4"]),
    (2035095, lambda d: out((0, d), port=4444), b"LIGHT'S BOMB\0", b"LIGHT", b"NIGHT", "content", ["NIGHT'S", "12 of 13"]),
    (2012649, lambda d: out((0, d), OK), get(b"/", b"Host: 10201.ru\r\n"), b"10201", b"10101", "content", ['!"101.ru"', "it is there, at 2"]),
    (2016778, asked, query(b"a.b.pw"), b"\x01b", b"\x01u", "content", ['!".u.pw"', "it is there, at 1"]),
    (2100611, lambda d: out_of_service(d), b"\x01rlogind: Permission denied.\r\n", b"denied", b"Denied", "content", ["Denied", "27 of 28"]),
    (2014363, asked, GENERATED, b"\x01\x00", b"\x09\x00", "byte_test", ["!& 248", "9, read at 2"]),
    (2033957, lambda d: inbound_reply(d), answer(body=b'x.lnk" (New-Object -COM WScript.Shell).CreateShortcut('), b"COM ", b"CON ", "content",
     ["-CON WScript"]),
    (2034664, probed, b"a ${jndi:${upper:l}", b"upper", b"uppen", "content", ["${uppen|3a|", "distance 0"]),
    (2007648, lambda d: out((0, d), OK), get(b"/", b"Host: h\r\nUser-Agent: " + 3 * b"X" + b"\r\n"), 3 * b"X", b"XXY", "content", ["http.user_agent", "XXY"]),
    (2011465, lambda d: inbound((0, d), OK), get(b"/a?b=/bin/sh"), b"/bin/sh", b"/bin/sj", "content", ["http.uri", "/bin/sj"]),
]


def inbound_answer(data):
    """What a server outside answers."""
    return out((0, get()), (1, data))


inbound_reply = inbound_answer


def out_of_service(data):
    """What a server of the home network says at port 513."""
    return talk([(0, b"x"), (1, data)], client=OUTSIDE, server=HOME, ports=(1023, 513))


def ask(work, rules, capture, *options, sid=1, code=0):
    done = run("rules", "why", sid, capture, "--rules", rules, "--json", *options, code=code)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, lines[-1] if lines else {"cause": {}}


def cases(work):
    for n, (name, rules, frames, condition, words, *options) in enumerate(CASES):
        path, capture = work / f"{n}.rules", work / f"{n}.pcap"
        path.write_text(rules + "\n")
        write(capture, frames)
        lines, answer_line = ask(work, path, capture, *(options[0] if options else []),
                                 code=1 if condition in ("commented-out", "rejected", "not-there") else 0)
        cause = answer_line["cause"]
        said = " ".join(str(v) for v in cause.values())
        expect(cause.get("condition") == condition, f"{name}: {cause} in place of {condition}")
        for word in words:
            expect(word in said, f"{name}: no `{word}` in {cause}")
        misses = [line for line in lines if line["type"] == "miss"]
        for miss in misses[:1] if not answer_line.get("matched") else []:
            verdicts = [c["verdict"] for c in miss["conditions"]]
            expect(verdicts[:miss["held_in_order"]] == ["held"] * miss["held_in_order"], f"{name}: {verdicts}")
            first = miss["conditions"][miss["held_in_order"]] if condition not in ("inspected",) else None
            expect(not first or first["condition"] == condition, f"{name}: first of the nearest is {first}")


def controls(work):
    """What matches is said to, with its places; and --flow picks one of two."""
    rules, capture = work / "control.rules", work / "control.pcap"
    rules.write_text(http('http.uri; content:"/evil"; threshold:type limit,track by_src,count 2,seconds 60;') + "\n")
    write(capture, many(5))
    lines, said = ask(work, rules, capture)
    fates = [line["fate"] for line in lines if line["type"] == "match"]
    expect(fates == ["told", "told", "limited", "limited", "limited"], f"fates {fates}")
    expect((said["matched"], said["told"], said["held_back"]) == (5, 2, 3), f"{said}")
    # The request is the fourth frame of each conversation of nine.
    packets = [line["packet"] for line in lines if line["type"] == "match"]
    expect(packets == [4, 13, 22, 31, 40] or packets == sorted(packets), f"packets {packets}")
    rules.write_text(http('http.uri; content:"/evil";', "any any -> any 80") + "\n")
    write(capture, two_requests())
    lines, _ = ask(work, rules, capture)
    flows = {line["source_port"]: line["flow"] for line in lines if line["type"] == "miss"}
    _, said = ask(work, rules, capture, "--flow", flows[40000])
    expect(said["cause"].get("condition") == "content" and "/good" in said["cause"]["was"], f"--flow: {said}")
    done = run("rules", "why", 1, capture, "--rules", rules)
    for word in "It did not match.", "CAUSE target-port: wanted 80; was 8080", "FAILED", "NEAREST 1", "held    part":
        expect(word in done.stdout, f"no `{word}` for people: {done.stdout}")
    run("rules", "why", "x", capture, "--rules", rules, code=2)
    run("rules", "why", 1, work / "none.pcap", "--rules", rules, code=2)
    run("rules", "why", 1, capture, code=2)


def rules_of(folder, sids):
    """These rules of ET Open."""
    wanted = re.compile(r"sid:(\d+);")
    lines = [line for path in sorted(folder.glob("*.rules")) for line in path.read_text(errors="surrogateescape").splitlines()]
    return [line for line in lines if line.startswith("alert") and (found := wanted.search(line)) and int(found[1]) in sids]


def by_one_byte(work):
    if not CORPORA:
        print("without the shared corpora: no rules of ET Open")
        return
    sids = {row[0] for row in MISSES} | {2008297}
    rules, capture = work / "et.rules", work / "et.pcap"
    lines = rules_of(CORPORA / "rules-et-open/rules", sids)
    expect(len(lines) == len(sids), f"{len(lines)} rules of {len(sids)} sids")
    rules.write_text("\n".join(lines) + "\n", errors="surrogateescape")
    home = ["--home-net", "[10.0.0.0/8]"]
    for sid, frames, payload, old, new, condition, words in MISSES:
        changed = payload.replace(old, new, 1)
        expect(sum(a != b for a, b in zip(payload, changed)) == 1 and len(payload) == len(changed), f"{sid}: not one byte")
        write(capture, frames(payload))
        _, said = ask(work, rules, capture, *home, sid=sid)
        if not expect(said.get("matched", 0) > 0, f"{sid}: it does not match what should hit: {said}"):
            continue
        write(capture, frames(changed))
        _, said = ask(work, rules, capture, *home, sid=sid)
        cause = said["cause"]
        expect(cause.get("condition") == condition, f"{sid}: {cause} in place of {condition}")
        for word in words:
            expect(word in " ".join(map(str, cause.values())), f"{sid}: no `{word}` in {cause}")


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        cases(work)
        controls(work)
        by_one_byte(work)
    print(f"{len(CASES)} cases, {len(MISSES)} rules missed by one byte")
    finish("why")


main()
