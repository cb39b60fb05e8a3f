"""What the system tests share: running plimsoll, skipping with a reason, comparing.

Each test is a script that exits 0, 1 with what differs, or 77 with its reason as the last line. The
environment says where things are (scripts/test.sh sets it): PLIMSOLL, PLIMSOLL_TOP, PLIMSOLL_CORPORA.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ.get("PLIMSOLL_TOP") or pathlib.Path(__file__).resolve().parents[2])
PLIMSOLL = os.environ.get("PLIMSOLL") or str(TOP / "build/app/plimsoll")
CORPORA = pathlib.Path(os.environ["PLIMSOLL_CORPORA"]) if os.environ.get("PLIMSOLL_CORPORA") else None
ACCORD = TOP / "rules/packs/accords/example-grid.yaml"
FULL = "--full" in sys.argv
GRID = ["--accord", str(ACCORD), "--party", "amber", "--clock-error", "1ms"]

faults = []


def skip(reason):
    print(reason)
    sys.exit(77)


def need_corpora():
    if not CORPORA:
        skip("needs the shared corpora (PLIMSOLL_SHARED says where they are)")
    return CORPORA


def need_program(name):
    if not shutil.which(name):
        skip(f"needs {name}, which is not installed")


def fault(text):
    faults.append(text)
    print("FAULT:", text)


def expect(condition, text):
    if not condition:
        fault(text)
    return condition


def finish(what):
    print(f"{what}: {len(faults)} faults")
    sys.exit(1 if faults else 0)


def run(*args, code=0, program=PLIMSOLL, env=None, timeout=600):
    """Run plimsoll; its exit code must be `code` (None: any)."""
    done = subprocess.run([program, *map(str, args)], capture_output=True, text=True, env=env, timeout=timeout)
    if code is not None and done.returncode != code:
        fault(f"plimsoll {' '.join(map(str, args))} ended {done.returncode}, not {code}: {done.stderr[-2000:]}")
    return done


def replay(*args, **how):
    """A replay's JSON lines, as a list."""
    done = run("replay", "--json", *args, **how)
    return [json.loads(line) for line in done.stdout.splitlines()]


def grid(directory, seed, benign=False):
    """The exercise of a seed; the path of its capture."""
    path = pathlib.Path(directory) / f"grid-{seed}{'-benign' if benign else ''}.pcapng"
    if not path.exists():
        run("exercise", "grid", "--seed", seed, *(["--benign"] if benign else []), "-o", path)
    return path


def final_findings(lines):
    """The last revision of each finding."""
    last = {}
    for line in lines:
        if line["type"] == "finding":
            last[line["id"]] = line
    return list(last.values())


def temporary():
    return tempfile.TemporaryDirectory(prefix="plimsoll-test-")


def tshark_fields(capture, display_filter, fields, *options):
    """Rows of tshark's fields, values of one field joined by commas."""
    command = ["tshark", "-n", "-r", str(capture), "-Y", display_filter, "-T", "fields", "-E", "separator=/t",
               *options]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [row.split("\t") for row in out.splitlines()]
