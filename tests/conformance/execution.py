"""Exit status, exec and the process tree: sections B, E and the exec half of F."""

import os
import re
import shutil
import signal
import subprocess
import time

from harness import HANG_AFTER, Skip, descendants, holds_within, is_gone, row, send_if_alive, until

ALL_CODES = "0..255"
KILLERS = [signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGSEGV, signal.SIGKILL]
NOBODY = 65534


@row("exit-codes", [24], "exit codes 0..255", right=[ALL_CODES], limit=120)
def exit_codes(cell):
    for code in range(256):
        word = cell.run_probe("exit", code).word
        if word != str(code):
            return f"{code}->{word}"
    return ALL_CODES


@row("killed-by", [25], "killed by TERM INT PIPE SEGV KILL: dies by the same", right=["S"])
def killed_by(cell):
    words = [cell.run_probe("kill", int(number)).word for number in KILLERS]
    shapes = {
        "S": [f"S{int(n)}" for n in KILLERS],
        "128+n": [str(128 + n) for n in KILLERS],
        "256-n": [str(256 - n) for n in KILLERS],
    }
    for name, expected in shapes.items():
        if words == expected:
            return name
    return "/".join(words)


@row("core-once", [25], "only the command dumps core, and it may", right=["command's"])
def core_once(cell):
    pattern = open("/proc/sys/kernel/core_pattern").read().strip()
    if pattern.startswith(("|", "/")):
        raise Skip(f"core_pattern is {pattern}")
    process = cell.start("kill", int(signal.SIGABRT), setup=["-C"], stdout=subprocess.DEVNULL)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = 0
    cores = [path.name for path in cell.folder.iterdir() if path.name.startswith("core")]
    if not cores:
        return "none"
    if os.WIFSIGNALED(status) and os.WCOREDUMP(status) and not cell.is_exec():
        return "both"
    return "command's"


@row("not-found", [27], "ENOENT / EACCES / directory", right=["127/126/126"])
def not_found(cell):
    plain = cell.folder / "plain"
    plain.write_text("#!/bin/sh\nexit 0\n")
    plain.chmod(0o644)
    words = [cell.run([target]).word for target in ("/nonexistent/program", plain, cell.folder)]
    return "/".join(words)


@row("exec-errors", [27], "ELOOP / ETXTBSY / name too long", right=["126/126/126"])
def exec_errors(cell):
    loop = cell.folder / "loop"
    loop.symlink_to(loop)
    busy = cell.folder / "busy"
    shutil.copy(cell.probe, busy)
    writer = os.open(busy, os.O_WRONLY)
    words = [cell.run([target]).word for target in (loop, busy, "/" + "x" * 300)]
    os.close(writer)
    return "/".join(words)


@row("no-shebang", [27], "script without #! (exit 9), broken interpreter",
     right=["9/127", "9/126", "126/127", "126/126"])
def no_shebang(cell):
    words = []
    for name, text in (("bare", "exit 9\n"), ("broken", "#!/nonexistent/interpreter\n")):
        path = cell.folder / name
        path.write_text(text)
        path.chmod(0o755)
        words.append(cell.run([path]).word)
    return "/".join(words)


@row("too-big", [27, 65], "E2BIG at the command's exec", right=["126"])
def too_big(cell):
    # A script's interpreter line is added at exec: with arguments that just fit the wrapper, the script does not.
    script = cell.folder / "script"
    script.write_text(f"#!{cell.probe} {'x' * (250 - len(cell.probe))}\n")
    script.chmod(0o755)
    limit = ["-s", 1 << 20]

    def fits(size):
        return cell.run_probe("exit", 0, setup=[*limit, "-p", size]).word == "0"

    low, high = 1, 1 << 20
    while high - low > 16:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    if low == 1:
        return "never fits"
    return cell.run([script], setup=[*limit, "-p", low]).word


@row("diagnostics-lost", [29], "2>/dev/full and 2>&- don't alter the status", right=["7/S15/127 7/S15/127"])
def diagnostics_lost(cell):
    commands = [cell.command("exit", 7), cell.command("kill", 15), ["/nonexistent/program"]]
    with open("/dev/full", "wb") as full:
        on_full = "/".join(cell.run(command, stderr=full).word for command in commands)
    on_closed = "/".join(cell.run(command, setup=["-c", "2"]).word for command in commands)
    return f"{on_full} {on_closed}"


@row("path-search", [67], "PATH search as execvp: order, not executable, empty, unset, no '.'")
def path_search(cell):
    first, second = cell.folder / "first", cell.folder / "second"
    for folder, mode, code in ((first, 0o644, 1), (second, 0o755, 21)):
        folder.mkdir()
        tool = folder / "tool"
        tool.write_text(f"#!/bin/sh\nexit {code}\n")
        tool.chmod(mode)
    here = cell.folder / "here-tool"
    here.write_text("#!/bin/sh\nexit 22\n")
    here.chmod(0o755)
    cases = [
        (f"{first}:{second}", "tool"),
        (f"{first}", "tool"),
        ("/nonexistent", "tool"),
        ("/bin", "here-tool"),
        ("", "here-tool"),
        (f":{second}", "here-tool"),
        (None, "true"),
        (None, "here-tool"),
    ]
    return "/".join(search_case(cell, path, name) for path, name in cases)


def search_case(cell, path, name):
    environment = dict(cell.env)
    del environment["PATH"]
    if path is not None:
        environment["PATH"] = path
    return cell.run([name], env=environment).word


# ---- process tree ----


@row("kill-9", [57], "wrapper killed -9: command gone < 1 s", right=["gone", "same pid"])
def kill_wrapper(cell):
    process = cell.start("pause", cell.path("log"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ready = cell.wait_ready("log", process)
    if ready is None:
        return "not started"
    if ready.pid == process.pid:
        return "same pid"
    process.kill()
    return "gone" if holds_within(lambda: is_gone(ready.pid), 1.0) else "orphan"


@row("kill-9-start", [57], "killed -9 while it starts (40 moments): no orphan", right=["gone"])
def kill_starting(cell):
    for step in range(40):
        before = set(live_probes(cell))
        process = cell.start("pause", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(step * 0.0002)
        process.kill()
        process.wait()
        if not holds_within(lambda: not set(live_probes(cell)) - before, 1.0):
            return f"orphan at {step * 0.2:.1f} ms"
    return "gone"


def live_probes(cell):
    """Processes that run the probe: a launcher still on its way ends by itself."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and not is_gone(entry):
            try:
                if os.readlink(f"/proc/{entry}/exe") == cell.probe:
                    found.append(entry)
            except OSError:
                continue
    return found


@row("background-job", [60], "command's background job survives", right=["survives"])
def background_job(cell):
    outcome = cell.run_probe("daemon", cell.path("alive"), 400)
    if outcome.word != "0":
        return outcome.word
    return "survives" if holds_within(lambda: cell.read("alive"), 2.0) else "killed"


def namespace(cell):
    prefix = ["unshare", "--pid", "--fork", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], capture_output=True).returncode:
        raise Skip("no pid namespaces here")
    return prefix


@row("pid-1", [26], "as PID 1: exit code / killed by TERM", right=lambda word, direct: word in ("7/143", direct))
def pid_one(cell):
    prefix = namespace(cell)
    outcomes = [cell.run_probe(*verb, prefix=prefix) for verb in (("exit", 7), ("kill", 15))]
    return "/".join(outcome.word for outcome in outcomes)


@row("pid-1-orphans", [59], "as PID 1: 20 orphans reaped, exit code kept", right=["7, 0 zombies", "7, same pid"])
def pid_one_orphans(cell):
    prefix = namespace(cell)
    outcome = cell.run_probe("orphans", cell.path("report"), 20, prefix=prefix)
    zombies = cell.read("report").decode().strip() or "?"
    # A command that is itself PID 1 inherits its own orphans.
    if zombies != "0" and cell.is_exec():
        return f"{outcome.word}, same pid"
    return f"{outcome.word}, {zombies} zombies"


@row("pid-1-term", [26, 59], "as PID 1: TERM reaches the command", right=["1x", "same pid"])
def pid_one_term(cell):
    process = cell.start("siglog", cell.path("log"), prefix=namespace(cell))
    ready = cell.wait_ready("log", process)
    if ready is None:
        return "not started"
    if ready.pid == 1:
        return "same pid"
    first = until(lambda: init_of(process.pid))
    send_if_alive(first, signal.SIGTERM)
    arrived = holds_within(lambda: b"\n15\n" in cell.read("log"), 1.0)
    count = cell.read("log").split().count(b"15")
    return f"{count}x" if arrived else "0x"


def init_of(unshare_pid):
    children = open(f"/proc/{unshare_pid}/task/{unshare_pid}/children").read().split()
    return int(children[0]) if children else None


@row("pid-reuse", [5], "a stranger with the dead command's pid is never hit", right=["ok"])
def pid_reuse(cell):
    namespace(cell)
    words = [cell.bench.launch, "--", "unshare", "--pid", "--fork", "--mount-proc", cell.probe, "reuse"]
    words += [cell.path("ready"), cell.path("log"), "--", *cell.wrapper, cell.probe]
    words += ["descend", "30", "30", cell.path("ready")]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=cell.env, cwd=cell.folder, start_new_session=True)
    outcome = cell.finish(process)
    return {"0": "ok", "3": "hit"}.get(outcome.word, outcome.word)


@row("fork-fails", [61], "fork fails (process limit): status 125", right=["125", "ran"])
def fork_fails(cell):
    if os.geteuid() != 0:
        raise Skip("needs root to become a user without processes")
    home = cell.bench.make_home(f"nobody{cell.folder.name}", NOBODY)
    cell.env = cell.bench.environment(home)
    outcome = cell.run(["/bin/echo", "hello"], setup=["-u", 1], timeout=10)
    if outcome.out == b"hello\n":
        return "ran"
    cell.note(f"stderr: {outcome.err[-200:]!r}")
    return outcome.word


@row("no-kill-all", [6], "failed fork and a signal: never kill(-1)", right=["ok"])
def no_kill_all(cell):
    if shutil.which("strace") is None:
        raise Skip("no strace")
    log = cell.path("trace")
    # kill itself is only pretended, so that a wrapper that is wrong does no harm.
    tracer = ["strace", "-f", "-o", log, "-e", "trace=kill,clone,clone3,fork,vfork",
              "-e", "inject=clone,clone3,fork,vfork:error=EAGAIN:delay_exit=60000", "-e", "inject=kill:retval=0"]
    process = cell.start("exit", 0, prefix=tracer)
    # strace writes a call down when it begins: from then on the wrapper has no child, or believes to have one.
    attempted = lambda: re.search(rb"\b(clone3?|v?fork)\(", cell.read("trace")) or process.poll() is not None
    holds_within(attempted, HANG_AFTER)
    for _ in range(10):
        for pid in descendants(process.pid):
            send_if_alive(pid, signal.SIGTERM)
        time.sleep(0.02)
    cell.finish(process, 15)
    calls = re.findall(r"kill\((-?\d+),", cell.read("trace").decode(errors="replace"))
    bad = [call for call in calls if int(call) <= 0]
    return f"kill({bad[0]})" if bad else "ok"
