# tcr-run keys seal and unseal, and sealed files in every command
load keys-helpers

# sealed KEY...: a pool (see "pool") that is sealed under a passphrase that is known.
sealed() {
  pool "$@"
  passphrase 'correct horse'
  tcr keys seal
  assert_status 0
}

@test "sealed and unsealed: the same bytes, for their owner alone" {
  printf '{ "keys" : [ %s ],\n\n"later": 1.50 }' "$(entry home)" | keyfile
  cp "$keys" before.json
  passphrase 'correct horse'
  tcr keys seal
  assert_status 0
  assert_no_stdout
  assert_stderr_has "^tcr-run: $keys: sealed; without its passphrase the keys are lost"
  assert_sealed
  assert_mode 600 "$keys"
  assert_equal "$(sed -n 2p "$keys" | sed 's/salt=.*//')" 'argon2id operations=2 memory=67108864 '
  tcr keys unseal
  assert_status 0
  assert_stderr_has "^tcr-run: $keys: unsealed"
  cmp before.json "$keys"
  assert_mode 600 "$keys"
}

@test "people and tools see what it is" {
  sealed home
  assert_equal "$(head -n 1 "$keys")" 'tcr-run sealed keys, version 1; opened by: tcr-run keys unseal'
  ! command -v file > /dev/null || assert_equal "$(file -b "$keys")" 'ASCII text'
}

@test "the same keys sealed twice look different" {
  sealed home
  cp "$keys" one
  tcr keys unseal
  tcr keys seal
  assert_equal "$(comm -12 <(sed 1d one | sort) <(sed 1d "$keys" | sort))" ''
}

@test "every command takes a sealed file" {
  sealed home work --master api:billing
  fails home
  tcr -- client
  assert_status 0
  assert_used 'home work'
  tcr keys list --json
  assert_equal "$(jq -c '[.keys[].name]' "$out")" '["home","work","billing"]'
  tcr status
  assert_stdout_has '^ *home .*limited'
  tcr reset home
  assert_stderr_has 'forgot the rests'
  tcr explain -- client
  assert_status 0
  assert_stdout_has home
  tcr doctor
  assert_stdout_has '^ok +keys .* 2 and a master key from '
  tcr log --key home
  assert_stdout_has '"home" reached its usage limit'
}

@test "the passphrase reaches nobody: not the command, not its environment, not its descriptors" {
  sealed home
  plays home 'env; ls -l /proc/self/fd; cat /proc/$PPID/cmdline'
  tcr -- client
  assert_status 0
  ! grep -e 'correct horse' -e PASSPHRASE -e passphrase "$out" || fail "the passphrase is handed on"
  prints_tokens=1
}

@test "relative token files are still those beside the key file" {
  (umask 077; token b > "$config/b")
  echo '{"keys": [{"name": "b", "token_file": "b"}]}' | keyfile
  passphrase x
  tcr keys seal
  assert_stderr_has '1 of its keys is in files of their own, which stay as they are'
  tcr -- client
  assert_used b
}

@test "a wrong passphrase: one line, and nothing is run or changed" {
  sealed home
  passphrase 'correct hors'
  tcr -- client
  assert_refused
  assert_equal "$(sentences "$err")" "tcr-run: $keys: wrong passphrase, or the file was changed since it was sealed"
  for words in 'keys list' status 'keys unseal' 'keys remove home' 'reset home'; do
    read -ra list <<< "$words"
    unchanged tcr "${list[@]}"
    assert_refused
    assert_stderr_has 'wrong passphrase'
    assert_equal "$(sentences "$err" | wc -l)" 1
  done
  hand "$(token x)" unchanged tcr keys add x
  assert_refused
}

@test "without a passphrase and without a terminal: where to put one" {
  sealed home
  no_passphrase
  capture setsid -w "$TCR_RUN" -- client < /dev/null
  assert_refused
  assert_stderr_has "^tcr-run: $keys: a passphrase is needed, and there is no terminal.*TCR_PASSPHRASE_FILE"
}

@test "edits of a sealed file seal it again, with the same passphrase" {
  sealed home work
  add api:ci
  assert_sealed
  tcr keys disable work
  tcr keys rename home house
  tcr keys remove ci
  echo "$(token new)" > list
  tcr keys import list
  assert_sealed
  assert_mode 600 "$keys"
  tcr keys unseal
  assert_equal "$(in_file '[.keys[] | [.name, .disabled]]')" '[["house",null],["work",true],["key3",null]]'
}

@test "edits of a sealed file at once: none is lost" {
  sealed home
  for i in $(seq 8); do
    (token "n$i" | within "$TCR_RUN" keys add "n$i" 2> "$scratch/stderr.$i") &
  done
  wait
  assert_sealed
  tcr keys unseal
  assert_equal "$(in_file '[.keys[].name] | sort | unique | length')" 9
}

@test "the passphrase's file must be as private as the keys, and is read to its first line end" {
  sealed home
  printf 'correct horse\r\nnotes\n' > "$scratch/passphrase"
  tcr keys list
  assert_status 0
  printf 'correct horse' > "$scratch/passphrase"
  tcr keys list
  assert_status 0
  while IFS='|' read -r command pattern; do
    passphrase 'correct horse'
    eval "$command"
    unchanged tcr keys list
    assert_refused
    assert_stderr_has "^tcr-run: $keys: .*$pattern"
  done <<'END'
chmod 644 "$scratch/passphrase"|TCR_PASSPHRASE_FILE.: its mode 0644
rm "$scratch/passphrase"|TCR_PASSPHRASE_FILE.: No such file
: > "$scratch/passphrase"|passphrase must not be empty
head -c 5000 /dev/zero > "$scratch/passphrase"|TCR_PASSPHRASE_FILE.: it is 5000 bytes long
extra_env=(TCR_PASSPHRASE_FILE=/dev/null)|TCR_PASSPHRASE_FILE.: it is not a regular file
END
}

@test "--passphrase-fd: a line of a descriptor, and the token after it" {
  pool home
  capture "$TCR_RUN" keys seal --passphrase-fd 5 5<<< 'correct horse'
  assert_status 0
  assert_sealed
  capture "$TCR_RUN" keys list --passphrase-fd=5 5<<< 'correct horse'
  assert_status 0
  assert_stdout_has '^home '
  capture "$TCR_RUN" keys list --passphrase-fd=5 5<<< $'correct horse\r'
  assert_status 0
  printf 'correct horse\n%s\n' "$(token work)" > both
  input=both tcr keys add work --passphrase-fd 0
  assert_status 0
  # It goes before the file.
  passphrase wrong
  capture "$TCR_RUN" keys unseal --passphrase-fd 5 5<<< 'correct horse'
  assert_status 0
  assert_equal "$(names)" 'home work'
  no_passphrase
  while IFS='|' read -r words pattern; do
    read -ra list <<< "$words"
    unchanged capture "$TCR_RUN" keys seal "${list[@]}" < /dev/null
    assert_refused
    assert_stderr_has "$pattern"
  done <<'END'
--passphrase-fd 77|--passphrase-fd: expected the number of an open file descriptor, found 77
--passphrase-fd x|found x
--passphrase-fd -1|found -1
--passphrase-fd=|expected the number
--passphrase-fd|option --passphrase-fd needs a value
--passphrase-fd 0|no passphrase was read from descriptor 0: it is at its end
END
}

@test "--limits: what a guess costs, kept by later edits" {
  pool home
  passphrase x
  tcr keys seal --limits moderate
  assert_status 0
  add work
  assert_equal "$(sed -n 2p "$keys" | sed 's/salt=.*//')" 'argon2id operations=3 memory=268435456 '
  tcr keys unseal
  unchanged tcr keys seal --limits weak
  assert_refused
  assert_stderr_has -- '--limits: expected interactive or moderate, found "weak"'
}

@test "sealing what is sealed, unsealing what is not, and neither without a file" {
  sealed home
  unchanged tcr keys seal
  assert_refused
  assert_stderr_has 'it is sealed already'
  tcr keys unseal
  unchanged tcr keys unseal
  assert_refused
  assert_stderr_has 'it is not sealed'
  rm "$keys"
  for verb in seal unseal; do
    tcr keys $verb
    assert_refused
    assert_stderr_has 'there is no such file'
  done
  [ ! -e "$keys" ]
}

@test "a broken file is not sealed: who would repair it then" {
  echo '{"keys": [{}]}' | keyfile
  passphrase x
  unchanged tcr keys seal
  assert_refused
  assert_stderr_has 'keys\[0\]'
}

@test "a damaged seal is refused, whatever of it was changed" {
  sealed home
  cp "$keys" good
  while IFS='|' read -r command pattern; do
    sed "$command" good > "$keys"
    ! cmp -s good "$keys" || fail "$command changes nothing"
    unchanged tcr keys list
    assert_refused
    assert_stderr_has "^tcr-run: $keys: .*$pattern"
    assert_equal "$(sentences "$err" | wc -l)" 1
  done <<'END'
1s/version 1/version 2/|sealed in version 2.*newer
1s/version 1/version x/|damaged
2s/salt=./salt=x/|damaged
2s/memory=[0-9]*/memory=99999999999/|more work
2s/operations=2/operations=1/|wrong passphrase
3s/nonce=.../nonce=000/|wrong passphrase
4s/..../AAAA/|wrong passphrase
4s/^/!/|damaged
$d|wrong passphrase
4,$d|damaged
2d|damaged
END
  head -c 100 good > "$keys"
  tcr keys list
  assert_refused
  cp good "$keys"
  tcr keys list
  assert_status 0
}

@test "line ends that a checkout has changed do no harm" {
  sealed home
  sed -i 's/$/\r/' "$keys"
  tcr keys list
  assert_status 0
}

@test "too little memory for its limits: said, not crashed" {
  case $(nm "$TCR_RUN" 2> /dev/null) in *__asan_init*) skip "the sanitizer needs the memory itself" ;; esac
  sealed home
  (ulimit -v 60000; within "$TCR_RUN" keys list > "$out" 2> "$err") || status=$?
  assert_status 125
  assert_stderr_has "^tcr-run: $keys: unsealing it needs 64 MiB of memory"
}
