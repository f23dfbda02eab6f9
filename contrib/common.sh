# common.sh - what the set-up scripts share; sourced, not run.

say()
{
    printf '==> %s\n' "$*"
}

die()
{
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# as_root COMMAND...: directly as root, else through sudo.
as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -E "$@"
    fi
}

# need PACKAGE...: installs what is missing, and only then talks to the network.
need()
{
    missing=
    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $p"
    done
    [ -z "$missing" ] && return 0
    say "installing:$missing"
    as_root apt-get update -qq
    # shellcheck disable=SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq \
        --no-install-recommends $missing >/dev/null
}

BUILD_PACKAGES='gcc libc6-dev cmake ninja-build pkg-config libjansson-dev
libseccomp-dev linux-libc-dev binutils python3'
