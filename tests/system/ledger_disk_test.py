#!/usr/bin/env python3
"""The disk is full, or answers with errors, while entries are handed over: nothing is lost quietly.

1. A feed of 1,000 entries (tests/pipeline/seal_feed.c), behind tests/pipeline/disk_shim.c: from a point on the
   sealer's calls fail with ENOSPC or EIO, for a while or for good. What comes back to life goes on; what does not ends
   3, names the cause and what is not sealed. In both cases nothing is under a checkpoint that was not handed over,
   and the next run seals all, byte for byte as if nothing had been.
2. The same when the engine's own file cannot be written either, and when no more may wait.
3. A replay of the exercise over a disk that fails, then one over the same disk when it is mended: the facts are those
   of a disk that never failed, and a third run adds nothing.
4. A real file system that is too small (needs root: a tmpfs in a namespace of its own), then grown.
Default: every k-th point. --full: all.
"""
import errno
import multiprocessing
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from common import FULL, GRID, PLIMSOLL, expect, fault, finish, grid, skip
from disk_place import FEED, SHIM, History, Place, forge, judge, tree

FOR_GOOD = 1 << 40
CAUSES = {errno.ENOSPC: "No space left on device", errno.EIO: "Input/output error"}


def fail_once(job):
    """Calls fail from a point on, as many as said. How it went, and the faults."""
    history, work, number, code, calls = job
    place = Place(work / f"fail-{number}-{code}-{calls}", history.keys)
    what = f"point {number}, {errno.errorcode[code]} for {calls if calls < FOR_GOOD else 'all further'} calls"
    try:
        faults = []
        # Little may wait, and not long, so that there is an end to it.
        done, points, _, acknowledged, sealed, journal = place.feed(
            fail=(number, number + calls, code), PLIMSOLL_FEED_ROOM="20000", PLIMSOLL_FEED_PATIENCE="1")
        if points < number:
            return what, "no call failed", faults
        if done.returncode not in (0, 3):
            faults.append(f"{what}: ended {done.returncode}: {done.stderr[-400:]}")
        if done.returncode == 3 and CAUSES[code] not in done.stderr:
            faults.append(f"{what}: the cause is not named: {done.stderr[-600:]}")
        if done.returncode == 3 and not re.search(r"(not sealed|under no checkpoint|cannot be handed over|cannot be opened|cannot)", done.stderr):
            faults.append(f"{what}: not said what is not sealed: {done.stderr[-600:]}")
        if calls == FOR_GOOD and done.returncode == 0 and points < history.points:
            faults.append(f"{what}: ended 0 though nothing could be written")
        if history.foreign_checkpoints(journal):
            faults.append(f"{what}: a checkpoint of another history")
        if place.ledger.exists():
            faults += judge(history, place, acknowledged, sealed, what)
        return what, "recovered" if done.returncode == 0 else "ended 3", faults
    finally:
        shutil.rmtree(place.path)


def no_room_for_what_waits(history, work):
    """Neither the sealer nor the engine's own file can write: what waits in memory is said to be so, and named."""
    place = Place(work / "memory-only", history.keys)
    done, points, *_ = place.feed(count=0)
    expect(done.returncode == 0, f"an empty feed ended {done.returncode}")
    done, _, _, acknowledged, sealed, _ = place.feed(fail=(points + 400, FOR_GOOD, errno.ENOSPC), LD_PRELOAD=str(SHIM),
                                                     PLIMSOLL_FEED_PATIENCE="1", PLIMSOLL_FEED_ROOM="20000")
    expect(done.returncode == 3, f"with nowhere to write the feed ended {done.returncode}")
    for words in (CAUSES[errno.ENOSPC], "wait in memory only", "entries are not sealed", "is lost"):
        expect(words in done.stderr, f"with nowhere to write it is not said: {words}: {done.stderr[-1500:]}")
    for text in judge(history, place, acknowledged, sealed, "memory only"):
        fault(text)


def replay(capture, ledger, keys, env=None):
    return subprocess.run([PLIMSOLL, "replay", capture, *GRID, "--ledger", ledger, "--ledger-key", keys / "key",
                           "--ledger-secret", keys / "secret", "--json"], capture_output=True, text=True, env=env, check=False)


def facts(ledger):
    return {k: v for k, v in tree(ledger).items() if k.startswith("facts/")}


def replay_over(history, work, capture, wanted, number, code):
    """A replay whose disk fails from a point on, then one when it is mended, then a third."""
    place = Place(work / f"replay-{number}-{code}", history.keys)
    what = f"replay, point {number}, {errno.errorcode[code]}"
    control = place.path / "control"
    control.write_bytes(struct.pack("6Q", 0, 0, 0, number, FOR_GOOD, code))
    env = {**os.environ, "PLIMSOLL_DISK_ROOT": str(place.root), "PLIMSOLL_DISK_CONTROL": str(control), "LD_PRELOAD": str(SHIM)}
    done = replay(capture, place.ledger, history.keys, env)
    if struct.unpack("Q", control.read_bytes()[:8])[0] < number:
        shutil.rmtree(place.path)
        return False
    # The last call of all takes the file of what waits away: then everything is sealed already.
    expect(done.returncode in (2, 3) or (done.returncode == 0 and facts(place.ledger) == wanted),
           f"{what}: ended {done.returncode}")
    expect(CAUSES[code] in done.stderr, f"{what}: the cause is not named: {done.stderr[-800:]}")
    done = replay(capture, place.ledger, history.keys)
    expect(done.returncode == 0, f"{what}: the next run ended {done.returncode}: {done.stderr[-800:]}")
    expect(facts(place.ledger) == wanted, f"{what}: the facts are others than on a disk that never failed")
    done = replay(capture, place.ledger, history.keys)
    expect(facts(place.ledger) == wanted, f"{what}: a third run adds facts")
    found, _ = forge.spec.verify(place.ledger, verifier_keys(place.ledger, history.keys, capture), [])
    expect(not found, f"{what}: {found[:3]}")
    shutil.rmtree(place.path)
    return True


def verifier_keys(ledger, keys, capture):
    done = subprocess.run([PLIMSOLL, "replay", capture, *GRID, "--ledger", ledger, "--ledger-key", keys / "key",
                           "--ledger-secret", keys / "secret"], capture_output=True, text=True, check=False)
    return re.findall(r"\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$", done.stdout, re.M)


def small_file_system(work, keys, capture, wanted):
    """A tmpfs of so few pages that the ledger does not fit, in a mount namespace of a child; then it is grown."""
    script = f"""
set -e
mkdir -p {work}/small
mount -t tmpfs -o size=256k tmpfs {work}/small
first=0; "$@" --json >/dev/null 2>{work}/first || first=$?
mount -o remount,size=64m {work}/small
second=0; "$@" --json >/dev/null 2>{work}/second || second=$?
cp -r {work}/small/ledger {work}/grown
echo "$first $second"
"""
    command = [PLIMSOLL, "replay", capture, *GRID, "--ledger", work / "small/ledger", "--ledger-key", keys / "key",
               "--ledger-secret", keys / "secret"]
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *map(str, command)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"a file system that is really full was not tried: {done.stderr.strip()[-200:]}")
        return
    first, second = (work / "first").read_text(), (work / "second").read_text()
    expect(done.stdout.split() == ["3", "0"], f"on a small file system and on a grown one: ended {done.stdout}; {first[-600:]} {second[-600:]}")
    expect(CAUSES[errno.ENOSPC] in first, f"that the file system is full is not named: {first[-600:]}")
    expect(facts(work / "grown") == wanted, "the facts on the grown file system are others")


def main():
    for program in (FEED, SHIM):
        if not program.exists():
            skip(f"{program.name} was not built")
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="plimsoll-test-", dir=where) as directory:
        work = pathlib.Path(directory)
        history = History(work)
        step = 7 if FULL else max(1, history.points // 9)
        jobs = [(history, work, n, code, calls) for n in range(1, history.points + 1, step)
                for code, calls in ((errno.ENOSPC, FOR_GOOD), (errno.EIO, FOR_GOOD), (errno.ENOSPC, 12), (errno.EIO, 1))]
        ways = {}
        with multiprocessing.Pool(os.cpu_count()) as pool:
            for what, how, found in pool.imap_unordered(fail_once, jobs):
                ways[how] = ways.get(how, 0) + 1
                for text in found:
                    fault(text)
        expect(ways.get("recovered", 0) > 3 and ways.get("ended 3", 0) > 3, f"not both ways were gone: {ways}")
        no_room_for_what_waits(history, work)

        capture = grid(work, 1)
        place = Place(work / "never-failed", history.keys)
        expect(replay(capture, place.ledger, history.keys).returncode == 0, "a replay on a sound disk fails")
        wanted = facts(place.ledger)
        tried = 0
        for number in range(1, 2000, 7 if FULL else 31):
            if not replay_over(history, work, capture, wanted, number, (errno.ENOSPC, errno.EIO)[tried % 2]):
                break
            tried += 1
        expect(tried > 2, f"only {tried} points of a replay were tried")
        small_file_system(work, history.keys, capture, wanted)
        print(f"{len(jobs)} feeds whose disk failed: {ways}; {tried} replays")
    finish("failing disks")


main()
