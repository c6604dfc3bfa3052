# explain: what a run would do, without running anything.
load helpers

@test "the command is not run, and nothing is written" {
  pool a b
  tcr explain -- client
  assert_status 0
  assert_used ''
  [ ! -e "$state/state.json" ]
  fails a
  tcr -- client
  cp "$state/state.json" "$scratch/before"
  fresh explain -- client
  assert_used ''
  cmp "$scratch/before" "$state/state.json"
}

@test "the key that would be used, and of the others why not" {
  echo "{\"keys\": [$(entry a), $(entry b '"disabled": true'), $(entry c), $(entry d)], \"master\": $(entry api:billing)}" | keyfile
  fails a auth
  tcr -- client
  tcr explain -- client
  assert_stdout_has "^keys \(from $keys\):"
  assert_stdout_has '^  a +auth error until .*\(in (1h|59m.*)\)$'
  assert_stdout_has '^  b +disabled$'
  assert_stdout_has '^  c +would be used$'
  assert_stdout_has '^  d +ready, but not first in turn$'
  assert_stdout_has '^  billing +master: used when the pool is used up$'
}

@test "what it says is what a run then does" {
  pool a b c
  fails a; fails b
  tcr -- client
  works a b
  tcr explain -- client
  said=$(sed -nE 's/^  (.*[^ ]) +would be used$/\1/p' "$out")
  fresh -- client
  assert_used "$said"
}

@test "the environment's difference: names, never values" {
  pool a
  extra_env=("ANTHROPIC_API_KEY=$(token api:secret)" 'TCR_KEYS=value-of-mine' 'MINE=value-of-mine')
  tcr explain --scrub MINE -- client
  assert_stdout_has '^  - ANTHROPIC_API_KEY$'
  assert_stdout_has '^  - TCR_KEYS$'
  assert_stdout_has '^  - MINE$'
  assert_stdout_has '^  \+ CLAUDE_CODE_OAUTH_TOKEN$'
  ! grep value-of-mine "$out" || fail "a value is shown"
  assert_stdout_has '^secret: in the variable$'
}

@test "--via fd: on a descriptor" {
  pool a
  tcr explain --via fd -- client
  assert_stdout_has '^secret: on a descriptor$'
  assert_stdout_has '^  \+ CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR$'
}

@test "the arguments as a shell would take them" {
  pool a
  tcr explain -- client plain 'two words' "it's" '' '$HOME' 'a;b'
  line=$(sed -n '/^arguments:/{n;p}' "$out")
  eval "words=($line)"
  assert_equal "$(printf '<%s>' "${words[@]}")" "<client><plain><two words><it's><><\$HOME><a;b>"
}

@test "the policy: what goes on with the next key, how often, and what was taught" {
  pool a --master api:billing
  tcr explain --retries 2 --retry-on limit,auth --marker 'limit=^quota' --exit-class 42=billing -- client
  assert_stdout_has '^carries on after: limit auth; at most 2 pool keys a run, then the master$'
  assert_stdout_has 'marker: \^quota means limit'
  assert_stdout_has 'exit status 42 means billing'
}

@test "nothing to be used: status 75, as the run would give" {
  pool a
  fails a
  tcr -- client
  fresh explain -- client
  assert_status 75
  assert_stdout_has '^  a +limited until'
  assert_stdout_has 'no key can be used now'
}

@test "the same mistakes as of a run are refused" {
  pool a
  for words in '--key nobody' '--profile none' '--retries x' '--via pipe'; do
    tcr explain $words -- client
    assert_refused
  done
  chmod 644 "$keys"
  tcr explain -- client
  assert_refused
  assert_stderr_has 'mode 0644'
}

@test "--json: one object with a version, the same as the text" {
  echo "{\"keys\": [$(entry a), $(entry b), $(entry c '"disabled": true')], \"master\": $(entry api:billing)}" | keyfile
  fails a auth
  tcr -- client
  extra_env=('TCR_KEYS=value-of-mine')
  tcr explain --json --exit-class 3=auth -- client 'two words' --json
  assert_status 0
  assert_used 'a b'
  assert_equal "$(jq -r '[.version, .from, .client, .secret, .retries] | map(tostring) | join(" ")' "$out")" "1 $keys generic variable 3"
  assert_equal "$(jq -c '[.keys[] | [.name, .state, .chosen, .master]]' "$out")" \
    '[["a","cooling",false,false],["b","ready",true,false],["c","disabled",false,false],["billing","ready",false,true]]'
  assert_equal "$(jq '.keys[0].until' "$out")" "$(record a '.cooldowns[0].until')"
  assert_equal "$(jq -c '[.arguments, .exit_classes, .goes_to]' "$out")" \
    '[["client","two words","--json"],[{"status":3,"class":"auth"}],{"b":"https://api.anthropic.com"}]'
  assert_equal "$(jq -c '[.environment.removed, .environment.set, .gateway.way]' "$out")" '[["TCR_KEYS"],["CLAUDE_CODE_OAUTH_TOKEN"],"none"]'
  ! grep value-of-mine "$out"
}

@test "--json where no key can be used: the keys, and status 75" {
  echo "{\"keys\": [$(entry a '"disabled": true')]}" | keyfile
  tcr --key a explain --json -- client
  assert_status 75
  assert_equal "$(jq -c '[.keys[0].state, has("arguments"), has("carries_on_after")]' "$out")" '["disabled",false,true]'
}
