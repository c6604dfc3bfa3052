#!/usr/bin/env bats
# A run renews the logins that it uses.
load refresh-helpers

# The client tells which tokens it was started with by their numbers, and refuses those in "refused".
numbers() {
  cat > "$scratch/bin/numbers" << 'CLIENT'
#!/bin/sh
number=${CLAUDE_CODE_OAUTH_TOKEN#*-FAKE-}
echo "$number" >> "$PLAY/.used"
if grep -qx "$number" "$PLAY/refused" 2>/dev/null; then
  echo "Failed to authenticate. API Error: 401 OAuth token has been revoked. Please obtain a new token or refresh your existing token."
  exit 1
fi
echo fine
CLIENT
  chmod +x "$scratch/bin/numbers"
}

@test "before an attempt, and only if it ends soon" {
  numbers
  logins home
  tcr -- numbers
  assert_status 0
  assert_used 'home-0002'
  holds home 2
  tcr -- numbers
  assert_used 'home-0002 home-0002'
  assert_equal "$(requests)" 1
  assert_equal "$(cat "$err")" ''
}

@test "a login that has ended is ready, not used last" {
  numbers
  echo "{\"keys\": [$(login home -60), $(entry work)]}" | keyfile
  tcr -- numbers
  assert_used 'home-0002'
}

@test "refresh_before" {
  numbers
  echo "{\"keys\": [$(login home 3600)], \"policy\": {\"refresh_before\": \"2h\"}}" | keyfile
  tcr -- numbers
  assert_used 'home-0002'
  echo "{\"keys\": [$(entry work)], \"policy\": {\"refresh_before\": \"soon\"}}" | keyfile
  tcr -- numbers
  assert_status 125
  assert_stderr_has 'policy.refresh_before: "soon" is not a length of time'
}

@test "what cannot be renewed is used until it ends, then another is" {
  numbers
  token_server 500
  echo "{\"keys\": [$(login home), $(entry work)]}" | keyfile
  tcr -- numbers
  assert_used 'home-0001'
  assert_stderr_has '"home" could not be renewed and is used until it ends: '
  tcr -- numbers
  assert_equal "$(requests)" 1
  echo "{\"keys\": [$(login home -60), $(entry work)]}" | keyfile
  rm "$play/.used"
  tcr -- numbers
  assert_used 'work-0001'
  assert_stderr_has 'it could not be renewed: the provider did not renew it: status 500'
}

@test "a refused one is renewed once, and used once more" {
  numbers
  echo "{\"keys\": [$(login home 90000), $(entry work)]}" | keyfile
  echo home-0001 > "$play/refused"
  tcr -- numbers
  assert_status 0
  assert_used 'home-0001 home-0002'
  assert_equal "$(cat "$out")" fine
  assert_stderr_has 'its login is renewed, and it is used once more'
  printf 'home-0002\nhome-0003\n' > "$play/refused"
  rm "$play/.used"
  tcr -- numbers
  assert_used 'home-0002 home-0003 work-0001'
  assert_equal "$(requests)" 2
}

@test "twenty runs at once: one asks, all have the new token" {
  numbers
  logins home
  token_server late:0.5
  local i
  for ((i = 0; i < 20; i++)); do
    within "$TCR_RUN" -- numbers > "$scratch/stdout$i" 2> "$scratch/stderr$i" &
  done
  wait $(jobs -p | grep -v "^$server$")
  assert_equal "$(requests)" 1
  assert_equal "$(sort "$play/.used" | uniq -c | tr -s ' ')" ' 20 home-0002'
}

@test "a sealed file" {
  numbers
  logins home
  passphrase 'once only'
  tcr keys seal --limits interactive
  extra_env+=("TCR_OAUTH_TOKEN_URL=http://127.0.0.1:$(cat "$scratch/port")/")
  tcr -- numbers
  assert_used 'home-0002'
  assert_sealed
}

@test "a rest stays with a login that is renewed" {
  echo "{\"keys\": [$(login home 700), $(entry work)]}" | keyfile
  fails home limit
  tcr -- client
  tcr keys refresh home
  tcr status --json
  assert_equal "$(jq -r '.keys[] | select(.name == "home") | .state' "$out")" 'cooling'
}
