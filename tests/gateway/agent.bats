# /sdk/v1/messages and /sdk/v1/chat/completions: Claude Code (a fake one) answers, with a key of the pool and in the folder of the
# key file, and goes when its client does.
bats_require_minimum_version 1.5.0

setup() {
    TCR_RUN=$(realpath "${TCR_RUN:-build/tcr-run}")
    export HOME=$BATS_TEST_TMPDIR
    unset XDG_STATE_HOME XDG_CONFIG_HOME TCR_GATEWAY_TOKEN_FILE TCR_KEYS TCR_KEYS_FILE
    SOCKET=$BATS_TEST_TMPDIR/g.sock
    mkdir -p "$HOME/bin" "$HOME/work" "$HOME/.config/tcr"
    export PATH=$HOME/bin:$PATH
    cat >"$HOME/bin/claude" <<'END'
#!/usr/bin/env python3
import json, os, sys, time
home = os.environ["HOME"]
line = sys.stdin.readline()
with open(home + "/runs", "a") as log:
    log.write(json.dumps({"args": sys.argv[1:], "cwd": os.getcwd(), "key": os.environ.get("CLAUDE_CODE_OAUTH_TOKEN"),
                          "said": json.loads(line)["message"]["content"], "pid": os.getpid()}) + "\n")
def tell(**fields):
    print(json.dumps(fields), flush=True)
def says(text, parent=None):
    tell(type="stream_event", parent_tool_use_id=parent,
         event={"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
tell(type="system", subtype="init", session_id="s")
if "wait" in line:
    if "--include-partial-messages" in sys.argv:
        tell(type="stream_event", event={"type": "message_start"})
        says("I wait.")
    if os.fork() == 0:
        open(home + "/child", "w").write(str(os.getpid()))
        time.sleep(60)
        os._exit(0)
    time.sleep(60)
if "much" in line:
    tell(type="stream_event", event={"type": "message_start"})
    for i in range(3000):
        says("%09d " % i + "x" * 10000)
    tell(type="result", subtype="success", is_error=False, result="all")
    sys.exit()
if "die" in line:
    sys.exit(3)
if "fail" in line:
    tell(type="result", subtype="success", is_error=True, result="It cannot be done.")
    sys.exit(1)
if "--include-partial-messages" in sys.argv:
    tell(type="stream_event", event={"type": "message_start"})
    says("I look")
    says(".")
    says("of a sub-agent", "toolu_1")
    tell(type="stream_event", event={"type": "message_start"})
    says("Found \u00e9.")
tell(type="result", subtype="success", is_error=False, result="Found \u00e9.",
     usage={"input_tokens": 12, "cache_read_input_tokens": 100, "output_tokens": 5})
END
    chmod +x "$HOME/bin/claude"
}

teardown() {
    "$TCR_RUN" gateway stop >/dev/null 2>&1 || true
}

start() { # AGENT [OPTION]...: what stands in the policy
    (umask 077; jq -n --argjson agent "$1" '{policy: {agent: $agent}, keys: [{name: "home", token: "sk-ant-oat01-FAKE-home-0001"}]}' \
        >"$HOME/.config/tcr/keys.json")
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET" "${@:2}"
}

ask() { # PATH BODY [OPTION]...: the answer in $output, its status in the last line
    run -0 curl -sN --max-time 20 --unix-socket "$SOCKET" -H 'content-type: application/json' -w '\n%{http_code}' "http://gateway$1" -d "$2" "${@:3}"
    status=${lines[-1]}
}

@test "a message is answered by Claude Code, with the pool's key, in the folder, without tools" {
    start '{"folder": "~/work"}'
    ask /sdk/v1/messages '{"model": "sonnet", "max_tokens": 9, "system": "Be brief.", "messages": [{"role": "user", "content": "one"},
        {"role": "assistant", "content": [{"type": "text", "text": "two"}]}, {"role": "user", "content": "three \"é\""}]}'
    [ "$status" = 200 ]
    jq -e '.type == "message" and .role == "assistant" and .content == [{type: "text", text: "Found é."}] and
        .stop_reason == "end_turn" and .usage.input_tokens == 12 and .usage.cache_read_input_tokens == 100' <<<"${lines[0]}"
    jq -e --arg work "$HOME/work" '.cwd == $work and .key == "sk-ant-oat01-FAKE-home-0001" and
        ([.said[].text] | join("|")) == "Be brief.\n\nThe conversation so far:\n\nUser: one\n\nAssistant: two\n\nUser: |three \"é\"|(This is the end of the message.)"' "$HOME/runs"
    jq -e '.args as $a | ($a | index("-p")) != null and $a[($a | index("--model")) + 1] == "sonnet" and
        $a[($a | index("--tools")) + 1] == "" and ($a | index("--allowedTools")) == null' "$HOME/runs"
}

@test "a stream comes as it is said, in both formats, without what sub-agents say" {
    start '{"folder": "~/work"}'
    ask /sdk/v1/messages '{"stream": true, "messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 200 ]
    [ "$(sed -n 's/^data: //p' <<<"$output" | jq -rj 'select(.type == "content_block_delta").delta.text')" = $'I look.\n\nFound é.' ]
    [ "$(sed -n 's/^event: //p' <<<"$output" | tail -n 1)" = message_stop ]
    ask /sdk/v1/chat/completions '{"model": "sonnet", "stream": true, "messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 200 ]
    [ "$(sed -n 's/^data: {/{/p' <<<"$output" | jq -rj '.choices[0].delta.content // ""')" = $'I look.\n\nFound é.' ]
    [[ "$output" == *$'data: [DONE]\n'* ]]
    ask /sdk/v1/chat/completions '{"model": "sonnet", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "go"}]}'
    jq -e '.object == "chat.completion" and .choices[0].message.content == "Found é." and .usage.prompt_tokens == 112' <<<"${lines[0]}"
}

@test "what a client does not read is not kept in the gateway's memory, and is there when it reads" {
    start '{"folder": "~/work"}'
    python3 - "$SOCKET" "$("$TCR_RUN" gateway status --json | jq .pid)" <<'END'
import http.client, json, socket, sys, time
def held():
    with open(f"/proc/{sys.argv[2]}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
body = json.dumps({"stream": True, "messages": [{"role": "user", "content": "much"}]}).encode()
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
before = held()
client.sendall(b"POST /sdk/v1/messages HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\ncontent-type: application/json\r\n"
               b"content-length: %d\r\n\r\n" % len(body) + body)
client.recv(1, socket.MSG_PEEK)  # it has begun
time.sleep(2)
assert held() - before < 8192, (before, held())
response = http.client.HTTPResponse(client)
response.begin()
answer = response.read()
assert all(b"%09d x" % i in answer for i in range(3000)), answer[-300:]
assert b"event: message_stop" in answer
END
}

@test "tools and servers of tools are those that the key file names" {
    echo '{}' >"$HOME/mcp.json"
    start '{"folder": "~/work", "tools": ["Read", "Bash(git log:*)"], "mcp_config": "~/mcp.json"}'
    ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 200 ]
    jq -e --arg file "$HOME/mcp.json" '.args as $a | $a[($a | index("--allowedTools")) + 1] == "Read,Bash(git log:*)" and
        $a[($a | index("--mcp-config")) + 1] == $file and ($a | index("--strict-mcp-config")) != null and
        $a[($a | index("--tools")) + 1] == "Read,Bash"' "$HOME/runs"
}

@test "what cannot be: tools of the client's, no last word of the user's, an error, an end without a word" {
    start '{"folder": "~/work"}'
    ask /sdk/v1/messages '{"tools": [{"name": "x", "input_schema": {}}], "messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 400 ]
    [[ "$output" == *"tools: Claude Code has its own"* ]]
    ask /sdk/v1/messages '{"messages": [{"role": "assistant", "content": "go"}]}'
    [ "$status" = 400 ]
    [[ "$output" == *"messages: expected the last to be the user's"* ]]
    ask /sdk/v1/chat/completions '{"messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 400 ]
    [[ "$output" == *"model: "* ]]
    ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "fail"}]}'
    [ "$status" = 502 ]
    jq -e '.type == "error" and (.error.message | test("It cannot be done"))' <<<"${lines[0]}"
    ask /sdk/v1/messages '{"stream": true, "messages": [{"role": "user", "content": "die"}]}'
    [ "$status" = 502 ]
    [[ "$output" == *"Claude Code ended with status 3 and no result"* ]]
    mv "$HOME/bin/claude" "$HOME/bin/other"
    ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 502 ]
    [[ "$output" == *"claude is not in the gateway's PATH"* ]] || command -v claude
    ask /sdk/v1/messages 'no json'
    [ "$status" = 400 ]
}

gone() { # PID
    for _ in {1..250}; do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.02
    done
    return 1
}

@test "it ends with all that it started when its client leaves, and no more run at once than may" {
    start '{"folder": "~/work", "at_most": 1}'
    local body='{"stream": true, "messages": [{"role": "user", "content": "wait"}]}'
    curl -sN --unix-socket "$SOCKET" http://gateway/sdk/v1/messages -d "$body" >"$HOME/said" 3>&- &
    local client=$!
    for _ in {1..250}; do
        [ ! -s "$HOME/child" ] || ! grep -q 'I wait' "$HOME/said" || break
        sleep 0.02
    done
    grep -q 'I wait' "$HOME/said"
    ask /sdk/v1/messages "$body"
    [ "$status" = 429 ]
    for path in messages chat/completions; do
        curl -s --max-time 20 --unix-socket "$SOCKET" -D "$HOME/head" "http://gateway/sdk/v1/$path" -d "$body" >"$HOME/refused"
        grep -qi '^retry-after: [1-9]' "$HOME/head"
        [[ "$(jq -r .error.message "$HOME/refused")" == 'tcr-run: Claude Code serves as many requests as "at_most" allows' ]]
        [ "$(jq -r '"\(.type) \(.error.type)"' "$HOME/refused")" = "$([ $path = messages ] && echo 'error rate_limit_error' || echo 'null rate_limit_error')" ] ||
            { cat "$HOME/refused"; false; }
    done
    kill "$client"
    gone "$(cat "$HOME/child")"
    gone "$(jq .pid "$HOME/runs")"
    for _ in {1..100}; do
        ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
        [ "$status" = 429 ] || break
        sleep 0.05
    done
    [ "$status" = 200 ]
}

@test "with --hold what is more than may run at once waits for its turn, and says for how long" {
    start '{"folder": "~/work", "at_most": 1}' --hold 20s
    curl -sN --unix-socket "$SOCKET" http://gateway/sdk/v1/messages -d '{"messages": [{"role": "user", "content": "wait"}]}' >/dev/null 3>&- &
    local first=$! asked=()
    for _ in {1..250}; do [ ! -s "$HOME/child" ] || break; sleep 0.02; done
    for i in 1 2; do
        curl -s --max-time 20 --unix-socket "$SOCKET" -D "$HOME/head$i" "http://gateway/sdk/v1/messages" \
            -d '{"messages": [{"role": "user", "content": "go '$i'"}]}' >"$HOME/answer$i" 3>&- &
        asked+=($!)
        sleep 0.2
    done
    # One that leaves meanwhile takes up no place.
    curl -s --max-time 0.2 --unix-socket "$SOCKET" http://gateway/sdk/v1/messages -d '{"messages": [{"role": "user", "content": "left"}]}' || true
    kill "$first"
    wait "${asked[@]}"
    for i in 1 2; do
        [ "$(jq -r '.content[0].text' "$HOME/answer$i")" = 'Found é.' ] || { cat "$HOME/answer$i"; false; }
        grep -qi '^x-tcr-queued: [1-9]' "$HOME/head$i"
    done
    [ "$(jq -r '.said | if type == "string" then . else .[-2].text end' "$HOME/runs" | xargs)" = 'wait go 1 go 2' ] || { cat "$HOME/runs"; false; }
}

@test "there is none without the key file's word, and one that cannot start says so" {
    (umask 077; echo '{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}]}' >"$HOME/.config/tcr/keys.json")
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
    ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 404 ]
    run -0 "$TCR_RUN" gateway stop
    start '{"folder": "~/missing"}'
    ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 503 ]
    [ ! -e "$HOME/runs" ]
}

@test "a sealed key file that nobody can be asked to open is said" {
    start '{"folder": "~/work"}'
    "$TCR_RUN" gateway stop
    (umask 077; echo FAKE-passphrase >"$HOME/pass"; echo FAKE-passphrase >"$HOME/asked")
    "$TCR_RUN" keys seal --passphrase-fd 8 8<"$HOME/asked"
    # Its passphrase was typed at the start: it is in no variable.
    run -0 python3 - "$TCR_RUN" "$SOCKET" <<'END'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "gateway", "-d", "--listen", "unix:" + sys.argv[2]])
time.sleep(0.3)
said = b""
while b"assphrase" not in said:
    said += os.read(fd, 1000)
os.write(fd, b"FAKE-passphrase\n")
try:
    while os.read(fd, 1000): pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
    ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 503 ]
    [[ "$output" == *"the key file is sealed"*"set TCR_PASSPHRASE_FILE"* ]] || { echo "$output"; false; }
    "$TCR_RUN" gateway stop
    export TCR_PASSPHRASE_FILE=$HOME/pass
    run -0 "$TCR_RUN" gateway -d --listen "unix:$SOCKET"
    ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
    [ "$status" = 200 ]
}

@test "without a key that can be used it is 429" {
    start '{"folder": "~/work"}'
    cat >"$HOME/bin/claude" <<'END'
#!/bin/sh
echo '{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"You'"'"'ve hit your limit · resets 7pm (UTC)"}'
exit 1
END
    for path in messages chat/completions; do # what it says itself; no run is begun
        ask /sdk/v1/$path '{"model": "sonnet", "messages": [{"role": "user", "content": "go"}]}' -D "$HOME/head"
        [ "$status" = 429 ]
        seconds=$(sed -n 's/^retry-after: \([0-9]*\).*/\1/Ip' "$HOME/head")
        [ "$seconds" -gt 5 ] && [ "$seconds" -le 86400 ] || { cat "$HOME/head"; false; }
    done
    # None rests, and none is ready: seen within a second.
    "$TCR_RUN" reset
    "$TCR_RUN" keys disable home
    for _ in {1..20}; do
        ask /sdk/v1/messages '{"messages": [{"role": "user", "content": "go"}]}'
        [ "$status" != 503 ] || break
    done
    [ "$status" = 503 ] || { echo "$status $output"; false; }
    [[ "$output" == *"no key of the pool can be used"* ]]
}
