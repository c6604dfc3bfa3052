# What the versions of the client say differently; everything else is tested alike with each of them.
#
#   CLIENT_VERSION=new      the newest that the lock file knows (the default)
#   CLIENT_VERSION=old      one that is still in use
#   CLIENT_VERSION=latest   what tests/client/setup --latest brought
#
#   says NAME               the regular expression of a row of the table, for the version under test

CLIENT_VERSION=${CLIENT_VERSION:-new}

case $CLIENT_VERSION in
  new)
    modules=$HERE/node_modules
    CLAUDE=$modules/@anthropic-ai/claude-code/bin/claude.exe
    AGENT_SDK=@anthropic-ai/claude-agent-sdk
    ;;
  old)
    modules=$HERE/node_modules
    CLAUDE=$modules/claude-code-old/bin/claude.exe
    AGENT_SDK=claude-agent-sdk-old
    ;;
  latest)
    modules=$HERE/latest/node_modules
    CLAUDE=$modules/@anthropic-ai/claude-code/bin/claude.exe
    AGENT_SDK=@anthropic-ai/claude-agent-sdk
    ;;
  *)
    echo "CLIENT_VERSION=$CLIENT_VERSION: new, old or latest" >&2
    exit 1
    ;;
esac

# name | old | new
version_table() {
  cat << 'END'
session-limit|You've hit your session limit|You've hit your 5-hour limit
opus-limit|Opus limit|weekly Opus limit
reset|API Error: Unable to connect to API \(ECONNRESET\)$|API Error: Connection dropped \(ECONNRESET\)
unreachable|Unable to connect to API|(Can't reach the API server|No internet route)
transcript-fields|,,|"usage_limit_reached","rate_limit_error","five_hour"
shadows-nothing|-|project CLAUDE_CODE_OAUTH_TOKEN
ready|for shortcuts|for shortcuts|shift\+tab to cycle
END
}

says() {
  local name old new
  while IFS='|' read -r name old new; do
    [ "$name" = "$1" ] || continue
    if [ "$CLIENT_VERSION" = old ]; then
      echo "$old"
    else
      echo "$new"
    fi
    return
  done < <(version_table)
  echo "versions.bash: no row $1" >&2
  return 1
}
