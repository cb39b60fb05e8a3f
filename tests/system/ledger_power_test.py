#!/usr/bin/env python3
"""Power is lost at every write, truncation, fsync, rename, creation and removal of 1,000 appends.

tests/pipeline/disk_shim.c ends the sealer and its client at a point; disk_model.py says what a disk may hold then:
only what was synced, everything, or some of the rest (its head states the model). On each such disk the ledger is
opened again and the same 1,000 entries are handed over again:
- no acknowledged entry is lost: all of them are there already;
- nothing was shown as sealed that is not under the checkpoint on the disk, and what is under it verifies there
  and then, before anything is mended (files that do not belong there may have come back);
- every checkpoint that was ever put in place, before and after the loss, has the root that the one history has at
  its size, so none is inconsistent with another;
- the ledger ends as the one that never lost power, byte for byte: the second run adds only what was missing.
Then the same for a loss in the run after a loss, or after a kill that left writes behind which only the memory of
the machine holds; for the first start, in which keys are made; and for an engine whose sealer is gone: what it said
waits in its own file is sealed by the next start.
Default: every k-th point. --full: all.
"""
import multiprocessing
import os
import pathlib
import shutil
import signal
import struct
import tempfile

from common import FULL, expect, fault, finish, skip
from disk_place import COUNTS, FEED, N, SHIM, VKEY, History, Place, checkpoint_sizes, forge, judge, model, tree

ORPHAN, WAITING = 20, 80  # the sealer is lost after so many entries of so many


def losses(number):
    """Which disks are looked at after a loss at a point; the kindest, and slowest to tell, less often."""
    return [("none", 0), ("some", number)] + ([("all", 0)] if number % 3 == 0 else [])


def lose_once(job):
    history, work, number = job
    place = Place(work / f"point-{number}", history.keys)
    try:
        faults, call = [], next((c for c in history.calls if c[0] >= number), "the end")
        done, _, lost, acknowledged, sealed, journal = place.feed(lose_at=number)
        if not lost or done.returncode != -signal.SIGKILL:
            return [f"point {number} {call}: no power was lost, the feed ended {done.returncode}: {done.stderr[-300:]}"]
        if [r[:4] for r in model.records(journal)] != [c for c in history.calls if c[0] < number]:
            faults.append(f"point {number}: the calls before it are others")
        if history.foreign_checkpoints(journal):
            faults.append(f"point {number}: a checkpoint of another history")
        for kept, seed in losses(number):
            what = f"point {number} {call}, {kept} kept"
            disk = model.Disk(model.Directory())
            disk.apply(journal)
            place.put(disk, kept, seed)
            faults += judge(history, place, acknowledged, sealed, what)
            if number % 50 == 0:
                done = place.feed()[0]
                if f"repeated {N}" not in done.stdout or tree(place.ledger) != history.tree:
                    faults.append(f"{what}: a run over what is there adds something")
        return faults
    finally:
        shutil.rmtree(place.path)


def lose_twice(job):
    """A loss at a point, then another at each of the first calls of the run after it, and at some later ones.
    kept "kill": the first is none, but the end of the processes; what was not synced is still not."""
    history, work, number, kept = job
    faults, tried, second = [], 0, 1 + number % 7
    place = Place(work / f"twice-{number}-{kept}", history.keys)
    try:
        _, _, _, before, _, journal = place.feed(lose_at=number)
        disk = model.Disk(model.Directory())
        disk.apply(journal)
        after_first, first = place.path / "after-first", journal if kept == "kill" else b""
        disk.write_after_loss(after_first, "all" if kept == "kill" else kept, number)
        while True:
            place.put(model.Disk(model.load(after_first)), "all", 0)
            _, _, lost, acknowledged, sealed, journal = place.feed(lose_at=second)
            if not lost:
                return faults, tried
            tried += 1
            for kept_then in ("none", "some") if FULL else ("none",):
                disk = model.Disk(model.Directory() if first else model.load(after_first))
                disk.apply(first)
                disk.apply(journal)
                place.put(disk, kept_then, second)
                what = f"point {number}, {kept} kept, then point {second}, {kept_then} kept"
                faults += judge(history, place, max(before, acknowledged), sealed, what)
            # The first calls open and mend; what follows is as in the first run. Another job begins elsewhere.
            second += 131 if second > 80 else 7
    finally:
        shutil.rmtree(place.path)


def first_start(job):
    """A loss before there is a ledger: keys that were made are there, or nothing was begun with them."""
    work, number = job
    faults = []
    place = Place(work / f"start-{number}", None)
    try:
        done, _, lost, acknowledged, _, journal = place.feed(lose_at=number, count=3)
        if not lost:
            return None
        for kept, seed in (("none", 0), ("some", number), ("all", 0)):
            what = f"first start, point {number}, {kept} kept"
            disk = model.Disk(model.Directory())
            disk.apply(journal)
            place.put(disk, kept, seed)
            done, *_ = place.feed(count=3)
            counts = COUNTS.search(done.stdout)
            if done.returncode or not counts or int(counts[3]) != 3 or int(counts[4]) < acknowledged:
                faults.append(f"{what}: the next start ended {done.returncode}: {done.stdout}{done.stderr[-500:]}")
                continue
            broken, _ = forge.spec.verify(place.ledger, VKEY.findall(done.stdout), [])
            faults += [f"{what}: {b}" for b in broken]
        return faults
    finally:
        shutil.rmtree(place.path)


def lose_waiting(job):
    """A loss while entries wait in the engine's own file. None: there is no such point any more."""
    history, work, number = job
    faults = []
    place = Place(work / f"waiting-{number}", history.keys)
    try:
        _, _, lost, _, sealed, journal = place.feed(lose_at=number, count=WAITING, grouped=False, LD_PRELOAD=str(SHIM),
                                                    PLIMSOLL_FEED_ORPHAN=str(ORPHAN))
        kept = struct.unpack("3Q", (place.path / "status").read_bytes())[2]
        for how, seed in (("none", 0), ("some", number), ("all", 0)):
            what = f"without a sealer, point {number}, {how} kept"
            place.make_program()
            disk = model.Disk(model.Directory())
            disk.apply(journal)
            place.put(disk, how, seed)
            done, *_ = place.feed(count=0)
            if done.returncode:
                faults.append(f"{what}: the next start ended {done.returncode}: {done.stderr[-500:]}")
            elif checkpoint_sizes(place.root) < kept:
                faults.append(f"{what}: {kept} were acknowledged or kept, {checkpoint_sizes(place.root)} are sealed")
            faults += judge(history, place, kept, sealed, what)
        return faults if lost else None
    finally:
        shutil.rmtree(place.path)


def until_none(job):
    """Points in steps until there is none: faults, how many were tried, and the last."""
    act, arguments, step = job
    faults, number, tried = [], 1, 0
    while True:
        found = act((*arguments, number))
        if found is None:
            return faults, tried, number - 1
        faults += found
        tried += 1
        number += step


def main():
    for program in (FEED, SHIM):
        if not program.exists():
            skip(f"{program.name} was not built")
    # A disk in memory where there is one: what a disk keeps is the model's business.
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="plimsoll-test-", dir=where) as directory:
        work = pathlib.Path(directory)
        history = History(work)
        step = 1 if FULL else max(1, history.points // 20)
        numbers = list(range(1, history.points + 1, step))
        # A kill says most before a sync: does anybody make up for it before more is built on what was not synced?
        directories = [b[0] for a, b in zip(history.calls, history.calls[1:]) if a[1] == "mkdir" and b[1] == "sync"
                       and (FULL or a[2] == "ledger/private/acts")]
        unsynced = [c[0] for c in history.calls if c[1] == "sync" and c[2].endswith("facts/wal")][3:]
        twice = [(history, work, n, kept) for n in numbers[3::max(1, len(numbers) // (12 if FULL else 1))]
                 for kept in (("none", "some") if FULL else ("some",))]
        twice += [(history, work, n, "kill") for n in (directories + unsynced[::9] if FULL else
                                                       directories + unsynced[:1])]
        with multiprocessing.Pool(2) as pool:
            starts = pool.apply_async(until_none, ((first_start, (work,), 1 if FULL else 9),))
            waiting = pool.apply_async(until_none, ((lose_waiting, (history, work), 1 if FULL else 23),))
            done = 0
            for found in pool.imap_unordered(lose_once, [(history, work, n) for n in numbers]):
                done += 1
                for text in found:
                    fault(text)
            second = 0
            for found, n in pool.imap_unordered(lose_twice, twice):
                second += n
                for text in found:
                    fault(text)
            (found, tried, last), (more, waited, waited_last) = starts.get(), waiting.get()
            for text in found + more:
                fault(text)
        expect(done == len(numbers) and tried > 5 and waited > 5, "not all points were tried")
        print(f"{history.points} points in {N} appends, every {step}. of them: {done} losses; "
              f"after {len(twice)} of them {second} second losses in the next run; first start: {tried} of {last} points; "
              f"without a sealer: {waited} of {waited_last}")
    finish("losing power")


main()
