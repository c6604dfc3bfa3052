# What a person reads most often fits on a terminal of 80 columns, with names and paths of an ordinary length.
load helpers

# With its stderr on a terminal: elsewhere each message is one line.
tcr() {
  capture "$PYTHON" -c 'import os, subprocess, sys, termios
ours, theirs = os.openpty()
modes = termios.tcgetattr(theirs)
modes[1] &= ~termios.OPOST
termios.tcsetattr(theirs, termios.TCSANOW, modes)
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stderr=theirs)
os.close(theirs)
try:
    while said := os.read(ours, 4096):
        os.write(2, said)
except OSError:
    pass
sys.exit(process.wait())' "$TCR_RUN" "$@"
}

# fits WHAT...: of what the last run said, on stderr and, for help, on stdout.
fits() {
  [ -s "$err" ] || [ -s "$out" ] || fail "$*: nothing was said"
  ! LC_ALL=C.UTF-8 grep -hE '.{81}' "$err" "$out" || fail "$*: longer than 80 columns"
}

# says SENTENCE -- ARGUMENT...: tcr-run with these says this, and all it says fits.
says() {
  local sentence=$1
  shift 2
  tcr "$@"
  assert_stderr_has "$sentence"
  fits "$*"
}

@test "off a terminal a message is one line, however long" {
  capture "$TCR_RUN" --key nobody-of-that-name --keys "$scratch/nowhere/at/all/keys.json" -- client < /dev/null
  assert_equal "$(wc -l < "$err")" 1
  LC_ALL=C.UTF-8 grep -qE '.{81}' "$err" || fail "too short to tell"
}

@test "the line that is seen most is one line" {
  pool home work third
  plays home "echo \"You've hit your session limit · resets 3pm (UTC)\"; exit 1"
  tcr -- client
  assert_equal "$(wc -l < "$err")" 1
  assert_stderr_has '^tcr-run: "home" reached its session limit \(resets ([A-Z][a-z]+ [0-9]+ )?[0-9:]+\); using "work" \(2 of 3\)$'
  fits failover
}

@test "failovers, the master key, all used up" {
  pool personal employer --master api:billing
  fails personal; fails employer throttled; fails billing billing
  says '"personal" reached its usage limit' -- -- client
  assert_stderr_has 'using the master key "billing", which is billed'
  assert_stderr_has 'no other key is left'
  says 'no key can be used: "personal" limited until .*; "employer" throttled until' -- -- client
  assert_stderr_has 'is ready first, at .*; --wait waits for it, tcr-run reset NAME forgets'
  rm -r "$state"
  says 'retry-on does not name the class limit' -- --retry-on none -- client
  says '"personal" is ready first, at .*; giving up' -- --key personal --wait=1s --cooldown 1h -- client
  rm -r "$state"
  fails personal server
  says '"personal" ran into trouble .*; --key allows no other' -- --exit-class 1=server --key personal -- client
}

@test "what is wrong with the key file" {
  while IFS= read -r json; do
    echo "$json" | keyfile
    says 'keys.json: ' -- -- client
  done <<'END'
{"keys": [{"name": "personal", "token": "no-token-at-all-0001"}]}
{"keys": [{"name": "personal", "tokn": "sk-ant-oat01-FAKE-a-0001"}]}
{"keys": [{"name": "personal", "token": "sk-ant-oat01-FAKE-a-0001", "expires": "soon"}]}
{"keys": [{"name": "personal", "token": "sk-ant-oat01-FAKE-a-0001"}, {"name": "personal", "token": "sk-ant-oat01-FAKE-b-0001"}]}
{"keys": [{"name": "personal", "token": "sk-ant-oat01-FAKE-a-0001"}, {"name": "employer", "token": "sk-ant-oat01-FAKE-a-0001"}]}
{"keys": [{"name": "personal", "token": "sk-ant-oat01-FAKE-a-0001", "kind": "other"}], "policy": {"cooldown": "soon"}}
{"keys": []}
{"version": 99, "keys": []}
{"keys": [
END
  rm "$keys"
  says 'there are no keys in' -- -- client
  says 'there is no such file' -- keys remove personal
  pool personal
  chmod 644 "$keys"
  says 'mode' -- -- client
}

@test "what is wrong with the command line" {
  pool personal employer
  says 'unknown option' -- --cooldwon 5 -- client
  says 'unknown subcommand' -- stauts
  says 'unknown subcommand' -- nonsense
  says 'there is no key "persnal"' -- --key persnal -- client
  says 'there is no key "persnal"' -- keys remove persnal
  says 'unknown verb' -- keys lst
  says 'unknown verb' -- gateway strt
  says 'unknown class' -- --retry-on everything -- client
  says 'usage: tcr-run keys add NAME' -- keys add
  says 'usage: tcr-run usage' -- usage today
  says 'usage: tcr-run log' -- log today
  says 'command not found' -- -- nowhere-to-be-found
  says 'a token is never taken from the command line' -- keys add other "$(token other)"
  says 'there is a key "personal" already' -- keys add personal < /dev/null
}

@test "the gateway, its users, and programs that are set up for it" {
  pool personal employer
  says 'no gateway runs' -- gateway stop
  says 'no gateway runs' -- gateway open
  says 'can be reached from other machines' -- gateway -d --listen 0.0.0.0:1
  says 'the key of "anna"' -- gateway users add anna
  says 'there is a user "anna" already' -- gateway users add anna
  says 'there is no user' -- gateway users remove berta
  says 'expected patterns' -- gateway users add berta --models ,
  says 'no gateway runs now' -- setup claude --yes
  says 'unknown program' -- setup emacs
  says 'SHELL is' -- setup shell
}

@test "help" {
  local -a list
  while read -ra list; do
    tcr "${list[@]}" --help
    assert_status 0
    fits "${list[*]} --help"
  done <<'END'

explain
keys
keys add
keys check
status
log
usage
doctor
reset
classify
gateway
setup
END
}
