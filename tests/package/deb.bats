#!/usr/bin/env bats
# The Debian package: made as Debian wants it, installed into a folder and removed, the same bytes each time.

load helpers

setup_file() {
  load helpers
  mkdir "$BATS_FILE_TMPDIR/first"
  build_package deb "$BATS_FILE_TMPDIR/first"
}

setup() {
  deb=$(echo "$BATS_FILE_TMPDIR"/first/*.deb)
}

# In a folder that has dpkg's database and nothing else; what the package depends on is the machine's.
dpkg_in() {
  local folder=$1
  shift
  mkdir -p "$folder"/var/lib/dpkg/{info,updates}
  touch "$folder/var/lib/dpkg/status" "$folder/var/lib/dpkg/available"
  PATH=$PATH:/usr/sbin:/sbin fakeroot dpkg --root="$folder" --log=/dev/null --force-not-root --force-depends "$@"
}

@test "lintian finds no fault, and each override has its reason" {
  run lintian --allow-root --fail-on error,warning "$deb"
  [ "$status" -eq 0 ] || fail "$output"
  awk '/^[^#]/ && before !~ /^#/ { exit 1 } { before = $0 }' "$ROOT/packaging/debian/tcr-run.lintian-overrides" ||
    fail "an override has no reason above it"
}

@test "the package has the version of meson.build, and says what it needs" {
  assert_equal "$(dpkg-deb -f "$deb" Version)" "$VERSION-1"
  [[ $(dpkg-deb -f "$deb" Depends) == *libc6*libcjson1* ]]
  built_using=$(dpkg-deb -f "$deb" Built-Using)
  [[ $built_using == *"libsodium (= "* && $built_using == *"hiredis (= "* ]] || fail "$built_using"
}

@test "installed it runs, fails over and has its manual and completions; removed it leaves nothing" {
  root=$BATS_TEST_TMPDIR/root
  dpkg_in "$root" -i "$deb"
  assert_equal "$("$root/usr/bin/tcr-run" --version)" "tcr-run $VERSION"
  fails_over "$root/usr/bin/tcr-run"
  serves "$root/usr"
  has_manual "$root/usr"
  completes "$root/usr" vendor-completions
  # Debian's zsh looks there by itself.
  [[ $(zsh -f -c 'echo $fpath') == */usr/share/zsh/vendor-completions* ]]
  [ -s "$root/usr/share/doc/tcr-run/copyright" ]
  dpkg_in "$root" --purge tcr-run
  assert_equal "$(left "$root" | grep -v "^$root/var")" ""
}

@test "it has no scripts that run as root" {
  dpkg-deb -e "$deb" "$BATS_TEST_TMPDIR/control"
  assert_equal "$(ls "$BATS_TEST_TMPDIR/control" | paste -sd ' ')" "control md5sums"
}

@test "a second build gives the same bytes" {
  mkdir "$BATS_TEST_TMPDIR/second"
  umask 077
  TZ=Asia/Tokyo LANG=C.UTF-8 build_package deb "$BATS_TEST_TMPDIR/second"
  cmp "$deb" "$BATS_TEST_TMPDIR"/second/*.deb
}

@test "tools/install has all that debian/control wants for a build: the first line of README works on a bare system" {
  wanted=$(sed -n '/^package=/p;/^build=/,/)/p' "$ROOT/tools/install" | tr -s '()= \n' '\n')
  for package in $(sed -n '/^Build-Depends:/,/^[A-Z]/s/^ \([a-z0-9.+-]*\).*/\1/p' "$ROOT/packaging/debian/control"); do
    case $package in
      debhelper-compat) package=debhelper ;;
      pkgconf) package=pkg-config ;;
      libcmocka-dev | bats) continue ;;
    esac
    grep -qxF "$package" <<<"$wanted" || fail "tools/install package lacks $package"
  done
}
