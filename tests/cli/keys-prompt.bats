# Asking for secrets at the terminal. keys-pty.py is the person; it fails if the echo is off at the end.
load keys-helpers

@test "a token is asked for without echo" {
  local elsewhere=()
  # shellcheck disable=SC2016  # $PID is for the shell that is started
  [ -z "${PORTABLE-}" ] || elsewhere=('run:readlink /proc/$PID/fd/[3-9] | grep -q ^/dev/pts && ! readlink /proc/$PID/fd/* | grep -qx /dev/tty')
  person see:'Token of "home" (not shown): ' echo:off "${elsewhere[@]}" type:"$(token home)\n" -- keys add home
  assert_status 0
  assert_equal "$(in_file '.keys[0].token')" "\"$(token home)\""
  assert_stdout_has 'added "home" \(oauth, sk-ant-oat01-…0001\)'
  ! grep -q FAKE "$out"
}

@test "a paste of two lines is refused, and its rest does not get to the shell" {
  pool home
  unchanged person see:'Token of' echo:off type:'sk-ant-oat01-FAKE-\nwork-0001\n' -- keys add work
  assert_status 125
  assert_stdout_has 'more than one line was pasted'
  ! grep -q -e FAKE -e work-0001 "$out"
}

@test "nothing but Enter, and the end of file" {
  pool home
  unchanged person see:'Token of' echo:off type:'\n' -- keys add work
  assert_status 125
  assert_stdout_has 'the token is empty'
  unchanged person see:'Token of' echo:off type:'\x04' -- keys add work
  assert_status 125
  assert_stdout_has 'none was given'
}

@test "Ctrl-C, Ctrl-backslash and signals from elsewhere: the echo is back, and it is an end by signal" {
  pool home
  while read -r step code; do
    unchanged person see:'Token of' echo:off type:abc "$step" -- keys add work
    assert_status "$code"
  done <<'END'
type:\x03 130
type:\x1c 131
kill:TERM 143
kill:HUP 129
kill:USR1 138
kill:ALRM 142
END
}

@test "Ctrl-Z: the shell has its echo; in the foreground again it asks again" {
  person see:'Token of' echo:off type:'abc\x1a' stopped echo:on continue see:'Token of' echo:off type:"$(token home)\n" -- keys add home
  assert_status 0
  assert_equal "$(in_file '.keys[0].token')" "\"$(token home)\""
}

@test "stopped by a signal that cannot be caught, and continued" {
  person see:'Token of' echo:off kill:STOP stopped continue see:'Token of' echo:off type:"$(token home)\n" -- keys add home
  assert_status 0
}

@test "a new passphrase is asked for twice; both must be the same" {
  pool home
  unchanged person see:'New passphrase for' echo:off type:'one horse\n' see:'The same again' echo:off type:'two horse\n' -- keys seal
  assert_status 125
  assert_stdout_has 'the two passphrases differ; nothing was changed'
  unchanged person see:'New passphrase for' echo:off type:'\n' -- keys seal
  assert_status 125
  assert_stdout_has 'must not be empty'
  person see:'New passphrase for' echo:off type:'one horse\n' see:'The same again' echo:off type:'one horse\n' -- keys seal
  assert_status 0
  assert_sealed
  ! grep -q horse "$out"
}

@test "a sealed file asks wherever it is met, once; the command has the terminal afterwards" {
  pool home
  passphrase 'one horse'
  tcr keys seal
  no_passphrase
  person see:'Passphrase of' echo:off type:'one horse\n' see:'home ' -- keys list
  assert_status 0
  plays home 'printf "name? "; read -r name; stty -a | grep -o " echo "; echo "hello $name"'
  person see:"Passphrase of $keys: " echo:off type:'one horse\n' see:'name? ' echo:on type:'me\n' see:'hello me' -- -- client
  assert_status 0
  assert_stdout_has ' echo '
  assert_equal "$(grep -c 'Passphrase of' "$out")" 1
  person see:'Passphrase of' echo:off type:'two horse\n' see:"Wrong passphrase. Once more, passphrase of $keys: " echo:off \
    type:'one horse\n' see:'name? ' type:'you\n' see:'hello you' -- -- client
  assert_status 0
  forget_used
  person see:'Passphrase of' echo:off type:'two horse\n' see:'Once more' type:'three\n' see:'Once more' type:'four\n' -- -- client
  assert_status 125
  assert_stdout_has 'wrong passphrase, or'
  assert_used ''
  person see:'Passphrase of' echo:off type:'\x03' -- -- client
  assert_status 130
  assert_used ''
}

@test "a token from a pipe does not keep the passphrase from the terminal" {
  pool home
  passphrase 'one horse'
  tcr keys seal
  no_passphrase
  token work > handed
  capture "$PYTHON" "$HERE/keys-pty.py" --stdin handed see:'Passphrase of' echo:off type:'one horse\n' -- "$TCR_RUN" keys add work < /dev/null
  assert_status 0
  assert_sealed
}

@test "a file that is sealed or unsealed while a token is typed is left as it is then" {
  pool home
  passphrase 'one horse'
  person see:'Token of' run:"'$TCR_RUN' keys seal" type:"$(token work)\n" -- keys add work
  assert_status 125
  assert_stdout_has 'it was sealed or unsealed meanwhile; try again'
  assert_sealed
  person see:'Token of' run:"'$TCR_RUN' keys unseal" type:"$(token work)\n" -- keys add work
  assert_status 125
  assert_stdout_has 'it was sealed or unsealed meanwhile; try again'
  assert_equal "$(names)" home
  tcr keys seal
  person see:'Token of' run:"'$TCR_RUN' keys unseal && '$TCR_RUN' keys seal" type:"$(token work)\n" -- keys add work
  assert_status 125
  assert_stdout_has 'it has been sealed again meanwhile; try again'
  # Another change meanwhile is none that hinders.
  person see:'Token of' run:"'$TCR_RUN' keys rename home house" type:"$(token work)\n" -- keys add work
  assert_status 0
  tcr keys unseal
  assert_equal "$(names)" 'house work'
}
