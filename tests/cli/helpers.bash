# Shared by every file here. Every test has a HOME, a key file, a state and a fake client of its own.
#
#   pool home work api:ci --master billing    write the key file (work: a subscription; api:ci: an API key)
#   fails home limit                          what the fake client does with that key; see "fails" below
#   plays home 'echo hello; exit 3'           the same, in shell
#   tcr [OPTION...] -- client                 run the program under test: $status, $out and $err (files)
#   used                                      the keys the client was started with, in order
#   age 60                                    as if everything in the state had happened 60 s earlier

bats_require_minimum_version 1.5.0

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/../assertions.bash"
. "$HERE/../clock/moment.bash"
TCR_RUN=$(realpath -m "${TCR_RUN:-$HERE/../../build/tcr-run}")
DATA=$HERE/../data
MASK=$(umask)
# An instrumented build would take the limit of core files away from the command.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}disable_coredump=0
A_TOKEN='sk-ant-(oat01|api03)-FAKE-[A-Za-z0-9]+-0001'

# What is the same for all tests of a file: the helper programs, and Python itself rather than a shim.
setup_file() {
  if [ ! -x "$TCR_RUN" ]; then
    echo "there is no $TCR_RUN" >&2
    return 1
  fi
  PYTHON=$(python3 -c 'import sys; print(sys.executable)')
  if [ -z "${CLI_START-}" ]; then
    CLI_START=$BATS_FILE_TMPDIR/start
    "${CC:-cc}" -o "$CLI_START" "$HERE/start.c"
  fi
  export PYTHON CLI_START
}

# Not in bats's own folder: that one is closed to other users, and some tests run as one.
setup() {
  scratch=$(mktemp -d /tmp/tcr-cli.XXXXXX)
  chmod 755 "$scratch"
  home=$scratch/home
  config=$home/.config/tcr
  keys=$config/keys.json
  state=$home/.local/state/tcr
  play=$scratch/play
  out=$scratch/stdout
  err=$scratch/stderr
  as=()
  extra_env=()
  without=()
  prints_tokens=
  status=
  took=
  mkdir -p "$home" "$play" "$scratch/bin" "$scratch/tmp" "$scratch/work"
  # shellcheck disable=SC2174  # of the last folder only
  mkdir -m 700 -p "$config"
  cp "$HERE/client" "$scratch/bin/client"
  cd "$scratch/work" || return 1
  begin_clock
}

teardown() {
  local left=0
  cd /
  umask "$MASK"
  # What each of the next ones looks for, in one step, as there is nothing mostly.
  if grep -rqsE "$A_TOKEN|runtime error:|AddressSanitizer|LeakSanitizer" "$scratch"/std* "$state"; then
    if grep -lE "$A_TOKEN" "$scratch"/stderr* /dev/null 2>/dev/null || grep -rlE "$A_TOKEN" "$state" 2>/dev/null; then
      echo "a token was printed or kept"
      left=1
    fi
    if [ -z "$prints_tokens" ] && grep -slE "$A_TOKEN" "$scratch"/stdout*; then
      echo "a token was printed"
      left=1
    fi
    if grep -shE 'runtime error:|AddressSanitizer|LeakSanitizer' "$scratch"/stderr*; then
      left=1
    fi
  fi
  [ -n "${BATS_TEST_COMPLETED-}" ] || report
  rm -rf "$scratch" 2>/dev/null || {
    chmod -R u+rwX "$scratch"
    rm -rf "$scratch"
  }
  return $left
}

# Only shown for a test that failed.
report() {
  echo "--- status: $status, ms: $took, used: $(used)"
  echo "--- stdout:"; head -c 1500 "$out" 2>/dev/null; echo
  echo "--- stderr:"; head -c 3000 "$err" 2>/dev/null; echo
  if [ -f "$state/state.json" ]; then
    echo "--- state:"; head -c 3000 "$state/state.json"; echo
  fi
}

# --- keys ------------------------------------------------------------------------------------------

# "home" is a subscription, "api:ci" an API key.
token() {
  case $1 in
    api:*) echo "sk-ant-api03-FAKE-${1#api:}-0001" ;;
    *) echo "sk-ant-oat01-FAKE-$1-0001" ;;
  esac
}

# An entry of the key file: NAME, and what more it holds as JSON members.
entry() {
  local name=$1 more=${2-}
  echo "{\"name\": \"${name#api:}\", \"token\": \"$(token "$name")\"${more:+, $more}}"
}

# Writes the key file from JSON on standard input.
keyfile() {
  (umask 077 && cat > "${1:-$keys}")
}

pool() {
  local list='' master=
  while [ $# -gt 0 ]; do
    if [ "$1" = --master ]; then
      master=", \"master\": $(entry "$2")"
      shift
    else
      list+=${list:+, }$(entry "$1")
    fi
    shift
  done
  echo "{\"version\": 1, \"keys\": [$list]$master}" | keyfile
}

openai() {
  echo "sk-proj-FAKE-$1-0001"
}

# Pools of two kinds, and "pair", a client like "client" that is given a key of each: plays o1p1 '...'.
two_kinds() {
  rm -f "$keys"
  extra_env=("CLAUDE_CODE_OAUTH_TOKENS=o1=$(token o1),o2=$(token o2)"
    "OPENAI_API_KEYS=p1=$(openai p1),p2=$(openai p2)")
  cat > "$scratch/bin/pair" << 'CLIENT'
#!/bin/sh
o=${CLAUDE_CODE_OAUTH_TOKEN#*-FAKE-} p=${OPENAI_API_KEY#*-FAKE-}
name=${o%-0001}${p%-0001}
echo "$name" >> "$PLAY/.used"
[ ! -f "$PLAY/$name" ] || . "$PLAY/$name"
echo "answer of $name"
CLIENT
  chmod +x "$scratch/bin/pair"
}

# --- the fake client ---------------------------------------------------------------------------------

# Sentences of the real client (see claude-code.md) without a time of reset, unless the class says so.
sentence() {
  case $1 in
    limit) echo 'Claude usage limit reached.' ;;
    throttled) echo 'API Error: Request rejected (429) · this may be a temporary capacity issue' ;;
    auth) echo 'Invalid API key · Fix external API key' ;;
    forbidden) echo 'Failed to authenticate. API Error: 403 {"type":"error"}' ;;
    billing) echo 'Credit balance is too low' ;;
    server) echo 'API Error: 529 Overloaded. This is a server-side issue' ;;
    network) echo 'API Error: Unable to connect to API (ECONNRESET)' ;;
    *) return 1 ;;
  esac
}

plays() {
  printf '%s\n' "$2" > "$play/$1"
}

# fails NAME [CLASS]: prints the sentence of that class and a line after it, and exits with 1.
fails() {
  local text
  text=$(sentence "${2:-limit}") || return 1
  plays "$1" "printf '%s\n' '$text' 'after the mark of $1'; exit 1"
}

works() {
  local name
  for name in "$@"; do
    rm -f "$play/$name"
  done
}

used() {
  [ ! -e "$play/.used" ] || paste -sd ' ' "$play/.used"
}

forget_used() {
  rm -f "$play/.used"
}

# --- running -----------------------------------------------------------------------------------------

# The environment of every run. Sanitizer options pass, so that an instrumented build can be tested.
environment() {
  local name entry
  local -a list=("PATH=$scratch/bin:/usr/local/bin:/usr/bin:/bin" "HOME=$home" TERM=dumb LANG=C.UTF-8 "TZ=$CLOCK_ZONE"
    "TMPDIR=$scratch/tmp" "PLAY=$play")
  for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS "${CLOCK_VARIABLES[@]}"; do
    [ -z "${!name-}" ] || list+=("$name=${!name}")
  done
  for entry in "${list[@]}"; do
    [[ " ${without[*]} " == *" ${entry%%=*} "* ]] || printf '%s\0' "$entry"
  done
  [ ${#extra_env[@]} -eq 0 ] || printf '%s\0' "${extra_env[@]}"
}

# In that environment, with the caller's streams.
within() {
  local -a list
  mapfile -d '' list < <(environment)
  timeout --foreground -k 5 "${LIMIT:-60}" "${as[@]}" env -i "${list[@]}" "$@" 3>&-
}

# In the background; $pid is tcr-run's own. A shell ignores Ctrl-C for what it starts like that: not here.
tcr_background() {
  local -a list
  mapfile -d '' list < <(environment)
  (exec "${as[@]}" env -i --default-signal "${list[@]}" "$TCR_RUN" "$@" < "${input:-/dev/null}" > "$out" 2> "$err" 3>&-) &
  pid=$!
}

# The end of what tcr_background started: $status, and $took since now.
await() {
  local start
  start=${EPOCHREALTIME/[.,]/}
  status=0
  wait "$pid" || status=$?
  took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
}

# Until a command succeeds, for half a minute at most.
eventually() {
  local try
  for try in $(seq 600); do
    ! "$@" 2> /dev/null || return 0
    sleep 0.05
  done
  fail "in vain: $*"
}

# lines_of FILE N: has it so many?
lines_of() {
  [ "$(wc -l < "$1")" -ge "$2" ]
}

# The exact bytes and the exact status; standard input is the caller's.
capture() {
  local start
  start=${EPOCHREALTIME/[.,]/}
  status=0
  within "$@" > "$out" 2> "$err" || status=$?
  took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
}

tcr() {
  capture "$TCR_RUN" "$@" < "${input:-/dev/null}"
}

# tcr, and then nothing but the keys of this one run in "used".
fresh() {
  forget_used
  tcr "$@"
}

# person STEP... -- ARGUMENT...: tcr-run with somebody at the terminal, see keys-pty.py.
person() {
  local -a steps=()
  while [ "$1" != -- ]; do
    steps+=("$1")
    shift
  done
  shift
  capture "$PYTHON" "$HERE/keys-pty.py" "${steps[@]}" -- "$TCR_RUN" "$@" < /dev/null
}

# At the end of a pipe a function runs in a subshell, so what it found out goes into a file.
tcr_piped() {
  capture "$TCR_RUN" "$@"
  echo "$status $took" > "$scratch/captured"
}

load_capture() {
  read -r status took < "$scratch/captured"
}

# The rest of the test as somebody without privileges, to whom modes of files mean something.
become_person() {
  [ "$(id -u)" -eq 0 ] || return 0
  as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  cp "$TCR_RUN" "$scratch/bin/tcr-run"
  TCR_RUN=$scratch/bin/tcr-run
  chown -R 65534:65534 "$scratch"
}

need_root() {
  [ "$(id -u)" -eq 0 ] || skip "needs root"
}

# --- the state ---------------------------------------------------------------------------------------

change_state() {
  jq -c "$@" "$state/state.json" > "$scratch/state.new"
  cat "$scratch/state.new" > "$state/state.json"
}

age() {
  change_state --argjson n "$1" '(.. | objects | (.until?, .last_used?, .last_failed?, .since?) | numbers) -= $n
    | .master_uses |= map(. - $n) | .warned_undersized -= $n
    | if .pools then .pools[].warned_undersized -= $n else . end'
}

# record NAME FIELD: what the state knows of a key; nothing if it does not know it.
record() {
  jq -r --arg name "$1" "[.keys[] | select(.name == \$name)][0]$2 // empty" "$state/state.json"
}

# For how long a key rests, counted from its failure.
rest_of() {
  jq -r --arg name "$1" '[.keys[] | select(.name == $name)][0] | .cooldowns[0].until - .last_failed' "$state/state.json"
}

# --- what is expected ----------------------------------------------------------------------------------

assert_used() {
  assert_equal "$(used)" "$1"
}

# Every line on stderr is one of tcr-run's own.
assert_stderr_is_ours() {
  ! grep -vE '^tcr-run: ' "$err" || fail "stderr has lines that are not ours"
}

# Nothing was run: own failure, nothing on stdout, and the client not started.
assert_refused() {
  assert_status "${1:-125}"
  assert_no_stdout
  assert_used ''
  assert_stderr_is_ours
}

# For what a test puts before the C library's own. STATIC=1 says that everything is linked into TCR_RUN (docs/platforms.md).
needs_preloading() {
  [ -z "${STATIC-}" ] || skip "everything is linked in: nothing can be preloaded"
  [[ $(nm -D --undefined-only "$TCR_RUN") != *__asan* ]] || skip "nothing can be preloaded beside a sanitizer"
}

# needs_shared_libraries WHAT: for what only a program without STATIC=1 has.
needs_shared_libraries() {
  [ -z "${STATIC-}" ] || skip "everything is linked in: no $1"
}

# needs_linux_ways WHAT: for what only they have (docs/platforms.md). PORTABLE=1 says that TCR_RUN was built without them.
needs_linux_ways() {
  [ -z "${PORTABLE-}" ] || skip "the portable ways have no $1"
}
