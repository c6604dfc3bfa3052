# What is asked of the gateway itself: /status, /health, /metrics, and changes to accounts.
bats_require_minimum_version 1.5.0

setup() {
    TCR_RUN=$(realpath "${TCR_RUN:-build/tcr-run}")
    export HOME=$BATS_TEST_TMPDIR TCR_KEYS_FILE=$BATS_TEST_TMPDIR/keys.json
    unset XDG_STATE_HOME XDG_CONFIG_HOME TCR_GATEWAY_TOKEN_FILE
    cd "$BATS_TEST_TMPDIR"
    umask 077
    cat > keys.json <<'END'
{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"},
          {"name": "a b", "token": "sk-ant-oat01-FAKE-other-0001", "disabled": true},
          {"name": "work", "token": "sk-ant-oat01-FAKE-work-0001", "priority": 1}],
 "master": {"name": "billing", "token": "sk-ant-api03-FAKE-billing-0001"}}
END
    echo ok > mode
    : > asked
    # Refuses the tokens named in "limited" and "refused".
    : > limited; : > refused
    python3 -c 'import http.server, re, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        name = re.search("FAKE-([a-z]*)-", self.headers.get("authorization") or self.headers.get("x-api-key")).group(1)
        status, kind = (429, "rate_limit_error") if name in open("limited").read() else (401, "authentication_error") if name in open("refused").read() else (200, "")
        body = (b"{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"no\"}}" % kind.encode()) if kind else b"{\"type\":\"message\",\"id\":\"%s\"}" % name.encode()
        self.send_response(status)
        if status == 429:
            for h, v in {"anthropic-ratelimit-unified-status": "rejected", "anthropic-ratelimit-unified-reset": str(int(time.time()) + 3600), "anthropic-ratelimit-unified-representative-claim": "five_hour"}.items(): self.send_header(h, v)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
open("api.new", "w").write(str(server.server_port))
os.rename("api.new", "api")
server.serve_forever()' 3>&- &
    api=$!
    for _ in {1..200}; do [ -s api ] && break; sleep 0.05; done
    export ANTHROPIC_BASE_URL=http://127.0.0.1:$(<api)
}

teardown() {
    "$TCR_RUN" gateway stop >/dev/null 2>&1 || true
    kill "$api"
    ! grep -rlE 'FAKE' "$HOME"/*.out "$HOME/.local/state"
}

start() {
    "$TCR_RUN" gateway -d --listen 127.0.0.1:0 2>&1 3>&- | tee start.out
    address=$(grep -o 'http://127[^ ]*' start.out | head -1)
    stand_in=$("$TCR_RUN" gateway token)
}

# get PATH [CURL-OPTION...]: the body into get.out; prints the status.
get() {
    curl -s --max-time 20 -o get.out -w '%{http_code}' -H "x-api-key: $stand_in" "${@:2}" "$address$1"
}

post() {
    get "$1" -X POST
}

request() {
    curl -s --max-time 20 -H "x-api-key: $stand_in" -H 'content-type: application/json' -d '{"model":"m"}' "$address/v1/messages" | jq -r '.id // .error.type'
}

out() {
    jq -c "$1" get.out
}

@test "how the accounts stand" {
    start
    [ "$(get /status)" = 200 ]
    [ "$(out '[.version, .total, .available, .rate_limited, .auth_error, .disabled, .next, .requests_open]')" = '[1,3,2,0,0,1,"home",0]' ]
    [ "$(out '[.accounts[] | [.name, .account_state, .master]]')" = '[["home","available",false],["a b","disabled",false],["work","available",false],["billing","available",true]]' ]
    # home's limit is reached, work is refused; the master answers.
    echo home > limited; echo work > refused
    [ "$(request)" = billing ]
    [ "$(get /status)" = 200 ]
    [ "$(out '[.available, .rate_limited, .auth_error, .disabled, .next]')" = '[0,1,1,1,"billing"]' ]
    [ "$(get /status/accounts)" = 200 ]
    [ "$(out '[.accounts[] | [.account_state, .class]]')" = '[["rate_limited","limit"],["disabled",null],["auth_error","auth"],["available",null]]' ]
    [ "$(get /status/accounts/home)" = 200 ]
    [ "$(out '[.name, .account_state, .what, (.until > now + 3000)]')" = '["home","rate_limited","session limit",true]' ]
    [ "$(get /status/accounts/a%20b)" = 200 ]
    # The same from the launcher.
    [ "$("$TCR_RUN" status --json | jq -c '[.keys[].account_state]')" = '["rate_limited","disabled","auth_error","available"]' ]
    [ "$(get /health)" = 200 ]
    [ "$(out '[.status, .available]')" = '["ok",0]' ]
    [ "$(get /metrics)" = 200 ]
    grep -qx 'tcr_key_state{key="home",state="rate_limited"} 1' get.out
    grep -qx 'tcr_key_state{key="home",state="available"} 0' get.out
    grep -qx 'tcr_gateway_requests_total{key="billing"} 1' get.out
    if command -v promtool > /dev/null; then promtool check metrics < get.out; fi
}

@test "who may ask, and for what" {
    start
    [ "$(curl -s -o get.out -w '%{http_code}' "$address/status")" = 401 ]
    [ "$(out .error.type)" = '"authentication_error"' ]
    [ "$(curl -s -o get.out -w '%{http_code}' "$address/metrics")" = 401 ]
    [ "$(get /status -H 'Host: evil.example')" = 421 ]
    [ "$(get /status/accounts/home/disable -X POST -H 'Origin: https://evil.example')" = 403 ]
    [ "$(get /health -H 'Sec-Fetch-Site: cross-site')" = 403 ]
    [ "$(get /status/accounts/nobody)" = 404 ]
    [ "$(out '[.type, .error.type]')" = '["error","not_found_error"]' ]
    [ "$(post /status/accounts/nobody/reset)" = 404 ]
    [ "$(get /status/nothing)" = 404 ]
    [ "$(get /status/accounts/home/disable -D head.out)" = 405 ]
    grep -qi '^allow: POST' head.out
    [ "$(post /health)" = 405 ]
    [ "$(post /status/accounts/home/refresh)" = 409 ]
    [[ $(out .error.message) == *'\"home\" has no refresh token'* ]]
    [ "$(jq -r '.keys[0].disabled' keys.json)" = null ]
}

@test "changes: disable, enable, reset, refresh" {
    python3 "$BATS_TEST_DIRNAME/../cli/token_server.py" --mode mode --log asked --port-file port 3>&- &
    server=$!
    for _ in {1..200}; do [ -s port ] && break; sleep 0.05; done
    export TCR_OAUTH_TOKEN_URL=http://127.0.0.1:$(<port)/
    jq ".keys[0] += {refresh_token: \"sk-ant-ort01-FAKE-home-0001\", expires: $(($(date +%s) + 9000))}" keys.json > new; mv new keys.json
    start
    [ "$(post /status/accounts/home/disable)" = 200 ]
    [ "$(out '[.account.name, .account.account_state]')" = '["home","disabled"]' ]
    [ "$(jq .keys[0].disabled keys.json)" = true ]
    [ "$(request)" = work ]
    [ "$(post /status/accounts/home/enable)" = 200 ]
    [ "$(out .account.account_state)" = '"available"' ]
    [ "$(post /status/accounts/home/refresh)" = 200 ]
    [[ $(out .message) == *'is renewed'* ]]
    [ "$(jq -r .keys[0].refresh_token keys.json)" = sk-ant-ort01-FAKE-home-0002 ]
    echo home > limited
    [ "$(get /status/accounts/home)" = 200 ]
    request
    request
    [ "$(post /status/accounts/home/reset)" = 200 ]
    [[ $(out .message) == *'forgot'*home* ]] || [[ $(out .message) == *'nothing was resting'* ]]
    for _ in {1..40}; do get /status/accounts/home; [ "$(out .account_state)" = '"available"' ] && break; sleep 0.1; done
    [ "$(out .account_state)" = '"available"' ]
    kill "$server"
    ! grep -l FAKE get.out
}

# stand_between SCRIPT: a gateway that gives a change one second, and starts this as tcr-run for it.
stand_between() {
    mkdir -p front real
    cp "$TCR_RUN" front/tcr-run
    cp "$(dirname "$TCR_RUN")/tcr-gateway" real/
    printf '#!/bin/sh\nexec "%s/real/tcr-gateway" --errand 1s "$@"\n' "$HOME" > front/tcr-gateway
    printf '#!/bin/sh\necho $$ > "%s/errand"\n%s\n' "$HOME" "$1" > real/tcr-run
    chmod +x front/* real/*
    TCR_RUN=$HOME/front/tcr-run
    start
}

gone() { # PID
    for _ in {1..60}; do kill -0 "$1" 2>/dev/null || return 0; sleep 0.1; done
    return 1
}

@test "a change that takes too long is answered, ended, and in nobody's way" {
    # It does not end when it is asked to, and what it left behind holds its output.
    stand_between "trap '' TERM; sleep 4 & exec sleep 300"
    [ "$(post /status/accounts/home/disable -m 10)" = 409 ]
    [ "$(out .error.message)" = '"tcr-run: it did not end in time"' ]
    gone "$(<errand)"
    # One that goes when it is asked to; the client of another has left.
    printf '#!/bin/sh\necho $$ > "%s/errand"\nexec sleep 300\n' "$HOME" > real/tcr-run
    curl -s -m 0.3 -X POST -H "x-api-key: $stand_in" "$address/status/accounts/home/enable" || true
    gone "$(<errand)"
    [ "$(post /status/accounts/home/disable -m 10)" = 409 ]
    gone "$(<errand)"
    # More words than it keeps are no answer that breaks.
    printf '#!/bin/sh\nhead -c 300000 /dev/zero | tr "\\0" x\necho; echo tcr-run: done; exit 3\n' > real/tcr-run
    [ "$(post /status/accounts/home/disable -m 10)" = 409 ]
    out .error.message | grep -q xxx
    [ "$(get /status)" = 200 ]
}
