# The last word of Claude Code in text mode: an answer goes on at once, what a request failed of waits for the verdict, in
# whatever words. Its record of the session tells which it is.
load helpers

# As a client whose record of the session is where Claude Code's is:
#   row TEXT               an answer
#   error STATUS TEXT      what a request failed of
eval "common_$(declare -f setup)"
setup() {
  common_setup
  cat > "$play/.record" <<'END'
while [ $# -gt 0 ]; do
  case $1 in --session-id|--resume) id=$2 ;; esac
  shift
done
folder=$HOME/.claude/projects/here
mkdir -p "$folder"
put() { printf '%s\n' "$1" >> "$folder/$id.jsonl"; }
row() { put "{\"type\":\"assistant\",\"message\":{\"model\":\"claude-sonnet-5\",\"content\":[{\"type\":\"text\",\"text\":\"$1\"}]}}"; }
error() { put "{\"type\":\"assistant\",\"isApiErrorMessage\":true,\"apiErrorStatus\":$1,\"message\":{\"model\":\"<synthetic>\",\"content\":[{\"type\":\"text\",\"text\":\"$2\"}]}}"; }
END
  pool home work
}
claude_tcr() {
  tcr --client claude "$@" -- client -p ping
}

@test "what a refused request says is not shown, in words that nobody knows" {
  for status_code in 401 402 403 429 529; do
    for text in 'Zurblat.' 'The cupboard is bare, come back when the moon is full.'; do
      rm -rf "$state"
      forget_used
      plays home ". $play/.record; error $status_code '$text'; echo '$text'; exit 1"
      plays work ". $play/.record; row 'pong'; echo pong"
      claude_tcr
      assert_equal "$status_code $text: $status $(used): $(cat "$out")" "$status_code $text: 0 home work: pong"
    done
  done
}

@test "nor where the record has it a moment later than the reader" {
  plays home ". $play/.record; echo 'Zurblat.'; sleep 0.3; error 403 'Zurblat.'; exit 1"
  plays work ". $play/.record; row 'pong'; echo pong"
  claude_tcr
  assert_status 0
  assert_stdout pong
}

@test "nor after work was done, though the answer before it was one" {
  plays home ". $play/.record; row 'I begin.'; error 403 'Zurblat.'; echo 'Zurblat.'; exit 1"
  plays work ". $play/.record; row 'pong'; echo pong"
  claude_tcr
  assert_status 0
  assert_stdout pong
}

@test "of several lines, too" {
  plays home ". $play/.record; error 403 'Zurblat.\\n\\nAsk the admin.'; printf 'Zurblat.\n\nAsk the admin.\n'; exit 1"
  plays work ". $play/.record; row 'pong'; echo pong"
  claude_tcr
  assert_status 0
  assert_stdout pong
}

@test "what is the request's own fault is shown, whole" {
  plays home ". $play/.record; error 404 'Zurblat.'; printf 'Zurblat.\nno end'; exit 1"
  claude_tcr
  assert_status 1
  assert_equal "$(used)" home
  assert_equal "$(cat "$out")" "$(printf 'Zurblat.\nno end')"
}

@test "an answer does not wait for the client's end" {
  plays home ". $play/.record; row 'pong\\nand more'; printf 'pong\nand more\n'; sleep 3"
  capture bash -c '"$0" --client claude -- client -p ping | { read -r line; first=$SECONDS; echo "$line"; cat; echo $((SECONDS - first >= 2)); }' "$TCR_RUN"
  assert_equal "$(cat "$out")" "$(printf 'pong\nand more\n1')"
}

@test "an answer of many lines arrives whole" {
  plays home ". $play/.record; row '1\\n2\\n3'; seq 50000"
  claude_tcr
  assert_status 0
  seq 50000 | cmp - "$out"
}

@test "where there is no record it waits for no more than a second" {
  plays home "echo pong; sleep 3"
  capture bash -c '"$0" --client claude -- client -p ping | { read -r line; echo "$line $SECONDS"; cat; echo "end $SECONDS"; }' "$TCR_RUN"
  assert_stdout_has '^pong [012]$'
  assert_stdout_has '^end [345]$'
}

@test "without a record that is written, or another key, it does not wait" {
  plays home "date +%s%N > \"\$PLAY/said\"; echo pong; sleep 3"
  cat > "$scratch/bin/reader" <<'END'
#!/bin/sh
read -r line
echo "$line" $((($(date +%s%N) - $(cat "$PLAY/said")) / 1000000))
cat
END
  chmod +x "$scratch/bin/reader"
  for option in --no-session-persistence ''; do
    capture bash -c '"$0" --client claude -- client -p ping $1 | reader' "$TCR_RUN" "$option"
    read -r line ms < "$out"
    assert_equal "$line" pong
    assert_ms "$ms" 0 1000
    pool home
  done
}
