# A gateway that other machines reach: users with keys of their own, and TLS.
bats_require_minimum_version 1.5.0

setup_file() {
    TCR_RUN=$(realpath "${TCR_RUN:-build/tcr-run}")
    export TCR_RUN HOME=$BATS_FILE_TMPDIR
    python3 "$BATS_TEST_DIRNAME/usage_provider.py" "$HOME/port" 3>&- &
    echo $! >"$HOME/provider.pid"
    (cd "$HOME" && umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext 'subjectAltName=DNS:localhost' -keyout key.pem -out cert.pem 2>/dev/null)
    while [ ! -s "$HOME/port" ]; do sleep 0.02; done
}

teardown_file() {
    kill "$(<"$HOME/provider.pid")"
}

setup() {
    export HOME=$BATS_TEST_TMPDIR TCR_KEYS="home=sk-ant-oat01-FAKE-home-0001"
    ANTHROPIC_BASE_URL=http://127.0.0.1:$(<"$BATS_FILE_TMPDIR/port")
    export ANTHROPIC_BASE_URL
    unset XDG_STATE_HOME XDG_CONFIG_HOME TCR_USAGE_FILE TCR_PRICES_FILE TCR_GATEWAY_TOKEN_FILE TCR_KEYS_FILE TCR_STATE
    CERT=$BATS_FILE_TMPDIR/cert.pem KEY=$BATS_FILE_TMPDIR/key.pem
    PORT=$("$BATS_TEST_DIRNAME/../free-ports")
}

teardown() {
    "$TCR_RUN" gateway stop >/dev/null 2>&1 || true
}

user() { # NAME [OPTION]...
    "$TCR_RUN" gateway users add "$@" 2>/dev/null
}

ask() { # KEY [MODEL [PATH]]: the status, and the answer in $HOME/answer
    curl -s -m 10 --cacert "$CERT" -o "$HOME/answer" -w '%{http_code}' -D "$HOME/head" "https://localhost:$PORT${3-/v1/messages}" \
        -H "x-api-key: $1" -d "{\"model\": \"${2-claude-sonnet-4-6}\", \"messages\": [{\"role\": \"user\", \"content\": \"whole\"}]}"
}

until_status() { # WANTED KEY: others' changes are seen within a second
    for _ in {1..40}; do
        [ "$(ask "$2")" != "$1" ] || return 0
        sleep 0.1
    done
    return 1
}

pick() { # KEY NAME: the status of a request that asks for the key NAME
    curl -s -m 10 -o /dev/null -w '%{http_code} ' -H "x-api-key: $1" -H "X-Tcr-Key: $2" \
        -d '{"model": "claude-sonnet-4-6", "messages": [{"role": "user", "content": "whole"}]}' "http://127.0.0.1:$PORT/v1/messages"
}

@test "the master is not for users to pick, and with --key nobody picks another" {
    export TCR_MASTER_KEY=sk-ant-api03-FAKE-bill-0001 TCR_KEYS=home=sk-ant-oat01-FAKE-home-0001,work=sk-ant-oat01-FAKE-work-0001
    anna=$(user anna)
    owner=$("$TCR_RUN" gateway token)
    run -0 "$TCR_RUN" gateway -d --listen "$PORT"
    [ "$(pick "$anna" master; pick "$anna" work; pick "$owner" master)" = "400 200 200 " ]
    run -0 "$TCR_RUN" gateway stop
    run -0 "$TCR_RUN" gateway -d --listen "$PORT" --key home
    [ "$(pick "$owner" work; pick "$owner" master; pick "$owner" home)" = "400 400 200 " ]
}

@test "users are made, listed, revoked and removed; a key is shown once and kept as a hash" {
    run -0 --separate-stderr "$TCR_RUN" gateway users add anna --expires 90d --models 'claude-sonnet-*,claude-haiku-*' --per-day 5.00
    [[ "$output" =~ ^sk-ant-api03-tcr-user-[0-9a-f]{48}$ ]]
    run -1 grep -r "$output" "$HOME/.local/state"
    run -0 "$TCR_RUN" gateway users add bert --per-day 200
    run -125 "$TCR_RUN" gateway users add bert
    [[ "$output" == *'there is a user "bert" already'* ]]
    # A key that could not be shown is nobody's.
    run -125 bash -c '"$1" gateway users add carla >/dev/full' - "$TCR_RUN"
    [[ "$output" == *'"carla" was not made'* ]]
    run -125 "$TCR_RUN" gateway users add '  '
    run -0 "$TCR_RUN" gateway users revoke bert
    run -0 "$TCR_RUN" gateway users
    [[ "${lines[1]}" == anna*active*'$5.00'*'claude-sonnet-*'* ]]
    [[ "${lines[2]}" == bert*revoked*'200 requests'* ]]
    # What runs write leaves them there.
    run -0 "$TCR_RUN" --no-gateway -- true
    run -0 "$TCR_RUN" gateway users remove anna
    [ "$("$TCR_RUN" gateway users list --json | jq -r '.users | map("\(.name) \(.state) \(.requests_per_day)") | join(",")')" = "bert revoked 200" ]
    run -0 env TZ=UTC "$TCR_RUN" gateway users add dora --expires 2099-01-31
    [ "$("$TCR_RUN" gateway users list --json | jq '.users[] | select(.name == "dora").expires')" = 4073500800 ]
    run -125 "$TCR_RUN" gateway users add emil --expires 2001-01-31
    [[ "$output" == *'--expires 2001-01-31: expected a time to come' ]]
    run -125 "$TCR_RUN" gateway users revoke carl
    [[ "$output" == *'there is no user "carl"'* ]]
    for words in 'add' 'add x y' 'add x --expires soon' 'add x --per-day much' 'add x --per-day 0' 'add x --models ,' 'add a,b' 'revoke x --json' 'list x' 'frobnicate x'; do
        # shellcheck disable=SC2086
        run -125 "$TCR_RUN" gateway users $words
        # Whatever does not fit on the first goes on in lines that are further in.
        [ "$(grep -vc '^tcr-run:   ' <<<"$output")" = 1 ] || { echo "$words: $output"; false; }
    done
}

@test "an address that other machines reach takes users and TLS" {
    run -125 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT"
    [[ "$output" == *"can be reached from other machines"*"--behind-proxy"* ]]
    run -125 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert "$CERT"
    [[ "$output" == *"--tls-cert and --tls-key go together"* ]]
    run -125 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert "$CERT" --tls-key "$KEY"
    [[ "$output" == *"takes users"*"tcr-run gateway users add NAME"* ]]
    user anna
    run -125 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert "$KEY" --tls-key "$KEY"
    [[ "$output" == *"key.pem:"* ]]
    cp "$KEY" "$HOME/open.pem" && chmod 644 "$HOME/open.pem"
    run -125 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert "$CERT" --tls-key "$HOME/open.pem"
    [[ "$output" == *"open.pem:"*"others"* ]] || { echo "$output"; false; }
    run -0 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --behind-proxy
    [[ "$output" == *"listens on http://0.0.0.0:$PORT"* ]]
}

@test "keys of users, their models and their day; who is revoked is out at once" {
    anna=$(user anna --models 'claude-sonnet-*') bert=$(user bert --per-day 2) cora=$(user cora --per-day 0.01) emil=$(user emil --per-day 2)
    run -0 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert "$CERT" --tls-key "$KEY"
    [[ "$output" == *"listens on https://0.0.0.0:$PORT"* ]]
    [ "$("$TCR_RUN" gateway status | tail -1)" = "https://0.0.0.0:$PORT" ]
    [ "$(ask "$anna")" = 200 ]
    [ "$(ask "$anna" claude-opus-4-6)" = 403 ]
    [ "$(jq -r '.error.type, .error.message' "$HOME/answer" | xargs)" = 'permission_error tcr-run: user anna may not use this model; allowed: claude-sonnet-*' ]
    [ "$(ask "$anna" x /v1/files)" = 403 ]
    # The provider would take the other one of two, and could read what is compressed.
    [ "$(ask "$anna" 'claude-sonnet-4-6", "mod\u0065l": "claude-opus-4-6')" = 403 ]
    [ "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$CERT" -H "x-api-key: $anna" -H 'content-encoding: gzip' \
        -d '{"model": "claude-sonnet-4-6"}' "https://localhost:$PORT/v1/messages")" = 403 ]
    [ "$(ask "$(tr 0-9a-f 1-9a-f0 <<<"$anna")")" = 401 ]
    # The owner's stand-in is not for this door, and usage and accounts are not for users.
    [ "$(ask "$("$TCR_RUN" gateway token)")" = 401 ]
    for path in usage status metrics; do
        [ "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$CERT" -H "x-api-key: $anna" "https://localhost:$PORT/$path")" = 403 ]
    done
    [ "$(ask "$anna" x /status/accounts/home/disable)" = 403 ]
    [ "$(ask "$bert" claude-sonnet-4-6 /sdk/v1/messages)" = 403 ]
    [[ "$(<"$HOME/answer")" == *"Claude Code as a service"*"owner's alone"* ]]
    [ "$(ask "$bert")$(ask "$bert")$(ask "$bert")" = 200200429 ]
    grep -qi '^retry-after: [1-9]' "$HOME/head"
    [ "$(jq -r .error.type "$HOME/answer")" = rate_limit_error ]
    [ "$(ask "$cora")$(ask "$cora")" = 200429 ]
    # What is under way counts.
    for i in 1 2 3 4; do
        curl -s -m 10 --cacert "$CERT" -o /dev/null -w '%{http_code}\n' "https://localhost:$PORT/v1/messages" -H "x-api-key: $emil" \
            -d '{"model": "claude-sonnet-4-6", "messages": [{"role": "user", "content": "slow"}]}' >"$HOME/slow.$i" &
        slow+=($!)
    done
    wait "${slow[@]}"
    [ "$(sort "$HOME"/slow.? | xargs)" = '200 200 429 429' ] || { cat "$HOME"/slow.?; false; }
    [ "$(ask "$cora")" = 429 ]
    [[ "$(<"$HOME/answer")" == *'(\u00240.01)'* || "$(<"$HOME/answer")" == *'($0.01)'* ]]
    "$TCR_RUN" gateway users revoke anna
    until_status 401 "$anna"
    dora=$(user dora)
    until_status 200 "$dora"
    "$TCR_RUN" gateway stop
    # Until it was seen that she is revoked, anna may have been answered again.
    [ "$("$TCR_RUN" usage --by user --json | jq -r '.usage | map(select(.user != "anna") | "\(.user) \(.requests)") | sort | join(",")')" = "bert 2,cora 1,dora 1,emil 2" ]
}

@test "on a Redis server they are everybody's: who is revoked from one machine is out of a gateway on another" {
    command -v redis-server >/dev/null || skip "no redis-server"
    redis-server --port 0 --unixsocket "$HOME/redis" --dir "$HOME" --save '' >/dev/null 2>&1 3>&- &
    redis=$!
    while [ ! -S "$HOME/redis" ]; do sleep 0.02; done
    export TCR_STATE=redis+unix://$HOME/redis
    if "$TCR_RUN" status 2>&1 | grep -q 'built without'; then kill "$redis" && skip "built without Redis"; fi
    anna=$(user anna --per-day 5.00)
    run -0 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert "$CERT" --tls-key "$KEY"
    [[ "$output" == *"limits of users per day are counted by what this machine's gateway has used"* ]]
    [ "$(ask "$anna")" = 200 ]
    mkdir "$HOME/elsewhere"
    run -0 env HOME="$HOME/elsewhere" "$TCR_RUN" gateway users revoke anna
    until_status 401 "$anna"
    "$TCR_RUN" gateway stop
    kill "$redis"
    wait "$redis" || true
    run -125 "$TCR_RUN" gateway users list
    [[ $output == *'users cannot be listed'*'the server of TCR_STATE cannot be reached'* ]]
}

@test "users outlive the state's file, and who was revoked stays out" {
    state=$HOME/.local/state/tcr
    anna=$(user anna --models 'claude-sonnet-*') bert=$(user bert)
    run -0 "$TCR_RUN" gateway users revoke bert
    run -0 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert "$CERT" --tls-key "$KEY"
    [ "$(ask "$anna")$(ask "$bert")" = 200401 ]
    [[ "$(<"$HOME/answer")" == *'not (or no longer) a key of a user'* ]]
    # Broken under a gateway that runs: by a look first, then by a change.
    echo garbage >"$state/state.json"
    sleep 1
    [ "$(ask "$anna")$(ask "$anna" claude-opus-4-6)$(ask "$bert")" = 200403401 ]
    run -0 "$TCR_RUN" --no-gateway -- true
    [ "$(ask "$anna")$(ask "$bert")" = 200401 ]
    "$TCR_RUN" gateway stop
    # Broken, torn or gone while none runs.
    for broken in garbage '{"version":1,' ''; do
        echo "$broken" >"$state/state.json"
        run -0 "$TCR_RUN" --no-gateway -- true
        [[ "$output" == *"set aside as state.json.broken"*"users of gateways were taken from state.json.users"* ]]
        run -0 --separate-stderr "$TCR_RUN" gateway users list --json
        [ "$(jq -r '.users | map("\(.name) \(.state)") | join(",")' <<<"$output")" = "anna active,bert revoked" ]
    done
    rm "$state/state.json"
    run -0 "$TCR_RUN" gateway users remove bert
    # One that was written before there was a copy, and one that somebody restored.
    rm "$state/state.json.users"
    run -0 "$TCR_RUN" --no-gateway -- true
    [ "$(jq -r 'map(.name) | join(",")' "$state/state.json.users")" = anna ]
    [ "$(stat -c %a "$state/state.json.users")" = 600 ]
    # Neither can be read: nobody enters, and both are named.
    echo garbage | tee "$state/state.json" >"$state/state.json.users"
    run -0 "$TCR_RUN" --no-gateway -- true
    [[ "$output" == *"state.json.users,"*"which cannot be used"*"users add"* ]]
    run -125 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert "$CERT" --tls-key "$KEY"
    [[ "$output" == *"takes users"*"tcr-run gateway users add NAME"* ]]
}

@test "a state that loses its users under a gateway is told, and so are they" {
    state=$HOME/.local/state/tcr
    anna=$(user anna)
    run -0 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert "$CERT" --tls-key "$KEY"
    rm "$state/state.json" "$state/state.json.users"
    "$TCR_RUN" --no-gateway -- true
    until_status 401 "$anna"
    [[ "$(<"$HOME/answer")" == *'no users any more'*'users add NAME'* ]]
    "$TCR_RUN" log | grep -q 'the state has lost its users'
}

make_certificate() { # DAYS: cert.pem and key.pem in $HOME
    (cd "$HOME" && umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$1" -subj /CN=localhost \
        -addext 'subjectAltName=DNS:localhost' -keyout new-key.pem -out new-cert.pem 2>/dev/null && mv new-key.pem key.pem && mv new-cert.pem cert.pem)
}

until_answered() { # PATTERN COMMAND...: the certificate is looked at once a second
    for _ in {1..40}; do
        run "${@:2}"
        # shellcheck disable=SC2254
        case $output in $1) return 0 ;; esac
        sleep 0.1
    done
    echo "$output"
    return 1
}

look_anew() {
    kill -HUP "$pid" && "$TCR_RUN" log
}

@test "a certificate that ends is told of; a renewed one is read anew, and open connections go on" {
    CERT=$HOME/cert.pem KEY=$HOME/key.pem anna=$(user anna)
    export TZ=UTC
    make_certificate 20
    cd "$HOME"
    run -0 "$TCR_RUN" gateway -d --listen "0.0.0.0:$PORT" --tls-cert cert.pem --tls-key key.pem
    [[ "$output" == *"warning: gateway: the certificate cert.pem ends in "*"d"*"; fix: renew it"*"listens on https://0.0.0.0:$PORT"* ]]
    [ "$("$TCR_RUN" gateway status 2>/dev/null | tail -1)" = "https://0.0.0.0:$PORT" ]
    [ "$("$TCR_RUN" gateway status --json | jq -c .listening)" = "[\"https://0.0.0.0:$PORT\"]" ]
    cd /
    for verb in status doctor 'gateway status'; do
        # shellcheck disable=SC2086
        run "$TCR_RUN" $verb
        [[ "$output" == *"the certificate $HOME/cert.pem ends in "* ]] || { echo "$verb: $output"; false; }
    done
    # A connection that is open when the certificate changes.
    exec 5> >(openssl s_client -quiet -no_ign_eof -CAfile "$CERT" -connect "localhost:$PORT" >"$HOME/open" 2>/dev/null 3>&-)
    printf 'GET /health HTTP/1.1\r\nHost: x\r\nx-api-key: %s\r\n\r\n' "$anna" >&5
    until grep -qs owner "$HOME/open"; do sleep 0.02; done
    make_certificate 400
    until_answered 200 ask "$anna"
    printf 'GET /health HTTP/1.1\r\nHost: x\r\nx-api-key: %s\r\n\r\n' "$anna" >&5
    until [ "$(grep -c owner "$HOME/open")" = 2 ]; do sleep 0.02; done
    exec 5>&-
    run "$TCR_RUN" doctor
    [[ "$output" != *certificate* ]] || { echo "$output"; false; }
    # Of a pair that does not fit, the one before stays, and SIGHUP only looks anew.
    cp "$HOME/cert.pem" "$HOME/good.pem"
    echo garbage >"$HOME/cert.pem"
    CERT=$HOME/good.pem
    pid=$("$TCR_RUN" gateway status --json 2>/dev/null | jq .pid)
    # Told at the second look: signals that come together are one.
    until_answered '*goes on with the certificate that it has*' look_anew
    [ "$(ask "$anna")" = 200 ]
    run "$TCR_RUN" doctor
    [[ "$output" == *"there is no certificate in $HOME/cert.pem"* ]]
    # One that has ended, with its end put back by hand.
    make_certificate 2
    python3 - "$HOME/cert.pem" <<'END'
import base64, sys, time
der = bytearray(base64.b64decode("".join(open(sys.argv[1]).read().split("\n")[1:-2])))
at = der.index(b"\x17\x0d", der.index(b"\x17\x0d") + 1) + 2
der[at:at + 13] = time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() - 10.5 * 86400)).encode()
open(sys.argv[1], "w").write("-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der).decode() + "-----END CERTIFICATE-----\n")
END
    until_answered '*cert.pem ended 10d 12h ago, so clients refuse the gateway; fix: renew it*' look_anew
    kill -0 "$pid"
}
