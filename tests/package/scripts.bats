#!/usr/bin/env bats
# The scripts that people run: in other shells, and with the tools of a system that has none of GNU's.

load helpers

# What macOS brings is bash 3.2. These words are younger.
younger='mapfile|readarray|(declare|local) -[a-zA-Z]*[An]|\$\{[A-Za-z_]+(,|\^|@[A-Za-z])|\[-1\]|&>>|\|&|\$\{?EPOCH|%\(|wait -n|coproc|;;?&$'

@test "tools/try builds and shows its run without GNU's tools" {
  [ -f "$ROOT/build/build.ninja" ] || skip "would build all of build/"
  plain_tools "$BATS_TEST_TMPDIR/tools"
  run env PATH="$BATS_TEST_TMPDIR/tools:$PATH" "$ROOT/tools/try"
  [ "$status" -eq 0 ] || fail "$output"
  [[ $output == *'"home" reached its session limit (resets '*'; using "work" (2 of 2)'*$'\nAll four steps are done.\n'* ]] ||
    fail "$output"
}

@test "what runs on macOS asks bash for nothing that its own does not know" {
  run grep -nE "$younger" "$ROOT"/tools/{try,install,package,demo/claude} "$ROOT/.github/actions/tcr-run/install"
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

# on_mac NAME...: these programs, and those of a system that has none of GNU's; $home/brew-list is what Homebrew has.
on_mac() {
  home=$BATS_TEST_TMPDIR
  plain_tools "$home/tools"
  for name in bash "$@"; do
    ln -sf "$(command -v "$name")" "$home/tools/$name"
  done
  printf '#!/bin/sh\necho Darwin\n' >"$home/tools/darwin"
  cat >"$home/tools/brew" <<END
#!/bin/sh
if [ "\$1" = list ]; then cat "$home/brew-list"; else echo "\$*" >>"$home/brewed"; fi
END
  chmod +x "$home/tools/darwin" "$home/tools/brew"
  ln -sf darwin "$home/tools/uname"
  : >"$home/brew-list"
}

@test "on macOS Homebrew is asked for what is missing, and for nothing else" {
  on_mac
  printf '%s\n' cjson hiredis libmicrohttpd meson ninja-extra scdoc >"$home/brew-list"
  PATH=$home/tools "$ROOT/tools/install" build
  assert_equal "$(cat "$home/brewed")" 'install --quiet libsodium ninja pkgconf'
  printf '%s\n' libsodium ninja pkgconf >>"$home/brew-list"
  PATH=$home/tools "$ROOT/tools/install" build
  assert_equal "$(wc -l <"$home/brewed")" 1
  PATH=$home/tools "$ROOT/tools/install" source
  assert_equal "$(tail -n 1 "$home/brewed")" 'install --quiet xz'
  PATH=$home/tools run "$ROOT/tools/install" test
  [[ $output == *"this is no Debian; it takes what these Debian packages hold: "* ]] || fail "$output"
}

@test "the source archive and Homebrew's recipe are made without GNU's tools, and are the same" {
  is_checkout || skip "no git checkout"
  on_mac git xz shasum
  mkdir "$home/here" "$home/there"
  build_package source "$home/here"
  PATH=$home/tools "$ROOT/tools/package" source "$home/there"
  cmp "$home/here/tcr-run-$VERSION.tar.xz" "$home/there/tcr-run-$VERSION.tar.xz"
  diff <(sed "s|$home/here||" "$home/here/tcr-run.rb") <(sed "s|$home/there||" "$home/there/tcr-run.rb")
}
