"""Descriptors and their flags: the inheritance half of section C."""

import fcntl
import itertools
import os
import pty
import signal
import stat
import subprocess
import time

from harness import read_for, row, send_if_alive

REGULAR = stat.S_IFREG


class Descriptor:
    """A `fd` line of the probe's report."""

    def __init__(self, words):
        self.number = int(words[0])
        self.is_closed = words[1] == "closed"
        self.kind = 0 if self.is_closed else int(words[1], 8)
        self.flags = 0 if self.is_closed else int(words[2], 8)
        self.is_tty = not self.is_closed and words[3] == "1"
        self.target = "" if self.is_closed else " ".join(words[4:])


def descriptors(cell, name="state"):
    lines = cell.read(name).decode(errors="replace").splitlines()
    found = [Descriptor(line.split()[1:]) for line in lines if line.startswith("fd ")]
    return {descriptor.number: descriptor for descriptor in found}


@row("fds-leaked", [31], "no descriptor more than without the wrapper", right=["none"])
def leaked(cell):
    if cell.run_probe("state", cell.path("state")).word != "0":
        return "not started"
    extra = [fd for fd in descriptors(cell).values() if fd.number > 2]
    for fd in extra:
        cell.note(f"{fd.number}: {fd.target}")
    return "none" if not extra else f"{len(extra)} leaked"


@row("fds-inherited", [32], "descriptors 3, 9 and 40 reach the command, usable", right=["3,9,40"])
def inherited(cell):
    read_ends = {}
    moved = []
    for number in (3, 9, 40):
        read_end, write_end = os.pipe()
        read_ends[number] = fcntl.fcntl(read_end, fcntl.F_DUPFD_CLOEXEC, 100)
        moved.append((number, fcntl.fcntl(write_end, fcntl.F_DUPFD_CLOEXEC, 100)))
        os.close(read_end)
        os.close(write_end)
    # The numbers may be in use here: another process puts them in place.
    script = "".join(f"{number}>&{source} " for number, source in moved)
    names = " ".join(str(number) for number, _ in moved)
    inner = f"for fd in {names}; do eval \"echo $fd >&$fd\"; done"
    words = [cell.bench.launch, "--", "/bin/bash", "-c", f'exec "$@" {script}', "bash", *cell.wrapper]
    process = subprocess.Popen([*words, "/bin/bash", "-c", inner], pass_fds=[source for _, source in moved],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=cell.env, cwd=cell.folder)
    for _, source in moved:
        os.close(source)
    cell.wait(process)
    arrived = [str(number) for number, end in read_ends.items() if read_for(end, 0.5) == b"%d\n" % number]
    return ",".join(arrived) or "none"


@row("fd-held", [34], "an inherited pipe ends with the command, though the wrapper waits", right=["ok"])
def held(cell):
    read_end, write_end = os.pipe()
    process = cell.start("descend", 25, 60, cell.path("ready"), pass_fds=[write_end])
    os.close(write_end)
    if cell.wait_ready("ready", process) is None:
        return "not started"
    began = time.monotonic()
    read_for(read_end, 3.0)
    seconds = time.monotonic() - began
    return "ok" if seconds < 0.5 else f"{seconds:.1f} s"


@row("listen-pid", [33], "LISTEN_PID that named the wrapper names the command", right=["ok"])
def listen_pid(cell):
    environment = {**cell.env, "LISTEN_FDS": "1"}
    outcome = cell.run(["/bin/sh", "-c", 'echo "$LISTEN_PID $$ $LISTEN_FDS"'], setup=["-l"], env=environment)
    words = outcome.out.split()
    if len(words) != 3 or words[2] != b"1":
        return "lost"
    return "ok" if words[0] == words[1] else "stale"


@row("listen-pid-other", [33], "LISTEN_PID of another process stays", right=["kept"])
def listen_pid_other(cell):
    environment = {**cell.env, "LISTEN_FDS": "1", "LISTEN_PID": "1"}
    outcome = cell.run(["/bin/sh", "-c", 'echo "$LISTEN_PID"'], env=environment)
    return "kept" if outcome.out == b"1\n" else "changed"


@row("closed-fds", [35], "0, 1, 2 closed in all 7 ways: status 7, closed or /dev/null in the command", right=["ok"])
def closed(cell):
    wrong = []
    for size in (1, 2, 3):
        for chosen in itertools.combinations((0, 1, 2), size):
            problem = closed_case(cell, chosen)
            if problem:
                wrong.append("".join(map(str, chosen)))
                cell.note(f"closed {chosen}: {problem}")
    return "ok" if not wrong else "wrong " + ",".join(wrong)


def closed_case(cell, chosen):
    name = "state" + "".join(map(str, chosen))
    script = f'{cell.probe} state {cell.path(name)} || exit 1; echo out 2>&-; echo err >&2; exit 7'
    setup = ["-c", ",".join(map(str, chosen))]
    outcome = cell.run(["/bin/sh", "-c", f"{{ {script}; }}"], setup=setup, timeout=3)
    if outcome.word != "7":
        return f"status {outcome.word}"
    for number, fd in descriptors(cell, name).items():
        if number in chosen and not (fd.is_closed or fd.target == "/dev/null"):
            return f"{number} is {fd.target}"
    expected_out = b"" if 1 in chosen else b"out\n"
    if outcome.out != expected_out:
        return f"stdout {outcome.out[:40]!r}"
    # The shell itself complains of a closed stdout where stderr is open.
    if 2 not in chosen and not outcome.err.endswith(b"err\n"):
        return f"stderr {outcome.err[:40]!r}"
    return None


@row("file-kind", [51], "regular file as stdout: a regular file in the command, flags kept")
def file_kind(cell):
    words = []
    for mode in ("wb", "ab"):
        with open(cell.path("out"), mode) as file:
            if cell.run_probe("state", cell.path("state"), stdout=file).word != "0":
                return "not started"
        fd = descriptors(cell)[1]
        kind = "file" if fd.kind == REGULAR else "tty" if fd.is_tty else "other"
        words.append(kind + ("+append" if fd.flags & os.O_APPEND else ""))
    return "/".join(words)


@row("file-seek", [51], "> file: a program that goes back to write its header")
def file_seek(cell):
    with open(cell.path("out"), "wb") as file:
        word = cell.run_probe("header", stdout=file).word
    return word if word != "0" else cell.read("out").decode()


@row("file-shared", [36, 51], "two writers on one >> file: nothing overwritten", right=["ok"])
def file_shared(cell):
    path = cell.folder / "log"
    with open(path, "ab") as file:
        process = cell.spawn(["/bin/sh", "-c", "for i in 1 2 3 4 5; do echo from the command; sleep 0.03; done"],
                             stdout=file)
        for _ in range(5):
            os.write(file.fileno(), b"from beside\n")
            time.sleep(0.03)
        cell.finish(process)
    lines = sorted(path.read_bytes().splitlines())
    return "ok" if lines == [b"from beside"] * 5 + [b"from the command"] * 5 else f"{len(lines)} of 10 lines"


def flag_word(cell, descriptor_sets, kill):
    """Status flags of the shared descriptions before, during and after a run."""
    for name, three in descriptor_sets:
        before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in three]
        ready = f"ready-{name}"
        process = cell.start("pause", cell.path(ready), stdin=three[0], stdout=three[1], stderr=three[2])
        if cell.wait_ready(ready, process) is None:
            return "not started"
        during = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in three]
        send_if_alive(process.pid, kill)
        cell.wait(process)
        after = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in three]
        for when, flags in (("during", during), ("after", after)):
            if flags != before:
                cell.note(f"{name} {when}: {[oct(b ^ a) for b, a in zip(before, flags)]} differ")
                return f"{name} {when}"
    return "same"


def descriptor_sets(cell):
    read_end, write_end = os.pipe()
    other_read, other_write = os.pipe()
    os.set_blocking(other_write, False)
    _master, slave = pty.openpty()
    plain = os.open(cell.path("plain"), os.O_WRONLY | os.O_CREAT, 0o600)
    append = os.open(cell.path("append"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return [
        ("pipes", [read_end, write_end, write_end]),
        ("nonblocking", [other_read, other_write, other_write]),
        ("tty", [slave, slave, slave]),
        ("file", [read_end, plain, plain]),
        ("append", [read_end, append, append]),
    ]


@row("flags", [36], "O_NONBLOCK and O_APPEND of 0/1/2 unchanged during and after", right=["same"])
def flags(cell):
    return flag_word(cell, descriptor_sets(cell), signal.SIGTERM)


@row("flags-kill-9", [36], "the same when the wrapper is killed -9", right=["same"])
def flags_killed(cell):
    return flag_word(cell, descriptor_sets(cell), signal.SIGKILL)
