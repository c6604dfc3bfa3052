# tcr-run setup: programs that tcr-run does not start find the gateway by a file of theirs.
load helpers
load keys-helpers

begin='# >>> tcr-run setup wrote these lines; --undo removes them'
end='# <<< tcr-run setup'

# Made anew in each test's own state.
stand_in() {
  cat "$state/gateway.token"
}

@test "claude: a settings file gets two members in place, and loses exactly these" {
  pool home
  mkdir -p "$home/.claude"
  printf '{\n    "model":   "opus",\n    "env": {"A": "b"}}' > "$home/.claude/settings.json"
  cp "$home/.claude/settings.json" "$scratch/before"
  tcr setup claude --yes
  assert_status 0
  assert_stdout_has '^\+ .*"apiKeyHelper": ".*tcr-run gateway token",$'
  assert_stderr_has 'no gateway runs now; to start one: tcr-run gateway start -d'
  assert_equal "$(jq -r '.model, .env.A, .env.ANTHROPIC_BASE_URL' "$home/.claude/settings.json" | xargs)" "opus b http://127.0.0.1:4080"
  assert_equal "$(jq -r .apiKeyHelper "$home/.claude/settings.json")" "$TCR_RUN gateway token"
  cmp "$scratch/before" "$home/.claude/settings.json.before-tcr-run"
  tcr setup claude --yes
  assert_status 0
  assert_stderr_has 'is set up already'
  tcr setup claude --undo --yes
  assert_status 0
  cmp "$scratch/before" "$home/.claude/settings.json"
  [ ! -e "$home/.claude/settings.json.before-tcr-run" ]
  tcr setup claude --undo --yes
  assert_status 1
  assert_stderr_has 'nothing of tcr-run setup is in it'
}

@test "claude: a file that was not there is gone afterwards; one that others changed keeps what they did" {
  pool home
  extra_env=(CLAUDE_CONFIG_DIR="$home/other")
  tcr setup claude --yes
  jq . "$home/other/settings.json" > /dev/null
  tcr setup claude --undo --yes
  assert_status 0
  [ ! -e "$home/other/settings.json" ]
  tcr setup claude --yes
  jq '.env.MINE = "1"' "$home/other/settings.json" > "$scratch/new" && cat "$scratch/new" > "$home/other/settings.json"
  tcr setup claude --undo --yes
  assert_equal "$(jq -c . "$home/other/settings.json")" '{"env":{"MINE":"1"}}'
}

@test "claude: an empty file is one without settings, and empty again afterwards" {
  pool home
  mkdir -p "$home/.claude"
  : > "$home/.claude/settings.json"
  tcr setup claude --yes
  assert_status 0
  assert_equal "$(jq -r .env.ANTHROPIC_BASE_URL "$home/.claude/settings.json")" http://127.0.0.1:4080
  tcr setup claude --undo --yes
  assert_status 0
  [ -e "$home/.claude/settings.json" ] && [ ! -s "$home/.claude/settings.json" ]
}

@test "claude: what somebody set to something else stays, and is told" {
  pool home
  mkdir -p "$home/.claude"
  echo '{"env": {"ANTHROPIC_BASE_URL": "https://proxy.example"}}' > "$home/.claude/settings.json"
  tcr setup claude --yes
  assert_status 125
  assert_stderr_has 'settings.json: env.ANTHROPIC_BASE_URL is set already, to "https://proxy.example"; remove it there'
  echo '{"env": ' > "$home/.claude/settings.json"
  tcr setup claude --yes
  assert_status 125
  assert_stderr_has "settings.json: the file is no JSON object; expected Claude Code's settings"
  assert_equal "$(cat "$home/.claude/settings.json")" '{"env": '
  [ ! -e "$home/.claude/settings.json.before-tcr-run" ]
}

@test "shell: lines of our own, through a link, with the mode that the file had" {
  pool home
  mkdir "$home/dotfiles"
  printf 'alias l=ls' > "$home/dotfiles/bashrc"
  chmod 640 "$home/dotfiles/bashrc"
  ln -s dotfiles/bashrc "$home/.bashrc"
  extra_env=(SHELL=/bin/bash)
  tcr setup shell -y
  assert_status 0
  assert_equal "$(cat "$home/.bashrc")" "alias l=ls
$begin
export ANTHROPIC_BASE_URL=http://127.0.0.1:4080
export ANTHROPIC_API_KEY=\"\$($TCR_RUN gateway token)\"
$end"
  [ -L "$home/.bashrc" ]
  assert_equal "$(stat -c %a "$home/dotfiles/bashrc")" 640
  assert_equal "$(env -i HOME="$home" PATH="$PATH" bash -c '. ~/.bashrc; echo "$ANTHROPIC_BASE_URL $ANTHROPIC_API_KEY"')" \
    "http://127.0.0.1:4080 $(stand_in)"
  echo 'alias k=kubectl' >> "$home/.bashrc"
  tcr setup shell -y --undo
  assert_equal "$(paste -sd '|' "$home/.bashrc")" "alias l=ls|alias k=kubectl"
  assert_stderr_has 'was changed since; as it was before is still in .*bashrc.before-tcr-run'
}

@test "shell: zsh and fish understand what is written for them; other shells are told what to set" {
  pool home
  extra_env=(SHELL=/usr/bin/zsh)
  tcr setup shell -y
  assert_equal "$(env -i HOME="$home" PATH="$PATH" zsh -c '. ~/.zshrc; echo "$ANTHROPIC_API_KEY"')" "$(stand_in)"
  extra_env=(SHELL=/usr/bin/fish)
  tcr setup shell -y
  assert_equal "$(env -i HOME="$home" PATH="$PATH" fish -c 'echo $ANTHROPIC_BASE_URL $ANTHROPIC_API_KEY')" "http://127.0.0.1:4080 $(stand_in)"
  extra_env=(SHELL=/bin/ksh)
  tcr setup shell -y
  assert_status 125
  assert_stderr_has 'SHELL is "ksh"; expected bash, zsh or fish.*ANTHROPIC_BASE_URL'
}

@test "aider: YAML with the token, which no screen and nobody else sees" {
  pool home
  printf 'dark-mode: true\n' > "$home/.aider.conf.yml"
  chmod 644 "$home/.aider.conf.yml"
  prints_tokens=no
  tcr setup aider -y
  assert_status 0
  assert_stdout_has "^\+   - anthropic=\(the gateway's token\)$"
  ! grep -q "$(stand_in)" "$out" "$err" || fail "the token was shown"
  assert_equal "$(stat -c %a "$home/.aider.conf.yml")" 600
  assert_equal "$(python3 -c 'import sys, yaml; d = yaml.safe_load(open(sys.argv[1])); print(d["dark-mode"], *d["set-env"], *d["api-key"])' \
    "$home/.aider.conf.yml")" "True ANTHROPIC_API_BASE=http://127.0.0.1:4080 anthropic=$(stand_in)"
  tcr setup aider -y --undo
  assert_equal "$(cat "$home/.aider.conf.yml") $(stat -c %a "$home/.aider.conf.yml")" "dark-mode: true 644"
  echo 'api-key: openai=x' >> "$home/.aider.conf.yml"
  tcr setup aider -y
  assert_status 125
  assert_stderr_has 'it has set-env or api-key already; add there ANTHROPIC_API_BASE=http://127.0.0.1:4080'
}

@test "nothing is written unasked: -n shows, without a terminal nothing happens, a person can say no" {
  pool home
  extra_env=(SHELL=/bin/bash)
  tcr setup shell -n
  assert_status 0
  assert_stdout_has '^\+ export ANTHROPIC_BASE_URL='
  tcr setup shell
  assert_status 1
  assert_stderr_has 'nothing was changed; without a terminal, --yes makes this change'
  person see:'Make this change' type:'n\n' -- setup shell
  assert_status 1
  [ ! -e "$home/.bashrc" ]
  person see:'Make this change' type:'y\n' -- setup shell
  assert_status 0
  grep -q "$begin" "$home/.bashrc"
}

@test "a profile's own port, cursor's own settings, and words that are none" {
  pool home
  jq '.profiles = {"work": {"keys": ["home"], "port": 4471}}' "$keys" > "$scratch/new" && cat "$scratch/new" > "$keys"
  tcr setup cursor --profile work
  assert_status 0
  assert_stdout_has 'Override OpenAI Base URL  http://127.0.0.1:4471/v1'
  tcr setup cluade
  assert_status 125
  assert_stderr_has 'unknown program "cluade"; did you mean: tcr-run setup claude'
  tcr setup
  assert_status 125
  assert_stderr_has 'setup takes one program: claude, shell, aider or cursor'
  tcr setup shell -n -y
  assert_status 125
  tcr setup --help
  assert_stdout_has '^  aider    Aider, with'
}

@test "a gateway that runs at another address than the program will ask is told" {
  [ -x "$(dirname "$TCR_RUN")/tcr-gateway" ] || skip "built without a gateway"
  pool home
  port=$("$BATS_TEST_DIRNAME/../free-ports")
  tcr gateway start -d --listen "127.0.0.1:$port"
  assert_status 0
  tcr setup claude --yes
  assert_stderr_has "warning: setup: the gateway that runs listens on http://127.0.0.1:$port, not on http://127.0.0.1:4080.*--listen 127.0.0.1:4080"
  tcr gateway stop
}
