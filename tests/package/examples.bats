#!/usr/bin/env bats
# The examples of tcr-run(1), taken from the page and run. What a program says that is not here (cron, Docker, GitHub's
# runner) is played; where its parser is here (systemd, YAML), it reads them.

load helpers
load played

setup_file() {
  load helpers
  scdoc <"$ROOT/man/tcr-run.1.scd" | mandoc -T utf8 -O width=120 | col -bx | sed '1,/^EXAMPLES/d; /^NOTES/,$d' \
    >"$BATS_FILE_TMPDIR/examples"
}

# example WORDS: the block under the paragraph that begins with them.
example() {
  local found
  # Paragraphs are indented by 7, blocks by 11.
  found=$(WORDS="       $1" perl -00 -ne '
    if (index($_, $ENV{WORDS}) == 0) { $found = 1; next }
    if ($found) { last unless /^ {11}/; s/^ {11}//mg; print }' "$BATS_FILE_TMPDIR/examples")
  [ -n "$found" ] || fail "the page has no example \"$1\""
  echo "$found"
}

assert_calls() {
  # After a call with a word it does not know, tcr-run asks the client once what it takes.
  assert_equal "$(grep -vx ' *--help' "$BATS_TEST_TMPDIR/calls")" "$1"
}

@test "an alias" {
  pool
  example "For every claude in this shell" >"$BATS_TEST_TMPDIR/rc"
  echo 'claude -p "prompt"' >>"$BATS_TEST_TMPDIR/rc"
  play bash -O expand_aliases "$BATS_TEST_TMPDIR/rc"
  assert_calls "sk-ant-oat01-FAKE-work-0001 prompt"
}

@test "another program, with a message and an exit status of its own" {
  pool
  for failure in 'echo "quota exhausted"; exit 1' 'exit 3'; do
    rm -rf "$HOME/.local" "$BATS_TEST_TMPDIR/calls"
    printf '%s\n' '#!/bin/sh' "case \$CLAUDE_CODE_OAUTH_TOKEN in *-home-*) $failure ;; esac" 'exec claude done' >agent.sh
    chmod +x agent.sh
    example "Another program" | play sh
    assert_calls "sk-ant-oat01-FAKE-work-0001 done"
  done
}

@test "a plain round-robin" {
  pool
  example "A plain round-robin" | play sh 2>err
  assert_calls "sk-ant-oat01-FAKE-work-0001 prompt"
  grep -q '"length":60' "$HOME/.local/state/tcr/state.json" || fail "no rest of a minute: $(cat err)"
}

@test "GitHub Actions, without a file" {
  example "GitHub Actions" >"$BATS_TEST_TMPDIR/step.yml"
  step "$BATS_TEST_TMPDIR/step.yml" >"$BATS_TEST_TMPDIR/step.json"
  play TCR_KEYS="$(jq -r .TCR_KEYS "$BATS_TEST_TMPDIR/step.json")" \
    TCR_MASTER_KEY="$(jq -r .TCR_MASTER_KEY "$BATS_TEST_TMPDIR/step.json")" \
    bash -eo pipefail -c "$(jq -r .run "$BATS_TEST_TMPDIR/step.json")"
  assert_equal "$(cat review.md)" "Review the last commit"
  assert_calls "sk-ant-oat01-FAKE-work-0001 Review the last commit"
}

@test "GitHub Actions, with the action: it has these inputs" {
  example "The same with the action" >"$BATS_TEST_TMPDIR/step.yml"
  grep -qE 'uses: [^ ]*/\.github/actions/tcr-run@' "$BATS_TEST_TMPDIR/step.yml"
  assert_equal "$(step "$BATS_TEST_TMPDIR/step.yml" | jq -r .run)" 'tcr-run -- claude -p "Review the last commit" >review.md'
  step "$BATS_TEST_TMPDIR/step.yml" | jq -r 'keys[]' | while read -r input; do
    grep -qE "^  $input:" "$ROOT/.github/actions/tcr-run/action.yml" || fail "the action has no input $input"
  done
}

@test "GitLab CI" {
  example "GitLab CI" >"$BATS_TEST_TMPDIR/ci.yml"
  script=$(/usr/bin/python3 -c 'import sys, yaml; print("\n".join(yaml.safe_load(sys.stdin)["review"]["script"]))' <"$BATS_TEST_TMPDIR/ci.yml")
  play TCR_KEYS=sk-ant-oat01-FAKE-home-0001,sk-ant-oat01-FAKE-work-0001 bash -c "$script"
  assert_equal "$(cat review.md)" "Review the last commit"
}

@test "cron: the line has a time and a command, which runs with cron's environment" {
  pool
  example "cron" >"$BATS_TEST_TMPDIR/crontab"
  grep -qxF 'PATH=/usr/local/bin:/usr/bin:/bin' "$BATS_TEST_TMPDIR/crontab"
  job=$(sed -nE 's/^([0-9*\/,-]+ ){5} *//p' "$BATS_TEST_TMPDIR/crontab")
  [[ $job == cd* && $job != *%* ]] || fail "no job: $job"
  play LOGNAME=me SHELL=/bin/sh /bin/sh -c "$job" </dev/null
  assert_equal "$(tail -n 1 "$HOME/triage.log")" Triage
  grep -q '^tcr-run: "home" reached' "$HOME/triage.log"
}

@test "systemd: the unit is one, and the key file reads the credential" {
  example "systemd" >"$BATS_TEST_TMPDIR/triage.service"
  sed -E "s|^(ExecStart=)[^ ]*/tcr-run -- [^ ]*/claude|\1$bin/tcr-run -- $bin/claude|; s/^User=.*/User=root/" \
    "$BATS_TEST_TMPDIR/triage.service" >"$BATS_TEST_TMPDIR/here.service"
  grep -qE '^LoadCredential=home:/' "$BATS_TEST_TMPDIR/here.service"
  run systemd-analyze verify --recursive-errors=no --man=no "$BATS_TEST_TMPDIR/here.service"
  [[ $status == 0 && -z $output ]] || fail "$output"
  example "and in the key file" | keyfile
  mkdir -m 700 "$BATS_TEST_TMPDIR/credentials"
  echo sk-ant-oat01-FAKE-cred-0001 >"$BATS_TEST_TMPDIR/credentials/home"
  command=$(sed -n 's/^ExecStart=//p' "$BATS_TEST_TMPDIR/here.service")
  play CREDENTIALS_DIRECTORY="$BATS_TEST_TMPDIR/credentials" sh -c "$command"
  assert_calls "sk-ant-oat01-FAKE-cred-0001 Triage"
}

@test "Docker: the file is what --env-file takes, and the command runs with it" {
  example "and in tcr.env" >tcr.env
  ! grep -vE '^[A-Z_]+=[^"'\'' ]+$' tcr.env || fail "Docker would take this as it stands"
  command=$(example Docker | sed -n 's/^docker run --rm --env-file tcr.env IMAGE //p')
  mapfile -t variables <tcr.env
  play "${variables[@]}" sh -c "$command"
  assert_calls "sk-ant-oat01-FAKE-work-0001 Triage"
}

@test "the Agent SDK: the script is an executable that passes everything on" {
  pool
  example "A program on the Agent SDK" >"$BATS_TEST_TMPDIR/claude-pool"
  chmod +x "$BATS_TEST_TMPDIR/claude-pool"
  assert_equal "$(echo "a turn" | play "$BATS_TEST_TMPDIR/claude-pool" --flag 'two  words')" "two  words"
  assert_calls "sk-ant-oat01-FAKE-work-0001 two  words"
}
