"""Running tests/pipeline/seal_feed.c, with a shim between it and the disk where that is asked for."""
import os
import pathlib
import re
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import verify_ledger as spec  # noqa: E402

BUILD = pathlib.Path(os.environ.get("PLIMSOLL") or
                     pathlib.Path(__file__).resolve().parents[2] / "build/app/plimsoll").parents[1]
PLIMSOLL, FEED, SEALER, SHIM = (BUILD / p for p in ("app/plimsoll", "tests/pipeline/seal-feed",
                                                    "ledger/plimsoll-sealer", "tests/pipeline/disk-shim.so"))
COUNTS = re.compile(r"submitted (\d+) acknowledged (\d+) sealed (\d+) repeated (\d+)")
VKEY = re.compile(r"^\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$", re.M)
LOGS = ("facts", "acts")

missing = [p.name for p in (FEED, SHIM) if not p.exists()]


def memory_directory():
    """A disk in memory where there is one: faster, and what it keeps is not what is tested."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def command(program, ledger, keys, first=None, end=None, *groups):
    words = [] if first is None else [first, end, *groups]
    return [str(w) for w in (FEED, program, ledger, keys / "key", keys / "secret", *words)]


def feed(ledger, keys, first=None, end=None, program=SEALER, env=None, timeout=300):
    """Entries first to end - 1: the result, and its counts by name (None: it said none)."""
    done = subprocess.run(command(program, ledger, keys, first, end), capture_output=True, text=True, check=False,
                          env={**os.environ, **(env or {})}, timeout=timeout)
    found = COUNTS.search(done.stdout)
    names = ("submitted", "acknowledged", "sealed", "repeated")
    return done, dict(zip(names, map(int, found.groups()))) if found else None


def checkpoint_sizes(ledger):
    """Entries under both checkpoints, as far as they are there."""
    notes = [ledger / log / "checkpoint" for log in LOGS]
    return sum(int(note.read_text().split("\n")[1]) for note in notes if note.exists())


def verdicts(ledger, vkeys, since=()):
    """Faults that either verifier finds."""
    faults = ["python: " + f for f in spec.verify(ledger, vkeys, since)[0]]
    words = [w for key in vkeys for w in ("--key", key)] + [w for s in since for w in ("--since", s)]
    done = subprocess.run([PLIMSOLL, "ledger", "verify", ledger, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        faults += ["plimsoll: " + line for line in done.stderr.splitlines()] or [f"plimsoll ended {done.returncode}"]
    return faults


class Control:
    """The page that steers tests/pipeline/disk_shim.c, and the environment that loads it."""

    def __init__(self, path, root, journal=None):
        self.path = path
        self.env = {"PLIMSOLL_DISK_ROOT": str(root), "PLIMSOLL_DISK_CONTROL": str(path)}
        if journal:
            self.env["PLIMSOLL_DISK_JOURNAL"] = str(journal)
        self.set()

    def set(self, lose_at=0, fail_from=0, fail_to=0, error=0):
        self.path.write_bytes(struct.pack("6Q", 0, lose_at, 0, fail_from, fail_to, error))

    def read(self):
        """Points so far, and whether power was lost."""
        points, _, lost = struct.unpack("3Q", self.path.read_bytes()[:24])
        return points, bool(lost)


def shimmed_sealer(path):
    """A program that is the sealer with the shim loaded; the one that starts it is left alone."""
    path.write_text(f"#!/bin/sh\nexec env LD_PRELOAD={SHIM} {SEALER} \"$@\"\n")
    path.chmod(0o755)
    return path
