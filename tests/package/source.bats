#!/usr/bin/env bats
# The source archive, and the recipes of Arch and Homebrew that build from it; full.bats builds with them.

load helpers

setup_file() {
  load helpers
  ! is_checkout || build_archive
}

setup() {
  is_checkout || skip "no git checkout"
}

teardown_file() {
  [ -z "${made-}" ] || rm -rf "$made"
}

# The value of NAME in the PKGBUILD.
arch() {
  bash -c '. "$1/PKGBUILD"; declare -n list=$2; echo "${list[@]}"' - "$made" "$1"
}

@test "one version: of the newest entry of the change log and of what is made for it" {
  assert_equal "$(sed -nE 's/^## \[([0-9][^]]*)\].*/\1/p' "$ROOT/CHANGELOG.md" | head -n 1)" "$VERSION"
  assert_equal "$(arch pkgver)" "$VERSION"
  grep -q "^  url \".*/tcr-run-$VERSION.tar.xz\"$" "$made/tcr-run.rb"
  ! grep -rn '@[A-Z]*@' "$made/PKGBUILD" "$made/tcr-run.rb" || fail "something was not filled in"
  assert_equal "$(grep -rlF --exclude=Chart.yaml "$VERSION" "$ROOT/packaging" "$ROOT/.github" "$ROOT/completions" "$ROOT/man")" ""
}

@test "the archive holds the commit and nothing else" {
  git -C "$ROOT" ls-tree -r --name-only HEAD | sort >"$BATS_TEST_TMPDIR/commit"
  (cd "$made/tcr-run-$VERSION" && find . -type f -printf '%P\n' | sort) >"$BATS_TEST_TMPDIR/archive"
  diff "$BATS_TEST_TMPDIR/commit" "$BATS_TEST_TMPDIR/archive"
  grep -qx 'src/gateway/gateway.c' "$BATS_TEST_TMPDIR/archive"
  sum=$(sha256sum <"$made/tcr-run-$VERSION.tar.xz")
  assert_equal "$(arch sha256sums)" "${sum%% *}"
  grep -qF "sha256 \"${sum%% *}\"" "$made/tcr-run.rb"
}

@test "URL, HOMEPAGE and PACKAGER stand in the recipes; a second archive has the same bytes" {
  mkdir "$BATS_TEST_TMPDIR/second"
  umask 077
  URL=https://files.example/v1 HOMEPAGE=https://project.example PACKAGER='A & B <a@b.example>' \
    build_package source "$BATS_TEST_TMPDIR/second"
  cmp "$made/tcr-run-$VERSION.tar.xz" "$BATS_TEST_TMPDIR/second/tcr-run-$VERSION.tar.xz"
  grep -qxF "source=('https://files.example/v1/tcr-run-$VERSION.tar.xz')" "$BATS_TEST_TMPDIR/second/PKGBUILD"
  grep -qxF '# Maintainer: A & B <a@b.example>' "$BATS_TEST_TMPDIR/second/PKGBUILD"
  grep -qxF '  homepage "https://project.example"' "$BATS_TEST_TMPDIR/second/tcr-run.rb"
}

@test "tools/package says how it is used, and makes nothing" {
  for words in '' 'rpm' 'deb a b' 'deb --help'; do
    read -ra list <<<"$words"
    run "$ROOT/tools/package" "${list[@]}"
    [ "$status" -eq 2 ] || fail "$words: $output"
    [[ $output == "tools/package WHAT [FOLDER]"* ]] || fail "$words: $output"
  done
}

@test "the PKGBUILD is a shell script with what makepkg calls" {
  bash -n "$made/PKGBUILD"
  shellcheck -s bash -e SC2034,SC2154,SC2164 "$made/PKGBUILD"
  for name in build check package; do
    bash -c '. "$1/PKGBUILD"; declare -F "$2"' - "$made" "$name"
  done
  for name in pkgdesc url license depends makedepends; do
    [ -n "$(arch "$name")" ] || fail "there is no $name"
  done
}

@test "the formula is Ruby, and says what it needs" {
  ruby -c "$made/tcr-run.rb"
  run ruby "$ROOT/tests/package/formula.rb" "$made/tcr-run.rb"
  [ "$status" -eq 0 ] || fail "$output"
  [[ $output == *"license: MIT"*"needs: meson ninja pkgconf scdoc cjson curl hiredis libmicrohttpd libsodium openssl@3 sqlite" ]] || fail "$output"
}
