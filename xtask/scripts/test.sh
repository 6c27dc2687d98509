#!/usr/bin/env bash
# test.sh [lint|unit|rust|fuzz|browser|gallery]…: every check of the project (lint, rust, fuzz, browser), or only the
# named parts.
# `unit` is the part of `rust` that needs no engine and no database; `gallery` makes docs/screenshots.
set -euo pipefail
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

if [ $# = 0 ]; then
    set -- lint rust fuzz browser
fi
export PATH="$HOME/.cargo/bin:$PATH"
# It would replace the flags of .cargo/config.toml.
unset RUSTFLAGS
target=${CARGO_TARGET_DIR:-$PWD/target}
began=$SECONDS

part() {
    local start=$SECONDS
    say "$1"
    shift
    "$@" || die "failed: $*"
    say "… $((SECONDS - start)) s"
}

lint() {
    part "Formatting" cargo fmt --all --check
    part "Lints, native" cargo clippy --quiet --workspace --all-targets -- -D warnings
    part "Lints, browser" cargo clippy --quiet --package gantry-app --package gantry-api --features gantry-app/hydrate --lib \
        --target wasm32-unknown-unknown --profile wasm-dev -- -D warnings
    part "Licences and unused dependencies" cargo xtask check
    part "Tidiness" cargo test --quiet --package xtask
}

# The tests' own build of the server, so that its dependencies are compiled once, with the features that tests want too.
# Ignored are the tests that want the services started here. A test that passes only the second time is named as flaky at
# the end, to be mended; it does not stop a gate that nobody watches.
rust_tests() {
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace --exclude xtask --no-fail-fast --retries 1 --status-level slow --run-ignored all
    else
        cargo test --workspace --exclude xtask --no-fail-fast -- --include-ignored
    fi
}

browser_tests() (
    local stamp=node_modules/.gantry-stamp
    cd end2end
    if ! cmp -s package-lock.json "$stamp"; then
        npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json "$stamp" || exit
    fi
    node_modules/.bin/tsc --noEmit && node_modules/.bin/playwright test "$@"
)

# What `with-services.sh` calls back.
if [ "$1" = with-services ]; then
    shift
    for name; do
        case $name in
        rust) part "Tests in Rust" rust_tests ;;
        fuzz) part "Fuzz of the API" xtask/scripts/fuzz.sh ;;
        browser) part "Tests in the browser" browser_tests ;;
        gallery) part "Pictures of every page" browser_tests --config gallery.config.ts ;;
        esac
    done
    exit 0
fi

with_services=()
for name; do
    case $name in
    lint | unit) ;;
    rust | fuzz | browser | gallery) with_services+=("$name") ;;
    *) die "test.sh knows lint, unit, rust, fuzz, browser and gallery, not $name" ;;
    esac
done

unit_tests() {
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace --exclude xtask --lib --no-fail-fast --status-level slow
    else
        cargo test --workspace --exclude xtask --lib --no-fail-fast
    fi
}

xtask/scripts/compiler.sh lint
case " $* " in *" lint "*) lint ;; esac
case " $* " in *" unit "*) part "Unit tests" unit_tests ;; esac
if [ ${#with_services[@]} != 0 ]; then
    part "Building the browser half" cargo xtask site
    case " $* " in *" fuzz "* | *" browser "* | *" gallery "*)
        part "Building the server" cargo build --quiet --workspace --exclude xtask --lib --bins --tests
        export GANTRY_TEST_BINARY=$target/debug/gantry
        ;;
    esac
    case " $* " in *" browser "* | *" gallery "*)
        GANTRY_TEST_CHROMIUM=$(xtask/scripts/chromium-for-tests.sh)
        export GANTRY_TEST_CHROMIUM
        ;;
    esac
    if [ "${with_services[*]}" = fuzz ]; then
        # It stands beside the tests that need services, and needs none.
        "$0" with-services fuzz
    else
        xtask/scripts/with-services.sh "$0" with-services "${with_services[@]}"
    fi
fi
say "Everything passed, in $((SECONDS - began)) s"
