#!/usr/bin/env bash
# From a clean clone to a verified ledger: installs what is missing, builds, makes the exercise, replays it
# under the example accord, shows the screen, and verifies the ledger with keys kept outside it.
#
#   scripts/run.sh [SEED]        results go to build/exercise (a new ledger each time)
set -euo pipefail
. "$(dirname "$0")/lib.sh"
seed=${1:-1}

# shellcheck disable=SC2086
install_packages $build_packages
configure "$build" --buildtype=release
say "building"
ninja -C "$build" --quiet app/plimsoll ledger/plimsoll-sealer

plimsoll=$build/app/plimsoll
accords=$top/rules/packs/accords
work=$build/exercise
rm -rf "$work"
mkdir -p "$work/keys"
keys=(--ledger-key "$work/keys/ledger.key" --ledger-secret "$work/keys/ledger.secret")

say "the accord, and who signed it"
"$plimsoll" accord check "$accords/example-grid.yaml" --party amber
"$plimsoll" accord verify "$accords/example-grid.yaml" --note "$accords/example-grid.note"

for twin in "" "--benign"; do
    name=grid${twin:+-benign}
    say "exercise grid --seed $seed $twin"
    # shellcheck disable=SC2086
    "$plimsoll" exercise grid --seed "$seed" $twin -o "$work/$name.pcapng"
    "$plimsoll" replay "$work/$name.pcapng" --accord "$accords/example-grid.yaml" --party amber \
        --clock-error 1ms --ledger "$work/$name.ledger" "${keys[@]}"
done

say "verifying the ledger with keys from outside it"
mapfile -t vkeys < <("$plimsoll" replay "$work/grid.pcapng" --accord "$accords/example-grid.yaml" --party amber \
    --clock-error 1ms --ledger "$work/grid.ledger" "${keys[@]}" | sed -n 's/^ *\(keys\)\{0,1\} *\([^ ]*+[0-9a-f]\{8\}+[A-Za-z0-9+\/=]*\)$/\2/p')
verify=()
for vkey in "${vkeys[@]}"; do
    verify+=(--key "$vkey")
done
"$plimsoll" ledger verify "$work/grid.ledger" "${verify[@]}"
