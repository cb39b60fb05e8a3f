"""Conversations made by hand: frames of TCP, UDP and ICMP with right checksums, whose payload a test writes."""
import struct

from capture_edit import Frame, checksum

CLIENT, SERVER = "10.0.0.7", "10.0.0.80"
START, STEP = 1_772_352_000 * 10**9, 10**6  # 2026-03-01 08:00:00 UTC, a millisecond a frame
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Clock:
    """Stamps that ascend, also over several conversations."""

    def __init__(self):
        self.ns = START

    def tick(self, ns=STEP):
        self.ns += ns
        return self.ns


def ip4(protocol, payload, source, target, ttl=64):
    ends = bytes(map(int, source.split("."))), bytes(map(int, target.split(".")))
    head = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0x4000, ttl, protocol, 0, *ends))
    struct.pack_into(">H", head, 10, checksum(head))
    return bytes.fromhex("020000000002" "020000000001" "0800") + bytes(head) + payload


def segment(clock, source, target, ports, flags, seq, ack, payload=b"", ttl=64):
    tcp = struct.pack(">HHIIBBHHH", *ports, seq % 2**32, ack % 2**32, 5 << 4, flags, 8192, 0, 0) + payload
    frame = Frame(clock.tick(), ip4(6, tcp, source, target, ttl))
    frame.refresh()
    return frame


def datagram(clock, payload, source=CLIENT, target=SERVER, ports=(40000, 53), ttl=64):
    frame = Frame(clock.tick(), ip4(17, struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload, source, target, ttl))
    frame.refresh()
    return frame


def echo(clock, kind=8, payload=b"abcdefgh", source=CLIENT, target=SERVER):
    icmp = bytearray(struct.pack(">BBHHH", kind, 0, 0, 7, 1) + payload)
    struct.pack_into(">H", icmp, 2, checksum(icmp))
    return Frame(clock.tick(), ip4(1, bytes(icmp), source, target))


def talk(messages, client=CLIENT, server=SERVER, ports=(40000, 80), handshake=True, answers=True, clock=None, step=1400):
    """A TCP conversation: messages are (direction, bytes), 0 to the server. Without answers the server is never seen."""
    clock = clock or Clock()
    ends = (client, server), (server, client)
    both = ports, ports[::-1]
    seq, frames = [1000, 5000], []

    def send(side, flags, payload=b""):
        if side == 0 or answers:
            frames.append(segment(clock, *ends[side], both[side], flags, seq[side], seq[1 - side] if flags & ACK else 0, payload))
        seq[side] += len(payload) + bool(flags & (SYN | FIN))

    if handshake:
        send(0, SYN)
        send(1, SYN | ACK)
        send(0, ACK)
    for side, data in messages:
        for at in range(0, len(data), step):
            send(side, PSH | ACK, data[at:at + step])
        send(1 - side, ACK)
    if handshake:
        send(0, FIN | ACK)
        send(1, FIN | ACK)
        send(0, ACK)
    return frames


def get(uri=b"/", fields=b"Host: h\r\n"):
    return b"GET " + uri + b" HTTP/1.1\r\n" + fields + b"\r\n"


def answer(status=b"200 OK", body=b"hello", fields=b""):
    return b"HTTP/1.1 " + status + b"\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


def query(name, number=1):
    """A DNS query for an address. RFC 1035, 4.1."""
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b"."))
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
