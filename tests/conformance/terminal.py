"""Terminal and job control: section D, and the terminal rows of sections A and C."""

import itertools
import os
import shlex
import termios
import time
import tty

from harness import Hang, holds_within, is_gone, process_state, row
from files import descriptors
from pty_job import CTRL_C, CTRL_Q, CTRL_S, CTRL_Z, Job, set_size

SETTLE = 0.4


def start(cell, *verb, **options):
    return Job(cell, cell.command(*verb), **options)


@row("ctrl-c", [11], "Ctrl-C reaches the command once", right=["1x"])
def ctrl_c(cell):
    job = start(cell, "siglog", cell.path("log"))
    if job.wait_ready("log") is None:
        return "not started"
    job.type(CTRL_C)
    job.pump(SETTLE)
    return f"{cell.read('log').split().count(b'2')}x"


@row("ctrl-c-late", [13], "command cleans up for 0.5 s after Ctrl-C and exits 3", right=["3"])
def ctrl_c_late(cell):
    job = start(cell, "cleanup", cell.path("log"), 3, 500)
    if job.wait_ready("log") is None:
        return "not started"
    job.type(CTRL_C)
    word = job.end()
    return word if b"clean" in cell.read("log") else f"{word} early"


@row("ctrl-z", [15, 53, 55], "Ctrl-Z stops both, fg resumes both, typed line read, exit 4", right=["ok"])
def ctrl_z(cell):
    job = start(cell, "typed", cell.path("ready"))
    ready = job.wait_ready("ready")
    if ready is None:
        return "not started"
    job.type(CTRL_Z)
    if not job.has_event("stopped", 1.5):
        return "not stopped"
    if not holds_within(lambda: process_state(ready.pid) == "T", 0.5):
        return "command runs on"
    if job.mode() != job.initial_mode:
        return "mode left behind"
    job.tell("fg")
    if not holds_within(lambda: process_state(ready.pid) == "S", 1.5):
        return "not resumed"
    job.type(b"x\n")
    word = job.end(3.0)
    return "ok" if word == "4" else word


@row("background", [16], "started in the background: not stopped, terminal not touched", right=["ok"])
def background(cell):
    job = Job(cell, ["/bin/sh", "-c", "sleep 0.3; echo hello; exit 6"], foreground=False)
    owner = job.foreground_group()
    word = None
    deadline = time.monotonic() + 4.0
    while word is None and time.monotonic() < deadline:
        job.pump(0.02)
        if job.foreground_group() != owner:
            return "steals tty"
        if job.event("stopped"):
            return f"stopped S{job.event('stopped')[1]}"
        word = job.event("ended") and job.event("ended")[1]
    if word is None:
        raise Hang
    job.pump(0.05)
    if word != "6":
        return word
    return "ok" if b"hello" in job.output else "output lost"


@row("foreground", [17, 18], "terminal's foreground group unchanged during and after", right=["kept"])
def foreground(cell):
    job = start(cell, "typed", cell.path("ready"))
    if job.wait_ready("ready") is None:
        return "not started"
    job.pump(0.1)
    during = job.foreground_group()
    job.type(b"x\n")
    job.end()
    if during != job.pid:
        return "changed"
    return "kept" if job.foreground_group() == job.pid else "not given back"


@row("window-size", [19], "size of 0/1/2 right at the start", right=["31x97 31x97 31x97"])
def window_size(cell):
    job = start(cell, "winlog", cell.path("sizes"), cell.path("ready"), size=(31, 97))
    if job.wait_ready("ready") is None:
        return "not started"
    return cell.read("sizes").decode().splitlines()[0]


@row("resize", [19], "10 resizes: SIGWINCH each time, new size on 0/1/2 in the handler", right=["10/10"])
def resize(cell):
    job = start(cell, "winlog", cell.path("sizes"), cell.path("ready"))
    if job.wait_ready("ready") is None:
        return "not started"
    good = 0
    for number in range(10):
        job.pump(0.03)
        set_size(job.master, 30 + number, 100 + number)
        expected = " ".join([f"{30 + number}x{100 + number}"] * 3)
        seen = lambda: cell.read("sizes").decode().splitlines()[-1] == expected
        good += holds_within(seen, 0.4)
        cell.note(cell.read("sizes").decode().splitlines()[-1])
    return f"{good}/10"


def mode_word(before, after):
    return "same" if before == after else "changed"


@row("termios-after", [53], "terminal mode unchanged during and after a run", right=["same"])
def termios_after(cell):
    job = start(cell, "typed", cell.path("ready"))
    if job.wait_ready("ready") is None:
        return "not started"
    job.pump(0.1)
    if job.mode() != job.initial_mode:
        return "changed during"
    job.type(b"x\n")
    job.end()
    return mode_word(job.initial_mode, job.mode())


@row("termios-kill-9", [53], "the same when the command is killed -9", right=["same"])
def termios_killed(cell):
    job = start(cell, "pause", cell.path("ready"))
    ready = job.wait_ready("ready")
    if ready is None:
        return "not started"
    os.kill(ready.pid, 9)
    job.end()
    return mode_word(job.initial_mode, job.mode())


@row("termios-wrapper-9", [53], "the same when the wrapper is killed -9", right=["same"])
def termios_wrapper_killed(cell):
    job = start(cell, "pause", cell.path("ready"))
    if job.wait_ready("ready") is None:
        return "not started"
    os.kill(job.pid, 9)
    job.end()
    return mode_word(job.initial_mode, job.mode())


@row("termios-command", [54], "a mode the command itself set and left stays set")
def termios_command(cell):
    job = start(cell, "raw", cell.path("ready"))
    ready = job.wait_ready("ready")
    if ready is None:
        return "not started"
    os.kill(ready.pid, 9)
    job.end()
    return "raw" if not job.mode()[tty.LFLAG] & termios.ICANON else "restored"


@row("termios-other", [54], "a mode another process sets meanwhile is not undone", right=["kept"])
def termios_other(cell):
    job = start(cell, "typed", cell.path("ready"))
    if job.wait_ready("ready") is None:
        return "not started"
    mode = job.mode()
    mode[tty.LFLAG] &= ~termios.ECHO
    termios.tcsetattr(job.master, termios.TCSANOW, mode)
    job.type(b"x\n")
    job.end()
    return "undone" if job.mode()[tty.LFLAG] & termios.ECHO else "kept"


@row("tty-bytes", [44], "bytes on the terminal as without the wrapper (CR, tab, escapes)", right=["exact"])
def tty_bytes(cell):
    job = start(cell, "say", "a\nb\tc\r\nd\x1b[1mbold\x1b[0m\n", "error\n")
    word = job.end()
    job.pump(0.2)
    cell.note(repr(job.output))
    if word != "0":
        return word
    # Only the order within a stream is promised.
    parts = job.output.partition(b"error\r\n")
    exact = parts[0] + parts[2] == b"a\r\nb\tc\r\r\nd\x1b[1mbold\x1b[0m\r\n"
    return "exact" if exact and parts[1] else "altered"


@row("tty-late", [48], "20 KB just before exit, 20 runs: all of it on the terminal", right=["all"])
def tty_late(cell):
    (cell.folder / "text").write_bytes(b"".join(b"%06d\n" % number for number in range(2800)))
    for number in range(20):
        job = start(cell, "cat", cell.path("text"))
        word = job.end()
        job.pump(0.02)
        lines = job.output.split()
        if word != "0" or lines != [b"%06d" % n for n in range(2800)]:
            return f"run {number + 1}: {len(lines)} lines rc={word}"
        job.hang_up()
    return "all"


@row("isatty", [50], "isatty of 0/1/2 in all 8 mixtures of terminal and pipe", right=["ok"])
def isatty(cell):
    wrong = []
    for mixture in map("".join, itertools.product("tn", repeat=3)):
        name = "state-" + mixture
        word = start(cell, "state", cell.path(name), streams=mixture).end()
        if word != "0":
            return f"{mixture}: {word}"
        found = descriptors(cell, name)
        for number, kind in enumerate(mixture):
            if found[number].is_tty != (kind == "t"):
                wrong.append(f"{mixture}:{number}")
    cell.note(" ".join(wrong))
    return "ok" if not wrong else f"{len(wrong)} wrong"


@row("dev-tty", [18, 52], "/dev/tty opens in the command", right=["opens"])
def dev_tty(cell):
    word = start(cell, "state", cell.path("state")).end()
    if word != "0":
        return word
    return "opens" if b"\ndevtty 1\n" in cell.read("state") else "lost"


@row("hang-up", [41], "terminal goes away: wrapper and command end < 1 s", right=["ended"])
def hang_up(cell):
    job = start(cell, "typed", cell.path("ready"))
    ready = job.wait_ready("ready")
    if ready is None:
        return "not started"
    job.hang_up()
    if not holds_within(lambda: is_gone(job.pid), 1.0):
        return "HANG"
    return "ended" if holds_within(lambda: is_gone(ready.pid), 1.0) else "orphan"


@row("hang-up-writer", [41], "the same for a command that writes and ignores HUP", right=["ended"])
def hang_up_writer(cell):
    script = f"trap '' HUP; echo ready $$ 0 0 0 > {cell.path('ready')}; while echo busy; do sleep 0.01; done; exit 3"
    job = Job(cell, ["/bin/sh", "-c", script])
    ready = job.wait_ready("ready")
    if ready is None:
        return "not started"
    job.hang_up()
    if not holds_within(lambda: is_gone(job.pid), 1.5):
        return "HANG"
    return "ended" if holds_within(lambda: is_gone(ready.pid), 1.0) else "orphan"


@row("ctrl-s", [56], "^S, then the command exits: wrapper ends < 1 s", right=["4"])
def ctrl_s(cell):
    script = f"trap 'exit 4' TERM; echo shown; echo ready $$ 0 0 0 > {cell.path('ready')}; while :; do sleep 0.02; done"
    job = Job(cell, ["/bin/sh", "-c", script])
    ready = job.wait_ready("ready")
    if ready is None:
        return "not started"
    job.pump(0.2)
    job.type(CTRL_S)
    job.pump(0.1)
    os.kill(ready.pid, 15)
    ended = job.has_event("ended", 1.0)
    job.type(CTRL_Q)
    return ended[1] if ended else "HANG"


@row("nested", [17], "wrapper in wrapper: Ctrl-C once, exit 3, terminal kept", right=["3"])
def nested(cell):
    # Within a script, so that the outer wrapper does not take the inner one's options for the command's.
    inner = [*cell.wrapper, *cell.command("cleanup", cell.path("log"), "3", "200")]
    job = Job(cell, ["/bin/sh", "-c", "exec " + shlex.join(inner)])
    if job.wait_ready("log") is None:
        return "not started"
    job.type(CTRL_C)
    word = job.end()
    if job.mode() != job.initial_mode or job.foreground_group() != job.pid:
        return f"{word} tty changed"
    count = cell.read("log").split().count(b"2")
    return word if count == 1 else f"{word} {count}x"


@row("no-terminal", [16], "no controlling terminal at all: runs", right=["6"])
def no_terminal(cell):
    return cell.run(["/bin/sh", "-c", "exit 6"], start_new_session=True).word
