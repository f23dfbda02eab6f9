#!/bin/sh
# test.sh - installs what the tests need, builds, runs everything, says what it found.
#
# contrib/test.sh [PRESET...]: by default release (gcc, -O2) with every test, then debug
# (gcc, -O0) and asan (clang, ASan and UBSan) with the unit and fuzz tests.
set -eu
cd "$(dirname "$0")/.."
. contrib/common.sh

# shellcheck disable=SC2086 # a list of package names
need $BUILD_PACKAGES libcmocka-dev clang-14 clang clang-tidy-14 clang-format-14 \
    libclang-rt-14-dev python3-pytest python3-jsonschema iproute2 iputils-ping curl \
    gdb strace mandoc procps qemu-system-x86 linux-image-amd64 busybox-static cpio

jobs=$(nproc)
failed=
for preset in ${*:-release debug asan}; do
    say "building $preset"
    cmake --preset "$preset" -G Ninja >/dev/null
    cmake --build --preset "$preset" -j "$jobs" >build/"$preset"/build.log 2>&1 || {
        tail -n 60 build/"$preset"/build.log
        die "the $preset build failed"
    }
    say "testing $preset"
    only=
    [ "$preset" = release ] || only='-R ^(unit|fuzz|golden|check)\.'
    # shellcheck disable=SC2086 # an option and its value, or nothing
    ctest --preset "$preset" $only --no-tests=error || failed="$failed $preset"
done

skipped=$(find build -name 'skipped*.txt' -exec cat {} + 2>/dev/null | sed '/^$/d')
say "skipped tests: $(printf '%s' "$skipped" | grep -c . || true)"
[ -z "$skipped" ] || printf '%s\n' "$skipped"

[ -z "$failed" ] || die "tests failed in:$failed"
say "all tests passed"
