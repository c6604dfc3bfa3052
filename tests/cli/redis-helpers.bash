# Tests with a Redis server of their own, besides helpers.bash.
#
#   server_start [OPTION...]      on $scratch/redis/sock; $url is it; options are redis-server's
#   server_stop [SIGNAL]          and server_start again is a server without memory
#   on 2 tcr -- client            as machine 2: a home and so a state folder of its own, the same keys
load helpers

eval "base_$(declare -f setup)"
eval "base_$(declare -f teardown)"

setup() {
  base_setup || return 1
  server=
  place=$scratch/redis
  url=redis+unix://$place/sock
  mkdir -p "$place"
  command -v redis-server > /dev/null || skip "no redis-server"
  if TCR_STATE=redis://:0 "$TCR_RUN" status 2>&1 | grep -q 'built without'; then
    skip "built without Redis"
  fi
  extra_env=("TCR_STATE=$url" "TCR_KEYS_FILE=$keys")
}

teardown() {
  # Where a test failed, its runs still stand at the gate.
  if [ -p "$play/gate" ]; then
    exec 7<> "$play/gate"
    exec 7>&-
  fi
  [ -z "$server" ] || server_stop KILL
  base_teardown
}

answers() {
  [ "$(ask PING)" = PONG ]
}

server_start() {
  redis-server --port 0 --unixsocket "$place/sock" --dir "$place" --save '' --appendonly no "$@" \
    > "$place/log" 2>&1 3>&- &
  server=$!
  eventually test -S "$place/sock"
}

server_stop() {
  kill "-${1:-TERM}" "$server"
  wait "$server" 2> /dev/null || true
  rm -f "$place/sock"
  server=
}

# One command to the server.
ask() {
  redis-cli -s "$place/sock" "$@"
}

# What the state on the server says: a jq filter.
in_state() {
  ask HGET tcr:state text | jq -r "$1"
}

# A port of the loopback that nobody listens at.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

with_env() {
  extra_env+=("$1")
  "${@:2}"
  unset 'extra_env[-1]'
}

on() {
  local before=$home r=0
  home=$scratch/machine$1
  mkdir -p "$home"
  "${@:2}" || r=$?
  home=$before
  return $r
}

# Before NAME COMMAND...: in a container of that name, where processes are numbered anew and end with the first.
container=(unshare -pfu --mount-proc --kill-child=KILL sh -c 'hostname "$0" && exec "$@"')

# Needs permission to make such ones.
need_namespaces() {
  unshare -pfu --mount-proc true 2> /dev/null || skip "no pid namespaces here"
}

is_instrumented() {
  ldd "$TCR_RUN" | grep -q 'libasan'
}

below() {
  local child
  for child in $(pgrep -P "$1"); do
    echo "$child"
    below "$child"
  done
}

# The processes below one of ours, all at once and parents first: tcr-run must not see its command die.
pkill_of() {
  # shellcheck disable=SC2046
  kill -KILL $(below "$1") 2> /dev/null || true
}

# Makes $clock, to be preloaded: a clock that is so many seconds ahead of the server's.
make_clock() {
  clock=$scratch/clock.so
  "${CC:-cc}" -shared -fPIC -DSHIFT="($1)" -o "$clock" -xc - << 'END'
#include <time.h>
time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec + SHIFT;
    return now.tv_sec + SHIFT;
}
END
}
