#!/usr/bin/env bats
# What is in packaging/container, without an image: what the container runs, in namespaces as a container has them; the files
# that start several. full.bats builds the image.

load helpers
load contained

setup() {
  CONTAINER=$ROOT/packaging/container
  secrets=$BATS_TEST_TMPDIR/secrets
  mkdir "$secrets"
  PATH=$PATH:/usr/sbin:/sbin
}

teardown() {
  [ -z "${unshared-}" ] || end_contained
  [ -z "${provider-}" ] || kill "$provider"
}

keys() { # OWNER MODE
  echo '{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}]}' >"$secrets/keys.json"
  chown "$1" "$secrets/keys.json"
  chmod "$2" "$secrets/keys.json"
}

# The variables that the image sets, with a folder that is here for its own.
image_env() {
  sed -nE 's/^(ENV|   ) ([A-Z_]+=[^ ]*)( \\)?$/\2/p' "$CONTAINER/Containerfile" | sed 's,^HOME=.*,HOME=/run/tcr,'
}

in_container() { # COMMAND...
  # shellcheck disable=SC2046
  contain / /run/tcr env -i PATH="$(dirname "$TCR_RUN"):/usr/bin:/bin" LANG=C.UTF-8 $(image_env) "${extra[@]}" "$@"
}

@test "as user 10001 on a read-only root it waits for a user, serves, is healthy, and ends in order" {
  need_namespaces
  python3 "$ROOT/tests/gateway/pair_provider.py" "$BATS_TEST_TMPDIR" 3>&- &
  provider=$!
  port=$("$BATS_TEST_DIRNAME/../free-ports")
  until [ -s "$BATS_TEST_TMPDIR/port" ]; do sleep 0.02; done
  keys 0 0444
  extra=("ANTHROPIC_BASE_URL=http://127.0.0.1:$(<"$BATS_TEST_TMPDIR/port")")
  in_container "$CONTAINER/start" --listen "0.0.0.0:$port" --behind-proxy
  until_logged 'there are no users yet'
  with=(env "PATH=$(dirname "$TCR_RUN"):/usr/bin:/bin")
  # shellcheck disable=SC2207
  with+=($(image_env))
  # The check of the image's HEALTHCHECK.
  check=$(sed -nE 's/^HEALTHCHECK .*CMD \["([^"]*)tcr-run", "gateway", "status"\]$/tcr-run gateway status/p' "$CONTAINER/Containerfile")
  [ "$check" = "tcr-run gateway status" ]
  # shellcheck disable=SC2086
  run inside "${with[@]}" $check
  assert_equal "$status" 1
  key=$(inside "${with[@]}" tcr-run gateway users add anna 2>/dev/null)
  [[ $key == sk-ant-api03-tcr-user-* ]]
  until_logged "listens on http://0.0.0.0:$port"
  # shellcheck disable=SC2086
  inside "${with[@]}" $check
  assert_equal "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/v1/messages" -H "x-api-key: $key" \
    -d '{"model": "m", "messages": [{"role": "user", "content": "hello"}]}')" 200
  assert_equal "$(cat "$BATS_TEST_TMPDIR/asked")" home
  # The root is read-only, and so are the keys; it is process 1, and has no privilege.
  run inside touch /in-the-root
  [ "$status" -ne 0 ] || fail "the root can be written to"
  run inside touch /run/secrets/keys.json
  [ "$status" -ne 0 ] || fail "the keys can be written to"
  assert_equal "$(inside sed -n 's/^CapBnd:\t//p' /proc/1/status)" 0000000000000000
  assert_equal "$(inside sed -nE 's/^Uid:\t([0-9]+).*/\1/p' /proc/1/status)" 10001
  kill -TERM "$(contained_pid)"
  local r=0
  wait "$unshared" || r=$?
  [ "$r" -eq 0 ] || [ "$r" -eq 143 ] || fail "ended with $r: $(cat "$BATS_TEST_TMPDIR/contained.log")"
}

@test "keys of any owner and mode are taken; those that cannot be read are named" {
  need_namespaces
  local owner mode words
  for owner in 0 4242; do
    for mode in 0444 0644 0777; do
      keys "$owner" "$mode"
      in_container "$CONTAINER/start" status
      wait "$unshared" || fail "$owner $mode: $(cat "$BATS_TEST_TMPDIR/contained.log")"
      grep -q '^> home ' "$BATS_TEST_TMPDIR/contained.log" || fail "$owner $mode: $(cat "$BATS_TEST_TMPDIR/contained.log")"
    done
  done
  keys 0 0400
  for words in "" "gateway start"; do
    # shellcheck disable=SC2086
    in_container "$CONTAINER/start" $words
    ! wait "$unshared" || fail "it was read: $(cat "$BATS_TEST_TMPDIR/contained.log")"
    assert_equal "$(cat "$BATS_TEST_TMPDIR/contained.log")" "tcr-run: /run/secrets/keys.json: Permission denied"
  done
  # Told to end while it waits for a user, it does.
  keys 0 0444
  in_container "$CONTAINER/start"
  until_logged 'there are no users yet'
  kill -TERM "$(contained_pid)"
  wait "$unshared" || [ $? -eq 143 ] || fail "ended with $?"
}

@test "the Redis of the container wants its password, which is in no argument" {
  need_namespaces
  command -v redis-server >/dev/null || skip "no redis-server"
  echo FAKE-password-0001 >"$secrets/redis-password"
  port=$("$BATS_TEST_DIRNAME/../free-ports")
  in_container env REDIS_PORT="$port" REDIS_FOLDER=/run/tcr "$CONTAINER/redis"
  until_logged 'Ready to accept connections'
  inside env REDIS_PORT="$port" "$CONTAINER/redis" ping
  assert_equal "$(redis-cli -p "$port" ping)" "NOAUTH Authentication required."
  ! grep -rq FAKE-password /proc/"$(contained_pid)"/cmdline || fail "its arguments hold the password"
  end_contained
  : >"$secrets/redis-password"
  in_container "$CONTAINER/redis"
  ! wait "$unshared" || fail "it runs without a password"
  grep -q 'expected the password' "$BATS_TEST_TMPDIR/contained.log"
}

@test "haproxy takes its configuration, and compose.yaml names what there is" {
  if command -v haproxy >/dev/null; then
    run haproxy -c -f "$CONTAINER/haproxy.cfg"
    [ "$status" -eq 0 ] || fail "$output"
  fi
  python3 - "$CONTAINER" "$ROOT" <<'END'
import os, re, sys, yaml

folder, root = sys.argv[1:]
compose = yaml.safe_load(open(f"{folder}/compose.yaml"))
container = open(f"{folder}/Containerfile").read()
stages = re.findall(r"^FROM \S+ AS (\w+)", container, re.M)
users = set()
for name, service in compose["services"].items():
    build = service["build"]
    assert build["target"] in stages, name
    assert os.path.samefile(os.path.join(folder, build["context"]), root), name
    assert os.path.exists(os.path.join(root, build["dockerfile"])), name
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
    assert service["security_opt"] == ["no-new-privileges:true"], name
    for secret in service.get("secrets", []):
        assert secret in compose["secrets"], (name, secret)
    for volume in service.get("volumes", []):
        assert volume.split(":")[0] in compose["volumes"], (name, volume)
    for network in service["networks"]:
        assert network in compose["networks"], (name, network)
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), (name, port)
# Redis is reached by the gateways alone, and a gateway reaches the providers.
assert compose["services"]["redis"]["networks"] == ["inside"] and compose["networks"]["inside"]["internal"]
proxy = open(f"{folder}/haproxy.cfg").read()
servers = re.findall(r'server \w+ "\$\{\w+-([\w-]+):4080\}"', proxy)
assert servers == [s for s in compose["services"] if s.startswith("gateway-")], servers
# Each stage that runs does so as a user with a number; what is copied is not left out of the context.
for stage in stages[1:]:
    text = container.split(f" AS {stage}\n")[1].split("\nFROM ")[0]
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", text, re.M), stage
allowed = [line[1:] for line in open(f"{root}/.dockerignore").read().split() if line.startswith("!")]
for line in re.findall(r"^COPY (?!--from)(?:--chmod=\d+ )?(.*)", container, re.M):
    for source in line.split()[:-1]:
        assert os.path.exists(os.path.join(root, source)), source
        assert any(source == a or source.startswith(a + "/") for a in allowed), source
END
}
