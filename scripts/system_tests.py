#!/usr/bin/env python3
"""Runs the system tests, as many at once as there are cores, and says what came of each.

    system_tests.py [--full] [NAME...]      without NAME all of tests/system/*_test.py

A test is a script of its own that shares nothing with another but the programs it runs; it ends 0, 77 (skipped; its
last line is the reason), or it failed. Each line is printed when its test ends. Lines that begin with `FAILED` or
`skipped` are for the end of a run; the last line is `counts PASSED FAILED SKIPPED`.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

SYSTEM = pathlib.Path(__file__).resolve().parents[1] / "tests/system"
SKIPPED = 77
LINES = 60  # of what a test that failed had to say


def run(script, full):
    """The exit code of a test, everything it printed, and the seconds it took."""
    begin = time.monotonic()
    done = subprocess.run([sys.executable, script, *full], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    return done.returncode, done.stdout, time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_const", const=["--full"], default=[])
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    scripts = [SYSTEM / f"{name}.py" for name in args.names] or sorted(SYSTEM.glob("*_test.py"))
    passed = failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        running = {pool.submit(run, script, args.full): f"system/{script.stem}" for script in scripts}
        for one in concurrent.futures.as_completed(running):
            name = running[one]
            code, said, seconds = one.result()
            lines = said.strip().splitlines()
            if code == 0:
                passed += 1
                print(f"ok       {name} ({seconds:.0f} s)", flush=True)
            elif code == SKIPPED:
                skipped += 1
                print(f"skipped  {name}: {lines[-1] if lines else 'no reason was given'}", flush=True)
            else:
                failed += 1
                print(f"FAILED   {name} (ended {code})", *("         " + line for line in lines[-LINES:]), sep="\n", flush=True)
    print(f"counts {passed} {failed} {skipped}")
    return 0


sys.exit(main())
