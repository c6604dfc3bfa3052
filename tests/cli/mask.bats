# --mask: what the command prints holds no token of the pool, whichever way its output goes.
load helpers

# Prints every token of the pool, in pieces that no read joins.
pieces() {
  local name
  for name in home work api:ci api:billing; do
    token "$name" | sed -E 's/.{5}/&\n/g' | while read -r piece; do echo "printf %s '$piece'; sleep 0.01"; done
    echo 'echo " of it"'
  done
}

masked=$'*** of it\n*** of it\n*** of it\n*** of it'

@test "off by default" {
  pool home
  prints_tokens=yes
  plays home "echo $(token home)"
  tcr -- client
  assert_stdout "$(token home)"
}

@test "the tokens of all keys, on stdout and on stderr, in pieces: through a file" {
  pool home work api:ci --master api:billing
  plays home "{ $(pieces); } >&2; $(pieces)"
  tcr --mask -- client
  assert_status 0
  assert_stdout "$masked"
  assert_equal "$(cat "$err")" "$masked"
}

@test "through pipes" {
  pool home work api:ci --master api:billing
  plays home "{ $(pieces); } >&2; $(pieces)"
  { within "$TCR_RUN" --mask -- client < /dev/null 2>&3 | cat > "$out"; } 3>&1 | cat > "$err"
  assert_stdout "$masked"
  assert_equal "$(cat "$err")" "$masked"
}

@test "both streams in one file, and in one pipe" {
  pool home work api:ci --master api:billing
  plays home "$(pieces) >&2; $(pieces)"
  within "$TCR_RUN" --mask -- client > "$out" 2>&1 < /dev/null
  assert_stdout "$masked"$'\n'"$masked"
  within "$TCR_RUN" --mask -- client 2>&1 < /dev/null | cat > "$out"
  assert_stdout "$masked"$'\n'"$masked"
}

@test "as Claude Code, whose output is never a pipe" {
  pool home work api:ci --master api:billing
  cp "$scratch/bin/client" "$scratch/bin/claude"
  plays home "$(pieces)"
  within "$TCR_RUN" --mask -- claude -p x < /dev/null 2> "$err" | cat > "$out"
  assert_stdout "$masked"
}

# What the terminal shows, with the line ends of a terminal taken away.
on_terminal() {
  person "$@"
  assert_status 0
  tr -d '\r' < "$out" > "$scratch/shown"
  mv "$scratch/shown" "$out"
}

@test "on a terminal" {
  pool home work api:ci --master api:billing
  plays home "[ -t 1 ] && [ -t 2 ] || exit 1; $(pieces)"
  on_terminal -- --mask -- client
  assert_stdout "$masked"
}

@test "an interactive session of Claude Code: on a terminal still, its size followed, its input untouched" {
  pool home work api:ci --master api:billing
  cp "$scratch/bin/client" "$scratch/bin/claude"
  plays home "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] || exit 1
    printf 'your word? '; read word; echo \"got \$word\"; stty size <&1; $(sentence limit | sed 's/.*/echo "&"/')
    echo after; read word; $(pieces)"
  begin=$(date +%s%N)
  on_terminal see:'your word? ' run:'true' type:'fine\n' see:after type:'\n' -- --mask -- claude
  assert_ms $((($(date +%s%N) - begin) / 1000000)) 0 8000
  assert_stdout_has '^got fine'
  assert_stdout_has '^[0-9]+ [0-9]+$'
  # It is not read: a screen that quotes a mark is shown at once, and costs no key.
  assert_equal "$(tail -n 4 "$out")" "$masked"
  assert_used home
}

@test "without --mask an interactive session is left alone" {
  pool home
  cp "$scratch/bin/client" "$scratch/bin/claude"
  plays home 'readlink /proc/self/fd/2 > "$PLAY/tty"; tty > "$PLAY/own"'
  on_terminal -- -- claude
  assert_equal "$(cat "$play/tty")" "$(cat "$play/own")"
}

@test "at the end of the output, and when the command is killed" {
  pool home work
  plays home "printf 'is %s' $(token work)"
  tcr --mask -- client
  assert_equal "$(cat "$out")" 'is ***'
  plays home "printf 'is %s' '$(token work | head -c 25)'; kill -9 \$\$"
  tcr --mask -- client
  assert_status 137
  assert_equal "$(cat "$out")" 'is ***'
  plays home "printf 'is %s' '$(token work | head -c 13)'; exit 3"
  tcr --mask -- client
  assert_status 3
  assert_equal "$(cat "$out")" 'is sk-ant-oat01-'
}

@test "in what was held as a mark, in what was dropped, and across the attempts" {
  pool home work
  plays home "echo $(token home); echo '$(sentence limit)'; echo $(token home); exit 1"
  plays work "echo '$(sentence limit)'; echo $(token home); exit 1"
  tcr --mask -- client
  assert_status 1
  assert_stdout $'***\n'"$(sentence limit)"$'\n***'
}

@test "keys of token files and of a profile's others; a token_command's once it is used" {
  token api:filed > "$config/filed" && chmod 600 "$config/filed"
  keyfile <<END
{"keys": [$(entry home), $(entry work), {"name": "filed", "token_file": "filed"},
  {"name": "made", "token_command": ["echo", "$(token made)"]}], "profiles": {"one": {"keys": ["made"]}}}
END
  for name in home work api:filed made; do echo "echo $(token "$name")"; done > "$play/made"
  tcr --mask --profile one -- client
  assert_stdout $'***\n***\n***\n***'
}

@test "what -v quotes of the output is masked, whatever kind of token it is" {
  keyfile <<END
{"keys": [{"name": "other", "token": "key_FAKEFAKEFAKEFAKEFAKE-0001", "kind": {"env": "OTHER"}}]}
END
  tcr -v --mask -m limit=refused -- sh -c 'echo "refused: $OTHER"; exit 1'
  assert_stderr_has 'class limit, .*: refused: \*\*\*$'
  refute_stderr_has FAKEFAKE
  assert_stdout 'refused: ***'
}

@test "what cannot become a token does not wait" {
  pool home
  mapfile -d '' list < <(environment)
  "$PYTHON" - env -i "${list[@]}" "$TCR_RUN" --mask -- sh -c 'printf "> sk-ant-api or "; read x; echo end' <<'END' || fail "it came late"
import select, subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
shown = b""
begin = time.monotonic()
while shown != b"> sk-ant-api or ":
    assert select.select([child.stdout], [], [], 5)[0], shown
    shown += child.stdout.read1()
child.stdin.write(b"\n")
child.stdin.close()
sys.exit(child.wait() or child.stdout.read() != b"end\n")
END
}

@test "bytes of every value, and as many as there are" {
  pool home
  head -c 3000000 /dev/urandom > "$scratch/bytes"
  plays home "cat '$scratch/bytes'"
  tcr --mask -- client
  cmp "$scratch/bytes" "$out"
  within "$TCR_RUN" --mask -- client < /dev/null 2> "$err" | cmp "$scratch/bytes" -
}

@test "explain says so" {
  pool home
  tcr explain --mask -- client
  assert_stdout_has "^output: the pool's tokens become"
}
