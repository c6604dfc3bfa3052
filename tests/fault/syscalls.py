"""The n-th call of a kind fails, in tcr-run alone: strace without -f leaves its children be."""

import dataclasses
import os
import random
import re
import shutil
import subprocess
import tempfile

from judge import problems
from pool import Pool, sample
from sandbox import Sandbox
from scenarios import SCENARIOS

ERRORS = {
    "read": ("EINTR", "EAGAIN", "EIO"),
    "write": ("EINTR", "EAGAIN", "ENOSPC", "EIO", "ENOMEM"),
    "pread64": ("EINTR", "EIO"),
    "openat": ("EINTR", "EMFILE", "ENOSPC", "EIO", "ENOMEM"),
    "rename": ("EIO", "ENOSPC"),
    "renameat": ("EIO", "ENOSPC"),
    "renameat2": ("EIO", "ENOSPC", "EINVAL"),
    "ftruncate": ("EINTR", "EIO"),
    "pipe2": ("EMFILE", "ENOMEM"),
    "fcntl": ("EINTR", "EAGAIN", "EMFILE", "ENOMEM"),
    "clone": ("EAGAIN", "ENOMEM"),
    "clone3": ("EAGAIN", "ENOMEM"),
    "fork": ("EAGAIN", "ENOMEM"),
    "vfork": ("EAGAIN", "ENOMEM"),
    "poll": ("EINTR", "ENOMEM"),
    "ppoll": ("EINTR", "ENOMEM"),
    "signalfd4": ("EMFILE", "ENOMEM"),
    "flock": ("EINTR", "ENOLCK", "EIO"),
    "mmap": ("ENOMEM",),
    "mprotect": ("ENOMEM",),
    "mlock": ("ENOMEM",),
    "lseek": ("EIO",),
    "fstat": ("EIO", "ENOMEM"),
    "newfstatat": ("EIO", "ENOMEM"),
    "memfd_create": ("EMFILE", "ENOMEM"),
    "inotify_init1": ("EMFILE",),
    "dup": ("EMFILE",),
    "dup2": ("EMFILE",),
}
STORMS = ("read", "write", "pread64", "openat", "poll", "flock")

# The first thing that tcr-run does itself; what comes before is the loader's.
BEGIN = re.compile(r"fcntl\(0(<[^>]*>)?, F_GETFD")
TARGET = re.compile(r"[a-z0-9_]+\(\d+<([^>]*)>")
CALL = re.compile(r"([a-z0-9_]+)\(")


@dataclasses.dataclass(frozen=True)
class Case:
    scenario: str
    call: str
    error: str
    when: str  # as strace's when=: "12", or "12+2" for every second one

    def __str__(self):
        return f"{self.scenario}:{self.call}:{self.error}:{self.when}"


def why_not():
    """Why calls cannot be made to fail here; None if they can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    with tempfile.NamedTemporaryFile() as log:
        command = ["strace", "-qq", "-o", log.name, "-e", "trace=getpid", "true"]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        return "ptrace is not permitted: " + result.stderr.strip()
    return None


def log_path(sandbox):
    return os.path.join(sandbox.root, "log")


def strace(sandbox, *options):
    """With descriptors named, for which the process has to stay dumpable."""
    dumpable = ("-e", "inject=prctl:retval=0")
    return ["strace", "-qq", "-y", "-o", log_path(sandbox), *options, *dumpable]


def injection(sandbox, case):
    inject = f"{case.call}:error={case.error}:when={case.when}"
    return strace(sandbox, "-e", f"trace={case.call},prctl", "-e", f"inject={inject}")


def is_real(sandbox, case):
    """A pipe has no bad blocks, no disk that is full and no attributes to fetch; a file never says
    "later"; of fcntl only what makes something can fail for want of it."""
    with open(log_path(sandbox), encoding="utf-8", errors="replace") as lines:
        failed = next((line for line in lines if "INJECTED" in line and case.error in line), "")
    if case.call == "fcntl":
        return "F_DUPFD" in failed or "F_SETLEASE" in failed
    target = TARGET.match(failed)
    if not target:
        return True
    is_file = target[1].startswith("/") and not target[1].startswith("/dev/")
    if case.call in ("fstat", "newfstatat"):
        return is_file
    if case.call not in ("read", "write", "pread64"):
        return True
    return case.error != "EAGAIN" if is_file else case.error not in ("EIO", "ENOSPC")


def count_calls(sandbox, scenario):
    """For each call how often the loader makes it, and how often the whole run."""
    sandbox.run(scenario, strace(sandbox))
    loader, whole, begun = {}, {}, False
    with open(log_path(sandbox), encoding="utf-8", errors="replace") as lines:
        for line in lines:
            begun = begun or BEGIN.match(line) is not None
            if match := CALL.match(line):
                whole[match[1]] = whole.get(match[1], 0) + 1
                if not begun:
                    loader[match[1]] = whole[match[1]]
    return loader if begun else {}, whole


def cases_of(scenario, loader, whole, most, random_source):
    for call, errors in ERRORS.items():
        first, last = loader.get(call, 0) + 1, whole.get(call, 0)
        for error in errors:
            for number in sample(random_source, range(first, last + 1), most):
                yield Case(scenario.name, call, error, str(number))
        if call in STORMS and first <= last:
            yield Case(scenario.name, call, "EINTR", f"{first}+2")


class Check:
    def __init__(self, expected):
        self.expected = expected

    def __call__(self, sandbox, case):
        scenario = SCENARIOS[case.scenario]
        outcome = sandbox.run(scenario, injection(sandbox, case))
        found = problems(sandbox, scenario, outcome, self.expected[case.scenario])
        return found if found and is_real(sandbox, case) else []


def prepare(binary, scenarios, most, random_source):
    sandbox = Sandbox(binary)
    expected, cases = {}, []
    try:
        for scenario in scenarios:
            expected[scenario.name] = sandbox.expect(scenario)
            cases += cases_of(scenario, *count_calls(sandbox, scenario), most, random_source)
    finally:
        sandbox.destroy()
    return expected, cases


def run(binary, full, seconds, seed):
    """Gives the findings and a line of what was done."""
    random_source = random.Random(seed)
    expected, cases = prepare(binary, SCENARIOS.values(), 1000 if full else 9, random_source)
    random_source.shuffle(cases)
    pool = Pool(binary, seconds)
    try:
        findings, done = pool.run(cases, Check(expected))
    finally:
        pool.destroy()
    return findings, f"{done} of {len(cases)} cases of a failing call"


def run_case(binary, text):
    """One case by the name a finding has, with all that is known of it."""
    case = Case(*text.split(":"))
    scenario = SCENARIOS[case.scenario]
    sandbox = Sandbox(binary)
    try:
        expected = sandbox.expect(scenario)
        outcome = sandbox.run(scenario, injection(sandbox, case))
        with open(log_path(sandbox), encoding="utf-8", errors="replace") as lines:
            print(*(line for line in lines if "INJECTED" in line and "prctl" not in line), sep="")
        print(outcome.stderr.decode(errors="replace"), end="")
        print(outcome.describe())
        found = problems(sandbox, scenario, outcome, expected)
        if not is_real(sandbox, case):
            return [], f"case {case}, a fault that does not happen"
        return found, f"case {case}"
    finally:
        sandbox.destroy()
