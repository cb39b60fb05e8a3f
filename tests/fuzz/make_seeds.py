#!/usr/bin/env python3
"""Seeds of the fuzz targets: a few well-formed inputs each, in the form that the head of the target describes.

    make_seeds.py SOURCE FOLDER        writes FOLDER/TARGET/NAME
"""
import base64
import gzip
import pathlib
import struct
import sys
import zlib

SOURCE, OUT = map(pathlib.Path, sys.argv[1:3])
ACCORDS = SOURCE / "rules/packs/accords"


def seed(target, name, data):
    path = OUT / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


# Frames.

def ethernet(kind, payload, tags=b""):
    return bytes.fromhex("020000000001020000000002") + tags + struct.pack(">H", kind) + payload


def ip4(protocol, payload, fragment=0, options=b""):
    words = 5 + len(options) // 4
    return struct.pack(">BBHHHBBH4s4s", 0x40 | words, 0, words * 4 + len(payload), 1, fragment, 64, protocol, 0,
                       bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])) + options + payload


def ip6(following, payload, extensions=b""):
    return struct.pack(">IHBB", 6 << 28, len(extensions) + len(payload), following, 64) + bytes(15) + b"\1" + bytes(15) + b"\2" + \
        extensions + payload


def tcp(payload, flags=0x18, seq=1, options=b""):
    return struct.pack(">HHIIBBHHH", 40000, 502, seq, 1, (5 + len(options) // 4) << 4, flags, 8192, 0, 0) + options + payload


def udp(payload):
    return struct.pack(">HHHH", 5353, 53, 8 + len(payload), 0) + payload


def modbus(transaction, pdu, unit=1):
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


FRAMES = {
    "tcp": ethernet(0x0800, ip4(6, tcp(modbus(1, b"\3\0\0\0\1")))),
    "tcp-options": ethernet(0x0800, ip4(6, tcp(b"", 2, options=b"\2\4\5\xb4"), options=b"\1" * 4)),
    "udp": ethernet(0x0800, ip4(17, udp(b"question"))),
    "vlan": ethernet(0x0800, ip4(17, udp(b"x")), b"\x88\xa8\0\1\x81\0\0\2"),
    "fragment": ethernet(0x0800, ip4(17, udp(b"x"), 0x2000)),
    "icmp": ethernet(0x0800, ip4(1, b"\x08\0\0\0abcd")),
    "ip6": ethernet(0x86DD, ip6(17, udp(b"x"))),
    "ip6-headers": ethernet(0x86DD, ip6(0, tcp(b"x"), b"\x3c\0\1\4\0\0\0\0" + b"\x2c\0\1\4\0\0\0\0" + b"\6\0\0\0\0\0\0\1")),
    "arp": ethernet(0x0806, bytes(28)),
    "padded": ethernet(0x0800, ip4(6, tcp(b""))) + bytes(6),
}
INNER4, INNER6, INNER = ip4(6, tcp(b"inside")), ip6(17, udp(b"x")), ethernet(0x0800, ip4(17, udp(b"x")))


def port(number, payload):
    return ethernet(0x0800, ip4(17, struct.pack(">HHHH", 1234, number, 8 + len(payload), 0) + payload))


def gre(flags, kind, payload):
    return ethernet(0x0800, ip4(47, struct.pack(">HH", flags, kind) + payload))


FRAMES |= {
    "mpls": ethernet(0x8847, bytes.fromhex("00010040000111ff") + INNER4),
    "pseudowire": ethernet(0x8847, bytes.fromhex("000101ff00000000") + INNER),
    "pppoe": ethernet(0x8864, bytes.fromhex("110000010030" "0021") + INNER4),
    "snap": ethernet(len(INNER4) + 8, bytes.fromhex("aaaa030000000800") + INNER4),
    "vn-tag": ethernet(0x8926, bytes.fromhex("00000033" "0800") + INNER4),
    "ip-in-ip": ethernet(0x0800, ip4(4, INNER4)),
    "6-in-4": ethernet(0x0800, ip4(41, INNER6)),
    "4-in-6": ethernet(0x86DD, ip6(4, INNER4)),
    "gre": gre(0, 0x0800, INNER4),
    "gre-all": gre(0xB000, 0x86DD, bytes(12) + INNER6),
    "pptp": gre(0x3081, 0x880B, bytes(12) + b"\xff\x03\0\x21" + INNER4),
    "erspan-1": gre(0, 0x88BE, INNER),
    "erspan-2": gre(0x1000, 0x88BE, bytes(12) + INNER),
    "erspan-3": gre(0x1000, 0x22EB, bytes(15) + b"\1" + bytes(8) + INNER),
    "etherip": ethernet(0x0800, ip4(97, b"\x30\0" + INNER)),
    "vxlan": port(4789, b"\x08" + bytes(7) + INNER),
    "geneve": port(6081, bytes.fromhex("0200655800000100") + bytes(8) + INNER),
    "gtp": port(2152, bytes.fromhex("34ff002c00000001" "00000085" "01100000") + INNER4),
    "teredo": port(3544, bytes.fromhex("00010000000000000000000000" "0000111122223333") + INNER6),
    "sctp": ethernet(0x0800, ip4(132, bytes(12) + b"\1\0\0\x14")),
    "ah": ethernet(0x0800, ip4(51, b"\6\1" + bytes(10) + tcp(b"x"))),
    "icmp-error": ethernet(0x0800, ip4(1, b"\3\1\0\0\0\0\0\0" + INNER4)),
    "ip6-fragment": ethernet(0x86DD, ip6(44, b"\x11\0\0\1\0\0\0\7" + udp(b"x"))),
}
# In front: the link type's place in the table of those that are decoded, whether checksums count, the length on the wire.
LINKS = {"null": (1, b"\2\0\0\0" + INNER4), "loop": (2, b"\0\0\0\x1e" + INNER6), "raw": (3, INNER4), "ip6-alone": (7, INNER6),
         "sll": (8, bytes(14) + b"\x08\0" + INNER4), "sll2": (9, b"\x86\xdd" + bytes(18) + INNER6), "radiotap": (10, bytes(30))}
for name, (link, frame) in {**{name: (0, frame) for name, frame in FRAMES.items()}, **LINKS}.items():
    for validate in 0, 8:
        seed("decode", f"{name}-{validate}", struct.pack(">BBH", link, validate, len(frame)) + frame)
    seed("decode", name + "-cut", struct.pack(">BBH", link, 0, len(frame)) + frame[:-3])

# Captures.

def pcap(order, magic, frames, linktype=1):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, linktype)
    for i, frame in enumerate(frames):
        out += struct.pack(order + "IIII", 1700000000 + i, i, len(frame), len(frame)) + frame
    return out


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def pcapng(order, frames):
    out = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + struct.pack(order + "HHB3x", 9, 1, 9) +
                 struct.pack(order + "HHq", 14, 8, 5) + struct.pack(order + "HH", 0, 0))
    out += block(order, 4, struct.pack(order + "HHHH", 0, 0, 0, 0))
    for i, frame in enumerate(frames):
        out += block(order, 6, struct.pack(order + "IIIII", 0, 395000000, i, len(frame), len(frame)) + frame)
    return out + block(order, 3, struct.pack(order + "I", len(frames[0])) + frames[0])


FEW = [FRAMES["tcp"], FRAMES["udp"], FRAMES["arp"]]
seed("capture", "pcap-us", pcap("<", 0xA1B2C3D4, FEW))
seed("capture", "pcap-ns-big", pcap(">", 0xA1B23C4D, FEW))
seed("capture", "pcap-empty", pcap("<", 0xA1B2C3D4, []))
seed("capture", "pcap-cut", pcap("<", 0xA1B2C3D4, FEW)[:-5])
seed("capture", "pcapng", pcapng("<", FEW))
seed("capture", "pcapng-big", pcapng(">", FEW))
seed("capture", "pcapng-cut", pcapng("<", FEW)[:-40])
seed("capture", "gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0")

# Segments: first sequence number; then kind, distance, length.

def segments(first, *steps):
    return struct.pack(">I", first) + b"".join(struct.pack(">BhB", *step) for step in steps)


seed("reassembly", "in-order", segments(1, (0, 0, 10), (0, 0, 20), (0, 0, 30)))
seed("reassembly", "out-of-order", segments(1, (0, 20, 10), (0, 10, 10), (0, 0, 10)))
seed("reassembly", "overlap", segments(1, (0, 10, 20), (0, 5, 10), (0, 0, 12), (0, -10, 30)))
seed("reassembly", "hole", segments(0xFFFFFFF0, (0, 20, 10), (1, 30, 0), (0, 40, 5)))
seed("reassembly", "many", segments(7, *((0, 2 + 3 * i, 2) for i in range(300))))
seed("reassembly", "large", segments(0x7FFFFFFF, *((4 | 2, 10 + 4 * i, 255) for i in range(80))))

# Fragments: IP version, datagram and time; offset and more; length.

def fragments(*steps):
    return b"".join(struct.pack(">BHB", v6 | number << 1 | wait << 6, offset | more, size) for v6, number, wait, offset, more, size in steps)


seed("defrag", "in-order", fragments((0, 1, 0, 0, 1, 16), (0, 1, 0, 16, 1, 8), (0, 1, 0, 24, 0, 5)))
seed("defrag", "turned", fragments((1, 1, 0, 24, 0, 5), (1, 1, 0, 16, 1, 8), (1, 1, 0, 0, 1, 16)))
seed("defrag", "overlap", fragments((0, 1, 0, 8, 1, 16), (0, 1, 0, 0, 1, 16), (0, 1, 0, 16, 0, 20)))
seed("defrag", "teardrop", fragments((0, 1, 0, 0, 1, 32), (0, 1, 0, 24, 0, 4)))
seed("defrag", "late", fragments((0, 1, 0, 0, 1, 16), *((0, 2, 3, 8 * i, 1, 8) for i in range(3)), (0, 1, 0, 16, 0, 8)))
seed("defrag", "many", fragments(*((0, i % 20, 0, 8 * (i // 20), 1, 8) for i in range(300))))

# Modbus: direction and time, length, bytes.

def talk(*steps):
    return b"".join(bytes([kind, len(data)]) + data for kind, data in steps)


READ, WRITE = b"\3\0\x10\0\2", b"\6\0\x10\0\x2a"
ASKED = [
    (0, modbus(1, READ)), (1, modbus(1, b"\3\4\0\1\0\2")),
    (0, modbus(2, WRITE)), (1, modbus(2, WRITE)),
    (0, modbus(3, b"\x10\0\1\0\2\4\0\1\0\2")), (1, modbus(3, b"\x10\0\1\0\2")),
    (0, modbus(4, b"\5\0\1\xff\0")), (1, modbus(4, b"\x85\2")),
    (0, modbus(5, b"\x08\0\0\xa5\x37")), (1, modbus(5, b"\x08\0\0\xa5\x37")),
    (0, modbus(6, b"\x2b\x0e\1\0")), (1, modbus(6, b"\x2b\x0e\1\1\0\0\1\0\3abc")),
    (0, modbus(7, b"\x17\0\0\0\1\0\1\0\1\2\0\7")), (1, modbus(7, b"\x17\2\0\7")),
    (0, modbus(8, b"\x0f\0\0\0\x0a\2\xff\3")), (1, modbus(8, b"\x0f\0\0\0\x0a")),
    (0, modbus(9, b"\x16\0\4\0\xf2\0\x25")), (1, modbus(9, b"\x16\0\4\0\xf2\0\x25")),
]
seed("modbus", "pairs", talk(*ASKED))
seed("modbus", "in-one", talk((0, b"".join(d for k, d in ASKED if k == 0)[:255]), (1, b"".join(d for k, d in ASKED if k == 1)[:255])))
seed("modbus", "unanswered", talk((0, modbus(1, WRITE)), (0xF0, modbus(2, READ)), (0xF0, b"")))
seed("modbus", "out-of-step", talk((0, b"\1\2\3" + modbus(1, READ)), (1, b"\xff" + modbus(1, b"\3\4\0\1\0\2"))))
seed("modbus", "gap", talk((0, modbus(1, READ)[:5]), (6, b""), (0, modbus(2, WRITE)), (1, modbus(2, WRITE))))
seed("modbus", "exception", talk((0, modbus(1, READ)), (1, modbus(1, b"\x83\2")), (1, modbus(9, b"\x83\5"))))

# IEC 60870-5-104: the same steps.

def apdu(send, receive, asdu):
    return struct.pack("<BBHH", 0x68, 4 + len(asdu), send << 1, receive << 1) + asdu


def asdu(kind, cause, objects, common=10, count=1, sequence=False):
    return struct.pack("<BBBBH", kind, count | sequence << 7, cause, 0, common) + objects


def unnumbered(octet):
    return bytes([0x68, 4, octet, 0, 0, 0])


OBJECT = b"\2\0\0"
STARTED = [(0, unnumbered(7)), (1, unnumbered(11))]
ONES = [(45, b"\1"), (46, b"\x82"), (47, b"\1"), (48, b"\1\0\0"), (50, b"\0\0\x80\x3f\x80"), (51, b"\1\2\3\4"), (58, b"\1" + bytes(7)),
        (63, b"\0\0\x80\x3f\0" + bytes(7)), (100, b"\x14"), (101, b"\x45"), (103, bytes(7)), (105, b"\1"), (110, b"\1\0\1"), (113, b"\3")]
DONE = [step for n, (kind, element) in enumerate(ONES) for step in (
    (0, apdu(n, 2 * n, asdu(kind, 6, OBJECT + element))), (1, apdu(2 * n, n + 1, asdu(kind, 7, OBJECT + element))),
    (1, apdu(2 * n + 1, n + 1, asdu(kind, 10, OBJECT + element))))]
seed("iec104", "done", talk(*STARTED, *DONE))
seed("iec104", "in-one", talk(*STARTED, (0, b"".join(d for k, d in DONE if k == 0)[:255]), (1, b"".join(d for k, d in DONE if k == 1)[:255])))
seed("iec104", "refused", talk(*((k, apdu(0, 0, asdu(45, c, OBJECT + b"\1"))) for k, c in ((0, 6), (1, 0x47), (0, 6), (1, 0x6c), (0, 8), (1, 0x49), (0, 6), (1, 0x6f)))))
seed("iec104", "unanswered", talk((0, apdu(0, 0, asdu(45, 6, OBJECT + b"\1"))), (0xF1, unnumbered(0x83)), (0xF0, b"")))
seed("iec104", "read", talk((0, apdu(0, 0, asdu(102, 5, OBJECT))), (1, apdu(0, 1, asdu(9, 5, OBJECT + b"\1\2\0" * 3, count=3, sequence=True))), (0, apdu(1, 1, asdu(102, 5, OBJECT))), (1, apdu(1, 2, asdu(102, 0x6f, OBJECT)))))
seed("iec104", "all-stations", talk((0, apdu(0, 0, asdu(100, 6, b"\0\0\0\x14", 0xffff))), *((1, apdu(n, 1, asdu(100, c, b"\0\0\0\x14", a))) for n, (c, a) in enumerate(((7, 1), (7, 2), (10, 1), (10, 2))))))
seed("iec104", "files", talk(*((k, apdu(0, 0, asdu(t, c, OBJECT + e))) for k, t, c, e in (
    (0, 122, 5, b"\1\0\0\0"), (1, 126, 5, b"\1\0\1\0\0\0" + bytes(7)), (0, 122, 13, b"\1\0\0\1"), (1, 120, 13, b"\1\0\1\0\0\0"),
    (0, 122, 13, b"\1\0\0\2"), (1, 121, 13, b"\1\0\1\1\0\0\0"), (1, 125, 13, b"\1\0\1\2ab"), (1, 123, 13, b"\1\0\1\3\xc3"),
    (0, 124, 13, b"\1\0\1\3"), (0, 120, 13, b"\1\0\1\0\0\0"), (1, 124, 13, b"\1\0\0\2")))))
seed("iec104", "out-of-step", talk((0, b"\x68\x68" + apdu(0, 0, asdu(45, 6, OBJECT + b"\1"))), (1, b"\xff" + apdu(0, 1, asdu(45, 7, OBJECT + b"\1")))))
seed("iec104", "gap", talk((0, apdu(0, 0, asdu(45, 6, OBJECT + b"\1"))[:5]), (6, b""), (0, apdu(1, 0, asdu(46, 6, OBJECT + b"\1"))), (1, apdu(0, 2, asdu(46, 7, OBJECT + b"\1"))), (7, b""), (0, apdu(2, 1, asdu(46, 6, OBJECT + b"\1")))))

# Heads: which parser, then the same steps.

def packet(kind, size):
    return struct.pack(">IBB", size + 2, 0, kind) + bytes(size)


SSH_BEGIN = [(1, b"SSH-2.0-a\r\n"), (0, b"SSH-2.0-b\r\n"), (0, packet(20, 40)), (1, packet(20, 40)), (0, packet(30, 32)), (1, packet(31, 60) + packet(21, 10)),
             (0, packet(21, 10)), (0, bytes(44)), (1, bytes(44))]
seed("heads", "http-basic", b"\0" + talk(
    (0, b"GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YWRtaW46eA==\r\n\r\n"), (1, b"HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nabc"),
    (0, b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), (1, b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n")))
seed("heads", "http-gap", b"\0" + talk((0, b"HEAD / HTTP/1.1\r\n\r\nCONNECT a:1 HTTP/1.1\r\n\r\n"), (7, b""), (1, b"x\r\nHTTP/1.1 403 No\r\n\r\n")))
seed("heads", "ssh-refused", b"\1" + talk(*SSH_BEGIN, *[(0, bytes(52)), (1, bytes(52))] * 3))
seed("heads", "ssh-let-in", b"\1" + talk(*SSH_BEGIN, (0, bytes(52)), (1, bytes(52)), (0, bytes(80)), (1, bytes(28)), (0, bytes(60))))
seed("heads", "rdp", b"\2" + talk((0, b"\3\0\0\x29\x24\xe0\0\0\0\0\0Cookie: mstshash=eve\r\n\1\0\x08\0\3\0\0\0"), (1, b"\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x1f\x08\0\2\0\0\0"), (1, bytes(99))))
seed("heads", "vnc", b"\3" + talk((1, b"RFB 003.008\n"), (0, b"RFB 003.008\n"), (1, b"\2\1\2"), (0, b"\2"), (1, bytes(16)), (0, bytes(16)), (1, b"\0\0\0\1")))
seed("heads", "vnc-33", b"\3" + talk((1, b"RFB 003.003\n"), (0, b"RFB 003.003\n"), (1, b"\0\0\0\2"), (1, bytes(16)), (0, bytes(16)), (1, bytes(4))))
seed("heads", "telnet", b"\4" + talk((1, b"\xff\xfd\x18\xff\xfa\x18\1\xff\xf0login: "), (0, b"root\r\0"), (1, b"Password: "), (0, b"x\r\0"), (1, b"\r\nLogin incorrect\r\nlogin: "), (0, b"root\r"), (1, b"Password: "), (0, b"y\r"), (1, b"\r\nhi\r\n$ "), (0, b"ls")))

# FTP and SMTP: the same steps; mails alone.

seed("ftp", "login", talk((1, b"220 (x)\r\n"), (0, b"USER u\r\n"), (1, b"331 x\r\n"), (0, b"PASS p\r\n"), (1, b"230-a\r\n530 b\r\n230 c\r\n"), (0, b"QUIT\r\n"), (1, b"221 x\r\n")))
seed("ftp", "pipelined", talk((1, b"120 x\r\n220 x\r\n"), (0, b"USER a\r\nPASS b\r\nUSER c\r\nPASS d\r\nACCT e\r\n" * 3), (1, b"331 x\r\n530 x\r\n430 x\r\n150 x\r\n332 x\r\n202 x\r\n")))
seed("ftp", "tls", talk((1, b"421 x\r\n"), (0, b"AUTH TLS\r\n"), (1, b"234 x\r\n"), (0, b"USER u\r\n")))
seed("ftp", "gap", talk((0, b"USER u\r\nPA"), (6, b""), (0, b"x\r\nPASS y\r\n"), (1, b"331 x\r\n"), (7, b""), (1, b"3\r\n530 x\r\n"), (0, b"USER u\r\n"), (1, b"+OK\r\n")))
TWO_FILES = (b"Content-Type: multipart/mixed; boundary=xy\r\n\r\n--xy\r\nContent-Disposition: x; filename=\"a.exe\"\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA\r\n//8=\r\n"
             b"--xy\r\nContent-Type: t/p; name*0*=utf-8''b%2e; name*1=c\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n--xy--\r\n")
SMTP_BEGIN = [(1, b"220 mx ESMTP\r\n"), (0, b"EHLO me\r\n"), (1, b"250-mx\r\n250 PIPELINING\r\n")]


def pieces(side, data):
    return [(side, data[at:at + 255]) for at in range(0, len(data), 255)]


seed("smtp", "mail", talk(*SMTP_BEGIN, (0, b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"), (1, b"250 x\r\n250 x\r\n354 x\r\n"), *pieces(0, TWO_FILES + b"..\r\n.\r\nQUIT\r\n"), (1, b"250 x\r\n221 x\r\n")))
seed("smtp", "refused", talk(*SMTP_BEGIN, (0, b"DATA\r\n"), (0, TWO_FILES[:250]), (1, b"554 x\r\n"), (0, b"DATA\r\n"), (1, b"354 x\r\n"), *pieces(0, TWO_FILES + b".\r\n")))
seed("smtp", "chunks", talk(*SMTP_BEGIN, (0, b"BDAT 200\r\n" + TWO_FILES[:200]), (1, b"250 x\r\n"), *pieces(0, b"BDAT %d LAST\r\n" % (len(TWO_FILES) - 200) + TWO_FILES[200:] + b"BDAT 0 LAST\r\n")))
seed("smtp", "auth", talk(*SMTP_BEGIN, (0, b"AUTH PLAIN AHRpbQB4\r\n"), (1, b"535 x\r\n"), (0, b"AUTH LOGIN\r\n"), (1, b"334 VXNlcm5hbWU6\r\n"), (0, b"dGlt\r\n"), (1, b"334 UGFzc3dvcmQ6\r\n"), (0, b"eA==\r\n"), (1, b"235 x\r\n")))
seed("smtp", "starttls", talk(*SMTP_BEGIN, (0, b"STARTTLS\r\n"), (1, b"220 x\r\n"), (0, b"\x16\3\1")))
seed("smtp", "gap", talk(*SMTP_BEGIN, (0, b"DATA\r\n"), (1, b"354 x\r\n"), *pieces(0, TWO_FILES[:260]), (6, b""), (0, b"x\r\n.\r\nAUTH LOGIN\r\n"), (7, b""), (1, b"x\r\n250 x\r\n"), (0, b"BDAT 9\r\nx"), (6, b"\0" * 6)))
MIME = {
    "sealed": b"Content-Type: message/rfc822; name=m\r\nContent-Transfer-Encoding: base64\r\n\r\n\r\nTVqQ\r\n", "unsealed": b"Content-Type: message/rfc822; name=m\r\nContent-Transfer-Encoding: base64\r\n\r\n" + TWO_FILES,
    "files": TWO_FILES, "nested": TWO_FILES.replace(b"--xy--", b"--xy\r\nContent-Type: message/rfc822\r\n\r\n" + TWO_FILES.replace(b"xy", b"xyz") + b"--xy--"),
    "plain": b"Content-Disposition: x; filename=f\r\n\r\n-\r\n--x\r\r\n\n", "words": b"Content-Type: x; name=\"=?utf-8?B?YQ==?= =?a?q?b=2ec_?=\"\r\n\r\nx\r\n",
    "odd": b"Content-Disposition: x;\r\n filename*0*=a'b'%41;\r\n filename*1=\"c\\\"d\"; x; y=\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n==4=4\r\n\n=\r\n\r\r\n=3",
}
for name, mail in MIME.items():
    seed("mime", name, mail)

# DNS: datagrams or a stream, then the same steps.

def dns(*questions, flags=0x0100, answers=0, more=0, behind=b""):
    return struct.pack(">HHHHHH", 7, flags, len(questions), answers, 0, more) + b"".join(q + b"\0\1\0\1" for q in questions) + behind


def framed(*messages):
    return b"".join(struct.pack(">H", len(m)) + m for m in messages)


WWW, MAIL = b"\3www\7Example\3com\0", b"\4mail\xc0\x10"
EDNS, ADDRESS = b"\0\0\x29\x10\0\0\0\0\0\0\0", b"\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\1"
DNS = {
    "query": dns(WWW), "edns": dns(WWW, more=1, behind=EDNS), "questions": dns(WWW, MAIL, b"\0", b"\1a\0"), "update": dns(WWW, flags=0x2800),
    "circle": dns(*[b"\1a\xc0\x0c"] * 5), "forward": dns(b"\1a\xc0\x14", behind=b"\1b\0"), "itself": dns(b"\xc0\x0c"), "kind": dns(b"\x41a\0"),
    "cut": dns(WWW)[:-7], "labels": dns(b"\1a" * 100 + b"\0"), "zero": dns(b"\3a\0b\2..\0"),
}
for name, message in DNS.items():
    seed("dns", name, b"\0" + talk((0, message), (1, dns(WWW, flags=0x8180, answers=1, behind=ADDRESS)), (0, DNS["query"])))
    seed("dns", name + "-framed", b"\1" + talk((0, framed(message, DNS["query"])[:255]), (1, framed(DNS["query"])), (0, framed(DNS["edns"]))))
seed("dns", "pipelined", b"\1" + talk((0, framed(*[DNS["query"]] * 3)), (0, framed(b"", DNS["questions"], DNS["edns"])[:255])))
seed("dns", "long", b"\1" + talk((0, struct.pack(">H", 17000) + DNS["edns"]), *[(0, bytes(255))] * 67, (0, framed(*[DNS["query"]] * 4))))
seed("dns", "gap", b"\1" + talk((0, framed(DNS["query"])[:9]), (6, b""), (0, b"zz" + framed(DNS["query"], DNS["edns"]))))
seed("dns", "gap-unknown", b"\1" + talk((0, framed(DNS["query"])[:1]), (14, b""), (0, framed(DNS["query"], DNS["questions"])), (7, b"")))

# TLS: the same steps, of 255 bytes at most.

def listed(width, data):
    return len(data).to_bytes(width, "big") + data


def der(tag, *parts):
    data = b"".join(parts)
    return bytes([tag]) + (bytes([len(data)]) if len(data) < 128 else b"\x81" + bytes([len(data)])) + data


def name(*attributes):
    return der(0x30, *(der(0x31, der(0x30, der(6, oid), der(tag, value))) for oid, tag, value in attributes))


def certificate(subject, issuer):
    algorithm = der(0x30, der(6, b"\x2a\3"))
    dates = der(0x30, der(23, b"260101000000Z"), der(24, b"20500101000000Z"))
    signed = der(0x30, b"\xa0\3\2\1\2", der(2, b"\0\x8a\1"), algorithm, issuer, dates, subject, der(0x30, algorithm, der(3, b"\0\1")))
    return der(0x30, signed, algorithm, der(3, b"\0\1"))


def extension(kind, data):
    return struct.pack(">H", kind) + listed(2, data)


def client_hello(*extensions):
    return b"\1" + listed(3, b"\3\3" + bytes(32) + listed(1, b"id") + listed(2, b"\x0a\x0a\x13\1\0\x2f") + b"\1\0" + listed(2, b"".join(extensions)))


def server_hello(*extensions):
    return b"\2" + listed(3, b"\3\3" + bytes(32) + listed(1, b"id") + b"\0\x2f\0" + listed(2, b"".join(extensions)))


def record(kind, data, size=16384):
    return b"".join(bytes([kind, 3, 1]) + listed(2, data[at:at + size]) for at in range(0, len(data), size))


def long_talk(*steps):
    return talk(*((kind, data[at:at + 255]) for kind, data in steps for at in range(0, max(len(data), 1), 255)))


HELLO = client_hello(extension(0, listed(2, b"\0" + listed(2, b"a.example"))), extension(10, listed(2, b"\0\x1d\0\x17")), extension(11, b"\1\0"),
                     extension(13, listed(2, b"\4\3\x08\4")), extension(16, listed(2, b"\2h2")))
HELLO_13 = client_hello(extension(0, listed(2, b"\0" + listed(2, b"a.example"))), extension(43, b"\4\x7a\x7a\3\4"))
LEAF = certificate(name((b"\x55\4\6", 19, b"AQ"), (b"\x55\4\3", 12, b"a.example")), name((b"\x55\4\3", 30, b"\0A\xd8\x3d\xde\xa2"), (b"\x2a\3", 2, b"\1")))
FLIGHT = server_hello(extension(0xff01, b"\0")) + b"\x0b" + listed(3, listed(3, listed(3, LEAF) * 2)) + b"\x0c" + listed(3, b"key") + b"\x0e" + listed(3, b"")
HIDDEN = record(20, b"\1") + record(22, b"hidden") + record(23, b"hidden")
seed("tls", "full", long_talk((0, record(22, HELLO)), (1, record(22, FLIGHT)), (0, record(22, b"\x10" + listed(3, b"key")) + HIDDEN), (1, HIDDEN)))
seed("tls", "in-pieces", long_talk((0, record(22, HELLO, 40)), (1, record(22, FLIGHT, 9)), (0, HIDDEN), (1, HIDDEN)))
seed("tls", "goes-on", long_talk((0, record(22, HELLO)), (1, record(22, server_hello()) + HIDDEN), (0, HIDDEN)))
seed("tls", "1.3", long_talk((0, record(22, HELLO_13)), (1, record(22, server_hello(extension(43, b"\3\4"))) + HIDDEN), (0, HIDDEN)))
seed("tls", "ssl2", long_talk((0, b"\x80\x1c\1\3\1\0\3\0\0\0\x10" + bytes(19)), (1, record(22, FLIGHT)), (0, HIDDEN)))
seed("tls", "gap", long_talk((0, record(22, HELLO)), (1, record(22, FLIGHT)[:90]), (7, b""), (1, HIDDEN), (0, HIDDEN)))

# HTTP/1: what there is to heads and bodies.

HTTP_PACKED = gzip.compress(b"packed, packed and packed again", mtime=0)
HTTP_THRICE = gzip.compress(zlib.compress(HTTP_PACKED), mtime=0)


def http_response(fields, body):
    return b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


seed("http1", "plain", talk(
    (0, b"GET /a/%2e%2e//b\\c%u0041%c3%a9?d=%20+#e HTTP/1.1\r\nHost: H:80\r\nX: a\r\nx: b\r\n c\r\nnone\r\nCookie: d\r\n\r\n"),
    (1, b"HTTP/1.1 100 Go\r\n\r\n" + http_response(b"Set-Cookie: a\r\nSet-Cookie: b\r\n", b"ok"))))
seed("http1", "absolute", talk((0, b"GET http://u:p@Host.:1/x HTTP/1.0\r\n\r\nget\t/ http/1.1\nhost:h\n\nGET /\r\n\r\n"), (1, b"HTTP/1.0 200 OK\r\n\r\nto the end")))
seed("http1", "chunked", talk(
    (0, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3;x\r\nabc\r\n0\r\nT: t\r\n\r\nHEAD / HTTP/1.1\r\n\r\n"),
    (1, b"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n")))
seed("http1", "packed", talk((0, b"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(HTTP_PACKED) + HTTP_PACKED),
                             (1, http_response(b"Content-Encoding: gzip, deflate\r\n", zlib.compress(HTTP_PACKED)))))
seed("http1", "raw", talk((0, b"GET / HTTP/1.1\r\n\r\n"), (1, http_response(b"Content-Encoding: deflate\r\n", zlib.compress(b"raw raw raw raw")[2:-4])),
                          (0, b"GET / HTTP/1.1\r\n\r\n"), (1, http_response(b"Content-Encoding: gzip\r\n", b"as it is"))))
seed("http1", "gap", talk((0, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc")) + bytes([6, 6]) + talk((0, b"GET / HTTP/1.1\r\n\r\n"), (7, b""), (1, b"x\r\nHTTP/1.1 403 No\r\n\r\n")))
seed("http1", "form", talk(
    (0, b"POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 130\r\n\r\n"),
    (0, b'--b\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue\r\n--b\r\nContent-Disposition: form-data; filename="f;g"\r\n\r\nfile\r\n-\r\n--c\r\n--b--\r\n'),
    (0, b"PUT /a/./b HTTP/1.1\r\nContent-Length: 2\r\n\r\nab")))
seed("http1", "odd heads", talk((0, b"GET / HTTP/1.1\r\n\r\n" * 6), (1, (
    b"HTTP/1.1 200 OK\r\nTransfer\0-Encoding\n :chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\0HTTP/1.1 100 x\r\nContent-Length: 1\n\r\r\n\r\na"
    b"HTTP/1.1 304 x\r\nContent-Length: 1\n \n\nbHTTP/1.0 200 OK\rContent-Length: 2( 3)\n\r\nab\nodd\nHTTP/1.1 204 x\n\nstray\nHTTP/1.0 200 OK\nA: b\n"))))
seed("http1", "three layers", talk((0, b"GET / HTTP/1.1\r\n\r\n"), (1, http_response(b"Content-Encoding: gzip, deflate, gzip\r\n", HTTP_THRICE)),
                                   (0, b'PUT / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 18\r\n\r\n{"sdk_version":110}')))
seed("http1", "connect", talk((0, b"CONNECT a:1 HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\n"), (0, b"GET / HTTP/1.1\r\n\r\n")))

# HTTP/2, and the way to it: a byte that is odd where the preface is put in front.

def http2(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value, kept=True):
    return (b"\x40" if kept else b"\0") + bytes([len(name)]) + name + bytes([len(value)]) + value


HTTP2_SETTINGS = http2(4, 0, 0, b"\0\3\0\0\0\x64")
HTTP2_ASK = literal(b":method", b"POST") + literal(b":path", b"/a") + literal(b":authority", b"u@H:80") + literal(b"cookie", b"a") + literal(b"cookie", b"b", False)
HTTP2_ZIP = b"\x88\x5a\4gzip"
seed("http2", "plain", b"\1" + talk(
    (0, HTTP2_SETTINGS + http2(1, 4, 1, HTTP2_ASK) + http2(0, 1, 1, b"body")), (1, HTTP2_SETTINGS + http2(1, 4, 1, b"\x88") + http2(0, 1, 1, b"ok")),
    (0, http2(1, 5, 3, b"\xc1\xc0\xbf")), (1, http2(1, 5, 3, literal(b":status", b"403"))), (0, http2(7, 0, 0, bytes(8)))))
seed("http2", "frames", b"\1" + talk(
    (0, HTTP2_SETTINGS + http2(1, 0x28, 1, b"\1\x80\0\0\0\x10" + HTTP2_ASK[:9] + b"\0") + http2(9, 0, 1, HTTP2_ASK[9:20]) + http2(9, 4, 1, HTTP2_ASK[20:])),
    (0, http2(0, 8, 1, b"\2ab\0\0") + http2(8, 0, 0, bytes(4)) + http2(6, 0, 0, bytes(8)) + http2(99, 255, 5, b"?") + http2(3, 0, 1, bytes(4))),
    (1, HTTP2_SETTINGS + http2(5, 4, 1, b"\0\0\0\2\x82\x84") + http2(1, 4, 2, b"\x88") + http2(0, 1, 2, b"pushed"))))
seed("http2", "packed", b"\1" + talk(
    (0, HTTP2_SETTINGS + http2(1, 5, 1, b"\x82\x84") + http2(1, 5, 3, b"\x82\x85")), (1, HTTP2_SETTINGS + http2(1, 4, 1, HTTP2_ZIP) + http2(1, 4, 3, b"\x88\xbe")),
    (1, http2(0, 0, 1, HTTP_PACKED[:20]) + http2(0, 0, 3, HTTP_PACKED[:30])), (1, http2(0, 1, 3, HTTP_PACKED[30:]) + http2(0, 1, 1, HTTP_PACKED[20:]))))
seed("http2", "huffman", b"\1" + talk(
    (0, bytes.fromhex("00001201050000000182868441") + bytes.fromhex("8cf1e3c2e5f23a6ba0ab90f4ff")), (0, http2(1, 5, 3, bytes.fromhex("828684be5886a8eb10649cbf")))))
seed("http2", "table", b"\1" + talk(
    (0, http2(1, 5, 1, b"\x3f\x31" + literal(b"x", b"y" * 20) + literal(b"x", b"z" * 20) + b"\xbe")), (0, http2(1, 5, 3, b"\x20\x3f\xe1\x1f\x82\xbe")),
    (0, http2(1, 5, 5, b"\x3f\xff\xff\xff\xff\x7f"))))
seed("http2", "gap", b"\1" + talk((0, HTTP2_SETTINGS + http2(1, 4, 1, HTTP2_ASK) + http2(0, 0, 1, b"some of")[:12])) + bytes([6, 4]) +
     talk((0, http2(1, 5, 3, b"\x82\xbe\x84"))) + bytes([6, 9]) + talk((0, b"abcdef" + http2(8, 0, 0, bytes(4)) + http2(1, 5, 5, b"\x82\x84\xbe")), (7, b""), (1, HTTP2_SETTINGS)))
seed("http2", "upgrade", b"\0" + talk(
    (0, b"GET /up HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nAuthorization: Basic YTpi\r\n\r\n"),
    (1, b"HTTP/1.1 101 Go\r\nUpgrade: h2c\r\n\r\n" + HTTP2_SETTINGS + http2(1, 4, 1, b"\x88")), (0, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HTTP2_SETTINGS),
    (1, http2(0, 1, 1, b"ok")), (0, http2(1, 5, 3, b"\x82\x84"))))
seed("http2", "many", b"\1" + talk((0, HTTP2_SETTINGS), *((0, b"".join(http2(1, 4, 2 * i + 16 * k + 1, b"\x83\x84") for i in range(8))) for k in range(5)),
                                   (0, http2(0, 1, 77, b"body")), (1, HTTP2_SETTINGS + http2(1, 5, 1, b"\x88"))))
seed("http2", "one", b"\0" + talk((0, b"PRI"), (0, b" * HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")))

# The line: side, conversation and time; flags; distance; length; payload.

def frames(*steps):
    return b"".join(bytes([side | talk << 1 | time << 3, flags, distance & 255, len(data)]) + data
                    for side, talk, time, flags, distance, data in steps)


SYN, ACK, PSH, FIN, RST = 2, 16, 8, 1, 4
HANDSHAKE = [(0, 0, 0, SYN, 0, b""), (1, 0, 0, SYN | ACK, 0, b""), (0, 0, 0, ACK, 0, b"")]
seed("line", "modbus", frames(*HANDSHAKE, *((k, 0, 1, PSH | ACK, 0, d) for k, d in ASKED), (0, 0, 0, FIN | ACK, 0, b""), (1, 0, 0, FIN | ACK, 0, b"")))
seed("line", "iec104", frames(*HANDSHAKE, *((k, 0, 1, PSH | ACK, 0, d) for k, d in STARTED + DONE[:12]), (0, 0, 0, RST, 0, b"")))
seed("line", "http", frames((0, 1, 0, SYN, 0, b""), (1, 1, 0, SYN | ACK, 0, b""), (0, 1, 0, ACK, 0, b"a"), (0, 1, 0, ACK, 0, b"b..c"), (0, 1, 0, ACK, 0, b"d")))
seed("line", "udp", frames((0, 2, 0, 0, 0, b"axYz"), (1, 2, 1, 0, 0, b"answer")))
seed("line", "refused", frames((0, 0, 0, SYN, 0, b""), (1, 0, 0, RST | ACK, 0, b"")))
seed("line", "unanswered", frames((0, 0, 0, SYN, 0, b""), (0, 1, 31, SYN, 0, b""), (0, 2, 31, 0, 0, b"x"), (0, 2, 31, 0, 0, b"x")))
seed("line", "out-of-order", frames((0, 1, 0, SYN, 0, b""), (0, 1, 0, ACK, 4, b"cd"), (0, 1, 0, ACK, -6, b"abxy"), (1, 1, 0, ACK, 0, b"z")))
seed("line", "midstream", frames((0, 3, 0, ACK, 0, b"abcd"), (1, 3, 0, ACK, 0, b"efgh"), (0, 3, 0, RST, 0, b"")))

# Rules.

RULES = r"""
alert tcp $EXTERNAL_NET any -> $HOME_NET [80,8000:8090,!8080] (msg:"a \"request\"; or so"; flow:established,to_server; content:"GET "; startswith; content:"/Admin"; nocase; distance:0; within:20; content:!"ok"; classtype:web-application-attack; priority:2; metadata:tag red-line, created_at 2026_01_01; reference:url,example.net; sid:1000001; rev:3;)
# alert tcp any any -> any any (msg:"off"; content:"x"; sid:2;)
alert udp any any <> [10.0.0.0/8,!10.1.0.0/16] 53 (msg:"b"; content:"|00 01|a|3a|"; offset:2; depth:30; fast_pattern:0,3; dsize:>20; sid:3;)
alert tcp any 502 -> any any (msg:"c"; flow:to_client; flowbits:isset,asked; content:"|86|"; endswith; sid:4;) 
alert ip any any -> any any (msg:"d"; flowbits:set,asked; flowbits:noalert; sid:5;)
pass tcp any any -> any any (msg:"joined"; \
    content:"yes"; sid:6;)
alert udp any any -> any any (content:"b"; base64_decode:bytes 60, offset 0, relative; base64_data; content:"|69|"; pcre:"/./R"; sid:7;)
alert udp any any -> any any (byte_math:bytes 1, offset 0, oper <<, rvalue 1, result r, string hex, bitmask 0xff; content:"a"; offset:r; sid:8;)
alert udp any any -> any any (asn1:oversize_length 3, bitstring_overflow, double_overflow, absolute_offset 1; sid:9;)
alert udp any any -> any any (flowint:nn,+,1; flowint:nn,<,mm; xbits:toggle,x,track ip_pair,expire 9; content:"a"; sid:10;)
alert tcp any any -> any any (tcp.hdr; content:"|02 04|"; pkt_data; content:"a"; ipopts:any; tcp.mss:>5; app-layer-protocol:!http; tag:host,9,seconds,src; sid:11;)
alert tls any any -> any any (requires:version >= 7.0.4 < 8 | >= 8.0.3; ssl_version:!tls1.2,!sslv3; sid:12;)
""".strip()
seed("rules", "all", RULES)
for number, line in enumerate(RULES.splitlines()):
    seed("rules", f"line-{number}", line)

# Accords: which file, then the file.

for number, name in enumerate(["amber-own.yaml", "amber.assets.yaml", "amber.assets.salts", "amber.networks.yaml", "amber.networks.salts"]):
    seed("accord", name, bytes([number]) + (ACCORDS / name).read_bytes())
seed("accord", "example-grid.yaml", b"\0" + (ACCORDS / "example-grid.yaml").read_bytes())

# Correlations.

SHIPPED = (SOURCE / "rules/packs/correlations.yaml").read_text()
seed("definitions", "shipped", SHIPPED)
for number, text in enumerate(SHIPPED.split("\n---\n")):
    seed("definitions", f"document-{number}", text)
seed("definitions", "tag", """title: a tag
name: tagged
logsource: {product: plimsoll, service: observations}
detection:
  one: {kind: hit, rule.tag: red-line}
  two: {outcome|contains: ack, target.port|gte: 502, source.address|cidr: 192.0.2.0/24}
  condition: one and not two or 1 of *
---
title: counted
name: example.counted
correlation:
  type: value_count
  rules: [tagged]
  group-by: [source.address, target.sector]
  timespan: 1h
  condition: {field: target.address, gte: 5}
""")

# The ledger: which format, then it.

NOTE = (ACCORDS / "example-grid.note").read_bytes()
ROOT = base64.b64encode(bytes(32)).decode()
seed("ledger", "note", b"\0" + NOTE)
seed("ledger", "checkpoint", b"\0" + f"example.net/log\n256\n{ROOT}\n\n— example.net/log {base64.b64encode(bytes(68)).decode()}\n".encode())
seed("ledger", "verifier", b"\1amber+ab8b5ee1+AfhFZNJQOz5cTbTGmkps96xup0h07vDqQYQX2hBnBf4a")
seed("ledger", "signer", b"\1PRIVATE+KEY+example.net/log+00000000+" + base64.b64encode(b"\1" + bytes(32)))
for name in ("tile/0/000", "tile/0/x001/x234/067.p/7", "tile/entries/x001/000", "tile/5/000.p/255"):
    seed("ledger", "tile-" + name.replace("/", "_"), b"\2" + name.encode())
DIGESTS = sorted(base64.urlsafe_b64encode(bytes([i]) * 32).decode().rstrip("=") for i in range(16))
seed("ledger", "entry", b"\3" + ('{"_sd":[' + ",".join(f'"{d}"' for d in DIGESTS) + '],"_sd_alg":"sha-256","v":1}').encode())


def string(s):
    return struct.pack(">I", len(s)) + s


DRAFT = string(b"start") + string(b"s1") + struct.pack(">II", 1, 2) + string(b"a") + string(b'"x"') + string(b"b") + string(b"[1,2]")
seed("ledger", "draft", b"\4" + DRAFT)
seed("ledger", "messages", b"\5" + struct.pack(">IB", len(DRAFT) + 1, 1) + DRAFT + struct.pack(">IB", 1, 2) + struct.pack(">IBIIII", 17, 5, 1, 0, 0, 0))
seed("ledger", "base64", b"\6" + ROOT.encode())
seed("ledger", "base64url", b"\7" + base64.urlsafe_b64encode(bytes(range(200, 232))).rstrip(b"="))
