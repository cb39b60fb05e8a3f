"""What an exercise's capture holds, from tshark's fields alone: conversations, acts, and how each was answered.

How long an answer is waited for, and what shows that somebody was let in, is said in the headers that are named
below, and said again here.
"""
import subprocess

S = 10**9
# How long an answer is waited for: proto/modbus.h, dataplane/contact.c, proto/iec104.h
MODBUS_WAIT, SYN_WAIT, IEC104_WAIT, TERMINATION_WAIT = 10 * S, 20 * S, 15 * S, 30 * S
CLOSED_WAIT = 10 * S  # dataplane/contact.c: a conversation that was closed is over
# What shows that somebody was let in: proto/rdp.h; RFC 4253, 12: SSH_MSG_NEWKEYS
PICTURE_BYTES, CREDSSP, NEWKEYS = 65536, (2, 8), 21
WRITES = {5, 6, 15, 16, 21, 22, 23}  # Modbus functions that write
# IEC 60870-5-101, 7.2.3: causes of transmission
ACT, ACTCON, ACTTERM, UNKNOWN = 6, 7, 10, {44, 45, 46, 47}
COMMANDS = {*range(45, 52), *range(58, 65)}  # IEC 60870-5-104 types that command

# Of a frame the first of each; of ASDUs each in the frame.
FIELDS = ["frame.time_epoch", "ip.src", "ip.dst", "tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.flags", "tcp.seq",
          "tcp.ack", "tcp.len", "mbtcp.trans_id", "modbus.func_code", "modbus.exception_code", "ssh.message_code",
          "rdp.neg_type", "rdp.negReq.selectedProtocol", "http.response.code", "http.authorization"]
NUMBERS = FIELDS[3:-1]
ASDU = ["iec60870_asdu." + name for name in ("typeid", "causetx", "nega", "ioa", "sco.se")]
FIN, SYN, RST, ACK = 1, 2, 4, 16


def nanoseconds(text):
    seconds, _, fraction = text.partition(".")
    return int(seconds) * S + int(fraction.ljust(9, "0"))


def dissect(capture, addresses):
    """The TCP frames of these addresses as dicts, in order, numbers as numbers."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a",
               "-Y", "tcp && (" + " || ".join(f"ip.addr=={a}" for a in addresses) + ")"]
    for field in FIELDS + ASDU:
        command += ["-e", field]
    rows = []
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        values = [value.split(",") for value in line.split("\t")]
        row = {field: value[0] for field, value in zip(FIELDS, values)}
        for field in NUMBERS:
            row[field] = int(row[field], 0) if row[field] else None
        row["ns"] = nanoseconds(row["frame.time_epoch"])
        row["asdus"] = commands_of(values[len(FIELDS):], row["ns"])
        rows.append(row)
    return rows


def commands_of(columns, ns):
    """The commands of a frame, or what answers them: (type, cause, negative, object, select) of each. Each has one
    object, and a frame with them holds nothing else."""
    if not any(kind and int(kind) in COMMANDS for kind in columns[0]):
        return []
    if len({len(values) for values in columns}) != 1:
        raise ValueError(f"ASDUs of other kinds in one frame with commands at {ns}")
    return list(zip(*([int(v in ("1", "True")) if v in ("True", "False") else int(v, 0) for v in c] for c in columns)))


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

    def answer_to_syn(self, request, end):
        """(outcome, when that was known)."""
        for f in self.frames:
            if f["ip.src"] != request["ip.dst"] or f["ns"] < request["ns"]:
                continue
            if f["tcp.flags"] & RST:
                return "refused", f["ns"]
            if f["tcp.flags"] & SYN:
                return "acknowledged", f["ns"]
        last_syn = max(f["ns"] for f in self.frames if f["tcp.flags"] & SYN and f["ip.dst"] == request["ip.dst"])
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

    def answer_to_http(self, request, end):
        """Whoever names himself is let in or not."""
        for f in self.frames:
            if f["ns"] > request["ns"] and f["ip.src"] == request["ip.dst"] and f["http.response.code"]:
                return ("refused" if f["http.response.code"] == 401 else "acknowledged"), f["ns"]
        return "seen", end

    def answer_to_ssh(self, request, end):
        """Behind the client's new keys only lengths can be read. What the server says until the client speaks again is
        an answer: the first accepts the service; a shorter one lets in, which the client's next words end; where all
        others are alike and the connection is over, nobody was let in."""
        client, answers, open_one = request["ip.src"], [], None
        keys = next(f["ns"] for f in self.frames if f["ip.src"] == client and f["ssh.message_code"] == NEWKEYS)
        for f in self.frames:
            if f["ns"] <= keys or not f["tcp.len"]:
                continue
            if f["ip.src"] != client:
                open_one += f["tcp.len"]
                continue
            if open_one:
                answers.append(open_one)
                if open_one < answers[0]:
                    return "acknowledged", f["ns"]
            open_one = 0
        over = self.frames[-1]["ns"] + CLOSED_WAIT
        alike = len({*answers[1:], open_one}) == 1
        closed = {f["ip.src"] for f in self.frames if f["tcp.flags"] & FIN}
        return ("refused", over) if alike and len(closed) == 2 and over <= end else ("seen", min(over, end))

    def answer_to_rdp(self, request, end):
        """Where the server asks for the login before there is a session, pictures show that somebody was let in."""
        chosen, sent = None, 0
        for f in self.frames:
            if f["ip.src"] != request["ip.dst"]:
                continue
            sent += f["tcp.len"] if chosen in CREDSSP else 0
            if sent > PICTURE_BYTES:
                return "acknowledged", f["ns"]
            if f["rdp.neg_type"] == 2:
                chosen = f["rdp.negReq.selectedProtocol"]
        return "seen", end


# Acts: how the frame that begins one is known, and who finds its answer.

WHAT = {
    "tcp-syn": (lambda f: f["tcp.flags"] & (SYN | ACK) == SYN, Talk.answer_to_syn),
    "modbus-write": (lambda f: f["tcp.dstport"] == 502 and f["modbus.func_code"] in WRITES, Talk.answer_to_write),
    "iec104-command": (lambda f: any(a[0] in COMMANDS and a[1] == ACT and not a[4] for a in f["asdus"]),
                       Talk.answer_to_command),
    "http-login": (lambda f: f["http.authorization"] != "", Talk.answer_to_http),
    "ssh-login": (lambda f: f["tcp.dstport"] == 22 and f["tcp.seq"] == 1 and f["tcp.len"], Talk.answer_to_ssh),
    "rdp-login": (lambda f: f["rdp.neg_type"] == 1, Talk.answer_to_rdp),
}
