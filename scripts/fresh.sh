#!/usr/bin/env bash
# The README's two commands on a machine that has nothing: debootstraps a bare Debian 12 into a temporary folder,
# clones the last commit into it, and runs scripts/run.sh and scripts/test.sh there. Ends as they end.
#
#   scripts/fresh.sh        needs root and debootstrap; half an hour, and 4 GB where TMPDIR is
#
# Packages come from where this machine's apt takes Debian's from, with its settings for proxies. Everything mounted
# lives in a namespace of its own and goes with it; the folder is removed at the end, however that comes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
release=bookworm

[ $# -eq 0 ] || { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ "$(id -u)" -eq 0 ] || { echo "scripts/fresh.sh needs root: it makes a root folder and enters it" >&2; exit 2; }
install_packages debootstrap git ca-certificates

# sources: a line of sources.list for every suite of this release that this machine knows.
sources() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk -v release="$release" '$1 == "Debian" && index($3, release) == 1 { print "deb " $2 " " $3 " main" }' | sort -u
}
mirror=$(sources | awk -v release="$release" '$3 == release { print $2; exit }')
[ -n "$mirror" ] || { echo "apt on this machine knows no mirror of Debian $release: run apt-get update" >&2; exit 2; }

work=$(mktemp -d)
root=$work/root child=

# end: nothing of this goes on, and nothing of it stays. A namespace's first process takes all others with it, and is
# gone only when they are; before that the folder could not be removed.
end() {
    local first
    if [ -n "$child" ]; then
        first=$(tr -d ' ' <"/proc/$child/task/$child/children") || true
        kill -KILL "${first:-$child}" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    rm -rf --one-file-system "$work"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

# apart COMMAND...: with mounts and processes of its own. Waited for, so that a signal is heeded at once.
apart() {
    local code=0
    unshare --mount --pid --fork --kill-child "$@" &
    child=$!
    wait "$child" || code=$?
    child=
    return $code
}

say "a bare Debian $release"
apart debootstrap --variant=minbase --include=ca-certificates "$release" "$root" "$mirror" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
sources >"$root/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(http|https|Retries|Check-)' >"$root/etc/apt/apt.conf.d/80machine" || true
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -d /usr/local/share/ca-certificates ] || cp -RL /usr/local/share/ca-certificates "$root/usr/local/share/"

say "a clone of $(git -C "$top" log -1 --format='%h %s')"
[ -z "$(git -C "$top" status --porcelain)" ] || echo "what is not committed is not part of it"
git clone --quiet --no-hardlinks "$top" "$root/plimsoll"

# inside COMMAND: in the clone, as somebody who has just installed Debian; nothing of this shell's environment but proxies.
inside() {
    local keep=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8) name
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [ -z "${!name:-}" ] || keep+=("$name=${!name}")
    done
    # shellcheck disable=SC2016
    apart sh -ec '
        mount --make-rprivate /
        mount -t proc proc "$0/proc"
        mount --rbind /sys "$0/sys"
        mount --rbind /dev "$0/dev"
        root=$0
        exec chroot "$root" env -i "$@"' "$root" "${keep[@]}" sh -c "update-ca-certificates >/dev/null 2>&1; cd /plimsoll && $1"
}
for command in "scripts/run.sh" "scripts/test.sh"; do
    say "$command"
    inside "$command"
done
say "both commands ended well on a bare machine"
