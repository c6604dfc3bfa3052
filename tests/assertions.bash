# What the bats tests expect of a run: $status, and what it wrote to the files $out and $err.

# bats notes of every command where it stands, which takes longer than most commands do. For a failure to be found it is enough
# to know the lines of the tests themselves; those of what they load need not be noted.
notes=$(declare -f bats_debug_trap) || true
eval "${notes/\{/{ [[ \$1 != *.bash ]] || return 0;}"
unset notes

# Left at once: "return 1" would only count where errexit is on. The line that bats noted last is the one that failed.
fail() {
  echo "$*"
  BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
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

# sentences FILE: its text with whole sentences, of which the long ones are in several lines.
sentences() {
  sed -zE 's/([],:|])\r?\ntcr-run:   /\1 /g; s/\r?\ntcr-run:   /; /g' "$1"
}

assert_stderr_has() {
  grep -qE -- "$1" "$err" || sentences "$err" | grep -E -- "$1" > /dev/null || fail "stderr has no $1"
}

assert_no_stderr() {
  [ ! -s "$err" ] || fail "stderr is not empty"
}

assert_stdout_has() {
  grep -qE -- "$1" "$out" || sentences "$out" | grep -E -- "$1" > /dev/null || fail "stdout has no $1"
}

assert_no_stdout() {
  [ ! -s "$out" ] || fail "stdout is not empty"
}

refute_stderr_has() {
  ! sentences "$err" | grep -E -- "$1" || fail "stderr has $1"
}

assert_between() {
  if ! { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }; then
    fail "$1 is not between $2 and $3"
  fi
}

# assert_ms MS LEAST MOST: it took between LEAST and MOST. A machine that has much else to do gets as much more time as starting
# programs takes longer there than the 2 ms each that an idle one needs.
assert_ms() {
  local most=$3 begin spent
  if [ "$1" -gt "$most" ]; then
    begin=$(date +%s%N)
    for _ in {1..20}; do env true; done
    spent=$((($(date +%s%N) - begin) / 1000000))
    most=$((most * (1 + spent / 40)))
  fi
  assert_between "$1" "$2" "$most"
}
