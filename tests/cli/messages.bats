# What a run says on stderr: as lines for people, as objects for machines, as annotations in GitHub Actions.
load helpers

# Every line on stderr is an object as the manual describes it.
assert_stderr_is_json() {
  jq -es 'length > 0 and all((.time | numbers) and (.event | strings) and (.text | strings) and (.pid | numbers))' "$err" \
    > /dev/null || fail "stderr is not JSON"
}

# members FILTER: of the lines on stderr.
members() {
  jq -c "select(.event != \"attempt\" or .text) | $1" "$err"
}

failing_over() {
  echo "{\"keys\": [$(entry home), $(entry work), $(entry third)]}" | keyfile
  plays home "cat '$DATA/captures/session-limit.stream.stdout'; exit 1"
}

@test "a failover: what happened, to which key, until when, and what comes next" {
  failing_over
  tcr -- client
  assert_status 0
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has '^tcr-run: "home" reached its session limit \(rests until ([A-Z][a-z]+ [0-9]+ ([0-9]{4} )?)?[0-9:]+, reset unknown\); using "work" \(2 of 3\)$'
}

@test "--log-format json: the same line, as an object with the event's fields" {
  failing_over
  tcr --log-format json -- client
  assert_stderr_is_json
  assert_equal "$(members '[.event, .key, .class, .what, .next, .command]')" \
    '["failover","home","limit","session limit","work","client"]'
  assert_equal "$(members .until)" "$(record home .cooldowns[0].until)"
  assert_equal "$(members '.text | test("^\"home\" reached its session limit .*; using \"work\" \\(2 of 3\\)$")')" true
  # What both have is the same in both.
  assert_equal "$(jq -cS 'del(.text, .pid, .time)' "$err")" \
    "$(jq -cS 'select(.event == "failover") | del(.pid, .time)' "$state/events.jsonl")"
}

@test "every kind of line is an object, with TCR_LOG_FORMAT too" {
  extra_env=(TCR_LOG_FORMAT=json)
  failing_over
  tcr -v -- client
  assert_stderr_is_json
  assert_equal "$(members .event | sort -u | paste -sd ' ')" '"explanation" "failover"'
  tcr -- nowhere-to-be-found
  assert_status 127
  assert_equal "$(members '[.event, .text]')" '["message","nowhere-to-be-found: command not found"]'
  tcr --nonsense -- client
  assert_status 125
  assert_stderr_is_json
  tcr nonsense
  assert_equal "$(members .text)" '"unknown subcommand \"nonsense\"; see tcr-run --help; a command to run comes after --"'
  pool a; fails a auth
  tcr -- client
  assert_equal "$(members '[.event, .key, .class]')" '["exhausted","a","auth"]'
  tcr -- client
  assert_status 75
  assert_equal "$(members .event | paste -sd ' ')" '"exhausted" "message"'
  tcr reset a
  assert_equal "$(members '[.event, .text]')" '["message","forgot the rests and failures of \"a\""]'
  echo "{\"keys\": [$(entry a), {\"name\": \"b\", \"token\": \"$(token a)\"}]}" | keyfile
  works a
  tcr -- client
  assert_equal "$(members .event)" '"warning"'
  assert_equal "$(members '.text | test("has the same token")')" true
}

@test "the option goes before the variable, and before what is wrong behind it" {
  extra_env=(TCR_LOG_FORMAT=json)
  pool home
  tcr --log-format text -- nowhere-to-be-found
  assert_stderr_is_ours
  extra_env=()
  tcr --log-format=json --nonsense -- client
  assert_stderr_is_json
  tcr explain --log-format=json --nonsense -- client
  assert_stderr_is_json
}

@test "a format that there is not is refused" {
  pool home
  tcr --log-format xml -- client
  assert_refused
  assert_stderr_has '^tcr-run: --log-format: "xml" is not a log format; write text or json$'
  extra_env=(TCR_LOG_FORMAT=xml)
  tcr -- client
  assert_refused
  assert_stderr_has '^tcr-run: TCR_LOG_FORMAT: expected text or json, found "xml"$'
  extra_env=(TCR_LOG_FORMAT=)
  tcr -- client
  assert_status 0
}

@test "-q says nothing in any format" {
  failing_over
  tcr -q --log-format json -- client
  assert_status 0
  assert_no_stderr
}

@test "json: bytes that are no UTF-8, quotes and control characters make a valid object" {
  pool home
  tcr --log-format json -- $'no\xffwhere "\\ \t\033[2J'
  assert_status 127
  assert_stderr_is_json
  ! grep -q $'\033' "$err" || fail "a control character"
}

@test "json: no token, not even where a name belongs" {
  pool home
  tcr --log-format json --key "$(token home)" -- client
  assert_status 125
  assert_stderr_is_json
  refute_stderr_has 'FAKE-home'
}

@test "json: the wait on a terminal is lines, not a countdown" {
  pool home
  fails home
  tcr --cooldown 5 -- client
  works home
  person -- --log-format json --wait -- client
  grep -q '"event":"message".*waiting for' "$out" || fail "no line of the wait"
  ! grep -q $'\033' "$out" || fail "a countdown"
}

@test "text: the countdown tells which key, when, and how to end it" {
  pool home
  fails home
  tcr --cooldown 5 -- client
  works home
  person -- --wait -- client
  assert_stdout_has 'waiting for "home", ready at [0-9:]+, in [1-5]s \(Ctrl-C ends\)'
  assert_stdout_has 'tcr-run: "home" is ready; going on'
}

@test "GitHub Actions: failovers and warnings are annotations, the rest is not" {
  extra_env=(GITHUB_ACTIONS=true)
  failing_over
  tcr -- client
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has '^::warning::tcr-run: "home" reached its session limit \(rests until .*\); using "work" \(2 of 3\)$'
  echo "{\"keys\": [$(entry a), {\"name\": \"b\", \"token\": \"$(token a)\"}]}" | keyfile "$scratch/100%"$'\r\n'"x.json"
  tcr --keys "$scratch/100%"$'\r\n'"x.json" -- client
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has '^::warning::tcr-run: .*/100%25%0D%0Ax\.json: keys\[1\]: "b" has the same token as "a"'
  tcr -- nowhere-to-be-found
  assert_equal "$(cat "$err")" 'tcr-run: nowhere-to-be-found: command not found'
  rm -rf "$state"
  tcr --log-format json -- client
  assert_stderr_is_json
}

@test "GitHub Actions: not where the variable says something else, nor on a terminal" {
  extra_env=(GITHUB_ACTIONS=false)
  failing_over
  tcr -- client
  assert_stderr_is_ours
  rm -rf "$state"
  extra_env=(GITHUB_ACTIONS=true)
  person -- -- client
  grep -q '^tcr-run: "home" reached' "$out" || fail "no line"
}

@test "a key that fails is said also where nothing follows, with the reason" {
  pool a b
  fails a
  tcr --retry-on none -- client
  assert_status 1
  assert_equal "$(sentences "$err" | sed -E 's/\(.*\)/()/')" \
    'tcr-run: "a" reached its usage limit (); not carried on: --retry-on does not name the class limit'
  pool a
  rm -rf "$state"
  tcr -- client
  assert_equal "$(sentences "$err" | sed -E 's/\(.*\)/()/')" 'tcr-run: "a" reached its usage limit (); no other key is left'
}

@test "nothing usable: --wait is not advised to who gave it" {
  pool a
  fails a
  tcr --cooldown 3 -- client
  tcr --cooldown 3 -- client
  assert_stderr_has 'ready first, at .*; --wait waits for it'
  works a
  tcr --wait -- client
  assert_status 0
  refute_stderr_has 'waits for it'
}

# --- extra usage ---------------------------------------------------------------------------------------

overage() {
  echo "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"$1\",\"rateLimitType\":\"five_hour\",\"isUsingOverage\":$2}}"
}

@test "extra usage that is billed is said once a run, and is an event" {
  pool home
  plays home "echo '$(overage allowed false)'; echo '$(overage rejected true)'; echo '$(overage allowed true)'; cat '$DATA/captures/ok.stream.stdout'"
  tcr -- client
  assert_status 0
  assert_equal "$(sentences "$err")" 'tcr-run: warning: "home" has used up its plan; from now on it is billed as extra usage'
  assert_equal "$(jq -c 'select(.event == "overage") | .key' "$state/events.jsonl")" '"home"'
  tcr log
  assert_stdout_has 'warning: "home" is beyond its plan: the provider bills extra usage'
  tcr --log-format json -- client
  assert_equal "$(members '[.event, .key]')" '["overage","home"]'
}

@test "it is said while the run goes on" {
  pool home
  plays home "echo '$(overage allowed true)'; while ! grep -q 'used up its plan' '$err'; do sleep 0.05; done; echo seen"
  LIMIT=10 tcr -- client
  assert_status 0
  assert_equal "$(tail -n 1 "$out")" seen
}

@test "a plan's use within its bounds is not spoken of" {
  pool home
  plays home "echo '$(overage allowed false)'; cat '$DATA/captures/ok.stream.stdout'"
  tcr -- client
  assert_no_stderr
}

# --- keys that end -------------------------------------------------------------------------------------

in_days() {
  echo $(($(date +%s) + $1 * 86400))
}

ending_pool() {
  keyfile <<END
{"keys": [$(entry home "\"expires\": $(in_days 10)"), $(entry far "\"expires\": $(in_days 31)"),
  $(entry gone "\"expires\": $(in_days -3)"), $(entry setup "\"added\": $(in_days -350)"),
  $(entry off "\"expires\": $(in_days 2), \"disabled\": true")]}
END
}

@test "keys that end soon are spoken of at a run, once a day each" {
  ending_pool
  tcr -- client
  assert_status 0
  assert_equal "$(sentences "$err" | wc -l)" 3
  assert_stderr_has '^tcr-run: warning: "home" ends on [0-9-]{10} \(in (10d|9d 23h)\); get a new one with claude setup-token, then: tcr-run keys renew home$'
  assert_stderr_has '^tcr-run: warning: "gone" ended on [0-9-]{10}; get a new one'
  assert_stderr_has '^tcr-run: warning: "setup" ends on [0-9-]{10} \(in (15d|14d 23h)\); get'
  assert_equal "$(jq -c 'select(.event == "warning") | [.key, .text]' "$state/events.jsonl" | paste -sd ' ')" \
    '["home","it ends soon"] ["gone","it has ended"] ["setup","it ends soon"]'
  tcr -- client
  assert_no_stderr
  # A day later, for one of them.
  change_state '(.keys[] | select(.name == "home") | .warned_end) -= 86400'
  tcr -- client
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has '"home" ends on'
}

@test "of many runs at once, one speaks of it" {
  ending_pool
  for i in 1 2 3 4 5 6 7 8; do within "$TCR_RUN" -- client < /dev/null > /dev/null 2> "$scratch/stderr.$i" & done
  wait
  assert_equal "$(cat "$scratch"/stderr.* | grep -c '"home" ends on')" 1
}

@test "neither with -q, whose run leaves it to the next, nor by a subcommand that only looks" {
  ending_pool
  tcr -q -- client
  assert_no_stderr
  tcr explain -- client
  refute_stderr_has 'ends on'
  tcr -- client
  assert_stderr_has '"home" ends on'
}

@test "a key that is not of the profile is not spoken of" {
  keyfile <<END
{"keys": [$(entry home "\"expires\": $(in_days 10)"), $(entry work)], "profiles": {"w": {"keys": ["work"]}}}
END
  tcr -p w -- client
  assert_no_stderr
}

# through_nonblocking out|err ARGUMENT...: that stream is a full pipe that somebody made non-blocking, read after a while.
through_nonblocking() {
  within "$PYTHON" - "$@" > "$out" << 'END'
import os, select, subprocess, sys
ours, theirs = os.pipe()
os.set_blocking(theirs, False)
full = 0
while True:
    try:
        full += os.write(theirs, bytes(4096))
    except BlockingIOError:
        break
streams = {"stdout": theirs} if sys.argv[1] == "out" else {"stdout": subprocess.DEVNULL, "stderr": theirs}
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, **streams)
os.close(theirs)
# Not time.sleep, which fails with an absolute time under faketime.
select.select([], [], [], 0.3)
got = b""
while piece := os.read(ours, 65536):
    got += piece
os.write(1, got[full:])
sys.exit(child.wait())
END
}

# Tried again, because what is printed tells how long ago things were.
same_through_nonblocking() {
  tcr "$@"
  mv "$out" "$scratch/expected"
  through_nonblocking out "$TCR_RUN" "$@"
  cmp "$scratch/expected" "$out"
}

@test "a stream that somebody made non-blocking loses no message and no output of ours" {
  pool a b
  fails a
  through_nonblocking err "$TCR_RUN" -- client
  sentences "$out" | grep -q '^tcr-run: "a" reached .* using "b" .2 of 2.$' || fail "no failover"
  for command in 'keys list' log; do
    eventually same_through_nonblocking $command
  done
}

@test "-v: why nothing was carried on, and what would change it" {
  pool home work
  plays home 'echo quota exhausted; exit 3'
  tcr -v -- client
  assert_status 3
  assert_equal "$(used)" home
  assert_stderr_has "^tcr-run: status 3, and no known message: a failure of client itself, not of \"home\"; .*--marker 'limit=REGEX', or with --exit-class 3=limit"
  plays home 'kill -TERM $$'
  tcr -v -- client
  assert_stderr_has '^tcr-run: signal 15 ended client: that is no failure of "home"$'
  plays home "echo 'Credit balance is too low'"
  tcr -v -- client
  assert_status 0
  assert_stderr_has '^tcr-run: status 0: the message in the output counts only with a failure$'
  plays home "echo '{\"type\":\"result\",\"is_error\":true,\"api_error_status\":404,\"result\":\"x\"}'; exit 1"
  tcr -v -- client
  assert_stderr_has '^tcr-run: the result of client is an error, but not one of "home"$'
  plays home 'exit 3'
  tcr -- client
  assert_no_stderr
}

# What home does | options | what -v says of it beside the message
@test "-v: for every reason not to carry on, what would change it" {
  local plays options expected limit rows=0
  limit="echo '$(sentence limit)'; exit 1"
  # A program that is left writes on without a pause, and of the limit only after the command's end.
  cat > "$play/late.py" << END
#!$PYTHON
import os, select, sys
def dot():
    os.write(1, b".\\n")
    select.poll().poll(10)  # not sleep: where the clock is moved, that fails
dot()
open(os.path.dirname(sys.argv[0]) + "/begun", "w")
try:
    while True:
        os.kill(int(sys.argv[1]), 0)
        dot()
except ProcessLookupError:
    dot()
os.write(1, b"""$(sentence limit)\\n""")
END
  chmod +x "$play/late.py"
  while IFS='|' read -r plays options expected; do
    rm -rf "$state"
    pool home work --master api:billing
    plays home "${plays/LIMIT/$limit}"
    plays work "${plays/LIMIT/$limit}"
    plays billing "${plays/LIMIT/$limit}"
    # shellcheck disable=SC2086
    tcr -v $options -- client < /dev/null
    assert_stderr_has "^tcr-run: $expected"
    rows=$((rows + 1))
  done << 'ROWS'
LIMIT|--retry-on auth,server|with --retry-on limit,auth,server the run would be carried on$
LIMIT|--key home|without --key another key would be tried; with --wait this one is waited for$
LIMIT|--retries 1 --no-master|with --retries 2 another key would be tried$
LIMIT|--no-master|the other keys: "home" tried in this run$
LIMIT|--no-master|without --no-master a master key would be used$
LIMIT|--no-master|with --wait the first that is ready again would be waited for$
LIMIT||the other keys: "home" tried in this run; "work" tried in this run$
LIMIT|--retries 0|with --retries 1 another key would be tried$
exit 9|--exit-class 9=server --retries 1|"home" ran into trouble .*; trying it again, with the client's own retries$
exit 9|--exit-class 9=server --retries 2|the other keys: "home" .*; "billing" not used for trouble on the provider's side$
"$PLAY/late.py" $$ & until [ -e "$PLAY/begun" ]; do sleep 0.02; done; exit 1||a command is carried on only if it waits for the programs it started$
trap : TERM; kill -TERM $PPID; sleep 0.1; LIMIT||the run was asked to end: no other key is tried$
ROWS
  [ "$rows" -eq 12 ]
}
