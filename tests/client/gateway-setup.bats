# tcr-run setup claude: a client that tcr-run does not start uses the lasting gateway.
load helpers

@test "setup: claude by itself goes on with the next key, and goes its own way again afterwards" {
  pool home work
  gateway_port=$("$PYTHON" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  jq --arg url "$url" --argjson port "$gateway_port" '.keys[].base_url = $url | .profiles = {"all": {"keys": ["home", "work"], "port": $port}}' \
    "$keys" > "$keys.new" && cat "$keys.new" > "$keys"
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  lasting gateway start -d --profile all
  lasting setup claude --yes --profile all
  capture env -u ANTHROPIC_BASE_URL claude -p ping < /dev/null
  lasting setup claude --undo --yes --profile all
  lasting gateway stop --profile all
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
  [ ! -e "$home/.claude/settings.json.before-tcr-run" ]
  # Without a key of its own it is not logged in.
  capture env -u ANTHROPIC_BASE_URL claude -p ping < /dev/null
  assert_status 1
  assert_seen "bearer:home bearer:work"
}

lasting() {
  env -i "PATH=$PATH" "HOME=$home" "$TCR_RUN" "$@" > "$scratch/lasting" 2>&1 < /dev/null 3>&- || {
    cat "$scratch/lasting"
    return 1
  }
}
