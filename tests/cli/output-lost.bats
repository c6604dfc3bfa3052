# A disk that is full under stdout or stderr: said once, never a success, and the command ends for it where it would
# end without us.
load helpers

no_space='No space left on device'

# on_full out|err OPTION... -- COMMAND...: that stream is a file on a full disk, the other one as always.
on_full() {
  local stream=$1
  shift
  need_root
  mkdir -p "$scratch/full"
  mapfile -d '' list < <(environment)
  status=0
  unshare -m sh -c 'mount -t tmpfs -o size=8k none "$0" || exit 77; stream=$1; shift
    if [ "$stream" = out ]; then exec "$@" > "$0/file"; else exec "$@" 2> "$0/file"; fi' "$scratch/full" "$stream" \
    timeout 20 env -i "${list[@]}" "$TCR_RUN" "$@" > "$out" 2> "$err" < /dev/null 3>&- || status=$?
  [ "$status" != 77 ] || skip "cannot mount"
}

on_dev_full() {
  [ -w /dev/full ] || skip "no /dev/full"
  status=0
  within "$TCR_RUN" "$@" > /dev/full 2> "$err" < /dev/null || status=$?
}

assert_said_once() {
  assert_equal "$(sentences "$err" | grep '^tcr-run: ')" "tcr-run: $1"
}

@test "a short output: said, and no success" {
  pool a
  on_dev_full -- echo text
  assert_status 125
  assert_said_once "cannot write the command's output: $no_space"
  on_full out -- head -c 9000 /dev/zero
  assert_status 125
  assert_said_once "cannot write the command's output: $no_space"
}

@test "an endless output ends, and that it was ended is said" {
  pool a
  on_dev_full -- yes
  assert_status 125
  assert_said_once "cannot write the command's output: $no_space; the command was ended for it"
  on_full out -- yes
  assert_status 125
  assert_said_once "cannot write the command's output: $no_space; the command was ended for it"
}

@test "so does that of a command that ignores SIGPIPE" {
  pool a
  plays a 'trap "" PIPE; while :; do head -c 9000 /dev/zero; sleep 0.05; done'
  on_full out -- client
  assert_status 125
  assert_said_once "cannot write the command's output: $no_space; the command was ended for it"
}

@test "the command's own failure is its own" {
  pool a
  plays a 'trap "exit 3" PIPE; head -c 9000 /dev/zero; sleep 5 & wait; exit 4'
  on_full out -- client
  assert_status 3
  assert_said_once "cannot write the command's output: $no_space"
}

@test "a signal from outside is nobody's but the command's" {
  pool a
  plays a 'trap "" PIPE; head -c 9000 /dev/zero; sleep 0.3; kill -KILL $$'
  on_full out -- client
  assert_status 137
}

@test "a full disk under stderr ends no command: its answer is whole" {
  pool a
  plays a 'head -c 9000 /dev/zero >&2; for i in 1 2 3; do sleep 0.05; echo $i >&2; done; echo answer'
  for client in generic claude; do
    on_full err --client $client -- client
    assert_status 125
    assert_stdout answer
  done
}

@test "neither does one under stderr that no file of ours stands before" {
  [ -w /dev/full ] || skip "no /dev/full"
  pool a b
  plays a "for i in 1 2 3; do sleep 0.05; echo \$i >&2; done; echo '$(sentence limit)' >&2; exit 1"
  plays b 'for i in 1 2 3; do sleep 0.05; echo $i >&2; done; echo answer of b'
  status=0
  within "$TCR_RUN" -- client > "$out" 2> /dev/full < /dev/null || status=$?
  assert_used 'a b'
  assert_status 125
  assert_stdout 'answer of b'
}

@test "a used-up key's message behind what was lost is read all the same" {
  pool a b
  plays a "head -c 9000 /dev/zero >&2; sleep 0.1; printf '\n%s\n' '$(sentence limit)' >&2; exit 1"
  on_full err -- client
  assert_used 'a b'
  assert_stdout 'answer of b'
}

@test "a full disk ends whoever else writes there, too" {
  pool a
  plays a '(for i in $(seq 200); do sleep 0.05; head -c 9000 /dev/zero || { echo ended > "$PLAY/ended"; exit; }; done) & wait'
  on_full out -- client
  assert_status 125
  eventually test -s "$play/ended"
}

@test "a full folder for temporary files is not used" {
  need_root
  mkdir -p "$scratch/full"
  pool a b
  plays a "echo before; echo '$(sentence limit)'; exit 1"
  plays b 'cat; echo warning >&2'
  for how in '--' '--client claude --'; do
    rm -rf "$state"
    echo input | capture unshare -m sh -c 'mount -t tmpfs -o size=64k none "$0" || exit 77
      head -c 65536 /dev/zero > "$0/fill"
      TMPDIR=$0 exec "$@"' "$scratch/full" "$TCR_RUN" -q $how client
    [ "$status" != 77 ] || skip "cannot mount"
    assert_equal "$(cat "$out")" $'before\ninput'
    assert_equal "$(cat "$err")" warning
  done
}

@test "nor is one that is not there, or has no full name" {
  for TMPDIR in "$scratch/none" . ''; do
    extra_env=("TMPDIR=$TMPDIR")
    pool a b
    rm -rf "$state"
    fails a
    tcr --client claude -- client
    assert_stdout 'answer of b'
  done
}

@test "too few descriptors: nothing is run, and the reason is said" {
  for limit in 9 10 11 12 13; do
    pool a b
    capture sh -c "ulimit -n $limit"'; exec "$@"' - "$TCR_RUN" --client claude -- client < <(echo input)
    assert_refused
    assert_stderr_has ': (Too many open files|No file descriptors available)$'
  done
}

@test "no other key is spent on an output that cannot be written" {
  pool a b
  plays a "trap '' PIPE; echo before; sleep 0.3; echo '$(sentence limit)' >&2; exit 1"
  on_dev_full -v -- client
  assert_status 1
  assert_used a
  assert_stderr_has "not carried on: its output cannot be written .$no_space.$"
  assert_stderr_has 'no option changes that: the output needs a place with room$'
  assert_stderr_has "^tcr-run: cannot write the command's output: $no_space$"
}
