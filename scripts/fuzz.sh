#!/usr/bin/env bash
# Fuzzes the parsers with clang's libFuzzer under ASan and UBSan, from the committed seeds and regressions.
#
#   scripts/fuzz.sh [TARGET[,TARGET...]|all] [SECONDS]      default all, 60 seconds each; of CPU time, not of the clock
#
# Prints for each target what it began from, how many inputs ran, how many edges of the code were reached, and the
# CPU time. What was found new is kept in build-fuzz/corpus for the next run. An input that breaks something is
# written to build-fuzz/found; it belongs into tests/fuzz/regress/TARGET, with the repair. Ends 1 when there is one.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
wanted=${1:-all} budget=${2:-60}
dir=$build-fuzz
# shellcheck disable=SC2086
install_packages $build_packages clang libclang-rt-14-dev
CC=clang configure "$dir" --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true
mapfile -t targets < <(tr , '\n' <<<"$wanted")
[ "$wanted" != all ] || mapfile -t targets < <(sed -n "s/^  '\([a-z0-9]*\)': \[.*/\1/p" "$top/tests/fuzz/meson.build")
ninja -C "$dir" --quiet tests/fuzz/seeds "${targets[@]/#/tests/fuzz/fuzz-}"

# files DIR...: how many there are in these folders that exist.
files() { find "$@" -type f 2>/dev/null | wc -l; }

# run TARGET: in rounds by the clock, until the CPU time is used up; `cpu` is what it took.
run() {
    local target=$1 round=0 code=0 took
    cpu=0
    : >"$log"
    while [ "$cpu" -lt "$budget" ] && [ "$code" -eq 0 ]; do
        round=$((round + 1))
        took=$({ TIMEFORMAT='%U %S'; time "$dir/tests/fuzz/fuzz-$target" -max_total_time=$((budget - cpu)) -timeout=20 \
            -rss_limit_mb=3072 -print_final_stats=1 -artifact_prefix="$found/" "$corpus" "${from[@]}" >>"$log" 2>&1; } 2>&1) ||
            code=$?
        cpu=$((cpu + $(awk '{ printf "%d", $1 + $2 + 0.999 }' <<<"$took")))
    done
    return $code
}

broken=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 # else it says what it found, goes on, and ends 0
for target in "${targets[@]}"; do
    corpus=$dir/corpus/$target found=$dir/found/$target log=$dir/fuzz-$target.log
    mkdir -p "$corpus" "$found"
    from=("$dir/tests/fuzz/seeds/$target")
    [ ! -d "$top/tests/fuzz/regress/$target" ] || from+=("$top/tests/fuzz/regress/$target")
    had=$(files "$corpus") seeds=$(files "${from[@]}")
    code=0
    run "$target" || code=$?
    edges=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d' ' -f2) || true
    all=$(sed -n 's/.*Loaded [0-9]* modules *(\([0-9]*\) inline 8-bit counters).*/\1/p' "$log" | head -n 1)
    ran=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | awk '{ sum += $1 } END { print sum }')
    printf '%-12s %11s inputs, %5s of %s edges, %5s s of CPU time; from %s seeds and %s kept inputs\n' "$target" \
        "${ran:-?}" "${edges:-?}" "${all:-?}" "$cpu" "$seeds" "$had"
    if [ "$code" -ne 0 ]; then
        broken=1
        grep -m 3 -E 'ERROR|SUMMARY|does not hold|runtime error' "$log" || tail -n 5 "$log"
        sed -n 's/^.*Test unit written to /  input: /p' "$log"
    fi
done
exit $broken
