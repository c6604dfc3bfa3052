# tcr-run keys edit, with editors that are scripts, and with a person at a terminal; and keys show
load keys-helpers

# editor SCRIPT: what the editor does with its file, $1.
editor() {
  printf '#!/bin/sh\n%s\n' "$1" > "$scratch/bin/some editor"
  chmod +x "$scratch/bin/some editor"
  extra_env+=("EDITOR='$scratch/bin/some editor'" VISUAL= "XDG_RUNTIME_DIR=$scratch/runtime")
  mkdir -p -m 700 "$scratch/runtime"
}

no_copy_left() {
  [ -z "$(find "$scratch/runtime" -mindepth 1)" ] || fail "left behind: $(find "$scratch/runtime")"
}

@test "edit: the text as it was written, blanks and all" {
  pool a b
  editor 'sed -i "s/\"name\": *\"b\"/\"name\":   \"beta\"/" "$1"'
  tcr keys edit
  assert_status 0
  assert_stderr_has "^tcr-run: $keys: changed\$"
  grep -q '"name":   "beta"' "$keys"
  assert_equal "$(names)" 'a beta'
  assert_mode 600 "$keys"
  no_copy_left
}

@test "edit: the copy is for its owner alone; VISUAL comes first and may have options" {
  pool a
  editor 'stat -c %a "$1" "$(dirname "$1")" > '"$scratch"'/modes; echo "$2" > '"$scratch"'/second'
  extra_env+=("VISUAL='$scratch/bin/some editor'" EDITOR=false)
  unchanged tcr keys edit
  assert_status 0
  assert_stderr_has 'nothing was changed'
  assert_equal "$(paste -sd ' ' "$scratch/modes")" '600 700'
  no_copy_left
}

@test "edit: what an editor leaves beside the copy is removed, and a copy it replaced is read" {
  pool a
  editor 'cp "$1" "$1~"; umask 022; sed s/\"a\"/\"z\"/ "$1" > "$1.new"; mv "$1.new" "$1"'
  tcr keys edit
  assert_status 0
  assert_equal "$(names)" z
  assert_mode 600 "$keys"
  no_copy_left
}

@test "edit: a field that nobody knows is told" {
  pool a b
  editor 'sed -i "s/\"name\": *\"b\"/&, \"prioritty\": 1/" "$1"'
  tcr keys edit
  assert_status 0
  assert_stderr_has "^tcr-run: $keys: changed\$"
  assert_stderr_has "^tcr-run: warning: $keys: keys\[1\].prioritty: unknown field, ignored\$"
}

@test "edit: a mistake changes nothing, and the edited text is kept" {
  pool a b
  editor 'sed -i "s/\"name\"/\"nmae\"/; 1s/^/ /" "$1"; echo "{" >> "$1"'
  unchanged tcr keys edit
  assert_status 125
  assert_stderr_has "^tcr-run: $keys: .*line"
  assert_stderr_has "the edited text is kept in $scratch/runtime/tcr-edit-"
  kept=$(find "$scratch/runtime" -type f)
  grep -q nmae "$kept"
  assert_mode 600 "$kept"
}

@test "edit: an editor that fails or empties the file changes nothing" {
  pool a
  editor 'exit 3'
  unchanged tcr keys edit
  assert_status 125
  assert_stderr_has 'ended with status 3'
  no_copy_left
  editor ': > "$1"'
  unchanged tcr keys edit
  assert_status 125
  assert_stderr_has 'the edited text is empty'
  extra_env+=(EDITOR=/nonexistent/editor)
  unchanged tcr keys edit
  assert_status 125
  assert_stderr_has 'ended with status 127'
}

@test "edit: a file with mistakes can be put right" {
  pool a
  sed -i 's/"name"/"nmae": 1, "name"/; s/$/,/' "$keys"
  editor "printf '%s' '{\"keys\": [$(entry good)]}' > \"\$1\""
  tcr keys edit
  assert_status 0
  assert_equal "$(names)" good
}

@test "edit: what others changed meanwhile is not overwritten" {
  pool a b
  editor 'sed -i s/\"a\"/\"z\"/ "$1"; "$TCR_RUN" keys remove b'
  extra_env+=("TCR_RUN=$TCR_RUN")
  tcr keys edit
  assert_status 125
  assert_stderr_has 'it was changed by something else meanwhile'
  assert_stderr_has 'the edited text is kept in'
  assert_equal "$(names)" a
}

@test "edit: a sealed file is sealed again, and its copy is only in memory" {
  needs_linux_ways "knowledge of folders in memory"
  [ "$(stat -f -c %T /dev/shm)" = tmpfs ] || skip "no memory to keep the copy in"
  pool a b
  passphrase 'some horse'
  tcr keys seal
  assert_sealed
  editor 'stat -f -c %T "$1" > '"$scratch"'/kind; dirname "$1" >> '"$scratch"'/drafts; sed -i s/\"a\"/\"z\"/ "$1"'
  tcr keys edit
  assert_status 0
  assert_stderr_has 'changed and sealed again'
  assert_sealed
  assert_equal "$(cat "$scratch/kind")" tmpfs
  tcr keys list
  assert_stdout_has '^z '
  editor 'dirname "$1" >> '"$scratch"'/drafts; echo "{" >> "$1"'
  unchanged tcr keys edit
  assert_status 125
  assert_stderr_has 'the edited text was removed'
  assert_equal "$(wc -l < "$scratch/drafts")" 2
  while read -r draft; do
    [[ $draft == /dev/shm/tcr-edit-* && ! -e $draft ]] || fail "$draft is left"
  done < "$scratch/drafts"
}

@test "edit: without a file one is made, or none if nothing was written" {
  rm -rf "$config"
  editor :
  tcr keys edit
  assert_status 0
  [ ! -e "$keys" ]
  editor "printf '%s' '{\"keys\": [$(entry a)]}' > \"\$1\""
  extra_env+=("CLAUDE_CODE_OAUTH_TOKEN=$(token env)")
  tcr keys edit
  assert_status 0
  assert_equal "$(names)" a
  assert_stderr_has "no longer use the environment's keys"
}

@test "edit: a person is asked to edit again, and goes on from what was written" {
  pool a
  # Two marks: the first time it is a mistake, the second time it is put right.
  editor 'if grep -q ",,$" "$1"; then sed -i "s/,,$//" "$1"; else sed -i "1s/$/,,/; s/\"a\"/\"z\"/" "$1"; fi'
  export "${extra_env[@]}"
  EDITOR="'$scratch/bin/some editor'" person see:'Enter to edit it again' type:'\n' see:changed -- keys edit
  assert_status 0
  assert_equal "$(names)" z
}

@test "edit: a signal ends the editor too, and the copy goes" {
  pool a
  editor 'touch '"$scratch"'/begun; exec sleep 30'
  tcr_background keys edit
  eventually test -e "$scratch/begun"
  kill -TERM "$pid"
  await
  assert_status 143
  no_copy_left
}

@test "show: everything but the secret" {
  echo "{\"keys\": [$(entry a), {\"name\": \"my work\", \"token\": \"$(token work)\", \"organization\": \"acme\", \"priority\": 3,
    \"base_url\": \"https://proxy.corp\", \"expires\": \"2090-01-01\", \"env\": {\"MORE\": \"FAKE-hidden\"}},
    {\"name\": \"cmd\", \"kind\": \"oauth\", \"token_command\": [\"pass\", \"show\", \"a b\"]}],
    \"profiles\": {\"cheap\": {\"keys\": [\"my work\"]}}}" | keyfile
  tcr keys show 'my work'
  assert_status 0
  for line in 'name +my work' 'kind +oauth' 'token +sk-ant-oat01-…0001' 'organization +acme' 'priority +3' \
    'goes to +https://proxy.corp \(its base_url\)' 'env +MORE' 'profiles +cheap' 'ends +.* 2090 ' 'state +ready' 'disabled +no'; do
    assert_stdout_has "^$line"
  done
  ! grep -q -e FAKE "$out" || fail "a secret is shown"
  tcr keys show cmd
  assert_stdout_has "^token command +pass show 'a b'\$"
  fails a
  tcr -- client
  tcr keys show a --json
  assert_equal "$(jq -c '[.name, .kind, .master, .disabled, .state, .last_class, (.until | type)]' "$out")" \
    '["a","oauth",false,false,"cooling","limit","number"]'
  tcr keys show nobody
  assert_status 125
  assert_stderr_has 'there is no key "nobody"; tcr-run keys list shows them'
}
