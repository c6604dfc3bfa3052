# What reaches the reader: all of the last attempt, none of what was given up, nothing twice, nothing late.
load helpers

# Runs with stdout as a pipe and as a file; both have to hold exactly what is on standard input.
assert_output_is() {
  cat > "$scratch/expected"
  within "$TCR_RUN" "$@" < /dev/null 2> "$err" | cat > "$out" || true
  cmp "$scratch/expected" "$out" || fail "through a pipe: not what was expected"
  rm -rf "$state"
  tcr "$@"
  cmp "$scratch/expected" "$out" || fail "into a file: not what was expected"
}

@test "a given-up attempt's mark and what follows it never reach stdout" {
  pool a b c
  fails a
  fails b auth
  assert_output_is -- client <<< 'answer of c'
}

@test "neither do they in json and stream-json" {
  for format in json stream; do
    rm -rf "$state"
    pool a b
    plays a "cat '$DATA/captures/session-limit.$format.stdout'; exit 1"
    plays b "cat '$DATA/captures/ok.$format.stdout'"
    tcr -- client
    # What came before the mark went out when it came: in the stream, the lines before the rejection.
    grep -c '"is_error":true\|"status":"rejected"\|<synthetic>' "$out" && fail "$format: a mark came out"
    tail -n 1 "$out" | cmp - <(tail -n 1 "$DATA/captures/ok.$format.stdout")
  done
}

@test "what came before the mark goes out, and the next attempt's output follows" {
  pool a b
  plays a "echo before; echo '$(sentence limit)'; echo after; exit 1"
  assert_output_is -- client <<< 'before'$'\n''answer of b'
}

@test "the last attempt's mark and what follows it arrive whole when nothing follows" {
  pool a b
  plays a "echo 'of a'; echo '$(sentence limit)'; exit 1"
  plays b "echo before; echo '$(sentence limit)'; printf 'after, \001 and no line end'; exit 1"
  assert_output_is -- client < <(printf 'of a\nbefore\n%s\nafter, \001 and no line end' "$(sentence limit)")
}

@test "so do they on stderr" {
  pool a
  plays a "echo before >&2; echo '$(sentence limit)' >&2; echo after >&2; exit 1"
  tcr -q -- client
  assert_equal "$(cat "$err")" $'before\n'"$(sentence limit)"$'\nafter'
}

@test "a given-up attempt's mark on stderr does not come out either" {
  pool a b
  plays a "echo warning >&2; echo '$(sentence limit)' >&2; exit 1"
  tcr -q -- client
  assert_equal "$(cat "$err")" warning
  assert_stdout 'answer of b'
}

@test "a healthy run that quotes a mark: nothing is changed" {
  pool a b
  {
    echo 'Here is the message:'
    for class in limit throttled auth forbidden billing server network; do sentence $class; done
    echo 'and that is all'
    cat "$DATA/captures/node-sdk-rate-limit.stderr"
    echo '{"type":"rate_limit_event","rate_limit_info":{"status":"allowed"}}'
    printf 'no line end'
  } > "$scratch/answer"
  plays a "cat '$scratch/answer'"
  assert_output_is -- client < "$scratch/answer"
  assert_no_stderr
  assert_equal "$(used)" 'a a'
}

@test "a mark without a line end counts as well" {
  pool a b
  plays a "printf %s '$(sentence limit)'; exit 1"
  assert_output_is -- client <<< 'answer of b'
}

@test "so does one, though a child of the command keeps its output open" {
  pool a b
  plays a "printf %s '$(sentence limit)'; sleep 2 & exit 1"
  assert_output_is -- client <<< 'answer of b'
}

@test "a mark that comes in pieces" {
  pool a b
  plays a "printf 'Claude us'; sleep 0.02; printf 'age limit reach'; sleep 0.02; printf 'ed.\n'; exit 1"
  assert_output_is -- client <<< 'answer of b'
}

@test "a mark beside much output after it: nothing is lost" {
  pool a
  plays a "echo '$(sentence limit)'; seq 200000; exit 1"
  assert_output_is -- client < <(sentence limit; seq 200000)
}

@test "20 MB of every kind of line, byte for byte" {
  pool a b
  "$PYTHON" - "$scratch/big" <<'END'
import random, sys
random.seed(7)
words = [b"error: x", b"Claude ", b"You've hit", b"{\"type\":", b"\x1b[31mred\x1b[0m", b"your ", b"API Error", b"  ", b"\x00\xff\xfe", b"", b"plain text"]
with open(sys.argv[1], "wb") as f:
    size = 0
    while size < 20_000_000:
        line = random.choice(words) + random.randbytes(random.choice([0, 1, 30, 300, 70000])).replace(b"\n", b"")
        line += random.choice([b"\n", b"\n", b"\r\n", b"\r"])
        size += f.write(line)
END
  assert_output_is -- cat "$scratch/big" < "$scratch/big"
}

lines_like_json() {
  "$PYTHON" -c 'import sys
for i in range(int(sys.argv[1])):
    sys.stdout.write("{\"type\":\"assistant\",\"message\":{\"model\":\"m\",\"content\":[{\"type\":\"text\",\"text\":\"%s\"}]}}\n" % ("x" * (i % 250)))' "$1"
}

@test "2 MB of lines that look like JSON results, byte for byte" {
  pool a b
  lines_like_json 10000 > "$scratch/big"
  assert_output_is -- cat "$scratch/big" < "$scratch/big"
}

# Reading it may take long, on a machine that has much to do or was asleep: here it is held up by hand, in the moment
# after the command's end.
@test "output that takes long to pass on after the command's end is not cut" {
  pool a
  lines_like_json 150000 > "$scratch/big"
  plays a 'echo $$ > "$PLAY/pid"; exec cat "$PLAY/../big"'
  tcr_background -- client
  eventually test -s "$play/pid"
  while kill -0 "$(cat "$play/pid")" 2> /dev/null; do :; done
  kill -STOP "$pid" 2> /dev/null || skip "it was too fast to be held up"
  [ "$(stat -c %s "$out")" -lt "$(stat -c %s "$scratch/big")" ] || skip "it was too fast to be held up"
  sleep 5.5
  kill -CONT "$pid"
  await
  assert_status 0
  cmp "$scratch/big" "$out"
}

# through_slow_reader SIZE ARGUMENT...: stdout is a pipe of that many bytes, read with pauses; 0: a socket.
through_slow_reader() {
  within "$PYTHON" - "$@" > "$out" 2> "$err" << 'END' || status=$?
import fcntl, os, socket, subprocess, sys, time
ours, theirs = os.pipe() if int(sys.argv[1]) else [end.detach() for end in socket.socketpair()]
if int(sys.argv[1]):
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, int(sys.argv[1]))
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=theirs)
os.close(theirs)
while piece := os.read(ours, 65536):
    os.write(1, piece)
    time.sleep(0.004)
sys.exit(child.wait())
END
}

@test "a reader that is slower than the command: the mark at the end is read all the same" {
  pool a b
  seq 60000 > "$scratch/big"
  plays a "cat '$scratch/big'; echo '$(sentence limit)'; exit 1"
  plays b 'echo of b; exit 3'
  for how in '4096 -v' '4096 --mask' '4096 --client claude' '0 -v' '0 --client claude'; do
    rm -rf "$state"
    forget_used
    status=0
    through_slow_reader ${how%% *} "$TCR_RUN" ${how#* } -- client
    assert_used 'a b'
    assert_status 3
    cmp <(cat "$scratch/big"; echo 'of b') "$out"
  done
}

@test "one line of 10 MB" {
  pool a b
  { printf 'Claude usage limit reached '; head -c 10000000 /dev/zero | tr '\0' x; } > "$scratch/big"
  assert_output_is -- cat "$scratch/big" < "$scratch/big"
}

@test "no output at all" {
  pool a
  assert_output_is -- true < /dev/null
  assert_no_stderr
}

@test "the order of 2>&1 is kept, in a pipe and in a file" {
  pool a
  plays a 'for i in 1 2 3 4 5 6 7 8 9; do echo "out $i"; echo "err $i" >&2; done'
  for i in 1 2 3 4 5 6 7 8 9; do echo "out $i"; echo "err $i"; done > "$scratch/expected"
  for run in 1 2 3 4 5; do
    within "$TCR_RUN" -- client 2>&1 < /dev/null | cat > "$out"
    cmp "$scratch/expected" "$out" || fail "run $run, pipe"
    within "$TCR_RUN" -- client > "$out" 2>&1 < /dev/null
    cmp "$scratch/expected" "$out" || fail "run $run, file"
  done
}

@test "stdout and stderr stay apart" {
  pool a
  plays a 'echo out; echo err >&2'
  tcr -- client
  assert_stdout out
  assert_equal "$(cat "$err")" err
}

@test "> begins a file anew, >> adds to it, and what wrote there before stays" {
  pool a b
  fails a
  echo old > "$scratch/log"
  within "$TCR_RUN" -q -- client >> "$scratch/log" < /dev/null
  { echo first; within "$TCR_RUN" -q -- client; echo last; } > "$out" < /dev/null
  assert_equal "$(cat "$scratch/log")" $'old\nanswer of b'
  assert_stdout $'first\nanswer of b\nlast'
  assert_equal "$(used)" 'a b b'
}

@test "1<> writes over what was there, and no more" {
  pool a b
  plays a "echo of a; echo '$(sentence limit)'; exit 1"
  echo xxxxxxxxxxxxxxxxxxxxxxx > "$out"
  within "$TCR_RUN" -q -- client 1<> "$out" < /dev/null
  assert_stdout $'of a\nanswer of b\nxxxxxx'
}

@test "a file that is emptied or removed meanwhile" {
  pool a
  plays a 'echo first; until [ -e "$PLAY/go" ]; do sleep 0.05; done; echo second'
  for change in "truncate -s 0 '$out'" "rm '$out'"; do
    rm -f "$play/go"
    : > "$out"
    exec 7< "$out"
    within "$TCR_RUN" -- client >> "$out" < /dev/null &
    eventually grep -q first "$out"
    sh -c "$change"
    touch "$play/go"
    wait $!
    assert_equal "$(tail -n 1 <&7)" second
    exec 7<&-
  done
}

@test "several runs at once append to one file: every line is there, and whole" {
  pool a b c d
  line=$(printf 'x%.0s' {1..2000})
  for i in 1 2 3 4; do
    within "$TCR_RUN" -- sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do echo $line; done" >> "$out" 2> "$err.$i" < /dev/null &
    runs[i]=$!
  done
  for i in 1 2 3 4; do wait "${runs[i]}"; done
  assert_equal "$(sort "$out" | uniq -c | tr -s ' ')" " 40 $line"
}

@test "with stdout in a file the command too finds a file, with a pipe none" {
  pool a
  what='[ -f /proc/self/fd/1 ] && echo file || echo "no file"'
  tcr -- sh -c "$what"
  assert_stdout file
  within "$TCR_RUN" -- sh -c "$what" < /dev/null 2> "$err" | cat > "$out"
  assert_stdout 'no file'
}

# How long after its writing a piece without a line end arrives, in ms: the best of five.
latency_of() {
  "$PYTHON" - "$@" <<'END'
import subprocess, sys, time
best = 10**9
for _ in range(5):
    child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.read(len("ready\n"))
    begin = time.monotonic()
    child.stdin.write(b"\n"); child.stdin.flush()
    child.stdout.read(len(sys.argv[1]))
    best = min(best, time.monotonic() - begin)
    child.stdin.close()
    child.wait()
print(int(best * 1000))
END
}

@test "a prompt without a line end appears at once, one that might begin a mark within 200 ms" {
  pool a
  # Standard input is the pipe itself: with one key it is not copied.
  while IFS='|' read -r prompt most; do
    mapfile -d '' list < <(environment)
    ms=$(latency_of "$prompt" env -i "${list[@]}" "$TCR_RUN" -- sh -c "echo ready; read x; printf '%s' '$prompt'; read y" 2> "$err")
    assert_ms "$ms" 0 "$most"
  done <<'END'
> |100
Password: |100
Your name: |200
Error |200
END
}

@test "lines come out one by one, not at the end" {
  pool a b
  mapfile -d '' list < <(environment)
  ms=$(latency_of $'Claude is here\n' env -i "${list[@]}" "$TCR_RUN" -- sh -c "echo ready; read x; echo 'Claude is here'; read y" 2> "$err")
  assert_ms "$ms" 0 100
}

# The command is late and goes on, so nothing but what it wrote can make its output come out.
stays_after() {
  plays a "sleep 0.8; $1"$'\n''while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.1; done'
}

has_bytes() {
  [ "$(stat -c %s "$1")" = "$2" ]
}

@test "20 MB written at once into a file come out whole while the command goes on" {
  pool a
  stays_after 'dd if=/dev/zero bs=20M count=1 2> /dev/null'
  tcr_background -- client
  eventually has_bytes "$out" 20971520
  touch "$play/go"
  await
  assert_status 0
}

# In blocks of 512 bytes, as the command sees its output's file when 40 MB of it have been passed on.
@test "what was passed on of a long output no longer takes room on the disk" {
  needs_linux_ways "holes in files"
  pool a
  printf x > "$scratch/tmp/sparse"
  truncate -s 16M "$scratch/tmp/sparse"
  fallocate --punch-hole --offset 0 --length 8M "$scratch/tmp/sparse" 2> /dev/null || skip "the disk takes nothing back"
  plays a "dd if=/dev/zero bs=1M count=40 2> /dev/null
while [ \"\$(stat -c %s '$out')\" -lt 41943040 ]; do sleep 0.05; done
stat -L -c %b /dev/fd/3 3>&1 > \"\$PLAY/blocks\""
  tcr -- client
  assert_status 0
  assert_equal "$(stat -c %s "$out")" 41943040
  assert_between "$(cat "$play/blocks")" 0 $((20 * 2048))
}

# A user has 128 of them, for all programs.
@test "two files as output take one watcher of files" {
  needs_linux_ways "watchers of files"
  pool a
  stays_after 'echo out; echo err >&2'
  tcr_background -- client
  eventually has_bytes "$out" 4
  eventually has_bytes "$err" 4
  assert_equal "$(find "/proc/$pid/fd" -lname 'anon_inode:inotify' | wc -l)" 1
  touch "$play/go"
  await
  assert_status 0
}

@test "without a watcher of files a file is looked at ten times a second" {
  unshare -Ur true 2> /dev/null || skip "no user namespaces here"
  pool a
  stays_after 'echo out; date +%s%N > "$PLAY/written"'
  as=(unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"' sh)
  tcr_background -- client
  eventually has_bytes "$out" 4
  assert_ms $((($(date +%s%N) - $(cat "$play/written")) / 1000000)) 0 1000
  assert_equal "$(find "/proc/$pid/fd" -lname 'anon_inode:inotify' | wc -l)" 0
  before=$(wake_ups)
  begin=$(date +%s%N)
  sleep 1
  count=$(($(wake_ups) - before))
  assert_between "$count" 1 $(((($(date +%s%N) - begin) / 100000000) + 5))
  touch "$play/go"
  await
  assert_status 0
}

wake_ups() {
  awk '/^voluntary_ctxt_switches/ {print $2}' "/proc/$pid/status"
}

@test "a reader that goes away ends the command" {
  pool a
  begin=$(date +%s%N)
  within "$TCR_RUN" -- yes 2> "$err" < /dev/null | head -n 1 > "$out"
  assert_equal "${PIPESTATUS[*]}" '141 0'
  assert_stdout y
  assert_ms $((($(date +%s%N) - begin) / 1000000)) 0 5000
}

@test "so does one that goes away while a mark is held back, and what follows it comes slowly" {
  pool a b
  plays a "echo first; sleep 0.1; echo '$(sentence limit)'; for i in \$(seq 100); do sleep 0.1; echo \$i; done; exit 1"
  for how in '--' '--client claude --'; do
    forget_used
    begin=$(date +%s%N)
    within "$TCR_RUN" $how client 2> "$err" < /dev/null | head -n 1 > "$out"
    assert_equal "${PIPESTATUS[*]}" '141 0'
    assert_ms $((($(date +%s%N) - begin) / 1000000)) 0 3000
    assert_used a
  done
}

# Where the output goes to a file of ours, a child of the command's learns nothing from the command's end.
@test "nor does a reader that goes away leave somebody behind who fills the disk" {
  pool a
  plays a 'echo y; (for i in $(seq 200); do sleep 0.05; head -c 9000 /dev/zero || { echo ended > "$PLAY/ended"; exit; }; done) & wait'
  within "$TCR_RUN" --client claude -- client 2> "$err" < /dev/null | head -n 1 > "$out"
  assert_stdout y
  eventually test -s "$play/ended"
}

# Emptied is what has a file below it, as without us; what is written after that must not be lost.
@test "a command that opens its streams by their names" {
  pool a
  plays a 'seq 1000 >&2; sleep 0.2; echo short > /dev/stderr; sleep 0.2; echo end >&2'
  { seq 1000; echo short; echo end; } > "$scratch/expected"
  for how in '--' '--client claude --'; do
    within "$TCR_RUN" $how client 2>&1 < /dev/null | cat > "$out"
    cmp "$scratch/expected" "$out" || fail "pipe, $how"
    : > "$out"
    within "$TCR_RUN" $how client 2>> "$out" < /dev/null
    cmp "$scratch/expected" "$out" || fail "file, $how"
  done
}

@test "the next attempt begins with a line of its own on stderr, ours" {
  pool a b
  plays a "echo '$(sentence limit)'; exit 1"
  plays b 'echo "from b" >&2'
  tcr -- client
  assert_equal "$(sentences "$err" | sed 's/^tcr-run: .*/ours/')" $'ours\nfrom b'
}

@test "output of a background process that outlives the command is not waited for" {
  pool a
  plays a 'echo answer; (sleep 30; echo late) & exit 0'
  within "$TCR_RUN" -- client 2> "$err" < /dev/null > "$scratch/fifo.out" &
  begin=$(date +%s%N)
  wait $!
  assert_ms $((($(date +%s%N) - begin) / 1000000)) 0 5000
  assert_equal "$(cat "$scratch/fifo.out")" answer
}

@test "without /proc the message says that it is needed" {
  needs_linux_ways "need of /proc"
  need_root
  pool home work
  # Sanitizers find their options there.
  capture unshare -m sh -c 'cp /proc/self/environ environ && mount -t tmpfs none /proc && mkdir /proc/self &&
    cp environ /proc/self && exec "$@"' - "$TCR_RUN" --client claude -- client < /dev/null
  assert_status 125
  assert_used ''
  assert_stderr_has "^tcr-run: nothing was run: no channel for its output: No such file or directory; it needs /proc, and"
}
