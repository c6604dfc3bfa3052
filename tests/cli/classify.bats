# classify: what would a run make of this output?
load helpers

# field NAME: of what classify printed.
field() {
  sed -n "s/^$1: //p" "$out"
}

@test "captures of the real client, of both versions" {
  while read -r folder name class scope source; do
    base=$DATA/$folder/$name
    tcr classify --exit "$(cat "$base.exit")" "$base.stdout"
    assert_status 0
    case $source in
      line) known='a line of output' ;;
      result) known='an error result' ;;
      -) known='' scope='' ;;
    esac
    assert_equal "$name $(field class) $(field scope) $(field 'known from')" "$name $class ${scope//_/ } $known"
  done <<'END'
captures api-key-invalid.text auth key line
captures limit-mid-run.stream limit key result
captures ok.json none - -
captures-2.1.332 session-limit.text limit key line
captures-2.1.332 session-limit.json limit key result
captures-2.1.332 model-limit-sonnet.stream limit model_sonnet result
captures-2.1.332 fable-credits.text limit model_fable line
captures-2.1.332 org-spend-cap.text limit key line
captures-2.1.332 group-zero.text limit key line
captures-2.1.332 service-disabled.text forbidden key line
captures-2.1.332 net-nohost-invalid.text network key line
captures-2.1.332 bad-model.json none - -
END
}

@test "what the SDK's scripts leave on stderr" {
  while read -r name class; do
    base=$DATA/captures/$name
    tcr classify --exit "$(cat "$base.exit")" --stderr "$base.stderr" "$base.stdout"
    assert_equal "$name $(field class)" "$name $class"
  done <<'END'
node-sdk-ok none
node-sdk-overloaded server
node-sdk-rate-limit throttled
END
}

@test "the reset that a stream tells to the second" {
  now=$(date +%s)
  for window in five_hour:key seven_day:key seven_day_opus:'model opus'; do
    sed -E "s/\"resetsAt\":[0-9]+/\"resetsAt\":$((now + 7200))/g; s/\"rateLimitType\":\"[a-z_]+\"/\"rateLimitType\":\"${window%%:*}\"/g" \
      "$DATA/captures/session-limit.stream.stdout" > "$scratch/stream"
    tcr classify "$scratch/stream"
    assert_equal "$(field class) $(field scope)" "limit ${window#*:}"
    assert_stdout_has "^until: .*\($((now + 7200)), told\)$"
  done
}

@test "a time is taken only if it can be, as a run takes it" {
  while IFS='|' read -r what text; do
    text=${text//NOW+/$(date +%s)+}
    printf '%s\n' "$text" > "$scratch/text"
    tcr classify "$scratch/text"
    assert_stdout_has "^until: $what"
  done <<END
told, but not taken: .* is further away than the end of a limit of this kind can be \(5h\); rests 300 s|You've hit your session limit · resets $(LC_ALL=C TZ=UTC0 date -d '+9 hours' '+%-I:%M%P' 2>/dev/null) (UTC)
told, but not taken: .* is over; rests 300 s|You've hit your weekly limit · resets $(LC_ALL=C TZ=UTC0 date -d '-3 days' '+%b %-d, %-I%P') (UTC)
told, but not taken: .* \(7d\); rests 300 s|You've hit your weekly limit · resets $(LC_ALL=C TZ=UTC0 date -d '+20 days' '+%b %-d, %-I%P') (UTC)
told, but not taken: .* \(40d\); rests 300 s|You're out of extra usage · resets $(LC_ALL=C TZ=UTC0 date -d '+60 days' '+%b %-d, %-I%P') (UTC)
.* told\)$|You've hit your session limit · resets $(LC_ALL=C TZ=UTC0 date -d '+3 hours' '+%-I:%M%P') (UTC)
not told: rests 300 s|You've hit your limit
END
}

@test "what was looked for is said where nothing was found" {
  printf 'quota exhausted\n' > "$scratch/text"
  tcr classify --exit 3 "$scratch/text"
  assert_equal "$(field class)" none
  assert_stdout_has "^why: status 3, and no line is a known message"
  assert_stdout_has "^looked for: .*Claude Code.*SDK"
  assert_stdout_has "^to teach it: .*--marker 'limit=REGEX' or --exit-class 3=limit$"
  tcr classify --exit 1 "$DATA/captures-2.1.332/bad-model.json.stdout"
  assert_stdout_has "^why: the result of Claude Code is an error, but not one of the key$"
}

@test "sentences of several versions" {
  while IFS='|' read -r class scope text; do
    text=${text//VERSUS/|}
    printf '%s\n' "$text" > "$scratch/text"
    tcr classify "$scratch/text"
    assert_equal "$text: $(field class) $(field scope)" "$text: $class $scope"
  done <<'END'
limit|key|You've hit your session limit · resets 11:21pm (UTC)
limit|key|You've hit your weekly limit · resets Nov 24, 8:41am (UTC)
limit|key|You’ve hit your limit · resets 8am (Europe/Berlin)
limit|model opus|You've hit your Opus limit · resets 3pm (UTC)
limit|model sonnet|You've reached your Sonnet limit. Try again later.
limit|key|You're out of extra usage. Add more at claude.ai/settings/usage and keep going.
limit|key|API Error: 400 You're out of extra usage. Add more at claude.ai/settings/usage and keep going.
forbidden|key|API Error: 400 This organization has been disabled.
forbidden|key|Your ANTHROPIC_API_KEY belongs to a disabled organization · Unset it
limit|key|ERROR: You've hit your usage limit. Upgrade to Pro, or try again at Nov 29th, 2026 3:15 PM.
limit|key|SDK execution error: You've hit your session limit · resets 11pm (UTC)
limit|key|2026-11-26T01:34:25.123Z You've hit your session limit · resets 11pm (UTC)
limit|key|Nov 26 01:34:25 You've hit your session limit · resets 11pm (UTC)
limit|key|[worker-3] You've hit your session limit · resets 11pm (UTC)
limit|key|web-1  VERSUS You've hit your session limit · resets 11pm (UTC)
auth|key|Invalid auth token · Fix external auth token · zero width
limit|key|You've hit your individual spend limit · ask your admin
limit|key|You've hit your team's shared budget · ask your admin
limit|key|Your seat type doesn't include usage credits · ask your admin
limit|key|Your org is out of usage · ask your admin
limit|key|Usage is paused for your organization. For help, please contact support.
forbidden|key|This service is disabled for your org
network|key|API Error: No internet route — check your connection or VPN (ENETUNREACH)
network|key|API Error: Connection dropped (UND_ERR_SOCKET)
network|key|API Error: Couldn't connect through your proxy (ERR_PROXY_TUNNEL)
network|key|API Error: Something new (EHOSTUNREACH)
server|key|anthropic._exceptions.OverloadedError: Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}}
server|key|anthropic._exceptions.ServiceUnavailableError: Error code: 503
server|key|anthropic.APIStatusError: {'type': 'error', 'error': {'details': None, 'type': 'overloaded_error', 'message': 'Overloaded'}, 'request_id': 'r'}
throttled|organization|anthropic.APIStatusError: {'type': 'error', 'error': {'type': 'rate_limit_error', 'message': 'x'}}
throttled|organization|litellm.RateLimitError: AnthropicException - {"type":"error","error":{"type":"rate_limit_error","message":"x"}}
limit|key|API Error: 429 {"error":{"code":"1308","message":"usage limit exceeded"}}
billing|organization|API Error: 402 {"error":{"message":"Insufficient Balance"}}
billing|organization|API Error: 429 Insufficient balance
throttled|organization|API Error: 429 Too many requests. Retrying in 2892 seconds…
limit|key|5-hour limit reached ∙ resets 5am
limit|key|Claude AI usage limit reachedVERSUS1747909518
limit|key|Claude usage limit reached. Your limit will reset at 1pm (UTC)
limit|key|Limit reached · resets Dec 17 at 6am (UTC)
limit|key|You're out of extra usage · resets 3am (UTC)
limit|key|You've hit your monthly spend limit
auth|key|Not logged in · Please run /login
auth|key|Invalid API key · Fix external API key
auth|key|Failed to authenticate. API Error: 401 {"type":"error"}
forbidden|key|Your organization has disabled Claude subscription access
billing|organization|Credit balance is too low
billing|organization|API Error: 400 You have reached your specified API usage limits. You will regain access on 2027-01-01.
throttled|organization|API Error: Server is temporarily limiting requests (not your usage limit) · try again
network|key|API Error: Unable to connect to API (ECONNRESET)
throttled|organization|anthropic.RateLimitError: Error code: 429 - {'type': 'error', 'error': {'type': 'rate_limit_error', 'message': 'x'}}
END
}

@test "near misses and prose are of no class" {
  while IFS= read -r text; do
    printf '%s\n' "$text" > "$scratch/text"
    tcr classify "$scratch/text"
    assert_equal "$text: $(field class)" "$text: none"
  done <<'END'
You've used 74% of your weekly limit · resets Nov 24, 8:41am (UTC)
You're close to your usage limit
You're now using usage credits
Prompt is too long
The API answered "You've hit your session limit · resets 11:21pm (UTC)".
- Claude usage limit reached is what it prints
# Claude usage limit reached
Rate limits are documented under 429 Too Many Requests.
requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: https://example.org/
Error: rate limit of the database reached
Error: There's an issue with the selected model
npm ERR! code E401
Error: 3 tests failed
Error: not logged in
2026-11-26T01:34:25Z deploy: limit of 3 retries reached
web-1  | rows | You've hit your session limit | wait
The organization was disabled in the settings.
The session limit was raised to 10.
{"type":"rate_limit_event","rate_limit_info":{"status":"allowed_warning","resetsAt":1795215603,"rateLimitType":"five_hour"}}
END
}

@test "with status 0 the wording means nothing, without --exit it counts as a failure" {
  sentence limit > "$scratch/text"
  tcr classify --exit 0 "$scratch/text"
  assert_equal "$(field class)" none
  assert_stdout_has '^why: the status is 0: a message counts only with a failure'
  tcr classify "$scratch/text"
  assert_equal "$(field class)" limit
  tcr classify --exit=255 "$scratch/text"
  assert_equal "$(field class)" limit
}

@test "from standard input, with - and without" {
  sentence auth > "$scratch/text"
  for words in classify 'classify -'; do
    input=$scratch/text tcr $words
    assert_status 0
    assert_equal "$(field class)" auth
  done
}

@test "the line that told it is shown, without its colours" {
  printf 'before\n\033[31m%s\033[0m\nafter\n' "$(sentence limit)" > "$scratch/text"
  tcr classify "$scratch/text"
  assert_equal "$(field line)" "$(sentence limit)"
}

@test "no control character of it reaches the terminal, not even one beyond ASCII" {
  printf 'Error: 429 {"type":"error","error":{"type":"rate_limit_error","message":"a\033[2J\302\23331m\342\200\256\177b"}}\n' > odd
  tcr classify odd
  assert_stdout_has 'rate_limit_error'
  ! LC_ALL=C grep -qE $'\033|\302\233|\342\200\256|\177' "$out" || fail "control characters"
}

@test "it needs no keys, no home and leaves no state" {
  without=(HOME)
  sentence limit > "$scratch/text"
  tcr classify "$scratch/text"
  assert_status 0
  assert_no_stderr
  [ ! -e "$state" ]
}

@test "a folder or nothing where a file should be" {
  for file in "$scratch" "$scratch/nowhere"; do
    tcr classify "$file"
    assert_refused
    assert_stderr_has "^tcr-run: $file: (Is a directory|No such file)"
    tcr classify --stderr "$file" /dev/null
    assert_refused
  done
}

@test "--json: one object with a version, a finding or why there is none" {
  echo "Claude AI usage limit reached|$(($(date +%s) + 3600))" > limit
  tcr classify --json limit
  assert_status 0
  assert_equal "$(jq -r '[.version, .class, .status, .scope, .told, .known_from, .line == "'"$(cat limit)"'"] | map(tostring) | join(" ")' "$out")" \
    '1 limit 1 key taken a line of output true'
  assert_equal "$(jq '.rests > 3500 and .until > now' "$out")" true
  echo 'quota "exhausted"' > other
  tcr classify --exit 3 --json other
  assert_equal "$(jq -c '[.version, .class, .status, keys == ["class", "looked_for", "status", "version", "why"]]' "$out")" '[1,"none",3,true]'
  assert_equal "$(jq -r '.why' "$out")" "status 3, and no line is a known message: a failure of the command's own"
}
