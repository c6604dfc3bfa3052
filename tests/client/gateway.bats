# The real client behind a gateway of the run's own: a used-up key is replaced inside the request that it refused.
load helpers

@test "a limit is not seen: text, json and stream-json, prompt as an argument and on stdin" {
  pool home work
  for format in text json stream-json; do
    for where in argument stdin; do
      answers home limit:five_hour:3600
      answers work "ok:the answer of work"
      : > "$log"
      "$TCR_RUN" reset > /dev/null 2>&1 || true
      local -a words=(claude -p --output-format "$format")
      [ "$format" != stream-json ] || words+=(--verbose)
      if [ $where = stdin ]; then
        run_tcr --gateway -- "${words[@]}" < <(echo "a question")
      else
        run_tcr --gateway -- "${words[@]}" "a question" < /dev/null
      fi
      assert_status 0
      grep -q 'the answer of work' "$out" || fail "no answer"
      if grep -qiE 'hit your|api_retry|rejected|"is_error":true' "$out"; then
        fail "$format: the limit shows"
      fi
      assert_seen "bearer:home bearer:work"
      assert_stderr_has '^tcr-run: "home" reached its session limit at [0-9:]+; [0-9]+ requests? went on with "work"$'
      run_tcr reset
    done
  done
}

@test "after a tool call: it is made once, the session goes on with the next key" {
  pool home work
  answers home "tool:echo ran >> $scratch/effect" limit:five_hour:3600
  answers work "ok:done after the tool"
  run_tcr --gateway -- claude -p --dangerously-skip-permissions "do it" < /dev/null
  assert_status 0
  assert_stdout "done after the tool"
  assert_equal "$(cat "$scratch/effect")" ran
  assert_seen "bearer:home bearer:home bearer:work"
}

@test "401 is hidden; two in a row, then the master, which is said" {
  pool home work --master api:billing
  answers home 401
  answers work limit:seven_day:7200
  answers api:billing "ok:paid for"
  run_tcr --gateway -- claude -p "a question" < /dev/null
  assert_status 0
  assert_stdout "paid for"
  assert_stderr_has 'with the master key "billing", which is billed'
  assert_seen "bearer:home bearer:work x-api-key:billing"
}

@test "all used up: the client shows the reset that comes first" {
  pool home work
  answers home limit:five_hour:7200
  answers work limit:five_hour:3600
  run_tcr --gateway -- claude -p "a question" < /dev/null
  assert_status 1
  first=$(date -u -d '+1 hour' +%-I:%M)
  grep -qE "resets $first|resets $(date -u -d '+1 hour -1 minute' +%-I:%M)" "$out" || fail "another time: $(cat "$out")"
}
