# tcr-run doctor: the forms of its report, and its status.
load helpers

@test "each line: status, what, reason, what to do" {
  tcr doctor
  assert_status 1
  assert_no_stderr
  ! grep -vE '^(ok  |warn|fail)  [a-z ]{12} — [^;]+(; .+)?$' "$out" || fail "another form"
  assert_stdout_has '^fail  keys         — there are none in .*/keys.json; tcr-run keys add NAME, or '
}

@test "--json: the same, as an array of objects of four members" {
  tcr doctor
  cp "$out" "$scratch/lines"
  tcr doctor --json
  assert_status 1
  assert_no_stderr
  assert_equal "$(jq -c '[.checks[] | keys_unsorted] | unique' "$out")" '[["check","status","message","fix"]]'
  assert_equal "$(jq -c '[.checks[].status] | unique - ["ok", "warn", "fail"]' "$out")" '[]'
  assert_equal "$(jq -c '[.checks[] | select(.status != "ok" and .fix == null)]' "$out")" '[]'
  assert_equal "$(jq -r '.checks[] | .check + " " + .status' "$out")" \
    "$(sed -E 's/^([a-z]+) +([a-z ]*[a-z]) +— .*/\2 \1/' "$scratch/lines")"
}

@test "status 125 for failures of its own" {
  pool home work
  for words in '--frobnicate' '--json=x' 'home'; do
    tcr doctor $words
    assert_status 125
    assert_no_stdout
    assert_stderr_is_ours
  done
  [ -w /dev/full ] || return 0
  status=0
  within "$TCR_RUN" doctor > /dev/full 2> "$err" < /dev/null || status=$?
  assert_status 125
}

@test "colours: on a terminal only" {
  pool home work
  extra_env=(TERM=xterm)
  tcr doctor
  ! grep -q $'\033' "$out" || fail "colours in a file"
  capture script -qec "$TCR_RUN doctor" /dev/null < /dev/null
  grep -q $'^\033\\[32mok  \033\\[0m  keys' "$out"
  extra_env=(TERM=xterm NO_COLOR=1)
  capture script -qec "$TCR_RUN doctor" /dev/null < /dev/null
  ! grep -q $'\033' "$out" || fail "colours in spite of NO_COLOR"
}

@test "what others wrote cannot steer the terminal" {
  pool home work
  printf '#!/bin/sh\nprintf "2.1\\033[2J"\n' > "$scratch/bin/claude"
  chmod 755 "$scratch/bin/claude"
  mkdir "$scratch/work/"$'a\033[2J'
  cd "$scratch/work/"$'a\033[2J'
  extra_env=($'CLAUDE_CONFIG_DIR=a\033]0;x\a' $'ANTHROPIC_BASE_URL=https://a\033[2J')
  mkdir $'a\033]0;x\a'
  echo '{"apiKeyHelper": "x"}' > $'a\033]0;x\a/settings.json'
  tcr doctor
  assert_equal "$(grep -c '^warn' "$out")" 2
  assert_equal "$(LC_ALL=C tr -d '\n -~\200-\377' < "$out" | wc -c)" 0
}

@test "no secret in any report" {
  pool home api:ci --master api:billing
  fails home auth; fails ci auth; fails billing auth
  tcr -- client
  tcr doctor
  assert_stdout_has refused
  tcr doctor --json
}

@test "on a terminal sentences are broken between words, under each other; elsewhere they are one line" {
  pool a b
  extra_env=(TERM=xterm NO_COLOR=1 ANTHROPIC_BASE_URL=http://127.0.0.1:1)
  for columns in 80 50; do
    capture script -qec "stty rows 24 cols $columns; $TCR_RUN doctor" /dev/null < /dev/null
    tr -d '\r' < "$out" > "$scratch/screen"
    # A path stays whole, though it is longer.
    assert_between "$(grep -v / "$scratch/screen" | wc -L)" 30 "$columns"
    [ "$(grep -cE '^ {21}[^ ]' "$scratch/screen")" -gt 1 ]
    ! grep -qE ' $' "$scratch/screen" || fail "a blank at the end of a line"
    tr -s ' \n' ' ' < "$scratch/screen" | grep -qF 'fix' && fail 'a divider is shown'
    tr -s ' \n' ' ' < "$scratch/screen" | grep -qF "sends the keys to http://127.0.0.1:1, where nothing listens; tcr-run gateway start -d"
  done
  tcr doctor
  ! grep -qE '^ ' "$out"
}
