#!/usr/bin/env bash
# `npm run conformance:cosmos`: the vendors' suites for the Cosmos door, one after another, first with one physical
# partition a container, then with five; prints the counts of all runs at the end and fails when one run does.
# Options go to every run (`--wrong all`, `--only NAME`); `--partitions N` makes it one round with that number.
# CONFORMANCE_MARKS chooses the tests of Python's suite as its `--marks` does.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Python's suite is obtained once for all rounds.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CONFORMANCE_PYTHON=${CONFORMANCE_PYTHON:-$scratch/python}

rounds=(1 5)
for option in "$@"; do
  case $option in --partitions | --partitions=*) rounds=('') ;; esac
done

failed=0
for partitions in "${rounds[@]}"; do
  for run in go python 'python --async'; do
    suite=${run%% *}
    options=("$@")
    [ -n "$partitions" ] && options+=(--partitions "$partitions")
    [ "$suite" = python ] && [ -n "${CONFORMANCE_MARKS:-}" ] && options+=(--marks "$CONFORMANCE_MARKS")
    [ "$run" = "$suite" ] || options+=("${run#* }")
    echo "── $run${partitions:+, partitions: $partitions}"
    "$here/$suite.sh" "${options[@]}" | tee "$scratch/output"
    code=${PIPESTATUS[0]}
    verdict=green
    [ "$code" -eq 0 ] || { verdict=RED failed=1; }
    while IFS= read -r line; do
      printf '%-5s  partitions %s  %s\n' "$verdict" "${partitions:--}" "$line" >>"$scratch/summary"
    done < <(grep -E '^[a-z-]+ \((Go|Python)\): ' "$scratch/output" || echo "$run: no result")
  done
done

echo '── tests that asked the server something'
cat "$scratch/summary"
exit "$failed"
