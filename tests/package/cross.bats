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
    ! readelf -d "$unpacked/$program" | grep NEEDED || fail "a library is needed"
  done
  "$unpacked/install" --prefix "$BATS_TEST_TMPDIR/a place"
  assert_equal "$("$BATS_TEST_TMPDIR/a place/bin/tcr-run" --version)" "tcr-run $VERSION"
  fails_over "$BATS_TEST_TMPDIR/a place/bin/tcr-run"
  TCR_RUN="$BATS_TEST_TMPDIR/a place/bin/tcr-run" "$ROOT/tests/fault/run" --only kills
  serves "$BATS_TEST_TMPDIR/a place"
  grep -q '^--- mbedtls 2' "$BATS_TEST_TMPDIR/a place/share/tcr-run/licenses"
  "$BATS_TEST_TMPDIR/a place/share/tcr-run/uninstall"
  [ ! -e "$BATS_TEST_TMPDIR/a place" ] || fail "left: $(left "$BATS_TEST_TMPDIR/a place")"
}

# emulated FOLDER: its programs run in qemu, on a kernel that does not start it by itself, too.
emulated() {
  local program
  for program in bin/tcr-run libexec/tcr-run/tcr-gateway; do
    mv "$1/$program" "$1/$program.arm64"
    printf '#!/bin/sh\nexec qemu-aarch64-static "%s" "$@"\n' "$1/$program.arm64" >"$1/$program"
    chmod 755 "$1/$program"
  done
}

# lasts PROGRAM: its lasting gateway starts, answers and ends, and status is shown.
lasts() {
  local home port
  home=$(mktemp -d)
  port=$("$ROOT/tests/free-ports")
  with_home() { env -i PATH=/usr/bin:/bin HOME="$home" "$@"; }
  echo sk-ant-oat01-FAKE-home-0001 | with_home "$1" keys add home
  [[ $(with_home "$1" status) == *home*ready* ]]
  with_home "$1" gateway start -d --listen "$port" 3>&-
  assert_equal "$(curl -sS -o /dev/null -w '%{http_code}' -H "x-api-key: $(with_home "$1" gateway token)" "http://127.0.0.1:$port/health")" 200
  [[ $(with_home "$1" gateway status) == *":$port"* ]]
  with_home "$1" gateway stop
  rm -rf "$home"
}

@test "arm64 Linux, in qemu: it fails over, serves a run, and has a lasting gateway" {
  command -v qemu-aarch64-static >/dev/null || skip "no qemu-aarch64-static; tools/install arm64 installs it"
  unpack static aarch64-linux-musl
  for program in bin/tcr-run libexec/tcr-run/tcr-gateway; do
    [[ $(file -b "$unpacked/$program") == ELF*aarch64*static*stripped* ]] || fail "$(file "$unpacked/$program")"
  done
  emulated "$unpacked"
  assert_equal "$("$unpacked/bin/tcr-run" --version)" "tcr-run $VERSION"
  fails_over "$unpacked/bin/tcr-run"
  serves "$unpacked"
  lasts "$unpacked/bin/tcr-run"
}

@test "a second build gives the same bytes" {
  first=$(echo "$BATS_FILE_TMPDIR/x86_64-linux-musl"/*.tar.gz)
  mkdir "$BATS_TEST_TMPDIR/second"
  umask 077
  TZ=Asia/Tokyo TARGETS=x86_64-linux-musl build_package static "$BATS_TEST_TMPDIR/second"
  cmp "$first" "$BATS_TEST_TMPDIR/second/${first##*/}"
}
