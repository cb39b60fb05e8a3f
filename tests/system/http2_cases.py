"""Hand-written conversations in HTTP/2, by what they try: a list of (direction, bytes), 0 to the server. What Suricata
has of each is asked in http2_test.py; where ours is different on purpose, DIFFERENT says why.
"""
import gzip
import struct
import zlib

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, HAS_PRIORITY = 1, 4, 8, 32
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PLAIN = b"<html>hello packed world, hello again, hello packed world</html>" * 3
STATIC = {":authority": 1, ":method": 2, ":path": 4, ":scheme": 6, ":status": 8, "accept-encoding": 16, "content-encoding": 26, "cookie": 32,
          "server": 54, "set-cookie": 55, "user-agent": 58}


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


# ---- fields (RFC 7541) ----

def number(value, bits, first=0):
    if value < (1 << bits) - 1:
        return bytes([first | value])
    out, value = [first | (1 << bits) - 1], value - (1 << bits) + 1
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


def string(text):
    return number(len(text), 7) + text


def field(name, value, kept=False):
    """A literal; of a name that the static table has its place."""
    place = STATIC.get(name, 0)
    return number(place, 6 if kept else 4, 0x40 if kept else 0) + (b"" if place else string(name.encode())) + string(value.encode())


def indexed(place):
    return number(place, 7, 0x80)


def fields(*pairs, kept=False):
    return b"".join(field(name, value, kept) for name, value in pairs)


ASK = fields((":method", "GET"), (":scheme", "http"), (":authority", "h.example"), (":path", "/"))
POST = fields((":method", "POST"), (":scheme", "http"), (":authority", "h.example"), (":path", "/p"))
OK = fields((":status", "200"))
BROWSER = [(":method", "GET"), (":authority", "User@Example.COM:8080"), (":scheme", "http"), (":path", "/A%41//b/../c?d=%2e#e"),
           ("user-agent", "curl/1"), ("accept", "*/*"), ("referer", "http://x/"), ("accept-encoding", "gzip, br"), ("accept-language", "en"),
           ("connection", "x"), ("content-type", "text/plain"), ("content-length", "0"), ("host", "other"), ("x-a", " b\t")]
SERVER = [(":status", "404"), ("server", "x"), ("location", "/y"), ("set-cookie", "q=1"), ("set-cookie", "r=2"), ("content-type", "text/html"),
          ("content-length", "4"), ("connection", "z"), ("date", "now")]


# ---- conversations ----

def ask(block, stream=1, flags=END_STREAM | END_HEADERS):
    return frame(HEADERS, flags, stream, block)


def answer(block=OK, body=b"ok", stream=1):
    return frame(HEADERS, END_HEADERS, stream, block) + frame(DATA, END_STREAM, stream, body)


def begin(settings=b"\0\3\0\0\0\x64"):
    return [(0, PREFACE + frame(SETTINGS, 0, 0, settings)), (1, frame(SETTINGS, 0, 0, b"\0\3\0\0\0\x64")), (0, frame(SETTINGS, 1, 0))]


def talk(request, response=None):
    """A request and its response, behind the beginning of a connection."""
    return begin() + [(0, request), (1, answer() if response is None else response)]


def asked(*pairs, kept=False):
    return talk(ask(fields(*pairs, kept=kept)))


def answered(*pairs):
    return talk(ask(ASK), answer(fields(*pairs)))


def packed(coding, body):
    return talk(ask(ASK), answer(OK + field("content-encoding", coding), body))


def posted(body, more=b"", flags=0, behind=b""):
    return talk(ask(POST + more, flags=END_HEADERS) + frame(DATA, END_STREAM | flags, 1, body) + behind)


def pieces(kind, block, size, stream=1, flags=END_STREAM):
    """A block over as many frames."""
    parts = [block[at:at + size] for at in range(0, len(block), size)]
    out = frame(kind, flags, stream, parts[0])
    for part in parts[1:-1]:
        out += frame(CONTINUATION, 0, stream, part)
    return out + frame(CONTINUATION, END_HEADERS, stream, parts[-1])


def request_like(**changed):
    values = {":method": "GET", ":scheme": "http", ":authority": "h.example", ":path": "/", **{k.replace("_", ":", 1): v for k, v in changed.items()}}
    return asked(*((k, v) for k, v in values.items() if v is not None))


UPGRADE = (b"GET /up?x=%41 HTTP/1.1\r\nHost: Ex.ample:80\r\nUser-Agent: curl/1\r\nCookie: a=b\r\nAccept: */*\r\nX-Two: a\r\nX-Two: b\r\n"
           b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
SETTLED = frame(SETTINGS, 0, 0, b"\0\3\0\0\0\x64")

CASES = {
    "plain": talk(ask(ASK)),
    "browser": talk(ask(fields(*BROWSER)), answer(fields(*SERVER))),
    "kept": talk(ask(fields(*BROWSER, kept=True)), answer(fields(*SERVER, kept=True))),
    "indexed": talk(ask(bytes([0x82, 0x84, 0x86]) + field(":authority", "h")), answer(bytes([0x88]))),
    "again": talk(ask(fields(("x-long", "1"), *BROWSER[:6], kept=True))) + [(0, ask(b"".join(indexed(62 + i) for i in range(7)), 3)), (1, answer(stream=3))],
    "huffman": talk(ask(bytes.fromhex("828684418cf1e3c2e5f23a6ba0ab90f4ff")), answer(bytes.fromhex("488264025885aec3771a4b"))),
    "empty path": request_like(_path=""),
    "no path": request_like(_path=None),
    "no scheme": request_like(_scheme=None),
    "empty agent": talk(ask(ASK + field("user-agent", ""))),
    "authority with user": request_like(_authority="u:p@Host.example:81"),
    "authority six": request_like(_authority="[::1]:80"),
    "no authority": request_like(_authority=None),
    "two authorities": talk(ask(ASK + field(":authority", "second"))),
    "two agents": talk(ask(ASK + fields(("user-agent", "a"), ("user-agent", "b"), ("accept", "c"), ("accept", "d")))),
    "crumbs": talk(ask(ASK + fields(("cookie", "a=b"), ("cookie", "c=d"), ("Cookie", "e=f")))),
    "capitals": talk(ask(ASK + fields(("User-Agent", "a"), ("X-B", "c")))),
    "blanks": talk(ask(ASK + fields(("x-a", "  b  "), ("user-agent", "  c  "), ("x-d", " ")))),
    "line ends": talk(ask(ASK + fields(("x-a", "b\r\nc: d"), ("e\r\nf", "g")))),
    "bytes": talk(ask(ASK + number(0, 4) + string(b"x-\xff\xc3\xa9") + string(b"\x00\xfe"))),
    "no method": talk(ask(fields((":scheme", "http"), (":path", "/")))),
    "no pseudo-headers": talk(ask(fields(("x-a", "b")))),
    "no fields": talk(ask(b"")),
    "no status": talk(ask(ASK), answer(field("x-a", "b"))),
    "connect": asked((":method", "CONNECT"), (":authority", "a:1")),
    "size update": talk(ask(b"\x3f\xe1\x1f" + ASK), answer(b"\x20" + OK)),
    "two size updates": talk(ask(b"\x20\x3f\xe1\x1f" + ASK)),
    "size update to none": talk(ask(fields(*BROWSER[:6], kept=True))) + [(0, ask(b"\x20" + ASK, 3)), (1, answer(stream=3))],
    "small table": talk(ask(b"\x3f\x31" + fields(*BROWSER[:4], ("x", "y" * 20), ("x", "z" * 20), kept=True))) +
                   [(0, ask(ASK + indexed(62), 3)), (1, answer(stream=3))],
    "never kept": talk(ask(ASK + b"\x10" + string(b"x-a") + string(b"b"))),
    "priority": talk(frame(HEADERS, END_STREAM | END_HEADERS | HAS_PRIORITY, 1, b"\x80\0\0\0\xdb" + ASK)),
    "padded": talk(frame(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, b"\3" + ASK + b"\0\0\0")),
    "continued": talk(pieces(HEADERS, fields(*BROWSER), 9)),
    "continued within names": talk(pieces(HEADERS, ASK + field("x-a", "b" * 300), 40), pieces(HEADERS, OK + field("x-c", "d" * 300), 40, flags=0) + frame(DATA, 1, 1, b"no")),
    "posted": posted(b"the body"),
    "posted, padded": posted(b"\4the body\0\0\0\0", flags=PADDED),
    "posted, in pieces": begin() + [(0, ask(POST, flags=END_HEADERS)), (0, frame(DATA, 0, 1, b"one ")), (0, frame(DATA, 0, 1, b"two")),
                                    (0, frame(DATA, 1, 1)), (1, answer())],
    "posted gzip": posted(gzip.compress(PLAIN, mtime=0), field("content-encoding", "gzip")),
    "gzip": packed("gzip", gzip.compress(PLAIN, mtime=0)),
    "deflate": packed("deflate", zlib.compress(PLAIN)[2:-4]),
    "zlib": packed("deflate", zlib.compress(PLAIN)),
    "GZIP": packed("GZIP", gzip.compress(PLAIN, mtime=0)),
    "x-gzip": packed("x-gzip", gzip.compress(PLAIN, mtime=0)),
    "not gzip": packed("gzip", b"as it is"),
    "identity": packed("identity", b"as it is"),
    "interleaved": begin() + [(0, ask(ASK, 1) + ask(fields((":method", "GET"), (":path", "/second")), 3)),
                              (1, frame(HEADERS, END_HEADERS, 1, OK) + frame(HEADERS, END_HEADERS, 3, fields((":status", "203")))),
                              (1, frame(DATA, 0, 1, b"first ")), (1, frame(DATA, 0, 3, b"second ")), (1, frame(DATA, 1, 1, b"body")), (1, frame(DATA, 1, 3, b"one"))],
    "no body": talk(ask(ASK), frame(HEADERS, END_HEADERS | END_STREAM, 1, fields((":status", "204")))),
    "trailers": talk(ask(ASK), frame(HEADERS, END_HEADERS, 1, OK) + frame(DATA, 0, 1, b"ok")) + [(1, frame(HEADERS, 5, 1, field("grpc-status", "0")))],
    "interim": talk(ask(ASK), frame(HEADERS, END_HEADERS, 1, fields((":status", "103"), ("link", "x"))) + answer()),
    "pushed": talk(ask(ASK), frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + fields((":method", "GET"), (":path", "/pushed"))) + answer() +
                   answer(fields((":status", "203")), b"pushed", 2)),
    "other frames": talk(frame(77, 255, 9, b"abc") + frame(PRIORITY, 0, 3, bytes(5)) + frame(WINDOW_UPDATE, 0, 0, b"\0\0\1\0") + frame(PING, 0, 0, bytes(8)) + ask(ASK)),
    "reset": begin() + [(0, ask(POST, flags=END_HEADERS) + frame(DATA, 0, 1, b"half")), (1, frame(RST_STREAM, 0, 1, bytes(4)))],
    "upgrade": [(0, UPGRADE), (1, SWITCH + SETTLED), (0, PREFACE + SETTLED), (1, answer(fields(*SERVER), b"body"))],
    "upgrade, answered at once": [(0, UPGRADE), (1, SWITCH + SETTLED + answer()), (0, PREFACE + SETTLED), (0, ask(ASK, 3)), (1, answer(body=b"third", stream=3))],
    "upgrade, 101 alone": [(0, UPGRADE), (1, SWITCH), (1, SETTLED), (0, PREFACE + SETTLED), (1, answer())],
    "upgrade refused": [(0, UPGRADE), (1, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")],
    "upgrade to another": [(0, UPGRADE), (1, SWITCH.replace(b"h2c", b"H2C") + SETTLED), (0, PREFACE + SETTLED), (0, ask(ASK, 3))],
}

HEAD = "http.header", "http.header.raw", "http.header_names"
DIFFERENT = {
    # Suricata takes the padding of HEADERS for fields.
    **{("padded", 0, part): "padding" for part in HEAD},
    # It tells no body that it cannot unpack, and knows these codings by their exact name.
    ("zlib", 1, "http.response_body"): "of deflate it knows the raw form alone",
    ("GZIP", 1, "http.response_body"): "in capitals",
    ("not gzip", 1, "http.response_body"): "not told at all there",
    # One buffer has the fields of all blocks of a stream that came so far, and the first status.
    **{("interim", 1, part): "an interim response" for part in (*HEAD, "http.stat_code", "http.response_line")},
    **{("pushed", 1, part): "a promised request" for part in HEAD[:2]},
    ("trailers", 1, "http.response_body"): "ends with a frame that is none of it",
    # A frame without a message has parts too.
    **{("reset", 1, part): "a frame alone" for part in ("http.protocol", "http.response_line", "http.stat_msg")},
}
