"""What carries packets: mirrors and tunnels around a frame's bytes, labels in front of it, fragments of it."""
import struct

from capture_edit import Frame, checksum

MACS = bytes.fromhex("02000000aa0202000000aa01")
OUTER = bytes([172, 31, 0, 1]), bytes([172, 31, 0, 2])


def ip4(protocol, payload, ends=OUTER, field=0, number=0):
    head = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number, field, 64, protocol, 0, *ends))
    struct.pack_into(">H", head, 10, checksum(head))
    return bytes(head) + payload


def udp(port, payload):
    return struct.pack(">HHHH", 50000, port, 8 + len(payload), 0) + payload


def ethernet(kind, payload):
    return MACS + struct.pack(">H", kind) + payload


def in_vxlan(data):
    return ethernet(0x0800, ip4(17, udp(4789, b"\x08" + bytes(7) + data)))


def in_erspan(data):
    return ethernet(0x0800, ip4(47, bytes.fromhex("100088be" "00000001" "1001000100000000") + data))


def in_gtp(data):
    packet = data[14:]
    return ethernet(0x0800, ip4(17, udp(2152, struct.pack(">BBHI", 0x30, 255, len(packet), 9) + packet)))


def in_6in4(data):
    """IPv4 in IPv6, in spite of the name of its opposite."""
    return ethernet(0x86DD, struct.pack(">IHBB", 6 << 28, len(data) - 14, 4, 64) + bytes(15) + b"\1" + bytes(15) + b"\2" + data[14:])


def behind_tag(data):
    """In a VLAN of the mirror's own."""
    return data[:12] + bytes.fromhex("8100" "004d") + data[12:]


def behind_labels(data):
    return data[:12] + bytes.fromhex("8847" "00010040" "000111ff") + data[14:]


def behind_pppoe(data):
    return data[:12] + bytes.fromhex("8864" "11000001") + struct.pack(">HH", len(data) - 12, 0x21) + data[14:]


def network_at(f):
    """Where the IPv4 header of a frame is, behind one tag at most; 0: there is none."""
    at = 18 if f.word(12) == 0x8100 else 14
    return at if f.word(at - 2) == 0x0800 else 0


def fragments(f, number, step, rng):
    """Its IPv4 packet in fragments of `step` bytes, in any order; datagrams are told apart by the number."""
    at_ip = network_at(f)
    payload, parts = bytes(f.data[at_ip + 20:at_ip + f.word(at_ip + 2)]), []
    ends = bytes(f.data[at_ip + 12:at_ip + 16]), bytes(f.data[at_ip + 16:at_ip + 20])
    for at in range(0, len(payload), step):
        more = 0x2000 if at + step < len(payload) else 0
        packet = ip4(f.data[at_ip + 9], payload[at:at + step], ends, more | at // 8, number & 0xffff)
        parts.append(Frame(f.ns, bytes(f.data[:at_ip]) + packet))
    rng.shuffle(parts)
    return parts


def in_fragments(frames, rng, more_than=40):
    """Every IPv4 packet of more than so many bytes of payload as fragments."""
    out = []
    for number, f in enumerate(frames):
        at = network_at(f)
        whole = not at or f.word(at + 2) - 20 <= more_than
        out += [f] if whole else fragments(f, number, 8 * rng.randrange(2, 60), rng)
    return out


def is_fragment(f):
    at = network_at(f)
    return at > 0 and f.word(at + 6) & 0x3fff != 0
