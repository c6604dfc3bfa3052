#!/usr/bin/env bats
# Each command of README.md, taken from it and run, with no network but a loopback of its own; the ways of installing are
# full.bats's. And each of the other documents: that tcr-run knows its words.

load helpers
load played

eval "played_$(declare -f setup)"

setup() {
  played_setup
  apart=(unshare -n -p -f --kill-child --mount-proc)
  [ "$(id -u)" -eq 0 ] || apart+=(-r)
  "${apart[@]}" true 2>/dev/null || skip "no namespaces here"
  pool
}

# block WORDS: the block of README.md that begins with them.
block() {
  local found
  found=$(WORDS="    $1" perl -00 -ne 'if (index($_, $ENV{WORDS}) == 0) { s/^ {4}//mg; print; last }' "$ROOT/README.md")
  [ -n "$found" ] || fail "README.md has no block \"$1\""
  echo "$found"
}

# program NAME: what standard input says, in $bin.
program() {
  cat >"$bin/$1"
  chmod +x "$bin/$1"
}

# play_apart [NAME=VALUE]... FILE: the commands in it. Their output goes to out and err, as far as they got.
play_apart() {
  local words=("${@:1:$#-1}")
  "${apart[@]}" sh -c 'ip link set lo up && exec "$@"' - env -i HOME="$HOME" PATH="$bin:/usr/bin:/bin:/usr/sbin:/sbin" LANG=C.UTF-8 \
    "${words[@]}" bash "${@: -1}" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&-
}

out() { cat "$BATS_TEST_TMPDIR/out"; }
err() { cat "$BATS_TEST_TMPDIR/err"; }

@test "the first run is as it is shown" {
  block "$ tcr-run -- claude -p 'Do the four steps'" >shown
  sed -n 's/^\$ //p' shown >typed
  export CLAUDE_CONFIG_DIR=$BATS_TEST_TMPDIR/claude
  cp "$ROOT/tools/demo/claude" "$bin/claude"
  play_apart CLAUDE_CONFIG_DIR="$CLAUDE_CONFIG_DIR" typed || fail "$(err)"
  times='s/resets [0-9:]+/resets TIME/'
  diff <(sed 1d shown | sed -E "$times") <(cat "$BATS_TEST_TMPDIR/err" "$BATS_TEST_TMPDIR/out" | sed -E "$times")
}

@test "keys: a login, a token that is asked for, a master key, and another tool's file" {
  rm "$HOME/.config/tcr/keys.json"
  block 'tcr-run keys login home' | sed 's/ FILE / keys.env /' >typed
  echo 'CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-FAKE-other-0001' >keys.env
  program claude <<'END'
#!/bin/sh
[ "$*" = setup-token ] && echo sk-ant-oat01-FAKE-login-0001-0123456789abcdef
END
  program token-for <<'END'
#!/bin/sh
case $1 in *--master*) echo sk-ant-api03-FAKE-billing-0001 ;; *) echo sk-ant-oat01-FAKE-work-0001 ;; esac
END
  # What is asked for is answered.
  sed -i -E 's/^(tcr-run keys add ([^#]*[^# ])) *(#.*)?$/token-for "\2" | \1/' typed
  sed -i '1i set -e' typed
  play_apart typed || fail "$(err)"
  assert_equal "$(jq -r '[.keys[].name] | join(" ")' "$HOME/.config/tcr/keys.json")" "home work claude"
  assert_equal "$(jq -r '.master | "\(.name) \(.at_most)"' "$HOME/.config/tcr/keys.json")" "billing 20/day"
}

@test "the key file is one, and each of its keys can be used" {
  block '{ "keys": [' | keyfile
  program pass <<'END'
#!/bin/sh
[ "$*" = "show claude/work" ] && echo sk-ant-oat01-FAKE-passed-0001
END
  (umask 077 && echo sk-ant-oat01-FAKE-ci-0001 >"$HOME/.config/tcr/ci.token" && mkdir "$HOME/.claude-team" &&
    echo '{"claudeAiOauth": {"accessToken": "sk-ant-oat01-FAKE-team-0001", "refreshToken": "", "expiresAt": 4102444800000}}' \
      >"$HOME/.claude-team/.credentials.json")
  cat >typed <<'END'
set -e
for key in work ci team billing; do tcr-run -k $key -- claude -p "prompt"; done
tcr-run --profile cheap keys list
END
  play_apart typed || fail "$(err)"
  assert_equal "$(grep -c '^prompt$' "$BATS_TEST_TMPDIR/out")" 4
  ! grep -i 'unknown field' "$BATS_TEST_TMPDIR/err" || fail "$(err)"
}

@test "steps of GitHub Actions: without a file, and with the action, which has these inputs" {
  rm "$HOME/.config/tcr/keys.json"
  block '- run: tcr-run -- claude' >step.yml
  step step.yml | jq -r .run >typed
  play_apart TCR_KEYS="$(step step.yml | jq -r .TCR_KEYS)" TCR_MASTER_KEY="$(step step.yml | jq -r .TCR_MASTER_KEY)" typed || fail "$(err)"
  assert_equal "$(cat review.md)" "Review the last commit"
  block '- uses:' >step.yml
  step step.yml | jq -r 'keys[]' | while read -r input; do
    grep -qE "^  $input:" "$ROOT/.github/actions/tcr-run/action.yml" || fail "the action has no input $input"
  done
  step step.yml | jq -r .run >typed
  play_apart TCR_KEYS="$(step step.yml | jq -r .keys)" typed || fail "$(err)"
}

@test "daily use: each command ends well and does what stands behind it" {
  keyfile <<END
{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}, {"name": "work", "token": "sk-ant-oat01-FAKE-work-0001"},
  {"name": "ci", "token": "sk-ant-oat01-FAKE-ci-0001"}], "profiles": {"cheap": {"keys": ["home", "ci"]}}}
END
  echo one >one.md
  printf '#!/bin/sh\necho "built with $CLAUDE_CODE_OAUTH_TOKEN"\n' >ci.sh
  chmod +x ci.sh
  echo '{"home": "ok", "work": "ok", "ci": "ok"}' >answers
  block 'tcr-run -- claude -p "prompt"' >lines
  cat >typed <<'END'
python3 "$PROVIDER" --answers answers --log asked --port-file port </dev/null >/dev/null 2>&1 &
until [ -s port ]; do sleep 0.02; done
shopt -s expand_aliases
while IFS= read -r line; do
  # Only what asks the provider is to find it: to the others, the variable is something to warn of.
  case $line in *check* | *--preflight*) export ANTHROPIC_BASE_URL=http://127.0.0.1:$(cat port) ;; *) unset ANTHROPIC_BASE_URL ;; esac
  echo "== $line"
  echo "== $line" >&2
  eval "$line" </dev/null || echo "!! status $?"
done <lines
claude -p "by the alias"
kill %1
END
  play_apart PROVIDER="$ROOT/tests/cli/provider.py" typed || fail "$(err)"
  ! grep -B 3 '^!!' "$BATS_TEST_TMPDIR/out" || fail "$(err)"
  assert_equal "$(grep -c '^== tcr-run\|^== ls' "$BATS_TEST_TMPDIR/out")" "$(grep -vc '^alias' lines)"
  for line in '^> work .* ready' '"home" reached its usage limit' '^home .* valid' '^  work .*would be used' '^Review one.md$' '^built with \*\*\*$' '^by the alias$'; do
    grep -q -e "$line" "$BATS_TEST_TMPDIR/out" || fail "no $line in: $(out) $(err)"
  done
}

@test "another program is taught, and its output judged" {
  block "tcr-run --marker 'limit=" >typed
  printf '%s\n' '#!/bin/sh' 'case $CLAUDE_CODE_OAUTH_TOKEN in *-home-*) echo "quota exhausted"; exit 1 ;; esac; echo done' >agent.sh
  chmod +x agent.sh
  play_apart typed || fail "$(err)"
  assert_equal "$(out)" "done"
  echo "Claude usage limit reached." >FILE
  echo 'tcr-run classify FILE' >typed
  grep -qF "\`$(cat typed)\`" "$ROOT/README.md"
  play_apart typed || fail "$(err)"
  [[ $(out) == "class: limit"* ]] || fail "$(out)"
}

@test "a fleet: doctor tells of the server" {
  block 'export TCR_STATE=' >typed
  mkdir "$HOME/.secrets"
  (umask 077 && echo FAKE >"$HOME/.secrets/redis")
  ! play_apart typed || fail "$(out)"
  grep -q '^fail .*cache.example' "$BATS_TEST_TMPDIR/out" || fail "$(out) $(err)"
}

@test "sessions: a gateway for a program, a lasting one, its page, what it used" {
  block 'tcr-run -- claude  ' >lines
  program systemctl </dev/null
  program xdg-open <<'END'
#!/bin/sh
echo "opened $1" >>opened
END
  program claude <<'END'
#!/bin/sh
echo "a session${ANTHROPIC_UNIX_SOCKET:+ with a gateway}"
END
  program node <<'END'
#!/bin/sh
case $CLAUDE_CODE_OAUTH_TOKEN$ANTHROPIC_API_KEY in *FAKE*) with=with ;; esac
echo "$1 asks $ANTHROPIC_BASE_URL ${with:-without} a key of the pool"
END
  cat >typed <<'END'
while IFS= read -r line; do
  echo "== $line"
  echo "== $line" >&2
  case $line in
    *'gateway install'*) tcr-run gateway stop ;;& # they are for one port
    *'gateway open'*) tcr-run gateway start -d ;;&
    *'setup shell'*) line="SHELL=/bin/bash ${line/shell/shell -y}" ;;
    *'-- claude'*) line="script -qec '${line%%#*}' /dev/null" ;;
  esac
  eval "$line" </dev/null || echo "!! status $?"
  case $line in
    export*) curl -s -o /dev/null -w '%{http_code} at the gateway\n' "$ANTHROPIC_BASE_URL/status" -H "x-api-key: $ANTHROPIC_API_KEY" ;;
  esac
  unset ANTHROPIC_BASE_URL ANTHROPIC_API_KEY
done <lines
cat opened
tcr-run gateway stop
END
  export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
  mkdir -m 700 "$XDG_RUNTIME_DIR"
  play_apart XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" TERM=xterm DISPLAY=:0 typed || fail "$(err)"
  ! grep -B 3 '^!!' "$BATS_TEST_TMPDIR/out" || fail "$(err)"
  for line in '^a session with a gateway' '^a session.\?$' '^agent.mjs asks http.* without a key' '^200 at the gateway' '^opened ' 'no request has gone through a gateway yet'; do
    grep -q -e "$line" "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err" || fail "no $line in: $(out) $(err)"
  done
}

# commands FILE: what its blocks run by the name of tcr-run, up to the end of the line or of a $().
commands() {
  perl -e '
    my $is_page = $ARGV[0] =~ /scd$/;
    while (<>) {
      if ($is_page && /^```/) { $in = !$in; next }
      $in = /^ {4}/ if !$is_page;
      next unless $in;
      s/\\\\/\\/g if $is_page;
      $line .= $_;
      next if $line =~ s/ *\\\n$// || $line =~ s/&&\n$/&&/;
      # podman names an image so.
      if ($line !~ /podman build/ && $line =~ m{(?:^|[ (]|=/\S*/)(tcr-run (?:-|[a-z]).*)}) {
        my $command = $1;
        $command =~ s/\).*// if $line =~ /\$\(tcr-run/;
        print "$command\n";
      }
      $line = "";
    }' "$1"
}

@test "each command of the other documents has words that tcr-run knows" {
  for file in "$ROOT"/docs/*.md "$ROOT"/man/*.scd; do
    commands "$file"
  done >listed
  # And what the text names, but for what is named as wrong.
  grep -ohE '`tcr-run [a-z-][^`]*`' "$ROOT"/docs/*.md "$ROOT/README.md" | tr -d '`' | grep -vx 'tcr-run claude' >>listed
  sed -E 's/ +# .*//; s|/var/lib|.|g' listed | sort -u >all
  for line in 'tcr-run gateway users add anna' 'tcr-run keys set home work --priority 1' 'tcr-run gateway token'; do
    grep -qxF "$line" all || fail "$line was not found: $(cat all)"
  done
  program systemctl </dev/null
  printf '#!/bin/sh\ncat\n' | program pass
  cat >typed <<'END'
while IFS= read -r line; do
  echo "== $line" >&2
  TCR_KEYS_FILE=$PWD/keys.json timeout 2 bash -c "$line" </dev/null
done <all
END
  cp "$HOME/.config/tcr/keys.json" keys.json
  play_apart typed || true
  ! grep -E -B 1 'unknown [a-z]|unexpected|did you mean|jq: error|syntax error' "$BATS_TEST_TMPDIR/err" ||
    fail "a document is wrong"
}

@test "no block of README.md is left out" {
  perl -00 -ne 'print((split /\n/)[0], "\n") if /^ {4}\S/' "$ROOT/README.md" | sed 's/^ *//' >first
  grep -oE '^ {4}tools/package [a-z]+' "$ROOT/README.md" | while read -r _ what; do
    grep -qE "^#   $what " "$ROOT/tools/package" || fail "tools/package makes no $what"
  done
  # What runs this; and what full.bats installs.
  grep -vxE 'tools/(try|test)' first | while IFS= read -r line; do
    sed -nE "s/.*(block|readme) (['\"])([^'\"]*).*/\3/p" "$ROOT"/tests/package/{readme,full}.bats | WORDS=$line perl -ne '
      chomp; $found ||= index($ENV{WORDS}, $_) == 0 if length; END { exit !$found }' || fail "nobody runs: $line"
  done
}
