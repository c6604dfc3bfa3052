#!/usr/bin/env python3
"""keys-pty.py [--stdin FILE] STEP... -- COMMAND...: a person at a terminal.

The command runs in the foreground of a session of its own, as a shell would start it, and the steps are taken in order:
  see:TEXT     wait until this was shown          type:TEXT   type it (\\n is Enter, \\x03 Ctrl-C, \\x1a Ctrl-Z, \\x04 Ctrl-D)
  kill:NAME    send that signal to the command    stopped     wait until it is stopped
  run:COMMAND  run a shell command elsewhere meanwhile; $PID is the command's
  continue     bring it to the foreground again   echo:on|off the terminal's echo must be so now
What the terminal showed goes to stdout. At the end the echo must be on. The exit status is the command's, 128+N for a signal;
99 if a step failed.
"""
import fcntl, os, pty, select, signal, subprocess, sys, termios, time

PATIENCE = 15


def fail(text):
    sys.stderr.write(f"keys-pty: {text}\n")
    os._exit(99)


def lead_session(slave, command, stdin, reports, orders):
    """The shell's part: starts the command as a job, and tells what becomes of it."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(slave, os.getpgid(0))
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        source = os.open(stdin, os.O_RDONLY) if stdin else slave
        for number, stream in enumerate((source, slave, slave)):
            os.dup2(stream, number)
        os.closerange(3, 64)
        os.execvp(command[0], command)
    os.write(reports, f"pid {pid}\n".encode())
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.tcsetpgrp(slave, os.getpgid(0))
            os.write(reports, b"stopped\n")
            if not os.read(orders, 1):
                os._exit(1)
            os.tcsetpgrp(slave, pid)
            os.killpg(pid, signal.SIGCONT)
            continue
        code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        os.write(reports, f"ended {code}\n".encode())
        os.read(orders, 1)
        os._exit(0)


class Terminal:
    def __init__(self, command, stdin):
        self.master, self.slave = pty.openpty()
        self.reports, reports = os.pipe()
        orders, self.orders = os.pipe()
        self.shown, self.told, self.seen = b"", b"", 0
        if os.fork() == 0:
            os.close(self.master)
            lead_session(self.slave, command, stdin, reports, orders)
        os.close(reports)
        self.pid = int(self.wait_report("pid "))

    def pump(self, seconds):
        ready, _, _ = select.select([self.master, self.reports], [], [], seconds)
        if self.master in ready:
            try:
                self.shown += os.read(self.master, 65536)
            except OSError:
                pass
        if self.reports in ready:
            self.told += os.read(self.reports, 4096)

    def until(self, what, check):
        end = time.monotonic() + PATIENCE
        while True:
            found = check()
            if found is not None:
                return found
            if time.monotonic() > end:
                sys.stdout.buffer.write(self.shown)
                fail(f"waited in vain: {what}")
            self.pump(0.1)

    def wait_report(self, word):
        def check():
            for line in self.told.decode().splitlines():
                if line.startswith(word.strip()):
                    self.told = self.told.replace(line.encode() + b"\n", b"", 1)
                    return line[len(word):]
            return None
        return self.until(word, check)

    def see(self, text):
        def check():
            at = self.shown.find(text.encode(), self.seen)
            return None if at < 0 else at + len(text.encode())
        self.seen = self.until(f"see {text}", check)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def take(self, step):
        word, _, rest = step.partition(":")
        text = rest.encode().decode("unicode_escape")
        if word == "see":
            self.see(text)
        elif word == "type":
            os.write(self.master, text.replace("\n", "\r").encode("latin-1"))
        elif word == "kill":
            os.kill(self.pid, getattr(signal, "SIG" + rest))
        elif word == "stopped":
            self.wait_report("stopped")
        elif word == "continue":
            os.write(self.orders, b"c")
        elif word == "run":
            if subprocess.run(["sh", "-c", rest], stdin=subprocess.DEVNULL, env=os.environ | {"PID": str(self.pid)}).returncode != 0:
                fail(f"failed: {rest}")
        elif word == "echo":
            self.until(step, lambda: True if self.echoes() == (rest == "on") else None)
        else:
            fail(f"no such step: {step}")


def main():
    arguments = sys.argv[1:]
    stdin = None
    if arguments[0] == "--stdin":
        stdin, arguments = arguments[1], arguments[2:]
    split = arguments.index("--")
    terminal = Terminal(arguments[split + 1:], stdin)
    for step in arguments[:split]:
        terminal.take(step)
    code = int(terminal.wait_report("ended "))
    terminal.pump(0.1)
    sys.stdout.buffer.write(terminal.shown)
    sys.stdout.flush()
    if not terminal.echoes():
        fail("the echo is off at the end")
    os._exit(code)


main()
