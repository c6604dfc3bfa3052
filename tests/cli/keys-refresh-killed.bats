#!/usr/bin/env bats
# The process that renews a login is killed with the answer in hand, before each of the calls that it still makes: the login is
# there afterwards. Not under sanitizers, which want to be loaded first.
load refresh-helpers

eval "helpers_$(declare -f setup_file)"

setup_file() {
  helpers_setup_file
  cc -D_GNU_SOURCE -shared -fPIC -O1 -o "$BATS_FILE_TMPDIR/killed_at.so" "$BATS_TEST_DIRNAME/../fault/killed_at.c" -ldl
}

# killed_everywhere SETUP HOLDS: once for each call.
killed_everywhere() {
  needs_preloading
  local at before=(${extra_env[@]+"${extra_env[@]}"}) found=0
  token_server ok
  for ((at = 1; at < 60; at++)); do
    name=r$at
    "$1"
    extra_env=("${before[@]}" "LD_PRELOAD=$BATS_FILE_TMPDIR/killed_at.so" "KILLED_AT=$at")
    tcr keys refresh --if-due "$name"
    extra_env=("${before[@]}")
    [ "$status" != 0 ] || break
    assert_stderr_has 'its process was killed'
    [ ! -e "$rescue" ] || found=$((found + 1))
    free_locks
    tcr keys refresh --if-due "$name"
    assert_status 0
    "$2"
    assert_equal "$(find "$(dirname "$rescue")" -name '*.renewal')" ''
  done
  # It was killed with the answer in hand, and the file that holds it was what saved it.
  [ "$at" -gt 7 ]
  [ "$found" -gt 2 ]
}

free_locks() {
  find "$scratch" -name '*.lock' -type d -exec touch -d '-2 minutes' {} +
}

in_key_file() {
  rescue=$keys.renewal
  logins "$name"
}

key_file_holds() {
  holds "$name" 2
}

@test "a login in the key file" {
  killed_everywhere in_key_file key_file_holds
}

in_folder() {
  rescue=$scratch/login/.credentials.json.renewal
  folder_login login "$name"
  echo "{\"keys\": [{\"name\": \"$name\", \"config_dir\": \"$scratch/login\"}]}" | keyfile
}

folder_holds() {
  folder_has login "$name" 2
}

@test "a login in a folder of Claude Code's" {
  killed_everywhere in_folder folder_holds
}

@test "twenty processes at once, most of them killed: the login is not lost, and each token is used once" {
  local i pid round
  for round in 1 2; do
    logins "many$round"
    token_server late:0.2
    for ((i = 0; i < 20; i++)); do
      # A third is killed from outside, a third with the answer in hand if it is the one that gets it.
      ( extra_env+=("LD_PRELOAD=$BATS_FILE_TMPDIR/killed_at.so" "KILLED_AT=$((i % 3 == 1 ? i : 0))")
        within setsid sh -c 'echo $$ > "$0"; exec "$@"' "$scratch/pid$i" "$TCR_RUN" keys refresh --if-due "many$round" ) \
        > "$scratch/stdout$i" 2> "$scratch/stderr$i" &
      pid[i]=$!
    done
    for ((i = 0; i < 20; i += 3)); do
      sleep 0.03
      kill -9 -- "-$(cat "$scratch/pid$i")" 2>/dev/null || true
    done
    wait "${pid[@]}" || true
    token_server ok
    tcr keys refresh --if-due "many$round"
    assert_status 0
    becomes "many$round" 2
  done
  assert_equal "$(requests)" 2
  assert_equal "$(jq -s 'map(.status) | unique | tostring' "$asked")" '"[200]"'
  [ ! -e "$keys.renewal" ]
}

@test "of another key: it is taken up before the next is renewed" {
  needs_preloading
  logins home work
  token_server ok
  extra_env+=("LD_PRELOAD=$BATS_FILE_TMPDIR/killed_at.so" KILLED_AT=2)
  tcr keys refresh home
  unset 'extra_env[-1]' 'extra_env[-1]'
  [ -e "$keys.renewal" ]
  holds home 1
  tcr keys refresh work
  assert_status 0
  holds home 2
  holds work 2
  [ ! -e "$keys.renewal" ]
}

@test "of a sealed file: what is left behind is sealed too" {
  needs_preloading
  logins home
  passphrase 'once only'
  tcr keys seal --limits interactive
  assert_status 0
  extra_env+=("TCR_OAUTH_TOKEN_URL=http://127.0.0.1:$(cat "$scratch/port")/" "LD_PRELOAD=$BATS_FILE_TMPDIR/killed_at.so" KILLED_AT=2)
  tcr keys refresh home
  unset 'extra_env[-1]' 'extra_env[-1]'
  [ -s "$keys.renewal" ]
  ! grep -q FAKE "$keys.renewal" || fail "a token beside the key file"
  tcr keys refresh --if-due home
  assert_status 0
  assert_equal "$(requests)" 1
  tcr keys unseal
  holds home 2
}
