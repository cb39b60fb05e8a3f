"""Packets made by hand, for what captures do not have: sessions of TCP, datagrams, options of headers."""
import struct

CLIENT, SERVER = bytes([10, 9, 0, 1]), bytes([10, 9, 0, 2])
FIRST_PORT = 20000
SYN, FIN, PSH, ACK = 2, 1, 8, 16


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(source, target, transport, payload, options=b"", number=0):
    head = struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), number, 0, 64, transport, 0,
                       source, target) + options
    return bytes(12) + b"\x08\0" + head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ipv6(source, target, transport, payload):
    return bytes(12) + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(payload), transport, 64) + source + target + payload


def segment(source_port, target_port, seq, ack, flags, payload=b"", options=b""):
    return struct.pack(">HHIIBBHHH", source_port, target_port, seq, ack, 5 + len(options) // 4 << 4, flags, 65000, 0, 0) + options + payload


def session(number, turns, port=80, client=CLIENT, server=SERVER, options=b""):
    """From FIRST_PORT + number: SYN (with these options) to FIN; turns: (0 to the server, 1 to the client; bytes), each a segment that is
    acknowledged, or a number of seconds to wait."""
    own, at, out = FIRST_PORT + number, [1000, 5000], []

    def say(way, flags, payload=b""):
        ends = (client, server, own, port) if way == 0 else (server, client, port, own)
        out.append(ipv4(ends[0], ends[1], 6, segment(ends[2], ends[3], at[way], at[1 - way] if flags & ACK else 0, flags, payload,
                                                          options if flags & SYN else b"")))
        at[way] += len(payload) + (flags & (SYN | FIN) != 0)

    for way, flags in ((0, SYN), (1, SYN | ACK), (0, ACK)):
        say(way, flags)
    for turn in turns:
        if not isinstance(turn, tuple):
            out.append(turn)
            continue
        say(turn[0], PSH | ACK, turn[1])
        say(1 - turn[0], ACK)
    for way, flags in ((0, FIN | ACK), (1, FIN | ACK), (0, ACK)):
        say(way, flags)
    return out


def datagram(number, payload, port=9999, client=CLIENT, server=SERVER, options=b""):
    return ipv4(client, server, 17, struct.pack(">HHHH", FIRST_PORT + number, port, 8 + len(payload), 0) + payload, options)


def write(path, frames):
    """A millisecond apart; a number among them is a wait, in seconds."""
    out, micros = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1), 1767225600 * 10**6
    for frame in frames:
        if isinstance(frame, bytes):
            out += struct.pack("<IIII", micros // 10**6, micros % 10**6, len(frame), len(frame)) + frame
            micros += 1000
        else:
            micros += int(frame * 10**6)
    path.write_bytes(out)
