#!/usr/bin/env python3
"""The peer engine's own regression cases. Every shared case is put into one class of a closed set, from the case
itself; those of class `run` are run, and their checks on alerts are judged against --eve.

A difference is no fault where tests/system/suricata_verify_differences.tsv names the case and its cause; a case
that the table names and that agrees is one. At least 97 of 100 must agree.
    suricata_verify_test.py [--list CLASS]
"""
import collections
import json
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

from common import PLIMSOLL, TOP, expect, fault, finish, need_corpora

VERSION = (7, 0, 10)
TABLE = pathlib.Path(__file__).with_name("suricata_verify_differences.tsv")
CLASSES = ["run", "version", "own command", "exit code", "requires", "no capture", "no rules", "other protocol",
           "keyword not in", "configuration not in", "no check on alerts"]
# What the language has here: protocols of headers, keywords, parts of messages in place of keywords, their transforms.
PROTOCOLS = set(re.findall(r'\{"([a-z0-9-]+)", TRANSPORT_', (TOP / "rules/header.c").read_text()))
KEYWORDS = {name.lower() for file, row in (("rules/keywords.def", r'^KEYWORD\("([^"]+)"'),
                                           ("proto/message.h", r'^ +X\([A-Z0-9_]+, [A-Z]+, [123], "([^"]+)"'),
                                           ("rules/signature.h", r'^ +X\([A-Z_]+, "([a-z0-9_]+)", "'))
            for name in re.findall(row, (TOP / file).read_text(), re.M)}

# Arguments and settings that say nothing of alerts, or what is so here anyway.
ARGUMENTS = [r"-k none", r"--runmode=(single|autofp)", r"--runmode (single|autofp)", r"-v+", r"--set stats\.\S+",
             r"--set logging\.\S+", r"--set outputs\.\S+", r"--set stream\.midstream=true", r"--data-dir=\S+",
             r"--set default-rule-path=\S+", r"--set pcap-file\.\S+", r"--set app-layer\.\S+", r"--set datasets\.\S+",
             r"--set security\.\S+", r"--set stream\.bypass=false", r"--set stream\.async-oneside=false"]
SETTINGS = {"outputs", "stats", "logging", "app-layer", "default-log-dir", "engine-analysis", "run-as", "coredump",
            "default-rule-path", "rule-files", "classification-file", "reference-config-file", "profiling", "datasets",
            "security", "pcap-file", "unix-command", "pcap", "af-packet", "mpm-algo", "spm-algo", "threading", "luajit",
            "host-mode", "vars"}
STREAM = {"midstream": (True, "true", "yes"), "bypass": (False, "no", "false")}
DEFAULT_ACTIONS = ["pass", "drop", "reject", "alert"]

# What this build writes of an alert; keys of a check beside these are passed over as long as it names the rule.
FIELDS = re.compile(r"^(event_type|pcap_cnt|src_ip|src_port|dest_ip|dest_port|proto|community_id|vlan.*|"
                    r"alert\.(action|gid|signature_id|rev|signature|category|severity))$")
NAMES_RULE = {"alert.signature_id", "alert.signature"}


class Loader(yaml.SafeLoader):
    pass


Loader.add_multi_constructor("", lambda loader, suffix, node: None)


def load(path):
    text = path.read_text(errors="replace").replace("\t", "    ")
    try:
        return yaml.load(text, Loader) or {}
    except yaml.YAMLError:
        return None


def numbers(version):
    return tuple(int(x) for x in re.findall(r"\d+", str(version)))[:3]


def for_this_version(requires):
    least, below, exact = (requires.get(k) for k in ("min-version", "lt-version", "version"))
    if least is not None and VERSION[:len(numbers(least))] < numbers(least):
        return False
    if below is not None and VERSION[:len(numbers(below))] >= numbers(below):
        return False
    above = requires.get("gt-version")
    if above is not None and VERSION[:len(numbers(above))] <= numbers(above):
        return False
    return exact is None or VERSION[:len(numbers(exact))] == numbers(exact)


def options_of(rule):
    inside = rule[rule.index("(") + 1:rule.rindex(")")]
    return [part.strip() for part in re.split(r"(?<!\\);", inside) if part.strip()]


def rules_of(path):
    text = re.sub(r"\\[ \t\r]*\n", "", path.read_text(errors="surrogateescape"))
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


class Case:
    def __init__(self, folder, root):
        self.folder, self.name = folder, str(folder.relative_to(root))
        self.test = load(folder / "test.yaml")
        self.why = ""

    def capture(self):
        named = self.test.get("pcap")
        if named:
            path = (self.folder / str(named)).resolve()
            return path if path.is_file() else None
        found = sorted([*self.folder.glob("*.pcap"), *self.folder.glob("*.pcapng")])
        return found[0] if found else None

    def rule_file(self):
        if self.test.get("rules"):
            path = (self.folder / str(self.test["rules"])).resolve()
            return path if path.is_file() else None
        found = [self.folder / "test.rules"] if (self.folder / "test.rules").is_file() else sorted(self.folder.glob("*.rules"))
        return found[0] if len(found) == 1 else None

    def alert_checks(self):
        for check in self.test.get("checks") or []:
            f = check.get("filter") if isinstance(check, dict) else None
            if not f or not isinstance(f.get("match"), dict) or f.get("filename", "eve.json") != "eve.json":
                continue
            if not for_this_version(f.get("requires") or {}) or (f.get("requires") or {}).get("features"):
                continue
            match = {str(k): v for k, v in f["match"].items()}
            if match.get("event_type") == "alert":
                yield match, f.get("count")

    def judged(self):
        """Checks that this build can answer: all their keys, or all but some when they name the rule."""
        for match, count in self.alert_checks():
            known = {k: v for k, v in match.items() if FIELDS.match(k)}
            if len(known) == len(match) or NAMES_RULE & set(known):
                yield known, count, sorted(set(match) - set(known))

    def unknown_setting(self):
        for argument in self.test.get("args") or []:
            rest = " ".join(str(argument).replace("'", "").replace('"', "").split())
            for known in ARGUMENTS:
                rest = re.sub(r"(^|(?<= ))" + known + r"(?= |$)", "", rest).strip()
            if rest:
                return rest
        if "ips" in self.name.replace("/", "-").split("-") or "-ips" in self.name:
            return "ips"
        path = self.folder / "suricata.yaml"
        settings = load(path) if path.is_file() else {}
        if settings is None:
            return "yaml"
        for key, value in settings.items():
            if key in SETTINGS:
                continue
            if key == "action-order" and list(value or DEFAULT_ACTIONS) == DEFAULT_ACTIONS:
                continue
            if key == "stream" and isinstance(value, dict) and all(v in STREAM.get(k, ()) for k, v in value.items()):
                continue
            if key == "detect" and isinstance(value, dict) and set(value) <= {"profiling", "profile"}:
                continue
            return key
        return None

    def classify(self):
        t = self.test
        if not isinstance(t, dict):
            return "own command"
        requires = t.get("requires") or {}
        if not for_this_version({**requires, **{k: t[k] for k in ("min-version", "lt-version") if k in t}}):
            return "version"
        if t.get("command") or t.get("setup") or t.get("unix-commands") or t.get("env"):
            return "own command"
        if t.get("exit-code"):
            return "exit code"
        if any(requires.get(k) for k in ("features", "script", "os", "lambda", "files")) or t.get("requirements") or t.get("skip"):
            return "requires"
        if not self.capture():
            return "no capture"
        if not self.rule_file():
            return "no rules"
        rules = rules_of(self.rule_file())
        for rule in rules:
            words = rule.split()
            if len(words) > 1 and words[1].lower() not in PROTOCOLS:
                self.why = words[1]
                return "other protocol"
        for rule in rules:
            for option in options_of(rule) if "(" in rule and ")" in rule else []:
                if option.split(":")[0].strip().lower() not in KEYWORDS:
                    self.why = option.split(":")[0].strip()
                    return "keyword not in"
        self.why = self.unknown_setting() or ""
        if self.why:
            return "configuration not in"
        if not list(self.judged()):
            return "no check on alerts"
        done = subprocess.run([PLIMSOLL, "rules", "check", str(self.rule_file())], capture_output=True, text=True)
        missing = re.search(r"error: (.* (?:is|are) not in this build)", done.stderr)
        if missing:
            self.why = missing[1]
            return "keyword not in"
        return "run"

    def run(self, etc):
        with tempfile.TemporaryDirectory() as folder:
            eve = pathlib.Path(folder) / "eve.json"
            args = [PLIMSOLL, "replay", str(self.capture()), "--rules", str(self.rule_file()), "--eve", str(eve),
                    "--classification", str(etc / "classification.config"), "--json",
                    "--checksums", "ignore" if "-k none" in " ".join(map(str, self.test.get("args") or [])) else "auto"]
            limit = re.search(r"--set \S+\.response-body-limit=(\d+)(kb|mb)?", " ".join(map(str, self.test.get("args") or [])))
            if limit:
                args += ["--limit", f"body-depth={int(limit[1]) * {None: 1, 'kb': 1 << 10, 'mb': 1 << 20}[limit[2]]}"]
            config = self.folder / "suricata.yaml"
            if config.is_file() and isinstance(load(config), dict) and load(config).get("vars"):
                args += ["--vars", str(config)]
            done = subprocess.run(args, capture_output=True, text=True, timeout=300)
            if done.returncode not in (0, 3) or not eve.exists():
                return [f"ended {done.returncode}: {done.stderr[-300:]}"]
            events = [flat(json.loads(line)) for line in eve.read_text().splitlines()]
        wrong = []
        for match, count, passed_over in self.judged():
            n = sum(all(equal(event.get(k), v) for k, v in match.items()) for event in events)
            if n != count if count is not None else n == 0:
                wrong.append(f"{match} {n} times, not {count}" + (f" (passed over: {' '.join(passed_over)})" if passed_over else ""))
        return wrong


def classified(case):
    return case.classify(), case.why


def flat(value, at=""):
    if isinstance(value, dict):
        out = {}
        for k, v in value.items():
            out.update(flat(v, f"{at}.{k}" if at else k))
        return out
    if isinstance(value, list):
        return {at: value, **{f"{at}[{i}]": v for i, v in enumerate(value)}}
    return {at: value}


def equal(got, wanted):
    return got == wanted or (got is not None and str(got) == str(wanted))


def main():
    corpus = need_corpora() / "suricata-verify"
    root = corpus / "tests"
    cases = [Case(path.parent, root) for path in sorted(root.rglob("test.yaml"))]
    classes = collections.defaultdict(list)
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for case, (name, case.why) in zip(cases, pool.map(classified, cases, chunksize=16)):
            classes[name].append(case)
    expect(set(classes) <= set(CLASSES), f"classes that are not in the set: {set(classes) - set(CLASSES)}")
    print(f"{len(cases)} cases")
    for name in CLASSES:
        print(f"  {len(classes[name]):5}  {name}")
        why = collections.Counter(case.why for case in classes[name] if case.why)
        if why:
            print("         " + ", ".join(f"{k} {n}" for k, n in why.most_common(12)))
    if "--list" in sys.argv:
        for case in classes[sys.argv[sys.argv.index("--list") + 1]]:
            print(case.name, case.why)

    known = dict(line.split("\t", 1) for line in TABLE.read_text().splitlines() if line and not line.startswith("#")) \
        if TABLE.exists() else {}
    with multiprocessing.Pool(os.cpu_count()) as pool:
        results = pool.starmap(Case.run, [(case, corpus / "etc") for case in classes["run"]], chunksize=4)
    different = {case.name: wrong for case, wrong in zip(classes["run"], results) if wrong}
    for name, wrong in sorted(different.items()):
        print(f"{'known     ' if name in known else 'DIFFERENT '}{name}: {known.get(name, '')}")
        for text in wrong if name not in known or os.environ.get("VERBOSE") else []:
            print("          ", text[:400])
        if name not in known:
            fault(f"{name}: a difference that the table does not have")
    for name in sorted(set(known) - set(different)):
        fault(f"{name}: in the table of differences, and there is none")
    n, agree = len(classes["run"]), len(classes["run"]) - len(different)
    expect(n >= 40, f"only {n} cases are run")
    expect(agree * 100 >= n * 97, f"{agree} of {n} agree, less than 97 of 100")
    print(f"{agree} of {n} agree ({100 * agree / max(n, 1):.1f} %)")
    finish("suricata-verify")


if __name__ == "__main__":
    main()
