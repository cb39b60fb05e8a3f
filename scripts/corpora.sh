#!/usr/bin/env bash
# Unpacks the shared corpora once into the cache folder outside the tree and prints that folder.
# The corpora are found at PLIMSOLL_SHARED (default: shared/ beside the project). Ends 3 with the reason
# where they are not there: what needs them is then skipped.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
if [ ! -x "$shared/corpora/unpack.sh" ]; then
    echo "no corpora at $shared/corpora (PLIMSOLL_SHARED says where they are)" >&2
    exit 3
fi
install_packages zstd python3 >&2
mkdir -p "$cache"
sh "$shared/corpora/unpack.sh" "$cache/corpora" >&2
echo "$cache/corpora"
