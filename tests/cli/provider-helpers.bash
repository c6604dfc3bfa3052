# What the tests share in which keys are checked with their providers, besides keys-helpers.bash. See provider.py.
load keys-helpers

eval "helpers_$(declare -f setup)"
eval "helpers_$(declare -f teardown)"

setup() {
  helpers_setup
  answers=$scratch/answers
  asked=$scratch/asked
  provider=
  answer home=ok
}

teardown() {
  [ -z "$provider" ] || kill "$provider"
  helpers_teardown
}

# answer NAME=ANSWER...: what the provider tells these keys from now on; it refuses the others.
answer() {
  jq -n '[$ARGS.positional[] | capture("(?<key>[^=]+)=(?<value>.*)")] | from_entries' --args "$@" > "$answers.new"
  mv "$answers.new" "$answers"
}

# Starts it; the program under test finds it by the variable.
provide() {
  "$PYTHON" "$HERE/provider.py" --answers "$answers" --log "$asked" --port-file "$scratch/port" "$@" \
    < /dev/null > "$scratch/provider" 2>&1 3>&- &
  provider=$!
  eventually test -e "$scratch/port"
  port=$(cat "$scratch/port")
  extra_env+=("ANTHROPIC_BASE_URL=http://127.0.0.1:$port")
}

check() {
  tcr keys check "$@"
}

# says NAME STATE [DETAIL]: its line in the table.
says() {
  assert_stdout_has "^$1 +[a-z?]+ +$2 +.*${3-}"
}

# of NAME FILTER: from --json.
of() {
  jq -r --arg name "$1" ".keys[] | select(.name == \$name) | $2" "$out"
}

# Who was asked about, in alphabetical order.
assert_asked() {
  assert_equal "$(jq -r .name "$asked" 2> /dev/null | sort | paste -sd ' ')" "$1"
}
