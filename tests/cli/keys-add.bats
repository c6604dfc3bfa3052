# tcr-run keys add
load keys-helpers

@test "the first key: file and folder are made for their owner alone, whatever the umask" {
  rm -rf "$home/.config"
  umask 000
  add home
  assert_mode 600 "$keys"
  assert_mode 600 "$keys.lock"
  assert_mode 700 "$config"
  assert_mode 700 "$home/.config"
  assert_equal "$(in_file 'del(.keys[0].added)')" '{"version":1,"keys":[{"name":"home","token":"sk-ant-oat01-FAKE-home-0001"}]}'
  assert_stderr_has "^tcr-run: $keys: added \"home\" \\(oauth, sk-ant-oat01-…0001\\)\$"
  assert_no_stdout
  tcr -- client
  assert_used home
}

@test "the file that --keys or TCR_KEYS_FILE names" {
  hand "$(token a)" tcr keys add a --keys "$scratch/new/deep/file.json"
  assert_status 0
  assert_mode 700 "$scratch/new"
  assert_mode 600 "$scratch/new/deep/file.json"
  extra_env=("TCR_KEYS_FILE=$scratch/new/deep/file.json")
  add b
  assert_equal "$(names "$scratch/new/deep/file.json")" 'a b'
  hand "$(token c)" tcr keys add c -f here.json
  assert_equal "$(names here.json)" c
  [ ! -e "$keys" ]
}

@test "every option has its field, in an order for people" {
  add home --organization acme --priority -2 --expires 2999-01-31
  assert_equal "$(in_file '.keys[0]')" \
    '{"name":"home","token":"sk-ant-oat01-FAKE-home-0001","organization":"acme","priority":-2,"expires":"2999-01-31"}'
  add api:billing --master --at-most 20/day
  assert_equal "$(in_file .master)" '{"name":"billing","token":"sk-ant-api03-FAKE-billing-0001","at_most":"20/day"}'
  assert_stderr_has 'as the master key, which is billed'
  hand 'FAKE of another kind' tcr keys add x --kind openai
  assert_status 125
  hand 'FAKE-of-another-kind' tcr keys add x --kind openai
  assert_equal "$(in_file '.keys[1]')" '{"name":"x","token":"FAKE-of-another-kind","kind":"openai"}'
  hand 'FAKE-of-any-kind' tcr keys add y --kind env:MY_TOKEN
  assert_equal "$(in_file '.keys[2].kind')" '{"env":"MY_TOKEN"}'
  fails home
  tcr -- client
  assert_used 'home billing'
}

@test "a setup token gets the time it was added, another does not, nor one whose end is told" {
  add home
  assert_between "$(in_file '.keys[0].added')" $(($(date +%s) - 20)) "$(date +%s)"
  add api:ci
  add work --expires 90d
  assert_equal "$(in_file '[.keys[1:][].added]')" '[null,null]'
  assert_between "$(in_file '.keys[2].expires')" $(($(date +%s) + 90 * 86400 - 20)) $(($(date +%s) + 90 * 86400))
}

@test "--expires: a day, a length of time, seconds; nothing else, and not what is over" {
  add a --expires 4102444800
  assert_equal "$(in_file '.keys[0].expires')" 4102444800
  while read -r when; do
    hand "$(token b)" unchanged tcr keys add b --expires "$when"
    assert_status 125
    assert_stderr_has "keys add: --expires: expected a .*found \"$when\""
  done <<'END'
2020-01-31
1600000000
2027-02-30
4102444800000
90
tomorrow
4102444800x1
-4102444800
1d1d
2027-1-1
999999999999999999999
END
  hand "$(token b)" unchanged tcr keys add b --expires ''
  assert_status 125
}

@test "the token is the first line; the rest of standard input is left alone" {
  hand "$(token home)
$(token other)" tcr keys add home
  assert_equal "$(in_file '.keys[0].token')" "\"$(token home)\""
  hand "$(token work)"$'\r\n' tcr keys add work
  assert_equal "$(in_file '.keys[1].token')" "\"$(token work)\""
}

@test "a token with a line break inside is not taken for a whole one" {
  hand $'sk-ant-oat01-FAKE-half\nFAKE-half2-0001\n' tcr keys add home
  assert_status 125
  assert_stderr_has 'a second line follows that may be its second half'
  [ ! -e "$keys" ]
  hand "$(token home)"$'\nlogin: me\nurl: https://x\n' tcr keys add home
  assert_status 0
  hand "  $(token work)" tcr keys add work
  assert_status 0
  hand 'export CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-FAKE-x-0001' tcr keys add x
  assert_status 125
  assert_stderr_has 'only the part behind the = is the token'
}

@test "--base-url, --plain-http" {
  hand FAKE-proxy-0001 tcr keys add proxy --kind bearer --base-url https://Proxy.corp/
  assert_status 0
  assert_equal "$(in_file '.keys[0] | [.kind, .base_url]')" '["bearer","https://Proxy.corp/"]'
  hand FAKE-proxy-0001 tcr keys add again --kind bearer --base-url https://proxy.corp/other
  assert_status 0
  hand FAKE-plain-0001 unchanged tcr keys add plain --kind bearer --base-url http://proxy.corp
  assert_status 125
  assert_stderr_has 'base_url: would send the key unencrypted'
  hand FAKE-plain-0001 tcr keys add plain --kind bearer --base-url http://proxy.corp --plain-http
  assert_status 0
  hand FAKE-x-0001 unchanged tcr keys add x --kind env:MY_KEY --base-url https://proxy.corp
  assert_status 125
  assert_stderr_has 'no variable is known for the address of this kind'
}

@test "a token in the arguments is refused, not repeated, and the file stays as it is" {
  pool a
  token=$(token home)
  while read -r words; do
    read -ra list <<< "${words//TOKEN/$token}"
    hand "$(token b)" unchanged tcr "${list[@]}"
    assert_refused
    assert_stderr_has 'never taken from the command line'
  done <<'END'
keys add TOKEN
keys add b TOKEN
keys add b --token TOKEN
keys add b --token=TOKEN
keys add b --token
keys add b --organization TOKEN
keys add b --token-command echo TOKEN
keys add b --token-file TOKEN
keys rename a TOKEN
keys remove TOKEN
keys import TOKEN
keys TOKEN
END
  # Where it only might be one, it is not repeated either.
  hand "$(token b)" unchanged tcr keys add b SOMETHING
  assert_refused
  refute_stderr_has SOMETHING
  assert_stderr_has 'a token is never one of them'
}

@test "a file whose name only begins like a token is a file" {
  pool a
  cp "$keys" sk-ant-keys.json
  add b --keys sk-ant-keys.json
  assert_equal "$(names sk-ant-keys.json)" 'a b'
}

@test "a name or a token that is there already" {
  pool home api:ci --master api:billing
  while read -r name token; do
    hand "$(token "$token")" unchanged tcr keys add "$name"
    assert_refused
    assert_stderr_has "^tcr-run: $keys: .*already"
  done <<'END'
home new
ci new
billing new
new home
new api:ci
new api:billing
END
  hand "$(token new)" unchanged tcr keys add new --master
  assert_refused
  assert_stderr_has 'master key already; first: tcr-run keys remove billing'
}

@test "names are checked before a token is asked for" {
  pool home
  # Nobody answers: it must not get that far.
  for name in home 'a,b' 'a"b' '' "$(printf '%070d' 0)"; do
    person -- keys add "$name"
    assert_status 125
    assert_stdout_has '^tcr-run: '
  done
  person -- keys add x --priority high
  assert_status 125
  person -- keys add x --master --at-most often
  assert_status 125
  assert_stdout_has 'keys add: at_most: expected a limit such as "20/day"'
}

@test "mistakes in the options, each with what was expected" {
  pool home
  while IFS='|' read -r words pattern; do
    read -ra list <<< "$words"
    hand "$(token new)" unchanged tcr keys add "${list[@]}"
    assert_refused
    assert_stderr_has "$pattern"
  done <<'END'
|expected one word, found 0
x y|expected one word, found 2
x --priority 1.5|--priority: expected a whole number.*found "1.5"
x --priority 99999999999|--priority: expected a whole number
x --kind claude|--kind: expected oauth, api, bearer, openai, cursor or env:VARIABLE, found "claude"
x --kind env:1X|--kind: expected oauth
x --kind api|begins like one of kind oauth; leave out --kind api
x --at-most 5/day|--at-most limits the master key alone
x --master --at-most 5/year|at_most: expected a limit such as "20/day"
x --token-file a --config-dir b|at most one of --token-command, --token-file, --keychain and --config-dir
x --token-file a --token-command b|at most one of
x --token-command|--token-command needs a command
x --kind api --config-dir .|leave --kind out
x --profile p|--profile has no meaning here
x --wrong|unknown option --wrong
x --priority|--priority needs a value
x --master=yes|--master takes no value
END
}

@test "a token of no known kind, an empty one, none" {
  pool home
  hand 'FAKE-unknown' unchanged tcr keys add x
  assert_refused
  assert_stderr_has 'unknown kind of token.*add --kind oauth, api, bearer, openai, cursor or env:VARIABLE$'
  refute_stderr_has FAKE
  hand '' unchanged tcr keys add x
  assert_refused
  assert_stderr_has 'first line of standard input'
  hand $'\n' unchanged tcr keys add x
  assert_refused
  assert_stderr_has 'the token is empty'
  hand 'sk-ant-oat01-FAKE-x 0001' unchanged tcr keys add x
  assert_refused
  assert_stderr_has 'white space'
  # Standard input that is closed is one without a token.
  within "$TCR_RUN" keys add x <&- > "$out" 2> "$err" || status=$?
  assert_status 125
}

@test "--token-command takes the rest of the line, and is not run" {
  tcr keys add b --priority 3 --token-command sh -c 'touch ran; echo --keys "$1"' -- --master
  assert_status 0
  assert_equal "$(in_file '.keys[0]')" \
    '{"name":"b","token_command":["sh","-c","touch ran; echo --keys \"$1\"","--","--master"],"priority":3}'
  [ ! -e ran ]
  tcr keys add c --token-command sh -c 'touch ran; echo --keys "$1"' -- --master
  assert_refused
  assert_stderr_has 'the secret of "b" already'
}

@test "--token-command: what follows is its own, also what tcr-run would know" {
  tcr keys add b --token-command tool -h --help --passphrase-fd 99 --profile x --keys y
  assert_status 0
  assert_no_stdout
  assert_equal "$(in_file '.keys[0].token_command | length')" 9
}

@test "--token-file: read and judged, kept as an absolute path" {
  mkdir -m 700 secrets
  (umask 077; token b > secrets/b; echo FAKE-other > secrets/other; echo 'two words' > secrets/words)
  (umask 022; token c > secrets/loose)
  tcr keys add b --token-file secrets/b
  assert_status 0
  assert_equal "$(in_file '.keys[0]')" "{\"name\":\"b\",\"token_file\":\"$PWD/secrets/b\"}"
  cd /
  tcr -- client
  assert_used b
  cd "$scratch/work"
  while IFS='|' read -r file pattern; do
    unchanged tcr keys add x --token-file "$file"
    assert_status 125
    assert_stderr_has "$pattern"
  done <<'END'
secrets/loose|mode 0644.*chmod 600
secrets/nowhere|secrets/nowhere: No such file
secrets/other|secrets/other: .*unknown kind of token
secrets/words|secrets/words: .*white space
secrets|folder
END
  tcr keys add x --token-file secrets/other --kind openai
  assert_status 0
  assert_equal "$(in_file '.keys[1].kind')" '"openai"'
}

@test "--config-dir: a folder, with a hint if nobody has logged in there" {
  mkdir team
  tcr keys add team --config-dir team
  assert_status 0
  assert_stderr_has "nobody has logged in there yet; CLAUDE_CONFIG_DIR=$PWD/team claude, then /login"
  assert_equal "$(in_file '.keys[0]')" "{\"name\":\"team\",\"config_dir\":\"$PWD/team\"}"
  mkdir other && touch other/.credentials.json file
  tcr keys add other --config-dir "$PWD/other"
  assert_status 0
  refute_stderr_has 'nobody has logged in'
  for wrong in nowhere file; do
    unchanged tcr keys add x --config-dir $wrong
    assert_status 125
    assert_stderr_has "keys add: $wrong: No"
  done
}

@test "unknown fields and the order of all stay" {
  echo '{"later": {"b": 1, "a": [true, null, 1.5]}, "keys": [{"zeta": "é\n", "name": "home", "token": "'"$(token home)"'", "alpha": {}}], "$schema": "x"}' | keyfile
  before=$(in_file .)
  add work
  assert_equal "$(in_file 'del(.keys[1])')" "$before"
  assert_equal "$(in_file '.keys[1].name')" '"work"'
  [ "$(wc -l < "$keys")" -gt 10 ] || fail "it is not indented"
  tcr keys remove work
  assert_equal "$(in_file .)" "$before"
}

@test "an empty file and one without keys get their first key; no run could use them before" {
  (umask 077; : > "$keys")
  add a
  assert_equal "$(names)" a
  echo '{"keys": [], "later": 1}' | keyfile
  add b
  assert_equal "$(in_file '[.keys[0].name, .later]')" '["b",1]'
  echo '{}' | keyfile
  add api:c --master
  assert_equal "$(in_file .master.name)" '"c"'
}

@test "a file with a mistake is not touched" {
  while IFS='|' read -r text pattern; do
    echo "$text" | keyfile
    hand "$(token x)" unchanged tcr keys add x
    assert_refused
    assert_stderr_has "$pattern"
  done <<END
{"keys": [|line 1
{"keys": {}}|expected
[]|expected an object
{"keys": [$(entry a '"priority": "x"')]}|keys\[0\].priority
{"version": 2, "keys": [$(entry a)]}|newer
{"keys": [], "master": "x"}|master: expected an object
END
}

@test "a file that others can read is not touched; nor one in a folder that others can write" {
  pool home
  chmod 644 "$keys"
  hand "$(token x)" unchanged tcr keys add x
  assert_refused
  assert_stderr_has 'chmod 600'
  rm "$keys"
  chmod 777 "$config"
  hand "$(token x)" tcr keys add x
  assert_refused
  assert_stderr_has "chmod go-w $config"
  [ ! -e "$keys" ]
}

@test "a symbolic link stays one: the file it points to is changed" {
  mkdir -m 700 dotfiles
  pool home
  mv "$keys" dotfiles/keys.json
  ln -s "$PWD/dotfiles/keys.json" "$keys"
  add work
  [ -L "$keys" ]
  assert_equal "$(names dotfiles/keys.json)" 'home work'
  assert_equal "$(ls dotfiles | paste -sd ' ')" 'keys.json keys.json.lock'
  rm dotfiles/keys.json
  hand "$(token x)" tcr keys add x
  assert_refused
  assert_stderr_has 'symbolic link to a file that is not there'
  [ -L "$keys" ]
}

@test "two at once lose nothing" {
  pool home
  for i in $(seq 24); do
    (token "n$i" | within "$TCR_RUN" keys add "n$i" 2> "$scratch/stderr.$i" || echo "$i failed" >> "$scratch/failed") &
  done
  wait
  [ ! -e "$scratch/failed" ] || fail "$(cat "$scratch"/failed "$scratch"/stderr.*)"
  assert_equal "$(in_file '[.keys[].name] | sort | unique | length')" 25
  assert_mode 600 "$keys"
}

@test "somebody else's lock is waited for; one that is held for long is named" {
  pool home
  flock "$keys.lock" sleep 1 &
  eventually sh -c "! flock -n '$keys.lock' true"
  add work
  assert_ms "$took" 300 5000
  wait
  (exec 9> "$keys.lock" && flock 9 && exec sleep 30 3>&-) &
  holder=$!
  eventually sh -c "! flock -n '$keys.lock' true"
  hand "$(token x)" unchanged tcr keys add x
  assert_refused
  assert_stderr_has 'another tcr-run keys'
  kill "$holder"
}

@test "what was in the environment until now is said to be hidden" {
  extra_env=("CLAUDE_CODE_OAUTH_TOKEN=$(token old)")
  add home
  assert_stderr_has "runs no longer use the environment's keys"
  assert_stderr_has 'to add those to the file: env \| tcr-run keys import -$'
  add work
  refute_stderr_has 'no longer use'
}

@test "no space: the old file stands, and says so" {
  need_root
  mkdir -m 700 small
  mount -t tmpfs -o size=16k,mode=700 none small || skip "cannot mount"
  pool home
  cp "$keys" small/keys.json
  head -c 8192 /dev/zero > small/filler
  head -c 100000 /dev/zero >> small/filler 2> /dev/null || true
  keys=$PWD/small/keys.json
  hand "$(token x)" unchanged tcr keys add x --keys "$keys"
  umount_status=$status
  left=$(ls small | paste -sd ' ')
  umount small
  assert_equal "$umount_status" 125
  assert_stderr_has 'No space left'
  case $left in *.tmp*) fail "left: $left" ;; esac
}
