#!/usr/bin/env bash
# `npm run conformance:table`: the tests of Python's azure-data-tables in all three styles of address; prints the counts
# of all runs at the end and fails when one run does. Options go to every run.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The suite is obtained once for all rounds.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CONFORMANCE_TABLE=${CONFORMANCE_TABLE:-$scratch/python}

failed=0
for style in path host cosmos; do
  echo "── $style"
  "$here/python.sh" --style "$style" "$@" | tee "$scratch/output"
  code=${PIPESTATUS[0]}
  verdict=green
  [ "$code" -eq 0 ] || { verdict=RED failed=1; }
  while IFS= read -r line; do
    printf '%-5s  %s\n' "$verdict" "$line" >>"$scratch/summary"
  done < <(grep -E '^azure-data-tables \(Python\), ' "$scratch/output" || echo "$style: no result")
done

echo '── all'
cat "$scratch/summary"
exit "$failed"
