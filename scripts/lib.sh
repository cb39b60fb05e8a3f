# Shared by the scripts here: where things are, and installing what is missing. Sourced, not run.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${PLIMSOLL_BUILD:-$top/build}
cache=${PLIMSOLL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/plimsoll}
shared=${PLIMSOLL_SHARED:-$top/../shared}

build_packages="gcc libc6-dev meson ninja-build pkg-config python3 libdpdk-dev libhyperscan-dev liburcu-dev
  libcmocka-dev libyaml-dev libjansson-dev libssl-dev libxxhash-dev zlib1g-dev libzstd-dev libbrotli-dev
  libpcre2-dev libpcap-dev openssl"
test_packages="clang tshark wireshark-common zstd valgrind"

say() { printf '== %s\n' "$*"; }

# install_packages NAME...: install those that are not there. Needs root only if something is missing.
install_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "missing packages, and neither root nor sudo: ${missing[*]}" >&2; return 1; }
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# configure DIR OPTION...: a build directory with these options, made once.
configure() {
    local dir=$1
    shift
    if [ ! -f "$dir/build.ninja" ]; then
        meson setup "$dir" "$top" "$@" >"$dir.log" 2>&1 || { mkdir -p "$dir"; cat "$dir.log" >&2; return 1; }
    fi
}
