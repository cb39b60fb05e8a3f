#!/usr/bin/env python3
"""A hundred times kill -9 (twenty without --full), of the sealer and of the process that feeds it in turn, at any moment under load.

tests/pipeline/seal_feed.c hands over entries as fast as they are taken. After each kill the next round hands over
part of what was there and more: what was acknowledged is in the ledger, in its place; nothing that was shown as
sealed is missing from the checkpoints; every checkpoint that anybody saw is one of the same history. When a sealer is
killed the feed starts another and goes on; when the feed is killed the sealer seals what it was handed and ends."""
import mmap
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from common import FULL, TOP, expect, fault, finish, skip

sys.path.insert(0, str(TOP / "tests/pipeline"))
import feed  # noqa: E402

ROUNDS, ENOUGH = (100, 10000) if FULL else (20, 1500)
LOAD = 150  # entries that a round hands over, of which OVERLAP were handed over before
OVERLAP = 40


def children(pid):
    try:
        return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def wait_for_orphan(ledger, pid):
    """Until the sealer of a feed that was killed has ended by itself, with its last checkpoint."""
    for _ in range(3000):
        if not pid or not pathlib.Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.01)
    fault(f"{ledger}: the sealer {pid} outlives the feed by more than half a minute")


class Work:
    def __init__(self, path):
        self.path, self.ledger, self.keys, self.status = path, path / "ledger", path / "keys", path / "status"
        self.kills = {"sealer": 0, "feed": 0}
        self.acknowledged = 0  # acknowledgements that feeds were told of, in all
        self.repeated = 0
        self.taken = 0  # entries 0 to taken - 1 were acknowledged
        self.seen = []  # checkpoints that were seen
        self.status.write_bytes(bytes(24))

    def remember(self):
        for log in feed.LOGS:
            note = self.ledger / log / "checkpoint"
            if note.exists():
                copy = self.path / f"seen-{len(self.seen)}"
                shutil.copy(note, copy)
                self.seen.append(copy)

    def round(self, number, rng):
        first = max(0, self.taken - OVERLAP)
        target = rng.randrange(LOAD)
        victim = "feed" if number % 2 else "sealer"
        self.status.write_bytes(bytes(24))
        env = {**os.environ, "PLIMSOLL_FEED_STATUS": str(self.status)}
        with self.status.open("r+b") as f, mmap.mmap(f.fileno(), 24) as page, \
                subprocess.Popen(feed.command(feed.SEALER, self.ledger, self.keys, first, first + LOAD),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
            while process.poll() is None and struct.unpack("Q", page[:8])[0] < target:
                time.sleep(0.0001)
            sealers = children(process.pid)
            if process.poll() is None and sealers:
                try:
                    os.kill(sealers[0] if victim == "sealer" else process.pid, signal.SIGKILL)
                    self.kills[victim] += 1
                except ProcessLookupError:
                    pass
            out, err = process.communicate()
            acknowledged, sealed, _ = struct.unpack("3Q", page[:24])
        killed = process.returncode == -signal.SIGKILL
        if not expect(killed or process.returncode == 0, f"round {number}: the feed ended {process.returncode}: {err}"):
            return
        if killed:
            wait_for_orphan(self.ledger, sealers[0] if sealers else 0)
        else:
            expect(acknowledged == LOAD and sealed == LOAD, f"round {number}: {acknowledged} acknowledged, {sealed} "
                   f"sealed of {LOAD}: {err}")
            counts = feed.COUNTS.search(out)
            self.repeated += int(counts[4])
            expect(int(counts[4]) >= self.taken - first, f"round {number}: {counts[4]} of {self.taken - first} were there")
        self.acknowledged += acknowledged
        self.taken = max(self.taken, first + acknowledged)
        # The lists' entries are taken in order: so many are in both logs together.
        size = feed.checkpoint_sizes(self.ledger)
        expect(size >= self.taken, f"round {number}: {self.taken} were acknowledged, {size} are under the checkpoints")
        self.remember()


def main():
    if feed.missing:
        skip(f"{', '.join(feed.missing)}: not built")
    seed = int(os.environ.get("PLIMSOLL_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"PLIMSOLL_TEST_SEED={seed}")
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="plimsoll-test-", dir=feed.memory_directory()) as directory:
        work = Work(pathlib.Path(directory))
        number = 0
        while sum(work.kills.values()) < ROUNDS or work.acknowledged < ENOUGH:
            work.round(number, rng)
            number += 1
            if not expect(number < 4 * ROUNDS, f"only {work.kills} kills in {number} rounds"):
                break
        done, counts = feed.feed(work.ledger, work.keys, 0, work.taken)
        expect(done.returncode == 0 and counts and counts["repeated"] == work.taken,
               f"a run over what is there: {done.returncode}, {counts} of {work.taken}: {done.stderr}")
        vkeys = feed.VKEY.findall(done.stdout)
        for text in feed.verdicts(work.ledger, vkeys, work.seen):
            fault(text)
        expect(not (work.ledger / "private/waiting").exists(), "something still waits")
        print(f"{work.kills['sealer']} sealers and {work.kills['feed']} feeds killed, {work.acknowledged} acknowledgements "
              f"({work.repeated} of entries that were there), {work.taken} entries, {len(work.seen)} checkpoints seen")
    finish("kill -9")


main()
