# A run that does all there is to do: keys of two kinds, a token of a command's, keys that are checked first, a state on a
# Redis server, output that is masked, every message. None of it says, stores or hands on a token but the command's own.
load provider-helpers

any_token='FAKE-[a-z]+-0001'
server=

setup_everything() {
  command -v redis-server > /dev/null || skip "no redis-server"
  if TCR_STATE=redis://:0 "$TCR_RUN" status 2>&1 | grep -q 'built without'; then
    skip "built without Redis"
  fi
  place=$scratch/redis
  mkdir -p "$place"
  redis-server --port 0 --unixsocket "$place/sock" --dir "$place" --save '' --appendonly no --rdbcompression no \
    > "$place/log" 2>&1 3>&- &
  server=$!
  eventually test -S "$place/sock"
  redis-cli -s "$place/sock" monitor > "$place/heard" 2>&1 3>&- &
  eventually grep -q OK "$place/heard"
  (umask 077 && token asked > "$scratch/asked.token")
  jq -n --arg home "$(token home)" --arg work "$(token work)" --arg ci "$(token api:ci)" --arg master "$(token api:billing)" \
    --arg file "$scratch/asked.token" '{version: 1,
      keys: [{name: "asked", token_command: ["cat", $file]}, {name: "home", token: $home}, {name: "work", token: $work},
        {name: "ci", token: $ci, organization: "acme"}, {name: "one", kind: "openai", token: "sk-proj-FAKE-one-0001"},
        {name: "two", kind: "openai", token: "sk-proj-FAKE-two-0001"}],
      master: {name: "billing", token: $master}}' | keyfile
  answer asked=quote home=ok:acme work=closed:five_hour ci=quote:70 one=ok two=quote billing=ok
  provide
  extra_env+=("TCR_STATE=redis+unix://$place/sock" "OPENAI_BASE_URL=http://127.0.0.1:$port")
}

teardown() {
  [ -z "$server" ] || kill "$server"
  helpers_teardown
  [ -z "$provider" ] || kill "$provider"
}

# What the command can see, and what can be seen of us while it runs; then it prints every token of the pool and fails of its
# key, the first time.
looks_around() {
  cat > "$scratch/bin/client" <<END
#!$PYTHON
import os, re, sys
play = os.environ["PLAY"]
def words(path):
    return open(path, "rb").read().replace(b"\0", b"\n")
def tokens(text):
    return " ".join(sorted(set(re.findall(r"FA" r"KE-([a-z]+)-0001", text.decode(errors="replace")))))
with open(play + "/seen", "a") as seen:
    print("environ", tokens(words("/proc/self/environ")), file=seen)
    print("cmdline", tokens(words("/proc/self/cmdline")), file=seen)
    for name in ("cmdline", "environ"):
        print("ours", name, tokens(words(f"/proc/{os.getppid()}/{name}")), file=seen)
first = not os.path.exists(play + "/first")
open(play + "/first", "w").close()
for stream in (sys.stdout, sys.stderr):
    for kind, name in (("ant-oat01", "home"), ("ant-oat01", "work"), ("ant-api03", "ci"), ("ant-api03", "billing"),
                       ("proj", "one"), ("proj", "two"), ("ant-oat01", "asked")):
        print(f"quotes sk-{kind}-FA" f"KE-{name}-0001", file=stream, flush=True)
if first:
    print("Claude usage limit reached. (sk-ant-oat01-FA" "KE-home-0001, sk-proj-FA" "KE-one-0001)", flush=True)
    sys.exit(1)
END
}

# assert_clean FILE|FOLDER...: they are there, and hold no token.
assert_clean() {
  local file
  for file in "$@"; do
    [ -s "$file" ] || fail "there is no $file"
    ! grep -qarE "$any_token" "$file" || fail "a token is in $file: $(grep -aohE ".{0,40}$any_token" -r "$file" | head -n 3)"
  done
}

everything() {
  rm -rf "$play/first" "$play/seen" "$state"
  redis-cli -s "$place/sock" flushall > /dev/null
  tcr --mask --preflight -vvv --kind anthropic,openai --max-per-key 2 "$@" -- client
  assert_status 0
}

@test "nowhere: not in messages of any form, not with the server, not in files" {
  setup_everything
  looks_around
  for format in text json; do
    for actions in false true; do
      extra_env+=("GITHUB_ACTIONS=$actions")
      everything --log-format "$format"
      assert_stderr_has 'preflight: .*ci.* was refused'
      assert_stderr_has 'master key .*billing'
      assert_clean "$err"
      assert_equal "$(sort "$out" | uniq -c | tr -s ' ')" ' 14 quotes ***'
    done
  done
  [ "$(redis-cli -s "$place/sock" save)" = OK ]
  grep -qa '"home"' "$place/dump.rdb"
  grep -q '"EVAL' "$place/heard"
  assert_clean "$place/dump.rdb" "$place/heard" "$place/log"
  assert_equal "$(ls -A "$scratch/tmp")" ''
}

@test "nor in the state of the machine, where the server is away" {
  setup_everything
  looks_around
  kill "$server"
  wait "$server" 2> /dev/null || true
  server=
  tcr --mask --preflight -vvv --kind anthropic,openai -- client
  assert_status 0
  assert_clean "$err" "$state" "$state"/redis-*.json
}

@test "the command has one key of each kind, its arguments and we have none" {
  setup_everything
  looks_around
  everything
  assert_equal "$(sort "$play/seen" | uniq -c | sed 's/^ *//; s/ *$//')" "2 cmdline
1 environ billing one
1 environ home one
2 ours cmdline
2 ours environ"
}

@test "what the subcommands print of it holds none either" {
  setup_everything
  looks_around
  everything
  for words in status 'status --json' 'status --prometheus' 'keys list --json' 'keys check' 'keys check --json' log 'log --json' doctor \
    'explain -v --kind anthropic,openai -- client'; do
    tcr $words
    [ -s "$out" ] || fail "$words: nothing was printed"
    assert_clean "$out"
    ! grep -E "$any_token" "$err" || fail "$words"
  done
}
