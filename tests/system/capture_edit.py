"""Captures as lists of frames, to be changed and written again: what tests need to make variants.

Reads the pcapng that `plimsoll exercise` writes (one interface, nanoseconds), writes pcap with
nanosecond stamps. Frames are Ethernet, IPv4, TCP or UDP without options of IP.
"""
import struct

ETHERNET, IP_HEAD = 14, 20


class Frame:
    """One frame: `ns` and `data`, a bytearray."""

    def __init__(self, ns, data):
        self.ns, self.data = ns, bytearray(data)

    def word(self, at):
        return struct.unpack_from(">H", self.data, at)[0]

    def number(self, at):
        return struct.unpack_from(">I", self.data, at)[0]

    def put(self, at, layout, value):
        struct.pack_into(">" + layout, self.data, at, value)

    @property
    def is_ip4(self):
        return self.word(12) == 0x0800

    @property
    def is_tcp(self):
        return self.is_ip4 and self.data[23] == 6

    @property
    def source(self):
        return ".".join(map(str, self.data[26:30]))

    @property
    def target(self):
        return ".".join(map(str, self.data[30:34]))

    @property
    def ports(self):
        return self.word(34), self.word(36)

    @property
    def end(self):
        """Behind the IP packet: short frames are padded."""
        return ETHERNET + self.word(16)

    @property
    def payload_at(self):
        return 34 + (self.data[46] >> 4) * 4

    @property
    def payload(self):
        return bytes(self.data[self.payload_at:self.end])

    def set_payload(self, payload):
        """Another payload of a TCP segment; the lengths follow."""
        del self.data[self.payload_at:]
        self.data += payload
        self.put(16, "H", len(self.data) - ETHERNET)

    def set_source(self, address):
        self.data[26:30] = bytes(map(int, address.split(".")))

    def set_target(self, address):
        self.data[30:34] = bytes(map(int, address.split(".")))

    def refresh(self):
        """Make the checksums right again."""
        self.put(24, "H", 0)
        self.put(24, "H", checksum(self.data[ETHERNET:ETHERNET + IP_HEAD]))
        transport, length = self.data[23], self.end - 34
        at = {6: 34 + 16, 17: 34 + 6}[transport]
        self.put(at, "H", 0)
        pseudo = bytes(self.data[26:34]) + struct.pack(">HH", transport, length)
        self.put(at, "H", checksum(pseudo + self.data[34:self.end]))


def checksum(data):
    """RFC 1071."""
    data = bytes(data) + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def read(path):
    """The frames of a capture that the exercise wrote."""
    data, at, frames = path.read_bytes(), 0, []
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:
            _, high, low, captured, _ = struct.unpack_from("<IIIII", data, at + 8)
            frames.append(Frame(high << 32 | low, data[at + 28:at + 28 + captured]))
        at += length
    return frames


def write(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        for f in frames:
            out.write(struct.pack("<IIII", *divmod(f.ns, 10**9), len(f.data), len(f.data)) + f.data)
    return path


def change_payload(frames, index, payload):
    """Give one segment another payload, and move what follows in its conversation accordingly."""
    changed = frames[index]
    side = changed.source, changed.target, changed.ports
    shift = len(payload) - len(changed.payload)
    changed.set_payload(payload)
    changed.refresh()
    for f in frames[index + 1:]:
        if not f.is_tcp:
            continue
        if (f.source, f.target, f.ports) == side:
            f.put(38, "I", (f.number(38) + shift) % 2**32)
        elif (f.target, f.source, f.ports[::-1]) == side:
            f.put(42, "I", (f.number(42) + shift) % 2**32)
        else:
            continue
        f.refresh()
