#!/usr/bin/env bash
# The tests of Python's azure-cosmos against a Meridian of this tree; see `python.mjs` for options.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../python/suite.sh
source "$here/../python/suite.sh"
run_suite "$here" azure-cosmos 4.17.1 "$@"
