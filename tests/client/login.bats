#!/usr/bin/env bats
# The client logs in on a terminal of ours: with a browser that comes back at once.
load helpers

setup_browser() {
  cat > "$scratch/bin/browser" <<'END'
#!/usr/bin/env python3
import sys, urllib.parse, urllib.request
asked = urllib.parse.parse_qs(urllib.parse.urlparse(sys.argv[1]).query)
back = asked["redirect_uri"][0] + "?" + urllib.parse.urlencode({"code": "FAKE", "state": asked["state"][0]})
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None
try:
    urllib.request.build_opener(Stay).open(back)
except urllib.error.HTTPError:
    pass
END
  chmod +x "$scratch/bin/browser"
  extra_env=("BROWSER=$scratch/bin/browser")
}

no_token_shown() {
  ! grep -E 'FAKE-login-0001|456789abcdef' "$out" "$err"
}

@test "a setup token comes into the key file, and is not shown" {
  setup_browser
  run_tcr keys login home
  [ "$status" -eq 0 ]
  grep -q 'added "home" (oauth, sk-ant-oat01-…AAAA)' "$err"
  no_token_shown
  [ "$(jq -r '.keys[0] | [.name, (.token | length > 100), (.added > 0), has("refresh_token")] | join(" ")' "$keys")" = 'home true true false' ]
  # The terminal's modes are put back, and what follows the token says nothing.
  ! grep -q 'Store' "$err"
}

@test "a login comes into a folder of its own" {
  setup_browser
  run_tcr keys login team --config-dir "$scratch/team"
  [ "$status" -eq 0 ]
  no_token_shown
  [ "$(jq -r '.keys[0].config_dir' "$keys")" = "$scratch/team" ]
  [ "$(jq -r .claudeAiOauth.refreshToken "$scratch/team/.credentials.json")" = sk-ant-ort01-FAKE-login-0001 ]
  # The run has it, and not that of anybody else.
  answers '*' ok
  run_tcr -- claude -p hello
  [ "$status" -eq 0 ]
  [[ $(seen) == bearer:sk-ant-oat01-FAKE-login* || $(seen) == bearer:login* ]]
}
