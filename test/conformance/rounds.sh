# Several runs one after another, to be sourced: each is shown as it goes, and the lines that count its tests are
# repeated at the end.

rounds=$(mktemp -d)
trap 'rm -rf "$rounds"' EXIT
failed=0

# round TITLE PATTERN COMMAND…: lines of the command's output that match the pattern are its counts.
round() {
  local title=$1 pattern=$2 code verdict=green line
  shift 2
  echo "── $title"
  "$@" | tee "$rounds/output"
  code=${PIPESTATUS[0]}
  [ "$code" -eq 0 ] || { verdict=RED failed=1; }
  while IFS= read -r line; do
    printf '%-5s  %-30s  %s\n' "$verdict" "$title" "$line" >>"$rounds/summary"
  done < <(grep -E "$pattern" "$rounds/output" || echo 'no result')
}

# end_rounds TITLE: the counts of all, and the exit code.
end_rounds() {
  echo "── $1"
  cat "$rounds/summary"
  exit "$failed"
}
