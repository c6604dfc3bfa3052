# tcr-run keys list
load keys-helpers

# When it is the clock's turn: seconds from now.
in_seconds() {
  echo $(($(date +%s) + $1))
}

@test "what it shows, and what it does not" {
  echo "{\"keys\": [$(entry home '"organization": "acme"'), $(entry api:ci '"disabled": true'),
    {\"name\": \"vault\", \"token_command\": [\"false\"]}, {\"name\": \"team\", \"config_dir\": \"~/.claude-team\"}],
    \"master\": $(entry api:billing)}" | keyfile
  tcr keys list
  assert_status 0
  assert_no_stderr
  assert_equal "$(awk '{ print $1, $2, $3, $4, $5 }' "$out")" 'NAME KIND TOKEN ORGANIZATION STATE
home oauth sk-ant-oat01-…0001 acme ready
ci api sk-ant-api03-…0001 - disabled
vault ? (command) - ready
team login (login folder) -
billing master sk-ant-api03-…0001 - ready'
  ! grep -q FAKE "$out"
}

@test "--json" {
  echo "{\"keys\": [$(entry home "\"expires\": 4102444800, \"disabled\": true")], \"master\": $(entry api:billing '"priority": 3')}" | keyfile
  tcr keys list --json
  assert_equal "$(jq -c . "$out")" \
    '{"version":1,"keys":[{"name":"home","kind":"oauth","master":false,"token":"sk-ant-oat01-…0001","priority":0,"disabled":true,"ends":4102444800,"state":"disabled"},{"name":"billing","kind":"api","master":true,"token":"sk-ant-api03-…0001","priority":3,"disabled":false,"state":"ready"}]}'
  ! grep -q $'\t' "$out" || fail "tabs"
}

@test "names in other letters line up, and a narrow screen cuts them before the time" {
  echo "{\"keys\": [$(entry home), $(entry work), $(entry api:ci)]}" | sed 's/"name": "home"/"name": "müller"/
    s/"name": "work"/"name": "日本語キー日本語キー"/' | keyfile
  plays work "printf '%s\n' \"You've hit your session limit · resets 11pm (UTC)\"; exit 1"
  tcr -k 日本語キー日本語キー -- client
  tcr keys list
  "$PYTHON" - "$out" <<'END'
import sys, unicodedata
def width(text): return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
assert {width(line[:line.index("sk-")]) for line in lines[1:]} == {lines[0].index("TOKEN")}, lines
END
  for columns in 80 60 50; do
    extra_env=("COLUMNS=$columns")
    tcr keys list
    assert_between "$(LC_ALL=C.UTF-8 wc -L < "$out")" 20 "$columns"
    assert_stdout_has '^日本語.* until ([A-Z][a-z]+ [0-9]+ ([0-9]{4} )?)?[0-9]{2}:[0-9]{2}( |$)'
  done
}

@test "the end of a key is spoken of from 30 days before" {
  while IFS='|' read -r token fields pattern; do
    echo "{\"keys\": [$(entry "$token" "$(eval "echo \"$fields\"")"), $(entry other)]}" | keyfile
    tcr keys list
    assert_status 0
    if [ -n "$pattern" ]; then
      assert_stderr_has "^tcr-run: warning: $keys: keys\[0\]: \"${token#api:}\" $pattern"
      assert_equal "$(sentences "$err" | wc -l)" 1
    else
      assert_no_stderr
    fi
  done <<'END'
home|\"expires\": $(in_seconds $((31 * 86400)))|
home|\"expires\": $(in_seconds $((30 * 86400 - 60)))|ends on .* \(in 29d 23h\); get a new one with claude setup-token, then: tcr-run keys renew home
home|\"expires\": $(in_seconds 7230)|ends on .* \(in 2h\); get
home|\"expires\": $(in_seconds -5)|ended on ....-..-..; get
home|\"expires\": \"2020-01-31\"|ended on 2020-01-31;
api:ci|\"expires\": \"2020-01-31\"|ended on 2020-01-31; get a new one, then
home|\"expires\": \"2999-01-31\"|
home|\"added\": $(in_seconds 0)|
home|\"added\": $(in_seconds $((-330 * 86400)))|
home|\"added\": $(in_seconds $((-336 * 86400)))|ends on .* \(in 2[89]d
home|\"added\": $(in_seconds $((-400 * 86400)))|ended on
home|\"added\": $(in_seconds $((-400 * 86400))), \"expires\": \"2999-01-31\"|
home|\"added\": $(in_seconds $((-400 * 86400))), \"disabled\": true|
api:ci|\"added\": $(in_seconds $((-400 * 86400)))|
END
}

@test "the master's end is spoken of too" {
  echo "{\"keys\": [$(entry home)], \"master\": $(entry api:billing '"expires": "2020-01-31"')}" | keyfile
  tcr keys list
  assert_stderr_has 'master: "billing" ended on 2020-01-31'
}

@test "expires, added and refresh_token are known to every command, and judged" {
  echo "{\"keys\": [$(entry home '"expires": 4102444800, "added": "2026-01-31", "refresh_token": "FAKE"')]}" | keyfile
  tcr -- client
  assert_status 0
  assert_no_stderr
  while IFS='|' read -r field pattern; do
    echo "{\"keys\": [$(entry home "$field")]}" | keyfile
    fresh -- client
    assert_refused
    assert_stderr_has "keys\[0\]\.$pattern"
    refute_stderr_has SECRET
  done <<'END'
"expires": 1795132800000|expires: expected a date such as "2027-03-31" or seconds since 1970, found 1.79513e\+12
"expires": "31.3.2027"|expires: expected a date .*found "31.3.2027"
"expires": "2027-02-29"|expires: expected a date
"expires": 0|expires: expected a date .*found 0
"expires": null|expires: expected a date .*found null
"expires": [1]|expires: expected a date .*found an array
"added": true|added: expected a date .*found true
"added": "yesterday"|added: expected a date
"refresh_token": 5|refresh_token: expected a string, found a number
"refresh_token": ["SECRET"]|refresh_token: expected a string, found an array
END
}

@test "list takes no words" {
  pool a
  tcr keys list a
  assert_refused
  assert_stderr_has 'usage: tcr-run keys list'
}
