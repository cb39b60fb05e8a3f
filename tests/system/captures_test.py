#!/usr/bin/env python3
"""Every capture of the shared corpora, sound or malformed, through decode and line in one process under
sanitizers, each frame in a buffer of exactly its size (tests/pipeline/capture_line.c): no report, bounded memory,
what is broken named. Packets and bytes are those that capinfos counts; the layers of each frame are those
that tshark names up to the first tunnel or ICMP header, of a fixed sample of the captures, with --full of all.

tshark reads captures joined by mergecap; what it said is kept in the cache folder.
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess

from common import CORPORA, FULL, PLIMSOLL, expect, fault, finish, need_corpora, need_program, skip, temporary

MEMORY_MAX = 2 << 20  # KiB, sanitizers and mapped files included
JOINED = 150  # captures that tshark reads at a time
SAMPLE = 12  # every so-many-th capture
MAGICS = {bytes.fromhex(m) for m in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "a1b2cd34", "34cdb2a1", "0a0d0d0a")}
NAMES = re.compile(r".*\.(pcap|pcapng|cap)(\.gz|\.zst)?$")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "plimsoll" / "frame-layers"
TSHARK = ["-n", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE"]

# Where a count differs from capinfos', and why.
COUNTS = {
    "captures-ics/emreekin/IEC61850/goose.pcap": "text in JSON; capinfos takes it for a log of a test device",
    "captures-protocols/formats/block-length-mismatch.pcapng": "what is behind the damaged block is read",
    "captures-protocols/formats/interface-out-of-range.pcapng": "what is behind the damaged block is read",
    "captures-protocols/libpcap/pcap-invalid-version-2.pcap": "a version that does not exist is refused",
    "captures-protocols/tcpdump/atm-heapoverflow.pcap": "capinfos does not count the four bytes in front of an ATM cell",
    "captures-protocols/tcpdump/atm-oam-heapoverflow.pcap": "capinfos does not count the four bytes in front of an ATM cell",
    "captures-protocols/tcpdump/atm-oam-loopback-print-overrun.pcap": "capinfos does not count the four bytes in front of an ATM cell",
    "suricata-verify/tests/bug-6875-01/fuzz.pcap": "capinfos guesses another length of the headers of records",
}

# Frames whose layers differ from tshark's, and why.
LAYERS = {
    "captures-protocols/libpcap/filter/ah-ipip-ping.pcap": ({1}, "the first fragment of a packet with AH, not looked into"),
    "captures-protocols/tcpdump/LINKTYPE_IPV6_invalid.pcap": ({1}, "IPv6 by the link type, not by its version"),
    "captures-protocols/tcpdump/beep-oobr.pcap": ({1}, "IPv6 by the link type, not by its version"),
    "captures-protocols/tcpdump/hoobr_rt6_print.pcap": ({1, 2}, "IPv6 by the link type, not by its version"),
    "captures-protocols/tcpdump/ipv6-bad-version.pcap": ({2, 4}, "IPv6 by the ethertype, not by its version"),
    "captures-protocols/zeek/quic/383379789-decrypt-crash.pcap": ({2, 5}, "IPv6 by the ethertype, not by its version"),
    "captures-protocols/zeek/ipv6-mobility-dst-opts.pcap": ({1}, "an option of mobility that tshark stops at"),
    "captures-protocols/zeek/trunc/mpls-6in6-broken.pcap.gz": (None, "more labels than are looked into"),
    "suricata-verify/tests/bug-7414-decoder-event-01/ip_secopt.pcap": ({3}, "an IP option that tshark stops at"),
    "suricata-verify/tests/firewall/tcp-session-decode-malformed-ipv4/input.pcap": ({8}, "an IP header longer than the packet"),
    "suricata-verify/tests/decode-too-small/test.pcap": ({1, 2}, "no byte of the transport that the IP header names"),
    "suricata-verify/tests/ipv6-evasion/ipv6-malformed-fragments-35/frag-35.pcap": ({6}, "a first fragment that holds a fragment header"),
    "suricata-verify/tests/ipv6-evasion/ipv6-malformed-fragments-36/frag-36.pcap": ({6}, "a first fragment that holds a fragment header"),
}

BITS = ["eth", "vlan", "arp", "ip", "ipv6", "tcp", "udp", "icmp"]
ALIASES = {"icmpv6": "icmp", "ieee8021ad": "vlan"}
# Tunnels, and encapsulations that this build does not look into.
ENDS = set("gre erspan vxlan geneve gtp teredo etherip pwethheuristic pwethcw pwethnocw pwmpls l2tp capwap capwap.data lwapp "
           "sflow wlan ieee8021ah esp dtls avsp macsec cmd".split())


def layers_of(protocols):
    """The bits of what tshark names, up to a second link or network header, a tunnel, or behind ICMP."""
    seen = set()
    for name in protocols.split(":"):
        name = ALIASES.get(name, name)
        network = name in ("ip", "ipv6") and seen & {"ip", "ipv6"}
        if name in ENDS or network or (name == "eth" and seen):
            break
        seen.add(name)
        if name == "icmp":
            break
    return sum(1 << i for i, name in enumerate(BITS) if name in seen)


def captures():
    found = []
    for path in sorted(CORPORA.rglob("*")):
        if path.is_file() and path.relative_to(CORPORA).parts[0] != "mix":
            with path.open("rb") as file:
                if file.read(4) in MAGICS or NAMES.match(path.name):
                    found.append(str(path.relative_to(CORPORA)))
    return found


def through_the_line(program, names, rules):
    """What the program says of each capture: layers of its packets, packets, bytes, text."""
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:halt_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
    done = subprocess.run([program, rules], input="\n".join(names) + "\n", capture_output=True, text=True, env=env,
                          cwd=CORPORA, timeout=580)
    *lines, memory = done.stdout.splitlines() or [""]
    expect(done.returncode == 0, f"the program ended {done.returncode}: {done.stderr[:3000]}")
    expect(not done.stderr, f"sanitizers: {done.stderr[:3000]}")
    if expect(memory.isdigit(), "the program ended early"):
        expect(int(memory) < MEMORY_MAX, f"{memory} KiB of memory")
    ours = {}
    for line in lines:
        name, masks, packets, size, said = line.split("\t")
        layers = [None if m == "," else int(m, 16) for m in re.findall(r",|[0-9a-f]{2}", masks)]
        ours[name] = (layers, int(packets), int(size), said)
    expect(list(ours) == names, f"{len(ours)} of {len(names)} captures were opened")
    return ours


def counted_by_capinfos(names):
    """(packets, bytes) of each capture that it can read, and the number of packets before an error."""
    counts, broken = {}, {}
    for at in range(0, len(names), 1000):
        done = subprocess.run(["capinfos", "-M", "-T", "-r", "-c", "-d", *names[at:at + 1000]], capture_output=True, text=True,
                              errors="replace", cwd=CORPORA)
        for line in done.stdout.splitlines():
            cells = line.split("\t")
            if len(cells) == 3 and cells[1].isdigit():
                counts[cells[0]] = (int(cells[1]), int(cells[2]))
        for packets, name in re.findall(r'after reading (\d+) packets? from "([^"]*)"', done.stderr):
            broken[name] = int(packets)
    return counts, broken


def check_counts(names, ours):
    counts, broken = counted_by_capinfos(names)
    compared = 0
    for name in names:
        _, packets, size, said = ours[name]
        if name in COUNTS:
            expect((packets, size) != counts.get(name), f"{name} is as capinfos has it: take it off the list")
        elif name in broken:
            compared += expect(packets == broken[name], f"{name}: {packets} packets before it breaks, not {broken[name]}")
            expect(said, f"{name} is broken, and nothing is said of it")
        elif name in counts:
            compared += expect((packets, size) == counts[name], f"{name}: {packets} packets of {size} bytes, not {counts[name]}")
        else:
            expect(said or counts.get(name) is None, f"{name}: nothing is said of it")
    print(f"{compared} captures have the packets and bytes that capinfos counts; {len(broken)} broken ones are named")
    return counts, broken


def tshark(path):
    done = subprocess.run(["tshark", "-r", str(path), *TSHARK, "-T", "fields", "-e", "frame.protocols"], capture_output=True,
                          text=True, errors="replace", cwd=CORPORA)
    return [layers_of(line) for line in done.stdout.splitlines()]


def named_by_tshark(names, counts, broken, work):
    """The layers of each frame of these captures; joined ones are taken apart by their numbers of packets."""
    if not names:
        return {}
    joined = work / "joined.pcapng"
    sound = all(name in counts and name not in broken for name in names)
    if len(names) > 1 and sound:
        done = subprocess.run(["mergecap", "-a", "-F", "pcapng", "-w", joined, *names], capture_output=True, cwd=CORPORA)
        layers = tshark(joined) if done.returncode == 0 else []
        if len(layers) == sum(counts[name][0] for name in names):
            out, at = {}, 0
            for name in names:
                out[name] = layers[at:at + counts[name][0]]
                at += counts[name][0]
            return out
    if len(names) == 1:
        return {names[0]: tshark(names[0])}
    half = len(names) // 2
    return {**named_by_tshark(names[:half], counts, broken, work), **named_by_tshark(names[half:], counts, broken, work)}


def named_by_tshark_before(names, counts, broken, work, version):
    """The same, from the cache folder if it was asked before."""
    key = hashlib.sha256(version.encode() + repr(TSHARK).encode() + repr(sorted(ENDS)).encode())
    for name in names:
        key.update(name.encode() + hashlib.sha256((CORPORA / name).read_bytes()).digest())
    kept = CACHE / (key.hexdigest() + ".json")
    if kept.exists():
        return json.loads(kept.read_text())
    said = named_by_tshark(names, counts, broken, work)
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(said))
    fresh.rename(kept)
    return said


def check_layers(names, ours, counts, broken, work):
    version = subprocess.run(["tshark", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    frames = listed = 0
    for at in range(0, len(names), JOINED):
        theirs = named_by_tshark_before(names[at:at + JOINED], counts, broken, work, version)
        for name, layers in theirs.items():
            mine = ours[name][0]
            # tshark also numbers records that are no packets (blocks of programs in pcapng).
            if len(mine) != len(layers) or name in COUNTS:
                expect(name in COUNTS or len(layers) == 0 or "pcapng" in name, f"{name}: {len(mine)} packets, tshark {len(layers)}")
                continue
            differ = {i + 1 for i, (a, b) in enumerate(zip(mine, layers)) if a is not None and a != b}
            frames += sum(a is not None for a in mine)
            expected, _ = LAYERS.get(name, (set(), ""))
            listed += len(differ)
            if expected is not None and differ != expected:
                first = min(differ ^ expected)
                fault(f"{name}: frames {sorted(differ)[:20]} differ from tshark's, {sorted(expected)} are listed; "
                      f"{first} is {mine[first - 1]:08b}, tshark {layers[first - 1]:08b}")
    expect(frames > 10000, f"only {frames} frames were compared")
    print(f"{frames} frames of {len(names)} captures have the layers that tshark names, but for {listed} that are listed with the reason")


def main():
    need_corpora()
    for program in "tshark", "capinfos", "mergecap":
        need_program(program)
    asan = os.environ.get("PLIMSOLL_ASAN")
    program = pathlib.Path(asan or PLIMSOLL).parents[1] / "tests/pipeline/capture-line"
    if not program.exists():
        skip(f"needs {program}")
    names = captures()
    expect(len(names) > 4000, f"only {len(names)} captures were found")
    with temporary() as directory:
        work = pathlib.Path(directory)
        rules = work / "some.rules"
        rules.write_text('alert ip any any -> any any (msg:"a"; content:"GET "; sid:1;)\n'
                         'alert tcp any any -> any any (msg:"b"; flow:established; content:"|00 00|"; content:"a"; distance:0; sid:2;)\n')
        ours = through_the_line(program, names, rules)
        if ours:
            counts, broken = check_counts(names, ours)
            check_layers(names if FULL else names[::SAMPLE], ours, counts, broken, work)
    finish("captures")


main()
