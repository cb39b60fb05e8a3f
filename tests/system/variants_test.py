#!/usr/bin/env python3
"""Variants of the exercise: what changes when the tap, the actors, the clock or the order are others.

Each variant is made from the capture of a seed, changed in Python, with what is to be expected worked out
here from the answer key or the oracle. The benign twin, changed in the same way, gives no finding.
"""
import json
import pathlib
import random

import capture_edit
import grid_oracle
from common import ACCORD, FULL, GRID, TOP, expect, final_findings, finish, grid, need_program, replay, temporary
from grid_oracle import KEY_FIELDS, order, short
from made_accord import changed_example

PROTECTED = ["10.20.7.0/24", "10.30.2.0/24", "10.20.60.0/24"]
S = 10**9


class Exercise:
    """A seed's exercise or its twin: frames to be changed, the truth, and its key."""

    def __init__(self, work, seed, benign, key):
        path = grid(work, seed, benign)
        self.frames = capture_edit.read(path)
        self.truth = json.loads(path.with_suffix(".truth.json").read_text())
        self.actors = {a["name"]: a["addresses"][0] for a in self.truth["actors"]}
        self.key = [] if benign else [{f: row[f] for f in KEY_FIELDS} for row in key["findings"]]
        self.benign, self.work, self.seed = benign, pathlib.Path(work), seed
        self.label = path.stem

    def of(self, name):
        """The frames of an actor's addresses; none in the twin."""
        addresses = {a for actor in self.truth["actors"] if actor["name"] == name for a in actor["addresses"]}
        return [f for f in self.frames if f.is_ip4 and addresses & {f.source, f.target}]

    def without(self, **match):
        return [row for row in self.key if any(row[k] != v for k, v in match.items())]

    def write(self, name):
        return capture_edit.write(self.work / f"{self.label}-{name}.pcap", self.frames)

    def judge(self, name, wanted, options=GRID, **how):
        """Replay; the findings must be these. Returns all lines."""
        lines = replay(self.write(name), *options, **how)
        got = order(short(f) for f in final_findings(lines))
        wanted = order(wanted)
        expect(got == wanted, f"{self.label}, {name}: missing {json.dumps([w for w in wanted if w not in got])}, "
                              f"not expected {json.dumps([g for g in got if g not in wanted])}")
        return lines


def not_raised(lines, **match):
    """Units that were not raised, by what they are."""
    return [line for line in lines if line["type"] == "not-raised" and
            all(line["sources"] == v if k == "source" else line[k] == v for k, v in match.items())]


# The tap sees only protected subnets.

def only_protected(text):
    """The annex with just the protected subnets declared as monitored."""
    head, tail = text.split("monitored: [", 1)
    return f"{head}monitored: [{', '.join(PROTECTED)}]{tail.split(']', 1)[1]}"


def tap_sees_only_protected_subnets(exercise):
    """No control address is left to compare with: who scans selectively cannot be decided. Who came into an
    operator's station is not seen, so that its commands are the operator's."""
    accord = exercise.work / "narrow" / ACCORD.name
    if not accord.exists():
        changed_example(accord.parent, only_protected)
    networks = tuple(n.rsplit(".", 1)[0] + "." for n in PROTECTED)
    exercise.frames = [f for f in exercise.frames
                       if f.is_ip4 and (f.source.startswith(networks) or f.target.startswith(networks))]
    options = ["--accord", str(accord), *GRID[2:]]
    wanted = [row for row in exercise.key if row["line"] == "control" and len(row["source"]) == 1]
    lines = exercise.judge("protected-only", wanted, options)
    for row in exercise.key:
        if row["line"] == "recon":
            units = not_raised(lines, line="recon", sector=row["sector"], source=row["source"])
            expect([u["gates"]["selectivity"] for u in units] == ["not-decidable"],
                   f"{exercise.label}: selectivity of the sweep of {row['sector']}: {[u['gates'] for u in units]}")


# The command comes from somewhere else.

def move(exercise, name, address):
    """An actor acts from another address."""
    old = exercise.actors.get(name)
    for f in exercise.of(name):
        if f.source == old:
            f.set_source(address)
        if f.target == old:
            f.set_target(address)
        f.refresh()


def operators_own_station(exercise):
    """Whoever sits there: for the sensor it is the registered operator, and the gate fails."""
    move(exercise, "commander", "10.20.1.10")
    commander = [exercise.actors.get("commander")]
    lines = exercise.judge("own-station", exercise.without(source=commander))
    units = not_raised(lines, line="control", source=["10.20.1.10"])
    expect(len(units) == 1 and units[0]["gates"] == {"clock-error": "held", "operator": "failed", "two-way-contact": "held"},
           f"{exercise.label}: the operator's unit: {[u['gates'] for u in units]}")


def operator_of_something_else(exercise):
    """The pumping station's operator is none of the substation's; his network is not declared."""
    move(exercise, "commander", "10.30.0.5")
    commander = [exercise.actors.get("commander")]
    wanted = exercise.without(source=commander)
    wanted += [{**row, "source": ["10.30.0.5"], "headline": "address"} for row in exercise.key
               if row["source"] == commander]
    exercise.judge("other-operator", wanted)


def session_from_another_station(exercise):
    """An operator who visits his stand-by station is nobody from outside, and neither is anybody who looks like him."""
    intruder = exercise.actors.get("intruder-in-station")
    wanted = [row for row in exercise.key if row["source"][0] != intruder]
    expect(exercise.benign or len(wanted) == len(exercise.key) - 1, f"{exercise.label}: nobody came into a station")
    move(exercise, "intruder-in-station", "10.20.1.10")
    exercise.judge("other-station", wanted)


# The scan takes longer.

def spread(exercise, factor):
    """The sweep's conversations lie `factor` times as far apart; each is as quick as before."""
    frames, begins, moved = exercise.of("sweep"), {}, {}
    for f in frames:
        begins.setdefault(f.ports if f.source == exercise.actors["sweep"] else f.ports[::-1], f.ns)
    first = min(begins.values(), default=0)
    for f in frames:
        begin = begins[f.ports if f.source == exercise.actors["sweep"] else f.ports[::-1]]
        moved[begin] = first + int((begin - first) * factor)
        f.ns += moved[begin] - begin
    for act in exercise.truth["acts"]:
        if act["actor"] == "sweep":
            begin = int(act["begin"])
            act["begin"], act["end"] = str(moved[begin]), str(int(act["end"]) + moved[begin] - begin)
    exercise.frames.sort(key=lambda f: f.ns)
    end = exercise.frames[-1].ns
    exercise.truth["actors"][0]["to"] = str(max(end, int(exercise.truth["actors"][0]["to"])))
    name = f"spread-{factor}"
    wanted = grid_oracle.expected(exercise.write(name), exercise.truth)
    expect(order(r for r in wanted if r["line"] == "control") == order(r for r in exercise.key if r["line"] == "control"),
           f"{exercise.label}, {name}: the oracle and the key disagree on line control")
    return exercise.judge(name, wanted), wanted


def scan_spread_over_an_hour(exercise):
    """In no ten minutes are twelve addresses touched: no incident, so nothing to judge either."""
    lines, wanted = spread(exercise, 10)
    expect(all(row["line"] == "control" for row in wanted), f"{exercise.label}: the oracle sees a scan within ten minutes")
    source = [exercise.actors.get("sweep")]
    expect(not_raised(lines, line="recon", source=source) == [], f"{exercise.label}: the sweep was judged")


BARELY = {"1": 6, "2": 6, "3": 5.5}  # factors at which only some ten minutes have twelve addresses


def scan_spread_over_half_an_hour(exercise):
    """The incident begins with the ten minutes that have twelve, not with the first touch of all."""
    _, wanted = spread(exercise, BARELY[exercise.seed])
    if not exercise.benign:
        firsts = [int(row["first"]) for row in wanted if row["line"] == "recon"]
        expect(firsts, f"{exercise.label}: the oracle sees no scan")
        expect(min(firsts, default=0) > min(f.ns for f in exercise.of("sweep")),
               f"{exercise.label}: the window lost nothing, so this shows nothing")


# The clock.

def clock_error_unknown(exercise):
    """Every line asks for it: what would be raised is not decidable by that gate alone."""
    lines = exercise.judge("clock-unknown", [], GRID[:GRID.index("--clock-error")])
    held = [u for u in not_raised(lines) if all(r == "held" for g, r in u["gates"].items() if g != "clock-error")]
    expect(order(short(u) for u in held) == order(exercise.key),
           f"{exercise.label}: without the clock's error other units than the key's hang on it alone")
    expect(all(u["gates"]["clock-error"] == "not-decidable" for u in not_raised(lines)),
           f"{exercise.label}: a clock error that nobody stated was judged")


# Time that goes back.

def went_back(frames):
    """How many frames have an earlier stamp than one before them."""
    latest = count = 0
    for f in frames:
        count += f.ns < latest
        latest = max(latest, f.ns)
    return count


def same_at_any_number_of_workers(exercise, name, wanted):
    stats = exercise.work / "stats.json"
    lines = exercise.judge(name, wanted, [*GRID, "--stats", str(stats)])
    counts = json.loads(stats.read_text())["counts"]
    expect(counts["time_back"] == went_back(exercise.frames),
           f"{exercise.label}, {name}: {counts['time_back']} stamps counted as going back, not {went_back(exercise.frames)}")
    expect(counts["packets"] == len(exercise.frames), f"{exercise.label}, {name}: {counts['packets']} packets")
    other = replay(exercise.work / f"{exercise.label}-{name}.pcap", *GRID, "--workers", 4)
    expect(lines == other, f"{exercise.label}, {name}: --json differs at 1 and 4 workers")
    return lines


def stamps_go_back_in_places(exercise):
    """One frame in fifty is stamped up to two seconds early; the acts' own are right. Nothing changes."""
    chance = random.Random(1)
    hostile = {id(f) for name in ("sweep", "commander", "refused-commander", "unheard-commander", "telecontrol-commander",
                                  "intruder-in-station") for f in exercise.of(name)}
    for f in exercise.frames:
        if id(f) not in hostile and chance.random() < 0.02:
            f.ns -= chance.randrange(2 * S)
    same_at_any_number_of_workers(exercise, "stamps-back", exercise.key)


def clock_is_set_back(exercise):
    """Before the refused commander acts the clock is set back by five minutes. Until it has caught up, all that
    happens, happens at the time that was reached, and is so much less sure than the clock was said to be: what
    would have been raised hangs on that alone. From then on its stamps are believed again."""
    back = 300 * S
    at = int(exercise.truth["from"]) + 1230 * S
    reached = max(f.ns for f in exercise.frames if f.ns < at)
    for f in exercise.frames:
        if f.ns >= at:
            f.ns -= back
    raised, unsure = [], []
    for row in exercise.key:
        first, last = (t if int(t) < at else str(int(t) - back) for t in (row["first"], row["last"]))
        late = int(row["first"]) >= at and int(first) <= reached
        (unsure if late else raised).append({**row, "first": first, "last": last})
    expect(unsure or exercise.benign, f"{exercise.label}: nothing happens before the clock has caught up")
    lines = same_at_any_number_of_workers(exercise, "clock-back", raised)
    for row in unsure:
        units = not_raised(lines, line=row["line"], sector=row["sector"], source=row["source"])
        expect([{g for g, r in u["gates"].items() if r != "held"} for u in units] == [{"clock-error"}],
               f"{exercise.label}: what is dated by a clock that was set back: {[u['gates'] for u in units]}")


def frames_reversed(exercise):
    """The file from its end: every answer stands before its request. Nothing is confirmed, nothing added."""
    exercise.frames.reverse()
    stats = exercise.work / "stats.json"
    path = exercise.write("reversed")
    lines = replay(path, *GRID, "--stats", stats)
    key = {(row["line"], row["sector"], *row["source"]) for row in exercise.key}
    for finding in final_findings(lines):
        unit = finding["line"], finding["sector"], *finding["sources"]
        expect(unit in key, f"{exercise.label}, reversed: {unit} is invented")
        expect(finding["line"] != "control" or finding["outcome"] != "acknowledged",
               f"{exercise.label}, reversed: {unit} is {finding['outcome']}")
        expect(finding["first"] == finding["last"] == str(exercise.frames[0].ns),
               f"{exercise.label}, reversed: {unit} is at another time than the one that was reached")
    counts = json.loads(stats.read_text())["counts"]
    expect(counts["time_back"] == len(exercise.frames) - 1 == went_back(exercise.frames),
           f"{exercise.label}, reversed: {counts['time_back']} stamps counted as going back")
    expect(lines == replay(path, *GRID, "--workers", 4), f"{exercise.label}, reversed: --json differs at 1 and 4 workers")


# Attempts to hide.

def first_request(exercise, name):
    """Where the first payload of an actor stands; None in the twin."""
    address = exercise.actors.get(name)
    return next((i for i, f in enumerate(exercise.frames) if f.is_tcp and f.source == address and f.payload), None)


def odd_beginnings_hide_nothing(exercise):
    """Before his first request, each says something odd: another protocol id, a function nobody knows, a PDU
    that contradicts itself."""
    odd = {"commander": bytes.fromhex("000100010006010300000001"), "refused-commander": bytes.fromhex("00010000000601630000000a"),
           "unheard-commander": bytes.fromhex("000100000007010300000001ff")}
    for name, adu in odd.items():
        index = first_request(exercise, name)
        if index is not None:
            capture_edit.change_payload(exercise.frames, index, adu + exercise.frames[index].payload)
    exercise.judge("odd-beginnings", exercise.key)


SYN, RST, ACK = 2, 4, 16
FORGED = {  # behind which frame of the conversation (0 SYN, 1 SYN-ACK, 2 ACK), in whose name, flags
    "syn-as-device": (2, "device", SYN), "syn-as-client": (2, "client", SYN), "early-syn": (0, "client", SYN),
    "syn-ack-as-device": (2, "device", SYN | ACK), "syn-ack-as-client": (2, "client", SYN | ACK),
    "early-syn-ack": (1, "client", SYN | ACK), "rst-as-client": (2, "client", RST),
}


def forge(exercise, behind, who, flags):
    """One segment without data and with numbers of nowhere in every intruder's conversations. The intruder
    can send it so that the sensor sees it and the device does not, or takes no notice."""
    clients, seen, out = {exercise.actors.get(n) for n in ("commander", "refused-commander", "unheard-commander")}, {}, []
    for f in exercise.frames:
        out.append(f)
        if not f.is_tcp or not clients & {f.source, f.target}:
            continue
        talk = f.ports if f.source in clients else f.ports[::-1]
        seen[talk] = seen.get(talk, -1) + 1
        if seen[talk] != behind:
            continue
        forged = capture_edit.Frame(f.ns + 1000, f.data[:54])
        if (f.source in clients) != (who == "client"):
            forged.data[26:30], forged.data[30:34] = f.data[30:34], f.data[26:30]
            forged.data[34:36], forged.data[36:38] = f.data[36:38], f.data[34:36]
        forged.put(38, "I", 0x12345678)
        forged.put(42, "I", 0x9abcdef0 if flags & ACK else 0)
        forged.put(46, "H", 5 << 12 | flags)
        forged.put(16, "H", 40)
        forged.refresh()
        out.append(forged)
    exercise.frames = out


def forged_segments_hide_nothing(exercise):
    if exercise.benign:
        return  # nobody is there to forge any
    frames = exercise.frames
    for name, how in FORGED.items():
        exercise.frames = frames
        forge(exercise, *how)
        expect(len(exercise.frames) > len(frames), f"{exercise.label}, {name}: nothing was forged")
        exercise.judge(name, exercise.key)


VARIANTS = [tap_sees_only_protected_subnets, operators_own_station, operator_of_something_else, session_from_another_station,
            scan_spread_over_an_hour, scan_spread_over_half_an_hour, clock_error_unknown, stamps_go_back_in_places,
            clock_is_set_back, frames_reversed, odd_beginnings_hide_nothing, forged_segments_hide_nothing]


def main():
    need_program("tshark")
    keys = json.loads((TOP / "tests/pipeline/grid.json").read_text())["seeds"]
    with temporary() as work:
        for seed in keys if FULL else ["1"]:
            for variant in VARIANTS:
                for benign in (False, True):
                    variant(Exercise(work, seed, benign, keys[seed]))
    finish("variants")


main()
