"""Captures of conversations that are written by hand: what both ends say, in turn."""
import struct

from capture_edit import Frame, checksum


class Talk:
    """Frames of conversations, each a connection that is opened, acknowledged and closed."""

    def __init__(self, server_port):
        self.frames, self.ns, self.server_port = [], 1767225600 * 10**9, server_port

    def segment(self, ends, ports, seq, ack, flags, data=b""):
        tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 65535, 0, 0) + data
        total = checksum(ends[0] + ends[1] + struct.pack(">BBH", 0, 6, len(tcp)) + tcp)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, *ends)
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        self.ns += 10**6
        self.frames.append(Frame(self.ns, bytes(12) + b"\x08\x00" + ip + tcp[:16] + struct.pack(">H", total) + tcp[18:]))

    def add(self, port, says):
        hosts, ports, seq = (bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])), (port, self.server_port), [1000, 5000]

        def send(side, flags, data=b""):
            turn = slice(None, None, -1) if side else slice(None)
            self.segment(hosts[turn], ports[turn], seq[side], seq[1 - side], flags, data)
            seq[side] += len(data) + bool(flags & 3)

        send(0, 2)
        send(1, 0x12)
        send(0, 0x10)
        for side, data in says:
            for at in range(0, len(data), 1400):
                send(side, 0x18, data[at:at + 1400])
                send(1 - side, 0x10)
        send(0, 0x11)
        send(1, 0x11)
        send(0, 0x10)
