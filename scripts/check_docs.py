#!/usr/bin/env python3
"""docs/REFERENCE.md is made from the tables in the code; this says whether it is fresh.

    check_docs.py            ends 1 where the page is stale
    check_docs.py --write    makes it anew

A table is a macro of rows X(...), or a .def file of rows; what a row's columns are is said here.
"""
import ast
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
PAGE = TOP / "docs/REFERENCE.md"

# heading, file, macro ("" for a .def file: its row word), the row's columns by name, those that are shown
TABLES = [
    ("Kinds of observations", "base/vocabulary.h", "VOCABULARY_KINDS", "suffix name text", "name text"),
    ("Outcomes, the most telling last", "base/vocabulary.h", "VOCABULARY_OUTCOMES", "suffix name text", "name text"),
    ("Contact, the strongest last", "base/vocabulary.h", "VOCABULARY_CONTACTS", "suffix name text", "name text"),
    ("Operations", "base/vocabulary.h", "VOCABULARY_OPERATIONS", "suffix name text", "name text"),
    ("Protocols with a parser", "base/vocabulary.h", "VOCABULARY_PROTOCOLS", "suffix name text", "name text"),
    ("IEC 60870-5-104: types", "proto/iec104.def", "TYPE", "number name octets operation value text", "number name operation text"),
    ("IEC 60870-5-104: causes of transmission", "proto/iec104.def", "CAUSE", "number name text", "number name text"),
    ("Coverage of an asset", "base/vocabulary.h", "VOCABULARY_COVERAGE", "suffix name text", "name text"),
    ("Fields of an observation", "correlate/observation_fields.def", "FIELD", "suffix name type bytes text", "name type bytes text"),
    ("Why an incident is revised", "correlate/revision.h", "REVISION_WHYS", "suffix name text", "name text"),
    ("Origin: headlines", "correlate/origin.h", "ORIGIN_HEADLINES", "two-way-contact in-declared-network headline", "two-way-contact in-declared-network headline"),
    ("Keywords of rules", "rules/keywords.def", "KEYWORD", "name form function arg text", "name form text"),
    ("Parts of messages that rules look into", "proto/message.h", "PROTO_PARTS", "suffix protocol directions keyword text", "keyword directions text"),
    ("Headers of packets as bytes", "rules/matcher.h", "PACKET_HEADERS", "suffix keyword text", "keyword text"),
    ("Transforms of parts", "rules/signature.h", "RULE_TRANSFORMS", "suffix keyword text", "keyword text"),
    ("Fields of sealed entries", "ledger/entry_fields.def", "FIELD", "kind name form need text", "kind name form need text"),
    ("What a rule asks of an input, as rules why says it", "rules/trace.h", "RULE_ASKS", "suffix name text", "name text"),
    ("States of rules", "rules/catalogue.h", "RULE_STATES", "suffix name text", "name text"),
    ("What a rule looks at, as rules list says it", "rules/catalogue.h", "RULE_SCOPES", "suffix name text", "name text"),
    ("What is weak in rules that load", "rules/lint.h", "LINT_KINDS", "suffix id level text", "id level text"),
    ("Formats of rules check", "rules/check.h", "CHECK_FORMATS", "suffix name text", "name text"),
    ("Techniques of ATT&CK that were revoked", "rules/attack_revoked.def", "REVOKED", "id name successor of", "id name successor of"),
    ("Fates of alerts after the match", "rules/threshold.h", "ALERT_FATES", "suffix name text", "name text"),
    ("Types of events of replay --eve", "app/out_eve.h", "EVE_TYPES", "suffix name text", "name text"),
    ("Limits", "dataplane/engine.h", "ENGINE_LIMITS", "member name default text", "name default text"),
    ("Checksums", "dataplane/intake.h", "CHECKSUM_MODES", "suffix name text", "name text"),
    ("How decoding ends", "dataplane/packet.h", "DECODE_VERDICTS", "suffix name text", "name text"),
    ("Link types", "dataplane/link_type.h", "LINK_TYPES_DECODED", "suffix number name text", "number name text"),
    ("Link types that are counted by name", "dataplane/link_type.h", "LINK_TYPES_NAMED", "number name text", "number name text"),
    ("Layers of a frame", "dataplane/packet.h", "PACKET_LAYERS", "suffix name text", "name text"),
    ("Counters of the engine", "dataplane/engine.h", "ENGINE_COUNTERS", "name unit what text", "name unit what text"),
    ("Counters of correlation", "correlate/correlator.h", "CORRELATOR_COUNTERS", "name unit what text", "name unit what text"),
    ("Counters of the judge", "correlate/judge.h", "JUDGE_COUNTERS", "name unit what text", "name unit what text"),
    ("Errors", "base/error.h", "ERROR_TABLE", "name number text", "name number text"),
]


def arguments(text):
    """The arguments of a call, split at commas outside of quotes and brackets."""
    out, depth, quoted, at = [""], 0, False, 0
    while at < len(text):
        c = text[at]
        if c == "\\" and quoted:
            out[-1] += text[at:at + 2]
            at += 2
            continue
        quoted ^= c == '"'
        depth += 0 if quoted else (c == "(") - (c == ")")
        if c == "," and not quoted and depth == 0:
            out.append("")
        else:
            out[-1] += c
        at += 1
    return [a.strip() for a in out]


def value(argument):
    """A string literal's text, joined where it goes on; anything else as it stands."""
    parts = re.findall(r'"(?:[^"\\]|\\.)*"', argument)
    return "".join(ast.literal_eval(p) for p in parts) if parts else argument


def calls(text, word):
    """The arguments of every call of `word` in the text."""
    for found in re.finditer(rf"(?<![A-Za-z_]){word}\(", text):
        depth, at, quoted = 1, found.end(), False
        while depth:
            c = text[at]
            if c == "\\" and quoted:
                at += 1
            elif c == '"':
                quoted = not quoted
            elif not quoted:
                depth += (c == "(") - (c == ")")
            at += 1
        yield arguments(text[found.end():at - 1])


def rows(path, macro):
    text = (TOP / path).read_text()
    if path.endswith(".def"):
        text = re.sub(r"^#.*$", "", re.sub(r"/\*.*?\*/", "", text, flags=re.S), flags=re.M)
        return list(calls(text, macro))
    body = re.search(rf"#define {macro}\(X\)\s*\\\n((?:.*\\\n)*.*\n)", text)[1].replace("\\\n", "\n")
    return list(calls(body, "X"))


def page():
    out = ["# Reference", "", "Made from the tables in the code by `scripts/check_docs.py --write`; a test fails when it is stale.", ""]
    for heading, path, macro, columns, shown in TABLES:
        names, shown = columns.split(), shown.split()
        out += [f"## {heading}", "", f"`{path}`", "", "| " + " | ".join(shown) + " |", "|" + "---|" * len(shown)]
        found = rows(path, macro)
        if not found:
            sys.exit(f"{path}: no rows of {macro}")
        for row in found:
            if len(row) != len(names):
                sys.exit(f"{path}: a row of {macro} has {len(row)} columns, not {len(names)}: {row}")
            cells = dict(zip(names, map(value, row)))
            out.append("| " + " | ".join(cells[name].replace("|", "\\|") for name in shown) + " |")
        out.append("")
    return "\n".join(out)


def main():
    fresh = page()
    if "--write" in sys.argv:
        PAGE.write_text(fresh)
        return 0
    if not PAGE.exists() or PAGE.read_text() != fresh:
        print(f"{PAGE.relative_to(TOP)} is stale: scripts/check_docs.py --write")
        return 1
    print(f"{len(TABLES)} tables, fresh")
    return 0


sys.exit(main())
