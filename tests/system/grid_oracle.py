"""The findings that an exercise should give, worked out without plimsoll.

Who did what comes from the truth file; what was answered, and when, from tshark's fields (grid_answers.py). The
rules are those of rules/packs/accords/example-grid.yaml, amber.*.yaml and rules/packs/correlations.yaml,
said again in a few lines: read them there, not in the engine. Rows have the fields of the answer
keys (tests/pipeline/grid.json).

    python3 tests/system/grid_oracle.py FILE.pcapng     prints the findings of FILE and FILE.truth.json
"""
import collections
import fractions
import ipaddress
import json
import math
import pathlib
import sys

from grid_answers import WHAT, S, Talk, dissect

MINUTE = 60 * S

# amber.assets.yaml, amber.networks.yaml
ASSETS = {"substation-7": ("power", "10.20.7.0/24"), "pumping-2": ("water", "10.30.2.0/24"),
          "hospital-3": ("health", "10.20.60.0/24"), "csirt-portal": ("csirt", "192.0.2.40/32")}
OPERATORS = {"substation-7": ["10.20.1.10/32", "10.20.1.11/32"], "pumping-2": ["10.30.0.5/32"],
             "hospital-3": ["10.20.61.0/28"], "csirt-portal": []}
MONITORED = ["10.20.0.0/16", "10.30.0.0/16", "192.0.2.0/24"]
DECLARED = ["10.20.0.0/16", "198.51.100.0/24"]
# example-grid.yaml: sectors of the lines, the selectivity gate, and the operator gate's `within`
CONTROL, RECON, CSIRT = {"power", "water"}, {"power", "water", "health"}, {"csirt"}
TOUCHED, LIFT, CHANCE = 12, 5, fractions.Fraction(1, 10**6)
ENTERED_WITHIN = 60 * MINUTE
QUIET = 15 * MINUTE
# correlations.yaml
COMMANDS_SPAN, SCAN_SPAN, SCAN_ADDRESSES = 60 * MINUTE, 10 * MINUTE, 12
GUESSES_SPAN, GUESSES, ENTERED_SPAN = 10 * MINUTE, 10, 60 * MINUTE

# From the least telling answer to the most.
OUTCOMES = ["seen", "refused", "unanswered", "acknowledged", "completed"]


def holds(networks, address):
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(n) for n in networks)


def asset_of(address):
    """(id, sector) or (None, None)."""
    for name, (sector, network) in ASSETS.items():
        if holds([network], address):
            return name, sector
    return None, None


# Rows of an answer key.

KEY_FIELDS = ["line", "sector", "assets", "outcome", "headline", "first", "last", "source"]


def short(finding):
    """The fields that an answer key has."""
    return {"line": finding["line"], "sector": finding["sector"],
            "assets": sorted(asset["id"] for asset in finding["assets"]),
            "outcome": finding["outcome"], "headline": finding["origin"]["headline"],
            "first": finding["first"], "last": finding["last"], "source": finding["sources"]}


def order(rows):
    return sorted(rows, key=lambda r: json.dumps(r, sort_keys=True))


# Rules.

def incidents(acts, span, met):
    """Acts of one key, each with `known`: those that belong together. One opens when the acts known
    within `span` are met, and ends after the quiet time."""
    out, window, open_one = [], [], None
    for act in sorted(acts, key=lambda a: a["known"]):
        if open_one and act["known"] - open_one[-1]["known"] >= QUIET:
            open_one, window = None, []
        if open_one:
            open_one.append(act)
            continue
        window = [a for a in window if a["known"] > act["known"] - span] + [act]
        if met(window):
            open_one = window
            out.append(open_one)
    return out


def is_selective(targets):
    """Hypergeometric, with whole numbers."""
    sizes = lambda networks: sum(ipaddress.ip_network(n).num_addresses for n in networks)
    population = sizes(MONITORED)
    marked = sizes(network for sector, network in ASSETS.values() if sector in RECON)
    drawn = {t for t in targets if holds(MONITORED, t)}
    hit = sum(asset_of(t)[1] in RECON for t in drawn)
    if len(drawn) < TOUCHED:
        return False
    tail = sum(math.comb(marked, i) * math.comb(population - marked, len(drawn) - i)
               for i in range(hit, len(drawn) + 1))
    chance = fractions.Fraction(tail, math.comb(population, len(drawn)))
    return fractions.Fraction(hit * population, len(drawn) * marked) >= LIFT and chance <= CHANCE


def operates(source, target):
    """Is this the registered operator of what it reached?"""
    return holds(OPERATORS.get(asset_of(target)[0], []), source)


def is_operator(address):
    return any(holds(networks, address) for networks in OPERATORS.values())


def row(line, sector, sources, acts, two_way):
    headline = "undetermined"
    if two_way:
        headline = "address in declared network" if holds(DECLARED, sources[0]) else "address"
    return {"line": line, "sector": sector, "assets": sorted({asset_of(a["target"])[0] for a in acts}),
            "outcome": max((a["outcome"] for a in acts), key=OUTCOMES.index), "headline": headline,
            "first": str(min(a["begin"] for a in acts)), "last": str(max(a["begin"] for a in acts)),
            "source": sources}


def recon(source, acts):
    for incident in incidents(acts, SCAN_SPAN, lambda window: len({a["target"] for a in window}) >= SCAN_ADDRESSES):
        if not is_selective([a["target"] for a in incident]):
            continue
        for sector in RECON:
            own = [a for a in incident if asset_of(a["target"])[1] == sector]
            if own:
                yield row("recon", sector, [source], own, any(a["contact"] for a in own)), incident


def control(source, acts):
    """Contact is what the line asks for: acts on an address without it count for nothing."""
    for sector in CONTROL:
        of_sector = [a for a in acts if asset_of(a["target"])[1] == sector]
        for incident in incidents(of_sector, COMMANDS_SPAN, len):
            heard = [a for a in incident if a["contact"] and not operates(source, a["target"])]
            if heard:
                yield row("control", sector, [source], heard, True), incident


def entered(logins, commands):
    """Incidents of one station: who was let in last before a command, that command, and all that follows until
    the quiet time. Whose commands they are does not show."""
    out, last, open_one = [], None, None
    for act in sorted(logins + commands, key=lambda a: a["known"]):
        if open_one and act["known"] - open_one[-1]["known"] >= QUIET:
            last = open_one = None
        if open_one:
            open_one.append(act)
        elif act in logins:
            last = act
        elif last and act["known"] - last["known"] < ENTERED_SPAN:
            open_one = [last, act]
            out.append(open_one)
    return out


def control_through_station(station, acts):
    """The operator gate's exception: commands by the station of an operator, once somebody who is none was let in."""
    logins = [a for a in acts if a["target"] == station and a["what"] in ("ssh-login", "rdp-login") and
              a["outcome"] == "acknowledged" and not is_operator(a["source"])]
    for incident in entered(logins, [a for a in acts if a["source"] == station and is_command(a)]):
        first = min(a["begin"] for a in incident if a not in logins)
        if first - min(a["begin"] for a in incident) > ENTERED_WITHIN:
            continue
        for sector in CONTROL:
            heard = [a for a in incident if a["contact"] and a not in logins and asset_of(a["target"])[1] == sector]
            if heard:
                yield row("control", sector, list(dict.fromkeys(a["source"] for a in incident)), heard, True), incident


def csirt(source, acts):
    """Refused logins at one address; the line has two gates more, see judged()."""
    for target in {a["target"] for a in acts}:
        refused = [a for a in acts if a["target"] == target and a["outcome"] == "refused"]
        for incident in incidents(refused, GUESSES_SPAN, lambda window: len(window) >= GUESSES):
            heard = [a for a in incident if a["contact"] and asset_of(target)[1] in CSIRT]
            if heard:
                yield row("csirt", "csirt", [source], heard, True), incident


def is_command(act):
    return act["what"] in ("modbus-write", "iec104-command")


# What the truth says.

def acts_of(capture, truth):
    """All acts, with their answers. Raises ValueError where capture and truth disagree on what happened."""
    actors = {a["name"]: a for a in truth["actors"]}
    busy = {act["actor"] for act in truth["acts"]}  # the others browse, look after patients, or scan all alike
    frames = dissect(capture, sorted({a for name in busy for a in actors[name]["addresses"]}))
    end = max(int(a["to"]) for a in truth["actors"])
    talks = collections.defaultdict(list)
    for f in frames:
        talks[f["tcp.stream"]].append(f)
    by_begin = {(f["ns"], f["ip.dst"], f["tcp.dstport"]): f for f in frames}
    out, seen = [], collections.defaultdict(set)
    for act in truth["acts"]:
        begin = int(act["begin"])
        frame = by_begin.get((begin, act["target"], act["port"]))
        if not frame or frame["ip.src"] not in actors[act["actor"]]["addresses"]:
            raise ValueError(f"the capture has no frame of {act}")
        begins, answer = WHAT[act["what"]]
        if not begins(frame):
            raise ValueError(f"tshark does not see what the truth says in the frame of {act}")
        seen[act["what"]].add(begin)
        talk = Talk(talks[frame["tcp.stream"]])
        full = talk.handshake()
        found = {"what": act["what"], "source": frame["ip.src"], "target": act["target"], "begin": begin, "talk": talk}
        found["outcome"], found["known"] = answer(talk, frame, end)
        found["contact"] = full is not None and full <= found["known"]
        out.append(found)
    for what, (begins, _) in WHAT.items():  # reaching somebody to talk to him is an attempt as well, and no act
        unknown = [f for f in frames if what != "tcp-syn" and begins(f) and f["ns"] not in seen[what]]
        if unknown:
            raise ValueError(f"the truth does not have the {what} of {unknown}")
    return out


def judged(capture, truth):
    """What the lines find, as (row, acts of its incident), in no order. The rows of line csirt need an observation
    point more than this sensor, and an address that is nobody else's: the example accord does not raise them."""
    by_source, out = collections.defaultdict(list), []
    acts = acts_of(capture, truth)
    for act in acts:
        by_source[act["source"]].append(act)
    for source, own in by_source.items():
        out += recon(source, [a for a in own if a["what"] == "tcp-syn"])
        out += control(source, [a for a in own if is_command(a)])
        out += csirt(source, [a for a in own if a["what"].endswith("-login")])
        if is_operator(source):
            out += control_through_station(source, acts)
    return out


def expected(capture, truth):
    """The findings of a capture and its truth under the example accord, in no order."""
    return [finding for finding, _ in with_acts(capture, truth)]


def with_acts(capture, truth):
    """The findings, each with all acts of its incident."""
    return [(finding, acts) for finding, acts in judged(capture, truth) if finding["line"] != "csirt"]


def packets(acts):
    """What of the conversations shows these acts, each from its begin until its fate was known: a set of
    (time, source, its port, target, its port)."""
    return {(f["ns"], f["ip.src"], f["tcp.srcport"], f["ip.dst"], f["tcp.dstport"])
            for act in acts for f in act["talk"].frames if act["begin"] <= f["ns"] <= act["known"]}


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1])
    for finding in expected(path, json.loads(path.with_suffix(".truth.json").read_text())):
        print(json.dumps(finding))
