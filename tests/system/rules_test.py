#!/usr/bin/env python3
"""rules check on the ET rules beside a reading of our own: what loads uses only what this build has and all of
that loads; reasons add up; every fault points at the word it names."""
import collections
import re

from common import expect, finish, need_corpora, run

PROTOCOLS = {"ip", "tcp", "udp", "icmp", "tcp-pkt", "tcp-stream"}
KEYWORDS = set("""msg sid gid rev classtype priority metadata reference target content nocase offset depth distance
    within startswith endswith fast_pattern rawbytes pcre isdataat byte_test byte_jump byte_extract flow flowbits dsize
    flags seq ack window tcp.window ttl tos id fragbits fragoffset ip_proto sameip itype icode icmp_id icmp_seq
    noalert""".split())


def options_of(rule):
    """Names of the options: split at semicolons that no backslash escapes."""
    inside = rule[rule.index("(") + 1:rule.rindex(")")]
    return [part.strip().split(":")[0].strip().lower() for part in re.split(r"(?<!\\);", inside) if part.strip()]


def main():
    folder = need_corpora() / "rules-et-open/rules"
    files = sorted(folder.glob("*.rules"))
    rules, commented = {}, 0
    for path in files:
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            line = line.decode("utf-8", "surrogateescape")
            if line.startswith("alert"):
                rules[str(path), number] = line
            commented += bool(re.match(r"#\s*alert.*\(", line))

    done = run("rules", "check", *files, code=1)
    head = re.search(r"(\d+) files, (\d+) rules: (\d+) load, (\d+) are rejected; (\d+) are commented out", done.stdout)
    n_files, n_rules, loaded, rejected, disabled = map(int, head.groups())
    expect((n_files, n_rules, disabled) == (len(files), len(rules), commented),
           f"{n_files} files, {n_rules} rules, {disabled} commented; we count {len(files)}, {len(rules)}, {commented}")
    of_rejections = done.stdout.split("weak rules")[0]
    reasons = {name: int(n) for n, name in re.findall(r"^ +(\d+)  (.+)$", of_rejections, re.M)}
    expect(sum(reasons.values()) == rejected == n_rules - loaded, f"{sum(reasons.values())} reasons, {rejected} rejected")

    faults = {}
    for line in done.stderr.splitlines():
        if re.match(r".+?:\d+:\d+: warning: ", line):
            continue
        path, number, col, text = re.match(r"(.+?):(\d+):(\d+): error: (.*)", line).groups()
        place = path, int(number)
        expect(place in rules and place not in faults, f"no rule, or one named twice: {line}")
        faults[place] = text
        named = re.match(r"the (?:keyword|protocol) `([^`]+)` is not in this build", text)
        if named and not rules[place][int(col) - 1:].startswith(named[1]):
            expect(False, f"{line}: there stands {rules[place][int(col) - 1:][:20]}")
    expect(len(faults) == rejected, f"{len(faults)} faults, {rejected} rejected")

    protocols = collections.Counter(rule.split()[1] for rule in rules.values())
    for name, n in protocols.items():
        expect(reasons.get(name, 0) == (0 if name in PROTOCOLS else n), f"{name}: {reasons.get(name, 0)} rejected, {n} rules")
    ours = 0
    for place, rule in rules.items():
        known = rule.split()[1] in PROTOCOLS and set(options_of(rule)) <= KEYWORDS
        ours += known
        expect(known == (place not in faults), f"{place[0]}:{place[1]}: {faults.get(place, 'loads')}")
    print(f"{n_rules} rules, {loaded} load, {ours} of the keywords and protocols of this build")
    finish("rules")


main()
