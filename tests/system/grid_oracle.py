"""The findings that an exercise should give, worked out without plimsoll.

Who meant what comes from the truth file; what was answered, and when, from tshark's fields. The
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
import subprocess
import sys

S = 10**9
MINUTE = 60 * S

# amber.assets.yaml, amber.networks.yaml
ASSETS = {"substation-7": ("power", "10.20.7.0/24"), "pumping-2": ("water", "10.30.2.0/24"),
          "hospital-3": ("health", "10.20.60.0/24")}
MONITORED = ["10.20.0.0/16", "10.30.0.0/16", "192.0.2.0/24"]
DECLARED = ["10.20.0.0/16", "198.51.100.0/24"]
# example-grid.yaml: sectors of the lines, and the selectivity gate
CONTROL, RECON = {"power", "water"}, {"power", "water", "health"}
TOUCHED, LIFT, CHANCE = 12, 5, fractions.Fraction(1, 10**6)
QUIET = 15 * MINUTE
# correlations.yaml
COMMANDS_SPAN, SCAN_SPAN, SCAN_ADDRESSES = 60 * MINUTE, 10 * MINUTE, 12
# How long an answer is waited for: proto/modbus.h, dataplane/contact.c, proto/iec104.h
MODBUS_WAIT, SYN_WAIT, IEC104_WAIT, TERMINATION_WAIT = 10 * S, 20 * S, 15 * S, 30 * S
WRITES = {5, 6, 15, 16, 21, 22, 23}  # Modbus functions that write
# IEC 60870-5-101, 7.2.3: causes of transmission
ACT, ACTCON, ACTTERM, UNKNOWN = 6, 7, 10, {44, 45, 46, 47}
COMMANDS = {*range(45, 52), *range(58, 65)}  # IEC 60870-5-104 types that command

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


# What tshark says.

FIELDS = ["frame.time_epoch", "ip.src", "ip.dst", "tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.flags", "tcp.seq",
          "tcp.ack", "mbtcp.trans_id", "modbus.func_code", "modbus.exception_code"]
ASDU = ["iec60870_asdu." + name for name in ("typeid", "causetx", "nega", "ioa", "sco.se")]  # of each in a frame
SYN, RST, ACK = 2, 4, 16


def nanoseconds(text):
    seconds, _, fraction = text.partition(".")
    return int(seconds) * S + int(fraction.ljust(9, "0"))


def dissect(capture, addresses):
    """The TCP frames of these addresses as dicts, in order, numbers as numbers."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f",
               "-Y", "tcp && (" + " || ".join(f"ip.addr=={a}" for a in addresses) + ")"]
    for field in FIELDS:
        command += ["-e", field]
    rows, asdus = [], dissect_asdus(capture)
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        row = dict(zip(FIELDS, line.split("\t")))
        for field in FIELDS[3:]:
            row[field] = int(row[field], 0) if row[field] else None
        row["ns"] = nanoseconds(row["frame.time_epoch"])
        row["asdus"] = asdus.get((row["ns"], row["ip.src"], row["tcp.srcport"]), [])
        rows.append(row)
    return rows


def dissect_asdus(capture):
    """The commands and what answers them, by (time, sender, port): lists of (type, cause, negative, object, select).
    Each has one object, and a frame with them holds nothing else."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "separator=/t", "-Y",
               " || ".join(f"iec60870_asdu.typeid=={t}" for t in sorted(COMMANDS))]
    for field in ["frame.time_epoch", "ip.src", "tcp.srcport", *ASDU]:
        command += ["-e", field]
    out = {}
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        stamp, source, port, *columns = line.split("\t")
        lists = [[int(v in ("1", "True")) if v in ("True", "False") else int(v, 0) for v in c.split(",")] for c in columns]
        if len({len(values) for values in lists}) != 1:
            raise ValueError(f"ASDUs of other kinds in one frame with commands at {stamp}")
        out[nanoseconds(stamp), source, int(port)] = list(zip(*lists))
    return out


class Talk:
    """One TCP stream as tshark numbers it."""

    def __init__(self, frames):
        self.frames = frames

    def handshake(self):
        """When the ACK that completes it came, or None. Sequence numbers are tshark's relative ones."""
        syn = next((f for f in self.frames if f["tcp.flags"] & (SYN | ACK) == SYN), None)
        both = next((f for f in self.frames if f["tcp.flags"] & (SYN | ACK) == SYN | ACK), None)
        if not syn or not both or both["tcp.ack"] != 1:
            return None
        return next((f["ns"] for f in self.frames if f["ip.src"] == syn["ip.src"] and f["ns"] > both["ns"] and
                     f["tcp.flags"] & (SYN | ACK) == ACK and f["tcp.ack"] == 1), None)

    def answer_to_syn(self, act, end):
        """(outcome, when that was known)."""
        for f in self.frames:
            if f["ip.src"] != act["target"] or f["ns"] < act["begin"]:
                continue
            if f["tcp.flags"] & RST:
                return "refused", f["ns"]
            if f["tcp.flags"] & SYN:
                return "acknowledged", f["ns"]
        last_syn = max(f["ns"] for f in self.frames if f["tcp.flags"] & SYN and f["ip.dst"] == act["target"])
        due = last_syn + SYN_WAIT
        return ("unanswered", due) if due <= end else ("seen", end)

    def answer_to_write(self, request, end):
        for f in self.frames:
            if f["tcp.srcport"] == 502 and f["mbtcp.trans_id"] == request["mbtcp.trans_id"] and f["ns"] > request["ns"]:
                if f["ns"] > request["ns"] + MODBUS_WAIT:
                    break
                refused = f["modbus.exception_code"] not in (None, 5)  # 5: accepted, takes long
                return ("refused" if refused else "acknowledged"), f["ns"]
        due = request["ns"] + MODBUS_WAIT
        return ("unanswered", due) if due <= end else ("seen", end)

    def answer_to_command(self, request, end):
        """By type, object and the select bit, which an answer repeats."""
        kind, _, _, thing, select = request["asdus"][0]
        confirmed = None
        for f in self.frames:
            if f["ns"] <= request["ns"] or f["ip.src"] != request["ip.dst"]:
                continue
            for other, cause, negative, answered, selected in f["asdus"]:
                if (other, answered, selected) != (kind, thing, select):
                    continue
                if confirmed is None and f["ns"] < request["ns"] + IEC104_WAIT:
                    if cause in UNKNOWN or (cause == ACTCON and negative):
                        return "refused", f["ns"]
                    if cause == ACTCON:
                        confirmed = f["ns"]
                elif confirmed and cause == ACTTERM and f["ns"] < confirmed + TERMINATION_WAIT:
                    return ("acknowledged" if negative else "completed"), f["ns"]
        due = confirmed + TERMINATION_WAIT if confirmed else request["ns"] + IEC104_WAIT
        over = "acknowledged" if confirmed else "unanswered" if due <= end else "seen"
        return over, min(due, end)


# Rules.

def incidents(acts, span, wanted):
    """Acts of one key, each with `known`: those that belong together. One opens when the acts known
    within `span` have `wanted` different targets, and ends after the quiet time."""
    out, window, open_one = [], [], None
    for act in sorted(acts, key=lambda a: a["known"]):
        if open_one and act["known"] - open_one[-1]["known"] >= QUIET:
            open_one, window = None, []
        if open_one:
            open_one.append(act)
            continue
        window = [a for a in window if a["known"] > act["known"] - span] + [act]
        if len({a["target"] for a in window}) >= wanted:
            open_one = window
            out.append(open_one)
    return out


def is_selective(targets):
    """Hypergeometric, with whole numbers."""
    sizes = lambda networks: sum(ipaddress.ip_network(n).num_addresses for n in networks)
    population, marked = sizes(MONITORED), sizes(network for _, network in ASSETS.values())
    drawn = {t for t in targets if holds(MONITORED, t)}
    hit = sum(asset_of(t)[1] in RECON for t in drawn)
    if len(drawn) < TOUCHED:
        return False
    tail = sum(math.comb(marked, i) * math.comb(population - marked, len(drawn) - i)
               for i in range(hit, len(drawn) + 1))
    chance = fractions.Fraction(tail, math.comb(population, len(drawn)))
    return fractions.Fraction(hit * population, len(drawn) * marked) >= LIFT and chance <= CHANCE


def row(line, sector, source, acts, two_way):
    headline = "undetermined"
    if two_way:
        headline = "address in declared network" if holds(DECLARED, source) else "address"
    return {"line": line, "sector": sector, "assets": sorted({asset_of(a["target"])[0] for a in acts}),
            "outcome": max((a["outcome"] for a in acts), key=OUTCOMES.index), "headline": headline,
            "first": str(min(a["begin"] for a in acts)), "last": str(max(a["begin"] for a in acts)),
            "source": [source]}


def recon(source, acts):
    for incident in incidents(acts, SCAN_SPAN, SCAN_ADDRESSES):
        if not is_selective([a["target"] for a in incident]):
            continue
        for sector in RECON:
            own = [a for a in incident if asset_of(a["target"])[1] == sector]
            if own:
                yield row("recon", sector, source, own, any(a["contact"] for a in own)), incident


def control(source, acts):
    """Contact is what the line asks for: acts on an address without it count for nothing."""
    for sector in CONTROL:
        of_sector = [a for a in acts if asset_of(a["target"])[1] == sector]
        for incident in incidents(of_sector, COMMANDS_SPAN, 1):
            heard = [a for a in incident if a["contact"]]
            if heard:
                yield row("control", sector, source, heard, True), incident


def expected(capture, truth):
    """The findings of a capture and its truth, in no order."""
    return [finding for finding, _ in with_acts(capture, truth)]


def packets(acts):
    """What of the conversations shows these acts, each from its begin until its fate was known: a set of
    (time, source, its port, target, its port)."""
    return {(f["ns"], f["ip.src"], f["tcp.srcport"], f["ip.dst"], f["tcp.dstport"])
            for act in acts for f in act["talk"].frames if act["begin"] <= f["ns"] <= act["known"]}


def with_acts(capture, truth):
    """The findings, each with all acts of its incident. Raises ValueError where capture and truth disagree
    on what happened."""
    meant_harm = {a["name"]: a for a in truth["actors"]
                  if a["role"] in ("reconnaissance", "intruder", "forger of segments")}
    if not meant_harm:
        return []  # operators may write to their own, and the scanner prefers nobody
    frames = dissect(capture, [a for actor in meant_harm.values() for a in actor["addresses"]])
    end = max(int(a["to"]) for a in truth["actors"])
    talks = collections.defaultdict(list)
    for f in frames:
        talks[f["tcp.stream"]].append(f)
    by_begin = {(f["ns"], f["ip.dst"], f["tcp.dstport"]): f for f in frames}
    acts = collections.defaultdict(lambda: collections.defaultdict(list))
    seen = set()
    for act in truth["acts"]:
        if act["actor"] not in meant_harm:
            continue
        begin = int(act["begin"])
        frame = by_begin.get((begin, act["target"], act["port"]))
        if not frame or frame["ip.src"] not in meant_harm[act["actor"]]["addresses"]:
            raise ValueError(f"the capture has no frame of {act}")
        if act["what"] == "modbus-write" and frame["modbus.func_code"] not in WRITES:
            raise ValueError(f"tshark sees no write in the frame of {act}")
        if act["what"] == "iec104-command" and [(a[0] in COMMANDS, a[1], a[4]) for a in frame["asdus"]] != [(True, ACT, 0)]:
            raise ValueError(f"tshark sees no command to be executed in the frame of {act}")
        seen.add(begin)
        talk = Talk(talks[frame["tcp.stream"]])
        full = talk.handshake()
        found = {"target": act["target"], "begin": begin, "talk": talk}
        if act["what"] == "tcp-syn":
            found["outcome"], found["known"] = talk.answer_to_syn({**act, "begin": begin}, end)
        elif act["what"] == "iec104-command":
            found["outcome"], found["known"] = talk.answer_to_command(frame, end)
        else:
            found["outcome"], found["known"] = talk.answer_to_write(frame, end)
        found["contact"] = full is not None and full <= found["known"]
        acts[frame["ip.src"]][act["what"]].append(found)
    unknown = [f for f in frames if f["tcp.dstport"] == 502 and f["modbus.func_code"] in WRITES and f["ns"] not in seen]
    unknown += [f for f in frames if f["ns"] not in seen and any(a[1] == ACT and not a[4] for a in f["asdus"])]
    if unknown:
        raise ValueError(f"writes or commands that the truth does not have: {unknown}")
    out = []
    for source, by_kind in acts.items():
        # Reaching somebody to write to him is an attempt as well; a few addresses are no scan.
        out += recon(source, by_kind["tcp-syn"])
        out += control(source, by_kind["modbus-write"] + by_kind["iec104-command"])
    return out


if __name__ == "__main__":
    path = pathlib.Path(sys.argv[1])
    for finding in expected(path, json.loads(path.with_suffix(".truth.json").read_text())):
        print(json.dumps(finding))
