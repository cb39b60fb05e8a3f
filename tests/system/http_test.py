#!/usr/bin/env python3
"""What parsers tell of HTTP/1 beside Suricata and tshark.

Hand-written conversations (http_cases.py) become a capture. For each part that we tell of it a rule asks Suricata whether
its buffer is exactly that; for each that we do not tell, whether it has one. Suricata has libhtp's personality IDS there,
as its package's configuration has it.

Shared captures are read by tshark: first lines, hosts, agents and a few fields more are what tshark has. With --full
every value in all shared captures is asked for; Suricata has 95 of 100 of them.
"""
import collections
import json
import pathlib
import shutil
import socket
import subprocess
import time

from capture_edit import write
from common import FULL, PLIMSOLL, expect, fault, finish, need_corpora, need_program, skip, temporary
from http_cases import CASES, DIFFERENT
from talks import Talk

PARTS = pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/parts"
FIRST_PORT = 10000
KEYWORDS = {
    0: "http.method http.uri http.uri.raw http.protocol http.request_line http.header http.header.raw http.header_names http.start http.host "
       "http.host.raw http.cookie http.user_agent http.referer http.accept http.accept_enc http.accept_lang http.connection http.content_type "
       "http.content_len http.request_body file.data".split(),
    1: "http.protocol http.response_line http.stat_code http.stat_msg http.header http.header.raw http.header_names http.start http.cookie "
       "http.connection http.content_type http.content_len http.server http.location http.response_body".split(),
}
TSHARK = {
    0: ("http.request", {"http.request.method": "http.method", "http.request.uri": "http.uri.raw", "http.host": "http.host.raw",
                         "http.user_agent": "http.user_agent", "http.referer": "http.referer", "http.cookie": "http.cookie",
                         "http.accept": "http.accept", "http.accept_encoding": "http.accept_enc", "http.accept_language": "http.accept_lang"}),
    1: ("http.response", {"http.response.code": "http.stat_code", "http.response.phrase": "http.stat_msg", "http.server": "http.server",
                          "http.location": "http.location"}),
}
CAPTURES = ["captures-protocols/" + name for name in (
    "ndpi/pcap/WebattackRCE.pcap", "packets/tcp_ports.pcapng", "ndpi/pcap/quickplay.pcap", "ndpi/pcap/alexa-app.pcapng", "packets/arppoison.pcapng",
    "malcolm/plugins/cve-2022-21907/constructed.pcap", "ndpi/pcap/ocsp.pcapng", "zeek/wikipedia.pcap", "packets/sessionhijacking.pcapng",
    "ndpi/pcap/webdav.pcap", "zeek/http/http-body-match.pcap", "ndpi/pcap/zattoo.pcap", "ipfixprobe/inputs/http.pcap",
    "zeek/http/pipelined-requests.pcap", "ndpi/pcap/waze.pcap", "zeek/http/206_example_c.pcap", "packets/dns_isp_hijack.pcapng")]
CONFIG = """%YAML 1.1
---
vars: {{address-groups: {{HOME_NET: any, EXTERNAL_NET: any}}, port-groups: {{HTTP_PORTS: "80"}}}}
outputs: [{{eve-log: {{enabled: yes, filetype: regular, filename: eve.json, types: [alert]}}}}]
unix-command: {command}
runmode: single
packet-alert-max: 255
flow: {{memcap: 1gb, hash-size: 65536, prealloc: 1000}}
stream: {{memcap: 1gb, checksum-validation: no, inline: no, midstream: {midstream}, reassembly: {{memcap: 4gb, depth: 1mb, randomize-chunk-size: no}}}}
app-layer: {{protocols: {{http: {{enabled: yes, libhtp: {{default-config: {{
  personality: IDS, request-body-limit: 100kb, response-body-limit: 100kb, request-body-minimal-inspect-size: 32kb,
  request-body-inspect-window: 4kb, response-body-minimal-inspect-size: 40kb, response-body-inspect-window: 16kb,
  response-body-decompress-layer-limit: 3, http-body-inline: auto, randomize-inspection-sizes: no,
  double-decode-path: no, double-decode-query: no}}}}}}}}}}
"""


# ---- what we tell ----

def told(*captures):
    """What we tell of HTTP: rows of the parts program."""
    done = subprocess.run([PARTS, *captures], capture_output=True, text=True)
    expect(done.returncode >= 0, f"{PARTS} ended {done.returncode}: {done.stderr[-500:]}")
    rows = [json.loads(line) for line in done.stdout.splitlines() if '"protocol":"http"' in line]
    for row in rows:
        row["bytes"], row["side"] = bytes.fromhex(row["hex"]), 0 if row["to"] == "server" else 1
    return rows


# ---- rules ----

def quoted(data):
    return '"|' + " ".join(f"{b:02x}" for b in data) + '|"'


def equals(keyword, data):
    """A buffer that is exactly this; of a long one its length and both ends are asked for."""
    text = f"{keyword}; bsize:{len(data)};"
    if len(data) > 1500:
        return text + f" content:{quoted(data[:200])}; startswith; content:{quoted(data[-200:])}; endswith;"
    for at in range(0, len(data), 200):
        piece = data[at:at + 200]
        text += f" content:{quoted(piece)}; " + (f"distance:0; within:{len(piece)};" if at else "startswith;")
    return text


def rule(sid, side, port, text):
    ends = f"any {port} -> any any" if side == 0 else f"any any -> any {port}"
    return f'alert http {ends} (msg:"x"; flow:{("to_server", "to_client")[side]}; {text} sid:{sid};)\n'


def askable(keyword, data):
    """Suricata refuses rules that look for capitals in http.host, which is in lower case, but where there is a port."""
    return keyword != "http.host" or data == data.lower()


def suricata(work, capture, rules):
    folder = work / "suricata"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "c.yaml").write_text(CONFIG.format(command="{enabled: no}", midstream="no"))
    (folder / "r.rules").write_text(rules)
    done = subprocess.run(["suricata", "-c", folder / "c.yaml", "-S", folder / "r.rules", "-k", "none", "-r", capture, "-l", folder],
                          capture_output=True, text=True)
    said = done.stdout + done.stderr
    expect(done.returncode == 0 and "error parsing signature" not in said, f"suricata ended {done.returncode}: {said[-1000:]}")
    return alerts(folder / "eve.json")


def alerts(path):
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    events = map(json.loads, lines)
    return collections.Counter(e["alert"]["signature_id"] for e in events if e["event_type"] == "alert")


class Server:
    """Suricata on a socket, which begins afresh with each capture."""

    def __init__(self, work, rules):
        self.work, wire = work, work / "s"
        (work / "c.yaml").write_text(CONFIG.format(command=f"{{enabled: yes, filename: {wire}}}", midstream="yes"))
        (work / "r.rules").write_text(rules)
        self.log = open(work / "log", "w")
        self.process = subprocess.Popen(["suricata", "-c", work / "c.yaml", "-S", work / "r.rules", "-k", "none", "-l", work,
                                         f"--unix-socket={wire}", "--pidfile", work / "pid"], stdout=self.log, stderr=self.log)
        self.wire = socket.socket(socket.AF_UNIX)
        for _ in range(1200):
            try:
                self.wire.connect(str(wire))
                break
            except OSError:
                time.sleep(0.1)
        self.ask({"version": "0.2"})

    def ask(self, what):
        self.wire.sendall(json.dumps(what).encode() + b"\n")
        said = b""
        while not said.endswith(b"\n"):
            part = self.wire.recv(65536)
            if not part:
                raise EOFError((self.work / "log").read_text()[-1000:])
            said += part
        return json.loads(said)

    def hits(self, capture, folder):
        folder.mkdir()
        self.ask({"command": "pcap-file", "arguments": {"filename": str(capture), "output-dir": str(folder)}})
        while self.ask({"command": "pcap-file-number"})["message"] or self.ask({"command": "pcap-current"})["message"] != "None":
            time.sleep(0.01)
        found = set(alerts(folder / "eve.json"))
        shutil.rmtree(folder)
        return found

    def close(self):
        self.ask({"command": "shutdown"})
        self.process.wait(60)


def is_known(name, side, keyword, different, met):
    """Whether they differ on purpose."""
    keys = {(name, side, keyword), (name, side, "*")} & set(different)
    met.update(keys)
    return bool(keys)


def by_hand(work, cases, different):
    """Suricata's verdict on each part of each case."""
    capture, talk, names, met = work / "cases.pcap", Talk(80), list(cases), set()
    for number, says in enumerate(cases.values()):
        talk.add(FIRST_PORT + number, says)
    write(capture, talk.frames)
    asked, has = {}, collections.defaultdict(set)
    for row in told(capture):
        number = int(row["flow"].split(" > ")[0].rpartition(":")[2]) - FIRST_PORT
        has[number].add((row["side"], row["part"]))
        if row["bytes"] and askable(row["part"], row["bytes"]):
            asked[len(asked) + 1] = number, row["side"], row["part"], row["bytes"]
    n_values = len(asked)
    for number in range(len(names)):
        for side, keywords in KEYWORDS.items():
            for keyword in keywords:
                if (side, keyword) not in has[number]:
                    asked[len(asked) + 1] = number, side, keyword, None
    # In HTTP/2 the first of these to look at a body has it alone, and waits for all of it if file.data is asked for at all.
    hits = collections.Counter()
    for files in (False, True):
        hits += suricata(work, capture, rule(len(asked) + 1, 0, 1, 'file.data; content:"x";') + "".join(
            rule(sid, side, FIRST_PORT + number, f"{keyword}; bsize:<65535;" if value is None else equals(keyword, value))
            for sid, (number, side, keyword, value) in asked.items() if (keyword == "file.data") == files))
    for sid, (number, side, keyword, value) in asked.items():
        if bool(hits[sid]) == (value is not None) or is_known(names[number], side, keyword, different, met):
            continue
        ours = "not told" if value is None else value[:300]
        fault(f"{names[number]}, to the {('server', 'client')[side]}, {keyword}: {ours}, and Suricata has another")
    for key in set(different) - met:
        fault(f"{key}: in the list of differences, and there is none")
    print(f"by hand: {len(names)} conversations; Suricata was asked for {n_values} values and {len(asked) - n_values} that are none")


def of_shared(work, corpora):
    """How many of the values in shared captures Suricata has too. It does not see some connections at all, and looks
    into heads before trailers are there; what differs by parsing alone is far less."""
    captures = sorted(p for folder in ("captures-protocols", "captures-ics", "suricata-verify") for p in (corpora / folder).rglob("*")
                      if p.suffix in (".pcap", ".pcapng", ".cap") and p.is_file() and 24 < p.stat().st_size < 8 << 20)
    sids, wanted, rules = {}, collections.defaultdict(set), []
    for at in range(0, len(captures), 100):
        for row in told(*captures[at:at + 100]):
            value = row["part"], row["side"], row["bytes"]
            if not value[2] or len(value[2]) > 16000 or row.get("cut") or not askable(value[0], value[2]):
                continue
            if value not in sids:
                sids[value] = len(sids) + 1
                rules.append(rule(len(sids), row["side"], "any", equals(value[0], value[2])))
            wanted[row["capture"]].add(sids[value])
    server, total, missed, ended = Server(work, "".join(rules)), 0, 0, []
    for number, capture in enumerate(sorted(wanted)):
        try:
            found = server.hits(capture, work / f"d{number}")
        except (EOFError, ConnectionError):
            ended.append(capture)
            server = Server(work, "".join(rules))
            continue
        total += len(wanted[capture])
        missed += len(wanted[capture] - found)
    server.close()
    print(f"shared: {len(wanted)} captures, {total} values, of which Suricata has {100 - 100 * missed / max(total, 1):.1f} %; it ended at {len(ended)}")
    expect(total > 20000 and missed * 20 < total, f"Suricata has {total - missed} of {total} values, less than 95 of 100")


def by_tshark(capture, side):
    """(part, value) of each message."""
    what, names = TSHARK[side]
    command = ["tshark", "-n", "-r", str(capture), "-Y", what, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=\x02"]
    for name in names:
        command += ["-e", name]
    found = collections.Counter()
    for row in subprocess.run(command, capture_output=True).stdout.decode("latin1").splitlines():
        for part, values in zip(names.values(), row.split("\t")):
            found.update((part, value) for value in values.split("\x02") if value)
    return found


def beside_tshark(corpora):
    total = 0
    for name in CAPTURES:
        rows = told(corpora / name)
        for side in TSHARK:
            wanted, parts = by_tshark(corpora / name, side), TSHARK[side][1].values()
            got = collections.Counter((r["part"], r["bytes"].decode("latin1")) for r in rows if r["side"] == side and r["part"] in parts)
            total += sum(wanted.values())
            for who, more in (("tshark", wanted - got), ("plimsoll", got - wanted)):
                for row, n in more.items():
                    fault(f"{name}: only {who} has {n} x {row}")
    print(f"tshark: {len(CAPTURES)} captures, {total} values")
    expect(total > 3000, f"only {total} values")


def main():
    need_program("suricata")
    version = subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout
    if " 7." not in version:
        skip("needs Suricata 7")
    with temporary() as directory:
        by_hand(pathlib.Path(directory), CASES, DIFFERENT)
        corpora = need_corpora()
        need_program("tshark")
        beside_tshark(corpora)
        if FULL:
            of_shared(pathlib.Path(directory), corpora)
    finish("http")


if __name__ == "__main__":
    main()
