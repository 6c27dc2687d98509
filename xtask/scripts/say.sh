# Sourced by the other scripts: how they speak, and how they install what is missing.

say() { printf '\033[1m→\033[0m %s\n' "$*" >&2; }
die() {
    printf '\033[31merror:\033[0m %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Debian's and Ubuntu's packages can be installed by us.
can_install() { [ "$(id -u)" = 0 ] && have apt-get; }

# install_packages REASON PACKAGE...: installs without starting any service that the packages bring.
install_packages() {
    local reason=$1 guard=/usr/sbin/policy-rc.d guarded= failed=
    shift
    can_install || die "$reason: the packages $* are missing. Install them, or run this as root on Debian or Ubuntu."
    say "Installing $* ($reason)"
    [ -n "${packages_listed:-}" ] || DEBIAN_FRONTEND=noninteractive apt-get update -qq || die "apt-get update failed"
    packages_listed=yes
    if [ ! -e "$guard" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod +x "$guard" && guarded=yes
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null || failed=yes
    [ -z "$guarded" ] || rm -f "$guard"
    [ -z "$failed" ] || die "apt-get could not install $*"
}

# Whether apt knows a package that can be installed.
package_exists() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }
