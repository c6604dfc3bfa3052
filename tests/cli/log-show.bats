# tcr-run log: what happened.
load helpers

# The events are of this day, wherever and whenever the test runs.
CLOCK_ZONE=UTC
NOON=1795176000 # 2026-11-20T12:00:00Z

# Writes a line as a run would; minutes after noon, then the members.
event() {
  mkdir -p "$state"
  echo "{\"time\":$((NOON + $1 * 60)),$2}" >> "$state/${3-events.jsonl}"
}

three_events() {
  event 0 '"event":"attempt","key":"home","pid":7,"command":"claude"'
  event 5 "\"event\":\"failover\",\"key\":\"home\",\"class\":\"limit\",\"what\":\"session limit\",\"until\":$((NOON + 3660)),\"next\":\"work\",\"pid\":7,\"command\":\"claude\""
  event 6 '"event":"success","key":"work","pid":7,"command":"claude"'
}

@test "one line for each event, the newest last" {
  three_events
  tcr log
  assert_status 0
  assert_no_stderr
  assert_stdout 'Nov 20 12:00  claude was started with "home"
Nov 20 12:05  "home" reached its session limit (resets 13:01); carried on with "work"
Nov 20 12:06  claude ended well with "work"'
}

@test "in the zone of the machine" {
  three_events
  extra_env=(TZ=Asia/Tokyo)
  tcr log -n 1
  assert_stdout 'Nov 20 21:06  claude ended well with "work"'
}

@test "--json: the lines as they are, with members of newer versions" {
  three_events
  event 7 '"event":"parade","key":"work","more":[1,{"a":null}]'
  tcr log --json
  assert_status 0
  cmp "$state/events.jsonl" "$out"
  tcr log -n 1
  assert_stdout 'Nov 20 12:07  parade "work"'
}

@test "-n: the last ones; 0 is none, more than there are is all" {
  three_events
  for pair in 1:1 2:2 3:3 99:3 0:0; do
    tcr log -n "${pair%:*}"
    assert_status 0
    assert_equal "$(wc -l < "$out")" "${pair#*:}"
  done
  tcr log -n 1
  assert_stdout_has 'ended well'
  tcr log --lines=2 --json
  assert_equal "$(jq -r .event "$out" | paste -sd ' ')" 'failover success'
}

@test "--key: what concerns this key, also as the next" {
  three_events
  event 7 '"event":"warning","text":"work"'
  tcr log --key work --json
  assert_equal "$(jq -r .event "$out" | paste -sd ' ')" 'failover success'
  tcr log --key home --json
  assert_equal "$(jq -r .event "$out" | paste -sd ' ')" 'attempt failover'
  tcr log --key nobody
  assert_status 0
  assert_no_stdout
  assert_stderr_has '^tcr-run: log: nothing has happened to a key "nobody"; tcr-run keys list shows the keys$'
  tcr log --key home --since 1m
  assert_no_stdout
  assert_no_stderr
}

@test "--since: of the last so-and-so long" {
  mkdir -p "$state"
  local now
  now=$(date +%s)
  for ago in 7300 7000 10; do
    echo "{\"time\":$((now - ago)),\"event\":\"attempt\",\"key\":\"ago$ago\"}" >> "$state/events.jsonl"
  done
  tcr log --json --since 2h
  assert_equal "$(jq -r .key "$out" | paste -sd ' ')" 'ago7000 ago10'
  tcr log --json --since=1m
  assert_equal "$(jq -r .key "$out")" 'ago10'
  tcr log --json --since 1w --key ago7300 -n 5
  assert_equal "$(jq -r .key "$out")" 'ago7300'
}

@test "--since: dates, days and times of the day, in the zone of the machine" {
  mkdir -p "$state"
  local midnight
  midnight=$(date -u -d 'today 00:00' +%s)
  for at in $((midnight - 86401)) $((midnight - 86400)) $((midnight - 1)) "$midnight"; do
    echo "{\"time\":$at,\"event\":\"attempt\",\"key\":\"at$((at - midnight))\"}" >> "$state/events.jsonl"
  done
  extra_env=(TZ=UTC)
  while IFS='|' read -r since expected; do
    tcr log --json --since "$since"
    assert_status 0
    assert_equal "$since: $(jq -r .key "$out" | paste -sd ' ')" "$since: $expected"
  done <<END
today|at0
yesterday|at-86400 at-1 at0
$(date -u -d yesterday +%F)|at-86400 at-1 at0
$(date -u -d yesterday +%F) 00:01|at-1 at0
$(LC_ALL=C date -u -d '2 days ago' '+%b %e')|at-86401 at-86400 at-1 at0
$(LC_ALL=C date -u -d '2 days ago' '+%b %e 23:59:59' | cut -d: -f1,2)|at-86401 at-86400 at-1 at0
00:00|at0
END
  extra_env=(TZ=Etc/GMT-1)
  tcr log --json --since today
  assert_between "$(wc -l < "$out")" 0 2
  extra_env=(TZ=UTC)
  for since in '' soon 2026-13-01 2026-02-30 25:00 '2026-11-20x' 500d; do
    tcr log --since "$since"
    assert_status 125
    assert_stderr_has '^tcr-run: log: --since .*: expected a time such as 2h, 3d, today, yesterday, '
  done
  tcr log --since 2199-01-01
  assert_status 125
  assert_stderr_has 'that is still to come'
}

@test "no file at all: a device, a FIFO, a folder; one of 1 GB" {
  pool a
  events=$state/events.jsonl
  mkdir -p "$state"
  while read -r make reason; do
    rm -rf "$events"
    eval "${make//_/ }"
    LIMIT=20 tcr log
    assert_status 125
    assert_no_stdout
    assert_stderr_has "^tcr-run: log: $events: $reason"
  done <<'END'
ln_-s_/dev/zero_$events it is not a regular file
mkfifo_$events it is not a regular file
mkdir_$events Is a directory
truncate_-s_1G_$events File too large
END
}

@test "an older file that cannot be read is said, and the newer one shown" {
  pool a
  tcr -- client
  mkfifo "$state/events.jsonl.1"
  LIMIT=20 tcr log
  assert_status 0
  assert_stdout_has 'client was started with "a"'
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has "^tcr-run: warning: $state/events.jsonl.1, with the older events, cannot be read: "
}

@test "the older file comes before the newer one" {
  event 0 '"event":"attempt","key":"a"' events.jsonl.1
  event 1 '"event":"attempt","key":"b"' events.jsonl.1
  event 2 '"event":"attempt","key":"c"'
  tcr log --json
  assert_equal "$(jq -r .key "$out" | paste -sd ' ')" 'a b c'
  tcr log --json -n 2
  assert_equal "$(jq -r .key "$out" | paste -sd ' ')" 'b c'
  rm "$state/events.jsonl"
  tcr log --json
  assert_equal "$(jq -r .key "$out" | paste -sd ' ')" 'a b'
}

@test "what is no event is passed over, and a torn line costs only itself" {
  event 0 '"event":"attempt","key":"a"'
  printf '%s\n' 'no json' '{}' '[1]' '{"time":"x","event":"attempt"}' '' >> "$state/events.jsonl"
  printf '{"time":1,"event":"att' >> "$state/events.jsonl"
  event 2 '"event":"attempt","key":"b"'
  printf '\0\0\0\n' >> "$state/events.jsonl"
  event 3 '"event":"attempt","key":"c"'
  printf '{"time":1,"event":"attempt","key":"not yet whole"' >> "$state/events.jsonl"
  tcr log --json
  assert_status 0
  assert_no_stderr
  assert_equal "$(jq -r .key "$out" | paste -sd ' ')" 'a b c'
}

@test "nothing in the file reaches the terminal as a control" {
  event 0 '"event":"warning","key":"\u001b[2J\u001b]0;x\u0007","text":"a\u009bb\r\nc\u007f"'
  tcr log
  assert_equal "$(wc -l < "$out")" 1
  assert_equal "$(LC_ALL=C tr -d '\n -~' < "$out" | wc -c)" 0
}

@test "nothing has happened yet: it is said, and no failure" {
  tcr log
  assert_status 0
  assert_no_stdout
  assert_stderr_has "^tcr-run: nothing has happened yet: there is no $state/events.jsonl; runs write it\$"
  [ ! -e "$state" ] || fail "the folder was made"
}

@test "no keys are needed, and no key file is looked at" {
  three_events
  echo 'no json' | keyfile
  tcr log
  assert_status 0
  assert_no_stderr
  assert_equal "$(wc -l < "$out")" 3
}

@test "beside the state that TCR_STATE names" {
  state=$scratch/elsewhere
  three_events
  extra_env=("TCR_STATE=$scratch/elsewhere/pool.json")
  tcr log
  assert_equal "$(wc -l < "$out")" 3
  extra_env=(TCR_STATE=pool.json)
  cp "$scratch/elsewhere/events.jsonl" .
  tcr log -n 1
  assert_stdout_has 'ended well'
}

@test "without a home there is no place, and it is said" {
  without=(HOME)
  extra_env=(HOME=)
  as=(setpriv --reuid 12345 --regid 12345 --clear-groups)
  need_root
  cp "$TCR_RUN" "$scratch/bin/tcr-run"
  TCR_RUN=$scratch/bin/tcr-run
  tcr log
  assert_status 125
  assert_stderr_has 'HOME'
}

@test "mistakes in the options" {
  while IFS='|' read -r words pattern; do
    eval "tcr log $words"
    assert_status 125
    assert_no_stdout
    assert_stderr_has "^tcr-run: log: .*$pattern|^tcr-run: .*$pattern"
  done <<'END'
--since|--since needs a value
--since soon|--since soon: expected
--since -5|--since -5: expected
--since ''|--since : expected
-n|-n needs a value
-n x|-n x: expected
-n -1|-n -1: expected
-n 1.5|-n 1.5: expected
-n ''|-n : expected
-n 99999999999999999999|expected
--json=yes|--json takes no value
--frobnicate|unknown option --frobnicate
--json --x=FAKE-secret|unknown option --x;
--keys x|unknown option --keys
-p x|unknown option -p
home|takes no names
-- -n|takes no names
END
}

@test "options in the spellings of other programs" {
  three_events
  # Now, or --since would leave it out one day.
  event $((($(date +%s) - NOON) / 60)) '"event":"success","key":"work"'
  local words
  for words in '-n 1' -n1 --lines=1 '--lines 1' --lin=1 '-n1 --' '--json -n1' '--since=400d -n1'; do
    # shellcheck disable=SC2086 # words
    tcr log $words
    assert_status 0
    assert_equal "$(wc -l < "$out")" 1
  done
  pool home
  for words in --json '--json --' '--js' "--keys=$keys --json" "-f$keys --json"; do
    # shellcheck disable=SC2086 # words
    tcr status $words
    assert_status 0
    assert_stdout_has '"name": "home"'
  done
}

@test "an option may stand behind a name, also with POSIXLY_CORRECT" {
  pool home
  extra_env=(POSIXLY_CORRECT=1)
  tcr reset home --keys "$keys"
  assert_status 0
  tcr reset -- home
  assert_status 0
}

@test "a full disk under the output is a failure" {
  three_events
  [ -w /dev/full ] || skip "no /dev/full"
  status=0
  within "$TCR_RUN" log > /dev/full 2> "$err" < /dev/null || status=$?
  assert_status 125
  assert_stderr_has 'No space left'
}

@test "a reader that has seen enough ends it" {
  mkdir -p "$state"
  yes '{"time":1,"event":"attempt","key":"a","command":"claude"}' | head -n 20000 > "$state/events.jsonl"
  within "$TCR_RUN" log < /dev/null 2> "$err" | head -n 1 > "$out"
  assert_equal "$(wc -l < "$out")" 1
}
