#!/bin/sh
# quickstart.sh - installs what is missing, builds, boots a web server as a unikernel.
#
# The unikernel stands behind a tap in a network namespace of its own; its page is fetched
# with curl from inside that namespace. Everything is removed at the end.
set -eu
cd "$(dirname "$0")/.."
. contrib/common.sh

# shellcheck disable=SC2086 # a list of package names
need $BUILD_PACKAGES iproute2 curl
[ -e /dev/kvm ] || die "/dev/kvm is missing: load KVM (modprobe kvm_intel or kvm_amd)"
[ -e /dev/net/tun ] || die "/dev/net/tun is missing: modprobe tun"

say "building (release)"
cmake --preset release -G Ninja -DBUILD_TESTING=OFF >/dev/null
cmake --build --preset release >/dev/null
bin=build/release/monitor/exe/coracle-monitor
image=build/release/images/httpd.hvt

ns=coracle-quickstart-$$
log=$(mktemp -d)
pid=
cleanup()
{
    [ -z "$pid" ] || as_root kill "$pid" 2>/dev/null || true
    as_root ip netns del "$ns" 2>/dev/null || true
    rm -rf "$log"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

say "making network namespace $ns with a tap"
as_root ip netns add "$ns"
as_root ip -n "$ns" tuntap add tap0 mode tap
as_root ip -n "$ns" addr add 10.0.0.1/24 dev tap0
as_root ip -n "$ns" link set tap0 up

say "booting $image"
as_root ip netns exec "$ns" "$bin" --trace --mem 16M --net service=tap0 "$image" \
    --ipv4=10.0.0.2/24 >"$log/out" 2>"$log/err" &
pid=$!

say "fetching http://10.0.0.2/"
tries=0
until as_root ip netns exec "$ns" curl -sS -m 5 http://10.0.0.2/ >"$log/page" 2>"$log/curl"
do
    kill -0 "$pid" 2>/dev/null || { cat "$log/err" >&2; die "the monitor has ended"; }
    tries=$((tries + 1))
    [ "$tries" -lt 20 ] || { cat "$log/curl" >&2; die "no answer"; }
    sleep 0.1
done
cat "$log/page"

say "stopping it"
as_root kill -TERM "$pid"
wait "$pid" && status=0 || status=$?
pid=
sed -n 's/^coracle-monitor: trace:/   /p' "$log/err"
grep -q '<html' "$log/page" || die "that was no page"
[ "$status" = 143 ] || { cat "$log/err" >&2; die "the monitor ended with $status"; }
say "it works: a unikernel has booted, served a page, and is gone without a trace"
