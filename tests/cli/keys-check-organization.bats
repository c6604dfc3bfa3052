# tcr-run keys check notes in the key file which organization an API key belongs to.
load provider-helpers

organizations() {
  in_file '[.keys[], .master | select(. != null) | .organization]'
}

@test "--note-organization: API keys without one get it, and all else stays" {
  pool home api:one api:two api:four --master api:bill
  jq '.keys[1].x = [1, {"y": 2}] | .keys[2].organization = "acme" | .z = null' "$keys" | keyfile "$keys.new"
  mv "$keys.new" "$keys"
  answer home=ok:org-1 one=ok:org-1 two=ok:org-2 four=ok bill=ok:org-1
  provide
  before=$(in_file 'del(.. | .organization?)')
  check --note-organization
  assert_status 0
  assert_equal "$(organizations)" '[null,"org-1","acme",null,"org-1"]'
  assert_equal "$(in_file 'del(.. | .organization?)')" "$before"
  assert_mode 600 "$keys"
  assert_stderr_has 'keys.json: the organization is noted'
}

@test "the name that the file has for it is taken, not the provider's id" {
  pool api:one api:two
  jq '.keys[1].organization = "acme"' "$keys" | keyfile "$keys.new"
  mv "$keys.new" "$keys"
  answer one=ok:org-1 two=ok:org-1
  provide
  check --note-organization
  assert_equal "$(organizations)" '["acme","acme"]'
}

@test "without the option it is offered, and nothing is written" {
  pool api:one api:two api:wrong
  answer one=ok:org-1 two=ok:org-1
  provide
  unchanged check
  assert_status 1
  assert_stderr_has 'told the organization of "one", "two"; --note-organization notes it$'
  unchanged check --json
  jq -e . "$out" > "$scratch/read" || fail "stdout is no JSON"
}

@test "a person is asked: y notes it, anything else does not" {
  pool api:one
  answer one=ok:org-1
  provide
  unchanged person see:'? [y/N]' type:'\n' -- keys check
  assert_status 0
  unchanged person see:'? [y/N]' type:'n\n' -- keys check
  unchanged person see:'? [y/N]' type:'\x04' -- keys check
  unchanged person see:'? [y/N]' type:'\x03' -- keys check
  assert_status 130
  person see:'? [y/N]' type:'y\n' see:'the organization is noted' -- keys check
  assert_status 0
  assert_equal "$(organizations)" '["org-1"]'
  person see:'valid' -- keys check
  ! grep -q 'y/N' "$out" || fail "asked again"
}

@test "a subscription's limits are its account's: its organization is shown, not noted" {
  pool home
  answer home=ok:org-1
  provide
  unchanged check --note-organization --json
  assert_status 0
  assert_equal "$(of home .organization_id)" org-1
  assert_no_stderr
}

@test "a sealed file stays sealed" {
  pool api:one
  passphrase 'one horse'
  tcr keys seal
  answer one=ok:org-1
  provide
  check --note-organization
  assert_status 0
  assert_sealed
  tcr keys unseal
  assert_equal "$(organizations)" '["org-1"]'
}

@test "a file that cannot be written: said, status 125, and it stands" {
  pool api:one
  answer one=ok:org-1
  provide
  become_person
  chmod 500 "$config"
  unchanged check --note-organization
  assert_status 125
  says one valid
  assert_stderr_has 'keys.json: it cannot be'
}
