"""Runs plain scanning, the whole path and Suricata by turns on one pinned core and prints them side by side, in Markdown.

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
import struct
import subprocess
import tempfile

from large_accord import CORRELATIONS, make_accord
from suricata import loaded_rules, write_config

STAGES = ["source", "decode", "flow", "stream", "app", "match", "observe", "correlate"]
PACKET_TURNS = ["floor", "decode", "flow", "line"]


def spread(values, digits=3):
    return " / ".join(f"{f(values):.{digits}f}" for f in (min, statistics.median, max))


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, IndexError):
        return None


def machine(core, hyperscan):
    """What the figures depend on, as lines of Markdown."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.M)
    virtual = " (virtual machine)" if re.search(r"^flags.*\bhypervisor\b", cpuinfo, re.M) else ""
    suricata = re.search(r"\d[\d.]+", first_line("suricata", "-V") or "")
    memory = int(re.search(r"MemTotal: *(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / 2**20
    return [
        f"- CPU: {model[1] if model else platform.machine()}, {os.cpu_count()} logical cores{virtual}, {memory:.0f} GiB",
        f"- kernel {platform.release()}, {first_line('gcc', '--version')}, meson buildtype release",
        f"- Hyperscan {hyperscan}, DPDK {first_line('pkg-config', '--modversion', 'libdpdk')}, "
        f"{'Suricata ' + suricata[0] if suricata else 'Suricata is not installed'}",
        f"- pinned to core {core}; load average before the first round {os.getloadavg()[0]:.2f}",
    ]


class Bench:
    def __init__(self, args, directory):
        self.args, self.directory = args, directory
        self.core = max(os.sched_getaffinity(0))
        # One frame of Ethernet with nothing in it: Suricata takes no capture without packets.
        self.tiny = directory / "tiny.pcap"
        self.tiny.write_bytes(struct.pack("<IHHIIIIIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1, 1, 0, 60, 60) + bytes(60))
        self.pin = ["taskset", "-c", str(self.core)]
        self.accord = make_accord(args.plimsoll, directory / "accord")
        self.runs, self.starts, self.peak = 0, [], 0

    def cpu(self, *command):
        """Seconds that all threads of the program took together."""
        with open(self.directory / "log", "w+") as log:
            process = subprocess.Popen([*self.pin, *map(str, command)], stdout=log, stderr=log)
            _, status, usage = os.wait4(process.pid, 0)
            log.seek(0)
            self.peak = max(self.peak, usage.ru_maxrss if command[0] == self.args.plimsoll else 0)
            if status:
                raise SystemExit(f"{command[0]} failed:\n{log.read()[-2000:]}")
        return usage.ru_utime + usage.ru_stime

    def packets(self):
        out = subprocess.run([*self.pin, self.args.packets], capture_output=True, text=True, check=True).stdout
        return json.loads(out)["ns"]

    def bare(self, rules, minimum):
        lines = subprocess.run([*self.pin, self.args.bare, "--runs", "1", "--min", str(minimum), self.args.capture, *rules],
                               capture_output=True, text=True, check=True).stdout.splitlines()
        return json.loads(lines[-1])

    def path_start(self, rules, *more):
        """CPU time over a tiny capture."""
        return self.cpu(self.args.plimsoll, "replay", self.tiny, *self.path_options(rules), *more)

    def path_full(self, rules, start, *more):
        """CPU time less what starting takes; and what the run says of itself."""
        stats = self.directory / "stats.json"
        took = self.cpu(self.args.plimsoll, "replay", self.args.capture, *self.path_options(rules), *more, "--stats", stats)
        return took - start, json.loads(stats.read_text())

    @staticmethod
    def path_options(rules):
        return ["--workers", "1", *(word for rule in rules for word in ("--rules", rule))]

    def path(self, rules, *more):
        start = self.path_start(rules, *more)
        if rules:
            self.starts.append(start)
        return self.path_full(rules, start, *more)

    def whole(self, rules):
        """The path with all that a sensor does: alerts written, an accord, a ledger of its own each time."""
        def options(name):
            return ["--accord", self.accord, "--correlations", CORRELATIONS, "--clock-error", "1ms", "--ledger", self.directory / name,
                    "--eve", self.directory / "alerts.json", "--eve-types", "alert"]
        self.runs += 1
        start = self.path_start(rules, *options(f"start-{self.runs}"))
        return self.path_full(rules, start, *options(f"ledger-{self.runs}"))

    def suricata(self, rules):
        """The same; and how many alerts it wrote."""
        config, log, empty = (self.directory / name for name in ("suricata.yaml", "eve.json", "none.rules"))
        empty.touch()
        write_config(config, self.args.classes, midstream=False)
        options = ["-c", config, "-S", *(rules or [empty]), "-k", "none", "-l", self.directory]
        start = self.cpu("suricata", *options, "-r", self.tiny)
        log.unlink(missing_ok=True)
        took = self.cpu("suricata", *options, "-r", self.args.capture)
        return took - start, log.read_text().count("\n")


def main():
    parser = argparse.ArgumentParser()
    for name in ("plimsoll", "bare", "packets", "capture", "classes"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("rules", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        bench = Bench(args, directory)
        subset = directory / "loaded.rules"
        check = subprocess.run([args.plimsoll, "rules", "check", *args.rules], capture_output=True, text=True)
        kept, total = loaded_rules(check.stderr, args.rules, subset)
        first = bench.bare([subset], 4)
        print("\n".join(machine(bench.core, first["hyperscan"])))
        print(f"- {os.path.basename(args.capture)}: {first['packets']} packets, {first['payload']} bytes of payload, "
              f"{first['bytes']} in order and without repeats")
        print(f"- {total} rules, {kept} of them load in this build; {args.runs} rounds\n", flush=True)
        rows, turns = {}, []
        have_suricata = first_line("suricata", "-V") is not None

        def add(label, what, seconds, rules, scanned, found):
            rows.setdefault((label, what), []).append((seconds, rules, scanned, found))

        for _ in range(args.runs):
            turns += bench.packets()
            for label, rules in (("all", args.rules), ("subset", [subset])):
                for minimum, what in ((1, "bare"), (4, "bare4")):
                    got = bench.bare(rules, minimum)
                    add(label, what, got["seconds"], got["literals"], got["bytes"], got["matches"])
            for label, rules in (("subset", [subset]), ("none", [])):
                seconds, got = bench.path(rules)
                add(label, "path", seconds, kept if rules else 0, got["bytes"]["scanned"], got["hits"])
                if rules:
                    seconds, got = bench.whole(rules)
                    add(label, "path, whole", seconds, kept, got["bytes"]["scanned"], got["hits"])
                if have_suricata:
                    seconds, alerts = bench.suricata(rules)
                    add(label, "Suricata", seconds, kept if rules else 0, "", alerts)
        _, stage = bench.path([subset], "--stage-times")
    print("| rules | what | literals or rules | bytes scanned | matches or hits | seconds min / median / max | to bare4 |")
    print("|---|---|---|---|---|---|---|")
    for (label, what), runs in rows.items():
        base = statistics.median(r[0] for r in rows[(label if label != "none" else "all", "bare4")])
        median = statistics.median(r[0] for r in runs)
        print(f"| {label} | {what} | {runs[0][1]} | {runs[0][2]} | {runs[0][3]} | {spread([r[0] for r in runs])} | {median / base:.2f} |")
    print(f"\nstarting with these rules: {spread(bench.starts, 2)} s of CPU time; memory at most {bench.peak >> 10} MiB")
    print(f"\nns per packet of each stage (subset, {stage['packets']} packets; timing costs time itself):\n")
    print("| " + " | ".join(STAGES) + " | sum |\n|" + "---|" * (len(STAGES) + 1))
    each = [stage["stage-ns"][s] / stage["packets"] for s in STAGES]
    print("| " + " | ".join(f"{v:.1f}" for v in each) + f" | {sum(each):.1f} |")
    print("\nns per packet of 64 bytes, 100,000 flows:\n")
    print("| turn | min / median / max | to the floor |\n|---|---|---|")
    for turn in PACKET_TURNS:
        values = [t[turn] for t in turns]
        ratio = statistics.median(t[turn] / t["floor"] for t in turns)
        print(f"| {turn} | {spread(values, 1)} | {ratio:.2f} |")


main()
