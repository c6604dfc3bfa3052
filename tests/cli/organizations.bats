# Keys of one organization: they rest together, and count as one where there are more runs than keys.
load helpers

stays='while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.05; done'

acme='"organization": "acme"'

# keys_of ENTRY...: the key file.
keys_of() {
  local IFS=,
  echo "{\"keys\": [$*]}" | keyfile
}

lines_of() {
  [ "$(wc -l < "$1")" -ge "$2" ]
}

# at_once N [OPTION...]: so many runs that go on side by side; what they said goes to $err.
at_once() {
  local count=$1 i
  shift
  runs=()
  for key in a b c d p q; do plays $key "$stays"; done
  for ((i = 1; i <= count; i++)); do
    within "$TCR_RUN" "$@" -- client > "$out.$i" 2> "$err.$i" < /dev/null &
    runs+=($!)
    eventually lines_of "$play/.used" $i
  done
  touch "$play/go"
  wait "${runs[@]}"
  cat "$err".* > "$err"
  rm "$play/go" "$play/.used" "$err".*
}

@test "throttled and billing rest all keys of the organization, the other classes one" {
  for class in throttled billing limit auth forbidden server network; do
    rm -rf "$state"
    keys_of "$(entry api:a "$acme")" "$(entry api:b "$acme")" "$(entry api:c)"
    fails a $class
    fresh -- client
    case $class in
      throttled | billing) assert_used 'a c' ;;
      *) assert_used 'a b' ;;
    esac
    fresh -- client
    case $class in
      throttled | billing) assert_used c ;;
      *) assert_used b ;;
    esac
  done
}

@test "the organization's rest ends for all its keys at once" {
  keys_of "$(entry api:a "$acme")" "$(entry api:b "$acme")"
  fails a throttled
  tcr -- client
  assert_used a
  fresh -- client
  assert_refused 75
  assert_stderr_has '"a" throttled until .*"b" throttled until'
  age 50
  fresh -- client
  assert_refused 75
  age 11
  works a
  fresh -- client
  assert_status 0
}

@test "a run on another key of the organization is not stopped by its rest, but the next one is" {
  keys_of "$(entry api:a "$acme")" "$(entry api:b "$acme")" "$(entry c)"
  plays b "$stays"
  tcr_background --key b -- client
  eventually lines_of "$play/.used" 1
  fails a throttled
  (tcr --key a -- client)
  touch "$play/go"
  await
  assert_status 0
  fresh -- client
  assert_used c
}

@test "API keys of one organization have one set of limits: two runs are one too many" {
  keys_of "$(entry api:a "$acme")" "$(entry api:b "$acme")" "$(entry api:c "$acme")"
  at_once 2
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_stderr_has '^tcr-run: warning: 2 runs share 3 ready keys, which have the limits of 1; add keys of other accounts'
}

@test "API keys of two organizations and one of none are worth three" {
  keys_of "$(entry api:a "$acme")" "$(entry api:b "$acme")" "$(entry api:c '"organization": "ajax"')" "$(entry api:d)"
  at_once 3
  assert_no_stderr
  at_once 4
  assert_stderr_has 'warning: 4 runs share 4 ready keys, which have the limits of 3;'
}

@test "subscriptions are worth one each, whatever organization they are of" {
  keys_of "$(entry a "$acme")" "$(entry b "$acme")" "$(entry c "$acme")"
  at_once 3
  assert_no_stderr
  at_once 4
  assert_stderr_has 'warning: 4 runs share 3 ready keys; add keys of other accounts'
}

@test "keys that rest are not counted" {
  keys_of "$(entry a)" "$(entry b)" "$(entry c)"
  fails c
  tcr --key c -- client
  forget_used
  at_once 3
  assert_stderr_has 'warning: 3 runs share 2 ready keys;'
}

@test "the warning comes once in an hour" {
  keys_of "$(entry a)"
  at_once 3
  assert_equal "$(grep -c 'warning: 2 runs share 1 ready key' "$err")" 1
  at_once 2
  assert_no_stderr
  age 3500
  at_once 2
  assert_no_stderr
  age 101
  at_once 2
  assert_equal "$(sentences "$err" | wc -l)" 1
}

@test "each kind's pool is counted for itself, and warned of for itself" {
  rm -f "$keys"
  extra_env=("CLAUDE_CODE_OAUTH_TOKENS=a=$(token a),b=$(token b)" "OPENAI_API_KEYS=p=sk-FAKE-p-0001,q=sk-FAKE-q-0001")
  plays a 'while [ -d "$PLAY" ] && [ ! -e "$PLAY/end" ]; do sleep 0.05; done'
  tcr_background -- client
  eventually lines_of "$play/.used" 1
  at_once 2 --kind openai
  assert_no_stderr
  touch "$play/end"
  await
  at_once 3
  assert_stderr_has 'warning: 3 runs share 2 ready keys;'
  at_once 3 --kind openai
  assert_stderr_has 'warning: 3 runs share 2 ready keys;'
  at_once 3 --kind openai
  assert_no_stderr
}
