#!/usr/bin/env python3
"""Mutations of the code, at least one a stage: each must fail the test that is named beside it.

Each is one replacement in one file of a copy of the tree; the test passes before and must fail after. Only
with --full: it builds a copy.
"""
import os
import pathlib
import shutil
import subprocess
import sys

from common import FULL, TOP, expect, finish, skip, temporary

# stage, what is broken, file, from, to, the test's program (meson name)
MUTATIONS = [
    ("source", "a time that goes back is believed", "dataplane/capture.c",
     "(uint64_t)c->last - (uint64_t)frame->t;\n        frame->t = c->last;\n", "(uint64_t)c->last - (uint64_t)frame->t;\n",
     "dataplane-capture_test"),
    ("decode", "link padding is payload", "dataplane/decode.c",
     "    if (payload < left)\n        d->r.end = d->r.at + payload;\n", "", "dataplane-decode_test"),
    ("flow", "an attempt waits a second too long", "dataplane/contact.c",
     "#define ATTEMPT_WAIT (20 * NS_PER_S)", "#define ATTEMPT_WAIT (21 * NS_PER_S)", "dataplane-line_test"),
    ("stream", "bytes that were delivered are delivered again", "dataplane/reassembly.c",
     "r->bytes(r->ctx, data + old, len - old, at, t);", "r->bytes(r->ctx, data, len - old, at, t);",
     "dataplane-reassembly_test"),
    ("app", "an exception is taken for a confirmation", "proto/modbus.c",
     "code == MODBUS_ACCEPTED ? OUTCOME_ACKNOWLEDGED : OUTCOME_REFUSED", "OUTCOME_ACKNOWLEDGED", "proto-modbus_test"),
    ("app", "a select is taken for what follows it", "proto/iec104_request.c",
     "    if (q->flags & IEC104_SELECT)\n        return OPERATION_SELECT;\n", "", "proto-iec104_pairs_test"),
    ("app", "what stands behind a gap is believed although it contradicts itself", "proto/framing.c",
     "f->unsure > 0 && c->kind->form", "f->unsure > 255 && c->kind->form", "proto-iec104_test"),
    ("app", "a refused SSH attempt lets in", "proto/ssh.c",
     "s->turn < s->accepted", "s->turn <= s->accepted + 8", "proto-heads_test"),
    ("match", "a literal that is cut by two pieces of a stream is missed", "rules/matcher.c",
     "uint32_t back = set->literal_max - 1;", "uint32_t back = 0;", "rules-matcher_test"),
    ("match", "distance is forgotten", "rules/program.c", "c->distance", "0 * c->distance", "rules-program_test"),
    ("observe", "timers come behind packets of their time", "dataplane/line.c",
     ".input = ORDER_TIMER, .seq = due[i]", ".input = ORDER_LAST, .seq = due[i]", "dataplane-line_test"),
    ("exchange", "an empty ring's watermark is not asked for", "correlate/ordered_merge.h",
     "    if (order_less(&lowest_empty, &out.safe)) {", "    if (!out.head) {", "correlate-schedule_test"),
    ("exchange", "nothing is published before a wait", "correlate/correlator.c",
     "            exchange_publish(x, worker, order_before(item->obs.order));\n", "", "correlate-schedule_test"),
    ("correlate", "a window keeps what is older than its timespan", "correlate/key_shard.c",
     "s->samples[w->first].item.obs.order.t <= now - timespan", "s->samples[w->first].item.obs.order.t < now - timespan",
     "correlate-key_shard_test"),
    ("correlate", "a row of rules may be too slow", "correlate/key_shard.c",
     "    if (begin <= oldest)\n        return false;\n", "    if (begin == NEVER)\n        return false;\n",
     "correlate-levels_test"),
    ("judge", "a gate that failed is no hindrance", "correlate/gates.c",
     "held = held && out[i].result == GATE_HELD;", "held = held && out[i].result != GATE_NOT_DECIDABLE;",
     "correlate-judge_test"),
    ("seal", "a salt does not depend on the value", "ledger/commitment.c",
     "json_put_string(&w, pointer);\n    json_put_raw(&w, value, value_len);",
     "json_put_string(&w, pointer);\n    json_put_raw(&w, \"0\", 1);\n    (void)value, (void)value_len;", "ledger-commitment_test"),
    ("verify", "leaves and nodes are hashed alike", "ledger/merkle.c",
     "    const uint8_t mark = 0;\n", "    const uint8_t mark = 1;\n", "ledger-merkle_test"),
]


def copy_tree(to):
    files = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, files):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, to / name)


def passes(tree, program):
    """Does this test pass on the tree as it is now? A tree that hangs fails too."""
    target = next(str(t) for t in targets(tree) if t.endswith("/" + program))
    built = subprocess.run(["ninja", "-C", tree / "build", target], capture_output=True, text=True)
    if built.returncode:
        return None, built.stdout[-1500:]
    env = {**os.environ, "PLIMSOLL_SOURCE": str(tree), "PLIMSOLL_TEST_STEPS": "100000"}
    try:
        done = subprocess.run([tree / "build" / target], cwd=tree / "build", capture_output=True, text=True, timeout=120, env=env)
    except subprocess.TimeoutExpired:
        return False, "it hangs"
    return done.returncode == 0, done.stdout[-1500:] + done.stderr[-500:]


def targets(tree):
    out = subprocess.run(["ninja", "-C", tree / "build", "-t", "targets", "all"], capture_output=True, text=True).stdout
    return [line.split(":")[0] for line in out.splitlines()]


def main():
    if not FULL:
        skip("only with --full: builds a copy of the tree")
    with temporary() as directory:
        tree = pathlib.Path(directory) / "tree"
        copy_tree(tree)
        subprocess.run(["meson", "setup", tree / "build", tree, "--buildtype=debugoptimized"], capture_output=True, check=True)
        for stage, what, name, old, new, program in MUTATIONS:
            path = tree / name
            text = path.read_text()
            if not expect(text.count(old) == 1, f"{stage}: {name} has {text.count(old)} times what is to be changed"):
                continue
            before, said = passes(tree, program)
            expect(before, f"{stage}: {program} does not pass as it is: {said}")
            path.write_text(text.replace(old, new))
            after, said = passes(tree, program)
            path.write_text(text)
            expect(after is not None, f"{stage}: {what}: does not build: {said}")
            expect(after is not True, f"{stage}: {what} ({name}), and {program} passes all the same")
            print(f"{stage}: {what}: {'killed' if after is False else 'SURVIVED'} by {program}", flush=True)
    finish(f"{len(MUTATIONS)} mutations")


main()
