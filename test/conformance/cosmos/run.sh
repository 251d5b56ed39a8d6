#!/usr/bin/env bash
# `npm run conformance:cosmos`: the vendors' suites for the Cosmos door, one after another; fails when one does.
# Options go to both: `--partitions 5`, `--wrong all`.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

failed=0
for suite in go python; do
  echo "── $suite"
  "$here/$suite.sh" "$@" || failed=1
done
exit "$failed"
