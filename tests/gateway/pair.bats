# Two gateways on one Redis server, behind haproxy with the configuration of packaging/container: real processes on loopback.
bats_require_minimum_version 1.5.0

HAPROXY_CFG=$BATS_TEST_DIRNAME/../../packaging/container/haproxy.cfg

setup() {
    TCR_RUN=$(realpath "${TCR_RUN:-build/tcr-run}")
    export TCR_RUN HOME=$BATS_TEST_TMPDIR
    PATH=$PATH:/usr/sbin
    command -v redis-server >/dev/null || skip "no redis-server"
    unset XDG_STATE_HOME XDG_CONFIG_HOME TCR_USAGE_FILE TCR_PRICES_FILE TCR_GATEWAY_TOKEN_FILE TCR_KEYS_FILE
    started=()
    python3 "$BATS_TEST_DIRNAME/pair_provider.py" "$HOME" 3>&- &
    started+=($!)
    redis-server --port 0 --unixsocket "$HOME/redis" --dir "$HOME" --save '' >/dev/null 2>&1 3>&- &
    redis=$!
    started+=("$redis")
    export TCR_STATE=redis+unix://$HOME/redis TCR_REDIS_LEASE=10s
    if TCR_STATE=redis://:0 "$TCR_RUN" status 2>&1 | grep -q 'built without'; then skip "built without Redis"; fi
    export TCR_KEYS="home=sk-ant-oat01-FAKE-home-0001,work=sk-ant-oat01-FAKE-work-0002,third=sk-ant-oat01-FAKE-third-0003"
    until [ -s "$HOME/port" ] && [ -S "$HOME/redis" ]; do sleep 0.02; done
    ANTHROPIC_BASE_URL=http://127.0.0.1:$(<"$HOME/port")
    export ANTHROPIC_BASE_URL
    read -r A B PROXY < <("$BATS_TEST_DIRNAME/../free-ports" 3)
    anna=$("$TCR_RUN" gateway users add anna 2>/dev/null)
    begin a "$A"
    begin b "$B"
}

teardown() {
    for pid in $(cat "$HOME"/*.gateway 2>/dev/null) "${started[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
    done
}

begin() { # NAME PORT: a machine of its own
    mkdir -p "$HOME/$1"
    HOME=$HOME/$1 "$TCR_RUN" gateway start --listen "0.0.0.0:$2" --behind-proxy >"$HOME/$1.log" 2>&1 3>&- &
    echo $! >"$HOME/$1.gateway"
    until grep -q 'listens on' "$HOME/$1.log"; do
        kill -0 "$(<"$HOME/$1.gateway")" || { cat "$HOME/$1.log"; return 1; }
        sleep 0.02
    done
}

begin_proxy() {
    command -v haproxy >/dev/null || skip "no haproxy"
    GATEWAY_A=127.0.0.1:$A GATEWAY_B=127.0.0.1:$B PROXY_LISTEN=127.0.0.1:$PROXY haproxy -db -f "$HAPROXY_CFG" >"$HOME/proxy.log" 2>&1 3>&- &
    started+=($!)
    until curl -s -m 1 -o /dev/null "http://127.0.0.1:$PROXY"; do sleep 0.02; done
}

ask() { # PORT SESSION [MESSAGE]: the key that answered
    curl -s -m 20 "http://127.0.0.1:$1/v1/messages" -H "x-api-key: $anna" ${2:+-H "x-claude-code-session-id: $2"} -o "$HOME/answer" -D - \
        -d "{\"model\": \"claude-sonnet-4-6\", \"messages\": [{\"role\": \"user\", \"content\": \"${3-hello}\"}]}" |
        tr -d '\r' | sed -n 's/^x-tcr-key: //Ip'
}

status_of() { # PORT
    curl -s -m 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1/v1/messages" -H "x-api-key: $anna" -H "x-claude-code-session-id: $RANDOM" \
        -d '{"model": "claude-sonnet-4-6", "messages": [{"role": "user", "content": "hello"}]}'
}

@test "a session keeps its key through either gateway, and a limit that one learned is known to the other" {
    # Each session meets its second gateway at once.
    for i in {1..6}; do
        first=$(ask "$A" "session-$i")
        [ -n "$first" ]
        [ "$(ask "$B" "session-$i")" = "$first" ]
        [ "$(ask "$A" "session-$i")" = "$first" ]
    done
    # More than one key is in use; a new session of b is not told what a's have.
    [ "$(sort -u "$HOME/asked" | wc -l)" -gt 1 ]
    # On the server a session's id is a hash.
    [ "$(redis-cli -s "$HOME/redis" --scan --pattern 'tcr:session:*' | wc -l)" = 6 ]
    run -1 grep -q session-1 <(redis-cli -s "$HOME/redis" --scan)
    [ "$(redis-cli -s "$HOME/redis" PTTL "$(redis-cli -s "$HOME/redis" --scan --pattern 'tcr:session:*' | head -1)")" -gt 3600000 ]

    # b has served the session with this key, too; a moves it to another one, and b follows without asking the first.
    moved=$(ask "$A" moving)
    [ "$(ask "$B" moving)" = "$moved" ]
    echo "$moved" >"$HOME/limited"
    next=$(ask "$A" moving)
    [ "$next" != "$moved" ]
    sleep 2 # a second, and one for a machine that has other things to do
    : >"$HOME/asked"
    [ "$(ask "$B" moving)" = "$next" ]
    for i in {1..6}; do [ "$(ask "$B" "new-$i")" != "$moved" ]; done
    run -1 grep -qx "$moved" "$HOME/asked"

    # An object is only there for the key that made it.
    maker=$(curl -s -m 5 -D - -o /dev/null -d '{}' -H "x-api-key: $anna" "http://127.0.0.1:$A/v1/files" | tr -d '\r' | sed -n 's/^x-tcr-key: //Ip')
    for i in 1 2 3; do
        [ "$(curl -s -m 5 -H "x-api-key: $anna" "http://127.0.0.1:$B/v1/files/file_1" | jq -r .of)" = "$maker" ]
    done
}

@test "behind haproxy one gateway is killed: its open streams are lost, and nothing else" {
    begin_proxy
    key=$(ask "$PROXY" steady)
    [ "$(ask "$PROXY" steady)" = "$key" ]
    # One session on each gateway, with a stream that is open.
    local -A stream=()
    for i in {1..24}; do
        curl -s -N -m 20 "http://127.0.0.1:$PROXY/v1/messages" -H "x-api-key: $anna" -H "x-claude-code-session-id: stream-$i" \
            -d '{"model": "claude-sonnet-4-6", "stream": true, "messages": [{"role": "user", "content": "stream"}]}' >"$HOME/stream-$i" 2>/dev/null 3>&- &
        stream[$i]=$!
    done
    for i in {1..24}; do
        until grep -q word "$HOME/stream-$i"; do sleep 0.05; done
    done
    kill -KILL "$(<"$HOME/a.gateway")"
    # Whatever session asks now is answered, with the key that it had.
    [ "$(ask "$PROXY" steady)" = "$key" ]
    for i in {1..8}; do [ -n "$(ask "$PROXY" "after-$i")" ]; done
    touch "$HOME/end"
    lost=0 whole=0
    for i in {1..24}; do
        wait "${stream[$i]}" || true
        if grep -q message_stop "$HOME/stream-$i"; then whole=$((whole + 1)); else lost=$((lost + 1)); fi
    done
    echo "$lost lost, $whole whole"
    [ "$lost" -gt 0 ] && [ "$whole" -gt 0 ]
    # Back again, it knows what it knew.
    begin a "$A"
    [ "$(ask "$A" steady)" = "$key" ]
    # A user who is revoked on any machine is out everywhere.
    HOME=$HOME/b "$TCR_RUN" gateway users revoke anna
    for port in "$A" "$B"; do
        for _ in {1..40}; do
            status=$(status_of "$port")
            [ "$status" != 401 ] || break
            sleep 0.1
        done
        [ "$status" = 401 ]
    done
    [ "$(status_of "$PROXY")" = 401 ]
}

@test "a server that stops answering holds a request up for a moment, and one that is gone not at all" {
    [ -n "$(ask "$A" one)" ]
    kill -STOP "$redis"
    begun=$(date +%s%N)
    for i in 1 2 3 4; do [ -n "$(ask "$A" "held-$i")" ]; done
    [ $((($(date +%s%N) - begun) / 1000000)) -lt 5000 ]
    kill -KILL "$redis"
    for i in 1 2 3; do [ -n "$(ask "$B" "gone-$i")" ]; done
}
