#!/usr/bin/env bash
# The whole path beside plain scanning, in one run on one pinned core:
#
#   scripts/bench.sh [RUNS]       default 5; needs the shared corpora (mix-dev and the ET Open rules)
#
# bare: one literal per rule, one Hyperscan database, streaming over every payload byte; bare4: those of at
# least four bytes. path: `plimsoll replay` with one worker. Once with all rules, once with the rules that
# this build loads. Prints a table in Markdown; docs/BENCHMARKS.md keeps the last one.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
runs=${1:-5}
# shellcheck disable=SC2086
install_packages $build_packages
configure "$build" --buildtype=release
ninja -C "$build" --quiet app/plimsoll bench/bare >&2
corpora=$("$top/scripts/corpora.sh" 2>/dev/null) || { echo "needs the shared corpora" >&2; exit 3; }
exec python3 "$top/bench/compare.py" --plimsoll "$build/app/plimsoll" --bare "$build/bench/bare" --runs "$runs" \
    --capture "$corpora/mix/mix-dev.pcap" "$corpora"/rules-et-open/rules/*.rules
