# The ways a credential reaches the client.

load helpers

# What the client was started with: the tool's parent is the client.
DUMP="tr '\\0' '\\n' < /proc/\$PPID/environ > environ.txt; tr '\\0' '\\n' < /proc/\$PPID/cmdline > cmdline.txt"

@test "account: --bare takes no subscription" {
  pool home api:ci
  answers home "ok:pong from home"
  answers api:ci "ok:pong from ci"
  run_tcr -- claude -p "ping" --bare
  assert_status 0
  assert_stdout "pong from ci"
  assert_seen "x-api-key:ci"
}

@test "account: --bare with subscriptions only goes to the master" {
  pool home work --master api:billing
  answers api:billing "ok:pong from billing"
  run_tcr -- claude --bare -p "ping"
  assert_status 0
  assert_stdout "pong from billing"
  assert_seen "x-api-key:billing"
}

@test "account: a skipped subscription is not marked" {
  pool home --master api:billing
  answers home "ok:pong from home"
  answers api:billing "ok:pong from billing"
  run_tcr -- claude --bare -p "ping"
  assert_status 0
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from home"
}

@test "account: a folder somebody logged in with" {
  login_dir team
  pool dir:team
  answers team "ok:pong from team"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from team"
  assert_seen "bearer:team"
}

@test "account: a folder that is used up, then a token" {
  login_dir team
  pool dir:team home
  answers team "limit:five_hour:3600"
  answers home "ok:pong from home"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from home"
  assert_seen "bearer:team bearer:home"
}

@test "account: a token that is used up, then a folder" {
  login_dir team
  pool home dir:team
  answers home "limit:five_hour:3600"
  answers team "ok:pong from team"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from team"
  assert_seen "bearer:home bearer:team"
}

@test "account: work done is carried from a folder to a token" {
  login_dir team
  pool dir:team home
  answers team "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers home "ok:finished by home"
  run_tcr -- claude -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by home"
  assert_equal "$(wc -l < effects.txt)" 1
  assert_equal "$(last_request .tool_results)" 1
}

@test "account: work done is carried from a token to a folder" {
  login_dir team
  pool home dir:team
  answers home "tool:echo line >> effects.txt" "limit:five_hour:3600"
  answers team "ok:finished by team"
  run_tcr -- claude -p "do it" --allowedTools Bash
  assert_status 0
  assert_stdout "finished by team"
  assert_equal "$(wc -l < effects.txt)" 1
  assert_equal "$(last_request .tool_results)" 1
}

@test "account: the client sees one credential and none of the others" {
  pool home work --master api:billing
  answers home "tool:$DUMP" "ok:pong"
  jq --arg url "$url" '.keys[].base_url = $url' "$keys" > "$keys.new"
  (umask 077 && cat "$keys.new" > "$keys")
  extra_env=("ANTHROPIC_API_KEY=$(token api:inherited)" "ANTHROPIC_AUTH_TOKEN=$(token inherited)"
    "CLAUDE_CODE_OAUTH_TOKENS=$(token one),$(token two)" "TCR_KEYS=$(token three)")
  run_tcr --keys "$keys" -- claude -p "ping" --allowedTools Bash
  assert_status 0
  assert_seen_once "bearer:home"
  grep -q "^HOME=" environ.txt
  assert_equal "$(grep -c FAKE environ.txt || true)" "$(grep -c "^CLAUDE_CODE_OAUTH_TOKEN=$(token home)$" environ.txt || true)"
  run ! grep -q "^TCR_" environ.txt
  run ! grep -q FAKE cmdline.txt
}

@test "account: --via env" {
  pool home
  answers home "tool:$DUMP" "ok:pong"
  run_tcr --via env -- claude -p "ping" --allowedTools Bash
  assert_status 0
  assert_equal "$(grep FAKE environ.txt)" "CLAUDE_CODE_OAUTH_TOKEN=$(token home)"
}

@test "account: --via fd keeps the secret out of the environment" {
  pool home
  answers home "tool:$DUMP" "ok:pong"
  run_tcr --via fd -- claude -p "ping" --allowedTools Bash
  assert_status 0
  assert_stdout "pong"
  assert_seen_once "bearer:home"
  grep -q "^CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR=" environ.txt
  run ! grep -q FAKE environ.txt
  run ! grep -q FAKE cmdline.txt
}

@test "account: --via fd for an API key" {
  pool api:ci
  answers api:ci "tool:$DUMP" "ok:pong"
  run_tcr --via fd -- claude -p "ping" --allowedTools Bash
  assert_status 0
  assert_stdout "pong"
  assert_seen_once "x-api-key:ci"
  run ! grep -q FAKE environ.txt
}

@test "account: --via fd on every attempt" {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "tool:$DUMP" "ok:pong from work"
  run_tcr --via fd -- claude -p "ping" --allowedTools Bash
  assert_status 0
  assert_stdout "pong from work"
  assert_seen_once "bearer:home bearer:work"
  run ! grep -q FAKE environ.txt
}

@test "account: keys from the environment, no file" {
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  extra_env=("TCR_KEYS=home=$(token home),work=$(token work)")
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
}

@test "account: what the environment already has is a pool of one, with a fallback" {
  answers home "limit:five_hour:3600"
  answers api:billing "ok:pong from billing"
  extra_env=("CLAUDE_CODE_OAUTH_TOKEN=$(token home)" "CLAUDE_FALLBACK_API_KEY=$(token api:billing)"
    "CLAUDE_FALLBACK_BASE_URL=$url")
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from billing"
  assert_seen "bearer:home x-api-key:billing"
}
