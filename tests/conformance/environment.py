"""What the command inherits besides streams: section F, and the attributes of a process."""

import fnmatch
import os
import re

from harness import FAKE_TOKENS, row

# What a credential wrapper takes out or puts in: compared with direct in a row of its own.
CREDENTIAL_NAMES = [b"ANTHROPIC_*", b"CLAUDE_*", b"TCR_*", b"OPENAI_API_KEY*", b"CURSOR_API_KEY*", b"AWS_BEARER_*"]

ODD_ENTRIES = [
    b"FIRST=1", b"DOUBLE=a", b"EMPTY=", b"DOUBLE=b", b"=no-name", b"no-equals", b"", b"EQUALS=a=b=c",
    b"BYTES=\xff\xfe\x01\x7f", b"LINES_IN=a\nb\n", b"SPACE IN NAME=x", b"BASH_FUNC_f%%=() { :; }", b"1DIGIT=x",
    b"UTF8_\xc3\xa4=\xc3\xb6", b"DOUBLE=a", b"LONG=" + b"l" * 100000, b"LAST=1",
]

LONG_WORD = b"x" * 100000

# Values that have no sense to compare from one process to the next.
VOLATILE = re.compile(
    r"^(pid|ppid|pgrp|sid|fd|devtty|Pid|PPid|Tgid|Ngid|NS\w+|Vm\w+|Rss\w+|SigQ|voluntary_ctxt_switches|"
    r"nonvoluntary_ctxt_switches|State|Threads|FDSize|SigCgt)\b"
)


def is_credential(entry):
    name = entry.split(b"=")[0]
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in CREDENTIAL_NAMES)


def environment_of_command(cell, entries):
    path = cell.folder / "given"
    path.write_bytes(b"".join(entry + b"\0" for entry in entries))
    outcome = cell.run_probe("environment", cell.path("seen"), setup=["-e", path])
    if outcome.word != "0":
        cell.note(f"status {outcome.word}, stderr {outcome.err[:200]!r}")
        return None
    return cell.read("seen").split(b"\0")[:-1]


def base_entries(cell):
    return [f"{name}={value}".encode() for name, value in cell.env.items()]


@row("env-exact", [62], "environment exact: order, duplicates, odd entries", right=["exact"])
def environment(cell):
    given = [*ODD_ENTRIES, *base_entries(cell)]
    seen = environment_of_command(cell, given)
    if seen is None:
        return "not started"
    seen = [entry for entry in seen if not is_credential(entry)]
    if seen == given:
        return "exact"
    lost = [entry[:40] for entry in given if given.count(entry) > seen.count(entry)]
    added = [entry[:40] for entry in seen if seen.count(entry) > given.count(entry)]
    cell.note(f"lost {lost}, added {added}")
    if lost or added:
        return " ".join(f"{word} {len(some)}" for word, some in (("lost", lost), ("added", added)) if some)
    return "reordered"


@row("scrubbed", [62], "a credential twice in the environment: both copies kept or both gone",
     right=["both kept", "both gone", "replaced"])
def scrubbed(cell):
    given = [b"CLAUDE_CODE_OAUTH_TOKEN=old-1", *base_entries(cell), b"CLAUDE_CODE_OAUTH_TOKEN=old-2"]
    seen = environment_of_command(cell, given)
    if seen is None:
        return "not started"
    old = sum(b"=old-" in entry for entry in seen)
    copies = sum(entry.startswith(b"CLAUDE_CODE_OAUTH_TOKEN=") for entry in seen)
    if copies > old:
        return "replaced" if copies == 1 else f"{copies} copies"
    return {0: "both gone", 2: "both kept"}.get(old, "one survives")


@row("secrets", [63], "keys in the command's environ, argv, memory, files: one at most", right=["0", "1"])
def secrets(cell):
    process = cell.start("pause", cell.path("ready"))
    ready = cell.wait_ready("ready", process)
    if ready is None:
        return "not started"
    parts = [(name, open(f"/proc/{ready.pid}/{name}", "rb").read()) for name in ("environ", "cmdline")]
    parts += [("memory", memory_of(ready.pid)), ("files", files_of(ready.pid))]
    found = set()
    for name, text in parts:
        here = [token for token in FAKE_TOKENS if token.encode() in text]
        found.update(here)
        if name == "cmdline" and here:
            return "in argv"
    return str(len(found))


def memory_of(pid):
    text = bytearray()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, mode = line.split()[:2]
            if "r" not in mode or "[v" in line:
                continue
            low, high = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(low)
                text += memory.read(high - low)
            except OSError:
                continue
    return bytes(text)


def files_of(pid):
    text = b""
    for number in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{number}"
        if os.path.isfile(path):
            with open(path, "rb") as file:
                text += file.read(1 << 20)
    return text


@row("argv", [66], "argv exact: empty, option-like, spaces, newlines, invalid UTF-8", right=["exact"])
def argv(cell):
    given = [b"", b"-h", b"--help", b"--", b"a b", b"a\nb", b"\xff\xfe", b"*", b"$HOME", b"'\"\\", b"", LONG_WORD, b""]
    outcome = cell.run([cell.probe, "arguments", cell.path("seen"), *given])
    if outcome.word != "0":
        return outcome.word
    seen = cell.read("seen").split(b"\0")[:-1]
    if seen == given:
        return "exact"
    return f"{len(seen)} of {len(given)} arguments" if len(seen) != len(given) else "altered"


@row("argv-0", [66], "argv[0] as typed (found by PATH), names like options", right=["sh -h"])
def argv_zero(cell):
    odd = cell.folder / "-h"
    odd.symlink_to("/bin/sh")
    environment_ = {**cell.env, "PATH": f"{cell.folder}:{cell.env['PATH']}"}
    words = []
    for name in ("sh", "-h"):
        outcome = cell.run([name, "-c", "tr '\\0' '\\n' < /proc/$$/cmdline | head -1"], env=environment_)
        words.append(outcome.out.decode(errors="replace").strip() or outcome.word)
    return " ".join(words)


@row("attributes", [71, 72], "limits, umask, nice, dumpable, groups, capabilities, cwd as direct", right=["same"])
def attributes(cell):
    wrapped = attribute_lines(cell, "wrapped")
    words, cell.wrapper = cell.wrapper, []
    bare = attribute_lines(cell, "bare")
    cell.wrapper = words
    if not wrapped:
        return "not started"
    differing = [line.split()[0] for line in sorted(set(bare) ^ set(wrapped))]
    cell.note(" ".join(differing))
    return "same" if not differing else f"differs: {differing[0].rstrip(':')}"


def attribute_lines(cell, name):
    outcome = cell.run_probe("state", cell.path(name))
    if outcome.word != "0":
        return []
    lines = cell.read(name).decode(errors="replace").splitlines()
    return [line for line in lines if not VOLATILE.match(line)]


@row("locale", [68], "same status, output and message under 6 locales and time zones", right=["same"])
def locale(cell):
    settings = [{}, {"LC_ALL": "tr_TR.UTF-8"}, {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"}, {"LC_ALL": "C.UTF-8"},
                {"LC_ALL": "no such locale"}, {"TZ": "not/a zone"}]
    seen = {observed(cell, {**cell.env, **setting}) for setting in settings}
    return "same" if len(seen) == 1 else f"{len(seen)} kinds"


def observed(cell, environment_):
    missing = cell.run(["/nonexistent/program"], env=environment_)
    found = cell.run_probe("say", "i\u0130\u0131 1,5", "error", 7, env=environment_)
    # Some name their pid.
    message = re.sub(rb"\d+", b"N", missing.err)
    return missing.word, message, found.word, found.out, found.err
