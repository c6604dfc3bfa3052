# Shared by every file here. Every test has a HOME, a project, a key file and a fake API of its own.
#
#   pool home work api:ci --master api:billing     write the key file
#   answers home limit:five_hour:3600              what the API answers to that key (see fake_api.py)
#   run_tcr [OPTION...] -- COMMAND...              run the program under test: $status, $out, $err (files), $took (ms)
#   run_bare NAME CLAUDE-ARGS...                   the client alone, with that key
#   seen                                           who asked, in order: "bearer:home bearer:work x-api-key:billing"

bats_require_minimum_version 1.5.0

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/../assertions.bash"
. "$HERE/../clock/moment.bash"
. "$HERE/versions.bash"
TCR_RUN=${TCR_RUN:-$HERE/../../build/tcr-run}
REPEAT=3
[ -z "${FULL-}" ] || REPEAT=20

# Python itself rather than a shim, looked for once.
setup_file() {
  PYTHON=$(python3 -c 'import sys; print(sys.executable)')
  export PYTHON
}

setup() {
  scratch=$BATS_TEST_TMPDIR
  home=$scratch/home
  project=$scratch/project
  keys=$home/.config/tcr/keys.json
  out=$scratch/stdout
  err=$scratch/stderr
  log=$scratch/requests.log
  scenario=$scratch/scenario.json
  extra_env=()
  status=
  took=
  mkdir -p "$home/.claude" "$project/.claude" "$scratch/bin" "$scratch/tmp"
  ln -s "$CLAUDE" "$scratch/bin/claude"
  cd "$project" || return 1
  echo '{}' > "$scenario"
  declare -gA steps_of=()
  begin_clock
  start_api
}

teardown() {
  local left=0
  [ ! -S "$scratch/tmux" ] || tmux -S "$scratch/tmux" kill-server 2>/dev/null || true
  [ -z "${api_pid-}" ] || kill "$api_pid" 2>/dev/null || true
  # No token may show up in what was printed, whatever the test was about.
  if grep -lE 'sk-ant-(oat01|api03)-FAKE-[a-z0-9]+-0001' "$out" "$err" 2>/dev/null; then
    echo "a token was printed"
    left=1
  fi
  [ -n "${BATS_TEST_COMPLETED-}" ] || report
  return $left
}

# Only shown for a test that failed.
report() {
  echo "--- status: $status, ms: $took"
  echo "--- stdout:"; head -c 2000 "$out" 2>/dev/null; echo
  echo "--- stderr:"; head -c 2000 "$err" 2>/dev/null; echo
  echo "--- requests:"
  jq -c '[.path, .kind, .token, .main, .step, .messages, .tool_results, (.user_text // "" | .[:100])]' "$log"
}

start_api() { # [OPTION]...: of fake_api.py
  "$PYTHON" -E -S "$HERE/fake_api.py" --scenario "$scenario" --log "$log" --port-file "$scratch/port" "$@" 3>&- &
  api_pid=$!
  for _ in $(seq 500); do
    [ -s "$scratch/port" ] && break
    sleep 0.02
  done
  port=$(cat "$scratch/port")
  url=http://127.0.0.1:$port
}

# The token of a name: "home" is a subscription, "api:ci" an API key.
token() {
  case $1 in
    api:*) echo "sk-ant-api03-FAKE-${1#api:}-0001" ;;
    *) echo "sk-ant-oat01-FAKE-$1-0001" ;;
  esac
}

# json_string VARIABLE TEXT: the text as a string of JSON.
json_string() {
  local text=${2//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  printf -v "$1" '"%s"' "${text//$'\t'/\\t}"
}

# Replaced in one step, so that the server never reads half a file.
answers() {
  local name=$1 step string list='' whole=''
  shift
  [ "$name" = '*' ] || name=$(token "$name")
  for step; do
    json_string string "$step"
    list+=${list:+, }$string
  done
  # A "*" alone would be all members.
  steps_of["token $name"]=$list
  for name in "${!steps_of[@]}"; do
    whole+=${whole:+, }"\"${name#token }\": [${steps_of[$name]}]"
  done
  echo "{$whole}" > "$scenario.new"
  mv "$scenario.new" "$scenario"
}

pool() {
  local list='' master=''
  while [ $# -gt 0 ]; do
    case $1 in
      --master)
        master=", \"master\": $(key_entry "$2")"
        shift
        ;;
      dir:*) list+=${list:+, }"{\"name\": \"${1#dir:}\", \"config_dir\": \"$scratch/${1#dir:}\"}" ;;
      *) list+=${list:+, }$(key_entry "$1") ;;
    esac
    shift
  done
  mkdir -p "$(dirname "$keys")"
  (umask 077; echo "{\"version\": 1, \"keys\": [$list]$master}" > "$keys")
}

key_entry() {
  echo "{\"name\": \"${1#api:}\", \"token\": \"$(token "$1")\"}"
}

# A folder somebody logged in with: its own token, good for a day.
login_dir() {
  local dir=$scratch/$1
  mkdir -p "$dir"
  (umask 077; jq -n --arg token "$(token "$1")" --argjson expires "$((($(date +%s) + 86400) * 1000))" \
    '{claudeAiOauth: {accessToken: $token, refreshToken: "sk-ant-ort01-FAKE", expiresAt: $expires,
     scopes: ["user:inference", "user:profile"], subscriptionType: "max"}}' > "$dir/.credentials.json")
}

# The environment of every run. Sanitizer options pass, so that an instrumented build can be tested too.
environment() {
  printf '%s\0' "PATH=$scratch/bin:/usr/local/bin:/usr/bin:/bin" "HOME=$home" "TERM=${1:-dumb}" LANG=C.UTF-8 "TZ=$CLOCK_ZONE" \
    "TMPDIR=$scratch/tmp" "CLAUDE_CODE_TMPDIR=$scratch/tmp" "ANTHROPIC_BASE_URL=$url" \
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1 IS_SANDBOX=1
  local name
  for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS NODE_EXTRA_CA_CERTS "${CLOCK_VARIABLES[@]}"; do
    [ -z "${!name-}" ] || printf '%s\0' "$name=${!name}"
  done
  [ ${#extra_env[@]} -eq 0 ] || printf '%s\0' "${extra_env[@]}"
}

# The exact bytes and the exact status; standard input is the caller's.
capture() {
  local -a env_list
  local start
  mapfile -d '' env_list < <(environment)
  start=${EPOCHREALTIME/[.,]/}
  status=0
  timeout -k 5 "${LIMIT:-180}" env -i "${env_list[@]}" "$@" > "$out" 2> "$err" 3>&- || status=$?
  took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
}

run_tcr() {
  capture "$TCR_RUN" "$@"
}

run_bare() {
  local name=$1 variable=CLAUDE_CODE_OAUTH_TOKEN
  shift
  [ "${name#api:}" = "$name" ] || variable=ANTHROPIC_API_KEY
  capture env "$variable=$(token "$name")" claude "$@"
}

# --- what happened -------------------------------------------------------------------------------------------------------

requests() {
  jq -c "select(.main) | $1" "$log"
}

# This and count_of are asked often, and jq takes as long to start as ten of these.
seen() {
  sed -nE 's/.*"kind": "([^"]*)", "token": "(sk-ant-(oat01|api03)-FAKE-)?([^"]*)", "main": true.*/\1:\4/p' "$log" |
    sed 's/-0001$//' | paste -sd ' '
}

# The same without immediate repetitions: a client that tried twice with one key is one entry.
seen_once() {
  seen | tr ' ' '\n' | uniq | paste -sd ' '
}

count_of() {
  grep -cF "\"token\": \"$(token "$1")\", \"main\": true" "$log" || true
}

# The main request of a key has arrived.
wait_for_request() {
  local i
  for ((i = 0; i < 300; i++)); do
    [ "$(count_of "$1")" = 0 ] || return 0
    sleep 0.1
  done
  fail "$1 never asked"
}

last_request() {
  requests "${1:-.}" | tail -n 1
}

assert_seen() {
  assert_equal "$(seen)" "$1"
}

assert_seen_once() {
  assert_equal "$(seen_once)" "$1"
}

# Seconds between the first request of one key and the first of another.
seconds_between() {
  jq -s --arg a "$(token "$1")" --arg b "$(token "$2")" \
    '[.[] | select(.main)] | (map(select(.token == $b))[0].time - map(select(.token == $a))[0].time)' "$log"
}

# No process of this test's HOME is left.
nobody_left() {
  local i
  for ((i = 0; i < 50; i++)); do
    grep -qlzF "HOME=$home" /proc/[0-9]*/environ 2> /dev/null || return 0
    sleep 0.1
  done
  fail "something of the run is still there"
}

# Three seconds on an idle machine; on a busy one as much longer as the client alone needs for a plain answer. Asked with a
# third key, so that nobody's turn is used up.
assert_soon() {
  local between
  between=$(seconds_between "$1" "$2")
  if jq -en --argjson between "$between" '$between >= 3' > /dev/null; then
    answers api:clock "ok:tick"
    run_bare api:clock -p "tick"
    assert_less "$between" "$(jq -n --argjson ms "$took" '1 + $ms / 1000 * 2.5')"
  fi
}

assert_less() {
  jq -en --argjson a "$1" --argjson b "$2" '$a < $b' > /dev/null || fail "$1 is not less than $2"
}

transcripts() {
  find "${1:-$home/.claude}/projects" -name '*.jsonl' 2>/dev/null
}

big_answer() {
  "$PYTHON" -c 'import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
import fake_api; print(fake_api.big_text(int(sys.argv[2])))' "$HERE" "$1"
}

# At the end of a pipe a function runs in a subshell, so what it found out has to be handed over in a file.
run_tcr_piped() {
  run_tcr "$@"
  echo "$status $took" > "$scratch/captured"
}

load_capture() {
  read -r status took < "$scratch/captured"
}
