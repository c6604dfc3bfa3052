# The master key is billed: what uses it, and what is said of it.
load helpers

@test "every use of the master is said, once" {
  pool a --master api:billing
  fails a
  tcr -- client
  assert_status 0
  assert_equal "$(grep -c billed "$err")" 1
  tcr -- client
  assert_equal "$(grep -c billed "$err")" 1
  assert_stderr_has '^tcr-run: using the master key "billing", which is billed; "a" is ready first, at [0-9:]+ \(in (5m|4m 5[0-9]s)\)$'
}

@test "a master alone is used" {
  echo "{\"master\": $(entry api:billing)}" | keyfile
  tcr -- client
  assert_status 0
  assert_used billing
  assert_stderr_has 'master key "billing", which is billed'
}

@test "the master is used once in a run, and its failure is the end" {
  pool a b --master api:billing
  fails a; fails b; fails billing billing
  tcr -- client
  assert_status 1
  assert_used 'a b billing'
  assert_stdout "$(sentence billing)"$'\n''after the mark of billing'
}

@test "the cursor is not moved to the master" {
  pool a b --master api:billing
  fails a; fails b
  tcr --cooldown 60 -- client
  age 61
  works a b
  fresh -- client
  assert_used a
}

@test "at_most N/day: no more than that" {
  echo "{\"keys\": [$(entry a)], \"master\": $(entry api:billing '"at_most": "2/day"')}" | keyfile
  fails a
  for run in 1 2; do tcr -- client; assert_status 0; done
  assert_used 'a billing billing'
  fresh -- client
  assert_refused 75
  assert_stderr_has '"billing" .*at_most'
  # What was used up counts for a day, not for longer.
  age 86300
  fresh --exit-class 9=limit -- client
  age 200
  fails a
  fresh -- client
  assert_status 0
}

@test "at_most N/hour" {
  echo "{\"keys\": [$(entry a)], \"master\": $(entry api:billing '"at_most": "1/hour"')}" | keyfile
  fails a
  tcr --cooldown 1d -- client
  assert_status 0
  tcr --cooldown 1d -- client
  assert_status 75
  age 3500
  tcr --cooldown 1d -- client
  assert_status 75
  age 200
  tcr --cooldown 1d -- client
  assert_status 0
}

@test "at_most: spent in the middle of a run, the last attempt's output and status stand" {
  echo "{\"keys\": [$(entry a)], \"master\": $(entry api:billing '"at_most": "1/day"')}" | keyfile
  fails a
  tcr -- client
  age 600
  fresh -- client
  assert_status 1
  assert_used a
  assert_stdout "$(sentence limit)"$'\n''after the mark of a'
}

@test "trouble on the provider's side or on the way does not spend the master" {
  for class in server network; do
    rm -rf "$state"
    pool a b --master api:billing
    fails a $class; fails b $class
    fresh -- client
    assert_status 1
    [[ $(used) != *billing* ]] || fail "$class spent the master"
  done
}

@test "ANTHROPIC_API_KEY in the environment is a master" {
  extra_env=("ANTHROPIC_API_KEY=$(token api:ci)")
  tcr -- client
  assert_status 0
  assert_used ci
  assert_stderr_has 'master.*billed'
  fresh --no-master -- client
  assert_status 75
  assert_used ''
}
