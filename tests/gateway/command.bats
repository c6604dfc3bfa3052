# tcr-run gateway: a lasting gateway is started, found and ended.
bats_require_minimum_version 1.5.0

setup() {
    TCR_RUN=$(realpath "${TCR_RUN:-build/tcr-run}")
    export HOME=$BATS_TEST_TMPDIR TCR_KEYS="home=sk-ant-oat01-FAKE-home-0001"
    unset XDG_STATE_HOME XDG_CONFIG_HOME TCR_GATEWAY_TOKEN_FILE TCR_KEYS_FILE
    SOCKET=$BATS_TEST_TMPDIR/g.sock
}

teardown() {
    "$TCR_RUN" gateway stop >/dev/null 2>&1 || true
}

@test "it runs in the background until it is told to end" {
    run -1 "$TCR_RUN" gateway status
    [ "$output" = "not running" ]
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
    [[ "$output" == *"listens on unix:$SOCKET"* ]]
    run -0 "$TCR_RUN" gateway status
    [ "${lines[1]}" = "unix:$SOCKET" ]
    run -0 "$TCR_RUN" gateway status --json
    [ "$(jq -r '.running, .listening[0]' <<<"$output" | xargs)" = "true unix:$SOCKET" ]
    [ "$(stat -c %a "$SOCKET")" = 600 ]
    run -0 curl -s --unix-socket "$SOCKET" http://gateway/api/hello
    run -0 "$TCR_RUN" gateway stop
    [ ! -e "$SOCKET" ] # it went with the gateway
    run -1 "$TCR_RUN" gateway stop
    [[ "$output" == *"no gateway runs"* ]]
}

@test "a second one is not started, and a crash leaves nothing in the way" {
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
    run -125 "$TCR_RUN" gateway -d --listen "unix:$SOCKET.2"
    [[ "$output" == *"a gateway runs already (pid "* ]]
    kill -9 "$(head -1 "$HOME/.local/state/tcr/gateway.pid")"
    for _ in {1..50}; do
        "$TCR_RUN" gateway status >/dev/null || break
        sleep 0.02
    done
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
}

@test "of several that are started at once one runs, and the others say so, whoever looks meanwhile" {
    local i
    for i in 1 2 3 4 5 6; do
        { s=0; "$TCR_RUN" gateway -d --listen "unix:$SOCKET" >"$HOME/out.$i" 2>&1 || s=$?; echo "status $s" >>"$HOME/out.$i"; } &
        "$TCR_RUN" gateway status >/dev/null 2>&1 &
        "$TCR_RUN" gateway token >>"$HOME/tokens" &
    done
    wait
    cat "$HOME"/out.*
    [ "$(grep -l '^status 0' "$HOME"/out.* | wc -l)" -eq 1 ]
    [ "$(grep -l 'a gateway runs already (pid [0-9]*)' "$HOME"/out.* | wc -l)" -eq 5 ]
    [ "$(wc -l <"$HOME/tokens")" -eq 6 ]
    [ "$(sort -u "$HOME/tokens" | wc -l)" -eq 1 ]
    run -0 "$TCR_RUN" gateway stop
    (exec 3>&-; flock -s "$HOME/.local/state/tcr/gateway.pid" sh -c "touch '$HOME/looks'; sleep 0.3") &
    until [ -e "$HOME/looks" ]; do sleep 0.02; done
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
}

@test "one that is only starting is known, and nobody else is ended in its place" {
    mkdir -p "$HOME/.local/state/tcr"
    sleep 60 3>&- &
    local other=$!
    echo "$other" >"$HOME/.local/state/tcr/gateway.pid" # left behind by one that ended long ago
    exec {keys}< <(exec sleep 60 3>&-) # it waits for its keys
    local waits=$!
    "$TCR_RUN" gateway -d --listen "unix:$SOCKET" --keys "/dev/fd/$keys" >/dev/null 2>&1 3>&- &
    local starter=$!
    for _ in {1..100}; do
        [ "$(head -1 "$HOME/.local/state/tcr/gateway.pid")" = "$other" ] || break
        sleep 0.02
    done
    run -1 "$TCR_RUN" gateway status
    [[ "$output" == "starting, pid "* ]]
    run -0 "$TCR_RUN" gateway stop
    kill -0 "$other"
    kill "$other" "$waits"
    exec {keys}<&-
    run ! wait "$starter"
    run -1 "$TCR_RUN" gateway status
    [ "$output" = "not running" ]
}

@test "what took the place of its socket's file stays when it ends" {
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
    mv "$SOCKET" "$SOCKET.moved"
    echo "not a socket" >"$SOCKET"
    run -0 "$TCR_RUN" gateway stop
    [ "$(<"$SOCKET")" = "not a socket" ]
}

@test "no line of the help ends in a blank" {
    run -0 "$TCR_RUN" gateway --help
    if grep -n ' $' <<<"$output"; then false; fi
    run -125 "$TCR_RUN" gateway token word
    [ "$output" = "tcr-run: usage: tcr-run gateway token" ]
}

@test "who holds a port that is taken" {
    python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(30)' >"$BATS_TEST_TMPDIR/port" 3>&- &
    holder=$!
    while [ ! -s "$BATS_TEST_TMPDIR/port" ]; do sleep 0.02; done
    port=$(<"$BATS_TEST_TMPDIR/port")
    run -125 "$TCR_RUN" gateway -d --listen "$port"
    kill "$holder"
    [[ "$output" == *"127.0.0.1:$port is taken by python3"*"(pid $holder)"* ]]
}

@test "its clients send a stand-in, the same one each time, that nobody else can read" {
    run -0 "$TCR_RUN" gateway token
    token=$output
    run -0 "$TCR_RUN" gateway token
    [ "$output" = "$token" ]
    [ "${#token}" -ge 40 ]
    [ "$(stat -c %a "$HOME/.local/state/tcr/gateway.token")" = 600 ]
    export TCR_GATEWAY_TOKEN_FILE=$BATS_TEST_TMPDIR/other
    run -0 "$TCR_RUN" gateway token
    [ "$output" != "$token" ]
    chmod 644 "$TCR_GATEWAY_TOKEN_FILE"
    run -125 "$TCR_RUN" gateway token
}

@test "addresses that other machines reach are refused, with the reason" {
    for address in 0.0.0.0:4080 '[::]:4080' 192.0.2.1:4080; do
        run -125 "$TCR_RUN" gateway --listen "$address"
        [[ "$output" == *"can be reached from other machines"* ]]
    done
    run -125 "$TCR_RUN" gateway --listen nonsense
    [[ "$output" == *"is not an address to listen on"*"expected a port"* ]]
}

@test "what is wrong with the keys is said, and nothing goes on" {
    TCR_KEYS='' run -75 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
    [[ "$output" == *"there are no keys"* ]]
    run -125 "$TCR_RUN" gateway -d --listen "unix:$SOCKET" --key other
    [[ "$output" == *'there is no key "other"'* ]]
    run -1 "$TCR_RUN" gateway status
}

@test "a sealed key file is opened once, by who starts it, and again when it changes" {
    unset TCR_KEYS
    export TCR_KEYS_FILE=$HOME/keys.json TCR_PASSPHRASE_FILE=$HOME/passphrase
    (umask 077
    echo '{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}]}' >"$TCR_KEYS_FILE"
    echo "correct horse" >"$TCR_PASSPHRASE_FILE")
    run -0 "$TCR_RUN" keys seal
    cp "$TCR_PASSPHRASE_FILE" "$HOME/passphrase.away"
    export ANTHROPIC_BASE_URL=http://127.0.0.1:1
    # The gateway itself finds no passphrase.
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
    rm "$TCR_PASSPHRASE_FILE"
    run -0 curl -s -m 5 -H 'X-Tcr-Key: work' --unix-socket "$SOCKET" http://gateway/v1/messages -d '{}'
    [[ "$output" == *"is not in the pool"* ]]
    cp "$HOME/passphrase.away" "$TCR_PASSPHRASE_FILE"
    echo sk-ant-oat01-FAKE-work-0002 | run -0 "$TCR_RUN" keys add work
    rm "$TCR_PASSPHRASE_FILE"
    sleep 1.1
    run -0 curl -s -m 5 -H 'X-Tcr-Key: work' --unix-socket "$SOCKET" http://gateway/v1/messages -d '{}'
    [[ "$output" != *"is not in the pool"* ]]
}

@test "a profile has a gateway of its own, at the port that the key file says" {
    unset TCR_KEYS
    mkdir -p "$HOME/.config/tcr"
    port=$("$BATS_TEST_DIRNAME/../free-ports")
    (umask 077 && cat >"$HOME/.config/tcr/keys.json" <<END
{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}], "profiles": {"cheap": {"keys": ["home"], "port": $port}}}
END
    )
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
    run -0 "$TCR_RUN" gateway -d --profile cheap
    [[ "$output" == *"http://127.0.0.1:$port"* ]]
    run -0 curl -s "http://127.0.0.1:$port/api/hello"
    run -0 "$TCR_RUN" gateway stop --profile cheap
    run -0 "$TCR_RUN" gateway status
    sed -i "s/\"port\": $port/\"port\": 70000/" "$HOME/.config/tcr/keys.json"
    run -125 "$TCR_RUN" gateway -d --profile cheap --listen "unix:$SOCKET.2"
    [[ "$output" == *'profiles.cheap.port: expected a whole number from 1 to 65535'* ]]
}
