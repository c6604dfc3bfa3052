"""Signals: section A, and the interrupted-call rows of section C."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import time

from harness import (
    Skip, descendants, holds_within, is_gone, next_chunk, process_state, row, send_if_alive, status_field, status_word,
)

# SIGILL, TRAP, ABRT, BUS, FPE, SEGV and SYS say that the process itself is broken: they are not passed on.
PLAIN = [1, 2, 3, 10, 12, 13, 14, 15, 16, 24, 25, 26, 27, 29, 30]
REAL_TIME = list(range(34, 65))
FAULTS = [signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS]
SETTLE = 0.15


def name_of(number):
    if number >= 34:
        return f"RT{number}"
    return signal.Signals(number).name[3:]


def logged(cell, name="log"):
    return [int(word) for word in cell.read(name).split(b"\n") if word.isdigit()]


class Listener:
    """A wrapper with a command that logs each signal it gets."""

    count = 0

    def __init__(self, cell, **options):
        Listener.count += 1
        self.cell = cell
        self.name = f"log{Listener.count}"
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        self.process = cell.start("siglog", cell.path(self.name), **options)
        self.ready = cell.wait_ready(self.name, self.process)

    def received(self):
        return logged(self.cell, self.name)

    def is_same_process(self):
        return self.ready is not None and self.ready.pid == self.process.pid

    def gets(self, number, times=1, timeout=0.4):
        """Send a signal to the wrapper and see whether it arrives, as long as the wrapper lives."""
        before = self.received().count(number)
        send_if_alive(self.process.pid, number)
        arrived = lambda: self.received().count(number) >= before + times
        holds_within(lambda: arrived() or self.process.poll() is not None, timeout)
        return arrived()


def summary(lost, doubled, total):
    if not lost and not doubled:
        return "1x"
    if len(lost) == total:
        return "0x"
    if len(doubled) == total:
        return "2x"
    shown = [("lost", lost), ("2x", doubled)]
    return " ".join(f"{word} {shorten(numbers)}" for word, numbers in shown if numbers)


def shorten(numbers):
    names = ",".join(name_of(number) for number in numbers[:3])
    return names if len(numbers) <= 3 else f"{names}+{len(numbers) - 3}"


def forwarded(cell, numbers, afresh):
    lost, counts = [], {}
    listener = Listener(cell)
    for number in numbers:
        if listener.ready is None:
            return "not started"
        if not listener.gets(number):
            lost.append(number)
        if afresh or listener.process.poll() is not None:
            listener = Listener(cell)
    time.sleep(SETTLE)
    for index in range(1, Listener.count + 1):
        for number in logged(cell, f"log{index}"):
            counts[number] = counts.get(number, 0) + 1
    doubled = [number for number in numbers if counts.get(number, 0) > 1]
    cell.note(f"lost {lost}, more than once {doubled}")
    return summary(lost, doubled, len(numbers))


@row("forward", [1], "each terminating signal reaches the command once", right=["1x"])
def forward(cell):
    return forwarded(cell, PLAIN, afresh=True)


@row("forward-rt", [1], "real-time signals 34..64 too", right=["1x"])
def forward_real_time(cell):
    return forwarded(cell, REAL_TIME, afresh=False)


@row("no-escalation", [23], "three TERM and INT: nothing but these arrive", right=["15,2,15"])
def no_escalation(cell):
    listener = Listener(cell)
    if listener.ready is None:
        return "not started"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        listener.gets(number, timeout=1.0)
    time.sleep(SETTLE)
    if is_gone(listener.ready.pid):
        return "killed"
    return ",".join(map(str, listener.received())) or "none"


@row("ignored-kept", [2, 10], "signals ignored at start: ignored in the command, no others", limit=30)
def ignored_kept(cell):
    generator = random.Random(2)
    candidates = [*PLAIN, 17, 20, 21, 22, 23, 28]
    wrong = set()
    for size in (0, 1, 4, 8, len(candidates)):
        chosen = generator.sample(candidates, size)
        setup = ["-i", ",".join(map(str, chosen))] if chosen else []
        word = cell.run_probe("state", cell.path("state"), setup=setup).word
        if word != "0":
            return word
        mask = int(state_field(cell, "SigIgn"), 16)
        wrong |= {number for number in range(1, 32) if bool(mask >> (number - 1) & 1) != (number in chosen)}
    return "ok" if not wrong else "differs " + shorten(sorted(wrong))


def state_field(cell, name):
    for line in cell.read("state").decode().splitlines():
        if line.startswith(name + ":"):
            return line.split()[1]
    return "0"


@row("ignored-quiet", [2], "HUP, INT, TERM ignored at start: not caught, not forwarded", right=["quiet", "same pid"])
def ignored_quiet(cell):
    numbers = [signal.SIGHUP, signal.SIGINT, signal.SIGTERM]
    listener = Listener(cell, setup=["-i", ",".join(str(int(number)) for number in numbers)])
    if listener.ready is None:
        return "not started"
    if listener.is_same_process():
        return "same pid"
    for number in numbers:
        send_if_alive(listener.process.pid, number)
    time.sleep(SETTLE)
    if listener.process.poll() is not None:
        return status_word(listener.process.returncode)
    received = listener.received()
    return "quiet" if not received else "forwarded " + shorten(received)


@row("mask-kept", [3], "signal mask kept in the command, and the wrapper works under it", limit=30)
def mask_kept(cell):
    generator = random.Random(3)
    candidates = [*PLAIN, 17, 18, 20, 21, 22, 28, 34, 40, 64]
    wrong = set()
    for size in (0, 1, 5, 9, len(candidates)):
        chosen = generator.sample(candidates, size)
        setup = ["-b", ",".join(map(str, chosen))] if chosen else []
        word = cell.run_probe("state", cell.path("state"), setup=setup).word
        if word != "0":
            return word
        mask = int(state_field(cell, "SigBlk"), 16)
        wrong |= {number for number in range(1, 65) if bool(mask >> (number - 1) & 1) != (number in chosen)}
    return "ok" if not wrong else "differs " + shorten(sorted(wrong))


@row("start-flood", [4], "100 TERM while it starts, from 30 moments on: S15, no orphan", right=["S15"])
def start_flood(cell):
    for attempt in range(30):
        process = cell.start("pause", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        pause = 0.00002 + attempt * 0.000005
        # Up to 29 ms after the start, closest where a wrapper in C takes its signals over.
        spin(attempt * attempt * 0.000035)
        for _ in range(100):
            send_if_alive(process.pid, signal.SIGTERM)
            spin(pause)
        word = cell.wait(process, 3.0)
        if word != "S15":
            return word
        if not holds_within(lambda: all(is_gone(pid) for pid in descendants(os.getpid())), 1.0):
            return "orphan"
    return "S15"


def spin(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@row("idle", [7], "wake-ups of the idle wrapper in 1 s", right=["0"])
def idle(cell):
    return wake_ups(cell, subprocess.PIPE)


@row("idle-file", [7], "the same with stdout a file", right=["0"])
def idle_file(cell):
    with open(cell.path("out"), "wb") as file:
        return wake_ups(cell, file)


def wake_ups(cell, stdout):
    process = cell.start("pause", cell.path("log"), stdout=stdout)
    if cell.wait_ready("log", process) is None:
        return "not started"
    time.sleep(0.8)
    before = switches(process.pid)
    time.sleep(1.0)
    return str(switches(process.pid) - before)


def switches(pid):
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        total += int(status_field(f"{pid}/task/{thread}", "voluntary_ctxt_switches"))
    return total


@row("child-noticed", [7], "exit noticed at once: 200 runs, none over 1 s", right=["ok"], limit=240)
def child_noticed(cell):
    worst = max(cell.run_probe("exit", 0).seconds for _ in range(2000 if cell.full else 200))
    cell.note(f"slowest run {worst * 1000:.0f} ms")
    return "ok" if worst < 1.0 else f"{worst:.1f} s"


@row("coalesced", [8], "another child dies at the same moment, 20 times: exit 5", right=["5"])
def coalesced(cell):
    words = {cell.run(["/bin/sh", "-c", "sleep 0.04; exit 5"], setup=["-k", f"{36 + i}:9"]).word for i in range(20)}
    return "/".join(sorted(words))


@row("other-child", [9], "children from before (exec w): own command's exit 5", right=["5"])
def other_child(cell):
    return cell.run(["/bin/sh", "-c", "sleep 0.5; exit 5"], setup=["-k", "100:9"]).word


@row("sigchld-ignored", [10], "SIGCHLD ignored by the parent: exit 7 seen", right=["7"])
def sigchld_ignored(cell):
    return cell.run_probe("exit", 7, setup=["-i", int(signal.SIGCHLD)]).word


@row("sigchld-blocked", [3, 7], "SIGCHLD blocked by the parent: exit 7 seen", right=["7"])
def sigchld_blocked(cell):
    return cell.run_probe("exit", 7, setup=["-b", int(signal.SIGCHLD)]).word


@row("sigpipe-default", [20, 21], "SIGPIPE default at start: default in the command", right=["default"])
def sigpipe_default(cell):
    return sigpipe_disposition(cell, [])


@row("sigpipe-ignored", [20, 21], "SIGPIPE ignored at start: ignored in the command", right=["ignored"])
def sigpipe_ignored(cell):
    return sigpipe_disposition(cell, ["-i", int(signal.SIGPIPE)])


def sigpipe_disposition(cell, setup):
    outcome = cell.run_probe("state", cell.path("state"), setup=setup)
    if outcome.word != "0":
        return outcome.word
    mask = int(state_field(cell, "SigIgn"), 16)
    return "ignored" if mask >> (signal.SIGPIPE - 1) & 1 else "default"


@row("quiet-signals", [14], "CHLD, URG, WINCH to the wrapper: not forwarded", right=["none", "same pid"])
def quiet_signals(cell):
    listener = Listener(cell)
    if listener.ready is None:
        return "not started"
    if listener.is_same_process():
        return "same pid"
    for number in (signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH):
        send_if_alive(listener.process.pid, number)
    time.sleep(SETTLE)
    if listener.process.poll() is not None:
        return status_word(listener.process.returncode)
    received = listener.received()
    return "none" if not received else shorten(received)


@row("faults", [14], "fault signals sent to the wrapper end it, and the command", right=["S11 S7 S8 S4 S6 S5 S31"])
def faults(cell):
    words = []
    for index, number in enumerate(FAULTS):
        process = cell.start("pause", cell.path(f"log{index}"), stdout=subprocess.DEVNULL)
        ready = cell.wait_ready(f"log{index}", process)
        if ready is None:
            return "not started"
        process.send_signal(number)
        word = cell.wait(process)
        gone = holds_within(lambda: is_gone(ready.pid), 1.0)
        words.append(word if gone else f"{word} orphan")
    return words[0] if "orphan" in words[0] else " ".join(words)


@row("group-int", [12], "INT to the whole group from outside (2x: known limit)", right=["1x", "2x"])
def group_int(cell):
    listener = Listener(cell)
    if listener.ready is None:
        return "not started"
    if listener.ready.pgrp != listener.process.pid:
        return "other group"
    os.killpg(listener.process.pid, signal.SIGINT)
    time.sleep(SETTLE + 0.1)
    return f"{listener.received().count(2)}x"


@row("stop-cont", [15], "STOP and CONT to the group: both stop, both run on", right=["ok"])
def stop_continue(cell):
    process = cell.start("pause", cell.path("log"))
    ready = cell.wait_ready("log", process)
    if ready is None:
        return "not started"
    pids = {process.pid, ready.pid}
    # SIGTSTP would be dropped: a group without a parent in its session is orphaned.
    os.killpg(process.pid, signal.SIGSTOP)
    if not holds_within(lambda: all(process_state(pid) == "T" for pid in pids), 1.0):
        return "not stopped"
    os.killpg(process.pid, signal.SIGCONT)
    runs = holds_within(lambda: all(process_state(pid) == "S" for pid in pids), 1.0)
    return "ok" if runs else "stays stopped"


@row("group-session", [18], "command stays in the caller's group and session", right=["same"])
def group_session(cell):
    process = cell.start("pause", cell.path("log"), start_new_session=False)
    ready = cell.wait_ready("log", process)
    if ready is None:
        return "not started"
    if ready.sid != os.getsid(0):
        return "own session"
    return "same" if ready.pgrp == os.getpgrp() else "own group"


@row("storm", [22, 39], "signal storm during 16 MB: exact, exit 0", right=["exact"], limit=120)
def storm(cell):
    data = os.urandom(1 << 16) * 256
    (cell.folder / "data").write_bytes(data)
    process = cell.start("cat", cell.path("data"), stderr=subprocess.DEVNULL)
    received = hashlib.sha256()
    # The command catches the signal by the time its first bytes arrive.
    while chunk := next_chunk(process.stdout.fileno(), 8192):
        received.update(chunk)
        send_if_alive(process.pid, signal.SIGUSR1)
    word = cell.wait(process)
    if word != "0":
        return word
    return "exact" if received.digest() == hashlib.sha256(data).digest() else "damaged"


@row("eintr", [38, 39], "every second write of the wrapper fails with EINTR: exact", right=["exact"])
def interrupted_writes(cell):
    return injected(cell, "EINTR")


@row("eagain", [37], "every second write of the wrapper fails with EAGAIN: exact", right=["exact"])
def refused_writes(cell):
    return injected(cell, "EAGAIN")


def injected(cell, error):
    if shutil.which("strace") is None:
        raise Skip("no strace")
    if cell.is_exec():
        raise Skip("the wrapper becomes the command")
    data = os.urandom(1 << 20)
    (cell.folder / "data").write_bytes(data)
    calls = "write,writev,splice,tee,sendfile"
    # Without -f the command itself is left alone; so are threads of the wrapper.
    tracer = ["strace", "-o", cell.path("trace"), "-e", f"trace={calls}"]
    tracer += ["-e", f"inject={calls}:error={error}:when=1+2"]
    outcome = cell.run_probe("cat", cell.path("data"), prefix=tracer, timeout=20)
    if outcome.out == data and outcome.word == "0":
        return "exact"
    return f"{len(outcome.out) * 100 // len(data)} % rc={outcome.word}"
