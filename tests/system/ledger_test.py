#!/usr/bin/env python3
"""Every single byte of every public file of a small ledger, changed by XOR 0x01 and by XOR 0x80: verify ends 1
and names what broke (lines of unknown keys, which a note must ignore, are reported instead). A log rewritten
under another key, and stray or missing files, are noticed too. Keys come from outside the directory."""
import multiprocessing
import os
import pathlib
import re
import shutil
import subprocess

from common import GRID, PLIMSOLL, expect, fault, finish, grid, run, temporary

VKEY = re.compile(r"\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$", re.M)


def make(work, name, key, secret="secret"):
    """A small ledger: the first packets of an exercise; its directory and verifier keys."""
    ledger = work / name
    done = run("replay", work / "small.pcapng", *GRID, "--ledger", ledger, "--ledger-key", work / key,
               "--ledger-secret", work / secret)
    return ledger, VKEY.findall(done.stdout)


def verify(ledger, keys):
    return subprocess.run([PLIMSOLL, "ledger", "verify", str(ledger), *[w for k in keys for w in ("--key", k)]],
                          capture_output=True, text=True)


def public_files(ledger):
    return [p for part in ("facts", "acts") for p in sorted((ledger / part).rglob("*")) if p.is_file()]


def shorten(work, capture, packets):
    """The first packets of a little-endian pcapng."""
    data, at, n = capture.read_bytes(), 0, 0
    while at < len(data) and n < packets:
        n += int.from_bytes(data[at:at + 4], "little") == 6
        at += int.from_bytes(data[at + 4:at + 8], "little")
    (work / "small.pcapng").write_bytes(data[:at])


def flip_part(part):
    """One share of the flips, on a copy of the ledger; what went wrong, in words."""
    ledger, keys, share, shares, work = part
    copy = work / f"copy-{share}"
    shutil.copytree(ledger, copy)
    said, n = [], 0
    for path in public_files(copy):
        data, name = path.read_bytes(), path.relative_to(copy)
        for at in range(len(data)):
            n += 1
            if n % shares != share:
                continue
            for flip in (0x01, 0x80):
                path.write_bytes(data[:at] + bytes([data[at] ^ flip]) + data[at + 1:])
                done = verify(copy, keys)
                if done.returncode != 1:
                    said.append(f"{name} byte {at} ^ {flip:#x}: verify ended {done.returncode}")
                elif name.parts[0] not in done.stderr + done.stdout:
                    said.append(f"{name} byte {at}: what broke is not named: {done.stderr}")
        path.write_bytes(data)
    if verify(copy, keys).returncode != 0:
        said.append("the ledger restored does not verify")
    return n, said


def every_byte(ledger, keys, work):
    shares = os.cpu_count() or 1
    with multiprocessing.Pool(shares) as pool:
        results = pool.map(flip_part, [(ledger, keys, share, shares, work) for share in range(shares)])
    total = sum(p.stat().st_size for p in public_files(ledger))
    for n, said in results:
        expect(n == total, f"{n} of {total} bytes were looked at")
        for words in said:
            fault(words)


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        shorten(work, grid(work, 1), 400)
        ledger, keys = make(work, "ledger", "key")
        expect(len(keys) == 2, f"the screen names {len(keys)} verifier keys, not 2")
        done = verify(ledger, keys)
        expect(done.returncode == 0, f"a fresh ledger does not verify: {done.stderr}")
        for words in ("PROVES", "DOES NOT PROVE", "STILL OPEN"):
            expect(words in done.stdout, f"the report lacks {words}")
        expect(verify(ledger, keys[:1]).returncode == 1, "a log without its key verifies")

        shown = run("ledger", "show", ledger).stdout.splitlines()
        expect(len(shown) >= 4, "ledger show shows nothing")

        every_byte(ledger, keys, work)

        # A line of a key that is not known is reported and does no harm; neither does a change in it.
        checkpoint = ledger / "facts/checkpoint"
        text = checkpoint.read_text()
        line = "\u2014 witness.example/x AAAAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=\n"
        checkpoint.write_text(text + line)
        done = verify(ledger, keys)
        expect(done.returncode == 0 and "unknown" in done.stdout, f"a line of an unknown key: {done.returncode} {done.stdout}")
        checkpoint.write_text(text)

        # Another key: the same entries sealed and signed by somebody else.
        other, other_keys = make(work, "other", "key-2")
        done = verify(other, keys)
        expect(done.returncode == 1, "a log rewritten under another key verifies")
        expect(verify(other, other_keys).returncode == 0, "the other ledger does not verify under its own keys")

        # Files that are missing, and files that should not be there.
        for path in public_files(ledger):
            data = path.read_bytes()
            path.unlink()
            expect(verify(ledger, keys).returncode == 1, f"without {path.relative_to(ledger)} the ledger verifies")
            path.write_bytes(data)
        stray = ledger / "facts/tile/stray"
        stray.write_text("x")
        done = verify(ledger, keys)
        expect(done.returncode == 1 and "stray" in done.stderr + done.stdout, "a stray file is not named")
        stray.unlink()

        # The same packets again are sealed already; verify still ends well.
        again, _ = make(work, "ledger", "key")
        expect(verify(again, keys).returncode == 0, "after a second run the ledger does not verify")
    finish("ledger")


main()
