#!/usr/bin/env python3
"""Against Suricata 7 itself: both run with exactly the rules of rules-et-open/rules that plimsoll loads, on mix-dev and on
shared captures (6 evenly spread; all sizes up to 500 of them with --full). Of the rows (sid, source, destination) of both
together at least 98 of 100 are in both.

Suricata runs with its package's configuration but for: EXTERNAL_NET any; alerts only; conversations picked up in the
middle (plimsoll always does); no random sizes of chunks; no checksums.
"""
import collections
import json
import pathlib
import re
import subprocess
import tempfile

from common import FULL, PLIMSOLL, expect, finish, need_corpora, need_program, skip

CONFIG = pathlib.Path("/etc/suricata/suricata.yaml")
BYTES_MAX = (64 if FULL else 8) << 20
WANTED = 500 if FULL else 6


def loaded_rules(files, out):
    done = subprocess.run([PLIMSOLL, "rules", "check", *map(str, files)], capture_output=True, text=True)
    rejected = {(path, int(line)) for path, line in re.findall(r"^(.+?):(\d+):\d+: error: ", done.stderr, re.M)}
    said = int(re.search(r"(\d+) load", done.stdout)[1])
    n = 0
    with out.open("w", errors="surrogateescape") as file:
        for path in files:
            for number, line in enumerate(path.read_text(errors="surrogateescape").split("\n"), 1):
                if line.startswith("alert") and (str(path), number) not in rejected:
                    file.write(line + "\n")
                    n += 1
    expect(n == said, f"{n} rules are left, plimsoll says {said}")
    return n


def configuration(out):
    """The package's, its outputs replaced by alerts alone."""
    lines, inside = [], False
    for line in CONFIG.read_text().split("\n"):
        if line.startswith("outputs:"):
            inside = True
            lines += ["outputs:", "  - eve-log:", "      enabled: yes", "      filetype: regular", "      filename: eve.json",
                      "      types:", "        - alert:", "            tagged-packets: no"]
        elif inside and line and not line[0].isspace() and not line.startswith("#"):
            inside = False
        if not inside:
            lines.append(line)
    text = "\n".join(lines).replace('EXTERNAL_NET: "!$HOME_NET"', 'EXTERNAL_NET: "any"')
    out.write_text(text.replace("randomize-chunk-size: yes", "randomize-chunk-size: no"))


def rows_of(eve, rows, name):
    for line in eve.read_text().splitlines():
        event = json.loads(line)
        if event["event_type"] == "alert":
            rows.add((event["alert"]["signature_id"], event["src_ip"], event["dest_ip"], name))


def suricata(config, rules, captures, folder, rows):
    for i, path in enumerate(captures):
        out = folder / f"out{i}"
        out.mkdir()
        done = subprocess.run(["suricata", "-c", str(config), "-r", str(path), "-S", str(rules), "--runmode", "single", "-k", "none",
                               "--set", "stream.midstream=true", "-l", str(out)], capture_output=True, text=True, timeout=900)
        if expect(done.returncode == 0, f"suricata ended {done.returncode} on {path}: {done.stderr[-300:]}"):
            rows_of(out / "eve.json", rows, path.name)


def plimsoll(rules, captures, folder, rows):
    for path in captures:
        eve = folder / "plimsoll.json"
        done = subprocess.run([PLIMSOLL, "replay", str(path), "--rules", str(rules), "--var", "EXTERNAL_NET=any", "--checksums",
                               "ignore", "--eve", str(eve), "--json"], capture_output=True, text=True, timeout=900)
        if expect(done.returncode in (0, 3), f"plimsoll ended {done.returncode} on {path}: {done.stderr[-300:]}"):
            rows_of(eve, rows, path.name)


def chosen(corpora):
    """Captures spread evenly over all that a size allows, and mix-dev."""
    found = sorted(p for p in [*corpora.glob("captures-*/**/*.pcap"), *corpora.glob("captures-*/**/*.pcapng")]
                   if p.is_file() and p.stat().st_size <= BYTES_MAX)
    step = max(1, len(found) // WANTED)
    mix = corpora / "mix/mix-dev.pcap"
    return ([mix] if mix.exists() else []) + found[::step][:WANTED]


def main():
    corpora = need_corpora()
    need_program("suricata")
    version = subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout
    if "version 7." not in version:
        skip(f"needs Suricata 7, which is not what is installed: {version.strip()}")
    captures = chosen(corpora)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rules, config = folder / "loaded.rules", folder / "suricata.yaml"
        n = loaded_rules(sorted((corpora / "rules-et-open/rules").glob("*.rules")), rules)
        configuration(config)
        theirs, ours = set(), set()
        suricata(config, rules, captures, folder, theirs)
        plimsoll(rules, captures, folder, ours)
    both, either = theirs & ours, theirs | ours
    print(f"{n} rules, {len(captures)} captures: {len(theirs)} rows of Suricata, {len(ours)} of plimsoll, {len(both)} in both")
    for who, only in (("only Suricata", theirs - ours), ("only plimsoll", ours - theirs)):
        for sid, count in collections.Counter(row[0] for row in only).most_common(20):
            example = next(row for row in sorted(only) if row[0] == sid)
            print(f"  {who}: {sid} {count} rows, e.g. {example[1]} to {example[2]} in {example[3]}")
    expect(len(either) >= 100, f"only {len(either)} rows to compare")
    expect(len(both) * 100 >= len(either) * 98, f"{len(both)} of {len(either)} rows are in both, less than 98 of 100")
    finish("suricata-rows")


if __name__ == "__main__":
    main()
