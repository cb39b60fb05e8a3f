#!/usr/bin/env python3
"""Ends 0 only when the program ran under the thread sanitizer and a data race was reported:
    expect_race.py PROGRAM ARGUMENT..."""
import os
import subprocess
import sys

REPORTED = 66
env = dict(os.environ, TSAN_OPTIONS=f"exitcode={REPORTED}")
done = subprocess.run(sys.argv[1:], capture_output=True, text=True, env=env)
found = done.returncode == REPORTED and "WARNING: ThreadSanitizer: data race" in done.stderr
print(f"{' '.join(sys.argv[1:])} ended {done.returncode}: the planted race was {'' if found else 'NOT '}reported")
if not found:
    print(done.stderr)
sys.exit(not found)
