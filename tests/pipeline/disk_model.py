"""What a disk may hold after power was lost, from a journal of tests/pipeline/disk_shim.c.

The model is that of POSIX and no kinder:
- the content of a file is on the disk as it was at its last fsync or fdatasync; of a write or truncation since
  then, nothing is promised;
- a name (a file or directory made, renamed or removed) is on the disk once its directory was synced after it;
  syncing the file itself does not keep its name;
- a rename is one change: the old and the new name never both, nor neither, unless the old one was not kept.
So there are many disks that a loss may leave. `none` holds only what was promised, `all` everything that was done
(what a killed process leaves), and `some` anything between, drawn from a seed: of each file's changes since its
last sync, each piece of 512 bytes is kept or not, in any order, so that writes are torn and have holes; each
change of a directory is kept or not.
What it does not model: a disk that loses what it said it had synced, bits that rot, a sync that fails and is
believed the second time, and a write that tears inside 512 bytes. fallocate promises room but no content.
"""
import random

SECTOR = 512


class File:
    def __init__(self, content=b""):
        self.durable, self.live, self.changes = bytes(content), bytearray(content), []

    def write(self, offset, data):
        self._put(self.live, offset, data)
        self.changes.append((offset, data))

    def resize(self, size, only_grow=False):
        if not only_grow or size > len(self.live):
            self._cut(self.live, size)
            self.changes.append((size, None))

    def sync(self):
        self.durable, self.changes = bytes(self.live), []

    @staticmethod
    def _put(content, offset, data):
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset:offset + len(data)] = data

    @staticmethod
    def _cut(content, size):
        if size <= len(content):
            del content[size:]
        else:
            content.extend(bytes(size - len(content)))

    def after_loss(self, draw):
        """The content with the changes that draw() keeps."""
        content = bytearray(self.durable)
        for offset, data in self.changes:
            if data is None:
                if draw():
                    self._cut(content, offset)
                continue
            at = 0
            while at < len(data):
                piece = data[at:at + SECTOR - (offset + at) % SECTOR]
                if draw():
                    self._put(content, offset + at, piece)
                at += len(piece)
        return bytes(content)


class Directory:
    def __init__(self):
        self.durable, self.live, self.changes = {}, {}, []

    def change(self, *pairs):
        """Names and what they stand for now, None: nothing. The pairs are one change."""
        for name, item in pairs:
            if item is None:
                self.live.pop(name, None)
            else:
                self.live[name] = item
        self.changes.append(pairs)

    def sync(self):
        self.durable, self.changes = dict(self.live), []

    def after_loss(self, draw):
        names = dict(self.durable)
        for pairs in self.changes:
            if draw():
                for name, item in pairs:
                    if item is None:
                        names.pop(name, None)
                    else:
                        names[name] = item
        return names


def load(path):
    """A tree that is on the disk, as one that is durable."""
    top = Directory()
    for item in path.iterdir():
        top.live[item.name] = load(item) if item.is_dir() else File(item.read_bytes())
    top.sync()
    return top


def records(journal):
    """Point, call, path, second path, offset and data of each record."""
    at = 0
    while at < len(journal):
        end = journal.index(b"\n", at)
        point, call, path, path2, offset, length = journal[at:end].decode().split(" ")
        data = journal[end + 1:end + 1 + int(length)]
        at = end + 1 + int(length)
        yield int(point), call, path, path2, int(offset), data


class Disk:
    """A tree under a root, changed by the records of a journal."""

    def __init__(self, top):
        self.top = top

    def find(self, path):
        item = self.top
        for name in path.split("/") if path != "." else ():
            item = item.live[name]
        return item

    def parent(self, path):
        above, _, name = path.rpartition("/")
        return (self.find(above) if above else self.top), name

    def apply(self, journal):
        for _, call, path, path2, offset, data in records(journal):
            if call == "write":
                self.find(path).write(offset, data)
            elif call == "truncate":
                self.find(path).resize(offset)
            elif call == "allocate":
                self.find(path).resize(offset, only_grow=True)
            elif call == "sync":
                self.find(path).sync()
            elif call == "rename":
                (directory, old), (to, new) = self.parent(path), self.parent(path2)
                assert directory is to, "a rename into another directory is not modelled"
                directory.change((old, None), (new, directory.live[old]))
            else:
                directory, name = self.parent(path)
                made = {"create": File, "mkdir": Directory, "unlink": None, "rmdir": None}[call]
                directory.change((name, made() if made else None))

    def write_after_loss(self, path, kept, seed=0):
        """What may be there after a loss now, as files beneath path. kept: none, some or all."""
        rng = random.Random(seed)
        draw = {"none": lambda: False, "all": lambda: True, "some": lambda: rng.random() < 0.5}[kept]
        self._write(self.top, path, draw)

    def _write(self, directory, path, draw):
        path.mkdir(exist_ok=True)
        for name, item in sorted(directory.after_loss(draw).items()):
            if isinstance(item, File):
                (path / name).write_bytes(item.after_loss(draw))
            else:
                self._write(item, path / name, draw)
