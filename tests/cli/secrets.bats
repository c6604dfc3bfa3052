# No token where it need not be: not on stderr, not in the state, not in argv, not with other processes.
load helpers

# Every stderr of a test is looked through in teardown as well; this says which calls it was.
look_for_tokens() {
  ! grep -aE "$A_TOKEN" "$err" || said+=("$1")
}

assert_none_said() {
  [ ${#said[@]} -eq 0 ] || fail "a token on stderr after: $(printf '%s; ' "${said[@]}")"
}

@test "-vvv: nothing but the names of keys" {
  pool home work api:ci --master api:billing
  fails home; fails work auth; fails ci billing
  for via in env fd auto; do
    rm -rf "$state"
    tcr -vvv --via $via -- client
    look_for_tokens "--via $via"
    assert_stderr_has 'attempt 1 with "home"'
  done
  tcr -vvv -- nowhere-to-be-found
  look_for_tokens 'not found'
  tcr -vvv -- sh -c 'kill -9 $$'
  look_for_tokens 'killed'
  assert_none_said
}

@test "no message repeats a token, not even one that stands where a name belongs" {
  pool a b
  token=$(token home)
  while read -r words; do
    read -ra list <<< "${words//TOKEN/$token}"
    tcr "${list[@]}"
    [ "$status" -ne 0 ] || fail "$words: status 0"
    look_for_tokens "$words"
  done <<'END'
--key TOKEN -- client
-k TOKEN -- client
--profile TOKEN -- client
--keys TOKEN -- client
--via TOKEN -- client
--client TOKEN -- client
--retries TOKEN -- client
--cooldown TOKEN -- client
--cooldown TOKEN=5m -- client
--retry-on TOKEN -- client
--marker TOKEN -- client
--marker TOKEN=x -- client
--exit-class TOKEN -- client
--exit-class 1=TOKEN -- client
--keep TOKEN= -- client
--wait=TOKEN -- client
TOKEN
TOKEN -- client
TOKEN client
--TOKEN -- client
-v TOKEN
reset TOKEN
keys TOKEN
keys list TOKEN
status TOKEN
status --TOKEN
explain TOKEN
END
  assert_none_said
}

@test "nor a token of another kind" {
  pool a b
  for token in sk-proj-FAKE-one-0001 sk-FAKEFAKEFAKEFAKEFAKEFAKEFAKEFAKE key_FAKEFAKEFAKEFAKEFAKEFAKEFAKEFAKE; do
    for words in '--key TOKEN -- client' '--kind TOKEN -- client' 'reset TOKEN' '--TOKEN -- client'; do
      read -ra list <<< "${words//TOKEN/$token}"
      tcr "${list[@]}"
      [ "$status" -ne 0 ] || fail "$words: status 0"
      [ -s "$err" ] || fail "$words: nothing was said"
      ! grep -F "$token" "$err" || fail "$words"
    done
  done
}

@test "tokens from the environment are not repeated either" {
  while read -r entry; do
    extra_env=("${entry//TOKEN/$(token home)}")
    tcr -vvv -- client
    look_for_tokens "$entry"
  done <<'END'
TCR_KEYS=TOKEN TOKEN
TCR_KEYS=x=TOKEN,x=TOKEN
TCR_KEYS=TOKEN=home
TCR_KEYS=xTOKEN
TCR_KEYS=home=xTOKEN
TCR_KEYS_FILE=TOKEN
TCR_MASTER_KEY=xTOKEN
CLAUDE_CODE_OAUTH_TOKEN=TOKEN x
TCR_STATE=/dev/null/TOKEN
END
  assert_none_said
}

@test "a token_command that prints an error instead of a token: what it printed stays with us" {
  echo "{\"keys\": [{\"name\": \"a\", \"token_command\": [\"echo\", \"x\", \"$(token home)\"]}]}" | keyfile
  tcr -vvv -- client
  assert_status 75
  look_for_tokens 'token_command'
  assert_none_said
}

@test "not in the arguments: neither ours nor the command's" {
  pool home work
  plays home 'tr "\0" "\n" < /proc/$$/cmdline > "$PLAY/child"; tr "\0" "\n" < /proc/$PPID/cmdline > "$PLAY/parent"'
  for via in env fd; do
    tcr --via $via -- client
    assert_status 0
    [ -s "$play/child" ] && [ -s "$play/parent" ]
    ! grep -E 'FAKE' "$play/child" "$play/parent" || fail "a key in the memory"
  done
}

@test "the other keys of the pool are not with the command: not in its environment, not on a descriptor" {
  pool home work api:ci --master api:billing
  cat > "$play/look" <<END
#!$PYTHON
import os, re, stat
found = []
def look(where, data):
    for token in re.findall(rb"FA" + rb"KE-([a-z]+)-0001", data):
        found.append((where, token.decode()))
look("environ", open("/proc/self/environ", "rb").read())
for fd in range(3, 256):
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        continue
    if stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
        try:
            os.set_blocking(fd, False)
            look("descriptor", os.read(fd, 1 << 20))
        except (OSError, TypeError):
            pass
for where, token in sorted(set(found)):
    print(where, token)
END
  chmod +x "$play/look"
  tcr -- "$play/look"
  assert_stdout 'environ home'
  tcr --via fd -- "$play/look"
  assert_stdout 'descriptor home'
}

@test "after a failover the command has the new key alone" {
  pool home work
  fails home
  plays work 'cat /proc/self/environ | tr "\0" "\n" | grep -c FAKE'
  tcr -- client
  assert_stdout 1
}

@test "another process of the same user cannot look into ours; into the command's it can" {
  needs_linux_ways "protection from debuggers"
  pool home
  become_person
  plays home 'echo $$ > "$PLAY/pid"; while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.05; done'
  tcr_background -- client
  eventually test -s "$play/pid"
  # As the same person.
  for file in environ mem maps; do
    if "${as[@]}" head -c 1 "/proc/$pid/$file" > "$scratch/read" 2> /dev/null && [ "$(id -u)" -eq 0 ]; then
      fail "/proc/PID/$file can be read"
    fi
  done
  assert_equal "$(stat -c %u "/proc/$pid/environ")" 0
  "${as[@]}" head -c 1 "/proc/$(cat "$play/pid")/environ" > "$scratch/read"
  [ -s "$scratch/read" ]
  "${as[@]}" touch "$play/go"
  await
  assert_status 0
}

@test "no core of ours: not even with a generous limit" {
  pool home
  plays home 'ulimit -c > "$PLAY/limit"; echo $PPID > "$PLAY/pid"; while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.05; done'
  ulimit -S -c "$(ulimit -H -c)"
  tcr_background -- client
  eventually test -s "$play/pid"
  kill -ABRT "$pid"
  await
  [ ! -e core ] && [ ! -e "core.$pid" ]
  # The command's own limit is what it was.
  assert_equal "$(cat "$play/limit")" "$(ulimit -c)"
}

@test "a copy that is setuid refuses to run" {
  need_root
  pool home
  cp "$TCR_RUN" "$scratch/bin/setuid-copy"
  chmod 4755 "$scratch/bin/setuid-copy"
  become_person
  chown 0:0 "$scratch/bin/setuid-copy"
  chmod 4755 "$scratch/bin/setuid-copy"
  findmnt -no OPTIONS -T "$scratch" | grep -q nosuid && skip "file systems without setuid"
  TCR_RUN=$scratch/bin/setuid-copy
  tcr -- client
  assert_refused
  assert_stderr_has 'setuid'
}

@test "a file that holds the key is not left open, a temporary one not left behind" {
  pool home work
  plays home 'ls -l /proc/$PPID/fd > "$PLAY/fds" 2>&1; cat > /dev/null; exit 9'
  echo text | tcr_piped --exit-class 9=limit -- client
  ! grep keys.json "$play/fds" || fail "the key file is open"
  assert_equal "$(ls -A "$scratch/tmp")" ''
}

@test "the user's settings go on in a file for the command's owner alone, whatever the umask; TMPDIR may be of no use" {
  pool home
  cat > "$scratch/bin/claude" <<'END'
#!/bin/sh
while [ $# -gt 0 ]; do
  [ "$1" != --settings ] || { stat -c '%a %n' "$2" && cat "$2" && echo "$2" > "$PLAY/name"; }
  shift
done
END
  chmod +x "$scratch/bin/claude"
  echo '{"env": {"ANTHROPIC_API_KEY": "theirs", "EDITOR": "vi"}}' > "$scratch/settings.json"
  install -m 666 /dev/null "$out"
  install -m 666 /dev/null "$err"
  install -m 666 /dev/null "$play/name"
  for folder in "$scratch/tmp" /proc "$scratch/settings.json"; do
    for mask in 000 777; do
      umask $mask
      extra_env=("TMPDIR=$folder")
      tcr -- claude -p --settings "$scratch/settings.json" x
      umask "$MASK"
      assert_status 0
      assert_no_stderr
      assert_stdout_has '^600 /.*/tcr-settings-[^/]*.json$'
      assert_stdout_has '"EDITOR": *"vi"'
      [ ! -e "$(cat "$play/name")" ] || fail "it was left behind"
    done
  done
}

@test "settings that a killed run left are removed by the next, those of a living one are not" {
  pool home
  printf '#!/bin/sh\n[ ! -e "$PLAY/pid" ] || exit 0\necho "$$" > "$PLAY/pid"\nuntil [ -e "$PLAY/go" ]; do sleep 0.05; done\n' > "$scratch/bin/claude"
  chmod +x "$scratch/bin/claude"
  echo '{"env": {"ANTHROPIC_API_KEY": "theirs"}}' > "$scratch/settings.json"
  extra_env=("TMPDIR=$scratch/tmp")
  mkdir -p "$scratch/tmp"
  within "$TCR_RUN" -- claude -p --settings "$scratch/settings.json" x > /dev/null 2>&1 < /dev/null 3>&- &
  living=$!
  eventually test -s "$play/pid"
  lives=$(ls "$scratch/tmp"/tcr-settings-*)
  touch "$scratch/tmp/tcr-settings-killed.json" "$scratch/tmp/tcr-settings-other-name.json" "$scratch/tmp/tcr-settings-fresh1.json"
  touch -d '1 minute ago' "$lives" "$scratch/tmp/tcr-settings-killed.json" "$scratch/tmp/tcr-settings-other-name.json"
  within "$TCR_RUN" -- claude -p --settings "$scratch/settings.json" x > /dev/null 2>&1 < /dev/null
  [ -e "$lives" ]
  touch "$play/go"
  wait "$living"
  assert_equal "$(ls "$scratch/tmp" | paste -sd ' ')" 'tcr-settings-fresh1.json tcr-settings-other-name.json'
}

@test "what explain, status, keys list and classify print holds no token" {
  pool home work api:ci --master api:billing
  for words in status 'status --json' 'keys list' 'keys list --json' 'explain -- client' 'explain -v --via fd -- client' reset; do
    tcr $words
    ! grep -E 'FAKE-[a-z]+-0001' "$out" "$err" || fail "$words"
  done
}
