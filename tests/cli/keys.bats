# Where keys come from.
load helpers

# from_environment ENTRY...: no key file, and these variables.
from_environment() {
  rm -f "$keys"
  extra_env=("$@")
}

@test "--keys FILE, before TCR_KEYS_FILE, before the file of the configuration folder" {
  pool xdg
  echo "{\"keys\": [$(entry variable)]}" | keyfile "$scratch/variable.json"
  echo "{\"keys\": [$(entry option)]}" | keyfile "$scratch/option.json"
  tcr -- client
  assert_used xdg
  extra_env=("TCR_KEYS_FILE=$scratch/variable.json")
  fresh -- client
  assert_used variable
  fresh --keys "$scratch/option.json" -- client
  assert_used option
  fresh -f "$scratch/option.json" -- client
  assert_used option
  fresh "--keys=$scratch/option.json" -- client
  assert_used option
}

@test "TCR_KEYS_FILE without a value is as if it were not there" {
  pool xdg
  extra_env=(TCR_KEYS_FILE=)
  tcr -- client
  assert_used xdg
}

@test "a file that was asked for has to be there" {
  extra_env=("TCR_KEYS=$(token a)")
  tcr --keys "$scratch/nowhere.json" -- client
  assert_refused
  assert_stderr_has "$scratch/nowhere.json: .*no such file"
  extra_env=("TCR_KEYS_FILE=$scratch/nowhere.json" "TCR_KEYS=$(token a)")
  tcr -- client
  assert_refused
  assert_stderr_has "$scratch/nowhere.json: .*no such file"
}

@test "a relative path of the key file is one from here" {
  echo "{\"keys\": [$(entry here)]}" | keyfile keys.json
  tcr --keys keys.json -- client
  assert_used here
  tcr --keys ../work/keys.json -- client
  assert_used 'here here'
}

@test "XDG_CONFIG_HOME, where it is absolute" {
  pool usual
  mkdir -m 700 -p "$scratch/xdg/tcr" xdg/tcr
  echo "{\"keys\": [$(entry moved)]}" | keyfile "$scratch/xdg/tcr/keys.json"
  echo "{\"keys\": [$(entry relative)]}" | keyfile xdg/tcr/keys.json
  extra_env=("XDG_CONFIG_HOME=$scratch/xdg")
  tcr -- client
  assert_used moved
  for ignored in xdg ''; do
    extra_env=("XDG_CONFIG_HOME=$ignored")
    fresh -- client
    assert_used usual
  done
}

@test "no key anywhere: status 75, where to put one, and nothing is run" {
  tcr -- client
  assert_refused 75
  assert_stderr_has "no keys.*$keys.*TCR_KEYS"
}

@test "TCR_KEYS: commas and newlines, with names and without" {
  from_environment "TCR_KEYS=$(token a), work=$(token b)"$'\n'"$(token c),
,  ci=$(token api:d)"
  for key in a b c; do fails $key; done
  tcr --retries 9 -- client
  assert_used 'a b c d'
  tcr keys list --json
  assert_equal "$(jq -c '[.keys[].name]' "$out")" '["key1","work","key3","ci"]'
}

@test "TCR_MASTER_KEY is the master" {
  from_environment "TCR_KEYS=$(token a)" "TCR_MASTER_KEY=$(token api:billing)"
  fails a
  tcr -- client
  assert_used 'a billing'
  assert_stderr_has billed
}

@test "the plural lists of both kinds, with the fallback key as master" {
  from_environment "CLAUDE_CODE_OAUTH_TOKENS=$(token a),$(token b)" "ANTHROPIC_API_KEYS=$(token api:c)" \
    "CLAUDE_FALLBACK_API_KEY=$(token api:billing)" "CLAUDE_CODE_OAUTH_TOKEN=$(token other)"
  for key in a b c; do fails $key; done
  tcr -- client
  assert_used 'a b c billing'
}

@test "one plural list alone" {
  from_environment "ANTHROPIC_API_KEYS=$(token api:c)"$'\n'"$(token api:d)"
  fails c
  tcr -- client
  assert_used 'c d'
}

@test "the single variables: a pool of one, and a master" {
  from_environment "CLAUDE_CODE_OAUTH_TOKEN=$(token a)" "ANTHROPIC_API_KEY=$(token api:billing)"
  fails a
  tcr -- client
  assert_used 'a billing'
}

@test "TCR_KEYS goes before the plural lists, those before the single variables" {
  all=("CLAUDE_CODE_OAUTH_TOKEN=$(token single)" "ANTHROPIC_API_KEYS=$(token api:plural)" "TCR_KEYS=$(token own)")
  from_environment "${all[@]}"
  tcr -- client
  from_environment "${all[@]:0:2}"
  tcr -- client
  from_environment "${all[@]:0:1}"
  tcr -- client
  assert_used 'own plural single'
}

@test "empty variables count as not set" {
  from_environment TCR_KEYS= TCR_MASTER_KEY= CLAUDE_CODE_OAUTH_TOKENS=, ANTHROPIC_API_KEYS=$'\n' "CLAUDE_CODE_OAUTH_TOKEN=$(token a)"
  tcr -- client
  assert_used a
}

@test "the key file goes before the environment" {
  pool file
  extra_env=("TCR_KEYS=$(token own)")
  tcr -- client
  assert_used file
}

@test "a mistake in a variable: which one and where, never what; nothing is run" {
  while IFS='|' read -r text pattern; do
    from_environment "TCR_KEYS=$(token a),$text"
    tcr -- client
    assert_refused
    assert_stderr_has "^tcr-run: the environment: TCR_KEYS: $pattern"
  done <<'END'
secret-of-no-kind|key 2: .*unknown kind of token
sk-ant-oat01-FAKE-b 0001|key 2: .*white space
name=|key 2: .*empty
key1=sk-ant-oat01-FAKE-b-0001|two keys are named "key1"
END
  refute_stderr_has 'secret-of-no-kind'
}

@test "token_file: relative to the key file, ~ is HOME, the line end is not part of it" {
  mkdir -m 700 "$config/secrets" "$home/own"
  (umask 077; token a > "$config/secrets/a"; printf '%s\r\n\n' "$(token b)" > "$home/own/b"; printf %s "$(token api:c)" > "$scratch/c")
  echo '{"keys": [{"name": "a", "token_file": "secrets/a"}, {"name": "b", "token_file": "~/own/b"},
    {"name": "c", "token_file": "'"$scratch/c"'"}]}' | keyfile
  fails a; fails b
  tcr -- client
  assert_status 0
  assert_used 'a b c'
}

@test "token_file: one that cannot be used is left out, with the reason, and the others serve" {
  (umask 077; token b > "$config/b"; : > "$config/empty"; echo 'two words' > "$config/words"; mkdir "$config/folder"; mkfifo "$config/fifo"
    head -c 100000 /dev/zero | tr '\0' x > "$config/big")
  (umask 022; token a > "$config/loose")
  while IFS='|' read -r file pattern; do
    echo "{\"keys\": [{\"name\": \"bad\", \"token_file\": \"$file\"}, {\"name\": \"good\", \"token_file\": \"b\"}]}" | keyfile
    forget_used
    tcr -- client
    assert_status 0
    assert_used b
    assert_stderr_has "keys\[0\].token_file: \"bad\" is left out: $config/$file: $pattern"
  done <<'END'
nowhere|No such file
empty|.*empty
words|.*white space
folder|.*folder
fifo|.*not a regular file
big|.*bytes long
loose|.*mode 0644.*chmod 600
END
}

@test "token_file: when none is left, status 75" {
  echo '{"keys": [{"name": "bad", "token_file": "nowhere"}]}' | keyfile
  tcr -- client
  assert_refused 75
  assert_stderr_has '"bad" left out'
}

@test "token_command: its first line is the token; no shell reads its words" {
  cat > "$scratch/bin/pass" <<END
#!/bin/sh
printf '%s\n' "\$@" > "$scratch/words"
printf '%s\n%s\n' '$(token b)' 'login: me'
END
  chmod +x "$scratch/bin/pass"
  echo '{"keys": [{"name": "b", "token_command": ["pass", "show", "a b", "$HOME; touch x", "*"]}]}' | keyfile
  tcr -- client
  assert_status 0
  assert_used b
  assert_equal "$(cat "$scratch/words")" 'show'$'\n''a b'$'\n''$HOME; touch x'$'\n''*'
  [ ! -e x ]
}

@test "token_command: run for the key that is used, not for the others" {
  echo '{"keys": ['"$(entry a)"', {"name": "b", "token_command": ["sh", "-c", "touch '"$scratch"'/asked; echo '"$(token b)"'"]}]}' | keyfile
  tcr -- client
  assert_used a
  [ ! -e "$scratch/asked" ]
  fails a
  fresh -- client
  assert_used 'a b'
}

@test "token_command: its errors are shown, and its failure passes on to the next key" {
  while IFS='|' read -r words pattern; do
    rm -rf "$state"
    echo '{"keys": [{"name": "b", "token_command": ['"$words"']}, '"$(entry c)"']}' | keyfile
    fresh -- client
    assert_status 0
    assert_used c
    assert_stderr_has "^tcr-run: warning: \"b\" is passed over: $pattern"
    # What is wrong with the command is not the key's fault.
    assert_equal "$(record b .failures)" 0
  done <<'END'
"sh", "-c", "exit 3"|.*"sh" exited with status 3
"sh", "-c", "kill -9 $$"|.*"sh" was killed by signal 9
"nowhere"|.*"nowhere": No such file
"/"|.*"/": Permission denied
"true"|.*empty
"echo", "two words"|.*white space
"echo", "unknown-kind-of-thing"|.*unknown kind of token
"head", "-c", "100000", "/dev/zero"|.*too large
END
  rm -rf "$state"
  echo '{"keys": [{"name": "b", "token_command": ["sh", "-c", "echo vault is locked >&2; exit 3"]}, '"$(entry c)"']}' | keyfile
  fresh -- client
  assert_equal "$(grep -v '^tcr-run' "$err")" 'vault is locked'
}

@test "token_command: when it was the last key, status 75" {
  echo '{"keys": [{"name": "b", "token_command": ["false"]}]}' | keyfile
  tcr -- client
  assert_status 75
  assert_used ''
  assert_stderr_has '"b" is passed over'
}

@test "token_command: its standard input is not the command's" {
  echo '{"keys": [{"name": "b", "token_command": ["sh", "-c", "cat > /dev/null; echo '"$(token b)"'"]}, '"$(entry c)"']}' | keyfile
  plays b cat
  echo text > "$scratch/input"
  input=$scratch/input tcr -- client
  assert_used b
  assert_stdout text
}

@test "token_command: no key in its environment, and none of ours among its descriptors" {
  echo '{"keys": [{"name": "b", "token_command": ["sh", "-c", "env > '"$scratch"'/env; ls /proc/self/fd | wc -l > '"$scratch"'/fds; echo '"$(token b)"'"]}, '"$(entry c)"']}' | keyfile
  extra_env=("ANTHROPIC_API_KEY=$(token api:x)" "TCR_KEYS=$(token y)" MINE=1)
  tcr -- client
  assert_used b
  grep -q '^MINE=1' "$scratch/env"
  ! grep -E 'TCR_|sk-ant' "$scratch/env" || fail "keys are handed on"
  within sh -c 'ls /proc/self/fd | wc -l > "$TMPDIR/direct"' > "$scratch/none" 2>&1 < /dev/null
  assert_equal "$(cat "$scratch/fds")" "$(cat "$scratch/tmp/direct")"
}

@test "token_command: asked again after the key was refused" {
  cat > "$scratch/bin/pass" <<END
#!/bin/sh
echo asked >> "$scratch/asked"
echo '$(token b)'
END
  chmod +x "$scratch/bin/pass"
  echo '{"keys": [{"name": "b", "token_command": ["pass"]}]}' | keyfile
  for run in 1 2 3; do tcr -- client; done
  assert_used 'b b b'
  assert_equal "$(wc -l < "$scratch/asked")" 3
}

@test "token_command: Ctrl-C while it runs ends all" {
  echo '{"keys": [{"name": "b", "token_command": ["sh", "-c", "touch '"$scratch"'/asked; exec sleep 30"]}, '"$(entry c)"']}' | keyfile
  tcr_background -- client
  eventually test -e "$scratch/asked"
  kill -INT "$pid"
  await
  assert_ms "$took" 0 2000
  assert_used ''
  [ "$status" -ne 0 ]
}

@test "keys without a name are numbered" {
  echo "{\"keys\": [{\"token\": \"$(token a)\"}, {\"token\": \"$(token b)\"}], \"master\": {\"token\": \"$(token api:c)\"}}" | keyfile
  tcr keys list --json
  assert_equal "$(jq -c '[.keys[].name]' "$out")" '["key1","key2","master"]'
}

@test "1,000 keys" {
  jq -n '{keys: [range(1; 1001) | {name: "k\(.)", token: "sk-ant-oat01-FAKE-k\(.)-0001"}]}' | keyfile
  for i in 1 2; do fails k$i; done
  tcr -- client
  assert_used 'k1 k2 k3'
  assert_ms "$took" 0 3000
}
