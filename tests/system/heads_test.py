#!/usr/bin/env python3
"""Sessions of HTTP/1, RDP and VNC on real captures: who was let in, and with which answer, is what tshark's fields say.

Our side is what reaches seam 1 (tests/pipeline/observation_print.c). Compared are, per connection,
  http    the first exchange, and each with credentials or a refusal: status, and the outcome that follows from both
  vnc     the security type that was agreed on, and the result
  rdp     the protocol that was selected or the failure, and whether a user is named
SSH tells nobody who was let in. There a recorded guessing must give refusals alone.
"""
import collections
import os
import pathlib

from common import PLIMSOLL, expect, finish, need_corpora, need_program, run, temporary, tshark_fields

OBSERVATIONS = str(pathlib.Path(PLIMSOLL).parents[1] / "tests/pipeline/plimsoll-observations")
HTTP = ["captures-protocols/arkime/http-basicauth.pcap",
        "captures-protocols/arkime/http-simple-get.pcap", "captures-protocols/arkime/http-xff.pcap",
        "captures-protocols/ndpi/pcap/webdav.pcap", "captures-protocols/zeek/http/basic-auth-with-extra-space.pcap",
        "captures-protocols/zeek/http/methods.pcap"]
VNC = ["captures-protocols/zeek/rfb/vncmac.pcap",
       "suricata-verify/tests/rfb-protocol-3.3/06-vnc-Password-3.3.pcap",
       "suricata-verify/tests/rfb-protocol-3.8/04-vnc-openwall-3.8.pcap", "suricata-verify/tests/rfb-rules/00-vnc-openwall-3.7.pcap"]
RDP = ["captures-protocols/zeek/rdp/rdp-to-ssl.pcap", "captures-protocols/zeek/rdp/rdp-proprietary-encryption.pcap",
       "captures-protocols/zeek/rdp/rdp-x509.pcap", "captures-protocols/zeek/rdp/rdp-no-cookie-mstshash.pcap",
       "captures-protocols/ndpi/pcap/rdp_over_tls.pcap", "suricata-verify/tests/rdp-protocol/RDP-003.pcap"]
GUESSED = "captures-protocols/zeek/ssh/sshguess.pcap"
REMOTE_DESKTOP_BYTES, NLA = 65536, (2, 8)  # proto/rdp.h
CLOSED = 10  # seconds after which a closed connection is over: dataplane/contact.c

Session = collections.namedtuple("Session", "client server code outcome user")


def ours(capture, protocol, work):
    env = dict(os.environ, PLIMSOLL_OBSERVATIONS=str(work / "observations"))
    run("replay", capture, env=env, program=OBSERVATIONS, code=None)
    out = collections.Counter()
    for line in (work / "observations").read_text().splitlines():
        kind, spoken, source, source_port, target, target_port, *_, outcome, _, code, user = line.split("\t")
        if kind == "session" and spoken == protocol:
            out[Session(f"{source}:{source_port}", f"{target}:{target_port}", int(code), outcome, user == "1")] += 1
    return out


ENDS = ["tcp.stream", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport"]


def rows(capture, display_filter, fields, *options):
    """(stream, sender, receiver, values of the fields) of each frame."""
    for stream, source, source_port, target, target_port, *values in tshark_fields(capture, display_filter, ENDS + fields, *options):
        yield stream, f"{source}:{source_port}", f"{target}:{target_port}", values


def http(capture):
    """Requests and responses of a connection in their order; one that has no response is left out here, and one
    without a version, which is no HTTP/1."""
    waiting, told, out = collections.defaultdict(list), set(), collections.Counter()
    fields = ["http.request.method", "http.response.code", "http.authorization", "http.proxy_authorization", "http.authbasic",
              "http.content_length_header", "http.request.version"]
    for stream, sender, receiver, values in rows(capture, "http.request || http.response", fields):
        method, code, authorization, proxy, basic, length, version = values
        if method:
            body = method.split(",")[0] in ("POST", "PUT", "PATCH") and length not in ("", "0")
            waiting[stream].append((sender, receiver, bool(authorization or proxy), body, bool(basic)) if version else None)
            continue
        status = int(code.split(",")[0])
        if (status < 200 and status != 101) or not waiting[stream]:
            continue
        request = waiting[stream].pop(0)
        if not request:
            continue
        client, server, credentials, body, user = request
        refused = status == 403 or (status in (401, 407) and (credentials or body))
        outcome = "refused" if refused else "acknowledged" if status < 400 else "seen"
        if stream not in told or credentials or refused:
            out[Session(client, server, status, outcome, user)] += 1
        told.add(stream)
    return out


def vnc(capture):
    """By connection: the type that the client chose or the server decided, and the result. Handshakes are at the
    beginning of these captures; behind it are pictures, over which tshark takes its time."""
    found = {}
    fields = ["vnc.server_proto_ver", "vnc.client_proto_ver", "vnc.security_type", "vnc.client_security_type",
              "vnc.server_security_type", "vnc.auth_result"]
    for stream, sender, receiver, values in rows(capture, "vnc", fields, "-c", "200"):
        server_version, client_version, offered, chosen, decided, result = values
        one = found.setdefault(stream, {"type": 0, "result": None, "client": None})
        if server_version and not one["client"]:
            one["client"], one["server"] = receiver, sender
        if chosen or decided:
            one["type"] = int(chosen or decided)
        if result:
            one["result"] = int(result, 0) if result not in ("True", "False") else int(result == "True")
    out = collections.Counter()
    for one in found.values():
        if not one["client"]:
            continue
        readable = one["type"] in (1, 2)
        outcome = "seen"
        if readable and one["result"] is not None:
            outcome = "refused" if one["result"] else "acknowledged"
        out[Session(one["client"], one["server"], one["type"], outcome, False)] += 1
    return out


def rdp(capture):
    found, out = {}, collections.Counter()
    fields = ["rdp.rt_cookie", "rdp.neg_type", "rdp.negReq.selectedProtocol", "rdp.negFailure.failureCode"]
    begins = "cotp.type==0x0e || cotp.type==0x0d || rdp.neg_type || rdp.rt_cookie"
    for stream, sender, receiver, (cookie, kind, selected, failure) in rows(capture, begins, fields):
        one = found.setdefault(stream, {"client": sender, "server": receiver, "user": False, "code": 0, "failed": False})
        one["user"] |= "mstshash=" in cookie
        if kind and int(kind, 0) == 2:
            one["code"] = int(selected, 0)
        if kind and int(kind, 0) == 3:
            one["code"], one["failed"] = int(failure, 0), True
    sent = collections.Counter()
    for stream, sender, _, (length,) in rows(capture, "tcp.len>0", ["tcp.len"]):
        if stream in found and sender == found[stream]["server"]:
            sent[stream] += int(length)
    for stream, one in found.items():
        let_in = one["code"] in NLA and not one["failed"] and sent[stream] > REMOTE_DESKTOP_BYTES + 100
        outcome = "refused" if one["failed"] else "acknowledged" if let_in else "seen"
        out[Session(one["client"], one["server"], one["code"], outcome, one["user"])] += 1
    return out


def compare(root, name, protocol, theirs, work):
    wanted = theirs(root / name)
    got = ours(root / name, protocol, work)
    print(f"{name}: {sum(wanted.values())} sessions")
    expect(wanted, f"{name}: tshark finds none")
    for side, more in (("tshark only", wanted - got), ("plimsoll only", got - wanted)):
        for row, n in more.items():
            expect(False, f"{name}, {side}: {n} x {row}")


def guess(capture, work):
    """Every connection is refused, but for those that are not long over when the capture ends: nothing is claimed there."""
    closed, last = {}, 0.0
    for client, server, fin, stamp in tshark_fields(capture, "tcp", ["tcp.srcport", "tcp.dstport", "tcp.flags.fin", "frame.time_epoch"]):
        last = max(last, float(stamp))
        if fin in ("1", "True"):
            closed[client if server == "22" else server] = float(stamp)
    wanted = {port: "refused" if at + CLOSED <= last else "seen" for port, at in closed.items()}
    got = {s.client.rpartition(":")[2]: s.outcome for s in ours(capture, "ssh", work)}
    print(f"{capture.name}: {sum(o == 'refused' for o in wanted.values())} connections refused of {len(wanted)}")
    expect(got == wanted and "refused" in got.values(), f"{capture.name}: {got}, not {wanted}")


def main():
    root = need_corpora()
    need_program("tshark")
    with temporary() as directory:
        work = pathlib.Path(directory)
        for names, protocol, theirs in ((HTTP, "http", http), (VNC, "vnc", vnc), (RDP, "rdp", rdp)):
            for name in names:
                compare(root, name, protocol, theirs, work)
        guess(root / GUESSED, work)
    finish("heads")


main()
