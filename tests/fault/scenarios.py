"""What tcr-run is given to run, and the keys it has for it."""

import dataclasses

KEYS = {
    "version": 1,
    "keys": [
        {"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"},
        {"name": "work", "token": "sk-ant-oat01-FAKE-work-0002"},
    ],
    "master": {"name": "billing", "token": "sk-ant-api03-FAKE-bill-0009"},
}

# The same pool, but for a program that has to be asked for the first token.
COMMAND_KEYS = {
    "keys": [{"name": "home", "token_command": ["cat", "../home/token"]}, KEYS["keys"][1]],
    "master": KEYS["master"],
}

# The same pool, and one of another kind.
KIND_KEYS = {
    "keys": [*KEYS["keys"], {"name": "other", "token": "sk-FAKE-other-0003", "kind": "openai"}],
}

# Settings that shadow the variable: the token then goes by a descriptor.
SETTINGS = {"model": "opus", "env": {"CLAUDE_CODE_OAUTH_TOKEN": "another", "X": "1"}}

INPUT = b"a line of the input\n" * 5000

COMMANDS = {
    # About 200 KB and a status of its own.
    "output": """#!/bin/sh
i=0
while [ $i -lt 2000 ]; do
    echo "line $i, with words behind it so that all of them together are 200 KB: one two three four five six"
    i=$((i + 1))
done
echo "a word on stderr" >&2
exit 7
""",
    # Used up with the first key, and an answer with the second.
    "failover": """#!/bin/sh
case $CLAUDE_CODE_OAUTH_TOKEN in *home*)
    echo "You've hit your session limit · resets 11:21pm (UTC)"
    exit 1 ;;
esac
echo "an answer"
""",
    # The same for input: the second attempt has to be given all of it again.
    "replay": """#!/bin/sh
case $CLAUDE_CODE_OAUTH_TOKEN in *home*)
    read -r line
    echo "You've hit your session limit · resets 11:21pm (UTC)"
    exit 1 ;;
esac
exec cat
""",
    "claude": """#!/bin/sh
token=$CLAUDE_CODE_OAUTH_TOKEN
if [ -n "$CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR" ]; then
    token=$(cat "/dev/fd/$CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR")
fi
case $token in *home*)
    echo "You've hit your session limit · resets 11:21pm (UTC)"
    exit 1 ;;
*work*)
    echo "an answer" ;;
*)
    echo "no token"
    exit 3 ;;
esac
""",
}


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    command: str
    arguments: tuple = ()
    input: bytes | None = None
    from_file: bool = False
    to: str = "pipe"  # or "file", "terminal": what stdout is
    options: tuple = ()
    fresh: bool = False  # no state from earlier runs


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("output", "output"),
        Scenario("file", "output", to="file"),
        Scenario("failover", "failover"),
        Scenario("fresh", "failover", fresh=True, options=("-vv",)),
        Scenario("replay", "replay", input=INPUT),
        Scenario("rewind", "replay", input=INPUT, from_file=True),
        Scenario("claude", "claude", arguments=("-p", "hello")),
        Scenario("terminal", "failover", to="terminal"),
        Scenario("kinds", "failover", options=("--keys", "../config/kinds.json", "--kind",
                                               "anthropic,openai", "--max-per-key", "1")),
        Scenario("mask", "failover", options=("--mask", "--log-format", "text")),
        Scenario("asked", "failover", options=("--keys", "../config/asked.json")),
    )
}
