#!/usr/bin/env python3
"""What matches in streams and messages does not depend on how a sender cut its stream: captures as they are, and with
their streams of TCP cut anew into pieces of 1 to 1,460 bytes that come in another order (tests/pipeline/cut.h), give
the same rows of rule, source and target.

    cut_test.py             mix-dev and every tenth of the shared captures, cut in one way
    cut_test.py --full      and all shared captures, cut in three ways

Rules that look at packets, alone or beside the stream, are exempt (`rules list --scope`): what a packet holds is the
sender's choice. All other rules of ET Open are asked, without their thresholds, for these choose among rows by time.

What must not be there is judged by what has come. So a rule with a negated content may match a stream or a body that is
cut small, before that content comes: rows of such rules that are there only when cut are counted, and named.
"""
import collections
import json
import os
import pathlib
import random
import re
import subprocess

from common import FULL, PLIMSOLL, expect, fault, finish, need_corpora, run, temporary

CAPTURE_LINE = pathlib.Path(PLIMSOLL).parent.parent / "tests/pipeline/capture-line"
EXEMPT = ("packets", "packets-and-streams")
SEEDS = range(1, 4) if FULL else [random.randrange(1 << 32)]
EVERY = 1 if FULL else 10


def rules_asked(files, out):
    """Of each scope how many rules there are, and which of those that are not exempt have a negated content; these and
    the others are written to a file."""
    scopes, lines, negated = collections.Counter(), {}, set()
    for row in map(json.loads, run("rules", "list", "--json", "--state", "loaded", *files).stdout.splitlines()):
        scopes[row["scope"]] += 1
        if row["scope"] not in EXEMPT:
            lines.setdefault(row["file"], set()).add(row["line"])
    with open(out, "w") as file:
        for path in files:
            for number, line in enumerate(path.read_text(errors="surrogateescape").split("\n"), 1):
                if number not in lines.get(str(path), ()):
                    continue
                line = line.encode(errors="surrogateescape").decode(errors="replace")
                if re.search(r'content: *!"', line):
                    negated.add(int(re.search(r"[; (]sid: *(\d+)", line)[1]))
                file.write(re.sub(r"(threshold|detection_filter): *[^;]*;", "", line) + "\n")
    return scopes, negated


def rows(work, rules, captures, *options):
    """By capture, of one process for each core."""
    parts, out = [captures[i::os.cpu_count()] for i in range(os.cpu_count())], collections.defaultdict(set)
    running = []
    for i, part in enumerate(parts):
        hits = work / f"hits{i}"
        process = subprocess.Popen([CAPTURE_LINE, "--hits", hits, *map(str, options), rules], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        process.stdin.write("".join(f"{capture}\n" for capture in part))
        process.stdin.close()
        running.append((process, hits))
    for process, hits in running:
        said = process.stderr.read()
        expect(process.wait() == 0, f"capture-line ended {process.returncode}: {said[-500:]}")
        for line in hits.read_text().splitlines():
            path, sid, *ends = line.split("\t")
            out[path].add((int(sid), *ends))
    return out


def main():
    corpora = need_corpora()
    captures = sorted(p for folder in ("captures-ics", "captures-protocols", "suricata-verify") for p in (corpora / folder).rglob("*")
                      if p.suffix in (".pcap", ".pcapng", ".cap") and p.is_file())[::EVERY] + [corpora / "mix/mix-dev.pcap"]
    with temporary() as directory:
        work = pathlib.Path(directory)
        scopes, negated = rules_asked(sorted((corpora / "rules-et-open/rules").glob("*.rules")), work / "asked.rules")
        print("rules: " + ", ".join(f"{n} of {scope}" + (" (exempt)" if scope in EXEMPT else "") for scope, n in scopes.most_common()))
        as_they_are = rows(work, work / "asked.rules", captures)
        n = sum(map(len, as_they_are.values()))
        early = collections.Counter()
        for seed in SEEDS:
            cut = rows(work, work / "asked.rules", captures, "--cut", seed)
            for path in sorted(set(as_they_are) | set(cut)):
                for row in sorted(as_they_are[path] ^ cut[path]):
                    if row[0] in negated and row in cut[path]:
                        early[row[0]] += 1
                        continue
                    fault(f"{path}: {' '.join(map(str, row))}: only {'as it is' if row in as_they_are[path] else f'cut by {seed}'}")
    print(f"{len(captures)} captures, {n} rows in {len(as_they_are)} of them; cut by {', '.join(map(str, SEEDS))}")
    print("early, for what must not be there had not come: " + (", ".join(f"{n} of {sid}" for sid, n in early.most_common()) or "none"))
    expect(n > 500, f"only {n} rows")
    finish("cut")


main()
