# Commands of the documents, played: a home of their own, a claude that answers with its prompt, and the short environment of a
# service or a job.

# A home with a key that is used up and one that works; claude answers with its prompt.
setup() {
  export HOME=$BATS_TEST_TMPDIR/home
  bin=$BATS_TEST_TMPDIR/bin
  mkdir -p "$HOME/.config/tcr" "$HOME/project" "$bin"
  chmod 700 "$HOME/.config/tcr"
  ln -s "${TCR_RUN:-$ROOT/build/tcr-run}" "$bin/tcr-run"
  cat >"$bin/claude" <<END
#!/bin/sh
case \$CLAUDE_CODE_OAUTH_TOKEN in *-home-*) echo "Claude usage limit reached."; exit 1 ;; esac
for last; do :; done
echo "\${CLAUDE_CODE_OAUTH_TOKEN:-\$ANTHROPIC_API_KEY} \$last" >>"$BATS_TEST_TMPDIR/calls"
echo "\$last"
END
  chmod +x "$bin/claude"
  cd "$HOME/project" || return
}

keyfile() {
  (umask 077 && cat >"$HOME/.config/tcr/keys.json")
}

pool() {
  keyfile <<END
{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}, {"name": "work", "token": "sk-ant-oat01-FAKE-work-0001"}]}
END
}

# play [NAME=VALUE]... WORD...: in the short environment of a service or a job.
play() {
  env -i HOME="$HOME" PATH="$bin:/usr/bin:/bin" LANG=C.UTF-8 "$@" 3>&-
}

# step FILE: what a step runs, with the environment that it asks for; the secrets are those of the example.
step() {
  /usr/bin/python3 - "$1" <<'END'
import json, sys, yaml
SECRETS = {"${{ secrets.CLAUDE_TOKENS }}": "sk-ant-oat01-FAKE-home-0001\nsk-ant-oat01-FAKE-work-0001",
           "${{ secrets.ANTHROPIC_API_KEY }}": "sk-ant-api03-FAKE-billing-0001"}
step = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))[0]
rows = step.get("env", {}) | step.get("with", {}) | {"run": step.get("run") or step["with"]["run"]}
print(json.dumps({name: SECRETS.get(value, value) for name, value in rows.items()}))
END
}
