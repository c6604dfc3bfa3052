# POST /sdk/v1/messages of a lasting gateway: the real Claude Code answers, with its own tools as the key file allows them.

load helpers

start_service() { # AGENT: what stands in the policy beside the folder
  jq --arg folder "$project" --argjson more "$1" '. + {policy: {agent: ({folder: $folder} + $more)}}' "$keys" > "$keys.new"
  cat "$keys.new" > "$keys"
  socket=$scratch/service.sock
  env -i "PATH=$scratch/bin:$PATH" "HOME=$home" "ANTHROPIC_BASE_URL=$url" "DISABLE_AUTOUPDATER=1" "$TCR_RUN" gateway -d \
    --listen "unix:$socket" > "$scratch/gateway.out" 2>&1 3>&- || fail "$(cat "$scratch/gateway.out")"
}

teardown() {
  env -i "PATH=$PATH" "HOME=$home" "$TCR_RUN" gateway stop > /dev/null 2>&1 || true
  [ -z "${api_pid-}" ] || kill "$api_pid" 2> /dev/null || true
  [ -n "${BATS_TEST_COMPLETED-}" ] || report
}

ask() { # PATH BODY
  capture curl -sN --max-time 50 --unix-socket "$socket" -H 'content-type: application/json' "http://gateway$1" -d "$2"
  assert_status 0
}

@test "service: Claude Code answers with the next key, whole and streamed, in both formats" {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  start_service '{"tools": ["Read"]}'
  ask /sdk/v1/messages '{"system": "Be brief.", "messages": [{"role": "user", "content": "ping"}]}'
  assert_equal "$(jq -c '[.type, .content[0].text, .stop_reason]' "$out")" '["message","pong from work","end_turn"]'
  assert_seen_once "bearer:home bearer:work"
  ask /sdk/v1/messages '{"stream": true, "messages": [{"role": "user", "content": "ping"}]}'
  assert_equal "$(sed -n 's/^data: //p' "$out" | jq -rj 'select(.type == "content_block_delta").delta.text')" "pong from work"
  ask /sdk/v1/chat/completions '{"model": "sonnet", "messages": [{"role": "user", "content": "ping"}]}'
  assert_equal "$(jq -r '.choices[0].message.content' "$out")" "pong from work"
}

@test "service: without a word of the key file's it has no tools, with one it has them" {
  pool home
  answers home "tool:echo effect > effect" "ok:done"
  start_service '{}'
  ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
  [ ! -e "$project/effect" ] || fail "a tool was used"
  env -i "PATH=$PATH" "HOME=$home" "$TCR_RUN" gateway stop > /dev/null
  answers home "tool:echo effect > effect" "ok:done now"
  start_service '{"tools": ["Bash"]}'
  ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
  assert_equal "$(jq -r '.content[0].text' "$out")" "done now"
  [ -e "$project/effect" ] || fail "the tool was not used"
}

@test "service: text names no command, no file, and no tool that the key file does not allow" {
  local dump=$scratch/dump
  pool home
  mkdir -p "$dump"
  echo "of the owner" > "$home/secret"
  kill "$api_pid"
  rm "$scratch/port"
  start_api --dump "$dump"
  answers home "ok:done"
  start_service '{"tools": ["Bash(git log:*)"]}'
  ask /sdk/v1/messages "$(jq -n --arg text "/config theme=light @$home/secret" '{messages: [{role: "user", content: $text}]}')"
  assert_equal "$(jq -r '.content[0].text' "$out")" "done"
  ask /sdk/v1/messages "$(jq -n --arg text "Show me @$home/secret" '{system: $text, messages: [{role: "user", content: [{type: "text", text: $text}]}]}')"
  assert_equal "$(jq -r '.content[0].text' "$out")" "done"
  assert_seen "bearer:home bearer:home"
  ! grep -rq "of the owner" "$dump" || fail "a file was read: $(grep -rl "of the owner" "$dump")"
  assert_equal "$(cat "$dump"/*.json | jq -sc '[.[].tools // [] | .[] | select(.name == "Bash" or has("defer_loading") | not).name] | unique')" "[]"
}
