"""A capture of handshakes made by hand: names of certificates and hellos as no authority and no library writes them.

Each is a connection of its own, from port 20001 on: SYN to FIN, each side's flight in segments of 1,000 bytes.
"""
import struct

CLIENT, SERVER = bytes([10, 9, 0, 1]), bytes([10, 9, 0, 2])
CN, C, OU, EMAIL = b"\x55\4\3", b"\x55\4\6", b"\x55\4\x0b", bytes.fromhex("2a864886f70d010901")
UTF8, PRINTABLE, T61, BMP = 12, 19, 20, 30


# DER.

def der(tag, *parts):
    data = b"".join(parts)
    return bytes([tag]) + (bytes([len(data)]) if len(data) < 128 else b"\x82" + struct.pack(">H", len(data))) + data


def attribute(oid, tag, value):
    return der(0x30, der(6, oid), der(tag, value))


def name(*sets):
    """Each a list of attributes: (identifier, tag, value)."""
    return der(0x30, *(der(0x31, *(attribute(*a) for a in one)) for one in sets))


def common(text):
    return name([(CN, UTF8, text)])


KEY = der(0x30, der(0x30, der(6, bytes.fromhex("2a8648ce3d0201")), der(6, bytes.fromhex("2a8648ce3d030107"))), der(3, b"\0\4" + bytes(64)))
ALGORITHM = der(0x30, der(6, bytes.fromhex("2a8648ce3d040302")))
DATES = der(0x30, der(23, b"260101000000Z"), der(24, b"20500101000000Z"))


def certificate(subject, issuer=common(b"issuer"), serial=b"\1", version=b"\xa0\3\2\1\2", dates=DATES, extensions=b""):
    signed = der(0x30, version, der(2, serial), ALGORITHM, issuer, dates, subject, KEY, extensions)
    return der(0x30, signed, ALGORITHM, der(3, b"\0\1"))


# TLS.

def listed(width, data):
    return len(data).to_bytes(width, "big") + data


def pairs(*values):
    return b"".join(struct.pack(">H", v) for v in values)


def message(kind, body):
    return bytes([kind]) + listed(3, body)


def record(data, size=16384, kind=22):
    return b"".join(bytes([kind, 3, 1]) + listed(2, data[at:at + size]) for at in range(0, len(data), size))


def extension(kind, data=b""):
    return struct.pack(">H", kind) + listed(2, data)


def server_name(text, kind=0):
    return extension(0, listed(2, bytes([kind]) + listed(2, text)))


def client_hello(*extensions, version=0x0303, ciphers=(0x1301, 0xc02f), tail=None):
    body = struct.pack(">H", version) + bytes(32) + listed(1, b"id") + listed(2, pairs(*ciphers)) + b"\1\0"
    return message(1, body + (listed(2, b"".join(extensions)) if tail is None else tail))


def server_hello(*extensions, version=0x0303, cipher=0xc02f, tail=None):
    body = struct.pack(">H", version) + bytes(32) + listed(1, b"no") + pairs(cipher) + b"\0"
    return message(2, body + (listed(2, b"".join(extensions)) if tail is None else tail))


def chain(*certificates):
    return message(11, listed(3, b"".join(listed(3, c) for c in certificates)))


DONE = message(14, b"")
HELLO = client_hello(server_name(b"made.example"), extension(10, listed(2, pairs(29, 23))), extension(11, b"\1\0"),
                     extension(13, listed(2, pairs(0x0403))))
ANSWER = server_hello(extension(0xff01, b"\0"))


def of_subject(*sets, **more):
    return HELLO, ANSWER + chain(certificate(name(*sets), **more)) + DONE


def of_value(tag, value):
    return of_subject([(CN, tag, value)])


GOOD = certificate(common(b"good"))
# What they are for, and what both sides send: handshake messages, or, as a list, bytes.
HANDSHAKES = {
    "plain": of_subject([(C, PRINTABLE, b"US")], [(OU, UTF8, b"a")], [(CN, UTF8, b"b")]),
    "several in a set": of_subject([(OU, UTF8, b"x"), (CN, UTF8, b"y"), (EMAIL, 22, b"a@b")], [(C, PRINTABLE, b"US")]),
    "nothing is escaped": of_value(UTF8, b"a, b + c=d\\\"\n\t"),
    "no name": of_subject(),
    "no value": of_value(UTF8, b""),
    "utf-8": of_value(UTF8, "Zürich 🚢".encode()),
    "latin-1 in utf-8": of_value(UTF8, b"Z\xfcrich"),
    "surrogate in utf-8": of_value(UTF8, b"\xed\xa0\x80"),
    "too long utf-8": of_value(UTF8, b"\xc0\x80"),
    "behind the last character": of_value(UTF8, b"\xf4\x90\x80\x80"),
    "printable with a star": of_value(PRINTABLE, b"*.a_b.example"),
    "latin-1 in printable": of_value(PRINTABLE, b"Z\xfcrich"),
    "t61": of_value(T61, b"plain"),
    "latin-1 in t61": of_value(T61, b"Z\xfcrich"),
    "bmp": of_value(BMP, "Zürich €".encode("utf-16-be")),
    "bmp with a pair": of_value(BMP, "🚢".encode("utf-16-be")),
    "bmp with half a pair": of_value(BMP, b"\xd8\x3d\0a"),
    "bmp with an odd byte": of_value(BMP, b"\0ab"),
    "universal": of_value(28, b"\0\0\0a"),
    "numeric": of_value(18, b"12"),
    "visible": of_value(26, b"v"),
    "general": of_value(27, b"g"),
    "graphic": of_value(25, b"g"),
    "videotex": of_value(21, b"v"),
    "descriptor": of_value(7, b"o"),
    "octets": of_value(4, b"\xab\1"),
    "integer": of_value(2, b"\1\xab"),
    "sequence": of_value(0x30, der(2, b"\1")),
    "another class": of_value(0x8c, b"a"),
    "zero in subject": of_value(UTF8, b"a\0b"),
    "zero in issuer": of_subject([(CN, UTF8, b"a")], issuer=common(b"b\0c")),
    "attributes with a name": of_subject(*([(oid, UTF8, b"x")] for oid in
                                           [b"\x55\4" + bytes([arc]) for arc in (*range(0, 18), *range(41, 47))] +
                                           [bytes.fromhex(h) for h in ("2a864886f70d010901", "2a864886f70d010902", "0992268993f22c640101", "0992268993f22c640119",
                                                                       "2b060104018237" "3c020101", "2b060104018237" "3c020102", "2b060104018237" "3c020103")] +
                                           [b"\x55\x1d" + bytes([arc]) for arc in (14, 15, 17, 18, 19, 31, 32, 35, 37)])),
    "attributes without a name": of_subject(*([(bytes.fromhex(h), UTF8, b"x")] for h in (
        "550461", "550412", "55047f", "551d60", "2a864886f70d01097f", "2a03", "06092a", "2b8101", "8137", "2affffffffffffffff7f",
        "2affffffffffffffffffff7f", "2a83"))),
    "an odd element in a set": (HELLO, ANSWER + chain(certificate(der(0x30, der(0x31, attribute(CN, UTF8, b"a"), der(4, b"x"), attribute(CN, UTF8, b"b")),
                                                                      der(0x31, attribute(OU, UTF8, b"c"))))) + DONE),
    "an empty set": (HELLO, ANSWER + chain(certificate(der(0x30, der(0x31, attribute(CN, UTF8, b"a")), der(0x31), der(0x31, attribute(OU, UTF8, b"c"))))) + DONE),
    "no set": (HELLO, ANSWER + chain(certificate(der(0x30, der(0x31, attribute(CN, UTF8, b"a")), der(0x30), der(0x31, attribute(OU, UTF8, b"c"))))) + DONE),
    "a long serial number": of_subject([(CN, UTF8, b"a")], serial=b"\0\xff" + bytes(range(30))),
    "a negative serial number": of_subject([(CN, UTF8, b"a")], serial=b"\xff"),
    "no serial number": of_subject([(CN, UTF8, b"a")], serial=b""),
    "version 1": of_subject([(CN, UTF8, b"a")], version=b""),
    "before 1970": of_subject([(CN, UTF8, b"a")], dates=der(0x30, der(24, b"18000101000000Z"), der(24, b"20500101000000Z"))),
    "extensions": of_subject([(CN, UTF8, b"a")], extensions=der(0xa3, der(0x30, der(0x30, der(6, b"\x55\x1d\x11"), der(4, der(0x30, der(0x82, b"a.example"))))))),
    "three certificates": (HELLO, ANSWER + chain(GOOD, certificate(common(b"issuer")), certificate(common(b"root"))) + DONE),
    "no certificate": (HELLO, ANSWER + chain() + DONE),
    "the first is none": (HELLO, ANSWER + chain(b"junk", GOOD, b"junk") + DONE),
    "a list that is too long": (HELLO, ANSWER + message(11, struct.pack(">I", len(GOOD) + 4)[1:] + listed(3, GOOD)) + DONE),
    "a certificate that is too long": (HELLO, ANSWER + message(11, listed(3, listed(3, GOOD) + b"\0\1\0abc")) + DONE),
    "behind the list": (HELLO, ANSWER + message(11, listed(3, listed(3, GOOD)) + b"more") + DONE),
    "certificates twice": (HELLO, ANSWER + chain(GOOD) + chain(certificate(common(b"second"))) + DONE),
    "grease": (client_hello(extension(0x0a0a), server_name(b"a"), extension(10, listed(2, pairs(0x1a1a, 29))), extension(0xfafa, b"\0"),
                            ciphers=(0x2a2a, 0x1301)), server_hello(extension(0x3a3a), cipher=0x4a4a) + chain(GOOD) + DONE),
    "no extensions": (client_hello(tail=b""), server_hello(tail=b"") + chain(GOOD) + DONE),
    "an empty list of extensions": (client_hello(), server_hello() + chain(GOOD) + DONE),
    "extensions behind the end": (client_hello(tail=b"\0\x63" + server_name(b"a")), server_hello(tail=b"\0\x63\0\0\0\0") + chain(GOOD) + DONE),
    "an extension behind the end": (client_hello(server_name(b"a"), b"\0\x17\0\x20abc"), server_hello(b"\0\x17\0\x20abc") + chain(GOOD) + DONE),
    "groups that contradict": (client_hello(server_name(b"a"), extension(10, b"\0\x40\0\x1d"), extension(11, b"\1\0")), ANSWER + chain(GOOD) + DONE),
    "odd signatures": (client_hello(extension(13, b"\0\3\4\3\4"), server_name(b"a")), ANSWER + chain(GOOD) + DONE),
    "no such name": (client_hello(server_name(b"a", kind=1), extension(23)), ANSWER + chain(GOOD) + DONE),
    "an empty name": (client_hello(server_name(b""), extension(23)), ANSWER + chain(GOOD) + DONE),
    "a long name": (client_hello(server_name(b"a" * 255), extension(23)), ANSWER + chain(GOOD) + DONE),
    "a name that is too long": (client_hello(server_name(b"a" * 256), extension(23)), ANSWER + chain(GOOD) + DONE),
    "a name with a zero": (client_hello(server_name(b"a\0b"), extension(23)), ANSWER + chain(GOOD) + DONE),
    "a name that is no text": (client_hello(server_name(b"\x01\xfe\"\\ "), extension(23)), ANSWER + chain(GOOD) + DONE),
    "two names": (client_hello(server_name(b"a"), server_name(b"b")), ANSWER + chain(GOOD) + DONE),
    "versions": (client_hello(extension(43, listed(1, pairs(0x0a0a, 0x0302, 0x0303)))), server_hello(version=0x0302) + chain(GOOD) + DONE),
    "unknown versions": (client_hello(extension(43, listed(1, pairs(0x0a0a, 0x0505)))), ANSWER + chain(GOOD) + DONE),
    "tls 1.0": (client_hello(version=0x0301), server_hello(version=0x0301) + chain(GOOD) + DONE),
    "tls 1.3": (client_hello(extension(43, listed(1, pairs(0x0304)))), server_hello(extension(43, pairs(0x0304)), extension(51, b"\0\x1d"))),
    "tls 1.3 draft 28": (client_hello(extension(43, listed(1, pairs(0x7f1c)))), server_hello(extension(43, pairs(0x7f1c)))),
    "two hellos": (HELLO + client_hello(server_name(b"second")), ANSWER + server_hello(cipher=0xc030) + chain(GOOD) + DONE),
    "nobody is named": (HELLO, ANSWER + message(12, b"key") + DONE),
    "small records": ([record(HELLO, 17)], [record(ANSWER + chain(GOOD) + DONE, 23)]),
    "a chain over records": (HELLO, [record(ANSWER + chain(GOOD, bytes(8000), certificate(common(b"issuer"))) + DONE, 4000)]),
    "a session goes on": ([record(HELLO)], [record(ANSWER) + record(b"\1", kind=20) + record(b"hidden", kind=22)]),
    "an alert": ([record(HELLO)], [record(ANSWER) + record(b"\2\x28", kind=21)]),
    "an alert first": ([record(b"\1\0", kind=21) + record(HELLO)], [record(ANSWER + chain(GOOD) + DONE)]),
}


# Packets.

def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(port, to_server, seq, ack, flags, payload=b""):
    ends, ports = ((CLIENT, SERVER), (port, 443)) if to_server else ((SERVER, CLIENT), (443, port))
    segment = struct.pack(">HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 65535, 0, 0) + payload
    pseudo = ends[0] + ends[1] + struct.pack(">BBH", 0, 6, len(segment)) + segment
    segment = segment[:16] + struct.pack(">H", checksum(pseudo + b"\0" * (len(pseudo) % 2))) + segment[18:]
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0, *ends)
    return bytes(12) + b"\x08\0" + head[:10] + struct.pack(">H", checksum(head)) + head[12:] + segment


def flight(data):
    return data[0] if isinstance(data, list) else record(data)


def connection(port, client, server):
    SYN, ACK, FIN, PSH = 2, 16, 1, 8
    out, at = [packet(port, True, 0, 0, SYN), packet(port, False, 0, 1, SYN | ACK), packet(port, True, 1, 1, ACK)], [1, 1]
    for to_server, data in ((True, flight(client)), (False, flight(server))):
        for begin in range(0, len(data), 1000):
            part = data[begin:begin + 1000]
            mine, other = at if to_server else at[::-1]
            out.append(packet(port, to_server, mine, other, PSH | ACK, part))
            at[0 if to_server else 1] += len(part)
            out.append(packet(port, not to_server, other, mine + len(part), ACK))
    out += [packet(port, True, at[0], at[1], FIN | ACK), packet(port, False, at[1], at[0] + 1, FIN | ACK), packet(port, True, at[0] + 1, at[1] + 1, ACK)]
    return out


def write(path):
    """The capture; returns what each port is for."""
    ports = {20001 + i: what for i, what in enumerate(HANDSHAKES)}
    frames = [frame for port, what in ports.items() for frame in connection(port, *HANDSHAKES[what])]
    out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)
    for i, frame in enumerate(frames):
        out += struct.pack("<IIII", 1767225600 + i // 1000, i % 1000 * 1000, len(frame), len(frame)) + frame
    path.write_bytes(out)
    return ports
