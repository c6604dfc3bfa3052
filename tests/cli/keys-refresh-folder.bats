#!/usr/bin/env bats
# Logins in folders of Claude Code's configuration are renewed under Claude Code's own locks.
load refresh-helpers

folder_key() {
  echo "{\"keys\": [{\"name\": \"team\", \"config_dir\": \"${1-$scratch/login}\"}]}" | keyfile
}

no_locks() {
  assert_equal "$(find "$scratch" -name '*.lock' -type d) $(find "$scratch" -name '*.renewal')" ' '
}

end_of() {
  jq .claudeAiOauth.expiresAt "$scratch/login/.credentials.json"
}

@test "the folder has the new tokens, and what else was in it" {
  folder_login login team
  mkdir "$scratch/real"; mv "$scratch/login/.credentials.json" "$scratch/real/c.json"
  ln -s "$scratch/real/c.json" "$scratch/login/.credentials.json"
  folder_key
  tcr keys refresh team
  assert_status 0
  assert_stderr_has '"team" is renewed, it ends '
  folder_has login team 2
  [ -L "$scratch/login/.credentials.json" ]
  [ "$(end_of)" -gt $((($(date +%s) + 28000) * 1000)) ]
  no_locks
  tcr keys refresh --if-due team
  assert_stderr_has '"team" needs no renewal'
  assert_equal "$(requests)" 1
}

@test "what cannot be renewed" {
  folder_key "$scratch/nowhere"
  tcr keys refresh team
  assert_status 125
  assert_stderr_has 'nowhere holds no .credentials.json'
  folder_login login team
  folder_key
  echo '{"claudeAiOauth": {"accessToken": "x"}}' > "$scratch/login/.credentials.json"
  tcr keys refresh team
  assert_status 125
  assert_stderr_has 'holds no login that can be renewed; log in again'
  echo '{"claudeAiOauth": {"acc' > "$scratch/login/.credentials.json"
  tcr keys refresh team
  assert_status 125
  chmod 644 "$scratch/login/.credentials.json"
  tcr keys refresh team
  assert_status 125
  assert_equal "$(requests)" 0
}

@test "the client's locks are held while the provider is asked, and waited for" {
  folder_login login team -60
  folder_key
  token_server held
  within "$TCR_RUN" keys refresh team > "$scratch/stdout1" 2> "$scratch/stderr1" &
  local pid=$!
  is_held
  [ -d "$scratch/login/.oauth_refresh.lock" ]
  token_server ok
  wait "$pid"
  folder_has login team 2
  no_locks
  # The client's, old or new, fresh and left by one that was killed.
  token_server ok
  local lock
  for lock in "$scratch/login/.oauth_refresh.lock" "$scratch/login.lock"; do
    folder_login login t${#lock} -60
    mkdir "$lock"
    ( sleep 0.5; rmdir "$lock" ) &
    tcr keys refresh team
    assert_status 0
    folder_has login t${#lock} 2
    no_locks
  done
  folder_login login old -60
  mkdir "$scratch/login/.oauth_refresh.lock"
  touch -d '-61 seconds' "$scratch/login/.oauth_refresh.lock"
  tcr keys refresh team
  assert_status 0
  folder_has login old 2
  no_locks
}

@test "twenty processes at once: one asks" {
  local i
  folder_login login team
  folder_key
  token_server late:0.5
  for ((i = 0; i < 20; i++)); do
    ( within "$TCR_RUN" keys refresh --if-due team > "$scratch/stdout$i" 2> "$scratch/stderr$i"; echo $? > "$scratch/status$i" ) &
  done
  wait $(jobs -p | grep -v "^$server$")
  assert_equal "$(requests)" 1
  folder_has login team 2
  assert_equal "$(sort "$scratch"/status* | uniq -c | tr -s ' ')" ' 20 0'
  no_locks
}

@test "one that has ended is asked for again when somebody has logged in" {
  folder_login login team
  touch -d '-10 seconds' "$scratch/login/.credentials.json"
  folder_key
  token_server ended
  tcr keys refresh --if-due team
  assert_status 1
  assert_stderr_has 'its login has ended, log in again'
  folder_has login team 1
  tcr keys refresh --if-due team
  assert_status 1
  assert_equal "$(requests)" 1
  assert_equal "$(tcr status --json; jq -r '.keys[0].account_state' "$out")" auth_error
  token_server ok
  folder_login login again
  touch -d '+2 seconds' "$scratch/login/.credentials.json"
  assert_equal "$(tcr status --json; jq -r '.keys[0].account_state' "$out")" available
  tcr keys refresh --if-due team
  assert_status 0
  folder_has login again 2
  assert_equal "$(in_file '.keys[0] | has("refresh_ended")')" false
}

@test "a 429 is waited for; scopes are told when they are asked for" {
  folder_login login team
  folder_key
  token_server 429:600
  tcr keys refresh team
  assert_status 1
  assert_stderr_has 'again in '
  token_server ok
  tcr keys refresh team
  assert_status 1
  assert_equal "$(requests)" 1
  folder_has login team 1
  folder_key
  token_server scope
  tcr keys refresh team
  assert_status 0
  assert_equal "$(tail -1 "$asked" | jq -r .asked.scope)" 'user:inference user:profile'
  folder_has login team 2
}

@test "before an attempt of a run" {
  folder_login login team
  folder_key
  tcr -- true
  assert_status 0
  folder_has login team 2
  tcr -- true
  assert_equal "$(requests)" 1
}
