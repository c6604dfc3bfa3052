"""A home of its own for each run of tcr-run."""

import contextlib
import dataclasses
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import tty

from scenarios import COMMAND_KEYS, COMMANDS, INPUT, KEYS, KIND_KEYS, SCENARIOS, SETTINGS

SECONDS_MOST = 5
ORPHAN_SECONDS = 1


@dataclasses.dataclass
class Outcome:
    status: int
    stdout: bytes | None
    stderr: bytes
    timed_out: bool = False
    left_process: bool = False

    def own_lines(self):
        return [line for line in self.stderr.splitlines() if line.startswith(b"tcr-run: ")]

    def command_stderr(self):
        lines = self.stderr.splitlines(keepends=True)
        return b"".join(line for line in lines if not line.startswith(b"tcr-run: "))

    def describe(self):
        last = self.own_lines()[-1].decode(errors="replace") if self.own_lines() else "nothing"
        return f"status {self.status}, {len(self.stdout)} bytes out, said: {last}"


@dataclasses.dataclass
class Expected:
    whole: Outcome
    first: Outcome


class Alive:
    """Tells whether a process is left: each inherits the end of a pipe that nobody closes."""

    def __init__(self):
        self.read_end, self.write_end = os.pipe()

    def started(self):
        os.close(self.write_end)

    def somebody(self, seconds):
        try:
            return not select.select([self.read_end], [], [], seconds)[0]
        finally:
            os.close(self.read_end)


class PipeOutput:
    """Read by Popen.communicate."""

    target = subprocess.PIPE

    def started(self):
        pass

    def ended(self, read_so_far):
        return read_so_far or b""


class FileOutput(PipeOutput):
    def __init__(self):
        self.target = tempfile.TemporaryFile()

    def ended(self, read_so_far):
        with self.target as file:
            file.seek(0)
            return file.read()


class TerminalOutput(PipeOutput):
    """Raw, so that the bytes stay as they are; read by a thread until nobody has it open."""

    def __init__(self):
        self.master, self.target = pty.openpty()
        tty.setraw(self.target)
        self.bytes = bytearray()
        self.reader = threading.Thread(target=self.read)

    def read(self):
        with contextlib.suppress(OSError):
            while chunk := os.read(self.master, 65536):
                self.bytes += chunk

    def started(self):
        os.close(self.target)
        self.reader.start()

    def ended(self, read_so_far):
        self.reader.join()
        os.close(self.master)
        return bytes(self.bytes)


OUTPUTS = {"pipe": PipeOutput, "file": FileOutput, "terminal": TerminalOutput}


def end_session(process):
    """What the run left in its process group. Only while somebody is in it: else the number may be
    a stranger's by now."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class Sandbox:
    def __init__(self, binary):
        self.binary = binary
        self.root = tempfile.mkdtemp(prefix="tcr-fault.")
        self.state = os.path.join(self.root, "state", "tcr")
        self.temporary = os.path.join(self.root, "tmp")
        self.template = None
        for name in ("config/tcr", "state", "tmp", "home/.claude", "bin", "cwd"):
            os.makedirs(os.path.join(self.root, name), mode=0o700)
        self.write("config/tcr/keys.json", json.dumps(KEYS), 0o600)
        self.write("config/asked.json", json.dumps(COMMAND_KEYS), 0o600)
        self.write("config/kinds.json", json.dumps(KIND_KEYS), 0o600)
        self.write("home/token", KEYS["keys"][0]["token"] + "\n", 0o600)
        self.write("home/.claude/settings.json", json.dumps(SETTINGS), 0o600)
        self.write("input", INPUT.decode(), 0o600)
        for name, text in COMMANDS.items():
            self.write(os.path.join("bin", name), text, 0o755)

    def destroy(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def write(self, name, text, mode):
        path = os.path.join(self.root, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def environment(self):
        return {
            "PATH": os.path.join(self.root, "bin") + ":/usr/bin:/bin",
            "HOME": os.path.join(self.root, "home"),
            "XDG_CONFIG_HOME": os.path.join(self.root, "config"),
            "XDG_STATE_HOME": os.path.join(self.root, "state"),
            "TMPDIR": self.temporary,
            "LC_ALL": "C.UTF-8",
        }

    def command(self, scenario):
        return [scenario.command, *scenario.arguments]

    def wrapped(self, scenario):
        return [self.binary, *scenario.options, "--", *self.command(scenario)]

    def reset(self, scenario):
        if self.template is None and not scenario.fresh:
            self.template = self.make_template()
        shutil.rmtree(self.state, ignore_errors=True)
        if scenario.fresh:
            return
        os.makedirs(self.state, mode=0o700)
        for name, content in self.template.items():
            with open(os.path.join(self.state, name), "wb") as file:
                file.write(content)

    def make_template(self):
        """The state after runs that went well: it must survive whatever goes wrong later."""
        for _ in range(2):
            self.run_once(SCENARIOS["output"], self.wrapped(SCENARIOS["output"]), {})
        return {name: self.read_state_file(name) for name in os.listdir(self.state)}

    def read_state_file(self, name):
        with open(os.path.join(self.state, name), "rb") as file:
            return file.read()

    def run(self, scenario, prefix=(), environment=None):
        self.reset(scenario)
        return self.run_once(scenario, [*prefix, *self.wrapped(scenario)], environment or {})

    def expect(self, scenario):
        """How the run ends undisturbed, and how its first attempt ends by itself."""
        first_key = {"CLAUDE_CODE_OAUTH_TOKEN": KEYS["keys"][0]["token"]}
        return Expected(
            self.run(scenario), self.run_once(scenario, self.command(scenario), first_key)
        )

    def run_once(self, scenario, command, environment):
        alive = Alive()
        output = OUTPUTS[scenario.to]()
        piped = None if scenario.from_file else scenario.input
        with open(self.input_path(scenario), "rb") as given:
            process = subprocess.Popen(
                command,
                stdin=given if piped is None else subprocess.PIPE,
                stdout=output.target,
                stderr=subprocess.PIPE,
                env=self.environment() | environment,
                cwd=os.path.join(self.root, "cwd"),
                pass_fds=(alive.write_end,),
                start_new_session=True,
            )
        alive.started()
        output.started()
        outcome = self.wait(process, piped)
        outcome.left_process = alive.somebody(ORPHAN_SECONDS)
        if outcome.left_process:
            end_session(process)
        outcome.stdout = output.ended(outcome.stdout)
        return outcome

    def input_path(self, scenario):
        return os.path.join(self.root, "input") if scenario.from_file else os.devnull

    def wait(self, process, piped):
        try:
            out, err = process.communicate(piped, SECONDS_MOST)
            return Outcome(process.returncode, out, err)
        except subprocess.TimeoutExpired:
            end_session(process)
            out, err = process.communicate()
            return Outcome(process.returncode, out, err, timed_out=True)
