# What the tests share in which logins are renewed, besides keys-helpers.bash. See token_server.py.
load keys-helpers

eval "helpers_$(declare -f setup)"
eval "helpers_$(declare -f teardown)"

setup() {
  helpers_setup
  asked=$scratch/asked
  : > "$asked"
  token_server ok
  "$PYTHON" "$HERE/token_server.py" --mode "$scratch/mode" --log "$asked" --port-file "$scratch/port" &
  server=$!
  for ((i = 0; i < 200; i++)); do [ ! -s "$scratch/port" ] || break; sleep 0.05; done
  extra_env=("TCR_OAUTH_TOKEN_URL=http://127.0.0.1:$(cat "$scratch/port")/v1/oauth/token")
}

# No refresh token may be shown or kept anywhere but in the key file.
teardown() {
  local shown=0
  kill "$server"
  if grep -lE 'sk-ant-o[ar]t01-FAKE-[a-z]+-000' "$scratch"/stdout* "$scratch"/stderr* 2>/dev/null ||
    grep -rlE 'sk-ant-o[ar]t01-FAKE' "$state" 2>/dev/null; then
    echo "a token was printed or kept"
    shown=1
  fi
  helpers_teardown || shown=1
  return $shown
}

token_server() {
  echo "$1" > "$scratch/mode.new"
  mv "$scratch/mode.new" "$scratch/mode"
}

# login NAME [SECONDS [MORE]]: a key that ends in so many seconds and can be renewed.
login() {
  entry "$1" "\"refresh_token\": \"sk-ant-ort01-FAKE-$1-0001\", \"expires\": $(($(date +%s) + ${2-60}))${3:+, $3}"
}

# logins NAME...: a key file of such keys.
logins() {
  local list='' name
  for name; do list+=${list:+, }$(login "$name"); done
  echo "{\"keys\": [$list]}" | keyfile
}

requests() {
  wc -l < "$asked"
}

# The answer to a request is held back (see token_server.py) from when this ends.
is_held() {
  local i
  for ((i = 0; i < 500; i++)); do [ ! -s "$asked.taken" ] || return 0; sleep 0.02; done
  fail "nobody asked"
}

# holds NAME NUMBER: the key file has these tokens of it.
holds() {
  assert_equal "$(in_file ".keys[] | select(.name == \"$1\") | [.token, .refresh_token]")" \
    "[\"sk-ant-oat01-FAKE-$1-000$2\",\"sk-ant-ort01-FAKE-$1-000$2\"]"
}

# becomes NAME NUMBER: the same, before long.
becomes() {
  local i
  for ((i = 0; i < 200; i++)); do
    grep -q "ort01-FAKE-$1-000$2" "$keys" && break
    sleep 0.05
  done
  holds "$1" "$2"
}

# apart ARGUMENT...: starts the program in a process group of its own, and prints its number.
apart() {
  rm -f "$scratch/pid"
  within setsid sh -c 'echo $$ > "$0.new"; mv "$0.new" "$0"; exec "$@"' "$scratch/pid" "$TCR_RUN" "$@" \
    > "$scratch/stdout" 2> "$scratch/stderr" < /dev/null 3>&- &
  local i
  for ((i = 0; i < 200; i++)); do [ ! -s "$scratch/pid" ] || break; sleep 0.02; done
  cat "$scratch/pid"
}

# folder_login FOLDER NAME [SECONDS]: a folder somebody logged in to, below $scratch.
folder_login() {
  mkdir -p "$scratch/$1"
  (umask 077; echo "{\"claudeAiOauth\":{\"accessToken\":\"sk-ant-oat01-FAKE-$2-0001\",\"refreshToken\":\"sk-ant-ort01-FAKE-$2-0001\",\"expiresAt\":$(($(date +%s) + ${3-60}))123,\"scopes\":[\"user:inference\",\"user:profile\"],\"subscriptionType\":\"max\"},\"mcpOAuth\":{\"x|1\":{\"accessToken\":\"y\",\"expiresAt\":0}}}" \
    > "$scratch/$1/.credentials.json")
}

# folder_has FOLDER NAME NUMBER: these are its tokens, and everything else of it is as it was.
folder_has() {
  local file=$scratch/$1/.credentials.json
  assert_equal "$(jq -c '[.claudeAiOauth.accessToken, .claudeAiOauth.refreshToken, .claudeAiOauth.scopes, .claudeAiOauth.subscriptionType, .mcpOAuth]' "$file")" \
    "[\"sk-ant-oat01-FAKE-$2-000$3\",\"sk-ant-ort01-FAKE-$2-000$3\",[\"user:inference\",\"user:profile\"],\"max\",{\"x|1\":{\"accessToken\":\"y\",\"expiresAt\":0}}]"
  assert_mode 600 "$(realpath "$file")"
}
