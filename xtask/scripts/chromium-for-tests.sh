#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests; installs Debian's when there is none.
set -euo pipefail
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

if [ -n "${GANTRY_TEST_CHROMIUM:-}" ]; then
    echo "$GANTRY_TEST_CHROMIUM"
    exit 0
fi
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    # Ubuntu's chromium-browser may be a stub that only asks for a snap.
    if have $name && $name --version >/dev/null 2>&1; then
        command -v $name
        exit 0
    fi
done
install_packages "the browser tests" chromium fonts-noto-cjk
command -v chromium || die "no Chromium was found. Install one and name it: GANTRY_TEST_CHROMIUM=/path/to/chrome make test"
