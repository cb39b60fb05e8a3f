#!/usr/bin/env python3
"""Input of any kind. Bad: a clear error with file and place, the right exit code, and nothing good lost.
Good: the same results whichever way it comes (plain, packed, FIFO, standard input, folder)."""
import gzip
import itertools
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import threading
import zlib

from common import (ACCORD, CORPORA, GRID, PLIMSOLL, expect, finish, grid, replay, run, temporary)


def pcap(frames, start=1000):
    """A little-endian pcap of Ethernet frames, one a microsecond."""
    out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)
    for i, frame in enumerate(frames):
        out += struct.pack("<IIII", start, i, len(frame), len(frame)) + frame
    return out


def blocks(data):
    """(type, end) of each whole block of a pcapng whose sections may differ in byte order."""
    at, order = 0, "little"
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\n\r\r\n":
            order = "little" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else "big"
        kind, size = (int.from_bytes(data[at + k:at + k + 4], order) for k in (0, 4))
        at += size
        if at > len(data):
            return
        yield kind, at


PACKET_BLOCKS = (2, 3, 6)


def packets_in(data):
    return sum(kind in PACKET_BLOCKS for kind, _ in blocks(data))


def results(work, *args, code=0, stdin=None):
    """The JSON lines, and the counts of --stats that do not depend on the machine."""
    stats = work / "stats.json"
    stats.unlink(missing_ok=True)
    done = subprocess.run([PLIMSOLL, "replay", "--json", "--stats", str(stats), *map(str, args)], capture_output=True,
                          text=True, stdin=stdin, timeout=600)
    if not expect(done.returncode == code, f"replay {' '.join(map(str, args))} ended {done.returncode}, not {code}: {done.stderr[-2000:]}"):
        return "", {}, done.stderr
    counts = json.loads(stats.read_text())
    for machine in ("seconds", "stage-ns", "memory-bytes"):
        counts.pop(machine)
    counts["correlation"].pop("push_waits")
    return done.stdout, counts, done.stderr


class Feeding:
    """Writes bytes to a FIFO that is made for it, from a thread."""

    def __init__(self, path, *pieces):
        """pieces: bytes to write, or functions to call between them."""
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        self.path, self.pieces = path, pieces
        self.thread = threading.Thread(target=self.feed)

    def feed(self):
        with open(self.path, "wb", buffering=0) as fifo:
            for piece in self.pieces:
                if callable(piece):
                    piece()
                    continue
                view = memoryview(piece)
                while view:
                    view = view[fifo.write(view):]

    def __enter__(self):
        self.thread.start()
        return self.path

    def __exit__(self, *_):
        self.thread.join(timeout=60)


def zstd(path):
    """The path packed with zstd, or None where that is not installed."""
    if not shutil.which("zstd"):
        print("zstd files were left out: zstd is not installed")
        return None
    out = path.with_suffix(".zst")
    subprocess.run(["zstd", "-q", "-f", path, "-o", out], check=True)
    return out


def every_way(work, whole):
    """One capture, each way in which it can come."""
    data = whole.read_bytes()
    packed = work / "packed"  # told by content: the name says nothing
    packed.write_bytes(gzip.compress(data[:len(data) // 2]) + gzip.compress(data[len(data) // 2:]))
    z = zstd(whole)
    folder = work / "folder"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(whole, folder / "deep/capture")
    (folder / "README").write_text("about these captures\n")
    for workers in (1, 3):
        options = [*GRID, "--workers", workers]
        want, counts, _ = results(work, whole, *options)
        expect(want.count("\n") > 10 and counts["findings"] > 0, "the plain capture gives nothing to compare with")

        def same(what, got):
            expect(got[0] == want, f"{what}, {workers} workers: other JSON lines than the plain capture")
            different = {key for key in counts if got[1].get(key) != counts[key]}
            expect(not different, f"{what}, {workers} workers: other counts than the plain capture: {different}")

        same("gzip", results(work, packed, *options))
        if z:
            same("zstd", results(work, z, *options))
        with Feeding(work / "fifo", data[:7], data[7:100000], data[100000:]) as fifo:
            same("FIFO", results(work, fifo, *options))
        with Feeding(work / "fifo", packed.read_bytes()) as fifo:
            same("FIFO of gzip", results(work, fifo, *options))
        with open(whole, "rb") as stdin:
            same("standard input from a file", results(work, "-", *options, stdin=stdin))
        with subprocess.Popen(["cat", packed], stdout=subprocess.PIPE) as cat:
            same("standard input from a pipe", results(work, "-", *options, stdin=cat.stdout))
        got = results(work, folder, *options)
        same("folder", got)
        expect("README" in got[2] and "warning" in got[2], f"what is no capture in a folder is not named: {got[2]}")


def parts_in_any_order(work, whole):
    """Three captures, each another way, in every order: the same as all plain."""
    names = []
    for i in range(3):
        path = work / f"part{i}.pcap"
        # The second half of each is at the same times as the other parts'.
        path.write_bytes(pcap([bytes([2, 0, 0, 0, 0, i]) + bytes([2, 0, 0, 0, 0, 9]) + struct.pack(">H", 0x88b8) + bytes([k])
                               for k in range(200)], start=1000 + i // 2))
        names.append(path)
    want = results(work, whole, *names, *GRID)
    other = [names[0], work / "part1.gz", work / "fifo"]
    other[1].write_bytes(gzip.compress(names[1].read_bytes()))
    for order in itertools.permutations([whole, *other]):
        with Feeding(other[2], names[2].read_bytes()):
            got = results(work, *order, *GRID)
        expect(got[:2] == want[:2], f"another order or way of inputs gives other results: {[p.name for p in order]}")


def cut_packed(work, whole):
    """A packed file that ends too early: named with its packet; what unpacks is processed."""
    data = gzip.compress(whole.read_bytes())
    cases = []
    cut = work / "cut.gz"
    cut.write_bytes(data[:len(data) * 2 // 3])
    cases.append((cut, zlib.decompressobj(31).decompress(cut.read_bytes())))
    # Also where only the check behind the last packet is missing.
    tail = work / "tail.gz"
    tail.write_bytes(data[:-4])
    cases.append((tail, whole.read_bytes()))
    z = zstd(whole)
    if z:
        cut = work / "cut.zst"
        cut.write_bytes(z.read_bytes()[:z.stat().st_size * 2 // 3])
        cases.append((cut, subprocess.run(["zstd", "-dcq", cut], capture_output=True, check=False).stdout))
    for path, good in cases:
        packets = packets_in(good)
        lines, counts, said = results(work, path, *GRID, code=3)
        expect(counts and counts["packets"] == packets, f"{path.name}: {packets} packets unpack, {counts and counts['packets']} were processed")
        expect(f"{path}:packet {packets + 1}:" in said and "too early" in said, f"{path.name} is not named with packet {packets + 1}: {said}")
        expect(packets > 1000 or path.suffix == ".zst", f"{path.name}: only {packets} packets unpack")
        expect(counts["broken-inputs"] == 1, f"{path.name} does not count as broken")


def cut_under_the_map(work, whole):
    """A file that becomes shorter while it is read. A FIFO whose packets are all earlier holds the replay: once
    the replay has taken more of it than fits into a pipe, the file is mapped and its first packets are read."""
    data = whole.read_bytes()
    ends = [end for kind, end in blocks(data) if kind in PACKET_BLOCKS]
    early = pcap([bytes(12) + struct.pack(">H", 0x88b8) + bytes(1000)] * 300)
    for workers in (1, 3):
        # In the middle: what the file still has is processed, as of a file that was cut before.
        for size, whole_packets in ((ends[999] + 10, 1000), (ends[999], 1000)):
            path = work / "shrinks.pcapng"
            path.write_bytes(data)
            with Feeding(work / "fifo", early[:200 << 10], lambda: os.truncate(path, size), early[200 << 10:]) as fifo:
                _, counts, said = results(work, path, fifo, *GRID, "--workers", workers, code=3)
            expect(counts and counts["packets"] == 300 + whole_packets, f"cut to {size}: {counts and counts['packets']} packets were processed, not {300 + whole_packets}")
            expect(f"{path}:packet {whole_packets + 1}:" in said and "became shorter" in said, f"cut to {size}: not named with packet {whole_packets + 1}: {said}")
        # Before what is read already: nobody can tell what was seen of it, and that is said.
        path.write_bytes(data)
        with Feeding(work / "fifo", early[:200 << 10], lambda: os.truncate(path, ends[4] - 1), early[200 << 10:]) as fifo:
            _, counts, said = results(work, path, fifo, *GRID, "--workers", workers, code=3)
        expect(f"{path}:packet 5:" in said and "may not be what they were" in said, f"cut before what was read: {said}")
        expect(counts and counts["packets"] <= 300 + 64 and counts["broken-inputs"] == 1, f"cut before what was read: {counts}")


def long_frames(work):
    """Frames over 65,535 bytes: cut to that, counted, the next ones whole."""
    def frame(n):
        return bytes([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]) + struct.pack(">H", 0x88b8) + bytes(n - 14)
    path = work / "long.pcap"
    path.write_bytes(pcap([frame(n) for n in (60, 65535, 65536, 200000, 60)]))
    packed = work / "long.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for name in (path, packed):
        _, counts, _ = results(work, name)
        expect(counts["packets"] == 5 and counts["drops"]["packets_overlong"] == 2 and counts["counts"]["packets_cut"] == 2,
               f"{name.name}: {counts}")
        expect(counts["bytes"]["captured"] == 60 + 3 * 65535 + 60 and counts["bytes"]["wire"] == 60 + 65535 + 65536 + 200000 + 60,
               f"{name.name}: {counts['bytes']}")


def tcp(source, seq, payload, padding):
    """An Ethernet frame of a TCP segment from 10.0.0.<source> to 10.0.1.1, with padding behind the IP packet."""
    addresses = bytes([10, 0, 0, source, 10, 0, 1, 1])
    segment = struct.pack(">HHIIBBHHH", 40000, 502, seq, 1, 0x50, 0x18, 8192, 0, 0) + payload
    packet = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0) + addresses + segment
    return bytes([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, source]) + b"\x08\x00" + packet + bytes(padding)


def blocks_come_back(work):
    """Far more bytes than all blocks hold, in frames so long that they fill every block long before they fill a
    worker's queue; and in each block a segment that waits for one that never comes."""
    path = work / "long.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(pcap([]))
        for i in range(1500):
            # Each source's first segment, then ever more of them behind a hole.
            frame = tcp(1 + i % 100, 1000 + 400 * (i // 100), b"payload!" * 10, 60000)
            out.write(struct.pack("<IIII", 1000, i, len(frame), len(frame)) + frame)
    for workers in (1, 3):
        _, counts, _ = results(work, path, "--workers", workers)
        expect(counts and counts["packets"] == 1500 and counts["counts"]["stream_held"] == 1400,
               f"{workers} workers: {counts and counts['packets']} packets, {counts and counts['counts']['stream_held']} held")
        expect(counts["counts"]["stream_bytes"] == 1500 * 80 and counts["counts"]["stream_gaps"] == 1400,
               f"{workers} workers: {counts['counts']}")


def packed_is_plain(work):
    """Traffic of every kind in many blocks, packed: frames keep their bytes until their worker is done."""
    capture = CORPORA / "mix/mix-dev.pcap"
    rules = [word for path in sorted((CORPORA / "rules-ics").rglob("*.rules")) for word in ("--rules", path)]
    z = work / "mix.zst"
    subprocess.run(["zstd", "-q", "-1", "-f", capture, "-o", z], check=True)
    for workers in (1, 3):
        want = results(work, capture, *rules, "--workers", workers)
        got = results(work, z, *rules, "--workers", workers)
        expect(want[1] and want[1]["hits"] > 0, "the rules match nothing in the mix")
        expect(got[:2] == want[:2], f"the packed mix, {workers} workers: other results than the plain one")


def bounded_memory(work):
    """A pipe of 256 MiB needs no more memory than one of 1 MiB, but for the blocks."""
    record = struct.pack("<IIII", 1000, 0, 1014, 1014) + bytes(12) + struct.pack(">H", 0x88b8) + bytes(1000)
    piece = record * 1024
    peaks = []
    for pieces in (1, 256):
        with subprocess.Popen([PLIMSOLL, "replay", "--json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdin.write(pcap([]))
            for _ in range(pieces):
                process.stdin.write(piece)
            process.stdin.close()
            packets = json.loads(process.stdout.read().splitlines()[-1])["packets"]
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        expect(packets == 1024 * pieces and process.returncode == 0, f"a pipe of {pieces} MiB: {packets} packets")
        peaks.append(usage.ru_maxrss)
    expect(peaks[1] < peaks[0] + (16 << 10), f"memory grows with the input: {peaks} KiB")


def waiting_can_be_stopped(work):
    """A replay that waits for a pipe ends when it is asked to."""
    fifo = work / "fifo"
    fifo.unlink(missing_ok=True)
    os.mkfifo(fifo)
    with subprocess.Popen([PLIMSOLL, "replay", "--json", fifo], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        with open(fifo, "wb", buffering=0) as writer:  # returns when the replay has opened it
            writer.write(pcap([bytes(60)]))
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()
                expect(False, "a replay that waits for a pipe does not end on SIGINT")


# file of formats/: packets, exit code, words of the message. As many packets as tshark reads, but where a
# reason stands beside it. 3: the file is broken, or no capture.
FORMATS = {
    "le-usec.pcap": (11, 0, ""), "be-usec.pcap": (11, 0, ""), "le-nsec.pcap": (11, 0, ""), "be-nsec.pcap": (11, 0, ""),
    "le-usec.pcap.gz": (11, 0, ""), "le-four-interfaces.pcapng": (11, 0, ""), "be-four-interfaces.pcapng": (11, 0, ""),
    "two-sections-two-byte-orders.pcapng": (11, 0, ""), "simple-packets.pcapng": (11, 0, ""),
    "cut-in-packet.pcap": (10, 3, "packet 11"), "cut-in-record-header.pcap": (10, 3, "packet 11"),
    "cut-in-file-header.pcap": (0, 3, "inside its header"), "empty.pcap": (0, 3, "empty"),
    "header-only.pcap": (0, 0, ""), "bad-magic.pcap": (0, 3, "not a capture"),
    # tshark refuses the file; here its frames are read, and counted as of a link type that is not decoded.
    "unknown-linktype.pcap": (11, 0, ""),
    "huge-caplen.pcap": (1, 3, "packet 2"),
    # tshark gives up at the first broken block; here one between sound blocks is stepped over and told.
    "interface-out-of-range.pcapng": (11, 0, "packet 1: warning"), "block-length-mismatch.pcapng": (11, 0, "packet 1: warning"),
    # A length of 8 leads nowhere.
    "block-length-8.pcapng": (0, 3, "packet 1"),
    "zero-length-packets.pcap": (11, 0, ""), "snaplen-68.pcap": (11, 0, ""), "time-goes-back.pcap": (11, 0, ""),
    "usec-over-a-million.pcap": (11, 0, ""), "trailing-garbage.pcap": (11, 3, "packet 12"),
}


def formats(work):
    folder = CORPORA / "captures-protocols/formats"
    expect({p.name for p in folder.iterdir()} == set(FORMATS), "the folder of formats holds other files than this test knows")
    for name, (packets, code, words) in FORMATS.items():
        done = run("replay", "--json", folder / name, code=code)
        expect(words in done.stderr and (words != "" or not done.stderr), f"{name}: {done.stderr!r}")
        got = json.loads(done.stdout.splitlines()[-1])["packets"] if done.stdout else 0
        expect(got == packets, f"{name}: {got} packets, not {packets}")
    # All of them as a folder: the sum, and only those that are no capture are left out (an empty file, a
    # text); those that are broken are broken there too.
    lines, counts, said = results(work, folder, code=3)
    expect(counts["packets"] == sum(row[0] for row in FORMATS.values()), f"formats/ as a folder: {counts['packets']} packets")
    expect(counts["inputs"] == len(FORMATS) - 2, f"formats/ as a folder: {counts['inputs']} inputs")
    expect(counts["broken-inputs"] == 6, f"formats/ as a folder: {counts['broken-inputs']} broken")

    suite = sorted((CORPORA / "captures-protocols/pcapng-suite").glob("*/*/*.pcapng"))
    expect(len(suite) == 48, f"pcapng-suite: {len(suite)} files")
    for path in suite:
        data = path.read_bytes()
        done = run("replay", "--json", path)
        got = json.loads(done.stdout.splitlines()[-1])["packets"]
        expect(got == packets_in(data), f"{path}: {got} packets, the file has {packets_in(data)} packet blocks")
        if shutil.which("tshark"):
            # tshark also counts custom blocks as records.
            custom = sum(kind in (0xbad, 0x40000bad) for kind, _ in blocks(data))
            rows = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.number"], capture_output=True,
                                  text=True, check=False).stdout.split()
            expect(len(rows) == got + custom, f"{path}: tshark reads {len(rows)} records, {got} packets and {custom} custom blocks here")


def broken_files(work, whole):
    data = whole.read_bytes()
    cut = work / "cut.pcapng"
    cut.write_bytes(data[:len(data) * 2 // 3 + 1])
    done = run("replay", "--json", cut, *GRID, code=3)
    expect("cut.pcapng" in done.stderr and "packet" in done.stderr, f"a cut file is not named with its packet: {done.stderr}")
    packets = int(done.stdout.rsplit('"packets":', 1)[1].split(",")[0])
    expect(packets > 1000, f"of the cut file only {packets} packets were processed")

    ledger = work / "cut.ledger"
    keys = ["--ledger", ledger, "--ledger-key", work / "key", "--ledger-secret", work / "secret"]
    run("replay", cut, *GRID, *keys, code=3)
    expect((ledger / "facts/checkpoint").exists(), "what was read of a cut file is not sealed")

    other = work / "linktype.pcap"
    other.write_bytes(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 60000)
                      + struct.pack("<IIII", 1, 0, 4, 4) + b"abcd")
    lines = replay(other)
    expect(lines[-1]["packets"] == 1, "a frame of an unknown link type is not counted")

    nothing = work / "nothing.pcap"
    done = run("replay", nothing, code=2)
    expect("nothing.pcap" in done.stderr, "a missing capture is not named")
    text = work / "text.pcap"
    text.write_text("this is no capture\n" * 10)
    done = run("replay", text, code=3)
    expect("text.pcap" in done.stderr, "a file that is no capture is not named")
    lines = replay(text, whole, *GRID, code=3)
    expect(lines[-1]["packets"] > 1000 and lines[-1]["broken-inputs"] == 1,
           "a broken input beside a good one took the good one with it")

    rules = work / "bad.rules"
    rules.write_text('alert tcp any any -> any any (msg:"good"; content:"abc"; sid:1;)\n'
                     'alert tcp any any -> any any (msg:"bad"; frobnicate:1; sid:2;)\n')
    done = run("rules", "check", rules, code=1)
    both = done.stdout + done.stderr
    expect(f"{rules}:2:" in both and "frobnicate" in both, f"a bad rule is not named with its place: {both}")

    accord = work / "accord.yaml"
    accord.write_text(ACCORD.read_text().replace("stage: reportable", "stage: reportabel", 1))
    done = run("accord", "check", accord, "--party", "amber", code=1)
    line = 1 + ACCORD.read_text()[:ACCORD.read_text().index("stage: reportable")].count("\n")
    expect(f"accord.yaml:{line}:" in done.stderr, f"a bad accord is not named with line {line}: {done.stderr}")
    done = run("replay", whole, "--accord", ACCORD, code=2)
    expect("amber" in done.stderr and "basalt" in done.stderr, f"the parties to choose from are not named: {done.stderr}")

    run("replay", whole, *GRID, *keys[2:], "--ledger", work / "l1", code=0)
    done = run("replay", whole, *GRID, "--ledger", work / "l1", "--ledger-key", work / "key2",
               "--ledger-secret", work / "secret", code=2)
    expect("key" in done.stderr, f"a ledger of another key: {done.stderr}")
    done = run("replay", whole, *GRID, "--ledger", work / "l1", "--ledger-key", work / "key",
               "--ledger-secret", work / "secret2", code=2)
    expect("secret" in done.stderr, f"a ledger of another secret: {done.stderr}")

    for words in (["frobnicate"], ["replay"], ["replay", "--frobnicate", whole], ["replay", whole, "--workers", "0"],
                  ["replay", whole, "--clock-error", "soon"], ["ledger", "verify", work / "l1"]):
        run(*words, code=2)
    for words in (["--help"], ["replay", "--help"], ["rules", "check", "--help"], ["ledger", "verify", "--help"],
                  ["accord", "sign", "--help"], ["exercise", "grid", "--help"]):
        expect(run(*words).stdout, f"{words}: no help")

    # A full disk: a file system of 256 KiB that the ledger overflows.
    small = work / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", small], capture_output=True)
    if mounted.returncode == 0:
        try:
            done = run("replay", whole, *GRID, "--ledger", small / "ledger", "--ledger-key", work / "key",
                       "--ledger-secret", work / "secret", code=3)
            expect("not sealed" in done.stderr, f"a full disk is not loud: {done.stderr}")
        finally:
            subprocess.run(["umount", small], check=False)
    else:
        print("the full disk was left out: mounting a small file system needs root")


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        whole = grid(work, 1)
        broken_files(work, whole)
        every_way(work, whole)
        parts_in_any_order(work, whole)
        cut_packed(work, whole)
        cut_under_the_map(work, whole)
        long_frames(work)
        blocks_come_back(work)
        bounded_memory(work)
        waiting_can_be_stopped(work)
        if CORPORA:
            formats(work)
            if shutil.which("zstd"):
                packed_is_plain(work)
        else:
            print("the captures of every format were left out: no shared corpora")
    finish("input")


main()
