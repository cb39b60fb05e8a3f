#!/usr/bin/env python3
"""Files in mails, and logins of SMTP and FTP, beside Suricata and tshark.

Mails that are written by hand (mail_cases.py), and shared captures that have any: the files that Suricata's events name,
with their sizes and digests, are those that we tell.
"""
import collections
import hashlib
import json
import pathlib
import shutil
import subprocess

from capture_edit import write
from common import PLIMSOLL, expect, fault, finish, need_corpora, need_program, skip, temporary
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


def suricata(work, capture, rules=""):
    folder = work / "suricata"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "c.yaml").write_text(CONFIG)
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


def by_hand(work):
    capture, talk, cases = work / "cases.pcap", Talk(25), {**{name: dialog(mail) for name, mail in MAILS.items()}, **DIALOGS}
    for number, says in enumerate(cases.values()):
        talk.add(FIRST_PORT + number, says)
    write(capture, talk.frames)
    ours, theirs = told(capture), files_of(suricata(work, capture))
    for number, name in enumerate(cases):
        got = [File(names[0].decode("latin1"), len(data), digest(data)) for names, data in ours[str(capture), FIRST_PORT + number]]
        wanted = theirs[FIRST_PORT + number]
        if got != wanted and name not in DIFFERENT:
            fault(f"{name}:\n   ours   {[(f.name, f.size) for f in got]} {[d for _, d in ours[str(capture), FIRST_PORT + number]]}\n   theirs {[(f.name, f.size) for f in wanted]}")
        if got == wanted and name in DIFFERENT:
            fault(f"{name}: in the list of differences, and there is none")
    print(f"by hand: {len(cases)} dialogs, {sum(map(len, theirs.values()))} files of Suricata, {sum(map(len, ours.values()))} of ours")


def main():
    need_program("suricata")
    with temporary() as directory:
        by_hand(pathlib.Path(directory))
    finish("mail")


main()
