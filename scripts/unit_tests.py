#!/usr/bin/env python3
"""Builds what the unit tests of a build directory need, runs them, and says what came of it.

    unit_tests.py DIR LABEL [--all] [--target TARGET]... [--suite SUITE]... [--without TEST]...

Built are the tests of the suites (without --suite: all tests), but not those named with --without, and the targets,
or everything with --all. Lines that begin with `FAILED` or `skipped` are for the end of a run; the last line is
`counts PASSED FAILED SKIPPED`, a build that fails being one failure.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

PROCESSES = "2"


def introspect(directory, what):
    return json.loads(subprocess.run(["meson", "introspect", f"--{what}", directory], capture_output=True, text=True, check=True).stdout)


def needed(directory, tests):
    """The files that these tests depend on, as ninja names them."""
    ids = {one for test in tests for one in test["depends"]}
    return [os.path.relpath(name, directory) for target in introspect(directory, "targets") if target["id"] in ids
            for name in target["filename"]]


def build(directory, targets):
    done = subprocess.run(["ninja", "-C", directory, "--quiet", *targets], capture_output=True, text=True)
    if done.returncode:
        print(done.stdout[-6000:], done.stderr[-2000:], sep="\n")
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("label")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--without", action="append", default=[])
    args = parser.parse_args()
    directory = os.path.abspath(args.directory)
    # Generates the build anew when a meson.build changed, so that the list of tests is that of the tree.
    begin = time.monotonic()
    if not build(directory, ["build.ninja"]):
        print(f"FAILED   build {args.label}\ncounts 0 1 0")
        return 1
    tests = [test for test in introspect(directory, "tests")
             if not args.suite or any(suite.split(":")[-1] in args.suite for suite in test["suite"])]
    unknown = set(args.without) - {test["name"] for test in tests}
    if unknown:
        print(f"FAILED   {args.label}: no such test: {', '.join(sorted(unknown))}\ncounts 0 1 0")
        return 1
    tests = [test for test in tests if test["name"] not in args.without]
    if not build(directory, [] if args.all else needed(directory, tests) + args.target):
        print(f"FAILED   build {args.label}\ncounts 0 1 0")
        return 1
    built = time.monotonic()
    command = ["meson", "test", "-C", directory, "--no-rebuild", "--num-processes", PROCESSES, "--timeout-multiplier", "10",
               "--quiet", "--print-errorlogs", *(test["name"] for test in tests)]
    log = pathlib.Path(directory) / "meson-logs/testlog.json"
    log.unlink(missing_ok=True)
    done = subprocess.run(command, capture_output=True, text=True)
    results = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    bad = [one for one in results if one["result"] not in ("OK", "SKIP", "EXPECTEDFAIL")]
    skipped = [one for one in results if one["result"] == "SKIP"]
    passed = len(results) - len(bad) - len(skipped)
    wrong = len(bad) + (len(results) != len(tests))
    print(f"{args.label}: built in {built - begin:.0f} s; {passed} test programs passed, {wrong} failed, {len(skipped)} skipped "
          f"in {time.monotonic() - built:.0f} s")
    if wrong:
        print(done.stdout[-8000:])
    if len(results) != len(tests):
        print(f"FAILED   {args.label}: {len(tests)} tests are listed, {len(results)} ran")
    for one in bad:
        print(f"FAILED   {args.label}: {one['name'].split(' / ')[-1]} ({one['result'].lower()})")
    for one in skipped:
        reason = (one.get("stdout") or "").strip().splitlines()
        print(f"skipped  {args.label}: {one['name'].split(' / ')[-1]}: {reason[-1] if reason else 'no reason was given'}")
    print(f"counts {passed} {wrong} {len(skipped)}")
    return 0


sys.exit(main())
