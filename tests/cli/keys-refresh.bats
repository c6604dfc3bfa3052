#!/usr/bin/env bats
# Logins are renewed with refresh tokens that can be used once: none is ever lost.
load refresh-helpers

refresh() {
  tcr keys refresh "$@"
}

@test "new tokens are in the file, everything else of it stays" {
  echo "{\"version\": 1, \"keys\": [$(login home 60 '"priority": 3, "later": [1]'), $(entry work)], \"other\": {\"x\": 1}}" | keyfile
  refresh home
  assert_status 0
  assert_stderr_has '"home" is renewed, it ends '
  holds home 2
  assert_equal "$(in_file '[.keys[0].priority, .keys[0].later, .keys[1].name, .other, (.keys[0].expires > now + 28000)]')" '[3,[1],"work",{"x":1},true]'
  assert_mode 600 "$keys"
  assert_equal "$(jq -r '[.path, .asked.grant_type, .asked.client_id, (.user_agent | startswith("tcr-run/")), (.asked | has("scope"))] | join(" ")' "$asked")" \
    '/v1/oauth/token refresh_token 9d1c250a-e61b-44d9-88ed-5944d1962f5e true false'
  refresh home
  holds home 3
}

@test "the key file says where and as whom; nothing goes to an address that others could read" {
  local port; port=$(cat "$scratch/port")
  extra_env=()
  echo "{\"keys\": [$(login home)], \"policy\": {\"oauth\": {\"token_url\": \"http://127.0.0.1:$port/other\", \"client_id\": \"me\"}}}" | keyfile
  refresh home
  assert_equal "$(jq -r '[.path, .asked.client_id] | join(" ")' "$asked")" '/other me'
  echo "{\"keys\": [$(login home)], \"policy\": {\"oauth\": {\"token_url\": \"http://example.org/other\"}}}" | keyfile
  refresh home
  assert_status 125
  assert_stderr_has 'policy.oauth.token_url: '
  logins home
  extra_env=(TCR_OAUTH_TOKEN_URL=http://example.org/)
  unchanged refresh home
  assert_status 125
  assert_stderr_has 'TCR_OAUTH_TOKEN_URL: the address '
  # A proxy on the way would see it.
  logins work
  extra_env=("TCR_OAUTH_TOKEN_URL=http://127.0.0.1:$port/" http_proxy=http://127.0.0.1:9/)
  refresh work
  assert_status 0
}

@test "what cannot be renewed" {
  echo "{\"keys\": [$(entry plain), $(login far 60 '"base_url": "https://proxy.example"')]}" | keyfile
  unchanged refresh plain
  assert_status 125
  assert_stderr_has '"plain" has no refresh token'
  unchanged refresh far
  assert_status 125
  assert_stderr_has '"far" has an address of its own'
  unchanged refresh nobody
  assert_status 125
  assert_equal "$(requests)" 0
}

@test "a login that has ended is not asked for again, and is one that ends" {
  local mode
  for mode in ended gone; do
    logins home
    token_server "$mode"
    refresh home
    assert_status 1
    assert_stderr_has '"home": its login has ended, log in again'
    holds home 1
    assert_equal "$(in_file '.keys[0] | (.refresh_ended > 1000000000)')" true
  done
  tcr keys list
  assert_stderr_has '"home" ends on '
  local before; before=$(requests)
  token_server ok
  refresh --if-due home
  assert_status 1
  assert_equal "$(requests)" "$before"
  hand sk-ant-oat01-FAKE-new-0001 tcr keys renew home
  assert_equal "$(in_file '.keys[0] | has("refresh_ended")')" false
}

@test "trouble on the way leaves the tokens as they are" {
  local mode
  for mode in 500 page client; do
    logins home
    token_server "$mode"
    refresh -q home
    [ "$status" -ne 0 ]
    holds home 1
    assert_equal "$(in_file '.keys[0] | has("refresh_ended")')" false
  done
  logins home
  extra_env=(TCR_OAUTH_TOKEN_URL=http://127.0.0.1:9/)
  refresh --quiet home
  assert_status 1
  holds home 1
}

@test "a 429 is waited for, by every process" {
  logins home
  token_server 429:600
  refresh home
  assert_status 1
  assert_stderr_has 'again in '
  token_server ok
  refresh home
  assert_status 1
  assert_equal "$(requests)" 1
  holds home 1
  # A person waits for a short one.
  logins home
  token_server 429:2
  ( sleep 1; token_server ok ) &
  refresh home
  assert_status 0
  assert_stderr_has 'waiting for '
  holds home 2
}

@test "answers that lack something: what came is kept" {
  logins home
  token_server odd
  refresh home
  assert_status 125
  assert_stderr_has 'no usable access token'
  assert_equal "$(in_file '.keys[0] | [.token, .refresh_token]')" '["sk-ant-oat01-FAKE-home-0001","sk-ant-ort01-FAKE-home-0002"]'
  token_server bare
  refresh home
  assert_status 0
  assert_equal "$(in_file '.keys[0] | [.token, .refresh_token, has("expires")]')" '["sk-ant-oat01-FAKE-home-0003","sk-ant-ort01-FAKE-home-0002",false]'
}

@test "twenty processes at once: one asks" {
  local i
  logins home
  token_server late:0.5
  for ((i = 0; i < 20; i++)); do
    ( within "$TCR_RUN" keys refresh --if-due home > "$scratch/stdout$i" 2> "$scratch/stderr$i"; echo $? > "$scratch/status$i" ) &
  done
  wait $(jobs -p | grep -v "^$server$")
  assert_equal "$(requests)" 1
  holds home 2
  assert_equal "$(sort "$scratch"/status* | uniq -c | tr -s ' ')" ' 20 0'
}

@test "killed before, during and after the answer: the login is not lost" {
  local mode pid number=0
  for mode in stall:0.5 late:0.5 ok; do
    for when in 0.05 0.3; do
      number=$((number + 1))
      logins "k$number"
      token_server "$mode"
      pid=$(apart keys refresh --if-due "k$number")
      sleep "$when"
      kill -9 -- "-$pid" 2>/dev/null || true
      sleep 0.1
      # Either nothing was begun, or it is finished without those who were killed.
      token_server ok
      refresh --if-due "k$number"
      assert_status 0
      becomes "k$number" 2
    done
  done
}

@test "killed with the answer on its way: that is said" {
  local pid
  logins home
  token_server held
  pid=$(apart keys refresh home)
  is_held
  kill -9 $(pgrep -P "$pid")
  token_server ok
  refresh home
  assert_status 1
  assert_stderr_has 'the process that renewed it was killed before it had the answer'
  [ ! -e "$keys.renewal" ]
}

@test "signals that ask to end come too late for the login" {
  logins home
  token_server held
  local pid; pid=$(apart keys refresh home)
  is_held
  kill -TERM -- "-$pid"
  token_server ok
  becomes home 2
}

@test "a full disk is met before the token is used up" {
  logins home
  chmod 500 "$config"
  if touch "$config/x" 2>/dev/null; then
    chmod 700 "$config"
    rm -f "$config/x"
    mkdir "$config/keys.json.tmp"
  fi
  refresh home
  assert_status 125
  assert_stderr_has 'it cannot be '
  assert_equal "$(requests)" 0
  chmod 700 "$config"
}

@test "a sealed file is sealed again, with the passphrase given once" {
  logins home
  passphrase 'once only'
  tcr keys seal --limits interactive
  assert_status 0
  extra_env+=("TCR_OAUTH_TOKEN_URL=http://127.0.0.1:$(cat "$scratch/port")/")
  refresh home
  assert_status 0
  assert_sealed
  tcr keys unseal
  holds home 2
}

@test "removed while the provider is asked: others wait for the lock" {
  logins home work
  token_server held
  within "$TCR_RUN" keys refresh home > "$scratch/stdout1" 2> "$scratch/stderr1" &
  local pid=$!
  is_held
  ( sleep 0.3; token_server ok ) &
  tcr keys rename home house
  assert_status 0
  wait "$pid"
  assert_equal "$(in_file '.keys[0] | [.name, .refresh_token]')" '["house","sk-ant-ort01-FAKE-home-0002"]'
}
