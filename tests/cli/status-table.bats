# tcr-run status: the table for people.
load helpers

# Every kind of state at once, at a fixed distance from now.
lively_pool() {
  echo "{\"keys\": [$(entry home), $(entry work), $(entry api:ci '"organization": "acme"'), $(entry spare '"disabled": true'), $(entry fresh)],
    \"master\": $(entry api:billing '"at_most": "20/day"')}" | keyfile
  plays home "printf '%s\n' \"You've hit your session limit · resets 11:21pm (UTC)\"; exit 1"
  fails work auth
  tcr --retries 9 -- client
  assert_status 0
}

row() {
  grep -E "^(> |  )$1 " "$out"
}

@test "before the first run: everything is ready, and the first is next" {
  pool home api:ci
  tcr status
  assert_status 0
  assert_no_stderr
  assert_stdout '2 of 2 ready

  KEY   KIND   STATE  FAIL  USED  LAST FAILURE
> home  oauth  ready     0
  ci    api    ready     0

next: home'
  [ ! -e "$state/state.json" ] || fail "looking made a state"
}

@test "each state in words, failures, when, why" {
  lively_pool
  tcr status
  assert_status 0
  row home | grep -qE 'oauth +limited until .*[0-9]{2}:[0-9]{2} \(in [0-9hms ]+\) +1  [0-9]{2}:[0-9]{2} +session limit, [0-9]{2}:[0-9]{2}$'
  row work | grep -qE 'oauth +auth error until .*\(in 5?[0-9hms ]+\) +1 .* auth, [0-9]{2}:[0-9]{2}$'
  row spare | grep -qE 'oauth +disabled +0$'
  row fresh | grep -qE 'oauth +ready +0$'
  grep -qE '^> ci +api +ready +0  [0-9]{2}:[0-9]{2}$' "$out"
  row billing | grep -qE 'master +ready'
  assert_stdout_has '^next: ci$'
  assert_stdout_has '^master: 0 of 20 uses in the last day$'
}

@test "columns line up, whatever the names hold" {
  echo "{\"keys\": [$(entry a), {\"name\": \"größe-€\", \"token\": \"$(token b)\"}]}" | keyfile
  tcr status
  assert_equal "$(grep -c 'oauth  ready' "$out")" 2
  # In characters, not bytes.
  assert_equal "$(sed -n 's/oauth.*//p' "$out" | while IFS= read -r before; do
    printf %s "$before" | LC_ALL=C.UTF-8 wc -m
  done | sort -u | wc -l)" 1
}

@test "in use: by how many runs" {
  pool home
  plays home 'sleep 20'
  tcr_background -- client
  first=$pid
  tcr_background -- client
  two_leases() { [ "$(jq '.leases | length' "$state/state.json")" = 2 ]; }
  eventually two_leases
  tcr status
  kill "$first" "$pid"
  row home | grep -qF 'in use ×2' || grep -qF '> home  oauth  in use ×2' "$out"
}

@test "the master next, and what it may still be used" {
  echo "{\"keys\": [$(entry home)], \"master\": $(entry api:billing '"at_most": "2/hour"')}" | keyfile
  fails home
  tcr --cooldown 1d -- client
  tcr status
  assert_stdout_has '^next: billing \(the master key, which is billed\)$'
  assert_stdout_has '^master: 1 of 2 uses in the last hour$'
  tcr --cooldown 1d -- client
  tcr status
  assert_stdout_has '^next: none is ready; "home" is first, at .* \(in (1d|23h 59m)\)$'
  row billing | grep -q 'used as often as at_most allows'
}

@test "a master without a bound: uses within a day" {
  pool home --master api:billing
  fails home
  tcr -- client
  tcr status
  assert_stdout_has '^master: 1 use in the last day$'
}

@test "keys near their end" {
  echo "{\"keys\": [$(entry soon "\"expires\": $(($(date +%s) + 5 * 86400 + 60))"), $(entry gone "\"expires\": $(($(date +%s) - 7200))"),
    $(entry ancient '"expires": "2020-01-01"'), $(entry later "\"expires\": $(($(date +%s) + 40 * 86400))"), $(entry old "\"added\": $(($(date +%s) - 360 * 86400))")]}" | keyfile
  tcr status
  assert_stdout_has '^end: "soon" ends on .* \(in 5d\)$'
  assert_stdout_has '^end: "gone" ended on .* \(2h ago\)$'
  assert_stdout_has '^end: "ancient" ended on .* 2020 .* \(over a year ago\)$'
  assert_stdout_has '^end: "old" ends on .* \(in (4d 23h|5d)\)$'
  ! grep -q '"later"' "$out" || fail "40 days are not near"
}

@test "a key whose kind its command will tell" {
  echo '{"keys": [{"name": "a", "token_command": ["false"]}]}' | keyfile
  tcr status
  grep -qE '^> a +\? +ready' "$out"
}

@test "a narrow screen drops columns and never wraps" {
  lively_pool
  for columns in 200 90 80 70 60 50 40 30 20 10; do
    extra_env=("COLUMNS=$columns")
    tcr status
    assert_status 0
    widest=$(LC_ALL=C.UTF-8 wc -L < "$out")
    [ "$widest" -le "$columns" ] || fail "$widest columns on a screen of $columns"
    assert_equal "$(grep -cE '^(> |  )' "$out")" 7
  done
}

@test "what is dropped first is missed least" {
  pool home
  plays home "printf '%s\n' \"You've hit your session limit · resets 11pm (UTC)\"; exit 1"
  tcr -- client
  # On a day of two digits.
  days=20
  [ "$(TZ=$CLOCK_ZONE date -d "$days days" +%-d)" -ge 10 ] || days=30
  # Of another year it takes five columns more.
  year=$(($(TZ=$CLOCK_ZONE date -d "$days days" +%Y) > $(TZ=$CLOCK_ZONE date +%Y) ? 5 : 0))
  change_state --argjson n $((days * 86400)) '.keys[].cooldowns[0] |= (.until = now + $n | .until |= floor | .length = $n)'
  while IFS=: read -r columns titles; do
    extra_env=("COLUMNS=$((columns + year))")
    tcr status
    assert_equal "$(grep -m 1 KEY "$out" | xargs)" "$titles"
  done <<'END'
200:KEY KIND STATE FAIL USED LAST FAILURE
84:KEY STATE FAIL USED LAST FAILURE
72:KEY STATE FAIL USED LAST FAILURE
66:KEY STATE USED LAST FAILURE
58:KEY STATE LAST FAILURE
40:KEY STATE
24:KEY STATE
END
  extra_env=("COLUMNS=$((84 + year))")
  tcr status
  row home | grep -q '(in '
  extra_env=("COLUMNS=$((40 + year))")
  tcr status
  row home | grep -qE '[0-9]{2}:[0-9]{2}$'
  extra_env=(COLUMNS=24)
  tcr status
  row home | grep -q '…$'
}

@test "a summary first: ready, resting, disabled, left out, ended" {
  lively_pool
  tcr status
  assert_equal "$(head -n 1 "$out" | sed -E 's/back [A-Z0-9][A-Za-z0-9: ]*[0-9]/back T/')" \
    '2 of 5 ready, 2 resting (first back T), 1 disabled'
  # It is wrapped where it does not fit.
  whole=$(head -n 1 "$out")
  extra_env=(COLUMNS=30)
  tcr status
  assert_equal "$(sed '/^$/,$d' "$out" | paste -sd ' ')" "$whole"
  [ "$(sed '/^$/,$d' "$out" | wc -L)" -le 30 ]
  extra_env=()
  tcr status
  first=$(head -n 1 "$out" | sed -E 's/.*first back (.*)\).*/\1/')
  row work | grep -qF "until $first" || row home | grep -qF "until $first"
  echo "{\"keys\": [$(entry a), $(entry b), $(entry gone '"expires": "2020-01-01"')], \"profiles\": {\"p\": {\"keys\": [\"b\", \"gone\"]}}}" | keyfile
  tcr status -p p
  assert_equal "$(head -n 1 "$out")" '2 of 3 ready, 1 left out, 1 ended'
}

@test "names give way before times: 50 columns and up hold until when a key rests" {
  echo "{\"keys\": [$(entry home), $(entry work), $(entry api:ci)]}" | sed 's/"name": "home"/"name": "Schlüssel für Zuhause mit sehr langem Namen"/
    s/"name": "work"/"name": "日本語キー日本語キー日本語キー"/; s/"name": "ci"/"name": "🔑 für Zuhause und unterwegs"/' | keyfile
  plays home "printf '%s\n' \"You've hit your session limit · resets 11pm (UTC)\"; exit 1"
  plays work "printf '%s\n' \"You've hit your session limit · resets 11pm (UTC)\"; exit 1"
  tcr -- client
  for columns in 100 80 60 50; do
    extra_env=("COLUMNS=$columns")
    tcr status
    assert_equal "$(grep -cE '^(> |  )(Schlüssel f|日本語キー).* until ([A-Z][a-z]+ [0-9]+ ([0-9]{4} )?)?[0-9]{2}:[0-9]{2}( |$)' "$out")" 2
    assert_between "$(LC_ALL=C.UTF-8 wc -L < "$out")" 20 "$columns"
    "$PYTHON" - "$out" <<'END'
import sys, unicodedata
def width(text): return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()[2:6]
state = lines[0].index("STATE")
for line in lines[1:]:
    word = next(w for w in ("limited", "until", "ready") if w in line)
    assert width(line[:line.index(word)]) == state, lines
END
  done
  extra_env=(COLUMNS=30)
  tcr status
  assert_stdout_has '^  Schlüssel f…  until '
}

@test "COLUMNS that is no number of columns is no limit" {
  lively_pool
  for columns in '' 0 -1 x 5 99999999999; do
    extra_env=("COLUMNS=$columns")
    tcr status
    assert_equal "$(sed -n 3p "$out" | xargs)" "KEY KIND STATE FAIL USED LAST FAILURE"
  done
}

# Runs it on a terminal of so many columns; what it wrote is in $out.
on_terminal() {
  local columns=$1
  shift
  printf -v line '%q ' "$TCR_RUN" "$@"
  capture script -qec "stty cols $columns rows 24; exec $line" /dev/null < /dev/null
}

@test "colours: on a terminal only, and not if NO_COLOR or a dumb one says so" {
  lively_pool
  extra_env=(TERM=xterm)
  on_terminal 100 status
  grep -q $'\033\\[33mlimited until' "$out"
  grep -q $'\033\\[31mauth error until' "$out"
  grep -q $'\033\\[32mready' "$out"
  for setting in 'TERM=xterm NO_COLOR=1' 'TERM=dumb' 'TERM='; do
    read -r -a extra_env <<< "$setting"
    on_terminal 100 status
    grep -q 'limited until' "$out"
    ! grep -q $'\033' "$out" || fail "$setting"
  done
  extra_env=(TERM=xterm NO_COLOR=)
  on_terminal 100 status
  grep -q $'\033' "$out"
  extra_env=(TERM=xterm)
  tcr status
  ! grep -q $'\033' "$out" || fail "colours in a pipe"
}

# coloured yes|no "NAME=VALUE..." ARGUMENT...: whether standard output, a file, has colours.
coloured() {
  local found=no
  read -r -a extra_env <<< "$2"
  tcr "${@:3}"
  assert_status 0
  ! grep -q $'\033' "$out" || found=yes
  [ "$found" = "$1" ] || fail "$2 ${*:3}: colours: $found"
}

@test "colours where they are asked for: --color, FORCE_COLOR, CLICOLOR_FORCE" {
  pool home
  coloured no '' status --color auto
  coloured yes '' status --color always
  coloured yes 'TERM=dumb NO_COLOR=1' status --color=always
  coloured no 'FORCE_COLOR=1' status --color never
  coloured yes 'FORCE_COLOR=1' status
  coloured yes 'CLICOLOR_FORCE=1' status --color auto
  coloured no 'FORCE_COLOR=0 CLICOLOR_FORCE=false' status
  coloured no 'FORCE_COLOR=1 NO_COLOR=1' status
  coloured yes '' keys list --color=always
  coloured no '' status --json --color always
  extra_env=(TERM=xterm)
  on_terminal 100 status --color never
  ! grep -q $'\033' "$out" || fail "colours in spite of --color never"
  tcr doctor --color=always
  grep -q $'\033\\[32mok' "$out"
  for line in 'status --color blue' 'keys list --color='; do
    read -r -a words <<< "$line"
    tcr "${words[@]}"
    assert_status 125
    assert_no_stdout
    assert_stderr_has 'is not when to use colours; write auto, always or never$'
  done
  tcr reset --color always
  assert_status 125
}

@test "colours take no columns" {
  lively_pool
  extra_env=(TERM=xterm)
  on_terminal 60 status
  sed $'s/\033\\[[0-9;]*m//g; s/\r$//' "$out" > "$scratch/bare"
  extra_env=(COLUMNS=60)
  tcr status
  cmp "$out" "$scratch/bare"
}

@test "a terminal's own width counts, not COLUMNS" {
  lively_pool
  extra_env=(TERM=xterm NO_COLOR=1 COLUMNS=200)
  on_terminal 40 status
  widest=$(tr -d '\r' < "$out" | LC_ALL=C.UTF-8 wc -L)
  assert_between "$widest" 20 40
}

@test "no keys: 75 as in a run" {
  tcr status
  assert_status 75
  assert_no_stdout
  assert_stderr_has 'no keys'
}

@test "mistakes in the options" {
  pool home
  for words in home '--json --watch' '--json --prometheus' '--frobnicate'; do
    tcr status $words
    assert_status 125
    assert_no_stdout
    assert_stderr_is_ours
  done
}
