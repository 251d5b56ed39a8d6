# What the Python suites share, to be sourced: how one is obtained. Its source distribution comes from PyPI at run time
# and lives in a temporary directory; nothing of it is kept here. CONFORMANCE_PYTHON may name a directory in which
# obtained suites are kept between runs.

# run_suite HARNESS PACKAGE RELEASE OPTION…: obtains the suite, and runs `python.mjs` of the directory HARNESS on it. What
# the tests need beside their client is in `requirements.txt` there.
run_suite() {
  local harness=$1 package=$2 release=$3 scratch
  shift 3

  command -v python3 >/dev/null || { echo "python3 is needed to run this suite" >&2; exit 1; }

  if [ -n "${CONFORMANCE_PYTHON:-}" ]; then
    scratch=$CONFORMANCE_PYTHON/$package-$release
  else
    scratch=$(mktemp -d)
    # Expanded here: the variable is gone when the shell ends.
    # shellcheck disable=SC2064
    trap "rm -rf '$scratch'" EXIT
  fi
  mkdir -p "$scratch"

  if [ ! -e "$scratch/complete" ]; then
    python3 -m venv "$scratch/venv"
    "$scratch/venv/bin/pip" install -q -r "$harness/requirements.txt"
    "$scratch/venv/bin/pip" download -q --no-deps --no-binary :all: "$package==$release" -d "$scratch"
    # The name of the file has dashes or underscores, by who built it.
    local archives=("$scratch"/*"-$release.tar.gz")
    "$scratch/venv/bin/pip" install -q "${archives[0]}"
    mkdir "$scratch/suite"
    tar -xzf "${archives[0]}" -C "$scratch/suite" --strip-components 1
    # The tests are to import the installed client, not the one beside them.
    rm -rf "$scratch/suite/azure"
    touch "$scratch/complete"
  fi

  # Not exec: the directory must go at the end.
  node "$harness/python.mjs" "$scratch" "$@"
}
