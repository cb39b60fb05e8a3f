#!/usr/bin/env bash
# The whole path beside plain scanning and Suricata, in one run on one pinned core:
#
#   scripts/bench.sh [RUNS]       default 5; needs the shared corpora (mix-dev and the ET Open rules)
#
# bare: one literal per rule, one Hyperscan database, streaming over every payload byte; bare4: those of at
# least four bytes. path: `plimsoll replay` with one worker. Suricata: version 7 of Debian's backports, where it is
# installed. Rules: all; those that this build loads; none. And what a packet of 64 bytes costs beside the memory it
# touches. Prints tables in Markdown; docs/BENCHMARKS.md keeps the last ones.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
runs=${1:-5}
# shellcheck disable=SC2086
install_packages $build_packages
configure "$build" --buildtype=release
ninja -C "$build" --quiet app/plimsoll ledger/plimsoll-sealer bench/bare bench/packets >&2
corpora=$("$top/scripts/corpora.sh" 2>/dev/null) || { echo "needs the shared corpora" >&2; exit 3; }
exec python3 "$top/bench/compare.py" --plimsoll "$build/app/plimsoll" --bare "$build/bench/bare" \
    --packets "$build/bench/packets" --runs "$runs" --classes "$corpora/rules-et-open/rules/classification.config" \
    --capture "$corpora/mix/mix-dev.pcap" "$corpora"/rules-et-open/rules/*.rules
