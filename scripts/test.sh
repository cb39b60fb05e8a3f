#!/usr/bin/env bash
# Builds with gcc and with clang (warnings are errors), with ASan+UBSan and with TSan, and runs the tests.
#
#   scripts/test.sh [--full]
#
# Default tier: layers, generated pages, unit tests (plain, ASan+UBSan; base and correlate under TSan, where a
# planted race must be reported), system tests on exercises and on a sample of the shared captures.
# --full adds every shared capture, every byte of a ledger, and the mutations of the code.
# What needs clang, tshark, Suricata (from Debian's backports) or the shared corpora is skipped where these cannot be had; each skip is printed
# with its reason at the end.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
full=
if [ "${1:-}" = --full ]; then
    full=--full
    export PLIMSOLL_TEST_STEPS=10000000 PLIMSOLL_TEST_ENGINES=500
fi

passed=0 failed=0 skipped=0
results=()
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# check NAME COMMAND...: exit 0 passed, 77 skipped (the last line of output is the reason), else failed.
check() {
    local name=$1 out code start
    shift
    start=$SECONDS
    out=$("$@" 2>&1)
    code=$?
    case $code in
    0) passed=$((passed + 1)); echo "ok       $name ($((SECONDS - start)) s)" ;;
    77) skipped=$((skipped + 1)); results+=("skipped  $name: $(tail -n 1 <<<"$out")") ;;
    *) failed=$((failed + 1)); results+=("FAILED   $name"); echo "FAILED   $name"; tail -n 60 <<<"$out" ;;
    esac
}

# group LABEL COMMAND...: many tests at once, by a command that prints as scripts/unit_tests.py and system_tests.py do;
# add up what it counts, and keep for the end what failed or was skipped.
group() {
    local label=$1 line p f s
    shift
    say "$label"
    "$@" 2>&1 | tee "$said" | grep --line-buffered -vE '^(skipped|counts) '
    while read -r line; do results+=("$line"); done < <(grep -E '^(FAILED|skipped) ' "$said")
    if read -r _ p f s < <(tail -n 1 "$said" | grep -E '^counts [0-9]+ [0-9]+ [0-9]+$'); then
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    else
        failed=$((failed + 1))
        results+=("FAILED   $label: $(tail -n 1 "$said")")
    fi
}
unit() { group "$2" python3 "$top/scripts/unit_tests.py" "$@"; }

# shellcheck disable=SC2086
install_packages $build_packages || exit 1
# shellcheck disable=SC2086
install_packages $test_packages || echo "test packages could not be installed; what needs them is skipped"
install_backport suricata || echo "Suricata could not be installed; what needs it is skipped"
corpora=$("$top/scripts/corpora.sh" 2>"$said") || corpora=
[ -n "$corpora" ] || results+=("note     shared corpora: $(tail -n 1 "$said")")

check "layers (who includes whom)" python3 "$top/scripts/check_layers.py"
check "documentation (generated pages are fresh)" python3 "$top/scripts/check_docs.py"

# Each build makes only what its tests need; the one by clang everything, because its warnings are the test.
CC=gcc configure "$build" --buildtype=release || exit 1
CC=gcc configure "$build-asan" --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false || exit 1
CC=gcc configure "$build-tsan" --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false || exit 1
unit "$build" "gcc" --all
unit "$build-asan" "gcc, ASan+UBSan" --target app/plimsoll --target ledger/plimsoll-sealer --target tests/pipeline/capture-line
# Long programs of one thread cannot race; the other builds run them, and --full runs them here too.
one_thread=(correlate/accord_mutated correlate/key_shard correlate/schedule)
[ -z "$full" ] || one_thread=()
[ ${#one_thread[@]} -eq 0 ] || results+=("note     not under TSan, for they have one thread (--full): ${one_thread[*]}")
unit "$build-tsan" "gcc, TSan, base and correlate" --suite base --suite correlate --suite race "${one_thread[@]/#/--without=}"
if command -v clang >/dev/null; then
    CC=clang configure "$build-clang" --buildtype=release || exit 1
    unit "$build-clang" "clang" --all --suite fuzz
else
    skipped=$((skipped + 1))
    results+=("skipped  the build by clang: clang is not installed")
fi

export PLIMSOLL=$build/app/plimsoll PLIMSOLL_ASAN=$build-asan/app/plimsoll PLIMSOLL_TOP=$top PLIMSOLL_CORPORA=$corpora
group "system" python3 "$top/scripts/system_tests.py" $full

echo
for line in "${results[@]}"; do echo "$line"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
