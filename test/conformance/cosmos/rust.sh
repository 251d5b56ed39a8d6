#!/usr/bin/env bash
# The emulator tests of Rust's azure_data_cosmos, and those of its driver crate, against a Meridian of this tree. The
# crates come from crates.io at run time; nothing of them is kept here. See `rust.mjs` for options.
#
# The build takes minutes with its one job: CONFORMANCE_RUST names a directory to keep it in between runs.
set -euo pipefail

release=1.1.0-beta.1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

command -v cargo >/dev/null || { echo "cargo is needed to run this suite" >&2; exit 1; }

if [ -n "${CONFORMANCE_RUST:-}" ]; then
  scratch=$CONFORMANCE_RUST
  mkdir -p "$scratch"
else
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
fi

# An empty package to fetch from, so that the versions are those named and their sums are checked.
if [ ! -d "$scratch/fetch" ]; then
  mkdir "$scratch/fetch"
  (cd "$scratch/fetch" && cargo init --quiet --name fetch . && cargo add --quiet "azure_data_cosmos@=$release" &&
    cargo fetch --quiet) || { echo "azure_data_cosmos $release could not be obtained" >&2; exit 1; }
fi

export CARGO_BUILD_JOBS=${CARGO_BUILD_JOBS:-1} CARGO_TARGET_DIR="$scratch/target"
export RUSTFLAGS='--cfg test_category="emulator"' CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_DEV_DEBUG=0

# build CRATE FEATURES TARGET…: the tests' programs, named in a file that the harness reads.
build() {
  local crate=$1 features=$2 source
  shift 2
  if [ ! -d "$scratch/$crate" ]; then
    source=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/src" -maxdepth 2 -type d -name "$crate-$release" | head -n 1)
    cp -R "$source" "$scratch/$crate"
  fi
  local targets=()
  for target in "$@"; do targets+=(--test "$target"); done
  (cd "$scratch/$crate" && cargo test --quiet --no-run --message-format json --features "$features" "${targets[@]}") |
    node -e '
      for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
        const { reason, executable, target } = line.startsWith("{") ? JSON.parse(line) : {};
        if (reason === "compiler-artifact" && executable) console.log(`${target.name} ${executable}`);
      }' >"$scratch/$crate.programs"
}

build azure_data_cosmos key_auth,control_plane,unstable_patch,fault_injection,unstable_opentelemetry emulator
build azure_data_cosmos_driver __internal_testing,fault_injection,unstable_patch emulator gateway_query_plan_comparison

# Not exec: the directory must go at the end.
node "$here/rust.mjs" "$scratch" "$@"
