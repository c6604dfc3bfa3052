# What is wrong with a key file, said so that it can be mended; and then nothing is run.
load keys-helpers

# Refused with a line that names the file and matches.
assert_faults() {
  assert_refused
  assert_stderr_has "^tcr-run: ${file:-$keys}: $1"
}

# A group that is not its owner's own.
shared_group() {
  [ "$(id -u)" = 0 ] || skip "only root can give a file to another group"
  chgrp 100 "$1"
}

@test "modes: others may not read the file" {
  pool a
  shared_group "$keys"
  while read -r mode verdict; do
    forget_used
    chmod "$mode" "$keys"
    tcr -- client
    if [ "$verdict" = fine ]; then
      assert_status 0
      assert_no_stderr
    else
      assert_faults "its mode $mode .*chmod 600 $keys"
    fi
  done <<'END'
0600 fine
0400 fine
0700 fine
0640 refused
0644 refused
0604 refused
0660 refused
0601 refused
END
}

@test "modes: the owner's own group is nobody" {
  needs_linux_ways "knowledge of access lists"
  pool a
  chmod 660 "$keys"
  chmod 775 "$config" "$home"
  [ "$(stat -c %G "$keys")" = "$(stat -c %U "$keys")" ] || skip "no group of its own"
  tcr -- client
  assert_status 0
  assert_no_stderr
  add work
  assert_stderr_has 'added "work"'
  setfacl -m u:1:rw "$keys" 2>/dev/null || return 0
  tcr -- client
  assert_faults "its mode 0660 lets others"
}

@test "a file of root's: a group may read it, and what can be done about others is said" {
  need_root
  pool a
  chown 0:100 "$keys"
  chmod 755 "$home" "$home/.config" "$config"
  mkdir -m 777 "$scratch/own"
  as=(setpriv --reuid 12345 --regid 12345 --groups 100 env "XDG_STATE_HOME=$scratch/own")
  chmod 640 "$keys"
  tcr -- client
  assert_status 0
  chmod 660 "$keys"
  tcr -- client
  assert_status 125
  chmod 644 "$keys"
  tcr -- client
  assert_status 125
  assert_stderr_has 'its mode 0644 gives others access to your keys, and it is root.s; in a container: TCR_SINGLE_USER=1, .*; fix: chmod 640 as root, or mount it so \(Kubernetes: "defaultMode": 416\)'
}

@test "TCR_SINGLE_USER=1: where nobody else is, whoever owns the file and may read or write it; another value counts for nothing" {
  need_root
  pool a
  chmod 755 "$home" "$home/.config"
  mkdir -m 777 "$scratch/own"
  as=(setpriv --reuid 12345 --regid 12345 --clear-groups env "XDG_STATE_HOME=$scratch/own")
  for owner in 0 54321; do
    for mode in 444 666 777; do
      chown "$owner" "$keys" "$config"
      chmod "$mode" "$keys"
      chmod 777 "$config"
      extra_env=("TCR_SINGLE_USER=1")
      tcr -- client
      assert_status 0
      assert_stdout_has 'answer of a'
      extra_env=("TCR_SINGLE_USER=yes")
      tcr -- client
      assert_status 125
      assert_stderr_has "$keys: its? .*; TCR_SINGLE_USER: expected 1"
      extra_env=()
      tcr -- client
      assert_status 125
      assert_stderr_has "in a container: TCR_SINGLE_USER=1"
    done
  done
}

@test "a default place that cannot be looked at is one without a file, where keys come from elsewhere" {
  rm -rf "$config"
  echo > "$config"
  extra_env=("TCR_KEYS=$(token a)")
  tcr -- client
  assert_status 0
  assert_stderr_has 'warning: the environment: .*keys.json cannot be looked at: Not a directory'
  tcr -f "$keys" -- client
  assert_status 125
}

@test "a key file from a pipe, by <() or standard input" {
  json="{\"keys\": [$(entry a)]}"
  tcr -f <(sleep 0.2; echo "$json") -- client
  assert_status 0
  echo "$json" > "$scratch/json"
  capture bash -c 'cat "$1" | "$2" -f /dev/stdin -- client' - "$scratch/json" "$TCR_RUN"
  assert_status 0
}

@test "folders: others may not be able to put another file there" {
  pool a
  shared_group "$config"
  chmod 770 "$config"
  tcr -- client
  assert_faults "others can write to the folder $config; fix: chmod go-w $config"
  chmod 702 "$config"
  tcr -- client
  assert_faults "others can write to the folder $config"
  chmod 755 "$config"
  tcr -- client
  assert_status 0
}

@test "folders: one above it counts as well, a sticky one does not" {
  pool a
  chmod 777 "$home"
  tcr -- client
  assert_faults "others can write to the folder $home"
  chmod 1777 "$home"
  tcr -- client
  assert_status 0
}

@test "a file or a folder of somebody else is refused" {
  need_root
  pool a
  chown 65534 "$keys"
  tcr -- client
  assert_faults 'it belongs to user 65534'
  chown 0 "$keys"
  chown 65534 "$config"
  tcr -- client
  assert_faults "the folder $config belongs to user 65534"
}

@test "in a user namespace, where the folders above belong to nobody" {
  pool a
  become_person
  as+=(unshare --user --map-root-user)
  capture stat -c %u /
  [ "$status" = 0 ] || skip "no user namespace can be made here"
  assert_stdout 65534
  tcr -- client
  assert_status 0
  assert_no_stderr
}

@test "a file that cannot be opened" {
  pool a
  become_person
  chmod 000 "$keys"
  tcr -- client
  assert_faults 'Permission denied'
}

@test "a symbolic link is followed to a file that is as it should be, no other" {
  echo "{\"keys\": [$(entry a)]}" | keyfile "$scratch/real.json"
  ln -s "$scratch/real.json" "$keys"
  tcr -- client
  assert_status 0
  chmod 644 "$scratch/real.json"
  fresh -- client
  assert_faults 'its mode 0644'
  rm "$scratch/real.json"
  mkdir -m 770 "$scratch/open"
  shared_group "$scratch/open"
  echo "{\"keys\": [$(entry a)]}" | keyfile "$scratch/open/real.json"
  ln -sf "$scratch/open/real.json" "$keys"
  forget_used
  tcr -- client
  assert_faults "others can write to the folder $scratch/open"
}

@test "no file at all: folder, FIFO, device, loop of links" {
  mkdir "$keys"
  tcr -- client
  assert_faults '.*folder'
  rmdir "$keys"
  mkfifo -m 600 "$keys"
  tcr -- client
  assert_faults '.*not a regular file'
  assert_ms "$took" 0 5000
  rm "$keys"
  ln -s keys.json "$keys"
  tcr -- client
  assert_faults '.*([Ss]ymbolic link)'
  for file in /dev/zero /dev/null; do
    tcr --keys "$file" -- client
    assert_faults '.*not a regular file'
  done
}

@test "a file of 100 MB is not read" {
  (umask 077; truncate -s 100M "$keys")
  tcr -- client
  assert_faults 'it is 104857600 bytes long'
  assert_ms "$took" 0 5000
}

@test "no JSON: line, column and what is expected" {
  while IFS='|' read -r text place; do
    printf "$text" | keyfile
    tcr -- client
    assert_faults "$place.*not JSON; expected .\"keys\""
  done <<'END'
keys: []|line 1, column 1:
{"keys": [\n  {"name": "a",}\n]}\n|line 2, column 
{"keys": [\n\n\n  {"name": "a"\n|line [45], column 
{"keys": []} {"keys": []}|line 1, column 1[34]:
\\0\\0\\0|line 1, column 1:
END
}

@test "JSON of another form: the place, what was found, what is expected" {
  while IFS='|' read -r text pattern; do
    echo "$text" | sed "s/TOKEN/$(token a)/" | keyfile
    tcr -- client
    assert_faults "$pattern"
  done <<'END'
[]|.*expected an object .*, found an? .*array
"sk-ant-oat01-FAKE-a-0001"|.*expected an object .*, found a string
{}|keys: there are none
{"keys": {}}|keys: expected an array, found an object
{"keys": []}|keys: there are none
{"keys": [1]}|keys\[0\]: expected an object, found a number
{"keys": [{"name": "a"}]}|keys\[0\]: expected exactly one of token, token_file, .* found none
{"keys": [{"token": "TOKEN", "token_file": "x"}]}|keys\[0\]: expected exactly one of .* found several
{"keys": [{"token": 5}]}|keys\[0\]\.token: expected a string, found a number
{"keys": [{"token": ""}]}|keys\[0\]\.token: .*empty
{"keys": [{"token": "abc"}]}|keys\[0\]\.token: .*unknown kind of token.*sk-ant-oat.*sk-ant-api
{"keys": [{"token": "sk-ant-oat01-FAKE a-0001"}]}|keys\[0\]\.token: .*white space
{"keys": [{"name": 5, "token": "TOKEN"}]}|keys\[0\]\.name: expected a string, found a number
{"keys": [{"name": "", "token": "TOKEN"}]}|keys\[0\]\.name: .*empty
{"keys": [{"name": "a,b", "token": "TOKEN"}]}|keys\[0\]\.name: .*comma
{"keys": [{"name": "TOKEN", "token": "TOKEN"}]}|keys\[0\]\.name: .*token
{"keys": [{"name": "a", "token": "TOKEN"}, {"name": "a", "token": "sk-ant-oat01-FAKE-b-0001"}]}|keys\[1\]\.name: "a" is the name of keys\[0\] already
{"keys": [{"name": "a", "token": "TOKEN"}], "master": {"name": "a", "token": "sk-ant-api03-FAKE-b-0001"}}|master\.name: "a" is the name of keys\[0\] already
{"keys": [{"token": "TOKEN", "kind": "oath"}]}|keys\[0\]\.kind: expected "oauth", .* found "oath"
{"keys": [{"token": "TOKEN", "kind": {"env": "A=B"}}]}|keys\[0\]\.kind: expected
{"keys": [{"token": "TOKEN", "priority": "high"}]}|keys\[0\]\.priority: expected a whole number, found "high"
{"keys": [{"token": "TOKEN", "priority": 1.5}]}|keys\[0\]\.priority: expected a whole number, found 1.5
{"keys": [{"token": "TOKEN", "disabled": "yes"}]}|keys\[0\]\.disabled: expected true or false, found a string
{"keys": [{"token_command": "pass show a"}]}|keys\[0\]\.token_command: expected an array of words .* found a string
{"keys": [{"token_command": []}]}|keys\[0\]\.token_command: expected an array of words .* found an empty
{"keys": [{"token_command": ["pass", 5]}]}|keys\[0\]\.token_command: word 2: expected a string, found a number
{"master": {"token": "TOKEN", "at_most": "20"}}|master\.at_most: expected .*"20/day".* found "20"
{"master": {"token": "TOKEN", "at_most": "0/day"}}|master\.at_most: expected .* found "0/day"
{"master": []}|master: expected an object, found an array
{"keys": [{"token": "TOKEN"}], "profiles": []}|profiles: expected an object, found an array
{"keys": [{"name": "a", "token": "TOKEN"}], "profiles": {"cheap": {"keys": ["a", "b"]}}}|profiles\.cheap\.keys: there is no key "b"
{"keys": [{"name": "a", "token": "TOKEN"}], "profiles": {"cheap": {"keys": "a"}}}|profiles\.cheap\.keys: expected an array
{"keys": [{"token": "TOKEN"}], "policy": {"retries": -1}}|policy\.retries: expected a whole number from 0 .* found -1
{"keys": [{"token": "TOKEN"}], "policy": {"cooldown": {"limt": "5m"}}}|policy\.cooldown: .*"limt"; did you mean "limit"
{"keys": [{"token": "TOKEN"}], "policy": {"cooldown": "soon"}}|policy\.cooldown: "soon" is not a length of time
{"keys": [{"token": "TOKEN"}], "policy": {"cooldown": -5}}|policy\.cooldown: "-5" is not a length of time
{"keys": [{"token": "TOKEN"}], "policy": {"retry_on": "limit,foo"}}|policy\.retry_on: .*"foo"
{"keys": [{"token": "TOKEN"}], "keys": []}|keys: found twice, expected once
{"keys": [{"name": "a", "name": "b", "token": "TOKEN"}]}|keys\[0\]\.name: found twice
{"version": 2, "keys": [{"token": "TOKEN"}]}|version: 2 .*newer
{"version": "1", "keys": [{"token": "TOKEN"}]}|version: expected .*1.* found a string
END
}

@test "every mistake is said, not the first alone" {
  echo '{"keys": [{"token": ""}, {"name": 5, "token": "'"$(token a)"'"}], "policy": {"retries": "x"}}' | keyfile
  tcr -- client
  assert_refused
  assert_stderr_has 'keys\[0\]\.token: '
  assert_stderr_has 'keys\[1\]\.name: '
  assert_stderr_has 'policy\.retries: '
}

@test "an unknown field is said, and is no reason to run nothing" {
  echo "{\"keys\": [$(entry a '"priorty": 1')], \"colour\": \"red\"}" | keyfile
  tcr -- client
  assert_status 0
  assert_used a
  assert_stderr_has 'keys\[0\]\.priorty: unknown field'
  assert_stderr_has 'colour: unknown field'
}

@test "a kind that does not go with the token is said" {
  echo "{\"keys\": [$(entry a '"kind": "api"')]}" | keyfile
  tcr -- client
  assert_stderr_has 'keys\[0\]\.kind: .*looks like'
}

@test "a token in the wrong place is not repeated in the message" {
  token=$(token a)
  while read -r text; do
    echo "${text//TOKEN/$token}" | keyfile
    tcr -vvv -- client
    cat "$err" >> "$scratch/stderr.all"
    tcr keys list
    cat "$err" >> "$scratch/stderr.all"
  done <<'END'
TOKEN
"TOKEN"
{"keys": "TOKEN"}
{"keys": ["TOKEN"]}
{"keys": {"TOKEN": "TOKEN"}}
{"keys": [{"name": "TOKEN", "token": "home"}]}
{"keys": [{"token": "x TOKEN"}]}
{"keys": [{"token": "TOKEN", "kind": "TOKEN"}]}
{"keys": [{"token": "TOKEN", "kind": {"env": "TOKEN"}}]}
{"keys": [{"token": "TOKEN", "priority": "TOKEN"}]}
{"keys": [{"token": "TOKEN", "TOKEN": 1}]}
{"keys": [{"token_file": "TOKEN"}]}
{"keys": [{"token_command": "TOKEN"}]}
{"keys": [{"name": "b", "token": "TOKEN", "token_file": "TOKEN"}]}
{"keys": [{"token": "TOKEN"}], "master": {"token": "TOKEN", "at_most": "TOKEN"}}
{"keys": [{"token": "TOKEN"}], "profiles": {"TOKEN": 1}}
{"keys": [{"token": "TOKEN"}], "profiles": {"a": {"keys": ["TOKEN"]}}}
{"keys": [{"token": "TOKEN"}], "policy": {"cooldown": "TOKEN"}}
{"keys": [{"token": "TOKEN"}], "policy": {"cooldown": {"TOKEN": "TOKEN"}}}
{"keys": [{"token": "TOKEN"}], "policy": {"retry_on": "TOKEN"}}
{"keys": [{"token": "TOKEN"}], "version": "TOKEN"}
{"keys": [{"token": "TOKEN"}], "TOKEN": 1}
END
  [ -s "$scratch/stderr.all" ]
  ! grep -E "$A_TOKEN" "$scratch/stderr.all" || fail "a token was printed"
}

@test "a key file that came with CR LF, or with a byte order mark" {
  echo "{\"keys\": [$(entry a)]}" | sed 's/,/,\r\n/g; s/$/\r/' | keyfile
  tcr -- client
  assert_status 0
  { printf '\xef\xbb\xbf'; echo "{\"keys\": [$(entry a)]}"; } | keyfile
  tcr -- client
  assert_status 0
}

@test "a name or an organization that is not UTF-8, or holds a control character of any kind, is refused" {
  printf '{"keys": [{"name": "a\xff", "token": "%s"}]}' "$(token a)" | keyfile
  tcr -- client
  assert_status 125
  assert_stderr_has 'keys\[0\].name: is not UTF-8, as JSON has to be'
  printf '{"keys": [{"token": "%s", "organization": "\xc3"}]}' "$(token a)" | keyfile
  tcr status --json
  assert_status 125
  assert_stderr_has 'keys\[0\].organization: is not UTF-8'
  printf '{"keys": [{"name": "a\xc2\x9b2J", "token": "%s"}]}' "$(token a)" | keyfile
  tcr status
  assert_status 125
  assert_stderr_has 'keys\[0\].name: holds a control character'
  ! grep -q $'\x9b' "$err" || fail "a control character"
}
