# tcr-run log -f: what happens, as it happens.
load helpers

event() {
  mkdir -p "$state"
  echo "{\"time\":1795176000,\"event\":\"attempt\",\"key\":\"$1\"}" >> "$state/events.jsonl"
}

shows() {
  [ "$(jq -r .key "$out" | paste -sd ' ')" = "$1" ]
}

follow() {
  tcr_background log -f --json "$@"
}

# Whatever a test comes to, nothing is left running.
eval "of_all_$(declare -f teardown)"
teardown() {
  [ -z "${pid-}" ] || kill "$pid" 2> /dev/null || true
  tmux -S "$scratch/tmux" kill-server 2> /dev/null || true
  of_all_teardown
}

@test "what there is, then what comes" {
  event a
  follow
  eventually shows a
  event b
  eventually shows 'a b'
  pool home
  within "$TCR_RUN" -- client > "$scratch/once" < /dev/null
  eventually shows 'a b home home'
  kill -INT "$pid"
  await
  assert_status 130
  assert_no_stderr
}

@test "the last ten to begin with, unless -n says otherwise" {
  for i in $(seq 15); do event "k$i"; done
  follow
  eventually shows 'k6 k7 k8 k9 k10 k11 k12 k13 k14 k15'
  kill "$pid"; await
  follow -n 0
  sleep 0.7
  assert_no_stdout
  event new
  eventually shows new
  kill "$pid"; await
  assert_status 143
}

@test "across the rotation, nothing twice and nothing lost" {
  for i in 1 2 3; do event "a$i"; done
  follow
  eventually shows 'a1 a2 a3'
  event a4
  mv "$state/events.jsonl" "$state/events.jsonl.1"
  event b1
  event b2
  eventually shows 'a1 a2 a3 a4 b1 b2'
  mv "$state/events.jsonl" "$state/events.jsonl.1"
  sleep 0.7
  event c1
  eventually shows 'a1 a2 a3 a4 b1 b2 c1'
  sleep 0.7
  shows 'a1 a2 a3 a4 b1 b2 c1'
  kill "$pid"; await
}

@test "across the rotation that a run makes" {
  pool home
  event a
  follow -n 0
  sleep 0.3
  yes '{"time":1,"event":"reset","key":"filler"}' | head -n 30000 > "$scratch/filler"
  cat "$scratch/filler" >> "$state/events.jsonl"
  within "$TCR_RUN" -- client > /dev/null < /dev/null
  within "$TCR_RUN" -- client > /dev/null < /dev/null
  [ -e "$state/events.jsonl.1" ] || fail "nothing was rotated"
  two_attempts() { [ "$(jq -r 'select(.key == "home" and .event == "success").event' "$out" | wc -l)" = 2 ]; }
  eventually two_attempts
  assert_equal "$(grep -c filler "$out")" 30000
  kill "$pid"; await
}

@test "a file that is not there yet" {
  follow
  sleep 0.6
  kill -0 "$pid"
  event first
  eventually shows first
  kill "$pid"; await
  assert_no_stderr
}

@test "a line that is written in two parts comes whole" {
  event a
  follow
  eventually shows a
  printf '{"time":1,"event":"attempt",' >> "$state/events.jsonl"
  sleep 0.8
  shows a
  echo '"key":"b"}' >> "$state/events.jsonl"
  eventually shows 'a b'
  kill "$pid"; await
}

@test "a file that was emptied goes on from its start" {
  for i in 1 2 3; do event "a$i"; done
  follow
  eventually shows 'a1 a2 a3'
  : > "$state/events.jsonl"
  sleep 0.7
  event b
  eventually shows 'a1 a2 a3 b'
  kill "$pid"; await
}

@test "--key holds for what comes as well" {
  event a
  follow --key b
  sleep 0.3
  event a
  event b
  eventually shows b
  kill "$pid"; await
}

@test "a reader that goes away ends it" {
  event a
  mkfifo "$scratch/fifo"
  (exec env -i "HOME=$home" "$TCR_RUN" log -f > "$scratch/fifo" 2> "$err" 3>&-) &
  pid=$!
  head -n 1 "$scratch/fifo" > "$out"
  gone() { ! kill -0 "$pid"; }
  eventually gone
  assert_stdout_has '"a"'
}

@test "Ctrl-C at a terminal ends it and leaves the terminal as it was" {
  command -v tmux > /dev/null || skip "needs tmux"
  event a
  local -a tmux=(tmux -S "$scratch/tmux" -f /dev/null)
  env -i PATH="$PATH" HOME="$home" TERM=xterm LANG=C.UTF-8 "${tmux[@]}" new-session -d -x 100 -y 20 \
    "env PS1='ready> ' bash --norc --noprofile -i" 3>&-
  pane() { "${tmux[@]}" capture-pane -p; }
  pane_has() { pane | grep -qE -- "$1"; }
  eventually pane_has '^ready>'
  "${tmux[@]}" send-keys "stty -a > $scratch/before; $TCR_RUN log -f" Enter
  eventually pane_has 'started with "a"'
  "${tmux[@]}" send-keys C-c
  eventually pane_has '\^C$'
  "${tmux[@]}" send-keys "echo status \$?; stty -a > $scratch/after" Enter
  eventually pane_has '^status 130'
  eventually test -s "$scratch/after"
  cmp "$scratch/before" "$scratch/after"
}
