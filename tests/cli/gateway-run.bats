# The launcher's side of a gateway: what the command gets, what is said, and that nothing is left. The gateway itself is
# played by a script beside a copy of the program under test.
load helpers

eval "helpers_$(declare -f setup)"
setup() {
  helpers_setup
  cp "$TCR_RUN" "$scratch/bin/tcr-run"
  TCR_RUN=$scratch/bin/tcr-run
  cat > "$scratch/bin/tcr-gateway" << GATEWAY
#!$PYTHON
import os, sys, time
GATEWAY
  cat >> "$scratch/bin/tcr-gateway" << 'GATEWAY'
words = sys.argv[1:]
value = lambda name: words[words.index(name) + 1] if name in words else None
play = os.environ["PLAY"]
with open(play + "/.gateways", "a") as log:
    log.write(" ".join(words) + "\n")
if value("--stand-in-fd"):
    with open(play + "/.stand-in", "wb") as kept:
        kept.write(os.read(int(value("--stand-in-fd")), 4096))
if os.path.exists(play + "/.refuses"):
    sys.exit("the key file has a mistake")
seen = os.environ["HOME"] + "/.local/state/tcr/state.json"
if os.path.exists(seen):
    with open(play + "/.seen", "w") as kept:
        kept.write(open(seen).read())
tell = int(value("--tell-fd"))
os.write(tell, b"listening\n")
if os.path.exists(play + "/.early"):
    time.sleep(0.2)
    os.write(tell, open(play + "/.early", "rb").read())
if os.path.exists(play + "/.dies"):
    os.unlink(play + "/.dies")
    time.sleep(0.2)
    os.close(tell)
    time.sleep(0.05)
    os._exit(1)
while os.read(int(value("--life-fd")), 1):
    pass
if os.path.exists(play + "/.news"):
    os.write(tell, open(play + "/.news", "rb").read())
open(play + "/.ended", "w").close()
os.close(tell) # as a program does whose memory takes a while to be given back
time.sleep(0.3)
open(play + "/.gone", "w").close()
GATEWAY
  chmod +x "$scratch/bin/tcr-gateway"
  cat > "$scratch/bin/claude" << 'CLIENT'
#!/bin/sh
echo "socket=$ANTHROPIC_UNIX_SOCKET base=$ANTHROPIC_BASE_URL retries=${CLAUDE_CODE_MAX_RETRIES-none}"
stat -c 'mode=%a' "${ANTHROPIC_UNIX_SOCKET%/*}"
echo "key=${CLAUDE_CODE_OAUTH_TOKEN##*-FAKE-}"
CLIENT
  chmod +x "$scratch/bin/claude"
}

lacks() { # FILE PATTERN
  if grep -E -- "$2" "$1"; then
    fail "$1 has $2"
  fi
}

no_gateway_is_left() {
  [ -e "$play/.gone" ] && [ -z "$(find "$scratch/tmp" -name 'tcr-*')" ]
}

@test "--gateway without its program: said, with what to do, and nothing is run" {
  pool home work
  rm "$scratch/bin/tcr-gateway"
  tcr --gateway -- client
  assert_status 125
  assert_stderr_has 'built without its gateway; leave out --gateway, or install libmicrohttpd-dev'
  assert_equal "$(used)" ''
}

@test "claude: a socket in a folder of its own, the first key in its variable, nothing left behind" {
  pool home work
  tcr --gateway -- claude -p hello
  assert_status 0
  assert_stdout_has "^socket=$scratch/tmp/tcr-[A-Za-z0-9]+/api.sock base=http://api.anthropic.com retries=none$"
  assert_stdout_has '^mode=700$'
  assert_stdout_has '^key=home-0001$'
  assert_no_stderr
  no_gateway_is_left
}

@test "another program: an address on loopback and a stand-in, no key at all" {
  pool home work
  prints_tokens=1
  extra_env=(NO_PROXY=corp.example)
  tcr --gateway -- env
  assert_status 0
  assert_stdout_has '^ANTHROPIC_BASE_URL=http://127\.0\.0\.1:[0-9]+$'
  assert_stdout_has '^CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-tcr-[0-9a-f]{40}$'
  assert_stdout_has '^NO_PROXY=corp.example,127.0.0.1,localhost$'
  assert_stdout_has '^no_proxy=corp.example,127.0.0.1,localhost$'
  # Where programs on an SDK look for it.
  assert_stdout_has '^ANTHROPIC_API_KEY=sk-ant-oat01-tcr-[0-9a-f]{40}$'
  assert_stdout_has '^OPENAI_API_KEY=sk-ant-oat01-tcr-[0-9a-f]{40}$'
  lacks "$out" 'FAKE'
  assert_equal "$(sed -n 's/^CLAUDE_CODE_OAUTH_TOKEN=//p' "$out")" "$(cat "$play/.stand-in")"
  lacks "$play/.gateways" 'sk-ant'
}

@test "the stand-in is of the kind of the keys behind it" {
  prints_tokens=1
  pool api:ci api:dev
  tcr --gateway -- env
  assert_stdout_has '^ANTHROPIC_API_KEY=sk-ant-api03-tcr-[0-9a-f]{40}$'
  lacks "$out" '^CLAUDE_CODE_OAUTH_TOKEN='
  rm "$keys"
  extra_env=("OPENAI_API_KEYS=p1=$(openai p1),p2=$(openai p2)")
  tcr --gateway -- env
  assert_stdout_has '^OPENAI_BASE_URL=http://127\.0\.0\.1:[0-9]+/v1$'
  assert_stdout_has '^OPENAI_API_KEY=sk-tcr-[0-9a-f]{40}$'
}

@test "a key of the program's own for the other provider is used there, not sent to the gateway" {
  pool home work
  extra_env=(OPENAI_API_KEY=the-own-one)
  tcr --gateway -- env
  assert_stdout_has '^ANTHROPIC_BASE_URL=http://127'
  assert_stdout_has '^OPENAI_API_KEY=the-own-one$'
  lacks "$out" '^OPENAI_BASE_URL='
  rm "$keys"
  extra_env=("OPENAI_API_KEYS=p1=$(openai p1),p2=$(openai p2)" ANTHROPIC_AUTH_TOKEN=the-own-one)
  tcr --gateway --kind openai -- env
  assert_stdout_has '^OPENAI_BASE_URL=http://127'
  lacks "$out" '^ANTHROPIC_BASE_URL='
}

@test "claude never holds a key that was set for another address: it also asks the provider directly" {
  prints_tokens=1
  printf '#!/bin/sh\nenv\n' > "$scratch/bin/claude"
  rm -f "$keys"
  extra_env=(ANTHROPIC_BASE_URL=http://127.0.0.1:1 "ANTHROPIC_AUTH_TOKEN=FAKE-proxy-token-0001" "CLAUDE_FALLBACK_API_KEY=$(token api:own)")
  tcr --gateway -- claude -p hello
  assert_status 0
  assert_stdout_has '^ANTHROPIC_AUTH_TOKEN=sk-ant-api03-tcr-'
  assert_stdout_has '^ANTHROPIC_BASE_URL=http://api.anthropic.com$'
  lacks "$out" FAKE
}

@test "the run's options about keys reach the gateway" {
  pool home work --master api:billing
  tcr --gateway --no-master --key work --retries 2 --cooldown 60 --wait=90s -- claude -p hello
  assert_status 0
  for words in '--private' '--no-master' '--key work' '--retries 2' '--cooldown 60' '--hold 90' '--kind anthropic'; do
    grep -qF -- "$words" "$play/.gateways" || fail "the gateway lacks $words: $(cat "$play/.gateways")"
  done
}

@test "one line when the session has ended, and the command's status" {
  pool home work
  cat > "$play/.news" << 'NEWS'
{"time":1,"event":"failover","key":"home","class":"limit","what":"session limit","next":"work"}
served 3 home
served 41 work
NEWS
  printf '#!/bin/sh\nexit 7\n' > "$scratch/bin/claude"
  tcr --gateway -- claude -p hello
  assert_status 7
  assert_stderr_has '^tcr-run: "home" reached its session limit at Jan 1 1970 00:00; 41 requests used "work"$'
  assert_equal "$(sentences "$err" | wc -l)" 1
  # What the log says of the run's end is about the keys that served, not about the run's own first key.
  assert_equal "$(tail -n 1 "$state/events.jsonl" | jq -c '[.event, .key, .status, .text]')" \
    '["failed","work",7,"3 with home, 41 with work"]'
  capture "$TCR_RUN" log -n 1
  assert_stdout_has 'claude failed with status 7 after [0-9.]+s; requests: 3 with home, 41 with work$'
  tcr -q --gateway -- claude -p hello
  assert_no_stderr
}

@test "no request came: the log names no key for the run" {
  pool home work
  tcr --gateway -- claude -p hello
  assert_equal "$(tail -n 1 "$state/events.jsonl" | jq -c '[.event, .key, .text]')" '["success",null,null]'
}

@test "with few descriptors the reason is theirs, or the run has its gateway" {
  pool home work
  for limit in 8 10 12 32; do
    rm -f "$play/.ended"
    capture sh -c "ulimit -n $limit; exec \"\$@\"" - "$TCR_RUN" --gateway -- claude -p hello
    lacks "$err" 'Invalid argument'
    [ "$status" -eq 0 ] || assert_stderr_has 'Too many open files|No file descriptors available'
    [ -z "$(find "$scratch/tmp" -name 'tcr-*')" ]
  done
  assert_status 0
}

@test "when the keys are used up, the alarm goes while the command waits, once" {
  pool home work
  until=$(($(date +%s) + 3600))
  cat > "$play/.early" << NEWS
{"time":1,"event":"failover","key":"home","class":"limit","what":"session limit","next":"work"}
{"time":2,"event":"exhausted","key":"work","class":"limit","what":"weekly limit","until":$until}
{"time":3,"event":"exhausted","key":"work","class":"limit","what":"weekly limit","until":$until}
NEWS
  cat > "$scratch/bin/claude" << 'CLIENT'
#!/bin/sh
for i in $(seq 500); do
  [ ! -s "$PLAY/.alarm" ] || exec touch "$PLAY/.alarmed-while-it-ran"
  sleep 0.02
done
CLIENT
  tcr --on-exhausted 'env | grep ^TCR_EXHAUSTED | sort >> "$PLAY/.alarm"' --gateway -- claude -p hello
  [ -e "$play/.alarmed-while-it-ran" ] || fail "no alarm while the command ran"
  assert_equal "$(cat "$play/.alarm")" "TCR_EXHAUSTED_CLASS=limit
TCR_EXHAUSTED_COMMAND=claude
TCR_EXHAUSTED_KEY=work
TCR_EXHAUSTED_REASON=\"work\" reached its weekly limit; no other key is left
TCR_EXHAUSTED_UNTIL=$until"
}

@test "a limit that the command prints is the gateway's affair: no second attempt, no rest" {
  pool home work
  printf '#!/bin/sh\necho "You%sve hit your session limit"; exit 1\n' "'" > "$scratch/bin/claude"
  tcr -v --gateway -- claude -p hello
  assert_status 1
  assert_stderr_has 'through a gateway, which changes keys itself, .* with --no-gateway it would be$'
  assert_equal "$(grep -c 'session limit' "$out")" 1
  lacks "$state/state.json" '"class"'
}

@test "a gateway that dies is started anew once, on the same socket" {
  pool home work
  touch "$play/.dies"
  cat > "$scratch/bin/claude" << 'CLIENT'
#!/bin/sh
echo $ANTHROPIC_UNIX_SOCKET
sleep 1
ps -o stat= --ppid $PPID > "$PLAY/.children"
CLIENT
  tcr --gateway -- claude -p hello
  assert_status 0
  assert_equal "$(grep -c . "$play/.gateways")" 2
  lacks "$play/.children" Z
  assert_equal "$(cut -d' ' -f 2-7 "$play/.gateways" | sed 's/--\(tell\|life\)-fd [0-9]*//g' | sort -u | wc -l)" 1
  assert_stderr_has 'warning: the gateway of this run ended unexpectedly; it was started again'
  no_gateway_is_left
}

@test "a gateway that dies at once again: that is said, and nobody waits at its socket" {
  pool home work
  cat > "$scratch/bin/claude" << 'CLIENT'
#!/bin/sh
sleep 1
kill -9 "$(pgrep -P $PPID -f tcr-gateway)"
sleep 1
exec python3 -c 'import os, socket; socket.socket(socket.AF_UNIX).connect(os.environ["ANTHROPIC_UNIX_SOCKET"])'
CLIENT
  touch "$play/.dies"
  tcr --gateway -- claude -p hello
  assert_status 1
  assert_stderr_has 'ConnectionRefusedError'
  assert_equal "$(grep -c . "$play/.gateways")" 2
  assert_stderr_has 'the gateway ended unexpectedly, and requests fail; start the command again$'
  assert_equal "$(grep -c 'not one request' "$err")" 0
  [ -z "$(find "$scratch/tmp" -name 'tcr-*')" ]
}

@test "a gateway that dies once in a long while is started each time, which is said once" {
  pool home work
  printf '#!/bin/sh\nsleep 12; kill -9 "$(pgrep -P $PPID -f tcr-gateway)"; sleep 1\n' > "$scratch/bin/claude"
  touch "$play/.dies"
  tcr --gateway -- claude -p hello
  assert_status 0
  assert_equal "$(grep -c . "$play/.gateways")" 3
  assert_equal "$(grep -c 'ended unexpectedly' "$err")" 1
}

@test "a gateway that cannot start: its reason is said and nothing is run" {
  pool home work
  touch "$play/.refuses"
  tcr --gateway -- claude -p hello
  assert_status 125
  assert_stderr_has '^tcr-run: gateway: the key file has a mistake$'
  assert_no_stdout
  [ -z "$(find "$scratch/tmp" -name 'tcr-*')" ]
}

@test "TCR_GATEWAY and the key file ask for one, --no-gateway has the last word" {
  pool home work
  extra_env=(TCR_GATEWAY=on)
  tcr -- claude -p hello
  assert_equal "$(grep -c . "$play/.gateways")" 1
  tcr --no-gateway -- claude -p hello
  assert_equal "$(grep -c . "$play/.gateways")" 1
  extra_env=()
  echo "{\"keys\": [$(entry home), $(entry work)], \"policy\": {\"gateway\": \"on\"}}" | keyfile
  tcr -- claude -p hello
  assert_equal "$(grep -c . "$play/.gateways")" 2
  extra_env=(TCR_GATEWAY=perhaps)
  tcr -- claude -p hello
  assert_status 125
  assert_stderr_has 'TCR_GATEWAY: "perhaps" is not auto, on or off'
}

@test "a -p run gets none unasked, and -v says why" {
  pool home work
  tcr -v -- claude -p hello
  assert_status 0
  [ ! -e "$play/.gateways" ]
  assert_stderr_has 'no gateway: only an interactive Claude Code gets one unasked'
}

@test "what cannot have a gateway goes without, and that is said" {
  pool home work
  tcr --gateway -- claude mcp list
  assert_status 0
  [ ! -e "$play/.gateways" ]
  assert_stderr_has 'warning: no gateway: a subcommand of Claude Code makes no requests'
}

@test "SIGTERM and kill -9: the gateway learns of it at once" {
  pool home work
  printf '#!/bin/sh\necho $$ > "$PLAY/.pid"; exec sleep 60\n' > "$scratch/bin/claude"
  for signal in TERM KILL; do
    rm -f "$play/.ended" "$play/.pid"
    tcr_background --gateway -- claude -p hello
    eventually test -s "$play/.pid"
    kill -$signal "$pid"
    await
    eventually test -e "$play/.ended"
  done
}

@test "the run itself holds no key: the gateway counts its sessions" {
  pool home work
  printf '#!/bin/sh\ncp "$HOME/.local/state/tcr/state.json" "$PLAY/.state"\n' > "$scratch/bin/claude"
  tcr --gateway -- claude -p hello
  assert_equal "$(jq '.leases | length' "$play/.state")" 0
  # Nor when the gateway reads the state: with max_per_key it would find its key in use.
  assert_equal "$(jq '.leases | length' "$play/.seen")" 0
  tcr -- claude -p hello
  assert_equal "$(jq '.leases | length' "$play/.state")" 1
}

@test "a run that goes on without the gateway it would have had holds its key" {
  pool home work
  touch "$play/.refuses"
  printf '#!/bin/sh\ncp "$HOME/.local/state/tcr/state.json" "$PLAY/.state"\n' > "$scratch/bin/claude"
  on_terminal -- claude
  assert_stdout_has 'the run goes on without a gateway'
  assert_equal "$(jq '.leases | length' "$play/.state")" 1
}

@test "a run inside a run with a gateway goes to the provider itself, not in plain text" {
  pool home work
  prints_tokens=1
  extra_env=(ANTHROPIC_UNIX_SOCKET=/tmp/tcr-abc123/api.sock ANTHROPIC_BASE_URL=http://api.anthropic.com)
  tcr -- env
  lacks "$out" '^ANTHROPIC_(UNIX_SOCKET|BASE_URL)='
  extra_env=(ANTHROPIC_BASE_URL=http://127.0.0.1:1)
  tcr -- env
  assert_stdout_has '^ANTHROPIC_BASE_URL=http://127.0.0.1:1$'
}

@test "explain shows whether there would be one, why, and what the command would get; nothing is started" {
  pool home work
  tcr explain --gateway -- claude -p hello
  assert_status 0
  assert_stdout_has '^gateway: by a socket \(one is asked for\)$'
  assert_stdout_has '^  \+ ANTHROPIC_UNIX_SOCKET$'
  tcr explain --gateway -- ./script
  assert_stdout_has '^gateway: by an address and a stand-in '
  assert_stdout_has '^  \+ ANTHROPIC_BASE_URL$'
  assert_stdout_has '^secret: with the gateway alone$'
  tcr explain -- claude -p hello
  assert_stdout_has '^gateway: none \(only an interactive Claude Code gets one unasked\)$'
  rm "$scratch/bin/tcr-gateway"
  tcr explain --gateway -- claude -p hello
  assert_stdout_has '^gateway: none \(this tcr-run was built without it\)$'
  [ ! -e "$play/.gateways" ]
}

# On a terminal of its own, which both streams are.
on_terminal() {
  within "$PYTHON" -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
    "$TCR_RUN" "$@" > "$out" 2> "$err" < /dev/null
}

@test "an interactive claude gets a gateway by itself, introduced once" {
  pool home work
  on_terminal -- claude
  assert_stdout_has '^tcr-run: when a key is used up, this session goes on with another'
  assert_stdout_has '^socket=/.*/api.sock base=http://api.anthropic.com'
  on_terminal -- claude
  assert_equal "$(grep -c . "$play/.gateways")" 2
  lacks "$out" 'goes on with another'
  on_terminal --no-gateway -- claude
  assert_equal "$(grep -c . "$play/.gateways")" 2
  pool home
  on_terminal -- claude
  assert_equal "$(grep -c . "$play/.gateways")" 2
  rm "$scratch/bin/tcr-gateway"
  pool home work
  on_terminal -- claude
  assert_stdout_has '^socket= base='
  lacks "$out" 'built without'
}
