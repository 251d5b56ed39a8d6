#!/usr/bin/env bash
# `npm run conformance:cosmos`: the vendors' suites for the Cosmos door, one after another, first with one physical
# partition a container, then with five; prints the counts of all runs at the end and fails when one run does.
# Options go to every run (`--wrong all`, `--only NAME`); `--partitions N` makes it one round with that number.
# CONFORMANCE_MARKS chooses the tests of Python's suite as its `--marks` does.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../rounds.sh
source "$here/../rounds.sh"

# Python's suite is obtained once for all rounds.
export CONFORMANCE_PYTHON=${CONFORMANCE_PYTHON:-$rounds/python}

partition_counts=(1 5)
for option in "$@"; do
  case $option in --partitions | --partitions=*) partition_counts=('') ;; esac
done

for partitions in "${partition_counts[@]}"; do
  for run in go python 'python --async'; do
    suite=${run%% *}
    options=("$@")
    [ -n "$partitions" ] && options+=(--partitions "$partitions")
    [ "$suite" = python ] && [ -n "${CONFORMANCE_MARKS:-}" ] && options+=(--marks "$CONFORMANCE_MARKS")
    [ "$run" = "$suite" ] || options+=("${run#* }")
    round "$run${partitions:+, partitions: $partitions}" '^[a-z-]+ \((Go|Python)\): ' "$here/$suite.sh" "${options[@]}"
  done
done
end_rounds 'tests that asked the server something'
