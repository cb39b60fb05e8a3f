#!/usr/bin/env python3
"""Bad input of any kind: a clear error with file and place, the right exit code, and nothing good lost."""
import pathlib
import struct
import subprocess

from common import ACCORD, GRID, TOP, expect, finish, grid, replay, run, temporary


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        whole = grid(work, 1)
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
    finish("input")


main()
