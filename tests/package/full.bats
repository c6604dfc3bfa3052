#!/usr/bin/env bats
# What takes minutes, a Debian mirror and root: the package on a system that has nothing else, and every test of the
# archive that meson dist makes, and the recipes that build from it.

load helpers

setup_file() {
  load helpers
  build_archive
}

teardown_file() {
  [ -z "${made-}" ] || rm -rf "$made"
}

# A Debian without anything, in $root; kept for the next time, as its packages take minutes to come.
fresh_root() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/tcr-run/bookworm.tar mirror
  [ "$(id -u)" -eq 0 ] || skip "needs root"
  PATH=$PATH:/usr/sbin:/sbin
  root=$BATS_TEST_TMPDIR/root
  mkdir -p "$root" "${cache%/*}"
  if [ ! -f "$cache" ]; then
    mirror=$(sed -nE 's/^(URIs: |deb )(http[^ ]*debian\.org[^ ]*).*/\2/p' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n 1)
    debootstrap --variant=minbase bookworm "$root" "${mirror:-http://deb.debian.org/debian}" >"$BATS_TEST_TMPDIR/log" 2>&1 ||
      fail "$(tail "$BATS_TEST_TMPDIR/log")"
    tar -C "$root" -cf "$cache.new" . && mv "$cache.new" "$cache"
  else
    tar -C "$root" -xf "$cache"
  fi
}

# in_root COMMAND...: in it, with success.
in_root() {
  run unshare -m sh -c 'mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && cd / && root=$1 && shift && exec chroot "$root" "$@"' - "$root" "$@"
  [ "$status" -eq 0 ] || fail "$output"
}

@test "on a fresh Debian, as an ordinary user: the archive below ~/.local, the first failover, and nothing left" {
  fresh_root
  build_package tar "$root/tmp"
  cat >"$root/tmp/try" <<'END'
set -eu
cd
tar -xf /tmp/tcr-run-*-linux-*.tar.gz
tcr-run-*-linux-*/install --prefix ~/.local
rm -r tcr-run-*-linux-*
PATH=$HOME/.local/bin:$PATH
echo sk-ant-oat01-FAKE-home-0001 | tcr-run keys add home
echo sk-ant-oat01-FAKE-work-0001 | tcr-run keys add work
printf '%s\n' '#!/bin/sh' 'case $CLAUDE_CODE_OAUTH_TOKEN in *home*) echo "Claude usage limit reached."; exit 1 ;; esac' 'echo done' >.local/bin/claude
chmod +x .local/bin/claude
tcr-run -- claude -p prompt
test -f .local/share/man/man1/tcr-run.1.gz || test -f .local/share/man/man1/tcr-run.1
.local/share/tcr-run/uninstall
rm .local/bin/claude
echo "left: $(find .local -type f ! -path '.local/state/*')"
END
  in_root useradd -m -s /bin/bash someone
  in_root su - someone -c 'sh /tmp/try'
  [[ $output == *"using \"work\""*$'\ndone\n'*$'\nleft: ' ]] || fail "$output"
}

@test "on a fresh Debian: apt install, the first failover with --help alone, apt purge" {
  fresh_root
  build_package deb "$root/tmp"
  before=$(find "$root/etc" "$root/opt" "$root/root" "$root/usr/bin" "$root/usr/share/man" | sort)
  cat >"$root/tmp/try" <<'END'
set -eu
cd /root
export HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
apt-get -q install -y --no-install-recommends /tmp/tcr-run_*.deb
tcr-run --version
echo sk-ant-oat01-FAKE-home-0001 | tcr-run keys add home
echo sk-ant-oat01-FAKE-work-0001 | tcr-run keys add work
printf '%s\n' '#!/bin/sh' 'case $CLAUDE_CODE_OAUTH_TOKEN in *home*) echo "Claude usage limit reached."; exit 1 ;; esac' 'echo done' >claude
chmod +x claude
PATH=$PATH:/root tcr-run -- claude -p prompt
tcr-run status
apt-get -q install -y --no-install-recommends zsh
zsh -i -c 'autoload -U compinit; compinit -u; echo "zsh completes with ${_comps[tcr-run]}"'
rm -f .zcompdump
apt-get -q purge --autoremove -y tcr-run zsh
rm -r claude .config .local
END
  in_root sh /tmp/try
  [[ $output == *$'\nzsh completes with _tcr-run\n'* ]] || fail "$output"
  [[ $output == *"using \"work\""*$'\n'done$'\n'* ]] || fail "$output"
  diff <(echo "$before") <(find "$root/etc" "$root/opt" "$root/root" "$root/usr/bin" "$root/usr/share/man" | sort)
}

# From README.md: the line of commands that begins with these words, without its comment.
readme() {
  local line
  line=$(WORDS="    $1" perl -ne 'if (index($_, $ENV{WORDS}) == 0) { s/^ +//; s/ {2,}#.*//; print; last }' "$ROOT/README.md")
  [ -n "$line" ] || fail "README.md has no line \"$1\""
  echo "$line"
}

# newcomer FOLDER: a checkout in FOLDER/tcr-run of $root, a claude whose first key is used up, and FOLDER/begin, which a
# newcomer's commands are run after. Questions of apt are answered.
newcomer() {
  mkdir -p "$root$1/tcr-run" "$root$1/bin"
  git -C "$ROOT" ls-files -z | tar -C "$ROOT" --null --ignore-failed-read -T - -c | tar -C "$root$1/tcr-run" -x
  cat >"$root$1/bin/claude" <<'END'
#!/bin/sh
case $CLAUDE_CODE_OAUTH_TOKEN in *home*) echo "Claude usage limit reached."; exit 1 ;; esac
echo done
END
  chmod +x "$root$1/bin/claude"
  cat >"$root$1/begin" <<'END'
set -e
cd ~/tcr-run
export LC_ALL=C.UTF-8 PATH=$HOME/.local/bin:$PATH:$HOME/bin
sudo() { yes | "$@"; }
END
}

# Into $worked: in seconds, of all that this shell has started and waited for.
processor_time() {
  times >"$BATS_TEST_TMPDIR/times"
  worked=$(awk -F '[ms ]+' 'NR == 2 { printf "%d", $1 * 60 + $2 + $3 * 60 + $4 }' "$BATS_TEST_TMPDIR/times")
}

# What README.md has a newcomer type once it is installed; a token is what is answered to keys add.
first_failover() {
  echo "echo sk-ant-oat01-FAKE-home-0001 | $(readme 'tcr-run keys add work' | sed 's/work/home/')"
  echo "echo sk-ant-oat01-FAKE-work-0001 | $(readme 'tcr-run keys add work')"
  readme 'tcr-run -- claude -p "prompt"'
}

@test "on a fresh Debian, what README.md says: from the checkout to the first failover, and how long that takes" {
  is_checkout || skip "no checkout"
  fresh_root
  newcomer /root
  { readme 'tools/package deb' && first_failover; } >"$root/root/typed"
  processor_time
  begun=$SECONDS before=$worked
  in_root su - root -c '. ~/begin; set -x; . ~/typed'
  processor_time
  echo "# from a bare Debian to the first failover: $(wc -l <"$root/root/typed") commands, $((SECONDS - begun)) s," \
    "$((worked - before)) s of a processor" >&3
  [[ $output == *"using \"work\""*$'\ndone' ]] || fail "$output"

  rm -r "$root/root/tcr-run/build" "$root/root/.config" "$root/root/.local"
  readme 'tools/try && ' >"$root/root/typed"
  in_root su - root -c '. ~/begin; apt-get -q purge -y tcr-run; . ~/typed; tcr-run --version; '"$(first_failover | tr '\n' ';')"'
    ninja -C build uninstall; echo "left: $(find /usr/local -name "*tcr*")"'
  [[ $output == *'"home" is used up after two of four steps'*'All four steps are done.'*"using \"work\""*$'\nleft: ' ]] || fail "$output"
}

@test "on a fresh Debian, as an ordinary user: the archive is built where root installs what it asks for" {
  is_checkout || skip "no checkout"
  fresh_root
  in_root useradd -m -s /bin/bash someone
  newcomer /home/someone
  in_root chown -R someone: /home/someone
  readme 'tools/package tar' >"$root/home/someone/typed"
  first_failover >>"$root/home/someone/typed"
  in_root su - someone -c '. ~/begin; tools/package tar || echo "status $?"'
  asked=$(sed -n 's/^tools\/install: as root: //p' <<<"$output")
  [[ $asked == apt-get\ install\ * && $output == *$'\nstatus 1' ]] || fail "$output"
  in_root sh -c "apt-get -q update && yes | $asked"
  begun=$SECONDS
  in_root su - someone -c '. ~/begin; set -x; . ~/typed'
  echo "# the archive, once its compiler is there: $(wc -l <"$root/home/someone/typed") commands, $((SECONDS - begun)) s" >&3
  [[ $output == *"using \"work\""*$'\ndone' ]] || fail "$output"
}

# What RUN, ENV, USER, ENTRYPOINT and CMD made of the image is taken from it, and run as a container would be (contained.bash).
@test "the images are built from a fresh Debian, and the gateway's serves as it says" {
  load contained
  need_namespaces
  command -v buildah >/dev/null || skip "no buildah"
  fresh_root
  local store=(--storage-driver vfs --root "$BATS_TEST_TMPDIR/store" --runroot "$BATS_TEST_TMPDIR/run") stage image mounted config unshared
  working=$(buildah "${store[@]}" from scratch)
  buildah "${store[@]}" add -q "$working" "$root" / >/dev/null
  base=$(buildah "${store[@]}" commit -q "$working")
  for stage in redis proxy gateway; do
    run buildah "${store[@]}" bud --isolation chroot --network host --build-arg BASE="$base" -f "$ROOT/packaging/container/Containerfile" \
      --target "$stage" -t "tcr-test-$stage" "$ROOT"
    [ "$status" -eq 0 ] || fail "$stage: $(tail -n 30 <<<"$output")"
  done
  config=$(buildah "${store[@]}" inspect --type image tcr-test-gateway | jq .OCIv1.config)
  assert_equal "$(jq -r .User <<<"$config")" 10001:10001
  mounted=$(buildah "${store[@]}" mount "$(buildah "${store[@]}" from tcr-test-gateway)")
  [ ! -e "$mounted/usr/bin/gcc" ] || fail "the compiler is in it"
  for image in tcr-test-proxy tcr-test-redis; do
    [[ $(buildah "${store[@]}" inspect --type image "$image" | jq -r .OCIv1.config.User) =~ ^[1-9][0-9]*: ]] || fail "$image runs as root"
  done
  secrets=$BATS_TEST_TMPDIR/secrets
  mkdir "$secrets"
  echo '{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}]}' >"$secrets/keys.json"
  chmod 444 "$secrets/keys.json"
  python3 "$ROOT/tests/gateway/pair_provider.py" "$BATS_TEST_TMPDIR" 3>&- &
  provider=$!
  until [ -s "$BATS_TEST_TMPDIR/port" ]; do sleep 0.05; done
  port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  mapfile -t variables < <(jq -r '.Env[]' <<<"$config")
  mapfile -t words < <(jq -r --arg port "$port" '(.Entrypoint + .Cmd)[] | sub(":4080$"; ":" + $port)' <<<"$config")
  contain "$mounted" "$(jq -r '.Volumes | keys[0]' <<<"$config")" env -i "${variables[@]}" "ANTHROPIC_BASE_URL=http://127.0.0.1:$(<"$BATS_TEST_TMPDIR/port")" "${words[@]}"
  until_logged 'there are no users yet'
  key=$(inside env -i "${variables[@]}" tcr-run gateway users add anna 2>/dev/null)
  until_logged 'listens on'
  inside env -i "${variables[@]}" tcr-run gateway status
  assert_equal "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/v1/messages" -H "x-api-key: $key" \
    -d '{"model": "m", "messages": [{"role": "user", "content": "hello"}]}')" 200
  kill -TERM "$(contained_pid)"
  wait "$unshared" || [ $? -eq 143 ]
  kill "$provider"
  buildah "${store[@]}" umount --all >/dev/null
}

@test "every test of the source archive passes, built from it" {
  # Without what bats puts into the environment: these tests are bats's too.
  run env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$HOME" LANG=C.UTF-8 BUILD="$BATS_TEST_TMPDIR/build" ROOT="$ROOT" \
    sh -c 'meson setup "$BUILD" "$ROOT" --buildtype=release && meson dist -C "$BUILD" --allow-dirty' 3>&-
  [ "$status" -eq 0 ] || fail "$(tail -n 60 <<<"$output")"
}

@test "without ccache, too, a second build of the package gives the same bytes" {
  export CCACHE_DISABLE=1
  mkdir "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
  build_package deb "$BATS_TEST_TMPDIR/first"
  umask 077
  TZ=Asia/Tokyo LANG=C.UTF-8 build_package deb "$BATS_TEST_TMPDIR/second"
  cmp "$BATS_TEST_TMPDIR"/first/*.deb "$BATS_TEST_TMPDIR"/second/*.deb
}

@test "makepkg builds a package of the archive, and the unit tests pass there" {
  makepkg_in "$made" --check
  [[ $output =~ Ok:\ +[1-9] ]] || fail "its check ran no tests: $output"
  root=$BATS_TEST_TMPDIR/root
  mkdir "$root"
  tar -C "$root" -xf "$made/arch/tcr-run-$VERSION-1-x86_64.pkg.tar"
  assert_equal "$("$root/usr/bin/tcr-run" --version)" "tcr-run $VERSION"
  fails_over "$root/usr/bin/tcr-run"
  has_manual "$root/usr"
  completes "$root/usr"
  [ -s "$root/usr/share/licenses/tcr-run/LICENSE" ]
}

@test "the formula builds the archive, and its own test passes" {
  cp -R "$made/tcr-run-$VERSION" "$BATS_TEST_TMPDIR/sources"
  run ruby "$ROOT/tests/package/formula.rb" "$made/tcr-run.rb" "$BATS_TEST_TMPDIR/sources" "$BATS_TEST_TMPDIR/prefix"
  [ "$status" -eq 0 ] || fail "$output"
  fails_over "$BATS_TEST_TMPDIR/prefix/bin/tcr-run"
  assert_equal "$("$BATS_TEST_TMPDIR/prefix/bin/tcr-run" --version)" "tcr-run $VERSION"
  has_manual "$BATS_TEST_TMPDIR/prefix"
  completes "$BATS_TEST_TMPDIR/prefix"
}

@test "a second build of the archive with the program gives the same bytes" {
  mkdir "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
  build_package tar "$BATS_TEST_TMPDIR/first"
  umask 077
  TZ=Asia/Tokyo LANG=C.UTF-8 build_package tar "$BATS_TEST_TMPDIR/second"
  cmp "$BATS_TEST_TMPDIR"/first/*.tar.gz "$BATS_TEST_TMPDIR"/second/*.tar.gz
}
