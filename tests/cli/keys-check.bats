# tcr-run keys check against a fake provider: what it says, what it asks, what it remembers.
load provider-helpers

@test "each answer has its word, and the exit status is 0 only if all are valid" {
  pool home closed limited throttled rated api:wrong api:poor barred overloaded scoped gone
  answer home=ok closed=closed:five_hour limited=limit:seven_day throttled=429:90 rated=rates:120 poor=402 barred=403 \
    overloaded=529 scoped=scope gone=404
  provide
  check
  assert_status 1
  says home valid 'in [0-9]+ ms'
  says closed limited 'until .* \(in (59m|1h).*\): session limit \(200\)'
  says limited limited 'until .*: weekly limit \(429\): This request would exceed'
  says throttled limited 'until .* \(in 1m (29|30)s\): rate limited \(429\)'
  says rated limited 'until .* \(in (1m [0-9]+s|2m)\): rate limited \(429\)'
  says wrong refused 'not authenticated \(401\): invalid x-api-key'
  says poor refused 'no credit left \(402\): Your credit balance'
  says barred refused 'not allowed \(403\): OAuth authentication'
  says overloaded unreachable "trouble on the provider's side \(529\): Overloaded"
  says scoped unchecked 'says nothing of the key: OAuth token does not meet scope'
  says gone unchecked 'the answer \(404\) says nothing of the key: Not Found'
  assert_equal "$(wc -l < "$out")" 12
  assert_no_stderr
  check home
  assert_status 0
}

@test "the columns stand one below the other" {
  pool a abcdefghijklmnopqrstuvwxyz ab --master api:m
  answer a=ok ab=ok m=ok
  provide
  check
  assert_equal "$(awk 'match($0, /valid|refused|STATE/) { print RSTART }' "$out" | sort -u | wc -l)" 1
  assert_stdout_has '^m +master +valid'
}

@test "API keys and subscriptions are asked about in their own ways" {
  pool home api:ci
  answer home=ok ci=ok
  provide
  check
  assert_status 0
  assert_equal "$(jq -sc 'map(select(.name == "home")) | map([.path, .headers.authorization, .headers["anthropic-version"],
    .headers["anthropic-beta"], .headers["x-api-key"]])' "$asked")" \
    '[["/v1/models?limit=1","Bearer sk-ant-oat01-FAKE-home-0001","2023-06-01","oauth-2025-04-20",null]]'
  assert_equal "$(jq -sc 'map(select(.name == "ci")) | map([.path, .headers["x-api-key"], .headers["anthropic-version"],
    .headers["anthropic-beta"], .headers.authorization])' "$asked")" \
    '[["/v1/models?limit=1","sk-ant-api03-FAKE-ci-0001","2023-06-01",null,null]]'
}

@test "keys of OpenAI and Cursor go to their own providers" {
  echo '{"keys": [{"name": "o", "kind": "openai", "token": "sk-FAKE-open-0001"},
    {"name": "c", "kind": "cursor", "token": "key_FAKE-cursor-0001"}]}' | keyfile
  answer open=ok cursor=ok
  provide
  extra_env=("OPENAI_BASE_URL=http://127.0.0.1:$port/openai/v1/" "CURSOR_API_BASE_URL=http://127.0.0.1:$port/cursor")
  check
  assert_status 0
  assert_equal "$(jq -r .path "$asked" | sort | paste -sd ' ')" '/cursor/v0/me /openai/v1/models'
  assert_asked 'cursor open'
}

@test "a key without a provider cannot be checked" {
  echo '{"keys": [{"name": "v", "kind": {"env": "MY_TOKEN"}, "token": "fake-FAKE-v-0001"}]}' | keyfile
  provide
  check
  assert_status 1
  says v unchecked 'no provider is known for MY_TOKEN'
  assert_asked ''
}

@test "--json: every member" {
  pool home limited api:wrong --master api:bill
  answer home=ok:org-1 limited=429:90 bill=ok
  provide
  jq '.keys[2] += {"organization": "acme", "disabled": true}' "$keys" | keyfile "$keys.new"
  mv "$keys.new" "$keys"
  check --all --json
  assert_status 1
  assert_equal "$(of home '[.kind, .master, .disabled, .state, .http_status, .organization_id, .class, .until, .reason] | tojson')" \
    '["oauth",false,false,"valid",200,"org-1",null,null,null]'
  assert_equal "$(of limited '[.state, .class, .http_status, (.until - now > 80), .reason] | tojson')" \
    '["limited","throttled",429,true,"rate limited (429): Too many"]'
  assert_equal "$(of wrong '[.kind, .disabled, .state, .class, .organization] | tojson')" '["api",true,"refused","auth","acme"]'
  assert_equal "$(of bill '[.master, .state] | tojson')" '[true,"valid"]'
  assert_between "$(of home .milliseconds)" 0 9000
}

@test "the enabled keys and the master; --all the others too; or those named" {
  pool home work --master api:bill
  answer home=ok work=ok bill=ok
  provide
  jq '.keys[1].disabled = true | .keys += [{"name": "twin", "token": .keys[0].token}]' "$keys" | keyfile "$keys.new"
  mv "$keys.new" "$keys"
  check
  assert_status 0
  assert_asked 'bill home'
  rm "$asked"
  check --all
  assert_asked 'bill home home work'
  says work valid 'disabled; in'
  rm "$asked"
  check work
  assert_status 0
  assert_asked work
  assert_equal "$(wc -l < "$out")" 2
}

@test "nothing to check, an unknown name, a wrong option: said, and nobody is asked" {
  pool home
  provide
  check home nobody
  assert_refused
  assert_stderr_has 'keys.json: there is no key "nobody"; tcr-run keys list shows them'
  check --all home
  assert_refused
  assert_stderr_has '[-]-all and names exclude each other'
  for limit in 0 11m x -1 ''; do
    check --timeout="$limit"
    assert_refused
    assert_stderr_has 'is not a time limit; write 1s to 10m'
  done
  check --profile x
  assert_refused
  check --jsonn
  assert_refused
  tcr keys disable home
  check
  assert_refused 75
  assert_stderr_has 'all are disabled; --all checks those too'
  assert_asked ''
}

@test "what is refused or limited rests, as after a run; the others are left as they are" {
  pool wrong limited overloaded gone home
  answer home=ok limited=429:90 overloaded=529 gone=404
  provide
  check
  assert_status 1
  assert_equal "$(record wrong .last_class) $(rest_of wrong)" 'auth 3600'
  assert_between "$(rest_of limited)" 89 90
  assert_equal "$(record overloaded .failures)$(record gone .failures)$(record home .failures)" ''
  tcr -- client
  assert_used overloaded
  tcr log
  assert_stdout_has '"wrong": a check found that it was refused \(not authenticated\)'
  assert_stdout_has '"limited": a check found that it is being rate limited \(429\)'
}

@test "an organization's keys rest together for what one of them was told" {
  pool api:one api:two
  jq '.keys[].organization = "acme"' "$keys" | keyfile "$keys.new"
  mv "$keys.new" "$keys"
  answer one=429:90
  provide
  check one
  tcr -- client
  assert_refused 75
}

@test "the policy of the key file counts" {
  pool wrong home
  jq '.policy = {"cooldown": {"auth": "2h"}}' "$keys" | keyfile "$keys.new"
  mv "$keys.new" "$keys"
  provide
  check wrong
  assert_equal "$(rest_of wrong)" 7200
}

@test "a valid answer ends a rest for auth, and no other" {
  pool home work
  fails home auth
  fails work limit
  tcr -- client
  works home work
  answer home=ok work=ok
  provide
  check
  assert_status 0
  assert_equal "$(record home '.cooldowns | length')" 0
  assert_equal "$(record work '.cooldowns[0].class')" limit
  fresh -- client
  assert_used home
}

@test "no connection, no answer in time, a closed connection: unreachable, and no key rests" {
  pool home slow dropped
  answer home=ok slow=slow:20 dropped=drop
  provide
  check --timeout 1
  assert_status 1
  says home valid
  says slow unreachable 'no answer within 1 s'
  says dropped unreachable 'Empty reply from server'
  assert_ms "$took" 900 4000
  kill "$provider"
  provider=
  check
  assert_status 1
  says home unreachable "Failed to connect to 127.0.0.1 port $port"
  assert_equal "$(record home .failures)" ''
  extra_env=(ANTHROPIC_BASE_URL=http://no..name)
  check home
  says home unreachable 'Could not resolve host'
}

@test "a base URL that is none is said without its value" {
  pool home
  extra_env=(ANTHROPIC_BASE_URL=file:///etc/hostname)
  check
  assert_status 1
  says home unchecked 'ANTHROPIC_BASE_URL does not begin with http:// or https://'
  extra_env=(ANTHROPIC_BASE_URL=user:password@host)
  check
  ! grep -r password "$out" "$err" || fail "the value is shown"
}

@test "a page instead of an answer is no valid key" {
  pool home
  answer home=page
  provide
  check
  assert_status 1
  says home unchecked 'the answer \(200\) says nothing of the key; is ANTHROPIC_BASE_URL right\?'
}

@test "a redirection is not followed" {
  pool home
  answer home=redirect:/elsewhere
  provide
  check
  assert_status 1
  says home unchecked 'redirected elsewhere \(302\), where no key is sent; correct ANTHROPIC_BASE_URL'
  assert_equal "$(wc -l < "$asked")" 1
}

@test "twenty keys take as long as one, and a hundred are too many for nobody" {
  pool $(seq -f k%.0f 20)
  answer $(seq -f k%.0f=slow:0.3 20)
  provide
  check
  assert_status 0
  assert_ms "$took" 300 2000
  pool $(seq -f k%.0f 100)
  answer $(seq -f k%.0f=slow:0.1 100)
  rm "$asked"
  check
  assert_status 0
  assert_equal "$(jq -r .name "$asked" | sort -u | wc -l)" 100
}

@test "a long answer is an answer" {
  pool home
  answer home=big
  provide
  check
  assert_status 0
}

@test "a token gets into no output, argument or environment" {
  pool slow quote api:quoted api:late
  echo '{"name": "c", "kind": "cursor", "token": "key_FAKE-basic-0001"}' > "$scratch/entry"
  jq --slurpfile entry "$scratch/entry" '.keys += $entry' "$keys" | keyfile "$keys.new"
  mv "$keys.new" "$keys"
  answer slow=slow:1.5 quote=quote quoted=quote late=quote:220 basic=quote
  provide
  extra_env+=("CURSOR_API_BASE_URL=http://127.0.0.1:$port")
  tcr_background keys check --json
  eventually test -s "$asked"
  for file in cmdline environ; do
    ! grep -asE "$A_TOKEN" "/proc/$pid/$file" /dev/null || fail "a token in $file"
  done
  await
  assert_status 1
  for name in quote quoted late c; do
    assert_equal "$(of $name .reason)" 'not authenticated (401)'
  done
  assert_no_stderr
}

@test "Ctrl-C ends a check at once" {
  pool slow
  answer slow=slow:20
  provide
  tcr_background keys check
  eventually test -s "$asked"
  kill -INT "$pid"
  await
  assert_status 130
  assert_ms "$took" 0 1000
  assert_no_stdout
}

@test "progress is shown to a person, and gone in the end" {
  pool home slow
  answer home=ok slow=slow:0.5
  provide
  person see:'tcr-run: checking keys: 1 of 2' see:'valid' -- keys check
  assert_status 0
  tr '\r' '\n' < "$out" | grep -q '^NAME ' || fail "the table stands behind something"
}

@test "token commands, files and logins are asked about with what they give" {
  mkdir -m 700 "$home/one" "$home/old" "$home/none"
  (umask 077
    echo "{\"claudeAiOauth\": {\"accessToken\": \"$(token login)\", \"expiresAt\": 4102444800000}}" > "$home/one/.credentials.json"
    echo "{\"claudeAiOauth\": {\"accessToken\": \"$(token login)\", \"expiresAt\": 1500000000000}}" > "$home/old/.credentials.json"
    echo '{}' > "$home/none/.credentials.json"
    token filed > "$config/token")
  keyfile << END
{"keys": [{"name": "command", "token_command": ["echo", "$(token told)"]}, {"name": "fails", "token_command": ["false"]},
  {"name": "filed", "token_file": "token"}, {"name": "lost", "token_file": "nowhere"},
  {"name": "login", "config_dir": "~/one"}, {"name": "old", "config_dir": "~/old"},
  {"name": "none", "config_dir": "~/none"}, {"name": "gone", "config_dir": "~/gone"}]}
END
  answer told=ok filed=ok login=ok
  provide
  check
  assert_status 1
  says command valid
  says fails unchecked 'token_command "false" exited with status 1'
  says filed valid
  says lost unchecked 'its token cannot be read'
  says login valid
  says old unchecked 'the access token of its login has expired; Claude Code gets a new one when it runs'
  says none unchecked 'holds no login of Claude Code'
  says gone unchecked '/gone/.credentials.json: No such file'
  assert_asked 'filed login told'
}

@test "keys in the environment are checked too" {
  answer home=ok:org-1 ci=ok:org-1
  provide
  extra_env+=("TCR_KEYS=$(token home)" "TCR_MASTER_KEY=$(token api:ci)")
  check
  assert_status 0
  assert_asked 'ci home'
  assert_no_stderr
}

@test "without libcurl nothing is asked, and how to get it is said" {
  needs_shared_libraries "libcurl of the system's"
  pool home
  provide
  mkdir "$scratch/lib"
  for name in libcurl.so.4 libcurl-gnutls.so.4; do
    echo 'not a library' > "$scratch/lib/$name"
  done
  extra_env+=("LD_LIBRARY_PATH=$scratch/lib")
  check
  assert_refused
  assert_stderr_has 'needs libcurl, but .* missing or unusable(;|$)'
  assert_stderr_has 'apt-get install libcurl4$'
  tcr --preflight -- client
  assert_refused
  assert_stderr_has 'apt-get install libcurl4$'
  tcr -- client
  assert_status 0
}
