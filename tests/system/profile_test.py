#!/usr/bin/env python3
"""rules profile: what it counts is what a replay of the same counts, a rule made to be dear is the dearest, shares add
up, and what measuring costs is said.
"""
import json
import pathlib

from capture_edit import write
from common import expect, finish, grid, run, temporary
from conversation import Clock, answer, get, talk

# The second one runs an expression over all of each request, which finds nothing: dear. The third is never asked: no
# packet has its literal. The fourth matches each request, the fifth as well and tells of one alone.
RULES = r"""alert tcp any any -> any 80 (msg:"cheap"; flow:to_server; content:"GET /x"; content:"zzzz"; sid:1;)
alert tcp any any -> any 80 (msg:"dear"; flow:to_server; content:"GET /x"; pcre:"/a.{20,400}[QX]/s"; sid:2;)
alert tcp any any -> any 80 (msg:"never"; flow:to_server; content:"not there"; sid:3;)
alert http any any -> any any (msg:"each"; http.uri; content:"/x"; sid:4;)
alert http any any -> any any (msg:"one"; http.uri; content:"/x"; threshold:type limit,track by_rule,count 1,seconds 900; sid:5;)
"""
N = 40


def profiled(*arguments):
    lines = [json.loads(line) for line in run("rules", "profile", "--json", "--top", 0, *arguments).stdout.splitlines()]
    return {line["sid"]: line for line in lines if line["type"] == "rule"}, lines[-1], [line["sid"] for line in lines[:-1]]


def made(work):
    rules, capture, clock, frames = work / "a.rules", work / "a.pcap", Clock(), []
    rules.write_text(RULES)
    for port in range(41000, 41000 + N):
        frames += talk([(0, get(b"/x" + b"aab" * 300)), (1, answer())], ports=(port, 80), clock=clock)
    write(capture, frames)
    by_sid, total, order = profiled(capture, "--rules", rules)
    expect(3 not in by_sid, f"a rule without a candidate is listed: {by_sid.get(3)}")
    expect(order[0] == 2, f"the dearest is {order[0]}")
    # A rule that matches does so once a request, whatever a threshold then holds back.
    expect((by_sid[4]["matches"], by_sid[5]["matches"], by_sid[2]["matches"]) == (N, N, 0), f"matches: {by_sid}")
    for sid, row in by_sid.items():
        expect(row["candidates"] >= row["confirms"] >= row["matches"] and row["candidates"] >= N, f"{sid}: {row}")
    expect(abs(sum(row["share"] for row in by_sid.values()) - 100) < 0.1, "shares")
    for key in "candidates", "confirms", "matches", "ns":
        expect(abs(sum(row[key] for row in by_sid.values()) - total[key]) <= len(by_sid), f"sum of {key}")
    expect(0 < total["ns"] < total["run_ns"] and total["measuring_ns"] > 0, f"times: {total}")
    text = run("rules", "profile", capture, "--rules", rules, "--top", 1).stdout
    for words in "dear", "and 3 rules more", "measuring itself took about":
        expect(words in text, f"no `{words}`: {text}")
    expect(text.splitlines()[1].split()[0] == "2", text)
    run("rules", "profile", "--rules", rules, code=2)
    run("rules", "profile", work / "none.pcap", "--rules", rules, code=2)


def as_a_replay(work):
    rules, capture = work / "b.rules", grid(work, 1)
    rules.write_text('alert tcp any any -> any 502 (msg:"x"; content:"|00 00|"; offset:2; depth:2; sid:1;)\n'
                     'alert http any any -> any any (msg:"y"; http.method; content:"GET"; sid:2;)\n')
    _, total, _ = profiled(capture, "--rules", rules)
    stats = work / "stats.json"
    run("replay", capture, "--rules", rules, "--stats", stats)
    said = json.loads(stats.read_text())
    matcher = said["matcher"] | {"hits": said["hits"]}
    for key, theirs in ("candidates", "candidates"), ("confirms", "confirms"), ("matches", "hits"):
        expect(total[key] == matcher[theirs], f"{key}: {total[key]}, a replay has {matcher[theirs]}")


def main():
    with temporary() as directory:
        made(pathlib.Path(directory))
        as_a_replay(pathlib.Path(directory))
    finish("profile")


main()
