# What requests took: recorded by the gateway, shown by tcr-run usage.
bats_require_minimum_version 1.5.0

setup_file() {
    TCR_RUN=$(realpath "${TCR_RUN:-build/tcr-run}")
    export TCR_RUN HOME=$BATS_FILE_TMPDIR
    python3 "$BATS_TEST_DIRNAME/usage_provider.py" "$HOME/port" 3>&- &
    echo $! >"$HOME/provider.pid"
    while [ ! -s "$HOME/port" ]; do sleep 0.02; done
}

teardown_file() {
    kill "$(<"$HOME/provider.pid")"
}

setup() {
    export HOME=$BATS_TEST_TMPDIR DB=$BATS_TEST_TMPDIR/.local/state/tcr/usage.db
    unset XDG_STATE_HOME XDG_CONFIG_HOME TCR_USAGE_FILE TCR_PRICES_FILE TCR_KEYS
    SOCKET=$HOME/g.sock ADDRESS=http://127.0.0.1:$(<"$BATS_FILE_TMPDIR/port")
    mkdir -p "$HOME/.config/tcr"
    pool '"token": "sk-ant-oat01-FAKE-home-0001"'
}

teardown() {
    "$TCR_RUN" gateway stop >/dev/null 2>&1 || true
}

pool() { # FIELDS-OF-HOME [FIELDS-OF-THE-FILE]
    (umask 077 && cat >"$HOME/.config/tcr/keys.json" <<END
{${2-} "keys": [{"name": "home", $1, "base_url": "$ADDRESS"},
          {"name": "work", "token": "sk-ant-oat01-FAKE-work-0002", "base_url": "$ADDRESS"},
          {"name": "other", "kind": "openai", "token": "sk-FAKE-other-0003", "base_url": "$ADDRESS", "priority": 9}]}
END
    )
}

start() {
    "$TCR_RUN" gateway -d --listen "unix:$SOCKET" "$@" 2>/dev/null
}

ask() { # WHAT [MODEL [SESSION [PATH]]]
    curl -s -m 10 --unix-socket "$SOCKET" "http://gateway${4-/v1/messages}" -H "X-Claude-Code-Session-Id: ${3-s-1}" \
        -d "{\"model\": \"${2-claude-sonnet-4-6}\", \"messages\": [{\"role\": \"user\", \"content\": \"$1\"}]}" || true
}

sum() { # FILTER [ARGUMENT]...
    "$TCR_RUN" usage --json "${@:2}" | jq -r "$1"
}

@test "a file that was removed while the gateway runs is begun anew" {
    start
    ask whole >/dev/null
    for _ in {1..100}; do [ "$(sum .total.requests 2>/dev/null)" != 1 ] || break; sleep 0.05; done
    rm "$DB"*
    for what in whole stream; do ask "$what" >/dev/null; done
    "$TCR_RUN" gateway stop
    [ "$(sum .total.requests)" = 2 ]
}

@test "tokens, cost, key, model and session of streams and of whole answers" {
    start
    for what in stream whole; do ask "$what" >/dev/null; done
    ask limit claude-haiku-4-5-20251001 s-2 >/dev/null
    ask chat gpt-4.1 s-3 /v1/chat/completions >/dev/null
    ask untold unheard-of s-4 >/dev/null
    ask whole 'unheard\u009b-of' s-4 >/dev/null # no such character reaches a terminal
    ask cut claude-sonnet-4-6 s-5 >/dev/null
    "$TCR_RUN" gateway stop
    [ "$(stat -c %a "$DB")" = 600 ]
    # 1000 at $3, 50 at $15, 20000 at $0.30 and 400 at $3.75 a million; the torn one without its last 49.
    [ "$(sum '.usage[] | select(.model == "claude-sonnet-4-6") | "\(.requests) \(.failed) \(.output_tokens) \(.cost_usd)"' --by model)" = \
        "3 1 101 0.033015" ] || { sum . --by model; false; }
    [ "$(sum '.usage[] | select(.model == "gpt-4.1") | "\(.input_tokens) \(.cache_read_tokens) \(.cost_usd)"' --by model)" = "400 600 0.00118" ]
    [ "$(sum '.usage | map(select(.session == "s-2")) | .[0].requests' --by session)" = 1 ]
    [ "$(sum '"\(.total.untold) \(.total.unpriced) \(.models_without_price == ["unheard\u009b-of"])"')" = '1 1 true' ]
    [ "$(sum '.usage | map(.key) | sort | join(" ")')" = "home other work" ] || { sum .; false; }
    run -0 "$TCR_RUN" usage
    [[ "$output" == *"1 requests are not in the cost: no price is known for unheard  -of"* ]]
    [[ "${lines[0]}" =~ KEY\ +REQUESTS\ +FAILED\ +INPUT ]]
    run -0 "$TCR_RUN" usage --by day --csv --since today
    [[ "${lines[1]}" == "\"$(date +%F)\",7,1,"* ]]
    run -0 sqlite3 "$DB" "SELECT status, iif(session='s-2',tries,0), asked FROM requests WHERE session IN ('s-2', 's-5') ORDER BY session"
    [ "${lines[0]} ${lines[1]}" = "200|2|claude-haiku-4-5-20251001 502|0|claude-sonnet-4-6" ] || { echo "$output"; false; }
    # The gateway itself answers the same, also what it has just seen, and whoever asks for nonsense is told.
    start
    ask whole claude-sonnet-4-6 s-6 >/dev/null
    # Numbers that no answer can mean are added up as well.
    for _ in {1..3}; do ask huge claude-sonnet-4-6 s-7 >/dev/null; done
    for by in key model day session user; do
        curl -s --unix-socket "$SOCKET" "http://gateway/usage?by=$by&since=today" >"$HOME/told"
        [ "$(jq '.total.requests' "$HOME/told")" = 11 ]
        [ "$(jq '.total | .cost_usd > 1000 and .input_tokens > 1000000000' "$HOME/told")" = true ] || { cat "$HOME/told"; false; }
        "$TCR_RUN" usage --json --by $by --since today | cmp - "$HOME/told"
    done
    run -0 "$TCR_RUN" usage --since today
    curl -s --unix-socket "$SOCKET" "http://gateway/usage?by=day&format=csv" | grep -q '^"20..-..-..",11,'
    [[ "$(curl -s --unix-socket "$SOCKET" "http://gateway/usage?by=colour" | jq -r .error.message)" == *"by: expected key, model"* ]]
    [ "$(curl -s -o /dev/null -w '%{http_code}' -X POST --unix-socket "$SOCKET" http://gateway/usage)" != 200 ]
    # Neither what was asked nor a token is in it.
    run -1 grep -aE 'FAKE|"messages"|input_tokens": 9' "$DB"
}

@test "prices of one's own come first; one with a mistake is said" {
    echo '{"claude-sonnet-*": {"input": 1, "output": 0, "cache_read": 0, "cache_write": 0}}' >"$HOME/.config/tcr/prices.json"
    start
    ask whole >/dev/null
    "$TCR_RUN" gateway stop
    [ "$(sum .total.cost_usd)" = 0.001 ]
    echo '{"x": {"input": "1"}}' >"$HOME/.config/tcr/prices.json"
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
    [[ "$output" == *'prices.json:'*'the price of "x":'*'expected dollars for a million tokens'* ]]
}

@test "a key past its budget rests until midnight, for gateways and for runs, and the master too" {
    pool '"token": "sk-ant-oat01-FAKE-home-0001"' '"budget": {"per_key": "0.02/day"}, "master": {"token": "sk-ant-api03-FAKE-bill-0001",
        "base_url": "'"$ADDRESS"'", "budget": "0.005/day"}, "policy": {"notify": false},'
    sed -i '/"other"/d; s|"base_url": "\(.*\)"},$|"base_url": "\1"}]}|' "$HOME/.config/tcr/keys.json"
    sed -i '/"home"/s/]}$/,/' "$HOME/.config/tcr/keys.json"
    start
    # 0.01125 each: two for each key, one for the master.
    for _ in 1 2 3 4 5; do ask whole >>"$HOME/answers"; done
    run -0 ask whole
    [[ "$output" == *rate_limit_error* ]] || { echo "$output"; "$TCR_RUN" status; false; }
    "$TCR_RUN" gateway stop
    [ "$(sum '.usage | map("\(.key) \(.requests)") | sort | join(",")')" = " 1,home 2,master 1,work 2" ] || { sum .; false; }
    run -0 "$TCR_RUN" status
    [[ "$output" == *"daily budget"* ]] || { echo "$output"; false; }
    run -0 "$TCR_RUN" log
    [[ "$output" == *'"home" reached its daily budget of $0.02; it rests until midnight'* ]] || { echo "$output"; false; }
    run -75 "$TCR_RUN" -- true
    # Nor after a restart, when the rest was forgotten.
    "$TCR_RUN" reset
    start
    run -0 ask whole
    [[ "$output" == *rate_limit_error* ]] || { echo "$output"; false; }
}

@test "a file that cannot be written hurts no request, and is said once" {
    mkdir -p "$DB"
    "$TCR_RUN" gateway --listen "unix:$SOCKET" 2>"$HOME/said" &
    while [ ! -S "$SOCKET" ]; do sleep 0.02; done
    for _ in 1 2 3; do
        run -0 ask whole
        [[ "$output" == *message* ]]
        sleep 0.3
    done
    "$TCR_RUN" gateway stop
    wait
    [ "$(grep -c 'the usage is not recorded' "$HOME/said")" = 1 ] || { cat "$HOME/said"; false; }
    run -125 "$TCR_RUN" usage
}

@test "nothing is recorded where nobody wants it, and wrong words are told" {
    export TCR_USAGE_FILE=
    start
    ask whole >/dev/null
    "$TCR_RUN" gateway stop
    unset TCR_USAGE_FILE
    start --keep 0
    ask whole >/dev/null
    [[ "$(curl -s --unix-socket "$SOCKET" http://gateway/usage)" == *"this gateway records no usage"* ]]
    "$TCR_RUN" gateway stop
    run -0 "$TCR_RUN" usage
    [[ "$output" == *"no request has gone through a gateway yet"* ]]
    run -125 "$TCR_RUN" usage --by colour
    [[ "$output" == *"--by colour: expected key, model, day, session or user" ]]
    run -125 "$TCR_RUN" usage --since tomorrow
    run -125 "$TCR_RUN" usage --json --csv
    run -125 "$TCR_RUN" gateway -d --listen "unix:$SOCKET" --keep soon
    [[ "$output" == *"--keep"*"expected a length of time"* ]]
}
