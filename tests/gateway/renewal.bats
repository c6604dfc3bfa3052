# A gateway renews the logins of its pool, with refresh tokens that can be used once.
bats_require_minimum_version 1.5.0

setup() {
    TCR_RUN=$(realpath "${TCR_RUN:-build/tcr-run}")
    export HOME=$BATS_TEST_TMPDIR TCR_KEYS_FILE=$BATS_TEST_TMPDIR/keys.json
    unset XDG_STATE_HOME XDG_CONFIG_HOME TCR_GATEWAY_TOKEN_FILE
    SOCKET=$BATS_TEST_TMPDIR/g.sock
    cd "$BATS_TEST_TMPDIR"
    umask 077
    : > asked
    : > refused
    echo ok > mode
    python3 "$BATS_TEST_DIRNAME/../cli/token_server.py" --mode mode --log asked --port-file port 3>&- &
    server=$!
    # The API: refuses the tokens whose numbers stand in "refused", and answers with that of the one it was sent.
    python3 -c 'import http.server, re, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        number = re.search("FAKE-(.*)$", self.headers.get("authorization", "")).group(1)
        bad = number in open("refused").read().split()
        body = (b"{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"OAuth token has been revoked\"}}" if bad
                else b"{\"type\":\"message\",\"id\":\"%s\"}" % number.encode())
        self.send_response(401 if bad else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
open("api.new", "w").write(str(server.server_port))
os.rename("api.new", "api")
server.serve_forever()' 3>&- &
    api=$!
    for _ in {1..200}; do [ -s port ] && [ -s api ] && break; sleep 0.05; done
    export TCR_OAUTH_TOKEN_URL=http://127.0.0.1:$(<port)/v1/oauth/token ANTHROPIC_BASE_URL=http://127.0.0.1:$(<api)
}

teardown() {
    "$TCR_RUN" gateway stop >/dev/null 2>&1 || true
    kill "$server" "$api"
    ! grep -rlE 'sk-ant-ort01' "$HOME/.local/state"
}

# login SECONDS: the pool is one login that ends in so long, and can be renewed.
login() {
    echo "{\"keys\": [{\"name\": \"home\", \"token\": \"sk-ant-oat01-FAKE-home-0001\", \"refresh_token\": \"sk-ant-ort01-FAKE-home-0001\",
      \"expires\": $(($(date +%s) + $1))}]}" > "$TCR_KEYS_FILE"
}

start() {
    "$TCR_RUN" gateway -d --listen "unix:$SOCKET" 3>&-
    stand_in=$("$TCR_RUN" gateway token)
}

# The number of the token that a request was sent with, or the type of the error.
ask() {
    curl -s --max-time 20 --unix-socket "$SOCKET" -H "authorization: Bearer $stand_in" -H 'content-type: application/json' \
        -d '{"model":"m"}' http://gateway/v1/messages | jq -r '.id // .error.type'
}

requests() {
    wc -l < asked
}

@test "a login that has ended is renewed before it is used, once for all requests" {
    login -60
    echo late:0.5 > mode
    start
    for i in {1..10}; do ask > "answer$i" & askers+=($!); done
    wait "${askers[@]}"
    [ "$(cat answer* | sort | uniq -c | xargs)" = "10 home-0002" ]
    [ "$(requests)" = 1 ]
}

@test "one that ends soon is used meanwhile" {
    login 60
    echo held > mode
    start
    [ "$(ask)" = home-0001 ]
    echo ok > mode
    for _ in {1..100}; do grep -q ort01-FAKE-home-0002 "$TCR_KEYS_FILE" && break; sleep 0.1; done
    sleep 2.5
    [ "$(ask)" = home-0002 ]
    [ "$(requests)" = 1 ]
}

@test "one that is refused is renewed, and the request repeated" {
    login 90000
    echo home-0001 > refused
    start
    [ "$(ask)" = home-0002 ]
    [ "$(requests)" = 1 ]
}

@test "refused again: the answer is passed on, and no renewal follows at once" {
    login 90000
    echo home-0001 home-0002 home-0003 > refused
    start
    ask
    [ "$(requests)" = 1 ]
    sleep 2.5
    ask
    [ "$(requests)" = 1 ]
}

@test "a login that is over: the provider is asked once, and the error says so" {
    login -60
    echo ended > mode
    start
    [ "$(ask)" != home-0002 ]
    ask
    sleep 2.5
    ask
    [ "$(requests)" = 1 ]
}

@test "without a request: a login of the file, and one in a folder" {
  mkdir folder
  echo "{\"claudeAiOauth\": {\"accessToken\": \"sk-ant-oat01-FAKE-team-0001\", \"refreshToken\": \"sk-ant-ort01-FAKE-team-0001\",
    \"expiresAt\": $(($(date +%s) + 60))000}}" > folder/.credentials.json
  echo "{\"keys\": [{\"name\": \"team\", \"config_dir\": \"$PWD/folder\"}, {\"name\": \"home\", \"token\": \"sk-ant-oat01-FAKE-home-0001\",
    \"refresh_token\": \"sk-ant-ort01-FAKE-home-0001\", \"expires\": $(($(date +%s) + 60))}]}" > "$TCR_KEYS_FILE"
  start
  for _ in {1..200}; do grep -q ort01-FAKE-home-0002 "$TCR_KEYS_FILE" && grep -q ort01-FAKE-team-0002 folder/.credentials.json && break; sleep 0.05; done
  grep -q ort01-FAKE-home-0002 "$TCR_KEYS_FILE"
  sleep 2.1
  [ "$(ask)" = team-0002 ]
  # Refused: renewed again, and the request repeated.
  echo team-0002 > refused
  [ "$(ask)" = team-0003 ]
  [ "$(requests)" = 3 ]
}

@test "a login in a folder that has ended is renewed before it is used" {
  mkdir folder
  echo "{\"claudeAiOauth\": {\"accessToken\": \"sk-ant-oat01-FAKE-team-0001\", \"refreshToken\": \"sk-ant-ort01-FAKE-team-0001\",
    \"expiresAt\": $(($(date +%s) - 60))000}}" > folder/.credentials.json
  echo "{\"keys\": [{\"name\": \"team\", \"config_dir\": \"$PWD/folder\"}]}" > "$TCR_KEYS_FILE"
  echo late:0.5 > mode
  start
  [ "$(ask)" = team-0002 ]
  [ "$(requests)" = 1 ]
}
