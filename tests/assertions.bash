# What the bats tests expect of a run: $status, and what it wrote to the files $out and $err.

# Left at once: "return 1" would only count where errexit is on.
fail() {
  echo "$*"
  exit 1
}

assert_equal() {
  [ "$1" = "$2" ] || fail "expected: $2, got: $1"
}

assert_status() {
  [ "$status" = "$1" ] || fail "expected status $1, got $status"
}

# Byte for byte, with the newline at its end.
assert_stdout() {
  printf '%s\n' "$1" | cmp - "$out" || fail "stdout is not exactly: $1"
}

assert_stderr_has() {
  grep -qE -- "$1" "$err" || fail "stderr has no $1"
}

assert_no_stderr() {
  [ ! -s "$err" ] || fail "stderr is not empty"
}

assert_stdout_has() {
  grep -qE -- "$1" "$out" || fail "stdout has no $1"
}

assert_no_stdout() {
  [ ! -s "$out" ] || fail "stdout is not empty"
}

refute_stderr_has() {
  ! grep -E -- "$1" "$err" || fail "stderr has $1"
}

assert_between() {
  if ! { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }; then
    fail "$1 is not between $2 and $3"
  fi
}
