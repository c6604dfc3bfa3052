#!/usr/bin/env python3
"""
action.py FILE [INPUT=VALUE]...: runs the steps of a composite action as GitHub's runner does, with the environment of this
process; stops at the first that fails, with its status. action.py --steps FILE FOLDER writes each step's script there.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
CONDITION = re.compile(r"inputs\.([a-z-]+) != ''")
HEADER = "#!/usr/bin/env bash\nset -eo pipefail\n"


def fill(text, inputs):
    return INPUT.sub(lambda found: inputs[found[1]], text)


def is_wanted(step, inputs):
    condition = step.get("if")
    return condition is None or inputs[CONDITION.fullmatch(condition)[1]] != ""


def run(step, inputs, environment):
    environment |= {name: fill(value, inputs) for name, value in step.get("env", {}).items()}
    folder = fill(step.get("working-directory", "."), inputs)
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as script:
        script.write(fill(step["run"], inputs))
        script.flush()
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script.name]
        return subprocess.run(command, env=environment, cwd=folder, check=False).returncode


def main():
    if sys.argv[1] == "--steps":
        for number, step in enumerate(load(sys.argv[2])["runs"]["steps"]):
            (Path(sys.argv[3]) / f"step{number}").write_text(HEADER + step["run"])
        return 0
    action = load(sys.argv[1])
    inputs = {name: row.get("default", "") for name, row in action["inputs"].items()}
    inputs |= dict(pair.split("=", 1) for pair in sys.argv[2:])
    with tempfile.NamedTemporaryFile("r") as path:
        environment = dict(os.environ) | {"GITHUB_ACTIONS": "true", "GITHUB_PATH": path.name,
                                          "GITHUB_ACTION_PATH": str(Path(sys.argv[1]).resolve().parent)}
        for step in action["runs"]["steps"]:
            if not is_wanted(step, inputs):
                continue
            status = run(step, inputs, dict(environment))
            if status:
                return status
            path.seek(0)
            environment["PATH"] = ":".join([*path.read().split(), os.environ["PATH"]])
    return 0


def load(name):
    with open(name, encoding="utf-8") as file:
        return yaml.safe_load(file)


if __name__ == "__main__":
    sys.exit(main())
