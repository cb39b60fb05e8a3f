"""Rewrites a ledger as its key holder, or a careless thief, could: for tests of those who verify.

Tiles are made by tests/verify_ledger.py, notes are signed by the openssl command. Nothing of the C code.
"""
import base64
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import verify_ledger as spec  # noqa: E402


def entries_of(log):
    """The entries of a log's directory, by its checkpoint's size."""
    size = int((log / "checkpoint").read_text().split("\n")[1])
    entries = []
    for index, width in spec.tiles_of(size):
        entries += spec.bundle_entries((log / spec.tile_name("entries", index, width)).read_bytes(), width)
    return entries


def bundle(entries):
    return b"".join(len(e).to_bytes(2, "big") + e for e in entries)


def write_bundles(log, entries):
    """Only the bundles, in place of those that are there."""
    shutil.rmtree(log / "tile/entries")
    for index, width in spec.tiles_of(len(entries)):
        path = log / spec.tile_name("entries", index, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bundle(entries[index * spec.WIDTH:index * spec.WIDTH + width]))


def write_tiles(log, entries):
    """Bundles and hash tiles."""
    shutil.rmtree(log / "tile")
    (log / "tile/entries").mkdir(parents=True)
    write_bundles(log, entries)
    for name, content in spec.hash_tiles([spec.leaf_hash(e) for e in entries]):
        path = log / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def checkpoint_body(log, entries):
    origin = (log / "checkpoint").read_text().split("\n")[0]
    root = spec.tree_hash([spec.leaf_hash(e) for e in entries])
    return f"{origin}\n{len(entries)}\n{base64.b64encode(root).decode()}\n"


def signature_line(key_file, body):
    """The line of the key whose name is the body's first line; key_file as plimsoll keeps it."""
    origin = body.split("\n")[0]
    line = next(k for k in key_file.read_text().split("\n") if k.startswith(f"PRIVATE+KEY+{origin}+"))
    key_id, encoded = line.removeprefix(f"PRIVATE+KEY+{origin}+").split("+", 1)
    seed = base64.b64decode(encoded)[1:]
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        # RFC 8410: a PrivateKeyInfo of Ed25519 is this head and the seed.
        (work / "key").write_bytes(bytes.fromhex("302e020100300506032b657004220420") + seed)
        (work / "body").write_bytes(body.encode())
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-keyform", "DER", "-inkey", work / "key", "-rawin",
                                    "-in", work / "body"], capture_output=True, check=True).stdout
    return f"\u2014 {origin} {base64.b64encode(bytes.fromhex(key_id) + signature).decode()}\n"


def write_checkpoint(log, key_file, body):
    (log / "checkpoint").write_text(body + "\n" + signature_line(key_file, body))


def write_log(log, key_file, entries):
    """A whole public side that is right in itself, signed by the log's own key."""
    body = checkpoint_body(log, entries)
    write_tiles(log, entries)
    write_checkpoint(log, key_file, body)


def loosen(encoded):
    """The same bytes in base64 that is not canonical: a spare bit of the last character is set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + ("-_" if "-" in encoded or "_" in encoded
                                                                                   else "+/")
    stem = encoded.rstrip("=")
    assert len(stem) % 4 in (2, 3), "there is no spare bit"
    return stem[:-1] + alphabet[alphabet.index(stem[-1]) | 1] + encoded[len(stem):]
