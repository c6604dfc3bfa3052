#!/usr/bin/env bats
# The binary archive: unpacked, installed into a folder, installed again over itself, and removed.

load helpers

setup_file() {
  load helpers
  mkdir "$BATS_FILE_TMPDIR/first"
  build_package tar "$BATS_FILE_TMPDIR/first"
  tar -C "$BATS_FILE_TMPDIR" -xf "$BATS_FILE_TMPDIR"/first/*.tar.gz
}

setup() {
  unpacked=$(echo "$BATS_FILE_TMPDIR/tcr-run-$VERSION-linux-"*)
  prefix="$BATS_TEST_TMPDIR/a place"
}

@test "installed it runs, fails over and has its manual and completions; removed it leaves nothing" {
  "$unpacked/install" --prefix "$prefix"
  assert_equal "$("$prefix/bin/tcr-run" --version)" "tcr-run $VERSION"
  fails_over "$prefix/bin/tcr-run"
  serves "$prefix"
  has_manual "$prefix"
  assert_equal "$(stat -c %a "$prefix/bin/tcr-run")" 755
  grep -q 'Dave Gamble' "$prefix/share/tcr-run/licenses"
  "$prefix/share/tcr-run/uninstall"
  [ ! -e "$prefix" ] || fail "left: $(left "$prefix")"
}

@test "what people run is in no dialect: other shells install and remove it too, with other tools than GNU's" {
  plain_tools "$BATS_TEST_TMPDIR/tools"
  for shell in dash 'busybox sh' 'zsh --emulate sh'; do
    read -ra words <<<"$shell"
    words[0]=$(command -v "${words[0]}")
    PATH=$BATS_TEST_TMPDIR/tools "${words[@]}" "$unpacked/install" --prefix "$prefix"
    "$prefix/bin/tcr-run" --version
    PATH=$BATS_TEST_TMPDIR/tools "${words[@]}" "$prefix/share/tcr-run/uninstall"
    [ ! -e "$prefix" ] || fail "$shell left: $(left "$prefix")"
  done
}

@test "the shells find its completions" {
  "$unpacked/install" --prefix "$BATS_TEST_TMPDIR/prefix"
  completes "$BATS_TEST_TMPDIR/prefix"
}

@test "its library comes with it: the machine's is not asked for" {
  "$unpacked/install" --prefix="$prefix"
  run ldd "$prefix/bin/tcr-run"
  [[ $output == *"libcjson.so.1 => $prefix/bin/../lib/tcr-run/libcjson.so.1"* ]] || fail "$output"
  [[ $output != *libsodium* ]]
}

@test "it asks for no younger glibc than its installer says" {
  said=$(sed -nE 's/.*needs glibc ([0-9.]+) or newer.*/\1/p' "$unpacked/install")
  needed=$(cat "$unpacked/bin/tcr-run" "$unpacked"/lib/tcr-run/* | grep -ao 'GLIBC_2\.[0-9.]*' | sort -Vu | tail -n 1)
  [ -n "$said" ]
  assert_equal "$(printf 'GLIBC_%s\n' "$said" "${needed#GLIBC_}" | sort -V | tail -n 1)" "GLIBC_$said"
}

@test "what was in the prefix before stays; an installation goes over another, without its old files" {
  mkdir -p "$prefix/share/man" "$prefix/bin"
  echo mine >"$prefix/bin/mine"
  "$unpacked/install" --prefix "$prefix"
  before=$(left "$prefix")
  echo old >"$prefix/share/tcr-run/old"
  sed -i '1i share/tcr-run/old' "$prefix/share/tcr-run/files"
  "$unpacked/install" --prefix "$prefix"
  assert_equal "$(left "$prefix")" "$before"
  "$prefix/share/tcr-run/uninstall"
  assert_equal "$(cd "$prefix" && find . -mindepth 1 | sort | paste -sd ' ')" "./bin ./bin/mine ./share ./share/man"
}

@test "without --prefix a person's installation goes to ~/.local" {
  [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  home=$(mktemp -d /tmp/tcr-package.XXXXXX)
  cp -R "$unpacked" "$home/unpacked"
  chmod -R go+rX "$home"
  [ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$home"
  "${as[@]}" env -i HOME="$home" PATH=/usr/bin:/bin "$home/unpacked/install" >"$BATS_TEST_TMPDIR/out"
  grep -q "^note: $home/.local/bin is not in PATH" "$BATS_TEST_TMPDIR/out"
  [ -x "$home/.local/bin/tcr-run" ]
  "$home/.local/share/tcr-run/uninstall"
  [ ! -e "$home/.local" ] || fail "left: $(left "$home/.local")"
  run "${as[@]}" "$home/unpacked/install" --prefix /usr/nowhere
  [ "$status" -eq 1 ]
  assert_equal "$output" "install: cannot write below /usr; choose another place with --prefix, or become root"
  rm -rf "$home"
}

@test "bad options and another machine's program are refused in one line; nothing is made" {
  run "$unpacked/install" --to "$prefix"
  [ "$status" -eq 2 ]
  assert_equal "$output" "usage: ./install [--prefix DIR]"
  run "$unpacked/install" --prefix relative
  assert_equal "$status $output" '1 install: "relative" is no absolute path; give one with --prefix'
  cp -R "$unpacked" "$BATS_TEST_TMPDIR/other"
  echo broken >"$BATS_TEST_TMPDIR/other/bin/tcr-run"
  run "$BATS_TEST_TMPDIR/other/install" --prefix "$prefix"
  [ "$status" -eq 1 ]
  [[ $output == "install: this program does not run here; "* ]]
  [ ! -e "$prefix" ]
}

@test "an installation that cannot be finished is taken back" {
  cp -R "$unpacked" "$BATS_TEST_TMPDIR/half"
  mkdir -p "$prefix/share/man/man1/tcr-run.1/in the way"
  run "$BATS_TEST_TMPDIR/half/install" --prefix "$prefix"
  [ "$status" -ne 0 ]
  [[ $output == *"could not finish; removing what was copied"* ]] || fail "$output"
  assert_equal "$(cd "$prefix" && find . -type f -o -type l)" ""
  [ ! -e "$prefix/bin" ]
}
