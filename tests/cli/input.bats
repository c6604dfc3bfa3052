# The command's standard input, in the first attempt and in the next one.
load helpers

# Reads all its input, says how much that was and what it was, and fails with key a.
reading() {
  plays a 'cat > "$PLAY/read.a"; exit 9'
  plays b 'cat > "$PLAY/read.b"; exit 9'
  works c
  plays c 'cat'
  pool a b c
}

assert_all_read() {
  cmp "$1" "$play/read.a" || fail "the first attempt read something else"
  cmp "$1" "$play/read.b" || fail "the second attempt read something else"
  cmp "$1" "$out" || fail "the third attempt read something else"
}

@test "a file is read from its beginning by every attempt" {
  reading
  seq 100000 > "$scratch/input"
  input=$scratch/input tcr --exit-class 9=limit -- client
  assert_status 0
  assert_all_read "$scratch/input"
}

@test "a file whose offset is not 0 is read from there by every attempt" {
  reading
  printf 'first line\nsecond\nthird\n' > "$scratch/input"
  printf 'second\nthird\n' > "$scratch/rest"
  { read -r line; tcr_piped --exit-class 9=limit -- client; } < "$scratch/input"
  load_capture
  assert_status 0
  assert_equal "$line" 'first line'
  assert_all_read "$scratch/rest"
}

@test "after a run the file's offset is where the command left it" {
  pool a b
  plays a 'read -r x; exit 9'
  plays b 'read -r x; read -r y; echo "$x $y"'
  printf '1\n2\n3\n4\n' > "$scratch/input"
  { tcr_piped --exit-class 9=limit -- client; cat > "$scratch/rest"; } < "$scratch/input"
  assert_stdout '1 2'
  assert_equal "$(cat "$scratch/rest")" $'3\n4'
}

@test "a pipe is given again, whole" {
  reading
  seq 300000 > "$scratch/input"
  cat "$scratch/input" | tcr_piped --exit-class 9=limit -- client
  load_capture
  assert_status 0
  assert_all_read "$scratch/input"
}

@test "a pipe is given again, whole, when the attempts read only some of it" {
  pool a b
  plays a 'head -n 3 > /dev/null; exit 9'
  plays b cat
  seq 300000 > "$scratch/input"
  cat "$scratch/input" | tcr_piped --exit-class 9=limit -- client
  load_capture
  assert_status 0
  cmp "$scratch/input" "$out"
}

@test "a pipe whose writer has not finished when the attempt fails" {
  pool a b
  plays a 'read -r x; exit 9'
  plays b cat
  { echo first; sleep 1; echo last; } | tcr_piped --exit-class 9=limit -- client
  load_capture
  assert_status 0
  assert_stdout $'first\nlast'
}

@test "what no command read stays in the pipe for whoever reads it next" {
  needs_linux_ways "lending of a pipe's bytes"
  pool a b
  plays a 'head -c 10 | { read -r x; read -r y; echo "$x $y"; }'
  seq 3 | while read -r line; do tcr_piped -- true; echo "$line"; done > "$scratch/lines"
  assert_equal "$(paste -sd ' ' "$scratch/lines")" "1 2 3"
  { printf '1111\n2222\n333\n'; sleep 0.3; seq 100000; } | { tcr_piped -- client; cat > "$scratch/rest"; }
  assert_stdout '1111 2222'
  cmp "$scratch/rest" <(echo 333; seq 100000)
}

@test "what a failed attempt read is given again, and the rest stays in the pipe" {
  needs_linux_ways "lending of a pipe's bytes"
  pool a b
  plays a 'head -c 6 > /dev/null; exit 9'
  plays b 'head -c 9'
  seq 10000 > "$scratch/input"
  cat "$scratch/input" | { tcr_piped --exit-class 9=limit -- client; cat > "$scratch/rest"; }
  load_capture
  assert_status 0
  cat "$out" "$scratch/rest" | cmp - "$scratch/input"
}

@test "a socket is given again as a pipe is" {
  reading
  seq 1000 > "$scratch/input"
  mapfile -d '' list < <(environment)
  "$PYTHON" - "$scratch/input" env -i "${list[@]}" "$TCR_RUN" --exit-class 9=limit -- client > "$out" 2> "$err" <<'END'
import socket, subprocess, sys
ours, theirs = socket.socketpair()
child = subprocess.Popen(sys.argv[2:], stdin=theirs)
theirs.close()
ours.sendall(open(sys.argv[1], "rb").read())
ours.close()
sys.exit(child.wait())
END
  assert_all_read "$scratch/input"
}

@test "bytes of every value" {
  reading
  head -c 3000000 /dev/urandom > "$scratch/input"
  cat "$scratch/input" | tcr_piped --exit-class 9=limit -- client
  assert_all_read "$scratch/input"
}

@test "64 MiB are kept" {
  pool a b
  plays a 'cat > /dev/null; exit 9'
  plays b 'wc -c'
  head -c $((64 * 1024 * 1024)) /dev/zero | tcr_piped --exit-class 9=limit -- client
  load_capture
  assert_status 0
  assert_stdout $((64 * 1024 * 1024))
}

@test "more than 64 MiB: the run goes on, but is not started again, and that is said" {
  pool a b
  plays a 'wc -c; exit 9'
  head -c $((64 * 1024 * 1024 + 1)) /dev/zero | tcr_piped -v --exit-class 9=limit -- client
  load_capture
  assert_status 9
  assert_used a
  assert_stdout $((64 * 1024 * 1024 + 1))
  assert_stderr_has '^tcr-run: "a" .*; not carried on: the command read more input than is kept \(64 MiB\)$'
  assert_stderr_has 'input from a file is read again without a copy: <FILE in place of |$'
  # The key rests all the same.
  assert_equal "$(record a .failures)" 1
}

@test "more than 64 MiB into a healthy run is nothing to speak of" {
  pool a b
  plays a 'wc -c'
  head -c $((65 * 1024 * 1024)) /dev/zero | tcr_piped -- client
  load_capture
  assert_status 0
  assert_stdout $((65 * 1024 * 1024))
  assert_no_stderr
}

@test "a file of more than 64 MiB is no pipe: it is given again" {
  pool a b
  plays a 'cat > /dev/null; exit 9'
  plays b 'wc -c'
  truncate -s 70M "$scratch/input"
  input=$scratch/input tcr --exit-class 9=limit -- client
  assert_status 0
  assert_stdout $((70 * 1024 * 1024))
}

# What is too large is ours, not the command's: no SIGXFSZ for it.
@test "a limit on the size of files ends no command because of the state or the copy of its input" {
  pool a b
  plays a 'cat > /dev/null; sleep 0.2; exit 9'
  (ulimit -f 0; within "$TCR_RUN" -- sh -c 'sleep 0.2; echo done' < /dev/null) 2>&1 | cat > "$out"
  assert_equal "$(tail -n 1 "$out")" 'done'
  (ulimit -f 4; head -c 20000 /dev/zero | within "$TCR_RUN" --exit-class 9=limit -- client || echo "status $?") 2>&1 |
    cat > "$out"
  assert_equal "$(tail -n 1 "$out")" 'status 9'
  grep -q "not carried on: the command's input could not be kept (File too large)" "$out"
  assert_used a
}

@test "/dev/null is handed on as it is" {
  pool a b
  plays a 'readlink /proc/self/fd/0; wc -c; exit 9'
  plays b 'readlink /proc/self/fd/0; wc -c'
  tcr --exit-class 9=limit -- client
  assert_stdout $'/dev/null\n0\n/dev/null\n0'
}

@test "an empty pipe ends at once" {
  pool a b
  plays a 'wc -c; exit 9'
  plays b 'wc -c'
  : | tcr_piped --exit-class 9=limit -- client
  load_capture
  assert_status 0
  assert_stdout $'0\n0'
}

@test "the end of input arrives when it arrives, not at the end of the run" {
  pool a b
  plays a 'cat > /dev/null; echo "end of input"'
  echo text | tcr_piped -- client
  load_capture
  assert_status 0
  assert_stdout 'end of input'
  assert_ms "$took" 0 5000
}

@test "a line of input arrives when it was written, not at the end of input" {
  pool a b
  mkfifo "$scratch/line"
  within "$TCR_RUN" -- sh -c 'read -r x; echo "got $x"' < "$scratch/line" > "$out" 2> "$err" &
  run=$!
  exec 7> "$scratch/line"
  echo one >&7
  eventually grep -q 'got one' "$out"
  exec 7>&-
  wait $run
}

@test "a command that does not read its input is not held up by it, nor its writer for ever" {
  pool a b
  plays a 'exec 0<&-; sleep 0.2; echo done'
  begin=$(date +%s%N)
  yes | tcr_piped -- client
  load_capture
  assert_status 0
  assert_stdout 'done'
  assert_ms $((($(date +%s%N) - begin) / 1000000)) 0 5000
}

@test "with one key alone a pipe is handed on as it is" {
  pool a
  printf 'first\nsecond\n' | { tcr_piped -- sh -c 'read -r x; echo "$x"'; cat > "$scratch/rest"; }
  assert_stdout first
  assert_equal "$(cat "$scratch/rest")" second
}
