"""A directory with a disk that a shim stands before (tests/pipeline/disk_shim.c), feeds into a ledger on it, and the
history of a ledger that lost nothing, by which one that did is judged."""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

from common import PLIMSOLL, TOP, expect

sys.path.insert(0, str(TOP / "tests/pipeline"))
import disk_model as model  # noqa: E402
import forge_ledger as forge  # noqa: E402

BUILD = pathlib.Path(PLIMSOLL).parents[1]
FEED, SEALER, SHIM = (BUILD / p for p in ("tests/pipeline/seal-feed", "ledger/plimsoll-sealer",
                                          "tests/pipeline/disk-shim.so"))
N, GROUP, EVERY = 1000, 10, 10
COUNTS = re.compile(r"submitted (\d+) acknowledged (\d+) sealed (\d+) repeated (\d+)")
VKEY = re.compile(r"^\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$", re.M)


class Place:
    """A directory with a disk (root) that a shim watches; keys stand inside or outside of it."""

    def __init__(self, path, keys):
        self.path, self.root, self.ledger, self.keys = path, path / "root", path / "root/ledger", keys
        self.root.mkdir(parents=True)
        self.make_program()

    def make_program(self):
        wrapper = self.path / "sealer"
        wrapper.write_text(f"#!/bin/sh\nexec env LD_PRELOAD={SHIM} {SEALER} \"$@\"\n")
        wrapper.chmod(0o755)

    def feed(self, lose_at=0, count=N, fail=(0, 0, 0), grouped=True, **settings):
        """Run the feed; its result, what it was told, and the journal. fail: from a point, up to one, with an errno.
        grouped: each group acknowledged before the next, so that two runs make the same calls."""
        control, journal, status = self.path / "control", self.path / "journal", self.path / "status"
        control.write_bytes(struct.pack("6Q", 0, lose_at, 0, *fail))
        journal.write_bytes(b"")
        status.write_bytes(bytes(24))
        env = {**os.environ, "PLIMSOLL_DISK_ROOT": str(self.root), "PLIMSOLL_DISK_CONTROL": str(control),
               "PLIMSOLL_DISK_JOURNAL": str(journal), "PLIMSOLL_FEED_STATUS": str(status), **settings}
        keys = self.keys if self.keys else self.root / "config"
        groups = [str(GROUP), str(EVERY)] if grouped else []
        done = subprocess.run([FEED, self.path / "sealer", self.ledger, keys / "key", keys / "secret", "0", str(count),
                               *groups], capture_output=True, text=True, env=env, check=False)
        points, _, lost = struct.unpack("3Q", control.read_bytes()[:24])
        acknowledged, sealed, _ = struct.unpack("3Q", status.read_bytes())
        return done, points, bool(lost), acknowledged, sealed, journal.read_bytes()

    def put(self, disk, kept, seed):
        """The disk after a loss takes the place of the one that was."""
        shutil.rmtree(self.root)
        disk.write_after_loss(self.root, kept, seed)


def tree(path):
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def checkpoint_sizes(root):
    """Entries under both checkpoints, as far as they are there."""
    notes = [root / "ledger" / log / "checkpoint" for log in ("facts", "acts")]
    return sum(int(note.read_text().split("\n")[1]) for note in notes if note.exists())


class History:
    """The run that lost nothing: its journal, its ledger, and the root of each log at every size."""

    def __init__(self, work):
        self.keys = work / "keys"
        place = Place(work / "baseline", self.keys)
        done, self.points, _, _, _, self.journal = place.feed()
        expect(done.returncode == 0, f"the feed ended {done.returncode}: {done.stderr}")
        self.tree = tree(place.ledger)
        self.vkeys = VKEY.findall(done.stdout)
        self.calls = [record[:4] for record in model.records(self.journal)]
        self.roots = {}
        for log in ("facts", "acts"):
            leaves = [forge.spec.leaf_hash(e) for e in forge.entries_of(place.ledger / log)]
            self.roots[log] = [forge.spec.tree_hash(leaves[:n]) for n in range(len(leaves) + 1)]
        faults, _ = forge.spec.verify(place.ledger, self.vkeys, [])
        expect(not faults, f"the ledger that lost nothing does not verify: {faults[:3]}")
        # The same run again makes the same calls: only so does a point mean something.
        again = Place(work / "again", self.keys).feed()
        expect([r[:4] for r in model.records(again[5])] == self.calls, "two runs make different calls")

    def foreign_checkpoints(self, journal):
        """Checkpoints that were put in place and are not of this history."""
        content, foreign = {}, []
        for _, call, path, path2, offset, data in model.records(journal):
            if call == "write" and path.endswith("checkpoint.new"):
                content[path] = content.get(path, b"")[:offset] + data
            elif call == "create" or call == "truncate":
                content[path] = b""
            elif call == "rename" and path2.endswith("/checkpoint"):
                _, size, root = forge.spec.parse_checkpoint(content[path].decode().split("\n\n")[0] + "\n")
                roots = self.roots[path2.split("/")[-2]]
                if size >= len(roots) or roots[size] != root:
                    foreign.append((path2, size))
        return foreign


def judge(history, place, acknowledged, sealed, what):
    """What is on the disk, before and after everything is handed over again. The faults."""
    faults = []
    if checkpoint_sizes(place.root) < sealed:
        faults.append(f"{what}: {sealed} were shown as sealed, {checkpoint_sizes(place.root)} are")
    if sealed:
        keys = [w for key in history.vkeys for w in ("--key", key)]
        done = subprocess.run([PLIMSOLL, "ledger", "verify", place.ledger, *keys], capture_output=True, text=True,
                              check=False)
        faults += [f"{what}: {line}" for line in done.stderr.splitlines() if "not belong to the log" not in line]
    done, _, _, _, _, journal = place.feed()
    counts = COUNTS.search(done.stdout)
    if done.returncode or not counts:
        return [f"{what}: the next run ended {done.returncode}: {done.stderr[-500:]}"]
    if int(counts[4]) < acknowledged:
        faults.append(f"{what}: {acknowledged} were acknowledged, {counts[4]} are there")
    if history.foreign_checkpoints(journal):
        faults.append(f"{what}: checkpoints of another history: {history.foreign_checkpoints(journal)}")
    left = tree(place.ledger)
    if left != history.tree:
        differ = sorted(k for k in left.keys() | history.tree.keys() if left.get(k) != history.tree.get(k))
        faults.append(f"{what}: the ledger ended otherwise in {differ[:5]}")
    return faults
