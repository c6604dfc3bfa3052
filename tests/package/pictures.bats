#!/usr/bin/env bats
# The pictures in README can be remade, show what they should, and tell nothing of where they were made.

load helpers

setup() {
  unshare --mount true 2>/dev/null || unshare --user --map-root-user --mount true 2>/dev/null || skip "needs namespaces"
}

@test "the pictures can be made, are small and stand in README" {
  "$ROOT/tools/screenshots" "$BATS_TEST_TMPDIR"
  for name in failover session status doctor; do
    picture=$BATS_TEST_TMPDIR/$name.png
    [[ $(file -b "$picture") == "PNG image data, "* ]]
    [ "$(stat -c %s "$picture")" -lt 60000 ]
    [ "$(stat -c %s "$ROOT/docs/images/$name.png")" -lt 60000 ]
    grep -qF "docs/images/$name.png" "$ROOT/README.md"
  done
}

@test "they show a failover, a session that goes on, the keys and what doctor found, and no other home, host or token" {
  run "$ROOT/tools/screenshots" --text
  [ "$status" -eq 0 ] || fail "$output"
  [[ $output == *'"home" reached its session limit (resets 14:35); using "work" (2 of 3)'*'All four steps are done.'* ]] ||
    fail "$output"
  [[ $output == *'tcr-run: "home" reached its session limit at 12:35; 2 requests used "work"'* ]] || fail "$output"
  [[ $output == *'> work     oauth   ready'*'spare    oauth   disabled'* ]] || fail "$output"
  [[ $output == *$'\nfail  key file'*$'\nok    client'*$'\nwarn  environment'* ]] || fail "$output"
  ! grep -E "$(hostname)|$ROOT|/tmp|FAKE|\.\.\./" <<<"$output"
}

@test "the pictures of the gateway's page are small and stand in the documents" {
  for name in page page-usage; do
    [[ $(file -b "$ROOT/docs/images/$name.png") == "PNG image data, "* ]]
    [ "$(stat -c %s "$ROOT/docs/images/$name.png")" -lt 120000 ]
    grep -qF "images/$name.png" "$ROOT/README.md" "$ROOT/docs/gateway.md"
  done
}
