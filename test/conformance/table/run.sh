#!/usr/bin/env bash
# `npm run conformance:table`: the tests of Python's azure-data-tables in all three styles of address, and its
# samples; prints the counts of all runs at the end and fails when one run does. Options go to every run.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The suite is obtained once for all rounds.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CONFORMANCE_TABLE=${CONFORMANCE_TABLE:-$scratch/python}

failed=0
for run in 'path' 'host' 'cosmos' 'host --samples'; do
  echo "── $run"
  # The words are options.
  # shellcheck disable=SC2086
  "$here/python.sh" --style $run "$@" | tee "$scratch/output"
  code=${PIPESTATUS[0]}
  verdict=green
  [ "$code" -eq 0 ] || { verdict=RED failed=1; }
  while IFS= read -r line; do
    printf '%-5s  %s\n' "$verdict" "$line" >>"$scratch/summary"
  done < <(grep -E '^azure-data-tables \(Python\), ' "$scratch/output" || echo "$run: no result")
done

echo '── all'
cat "$scratch/summary"
exit "$failed"
