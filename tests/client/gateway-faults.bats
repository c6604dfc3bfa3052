# The real client behind a gateway that is killed: its retry is served by the next one, on the same socket.
load helpers

@test "killed between two requests: nothing is seen but one warning" {
  pool home work
  answers home "tool:pkill -9 -f 'tcr-gateway --private .*$scratch'" "ok:after the kill"
  run_tcr --gateway -- claude -p --dangerously-skip-permissions "do it" < /dev/null
  assert_status 0
  assert_stdout "after the kill"
  assert_equal "$(sentences "$err" | grep -c 'ended unexpectedly; it was started again')" 1
  assert_equal "$(sentences "$err" | wc -l)" 1
}

@test "killed in the middle of a stream: the client asks again and ends well" {
  pool home work
  answers home drip
  ( for _ in $(seq 200); do
      grep -q '"token": "home"' "$log" 2>/dev/null && break
      sleep 0.1
    done
    sleep 1
    answers home "ok:the second time"
    pkill -9 -f "tcr-gateway --private .*$scratch" ) 3>&- &
  run_tcr --gateway -- claude -p "a question" < /dev/null
  wait $!
  assert_status 0
  assert_stdout "the second time"
  assert_equal "$(sentences "$err" | grep -c 'ended unexpectedly; it was started again')" 1
}
