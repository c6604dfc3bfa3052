#!/usr/bin/env python3
"""faults.py TCR-GATEWAY START [--all | N...]: the n-th allocation of the gateway fails. It may then refuse to start, or
answer one request with an error or not at all; it must not crash, hang, or fail another. Of the
allocations one in ten is tried, all with --all."""

import json
import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REQUEST = b"POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\n" + b'{"model":"m"}'
EVENTS = (b'event: message_start\ndata: {"type":"message_start"}\n\n'
          b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"x"}}\n\n'
          b'event: message_stop\ndata: {"type":"message_stop"}\n\n')


def provide():
    """Refuses the key "home" and streams to "work"."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                head = line
                while (line := stream.readline()).strip():
                    head += line
                length = [int(part.split(b":")[1]) for part in head.split(b"\r\n") if part.lower().startswith(b"content-length:")]
                stream.read(length[0] if length else 0)
                if b"FAKE-home" in head:
                    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"limit"}}'
                    connection.sendall(b"HTTP/1.1 429 X\r\ncontent-type: application/json\r\nanthropic-ratelimit-unified-status: rejected\r\n"
                                       b"anthropic-ratelimit-unified-reset: %d\r\ncontent-length: %d\r\n\r\n%s" % (time.time() + 3600, len(body), body))
                else:
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                                       b"%x\r\n%s\r\n0\r\n\r\n" % (len(EVENTS), EVENTS))

    def serve_safely(connection):
        try:
            serve(connection)
        except OSError:
            pass

    def accept():
        while True:
            threading.Thread(target=serve_safely, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def ask(path):
    """The status, 0 for a connection that was closed; None for one that hangs."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(8)
        said = b""
        try:
            client.connect(path)
            client.sendall(REQUEST)
            while b"\r\n\r\n" not in said or (b"chunked" in said and not said.endswith(b"0\r\n\r\n")):
                data = client.recv(65536)
                if not data:
                    return 0
                said += data
        except TimeoutError:
            return None
        except OSError:
            return 0
        return int(said.split()[1])


class Faults:
    def __init__(self, program, start, library, port):
        self.program, self.start, self.library, self.port = program, start, library, port

    def play(self, number, folder):
        """What went wrong; "" if nothing did."""
        environment = dict(os.environ, TCR_GATEWAY=self.program)
        preload = [f"LD_PRELOAD={self.library}", f"FAULT_ALLOCATION={number}", f"FAULT_COUNT={folder}/count"]
        with open(folder + "/log", "w+b") as log:
            process = subprocess.Popen([self.start, folder + "/s", folder, *preload, f"home=127.0.0.1:{self.port}", f"work=127.0.0.1:{self.port}"],
                                       env=environment, stdout=subprocess.PIPE, stderr=log)
            try:
                return self.judge(process, folder)
            finally:
                process.kill()
                process.stdout.close()
                process.wait()

    def judge(self, process, folder):
        if process.stdout.readline() != b"listening\n":
            status = self.wait(process, 10)
            with open(folder + "/log", "rb") as log:
                said = log.read()
            return "" if status in (75, 125) and said else f"did not start: status {status}, said {said!r}"
        answers = [ask(folder + "/s") for _ in range(4)]
        if answers.count(0) > 1:
            self.wait(process, 3)
        if process.poll() is None and (None in answers or answers.count(200) < 3):
            return f"answered {answers}"
        process.send_signal(signal.SIGTERM)
        status = self.wait(process, 10)
        return "" if status in (0, 125) else f"ended with {status} after {answers}"

    def wait(self, process, seconds):
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def main():
    words = sys.argv[3:]
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="tcr") as root:
        library = root + "/failing.so"
        compiler = shlex.split(os.environ.get("CC", "cc"))
        subprocess.run([*compiler, "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", library, HERE + "/failing.c", "-ldl"], check=True)
        faults = Faults(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), library, provide())

        def play(number):
            with tempfile.TemporaryDirectory(dir=root) as folder:
                said = faults.play(number, folder)
                count = folder + "/count"
                return said, int(open(count, encoding="ascii").read()) if os.path.exists(count) else 0

        said, count = play(0)
        if said or not count:
            sys.exit(f"without a fault: {said or 'no allocation was counted'}")
        wrong = 0
        numbers = [int(word) for word in words if word != "--all"] or range(1, count + 1)
        if not words:
            numbers = sorted(random.sample(numbers, count // 10))
        for number in numbers:
            said, _ = play(number)
            if said:
                wrong += 1
                print(f"allocation {number}: {said}", flush=True)
        print(f"{len(numbers)} of {count} allocations failed, {wrong} of them badly")
        sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
