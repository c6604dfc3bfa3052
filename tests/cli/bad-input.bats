# What a hostile but fair user gives: the wrong file, an output that cannot be written, a word that is missing.
load keys-helpers

@test "an output that is full or closed: said as such, with status 125" {
  pool home
  tcr -- client
  for words in status 'status --json' 'status --prometheus' log 'log --json' doctor 'keys list' 'keys show home' classify --help --version \
    'explain -- client' 'explain --json -- client' 'help keys'; do
    capture sh -c '"$@" > /dev/full' - "$TCR_RUN" $words
    assert_status 125
    assert_stderr_has '^tcr-run: cannot write the output: No space left on device$'
    assert_equal "$(sentences "$err" | wc -l)" 1
    capture sh -c '"$@" >&-' - "$TCR_RUN" $words
    assert_status 125
    assert_stderr_has '^tcr-run: cannot write the output: Bad file descriptor$'
  done
}

@test "a key file that is empty, and one whose name is" {
  : > "$config/empty"
  chmod 600 "$config/empty"
  tcr -f "$config/empty" -- client
  assert_refused
  assert_stderr_has "^tcr-run: $config/empty: it is empty; tcr-run keys add puts a key there$"
  token home | tcr_piped keys add home -f "$config/empty"
  tcr -f "$config/empty" keys list
  assert_status 0
  pool home
  tcr -f '' -- client
  assert_refused
  assert_stderr_has '^tcr-run: .*--keys: the name of the file is empty$'
}

@test "an option whose value is missing before the --" {
  pool home
  for option in -k --key -p --profile -m --retries; do
    tcr $option -- client
    assert_refused
    assert_stderr_has '^tcr-run: --[a-z]+: a value is missing before the --$'
  done
}

@test "import of a file that is none of keys: the first hundred lines are named" {
  pool home
  seq 1000 > "$scratch/numbers"
  chmod 600 "$scratch/numbers"
  unchanged tcr keys import "$scratch/numbers"
  assert_status 125
  assert_between "$(sentences "$err" | wc -l)" 100 105
  assert_stderr_has 'numbers: and 900 more of this sort$'
  assert_stderr_has 'numbers: it holds no usable key$'
}

@test "a command without a name; an editor without a terminal" {
  pool home
  tcr -- ''
  assert_status 127
  assert_stderr_has '^tcr-run: the name of the command is empty$'
  unchanged tcr keys edit
  assert_status 125
  assert_no_stdout
  assert_stderr_has '^tcr-run: keys edit: there is no terminal for an editor; set VISUAL or EDITOR'
  assert_equal "$(sentences "$err" | wc -l)" 1
}
