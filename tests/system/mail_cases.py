"""Mails that are written by hand, and dialogs around them, for mail_test.py.

MAILS: what follows DATA, up to its dot. DIALOGS: what both ends say, (0 for the client, text). DIFFERENT: where we
know files that Suricata does not, or others; with the reason.
"""
import base64
import quopri


def lines(text):
    return text.encode("utf-8").replace(b"\n", b"\r\n")


def b64(data):
    return base64.encodebytes(data).decode()


def file(name, data, disposition="attachment; filename=", **head):
    return f"Content-Disposition: {disposition}{name}\nContent-Transfer-Encoding: base64\n\n{b64(data)}"


def mixed(*parts, boundary="xy", before="", behind="", last=True):
    text = f"Subject: s\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\n\n{before}"
    for part in parts:
        text += f"--{boundary}\n{part}\n"
    return text + (f"--{boundary}--\n{behind}" if last else "")


BYTES = bytes(range(256))
TEXT = "Content-Type: text/plain\n\nhello\n"
QUOTED = "Content-Transfer-Encoding: quoted-printable\nContent-Disposition: attachment; filename=q\n\n"
PLAIN = "Content-Disposition: attachment; filename=p\n\n"
INNER = mixed(file("in", b"inside"), boundary="inner").replace("Subject: s\n", "")
NAMED = {
    "plain": "filename=a.txt", "quoted": 'filename="a b.txt"', "blank before": "filename =a", "blank behind": "filename= a", "capitals": "FILENAME=a",
    "semicolon in quotes": 'filename="a;b"', "escape": r'filename="a\"b"', "open quote": 'filename="a', "empty": 'filename=""', "two": "filename=a; filename=b",
    "behind a word": "x; filename=a", "other name in quotes": 'x="filename=b"; filename=a', "longer name": "xfilename=a", "blank behind quotes": 'x="1" ; filename=a',
    "sections": 'filename*0="a"; filename*1="b"; filename*2=c', "sections turned": "filename*1=b; filename*0=a", "ten sections": "; ".join(f"filename*{i}={i}" for i in range(12)),
    "charset": "filename*=utf-8'en'a%20%e2%82%ac.exe", "sections with charset": "filename*0*=utf-8''a%20; filename*1=b; filename*2*=%63",
    "both": "filename=a.txt; filename*=utf-8''b%2eexe", "word": 'filename="=?utf-8?Q?a=2Eexe?="', "words": 'filename="=?utf-8?B?YS5l?= =?utf-8?q?x=65_1?="',
    "long": "filename=" + "n" * 400, "folded": "\n filename=a", "folded in the middle": "filename=a\n\tb", "no value": "filename=",
}

MAILS = {
    "one file": mixed(TEXT, file("a.bin", BYTES)),
    "several files": mixed(file("a", b"1"), TEXT, file("b", b"22"), file("c", b"333")),
    "the mail is the file": "Subject: s\n" + file("whole", BYTES),
    "name in the type": mixed("Content-Type: application/x; name=t.bin\nContent-Transfer-Encoding: base64\n\n" + b64(BYTES)),
    "name in both": mixed("Content-Type: x/y; name=t\n" + file("d", b"1")),
    "inline": mixed(file("i.png", b"1", disposition="inline; filename=")),
    "not encoded": mixed(PLAIN + "one\n\ntwo"),
    "not encoded, 8 bit": mixed(PLAIN + "\u00e4\u00f6\u00fc\n"),
    "not encoded, lines of dashes": mixed(PLAIN + "-\n--\n---x\n-- xy\n -xy\n"),
    "quoted": mixed(QUOTED + quopri.encodestring(b"a=b\tc \nd\n\xff\x00" + b"long " * 30).decode()),
    "quoted, soft breaks": mixed(QUOTED + "a=\nb=\n=\n\nc=3D=\n=3D\n"),
    "quoted, odd escapes": mixed(QUOTED + "=4\n=4g=g4==41=a0\n=\t\nx= \n=3D=3"),
    "base64, odd characters": mixed(file("o", b"")[:-1] + "\n YWJj \nZG*Vm\nZ2g=\naWpr\nbA"),
    "base64, padding within": mixed(file("o", b"")[:-1] + "\nYQ==YmM=\nZGVm=\n"),
    "base64, pieces": mixed(file("o", b"")[:-1] + "\nY\nW\nJ\nj\nZ\nGVmZ2\n"),
    "encoding in capitals": mixed(file("o", b"1").replace("base64", "BASE64")),
    "encoding with a comment": mixed(file("o", b"1").replace("base64", "(x) base64; y")),
    "encoding that nobody knows": mixed(file("o", b"1").replace("base64", "x-uu")),
    "nested": mixed(TEXT, INNER, file("out", b"outside")),
    "nested, inner one not closed": mixed(TEXT, INNER.replace("--inner--\n", ""), file("out", b"outside")),
    "nested, inner boundary begins as the outer one": mixed(mixed(file("in", b"1"), boundary="xyz").replace("Subject: s\n", ""), file("out", b"2")),
    "message in the message": mixed("Content-Type: message/rfc822\n\n" + mixed(file("in", b"inside"), boundary="inner"), file("out", b"2")),
    "message with a name": mixed('Content-Type: message/rfc822; name="m.eml"\n\nSubject: t\n\ntext', file("out", b"2")),
    "message with one file": mixed("Content-Type: message/rfc822\n\nSubject: t\n" + file("in", b"inside"), file("out", b"2")),
    "before and behind": mixed(file("a", b"1"), before="--x\nbefore\n", behind="behind\n--xy\n" + file("late", b"2")),
    "not closed": mixed(file("a", b"1"), last=False),
    "text behind the delimiter": mixed(TEXT).replace("--xy\n", "--xy trailing\n") + "--xy\n" + file("late", b"2"),
    "boundary without quotes": mixed(file("a", b"1")).replace('"xy"', "xy"),
    "boundary of 70": mixed(file("a", b"1"), boundary="b" * 70),
    "boundary of 254": mixed(file("a", b"1"), boundary="b" * 254),
    "boundary of 255": mixed(file("a", b"1"), boundary="b" * 255),
    "boundary that is none": mixed(file("a", b"1")).replace("boundary", "bound"),
    "no head": "this is\n" + file("a", b"1"),
    "no head in a part": mixed("this is\n\n" + file("a", b"1"), file("b", b"2")),
    "head alone": mixed("Content-Disposition: attachment; filename=h\nX: y", file("b", b"2")),
    "head without an end": mixed("Content-Disposition: attachment; filename=h", last=False),
    "empty files": mixed(PLAIN, TEXT + "x" * 1400 + "\n" + "x" * 1400, file("b", b""), TEXT + "x" * 1400 + "\n" + "x" * 1400, file("c", b"1")),
    "empty lines": mixed(PLAIN + "\n\n\n"),
    "field twice": mixed("Content-Disposition: attachment; filename=one\n" + file("two", b"1")),
    "field twice, the last one without a name": mixed(file("one", b"1").replace("\n", "\nContent-Disposition: inline\n", 1)),
    "blank before the colon": mixed(file("a", b"1").replace("Disposition:", "Disposition :")),
    "field without a blank": mixed(file("a", b"1").replace(": ", ":")),
    "long field": mixed("X-Long: " + "x" * 3000 + "\n" + file("a", b"1")),
    "long value": mixed("Content-Disposition: attachment; x=" + "x" * 1950 + "; filename=a\n\n1\n", "Content-Disposition: attachment;\n x=" + "x" * 2100 + ";\n filename=b\n\n2\n"),
    "dots": mixed(PLAIN + "..\n..x\n...\n"),
    "large": mixed(file("large", BYTES * 500), PLAIN + "line of text\n" * 3000),
    **{f"name, {name}": mixed(f"Content-Disposition: attachment; {text}\n\nx\n") for name, text in NAMED.items()},
    **{f"type, {name}": mixed(f"Content-Type: x/y; {text.replace('filename', 'name')}\n\nx\n") for name, text in NAMED.items() if name in ("quoted", "sections", "charset")},
}


def dialog(mail, data="DATA\r\n", piece=None):
    """The mail as it is sent, with one dot taken for two where a line begins with it already."""
    return [(1, b"220 mx ESMTP\r\n"), (0, b"EHLO me\r\n"), (1, b"250 mx\r\n"), (0, b"MAIL FROM:<a@b>\r\n"), (1, b"250 x\r\n"), (0, b"RCPT TO:<c@d>\r\n"), (1, b"250 x\r\n"),
            (0, data.encode()), (1, b"354 go\r\n"), (0, lines(mail) + b".\r\n"), (1, b"250 x\r\n"), (0, b"QUIT\r\n"), (1, b"221 x\r\n")]


ONE = lines(mixed(file("a", b"1"))) + b".\r\n"
TWO = lines(mixed(file("b", b"2"))) + b".\r\n"
HELLO = [(1, b"220 mx ESMTP\r\n"), (0, b"EHLO me\r\n"), (1, b"250-mx\r\n250 PIPELINING\r\n")]
QUIT = [(0, b"QUIT\r\n"), (1, b"221 x\r\n")]
DIALOGS = {
    "two mails": HELLO + [(0, b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"), (1, b"250 x\r\n250 x\r\n354 go\r\n"), (0, ONE), (1, b"250 x\r\n"),
                          (0, b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"), (1, b"250 x\r\n250 x\r\n354 go\r\n"), (0, TWO), (1, b"250 x\r\n")] + QUIT,
    "all at once": HELLO + [(0, b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" + ONE), (1, b"250 x\r\n250 x\r\n354 go\r\n250 x\r\n")] + QUIT,
    "refused": HELLO + [(0, b"MAIL FROM:<a@b>\r\n"), (1, b"250 x\r\n"), (0, b"DATA\r\n"), (1, b"503 no\r\n"), (0, b"RSET\r\n"), (1, b"250 x\r\n"),
                        (0, b"MAIL FROM:<a@b>\r\n"), (1, b"250 x\r\n"), (0, b"DATA\r\n"), (1, b"354 go\r\n"), (0, ONE), (1, b"250 x\r\n")] + QUIT,
    "a byte a segment": HELLO + [(0, b"DATA\r\n"), (1, b"354 go\r\n")] + [(0, ONE[i:i + 1]) for i in range(len(ONE))] + [(1, b"250 x\r\n")] + QUIT,
    "helo": [(1, b"220 mx\r\n"), (0, b"helo me\r\n"), (1, b"250 mx\r\n"), (0, b"data\r\n"), (1, b"354 go\r\n"), (0, ONE), (1, b"250 x\r\n")] + QUIT,
    "starttls": HELLO + [(0, b"STARTTLS\r\n"), (1, b"220 go\r\n"), (0, b"DATA\r\n"), (1, b"354 go\r\n"), (0, ONE)],
    "lines that end with LF alone": HELLO + [(0, b"DATA\n"), (1, b"354 go\n"), (0, ONE.replace(b"\r\n", b"\n")), (1, b"250 x\n")] + QUIT,
    "chunks": HELLO + [(0, b"BDAT %d\r\n" % len(ONE[:100]) + ONE[:100]), (1, b"250 x\r\n"), (0, b"BDAT %d LAST\r\n" % len(ONE[100:-3]) + ONE[100:-3]), (1, b"250 x\r\n")] + QUIT,
}

CASE, READER, BLANK = "a parameter's name in capitals is one (RFC 2045, 5.1)", "the file's name stands as RFC 2231 has it alone", "blanks around = and ; do not count"
DIFFERENT = {
    "base64, odd characters": "Suricata loses count of what is not in the alphabet",
    "nested, inner one not closed": "the outer delimiter ends the inner parts (RFC 2046, 5.1.2)",
    "dots": "dots are undone (RFC 5321, 4.5.2)",
    "name, blank before": BLANK, "name, blank behind quotes": BLANK, "name, behind a word": "a word without = is stepped over", "name, capitals": CASE,
    "name, open quote": "the quote ends with the field", "name, charset": READER, "name, sections with charset": READER, "type, charset": READER,
    "all at once": "what follows DATA is a mail whether the server has said yes yet or not",
    "chunks": "mails in chunks are read too",
}
