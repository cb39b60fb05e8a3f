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

is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# as_root COMMAND...: needs root only when it is called.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "neither root nor sudo: $*" >&2
        return 1
    fi
}

# install_packages NAME...: install those that are not there.
install_packages() {
    local missing=() name
    for name in "$@"; do
        is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "installing ${missing[*]}"
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# install_backport NAME: from Debian's backports, which stay unknown to this system, and no service is started.
install_backport() {
    is_installed "$1" && return 0
    local uri parts policy=/usr/sbin/policy-rc.d code=0
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
    [ -n "$uri" ] || return 1
    say "installing $1 from backports"
    parts=$(mktemp -d)
    cp /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list "$parts" 2>/dev/null || true
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri bookworm-backports main" >"$parts/backports.list"
    local apt=(apt-get -qq -o "Dir::Etc::sourceparts=$parts" -o APT::Get::List-Cleanup=0)
    if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy"; fi
    as_root "${apt[@]}" update &&
        as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends -t bookworm-backports "$1" >/dev/null ||
        code=1
    [ -z "$policy" ] || as_root rm -f "$policy"
    rm -rf "$parts"
    return $code
}

# configure DIR OPTION...: a build directory with these options, made once.
configure() {
    local dir=$1
    shift
    if [ ! -f "$dir/build.ninja" ]; then
        meson setup "$dir" "$top" "$@" >"$dir.log" 2>&1 || { mkdir -p "$dir"; cat "$dir.log" >&2; return 1; }
    fi
}
