#!/usr/bin/env python3
"""Checks a Plimsoll ledger from the specifications, without any of Plimsoll's code.

    verify_ledger.py DIR --key VKEY... [--since CHECKPOINT]...

Written from C2SP tlog-tiles, tlog-checkpoint and signed-note, RFC 6962 (hashes), RFC 8785 (JCS), RFC 9901
(digests of SD-JWT) and RFC 4648 (base64, canonical only); Python's standard library and the openssl command.
DIR holds facts/ and acts/, and may hold private/. A key is the log's verifier key, from outside DIR; one for
each log. A checkpoint given by --since was remembered earlier: the log must be a continuation of it.
Ends 0, or 1 after a line "PATH: what is wrong" for every fault, or 2 for wrong usage.
"""
import argparse
import base64
import decimal
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

WIDTH = 256  # hashes in a full tile
LOGS = ("facts", "acts")


class Broken(Exception):
    """What cannot be read any further."""


def decode64(text, url=False):
    """Canonical base64 only: what does not come out the same when encoded again is none."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4 if url else 0), b"-_" if url else b"+/", validate=True)
    except ValueError:
        raise Broken(f"{text[:60]!r} is not base64") from None
    again = (base64.urlsafe_b64encode(data).rstrip(b"=") if url else base64.b64encode(data)).decode()
    if again != text:
        raise Broken(f"{text[:60]!r} is not canonical base64")
    return data


def encode64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(data):
    return hashlib.sha256(data).digest()


# RFC 8785: the one form of a JSON value. Numbers as ECMAScript prints them, keys by UTF-16 code units.

def jcs_number(value):
    if isinstance(value, int):
        if abs(value) > 2 ** 53:
            raise Broken(f"the integer {value} does not survive JSON")
        return str(value)
    # repr gives the fewest digits that come back as the same double, which is what ECMAScript asks for.
    sign, digits, exponent = decimal.Decimal(repr(value or 0.0)).normalize().as_tuple()
    digits, n = "".join(map(str, digits)), len(digits)
    point = n + exponent
    if n <= point <= 21:
        text = digits + "0" * (point - n)
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        text = f"{digits[0]}{'.' if n > 1 else ''}{digits[1:]}e{point - 1:+d}"
    return "-" * sign + text


def jcs(value):
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return jcs_number(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(map(jcs, value)) + "]"
    keys = sorted(value, key=lambda k: k.encode("utf-16-be"))
    return "{" + ",".join(jcs(k) + ":" + jcs(value[k]) for k in keys) + "}"


def no_duplicates(pairs):
    if len(dict(pairs)) != len(pairs):
        raise Broken("a JSON key is there twice")
    return dict(pairs)


def read_jcs(data, what):
    """A JSON value whose bytes are its canonical form."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=no_duplicates)
        canonical = jcs(value).encode("utf-8")
    except (ValueError, RecursionError, decimal.InvalidOperation):
        raise Broken(f"{what} is no JSON") from None
    if canonical != data:
        raise Broken(f"{what} is not canonical JSON (RFC 8785)")
    return value


# C2SP signed-note and tlog-checkpoint.

def parse_vkey(text):
    """NAME+HASH+BASE64(0x01 || key); the hash is of the name and what follows."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not parts[0] or re.search(r"\s", parts[0]) or not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise Broken(f"{text!r} is no verifier key")
    name, raw = parts[0], decode64(parts[2])
    if len(raw) != 33 or raw[0] != 1:
        raise Broken(f"{text!r} is no Ed25519 key")
    if sha256(name.encode() + b"\n" + raw)[:4].hex() != parts[1]:
        raise Broken(f"{text!r}: the hash does not fit name and key")
    return name, bytes.fromhex(parts[1]), raw[1:]


def ed25519_verifies(key, message, signature):
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        # RFC 8410: a SubjectPublicKeyInfo is this head and the key.
        (work / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + key)
        (work / "message").write_bytes(message)
        (work / "signature").write_bytes(signature)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", work / "key",
                               "-rawin", "-in", work / "message", "-sigfile", work / "signature"],
                              capture_output=True, check=False).returncode == 0


def parse_note(data):
    """The body and the signatures (name, key id, signature) of a signed note."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Broken("the note is not UTF-8") from None
    if re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text):
        raise Broken("the note has a control character")
    body, gap, rest = text.rpartition("\n\n")
    if not gap or not rest.endswith("\n"):
        raise Broken("this is no signed note")
    signatures = []
    for line in rest[:-1].split("\n"):
        match = re.fullmatch(r"\u2014 ([^\s+]+) (\S+)", line)
        raw = decode64(match[2]) if match else b""
        if len(raw) < 5:
            raise Broken(f"{line[:80]!r} is no signature line")
        signatures.append((match[1], raw[:4], raw[4:]))
    return body + "\n", signatures


def parse_checkpoint(body):
    lines = body.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
        raise Broken("the note's body is no checkpoint (origin, size, root)")
    root = decode64(lines[2])
    if len(root) != 32:
        raise Broken("the checkpoint's root is not 32 bytes")
    return lines[0], int(lines[1]), root


def open_checkpoint(data, keys):
    """Origin, size and root of a checkpoint that the key of its origin has signed, once."""
    body, signatures = parse_note(data)
    origin, size, root = parse_checkpoint(body)
    for name, key_id, key in keys:
        if name == origin:
            found = [s for n, i, s in signatures if (n, i) == (name, key_id)]
            if len(found) != 1:
                raise Broken(f"the given key of {origin} has signed it {len(found)} times, not once")
            if not ed25519_verifies(key, body.encode(), found[0]):
                raise Broken(f"the signature of {origin} does not verify")
            return origin, size, root
    raise Broken(f"no key was given for the log {origin}")


# RFC 6962, 2.1, and the files of C2SP tlog-tiles.

def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def tree_hash(hashes):
    if not hashes:
        return sha256(b"")
    while len(hashes) > 1:
        # Pairs from the left; the last one of an odd number goes up as it is. That is the tree of 2.1.
        pairs = [sha256(b"\x01" + hashes[i] + hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
        hashes = pairs + ([hashes[-1]] if len(hashes) % 2 else [])
    return hashes[0]


def tile_name(level, index, width):
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03d}")
    return f"tile/{level}/" + "/".join(groups) + (f".p/{width}" if width < WIDTH else "")


def tiles_of(count):
    """Index and width of the tiles that hold `count` hashes or entries."""
    return [(i, min(WIDTH, count - i * WIDTH)) for i in range((count + WIDTH - 1) // WIDTH)]


def hash_tiles(leaves):
    """Every hash tile of a log: its name and content."""
    level, hashes = 0, leaves
    while hashes:
        for index, width in tiles_of(len(hashes)):
            yield tile_name(level, index, width), b"".join(hashes[index * WIDTH:index * WIDTH + width])
        hashes = [tree_hash(hashes[i:i + WIDTH]) for i in range(0, len(hashes) - WIDTH + 1, WIDTH)]
        level += 1


def bundle_entries(data, width):
    """The entries of a bundle: each a big-endian 16-bit length and that many bytes."""
    entries, at = [], 0
    for _ in range(width):
        length = int.from_bytes(data[at:at + 2], "big")
        if at + 2 + length > len(data) or at + 2 > len(data):
            raise Broken(f"the bundle ends in entry {len(entries)} of {width}, at byte {at}")
        entries.append(data[at + 2:at + 2 + length])
        at += 2 + length
    if at != len(data):
        raise Broken(f"{len(data) - at} bytes behind the last of {width} entries")
    return entries


def entry_digests(entry):
    """An entry is JCS of {"_sd": 16, 32 or 64 digests, sorted, "_sd_alg": "sha-256", "v": 1}."""
    value = read_jcs(entry, "it")
    if not isinstance(value, dict) or set(value) != {"_sd", "_sd_alg", "v"} or \
            value["_sd_alg"] != "sha-256" or value["v"] != 1 or not isinstance(value["_sd"], list):
        raise Broken("it is no entry of version 1")
    digests = value["_sd"]
    if len(digests) not in (16, 32, 64) or not all(isinstance(d, str) for d in digests):
        raise Broken("it has not 16, 32 or 64 digests")
    if any(len(decode64(d, url=True)) != 32 for d in digests):
        raise Broken("a digest is not 32 bytes")
    if any(a >= b for a, b in zip(digests, digests[1:])):
        raise Broken("its digests are not sorted, or one is there twice")
    return digests


class Log:
    """One log: its public side, then the private one where it is there."""

    def __init__(self, ledger, name, faults):
        self.ledger, self.name, self.faults = ledger, name, faults
        self.origin, self.leaves, self.digests, self.whole = None, [], [], False

    def fault(self, path, text):
        self.faults.append(f"{path}: {text}")

    def read(self, path):
        try:
            return (self.ledger / self.name / path).read_bytes()
        except OSError as error:
            raise Broken(f"cannot read it: {error.strerror}") from None

    def attempt(self, path, act):
        try:
            return act()
        except Broken as broken:
            self.fault(path, str(broken))
        except (AttributeError, KeyError, TypeError):
            self.fault(path, "it is not of the form it must have")
        return None

    def check_public(self, keys):
        opened = self.attempt(f"{self.name}/checkpoint", lambda: open_checkpoint(self.read("checkpoint"), keys))
        if not opened:
            return
        self.origin, size, root = opened
        expected = {"checkpoint"}
        for index, width in tiles_of(size):
            path = tile_name("entries", index, width)
            expected.add(path)
            entries = self.attempt(f"{self.name}/{path}", lambda: bundle_entries(self.read(path), width))
            if entries is None:
                break
            self.take_entries(path, entries)
        self.whole = len(self.leaves) == size
        if not self.whole:
            self.fault(f"{self.name}/tile/entries", f"{len(self.leaves)} of {size} entries could be read")
            return
        if tree_hash(self.leaves) != root:
            self.fault(f"{self.name}/checkpoint", "the entries do not have the root that it states")
        for path, right in hash_tiles(self.leaves):
            expected.add(path)
            if self.attempt(f"{self.name}/{path}", lambda: self.read(path)) not in (None, right):
                self.fault(f"{self.name}/{path}", "it is not made of the hashes of the entries")
        self.check_files(expected)

    def take_entries(self, path, entries):
        for entry in entries:
            number = len(self.leaves)
            digests = self.attempt(f"{self.name}/{path}: entry {number}", lambda: entry_digests(entry))
            self.digests.append(digests or [])
            self.leaves.append(leaf_hash(entry))

    def check_files(self, expected):
        for path in sorted((self.ledger / self.name).rglob("*")):
            name = str(path.relative_to(self.ledger / self.name))
            if path.is_symlink() or (path.is_dir() and not any(path.iterdir())) or \
                    (not path.is_dir() and name not in expected):
                self.fault(f"{self.name}/{name}", "it does not belong to the log")
        first = {}
        for number, digests in enumerate(self.digests):
            for digest in digests:
                if first.setdefault(digest, number) != number:
                    self.fault(f"{self.name}/tile/entries",
                               f"entries {first[digest]} and {number} have a digest in common")

    def check_since(self, size, root, path):
        if not self.whole:
            self.fault(path, f"the log {self.name} could not be read; nothing is known of its history")
        elif size > len(self.leaves):
            self.fault(path, f"roll-back: it covers {size} entries of {self.name}, the log has only {len(self.leaves)}")
        elif tree_hash(self.leaves[:size]) != root:
            self.fault(path, f"forked history: the first {size} entries of {self.name} are not those it covers")

    def check_private(self):
        """Every line opens the entry of its index. Lines behind the checkpoint are not sealed yet."""
        path = f"private/{self.name}/disclosures"
        if not self.whole or not (self.ledger / path).exists():
            return 0
        lines, known, salts = (self.ledger / path).read_bytes().split(b"\n"), {}, set()
        for number, digests in enumerate(self.digests):
            where = f"{path}:{number + 1}"
            if number >= len(lines) or not lines[number]:
                self.fault(where, f"nothing opens entry {number}")
                return number
            self.attempt(where, lambda: self.open_entry(number, read_jcs(lines[number], "the line"), digests, known,
                                                        salts))
        return len(self.digests)

    def open_entry(self, number, line, digests, known, salts):
        if not isinstance(line, dict) or line.get("index") != number:
            raise Broken("it is not the line of this entry")
        if decode64(line.get("leaf", "")) != self.leaves[number]:
            raise Broken("the leaf hash is another")
        fields, elements, named = {}, {}, []
        for disclosure in line["disclosures"]:
            digest = encode64url(sha256(disclosure.encode()))
            value = read_jcs(decode64(disclosure, url=True), "a disclosure")
            if not isinstance(value, list) or len(value) not in (2, 3) or len(decode64(value[0], url=True)) != 16:
                raise Broken("a disclosure is not [salt, name, value] or [salt, value]")
            if value[0] in salts:
                raise Broken("a salt is there twice")
            salts.add(value[0])
            if len(value) == 2:
                elements[digest] = value[1]
            elif value[1] in fields or digest not in digests:
                raise Broken(f"field {value[1]} with this value and salt is not what was sealed")
            else:
                fields[value[1]] = value[2]
        for value in fields.values():
            if isinstance(value, list) and value and all(isinstance(v, dict) and set(v) == {"..."} for v in value):
                named += [v["..."] for v in value]
        if sorted(named) != sorted(elements):
            raise Broken("the elements that are disclosed are not those of its lists")
        if any(fields.get(name) != line.get(name) for name in ("id", "kind", "revision")):
            raise Broken("id, kind and revision are not the sealed ones")
        identity = (fields["id"], fields["revision"])
        if identity in known:
            raise Broken(f"{identity[0]}, revision {identity[1]}, is entry {known[identity]} already")
        known[identity] = number
        if "supersedes" in fields and not any(i == identity[0] and r < identity[1] and decode64(fields["supersedes"])
                                              == self.leaves[n] for (i, r), n in known.items()):
            raise Broken("it supersedes no earlier revision of its own")


def verify(ledger, vkeys, since):
    """All faults, and what was found: entries and opened entries by log."""
    faults, keys, logs = [], [], [Log(ledger, name, []) for name in LOGS]
    for vkey in vkeys:
        try:
            keys.append(parse_vkey(vkey))
        except Broken as broken:
            faults.append(f"--key: {broken}")
    for log in logs:
        log.faults = faults
        log.check_public(keys)
    if logs[0].origin and logs[0].origin == logs[1].origin:
        faults.append(f"acts/checkpoint: facts and acts have one origin, {logs[0].origin}")
    for path in since:
        try:
            origin, size, root = open_checkpoint(pathlib.Path(path).read_bytes(), keys)
            log = next((log for log in logs if log.origin == origin), None)
            if log:
                log.check_since(size, root, path)
            else:
                faults.append(f"{path}: the ledger has no readable log {origin}")
        except (Broken, OSError) as broken:
            faults.append(f"{path}: {broken}")
    return faults, {log.name: (len(log.leaves), log.check_private()) for log in logs}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--key", action="append", required=True)
    parser.add_argument("--since", action="append", default=[])
    given = parser.parse_args()
    faults, counts = verify(given.dir, given.key, given.since)
    for fault in faults:
        print(fault)
    for name, (size, opened) in counts.items():
        print(f"{name}: {size} entries, {opened} opened")
    print("NOT verified" if faults else "verified")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
