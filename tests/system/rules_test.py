#!/usr/bin/env python3
"""Which rules load, beside a reading of our own and beside Suricata's.

Of rule_limits.tsv it is read which rules of the shared sets this build does not load: all of these do not, all others
do, every row is of use, the reasons that `rules check` counts add up, and of each set as much loads as is asked for.
Of sets that others wrote for Suricata, or for Snort, exactly those load that `suricata -T` accepts, but for the rows of
the table; of rules with one id one loads.
"""
import collections
import pathlib
import re
import subprocess
import sys

from common import TOP, expect, finish, need_corpora, need_program, run, skip, temporary

sys.path.insert(0, str(TOP / "bench"))
from suricata import write_config

TABLE = pathlib.Path(__file__).with_name("rule_limits.tsv")
ACTIONS = ("alert", "drop", "pass", "reject", "rejectsrc", "rejectdst", "rejectboth")
# What must load of a set, in percent: of its rules, or of those that Suricata loads.
ET = {"rules-et-open/rules": 99.5, "rules-et-open/2023-05-single": 99.5, "rules-et-open/2025-08-partial": 99}
ICS = {"rules-ics/et-open-scada": 95, "rules-ics/malcolm-ot": 95, "rules-ics/quickdraw-snort": 95}
OTHERS = ["rules-ics/elitewolf", "rules-ics/quickdraw-suricata", "rules-ics/suricata-events", "rules-suricata-distro/suricata/rules",
          "rules-other/snort3-community", "rules-other/tgreen-hunting"]


def files_of(folder):
    """All of the set that hold rules."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and (p.suffix == ".rules" or p.name == "enip-rules" or
                                                                    (p.suffix == ".txt" and "SNORT_" in p.name and "README" not in p.name)))


class Rule:
    """One rule: its file, its first and last line, its protocol, options and ids."""

    def __init__(self, path, line, last, text):
        self.path, self.line, self.last, self.text = path, line, last, text
        self.protocol = text.split()[1].lower()
        inside = text[text.index("(") + 1:text.rindex(")")]
        self.options = [part.strip() for part in re.split(r"(?<!\\);", inside) if part.strip()]
        ids = {name: [o.split(":")[1].strip() for o in self.options if re.match(rf"{name}\s*:", o)] for name in ("sid", "gid")}
        self.id = (ids["gid"] or ["1"])[-1], (ids["sid"] or ["0"])[-1]


def rules_of(path):
    """Lines that go on behind a backslash are one; comments end with their line."""
    out, lines = [], path.read_bytes().decode("utf-8", "surrogateescape").split("\n")
    at = 0
    while at < len(lines):
        first, text = at, lines[at]
        while not text.lstrip().startswith("#") and text.rstrip().endswith("\\") and at + 1 < len(lines):
            at += 1
            text = text.rstrip()[:-1] + lines[at]
        at += 1
        if text.strip() and text.split()[0] in ACTIONS and "(" in text and ")" in text:
            out.append(Rule(path, first + 1, at, text.strip()))
    return out


def read_table():
    rows = [line.split("\t") for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    for kind, what, reason in rows:
        expect(kind in ("protocol", "option", "sid") and reason, f"{TABLE.name}: no row: {kind} {what}")
    return [(kind, what, reason, re.compile(what, re.I) if kind == "option" else None) for kind, what, reason in rows]


def limits_of(rule, table):
    """The rows that keep it from loading."""
    return [row for row in table if (row[0] == "protocol" and rule.protocol == row[1]) or (row[0] == "sid" and rule.id == ("1", row[1])) or
            (row[3] and any(row[3].match(option) for option in rule.options))]


def checked(files):
    """(counts, reasons, faults by file and line) of `rules check`."""
    done = run("rules", "check", *files, code=None)
    head = re.search(r"(\d+) files, (\d+) rules: (\d+) load, (\d+) are rejected", done.stdout)
    if not expect(head is not None, f"rules check says {done.stdout[:200]} {done.stderr[:500]}"):
        return (0, 0, 0, 0), {}, {}
    reasons = {name: int(n) for n, name in re.findall(r"^ +(\d+)  (.+)$", done.stdout.split("weak rules")[0], re.M)}
    faults = {}
    for line in done.stderr.splitlines():
        if re.match(r".+?:\d+:\d+: warning: ", line):
            continue
        path, number, column, text = re.match(r"(.+?):(\d+):(\d+): error: (.*)", line).groups()
        expect((path, int(number)) not in faults, f"named twice: {line}")
        faults[path, int(number)] = int(column), text
    return tuple(map(int, head.groups())), reasons, faults


def check_set(name, files, table, used):
    """Our reading of a set whose rules are all Suricata's; how many load, of how many, and how many will soon."""
    rules = [rule for path in files for rule in rules_of(path)]
    counts, reasons, faults = checked(files)
    expect(counts[:2] == (len(files), len(rules)), f"{name}: {counts[0]} files, {counts[1]} rules; we count {len(files)}, {len(rules)}")
    expect(counts[1] - counts[2] == counts[3] == sum(reasons.values()) == len(faults),
           f"{name}: {counts}, {sum(reasons.values())} reasons, {len(faults)} faults")
    loads = collections.Counter()
    for rule in rules:
        rows, fault = limits_of(rule, table), faults.get((str(rule.path), rule.line))
        expect(bool(rows) == bool(fault), f"{rule.path.name}:{rule.line}: {fault or 'loads'}, {len(rows)} rows of {TABLE.name}: {rule.text[:150]}")
        used |= {row[:2] for row in rows}
        soon = rows and all(row[2].startswith("soon") for row in rows)
        loads["soon" if soon else "limits" if rows else "loads"] += 1
        named = fault and re.match(r"the (?:keyword|protocol) `([^`]+)` is not in this build", fault[1])
        if named:
            line = rule.path.read_bytes().split(b"\n")[rule.line - 1].decode("utf-8", "surrogateescape")
            expect(line[fault[0] - 1:].startswith(named[1]), f"{rule.path.name}:{rule.line}:{fault[0]}: {fault[1]}: there stands {line[fault[0] - 1:][:20]}")
    return loads, len(rules)


def share(name, loads, of, least):
    now, soon = 100 * loads["loads"] / of, 100 * (loads["loads"] + loads["soon"]) / of
    print(f"{name}: {loads['loads']} of {of} load, {now:.2f} %; with parsers that are under way {soon:.2f} %")
    expect(soon >= least, f"{name}: {soon:.2f} % load, {least} % are asked for")


def refused(path, work):
    """Lines of the rules that Suricata does not take."""
    done = subprocess.run(["suricata", "-T", "-c", work / "suricata.yaml", "-S", path, "-l", work], capture_output=True, text=True)
    said = done.stdout + done.stderr
    return {int(n) for n in re.findall(r'error parsing signature ".*" from file .* at line (\d+)', said)}


def beside_suricata(name, files, table, used, work, least=None):
    """Exactly what Suricata takes loads, but for the table; file by file, as each may repeat what another has."""
    n_taken = loads = limits = 0
    for path in files:
        rules = rules_of(path)
        lines = refused(path, work)
        _, _, faults = checked([path])
        gone = {rule for rule in rules if any(rule.line <= n <= rule.last for n in lines)}
        ours = {rule.line for rule in rules if (str(path), rule.line) not in faults}
        twins = collections.Counter(rule.id for rule in rules)
        for rule in rules:
            rows = limits_of(rule, table)
            used |= {row[:2] for row in rows}
            fault = faults.get((str(path), rule.line), (0, "loads"))[1]
            twin = twins[rule.id] > 1 and "is there already" in fault
            if rule in gone:
                again = twins[rule.id] > 1 and not twin  # of twins one loads, whichever
                expect(again or rule.line not in ours, f"{path.name}:{rule.line}: loads, and Suricata refuses it: {rule.text[:200]}")
            else:
                n_taken += 1
                loads += rule.line in ours or twin
                limits += bool(rows)
                expect(rule.line in ours or twin or rows, f"{path.name}:{rule.line}: Suricata takes it; {fault}: {rule.text[:200]}")
        for one, n in twins.items():
            whole = [rule for rule in rules if rule.id == one and rule not in gone]
            expect(n == 1 or not whole or any(r.line in ours for r in rules if r.id == one) or any(limits_of(r, table) for r in whole),
                   f"{path.name}: of {n} rules with sid {one[1]} none loads")
    print(f"{name}: Suricata takes {n_taken}, of these {loads} load and {limits} are limits")
    if least:
        expect(n_taken and 100 * loads / n_taken >= least, f"{name}: {loads} of {n_taken} load, {least} % are asked for")


def main():
    corpora, table, used = need_corpora(), read_table(), set()
    for name, least in ET.items():
        loads, of = check_set(name, files_of(corpora / name), table, used)
        share(name, loads, of, least)
    need_program("suricata")
    if "7.0.10" not in subprocess.run(["suricata", "-V"], capture_output=True, text=True).stdout:
        skip("Suricata is not 7.0.10")
    with temporary() as directory:
        work = pathlib.Path(directory)
        (work / "classes").write_text("")
        write_config(work / "suricata.yaml", work / "classes", midstream=False)
        for name, least in [*ICS.items(), *((name, None) for name in OTHERS)]:
            beside_suricata(name, files_of(corpora / name), table, used, work, least)
    for kind, what, *_ in table:
        expect((kind, what) in used, f"{TABLE.name}: no rule needs the row {kind} {what} any more")
    finish("rules")


main()
