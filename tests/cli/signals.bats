# Signals and job control where no command runs: while something is waited for, asked, or still to be written. What holds
# while one runs is in tests/conformance.
load helpers

# In the foreground again, the shell has to be given its time: what is typed before goes to it.
again=(continue 'run:sleep 0.3')

# slow_reader COMMAND...: tcr-run with a reader that reads nothing until "go" is there; $pid is tcr-run's own.
slow_reader() {
  mkfifo "$scratch/pipe"
  (eventually test -e "$scratch/go"; cat) < "$scratch/pipe" > "$scratch/read" 3>&- &
  reader=$!
  out=$scratch/pipe tcr_background -- "$@"
}

read_on() {
  touch "$scratch/go"
  wait "$reader"
}

# Its only child has ended, and been reaped.
is_alone() {
  [ -e "$scratch/begun" ] && [ -z "$(cat "/proc/$1/task/$1/children")" ]
}

# The process whose number is in FILE is gone, or what is left of it waits for its new parent.
lonely() {
  ! grep -q '^State:.[^ZX]' "/proc/$(cat "$1")/status"
}

# leads_session COMMAND...: a command that leads the session of its terminal, as "ssh -t host COMMAND" and a
# window of tmux have it; then the terminal is closed.
leads_session() {
  capture "$PYTHON" - "$@" << 'END'
import os, pty, signal, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""
while b"ready" not in shown:
    shown += os.read(terminal, 1000)
os.close(terminal)
end = time.monotonic() + 5
while time.monotonic() < end:
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
    time.sleep(0.01)
os.kill(pid, signal.SIGKILL)
sys.exit(99)
END
}

@test "the terminal of a session that tcr-run leads goes away: the command is told" {
  pool a
  plays a "trap 'echo HUP >> \"\$PLAY/hup\"; exit 5' HUP; echo ready; sleep 20 & wait"
  leads_session "$TCR_RUN" -- client
  assert_status 5
  assert_equal "$(cat "$play/hup")" HUP
}

@test "an alarm that was set before the start ends the command, as without us" {
  pool a
  plays a 'exec sleep 20'
  capture "$PYTHON" -c 'import os, signal, sys; signal.alarm(1); os.execvp(sys.argv[1], sys.argv[1:])' \
    "$TCR_RUN" -- client < /dev/null
  assert_status $((128 + $(kill -l ALRM)))
  assert_ms "$took" 900 3000
}

@test "Ctrl-C and Ctrl-Z reach a command that made a process group of its own" {
  pool a
  plays a 'trap "echo caught; exit 7" INT; echo ready; while :; do sleep 0.1; done'
  person see:ready 'type:\x1a' stopped "${again[@]}" 'type:\x03' see:caught -- -- \
    "$PYTHON" -c 'import os; os.setpgid(0, 0); os.execvp("client", ["client"])'
  assert_status 7
}

@test "Ctrl-Z while a key's reset is waited for: the shell has the terminal, then it is waited on" {
  pool a
  fails a
  person 'see:Ctrl-C ends' 'type:\x1a' stopped "${again[@]}" 'see:Ctrl-C ends' 'type:\x1a' stopped "${again[@]}" \
    'type:\x03' -- --wait -- client
  assert_status 130
  assert_used a
}

@test "a wait in the background does not draw on the terminal" {
  pool a
  fails a
  printf '%s\n' '#!/bin/bash' 'set -m' "'$TCR_RUN' --wait -- client &" 'sleep 2.2' 'kill %1' 'wait %1' > "$scratch/bin/background"
  chmod +x "$scratch/bin/background"
  capture "$PYTHON" "$HERE/keys-pty.py" -- background < /dev/null
  assert_status 143
  assert_equal "$(grep -c 'waiting for "a"' "$out")" 1
  run ! grep -q $'\033' "$out"
}

@test "Ctrl-Z while a free key is waited for" {
  pool a
  plays a 'echo >> "$PLAY/begun"; while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.05; done'
  out=$scratch/stdout.first err=$scratch/stderr.first tcr_background -- client
  eventually test -e "$play/begun"
  person 'see:Ctrl-C ends' 'type:\x1a' stopped "run:touch $play/go" "${again[@]}" 'see:going on' -- --max-per-key 1 -- client
  assert_status 0
  await
  assert_used 'a a'
}

@test "Ctrl-Z while a token_command runs stops both, and both go on" {
  echo '{"keys": [{"name": "a", "token_command": ["sh", "-c", "echo asking > /dev/tty; sleep 0.5; echo '"$(token a)"'"]}]}' | keyfile
  person see:asking 'type:\x1a' stopped continue 'see:answer of a' -- -- client
  assert_status 0
}

@test "Ctrl-Z while the providers are asked" {
  ldconfig -p | grep -q libcurl || skip "needs libcurl"
  pool a
  "$PYTHON" -c 'import socket, sys, time
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
connection = listening.accept()
print("asked", flush=True)
time.sleep(20)' > "$scratch/provider" 3>&- &
  eventually lines_of "$scratch/provider" 1
  extra_env=("ANTHROPIC_BASE_URL=http://127.0.0.1:$(head -n 1 "$scratch/provider")")
  person "run:until grep -q asked $scratch/provider; do sleep 0.05; done" 'type:\x1a' stopped "${again[@]}" 'type:\x03' \
    -- --preflight -- client
  kill %1
  assert_status 130
  assert_used ''
}

@test "Ctrl-Z at the question whether to carry on: it is asked again" {
  pool a b
  cat > "$scratch/bin/claude" << 'CLIENT'
#!/bin/sh
while [ "$1" != --session-id ] && [ "$1" != --resume ]; do shift || exit; done
mkdir -p "$HOME/.claude/projects/x"
[ "$1" = --session-id ] || { echo "resumed by ${CLAUDE_CODE_OAUTH_TOKEN#*-FAKE-}"; exit; }
echo '{"type":"assistant","isApiErrorMessage":true,"apiErrorStatus":429,"error":"rate_limit","message":{"model":"<synthetic>","content":[{"type":"text","text":"Claude usage limit reached."}]}}' > "$HOME/.claude/projects/x/$2.jsonl"
CLIENT
  chmod +x "$scratch/bin/claude"
  person 'see:Enter carries' 'type:\x1a' stopped "${again[@]}" 'see:Enter carries' 'type:\n' 'see:resumed by b' -- --no-gateway -- claude
  assert_status 0
}

@test "a slow reader keeps tcr-run after the command's end: that takes no processor time, and a signal ends it" {
  pool a
  slow_reader sh -c "head -c 100000 /dev/zero; echo > $scratch/begun"
  eventually is_alone "$pid"
  kill -WINCH "$pid"
  before=$(cut -d ' ' -f 14,15 "/proc/$pid/stat")
  sleep 0.5
  # In clock ticks of 10 ms.
  set -- $before $(cut -d ' ' -f 14,15 "/proc/$pid/stat")
  assert_between $(($3 + $4 - $1 - $2)) 0 10
  kill -TERM "$pid"
  await
  assert_status 143
  assert_ms "$took" 0 1000
  read_on
}

@test "a message that nobody reads does not keep tcr-run from ending" {
  pool a b
  fails a
  mkfifo "$scratch/full"
  sleep 60 < "$scratch/full" 3>&- &
  reader=$!
  exec 8<> "$scratch/full"
  dd if=/dev/zero of="$scratch/full" bs=4k oflag=nonblock 2> /dev/null || true
  err=$scratch/full tcr_background -- client
  exec 8>&-
  eventually test -s "$play/.used"
  sleep 0.3
  kill "$pid"
  await
  kill "$reader"
  assert_status 143
  assert_ms "$took" 0 2000
  assert_used a
}

@test "Ctrl-Z stops what is still to be written for a slow reader" {
  pool a
  # Once with all of it read already, once with a part still in the command's pipe.
  for length in 100000 150000; do
    rm -f "$scratch/go" "$scratch/count"
    cat > "$scratch/bin/piped" << END
#!/bin/bash
# tcr-run leads the job, so that its stop is seen; the reader is not of it.
exec "$TCR_RUN" -- head -c $length /dev/zero > >(exec setsid bash -c 'until [ -e "$scratch/go" ]; do sleep 0.05; done; wc -c > "$scratch/count"')
END
    chmod +x "$scratch/bin/piped"
    capture "$PYTHON" "$HERE/keys-pty.py" 'run:sleep 0.6' 'type:\x1a' stopped "${again[@]}" "run:touch $scratch/go" -- piped
    assert_status 0
    eventually test -s "$scratch/count"
    assert_equal "$(cat "$scratch/count")" $length
  done
}

@test "a command that took TERM and ended by itself: a slow reader gets its last words" {
  pool a
  slow_reader sh -c "trap 'head -c 150000 /dev/zero; echo; echo last; exit 3' TERM; echo > $scratch/begun; sleep 20 & wait"
  eventually test -e "$scratch/begun"
  kill -TERM "$pid"
  sleep 1.5
  touch "$scratch/go"
  await
  assert_status 3
  read_on
  assert_equal "$(tail -n 1 "$scratch/read")" last
}

@test "a command that died of TERM: a reader that does not read keeps nobody" {
  pool a
  slow_reader sh -c "echo > $scratch/begun; exec head -c 1000000 /dev/zero"
  eventually test -e "$scratch/begun"
  sleep 0.3
  kill -TERM "$pid"
  await
  assert_status 143
  assert_ms "$took" 0 2000
  read_on
}

@test "an inherited pipe ends with the command, though a descendant keeps tcr-run" {
  pool a b
  plays a 'sleep 30 8>&- &'
  mkfifo "$scratch/inherited"
  timeout 10 cat "$scratch/inherited" &
  reader=$!
  tcr_background -- client 8> "$scratch/inherited"
  wait "$reader"
  kill "$pid"
  await
  assert_status 143
}

@test "a signal while a descendant still writes ends it at once: tcr-run dies of it" {
  pool a
  plays a '(i=0; while [ $i -lt 80 ]; do echo on; sleep 0.05; i=$((i + 1)); done) & echo > "$PLAY/../begun"; exit 0'
  tcr_background -- client
  eventually is_alone "$pid"
  kill -INT "$pid"
  await
  assert_status 130
  assert_ms "$took" 0 500
}

@test "a token_command that closed its output and goes on: a signal ends it, and it may put its terminal right" {
  echo '{"keys": [{"name": "a", "token_command": ["sh", "-c", "trap \"echo right > '"$scratch/right"'; exit\" INT; echo '"$(token a)"'; exec >&-; echo > '"$scratch/begun"'; sleep 9 & wait"]}]}' | keyfile
  tcr_background -- client
  eventually test -e "$scratch/begun"
  sleep 0.3
  kill -INT "$pid"
  await
  assert_status 130
  assert_ms "$took" 0 1000
  assert_equal "$(cat "$scratch/right")" right
  assert_used ''
}

# The search for it takes long enough to meet it with Ctrl-Z.
@test "Ctrl-Z before the command has begun stops both, and both go on" {
  pool a
  plays a "sleep 1; echo went on"
  {
    echo '#!/bin/sh'
    echo "PATH=$(printf '/x:%.0s' $(seq 40000))\$PATH"
    echo 'echo now'
    echo "exec '$TCR_RUN' -- client"
  } > "$scratch/bin/searching"
  chmod +x "$scratch/bin/searching"
  for moment in 0.005 0.01 0.015; do
    capture "$PYTHON" "$HERE/keys-pty.py" see:now "run:sleep $moment" 'type:\x1a' stopped continue 'see:went on' \
      -- searching < /dev/null
    assert_status 0
  done
}

@test "Ctrl-C while somebody holds the state's lock, before the first attempt and after it" {
  pool a b
  plays a 'echo > "$PLAY/begun"; sleep 0.5; echo "Claude usage limit reached."; exit 1'
  mkdir -p "$state"
  for moment in before after; do
    rm -f "$play/begun"
    [ "$moment" = before ] || { tcr_background -- client; eventually test -e "$play/begun"; }
    flock -o "$state/state.lock" sleep 20 3>&- &
    holder=$!
    eventually bash -c "! flock -n '$state/state.lock' true"
    [ "$moment" = after ] || tcr_background -- client
    sleep 0.8
    kill -INT "$pid"
    await
    assert_status 130
    assert_ms "$took" 0 600
    kill "$holder"
    wait "$holder" || true
    eventually flock -n "$state/state.lock" true
  done
  assert_used a
}

@test "kill -9 during the second attempt, and while a token_command runs, leaves nobody" {
  pool a b
  fails a
  plays b 'echo $$ > "$PLAY/pid"; exec sleep 20'
  tcr_background -- client
  eventually test -s "$play/pid"
  kill -KILL "$pid"
  sleep 0.3
  lonely "$play/pid"
  echo '{"keys": [{"name": "a", "token_command": ["sh", "-c", "echo $$ > '"$scratch/asking"'; exec sleep 20"]}]}' | keyfile
  tcr_background -- client
  eventually test -s "$scratch/asking"
  kill -KILL "$pid"
  sleep 0.3
  lonely "$scratch/asking"
}

@test "each attempt has a terminal of the real size; the real one keeps its settings" {
  pool a b
  local sizes='stty size <&1; stty size <&2'
  plays a "$sizes; echo 'Claude usage limit reached.'; exit 1"
  plays b "$sizes"
  capture "$PYTHON" "$HERE/keys-pty.py" -- sh -c "stty rows 31 cols 97 -ixany; stty -a > $scratch/before; '$TCR_RUN' -- client
    stty -a > $scratch/after" < /dev/null
  assert_status 0
  assert_used 'a b'
  assert_equal "$(grep -c '^31 97' "$out")" 4
  cmp "$scratch/before" "$scratch/after"
}
