# A person at a terminal, with the gateway that an interactive session gets by itself.

load helpers
load terminal

line_at_end() {
  wait_for '^tcr-run: "home" ' > /dev/null
  screen | tr -d '\n' | grep -qE "$1" || fail "the line at the end is another: $(screen | grep -A2 '^tcr-run: "')"
}

@test "interactive gateway: a limit in the middle is not seen, the next answer comes, one line after the end tells" {
  pool home work
  answers home "ok:pong from home" "limit:five_hour:3600"
  answers work "ok:pong from work"
  start "$TCR_RUN" -- claude
  wait_for 'goes on with another'
  ready
  say "first question"
  wait_for 'pong from home'
  say "second question"
  wait_for 'pong from work'
  say "third question"
  wait_for 'third question'
  run ! grep -qiE 'hit your|usage limit reached' <(screen)
  leave
  assert_equal "$(exit_status)" "exit status 0"
  line_at_end '"home" reached its session limit at [0-9:]+; [0-9]+ requests? *used *"work"'
  assert_equal "$(seen | cut -d' ' -f 1-3)" "bearer:home bearer:home bearer:work"
  nobody_left
}

@test "interactive gateway: a refused key is not seen either" {
  pool home work
  answers home 401
  answers work "ok:pong from work"
  start "$TCR_RUN" -- claude
  ready
  say "a question"
  wait_for 'pong from work'
  run ! grep -qiE '401|authenticate|retry' <(screen)
  leave
  exit_status
  line_at_end '"home" was refused'
}

@test "interactive gateway: all used up, the client waits for the key that is reset first and goes on by itself" {
  [ "$CLIENT_VERSION" != old ] || skip "this version waits for a person"
  pool home work
  answers home "limit:five_hour:7200"
  answers work "limit:five_hour:75" "ok:pong from work"
  start "$TCR_RUN" -- claude
  ready
  say "a question"
  wait_for 'continue automatically'
  wait_for 'pong from work' 1800
  leave
  exit_status
}

@test "interactive gateway: Escape in a stream ends the provider's request at once" {
  pool home work
  answers home drip
  answers work "ok:never"
  start "$TCR_RUN" -- claude
  ready
  say "a question"
  wait_for 'drop drop'
  pressed=$(date +%s.%N)
  terminal send-keys -t run Escape
  for _ in $(seq 600); do
    grep -q '"gone"' "$log" && break
    sleep 0.05
  done
  # The client's own time for a key press is part of it.
  assert_ms "$(jq -s --argjson pressed "$pressed" '(map(select(.gone))[0].time - $pressed) * 1000 | ceil' "$log")" 0 1000
  assert_equal "$(count_of work)" 0
  leave
  exit_status
}

@test "interactive gateway: a healthy session ends without a word" {
  pool home work
  answers home "ok:pong from home"
  start "$TCR_RUN" -- claude
  ready
  say "a question"
  wait_for 'pong from home'
  leave
  assert_equal "$(exit_status)" "exit status 0"
  assert_equal "$(screen | grep -c '^tcr-run: [^ ]')" 2 # the introduction
}
