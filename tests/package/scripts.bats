#!/usr/bin/env bats
# The scripts that people run: in other shells, and with the tools of a system that has none of GNU's.

load helpers

# What macOS brings is bash 3.2. These words are younger.
younger='mapfile|readarray|(declare|local) -[a-zA-Z]*[An]|\$\{[A-Za-z_]+(,|\^|@[A-Za-z])|\[-1\]|&>>|\|&|EPOCH|%\(|wait -n|coproc|;;?&$'

@test "tools/try builds and shows its run without GNU's tools" {
  [ -f "$ROOT/build/build.ninja" ] || skip "would build all of build/"
  plain_tools "$BATS_TEST_TMPDIR/tools"
  run env PATH="$BATS_TEST_TMPDIR/tools:$PATH" "$ROOT/tools/try"
  [ "$status" -eq 0 ] || fail "$output"
  [[ $output == *'"home" reached its session limit (resets '*'; using "work" (2 of 2)'*$'\nAll four steps are done.\n'* ]] ||
    fail "$output"
}

@test "what runs on macOS asks bash for nothing that its own does not know" {
  run grep -nE "$younger" "$ROOT"/tools/{try,install,demo/claude} "$ROOT/.github/actions/tcr-run/install"
  [ "$status" -eq 1 ] || fail "$output"
}

@test "what is for sh is read by other shells than bash" {
  mapfile -t scripts < <(grep -rl '^#!/bin/sh' "$ROOT"/{src,packaging,tools})
  [ ${#scripts[@]} -ge 5 ] || fail "${scripts[*]}"
  for script in "${scripts[@]}"; do
    dash -n "$script"
    busybox sh -n "$script"
    zsh --emulate sh -n "$script"
  done
}

@test "the gateway's page is embedded alike by each shell, with and without GNU's tools" {
  plain_tools "$BATS_TEST_TMPDIR/tools"
  "$ROOT/src/page/embed" "$ROOT"/src/page/{index.html,icon.svg} >"$BATS_TEST_TMPDIR/first"
  grep -q '^    {"icon.svg", bytes_1, ' "$BATS_TEST_TMPDIR/first"
  for shell in dash 'busybox sh' 'zsh --emulate sh'; do
    read -ra words <<<"$shell"
    words[0]=$(command -v "${words[0]}")
    PATH=$BATS_TEST_TMPDIR/tools "${words[@]}" "$ROOT/src/page/embed" "$ROOT"/src/page/{index.html,icon.svg} >"$BATS_TEST_TMPDIR/other"
    cmp "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/other"
  done
}
