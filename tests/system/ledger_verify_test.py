#!/usr/bin/env python3
"""Two verifiers, plimsoll ledger verify and tests/verify_ledger.py, which has none of its code: both accept what
plimsoll writes, and both reject, naming what broke, what a thief or the key holder himself could make of it."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

from common import FULL, GRID, PLIMSOLL, TOP, expect, finish, grid, run, temporary

sys.path.insert(0, str(TOP / "tests/pipeline"))
import forge_ledger as forge  # noqa: E402

FEED = pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/seal-feed"
SEALER = pathlib.Path(PLIMSOLL).parents[1] / "ledger/plimsoll-sealer"
VKEY = re.compile(r"\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$", re.M)


class Ledger:
    """A directory, the keys from outside it, and where these came from."""

    def __init__(self, path, keys, key_file):
        self.path, self.keys, self.key_file = path, keys, key_file
        self.facts = path / "facts"

    def copy(self, to):
        if to.exists():
            shutil.rmtree(to)
        shutil.copytree(self.path, to, symlinks=True)
        return Ledger(to, self.keys, self.key_file)


def verifiers(ledger, since=()):
    given = [w for k in ledger.keys for w in ("--key", k)] + [w for s in since for w in ("--since", s)]
    for name, command in (("plimsoll", [PLIMSOLL, "ledger", "verify"]),
                          ("python", [sys.executable, str(TOP / "tests/verify_ledger.py")])):
        done = subprocess.run([*command, str(ledger.path), *map(str, given)], capture_output=True, text=True, check=False)
        yield name, done.returncode, done.stdout + done.stderr


def accepted(ledger, what, since=()):
    for name, code, said in verifiers(ledger, since):
        expect(code == 0, f"{what}: {name} ended {code}: {said[-1500:]}")


def rejected(ledger, what, *words, since=()):
    """Both end 1, and say each of the words (a file, or what is wrong with it)."""
    for name, code, said in verifiers(ledger, since):
        if expect(code == 1, f"{what}: {name} ended {code}, not 1: {said[-800:]}"):
            for word in words:
                expect(word in said, f"{what}: {name} does not say '{word}': {said[:1500]}")


def feed(work, name, to, start=0):
    """A ledger of entries from seam 2."""
    path = work / name
    done = subprocess.run([FEED, SEALER, path, work / f"{name}.key", work / f"{name}.secret", str(start), str(to)],
                          capture_output=True, text=True, check=False)
    expect(done.returncode == 0, f"the feed of {name} ended {done.returncode}: {done.stderr}")
    return Ledger(path, VKEY.findall(done.stdout), work / f"{name}.key")


def replayed(work):
    path = work / "replayed"
    done = run("replay", grid(work, 1), *GRID, "--ledger", path, "--ledger-key", work / "replayed.key",
               "--ledger-secret", work / "replayed.secret")
    return Ledger(path, VKEY.findall(done.stdout), work / "replayed.key")


def swap(entries):
    return [entries[1], entries[0], *entries[2:]]


def drop(entries):
    return entries[:3] + entries[4:]


def duplicate(entries):
    return entries[:3] + [entries[2]] + entries[3:]


def truncate(entries):
    return entries[:-2]


def changed_entries(ledger, work):
    """By one without the key: in the bundles alone, with the tiles, and with a checkpoint nobody signed."""
    entries = forge.entries_of(ledger.facts)
    for change in (swap, drop, duplicate, truncate):
        fresh = change(entries)
        bad = ledger.copy(work / "bad")
        forge.write_bundles(bad.facts, fresh)
        rejected(bad, f"{change.__name__} in the bundles", "facts/")
        bad = ledger.copy(work / "bad")
        forge.write_tiles(bad.facts, fresh)
        rejected(bad, f"{change.__name__} in bundles and tiles", "facts/")
        note = (bad.facts / "checkpoint").read_text()
        forge.write_log(bad.facts, ledger.key_file, fresh)
        (bad.facts / "checkpoint").write_text(forge.checkpoint_body(bad.facts, fresh) + note[note.index("\n\n") + 1:])
        rejected(bad, f"{change.__name__} with an old signature", "facts/checkpoint", "signature")


def cut_files(ledger, work):
    """Each public file shorter by a byte, and at half its length."""
    for path in sorted(p.relative_to(ledger.path) for p in ledger.facts.rglob("*") if p.is_file()):
        for keep in (-1, 0.5):
            bad = ledger.copy(work / "bad")
            data = (ledger.path / path).read_bytes()
            (bad.path / path).write_bytes(data[:keep] if keep < 0 else data[:len(data) // 2])
            rejected(bad, f"{path} cut", str(path))


def key_holder(ledger, work):
    """Signed rightly by the right key: a public side that is right in itself, so that only memory or the private
    side gives it away."""
    entries = forge.entries_of(ledger.facts)
    old = work / "remembered"
    old.write_bytes((ledger.facts / "checkpoint").read_bytes())
    accepted(ledger, "the log against its own checkpoint", since=[old])
    for change in (swap, drop, duplicate):
        bad = ledger.copy(work / "bad")
        # One entry more, so that the fork is the longer history.
        forge.write_log(bad.facts, ledger.key_file, change(entries + forge.entries_of(ledger.path / "acts")[:1]))
        rejected(bad, f"{change.__name__}, signed again, with the private side", "private/facts/disclosures")
        shutil.rmtree(bad.path / "private")
        rejected(bad, f"fork by {change.__name__}", "remembered", "forked history", since=[old])
        if change is duplicate:
            rejected(bad, "an entry that is there twice", "have a digest in common")
        else:
            accepted(bad, "a fork that nobody has a memory of")
    short = ledger.copy(work / "short")
    forge.write_log(short.facts, ledger.key_file, truncate(entries))
    shutil.rmtree(short.path / "private")
    accepted(short, "a shorter log that nobody has a memory of")
    rejected(short, "roll-back", "remembered", "roll-back", since=[old])
    # A memory of the short one is a prefix of the long one; of another log it is none.
    (work / "shorter").write_bytes((short.facts / "checkpoint").read_bytes())
    accepted(ledger, "a log that has grown", since=[work / "shorter", old])
    note = old.read_text()
    (work / "unsigned").write_text(note.replace(f"\n{len(entries)}\n", f"\n{len(entries) - 1}\n", 1))
    rejected(ledger, "a memory that nobody signed", "unsigned", "signature", since=[work / "unsigned"])


def stale_tiles(ledger, work):
    """The partial tiles of an earlier size: beside the right ones, and in their place."""
    entries = forge.entries_of(ledger.facts)
    earlier = ledger.copy(work / "earlier")
    forge.write_log(earlier.facts, ledger.key_file, truncate(entries))
    now = {p.relative_to(ledger.path) for p in ledger.facts.rglob("*") if p.is_file()}
    stale = sorted(p.relative_to(earlier.path) for p in earlier.facts.rglob("*")
                   if p.is_file() and p.relative_to(earlier.path) not in now)
    expect(len(stale) >= 2, f"only {stale} are of the earlier size")
    for path in stale:
        bad = ledger.copy(work / "bad")
        shutil.copy(earlier.path / path, bad.path / path)
        rejected(bad, f"stale {path}", str(path))
        right = next(p for p in now if p.parent == path.parent)
        bad = ledger.copy(work / "bad")
        shutil.copy(earlier.path / path, bad.path / right)
        rejected(bad, f"{right} with the content of {path}", str(right))


def loose_base64(ledger, work):
    """Wherever base64 stands: the same bytes, another text. Signed again where the key holder could."""
    path = ledger.facts / "checkpoint"
    note = path.read_text()
    body, line = note.split("\n\n")
    origin, size, root = body.split("\n")
    bad = ledger.copy(work / "bad")
    forge.write_checkpoint(bad.facts, ledger.key_file, f"{origin}\n{size}\n{forge.loosen(root)}\n")
    rejected(bad, "a root that is not canonical", "facts/checkpoint")
    dash, name, signature = line.rstrip("\n").split(" ")
    # 68 bytes end in two characters and two spare groups of bits.
    (bad.facts / "checkpoint").write_text(f"{body}\n\n{dash} {name} {forge.loosen(signature)}\n")
    rejected(bad, "a signature that is not canonical", "facts/checkpoint")
    (bad.facts / "checkpoint").write_text(f"{body}\n\n{dash} {name} {signature.rstrip('=')}\n")
    rejected(bad, "a signature without its padding", "facts/checkpoint")
    (bad.facts / "checkpoint").write_text(f"{body}\n\n{dash} {name} {signature[:40]}\n{signature[40:]}\n")
    rejected(bad, "a signature in two lines", "facts/checkpoint")

    entries = forge.entries_of(ledger.facts)
    digests = json.loads(entries[0])["_sd"]
    loose = entries[0].replace(digests[5].encode(), forge.loosen(digests[5]).encode())
    bad = ledger.copy(work / "bad")
    shutil.rmtree(bad.path / "private")
    forge.write_log(bad.facts, ledger.key_file, [loose, *entries[1:]])
    rejected(bad, "a digest that is not canonical", "facts/tile/entries/")

    private = ledger.path / "private/facts/disclosures"
    lines = private.read_text().split("\n")
    disclosure = next(d for d in json.loads(lines[0])["disclosures"] if len(d) % 4)
    leaf = json.loads(lines[0])["leaf"]
    for old in (disclosure, leaf):
        bad = ledger.copy(work / "bad")
        (bad.path / "private/facts/disclosures").write_text("\n".join([lines[0].replace(old, forge.loosen(old)), *lines[1:]]))
        rejected(bad, "a private text that is not canonical", "private/facts/disclosures")

    # A key whose base64 is loose is none; nobody shall think that it was used.
    padded = Ledger(ledger.path, [*ledger.keys, f"{ledger.keys[0]}="], ledger.key_file)
    rejected(padded, "a key that is not canonical", "--key")


def private_side(ledger, work):
    """Values opened to something else, left out, or under another entry."""
    path = "private/facts/disclosures"
    lines = (ledger.path / path).read_text().split("\n")
    first = json.loads(lines[0])

    def with_line(what, text):
        bad = ledger.copy(work / "bad")
        (bad.path / path).write_text(text)
        rejected(bad, what, path)

    with_line("lines swapped", "\n".join(swap(lines)))
    with_line("a line dropped", "\n".join(drop(lines)))
    with_line("the last line dropped", "\n".join(lines[:-2]) + "\n")
    with_line("half a line", "\n".join([lines[0][:len(lines[0]) // 2], *lines[1:]]))
    for act in ("kind", "id"):
        with_line(f"another {act}", "\n".join([json.dumps({**first, act: "other"}, separators=(",", ":"), sort_keys=True),
                                              *lines[1:]]))
    holed = next(i for i, line in enumerate(lines) if '"kind":"coverage"' in line)
    opened = json.loads(lines[holed])
    element = next(d for d in opened["disclosures"] if len(json.loads(forge.spec.decode64(d, url=True))) == 2)
    opened["disclosures"].remove(element)
    with_line("an element left out", "\n".join([*lines[:holed], json.dumps(opened, separators=(",", ":"), sort_keys=True),
                                               *lines[holed + 1:]]))


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        small = replayed(work)
        accepted(small, "a replay's ledger")
        changed_entries(small, work)
        cut_files(small, work)
        key_holder(small, work)
        stale_tiles(small, work)
        loose_base64(small, work)
        private_side(small, work)
        without_key = Ledger(small.path, small.keys[:1], small.key_file)
        rejected(without_key, "a log without its key", "acts/checkpoint")

        # Around the edges of tiles; 540 facts have a partial tile of level 1.
        for to in (1, 284, 285, 600) + ((73000,) if FULL else ()):
            accepted(feed(work, f"feed-{to}", to), f"{to} entries")
        large = feed(work, "feed-600", 600)
        accepted(large, "the same again")
        changed_entries(large, work)
        stale_tiles(large, work)
        key_holder(large, work)
    finish("two verifiers")


main()
