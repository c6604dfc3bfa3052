"""Rows, cells and the running of commands under a wrapper."""

import ctypes
import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
HANG_AFTER = 5.0
MEGABYTE = 1 << 20
PR_SET_CHILD_SUBREAPER = 36
FAKE_TOKENS = [f"sk-ant-oat01-{letter * 3}-conformance-{letter * 60}" for letter in "ABC"]
UNUSED = "n/a"

ROWS = []


class Hang(Exception):
    """The command did not end, or did not get as far as it should, in time."""


class Skip(Exception):
    """The machine lacks what the row needs."""


class Wrapper:
    """A column: a name and the words put before the command."""

    def __init__(self, name, words):
        self.name = name
        self.words = words

    @classmethod
    def parse(cls, text):
        name, found, command = text.partition("=")
        if not found:
            raise ValueError(f"{text}: expected NAME=COMMAND")
        words = [cls.absolute(word) for word in shlex.split(command)]
        if words:
            words[0] = cls.locate(words[0])
        return cls(name, words)

    @staticmethod
    def absolute(word):
        return os.path.abspath(word) if "/" in word and os.path.exists(word) else word

    @staticmethod
    def locate(program):
        # Rows change PATH and the working directory: the wrapper must be found all the same.
        path = shutil.which(program)
        if path is None:
            raise ValueError(f"{program}: not found")
        return os.path.abspath(path)


class Row:
    """One behaviour: how to measure it, and which words are right."""

    def __init__(self, key, numbers, title, probe, right, limit):
        self.key = key
        self.numbers = numbers
        self.title = title
        self.probe = probe
        self.right = right
        self.limit = limit
        self.section = probe.__module__

    def is_right(self, word, direct):
        if word == UNUSED:
            return True
        if callable(self.right):
            return self.right(word, direct)
        if self.right is not None:
            return word in self.right
        return word == direct


def row(key, numbers, title, right=None, limit=60.0):
    """Register a probe; right is the list of right words, a function, or None for `as direct`."""

    def register(probe):
        ROWS.append(Row(key, numbers, title, probe, right, limit))
        return probe

    return register


class Outcome:
    """How a finished command ended."""

    def __init__(self, returncode, out=b"", err=b"", seconds=0.0):
        self.word = status_word(returncode)
        self.out = out
        self.err = err
        self.seconds = seconds


def status_word(returncode):
    return f"S{-returncode}" if returncode < 0 else str(returncode)


def wait_word(status):
    return status_word(os.waitstatus_to_exitcode(status))


class Bench:
    """What all cells share: the compiled helpers and the directories of a fake user."""

    def __init__(self, full=False, scratch=None):
        self.full = full
        self.root = Path(scratch or tempfile.mkdtemp(prefix="conformance."))
        self.root.chmod(0o755)
        self.launch = self.compile("launch")
        self.probe = self.compile("probe")
        self.home = self.make_home("home")
        self.counter = 0

    def compile(self, name):
        target = self.root / name
        compiler = os.environ.get("CC", "cc")
        subprocess.run([*shlex.split(compiler), "-O2", "-o", target, HERE / f"{name}.c"], check=True)
        return str(target)

    def make_home(self, name, owner=None):
        home = self.root / name
        config = home / "config" / "tcr"
        config.mkdir(parents=True, mode=0o700)
        keys = {"version": 1, "keys": [{"name": f"key{i}", "token": t} for i, t in enumerate(FAKE_TOKENS)]}
        write_private(config / "keys.json", json.dumps(keys))
        (home / "state").mkdir(mode=0o700)
        if owner is not None:
            for path in [home, *home.rglob("*")]:
                os.chown(path, owner, owner)
        return home

    def environment(self, home=None):
        home = home or self.home
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"),
            "LANG": "C",
        }

    def new_folder(self):
        self.counter += 1
        folder = self.root / f"cell{self.counter}"
        folder.mkdir()
        folder.chmod(0o777)
        return folder

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)


def write_private(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


class Cell:
    """One row under one wrapper."""

    def __init__(self, bench, wrapper):
        self.bench = bench
        self.full = bench.full
        self.wrapper = wrapper.words
        self.probe = bench.probe
        self.folder = bench.new_folder()
        self.env = bench.environment()
        self.notes = []

    def note(self, text):
        self.notes.append(text)

    def path(self, name):
        return str(self.folder / name)

    def read(self, name):
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return b""

    def argv(self, command, setup=(), prefix=()):
        words = [self.bench.launch, *setup, "--", *prefix, *self.wrapper, *command]
        return [word if isinstance(word, bytes) else str(word) for word in words]

    def command(self, *verb):
        """The words of a probe verb."""
        return [self.probe, *verb]

    def spawn(self, command, setup=(), prefix=(), **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("env", self.env)
        options.setdefault("cwd", self.folder)
        options.setdefault("start_new_session", True)
        return subprocess.Popen(self.argv(command, setup, prefix), **options)

    def start(self, *verb, **options):
        return self.spawn(self.command(*verb), **options)

    def finish(self, process, timeout=HANG_AFTER, data=None):
        began = time.monotonic()
        try:
            out, err = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired as late:
            self.note(f"no end after {timeout} s; stderr so far: {(late.stderr or b'')[:200]!r}")
            raise Hang from None
        return Outcome(process.returncode, out or b"", err or b"", time.monotonic() - began)

    def run(self, command, timeout=HANG_AFTER, data=None, **options):
        if data is not None:
            options["stdin"] = subprocess.PIPE
        return self.finish(self.spawn(command, **options), timeout, data)

    def run_probe(self, *verb, **options):
        return self.run(self.command(*verb), **options)

    def wait(self, process, timeout=HANG_AFTER):
        try:
            return status_word(process.wait(timeout))
        except subprocess.TimeoutExpired:
            raise Hang from None

    def wait_ready(self, name, process=None, timeout=HANG_AFTER):
        """The ids a probe reports once it is set up, or None if the wrapper ended before."""

        def look():
            return parse_ready(self.read(name)) or (process is not None and process.poll() is not None)

        until(look, timeout)
        return parse_ready(self.read(name))

    def is_exec(self):
        """Does the wrapper become the command?"""
        process = self.start("pause", self.path("is-exec"))
        ready = self.wait_ready("is-exec", process)
        process.kill()
        return ready is not None and ready.pid == process.pid


class Ready:
    def __init__(self, pid, ppid, pgrp, sid):
        self.pid = pid
        self.ppid = ppid
        self.pgrp = pgrp
        self.sid = sid


def parse_ready(text):
    for line in text.splitlines():
        if line.startswith(b"ready "):
            return Ready(*map(int, line.split()[1:5]))
    return None


def until(condition, timeout=HANG_AFTER, step=0.002):
    """Wait for a condition; its value, or Hang."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Hang
        time.sleep(step)


def holds_within(condition, timeout):
    try:
        until(condition, timeout)
        return True
    except Hang:
        return False


def process_state(pid):
    """The kernel's letter for a process, or '' when there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_gone(pid):
    return process_state(pid) in ("", "Z", "X")


def status_field(pid, name):
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return line.split(":", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None


def peak_memory(pid):
    """Peak resident KiB of the program running now: reset by exec, unlike ru_maxrss."""
    return int(status_field(pid, "VmHWM") or 0)


def send_if_alive(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def read_for(descriptor, seconds, enough=None):
    """Bytes that arrive within a time, up to end of file or `enough` of them."""
    data = bytearray()
    deadline = time.monotonic() + seconds
    while enough is None or len(data) < enough:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            break
        chunk = os.read(descriptor, 1 << 20)
        if not chunk:
            break
        data += chunk
    return bytes(data)


def next_chunk(descriptor, size=MEGABYTE, patience=HANG_AFTER):
    """What read gives, b'' at end of file; Hang after a long silence."""
    if not select.select([descriptor], [], [], patience)[0]:
        raise Hang
    return os.read(descriptor, size)


# ---- running a cell in a process of its own ----


def become_subreaper():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(root):
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as file:
                    parents[int(entry)] = int(file.read().rpartition(b")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, front = [], [root]
    while front:
        parent = front.pop()
        children = [pid for pid, ppid in parents.items() if ppid == parent]
        found += children
        front += children
    return found


def kill_descendants():
    """Nothing a cell started may outlive it: orphans come back to it, being a subreaper."""
    for _ in range(50):
        for pid in descendants(os.getpid()):
            send_if_alive(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


class Measurement:
    def __init__(self, word, seconds=0.0, notes=()):
        self.word = word
        self.seconds = seconds
        self.notes = list(notes)


def attempt(row_, bench, wrapper):
    cell = Cell(bench, wrapper)
    began = time.monotonic()
    try:
        word = row_.probe(cell)
    except Hang:
        word = "HANG"
    except Skip as reason:
        word = UNUSED
        cell.note(str(reason))
    except Exception as error:  # a broken probe is a wrong cell, not the end of the run
        word = "ERROR"
        cell.note(f"{type(error).__name__}: {error} (line {error.__traceback__.tb_next.tb_lineno})")
    return {"word": word, "seconds": time.monotonic() - began, "notes": cell.notes}


def measure(row_, bench, wrapper):
    """Measure in a forked process, so that a wrapper that hangs or strays can't touch the runner."""
    sys.stdout.flush()
    ours, theirs = socket.socketpair()
    bench.counter += 1
    pid = os.fork()
    if pid == 0:
        ours.close()
        run_forked(row_, bench, wrapper, theirs)
    theirs.close()
    result = receive(ours, row_.limit)
    ours.close()
    if result is None:
        os.kill(pid, signal.SIGKILL)
        result = {"word": "HANG", "seconds": row_.limit, "notes": ["the whole probe timed out"]}
    kill_descendants()
    return Measurement(result["word"], result["seconds"], result["notes"])


def run_forked(row_, bench, wrapper, channel):
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        become_subreaper()
        result = attempt(row_, bench, wrapper)
        channel.sendall(json.dumps(result).encode())
        channel.close()
        kill_descendants()
    finally:
        os._exit(0)


def receive(channel, limit):
    text = b""
    deadline = time.monotonic() + limit
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([channel], [], [], left)[0]:
            return None
        chunk = channel.recv(65536)
        if not chunk:
            return json.loads(text) if text else None
        text += chunk
