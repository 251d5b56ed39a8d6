#!/usr/bin/env bash
# Tests against a real log engine: nats-server with JetStream. Installs the server through the Go module proxy when
# it is missing; everything it writes lives in one temporary directory that is removed at the end.
set -euo pipefail

release=v2.15.2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

server=${NATS_SERVER:-}
if [ -z "$server" ]; then
  server=$(command -v nats-server || true)
  gobin=$(command -v go >/dev/null && { go env GOBIN | grep . || echo "$(go env GOPATH)/bin"; } || echo "$HOME/go/bin")
  [ -x "$gobin/nats-server" ] && server=$gobin/nats-server
  if [ -z "$server" ]; then
    command -v go >/dev/null || { echo "nats-server $release is needed: install it or Go, or set NATS_SERVER" >&2; exit 1; }
    echo "installing nats-server $release (about two minutes)"
    GOFLAGS=-buildvcs=false go install "github.com/nats-io/nats-server/v2@$release"
    server=$gobin/nats-server
  fi
fi

scratch=$(mktemp -d)
children() { cat "$scratch"/*/server.pid 2>/dev/null || true; }
cleanup() {
  # The tests stop their servers; what an interrupted run left behind ends here, by its own process id.
  for pid in $(children); do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap cleanup EXIT

export NATS_SERVER="$server" MERIDIAN_CLUSTER_DIR="$scratch"
"$server" --version
cd "$root"
node node_modules/vitest/vitest.mjs run --config test/cluster/vitest.config.ts "$@"
