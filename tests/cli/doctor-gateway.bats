# tcr-run doctor: the gateway of a run, a lasting one, and addresses that lead to one that is gone.
load helpers

eval "helpers_$(declare -f setup)"
setup() {
  helpers_setup
  cp "$TCR_RUN" "$scratch/bin/tcr-run"
  printf '#!/bin/sh\n' > "$scratch/bin/tcr-gateway"
  chmod 755 "$scratch/bin/tcr-gateway"
  TCR_RUN=$scratch/bin/tcr-run
  pool home work
}

# finding STATUS PATTERN
finding() {
  grep -qE "^$1 +gateway +— .*$2" "$out" || fail "no such line: $1 gateway $2"
}

lacks() { # PATTERN
  ! grep -E -- "$1" "$out" || fail "there is $1"
}

closed_port() {
  "$PYTHON" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

@test "its program: there, or not built, which is bad only where one is asked for" {
  tcr doctor
  assert_status 0
  finding ok "$scratch/bin/tcr-gateway is there"
  rm "$scratch/bin/tcr-gateway"
  tcr doctor
  assert_status 0
  finding ok 'this tcr-run was built without one'
  extra_env=(TCR_GATEWAY=on)
  tcr doctor
  assert_status 1
  finding fail 'TCR_GATEWAY=on, but this tcr-run was built without one; install libmicrohttpd-dev'
}

@test "the client: one that knows the socket, one that does not, one that cannot be looked into" {
  printf '#!/bin/sh\necho "2.1.197 (Claude Code)"\n' > "$scratch/bin/claude"
  chmod 755 "$scratch/bin/claude"
  tcr doctor
  lacks 'socket of a run'
  { printf '#!/bin/sh\necho "2.1.197 (Claude Code)"; exit\n'; head -c 2000000 /dev/zero; } > "$scratch/bin/claude"
  tcr doctor
  assert_status 0
  finding warn "$scratch/bin/claude does not know the socket of a run's gateway .*; update it, or set TCR_GATEWAY=off"
  printf 'ANTHROPIC_UNIX_SOCKET' >> "$scratch/bin/claude"
  tcr doctor
  finding ok "$scratch/bin/claude takes the socket"
}

@test "a lasting one: where it runs, one that is older than its program, one that is gone" {
  mkdir -m 700 -p "$state"
  printf '4711\nhttp://127.0.0.1:4080\n' > "$state/gateway.pid"
  tcr doctor
  lacks lasting
  # Whoever runs holds the lock.
  exec 9< "$state/gateway.pid"
  flock 9
  touch -d '1 minute ago' "$scratch/bin/tcr-gateway"
  tcr doctor
  assert_status 0
  finding ok 'a lasting one runs \(pid 4711\) at http://127.0.0.1:4080'
  touch -d '+1 minute' "$scratch/bin/tcr-gateway"
  tcr doctor
  finding warn "the lasting one \(pid 4711\) runs an earlier version than .*; tcr-run gateway stop, then tcr-run gateway start -d"
  exec 9<&-
}

@test "an address that was left behind, in the environment and in a settings file" {
  port=$(closed_port)
  extra_env=("ANTHROPIC_BASE_URL=http://127.0.0.1:$port")
  tcr doctor
  grep -qE "^warn  environment .*http://127.0.0.1:$port, where nothing listens; tcr-run gateway start -d if it is a gateway's, else unset it" "$out"
  # status tells the same, to people alone.
  tcr status
  assert_status 0
  assert_stdout_has "^ANTHROPIC_BASE_URL leads programs to 127.0.0.1:$port, where nothing listens; fix: tcr-run gateway start -d, or unset it$"
  for form in --json --line --prometheus; do
    tcr status "$form"
    lacks 'nothing listens'
  done
  extra_env=("OPENAI_BASE_URL=http://user:FAKE-password@127.0.0.1:$port/v1" "ANTHROPIC_BASE_URL=https://127.0.0.1:$port")
  tcr status
  lacks 'nothing listens|FAKE'
  extra_env=()
  mkdir -p "$home/.claude"
  echo "{\"env\": {\"ANTHROPIC_BASE_URL\": \"http://localhost:$port/\"}}" > "$home/.claude/settings.json"
  tcr doctor
  tcr status
  assert_stdout_has "^$home/.claude/settings.json leads programs to 127.0.0.1:$port, where nothing listens; fix: tcr-run gateway start -d, or take ANTHROPIC_BASE_URL out .tcr-run setup claude --undo.$"
  tcr doctor
  finding warn "settings.json sets ANTHROPIC_BASE_URL to an address of this machine where nothing listens"
  "$PYTHON" -c "import socket, time; s = socket.create_server(('127.0.0.1', $port)); print(flush=True); time.sleep(60)" > "$scratch/listens" 3>&- &
  listener=$!
  eventually test -s "$scratch/listens"
  tcr doctor
  lacks 'nothing listens'
  tcr status
  kill "$listener"
  lacks 'nothing listens'
}
