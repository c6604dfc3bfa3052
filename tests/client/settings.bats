# Settings files can name a credential of their own, and the client prefers it. The one tcr-run chose has to arrive, and the
# user's other settings have to go on working.

load helpers

settings_file() {
  case $1 in
    user) echo "$home/.claude/settings.json" ;;
    project) echo "$project/.claude/settings.json" ;;
    local) echo "$project/.claude/settings.local.json" ;;
  esac
}

shadow() {
  case $1 in
    apiKeyHelper) jq -n --arg token "$(token api:helper)" '{apiKeyHelper: "echo \($token)"}' ;;
    ANTHROPIC_BASE_URL) jq -n '{env: {ANTHROPIC_BASE_URL: "http://127.0.0.1:1"}}' ;;
    ANTHROPIC_API_KEY) jq -n --arg token "$(token api:settings)" '{env: {ANTHROPIC_API_KEY: $token}}' ;;
    ANTHROPIC_CUSTOM_HEADERS) jq -n --arg token "$(token settings)" \
      '{env: {ANTHROPIC_CUSTOM_HEADERS: "Authorization: Bearer \($token)"}}' ;;
    CLAUDE_CODE_USE_BEDROCK) jq -n '{env: {CLAUDE_CODE_USE_BEDROCK: "1"}}' ;;
    *) jq -n --arg name "$1" --arg token "$(token settings)" '{env: {($name): $token}}' ;;
  esac
}

# By itself the setting wins, else the test would prove nothing. Then the same with tcr-run: with no --settings of the user's,
# with JSON text and with a file.
shielded() {
  local where=$1 name=$2 file own='{"env":{"OWN_SETTING":"mine"}}'
  local look='tool:echo "[$OWN_SETTING]" >> own.txt'
  pool home
  local -a steps=("ok:pong" "$look" "ok:pong" "$look" "ok:pong") nothing=()
  [[ ! "$where $name" =~ ^($(says shadows-nothing))$ ]] || nothing=("ok:pong") # the client alone asks with the key, too
  answers home "${nothing[@]}" "${steps[@]}"
  answers '*' "ok:the wrong one answered"
  extra_env=(CLAUDE_CODE_MAX_RETRIES=0)
  file=$(settings_file "$where")
  shadow "$name" > "$file"

  run_bare home -p "ping"
  if [ ${#nothing[@]} -gt 0 ]; then
    assert_seen "bearer:home"
  else
    [ "$(seen)" != "bearer:home" ] || fail "$name in the $where settings shadows nothing"
  fi
  : > "$log"

  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong"
  assert_seen_once "bearer:home"
  run_tcr -- claude -p "ping" --allowedTools Bash --settings "$own"
  assert_status 0
  assert_stdout "pong"
  assert_seen_once "bearer:home"
  echo "$own" > "$scratch/own.json"
  run_tcr -- claude --settings="$scratch/own.json" -p "ping" --allowedTools Bash
  assert_status 0
  assert_stdout "pong"
  assert_seen_once "bearer:home"
  assert_equal "$(paste -sd ' ' own.txt)" "[mine] [mine]"
  # Nobody's files are changed.
  assert_equal "$(cat "$file")" "$(shadow "$name")"
  assert_equal "$(cat "$scratch/own.json")" "$own"
}

@test "settings: apiKeyHelper of the user" {
  shielded user apiKeyHelper
}

@test "settings: apiKeyHelper of the project" {
  shielded project apiKeyHelper
}

@test "settings: ANTHROPIC_API_KEY of the user" {
  shielded user ANTHROPIC_API_KEY
}

@test "settings: ANTHROPIC_API_KEY of the project" {
  shielded project ANTHROPIC_API_KEY
}

@test "settings: ANTHROPIC_AUTH_TOKEN of the user" {
  shielded user ANTHROPIC_AUTH_TOKEN
}

@test "settings: ANTHROPIC_AUTH_TOKEN of the project" {
  shielded project ANTHROPIC_AUTH_TOKEN
}

@test "settings: CLAUDE_CODE_OAUTH_TOKEN of the user" {
  shielded user CLAUDE_CODE_OAUTH_TOKEN
}

@test "settings: CLAUDE_CODE_OAUTH_TOKEN of the project" {
  shielded project CLAUDE_CODE_OAUTH_TOKEN
}

@test "settings: ANTHROPIC_BASE_URL of the user" {
  shielded user ANTHROPIC_BASE_URL
}

@test "settings: ANTHROPIC_BASE_URL of the project" {
  shielded project ANTHROPIC_BASE_URL
}

@test "settings: settings.local.json of the project" {
  shielded local ANTHROPIC_AUTH_TOKEN
}

@test "settings: ANTHROPIC_CUSTOM_HEADERS with an authorization of its own" {
  shielded project ANTHROPIC_CUSTOM_HEADERS
}

@test "settings: a cloud's flag" {
  shielded user CLAUDE_CODE_USE_BEDROCK
}

@test "settings: an env in ~/.claude.json" {
  pool home
  answers home "ok:pong"
  answers '*' "ok:the wrong one answered"
  jq -n --arg token "$(token settings)" '{env: {ANTHROPIC_AUTH_TOKEN: $token}}' > "$home/.claude.json"
  run_bare home -p "ping"
  assert_seen "bearer:settings"
  : > "$log"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong"
  assert_seen "bearer:home"
}

@test "settings: a config folder of the user's" {
  pool home
  answers home "ok:pong"
  answers '*' "ok:the wrong one answered"
  mkdir "$scratch/config"
  shadow CLAUDE_CODE_OAUTH_TOKEN > "$scratch/config/settings.json"
  extra_env=("CLAUDE_CONFIG_DIR=$scratch/config")
  run_bare home -p "ping"
  assert_seen "bearer:settings"
  : > "$log"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong"
  assert_seen "bearer:home"
}

@test "settings: the user's --settings names a credential" {
  pool home
  answers home "ok:pong"
  answers '*' "ok:the wrong one answered"
  run_tcr -- claude -p "ping" --settings "$(shadow ANTHROPIC_AUTH_TOKEN)"
  assert_status 0
  assert_seen "bearer:home"
}

@test "settings: an API key arrives as well" {
  pool api:ci
  answers api:ci "ok:pong"
  answers '*' "ok:the wrong one answered"
  local name
  for name in apiKeyHelper ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN CLAUDE_CODE_OAUTH_TOKEN; do
    shadow "$name" > .claude/settings.json
    run_tcr -- claude -p "ping"
    assert_status 0
    assert_stdout "pong"
    assert_seen_once "x-api-key:ci"
  done
}

@test "settings: the second attempt is shielded like the first" {
  pool home work
  answers home "limit:five_hour:3600"
  answers work "ok:pong from work"
  answers '*' "ok:the wrong one answered"
  shadow ANTHROPIC_AUTH_TOKEN > .claude/settings.json
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_stdout "pong from work"
  assert_seen "bearer:home bearer:work"
}

@test "settings: nothing of the user's is lost where nothing shadows" {
  pool home
  answers home 'tool:echo "[$OWN_SETTING]" > own.txt' "ok:pong"
  echo '{"env":{"OWN_SETTING":"from the project"}}' > .claude/settings.json
  run_tcr -- claude -p "ping" --allowedTools Bash
  assert_status 0
  assert_equal "$(cat own.txt)" "[from the project]"
}

@test "settings: a missing --settings file is the client's own error" {
  pool home
  answers home "ok:pong"
  run_tcr -- claude -p "ping" --settings "$scratch/nowhere.json"
  assert_status 1
  assert_stderr_has 'Settings file not found'
  assert_seen ""
}

# The administrator's file has one place only, so this run sees another /etc than everybody else.
managed() {
  capture unshare -m bash -c 'mount --bind "$0" /etc && exec "$@"' "$scratch/etc" "$@"
}

managed_settings() {
  local name
  mkdir -p "$scratch/etc"
  for name in passwd group nsswitch.conf hosts ld.so.cache; do
    [ ! -e "/etc/$name" ] || cp "/etc/$name" "$scratch/etc"
  done
  managed true
  [ "$status" = 0 ] || skip "nothing can be mounted here"
  mkdir -p "$scratch/etc/claude-code"
  shadow "$1" > "$scratch/etc/claude-code/managed-settings.json"
}

@test "settings: an administrator's are respected and reported" {
  managed_settings ANTHROPIC_AUTH_TOKEN
  pool home
  answers '*' "ok:pong"
  managed "$TCR_RUN" -- claude -p "ping"
  assert_status 0
  assert_seen "bearer:settings"
  assert_stderr_has '^tcr-run: .*managed'
}

@test "settings: an administrator's credential is used up: the keys, which were not asked, do not rest for it" {
  local format
  managed_settings ANTHROPIC_AUTH_TOKEN
  pool home work
  answers '*' "limit:five_hour" "limit:five_hour"
  for format in text stream-json; do
    managed "$TCR_RUN" -- claude -p "ping" --verbose --output-format "$format"
    assert_status 1
    assert_seen "bearer:settings"
    assert_stderr_has '^tcr-run: the client.s other credential failed, not "home": no key rests'
    : > "$log"
  done
  answers home "ok:pong"
  run_tcr -- claude -p "ping"
  assert_status 0
  assert_seen "bearer:home"
}

@test "settings: an administrator's other address still asks the keys" {
  managed_settings ANTHROPIC_BASE_URL
  jq -n --arg url "$url" '{env: {ANTHROPIC_BASE_URL: $url}}' > "$scratch/etc/claude-code/managed-settings.json"
  pool home work
  answers home "limit:five_hour"
  answers work "ok:pong"
  managed "$TCR_RUN" -- claude -p "ping"
  assert_status 0
  assert_stdout "pong"
  assert_stderr_has '"home" reached'
}

@test "settings: a key with an address of its own does not follow an administrator's other one" {
  managed_settings ANTHROPIC_BASE_URL
  jq -n --arg url "$url" '{env: {ANTHROPIC_BASE_URL: $url}}' > "$scratch/etc/claude-code/managed-settings.json"
  pool home
  jq '.keys[0].base_url = "http://127.0.0.1:1"' "$keys" > "$keys.new"
  (umask 077 && cat "$keys.new" > "$keys")
  managed "$TCR_RUN" -- claude -p "ping"
  assert_status 125
  assert_seen ""
  assert_stderr_has 'nothing was run with "home": an administrator.s settings send it to another address than its own'
  jq --arg url "$url/" '.keys[0].base_url = $url' "$keys" > "$keys.new"
  (umask 077 && cat "$keys.new" > "$keys")
  answers home "ok:pong"
  managed "$TCR_RUN" -- claude -p "ping"
  assert_status 0
  shadow ANTHROPIC_AUTH_TOKEN > "$scratch/etc/claude-code/managed-settings.json"
  managed "$TCR_RUN" -- claude -p "ping"
  assert_status 125
  assert_stderr_has 'settings send another credential to its address'
}

@test "settings: CLAUDE_CODE_SIMPLE of the user, of the project" {
  pool home
  answers home "ok:pong"
  settings_with() { jq -n '{env: {CLAUDE_CODE_SIMPLE: "1"}}' > "$1"; }
  settings_with "$(settings_file user)"
  run_bare home -p "ping" < /dev/null
  assert_status 1
  run_tcr -- claude -p "ping" < /dev/null
  assert_status 75
  rm "$(settings_file user)"
  settings_with "$(settings_file project)"
  run_tcr -- claude -p "ping" < /dev/null
  assert_status 0
  assert_stdout pong
}
