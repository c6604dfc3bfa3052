# tcr-run keys remove, rename, enable, disable
load keys-helpers

@test "remove: one, several, the master" {
  pool a b c d --master api:m
  tcr keys remove b
  assert_status 0
  assert_no_stdout
  assert_stderr_has "^tcr-run: $keys: removed \"b\"\$"
  assert_equal "$(names)" 'a c d'
  tcr keys remove d m a
  assert_stderr_has 'removed "d", "m", "a"'
  assert_equal "$(names)" c
  assert_equal "$(in_file .master)" null
  assert_mode 600 "$keys"
}

@test "remove: all of them or none" {
  pool a b
  unchanged tcr keys remove a nobody
  assert_refused
  assert_stderr_has "$keys: there is no key \"nobody\"; tcr-run keys list shows them"
  unchanged tcr keys remove a a
  assert_refused
  unchanged tcr keys remove
  assert_refused
}

@test "remove: the last one; a run says then what to do" {
  pool a
  tcr keys remove a
  assert_status 0
  assert_equal "$(in_file .keys)" '[]'
  tcr -- client
  assert_refused
  assert_stderr_has 'there are none'
  add b
  fresh -- client
  assert_used b
}

@test "remove: keys without a name keep the ones they are known by, in profiles too" {
  echo "{\"keys\": [{\"token\": \"$(token a)\"}, {\"token\": \"$(token b)\"}, $(entry c)],
    \"profiles\": {\"p\": {\"keys\": [\"key1\", \"key2\", \"c\"]}, \"q\": {\"keys\": [\"key1\"]}}}" | keyfile
  tcr keys remove key1
  assert_status 0
  assert_equal "$(in_file '[.keys[0].name, .profiles.p.keys]')" '["key2",["key2","c"]]'
  assert_stderr_has 'the profile "q" has no keys any more'
  tcr --profile p -- client
  assert_used b
  # A profile without keys is not one with all.
  fresh --profile q -- client
  assert_refused 75
}

@test "rename: in the key and in the profiles" {
  echo "{\"keys\": [$(entry a '"x": 1'), $(entry b)], \"profiles\": {\"p\": {\"keys\": [\"b\", \"a\"]}}}" | keyfile
  tcr keys rename a office
  assert_status 0
  assert_equal "$(in_file '[.keys[0].name, .keys[0].x, .profiles.p.keys]')" '["office",1,["b","office"]]'
  assert_stderr_has '"a" is "office" now'
}

@test "rename: what cannot be" {
  pool a b --master api:m
  while IFS='|' read -r words pattern; do
    read -ra list <<< "$words"
    unchanged tcr keys rename "${list[@]}"
    assert_refused
    assert_stderr_has "$pattern"
  done <<'END'
a b|a key "b" already
a m|a key "m" already
m a|a key "a" already
nobody x|no key "nobody"
a|expected two words, found 1
a b c|expected two words, found 3
a x,y|keys\[0\].name: holds a control character, a quote or a comma
END
  unchanged tcr keys rename a "$(printf '%070d' 0)"
  assert_refused
  assert_stderr_has 'longer than 64'
}

@test "rename does not wake a key that rests" {
  pool a b
  fails a
  tcr -- client
  assert_used 'a b'
  tcr keys rename a office
  fresh -- client
  assert_used b
  tcr keys list
  assert_stdout_has '^office .*limited'
}

@test "disable keeps a key unused, enable uses it again; the file says so" {
  pool a b
  tcr keys disable a
  assert_status 0
  assert_stderr_has 'disabled "a"'
  assert_equal "$(in_file '[.keys[].disabled]')" '[true,null]'
  tcr -- client
  assert_used b
  tcr keys list
  assert_stdout_has '^a .*disabled$'
  tcr keys enable a
  assert_stderr_has 'enabled "a"'
  assert_equal "$(in_file '[.keys[].disabled]')" '[null,null]'
  tcr keys disable b
  fresh -- client
  assert_used a
}

@test "disable and enable: what is so already is no change, and said" {
  pool a b
  tcr keys disable a
  unchanged tcr keys disable a
  assert_status 0
  assert_stderr_has '"a" is disabled already'
  unchanged tcr keys enable b
  assert_status 0
  assert_stderr_has '"b" is enabled already'
  unchanged tcr keys enable a nobody
  assert_refused
  assert_stderr_has 'no key "nobody"'
  tcr keys enable a b
  assert_status 0
  assert_stderr_has 'enabled "a"'
}

@test "the master can be disabled" {
  pool a --master api:m
  fails a
  tcr keys disable m
  tcr -- client
  assert_used a
  tcr keys enable m
  fresh -- client
  assert_used m
}

@test "edits of different kinds at once: none is lost" {
  for i in $(seq 12); do list+=" k$i"; done
  pool $list
  for i in 1 2 3; do within "$TCR_RUN" keys remove "k$i" 2>> "$scratch/stderr.$i" & done
  for i in 4 5 6; do within "$TCR_RUN" keys disable "k$i" 2>> "$scratch/stderr.$i" & done
  for i in 7 8 9; do within "$TCR_RUN" keys rename "k$i" "r$i" 2>> "$scratch/stderr.$i" & done
  wait
  assert_equal "$(names)" 'k4 k5 k6 r7 r8 r9 k10 k11 k12'
  assert_equal "$(in_file '[.keys[] | select(.disabled).name]')" '["k4","k5","k6"]'
}

@test "an edit that is killed leaves a whole file: the old or the new" {
  pool $(seq -f 'k%g' 200)
  for try in $(seq 40); do
    tcr_background keys rename k$try r$try
    sleep "0.0$((try % 10))$((try % 7))"
    kill -KILL "$pid" 2> /dev/null || true
    await
    assert_equal "$(in_file '.keys | length')" 200
  done
  tcr keys rename k200 last
  assert_status 0
  assert_equal "$(ls "$config" | paste -sd ' ')" 'keys.json keys.json.lock'
}

@test "a folder that cannot be written: the reason, and the old file" {
  pool a b
  become_person
  chmod 500 "$config"
  unchanged tcr keys remove a
  assert_status 125
  assert_stderr_has "^tcr-run: $keys: it cannot be locked: Permission denied"
  chmod 700 "$config"
}

@test "without a file there is nothing to change, and nothing is made" {
  rm -rf "$config"
  for words in 'remove a' 'rename a b' 'enable a' 'disable a'; do
    read -ra list <<< "$words"
    tcr keys "${list[@]}"
    assert_refused
    assert_stderr_has "^tcr-run: $keys: there is no such file; to make it: tcr-run keys add NAME$"
  done
  [ ! -e "$config" ]
}

@test "keys without a verb, with an unknown one, and help" {
  tcr keys
  assert_refused
  assert_stderr_has 'list, add, renew, login, refresh, set, edit, show, remove, rename, enable, disable, order, fallback, check, import, seal, unseal'
  tcr keys nothing x
  assert_refused
  assert_stderr_has 'unknown verb "nothing"; expected one of'
  tcr keys --help
  assert_status 0
  for verb in list add remove rename enable disable import seal unseal; do
    assert_stdout_has "^  tcr-run keys $verb( |\$)"
  done
  [ "$(awk 'length > 80' "$out" | wc -l)" -eq 0 ] || fail "lines of more than 80 columns"
  tcr keys add
  assert_equal "$(sentences "$err" | wc -l)" 2
}

@test "renew: a new token, and everything else stays" {
  echo "{\"keys\": [$(entry a), {\"name\": \"my work\", \"token\": \"$(token old)\", \"organization\": \"acme\", \"priority\": 3,
    \"base_url\": \"https://proxy.corp\", \"expires\": \"2020-01-01\", \"refresh_token\": \"x\"}, $(entry c)],
    \"profiles\": {\"cheap\": {\"keys\": [\"my work\"]}}}" | keyfile
  hand "$(token new)" tcr keys renew 'my work'
  assert_status 0
  assert_stderr_has 'renewed "my work" \(oauth, sk-ant-oat01-'
  assert_equal "$(in_file '.keys[1] | del(.added)')" "{\"name\":\"my work\",\"token\":\"$(token new)\",\"organization\":\"acme\",\"priority\":3,\"base_url\":\"https://proxy.corp\"}"
  assert_equal "$(in_file '.keys[1].added | type')" '"number"'
  assert_equal "$(in_file .profiles)" '{"cheap":{"keys":["my work"]}}'
  assert_equal "$(names)" 'a my work c'
  hand "$(token newer)" tcr keys renew 'my work' --expires 2090-01-01
  assert_equal "$(in_file '.keys[1] | [.expires, .added]')" '["2090-01-01",null]'
}

@test "renew: what cannot be" {
  echo "{\"keys\": [$(entry a), {\"name\": \"cmd\", \"token_command\": [\"x\"]}, {\"name\": \"o\", \"token\": \"sk-FAKE\", \"kind\": \"openai\"}]}" | keyfile
  hand "$(token a)" unchanged tcr keys renew a
  assert_status 125
  assert_stderr_has 'this is the secret of "a" already; nothing was changed'
  hand "$(token b)" unchanged tcr keys renew cmd
  assert_status 125
  assert_stderr_has 'not in this file; renew it with what its token_command reads'
  hand "$(token b)" unchanged tcr keys renew nobody
  assert_status 125
  assert_stderr_has 'there is no key "nobody"'
  hand "$(token b)" unchanged tcr keys renew o
  assert_status 125
  hand "half" unchanged tcr keys renew a
  assert_status 125
  assert_stderr_has 'keys renew: the token: unknown kind'
  hand sk-FAKE-2 tcr keys renew o
  assert_status 0
  assert_equal "$(in_file '.keys[2] | [.token, .kind]')" '["sk-FAKE-2","openai"]'
}

@test "set: fields of one key and of several; an empty value takes a field out" {
  pool a b --master billing
  tcr keys set a b --priority 2 --organization acme --base-url https://proxy.corp --expires 2090-01-01
  assert_status 0
  assert_stderr_has 'changed "a", "b"$'
  assert_equal "$(in_file '.keys[1] | [.priority, .organization, .base_url, .expires]')" '[2,"acme","https://proxy.corp","2090-01-01"]'
  tcr keys set a --organization '' --base-url= --expires '' --priority ''
  assert_equal "$(in_file '.keys[0] | keys_unsorted')" '["name","token"]'
  tcr keys set billing --at-most 5/day
  assert_equal "$(in_file .master.at_most)" '"5/day"'
  tcr keys set a billing --budget 2.50/day
  assert_equal "$(in_file '[.keys[0].budget, .master.budget]')" '["2.50/day","2.50/day"]'
  tcr keys show a --json
  assert_equal "$(jq -r .budget "$scratch/stdout")" 2.5/day
  tcr keys set a --budget ''
  assert_equal "$(in_file '.keys[0] | keys_unsorted')" '["name","token"]'
  while IFS='|' read -r words pattern; do
    read -ra list <<< "$words"
    unchanged tcr keys set "${list[@]}"
    assert_status 125
    assert_stderr_has "$pattern"
  done <<'END'
a|what is to be set
nobody --priority 1|there is no key "nobody"
a --priority x|--priority: expected a whole number
a --at-most 5/day|limits the master key alone
billing --at-most 5|at_most: expected a limit
a --budget 5|budget: expected dollars for a day such as "5.00/day", found "5"
a b --budget 0/day|budget: expected dollars for a day
a --base-url proxy|base_url: begins with neither
a --kind cluade|--kind: expected oauth
a --expires 2020-01-01|--expires: expected a time to come
END
}

@test "rm, delete, ls and mv are understood" {
  pool a b c
  tcr keys rm a
  assert_status 0
  tcr keys delete b
  assert_status 0
  tcr keys mv c d
  assert_status 0
  tcr keys ls
  assert_status 0
  assert_stdout_has '^d '
}

@test "remove says which profiles it changed" {
  echo "{\"keys\": [$(entry a), $(entry b)], \"profiles\": {\"p\": {\"keys\": [\"a\", \"b\"]}, \"q\": {\"keys\": [\"a\"]}, \"r\": {\"keys\": [\"b\"]}}}" | keyfile
  tcr keys remove a
  assert_stderr_has 'the profile "p" is without "a" now'
  assert_stderr_has 'the profile "q" has no keys any more'
  refute_stderr_has '"r"'
}
