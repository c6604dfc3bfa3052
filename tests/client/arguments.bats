# The user's words are the client's to understand: none is replaced, and nothing stands before a subcommand.

load helpers

# Works, then meets a limit with the first key. It says which words it got.
stand_in() {
  rm "$scratch/bin/claude"
  cat > "$scratch/bin/claude" << 'END'
#!/bin/sh
{ [ $# -eq 0 ] || printf '%s\0' "$@"; printf '\001'; } >> calls
[ "$1" = --session-id ] || exit 0
folder=$HOME/.claude/projects/$(pwd | sed 's/[^a-zA-Z0-9]/-/g')
mkdir -p "$folder"
cat > "$folder/$2.jsonl" << ROWS
{"type":"assistant","message":{"model":"m","content":[{"type":"tool_use","id":"t","name":"Bash"}]}}
{"type":"assistant","isApiErrorMessage":true,"apiErrorStatus":429,"error":"rate_limit","message":{"model":"<synthetic>","content":[{"type":"text","text":"You've hit your session limit · resets 11pm (UTC)"}]}}
ROWS
echo "You've hit your session limit · resets 11pm (UTC)"
exit 1
END
  chmod +x "$scratch/bin/claude"
}

@test "arguments: every option and subcommand of this version" {
  pool home work
  "$CLAUDE" --help > "$scratch/help"
  stand_in
  LIMIT=300 capture "$PYTHON" "$HERE/fixtures/words.py" "$TCR_RUN" < "$scratch/help"
  cat "$out"
  assert_status 0
}

@test "arguments: the prompt on standard input, and a value at the end" {
  pool home work
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers work "ok:finished by work"
  echo "do it" > "$scratch/prompt"
  run_tcr -- claude -p --allowedTools=Bash --permission-mode acceptEdits < "$scratch/prompt"
  assert_status 0
  assert_stdout "finished by work"
  assert_equal "$(wc -l < effects.txt)" 1
  assert_equal "$(last_request .user_text)" '"Continue from where you left off."'
}

@test "arguments: of two prompts the client takes the first" {
  answers home "ok:pong"
  run_bare home -p "first" "second" < /dev/null
  assert_status 0
  assert_equal "$(last_request '.user_texts | join(",")')" '"first"'
}

@test "arguments: a first word that may be a subcommand, until the client was asked" {
  pool home
  answers home "ok:pong"
  run_tcr explain -- claude frobnicate -p
  grep -qE '^  claude frobnicate -p$' "$out"
  run_tcr -- claude frobnicate -p < /dev/null
  assert_status 0
  assert_stdout pong
  grep -q '^Commands:' "$home/.local/state/tcr/claude-help"
  run_tcr explain -- claude frobnicate -p
  grep -qE '^  claude frobnicate --session-id [-0-9a-f]+ -p$' "$out"
  run_tcr -- claude frobnicate -p < /dev/null
  assert_status 0
  assert_stdout pong
}
