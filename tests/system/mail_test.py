#!/usr/bin/env python3
"""Files in mails, and logins of SMTP and FTP, beside Suricata and tshark.

    mail_test.py             what is listed here
    mail_test.py --full      and all shared captures
Mails that are written by hand (mail_cases.py), and shared captures that have any: the files that Suricata's events name,
with their sizes and digests, are those that we tell. Logins are those that tshark's commands and replies make: who was
let in, and with which reply. And the ET rules of smtp and ftp, with some more that look for commands and replies: rows of
rule, source and destination are Suricata's.
"""
import collections
import hashlib
import ipaddress
import json
import os
import pathlib
import re
import shutil
import subprocess

from capture_edit import write
from common import FULL, PLIMSOLL, expect, fault, finish, need_corpora, need_program, run, skip, temporary, tshark_fields
from mail_cases import DIALOGS, DIFFERENT, MAILS, dialog
from talks import Talk

PARTS = pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/parts"
FIRST_PORT = 10000
CONFIG = """%YAML 1.1
---
vars: {address-groups: {HOME_NET: any, EXTERNAL_NET: any}}
outputs: [{eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [flow, smtp, alert, {files: {force-magic: no, force-hash: [sha256]}}]}}]
unix-command: {enabled: no}
runmode: single
packet-alert-max: 255
stream: {checksum-validation: no, inline: no, midstream: no, reassembly: {depth: 0, randomize-chunk-size: no}}
app-layer: {protocols: {smtp: {enabled: yes, mime: {decode-mime: yes, decode-base64: yes, decode-quoted-printable: yes, header-value-depth: 2000,
  extract-urls: yes, body-md5: no}, inspected-tracker: {content-limit: 100000, content-inspect-min-size: 32768, content-inspect-window: 4096}},
  ftp: {enabled: yes}, tls: {enabled: yes}, http: {enabled: yes}, dns: {tcp: {enabled: yes}, udp: {enabled: yes}}}}
"""

OBSERVATIONS = str(PARTS.with_name("plimsoll-observations"))
CAPTURE_LINE = PARTS.with_name("capture-line")
LARGEST = 8 << 20
TLS_READY = {"smtp": ("STARTTLS", 220), "ftp": ("AUTH", 234)}
UNDERSTOOD = range(500, 505)  # replies that say that a command was not

TRACE = re.compile(rb"(?i)(?:EHLO|HELO|USER|MAIL FROM:|PASS|AUTH) ?[!-~]|\r\n(?:220|230|250|331|354|530)[ -]")
SHARED = ["captures-protocols/" + name for name in (
    "arkime/smtp-data-250.pcap", "arkime/smtp-subject-8859-b.pcap", "ipfixprobe/inputs/smtp.pcap", "ndpi/pcap/emotet.pcap", "ndpi/pcap/ftp_failed.pcap",
    "packets/mail_sender_attachment.pcapng", "packets/tickedoffdeveloper.pcapng", "zeek/ftp/ipv4.pcap", "zeek/ftp/retr.pcap",
    "zeek/smtp/rfc3030-bdat-multipart-chunked.pcap")] + ["suricata-verify/tests/" + name + "/input.pcap" for name in (
        "bug-3616-smtp", "ftp/ftp-upload-passive", "mime/mime-quoted-printable", "mime/smtp-mime-encap-8649-combined", "smtp-attachment-md5", "smtp-bug-5981", "smtp-file-data-01",
        "smtp-rfc2231")]
LOGINS = ["captures-protocols/" + name for name in (
    "arkime/smtp-starttls.pcap", "ndpi/pcap/emotet.pcap", "ndpi/pcap/ftp_failed.pcap", "ndpi/pcap/ftp-start-tls.pcap", "packets/tickedoffdeveloper.pcapng",
    "zeek/ftp/ftp-auth-tls.pcap", "zeek/ftp/ftp-password-pass-command.pcap", "zeek/ftp/ipv4.pcap", "zeek/ftp/ipv6-multiline-reply.pcap", "zeek/ftp/ipv6.pcap",
    "zeek/ftp/retr.pcap")]
DOTS, CLEAR, POP3, TUNNEL, HALF, OVERLAP, MORE = (
    "dots are undone", "the capture goes on in the clear behind STARTTLS", "USER and PASS are POP3's, which Suricata takes for FTP", "within another protocol", "one side alone is there",
    "segments overlap with other bytes", "it begins with a command that Suricata does not know SMTP or FTP by")
BASE64 = "what is not in the alphabet of base64 does not count"
ENCRYPTED, LINES = "what is encrypted behind STARTTLS goes on as a flow of SMTP or FTP here", "Suricata loses some of a line that is longer than its limit"
KNOWN = {
    "captures-protocols/arkime/smtp-decrypted.pcap": CLEAR, "captures-protocols/arkime/smtp-moloch-bof.pcap": "Suricata does not take a mail before the server has said yes",
    "captures-protocols/arkime/smtp-starttls.pcap": ENCRYPTED, "captures-protocols/ndpi/pcap/smtp-starttls.pcap": ENCRYPTED, "captures-protocols/zeek/tls/smtp-starttls.pcap": ENCRYPTED,
    "captures-protocols/ndpi/pcap/ftp-start-tls.pcap": ENCRYPTED, "captures-protocols/ndpi/pcap/fuzz-2006-06-26-2594.pcap": OVERLAP,
    "captures-protocols/ndpi/pcap/pop3.pcap": POP3, "captures-protocols/zeek/pop3-unknown-commands.pcap": POP3, "suricata-verify/tests/pop3/input.pcap": POP3,
    "suricata-verify/tests/pop3-02-bug-7709/input.pcap": POP3, "captures-protocols/packets/mail_sender_attachment.pcapng": "Suricata takes no file of this mail, tshark does",
    "captures-protocols/zeek/ftp/ftp-with-numbers-in-filename.pcap": HALF, "captures-protocols/zeek/http/connect-with-smtp.pcap": TUNNEL,
    "captures-protocols/zeek/smtp-attachment-msg.pcap": HALF, "captures-protocols/zeek/smtp-one-side-only.pcap": HALF,
    "captures-protocols/zeek/smtp/rfc3030-bdat-multipart-chunked.pcap": "mails in chunks are read too", "suricata-verify/tests/bug-6207-1/input.pcap": BASE64, "suricata-verify/tests/ftp-quit/input.pcap": "Suricata takes QUIT of FTP for SMTP",
    "suricata-verify/tests/mime/mime-quoted-printable/input.pcap": DOTS, "suricata-verify/tests/smtp-bug-5981/input.pcap": LINES, "suricata-verify/tests/smtp-bug-5989/input.pcap": OVERLAP,
    "suricata-verify/tests/smtp-errors/smtperr.pcap": LINES, "suricata-verify/tests/smtp-long-DATA-line/input.pcap": LINES, "suricata-verify/tests/smtp-no-helo-rset-helo-mail/input.pcap": MORE,
}
# Where our sessions are others than those that a command at a time makes of tshark's frames.
OTHER_LOGINS = {
    "captures-protocols/arkime/smtp-data-250.pcap": "tshark does not say the user of AUTH with an initial answer", "captures-protocols/arkime/smtp-data-521.pcap": "the same",
    "captures-protocols/arkime/smtp-moloch-bof.pcap": HALF, "captures-protocols/arkime/socks5-smtp-503.pcap": TUNNEL,
    "captures-protocols/arkime/smtp-subject-multi-nospace.pcap": HALF, "captures-protocols/arkime/smtp-subject-windows.pcap": HALF, "captures-protocols/ndpi/pcap/fuzz-2006-06-26-2594.pcap": OVERLAP,
    "captures-protocols/zeek/ftp/fake-server-delays-all.pcap": "the greeting comes late", "captures-protocols/zeek/ftp/ipv6-violation.pcap": "the reply begins within a line",
    "captures-protocols/zeek/http/connect-with-smtp.pcap": TUNNEL, "captures-protocols/zeek/quic/383379789-decrypt-crash.pcap": "no dialog", "captures-protocols/zeek/telnet-auth-missing-name.pcap": "no dialog",
    "suricata-verify/tests/smtp-errors/smtperr.pcap": "port 465", "suricata-verify/tests/smtp-long-command/input.pcap": "a command is the answer to a challenge",
}

File = collections.namedtuple("File", "name size digest")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def told(*captures):
    """(capture, client's port) -> files, with the names that we tell of each, in their order."""
    done = subprocess.run([PARTS, *captures], capture_output=True, text=True)
    expect(done.returncode >= 0, f"{PARTS} ended {done.returncode}: {done.stderr[-500:]}")
    out, open_names = collections.defaultdict(list), {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        if row["protocol"] != "smtp":
            continue
        key, data = (row["capture"], int(row["flow"].split(" > ")[0].rpartition(":")[2])), bytes.fromhex(row["hex"])
        if row["part"] == "file.name":
            new = key not in open_names or open_names[key][1] != row["packet"] or open_names[key][2]
            if new:
                out[key].append([[], b""])
            out[key][-1][0].append(data)
            open_names[key] = None, row["packet"], False
        else:
            out[key][-1][1] = data
            open_names[key] = None, row["packet"], True
    return out


def suricata(work, capture, rules="", midstream="no"):
    folder = work / "suricata"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "c.yaml").write_text(CONFIG.replace("midstream: no", f"midstream: {midstream}"))
    (folder / "r.rules").write_text(rules)
    done = subprocess.run(["suricata", "-c", folder / "c.yaml", "-S", folder / "r.rules", "-k", "none", "-r", capture, "-l", folder],
                          capture_output=True, text=True)
    expect(done.returncode == 0, f"suricata ended {done.returncode}: {(done.stdout + done.stderr)[-1000:]}")
    path = folder / "eve.json"
    return [json.loads(line) for line in path.read_text(errors="replace").splitlines()] if path.exists() else []


def files_of(events):
    out = collections.defaultdict(list)
    for event in events:
        if event["event_type"] == "fileinfo" and event["app_proto"] == "smtp":
            info = event["fileinfo"]
            out[event["src_port"]].append(File(info.get("filename", ""), info["size"], info.get("sha256")))
    return out


def as_file(one):
    names, data = one
    return File(names[0].decode("utf-8", "replace"), len(data), digest(data))


def by_hand(work):
    capture, talk, cases = work / "cases.pcap", Talk(25), {**{name: dialog(mail) for name, mail in MAILS.items()}, **DIALOGS}
    for number, says in enumerate(cases.values()):
        talk.add(FIRST_PORT + number, says)
    write(capture, talk.frames)
    ours, theirs = told(capture), files_of(suricata(work, capture))
    for number, name in enumerate(cases):
        got = [as_file(one) for one in ours[str(capture), FIRST_PORT + number]]
        wanted = theirs[FIRST_PORT + number]
        if got != wanted and name not in DIFFERENT:
            fault(f"{name}:\n   ours   {[(f.name, f.size) for f in got]} {[d for _, d in ours[str(capture), FIRST_PORT + number]]}\n   theirs {[(f.name, f.size) for f in wanted]}")
        if got == wanted and name in DIFFERENT:
            fault(f"{name}: in the list of differences, and there is none")
    print(f"by hand: {len(cases)} dialogs, {sum(map(len, theirs.values()))} files of Suricata, {sum(map(len, ours.values()))} of ours")


# ---- logins ----

Session = collections.namedtuple("Session", "protocol client server code outcome user")


def our_sessions(capture, work):
    env = dict(os.environ, PLIMSOLL_OBSERVATIONS=str(work / "observations"))
    run("replay", capture, env=env, program=OBSERVATIONS, code=None)
    out = collections.Counter()
    for line in (work / "observations").read_text().splitlines():
        kind, spoken, source, source_port, target, target_port, *_, outcome, _, code, user = line.split("\t")
        if kind == "session" and spoken in TLS_READY:
            out[Session(spoken, f"{ipaddress.ip_address(source)}:{source_port}", f"{ipaddress.ip_address(target)}:{target_port}", int(code), outcome, user == "1")] += 1
    return out


def outcome(code):
    if code // 100 == 2:
        return "acknowledged"
    return "refused" if code == 430 or (code // 100 == 5 and code not in UNDERSTOOD) else "seen"


class Dialog:
    """One connection as tshark's frames have it, a command waiting for its reply at a time."""

    def __init__(self, protocol, client, server):
        self.protocol, self.ends = protocol, (client, server)
        self.user, self.login, self.asked, self.greeted, self.over, self.told = "", None, None, False, False, []

    def ask(self, command, argument, name):
        if self.over:
            return
        if self.protocol == "smtp" and self.login == "AUTH" and command != "AUTH":
            self.user = self.user or name
            return
        self.asked = command
        if command in ("USER", "PASS", "ACCT") and self.protocol == "ftp":
            self.user, self.login = argument if command == "USER" else self.user, command
        elif command == "AUTH" and self.protocol == "smtp":
            self.user, self.login = name, command

    def reply(self, code):
        if self.over or code < 200:
            return
        if self.asked is None:
            if not self.greeted and code in (421, 554):
                self.told.append((code, "refused", False))
            self.greeted = True
            return
        if code // 100 != 3 and self.login:
            self.told.append((code, outcome(code), bool(self.user)))
        if code // 100 != 3 or self.protocol == "ftp":
            self.login = None
        self.over = (self.asked, code) == TLS_READY[self.protocol]
        self.greeted = True

    def sessions(self):
        told = self.told or [(0, "seen", False)]
        return collections.Counter(Session(self.protocol, *self.ends, *one) for one in told)


FIELDS = ["tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport", "smtp.req.command", "smtp.response.code", "ftp.request.command",
          "ftp.request.arg", "ftp.response.code", "smtp.auth.username", "smtp.command_line"]


def their_sessions(capture):
    dialogs = {}
    for row in tshark_fields(capture, "smtp || ftp", FIELDS, "-E", "occurrence=a"):
        stream, v4, v6, port, to_v4, to_v6, to_port, mail, mailed, command, argument, code, name, line = row
        sender, receiver = (f"{ipaddress.ip_address((a or b).split(',')[0])}:{p}" for a, b, p in ((v4, v6, port), (to_v4, to_v6, to_port)))
        from_client = bool(mail or command or name or (line and not mailed))
        protocol = "ftp" if command or code else "smtp"
        ends = (sender, receiver) if from_client else (receiver, sender)
        d = dialogs.setdefault(stream, Dialog(protocol, *ends))
        for one, text in zip((mail or command).split(","), argument.split(",") if command else [""] * 99):
            if one or name:
                d.ask(one.upper(), text, name)
        for one in (mailed or code).split(","):
            if one:
                d.reply(int(one))
    return sum((d.sessions() for d in dialogs.values()), collections.Counter())


def logins(corpora, names, work):
    total = alone = 0
    for name in names:
        wanted, got = their_sessions(corpora / name), our_sessions(corpora / name, work)
        ends = {(s.client, s.server) for s in wanted} | {(s.server, s.client) for s in wanted}
        of_ends = collections.Counter({s: n for s, n in got.items() if (s.client, s.server) in ends})
        alone, got = alone + sum((got - of_ends).values()), of_ends
        total += sum(wanted.values())
        if name in OTHER_LOGINS:
            expect(wanted != got, f"{name}: in the list of other logins, and there is none")
            continue
        for who, more in (("tshark", wanted - got), ("plimsoll", got - wanted)):
            for row, n in more.items():
                fault(f"{name}: only {who} has {n} x {row}")
    print(f"logins: {len(names)} captures, {total} sessions; {alone} more of connections that tshark takes for something else")


# ---- shared captures ----

WORDS = {("ftp", "to_server"): "USER PASS PORT PASV EPSV RETR STOR QUIT SYST", ("ftp", "to_client"): "220 230 331 530 226 227",
         ("smtp", "to_server"): "EHLO HELO MAIL RCPT DATA Subject QUIT AUTH", ("smtp", "to_client"): "220 250 354 235 535 221"}


def rules_of(corpora):
    """The ET rules of smtp and ftp that load, whoever the addresses are, and rules that look for one word each."""
    out = []
    for path in sorted((corpora / "rules-et-open/rules").glob("*.rules")):
        for line in path.read_text(errors="replace").splitlines():
            if re.match(r"alert (smtp|ftp) ", line) and not re.search(r"base64_decode|ftpbounce", line):
                out.append(re.sub(r"!?\$(HOME_NET|EXTERNAL_NET|[A-Z]+_SERVERS)", "any", line))
    for (protocol, to), words in WORDS.items():
        for word in words.split():
            out.append(f'alert {protocol} any any -> any any (flow:{to}; content:"{word}"; nocase; sid:{9000001 + len(out)};)')
    out.append('alert smtp any any -> any any (file.data; content:"e"; sid:9100000;)')
    out.append('alert smtp any any -> any any (file.name; content:"."; sid:9100001;)')
    return "\n".join(out) + "\n"


def our_rows(work, rules, captures):
    (work / "our.rules").write_text(rules)
    done = subprocess.run([CAPTURE_LINE, "--hits", work / "hits", work / "our.rules"], text=True, capture_output=True, input="".join(f"{c}\n" for c in captures))
    expect(done.returncode == 0, f"capture-line ended {done.returncode}: {done.stderr[-500:]}")
    out = collections.defaultdict(set)
    for line in (work / "hits").read_text().splitlines():
        path, sid, *ends = line.split("\t")
        out[path].add((int(sid), *(str(ipaddress.ip_address(end)) for end in ends)))
    return out


def shared(work, corpora, names):
    rules, captures = rules_of(corpora), [corpora / name for name in names]
    of_us, files, equal, total = our_rows(work, rules, captures), told(*captures), 0, 0
    for name, capture in zip(names, captures):
        events = suricata(work, capture, rules, midstream="yes")
        rows = {(e["alert"]["signature_id"], *(str(ipaddress.ip_address(e[k])) for k in ("src_ip", "dest_ip"))) for e in events if e["event_type"] == "alert"}
        ours = of_us[str(capture)]
        equal, total = equal + len(rows & ours), total + len(rows | ours)
        wanted = sorted(f._replace(digest=f.digest or "") for of_flow in files_of(events).values() for f in of_flow)
        got = sorted(as_file(one) for key, of_flow in files.items() if key[0] == str(capture) for one in of_flow)
        if len(wanted) == len(got):  # a file that breaks off has no digest in Suricata's event
            got = [f if w.digest else f._replace(digest="") for f, w in zip(got, wanted)]
        if name in KNOWN:
            expect(rows != ours or wanted != got, f"{name}: in the list of differences, and there is none")
            continue
        for who, more in (("suricata", rows - ours), ("plimsoll", ours - rows)):
            for row in sorted(more):
                fault(f"{name}: only {who} has {row}")
        expect(wanted == got, f"{name}: files {[f[:2] for f in got]}, not {[f[:2] for f in wanted]}")
    print(f"shared: {len(names)} captures, {equal} of {total} rows are equal, {sum(map(len, files.values()))} files")
    return equal, total


def traces(corpora):
    """Shared captures that may have some of both."""
    out = []
    for folder in ("captures-ics", "captures-protocols", "suricata-verify"):
        for path in sorted((corpora / folder).rglob("*")):
            if path.suffix in (".pcap", ".pcapng", ".cap") and path.is_file() and 24 < path.stat().st_size < LARGEST and TRACE.search(path.read_bytes()):
                out.append(str(path.relative_to(corpora)))
    return out


def main():
    need_program("suricata")
    version = subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout
    if " 7." not in version:
        skip("needs Suricata 7")
    with temporary() as directory:
        work = pathlib.Path(directory)
        by_hand(work)
        corpora = need_corpora()
        need_program("tshark")
        names = traces(corpora) if FULL else []
        logins(corpora, names or LOGINS, work)
        equal, total = shared(work, corpora, names or SHARED)
        expect(total > 150 and equal * 10 > total * 9, f"{equal} of {total} rows are equal")
    finish("mail")


main()
