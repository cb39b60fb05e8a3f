#!/usr/bin/env python3
"""Who may include whom: the table of rooms, checked against every #include of the tree.

Also checked: include cycles, DPDK headers only in dataplane/, Hyperscan only in rules/, bench/ and the test that counts its calls, PCRE2 only in rules/,
liburcu only in correlate/ and app/, and that every header names its own include guard.
    check_layers.py [ROOT]
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)

# room -> what of other rooms it may include; None: everything. A file name narrows a room to its door.
MAY = {
    "base": [],
    "ledger": ["base"],
    "correlate": ["base", "ledger/entry.h"],
    "proto": ["base"],
    "rules": ["base", "proto", "correlate/definition.h"],
    "dataplane": ["base", "proto", "rules", "correlate/correlator.h", "correlate/observation.h",
                  "correlate/host_lookup.h"],
    "bench": None,
    "app": None,
    "tests": None,
}
LIBRARIES = [
    (re.compile(r"^rte_"), {"dataplane", "tests/unit/dataplane", "bench"}),
    (re.compile(r"^hs(/|\.h|_)"), {"rules", "tests/unit/rules", "tests/pipeline", "bench"}),
    (re.compile(r"^pcre2\.h"), {"rules", "tests/unit/rules"}),
    (re.compile(r"^urcu"), {"correlate", "app", "tests"}),
    (re.compile(r"^pcap"), {"dataplane"}),
    (re.compile(r"^yaml\.h"), {"base"}),
    (re.compile(r"^openssl/"), {"base", "tests/unit/base"}),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    return path.parts[0]


def allowed(room, target):
    may = MAY[room]
    if may is None or room_of(pathlib.PurePath(target)) == room:
        return True
    return any(target == door or target.startswith(door + "/") for door in may)


def cycles(graph):
    state, found = {}, []

    def visit(node, trail):
        state[node] = 1
        for after in graph.get(node, ()):
            if state.get(after) == 1:
                found.append(" -> ".join(trail[trail.index(after):] + [after]) if after in trail else after)
            elif after not in state:
                visit(after, trail + [after])
        state[node] = 2

    for node in graph:
        if node not in state:
            visit(node, [node])
    return found


def main():
    faults, graph, files = [], {}, 0
    for room in MAY:
        for path in sorted((ROOT / room).rglob("*.[ch]")):
            files += 1
            name = path.relative_to(ROOT)
            text = path.read_text()
            graph[str(name)] = []
            for kind, target in INCLUDE.findall(text):
                if kind == '"':
                    if not (ROOT / target).exists():
                        generated = target.endswith(".inc")
                        if not generated and not (path.parent / target).exists():
                            faults.append(f"{name}: includes {target}, which is not there")
                        continue
                    graph[str(name)].append(target)
                    if not allowed(room, target):
                        faults.append(f"{name}: {room}/ may not include {target}")
                else:
                    for pattern, rooms in LIBRARIES:
                        if pattern.search(target) and not any(str(name).startswith(r + "/") for r in rooms):
                            faults.append(f"{name}: <{target}> belongs to {', '.join(sorted(rooms))}")
            if path.suffix == ".h":
                guard = re.sub(r"[^A-Z0-9]", "_", str(name).upper())
                if f"#ifndef {guard}\n" not in text:
                    faults.append(f"{name}: its include guard is not {guard}")
    faults += ["include cycle: " + c for c in cycles(graph)]
    for fault in faults:
        print(fault)
    print(f"{files} files, {sum(map(len, graph.values()))} includes, {len(faults)} faults")
    return 1 if faults or files == 0 else 0


sys.exit(main())
