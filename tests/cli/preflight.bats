# tcr-run --preflight: the keys are checked before the first attempt.
load provider-helpers

@test "a dead key is said, rests and is not chosen" {
  pool wrong limited home
  answer home=ok limited=429:90
  provide
  tcr --preflight -- client
  assert_status 0
  assert_used home
  assert_asked 'home limited wrong'
  assert_stderr_has '^tcr-run: preflight: "wrong" was refused \(not authenticated\) \(rests until [^)]*\)$'
  assert_stderr_has '^tcr-run: preflight: "limited" is being rate limited \(429\) \(rests until [^)]*\)$'
  assert_equal "$(sentences "$err" | wc -l)" 2
  assert_between "$(rest_of limited)" 89 90
  fresh -- client
  assert_used home
}

@test "without the option nobody is asked, and libcurl is not loaded" {
  needs_shared_libraries "libcurl of the system's"
  pool home
  answer home=ok
  provide
  extra_env+=(LD_DEBUG=files)
  tcr -- client
  assert_status 0
  assert_asked ''
  refute_stderr_has 'file=libcurl'
  tcr --preflight -- client
  assert_asked home
  assert_stderr_has 'file=libcurl'
}

@test "when all are well, nothing is said" {
  pool home work
  answer home=ok work=ok
  provide
  tcr --preflight -- client
  assert_status 0
  assert_no_stderr
}

@test "no key left: 75, the usual message, and nothing is run" {
  pool wrong other
  provide
  tcr --preflight -- client
  assert_refused 75
  assert_stderr_has 'no key can be used: "wrong" auth error until .*; "other" auth error until'
  assert_stderr_has 'is ready first, at'
}

@test "the master is checked too, and used if the pool is dead" {
  pool wrong --master api:bill
  answer bill=ok
  provide
  tcr --preflight -- client
  assert_status 0
  assert_used bill
  answer wrong=401
  rm -rf "$state"
  fresh --preflight -- client
  assert_refused 75
  rm -rf "$state" "$asked"
  fresh --preflight --no-master -- client
  assert_asked wrong
}

@test "only keys that the run could use are asked about" {
  pool home api:off api:ci
  jq '.keys[1].disabled = true | .profiles = {"p": {"keys": ["ci", "off"]}}' "$keys" | keyfile "$keys.new"
  mv "$keys.new" "$keys"
  answer home=ok ci=ok off=ok
  provide
  tcr --preflight -- client
  assert_asked 'ci home'
  rm "$asked"
  tcr --preflight --profile p -- client
  assert_asked ci
  rm "$asked"
  tcr --preflight --key home -- client
  assert_asked home
}

@test "several kinds: the keys of each are asked about, and a dead one of each is passed over" {
  rm -f "$keys"
  prints_tokens=yes
  answer o2=ok p2=ok a1=ok
  provide
  extra_env+=("OPENAI_BASE_URL=http://127.0.0.1:$port/v1" "ANTHROPIC_API_KEYS=a1=$(token api:a1)"
    "CLAUDE_CODE_OAUTH_TOKENS=o1=$(token o1),o2=$(token o2)"
    "OPENAI_API_KEYS=p1=sk-proj-FAKE-p1-0001,p2=sk-proj-FAKE-p2-0001")
  tcr --preflight --kind oauth,openai -- sh -c 'echo "$CLAUDE_CODE_OAUTH_TOKEN $OPENAI_API_KEY"'
  assert_status 0
  assert_stdout "$(token o2) sk-proj-FAKE-p2-0001"
  assert_asked 'o1 o2 p1 p2'
  assert_equal "$(grep -c 'preflight: "[op]1" was refused' "$err")" 2
  assert_equal "$(record p1 .last_class) $(record o1 .last_class)" 'auth auth'
}

@test "--key and --cooldown 0: a dead key is not used there either" {
  pool wrong home
  answer home=ok
  provide
  tcr --preflight --key wrong -- client
  assert_refused 75
  rm -rf "$state"
  tcr --preflight --cooldown 0 -- client
  assert_status 0
  assert_used home
}

@test "a resting key whose login was mended is used again" {
  pool home
  fails home auth
  tcr -- client
  assert_status 1
  works home
  answer home=ok
  provide
  fresh --preflight -- client
  assert_status 0
  assert_used home
}

@test "a provider that cannot be reached keeps nobody from running, and is said once" {
  pool home work other
  extra_env=(ANTHROPIC_BASE_URL=http://127.0.0.1:1)
  tcr --preflight -- client
  assert_status 0
  assert_used home
  assert_equal "$(grep -c 'could not be checked' "$err")" 1
  assert_stderr_has 'preflight: "home" and 2 more could not be checked: Failed to connect'
  tcr --preflight --key work -v -- client
  assert_stderr_has 'preflight: "work" could not be checked: Failed to connect'
}

@test "a failing token command is run once" {
  keyfile << END
{"keys": [{"name": "fails", "token_command": ["sh", "-c", "echo run >> $scratch/runs; exit 1"]},
  {"name": "home", "token": "$(token home)"}]}
END
  answer home=ok
  provide
  tcr --preflight -- client
  assert_status 0
  assert_used home
  assert_stderr_has 'preflight: "fails" could not be checked: token_command "sh" exited with status 1'
  assert_equal "$(wc -l < "$scratch/runs")" 1
}

@test "Ctrl-C ends it before anything is run" {
  pool slow
  answer slow=slow:20
  provide
  tcr_background --preflight -- client
  eventually test -s "$asked"
  kill -INT "$pid"
  await
  assert_status 130
  assert_ms "$took" 0 1000
  assert_used ''
}

@test "the command's input is still all there" {
  pool wrong home
  answer home=ok
  provide
  plays home 'cat'
  input=$scratch/input
  seq 1000 > "$input"
  tcr --preflight -- client
  assert_status 0
  cmp "$input" "$out"
}

@test "quiet is quiet" {
  pool wrong
  provide
  tcr -q --preflight -- client
  assert_status 75
  assert_no_stderr
}
