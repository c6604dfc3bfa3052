"""The n-th allocation fails, or every one from the n-th on, in tcr-run alone."""

import dataclasses
import os
import random
import shlex
import shutil
import subprocess
import tempfile

from judge import problems
from pool import Pool, sample
from sandbox import Sandbox
from scenarios import SCENARIOS

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "failing_malloc.c")


@dataclasses.dataclass(frozen=True)
class Case:
    scenario: str
    number: str  # "12", or "12+" for all from there on

    def __str__(self):
        return f"{self.scenario}:allocation:{self.number}"


def build(folder):
    """The library's path; None without a compiler."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if not shutil.which(compiler[0]):
        return None
    library = os.path.join(folder, "failing_malloc.so")
    options = ["-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"]
    result = subprocess.run([*compiler, *options], capture_output=True)
    return library if result.returncode == 0 else None


def count_allocations(sandbox, scenario, library):
    """0 if the library is not loaded, as by a static binary."""
    path = os.path.join(sandbox.root, "count")
    sandbox.run(scenario, (), {"LD_PRELOAD": library, "FAULT_COUNT": path})
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


class Check:
    def __init__(self, library, expected):
        self.library = library
        self.expected = expected

    def run(self, sandbox, case):
        environment = {"LD_PRELOAD": self.library, "FAULT_ALLOCATION": case.number}
        return sandbox.run(SCENARIOS[case.scenario], (), environment)

    def __call__(self, sandbox, case):
        return self.judge(sandbox, case, self.run(sandbox, case))

    def judge(self, sandbox, case, outcome):
        """What there was no memory to recognise is the command's own failure, and said to be so;
        what there was no memory to hold goes out."""
        expected = self.expected[case.scenario]
        first, whole = expected.first.stdout, expected.whole.stdout
        if outcome.stdout == first + whole:
            outcome = dataclasses.replace(outcome, stdout=whole)
        return problems(sandbox, SCENARIOS[case.scenario], outcome, expected)


def prepare(binary, library, most, random_source):
    sandbox = Sandbox(binary)
    expected, cases = {}, []
    try:
        for scenario in SCENARIOS.values():
            expected[scenario.name] = sandbox.expect(scenario)
            total = count_allocations(sandbox, scenario, library)
            for number in sample(random_source, range(1, total + 1), most):
                cases += [Case(scenario.name, f"{number}"), Case(scenario.name, f"{number}+")]
    finally:
        sandbox.destroy()
    return expected, cases


def run(binary, full, seconds, seed):
    random_source = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="tcr-fault.") as folder:
        library = build(folder)
        if not library:
            return [], "no failing allocation: there is no C compiler"
        expected, cases = prepare(binary, library, 100000 if full else 80, random_source)
        if not cases:
            return [], "no failing allocation: the binary loads no library"
        random_source.shuffle(cases)
        pool = Pool(binary, seconds)
        try:
            findings, done = pool.run(cases, Check(library, expected))
        finally:
            pool.destroy()
    return findings, f"{done} of {len(cases)} cases of a failing allocation"


def run_case(binary, text):
    scenario, _, number = text.split(":")
    case = Case(scenario, number)
    sandbox = Sandbox(binary)
    with tempfile.TemporaryDirectory(prefix="tcr-fault.") as folder:
        check = Check(build(folder), {scenario: sandbox.expect(SCENARIOS[scenario])})
        outcome = check.run(sandbox, case)
        print(outcome.stderr.decode(errors="replace"), end="")
        print(outcome.describe())
        found = check.judge(sandbox, case, outcome)
    sandbox.destroy()
    return found, f"case {case}"
