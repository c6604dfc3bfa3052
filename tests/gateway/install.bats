# tcr-run gateway install: systemd listens, and starts the gateway with the first request.
bats_require_minimum_version 1.5.0

setup() {
    command -v systemd-socket-activate >/dev/null || skip "no systemd"
    TCR_RUN=$(realpath "${TCR_RUN:-build/tcr-run}")
    export HOME=$BATS_TEST_TMPDIR/home XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    unset XDG_STATE_HOME XDG_CONFIG_HOME TCR_GATEWAY_TOKEN_FILE TCR_KEYS_FILE TCR_KEYS TCR_STATE TCR_PASSPHRASE_FILE
    unset HTTPS_PROXY https_proxy TCR_REDIS_PASSWORD TCR_MASTER_KEY
    units=$HOME/.config/systemd/user
    umask 077
    mkdir -p "$HOME/.config/tcr" "$XDG_RUNTIME_DIR" "$BATS_TEST_TMPDIR/bin"
    echo '{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}],
        "profiles": {"work": {"keys": ["home"], "port": 45871}}}' >"$HOME/.config/tcr/keys.json"
    # What systemd is told; that it understands the units is asked of the real one.
    printf '#!/bin/sh\necho "$*" >>"%s"\nexit ${FAIL-0}\n' "$BATS_TEST_TMPDIR/told" >"$BATS_TEST_TMPDIR/bin/systemctl"
    chmod +x "$BATS_TEST_TMPDIR/bin/systemctl"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

teardown() {
    "$TCR_RUN" gateway stop >/dev/null 2>&1 || true
    [ ! -f "$BATS_TEST_TMPDIR/pid" ] || kill "$(<"$BATS_TEST_TMPDIR/pid")" 2>/dev/null || true
}

free_port() {
    "$BATS_TEST_DIRNAME/../free-ports"
}

@test "install writes two units that systemd understands, and uninstall takes them away" {
    port=$(free_port)
    run -0 "$TCR_RUN" gateway install --listen "$port" --hold 5m
    [[ "$output" == *"listening on http://127.0.0.1:$port"* ]]
    grep -x "ListenStream=127.0.0.1:$port" "$units/tcr-run-gateway.socket"
    grep -x "ExecStart=\"$TCR_RUN\" gateway start \"--hold\" \"5m\"" "$units/tcr-run-gateway.service"
    run systemd-analyze --user --man=no verify "$units/tcr-run-gateway.socket" "$units/tcr-run-gateway.service"
    [ "$status: $output" = "0: " ] || { echo "$output"; false; }
    [ "$(paste -sd ';' "$BATS_TEST_TMPDIR/told")" = "--user daemon-reload;--user stop tcr-run-gateway.service;--user enable \
tcr-run-gateway.socket;--user restart tcr-run-gateway.socket" ]
    rm "$BATS_TEST_TMPDIR/told"
    run -0 "$TCR_RUN" gateway uninstall
    [ "$(paste -sd ';' "$BATS_TEST_TMPDIR/told")" = "--user disable --now tcr-run-gateway.socket;--user stop \
tcr-run-gateway.service;--user daemon-reload" ]
    [ -z "$(ls "$units")" ]
    run -1 "$TCR_RUN" gateway uninstall
    [[ "$output" == *"nothing is installed"* ]]
}

@test "a gateway that was started by hand is ended first; it does not keep the units from being shown" {
    port=$(free_port)
    run -0 "$TCR_RUN" gateway -d --listen "$port"
    run -125 "$TCR_RUN" gateway install --listen "$port"
    [[ "$output" == *"a gateway runs already (pid "*"tcr-run gateway stop ends it"* ]]
    run -0 "$TCR_RUN" gateway install -n --listen "$port"
    [[ "$output" == *"ListenStream=127.0.0.1:$port"* ]]
    run -0 "$TCR_RUN" gateway stop
    run -0 "$TCR_RUN" gateway install --listen "$port"
}

@test "a profile has units of its own, on its port, and what is asked is shown only with -n" {
    run -0 "$TCR_RUN" gateway install -n --profile work --keys "$HOME/.config/tcr/../tcr/keys.json"
    [[ "$output" == *"tcr-run-gateway-work.socket:"*"ListenStream=127.0.0.1:45871"* ]]
    [[ "$output" == *"gateway start \"--profile\" \"work\" \"--keys\" \"$HOME/.config/tcr/keys.json\""* ]]
    # TLS shows in the address that is told, and its files do not depend on the folder.
    cd "$HOME/.config"
    run -0 "$TCR_RUN" gateway install -n --listen "0.0.0.0:$(free_port)" --tls-cert tcr/keys.json --tls-key tcr/keys.json
    [[ "$output" == *"\"--tls-cert\" \"$HOME/.config/tcr/keys.json\" \"--tls-key\" \"$HOME/.config/tcr/keys.json\""* ]]
    [ ! -e "$units" ]
    [ ! -e "$BATS_TEST_TMPDIR/told" ]
    port=$(free_port)
    run -0 "$TCR_RUN" gateway install --listen "0.0.0.0:$port" --tls-cert tcr/keys.json --tls-key tcr/keys.json
    [[ "$output" == *"listening on https://0.0.0.0:$port"* ]]
}

@test "words and variables keep their characters, and secrets stay out of the units" {
    odd=$BATS_TEST_TMPDIR/'a "b" $HOME 100%'
    cp -r "$HOME/.config/tcr" "$odd"
    export TCR_PASSPHRASE_FILE=$odd/pass TCR_STATE=$odd/state HTTPS_PROXY=http://user:FAKE-secret@proxy:3128 NO_PROXY=localhost
    run -0 --separate-stderr "$TCR_RUN" gateway install -n --listen "unix:$HOME/g.sock" --keys "$odd/keys.json"
    [[ "$stderr" == *"HTTPS_PROXY holds a secret and is not written into the unit"*"fix: systemctl --user edit tcr-run-gateway.service"* ]]
    [[ "$output" != *FAKE-secret* ]]
    [[ "$output" == *'"--keys" "'"$BATS_TEST_TMPDIR"'/a \"b\" $$HOME 100%%/keys.json"'* ]]
    [[ "$output" == *'Environment="TCR_STATE='"$BATS_TEST_TMPDIR"'/a \"b\" $HOME 100%%/state"'* ]]
    [[ "$output" == *'Environment="NO_PROXY=localhost"'* ]]
    [ ! -e "$HOME/g.sock" ]
}

@test "for launchd: a property list that others understand, with the same words, variables and addresses" {
    odd=$BATS_TEST_TMPDIR/'a & <b>'
    cp -r "$HOME/.config/tcr" "$odd"
    export TCR_STATE=redis://cache:6379 TCR_REDIS_PASSWORD=FAKE-secret
    unset NO_PROXY no_proxy SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE
    export PORT TCR_RUN
    PORT=$(free_port)
    run -0 --separate-stderr "$TCR_RUN" gateway install --launchd -n --profile work --keys "$odd/../a & <b>/keys.json" --listen "$PORT" \
        --listen "unix:$HOME/g.sock"
    [[ "$stderr" == *"TCR_REDIS_PASSWORD holds a secret and is not written into the agent"*"fix: keep it in a file (TCR_REDIS_PASSWORD_FILE)"* ]]
    [[ "$output" != *FAKE-secret* ]]
    echo "$output" >"$BATS_TEST_TMPDIR/agent.plist"
    xmllint --nonet --noout "$BATS_TEST_TMPDIR/agent.plist"
    python3 - "$BATS_TEST_TMPDIR/agent.plist" "$odd" <<'END'
import os, plistlib, sys

home = os.environ["HOME"]
agent = plistlib.load(open(sys.argv[1], "rb"))
assert agent == {
    "Label": "tcr-run.gateway.work",
    "ProgramArguments": [os.environ["TCR_RUN"], "gateway", "start", "--profile", "work", "--keys", sys.argv[2] + "/keys.json"],
    "EnvironmentVariables": {"TCR_STATE": "redis://cache:6379"},
    "Sockets": {"Listeners": [
        {"SockNodeName": "127.0.0.1", "SockServiceName": os.environ["PORT"], "SockFamily": "IPv4", "SockType": "stream"},
        {"SockPathName": home + "/g.sock", "SockPathMode": 0o600, "SockType": "stream"},
    ]},
    "AbandonProcessGroup": True,
    "ExitTimeOut": 35,
    "StandardErrorPath": home + "/Library/Logs/tcr-run-gateway.log",
}, agent
END
    # Where there is no launchd, nothing is written.
    run -125 "$TCR_RUN" gateway install --launchd --listen "$(free_port)"
    [[ "$output" == *"launchd is macOS's"*"-n shows what it would get"* ]]
    [ ! -e "$HOME/Library" ]
    run -125 "$TCR_RUN" gateway start --launchd
    [[ "$output" == *"--launchd is of tcr-run gateway install"* ]]
    HTTPS_PROXY=$'http://a\nb' run -125 "$TCR_RUN" gateway install --launchd -n
    [[ "$output" == *"holds a control character,"*"which a property list cannot"* ]]
}

# launchd is where launchctl is: here a script, which has the agents in $agents, and of which one ends only after two more looks.
with_launchd() {
    agents=$BATS_TEST_TMPDIR/agents
    mkdir "$agents"
    cat >"$BATS_TEST_TMPDIR/bin/launchctl" <<END
#!/bin/sh
echo "\$*" >>"$BATS_TEST_TMPDIR/told"
agent=$agents/\${2##*/}
case \$1 in
    print) [ ! -e "\$agent.ending" ] || { mv "\$agent.ending" "\$agent.last"; exit 0; }
        [ ! -e "\$agent.last" ] || { rm "\$agent.last"; exit 0; }
        [ -e "\$agent" ] || { echo "Could not find service" >&2; exit 113; }
        cat "\$agent" ;;
    bootout) mv "\$agent" "\$agent.ending" ;;
    bootstrap) label=\${3##*/}
        ! ls "$agents" | grep . || exit 5 # of the same label: it has not ended yet
        [ -z "\${FAIL-}" ] && head -c 5000 /dev/zero | tr '\0' x >"$agents/\${label%.plist}" ;;
    *) exit 64 ;;
esac
END
    chmod +x "$BATS_TEST_TMPDIR/bin/launchctl"
}

told() {
    sed -E "s|gui/$(id -u)|gui|g; s|$HOME|~|g" "$BATS_TEST_TMPDIR/told" | paste -sd ';'
    rm "$BATS_TEST_TMPDIR/told"
}

@test "where launchd is, it gets the agent, in place of one that first has to end; uninstall takes it away" {
    with_launchd
    agent=$HOME/Library/LaunchAgents/tcr-run.gateway.work.plist
    run -0 "$TCR_RUN" gateway install --profile work
    [ "$output" = "wrote $agent"$'\n'"The gateway starts with the first request." ] || { echo "$output"; false; }
    xmllint --nonet --noout "$agent"
    [ "$(told)" = 'print gui/tcr-run.gateway.work;bootstrap gui ~/Library/LaunchAgents/tcr-run.gateway.work.plist' ]
    run -0 "$TCR_RUN" gateway install --profile work --hold 5m
    grep -A 1 'hold<' "$agent" | grep 5m
    [ "$(told)" = 'print gui/tcr-run.gateway.work;bootout gui/tcr-run.gateway.work;print gui/tcr-run.gateway.work;'\
'print gui/tcr-run.gateway.work;print gui/tcr-run.gateway.work;bootstrap gui ~/Library/LaunchAgents/tcr-run.gateway.work.plist' ]
    run -0 "$TCR_RUN" gateway uninstall --profile work
    [ -z "$output" ] && [ ! -e "$agent" ] && [ -z "$(ls "$agents")" ]
    run -1 "$TCR_RUN" gateway uninstall --profile work
    [[ "$output" == *"nothing is installed"* ]]
    rm "$BATS_TEST_TMPDIR/told"
    FAIL=1 run -125 "$TCR_RUN" gateway install --profile work
    [[ "$output" == *"launchd has not taken it; fix: launchctl bootstrap gui/$(id -u) $agent" ]]
    # Somebody has taken it from launchd already.
    run -0 "$TCR_RUN" gateway uninstall --profile work
    [ ! -e "$agent" ]
    [ ! -e "$units" ]
}

@test "the name in PATH is noted where it is ours: what it points to may go with the next version" {
    ln -s "$TCR_RUN" "$BATS_TEST_TMPDIR/bin/tcr-run"
    run -0 tcr-run gateway install -n --listen "$(free_port)"
    [[ "$output" == *"ExecStart=\"$BATS_TEST_TMPDIR/bin/tcr-run\" gateway start"* ]]
    printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/another"
    chmod +x "$BATS_TEST_TMPDIR/another"
    ln -sf ../another "$BATS_TEST_TMPDIR/bin/tcr-run"
    run -0 "$TCR_RUN" gateway install -n --listen "$(free_port)"
    [[ "$output" == *"ExecStart=\"$TCR_RUN\" gateway start"* ]]
}

@test "a unit that somebody else wrote stays, and so does what stood before a refusal" {
    mkdir -p "$units"
    echo '[Service]' >"$units/tcr-run-gateway.service"
    run -125 "$TCR_RUN" gateway install --listen "$(free_port)"
    [[ "$output" == *"was not written by tcr-run gateway install"*"fix: move it away"* ]]
    run -125 "$TCR_RUN" gateway uninstall
    [ "$(<"$units/tcr-run-gateway.service")" = '[Service]' ]
    rm "$units/tcr-run-gateway.service"
    run -125 "$TCR_RUN" gateway install --profile 'a@b'
    [[ "$output" == *"cannot be part of a unit's name"* ]]
    run -125 "$TCR_RUN" gateway install -d
    [[ "$output" == *"a service is in the background"* ]]
    rm "$HOME/.config/tcr/keys.json"
    run -125 "$TCR_RUN" gateway install
    [[ "$output" == *"a service needs a key file"*"fix: tcr-run keys add"* ]]
    printf 'tcr-run sealed keys, version 1; opened by: tcr-run keys unseal\n' >"$HOME/.config/tcr/keys.json"
    run -125 "$TCR_RUN" gateway install
    [[ "$output" == *"is sealed"*"and a service has nobody to ask for its passphrase"* ]]
    [ -z "$(ls "$units")" ]
}

@test "where there is no systemd, nothing is written" {
    PATH=/nonexistent run -125 "$TCR_RUN" gateway install --listen "$(free_port)"
    [[ "$output" == *"systemctl is not in PATH"*"tcr-run gateway start"*"gateway install -n shows"* ]]
    [ ! -e "$units" ]
}

@test "where systemd does not answer, the files stay and it is said what is to be done" {
    FAIL=1 run -125 "$TCR_RUN" gateway install --listen "$(free_port)"
    [[ "$output" == *"systemd has not taken them"*"fix: systemctl --user daemon-reload"*"then systemctl --user enable --now"* ]]
    [ -e "$units/tcr-run-gateway.socket" ]
    FAIL=1 run -125 "$TCR_RUN" gateway uninstall
    [[ "$output" == *"the units are gone, but systemd was not told"* ]]
    [ -z "$(ls "$units")" ]
}

@test "it answers on the sockets that systemd opened, started by the first request" {
    port=$(free_port)
    systemd-socket-activate -E HOME="$HOME" -l "127.0.0.1:$port" -l "$HOME/g.sock" "$TCR_RUN" gateway start \
        >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    echo $! >"$BATS_TEST_TMPDIR/pid"
    for _ in {1..100}; do [ ! -S "$HOME/g.sock" ] || break; sleep 0.05; done
    run -1 "$TCR_RUN" gateway status
    run -0 curl -s -m 20 -o /dev/null -w '%{http_code}' -H "x-api-key: $("$TCR_RUN" gateway token)" "http://127.0.0.1:$port/api/hello"
    [ "$output" = 200 ]
    run -0 "$TCR_RUN" gateway status
    [ "${lines[1]}" = "http://127.0.0.1:$port" ]
    [ "${lines[2]}" = "unix:$HOME/g.sock" ]
    run -0 curl -s --unix-socket "$HOME/g.sock" http://gateway/api/hello
    run -0 "$TCR_RUN" gateway stop
}

@test "a socket that other machines reach is refused from systemd as well" {
    port=$(free_port)
    systemd-socket-activate -E HOME="$HOME" -l "0.0.0.0:$port" "$TCR_RUN" gateway start >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    echo $! >"$BATS_TEST_TMPDIR/pid"
    for _ in {1..100}; do
        curl -s -m 2 "http://127.0.0.1:$port/" || true
        ! grep -q "what other machines reach" "$BATS_TEST_TMPDIR/said" || break
        sleep 0.05
    done
    grep "what other machines reach takes --tls-cert" "$BATS_TEST_TMPDIR/said" || { cat "$BATS_TEST_TMPDIR/said"; false; }
}
