#!/usr/bin/env bats
# The action for CI steps, run as GitHub's runner runs it: its own file is parsed, its steps get the environment it says.

load helpers

ACTION=$ROOT/.github/actions/tcr-run/action.yml

# Built once, from a copy of the sources: it stands beside the build as that of tools/package does, so that ccache knows it.
setup_file() {
  load helpers
  export RUNNER_TEMP=$BATS_FILE_TMPDIR/runner
  mkdir -p "$RUNNER_TEMP/source"
  tar -C "$ROOT" -c --exclude=node_modules src tests man completions tools meson.build meson_options.txt README.md CHANGELOG.md LICENSE \
    .github/actions/tcr-run | tar -C "$RUNNER_TEMP/source" -x
  action >"$RUNNER_TEMP/out" 2>&1 3>&- || fail "$(cat "$RUNNER_TEMP/out")"
  assert_equal "$(cat "$RUNNER_TEMP/out")" "tcr-run $VERSION from $RUNNER_TEMP/tcr-run/bin/tcr-run"
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/work"
  cd "$BATS_TEST_TMPDIR/work"
  path=$BATS_TEST_TMPDIR/bin:/usr/bin:/bin
  cat >agent <<'END'
#!/bin/sh
echo "${CLAUDE_CODE_OAUTH_TOKEN:+oauth}${ANTHROPIC_API_KEY:+api} ${TCR_KEYS-none} ${INPUT_KEYS-none}" >>calls
case $CLAUDE_CODE_OAUTH_TOKEN in *-home-*) echo "quota exhausted"; exit 1 ;; esac
echo "$1"
END
  chmod +x agent
}

action() {
  env -i PATH="${path-/usr/bin:/bin}" HOME="${BATS_TEST_TMPDIR-$RUNNER_TEMP}" LANG=C.UTF-8 RUNNER_TEMP="$RUNNER_TEMP" CCACHE_DIR="${CCACHE_DIR-}" \
    /usr/bin/python3 "$ROOT/tests/package/action.py" "$RUNNER_TEMP/source/.github/actions/tcr-run/action.yml" "$@"
}

# The package is not installed on this machine: apt-get is told from a script that unpacks it.
fake_apt() {
  cat >"$BATS_TEST_TMPDIR/bin/apt-get" <<END
#!/bin/sh
echo "apt-get \$*" >>"$BATS_TEST_TMPDIR/apt"
[ "\$2" = update ] || cp "$RUNNER_TEMP/tcr-run/bin/tcr-run" "$BATS_TEST_TMPDIR/bin"
END
  printf '#!/bin/sh\nexec "$@"\n' >"$BATS_TEST_TMPDIR/bin/sudo"
  chmod +x "$BATS_TEST_TMPDIR"/bin/*
}

@test "its file: every input is explained and used, and none is pasted into a script" {
  /usr/bin/python3 - "$ACTION" <<'END'
import re, sys, yaml
action = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
assert action["runs"]["using"] == "composite" and action["name"] and action["description"]
used = set()
for step in action["runs"]["steps"]:
    assert "${{" not in step["run"] and step["shell"] == "bash", step
    used |= set(re.findall(r"inputs\.([a-z-]+)", str(step)))
assert used == set(action["inputs"]), used ^ set(action["inputs"])
assert all(row["description"] and "default" in row for row in action["inputs"].values())
END
  /usr/bin/python3 "$ROOT/tests/package/action.py" --steps "$ACTION" "$BATS_TEST_TMPDIR"
  shellcheck "$BATS_TEST_TMPDIR"/step* "$ROOT/.github/actions/tcr-run/install"
}

@test "a step with keys fails over, and no token is printed nor left to the command" {
  fake_apt
  run action "deb=$ROOT/meson.build" keys=$'sk-ant-oat01-FAKE-home-0001\nwork=sk-ant-oat01-FAKE-work-0001' \
    run=$'tcr-run -m "limit=^quota exhausted" -- ./agent "two  words" >answer\necho "then: $(cat answer)"'
  [ "$status" -eq 0 ] || fail "$output"
  [[ $output == *'using "work" (2 of 2)'*"then: two  words" ]] || fail "$output"
  [[ $output != *sk-ant-oat01-FAKE* ]]
  assert_equal "$(sort -u calls)" "oauth none none"
}

@test "the master key is used when the pool is used up" {
  fake_apt
  run action "deb=$ROOT/meson.build" keys=sk-ant-oat01-FAKE-home-0001 master-key=sk-ant-api03-FAKE-billing-0001 \
    run='tcr-run -m "limit=^quota exhausted" -- ./agent done'
  [ "$status" -eq 0 ] || fail "$output"
  [[ $output == *'which is billed'*done ]] || fail "$output"
  assert_equal "$(tail -n 1 calls)" "api none none"
}

@test "without inputs the keys of the job's environment are used" {
  fake_apt
  run env -i PATH="$path" HOME="$BATS_TEST_TMPDIR" RUNNER_TEMP="$RUNNER_TEMP" CLAUDE_CODE_OAUTH_TOKENS=sk-ant-oat01-FAKE-work-0001 \
    /usr/bin/python3 "$ROOT/tests/package/action.py" "$ACTION" "deb=$ROOT/meson.build" run='tcr-run -- ./agent done'
  [[ $status == 0 && $output == *done ]] || fail "$output"
}

@test "the commands run in the folder named, and their failure is the step's" {
  fake_apt
  mkdir sub
  run action "deb=$ROOT/meson.build" working-directory=sub run='pwd; exit 7; echo not this'
  [ "$status" -eq 7 ] || fail "$output"
  [[ $output == *"/work/sub" ]] || fail "$output"
  run action "deb=$ROOT/meson.build" run=$'false\necho not this'
  [ "$status" -eq 1 ]
  [[ $output != *"not this"* ]]
}

@test "a package is installed by apt-get, as it is" {
  fake_apt
  run action "deb=$ROOT/meson.build"
  [ "$status" -eq 0 ] || fail "$output"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/apt")" "apt-get -q update
apt-get -q install -y --no-install-recommends $ROOT/meson.build"
}

@test "a package at an https address is fetched, by https alone" {
  fake_apt
  cat >"$BATS_TEST_TMPDIR/bin/curl" <<END
#!/bin/sh
echo "curl \$*" >>"$BATS_TEST_TMPDIR/apt"
while [ "\$1" != --output ]; do shift; done
echo package >"\$2"
END
  chmod +x "$BATS_TEST_TMPDIR/bin/curl"
  run action deb=https://files.example/tcr-run.deb
  [ "$status" -eq 0 ] || fail "$output"
  grep -qE '^curl .*--fail .*--proto =https .* https://files.example/tcr-run.deb$' "$BATS_TEST_TMPDIR/apt"
  grep -qxF "apt-get -q install -y --no-install-recommends $RUNNER_TEMP/tcr-run.deb" "$BATS_TEST_TMPDIR/apt"
  run action deb=http://files.example/tcr-run.deb
  [ "$status" -eq 1 ] || fail "http was taken: $output"
  assert_equal "$output" "::error::tcr-run could not be installed: there is no http://files.example/tcr-run.deb; deb takes a file or an https address"
}

@test "what cannot be installed is one error, and the commands do not run" {
  fake_apt
  run action deb=nowhere.deb run='echo not this'
  [ "$status" -eq 1 ]
  assert_equal "$output" "::error::tcr-run could not be installed: there is no nowhere.deb; deb takes a file or an https address"
  printf '#!/bin/sh\necho "no space"; exit 100\n' >"$BATS_TEST_TMPDIR/bin/apt-get"
  run action "deb=$ROOT/meson.build" run='echo not this'
  [ "$status" -eq 1 ]
  [[ $output == "no space"*"::error::tcr-run could not be installed: "* ]] || fail "$output"
  [[ $output != *"not this"* ]]
}
