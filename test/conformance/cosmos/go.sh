#!/usr/bin/env bash
# The emulator tests of Go's azcosmos against a Meridian of this tree. The module comes from the Go proxy at run time
# and lives in a temporary directory; nothing of it is kept here. See `go.mjs` for options.
set -euo pipefail

module=github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos
release=v1.4.2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

command -v go >/dev/null || { echo "go is needed to run this suite" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# An empty module to download from, so that the version is the one named and its sum is checked.
(cd "$scratch" && go mod init conformance && go mod download "$module@$release") >/dev/null 2>&1 ||
  { echo "$module $release could not be obtained from the Go proxy" >&2; exit 1; }
cp -R "$(go env GOMODCACHE)/github.com/!azure/azure-sdk-for-go/sdk/data/azcosmos@$release" "$scratch/suite"
chmod -R u+w "$scratch/suite"
(cd "$scratch/suite" && GOFLAGS=-mod=mod go test -c -o "$scratch/suite.test" .)

# Not exec: the directory must go at the end.
node "$here/go.mjs" "$scratch" "$@"
