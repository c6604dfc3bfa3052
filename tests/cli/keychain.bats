#!/usr/bin/env bats
# macOS's login keychain as its program `security` gives it. Here that is a script: an item is a file in $items.

load provider-helpers

with_keychain() {
  items=$scratch/items
  mkdir -p "$items" "$home"
  cat >"$scratch/bin/security" <<END
#!/bin/sh
[ "\$1 \$2 \$3" = "find-generic-password -w -s" ] && [ \$# -eq 4 ] || exit 2
echo "\$4" >>"$scratch/items-asked"
[ -f "$items/\$4" ] || { echo "security: SecKeychainSearchCopyNext" >&2; exit 44; }
. "$items/\$4"
END
  chmod +x "$scratch/bin/security"
}

# item SERVICE TEXT: the keychain holds it.
item() {
  (umask 077 && echo "echo '$2'" >"$items/$1")
}

login_json() {
  echo "{\"claudeAiOauth\": {\"accessToken\": \"$(token login)\", \"refreshToken\": \"sk-ant-ort01-FAKE-login-0001\", \"expiresAt\": ${1-4102444800000}}}"
}

@test "a key in the keychain is read when it is chosen, and its line is the key" {
  with_keychain
  item claude-work "$(token work)"
  echo "{\"keys\": [{\"name\": \"work\", \"keychain\": \"claude-work\"}, $(entry home)]}" | keyfile
  tcr -- client
  assert_status 0
  assert_equal "$(used)" work
  assert_equal "$(cat "$scratch/items-asked")" claude-work
  tcr keys list
  assert_stdout_has '^work +\? +\(keychain\)'
  tcr keys show work --json
  assert_equal "$(jq -c '[.keychain, .token_command]' "$out")" '["claude-work",null]'
  assert_equal "$(wc -l <"$scratch/items-asked")" 1
}

@test "no such item, a locked keychain and no keychain: one line says what to do, and the next key is used" {
  with_keychain
  echo "{\"keys\": [{\"name\": \"work\", \"keychain\": \"claude work\"}, $(entry home)]}" | keyfile
  tcr -- client
  assert_equal "$status $(used)" '0 home'
  assert_stderr_has "the login keychain has no item 'claude work'; to make it: security add-generic-password -a \"[$]USER\" -s 'claude work' -w"
  echo 'exit 51' >"$items/claude work"
  tcr --key work -- client
  assert_stderr_has 'keychain "security" exited with status 51'
  rm "$scratch/bin/security"
  tcr --key work -- client
  assert_stderr_has "a \"keychain\" is macOS's, whose program security is not in PATH; elsewhere: \"token_command\""
  tcr doctor
  assert_stdout_has '^warn +keychain +— "work": .*"token_command" with what keeps secrets here'
}

@test "keys add --keychain notes the item and reads nothing; a wrong one in the file is told" {
  with_keychain
  pool home
  tcr keys add work --keychain claude-work
  assert_status 0
  assert_stderr_has 'added "work" [(]from the keychain[)]'
  assert_equal "$(in_file '.keys[1]')" '{"name":"work","keychain":"claude-work"}'
  [ ! -e "$scratch/items-asked" ]
  tcr keys add again --keychain claude-work
  assert_status 125
  assert_stderr_has '"work"'
  tcr keys renew work
  assert_stderr_has 'renew it with security add-generic-password -U'
  for wrong in '"keychain": ""' '"keychain": 7' '"keychain": "x", "token_command": ["x"]'; do
    echo "{\"keys\": [{\"name\": \"work\", $wrong}]}" | keyfile
    tcr -- client
    assert_status 125
    assert_stderr_has 'keys\[0\]'
  done
}

@test "a login of Claude Code that is in the keychain: by the folder's hash, that of ~/.claude without" {
  with_keychain
  mkdir "$home/team" "$home/.claude"
  hash=$(printf %s "$home/team" | sha256sum | cut -c 1-8)
  item "Claude Code-credentials-$hash" "$(login_json)"
  echo '{"keys": [{"name": "team", "config_dir": "~/team"}, {"name": "own", "config_dir": "~/.claude"}]}' | keyfile
  answer login=ok
  provide
  tcr keys check
  says team valid
  says own unchecked '/.claude/.credentials.json: No such file'
  item 'Claude Code-credentials' "$(login_json 1500000000000)"
  tcr keys check
  says own unchecked 'the access token of its login has expired'
  tcr doctor
  ! grep -E '^warn +login' "$out" || fail "a login in the keychain is none for doctor"
  tcr keys refresh team
  assert_stderr_has 'its login is in the keychain, where Claude Code alone renews it'
  rm "$items/Claude Code-credentials"
  tcr doctor
  assert_stdout_has '^warn +login +— "own": '
}

@test "the file in the folder comes before the keychain, which is not asked then" {
  with_keychain
  mkdir "$home/team"
  (umask 077 && login_json >"$home/team/.credentials.json")
  echo '{"keys": [{"name": "team", "config_dir": "~/team"}]}' | keyfile
  answer login=ok
  provide
  tcr keys check
  says team valid
  [ ! -e "$scratch/items-asked" ]
}

# Named with its path, Claude Code on macOS would look for another item than the one it makes there.
@test "the folder ~/.claude is given to the client as the one that it takes unasked" {
  mkdir "$home/.claude"
  echo '{"keys": [{"name": "own", "config_dir": "~/.claude"}]}' | keyfile
  # shellcheck disable=SC2016
  tcr -- sh -c 'echo "<${CLAUDE_SECURESTORAGE_CONFIG_DIR-unset}>"'
  assert_stdout '<>'
}
