"""Hand-written conversations in HTTP/1, by what they try: a list of (direction, bytes), 0 to the server. What Suricata
has of each is asked in http_test.py; where ours is different on purpose, DIFFERENT says why.
"""
import gzip
import zlib

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HOST = b"Host: h\r\n"
PLAIN = b"<html>hello packed world, hello again, hello packed world</html>" * 3
GZIP = gzip.compress(PLAIN, mtime=0)
ZLIB = zlib.compress(PLAIN)
RAW = ZLIB[2:-4]
JSON = b'{"sdk_version":11026,"app_package":"com.plant","id":"35067"}'  # as deflate it begins well


def fields(text):
    return [(0, b"GET / HTTP/1.1\r\n" + text + b"\r\n"), (1, OK)]


def line(text):
    return [(0, text + b"\r\n" + HOST + b"\r\n"), (1, OK)]


def target(text):
    return line(b"GET " + text + b" HTTP/1.1")


def answer(text):
    return [(0, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"), (1, text)]


def chunks(body, size):
    return b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size]) for i in range(0, len(body), size)) + b"0\r\n\r\n"


def packed(coding, body, more=b"", length=True):
    return answer(b"HTTP/1.1 200 OK\r\n" + (b"Content-Encoding: " + coding + b"\r\n" if coding else b"") + more +
                  (b"Content-Length: %d\r\n" % len(body) if length else b"") + b"\r\n" + body)


def posted(coding, body):
    return [(0, b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Encoding: " + coding + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body), (1, OK)]


def form(body, kind=b"multipart/form-data; boundary=XyZ", method=b"POST"):
    return [(0, method + b" /up/l%6fad?x=1 HTTP/1.1\r\nHost: h\r\nContent-Type: " + kind + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body), (1, OK)]


def header_flags(flags, behind):
    """GZIP with other flags, and what they say follows the header."""
    return GZIP[:3] + bytes([flags]) + GZIP[4:10] + behind + GZIP[10:]


FILE = b'--XyZ\r\nContent-Disposition: form-data; name="f"; filename="a b.txt"\r\nContent-Type: text/plain\r\n\r\nthe file\r\n'
VALUE = b'--XyZ\r\nContent-Disposition: form-data; name="v"\r\n\r\nvalue\r\n'
SECOND = FILE.replace(b"a b.txt", b"c.bin").replace(b"the file", b"the other file which is longer")
LAST = b"--XyZ--\r\n"
BROWSER = (b"Host: Example.COM\r\nUser-Agent: curl/1\r\nAccept: */*\r\nCookie: a=b\r\nReferer: http://x/\r\nAccept-Encoding: gzip\r\n"
           b"Accept-Language: en\r\nConnection: close\r\nAuthorization: Basic YTpi\r\n")
SERVER = (b"HTTP/1.1 404 Not Found\r\nServer: x\r\nLocation: /y\r\nSet-Cookie: q=1\r\nSet-Cookie: r=2\r\nContent-Type: text/html\r\n"
          b"Content-Length: 4\r\nConnection: close\r\n\r\nbody")

TARGETS = [
    rb"/a/b?c=d", rb"/a%20b", rb"/%41%2e%2e/x", rb"/a/../b", rb"/a/./b", rb"/a/b/..", rb"/a/b/.", rb"/..", rb"/.", rb"/a//b///c",
    rb"/a\b\..\c", rb"/a+b?c+d", rb"/a%2fb%5cc", rb"/%u0041%u00e9%u2215", rb"/a%00b", rb"/%c0%af%c3%a9", rb"/a?x=%2e%2e%2f%00&y=%u0041&z=%",
    rb"/%", rb"/%4", rb"/%zz", rb"/A/B?C=D", rb"http://Ex.com:80/p/q?r", rb"http://u:p@Host.com./x", rb"http://ex.com", rb"*", rb"abc",
    rb"/a#f%41", rb"/a?q#f%41", rb"/a?", rb"/a;p=1", rb"/%2541", rb"/%e4%b8%ad", b"/\xc3\xa9\xff", b"/\xef\xbc\x8f", b"/x\xc3", rb"//a",
    rb"./a", rb"../a/b", rb"a/../b", rb"/a/%2e%2e/b", rb"/.../x", rb"http:/a", rb"/a/b/../../../c", rb"/?a=b?c=d", rb"/%3f%23",
    rb"/a%c3%a9%3d", rb"ftp://h/x", rb"/%ff%fe", rb"/%f0%9f%98%80", rb"/%u12", rb"/%uzzzz", rb"/a/..", rb"/a/b/../", rb"/a/./",
    rb"/%e0%80%af", rb"/%u2216a", rb"/%uff0fa//b", rb"/x%c0%afy%c0%af/z", rb"http://[::1]:80/x", rb"/%u0100%u0131%u2013%u20ac%u3000%uff21",
    rb"/%ed%a0%80x%f4%90%80%80y", rb"/%25%32%35", rb"/a%2", rb"/a?b=%4&c=%", b"/" + b"a" * 3000,
    # the other rows of tests/unit/proto/http1_uri_test.c
    rb"/a/b.c?d=e+f&g#h", rb"/%41%2541%2fb%5cc", rb"/a?b=%41%2541%2f", rb"/%zz%4", rb"/?%u0041%zz%4", rb"/%u0041%uzzzz%u12", rb"/a#%u0041%42",
    rb"/%u010d%uff21%u2215b%u4e2d", b"/\xc4\x8d\xef\xbc\xa1", rb"/%c3%a9", rb"/%c0%afa%e0%80%af", b"/\xc3x\xffy", b"/x\xe4\xb8", rb"/%ed%a0%80",
    rb"//a///b\\c", rb"/a/./b/../c", rb"/../../a", rb"/.../..a/.b", rb"../a", rb"./../a/b", rb"..", rb"/a?b/../c//d", rb"http://u:p@Ho%53t.:80/a?b",
    rb"http://[FE80::1]:80", rb"http:///a", rb"http:a",
]

CASES = {
    "browser": [(0, b"GET /a/b?c=d HTTP/1.1\r\n" + BROWSER + b"\r\n"), (1, OK)],
    "form": [(0, b"POST /p HTTP/1.1\r\nHost: h:8080\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"), (1, SERVER)],
    **{f"target {t[:40].decode('latin1')}": target(t) for t in TARGETS},
    # fields
    "host with a port": fields(b"Host: Example.COM:80\r\n"), "host with a dot": fields(b"Host: Example.com.\r\n"),
    "host v6": fields(b"Host: [fe80::1]:80\r\n"), "host empty": fields(b"Host: \r\n"), "host twice": fields(b"Host: A\r\nHost: B\r\n"),
    "host and blanks": fields(b"Host:   Ab \t\r\n"), "host is a port": fields(b"Host: :80\r\n"), "host v6 open": fields(b"Host: [fe\r\n"),
    "host, blank, port": fields(b"Host: ab :80\r\n"), "no fields": fields(b""),
    "folded": fields(HOST + b"A: b\r\n c\r\n\td\r\n"), "folded first": fields(b" A: b\r\n" + HOST), "folded blank": fields(HOST + b"A: b\r\n \r\n"),
    "folded NUL": fields(HOST + b"A: c\r\n\0d\r\n"), "folded empty": fields(HOST + b"A:\r\n b\r\n"),
    "twice": fields(HOST + b"A: b\r\nB: x\r\na: c\r\nA: \r\n"), "no colon": fields(HOST + b"foo bar  \t\r\n"), "no colon folded": fields(HOST + b"foo \r\n bar \r\n"),
    "no name": fields(HOST + b": foo\r\n"), "no value": fields(HOST + b"A:\r\nB: \r\nC:x\r\n"), "blank before colon": fields(HOST + b"A : b\r\nB\t: c\r\n"),
    "cookies": fields(HOST + b"cookie: a=b\r\nCookie: c=d\r\n"), "length twice": fields(HOST + b"Content-Length: 0\r\nContent-Length: 0\r\n"),
    "LF only": [(0, b"GET / HTTP/1.1\nHost: h\nA: b\n\n"), (1, b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok")],
    "CR in a line": fields(HOST + b"A: b\rc\r\n"), "CR CR LF": fields(HOST + b"A: b\r\r\n"), "a line of CR": fields(HOST + b"A: b\r\n\r\r\nB: c\r\n"),
    "NUL in a name": fields(HOST + b"A\0B: c\r\n"), "NUL in a value": fields(HOST + b"A: c\0d\r\n"),
    "many names": fields(HOST + b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(100))),
    "one name often": fields(HOST + b"".join(b"X: %d\r\n" % i for i in range(100))),
    "agent empty": fields(HOST + b"User-Agent: \r\n"), "agent twice": fields(HOST + b"User-Agent: a\r\nuser-agent: b\r\n"),
    "high bytes": fields(HOST + b"A: \xff\xfe\r\n\xc3\xa9: x\r\n"), "VT": fields(HOST + b"A: \x0bb\x0b\r\nB\x0b: c\r\n"),
    # first lines
    "two spaces": line(b"GET  /a  HTTP/1.1"), "tabs": line(b"GET\t/a\tHTTP/1.1"), "target with spaces": line(b"GET /a b c HTTP/1.1"),
    "lower case": line(b"get /a HTTP/1.1"), "version lower": line(b"GET /a http/1.1"), "no version": line(b"GET /a"), "version 1.2": line(b"GET /a HTTP/1.2"),
    "version 2.0": line(b"GET /a HTTP/2.0"), "no such version": line(b"GET /a FOO"), "space behind": line(b"GET /a HTTP/1.1 "),
    "space before": line(b" GET /a HTTP/1.1"), "empty lines before": line(b"\r\n\r\nGET /a HTTP/1.1"), "unknown method": line(b"FOO /a HTTP/1.1"),
    "short method": line(b"AB /a HTTP/1.1"), "method with a digit": line(b"M-SEARCH1 /a HTTP/1.1"), "method with a colon": line(b"A:B /a HTTP/1.1"),
    "CR in the target": line(b"GET /a\rb HTTP/1.1"), "NUL in the target": line(b"GET /a\0b HTTP/1.1"), "tab in the target": line(b"GET /a\tb HTTP/1.1"),
    "no target": line(b"GET  HTTP/1.1"), "options": line(b"OPTIONS * HTTP/1.1"),
    "connect": [(0, b"CONNECT ex.com:443 HTTP/1.1\r\nHost: ex.com:443\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), (0, b"\x16\x03\x01")],
    "connect to a path": [(0, b"CONNECT / HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\n")],
    "connect refused": [(0, b"CONNECT ex.com HTTP/1.0\r\n\r\n"), (1, b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")],
    # responses
    "to the end": answer(b"HTTP/1.0 200 OK\r\n\r\nbody"), "no words": answer(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
    "no words, a blank": answer(b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"), "spaces": answer(b"HTTP/1.1  200  O K \r\nContent-Length: 0\r\n\r\n"),
    "lower case response": answer(b"http/1.1 200 ok\r\nContent-Length: 0\r\n\r\n"), "four digits": answer(b"HTTP/1.1 2000 ok\r\nContent-Length: 0\r\n\r\n"),
    "no digits": answer(b"HTTP/1.1 abc ok\r\nContent-Length: 2\r\n\r\nok"), "response 2.0": answer(b"HTTP/2.0 200 ok\r\nContent-Length: 2\r\n\r\nok"),
    "response without version": answer(b"HTTP 200 ok\r\nContent-Length: 2\r\n\r\nok"), "response behind CR LF": answer(b"\r\nHTTP/1.1 200 ok\r\nContent-Length: 2\r\n\r\nok"),
    "response behind a space": answer(b" HTTP/1.1 200 ok\r\nContent-Length: 2\r\n\r\nok"),
    "response folded": answer(b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n"),
    "response folded colon": answer(b"HTTP/1.1 200 OK\r\nA: b\r\n C: d\r\nContent-Length: 0\r\n\r\n"),
    "response 1.0 folded colon": answer(b"HTTP/1.0 200 OK\r\nA: b\r\n C: d\r\nContent-Length: 0\r\n\r\n"),
    "response no colon": answer(b"HTTP/1.1 200 OK\r\n foo bar \r\nContent-Length: 0\r\n\r\n"), "response no colon 2": answer(b"HTTP/1.1 200 OK\r\nfoo bar \r\nContent-Length: 0\r\n\r\n"),
    "response CR ends lines": answer(b"HTTP/1.1 200 OK\r\nA: b\rContent-Length: 2\r\n\r\nok"), "response LF CR": answer(b"HTTP/1.1 200 OK\nA: b\n\rContent-Length: 2\n\rC: d\n\r\nok"),
    "cookies set": answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nCookie: q\r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n"),
    "server twice": answer(b"HTTP/1.1 200 OK\r\nServer: a\r\nServer: b\r\nLocation: \r\nContent-Length: 0\r\n\r\n"),
    "100": [(0, b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), (1, b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"), (0, b"ab"), (1, OK)],
    "103": [*answer(b"HTTP/1.1 103 Hints\r\nX: y\r\n\r\n"), (1, OK)], "101": [*answer(b"HTTP/1.1 101 Sw\r\nX: y\r\n\r\n"), (1, b"\x81\x02")],
    "204": answer(b"HTTP/1.1 204 No\r\nA: b\r\n\r\n"), "204 with a body": answer(b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello"), "304": answer(b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n"),
    "304, then more": [*answer(b"HTTP/1.1 304 No\r\nContent-Length: 40\r\n\r\n"), (0, b"GET /2 HTTP/1.1\r\n\r\n"), (1, OK)],
    "pipelined": [(0, b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"), (1, OK + b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno")],
    "no response": [(0, b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")], "no request": [(1, OK)],
    "head": [(0, b"HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"), (0, b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"), (1, OK)],
    "head breaks off": [(0, b"GET /x HTTP/1.1\r\nHost: h\r\nA: b")], "head breaks off at a line": [(0, b"GET /x HTTP/1.1\r\nHost: h\r\nA: b\r\n")],
    "first line alone": [(0, b"GET /x HTTP/1.1\r\n")], "0.9": [(0, b"GET /x\r\n")], "answered too early": [(0, b"GET /x HTTP/1.1\r\nHost: h\r\nA: b"), (1, OK)],
    "body breaks off": [(0, b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")],
    # lengths
    "chunked": [(0, b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), (0, b"A;x\r\n0123456789\r\n0\r\n\r\n"), (1, OK)],
    "post without a body": [(0, b"POST / HTTP/1.1\r\nHost: h\r\n\r\n"), (1, OK)], "get with a body": [(0, b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"), (1, OK)],
    "chunked among others": [(0, b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, Chunked \r\n\r\n3\r\nabc\r\n"), (0, b"0\r\n\r\n"),
                             (1, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunkedx\r\n\r\n3\r\nabc\r\n"), (1, b"0\r\n\r\n")],
    "chunked folded": [*answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n3\r\nabc\r\n"), (1, b"0\r\n\r\n")],
    "length odd": [(0, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x3y\r\n\r\nabc"), (1, b"HTTP/1.1 200 OK\r\nContent-Length: +3, 4\r\n\r\nabc")],
    "two lengths": [(0, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc"), (1, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc")],
    "chunks that are none": answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<html>plain\r\nbody"),
    "blanks before sizes": [*answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n \t3\r\nabc\r\n\r\n 2 x\r\nde\r\n"), (1, b"0\r\n\r\n")],
    # what browsers read all the same
    "NUL in a response's name": [*answer(b"HTTP/1.1 200 OK\r\nTransfer\0-Encoding\0: chun\0ked\r\nA\0B: c\r\n\r\n3\r\nabc\r\n"), (1, b"0\r\n\r\n")],
    "NUL in a request's name": [(0, b"POST / HTTP/1.1\r\nHost: h\r\nContent\0-Length: 3\r\nContent-Length: 2\r\n\r\nab"), (1, OK)],
    "colon on the next line": [(0, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length\r\n \r\n :\r\n\t2\r\n\r\nab"),
                               (1, b"HTTP/1.1 200 OK\r\nTransfer-Encoding\n :chunked\r\nContent-Type\r \r\n :\r\n a/b\r\n\r\n3\r\nabc\r\n"), (1, b"0\r\n\r\n")],
    "no colon on the next line": answer(b"HTTP/1.1 200 OK\r\nContent-Length\r\n x:9\r\nContent-Length: 2\r\n\r\nok"),
    "length folded": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n 9\r\n\r\nabc"),
    **{f"head ends with {end!r}": answer(b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2" + end + b"ok")
       for end in (b"\n\r\r\n", b"\n\r\r\n\r\n", b"\n\r\n", b"\n \n", b"\n\t\n", b"\n \n\n", b"\r \n", b"\r\n \r\n\r\n", b"\n\n", b"\r\r\n\r\n")},
    "response behind NULs": answer(b"\0\0HTTP/1.1 200 ok\r\nContent-Length: 2\r\n\r\nok"),
    **{f"{status} with a body": answer(b"HTTP/1.1 %d x\r\nContent-Length: 5\r\n\r\nhello" % status) for status in (100, 101, 102, 304)},
    "304 in chunks": [*answer(b"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), (1, b"0\r\n\r\n")],
    "response without a head": answer(b"plain\ntext"), "length too short": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcde\nf"),
    "length in brackets": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 3( 8)\r\n\r\nabcde\nfg"),
    "no length for HEAD": [(0, b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\nbody")],
    "head of a response breaks off": answer(b"HTTP/1.0 200 OK\nServer:s\r\n"), "text as gzip": packed(b"gzip", JSON), "text posted as gzip": posted(b"gzip", JSON),
    "text as deflate": packed(b"deflate", JSON),
    # packed bodies
    "gzip": packed(b"gzip", GZIP), "x-gzip": packed(b"x-gzip", GZIP), "GZIP": packed(b"GZIP", GZIP), "deflate": packed(b"deflate", RAW), "zlib": packed(b"deflate", ZLIB),
    "gzip as deflate": packed(b"deflate", GZIP), "deflate as gzip": packed(b"gzip", RAW), "zlib as gzip": packed(b"gzip", ZLIB), "plain as gzip": packed(b"gzip", PLAIN),
    "plain as deflate": packed(b"deflate", PLAIN), "br": packed(b"br", PLAIN), "identity": packed(b"identity", PLAIN), "lzma": packed(b"lzma", PLAIN), "gzip unsaid": packed(b"", GZIP),
    "gzip, gzip": packed(b"gzip, gzip", gzip.compress(GZIP, mtime=0)), "gzip, deflate": packed(b"gzip, deflate", zlib.compress(GZIP)), "three": packed(b"gzip, gzip, gzip", gzip.compress(gzip.compress(GZIP))),
    "two said, one done": packed(b"gzip, gzip", GZIP), "br, gzip": packed(b"br, gzip", GZIP), "br, br, gzip": packed(b"br, br, gzip", GZIP), "gzip, br": packed(b"gzip, br", GZIP), "a word with gzip": packed(b"foogzip", GZIP), "gzip;q=1": packed(b"gzip;q=1", GZIP),
    "two fields": packed(b"gzip", gzip.compress(GZIP), b"Content-Encoding: gzip\r\n"), "none, gzip": packed(b"none, gzip", GZIP), "inflate": packed(b"inflate", GZIP), "NUL in the name": packed(b"gz\0ip", GZIP),
    "cut off": packed(b"gzip", GZIP[:-20]), "damaged": packed(b"gzip", GZIP[:40] + b"\xff\xff\xff" + GZIP[43:]), "more behind": packed(b"gzip", GZIP + b"garbage"), "two members": packed(b"gzip", GZIP + GZIP),
    "wrong sum": packed(b"gzip", GZIP[:-8] + bytes(8)), "gzip to the end": packed(b"gzip", GZIP, length=False),
    "gzip chunked": [*answer(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(GZIP, 7)[:-5]), (1, b"0\r\n\r\n")],
    "header's sum wrong": packed(b"gzip", header_flags(2, b"\0\0")), "reserved flags": packed(b"gzip", header_flags(0x80, b"")), "no such method": packed(b"gzip", GZIP[:2] + b"\x07" + GZIP[3:]),
    "nothing packed": packed(b"gzip", gzip.compress(b"")), "name and comment": packed(b"gzip", header_flags(0x18, b"name\0comment\0")), "extra": packed(b"gzip", header_flags(4, b"\3\0abc")),
    "posted gzip": posted(b"gzip", GZIP), "posted deflate": posted(b"deflate", RAW), "posted twice": posted(b"gzip, gzip", gzip.compress(GZIP)), "posted word": posted(b"foogzip", GZIP), "posted plain": posted(b"gzip", PLAIN),
    # files
    "file": form(FILE + LAST), "value, file": form(VALUE + FILE + LAST), "file, value": form(FILE + VALUE + LAST), "two files": form(FILE + SECOND + LAST),
    "boundary in quotes": form(FILE + LAST, b'multipart/form-data; boundary="XyZ"'), "text around": form(b"before\r\n" + FILE + LAST + b"behind"),
    "nearly a boundary": form(FILE.replace(b"the file", b"a\r\nb\r\n--Xy\r\n") + LAST), "name without quotes": form(FILE.replace(b'"a b.txt"', b"ab.txt") + LAST),
    "semicolon in the name": form(FILE.replace(b"a b.txt", b"a;b.txt") + LAST), "file without a name": form(FILE.replace(b"a b.txt", b"") + LAST),
    "words of any case": form(FILE.replace(b"Content-Disp", b"content-DISP").replace(b"filename", b"FileName") + LAST), "no boundary": form(FILE + LAST, b"multipart/form-data"),
    "put": form(b"put data", b"text/plain", b"PUT"), "post": form(b"post data", b"text/plain"), "patch": form(b"patch data", b"text/plain", b"PATCH"), "form that is put": form(FILE + LAST, method=b"PUT"),
    "related": form(FILE + LAST, b"multipart/related; boundary=XyZ"), "file of nothing": form(FILE.replace(b"the file", b"") + LAST), "no file at all": form(VALUE + LAST), "file behind the last": form(FILE + LAST + SECOND + LAST),
    "long line before": form(FILE.replace(b"Content-Disp", b"X: " + b"y" * 3000 + b"\r\nContent-Disp") + LAST),
    "long boundary": form(FILE.replace(b"XyZ", b"x" * 250), b"multipart/form-data; boundary=" + b"x" * 250), "long file": form(FILE.replace(b"the file", b"0123456789\r\n" * 300) + LAST),
    "both at once": [(0, b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(GZIP) + GZIP[:30]),
                     (1, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(GZIP) + GZIP[:30]), (0, GZIP[30:]), (1, GZIP[30:])],
}

# (case, direction, keyword or *): why ours is not Suricata's, or Suricata has what we do not tell.
DIFFERENT = {
    ("length too short", 1, "http.response_body"): "what is behind is another body, that the cut may not count; Suricata joins both if they came together",
    **{("connect to a path", 0, keyword): "no host has a slash (RFC 3986, 3.2.2); Suricata 7.0.10 takes it for one, its own later cases do not"
       for keyword in ("http.host", "http.host.raw", "http.uri")},
    **{(name, 0, "http.host"): "Suricata makes it of heads that are whole" for name in ("head breaks off", "head breaks off at a line", "answered too early")},
    ("connect refused", 1, "http.response_body"): "Suricata does not look into it",
    ("304, then more", 1, "*"): "a 304 has no body whatever it says (RFC 9110, 15.4.5); Suricata takes the next response for it",
    ("100", 1, "http.header.raw"): "Suricata's goes from the 100's fields to those of the response",
    ("no request", 0, "http.uri.raw"): "Suricata makes one up for a request that it has not seen",
}
