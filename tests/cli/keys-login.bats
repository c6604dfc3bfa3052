#!/usr/bin/env bats
# The client logs in on a terminal of ours, and its token comes into the key file without being shown.
load keys-helpers

TOKEN=sk-ant-oat01-FAKE-login-0001-0123456789abcdef

# client COMMAND: what claude does, in the shell.
client() {
  mkdir -p "$scratch/bin"
  printf '#!/bin/bash\nprintf "%%s\\n" "$*" >> %q/asked\nTOKEN=%s\n%s\n' "$scratch" "$TOKEN" "$1" > "$scratch/bin/claude"
  chmod +x "$scratch/bin/claude"
  extra_env=("PATH=$scratch/bin:$PATH")
}

login() {
  tcr keys login "$@"
}

nothing_shown() {
  ! grep -F "${TOKEN:0:24}" "$scratch/stdout" "$scratch/stderr"
}

@test "a setup token is taken from what is shown, and not shown" {
  client '[ -t 0 ] && [ -t 1 ] && [ "$(stty size)" = "50 500" ] || exit 9
    [ -z "$ANTHROPIC_API_KEY$TCR_KEYS_FILE" ] || exit 8
    printf "Opening browser\r\nYour token:\r\n  \033[38;5;220m%s\033[39m\r\nStore this\r\n\033[?25h" "$TOKEN"'
  extra_env+=(ANTHROPIC_API_KEY=sk-ant-api03-FAKE-other-0001)
  login home --organization acme --priority 2
  assert_status 0
  assert_stderr_has 'Opening browser'
  assert_stderr_has 'added "home" .oauth, sk-ant-oat01-…cdef.'
  ! grep 'Store this' "$scratch/stderr" || fail "the token is shown"
  nothing_shown
  assert_equal "$(cat "$scratch/asked")" setup-token
  assert_equal "$(in_file '.keys[0] | [.token, .organization, .priority, (.added > 1000000000)]')" "[\"$TOKEN\",\"acme\",2,true]"
  assert_mode 600 "$keys"
  # Again: the same key gets the new token.
  TOKEN=sk-ant-oat01-FAKE-login-0002-0123456789abcdef
  client 'echo "$TOKEN"'
  login home
  assert_status 0
  nothing_shown
  assert_equal "$(in_file '[.keys[] | [.token, .priority]]')" "[[\"$TOKEN\",2]]"
  login home --priority 3
  assert_status 125
  assert_stderr_has '"home" exists, and is only logged in again'
}

@test "without a token nothing is written, and it is said" {
  client 'echo "Login failed"; exit 3'
  login home
  assert_status 125
  assert_stderr_has 'claude setup-token ended with status 3 and without a login'
  client 'kill -KILL $$'
  login home
  assert_status 125
  assert_stderr_has 'claude setup-token was ended by signal 9'
  client 'echo "$TOKEN"'
  login ''
  assert_status 125
  assert_stderr_has 'keys login'
  login
  assert_status 125
  extra_env=(PATH=/nowhere)
  login home
  assert_status 125
  assert_stderr_has 'claude is not in PATH'
  [ ! -e "$keys" ]
}

@test "where no terminal can be made, it is said" {
  need_root
  client 'echo "$TOKEN"'
  # shellcheck disable=SC2016  # for the inner shell
  as=(unshare -m sh -c 'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && exec "$@"' -)
  login home
  assert_status 125
  assert_stderr_has 'claude setup-token could not be started on a terminal of its own \(/dev/ptmx\): No such file'
  [ ! -e "$keys" ]
}

@test "a folder of its own" {
  client 'case $CLAUDE_CONFIG_DIR in "") exit 7;; esac
    echo "Paste code here if prompted >"; read -r code; umask 077
    echo "{\"claudeAiOauth\":{\"accessToken\":\"$TOKEN\",\"refreshToken\":\"sk-ant-ort01-FAKE-login-0001\",\"expiresAt\":$(($(date +%s) + 600))000}}" > "$CLAUDE_CONFIG_DIR/.credentials.json"
    echo "Login successful."'
  run_on_terminal "$scratch/code" 'the-code
'
  assert_equal "$(in_file '[.keys[] | [.name, .config_dir]]')" "[[\"team\",\"$scratch/folder\"]]"
  assert_equal "$(tail -1 "$scratch/asked")" 'auth login'
  assert_mode 700 "$scratch/folder"
  # Again: the mark goes.
  jq '.keys[0].refresh_ended = 1795209600' "$keys" > "$keys.new"; mv "$keys.new" "$keys"; chmod 600 "$keys"
  client 'echo "Login successful."'
  login team
  assert_status 0
  assert_stderr_has '"team" is logged in again, in '
  assert_equal "$(in_file '.keys[0] | has("refresh_ended")')" false
  client 'exit 1'
  login other --config-dir "$scratch/folder2"
  assert_status 125
  assert_stderr_has 'claude auth login ended with status 1 and without a login'
  assert_equal "$(in_file '.keys | length')" 1
}

# What a person types goes to the client, on a terminal that is as before afterwards.
run_on_terminal() {
  env HOME="$home" "${extra_env[@]}" "$PYTHON" - "$TCR_RUN" "$scratch/folder" "$2" > "$scratch/terminal" <<'P'
import os, pty, select, sys, termios, time
program, folder, code = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(program, [program, "keys", "login", "team", "--config-dir", folder])
before, shown, sent = termios.tcgetattr(fd), b"", False
end = time.time() + 20
while time.time() < end:
    if select.select([fd], [], [], 0.1)[0]:
        try:
            shown += os.read(fd, 4096)
        except OSError:
            break
    if not sent and b"if prompted" in shown:
        os.write(fd, code.encode())
        sent = True
status = os.waitpid(pid, 0)[1]
assert status == 0, (status, shown)
assert b"Login successful." in shown, shown
P
}

@test "a signal that asks to end ends the client, and nothing is written" {
  client 'echo $$ > "${0%/*}/pid"; sleep 30'
  tcr_background keys login home
  local i
  for ((i = 0; i < 200; i++)); do [ ! -s "$scratch/bin/pid" ] || break; sleep 0.05; done
  kill -TERM "$pid"
  for ((i = 0; i < 200; i++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
  ! kill -0 "$(cat "$scratch/bin/pid")" 2>/dev/null || fail "the client goes on"
  [ ! -e "$keys" ]
}
