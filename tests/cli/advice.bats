# What a message proposes: the word that was meant, and command lines that can be pasted as they stand.
load keys-helpers

# In each: ARGUMENTS | what is said.
said() {
  local arguments expected
  while IFS='|' read -r arguments expected; do
    eval "tcr $arguments"
    assert_refused
    assert_stderr_has "$expected"
  done
}

@test "the nearest key, profile and class" {
  echo "{\"keys\": [$(entry home), $(entry work), {\"token\": \"$(token c)\"}], \"master\": $(entry api:billing),
    \"profiles\": {\"cheap\": {\"keys\": [\"home\"]}, \"b b\": {}}}" | keyfile
  said << 'END'
--key hme -- client|there is no key "hme"; did you mean "home"\?$
--key biling -- client|there is no key "biling"; did you mean "billing"\?$
--key nobody -- client|there is no key "nobody"; tcr-run keys list shows them$
explain --key hme -- client|did you mean "home"\?$
reset hoem|there is no key "hoem"; did you mean "home"\?$
keys show wrok|did you mean "work"\?$
keys check wrok|did you mean "work"\?$
keys remove wrok|did you mean "work"\?$
keys rename kye3 x|did you mean "key3"\?$
keys disable billin|did you mean "billing"\?$
keys set hom --priority 1|did you mean "home"\?$
--profile cheep -- client|there is no profile "cheep"; did you mean "cheap"\?$
--profile expensive -- client|there is no profile "expensive"; there are: cheap, b b$
--retry-on limt -- client|--retry-on: unknown class "limt"; did you mean "limit"\?$
--retry-on foo -- client|unknown class "foo"; the classes are limit, throttled, .*network$
--marker atuh=x -- client|--marker: unknown class "atuh"; did you mean "auth"\?$
--marker foo -- client|"foo" is not CLASS=REGEX, such as 'limit=\^quota'$
--exit-class 3=severe -- client|--exit-class: unknown class "severe"; did you mean "server"\?$
--exit-class three -- client|is not CODE=CLASS with a code from 1 to 255, such as 3=limit$
--cooldown autth=5 -- client|unknown class "autth"; did you mean "auth"\?$
END
  echo "{\"keys\": [$(entry home)]}" | keyfile
  said <<< '--profile x -- client|there is no profile "x", nor any other; "profiles" in tcr-keys\(5\)'
  echo "{\"keys\": [$(entry home)], \"profiles\": {\"p\": {\"keys\": [\"hoem\"]}}}" | keyfile
  said <<< '-- client|profiles\.p\.keys: there is no key "hoem"; did you mean "home"\?$'
}

# Runs what stands behind the last "PROPOSAL" of the message, as a shell would.
follow() {
  local line
  line=$(sentences "$err" | sed -n "s/.*$1//p" | tail -n 1)
  [ -n "$line" ] || fail "no proposal: $(cat "$err")"
  (export HOME=$home; sh -c "${line//tcr-run/$TCR_RUN}")
}

@test "a key file that is not there, at a path with a blank: the proposal makes it" {
  tcr -f "$scratch/my keys.json" -- client
  assert_refused
  assert_stderr_has "there is no such file; to make the file: tcr-run keys add NAME -f '$scratch/my keys.json'$"
  token new | follow 'to make the file: '
  tcr -f "$scratch/my keys.json" keys list
  assert_status 0
  tcr -f "$scratch/other keys.json" keys remove x
  assert_stderr_has "to make it: tcr-run keys add NAME -f '$scratch/other keys.json'$"
  pool work
  tcr --keys work -- client
  assert_refused
  assert_stderr_has "work: there is no such file; to use a key of that name: --key work; to make the file: tcr-run keys add NAME -f "
}

@test "modes and owners of files with blanks: the proposal is a command" {
  pool home
  mkdir -m 700 "$scratch/a b"
  cp "$keys" "$scratch/a b/it's"
  chmod 644 "$scratch/a b/it's"
  tcr -f "$scratch/a b/it's" -- client
  assert_refused
  follow 'fix: '
  tcr -f "$scratch/a b/it's" -- client
  assert_status 0
  chmod 777 "$scratch/a b"
  tcr -f "$scratch/a b/it's" -- client
  assert_status 125
  follow 'fix: '
  tcr -f "$scratch/a b/it's" -- client
  assert_status 0
}

@test "names with blanks in what is to be pasted" {
  echo "{\"keys\": [{\"name\": \"my key\", \"disabled\": true, \"token\": \"$(token my)\"}]}" | keyfile
  tcr -- client
  assert_status 75
  assert_stderr_has "^tcr-run: to use a disabled key again: tcr-run keys enable 'my key'$"
  follow 'again: '
  fails my auth
  tcr -- client
  assert_status 1
  tcr doctor
  assert_stdout_has "then tcr-run reset 'my key'$"
  tcr './no such program' 'two words'
  assert_stderr_has "did you mean: tcr-run -- './no such program' 'two words'$"
}

@test "no key of the kind that is asked for" {
  pool home
  tcr --kind openai -- client
  assert_status 75
  assert_stderr_has '^tcr-run: to add such a key: tcr-run keys add NAME --kind openai$'
  tcr --kind MY_TOKEN -- client
  assert_stderr_has '^tcr-run: to add such a key: tcr-run keys add NAME --kind env:MY_TOKEN$'
  openai one | tcr_piped keys add p --kind openai
  tcr --kind anthropic --no-master --profile '' -- client || true
  tcr keys remove home
  tcr -- env
  assert_status 0
  tcr --client claude -- client
  assert_status 75
  assert_stderr_has '^tcr-run: to add such a key: tcr-run keys add NAME$'
}

@test "a key whose token cannot be had, and --key: nothing is said of the others" {
  pool home work
  tcr keys add x --token-command nosuchprogram a
  assert_status 0
  assert_stderr_has '^tcr-run: warning: --token-command: there is no program "nosuchprogram" now$'
  tcr --key x -- client
  assert_status 75
  assert_stderr_has '^tcr-run: no key can be used: "x" has no usable token \(see above\)$'
}

@test "keys in the environment that a key file hides" {
  pool home
  extra_env=("TCR_KEYS=env1=$(token env1)")
  tcr -v -- client
  assert_stderr_has '^tcr-run: TCR_KEYS is set, but not used: the key file wins$'
  tcr doctor
  assert_stdout_has "^warn  environment +— TCR_KEYS is set, but not used: $keys wins; unset it, "
  rm "$keys"
  tcr -v -- client
  assert_stderr_has '1 keys? from the environment$'
  ! grep 'not used' "$err"
}

@test "a token typed at a terminal that may lack its end" {
  person see:'Token of "home" (not shown): ' echo:off type:"$(token home)\n" -- keys add home
  assert_status 0
  assert_stdout_has 'warning: the token has 27 characters, such tokens have 108: is it whole\?'
  whole=sk-ant-oat01-FAKE-whole-0001$(printf 'x%.0s' {1..80})
  person see:'Token of "work" (not shown): ' echo:off type:"$whole\n" -- keys add work
  assert_status 0
  ! grep 'is it whole' "$out"
}
