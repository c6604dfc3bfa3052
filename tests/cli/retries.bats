# What is tried again, how often, and what is not.
load helpers

@test "every class of failure goes on with the next key" {
  for class in limit throttled auth forbidden billing server network; do
    rm -rf "$state"
    pool a b
    fails a $class
    fresh -- client
    assert_equal "$class: $status $(used)" "$class: 0 a b"
    assert_stdout 'answer of b'
  done
}

@test "a failure of the command's own costs no key" {
  pool a b --master api:billing
  plays a 'echo out; echo "error: no such file" >&2; exit 3'
  tcr -- client
  assert_status 3
  assert_used a
  assert_stdout out
  assert_equal "$(cat "$err")" 'error: no such file'
  assert_equal "$(record a .failures) $(record a '.cooldowns | length')" '0 0'
  fresh -- client
  assert_used a
}

@test "a success whose answer quotes a limit costs no key" {
  pool a b
  plays a "printf '%s\n' '$(sentence limit)'"
  tcr -- client
  assert_status 0
  assert_used a
  assert_stdout "$(sentence limit)"
  fresh -- client
  assert_used a
}

@test "killed by a signal costs no key" {
  pool a b
  plays a "echo '$(sentence limit)'; kill -TERM \$\$"
  tcr -- client
  assert_status 143
  assert_used a
  assert_stdout "$(sentence limit)"
  assert_equal "$(record a .failures)" 0
}

@test "--retries N: so many keys of the pool, then the master" {
  for n in 0 1 2 5; do
    rm -rf "$state"
    pool a b c --master api:billing
    fails a; fails b; fails c
    fresh --retries $n -- client
    case $n in
      0) expected='billing' ;;
      1) expected='a billing' ;;
      2) expected='a b billing' ;;
      5) expected='a b c billing' ;;
    esac
    assert_equal "$n: $(used)" "$n: $expected"
  done
}

@test "--retries is 3 unless it is said, here or in the key file" {
  pool a b c d
  for key in a b c d; do fails $key; done
  tcr -- client
  assert_used 'a b c'
  assert_stderr_has 'as many keys as --retries allows'
  rm -rf "$state"
  echo "{\"keys\": [$(entry a), $(entry b), $(entry c)], \"policy\": {\"retries\": 1}}" | keyfile
  fresh -- client
  assert_used a
  age 600
  fresh --retries 2 -- client
  assert_used 'b c'
}

@test "--retries 0 without a master: nothing is run, and the reason is said" {
  pool a b
  tcr --retries 0 -- client
  assert_refused 75
  assert_stderr_has '--retries|retries'
}

@test "--retries 1: the output of the one attempt, whole" {
  pool a b
  fails a
  tcr --retries 1 --no-master -- client
  assert_status 1
  assert_used a
  assert_stdout "$(sentence limit)"$'\n''after the mark of a'
}

@test "--no-master: not even when the pool is used up" {
  pool a --master api:billing
  fails a
  tcr --no-master -- client
  assert_status 1
  assert_used a
  refute_stderr_has billing
}

@test "no key is tried twice in one run" {
  pool a b
  fails a; fails b
  tcr --cooldown 0 --retries 9 -- client
  assert_used 'a b'
  assert_status 1
}

@test "--retry-on: the other classes end the run, but the key rests all the same" {
  pool a b
  fails a limit
  tcr --retry-on auth,throttled -- client
  assert_status 1
  assert_used a
  assert_stdout "$(sentence limit)"$'\n''after the mark of a'
  assert_equal "$(record a .failures)" 1
  fails b auth
  works a
  age 600
  fresh --retry-on auth,throttled -- client
  assert_used 'b a'
}

@test "--retry-on none: no class goes on" {
  pool a b
  fails a
  tcr --retry-on none -- client
  assert_status 1
  assert_used a
}

@test "retry_on in the key file; the command line goes before it" {
  echo "{\"keys\": [$(entry a), $(entry b)], \"policy\": {\"retry_on\": \"auth\"}}" | keyfile
  fails a limit
  tcr -- client
  assert_used a
  age 600
  fails b limit
  works a
  fresh --retry-on limit -- client
  assert_used 'b a'
}

@test "--marker: another program's line, on either stream" {
  for stream in 1 2; do
    rm -rf "$state"
    pool a b
    plays a "echo 'quota   exhausted: try tomorrow' >&$stream; exit 7"
    fresh -m 'limit=^quota +exhausted' -- client
    assert_equal "$stream: $status $(used)" "$stream: 0 a b"
    assert_equal "$(record a .last_class)" limit
  done
}

@test "--marker: counts with a failure only" {
  pool a b
  plays a "echo 'quota exhausted'"
  tcr --marker 'limit=^quota' -- client
  assert_status 0
  assert_used a
  assert_stdout 'quota exhausted'
}

@test "--marker: several, and the first that matches a line says what it means" {
  pool a b
  plays a "echo 'quota exhausted'; exit 7"
  tcr -m 'auth=^login' -m 'billing=quota' -m 'limit=quota' -- client
  assert_used 'a b'
  assert_equal "$(record a .last_class)" billing
}

@test "--marker none: a line that would otherwise count does not" {
  pool a b
  fails a
  tcr --marker 'none=^Claude usage' -- client
  assert_status 1
  assert_used a
  assert_equal "$(record a .failures)" 0
}

@test "--exit-class: an exit status that means a class" {
  pool a b c
  plays a 'echo "out of a"; exit 42'
  plays b 'exit 43'
  tcr --exit-class 42=limit --exit-class 43=auth -- client
  assert_status 0
  assert_used 'a b c'
  assert_equal "$(record a .last_class) $(record b .last_class)" 'limit auth'
}

@test "--exit-class: what the output says goes before it" {
  pool a b
  fails a auth
  tcr --exit-class 1=limit -- client
  assert_used 'a b'
  assert_equal "$(record a .last_class)" auth
}

@test "an error result in json counts with status 0 too" {
  pool a b
  plays a "cat '$DATA/captures/session-limit.json.stdout'"
  tcr -- client
  assert_status 0
  assert_used 'a b'
  assert_stdout 'answer of b'
}

@test "evidence on stderr, as an SDK script leaves it" {
  pool a b
  plays a "cat '$DATA/captures/node-sdk-rate-limit.stderr' >&2; exit 1"
  tcr -- client
  assert_status 0
  assert_used 'a b'
  assert_stdout 'answer of b'
}

@test "colours around a sentence do not hide it" {
  pool a b
  plays a "printf '\033[31m%s\033[0m\r\n' '$(sentence limit)'; exit 1"
  tcr -- client
  assert_used 'a b'
}

@test "a key that works again is forgiven its failures" {
  pool a b
  fails a
  tcr -- client
  assert_equal "$(record a .failures)" 1
  works a
  age 600
  tcr --key a -- client
  assert_equal "$(record a .failures)" 0
}

@test "wrong values of options are refused, each with what was found and what is expected" {
  pool a
  while IFS='|' read -r option value pattern; do
    tcr "$option" "$value" -- client
    assert_refused
    assert_stderr_has "^tcr-run: $option: .*$pattern"
  done <<'END'
--retries|x|"x".*0 to
--retries|-1|"-1".*0 to
--retries|3x|"3x".*0 to
--cooldown|soon|"soon".*60, 90s
--cooldown|limt=5m|"limt"; did you mean "limit"
--cooldown|none=5m|"none".*limit, throttled
--cooldown|5m,|"".*60, 90s
--retry-on|limit,foo|"foo".*limit, throttled
--marker|limit|CLASS=REGEX
--marker|limit=|CLASS=REGEX
--marker|foo=x|"foo"
--marker|limit=(|regular expression
--exit-class|0=limit|1 to 255
--exit-class|256=limit|1 to 255
--exit-class|x=limit|1 to 255
--exit-class|7=foo|"foo"
--via|pipe|auto, env or fd
--client|codex|claude or generic
--keep||variable
--scrub|A=B|variable
END
}
