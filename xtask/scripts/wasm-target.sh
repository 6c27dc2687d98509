#!/usr/bin/env bash
# Makes `--target wasm32-unknown-unknown` work with the pinned toolchain: by rustup, or, where the Rust project's
# server is out of reach, by building that target's standard library from Debian's source of the same compiler.
set -euo pipefail
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

target=wasm32-unknown-unknown
sysroot=$(rustc --print sysroot)
installed=$sysroot/lib/rustlib/$target
release=$(rustc --version --verbose | sed -n 's/^release: //p')
# Written beside a library that this script built, so that it never takes rustup's for its own.
mark=$installed/built-from-debian-source
scratch=

links() {
    local probe result=0
    probe=$(mktemp -d)
    echo 'use std::collections::BTreeMap;
#[unsafe(no_mangle)] pub extern "C" fn sum(n: u32) -> usize {
    (0..n).map(|i| (i, i.to_string())).collect::<BTreeMap<_, _>>().values().map(String::len).sum()
}' | rustc --edition 2024 --target $target --crate-type cdylib -o "$probe/probe.wasm" - >/dev/null 2>&1 || result=1
    rm -rf "$probe"
    return $result
}

# Leaves the standard library's source in $scratch/library.
fetch_source() {
    if [ -d "$sysroot/lib/rustlib/src/rust/library" ]; then
        cp -rL "$sysroot/lib/rustlib/src/rust/library" "$scratch/"
        return
    fi
    have apt-get && have dpkg-deb ||
        die "no way to get $target here: run \`rustup target add $target\` where the network allows it"
    local mirror lists=$scratch/apt suite package version file
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)
    mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial" "$lists/parts"
    # Lists of our own: the machine's sources stay as they are, and signatures are still checked.
    local options=(-qq -o "Dir::Etc::sourcelist=$lists/sources.list" -o "Dir::Etc::sourceparts=$lists/parts"
        -o "Dir::State::lists=$lists/lists" -o "Dir::Cache=$lists/cache" -o APT::Sandbox::User=root
        -o Acquire::Languages=none)
    for suite in trixie trixie-backports forky sid; do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$lists/sources.list"
        apt-get "${options[@]}" update >/dev/null 2>&1 || continue
        for package in rust-src rust-web-src; do
            version=$(apt-cache "${options[@]}" madison $package 2>/dev/null | awk -F ' *[|] *' '{ print $2 }' |
                grep -m 1 "^${release//./\\.}+" || true)
            [ -n "$version" ] || continue
            say "Downloading $package $version (Debian $suite)"
            (cd "$scratch" && apt-get "${options[@]}" download "$package=$version" >/dev/null) || continue
            file=$(echo "$scratch/$package"_*.deb)
            dpkg-deb --fsys-tarfile "$file" |
                tar -x -C "$scratch" --strip-components=4 --wildcards './usr/src/rustc-*/library/*'
            return
        done
    done
    die "no Debian suite carries the source of rustc $release: run \`rustup target add $target\` elsewhere and copy $installed"
}

build_library() {
    say "Building the standard library for $target (about half a minute)"
    # As rustc's own build does it: unstable features are open to this one build, std's own dependencies stay hidden.
    env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET -u RUSTC_WRAPPER \
        RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=gantry-wasm-std CARGO_TARGET_DIR="$scratch/target" \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_DEBUG=0 \
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes" \
        cargo build --quiet --release --locked --target $target --manifest-path "$scratch/library/sysroot/Cargo.toml"
    mkdir -p "$scratch/lib/lib"
    cp "$scratch/target/$target/release/deps"/lib*.rlib "$scratch/lib/lib/"
    rm -f "$scratch/lib/lib"/libsysroot-*.rlib
    touch "$scratch/lib/$(basename "$mark")"
    rm -rf "$installed"
    cp -r "$scratch/lib" "$installed" || die "$installed cannot be written: run this as the toolchain's owner"
}

links && exit 0
[ ! -f "$mark" ] || rm -rf "$installed"
if have rustup; then
    say "Adding the target $target to the Rust toolchain"
    if timeout 180 rustup target add $target >/dev/null 2>&1 && links; then exit 0; fi
    say "rustup could not add it"
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fetch_source
build_library
links || die "the standard library for $target was built but does not link"
