# Which key is used, and in what order.
load helpers

@test "nine keys: 1 2 3 and the master; then 4, which goes on being used; 4 5 6 and the master; then 7" {
  pool 1 2 3 4 5 6 7 8 9 --master api:billing
  fails 1; fails 2; fails 3
  fresh --cooldown 60 --retries 3 -- client
  assert_status 0
  assert_used '1 2 3 billing'
  assert_stdout 'answer of billing'

  age 5
  fresh --cooldown 60 --retries 3 -- client
  assert_used 4
  age 5
  fresh --cooldown 60 --retries 3 -- client
  assert_used 4
  assert_no_stderr

  fails 4; fails 5; fails 6
  fresh --cooldown 60 --retries 3 -- client
  assert_used '4 5 6 billing'
  fresh --cooldown 60 --retries 3 -- client
  assert_used 7
}

@test "nine keys: 1 comes back when its time is over and the cursor reaches it, not before" {
  pool 1 2 3 4 5 6 7 8 9 --master api:billing
  for key in 1 2 3 4 5 6 7; do fails $key; done
  fresh --cooldown 60 -- client
  fresh --cooldown 60 -- client
  works 1 2 3 4 5 6
  age 20
  fresh --cooldown 60 -- client
  assert_used '7 8'

  # Ready again, but 8 works, so it goes on being used.
  age 50
  fresh --cooldown 60 -- client
  assert_used 8

  fails 8; fails 9
  fresh --cooldown 60 -- client
  assert_used '8 9 1'
  fresh --cooldown 60 -- client
  assert_used 1
}

@test "nine keys: when all have rested, it goes on after the last one that failed" {
  pool 1 2 3 4 5 6 7 8 9 --master api:billing
  fails 1; fails 2; fails 3
  tcr --cooldown 60 -- client
  works 1 2 3
  age 61
  fresh --cooldown 60 -- client
  assert_used 4
  fails 4
  fresh --retries 1 --cooldown 60 -- client
  works 4
  age 61
  fresh -- client
  assert_used 5
}

@test "nine keys: while all of them rest, only the master is used" {
  pool 1 2 3 4 5 6 7 8 9 --master api:billing
  for key in 1 2 3 4 5 6 7 8 9; do fails $key; done
  for run in 1 2 3; do tcr --cooldown 60 -- client; done
  assert_used '1 2 3 billing 4 5 6 billing 7 8 9 billing'
  age 20
  fresh --cooldown 60 -- client
  assert_used billing
  assert_status 0
}

@test "a key that works goes on being used" {
  pool a b c
  for run in 1 2 3; do tcr -- client; done
  assert_used 'a a a'
  fails a
  fresh -- client
  for run in 1 2; do tcr -- client; done
  assert_used 'a b b b'
}

@test "a key that has rested does not take the place of one that works" {
  pool a b
  fails a
  tcr -- client
  works a
  age 600
  fresh -- client
  assert_used b
}

@test "the cursor stays with its key when the file's order and names change" {
  pool a b c
  fails a
  tcr -- client
  works a
  age 600
  echo "{\"keys\": [$(entry c), {\"name\": \"renamed\", \"token\": \"$(token b)\"}, $(entry a)]}" | keyfile
  fresh -- client
  assert_used b
  assert_equal "$(record renamed .runs)" 2
}

@test "a rest stays with its token when names are exchanged" {
  pool a b
  fails a
  tcr -- client
  echo "{\"keys\": [{\"name\": \"b\", \"token\": \"$(token a)\"}, {\"name\": \"a\", \"token\": \"$(token b)\"}]}" | keyfile
  works a
  fresh -- client
  assert_used b
}

@test "when the cursor's key is gone, the first one that is ready is used" {
  pool a b c
  fails a; fails b
  tcr -- client
  pool a d e
  fresh -- client
  assert_used d
}

@test "the best priority first, whatever the cursor says" {
  echo "{\"keys\": [$(entry late '"priority": 5'), $(entry first '"priority": -1'), $(entry usual)]}" | keyfile
  tcr -- client
  assert_used first
  fails first
  fresh -- client
  assert_used 'first usual'
  fails usual
  fresh -- client
  assert_used 'usual late'
  works first usual
  age 600
  fresh -- client
  assert_used first
}

@test "a disabled key is not used, not even by its name" {
  echo "{\"keys\": [$(entry a '"disabled": true'), $(entry b '"disabled": false')]}" | keyfile
  tcr -- client
  assert_used b
  fresh --key a -- client
  assert_refused 75
  assert_stderr_has '"a" disabled'
}

@test "--key: that key and no other, also while it rests" {
  pool a b --master api:billing
  tcr --key b -- client
  assert_used b
  fails b
  fresh -k b -- client
  assert_status 1
  assert_used b
  assert_stdout "$(sentence limit)"$'\n''after the mark of b'
  assert_stderr_has '"b" reached its .*--key allows no other'
  works b
  fresh --key b -- client
  assert_status 0
  assert_used b
}

@test "--key: the master by its name" {
  pool a --master api:billing
  tcr --key billing -- client
  assert_used billing
  assert_stderr_has 'master key "billing", which is billed'
}

@test "--key: a name that is not there is refused" {
  pool a b
  tcr --key c -- client
  assert_refused
  assert_stderr_has 'no key "c"'
}

@test "--profile: its keys, in the pool's order, and no master where it says so" {
  echo "{\"keys\": [$(entry a), $(entry b), $(entry c)], \"master\": $(entry api:billing),
    \"profiles\": {\"cheap\": {\"keys\": [\"c\", \"b\"], \"master\": false}, \"all\": {}}}" | keyfile
  fails a; fails b; fails c
  tcr --profile cheap -- client
  assert_status 1
  assert_used 'b c'
  forget_used
  age 600
  tcr -p all -- client
  assert_status 0
  assert_equal "$(used | tr ' ' '\n' | sort | paste -sd ' ')" 'a b billing c'
}

@test "--profile: a name that is not there is refused, and those that are, are named" {
  echo "{\"keys\": [$(entry a)], \"profiles\": {\"cheap\": {}, \"team\": {}}}" | keyfile
  tcr --profile chaep -- client
  assert_refused
  assert_stderr_has 'no profile "chaep"; did you mean "cheap"'
  tcr --profile nothing -- client
  assert_refused
  assert_stderr_has 'no profile "nothing"; there are: cheap, team'
}

@test "the same token twice is one key, and it is said" {
  echo "{\"keys\": [$(entry a), {\"name\": \"again\", \"token\": \"$(token a)\"}, $(entry b)]}" | keyfile
  fails a
  tcr -- client
  assert_used 'a b'
  assert_stderr_has '"again" has the same token as "a"'
}

@test "a kind that the run is not about is not used" {
  echo '{"keys": [{"name": "other", "token": "fake-openai-0001", "kind": "openai"},
    {"name": "own", "token": "fake-own-0001", "kind": {"env": "OWN_KEY"}}, '"$(entry a)"']}' | keyfile
  fails a
  tcr -- client
  assert_used a
  assert_status 1
}

@test "a pool of another kind alone is used, in its own variable" {
  echo '{"keys": [{"name": "own", "token": "sk-own-FAKE-own-0001", "kind": {"env": "OWN_KEY"}}]}' | keyfile
  tcr -- sh -c 'echo "${OWN_KEY-none} ${ANTHROPIC_API_KEY-none} ${CLAUDE_CODE_OAUTH_TOKEN-none}"'
  assert_stdout 'sk-own-FAKE-own-0001 none none'
}

@test "what is said on failover: which key, why, until when, which is next" {
  pool home work --master api:billing
  fails home limit; fails work auth
  tcr -- client
  assert_equal "$(sentences "$err" | wc -l)" 2
  assert_stderr_is_ours
  assert_stderr_has '^tcr-run: "home" reached its usage limit \(rests until .*[0-9]{2}:[0-9]{2}, reset unknown\); using "work" \(2 of 2\)$'
  assert_stderr_has '^tcr-run: "work" was refused .*\(rests until [^)]*[0-9]{2}:[0-9]{2}\); using the master key "billing", which is billed$'
}

@test "what is said on failover counts the keys that this run can use" {
  echo "{\"keys\": [$(entry home), $(entry work), $(entry spare '"disabled": true'), $(entry four)]}" | keyfile
  fails home limit
  tcr --retries 4 -- client
  assert_stderr_has 'using "work" \(2 of 3\)$'
  rm -r "$state"
  fresh --retries 2 -- client
  assert_used 'home work'
  assert_stderr_has 'using "work" \(2 of 2\)$'
}

@test "what is said at the end: why it ended, and which key is ready first" {
  pool home work
  fails home limit; fails work auth
  tcr -- client
  assert_status 1
  assert_stderr_has '"work" was refused .*no other key is left; "home" is ready first, at .*\(in (5m|4m .*)\)$'
}

@test "-q says nothing, -v explains" {
  pool home work
  fails home
  tcr -q -- client
  assert_no_stderr
  assert_stdout 'answer of work'
  age 600
  fails work
  works home
  tcr -v -- client
  assert_stderr_has 'attempt 1 with "work"'
  assert_stderr_has 'class limit'
  assert_stderr_has 'attempt 2 with "home"'
}

@test "a key whose end is past comes last, and is shown so; it is not left out" {
  echo "{\"keys\": [$(entry old '"expires": "2023-01-01"'), $(entry new)]}" | keyfile
  tcr -- client
  assert_equal "$(used)" new
  tcr keys list
  assert_stdout_has '^old .*ended; last in turn$'
  fails new limit
  tcr -- client
  assert_status 0
  assert_equal "$(used)" 'new new old'
}
