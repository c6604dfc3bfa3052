"""A job on a pseudo-terminal of its own, under a small job-control shell."""

import fcntl
import os
import pty
import select
import signal
import socket
import struct
import termios
import time

from harness import HANG_AFTER, Hang, parse_ready, wait_word

CTRL_C, CTRL_Z, CTRL_S, CTRL_Q = b"\x03", b"\x1a", b"\x13", b"\x11"


def set_size(descriptor, rows, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Job:
    """
    The command runs in a process group of its own; its parent leads the session, gives the job the terminal, sees it
    stop and brings it back, as an interactive shell does. `streams` says of 0, 1 and 2 whether each is the (t)erminal
    or (n)ot.
    """

    def __init__(self, cell, command, foreground=True, streams="ttt", size=(24, 80)):
        self.cell = cell
        self.output = b""
        self.events = []
        self.master, slave = pty.openpty()
        set_size(self.master, *size)
        self.initial_mode = termios.tcgetattr(self.master)
        self.channel, theirs = socket.socketpair()
        # The read ends stay here: a pipe without a reader would be SIGPIPE at the first byte.
        self.pipes = [os.pipe() for _ in range(2)]
        others = [os.open(os.devnull, os.O_RDONLY), *(pipe[1] for pipe in self.pipes)]
        self.leader = os.fork()
        if self.leader == 0:
            os.close(self.master)
            self.channel.close()
            chosen = [slave if kind == "t" else others[i] for i, kind in enumerate(streams)]
            try:
                lead(slave, theirs, cell.argv(command), cell, foreground, chosen)
            finally:
                os._exit(70)  # an error here must not go on as a second runner
        os.close(slave)
        theirs.close()
        self.pid = int(self.wait_event("started")[1])

    def pump(self, seconds):
        """Take in output and events for a while."""
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            ready = select.select([self.master, self.channel], [], [], left)[0]
            if self.master in ready:
                self.take_output()
            if self.channel in ready:
                self.take_events()
            if not ready or left == 0.0:
                return

    def take_output(self):
        try:
            self.output += os.read(self.master, 65536)
        except OSError:
            time.sleep(0.005)  # EIO: nobody has the terminal open

    def take_events(self):
        text = self.channel.recv(4096)
        if not text:
            time.sleep(0.005)
        self.events += [line.split() for line in text.decode().splitlines()]

    def until(self, condition, timeout=HANG_AFTER):
        deadline = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Hang
            self.pump(0.005)

    def event(self, kind):
        for event in self.events:
            if event[0] == kind:
                return event
        return None

    def wait_event(self, kind, timeout=HANG_AFTER):
        return self.until(lambda: self.event(kind), timeout)

    def has_event(self, kind, timeout):
        try:
            return self.wait_event(kind, timeout)
        except Hang:
            return None

    def wait_ready(self, name):
        """The ids the command reports once it is set up, or None if the job ended before."""
        self.until(lambda: parse_ready(self.cell.read(name)) or self.event("ended"))
        return parse_ready(self.cell.read(name))

    def end(self, timeout=HANG_AFTER):
        """The status word the shell saw."""
        return self.wait_event("ended", timeout)[1]

    def type(self, text):
        os.write(self.master, text)

    def tell(self, command):
        self.channel.sendall(command.encode() + b"\n")

    def foreground_group(self):
        return os.tcgetpgrp(self.master)

    def mode(self):
        return termios.tcgetattr(self.master)

    def hang_up(self):
        os.close(self.master)


def lead(slave, channel, argv, cell, foreground, streams):
    """The shell."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        if foreground:
            os.tcsetpgrp(slave, os.getpid())
        begin_job(argv, cell, streams)
    try:
        os.setpgid(job, job)
    except PermissionError:
        pass  # it has already exec'ed, having done so itself
    channel.sendall(f"started {job}\n".encode())
    watch(slave, channel, job)


def begin_job(argv, cell, streams):
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20) for descriptor in streams]
    for number, descriptor in enumerate(moved):
        os.dup2(descriptor, number)
    os.chdir(cell.folder)
    os.execve(argv[0], argv, cell.env)


def watch(slave, channel, job):
    group = os.getpgrp()
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        if os.tcgetpgrp(slave) == job:
            os.tcsetpgrp(slave, group)
        channel.sendall(f"stopped {os.WSTOPSIG(status)}\n".encode())
        if channel.recv(64).strip() == b"fg":
            os.tcsetpgrp(slave, job)
        os.killpg(job, signal.SIGCONT)
    channel.sendall(f"ended {wait_word(status)}\n".encode())
    # The session outlives the job, so that the runner can still look at the terminal.
    channel.recv(64)
