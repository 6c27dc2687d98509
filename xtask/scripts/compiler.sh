#!/usr/bin/env bash
# Makes sure that Rust code compiles here: the pinned toolchain, a linker and C compiler, and the browser's target.
set -euo pipefail
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

export PATH="$HOME/.cargo/bin:$PATH"
have cargo || die "cargo is not installed. Install rustup (https://rustup.rs), then run this again."
have cc || install_packages "compiling and linking" gcc libc6-dev
if ! rustc --version >/dev/null 2>&1; then
    say "Installing the Rust toolchain that rust-toolchain.toml names"
    rustup toolchain install || die "the toolchain of rust-toolchain.toml could not be installed"
fi
if [ "${1:-}" = lint ] && ! cargo clippy --version >/dev/null 2>&1; then
    say "Adding clippy and rustfmt to the toolchain"
    rustup component add clippy rustfmt
fi
xtask/scripts/wasm-target.sh
