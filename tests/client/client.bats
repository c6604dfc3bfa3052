# What the client does by itself. The other files build on this: when one of these fails after an update of the client,
# tcr-run's idea of it has to change as well.

load helpers

@test "client: an answer is the text and a newline, exit 0" {
  answers home "ok:pong"
  run_bare home -p "ping"
  assert_status 0
  assert_stdout "pong"
  assert_no_stderr
  assert_seen "bearer:home"
}

@test "client: a plan limit is one line on stdout, exit 1, nothing on stderr" {
  answers home "limit:five_hour:3600"
  run_bare home -p "ping"
  assert_status 1
  grep -qE "^$(says session-limit) · resets .*\(UTC\)$" "$out"
  assert_no_stderr
  assert_seen "bearer:home"
}

@test "client: the other windows have a name of their own" {
  local window
  for window in seven_day:weekly seven_day_opus:Opus seven_day_sonnet:Sonnet; do
    answers home "limit:${window%%:*}:360000"
    run_bare home -p "ping"
    assert_status 1
    grep -qE "^You've hit your ${window##*:} limit · resets " "$out"
  done
}

@test "client: refused keys, no money and server trouble" {
  extra_env=(CLAUDE_CODE_MAX_RETRIES=0)
  local name step text
  while IFS='|' read -r name step text; do
    answers "$name" "$step"
    text=${text/RESET/$(says reset)}
    run_bare "$name" -p "ping" < /dev/null
    assert_status 1
    assert_no_stderr
    grep -qE "^$text" "$out" || fail "$step: $(cat "$out")"
  done << 'END'
home|401|Failed to authenticate. API Error: 401 Invalid bearer token$
home|revoked|Failed to authenticate. API Error: 401 OAuth token has been revoked
home|403|Your organization has disabled Claude subscription access
home|500|API Error: 500 Internal server error
home|529|API Error: 529 Overloaded
home|rate429|API Error: Server is temporarily limiting requests \(not your usage limit\)
home|reset|RESET
api:ci|401|Invalid API key · Fix external API key$
api:ci|credit|Credit balance is too low$
api:ci|spend|API Error: 400 You have reached your specified API usage limits
api:ci|rate429|API Error: Request rejected \(429\)
END
}

@test "client: a retry of its own waits as long as the server says" {
  extra_env=(CLAUDE_CODE_MAX_RETRIES=1)
  answers api:ci "rate429:4" "ok:late"
  run_bare api:ci -p "ping"
  assert_status 0
  assert_less 4000 "$took"
  assert_seen "x-api-key:ci x-api-key:ci"
}

@test "client: a limit after a tool call leaves the work in the transcript" {
  answers home "tool:echo done >> effects.txt" "limit:five_hour:3600"
  run_bare home -p "work" --allowedTools Bash
  assert_status 1
  assert_equal "$(wc -l < effects.txt)" 1
  local row='select(.type == "assistant") | [.isApiErrorMessage == true, .apiErrorStatus, .error] | @csv'
  assert_equal "$(jq -r "$row" "$(transcripts)")" "$(printf 'false,,\ntrue,429,"rate_limit"')"
  # The older version writes no more than that.
  row='select(.isApiErrorMessage) | [.apiError, .apiErrorType, .apiErrorParams.rate_limit_info.rateLimitType] | @csv'
  assert_equal "$(jq -r "$row" "$(transcripts)")" "$(says transcript-fields)"
}

@test "client: settings beat the environment, which is what the settings tests stand on" {
  answers '*' "ok:pong"
  jq -n --arg token "$(token settings)" '{env: {ANTHROPIC_AUTH_TOKEN: $token}}' > .claude/settings.json
  run_bare home -p "ping"
  assert_status 0
  assert_seen "bearer:settings"
}

@test "client: nothing outside loopback can be reached" {
  run ! timeout 5 bash -c 'exec 9<>/dev/tcp/1.1.1.1/443'
  extra_env=(CLAUDE_CODE_MAX_RETRIES=0 ANTHROPIC_BASE_URL=https://api.example.com)
  run_bare home -p "ping"
  assert_status 1
  grep -qE "$(says unreachable)" "$out"
  assert_seen ""
}
