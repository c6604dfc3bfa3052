"""What flows through stdout, stderr and stdin: the relay half of section C."""

import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time

from harness import (
    HANG_AFTER, MEGABYTE, Skip, holds_within, next_chunk, peak_memory, read_for, row, send_if_alive, status_word, until,
)

MEMORY_LIMIT_KIB = 8 << 10


def random_file(cell, size):
    """Random bytes, NULs and invalid UTF-8 included; the same block again and again would hide a lost one."""
    digest = hashlib.sha256()
    path = cell.folder / "random"
    with open(path, "wb") as file:
        for _ in range(size // MEGABYTE):
            block = os.urandom(MEGABYTE)
            digest.update(block)
            file.write(block)
    return path, digest.digest()


def read_digest(descriptor):
    digest, size = hashlib.sha256(), 0
    while chunk := next_chunk(descriptor):
        digest.update(chunk)
        size += len(chunk)
    return digest.digest(), size


@row("binary-stdout", [44], "64 MB random on stdout: sha256", right=["exact"])
def binary_stdout(cell):
    return binary_stream(cell, "stdout", [])


@row("binary-stderr", [44], "64 MB random on stderr: sha256", right=["exact"])
def binary_stderr(cell):
    return binary_stream(cell, "stderr", ["/bin/sh", "-c", 'exec "$@" >&2', "sh"])


def binary_stream(cell, stream, before):
    size = 64 * MEGABYTE
    path, expected = random_file(cell, size)
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: subprocess.PIPE}
    process = cell.spawn([*before, *cell.command("cat", path)], **options)
    digest, got = read_digest(getattr(process, stream).fileno())
    word = cell.wait(process)
    if digest == expected and word == "0":
        return "exact"
    return f"{got - size:+d} B rc={word}" if got != size else f"damaged rc={word}"


@row("long-line", [45, 43], "a line of 256 MB (1 GB with --full): exact, memory < 8 MB over idle", right=["ok"],
     limit=120)
def long_line(cell):
    size = (1024 if cell.full else 256) * MEGABYTE
    idle = idle_memory(cell)
    process = cell.start("line", size, cell.path("ready"), cell.path("go"), stderr=subprocess.DEVNULL)
    got = 0
    while got < size:
        chunk = next_chunk(process.stdout.fileno())
        if not chunk:
            return f"ends after {got >> 20} MB"
        if chunk.count(b"x") != len(chunk):
            return "damaged"
        got += len(chunk)
    grown = peak_memory(process.pid) - idle
    (cell.folder / "go").touch()
    rest = read_for(process.stdout.fileno(), HANG_AFTER)
    if rest != b"\n" or cell.wait(process) != "0":
        return f"end {rest[:20]!r}"
    cell.note(f"memory grew by {grown} KiB")
    return "ok" if grown < MEMORY_LIMIT_KIB else f"{grown >> 10} MB"


def idle_memory(cell):
    process = cell.start("pause", cell.path("idle"))
    cell.wait_ready("idle", process)
    peak = peak_memory(process.pid)
    process.kill()
    return peak


@row("backpressure", [43], "reader asleep 1.5 s: the command is stopped, not stored", right=["ok"])
def backpressure(cell):
    process = cell.start("fill", cell.path("count"))
    time.sleep(1.5)
    written = int.from_bytes(cell.read("count"), "little")
    send_if_alive(process.pid, signal.SIGKILL)
    cell.note(f"{written} bytes accepted")
    return "ok" if written < 4 * MEGABYTE else f"{written >> 20} MB"


@row("stderr-unblocked", [43], "stdout not read: stderr arrives < 1 s", right=["ok"])
def stderr_unblocked(cell):
    process = cell.start("both", cell.path("count"))
    text = read_for(process.stderr.fileno(), 1.5, 6)
    return "ok" if text == b"alive\n" else "blocked"


@row("head-1", [40], "w yes | head -1: ends < 1 s of SIGPIPE", right=["S13"])
def head_one(cell):
    process = cell.start("yes", stderr=subprocess.DEVNULL)
    return word_after_close(cell, process, process.stdout)


@row("head-1-stderr", [40], "the same on stderr", right=["S13"])
def head_one_stderr(cell):
    process = cell.start("yes", 2, stdout=subprocess.DEVNULL)
    return word_after_close(cell, process, process.stderr)


def word_after_close(cell, process, stream):
    next_chunk(stream.fileno(), 2)
    began = time.monotonic()
    stream.close()
    word = cell.wait(process, 3.0)
    return word if time.monotonic() - began < 1.0 else f"slow {word}"


@row("one-reader-gone", [40], "stdout's reader gone: stderr and status go on", right=["4"])
def one_reader_gone(cell):
    process = cell.start("deaf")
    next_chunk(process.stdout.fileno(), 2)
    process.stdout.close()
    text = read_for(process.stderr.fileno(), HANG_AFTER)
    word = cell.wait(process)
    return word if text == b"still here" else f"{word} stderr lost"


@row("nonblock-impatient", [37], "stdout O_NONBLOCK, slow reader, program that gives up: no worse than direct",
     right=lambda word, direct: percent(word) >= min(percent(direct), 2))
def nonblocking_impatient(cell):
    return nonblocking(cell, "impatient")


@row("nonblock-patient", [37], "stdout O_NONBLOCK, slow reader, program that waits: 3 MB complete", right=["100 %"])
def nonblocking_patient(cell):
    return nonblocking(cell, "patient")


def percent(word):
    return int(word.split()[0]) if word.split()[0].isdigit() else -1


def nonblocking(cell, verb):
    size = 3 * MEGABYTE
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    process = cell.start(verb, size, stdout=write_end, stderr=subprocess.DEVNULL)
    os.close(write_end)
    time.sleep(0.3)
    got = 0
    while chunk := next_chunk(read_end, 16384):
        got += len(chunk)
        time.sleep(0.0005)
    word = cell.wait(process)
    share = f"{got * 100 // size} %"
    return share if verb == "impatient" or word == "0" else f"{share} rc={word}"


@row("latency-line", [46], "a whole line goes through at once: p99 of 200", right=["< 25 ms"])
def latency_line(cell):
    return quick(cell, 0.025, lambda: echoes(cell, "lines", 200, 2))


@row("latency-part", [46], "bytes without a newline: worst of 30 (hold-back of 100 ms allowed)", right=["< 150 ms"])
def latency_part(cell):
    return quick(cell, 0.150, lambda: echoes(cell, "bytes", 30, 1))


@row("latency-file", [46], "a line reaches > file at once: worst of 20", right=["< 150 ms"])
def latency_file(cell):
    return quick(cell, 0.150, lambda: lines_in_file(cell, 20))


def quick(cell, limit, measure):
    """Who holds back does it every time; a busy machine is late now and then, and is measured again."""
    for _ in range(3):
        times = sorted(measure())
        if not times:
            return "held"
        late = times[len(times) * 99 // 100 - (len(times) >= 100)]
        cell.note(f"median {times[len(times) // 2] * 1000:.2f} ms, p99 {late * 1000:.2f} ms")
        if late < limit:
            return f"< {limit * 1000:.0f} ms"
    return f"{late * 1000:.0f} ms"


def lines_in_file(cell, count):
    """How long each line took, in seconds; nothing if one did not come or the command failed."""
    times = []
    for number in range(count):
        (cell.folder / f"go{number}").unlink(missing_ok=True)
    with open(cell.path("out"), "wb") as file:
        process = cell.start("lines", count, cell.path("go"), stdout=file)
        for number in range(count):
            began = time.monotonic()
            (cell.folder / f"go{number}").touch()
            if not holds_within(lambda: len(cell.read("out")) >= 5 * (number + 1), 2.0):
                return []
            times.append(time.monotonic() - began)
        word = cell.wait(process)
    return times if word == "0" else []


def echoes(cell, kind, count, size):
    """The same of what the command answers at once."""
    process = cell.start("echo", kind, stdin=subprocess.PIPE, bufsize=0)
    times = []
    for _ in range(count):
        began = time.monotonic()
        process.stdin.write(b"p")
        if len(read_for(process.stdout.fileno(), 2.0, size)) != size:
            return []
        times.append(time.monotonic() - began)
    process.stdin.close()
    cell.wait(process)
    return times


@row("burst-file", [46], "20 MB at once into > file: there < 2 s, while the command goes on", right=["all"])
def burst_file(cell):
    size = 20 << 20
    with open(cell.path("out"), "wb") as file:
        process = cell.start("burst", size, cell.path("go"), stdout=file)
        there = holds_within(lambda: (cell.folder / "out").stat().st_size == size, 2.8)
        (cell.folder / "go").touch()
        word = cell.wait(process)
    return word if word != "0" else "all" if there else "held"


@row("holder-silent", [47], "silent descendant keeps the pipe 4 s: status 5 < 1 s", right=["5"])
def holder_silent(cell):
    began = time.monotonic()
    process = cell.start("descend", 0, 4000)
    word = cell.wait(process, 6.0)
    seconds = time.monotonic() - began
    return word if seconds < 1.0 else f"{seconds:.1f} s"


@row("holder-writing", [47], "descendant writes every 60 ms for 1.2 s: all of it, status 5", right=["20/20"])
def holder_writing(cell):
    process = cell.start("descend", 20, 60)
    text = read_for(process.stdout.fileno(), 4.0)
    word = cell.wait(process)
    lines = text.count(b"tick\n")
    return f"{lines}/20" if word == "5" else f"{lines}/20 rc={word}"


@row("last-bytes", [48], "printf Bingo, 300 runs (10,000 with --full): none lost", right=["all"], limit=900)
def last_bytes(cell):
    for number in range(10000 if cell.full else 300):
        outcome = cell.run_probe("say", "Bingo")
        if outcome.out != b"Bingo":
            return f"run {number + 1}: {outcome.out[:20]!r}"
    return "all"


@row("split", [49], "stdout and stderr kept apart", right=["apart"])
def split(cell):
    outcome = cell.run_probe("say", "to stdout", "to stderr")
    if outcome.out == b"to stdout" and outcome.err == b"to stderr":
        return "apart"
    cell.note(f"stdout {outcome.out!r} stderr {outcome.err!r}")
    return "mixed"


@row("order", [49], "stdout and stderr one pipe (2>&1): order kept over 500 changes", right=["kept"])
def order(cell):
    outcome = cell.run_probe("alternate", 500, stderr=subprocess.STDOUT)
    return order_word(outcome.word, outcome.out)


@row("order-file", [49], "the same into one file (> file 2>&1)", right=["kept"])
def order_file(cell):
    with open(cell.path("out"), "wb") as file:
        word = cell.run_probe("alternate", 500, stdout=file, stderr=file).word
    return order_word(word, cell.read("out"))


def order_word(word, text):
    if word != "0":
        return word
    if text == b"o\ne\n" * 500:
        return "kept"
    return "mixed" if sorted(text) == sorted(b"o\ne\n" * 500) else "damaged"


@row("dev-full", [42], ">/dev/full: failure reported", right=["reported"])
def dev_full(cell):
    with open("/dev/full", "wb") as full:
        word = cell.run_probe("say", "hello\n", stdout=full).word
    return "silent" if word == "0" else "reported"


def on_full_disk(cell):
    """What makes the stdout of the command behind it a file on a full disk."""
    mount = cell.folder / "small"
    mount.mkdir()
    tmpfs = f"mount -t tmpfs -o size=64k none {mount}"
    if subprocess.run(["unshare", "--mount", "/bin/sh", "-c", tmpfs], capture_output=True).returncode:
        raise Skip("no mount namespaces here")
    return ["unshare", "--mount", "/bin/sh", "-c", f'{tmpfs}; exec "$@" > {mount}/out', "sh"]


@row("disk-full", [42], "> file on a full file system: failure reported", right=["reported"])
def disk_full(cell):
    (cell.folder / "data").write_bytes(b"full\n" * 50000)
    word = cell.run_probe("cat", cell.path("data"), prefix=on_full_disk(cell)).word
    return "silent" if word == "0" else "reported"


@row("disk-full-endless", [42], "the same, endless: ends < 2 s", right=["reported"])
def disk_full_endless(cell):
    result = cell.run([shutil.which("yes")], prefix=on_full_disk(cell), timeout=10)
    return "runs on" if result.seconds > 2 else "silent" if result.word == "0" else "reported"


# ---- programs that leave with writes queued ----

NODE_SCRIPT = "process.stdout.write('n'.repeat(599999) + '\\n'); process.exit(0)"
NODE_BYTES = 600000


def node(cell):
    path = shutil.which("node", path=cell.env["PATH"])
    if path is None:
        raise Skip("no node")
    return [path, "-e", NODE_SCRIPT]


@row("file-truncate", [51], "node: 600,000 B and process.exit, > file, 5 runs", right=["5/5"])
def file_truncate(cell):
    return complete_files(cell, "wb", b"")


@row("file-append", [51], "the same with >> file, what was there kept", right=["5/5"])
def file_append(cell):
    return complete_files(cell, "ab", b"before\n")


def complete_files(cell, mode, before):
    command = node(cell)
    complete = 0
    for number in range(5):
        path = cell.folder / f"out{number}"
        path.write_bytes(before)
        with open(path, mode) as file:
            word = cell.run(command, stdout=file, timeout=20).word
        size = path.stat().st_size
        good = word == "0" and size == NODE_BYTES + len(before)
        complete += good
        if not good:
            cell.note(f"rc={word}, {size} B")
    return f"{complete}/5"


@row("file-disk", [43], "64 MB into > file: no second copy on the disk", right=["ok"])
def file_disk(cell):
    size = 64 * MEGABYTE
    with open(cell.path("out"), "wb") as file:
        process = cell.start("line", size, cell.path("ready"), cell.path("go"), stdout=file)
        if cell.wait_ready("ready", process) is None:
            return "not started"
        until(lambda: (cell.folder / "out").stat().st_size >= size)
        time.sleep(0.1)
        stored = hidden_bytes(process.pid)
        (cell.folder / "go").touch()
        word = cell.wait(process)
    cell.note(f"{stored} bytes in unnamed files")
    if word != "0" or (cell.folder / "out").stat().st_size != size + 1:
        return f"damaged rc={word}"
    return "ok" if stored <= 16 * MEGABYTE else f"{stored >> 20} MB"


def hidden_bytes(pid):
    """What unlinked files that a process has open occupy."""
    files = {}
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except PermissionError:
        raise Skip("the wrapper can't be looked into except by root") from None
    for number in numbers:
        path = f"/proc/{pid}/fd/{number}"
        if os.readlink(path).endswith("(deleted)"):
            about = os.stat(path)
            files[about.st_dev, about.st_ino] = about.st_blocks * 512
    return sum(files.values())


@row("pipe-queued", [51], "the same into a pipe read 0.3 s late: no less than direct (64 KiB)", right=["ok"])
def pipe_queued(cell):
    process = cell.spawn(node(cell), stderr=subprocess.DEVNULL)
    time.sleep(0.6)
    got = len(read_for(process.stdout.fileno(), HANG_AFTER))
    cell.note(f"{got} B")
    return "ok" if got >= 65536 else f"{got} B"


# ---- stdin ----


@row("stdin-eof", [52], "end of stdin reaches the command < 1 s", right=["ok"])
def stdin_eof(cell):
    process = cell.start("copy", cell.path("copy"), stdin=subprocess.PIPE)
    process.stdin.write(b"hello\n")
    process.stdin.flush()
    if not holds_within(lambda: cell.read("copy") == b"hello\n", 2.0):
        return "not passed on"
    process.stdin.close()
    word = cell.wait(process, 2.0)
    return "ok" if word == "0" else word


@row("stdin-open", [], "stdin open and silent: a command that reads nothing ends < 1 s", right=["0"])
def stdin_open(cell):
    read_end, _write_end = os.pipe()
    began = time.monotonic()
    word = cell.wait(cell.start("exit", 0, stdin=read_end), 3.0)
    return word if time.monotonic() - began < 1.0 else "late"


@row("stdin-pipe", [44], "16 MB random through a pipe to stdin: sha256", right=["exact"])
def stdin_pipe(cell):
    path, expected = random_file(cell, 16 * MEGABYTE)
    process = cell.start("copy", cell.path("copy"), stdin=subprocess.PIPE)
    writer = threading.Thread(target=feed, args=(path, process.stdin), daemon=True)
    writer.start()
    return digest_word(cell, cell.wait(process, 20), expected)


@row("stdin-file", [44], "16 MB random file as stdin: sha256", right=["exact"])
def stdin_file(cell):
    path, expected = random_file(cell, 16 * MEGABYTE)
    with open(path, "rb") as file:
        word = cell.run_probe("copy", cell.path("copy"), stdin=file, timeout=20).word
    return digest_word(cell, word, expected)


def feed(path, target):
    try:
        with open(path, "rb") as source, target:
            shutil.copyfileobj(source, target)
    except OSError:
        pass


def digest_word(cell, word, expected):
    if word != "0":
        return word
    return "exact" if hashlib.sha256(cell.read("copy")).digest() == expected else "damaged"


@row("stdin-unread", [], "endless stdin never read: ends < 1 s, producer gets SIGPIPE", right=["0, S13"])
def stdin_unread(cell):
    producer = subprocess.Popen([cell.bench.launch, "--", cell.probe, "yes"], stdout=subprocess.PIPE)
    began = time.monotonic()
    process = cell.spawn(["/bin/sleep", "0.3"], stdin=producer.stdout)
    producer.stdout.close()
    word = cell.wait(process, 5.0)
    if time.monotonic() - began > 1.3:
        return f"slow {word}"
    try:
        return f"{word}, {status_word(producer.wait(2.0))}"
    except subprocess.TimeoutExpired:
        return f"{word}, producer stuck"


@row("stdin-rest-pipe", [], "bytes the command did not read stay in the pipe for the next", right=["rest"])
def stdin_rest_pipe(cell):
    read_end, write_end = os.pipe()
    os.write(write_end, b"0123456789rest")
    os.close(write_end)
    return rest_word(cell, read_end)


@row("stdin-rest-file", [], "the same for a file: offset left where the command left it", right=["rest"])
def stdin_rest_file(cell):
    (cell.folder / "input").write_bytes(b"0123456789rest")
    return rest_word(cell, os.open(cell.path("input"), os.O_RDONLY))


def rest_word(cell, descriptor):
    outcome = cell.run_probe("take", 10, stdin=descriptor)
    if outcome.out != b"0123456789":
        return f"command got {outcome.out[:20]!r}"
    rest = os.read(descriptor, 100)
    if rest == b"rest":
        return "rest"
    return "eaten" if not rest else "replayed"
