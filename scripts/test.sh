#!/usr/bin/env bash
# Builds with gcc (warnings are errors) and with ASan+UBSan, and runs the tests.
#
#   scripts/test.sh [--full]
#
# Default tier: layers, unit tests (plain and sanitized), system tests on exercises and on a sample of the
# shared captures. --full adds every shared capture, every byte of a ledger, and the mutations of the code.
# Tests that need tshark or the shared corpora are skipped where these cannot be had; each skip is
# printed with its reason at the end.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
full=
[ "${1:-}" = --full ] && full=--full

passed=0 failed=0 skipped=0
results=()

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

# unit DIR: build everything in a build directory and count each meson test.
unit() {
    local dir=$1 label=$2 line
    say "building $label"
    ninja -C "$dir" --quiet 2>&1 | tail -n 60 || { failed=$((failed + 1)); results+=("FAILED   build $label"); return; }
    if ! ninja -C "$dir" --quiet >/dev/null 2>&1; then
        failed=$((failed + 1)); results+=("FAILED   build $label"); return
    fi
    meson test -C "$dir" --no-rebuild --num-processes 2 --print-errorlogs >"$dir/test.log" 2>&1
    passed=$((passed + $(sed -n 's/^Ok: *//p' "$dir/test.log")))
    skipped=$((skipped + $(sed -n 's/^Skipped: *//p' "$dir/test.log")))
    local bad=$(($(sed -n 's/^Fail: *//p' "$dir/test.log") + $(sed -n 's/^Timeout: *//p' "$dir/test.log")))
    failed=$((failed + bad))
    echo "$label: $(sed -n 's/^Ok: *//p' "$dir/test.log") unit test programs passed, $bad failed"
    if [ "$bad" -gt 0 ]; then
        results+=("FAILED   $bad unit test programs ($label)")
        tail -n 80 "$dir/test.log"
    fi
    while read -r line; do results+=("skipped  $label: $line"); done < <(grep -E ' SKIP ' "$dir/test.log")
}

# shellcheck disable=SC2086
install_packages $build_packages || exit 1
# shellcheck disable=SC2086
install_packages $test_packages || echo "test packages could not be installed; what needs them is skipped"
corpora=$("$top/scripts/corpora.sh" 2>/tmp/plimsoll-corpora.$$) || corpora=
[ -n "$corpora" ] || results+=("note     shared corpora: $(tail -n 1 /tmp/plimsoll-corpora.$$)")
rm -f /tmp/plimsoll-corpora.$$

check "layers (who includes whom)" python3 "$top/scripts/check_layers.py"
configure "$build" --buildtype=release || exit 1
configure "$build-asan" --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false || exit 1
unit "$build" "gcc"
unit "$build-asan" "gcc, ASan+UBSan"

export PLIMSOLL=$build/app/plimsoll PLIMSOLL_ASAN=$build-asan/app/plimsoll PLIMSOLL_TOP=$top PLIMSOLL_CORPORA=$corpora
for script in "$top"/tests/system/*_test.py; do
    check "system/$(basename "$script" .py)" python3 "$script" $full
done

echo
for line in "${results[@]}"; do echo "$line"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
