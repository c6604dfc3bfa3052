# The environment of the command: exactly one credential, and everything else as it was.
load helpers

# handed ENTRY...: runs the program in an environment of exactly these entries; then "given" is what the command got.
# The sanitizers' options go along, and out again.
handed() {
  local name
  local -a own=("$@")
  for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; do
    [ -z "${!name-}" ] || own+=("$name=${!name}")
  done
  printf '%s\0' "${own[@]}" > "$scratch/environment"
  status=0
  timeout --foreground 30 "$CLI_START" "$scratch/environment" "$TCR_RUN" --keys "$keys" "${options[@]}" -- \
    /bin/cat /proc/self/environ > "$out" 2> "$err" 3>&- < /dev/null || status=$?
  assert_status 0
  mapfile -d '' given < <(grep -azvE '^(ASAN|UBSAN|LSAN)_OPTIONS=' "$out")
}

assert_given() {
  diff -a <(printf '<%s>\n' "$@") <(printf '<%s>\n' "${given[@]}") || fail "not the environment that was expected"
}

own_setup() {
  prints_tokens=1
  options=()
  base=("HOME=$home")
  credential="CLAUDE_CODE_OAUTH_TOKEN=$(token a)"
  pool a
}

names_of_credentials='ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_API_KEYS ANTHROPIC_AWS_API_KEY
  ANTHROPIC_BEDROCK_MANTLE_API_KEY ANTHROPIC_FOUNDRY_API_KEY ANTHROPIC_IDENTITY_TOKEN ANTHROPIC_IDENTITY_TOKEN_FILE
  ANTHROPIC_PROFILE ANTHROPIC_SERVICE_ACCOUNT_ID AWS_BEARER_TOKEN_BEDROCK CLAUDE_API_KEY CLAUDE_BRIDGE_OAUTH_TOKEN
  CLAUDE_FALLBACK_API_KEY CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR CLAUDE_CODE_CLIENT_KEY CLAUDE_CODE_CLIENT_KEY_PASSPHRASE
  CLAUDE_CODE_HOST_AUTH_ENV_VAR CLAUDE_CODE_OAUTH_REFRESH_TOKEN CLAUDE_CODE_OAUTH_SCOPES CLAUDE_CODE_OAUTH_TOKEN
  CLAUDE_CODE_OAUTH_TOKENS CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR CLAUDE_CODE_SESSION_ACCESS_TOKEN
  CLAUDE_CODE_USE_ANTHROPIC_AWS CLAUDE_CODE_USE_BEDROCK CLAUDE_CODE_USE_FOUNDRY CLAUDE_CODE_USE_GATEWAY
  CLAUDE_CODE_USE_MANTLE CLAUDE_CODE_USE_VERTEX CLAUDE_SESSION_INGRESS_TOKEN_FILE CLAUDE_TRUSTED_DEVICE_TOKEN
  CURSOR_API_KEYS OPENAI_API_KEYS CLAUDE_CODE_SESSION_ID CLAUDE_CODE_CHILD_SESSION ANTHROPIC_UNIX_SOCKET
  CLAUDE_CODE_API_BASE_URL CLAUDE_CODE_CUSTOM_OAUTH_URL'

@test "every other entry byte for byte and in order; the credential last" {
  own_setup
  others=("${base[@]}" EMPTY= 'SPACES=  a b ' $'LINES=1\n2' $'BYTES=\xff\xfe\x01' 'EQUALS=a=b=c' '=begins' 'no equals' ''
    'PATH=/bin' 'lower=1' 'SAME=1' 'SAME=2' 'ANTHROPIC_BASE_URL=http://127.0.0.1:1' 'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=0' 'ANTHROPIC_MODEL=m' 'CLAUDE_CONFIG_DIR=/x'
    'OPENAI_API_KEY=fake' 'XTCR_A=1' 'TCR=1' 'ANTHROPIC_API_KEY2=x' 'ANTHROPIC_API_KE=x' "LAST=$(printf 'x%.0s' {1..5000})")
  handed "${others[@]}"
  assert_given "${others[@]}" "$credential"
}

@test "every name that carries or redirects a credential is gone" {
  own_setup
  for name in $names_of_credentials; do list+=("$name=fake-other-0002"); done
  handed "${base[@]}" "${list[@]}" 'AFTER=1'
  assert_given "${base[@]}" 'AFTER=1' "$credential"
}

@test "all copies of a name are gone, also those without a value" {
  own_setup
  handed 'CLAUDE_CODE_OAUTH_TOKEN=1' 'ANTHROPIC_API_KEY=1' 'A=1' 'CLAUDE_CODE_OAUTH_TOKEN=2' 'ANTHROPIC_API_KEY' \
    'CLAUDE_CODE_OAUTH_TOKEN' 'ANTHROPIC_API_KEY=' 'CLAUDE_CODE_OAUTH_TOKEN=3' "${base[@]}" 'ANTHROPIC_API_KEY=4'
  assert_given 'A=1' "${base[@]}" "$credential"
}

@test "all copies of a name that the key file invented are gone" {
  own_setup
  echo '{"keys": [{"name": "own", "token": "fake-own-0001", "kind": {"env": "OWN_KEY"}}]}' | keyfile
  handed OWN_KEY=1 A=1 OWN_KEY OWN_KEY=2 "${base[@]}" OWN_KEYS=3 OWN_KEY=4
  assert_given A=1 "${base[@]}" OWN_KEYS=3 OWN_KEY=fake-own-0001
}

@test "every TCR_ variable is gone" {
  own_setup
  handed "TCR_KEYS=$(token other)" 'TCR_=1' 'TCR_X' 'A=1' "TCR_KEYS_FILE=$keys" 'TCR_MASTER_KEY=x' "${base[@]}"
  assert_given 'A=1' "${base[@]}" "$credential"
}

@test "an API key has its own variable" {
  own_setup
  pool api:ci
  handed "${base[@]}" 'CLAUDE_CODE_OAUTH_TOKEN=1' 'ANTHROPIC_API_KEY=1' 'A=1'
  assert_given "${base[@]}" 'A=1' "ANTHROPIC_API_KEY=$(token api:ci)"
}

@test "the next attempt's environment holds the next key alone" {
  prints_tokens=1
  pool a api:b
  plays a "grep -aozE '[^=]*=sk-ant.*' /proc/self/environ | tr '\0' '\n' >&2; echo '$(sentence limit)'; exit 1"
  plays b "grep -aozE '[^=]*=sk-ant.*' /proc/self/environ | tr '\0' '\n'"
  within "$TCR_RUN" -- client > "$out" 2> "$scratch/said"
  assert_equal "$(grep -v '^tcr-run' "$scratch/said")" "CLAUDE_CODE_OAUTH_TOKEN=$(token a)"
  assert_stdout "ANTHROPIC_API_KEY=$(token api:b)"
}

@test "--keep: a name or a pattern stays" {
  own_setup
  options=(--keep CLAUDE_CODE_USE_BEDROCK --keep 'AWS_*' --keep TCR_MINE)
  handed "${base[@]}" CLAUDE_CODE_USE_BEDROCK=1 CLAUDE_CODE_USE_VERTEX=1 AWS_BEARER_TOKEN_BEDROCK=x TCR_MINE=1 TCR_OTHER=1
  assert_given "${base[@]}" CLAUDE_CODE_USE_BEDROCK=1 AWS_BEARER_TOKEN_BEDROCK=x TCR_MINE=1 "$credential"
}

@test "--keep: no pattern and no name hands a pool or a master key over" {
  own_setup
  local -a secret=(TCR_KEYS=x TCR_MASTER_KEY=x ANTHROPIC_API_KEYS=x CLAUDE_CODE_OAUTH_TOKENS=x CURSOR_API_KEYS=x OPENAI_API_KEYS=x
    CLAUDE_FALLBACK_API_KEY=x)
  local entry
  options=(--keep '*' --keep 'TCR_*' --keep 'CLAUDE_*' --keep '*_KEY' --keep '*_KEYS')
  for entry in "${secret[@]}"; do
    options+=(--keep "${entry%%=*}")
  done
  handed "${base[@]}" "${secret[@]}" ANTHROPIC_API_KEY=x ANTHROPIC_AUTH_TOKEN=x OTHER=1 TCR_OTHER=2
  assert_given "${base[@]}" OTHER=1 TCR_OTHER=2 "$credential"
}

@test "--keep: a key of the environment stays by its own name" {
  own_setup
  options=(--keep ANTHROPIC_API_KEY)
  handed "${base[@]}" ANTHROPIC_API_KEY=x ANTHROPIC_AUTH_TOKEN=x
  assert_given "${base[@]}" ANTHROPIC_API_KEY=x "$credential"
}

@test "CLAUDE_CODE_SIMPLE: an OAuth key is not used, where the command gets it" {
  pool a api:b
  local value
  for value in 1 true yes; do
    extra_env=("CLAUDE_CODE_SIMPLE=$value")
    tcr explain -- claude -p ping
    grep -qE '^  b +would be used' "$out" || fail "$value: $(cat "$out")"
  done
  for value in '' 0 false; do
    extra_env=("CLAUDE_CODE_SIMPLE=$value")
    tcr explain -- claude -p ping
    grep -qE '^  a +would be used' "$out" || fail "$value: $(cat "$out")"
  done
  extra_env=(CLAUDE_CODE_SIMPLE=1)
  tcr explain --scrub 'CLAUDE_CODE_*' -- claude -p ping
  grep -qE '^  a +would be used' "$out"
}

# CHOSEN USER-SETTINGS PROJECT-SETTINGS OPTION...
chosen_by_settings() {
  local chosen=$1 user=$2 project=$3
  shift 3
  mkdir -p "$home/.claude" .claude
  echo "{\"env\": $user}" > "$home/.claude/settings.json"
  echo "{\"env\": $project}" > .claude/settings.local.json
  tcr explain -- claude "$@" -p ping
  grep -qE "^  $chosen +would be used" "$out" || fail "$user $project $*: $(cat "$out")"
}

@test "CLAUDE_CODE_SIMPLE: the settings win over the environment, the current folder's do not count" {
  pool a api:b
  local on='{"CLAUDE_CODE_SIMPLE": "1"}' off='{"CLAUDE_CODE_SIMPLE": "0"}'
  chosen_by_settings b "$on" '{}'
  chosen_by_settings b "$on" "$off"
  chosen_by_settings a "$off" '{}'
  chosen_by_settings b "$off" '{}' --settings "{\"env\": $on}"
  chosen_by_settings a '{}' "$on"
  # Older versions heed it there: blanked for them.
  grep -qF '.claude/settings.local.json sets CLAUDE_CODE_SIMPLE' "$out"
  grep -qF '"CLAUDE_CODE_SIMPLE":""' "$out"
  extra_env=(CLAUDE_CODE_SIMPLE=1)
  chosen_by_settings a "$off" '{}'
  chosen_by_settings b '{}' '{}'
  tcr doctor
  grep -qF 'CLAUDE_CODE_SIMPLE is set, so claude reads no OAuth token' "$out"
}

@test "ANTHROPIC_MODEL: the settings' value is the model that a rest is about" {
  pool a b
  plays a "echo \"You've hit your Opus limit · resets in 2h\"; exit 1"
  tcr --client claude -- client -p x --model opus
  assert_equal "$(record a '.cooldowns[0].model')" opus
  change_state '.cursor = (.keys | to_entries[] | select(.value.name == "a").key)'
  extra_env=(ANTHROPIC_MODEL=haiku)
  chosen_by_settings a '{}' '{}'
  chosen_by_settings b '{}' '{"ANTHROPIC_MODEL": "opus"}'
  chosen_by_settings a '{"ANTHROPIC_MODEL": "opus"}' '{"ANTHROPIC_MODEL": "sonnet"}'
  chosen_by_settings a '{"ANTHROPIC_MODEL": "opus"}' '{}' --model sonnet
}

@test "--keep: never a second value of the key's own variable" {
  own_setup
  options=(--keep 'CLAUDE_*')
  handed "${base[@]}" CLAUDE_CODE_OAUTH_TOKEN=other CLAUDE_X=1
  assert_given "${base[@]}" CLAUDE_X=1 "$credential"
}

@test "--scrub: names and patterns, as often as they occur" {
  own_setup
  options=(--scrub SECRET --scrub 'GITHUB_*' --scrub '*_TOKEN' --scrub 'D[AB]TA')
  handed "${base[@]}" SECRET=1 SECRETS=1 GITHUB_A=1 GITHUB_ NPM_TOKEN=x XGITHUB_A=1 SECRET=2 DATA=1 DBTA=1 DCTA=1
  assert_given "${base[@]}" SECRETS=1 XGITHUB_A=1 DCTA=1 "$credential"
}

@test "--scrub: not the credential itself" {
  own_setup
  options=(--scrub '*')
  handed "${base[@]}" A=1
  assert_given "$credential"
}

@test "--clean-env: what a program needs, and no more" {
  own_setup
  options=(--clean-env --keep MINE)
  handed "${base[@]}" PATH=/bin LANG=C LC_ALL=C TERM=dumb TZ=UTC USER=me SECRET=1 MINE=1 AWS_SECRET_ACCESS_KEY=x XDG_RUNTIME_DIR=/x
  assert_given "${base[@]}" PATH=/bin LANG=C LC_ALL=C TERM=dumb TZ=UTC USER=me MINE=1 XDG_RUNTIME_DIR=/x "$credential"
}

@test "ANTHROPIC_CUSTOM_HEADERS without its credentials" {
  own_setup
  handed "${base[@]}" $'ANTHROPIC_CUSTOM_HEADERS=X-Team: a\nAuthorization: Bearer x\nX-Api-Key: y\n  authorization : z\nX-Authorization: keep\nx-b:c' A=1
  assert_given "${base[@]}" $'ANTHROPIC_CUSTOM_HEADERS=X-Team: a\nX-Authorization: keep\nx-b:c' A=1 "$credential"
}

@test "ANTHROPIC_CUSTOM_HEADERS: a credential on a line that ends with CR LF, or in capitals" {
  own_setup
  handed "${base[@]}" $'ANTHROPIC_CUSTOM_HEADERS=X-API-KEY:y\r\nAUTHORIZATION:Bearer x\r\nX-Team: a'
  assert_given "${base[@]}" $'ANTHROPIC_CUSTOM_HEADERS=X-Team: a' "$credential"
}

@test "--via fd: the secret on a descriptor, its number in the variable for it" {
  own_setup
  pool a api:b
  plays a 'exit 5'
  for key in a b; do
    tcr --via fd --key $key -- sh -c '
      fd=${CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR-$CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR}
      cat /proc/self/fd/$fd; echo
      ! grep -aqE "sk-ant" /proc/self/environ && echo hidden'
    assert_status 0
    case $key in
      a) assert_stdout "$(token a)"$'\n'hidden ;;
      b) assert_stdout "$(token api:b)"$'\n'hidden ;;
    esac
  done
}

@test "--via fd: the right variable for each kind, and only that" {
  own_setup
  pool a api:b
  while read -r key variable; do
    tcr --via fd --key $key -- sh -c 'env | grep -E "^(CLAUDE_CODE|ANTHROPIC)_" | sed "s/=[0-9]*\$/=N/"'
    assert_stdout "$variable=N"
  done <<'END'
a CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR
b CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR
END
}

@test "--via fd: every attempt has a descriptor of its own" {
  own_setup
  pool a b
  tcr --via fd --exit-class 9=limit -- sh -c 'cat /proc/self/fd/$CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR; echo; exit 9'
  assert_status 9
  assert_stdout "$(token a)"$'\n'"$(token b)"
}

@test "--via fd: a kind without such a variable gets its usual one" {
  own_setup
  echo '{"keys": [{"name": "own", "token": "fake-own-0001", "kind": {"env": "OWN_KEY"}}]}' | keyfile
  options=(--via fd)
  handed "${base[@]}" OWN_KEY=other
  assert_given "${base[@]}" OWN_KEY=fake-own-0001
}

@test "no other descriptor is handed over, with --via fd one" {
  own_setup
  pool a b
  list='ls -1 /proc/self/fd | wc -l'
  within sh -c "$list" > "$scratch/direct" < /dev/null
  tcr -- sh -c "$list"
  assert_stdout "$(cat "$scratch/direct")"
  tcr --via fd -- sh -c "$list"
  assert_stdout $(($(cat "$scratch/direct") + 1))
}

@test "the next attempt has the descriptors that were inherited, too, and LISTEN_PID is its own" {
  pool a b
  plays a 'echo "a $((LISTEN_PID == $$))" >&9; exit 9'
  plays b 'echo "b $((LISTEN_PID == $$))" >&9'
  mapfile -d '' list < <(environment)
  sh -c 'exec env -i LISTEN_FDS=1 "LISTEN_PID=$$" "$@"' - "${list[@]}" "$TCR_RUN" --exit-class 9=limit -- client \
    9> "$scratch/inherited" > "$out" 2> "$err" < /dev/null 3>&-
  assert_equal "$(cat "$scratch/inherited")" $'a 1\nb 1'
}

@test "streams closed at the start are nothing else in any attempt" {
  plays a 'echo of a; echo of a >&2; exit 9'
  plays b 'readlink "/proc/$$/fd/0" > "$PLAY/seen" || echo closed > "$PLAY/seen"; echo of b; echo of b >&2; exit 3'
  for how in '--' '--mask --' '--client claude --' '--via fd --client claude --'; do
    for closed in '0<&-' '1>&-' '2>&-' '0<&- 1>&-' '0<&- 2>&-' '1>&- 2>&-' '0<&- 1>&- 2>&-'; do
      pool a b
      rm -rf "$state"
      : > "$out"
      : > "$err"
      status=0
      within sh -c "exec \"\$@\" $closed" - "$TCR_RUN" --exit-class 9=limit $how client > "$out" 2> "$err" < /dev/null ||
        status=$?
      assert_status 3
      case $closed in *1*) assert_no_stdout ;; *) assert_stdout $'of a\nof b' ;; esac
      case $closed in *2*) assert_no_stderr ;; *) assert_equal "$(grep '^of ' "$err")" $'of a\nof b' ;; esac
      ! grep -q '^tcr-run: \|^of ' "$state"/* || fail "$how, $closed: printed into a file of ours"
      case $closed in 0*) grep -qxE 'closed|/dev/null' "$play/seen" ;; esac
    done
  done
}

@test "PATH is searched as the command's environment has it" {
  pool a
  printf '#!/bin/sh\necho found\n' > "$scratch/work/own-tool"
  chmod +x "$scratch/work/own-tool"
  tcr -- own-tool
  assert_status 127
  without=(PATH)
  extra_env=("PATH=$scratch/nowhere:$scratch/work")
  tcr -- own-tool
  assert_status 0
  assert_stdout found
  # An empty element is the current folder.
  extra_env=("PATH=/nowhere:")
  tcr -- own-tool
  assert_stdout found
  # Without PATH the system's own folders, and not the current one.
  tcr --scrub PATH -- own-tool
  assert_status 127
  tcr --scrub PATH -- true
  assert_status 0
}

@test "a file on PATH that cannot be run does not hide one that can" {
  pool a
  mkdir "$scratch/first" "$scratch/second"
  printf '#!/bin/sh\necho found\n' > "$scratch/second/own-tool"
  cp "$scratch/second/own-tool" "$scratch/first/own-tool"
  chmod -x "$scratch/first/own-tool"
  chmod +x "$scratch/second/own-tool"
  without=(PATH)
  extra_env=("PATH=$scratch/first:$scratch/second:/usr/bin:/bin")
  tcr -- own-tool
  assert_stdout found
}

@test "arguments arrive as they were given" {
  pool a
  tcr -- sh -c 'printf "<%s>" "$@"; echo' own-name '' ' ' -- --keys -h $'new\nline' $'\xff' 'a*b' '$HOME'
  assert_stdout "<>< ><--><--keys><-h><new"$'\n'"line><"$'\xff'"><a*b><\$HOME>"
}
