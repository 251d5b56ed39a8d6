#!/usr/bin/env bash
# `npm run conformance:table`: the tests of Python's azure-data-tables in all three styles of address, and its
# samples; prints the counts of all runs at the end and fails when one run does. Options go to every run.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../rounds.sh
source "$here/../rounds.sh"

# The suite is obtained once for all rounds.
export CONFORMANCE_PYTHON=${CONFORMANCE_PYTHON:-$rounds/python}

for run in 'path' 'host' 'cosmos' 'host --samples'; do
  # The words are options.
  # shellcheck disable=SC2086
  round "$run" '^azure-data-tables \(Python\), ' "$here/python.sh" --style $run "$@"
done
end_rounds 'all'
