#!/usr/bin/env bats
# The programs for macOS, which do not run here: it is read what they are and what they ask of their system. Compiler and
# libraries come with the first call and take many minutes: this runs with PACKAGES=full tools/test.

load helpers

setup_file() {
  load helpers
  zig=$("$ROOT/packaging/cross/compiler" 3>&-)
  cache=${zig%/zig-*}
  [ -n "$cache" ]
  export zig cache
}

# unpack TARGET: the archive's folder is $unpacked.
unpack() {
  mkdir -p "$BATS_FILE_TMPDIR/$1"
  TARGETS=$1 build_package macos "$BATS_FILE_TMPDIR/$1"
  tar -C "$BATS_FILE_TMPDIR/$1" -xf "$BATS_FILE_TMPDIR/$1"/*.tar.gz
  unpacked=$(find "$BATS_FILE_TMPDIR/$1" -mindepth 1 -maxdepth 1 -type d)
}

# lacks PROGRAM ARCHITECTURE: the names that it asks for and that macOS 11 does not have.
lacks() {
  python3 "$ROOT/tests/package/macho.py" has "${zig%/zig}/lib/libc/darwin/libSystem.11.tbd" "$2" | LC_ALL=C sort >"$BATS_TEST_TMPDIR/has"
  llvm-nm -u "$1" | awk '{ print $NF }' | LC_ALL=C sort -u >"$BATS_TEST_TMPDIR/asks"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/has")" -gt 5000 ] && [ "$(wc -l <"$BATS_TEST_TMPDIR/asks")" -gt 1 ] || fail "$(wc -l "$BATS_TEST_TMPDIR"/*)"
  LC_ALL=C comm -23 "$BATS_TEST_TMPDIR/asks" "$BATS_TEST_TMPDIR/has"
}

loads() {
  llvm-objdump --macho --dylibs-used "$1" | awk 'NR > 1 { print $1 }'
}

# refute_line TEXT FILE
refute_line() {
  if grep -aF -e "$1" "$2"; then fail "found $1"; fi
}

signed() {
  python3 "$ROOT/tests/package/macho.py" signed "$1"
}

# asks_for_little PROGRAM ARCHITECTURE
asks_for_little() {
  [[ $(file -b "$1") == "Mach-O 64-bit $2 executable"*PIE* ]] || fail "$(file "$1")"
  assert_equal "$(loads "$1")" /usr/lib/libSystem.B.dylib
  llvm-objdump --macho --private-headers "$1" >"$BATS_TEST_TMPDIR/headers"
  grep -q 'platform macos' "$BATS_TEST_TMPDIR/headers"
  grep -q 'minos 11.0' "$BATS_TEST_TMPDIR/headers"
  refute_line LC_RPATH "$BATS_TEST_TMPDIR/headers"
  assert_equal "$(lacks "$1" "$2")" ''
}

# is_for_macos TARGET ARCHITECTURE
is_for_macos() {
  unpack "$1"
  [ -f "$BATS_FILE_TMPDIR/$1/tcr-run-$VERSION-macos-$2.tar.gz" ]
  local program
  for program in "$unpacked"/{bin/tcr-run,libexec/tcr-run/tcr-gateway}; do
    asks_for_little "$program" "$2"
    [ "$2" = x86_64 ] || signed "$program"
    # Where it was built is nobody's business, and would differ.
    strings -n 8 "$program" >"$BATS_TEST_TMPDIR/words"
    refute_line "$cache" "$BATS_TEST_TMPDIR/words"
    refute_line /source/src/ "$BATS_TEST_TMPDIR/words"
  done
  strings -n 8 "$unpacked/bin/tcr-run" >"$BATS_TEST_TMPDIR/words"
  grep -qx '/Library/Application Support/ClaudeCode/managed-settings.json' "$BATS_TEST_TMPDIR/words"
  refute_line /etc/claude-code "$BATS_TEST_TMPDIR/words"
  # Without it a gateway gets none of its descriptors there.
  grep -qx _posix_spawn_file_actions_addinherit_np <(llvm-nm -u "$unpacked/bin/tcr-run" | awk '{ print $NF }')
  has_manual "$unpacked"
  dash -n "$unpacked/install"
  run "$unpacked/install" --prefix "$BATS_TEST_TMPDIR/a place"
  [ "$status" -eq 1 ]
  [[ $output == *"tcr-run-$VERSION-macos-$2 needs that system and processor" ]]
  [ ! -e "$BATS_TEST_TMPDIR/a place" ]
  grep -q '^--- mbedtls 2' "$unpacked/share/tcr-run/licenses"
}

@test "arm64: programs that ask for nothing but what every macOS has, and are signed" {
  is_for_macos aarch64-macos arm64
}

@test "x86_64: the same, where no signature is needed" {
  is_for_macos x86_64-macos x86_64
}

@test "a second build gives the same bytes" {
  first=$(echo "$BATS_FILE_TMPDIR/aarch64-macos"/*.tar.gz)
  mkdir "$BATS_TEST_TMPDIR/second"
  umask 077
  TZ=Asia/Tokyo TARGETS=aarch64-macos build_package macos "$BATS_TEST_TMPDIR/second"
  cmp "$first" "$BATS_TEST_TMPDIR/second/${first##*/}"
}

@test "what is looked for above is found" {
  cd "$BATS_TEST_TMPDIR"
  echo 'int pipe2(int *a, int b) { return a[0] + b; }' >other.c
  echo 'int pipe2(int *, int); int main(void) { int a[2] = {0}; return pipe2(a, 0); }' >asks-linux.c
  "$zig" cc -target aarch64-macos.11.0 -shared other.c -o libother.dylib
  "$zig" cc -target aarch64-macos.11.0 asks-linux.c libother.dylib -o asks-linux
  [[ $(loads asks-linux) == *libother.dylib* ]] || fail "$(loads asks-linux)"
  assert_equal "$(lacks asks-linux arm64)" _pipe2
  signed asks-linux
  printf x | dd of=asks-linux bs=1 seek=100 conv=notrunc status=none
  run signed asks-linux
  [ "$status" -eq 1 ]
  assert_equal "$output" "page 0 is not what was signed"
}
