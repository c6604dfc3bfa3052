# A container without a container's program: namespaces, a read-only root, no capabilities. For root.
#
#   contain ROOT STATE COMMAND...    in ROOT, as user $as (10001), in the background: process 1 of its own, $unshared here. Files
#                                    of $secrets are mounted at /run/secrets; the folder STATE is empty, and open to all
#   inside COMMAND...                one more command in there
#   end_contained                    kills it all

need_namespaces() {
  [ "$(id -u)" -eq 0 ] || skip "needs root"
  unshare -m -p -f --mount-proc true 2>/dev/null || skip "no namespaces here"
}

as=10001

contain() {
  contained_root=$BATS_TEST_TMPDIR/jail.$RANDOM
  mkdir "$contained_root"
  # shellcheck disable=SC2016,SC2154  # for that shell; the test's
  unshare -m -p -f sh -euc '
    root=$1 jail=$2 secrets=$3 state=$4 as=$5
    shift 5
    mount --make-rprivate /
    mount --rbind "$root" "$jail"
    mount -t proc proc "$jail/proc"
    [ -c "$jail/dev/null" ] || mount --bind /dev "$jail/dev"
    mount -t tmpfs tmpfs "$jail/run"
    mkdir -p "$jail/run/secrets" "$jail/run/tcr"
    mount --bind "$secrets" "$jail/run/secrets"
    mount -o remount,bind,ro "$jail/run/secrets"
    mount -t tmpfs -o mode=777 tmpfs "$jail$state"
    mount -o remount,bind,ro "$jail"
    mount -o remount,ro "$jail/run"
    cd "$jail"
    exec chroot . setpriv --reuid "$as" --regid "$as" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
  ' - "$1" "$contained_root" "$secrets" "$2" "$as" "${@:3}" >"$BATS_TEST_TMPDIR/contained.log" 2>&1 3>&- &
  unshared=$!
}

# The container's process 1 as it is called out here.
contained_pid() {
  pgrep -P "$unshared"
}

inside() {
  nsenter -t "$(contained_pid)" -m -p -- chroot "$contained_root" setpriv --reuid "$as" --regid "$as" --clear-groups --no-new-privs \
    --inh-caps=-all --bounding-set=-all -- "$@"
}

end_contained() {
  local pid
  pid=$(contained_pid 2>/dev/null) || return 0
  kill -KILL "$pid"
  wait "$unshared" || true
}

until_logged() { # PATTERN
  local try
  for try in {1..400}; do
    ! grep -q -e "$1" "$BATS_TEST_TMPDIR/contained.log" || return 0
    kill -0 "$unshared" || break
    sleep 0.05
  done
  fail "$try: no $1 in: $(cat "$BATS_TEST_TMPDIR/contained.log")"
}
