# The exit status, usage errors and help.
load helpers

@test "the command's status is ours" {
  pool a b
  for code in 0 1 2 3 42 64 75 124 125 126 127 128 130 137 143 200 254 255; do
    tcr -- sh -c "exit $code"
    assert_status $code
    assert_no_stderr
  done
}

@test "a command killed by a signal: we die of the same one, and leave no core" {
  pool a b
  mapfile -d '' list < <(environment)
  "$PYTHON" - "$out" env -i "${list[@]}" "$TCR_RUN" -- sh -c 'kill -s $0 $$; sleep 5' 2> "$err" <<'END'
import resource, signal, subprocess, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
def start():
    # Where a shell starts this in the background, or under nohup, these are ignored, and so they would stay.
    for kept in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT:
        signal.signal(kept, signal.SIG_DFL)
for name in "HUP INT QUIT ILL ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM XCPU SYS".split():
    status = subprocess.run(sys.argv[2:] + [name], stdin=subprocess.DEVNULL, preexec_fn=start).returncode
    if status != -getattr(signal, "SIG" + name):
        sys.exit(f"SIG{name}: {status}")
END
  assert_no_stderr
}

@test "127 not found, 126 not to be run, each with the reason; no key pays for it" {
  pool a b
  printf '#!/bin/sh\n' > "$scratch/work/plain"
  printf '#!/nowhere/sh\n' > "$scratch/work/interpreter"
  chmod +x "$scratch/work/interpreter"
  while IFS='|' read -r command code pattern; do
    tcr -- "$command"
    assert_status "$code"
    assert_stderr_has "^tcr-run: $command: $pattern"
    assert_equal "$(sentences "$err" | wc -l)" 1
  done <<END
nowhere-to-be-found|127|command not found
./nowhere|127|No such file
./plain|126|Permission denied
.|126|Permission denied
/etc/passwd/x|126|Not a directory
./interpreter|127|No such file
END
  for key in a b; do
    assert_equal "$(record $key .failures)" "$([ $key = b ] || echo 0)"
  done
}

@test "a command that exits with 127 or 126 itself is not taken for one that was not found" {
  pool a b
  for code in 126 127; do
    tcr --exit-class $code=limit --cooldown 0 -- client
    assert_status 0
    plays a "exit $code"
    plays b "exit $code"
    forget_used
    tcr --exit-class $code=limit --cooldown 0 -- client
    assert_status $code
    assert_equal "$(used | wc -w)" 2
    works a b
  done
}

@test "a script without its first line is run by the shell, as it would be without us" {
  pool a
  echo 'echo found' > "$scratch/work/bare"
  chmod +x "$scratch/work/bare"
  tcr -- ./bare
  assert_status 0
  assert_stdout found
}

# The token adds 16,000 bytes to an environment that just fits.
@test "too much for the system: status 126, the reason, and no key pays for it" {
  (umask 077; printf 'sk-ant-oat01-FAKE-%s' "$(head -c 15900 /dev/zero | tr '\0' x)" > "$config/long")
  echo '{"keys": [{"name": "a", "token_file": "long"}, {"name": "b", "token_file": "long2"}]}' | keyfile
  (umask 077; sed 's/FAKE/FALSE/' "$config/long" > "$config/long2")
  mapfile -d '' list < <(environment)
  status=0
  "$PYTHON" - env -i "${list[@]}" "$TCR_RUN" -- true > "$out" 2> "$err" < /dev/null <<'END' || status=$?
import os, resource, sys
resource.setrlimit(resource.RLIMIT_STACK, (1024 * 1024,) * 2)
limit = 1024 * 1024 // 4
args = sys.argv[1:]
size = sum(len(a) + 9 for a in args) + 8192
for i in range(3):
    args.insert(2, f"FILL{i}=" + "x" * ((limit - size) // 3 - 32))
os.execvp(args[0], args)
END
  assert_status 126
  assert_stderr_has '^tcr-run: true: .*(too long|longer than)'
  assert_equal "$(sentences "$err" | wc -l)" 1
  assert_equal "$(record a .failures)" 0
}

@test "usage: what is wrong, and how it would be right" {
  pool a
  while IFS='|' read -r words pattern; do
    read -ra list <<< "$words"
    tcr "${list[@]}"
    assert_refused
    assert_equal "$(sentences "$err" | wc -l)" 1
    assert_stderr_has "^tcr-run: $pattern"
  done <<'END'
claude|unknown subcommand "claude"; did you mean: tcr-run -- claude$
claude -p hello|unknown subcommand "claude"; did you mean: tcr-run -- claude -p
client --|unknown subcommand "client"; did you mean: tcr-run -- client
nonsense|unknown subcommand "nonsense"; see tcr-run --help; a command to run comes after --$
./nonsense|unknown subcommand "./nonsense"; did you mean: tcr-run -- ./nonsense$
stauts|unknown subcommand "stauts"; did you mean: tcr-run status$
dotcor|unknown subcommand "dotcor"; did you mean: tcr-run doctor$
keyz add|unknown subcommand "keyz"; did you mean: tcr-run keys$
rm x|unknown subcommand "rm"; did you mean: tcr-run -- rm x$
test -e x|unknown subcommand "test"; did you mean: tcr-run -- test -e ...$
version x|version takes no names
help nonsense|help: there is no subcommand "nonsense"; tcr-run --help lists them$
help sttus|help: there is no subcommand "sttus"; did you mean: tcr-run help status$
--verison|unknown option --verison; did you mean --version\? tcr-run --help lists them$
--cooldwon=5 -- client|unknown option --cooldwon; did you mean --cooldown\?
keys ad x|keys: unknown verb "ad"; did you mean: tcr-run keys add$
keys renmae a b|keys: unknown verb "renmae"; did you mean: tcr-run keys rename$
status --jsno|status: unknown option --jsno; did you mean --json\? tcr-run status --help lists them$
gateway stpo|gateway: unknown verb "stpo"; did you mean: tcr-run gateway stop$
gateway users lst|gateway users: unknown verb "lst"; did you mean: tcr-run gateway users list$
gateway users frobnicate|gateway users: unknown verb "frobnicate"; expected list, add
gateway token --json|gateway token: unknown option --json; tcr-run gateway token --help lists them$
gateway --lisen 1|gateway: unknown option --lisen; did you mean --listen\?
stat --json|unknown subcommand "stat"; did you mean: tcr-run status$
key add home|unknown subcommand "key"; did you mean: tcr-run keys$
add home|unknown subcommand "add"; did you mean: tcr-run keys add$
-q status|status: unknown option -q; tcr-run status --help lists them$
--wait 2x -- client|--wait: "2x" is not a length of time; write 90s, 5m, 2h or 1d$
-w 401d -- client|--wait: "401d" is too long; at most 400d
--wait client|expected -- before the command "client"$
-v client|expected -- before the command "client"
--|no command given; usage: tcr-run \[options\] -- COMMAND
-v|no command given
--frobnicate -- client|unknown option --frobnicate
--frobnicate=1 -- client|unknown option --frobnicate
-x -- client|unknown option -x
-vx -- client|unknown option -x
--keys|option --keys needs a value
-k|option -k needs a value
--quiet=yes -- client|option --quiet takes no value
keys|keys: .*list
keys frobnicate|keys: .*"frobnicate"
status --frobnicate|status: unknown option --frobnicate
status home|status takes no names
reset --frobnicate|reset: unknown option --frobnicate
reset nobody|.*/keys.json: there is no key "nobody"
explain|explain: .*usage: tcr-run .*-- COMMAND
explain client|explain: expected -- before the command "client"
classify a b|classify takes one file
classify --exit x /dev/null|--exit x: expected a status from 0 to 255
classify nowhere|nowhere: No such file
END
}

@test "options of one letter together, values beside them, long ones shortened to what is clear" {
  pool a b
  fails a; fails b
  tcr -qr1 -- client
  assert_used a
  assert_no_stderr
  age 600
  fresh -q --retri 1 --no-ma -- client
  assert_status 1
  assert_equal "$(used | wc -w)" 1
}

@test "without keys each command says how to add one" {
  for words in '-- client' 'explain -- client' status 'keys list' reset; do
    tcr $words
    assert_refused 75
    assert_stderr_has "^tcr-run: there are no keys in $keys; add one: tcr-run keys add NAME .or set TCR_KEYS"
  done
}

@test "--help: on one screen, with every option and subcommand, and status 0" {
  for words in --help -h help; do
    tcr $words
    assert_status 0
    assert_no_stderr
    assert_between "$(wc -l < "$out")" 20 37
    assert_between "$(wc -L < "$out")" 40 80
    for word in keys profile key retries no-master wait cooldown retry-on marker exit-class via keep scrub clean-env mask client \
        no-fast-fail no-resume auto log-format quiet verbose help version; do
      assert_stdout_has "--$word"
    done
    assert_stdout_has '^To begin: tcr-run keys add NAME'
    for word in status 'keys list' reset explain classify; do
      assert_stdout_has "^  $word"
    done
  done
}

@test "options before a subcommand are taken where they are meant" {
  pool a
  cp "$keys" "$scratch/other.json"
  sed -i 's/"a"/"z"/' "$scratch/other.json"
  tcr -f "$scratch/other.json" keys list
  assert_status 0
  assert_stdout_has '^z '
  tcr --keys="$scratch/other.json" status --json
  assert_stdout_has '"name":.*"z"'
  tcr -f "$scratch/other.json" explain -q -- client
  assert_stdout_has '^  z +would be used'
  tcr -k a log
  assert_status 0
  # A name may be that of a subcommand, and so may a command.
  tcr keys rename a status
  tcr -k status -- client
  assert_used a
  tcr -k a keys list
  assert_status 125
  assert_stderr_has 'keys list: unknown option -k'
}

@test "an option of a verb that is mistyped" {
  tcr keys add x --orgnization y
  assert_refused
  assert_stderr_has 'keys add: unknown option --orgnization; did you mean --organization\? tcr-run keys add --help lists them$'
  assert_stderr_has '^tcr-run: usage: tcr-run keys add NAME'
}

@test "--wait 2h is --wait=2h" {
  pool a
  tcr --wait 2h -- client
  assert_status 0
  tcr -w 5 -q -- client
  assert_status 0
  tcr -qw 1h30m -- client
  assert_status 0
  assert_used 'a a a'
  tcr explain --wait 90s -- client
  assert_status 0
}

@test "help of each subcommand, in each way of asking" {
  while read -r words; do
    tcr $words --help
    assert_status 0
    assert_no_stderr
    assert_stdout_has "^Usage:"
    assert_stdout_has "tcr-run ${words}( |\$)"
    assert_between "$(wc -L < "$out")" 20 80
    cp "$out" "$scratch/first"
    for other in "$words -h" "help $words"; do
      tcr $other
      assert_status 0
      cmp "$out" "$scratch/first"
    done
  done <<'END'
status
log
usage
doctor
reset
classify
explain
version
help
keys
keys list
keys add
keys set
keys edit
keys check
gateway start
gateway stop
gateway status
gateway open
gateway token
gateway users
gateway install
gateway uninstall
END
  tcr keys add --help
  assert_stdout_has '--organization NAME +whose it is'
  tcr help gateway
  assert_stdout_has '--hold TIME +how long'
  tcr gateway start --help
  assert_stdout_has '--hold TIME +how long'
  tcr explain --help
  assert_stdout_has '--retries N'
  tcr keys rm --help
  assert_stdout_has '^  tcr-run keys remove NAME'
}

@test "what the help of a subcommand names, it takes" {
  pool a
  for words in status log usage doctor reset classify 'keys list' 'keys add' 'keys set' 'keys check' 'keys refresh' 'keys import' \
    'keys seal' 'gateway '{start,stop,status,open,users,install,uninstall}; do
    tcr $words --help
    # And each option of the usage is explained.
    while read -r option; do
      [ "$(grep -cE -- "(^|[^a-z-])$option([^a-z-]|\$)" "$out")" -ge 2 ] || fail "$words: $option is not explained"
    done < <(sed '/^ *$/,$d' "$out" | grep -oE -- '--[a-z][a-z-]+|\[-[a-z]\]' | tr -d '[]' | sort -u)
    while read -r option; do
      tcr $words "$option=" x < /dev/null
      refute_stderr_has 'unknown option'
    done < <(grep -oE -- '--[a-z][a-z-]+' "$out" | grep -vxE -- "--(help|token-command)" | sort -u)
  done
}

@test "version is a subcommand too" {
  tcr version
  assert_status 0
  assert_stdout_has '^tcr-run [0-9]'
  for words in --version -V; do
    cp "$out" "$scratch/first"
    tcr $words
    cmp "$out" "$scratch/first"
  done
}

@test "--help and --version after other options, and before a command" {
  for words in '-v --help' '--retries 2 -h' '--help -- client' '-h nonsense'; do
    tcr $words
    assert_status 0
    assert_stdout_has '^Usage: tcr-run'
    assert_used ''
  done
  for words in '-q --version' '-v -V' '--version -- client'; do
    tcr $words
    assert_status 0
    assert_stdout_has '^tcr-run [0-9]'
    assert_used ''
  done
}

@test "--help behind -- is the command's own" {
  pool a
  tcr -- sh -c 'echo "$@"' sh --help -v --version
  assert_stdout '--help -v --version'
}

@test "--help after a subcommand is no unknown option" {
  for words in 'status --help' 'reset --help' 'keys --help' 'keys list --help' 'classify --help' 'explain --help'; do
    tcr $words
    assert_status 0
    assert_stdout_has 'Usage|usage'
  done
}

@test "--version: name and number, as the build has them" {
  tcr --version
  assert_status 0
  assert_equal "$(sed -E 's/[0-9]+\.[0-9]+\.[0-9]+/N/' "$out")" 'tcr-run N'
  tcr -V
  assert_status 0
}

@test "no arguments: help for a person, failure for a script" {
  tcr
  assert_status 125
  grep -q 'Usage: tcr-run' "$out" "$err"
}

@test "an empty argument vector is refused" {
  printf 'HOME=%s\0' "$home" > "$scratch/environment"
  status=0
  "$CLI_START" "$scratch/environment" --empty "$TCR_RUN" > "$out" 2> "$err" < /dev/null || status=$?
  # New kernels put an empty word in its place: then it is a call without arguments.
  assert_status 125
  assert_between "$(cat "$out" "$err" | wc -l)" 1 37
}

@test "help into a full disk is no success" {
  status=0
  within "$TCR_RUN" --help > /dev/full 2> "$err" < /dev/null || status=$?
  assert_status 125
  assert_stderr_has 'No space left'
}

@test "a language or zone that does not exist changes nothing" {
  pool a b
  fails a
  for language in tr_TR.UTF-8 de_DE.UTF-8 nonsense; do
    rm -rf "$state"
    extra_env=("LC_ALL=$language" TZ=Nowhere/Nothing)
    fresh --cooldown 90s -- client
    assert_status 0
    assert_used 'a b'
    assert_equal "$(rest_of a)" 90
  done
}

@test "a name of its own does not matter" {
  pool a
  ln -s "$TCR_RUN" "$scratch/bin/other-name"
  capture other-name -- client < /dev/null
  assert_status 0
  assert_used a
}

@test "in another PID namespace, which was entered without a fork" {
  pool a
  unshare -fp sleep 30 3>&- &
  other=$!
  eventually pgrep -P "$other" > "$scratch/inner" || skip "cannot make a PID namespace"
  extra_env=()
  as=(nsenter --no-fork -p -t "$(cat "$scratch/inner")")
  within true || skip "cannot enter a PID namespace"
  tcr -- sh -c 'echo here; exit 3'
  kill "$other"
  assert_status 3
  assert_stdout here
}
