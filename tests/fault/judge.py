"""What must hold after a run."""

import json
import os

from sandbox import ORPHAN_SECONDS, SECONDS_MOST

SECRET = b"FAKE"  # every token holds this word, and nothing else does
OWN_FAILURE = 125
STATE_NAMES = {"state.json", "state.json.spare", "state.lock", "events.jsonl"}


def problems(sandbox, scenario, outcome, expected):
    """What must not be, as sentences."""
    found = [*judge_outcome(outcome, expected), *judge_files(sandbox, scenario)]
    if SECRET in outcome.stderr or SECRET in outcome.stdout:
        found.append("a token is shown")
    return found


def judge_outcome(outcome, expected):
    if outcome.timed_out:
        yield f"it took more than {SECONDS_MOST} s"
        return
    if outcome.left_process:
        yield f"a process was left behind for {ORPHAN_SECONDS} s"
    if not is_exact(outcome, expected.whole) and not is_said(outcome, expected):
        yield f"{outcome.describe()}; expected {expected.whole.describe()}"


def is_exact(outcome, expected):
    return (
        outcome.status == expected.status
        and outcome.stdout == expected.stdout
        and outcome.command_stderr() == expected.command_stderr()
    )


def is_said(outcome, expected):
    """tcr-run failed and says so, and what came out until then is right; or it passes the first
    attempt on as it was, and says why there is no second one."""
    if not outcome.own_lines():
        return False
    if is_exact(outcome, expected.first):
        return True
    lost = any(b"cannot write the command's" in line for line in outcome.own_lines())
    failed = outcome.status == OWN_FAILURE or (lost and outcome.status != 0)
    return failed and expected.whole.stdout.startswith(outcome.stdout)


def judge_files(sandbox, scenario):
    for name in os.listdir(sandbox.temporary):
        yield f"the temporary file {name} was left"
    names = set(os.listdir(sandbox.state)) if os.path.isdir(sandbox.state) else set()
    for name in names - STATE_NAMES:
        yield f"{name} was left beside the state"
    for name in names:
        if SECRET in sandbox.read_state_file(name):
            yield f"a token is in {name}"
    yield from judge_state(sandbox, "state.json" in names, scenario.fresh)


def judge_state(sandbox, is_there, is_fresh):
    if not is_there:
        if not is_fresh:
            yield "the state is gone"
        return
    try:
        salt = json.loads(sandbox.read_state_file("state.json"))["salt"]
    except (ValueError, KeyError, TypeError) as error:
        yield f"the state is no state: {error}"
        return
    if not is_fresh and salt != json.loads(sandbox.template["state.json"])["salt"]:
        yield "the state was begun anew"
