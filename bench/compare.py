"""Runs plain scanning and the whole path by turns on one pinned core and prints them side by side, in Markdown.

All programs run in one session, one after the other in each round, so that a machine that slows down slows
all of them; figures are min / median / max over the rounds, ratios are of medians. docs/BENCHMARKS.md says
what the columns are.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import tempfile

STAGES = ["source", "decode", "flow", "stream", "app", "match", "observe", "correlate"]


def spread(values):
    return f"{min(values):.3f} / {statistics.median(values):.3f} / {max(values):.3f}"


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def machine(core, hyperscan):
    """What the figures depend on, as lines of Markdown."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.M)
    virtual = " (virtual machine)" if re.search(r"^flags.*\bhypervisor\b", cpuinfo, re.M) else ""
    memory = int(re.search(r"MemTotal: *(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / 2**20
    return [
        f"- CPU: {model[1] if model else platform.machine()}, {os.cpu_count()} logical cores{virtual}, {memory:.0f} GiB",
        f"- kernel {platform.release()}, {first_line('gcc', '--version')}, meson buildtype release",
        f"- Hyperscan {hyperscan}, DPDK {first_line('pkg-config', '--modversion', 'libdpdk')}",
        f"- pinned to core {core}; load average before the first round {os.getloadavg()[0]:.2f}",
    ]


def loaded_subset(plimsoll, rules, directory):
    """A copy of the rules without those that `rules check` rejects; their number and that of all."""
    done = subprocess.run([plimsoll, "rules", "check", *rules], capture_output=True, text=True)
    rejected = {}
    for line in done.stderr.splitlines():
        found = re.match(r"(.*?):(\d+):(?:\d+:)? error:", line)
        if found:
            rejected.setdefault(found[1], set()).add(int(found[2]))
    total = kept = 0
    out = directory / "loaded.rules"
    with out.open("w") as file:
        for path in rules:
            for number, line in enumerate(pathlib.Path(path).read_text(errors="surrogateescape").splitlines(), 1):
                if not line.strip() or line.lstrip().startswith("#"):
                    continue
                total += 1
                if number not in rejected.get(path, ()):
                    kept += 1
                    file.write(line.encode(errors="surrogateescape").decode(errors="replace") + "\n")
    return out, kept, total


def bare(program, core, capture, rules, minimum):
    command = ["taskset", "-c", str(core), program, "--runs", "1", "--min", str(minimum), capture, *rules]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return json.loads(lines[-1])


def path(program, core, capture, rules, directory, stages=False):
    stats = directory / "stats.json"
    command = ["taskset", "-c", str(core), program, "replay", capture, "--stats", stats]
    if stages:
        command.append("--stage-times")
    for rule in rules:
        command += ["--rules", rule]
    subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(stats.read_text())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plimsoll", required=True)
    parser.add_argument("--bare", required=True)
    parser.add_argument("--capture", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("rules", nargs="+")
    args = parser.parse_args()
    core = max(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        subset, kept, total = loaded_subset(args.plimsoll, args.rules, directory)
        first = bare(args.bare, core, args.capture, [str(subset)], 4)
        print("\n".join(machine(core, first["hyperscan"])))
        print(f"- {os.path.basename(args.capture)}: {first['packets']} packets, {first['payload']} bytes of payload, "
              f"{first['bytes']} in order and without repeats")
        print(f"- {total} rules, {kept} of them load in this build; {args.runs} rounds\n")
        rows, stage = {}, None
        for _ in range(args.runs):
            for label, rules in (("all", args.rules), ("subset", [str(subset)])):
                for minimum, name_of in ((1, "bare"), (4, "bare4")):
                    got = bare(args.bare, core, args.capture, rules, minimum)
                    rows.setdefault((label, name_of), []).append((got["seconds"], got["literals"], got["bytes"], got["matches"]))
                got = path(args.plimsoll, core, args.capture, rules, directory)
                rows.setdefault((label, "path"), []).append((got["seconds"], kept, got["bytes"]["scanned"], got["hits"]))
            got = path(args.plimsoll, core, args.capture, [], directory)
            rows.setdefault(("none", "path"), []).append((got["seconds"], 0, got["bytes"]["scanned"], got["hits"]))
        stage = path(args.plimsoll, core, args.capture, [str(subset)], directory, stages=True)
        print("| rules | what | literals or rules | bytes scanned | matches or hits | seconds min / median / max | to bare4 |")
        print("|---|---|---|---|---|---|---|")
        for (label, what), runs in rows.items():
            base = statistics.median(r[0] for r in rows[(label if label != "none" else "all", "bare4")])
            median = statistics.median(r[0] for r in runs)
            print(f"| {label} | {what} | {runs[0][1]} | {runs[0][2]} | {runs[0][3]} | {spread([r[0] for r in runs])} | {median / base:.2f} |")
        print(f"\nns per packet of each stage (subset, {stage['packets']} packets; timing costs time itself):\n")
        print("| " + " | ".join(STAGES) + " | sum |\n|" + "---|" * (len(STAGES) + 1))
        each = [stage["stage-ns"][s] / stage["packets"] for s in STAGES]
        print("| " + " | ".join(f"{v:.1f}" for v in each) + f" | {sum(each):.1f} |")


main()
