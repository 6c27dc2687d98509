#!/usr/bin/env bash
# bench.sh [GROUP…]: measures the optimised portal beside its peers and writes docs/BENCHMARKS.md; with groups (memory
# page render log viewer terminal apps) it measures only these and writes nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

export PATH="$HOME/.cargo/bin:$PATH"
# It would replace the flags of .cargo/config.toml.
unset RUSTFLAGS
target=${CARGO_TARGET_DIR:-$PWD/target}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gantry-bench
mkdir -p "$cache"

# The peers.
have nginx || install_packages "a peer of the benchmarks" nginx-light
have wrk || install_packages "requests for the benchmarks" wrk
GANTRY_BENCH_PYTHON=$cache/terminado/bin/python
if ! "$GANTRY_BENCH_PYTHON" -c 'import terminado' 2>/dev/null; then
    python3 -m venv "$cache/terminado" 2>/dev/null ||
        { install_packages "a peer of the benchmarks" python3-venv && python3 -m venv --clear "$cache/terminado"; }
    say "Installing terminado from PyPI"
    "$GANTRY_BENCH_PYTHON" -m pip install --quiet --disable-pip-version-check terminado==0.18.1
fi
GANTRY_BENCH_COCKPIT=$cache/cockpit-podman/usr/share/cockpit/podman
if ! [ -f "$GANTRY_BENCH_COCKPIT/index.js.gz" ]; then
    say "Downloading cockpit-podman, which is not installed"
    (cd "$cache" && apt-get -qq -o APT::Sandbox::User=root download cockpit-podman && dpkg-deb -x cockpit-podman_*.deb cockpit-podman) ||
        say "it could not be had: its stated size is used"
fi
GANTRY_BENCH_COCKPIT_VERSION=$(cd "$cache" && echo cockpit-podman_*.deb | cut -d _ -f 2)
[ "$GANTRY_BENCH_COCKPIT_VERSION" != '*.deb' ] || GANTRY_BENCH_COCKPIT_VERSION="67 (as stated)"

# The browser.
GANTRY_TEST_CHROMIUM=$(xtask/scripts/chromium-for-tests.sh)
stamp=node_modules/.gantry-stamp
(cd end2end && { cmp -s package-lock.json $stamp ||
    { npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json $stamp; }; })

# The portal last: building the benchmark leaves a gantry that was compiled with the tests' features.
xtask/scripts/compiler.sh
say "Building the benchmarks"
bench=$(cargo bench --quiet --package gantry-server --bench portal --no-run --message-format=json |
    grep '"kind":\["bench"\]' | grep -o '"executable":"[^"]*"' | cut -d '"' -f 4)
say "Building the portal"
cargo xtask build --release
GANTRY_BENCH_BINARY=$target/release/gantry

folder=$(mktemp -d "${TMPDIR:-/tmp}/gantry.XXXXXX")
chmod 711 "$folder"
remove() {
    trap '' INT TERM HUP
    [ ! -d "$folder/engine" ] || xtask/scripts/engine-for-tests.sh stop "$folder/engine"
    rm -rf "$folder"
}
trap remove EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
if [ -z "${GANTRY_TEST_DOCKER_HOST:-}" ]; then
    GANTRY_TEST_DOCKER_HOST=$(xtask/scripts/engine-for-tests.sh start "$folder/engine")
else
    DOCKER_HOST=$GANTRY_TEST_DOCKER_HOST xtask/scripts/test-images.sh
fi
export GANTRY_BENCH_BINARY GANTRY_BENCH_PYTHON GANTRY_BENCH_COCKPIT GANTRY_BENCH_COCKPIT_VERSION
export GANTRY_TEST_CHROMIUM GANTRY_TEST_DOCKER_HOST
"$bench" "$@"
