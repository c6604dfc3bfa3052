# tcr-run doctor: what it finds, and what it says about it. Each test begins with a healthy pool.
load helpers

# A client that knows its version, and three subscriptions.
healthy() {
  pool home work
  printf '#!/bin/sh\n[ "$1" = --version ] && echo "2.1.197 (Claude Code)"\n' > "$scratch/bin/claude"
  chmod 755 "$scratch/bin/claude"
}

doctor() {
  tcr doctor "$@"
  assert_no_stderr
}

# finding STATUS CHECK PATTERN: one line of that status says that.
finding() {
  grep -qE "^$1 +$2 +— .*$3" "$out" || fail "no such line: $1 $2 $3"
}

# Nothing but good news.
assert_healthy() {
  assert_status 0
  ! grep -vE '^ok ' "$out" || fail "not healthy"
}

# Something is bad: exactly one line, and the status says so.
assert_one_failure() {
  assert_status 1
  assert_equal "$(grep -c '^fail ' "$out")" 1
}

# Something is odd: exactly one line, and the status is that of health.
assert_one_warning() {
  assert_status 0
  assert_equal "$(grep -cE '^(warn|fail) ' "$out")" 1
}

@test "all is well, before the first run and after it" {
  healthy
  doctor
  assert_healthy
  finding ok state "the first run creates $state"
  finding ok keys "2 from $keys"
  finding ok 'key file' "$keys has mode 0600"
  finding ok client "$scratch/bin/claude is version 2\.1\.197"
  [ ! -e "$state" ] || fail "looking made a state"
  tcr -- client
  doctor
  assert_healthy
  finding ok state "$state can be written"
  finding ok lock "$state/state.lock can be had"
  assert_equal "$(cd "$state" && echo *)" 'events.jsonl state.json state.lock'
}

@test "everything linked in, on a system without certificates of authorities" {
  [ -n "${STATIC-}" ] || skip "TCR_RUN loads libraries"
  need_root
  healthy
  # shellcheck disable=SC2016  # for the inner shell
  as=(unshare -m sh -c 'mount -t tmpfs none /etc/ssl && exec "$@"' -)
  doctor
  assert_one_warning
  finding warn certificates 'none of the authorities .*; install ca-certificates, or name a file of them in SSL_CERT_FILE'
  extra_env+=(SSL_CERT_FILE=/etc/hosts)
  doctor
  assert_healthy
}

@test "it changes nothing" {
  healthy
  tcr -- client
  before=$(cat "$state"/state.json "$state"/events.jsonl "$keys" | cksum)
  doctor
  doctor --json
  assert_equal "$(cat "$state"/state.json "$state"/events.jsonl "$keys" | cksum)" "$before"
}

# --- keys ---

@test "keys: none anywhere" {
  healthy
  rm "$keys"
  doctor
  assert_one_failure
  finding fail keys "there are none in $keys; tcr-run keys add NAME, or"
}

@test "keys: the folders are looked at before there is a file" {
  healthy
  rm "$keys"
  chmod 777 "$config"
  doctor
  finding fail 'key file' "$keys cannot be used: others can write to the folder $config; chmod go-w $config"
  rm -r "$config"
  chmod 777 "$home/.config"
  doctor
  finding fail 'key file' "others can write to the folder $home/.config; chmod go-w $home/.config"
}

@test "keys: from the environment" {
  healthy
  rm "$keys"
  extra_env=("TCR_KEYS=$(token a),$(token b)")
  doctor
  assert_healthy
  finding ok keys '2 from the environment'
}

@test "keys: one alone, the master alone, none enabled" {
  healthy
  pool home
  doctor
  assert_one_warning
  finding warn keys 'there is only one, .*add a second'
  echo "{\"master\": $(entry api:billing)}" | keyfile
  doctor
  assert_one_warning
  finding warn keys 'the master key is the only one, and it is billed'
  echo "{\"keys\": [$(entry a '"disabled": true'), $(entry b '"disabled": true')]}" | keyfile
  doctor
  assert_one_failure
  finding fail keys 'none of 2 .* can be used'
}

@test "key file: the modes that others could use" {
  healthy
  chmod 644 "$keys"
  doctor
  assert_one_failure
  finding fail 'key file' "$keys: its mode 0644 gives others access to your keys; chmod 600 $keys"
  chmod 600 "$keys"
  chmod 777 "$config"
  doctor
  assert_one_failure
  finding fail 'key file' "others can write to the folder $config; chmod go-w $config"
}

@test "key file: mistakes in it" {
  healthy
  echo '{"keys": [{"name": "a"}]}' | keyfile
  doctor
  assert_one_failure
  finding fail 'key file' "$keys: keys\[0\]"
  extra_env=(TCR_KEYS_FILE=/nowhere/keys.json)
  doctor
  assert_one_failure
  finding fail 'key file' '/nowhere/keys.json: there is no such file'
}

@test "key file: --keys and --profile" {
  healthy
  echo "{\"keys\": [$(entry a), $(entry b), $(entry c)], \"profiles\": {\"cheap\": {\"keys\": [\"a\", \"b\"]}}}" | keyfile "$scratch/other.json"
  doctor --keys "$scratch/other.json" --profile cheap
  assert_healthy
  finding ok keys "2 from $scratch/other.json"
  doctor --keys "$scratch/other.json" --profile dear
  assert_one_failure
  finding fail 'key file' 'there is no profile "dear"'
}

@test "token files that cannot be read" {
  healthy
  (umask 022; token x > "$config/open.token")
  echo "{\"keys\": [$(entry a), $(entry b), {\"name\": \"open\", \"token_file\": \"open.token\"}]}" | keyfile
  doctor
  assert_one_warning
  finding warn 'key file' "\"open\" is left out: $config/open.token: its mode 0644 .*; chmod 600 $config/open.token"
}

@test "token commands that are not there" {
  healthy
  echo "{\"keys\": [$(entry a), $(entry b), {\"name\": \"gone\", \"token_command\": [\"no-such-program\", \"x\"]}, {\"name\": \"there\", \"token_command\": [\"cat\", \"x\"]}, {\"name\": \"path\", \"token_command\": [\"$scratch/nothing\"]}]}" | keyfile
  doctor
  assert_status 0
  assert_equal "$(grep -c '^warn ' "$out")" 2
  finding warn 'token command' '"gone": no-such-program is not found'
  finding warn 'token command' "\"path\": $scratch/nothing is not found"
}

@test "a token where the name of a program belongs is not shown" {
  healthy
  echo "{\"keys\": [$(entry a), $(entry b), {\"name\": \"c\", \"token_command\": [\"$(token c)\"]}]}" | keyfile
  doctor
  finding warn 'token command' '"c": sk-ant-'
  tcr doctor --json
  jq -e '.checks[] | select(.check == "token command") | .message' "$out"
}

@test "token commands are not run" {
  healthy
  echo "{\"keys\": [$(entry a), $(entry b), {\"name\": \"c\", \"token_command\": [\"touch\", \"$scratch/was-run\"]}]}" | keyfile
  doctor
  assert_healthy
  [ ! -e "$scratch/was-run" ] || fail "it was run"
}

@test "login folders without a login" {
  healthy
  mkdir "$home/.claude-team"
  echo "{\"keys\": [$(entry a), $(entry b), {\"name\": \"team\", \"config_dir\": \"~/.claude-team\"}]}" | keyfile
  doctor
  assert_one_warning
  finding warn login "\"team\": $home/.claude-team/.credentials.json: No such file .*CLAUDE_CONFIG_DIR="
  echo '{}' > "$home/.claude-team/.credentials.json"
  doctor
  assert_healthy
}

@test "keys near their end" {
  healthy
  echo "{\"keys\": [$(entry a "\"expires\": $(($(date +%s) + 5 * 86400 + 60))"), $(entry b "\"expires\": $(($(date +%s) - 7200))"), $(entry c '"expires": 4000000000')]}" | keyfile
  doctor
  assert_status 0
  assert_equal "$(grep -c '^warn ' "$out")" 2
  finding warn end '"a" ends in 5d; claude setup-token'
  finding warn end '"b" ended 2h ago; claude setup-token'
}

# --- organizations ---

@test "API keys of one organization add no capacity" {
  healthy
  echo "{\"keys\": [$(entry home), $(entry api:a '"organization": "acme"'), $(entry api:b '"organization": "acme"'), $(entry api:c '"organization": "other"')]}" | keyfile
  doctor
  assert_one_warning
  finding warn organization '"a", "b" are API keys of one organization, "acme": .*add no capacity'
}

@test "subscriptions of one organization rest together" {
  healthy
  echo "{\"keys\": [$(entry a '"organization": "acme"'), $(entry b '"organization": "acme"'), $(entry c '"organization": "acme", "disabled": true')]}" | keyfile
  doctor
  assert_healthy
  finding ok organization '"a", "b" are of "acme" and rest together'
  assert_equal "$(grep -c organization "$out")" 1
}

@test "a pool of API keys of nobody knows whom" {
  healthy
  pool api:a api:b
  doctor
  assert_one_warning
  finding warn organization '2 API keys, and the file does not say whose'
  echo "{\"keys\": [$(entry api:a '"organization": "acme"'), $(entry api:b '"organization": "other"')]}" | keyfile
  doctor
  assert_healthy
}

# --- refused keys ---

@test "keys that were refused, each class with its own advice" {
  healthy
  pool home work ci spare
  fails home auth; fails work billing; fails ci forbidden
  tcr --retries 9 -- client
  assert_status 0
  doctor
  assert_status 0
  assert_equal "$(grep -c '^warn ' "$out")" 3
  finding warn refused '"home" was refused .* at [0-9:]{5}; renew it .* tcr-run reset home'
  finding warn refused '"work" has no credit left at [0-9:]{5}; add credit, then tcr-run reset work'
  finding warn refused '"ci" is not allowed .*; ask whoever'
  tcr reset
  doctor
  assert_healthy
}

@test "every key of the pool was refused: a failure" {
  healthy
  fails home auth; fails work auth
  tcr -- client
  doctor
  assert_one_failure
  finding fail refused 'every key of the pool was'
}

@test "a used-up key is in good health" {
  healthy
  fails home limit; fails work throttled
  tcr -- client
  doctor
  assert_healthy
}

# --- state ---

@test "state: no place, a folder that cannot be made, written or trusted" {
  healthy
  need_root
  become_person
  mkdir "$scratch/locked"
  chmod 555 "$scratch/locked"
  chown 0:0 "$scratch/locked"
  extra_env=("XDG_STATE_HOME=$scratch/locked/state")
  doctor
  assert_one_failure
  finding fail state "$scratch/locked/state/tcr cannot be created in $scratch/locked: Permission denied; used-up keys are tried again"
  mkdir -p "$scratch/locked/state/tcr"
  doctor
  assert_one_failure
  finding fail state "$scratch/locked/state/tcr cannot be written or locked: Permission denied"
  extra_env=("TCR_STATE=/dev/null/state.json")
  doctor
  assert_one_failure
  finding fail state 'Not a directory'
}

@test "state: a file of somebody else" {
  healthy
  need_root
  mkdir -p "$state"
  echo '{}' > "$state/state.json"
  become_person
  chown 0:0 "$state/state.json"
  chmod 600 "$state/state.json"
  doctor
  assert_status 1
  finding fail state "$state/state.json cannot be written: Permission denied; .*make it yours again"
}

@test "state: a folder that others can write" {
  healthy
  tcr -- client
  chmod 777 "$state"
  doctor
  assert_one_failure
  finding fail state "others can write to $state, .*; chmod 700 $state"
  chmod 1777 "$state"
  doctor
  assert_healthy
}

@test "state: a full disk" {
  healthy
  need_root
  mkdir -p "$scratch/disk"
  capture unshare -m bash -c 'mount -t tmpfs -o size=4k,nr_inodes=9 none "$0" && echo > "$0"/fill; head -c 4096 /dev/zero > "$0/fill"; exec "$@"' \
    "$scratch/disk" env "TCR_STATE=$scratch/disk/state.json" "$TCR_RUN" doctor
  [ -s "$out" ] || skip "nothing can be mounted here"
  assert_one_failure
  finding fail state "$scratch/disk cannot be written or locked: No space left on device; .*free some space"
}

@test "state: a file system that is read only" {
  healthy
  need_root
  mkdir -p "$scratch/disk"
  capture unshare -m bash -c 'mount -t tmpfs -o ro none "$0" && exec "$@"' \
    "$scratch/disk" env "TCR_STATE=$scratch/disk/state.json" "$TCR_RUN" doctor
  [ -s "$out" ] || skip "nothing can be mounted here"
  assert_one_failure
  finding fail state "Read-only file system; .*name another place in TCR_STATE"
}

@test "state: broken, and of a newer version" {
  healthy
  tcr -- client
  echo 'no json' > "$state/state.json"
  doctor
  assert_one_warning
  finding warn state 'cannot be understood'
  assert_equal "$(cat "$state/state.json")" 'no json'
  echo '{"version": 99}' > "$state/state.json"
  doctor
  assert_one_failure
  finding fail state 'was written by a newer tcr-run .*update this'
}

@test "lock: held by somebody for long" {
  healthy
  tcr -- client
  flock "$state/state.lock" sleep 20 3>&- &
  holder=$!
  held() { ! flock -n "$state/state.lock" true; }
  eventually held
  doctor
  kill "$holder"
  pkill -P "$holder" sleep || true
  assert_one_warning
  finding warn lock "$state/state.lock has been held by another process"
  assert_ms "$took" 1500 6000
}

@test "lock: a file of another name has a lock of its own" {
  healthy
  extra_env=("TCR_STATE=$scratch/pool.json")
  tcr -- client
  doctor
  assert_healthy
  finding ok lock "$scratch/pool.json.lock can be had"
}

# --- clock ---

@test "clock: stamps in the future" {
  healthy
  tcr -- client
  age -7200
  doctor
  assert_one_warning
  finding warn clock '(2h|1h 59m) in the future'
  age 7170
  doctor
  assert_healthy
}

@test "clock: a year in which there was no Claude Code" {
  healthy
  needs_preloading
  echo '#include <time.h>
    time_t time(time_t *t) { if (t) *t = 86400; return 86400; }' > "$scratch/past.c"
  "${CC:-cc}" -shared -fPIC -o "$scratch/past.so" "$scratch/past.c"
  extra_env=("LD_PRELOAD=$scratch/past.so")
  doctor
  assert_one_failure
  finding fail clock 'before 2024: .*; set it'
}

# --- the client ---

@test "client: none on PATH" {
  healthy
  rm "$scratch/bin/claude"
  doctor
  assert_one_warning
  finding warn client 'there is no claude on PATH; npm install'
  mkdir "$scratch/bin/claude"
  doctor
  finding warn client 'there is no claude on PATH'
}

@test "client: a version that is none, a failure, one that cannot be started" {
  healthy
  while IFS='|' read -r script pattern; do
    printf '%b\n' "$script" > "$scratch/bin/claude"
    doctor
    assert_one_warning
    finding warn client "$pattern"
  done <<'END'
#!/bin/sh\necho hello|printed no version
#!/bin/sh\n:|printed no version
#!/bin/sh\necho 2.1.197; exit 1|--version failed
#!/bin/sh\nkill -9 $$|--version failed
#!/no/such/interpreter|cannot be started
END
}

@test "client: one that never ends is given 5 s" {
  healthy
  printf '#!/bin/sh\nexec sleep 60\n' > "$scratch/bin/claude"
  doctor
  assert_one_warning
  finding warn client 'did not end within 5 s'
  assert_ms "$took" 4500 9000
}

@test "client: one that leaves somebody with its output does not hold it up" {
  healthy
  printf '#!/bin/sh\nsleep 60 & echo $! > "$PLAY/left"; echo 2.1.197\n' > "$scratch/bin/claude"
  doctor
  kill "$(cat "$play/left")"
  assert_ms "$took" 0 9000
}

@test "client: it gets no credential and no input" {
  healthy
  printf '#!/bin/sh\nenv > "$PLAY/environment"; cat > "$PLAY/input"; echo noise >&2; echo 2.1.197\n' > "$scratch/bin/claude"
  rm "$keys"
  extra_env=("TCR_KEYS=$(token a),$(token b)" "ANTHROPIC_API_KEY=$(token api:c)")
  input=$HERE/client
  doctor
  assert_healthy
  ! grep -E 'FAKE|TCR_' "$play/environment" || fail "a credential was passed on"
  [ ! -s "$play/input" ] || fail "it read our input"
  rm "$play/environment"
}

# --- settings ---

@test "settings: the user's, the project's and the global ones" {
  healthy
  mkdir -p "$home/.claude" .claude
  while IFS='|' read -r file content name; do
    echo "$content" > "$(eval echo "$file")"
    doctor
    assert_one_warning
    finding warn settings "sets $name, which would .*; remove $name from .*$(basename "$file")"
    rm "$(eval echo "$file")"
  done <<'END'
$home/.claude/settings.json|{"apiKeyHelper": "/bin/echo x"}|apiKeyHelper
.claude/settings.json|{"apiKeyHelper": "/bin/echo x"}|apiKeyHelper
.claude/settings.local.json|{"env": {"ANTHROPIC_AUTH_TOKEN": "x"}}|ANTHROPIC_AUTH_TOKEN
$home/.claude.json|{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}|CLAUDE_CODE_USE_BEDROCK
$home/.claude/settings.json|{"env": {"ANTHROPIC_BASE_URL": "https://example.com"}}|ANTHROPIC_BASE_URL
$home/.claude/settings.json|{"env": {"ANTHROPIC_CUSTOM_HEADERS": "x-api-key: y"}}|ANTHROPIC_CUSTOM_HEADERS
END
  echo '{"apiKeyHelper": "", "env": {"EDITOR": "vi"}}' > "$home/.claude/settings.json"
  doctor
  assert_healthy
}

@test "settings: a value is never shown" {
  healthy
  mkdir -p "$home/.claude"
  echo '{"apiKeyHelper": "echo hunter2", "env": {"ANTHROPIC_API_KEY": "hunter2", "ANTHROPIC_BASE_URL": "https://u:hunter2@h/"}}' > "$home/.claude/settings.json"
  doctor
  assert_equal "$(grep -c '^warn  settings' "$out")" 3
  doctor --json
  ! grep hunter2 "$out" || fail "a value was shown"
}

@test "settings: where CLAUDE_CONFIG_DIR says" {
  healthy
  mkdir "$scratch/elsewhere"
  echo '{"apiKeyHelper": "x"}' > "$scratch/elsewhere/settings.json"
  extra_env=("CLAUDE_CONFIG_DIR=$scratch/elsewhere")
  doctor
  assert_one_warning
  finding warn settings "$scratch/elsewhere/settings.json sets apiKeyHelper"
}

@test "settings: an administrator's win, and that is a failure" {
  healthy
  need_root
  mkdir -p "$scratch/etc/claude-code" "$scratch/etc/ssl"
  touch "$scratch/etc/ssl/cert.pem"
  cp /etc/passwd /etc/group /etc/ld.so.cache "$scratch/etc/"
  managed() {
    capture unshare -m bash -c 'mount --bind "$0" /etc && exec "$@"' "$scratch/etc" "$TCR_RUN" doctor
  }
  managed
  [ -s "$out" ] || skip "nothing can be mounted here"
  assert_healthy
  echo '{"apiKeyHelper": "x"}' > "$scratch/etc/claude-code/managed-settings.json"
  managed
  assert_one_failure
  finding fail settings '/etc/claude-code/managed-settings.json sets apiKeyHelper, which wins over every key: .*ask your administrator'
  echo '{"env": {"ANTHROPIC_BASE_URL": "https://gateway"}}' > "$scratch/etc/claude-code/managed-settings.json"
  managed
  assert_one_warning
  finding warn settings 'your administrator has the keys sent to another address'
}

# --- the environment ---

@test "environment: cloud routing flags" {
  healthy
  for name in BEDROCK VERTEX FOUNDRY MANTLE ANTHROPIC_AWS GATEWAY; do
    extra_env=("CLAUDE_CODE_USE_$name=1")
    doctor
    assert_one_warning
    finding warn environment "CLAUDE_CODE_USE_$name is set"
  done
  extra_env=(CLAUDE_CODE_USE_BEDROCK=)
  doctor
  assert_healthy
}

@test "environment: ANTHROPIC_BASE_URL" {
  healthy
  while IFS='|' read -r url health address; do
    extra_env=("ANTHROPIC_BASE_URL=$url")
    doctor
    case $health in
      ok) assert_healthy ;;
      warn) assert_one_warning; finding warn environment "sends the keys to $address(, where nothing listens)?;" ;;
      fail) assert_one_failure; finding fail environment "sends the keys unencrypted to $address;" ;;
    esac
  done <<'END'
https://api.anthropic.com|ok|
https://api.anthropic.com/|ok|
HTTPS://API.ANTHROPIC.COM:443/v1|ok|
|ok|
https://api.anthropic.com.example.net|warn|https://api.anthropic.com.example.net
https://api.anthropic.com@example.net/|warn|https://example.net
https://gateway.example.com/path?x=y|warn|https://gateway.example.com
https://user:hunter2@gateway.example.com:8443/path|warn|https://gateway.example.com:8443
https://user:hunter@2@gateway.example.com|warn|https://gateway.example.com
http://127.0.0.1:8080|warn|http://127.0.0.1:8080
http://localhost:1234/|warn|http://localhost:1234
http://[::1]:1234/|warn|http://\[::1\]:1234
http://gateway.example.com|fail|http://gateway.example.com
http://localhost.example.com|fail|http://localhost.example.com
http://127.0.0.1.example.com|fail|http://127.0.0.1.example.com
http://user:hunter2@10.0.0.1/|fail|http://10.0.0.1
END
}

@test "environment: a password in an address is not shown" {
  healthy
  extra_env=('ANTHROPIC_BASE_URL=https://user:hunter2@gateway.example.com/hunter2')
  doctor
  doctor --json
  ! grep hunter2 "$out" || fail "a password was shown"
}

@test "environment: ANTHROPIC_CUSTOM_HEADERS" {
  healthy
  extra_env=($'ANTHROPIC_CUSTOM_HEADERS=x-team: a\nx-other: b')
  doctor
  assert_healthy
  for header in 'Authorization: Bearer hunter2' 'X-API-Key: hunter2'; do
    extra_env=("ANTHROPIC_CUSTOM_HEADERS=x-team: a"$'\n'"$header")
    doctor
    assert_one_warning
    finding warn environment 'ANTHROPIC_CUSTOM_HEADERS holds a credential'
    ! grep hunter2 "$out" || fail "it was shown"
  done
}

@test "environment: certificates that are not checked" {
  healthy
  extra_env=(NODE_TLS_REJECT_UNAUTHORIZED=0)
  doctor
  assert_one_failure
  finding fail environment 'NODE_TLS_REJECT_UNAUTHORIZED=0: anybody'
  extra_env=(NODE_TLS_REJECT_UNAUTHORIZED=1)
  doctor
  assert_healthy
}
