#!/usr/bin/env python3
"""How packets travel changes nothing of what is found: mirrored and stripped, in tunnels, in fragments, with
link headers of other kinds, on any number of workers. And what intake leaves out is counted: frames that a filter
does not pass, packets whose checksums are wrong where they count."""
import json
import pathlib
import random

import capture_edit
from capture_edit import Frame
from carriers import behind_labels, behind_pppoe, behind_tag, in_6in4, in_erspan, in_fragments, in_gtp, in_vxlan, is_fragment
from common import GRID, expect, finish, grid, replay, temporary

def judged(work, frames, name, *options):
    """What is said of a capture, and its counts."""
    capture = capture_edit.write(work / f"{name}.pcap", frames)
    stats = work / "stats.json"
    lines = replay(capture, *GRID, *options, "--stats", stats)
    stats = json.loads(stats.read_text())
    return lines, {**stats, **stats["counts"], **stats["drops"]}


def of(lines, *types):
    """Lines of some types, without the digest of the policy, which says how the capture was taken in."""
    return [{k: v for k, v in line.items() if k != "policy"} for line in lines if line["type"] in types]


def carried(work, frames):
    plain, counts = judged(work, frames, "plain")
    expect(len(of(plain, "finding")) > 5, "the exercise gave too few findings")
    ip = [f for f in frames if f.is_ip4]
    others = [f for f in frames if not f.is_ip4]

    def wrapped(wrap):
        return sorted([Frame(f.ns, wrap(bytes(f.data[:f.end]))) for f in ip] + others, key=lambda f: f.ns)

    for name, wrap in ("vxlan", in_vxlan), ("erspan", in_erspan):
        lines, stats = judged(work, wrapped(wrap), name, "--strip", name)
        expect(of(lines, "finding", "not-raised", "coverage") == of(plain, "finding", "not-raised", "coverage"), f"mirrored by {name}: not what it is without")
        expect(stats["stripped"] == len(ip), f"{name}: {stats['stripped']} stripped of {len(ip)}")
        expect(stats["flows"] == counts["flows"], f"{name}: {stats['flows']} flows, not {counts['flows']}")
    for name, wrap in ("vxlan", in_vxlan), ("erspan", in_erspan), ("gtp", in_gtp), ("ip-in-ip", in_6in4), ("mpls", behind_labels), ("pppoes", behind_pppoe):
        for workers in 1, 3:
            lines, stats = judged(work, wrapped(wrap), name, "--workers", workers)
            expect(of(lines, "finding") == of(plain, "finding"), f"in {name}, {workers} workers: not the findings without")
            expect(stats["frames"][name] == len(ip), f"{name}: {stats['frames'][name]} frames, not {len(ip)}")
    # Mirrors whose packets were too long for the network that carries them. The link of each fragment is the mirror's own.
    for name, wrap in ("vxlan", in_vxlan), ("erspan", in_erspan):
        for workers in 1, 3:
            cut = in_fragments(wrapped(lambda data: behind_tag(wrap(data))), random.Random(6), more_than=200)
            lines, stats = judged(work, cut, f"{name}-cut", "--strip", name, "--workers", workers)
            expect(of(lines, "finding", "not-raised", "coverage") == of(plain, "finding", "not-raised", "coverage"),
                   f"mirrored by {name} in fragments: not what it is without")
            pieces = sum(map(is_fragment, cut))
            expect(stats["mirror_fragments"] == pieces > 0, f"{name}: {stats['mirror_fragments']} fragments, not {pieces}")
            expect(stats["stripped"] == len(ip), f"{name} in fragments: {stats['stripped']} stripped of {len(ip)}")
            expect(stats["mirror_datagrams"] == len(ip) - (len(cut) - pieces - len(others)), f"{name}: {stats['mirror_datagrams']} made whole")
            expect(stats["flows"] == counts["flows"] and stats["fragments"] == stats["mirror_incomplete"] == 0, f"{name} in fragments: {stats['flows']} flows")
    for workers in 1, 3:
        cut = in_fragments(frames, random.Random(5))
        lines, stats = judged(work, cut, "fragments", "--workers", workers)
        expect(of(lines, "finding") == of(plain, "finding"), f"in fragments, {workers} workers: not the findings without")
        first = sum(f.is_ip4 and f.word(20) & 0x3fff == 0x2000 for f in cut)
        expect(stats["datagrams"] == first > 0, f"{stats['datagrams']} datagrams, not {first}")
        for count in "fragments_overlap", "fragments_bad", "fragments_full", "datagrams_incomplete", "datagrams_evicted":
            expect(stats[count] == 0, f"fragments: {stats[count]} {count}")


def filtered(work, frames):
    wanted = sum(f.is_tcp and 502 in f.ports for f in frames)
    _, stats = judged(work, frames, "filter", "--filter", "tcp port 502")
    expect(0 < wanted < len(frames) and stats["packets"] == wanted, f"the filter passed {stats['packets']}, not {wanted}")
    expect(stats["source-packets"] == len(frames), f"{stats['source-packets']} read of {len(frames)}")
    expect(stats["filtered"] == len(frames) - wanted, "what was filtered is not counted")
    replay(work / "filter.pcap", "--filter", "port port", code=2)


def checked(work, frames):
    tcp = [i for i, f in enumerate(frames) if f.is_tcp]
    for share, first in (40, 100), (1, 0):
        changed = [Frame(f.ns, f.data) for f in frames]
        wrong = [i for i in tcp if i >= first and i % share == 0]
        for i in wrong:
            changed[i].data[50] ^= 0x55
        modes = {"validate": len(wrong), "ignore": 0, "auto": len(wrong) if share > 10 else 0}
        for mode, expected in modes.items():
            for workers in 1, 3:
                _, stats = judged(work, changed, "checksums", "--checksums", mode, "--workers", workers)
                got = stats["verdicts"]["checksum"]
                expect(got == expected or (mode == "auto" and share == 1 and got < len(wrong) // 10),
                       f"--checksums {mode}, {len(wrong)} of {len(frames)} wrong: {got} refused, not {expected}")


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        frames = capture_edit.read(grid(work, 1))
        carried(work, frames)
        filtered(work, frames)
        checked(work, frames)
    finish("carried")


main()
