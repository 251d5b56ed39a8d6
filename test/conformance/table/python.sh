#!/usr/bin/env bash
# The tests of Python's azure-data-tables against a Meridian of this tree. Its source distribution comes from PyPI at
# run time and lives in a temporary directory; nothing of it is kept here. See `python.mjs` for options.
# CONFORMANCE_TABLE may name a directory in which the obtained suite is kept between runs.
set -euo pipefail

release=12.7.0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

command -v python3 >/dev/null || { echo "python3 is needed to run this suite" >&2; exit 1; }

scratch=${CONFORMANCE_TABLE:-}
if [ -z "$scratch" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
fi
mkdir -p "$scratch"

if [ ! -e "$scratch/complete" ]; then
  python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" install -q -r "$here/requirements.txt"
  "$scratch/venv/bin/pip" download -q --no-deps --no-binary :all: "azure-data-tables==$release" -d "$scratch"
  "$scratch/venv/bin/pip" install -q "$scratch"/azure[_-]data[_-]tables-"$release".tar.gz
  mkdir "$scratch/suite"
  tar -xzf "$scratch"/azure[_-]data[_-]tables-"$release".tar.gz -C "$scratch/suite" --strip-components 1
  # The tests are to import the installed client, not the one beside them.
  rm -rf "$scratch/suite/azure"
  touch "$scratch/complete"
fi

# Not exec: the directory must go at the end.
node "$here/python.mjs" "$scratch" "$@"
