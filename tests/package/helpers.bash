# Shared by the tests of the packages. A package is built once for each file, by build_package.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$ROOT/tests/assertions.bash"
VERSION=$(sed -nE "s/^  version: '([^']+)',\$/\1/p" "$ROOT/meson.build")

# Tools that give a build a home of its own would hide from ccache what it has.
if command -v ccache >/dev/null; then
  export CCACHE_DIR=${CCACHE_DIR:-$(ccache -k cache_dir)} CCACHE_NOHASHDIR=1
fi

# build_package WHAT FOLDER
build_package() {
  "$ROOT/tools/package" "$1" "$2" >"$2.log" 2>&1 3>&- || fail "tools/package $1: $(cat "$2.log")"
}

# An unpacked archive holds no commit that another could be made of.
is_checkout() {
  [ "$(git -C "$ROOT" rev-parse --show-toplevel 2>/dev/null)" = "$ROOT" ]
}

# The source archive and what is made for it, in $made, with the archive unpacked. makepkg does not run as root: that
# folder is open to others.
build_archive() {
  made=$(mktemp -d /tmp/tcr-package.XXXXXX)
  chmod 755 "$made"
  export made
  build_package source "$made"
  tar -C "$made" -xf "$made/tcr-run-$VERSION.tar.xz"
}

# makepkg_in FOLDER OPTION...: builds FOLDER/arch/tcr-run-*.pkg.tar from FOLDER/PKGBUILD; $output is what was printed.
makepkg_in() {
  local as=() folder=$1/arch
  mkdir "$folder"
  cp "$1/PKGBUILD" "$folder"
  if [ "$(id -u)" -eq 0 ]; then
    chown 65534:65534 "$folder"
    as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  fi
  # Nothing here was installed by pacman: it is not asked.
  output=$(cd "$folder" && "${as[@]}" env -i PATH=/usr/bin:/bin HOME="$folder" LANG=C.UTF-8 PACMAN=true PKGEXT=.pkg.tar \
    CARCH=x86_64 PKGDEST="$folder" makepkg --nodeps "${@:2}" 2>&1 3>&-) || fail "$output"
}

# fails_over PROGRAM: a first run with two fake keys, in a home of its own; the first of them is used up.
fails_over() {
  local home
  home=$(mktemp -d)
  cat >"$home/agent" <<'END'
#!/bin/sh
case $CLAUDE_CODE_OAUTH_TOKEN in
  sk-ant-oat01-FAKE-home-*) echo "quota exhausted"; exit 1 ;;
esac
echo done
END
  chmod +x "$home/agent"
  (
    cd "$home" || exit
    with_home() { env -i PATH=/usr/bin:/bin HOME="$home" "$@"; }
    echo sk-ant-oat01-FAKE-home-0001 | with_home "$1" keys add home
    echo sk-ant-oat01-FAKE-work-0001 | with_home "$1" keys add work
    with_home "$1" -m 'limit=^quota exhausted' -- ./agent >out 2>err || fail "status $?: $(cat err)"
    assert_equal "$(cat out)" "done"
    grep -q 'using "work" (2 of [23])$' err || fail "no failover: $(cat err)"
  )
  rm -rf "$home"
}

# serves PREFIX: there is the gateway, and the tcr-run of that prefix finds it for a client, which it answers.
serves() {
  local home
  [ -x "$1/libexec/tcr-run/tcr-gateway" ] || fail "there is no $1/libexec/tcr-run/tcr-gateway"
  home=$(mktemp -d)
  cat >"$home/claude" <<'END'
#!/bin/sh
curl -sS -I -o /dev/null -w '%{http_code}' --unix-socket "$ANTHROPIC_UNIX_SOCKET" "$ANTHROPIC_BASE_URL/"
END
  chmod +x "$home/claude"
  assert_equal "$(env -i PATH="$home:/usr/bin:/bin" HOME="$home" CLAUDE_CODE_OAUTH_TOKENS=sk-ant-oat01-FAKE-home-0001,sk-ant-oat01-FAKE-work-0001 \
    "$1/bin/tcr-run" --gateway -- claude 2>"$home/err")" 200 || fail "$(cat "$home/err")"
  rm -rf "$home"
}

# completes FOLDER [FUNCTIONS]: the shells find the completions that were installed into FOLDER/share, zsh in FUNCTIONS.
completes() {
  local share=$1/share found functions=${2:-site-functions}
  found=$(XDG_DATA_DIRS=$share bash -c '. /usr/share/bash-completion/bash_completion
    __load_completion tcr-run || _completion_loader tcr-run; complete -p tcr-run') || fail "bash finds no completion"
  [[ $found == *_tcr_run*tcr-run ]] || fail "bash: $found"
  # shellcheck disable=SC2016  # the words are for zsh
  found=$(zsh -f -c 'fpath=('"$share/zsh/$functions"' $fpath); autoload -U compinit; compinit -u -D; echo $_comps[tcr-run]')
  assert_equal "$found" _tcr-run
  found=$(HOME=/nonexistent XDG_DATA_DIRS=$share fish --no-config -c \
    "source $share/fish/vendor_completions.d/tcr-run.fish; complete -C 'tcr-run doct'" 2>/dev/null)
  [[ $found == doctor* ]] || fail "fish: $found"
}

# has_manual FOLDER: each page of the source tree stands below FOLDER/share/man, compressed or not, and can be read.
has_manual() {
  local page name file
  for page in "$ROOT"/man/*.scd; do
    name=$(basename "$page" .scd)
    file=$(echo "$1/share/man/man${name##*.}/$name"*)
    [ -f "$file" ] || fail "there is no $file"
    zcat -f "$file" | mandoc -Tlint -Werror || fail "mandoc does not read $file"
  done
}

# plain_tools FOLDER: busybox's tools, which know few of the options that only GNU's have.
plain_tools() {
  local name
  mkdir -p "$1"
  for name in awk basename cat chmod cmp cp cut date dirname env expr find grep head id ln ls mkdir mktemp mv od paste readlink \
    realpath rm rmdir sed sleep sort stat tail tr touch uname uniq wc xargs; do
    ln -sf "$(command -v busybox)" "$1/$name"
  done
}

# left FOLDER: the files in it.
left() {
  find "$1" -mindepth 1 | sort
}
