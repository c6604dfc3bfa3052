# What the tests of `tcr-run keys` share, besides helpers.bash.
load helpers

# hand TEXT COMMAND...: the command (tcr, ...) with TEXT as its standard input.
hand() {
  printf '%s' "$1" > "$scratch/handed"
  input=$scratch/handed "${@:2}"
}

# add NAME [OPTION...]: with the token of that name (see "token" in helpers.bash), which has to work.
add() {
  hand "$(token "$1")" tcr keys add "${1#api:}" "${@:2}"
  assert_status 0
}

# The key file, or a part of it: a jq filter.
in_file() {
  jq -c "$1" "${2:-$keys}"
}

names() {
  in_file '[.keys[].name] | join(" ")' "${1:-$keys}" | tr -d '"'
}

# unchanged COMMAND...: nothing may happen to the key file.
unchanged() {
  local before after
  before=$(stat -c '%i %y' "$keys"; cat "$keys")
  "$@"
  after=$(stat -c '%i %y' "$keys"; cat "$keys")
  assert_equal "$after" "$before"
}

# passphrase TEXT: from now on it comes from a file.
passphrase() {
  (umask 077 && printf '%s\n' "$1" > "$scratch/passphrase")
  extra_env=("TCR_PASSPHRASE_FILE=$scratch/passphrase")
}

no_passphrase() {
  extra_env=()
}

assert_sealed() {
  head -n 1 "${1:-$keys}" | grep -q '^tcr-run sealed keys, version 1' || fail "it is not sealed"
  ! grep -q FAKE "${1:-$keys}" || fail "a token stands in the sealed file"
}

assert_mode() {
  assert_equal "$(stat -c %a "$2")" "$1"
}

