# Keys with an address: where each goes, and what the command gets with it.
load keys-helpers

shows='for v in ANTHROPIC_AUTH_TOKEN ANTHROPIC_API_KEY CLAUDE_CODE_OAUTH_TOKEN ANTHROPIC_BASE_URL ANTHROPIC_MODEL \
  OPENAI_API_KEY OPENAI_BASE_URL; do
  eval "[ -z \"\${$v+x}\" ] || echo $v=\$$v"
done'
PROXY_TOKEN=FAKE-proxy-0001

# pool_of JSON...: these keys.
pool_of() {
  local IFS=,
  (umask 077 && printf '{"keys":[%s]}' "$*" > "$keys")
  prints_tokens=yes
}

proxy='{"name":"proxy","token":"FAKE-proxy-0001","kind":"bearer","base_url":"https://proxy.corp/","env":{"ANTHROPIC_MODEL":"glm-4.6"}}'
own="{\"name\":\"own\",\"token\":\"$(printf sk-ant-api03-FAKE-own-0001)\"}"

@test "a key's address and variables go with it" {
  pool_of "$proxy" "$own"
  tcr -k proxy -- sh -c "$shows"
  assert_stdout "ANTHROPIC_AUTH_TOKEN=$PROXY_TOKEN
ANTHROPIC_BASE_URL=https://proxy.corp
ANTHROPIC_MODEL=glm-4.6"
  extra_env=(ANTHROPIC_MODEL=mine ANTHROPIC_BASE_URL=https://elsewhere.example)
  tcr -k proxy -- sh -c "$shows"
  assert_stdout "ANTHROPIC_AUTH_TOKEN=$PROXY_TOKEN
ANTHROPIC_BASE_URL=https://proxy.corp
ANTHROPIC_MODEL=glm-4.6"
}

@test "with a key that has an address, Claude Code asks nobody else with it; what the user set is left alone" {
  local shows_quiet='echo "${CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC-unset}"'
  pool_of "$proxy" "$own" "{\"name\":\"third\",\"token\":\"sk-ant-api03-FAKE-third-0001\",\"base_url\":\"https://third.example\"}"
  tcr -k third -- sh -c "$shows_quiet"
  assert_stdout 1
  tcr -k own -- sh -c "$shows_quiet"
  assert_stdout unset
  tcr -k proxy -- sh -c "$shows_quiet"
  assert_stdout unset # a bearer token goes to its address alone
  extra_env=(CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=)
  tcr -k third -- sh -c "$shows_quiet"
  assert_stdout ""
}

@test "an address in the environment holds for a key without one" {
  pool_of "$proxy" "$own"
  extra_env=(ANTHROPIC_MODEL=mine ANTHROPIC_BASE_URL=https://elsewhere.example/)
  tcr -k own -- sh -c "$shows"
  assert_stdout "ANTHROPIC_API_KEY=sk-ant-api03-FAKE-own-0001
ANTHROPIC_BASE_URL=https://elsewhere.example/
ANTHROPIC_MODEL=mine"
}

@test "a key does not go to an address that was set for the token beside it" {
  pool_of "$proxy" "$own"
  for token in ANTHROPIC_AUTH_TOKEN=FAKE-other-0001 ANTHROPIC_API_KEY=sk-ant-api03-FAKE-other-0001; do
    extra_env=("$token" ANTHROPIC_BASE_URL=https://elsewhere.example)
    tcr -k own -- sh -c "$shows"
    assert_stdout "ANTHROPIC_API_KEY=sk-ant-api03-FAKE-own-0001"
  done
  extra_env=(ANTHROPIC_API_KEY=sk-ant-api03-FAKE-own-0001 ANTHROPIC_BASE_URL=https://elsewhere.example)
  tcr -k own -- sh -c "$shows"
  assert_stdout "ANTHROPIC_API_KEY=sk-ant-api03-FAKE-own-0001
ANTHROPIC_BASE_URL=https://elsewhere.example"
}

@test "a key of its provider's address goes there, whatever the environment says" {
  pool_of "{\"name\":\"own\",\"token\":\"sk-ant-api03-FAKE-own-0001\",\"base_url\":\"https://api.anthropic.com/\"}"
  extra_env=(ANTHROPIC_BASE_URL=https://elsewhere.example)
  tcr -- sh -c "$shows"
  assert_stdout "ANTHROPIC_API_KEY=sk-ant-api03-FAKE-own-0001"
}

@test "a failover takes the next key's address and variables, and leaves those of the first" {
  pool_of "$proxy" "$own"
  extra_env=(OPENAI_BASE_URL=https://untouched.example)
  tcr --marker 'limit=^used up$' -- sh -c "$shows"' >> '"$scratch/seen"'
    [ -z "$ANTHROPIC_AUTH_TOKEN" ] || { echo used up; exit 1; }'
  assert_status 0
  assert_equal "$(cat "$scratch/seen")" "ANTHROPIC_AUTH_TOKEN=$PROXY_TOKEN
ANTHROPIC_BASE_URL=https://proxy.corp
ANTHROPIC_MODEL=glm-4.6
OPENAI_BASE_URL=https://untouched.example
ANTHROPIC_API_KEY=sk-ant-api03-FAKE-own-0001
OPENAI_BASE_URL=https://untouched.example"
}

@test "keys of two kinds that go to two addresses are not handed over together" {
  pool_of "{\"name\":\"proxy\",\"token\":\"$PROXY_TOKEN\",\"kind\":\"bearer\",\"base_url\":\"https://proxy.corp\"}" "$own" \
    '{"name":"o","token":"sk-FAKE-openai-0001","kind":"openai","base_url":"https://o.example/v1"}'
  tcr --kind bearer,api,openai -- sh -c "$shows"
  assert_stdout "ANTHROPIC_AUTH_TOKEN=$PROXY_TOKEN
ANTHROPIC_BASE_URL=https://proxy.corp
OPENAI_API_KEY=sk-FAKE-openai-0001
OPENAI_BASE_URL=https://o.example/v1"
  assert_stderr_has 'warning: "own" is not handed over: ANTHROPIC_BASE_URL is that of "proxy"'
}

# The three of somebody behind a company's proxy who has a key of his own.
behind_proxy() {
  rm -f "$keys"
  prints_tokens=yes
  extra_env=(ANTHROPIC_BASE_URL=https://proxy.corp/ "ANTHROPIC_AUTH_TOKEN=$PROXY_TOKEN"
    CLAUDE_FALLBACK_API_KEY=sk-ant-api03-FAKE-own-0001 "$@")
}

@test "from the environment: the proxy's token first, then the fallback at its provider's address" {
  behind_proxy
  tcr --marker 'limit=^used up$' -- sh -c "$shows"' >> '"$scratch/seen"'
    [ -z "$ANTHROPIC_AUTH_TOKEN" ] || { echo used up; exit 1; }'
  assert_status 0
  assert_equal "$(cat "$scratch/seen")" "ANTHROPIC_AUTH_TOKEN=$PROXY_TOKEN
ANTHROPIC_BASE_URL=https://proxy.corp
ANTHROPIC_API_KEY=sk-ant-api03-FAKE-own-0001"
  assert_stderr_has 'using the master key "master", which is billed, at api.anthropic.com$'
}

@test "CLAUDE_FALLBACK_BASE_URL is the fallback's address, and goes to no command" {
  behind_proxy CLAUDE_FALLBACK_BASE_URL=https://own.example
  tcr -k master -- sh -c "$shows"'; echo "[$CLAUDE_FALLBACK_BASE_URL]"'
  assert_stdout 'ANTHROPIC_API_KEY=sk-ant-api03-FAKE-own-0001
ANTHROPIC_BASE_URL=https://own.example
[]'
}

@test "an API key beside an address is the first key, before a subscription's token" {
  rm -f "$keys"
  prints_tokens=yes
  extra_env=(ANTHROPIC_BASE_URL=https://proxy.corp ANTHROPIC_API_KEY=FAKE-proxy-0001 "CLAUDE_CODE_OAUTH_TOKEN=$(token own)")
  tcr -- sh -c "$shows"
  assert_stdout 'ANTHROPIC_API_KEY=FAKE-proxy-0001
ANTHROPIC_BASE_URL=https://proxy.corp'
  tcr -k key2 -- sh -c "$shows"
  assert_stdout "CLAUDE_CODE_OAUTH_TOKEN=$(token own)"
}

@test "OPENAI_API_KEY beside OPENAI_BASE_URL: the same" {
  rm -f "$keys"
  prints_tokens=yes
  extra_env=(OPENAI_BASE_URL=https://o.example/v1/ OPENAI_API_KEY=sk-FAKE-o-0001 OPENAI_API_KEYS=sk-FAKE-own-0001)
  tcr -- sh -c "$shows"
  assert_stdout 'OPENAI_API_KEY=sk-FAKE-o-0001
OPENAI_BASE_URL=https://o.example/v1'
  tcr -k key2 -- sh -c "$shows"
  assert_stdout 'OPENAI_API_KEY=sk-FAKE-own-0001'
}

@test "explain and -v say where a key goes; a warning where it may be meant to go elsewhere" {
  pool_of "$proxy" "$own"
  tcr explain -k proxy -- true
  assert_stdout_has '^"proxy" goes to https://proxy.corp \(its base_url\)$'
  tcr -v -k own -- true
  assert_stderr_has 'attempt 1 with "own" \(api\), to https://api.anthropic.com'
  extra_env=(ANTHROPIC_BASE_URL=https://elsewhere.example)
  tcr explain -k own -- true
  assert_stdout_has '^"own" goes to https://elsewhere.example \(ANTHROPIC_BASE_URL\)$'
  extra_env+=(ANTHROPIC_AUTH_TOKEN=FAKE-other-0001)
  tcr -k own -- true
  assert_stderr_has 'warning: "own" goes to https://api.anthropic.com, as ANTHROPIC_BASE_URL was set for ANTHROPIC_AUTH_TOKEN; to send it'
  tcr -k proxy -- true
  assert_no_stderr
  tcr doctor
  assert_stdout_has 'warn  environment .*"own" goes to https://api.anthropic.com, not to ANTHROPIC_BASE_URL, which was set for ANTHROPIC_AUTH_TOKEN'
}

@test "a password in an address is not shown by explain" {
  pool_of "$own"
  extra_env=(ANTHROPIC_BASE_URL=https://me:hunter2@proxy.corp)
  tcr explain -- true
  assert_stdout_has 'an address that cannot be read \(ANTHROPIC_BASE_URL\)'
  ! grep hunter2 "$out" || fail "a password was shown"
}

@test "an address that cannot be is refused with its place, and no password in it is shown" {
  pool_of '{"name":"a","token":"FAKE","kind":"bearer","base_url":"https://me:hunter2@proxy.corp"}'
  tcr -- true
  assert_status 125
  assert_stderr_has 'keys\[0\].base_url: has a user or a password in it.*; expected an address such as "https://proxy.example/anthropic"'
  refute_stderr_has hunter2
  pool_of '{"name":"a","token":"FAKE","kind":"bearer","base_url":"http://proxy.corp"}'
  tcr -- true
  assert_status 125
  assert_stderr_has 'would send the key unencrypted .*"plain_http": true'
  pool_of '{"name":"a","token":"FAKE","kind":"bearer","base_url":"http://proxy.corp","plain_http":true}'
  tcr -- true
  assert_status 0
}

@test "without keys: a variable that is set and empty is named" {
  rm -f "$keys"
  extra_env=(TCR_KEYS=)
  tcr -- true
  assert_status 75
  assert_stderr_has 'TCR_KEYS is set, but holds no key'
  extra_env=(ANTHROPIC_AUTH_TOKEN=FAKE-proxy-0001)
  tcr -- true
  assert_status 75
  assert_stderr_has 'ANTHROPIC_AUTH_TOKEN is a key only together with ANTHROPIC_BASE_URL'
}

@test "a home that means none is not made" {
  [ ! -e /nonexistent ] || skip "there is one"
  extra_env=(HOME=/nonexistent "TCR_KEYS=$(token a)")
  tcr -- client
  hand "$(token a)" tcr keys add a
  assert_status 125
  assert_stderr_has 'there is no home folder'
  [ ! -e /nonexistent ] || fail "it was made"
}
