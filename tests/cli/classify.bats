# classify: what would a run make of this output?
load helpers

# field NAME: of what classify printed.
field() {
  sed -n "s/^$1: //p" "$out"
}

@test "every capture of the real client is of the class it should be" {
  rows=0
  while read -r name class scope source; do
    for format in text json stream; do
      base=$DATA/captures/$name.$format
      tcr classify --exit "$(cat "$base.exit")" "$base.stdout"
      assert_status 0
      expected=$source
      [ "$format" = text ] || expected=result
      case $expected in
        line) known='a line of output' ;;
        result) known='an error result' ;;
        -) known='' scope='' ;;
      esac
      [ "$class" != none ] || known=''
      assert_equal "$name.$format $(field class) $(field scope) $(field 'known from')" "$name.$format $class $scope $known"
      rows=$((rows + 1))
    done
  done <<'END'
api-key-invalid auth key line
api-rate-limit throttled organization line
credit-too-low billing organization line
limit-mid-run limit key line
not-logged-in auth key line
ok none - -
overloaded server key line
server-error server key line
server-limit throttled organization line
session-limit limit key line
token-invalid auth key line
token-revoked auth key line
weekly-limit limit key line
END
  # No capture is left out.
  assert_equal "$rows" "$(find "$DATA/captures" -name '*.text.stdout' -o -name '*.json.stdout' -o -name '*.stream.stdout' | wc -l)"
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
The session limit was raised to 10.
{"type":"rate_limit_event","rate_limit_info":{"status":"allowed_warning","resetsAt":1795215603,"rateLimitType":"five_hour"}}
END
}

@test "with status 0 the wording means nothing, without --exit it counts as a failure" {
  sentence limit > "$scratch/text"
  tcr classify --exit 0 "$scratch/text"
  assert_stdout 'class: none'
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
