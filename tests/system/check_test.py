#!/usr/bin/env python3
"""rules check on weak rules: each is named at the option that makes it so, good ones beside it are not; the same in
text, SARIF 2.1.0 and JSON; and of ET Open's flowbits what a reading of our own finds.

In a rule here the mark ¦ stands before what is pointed at; it is taken out before the file is written.
"""
import json
import pathlib
import re

from common import CORPORA, expect, finish, run, temporary

MARK = "¦"

# What is weak (its id), the rule, words of the text.
WEAK = [
    ("no-literal", 'alert tcp any any -> any 80 (msg:"x"; flow:established; ¦content:!"abc"; sid:{};)', "nothing to look for"),
    ("no-literal", 'alert tcp any any -> any 80 (msg:"x"; ¦pcre:"/^abc/"; sid:{};)', "nothing to look for"),
    ("no-literal", 'alert tcp any any -> any 80 (msg:"x"; ¦byte_test:1,>,3,0; sid:{};)', "nothing to look for"),
    ("unanchored-pcre", 'alert tcp any any -> any 80 (msg:"x"; content:!"q"; ¦pcre:"/a.c\\;d/i"; sid:{};)', "anchor"),
    ("short-literal", 'alert tcp any any -> any 80 (msg:"x"; ¦content:"ab"; sid:{};)', "2 bytes"),
    ("short-literal", 'alert tcp any any -> any 80 (msg:"x"; ¦content:"|00|"; offset:1; depth:1; sid:{};)', "1 byte"),
    ("flowbit-never-set", 'alert tcp any any -> any 80 (msg:"x"; content:"abc"; ¦flowbits:isset,nobody.sets; sid:{};)', "nobody.sets"),
    ("flowbit-never-set", 'alert tcp any any -> any 80 (msg:"x"; content:"abc"; ¦flowbits:isset,n.one|n.two; sid:{};)', "n.two"),
    ("flowbit-never-tested", 'alert tcp any any -> any 80 (msg:"x"; content:"abc"; ¦flowbits:set,nobody.asks; sid:{};)', "nobody.asks"),
    ("revoked-technique", 'alert tcp any any -> any 502 (msg:"x"; content:"abc"; metadata:mitre_technique_id ¦T0855; sid:{};)', "T1692.001"),
    ("revoked-technique", 'alert tcp any any -> any 502 (msg:"x"; content:"abc"; \\\n  metadata:a b, technique ¦T0812, c d; sid:{};)', "T1694.001"),
]
# Not weak, though it looks alike.
GOOD = [
    'alert tcp any any -> any 80 (msg:"pcre T0855"; content:"abc"; pcre:"/a.c/"; sid:{};)',
    'alert tcp any any -> any 80 (msg:"flags alone"; flags:S; sid:{};)',
    'alert tcp any any -> any 80 (msg:"x"; content:"abc"; flowbits:set,both; sid:{};)',
    'alert tcp any any -> any 80 (msg:"x"; content:"abc"; flowbits:isset,both; sid:{};)',
    'alert tcp any any -> any 80 (msg:"x"; content:"abc"; flowbits:isset,both|never; sid:{};)',
    'alert tcp any any -> any 80 (msg:"x"; content:"abc"; metadata:mitre_technique_id T0855.001, mitre_technique_id T1692.001; sid:{};)',
]
REJECTED = 'alert tcp any any -> any 80 (msg:"x"; content:"abc"; ¦no_such:1; sid:{};)'
LEVELS = {"no-literal": "warning", "unanchored-pcre": "warning", "short-literal": "note", "flowbit-never-set": "warning",
          "flowbit-never-tested": "note", "revoked-technique": "warning", "rejected": "error"}


def made(path):
    """The file, and what a person expects of it: (id, line, col, words)."""
    text, expected, sid = "", [], 1
    rows = [(kind, rule, words) for kind, rule, words in WEAK] + [(None, rule, "") for rule in GOOD] + [("rejected", REJECTED, "no_such")]
    for kind, rule, words in rows:
        rule = rule.format(sid)
        if kind:
            before = text + rule[:rule.index(MARK)]
            expected.append((kind, before.count("\n") + 1, len(before) - before.rfind("\n"), words))
        text += rule.replace(MARK, "") + "\n"
        sid += 1
    # The sid of the first rule again, with a lower revision: the one that stays is the other.
    path.write_text(text)
    return expected


def same(found, expected, what):
    for kind, line, col, words in expected:
        hit = [text for k, l, c, text in found if (k, l, c) == (kind, line, col)]
        expect(len(hit) == 1 and words in hit[0], f"{what}: {kind} at {line}:{col}: {hit}")
    for k, l, c, text in found:
        expect((k, l, c) in [row[:3] for row in expected], f"{what}: {k} at {l}:{c} is not expected: {text}")


def in_text(path, expected):
    done = run("rules", "check", "--notes", path, code=1)
    found = re.findall(r"^(.+?):(\d+):(\d+): (error|warning|note): (.*)$", done.stderr, re.M)
    expect(len(found) == len(expected), f"text: {len(found)} problems, {len(expected)} expected")
    for kind, line, col, words in expected:
        hit = [row for row in found if (int(row[1]), int(row[2]), row[3]) == (line, col, LEVELS[kind])]
        expect(len(hit) == 1 and words in hit[0][4], f"text: {kind} at {line}:{col}: {hit}")
    plain = run("rules", "check", path, code=1).stderr
    expect(": note: " not in plain and ": warning: " in plain, "notes are named unasked, or warnings are not")


def in_json(path, expected):
    lines = [json.loads(line) for line in run("rules", "check", "--format=json", path, code=1).stdout.splitlines()]
    problems = [line for line in lines if line["type"] == "problem"]
    expect(all(p["level"] == LEVELS[p["id"]] and p["file"] == str(path) for p in problems), f"levels: {problems}")
    same([(p["id"], p["line"], p["col"], p["text"]) for p in problems], expected, "json")
    n = len(WEAK) + len(GOOD)
    expect((lines[-1]["type"], lines[-1]["rules"], lines[-1]["loaded"], lines[-1]["rejected"]) == ("counts", n + 1, n, 1), f"{lines[-1]}")


def in_sarif(path, expected):
    """SARIF 2.1.0: 3.13 (log), 3.14 (run), 3.19 (tool component), 3.27 (result), 3.30 (region)."""
    log = json.loads(run("rules", "check", "--format", "sarif", path, code=1).stdout)
    expect(log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json") and len(log["runs"]) == 1, "the log")
    rules = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    expect({k: r["defaultConfiguration"]["level"] for k, r in rules.items()} == LEVELS, f"rules {list(rules)}")
    found = []
    for result in log["runs"][0]["results"]:
        where = result["locations"][0]["physicalLocation"]
        expect(where["artifactLocation"]["uri"] == str(path) and result["level"] == LEVELS[result["ruleId"]], f"{result}")
        found.append((result["ruleId"], where["region"]["startLine"], where["region"]["startColumn"], result["message"]["text"]))
    same(found, expected, "sarif")


def codes(work):
    good, missing = work / "good.rules", work / "none.rules"
    good.write_text("\n".join(rule.format(n + 1) for n, rule in enumerate(GOOD)) + "\n")
    for form in "text", "json", "sarif":
        run("rules", "check", "--format", form, good, code=0)
        run("rules", "check", "--format", form, missing, code=2)
    run("rules", "check", "--format", "xml", good, code=2)
    twice = work / "twice.rules"
    twice.write_text(GOOD[0].format(1) + "\n" + GOOD[0].format(1) + "\n")
    done = run("rules", "check", twice, code=1)
    expect("2:1: error: sid 1 is there already" in done.stderr or "1:1: error: sid 1 is there already" in done.stderr, done.stderr)


def bits_of_et_open():
    """Names that loaded rules ask for and none sets, read from the files."""
    if not CORPORA:
        print("without the shared corpora: no flowbits of ET Open")
        return
    files = sorted((CORPORA / "rules-et-open/rules").glob("*.rules"))
    lines = [json.loads(line) for line in run("rules", "check", "--format=json", *files, code=1).stdout.splitlines()]
    rejected = {(p["file"], p["line"]) for p in lines if p.get("id") == "rejected"}
    sets, asks, places = set(), set(), {}
    for path in files:
        for number, rule in enumerate(path.read_bytes().decode("utf-8", "surrogateescape").split("\n"), 1):
            if not rule.startswith("alert") or (str(path), number) in rejected:
                continue
            for verb, names in re.findall(r"flowbits\s*:\s*(\w+)\s*,\s*([^;]+);", rule):
                split = [name.strip() for name in re.split(r"[|&]", names)]
                (sets if verb in ("set", "toggle") else asks if verb in ("isset", "isnotset") else set()).update(split)
                places.setdefault((verb, names.strip()), []).append((str(path), number))
    for kind, verb, other in ("flowbit-never-set", "isset", sets), ("flowbit-never-tested", "set", asks):
        ours = {(p["file"], p["line"]) for p in lines if p.get("id") == kind}
        theirs = {place for (v, names), where in places.items() if v == verb and not set(re.split(r"\s*\|\s*", names)) & other for place in where}
        expect(ours == theirs, f"{kind}: {len(ours)} by us, {len(theirs)} by reading: {sorted(ours ^ theirs)[:5]}")
    print(f"ET Open: {sum(p.get('level') == 'warning' for p in lines)} warnings, {sum(p.get('level') == 'note' for p in lines)} notes")


def main():
    with temporary() as directory:
        work = pathlib.Path(directory)
        path = work / "weak.rules"
        expected = made(path)
        in_text(path, expected)
        in_json(path, expected)
        in_sarif(path, expected)
        codes(work)
    bits_of_et_open()
    finish("check")


main()
