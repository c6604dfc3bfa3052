# The state file: it survives calls, and nothing that happened to it stops a run.
load helpers

# The file is as it should be: JSON, of the version, and only for us.
assert_state_is_sound() {
  jq -e '.version == 1 and (.salt | length) == 64' "$state/state.json" > /dev/null || fail "the state is not sound"
}

# The run went on and gave the command's output, and there is one clear line about it.
assert_went_on() {
  assert_status 0
  assert_stdout 'answer of a'
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has "^tcr-run: warning: $state/state.json.*$1"
}

@test "what is known survives: rests, failures, runs, the cursor" {
  pool a b
  fails a auth
  tcr -- client
  tcr -- client
  assert_state_is_sound
  assert_equal "$(record a .failures) $(record a .last_class) $(record a .runs) $(record b .runs)" '1 auth 1 2'
  fresh -- client
  assert_used b
}

@test "folder 0700, files 0600" {
  pool a
  for run in 1 2 3; do tcr -- client; done
  assert_equal "$(stat -c %a "$state")" 700
  for file in "$state"/*; do
    assert_equal "$(basename "$file") $(stat -c %a "$file")" "$(basename "$file") 600"
  done
}

@test "modes that are too loose are mended, and stay so" {
  pool a
  tcr -- client
  chmod 666 "$state"/*
  for run in 1 2 3 4; do
    tcr -- client
    assert_equal "$run $(stat -c %a "$state/state.json")" "$run 600"
  done
}

@test "umask 000 and 777: the same modes, and the memory works" {
  pool a b
  fails a
  become_person
  for mask in 000 777; do
    rm -rf "$home/.local"
    # What the test itself writes is made before, as anybody's.
    install -m 666 /dev/null "$out"
    install -m 666 /dev/null "$err"
    install -m 666 /dev/null "$play/.used"
    umask $mask
    tcr -- client
    tcr -- client
    umask "$MASK"
    assert_status 0
    assert_no_stderr
    assert_equal "$mask $(used)" "$mask a b b"
    assert_equal "$mask $(stat -c %a "$state" "$state/state.json" "$state/state.lock" | paste -sd ' ')" "$mask 700 600 600"
  done
}

@test "the umask of the command is the one we were started with" {
  pool a
  for mask in 000 022 077; do
    umask $mask
    tcr -- sh -c umask
    assert_stdout "0$mask"
  done
}

@test "broken contents: set aside, said once, and a new one is begun" {
  pool a
  while read -r contents; do
    rm -rf "$state"
    tcr -- client
    printf "$contents" > "$state/state.json"
    tcr -- client
    assert_went_on 'could not be understood; it was set aside as state.json.broken'
    printf "$contents" | cmp - "$state/state.json.broken"
    assert_state_is_sound
    tcr -- client
    assert_no_stderr
  done <<'END'
{
{}
[]
null
garbage
{"version":1}
{"version":0}
{"version":"1","salt":"x"}
{"version":1,"salt":"short"}
\\0\\0\\0\\0
{"version":1,"salt":"cf934128ae0d92766829021f3dc54a9cbba92b1f0f31ef8afc7759044640f600"
END
}

@test "an empty file, as a crash leaves it" {
  pool a
  tcr -- client
  : > "$state/state.json"
  tcr -- client
  assert_status 0
  assert_stdout 'answer of a'
  assert_state_is_sound
}

@test "cut off at every length: the run goes on and a sound state is left" {
  pool a b
  fails a
  tcr -- client
  works a
  cp "$state/state.json" "$scratch/whole"
  length=$(stat -c %s "$scratch/whole")
  for ((i = 1; i < length; i += 37)); do
    head -c $i "$scratch/whole" > "$state/state.json"
    tcr -q -- client
    assert_equal "$i $status" "$i 0"
    assert_state_is_sound
  done
}

@test "values of other types and sizes than ours do no harm" {
  pool a b
  fails a
  tcr -- client
  works a
  cp "$state/state.json" "$scratch/whole"
  while read -r change; do
    jq -c "$change" "$scratch/whole" > "$state/state.json"
    tcr -- client
    assert_equal "$change: $status" "$change: 0"
    assert_state_is_sound
    tcr status --json
    jq -e . "$out" > /dev/null || fail "$change: status"
  done <<'END'
.keys = []
.keys = {"x": 5}
.keys[] = null
.keys[].cooldowns = {"a": 1}
.keys[].cooldowns = [1, "x", null, {}]
.keys[].cooldowns = [{"class": "limit", "until": "soon", "length": -5}]
.keys[].cooldowns = [{"class": "limit", "until": 1e300, "length": 1e300}]
.keys[].cooldowns = [{"class": "nonsense", "until": 99999999999, "length": 60}]
.keys[].failures = -1
.keys[].runs = 1e300
.keys[].last_used = "x"
.keys[].name = 5
.cursor = 5
.cursor = ("x" * 10000)
.leases = {}
.leases = [1, null, {"pid": -1}, {"pid": "x"}, {"key": 5, "pid": 1e300}]
.leases = [range(2000) | {"key": "x", "pid": 1, "start": 1, "since": 1}]
.master_uses = "x"
.master_uses = [1e300, -1, "x", null]
.organizations = "acme"
.warned_undersized = "x"
.warned_undersized = 1e300
END
}

@test "fields of others are kept" {
  pool a b
  tcr -- client
  change_state '.of_another = {"a": [1, 2]} | .keys[].note = "mine"'
  fails a
  tcr -- client
  assert_equal "$(jq -c '[.of_another, ([.keys[] | select(.name == "a")][0].note)]' "$state/state.json")" '[{"a":[1,2]},"mine"]'
}

@test "of a newer version: left as it is to the byte, and said" {
  pool a b
  tcr -- client
  change_state '.version = 99 | .keys = ["another form"]'
  cp "$state/state.json" "$scratch/newer"
  fails a
  fresh -- client
  assert_status 0
  assert_used 'a b'
  assert_stderr_has "^tcr-run: warning: $state/state.json: .*newer tcr-run"
  tcr status
  tcr reset
  cmp "$scratch/newer" "$state/state.json"
  assert_equal "$(ls "$state")" "$(ls "$state" | grep -v broken)"
}

@test "a folder in its place" {
  pool a
  mkdir -p "$state/state.json"
  tcr -- client
  assert_went_on 'folder|Is a directory'
  [ -d "$state/state.json" ]
}

@test "a FIFO or a device in its place does not hang the run" {
  pool a
  mkdir -p "$state"
  mkfifo "$state/state.json"
  LIMIT=20 tcr -- client
  assert_went_on ''
  assert_ms "$took" 0 5000
}

@test "a symbolic link in its place: the memory works, run after run" {
  pool a b
  fails a
  mkdir -p "$state" "$scratch/elsewhere"
  ln -s "$scratch/elsewhere/state.json" "$state/state.json"
  for run in 1 2 3; do
    tcr -- client
    assert_equal "$run $status" "$run 0"
  done
  refute_stderr_has 'state.json'
  assert_used 'a b b b'
}

@test "something odd in the place of its spare copy, or of its lock" {
  needs_linux_ways "exchange of names"
  pool a
  tcr -- client
  for file in state.json.spare state.lock; do
    rm -f "$state/$file"
    mkdir "$state/$file"
    tcr -- client
    assert_status 0
    assert_stdout 'answer of a'
    rmdir "$state/$file"
    ln -s /dev/full "$state/$file"
    tcr -- client
    assert_status 0
    assert_stdout 'answer of a'
    rm "$state/$file"
  done
  tcr -- client
  assert_no_stderr
  assert_state_is_sound
}

@test "a file of 100 MB of nonsense" {
  pool a
  tcr -- client
  truncate -s 100M "$state/state.json"
  tcr -- client
  assert_status 0
  assert_stdout 'answer of a'
  assert_ms "$took" 0 5000
}

@test "a file that cannot be read" {
  pool a
  become_person
  tcr -- client
  chmod 000 "$state/state.json"
  tcr -- client
  assert_went_on 'Permission denied'
}

@test "a folder that cannot be written, with a state in it and without" {
  pool a b
  become_person
  fails a
  tcr -- client
  chmod 500 "$state"
  works a
  fresh -- client
  assert_status 0
  assert_stderr_has "^tcr-run: warning: $state/state.json: .*(Permission denied)"
  chmod 700 "$state"
  rm -rf "$state"
  chmod 500 "$(dirname "$state")"
  fails a
  fresh -- client
  assert_status 0
  assert_used 'a b'
  assert_stderr_has "^tcr-run: warning: $state/state.json: .*Permission denied"
}

@test "a read-only file system" {
  need_root
  pool a b
  fails a
  tcr -- client
  works a
  mapfile -d '' list < <(environment)
  unshare -m sh -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" || exit 77; shift 0; exec "$@"' "$state" \
    env -i "${list[@]}" "$TCR_RUN" -- client > "$out" 2> "$err" < /dev/null 3>&- || status=$?
  [ "$status" != 77 ] || skip "cannot mount"
  assert_status 0
  assert_stderr_has "^tcr-run: warning: $state/state.json: .*Read-only file system"
}

@test "a full disk: the run goes on, and what stood there is still there" {
  need_root
  pool a b
  fails a
  mkdir -p "$state"
  mapfile -d '' list < <(environment)
  cat > "$scratch/full.sh" <<'END'
mount -t tmpfs -o size=64k tmpfs "$STATE" || exit 77
"$TCR_RUN" -- client || exit 1
cp "$STATE/state.json" "$SCRATCH/before"
cat /dev/zero > "$STATE/fill" 2> /dev/null
for run in 1 2 3; do "$TCR_RUN" -- client || exit 2; done
cp "$STATE/state.json" "$SCRATCH/after"
rm "$STATE/fill"
"$TCR_RUN" -- client || exit 3
cp "$STATE/state.json" "$SCRATCH/later"
END
  status=0
  unshare -m env -i "${list[@]}" TCR_RUN="$TCR_RUN" STATE="$state" SCRATCH="$scratch" sh "$scratch/full.sh" > "$out" 2> "$err" < /dev/null 3>&- || status=$?
  [ "$status" != 77 ] || skip "cannot mount"
  assert_status 0
  jq -e .version "$scratch/after" > /dev/null || fail "the state was lost"
  assert_equal "$(jq '[.keys[].failures] | add' "$scratch/after" "$scratch/later" | paste -sd ' ')" '1 1'
  assert_equal "$(used)" 'a b b b b b'
}

@test "a full disk from the start" {
  need_root
  pool a b
  fails a
  mkdir -p "$state"
  mapfile -d '' list < <(environment)
  status=0
  unshare -m env -i "${list[@]}" TCR_RUN="$TCR_RUN" STATE="$state" sh -c '
    mount -t tmpfs -o size=4k tmpfs "$STATE" || exit 77
    cat /dev/zero > "$STATE/fill" 2> /dev/null
    exec "$TCR_RUN" -- client' > "$out" 2> "$err" < /dev/null 3>&- || status=$?
  [ "$status" != 77 ] || skip "cannot mount"
  assert_status 0
  assert_used 'a b'
  assert_stdout 'answer of b'
  assert_stderr_has "$state/state.json: .*No space left"
}

@test "a folder that vanishes during the run: what it learned is in a new one" {
  pool a b
  tcr -- client
  plays a "rm -rf '$state'; echo '$(sentence limit)'; exit 1"
  tcr -- client
  assert_status 0
  refute_stderr_has 'state.json'
  assert_equal "$(jq -c '[.keys[].failures] | add' "$state/state.json") $(stat -c %a "$state")" '1 700'
  fresh -- client
  assert_used b
}

@test "a folder that another takes the place of, as when one is unmounted: what was learned is in the one that runs look into" {
  pool a b
  tcr -- client
  plays a "mv '$state' '$scratch/moved'; mkdir -m 700 '$state'; echo '$(sentence limit)'; exit 1"
  tcr -- client
  assert_status 0
  fresh -- client
  assert_used b
  state=$scratch/moved
  assert_equal "$(record a .failures) $(record a .runs)" '0 2'
}

@test "the lock file removed while it is waited for: the one that came in its place is waited for as well" {
  pool a
  tcr -- client
  forget_used
  hold() {
    (exec 9>> "$state/state.lock" && flock 9 && touch "$scratch/$1" && while [ -e "$scratch/$1" ]; do sleep 0.05; done) 3>&- &
    eventually test -e "$scratch/$1"
  }
  hold first
  tcr_background -- client
  sleep 0.5
  rm "$state/state.lock"
  hold second
  rm "$scratch/first"
  sleep 0.5
  assert_used ''
  rm "$scratch/second"
  await
  assert_status 0
  assert_no_stderr
  assert_used a
}

@test "a broken state that is only looked at is said to be broken, and left as it is" {
  pool a
  tcr -- client
  echo garbage > "$state/state.json"
  tcr status
  assert_status 0
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has "^tcr-run: warning: $state/state.json: could not be understood"
  assert_equal "$(cat "$state/state.json")" garbage
}

@test "XDG_STATE_HOME where it is absolute; relative it is ignored" {
  pool a
  extra_env=("XDG_STATE_HOME=$scratch/elsewhere")
  tcr -- client
  [ -f "$scratch/elsewhere/tcr/state.json" ]
  [ ! -e "$state" ]
  for ignored in relative ./relative ''; do
    rm -rf "$state"
    extra_env=("XDG_STATE_HOME=$ignored")
    tcr -- client
    [ -f "$state/state.json" ]
    assert_equal "$(ls -A)" ''
  done
}

@test "TCR_STATE names the file" {
  pool a
  extra_env=("TCR_STATE=$scratch/elsewhere/own.json")
  tcr -- client
  tcr -- client
  assert_no_stderr
  assert_equal "$(jq '[.keys[].runs]' -c "$scratch/elsewhere/own.json")" '[2]'
  [ ! -e "$state" ]
}

@test "without HOME the home of the user is taken" {
  pool a
  without=(HOME)
  extra_env=("TCR_KEYS_FILE=$keys" "TCR_STATE=$state/state.json")
  tcr -- client
  assert_status 0
  for wrong in '' relative; do
    extra_env=("TCR_KEYS_FILE=$keys" "TCR_STATE=$state/state.json" "HOME=$wrong")
    tcr -- client
    assert_status 0
  done
}

@test "without any home the run goes on" {
  pool a
  become_person
  without=(HOME)
  extra_env=("TCR_KEYS_FILE=$keys")
  tcr -- client
  assert_status 0
  assert_stdout 'answer of a'
}

@test "without a memory the keys of one run are still used in turn" {
  pool a b c --master api:billing
  extra_env=(TCR_STATE=/proc/nowhere/state.json)
  for key in a b c; do fails $key; done
  tcr -- client
  assert_status 0
  assert_used 'a b c billing'
  assert_equal "$(grep -c 'without its memory' "$err")" 1
}

# Killed at any moment of its life, 300 times.
@test "kill -9 at 300 moments leaves a sound state and no litter" {
  pool a b c
  plays a 'exit 9'
  mapfile -d '' list < <(environment)
  "$PYTHON" - env -i "${list[@]}" "$TCR_RUN" -q --cooldown 0 --exit-class 9=limit -- client > "$out" 2> "$err" 3>&- <<'END'
import random, subprocess, sys, time
random.seed(3)
def run():
    return subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
begin = time.monotonic()
run().wait()
life = time.monotonic() - begin
for _ in range(150):
    both = run(), run()
    time.sleep(random.uniform(0, life * 1.2))
    for child in both:
        child.kill()
    for child in both:
        child.wait()
END
  assert_state_is_sound
  # Nobody was there to take back what the killed ones left; the next runs are.
  fresh --exit-class 9=limit --cooldown 0 -q -- client
  assert_status 0
  assert_no_stderr
  local spare=' state.json.spare'
  [ -z "${PORTABLE-}" ] || spare='' # there, names are not exchanged
  assert_equal "$(ls -A "$state" | paste -sd ' ')" "events.jsonl state.json$spare state.lock"
}

@test "no token is in the state's folder, only what is made of it; the same tokens give others elsewhere" {
  pool alpha beta --master api:billing
  fails alpha; fails beta
  tcr -vvv -- client
  ! grep -rE 'FAKE' "$state" || fail "a token in the state"
  cp "$state/state.json" "$scratch/first"
  rm -rf "$state"
  tcr -- client
  first=$(jq -r '.keys | keys[]' "$scratch/first")
  second=$(jq -r '.keys | keys[]' "$state/state.json")
  assert_equal "$(wc -w <<< "$first") $(wc -w <<< "$second")" '3 3'
  assert_equal "$(printf '%s\n%s\n' "$first" "$second" | sort -u | wc -l)" 6
}

@test "keys that are gone from the file do no harm in the state" {
  pool a b
  fails a
  tcr -- client
  pool c
  fresh -- client
  assert_used c
  assert_no_stderr
}

@test "a state that cannot be used is a warning as JSON and in GitHub Actions too" {
  pool a
  mkdir -p "$state"
  echo broken > "$state/state.json"
  tcr --log-format json -- client
  assert_equal "$(jq -r .event "$err")" warning
  echo broken > "$state/state.json"
  extra_env=(GITHUB_ACTIONS=true)
  tcr -- client
  assert_stderr_has '^::warning.*::.*could not be understood'
}
