#!/usr/bin/env bats
# The programs with everything linked in. Compiler and libraries come with the first call and take many minutes: this runs with
# PACKAGES=full tools/test.

load helpers

# unpack WHAT TARGET: the archive's folder is $unpacked.
unpack() {
  mkdir -p "$BATS_FILE_TMPDIR/$2"
  TARGETS=$2 build_package "$1" "$BATS_FILE_TMPDIR/$2"
  tar -C "$BATS_FILE_TMPDIR/$2" -xf "$BATS_FILE_TMPDIR/$2"/*.tar.gz
  unpacked=$(find "$BATS_FILE_TMPDIR/$2" -mindepth 1 -maxdepth 1 -type d)
}

@test "x86_64 Linux: it needs no library, is installed, fails over and serves" {
  unpack static x86_64-linux-musl
  for program in bin/tcr-run libexec/tcr-run/tcr-gateway; do
    [[ $(file -b "$unpacked/$program") == ELF*x86-64*static*stripped* ]] || fail "$(file "$unpacked/$program")"
    ! readelf -d "$unpacked/$program" | grep NEEDED
  done
  "$unpacked/install" --prefix "$BATS_TEST_TMPDIR/a place"
  assert_equal "$("$BATS_TEST_TMPDIR/a place/bin/tcr-run" --version)" "tcr-run $VERSION"
  fails_over "$BATS_TEST_TMPDIR/a place/bin/tcr-run"
  serves "$BATS_TEST_TMPDIR/a place"
  grep -q '^--- mbedtls 2' "$BATS_TEST_TMPDIR/a place/share/tcr-run/licenses"
  "$BATS_TEST_TMPDIR/a place/share/tcr-run/uninstall"
  [ ! -e "$BATS_TEST_TMPDIR/a place" ] || fail "left: $(left "$BATS_TEST_TMPDIR/a place")"
}

@test "a second build gives the same bytes" {
  first=$(echo "$BATS_FILE_TMPDIR/x86_64-linux-musl"/*.tar.gz)
  mkdir "$BATS_TEST_TMPDIR/second"
  umask 077
  TZ=Asia/Tokyo TARGETS=x86_64-linux-musl build_package static "$BATS_TEST_TMPDIR/second"
  cmp "$first" "$BATS_TEST_TMPDIR/second/${first##*/}"
}
