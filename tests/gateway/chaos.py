#!/usr/bin/env python3
"""chaos.py TCR-GATEWAY START [SEED]: a provider that by chance cuts, stalls, drips, refuses, answers too early, sends
garbage and closes between two requests, and clients by the hundred, some of which leave. Each request has one answer
that is its own, none is sent again once a byte of an answer has gone out, no key comes out, and what was taken is given
back. FULL=1: for longer. The seed is printed: the same one makes the provider's dice fall alike."""

import asyncio
import json
import logging
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from extremes import STREAM, TOKEN, answer, chunk, read_head

FULL = os.environ.get("FULL") == "1"
REQUESTS, CLIENTS = (20000, 300) if FULL else (1500, 200)
KEYS = ["home", "work", "team", "spare", "far"]
STATUSES = {200, 401, 429, 500, 502, 503, 529}
SANITIZED = "build-sanitize" in " ".join(sys.argv)
TIME_MOST = 60


def error(kind):
    return json.dumps({"type": "error", "error": {"type": kind, "message": "by chance"}}).encode()


def event(name, **fields):
    return f"event: {name}\ndata: {json.dumps(dict(fields, type=name))}\n\n".encode()


class Cut(Exception):
    pass


class Provider:
    """Each sending of a request has a number, which its answer tells as the id of a tool call."""

    def __init__(self, dice):
        self.dice, self.sendings, self.last, self.went_wrong = dice, 0, {}, []
        self.plays = {self.whole: 30, self.stream: 40, self.drip: 6, self.cut_at_once: 5, self.cut_head: 4, self.cut_stream_early: 5,
                      self.cut_stream: 8, self.cut_whole: 4, self.stall: 3, self.refuse: 6, self.limit_in_stream: 1, self.garbage: 3,
                      self.close_after: 8, self.too_early: 4}

    async def serve(self, reader, writer):
        try:
            while head := await read_head(reader):
                play = self.dice.choices(list(self.plays), list(self.plays.values()))[0]
                length = int(head[1].get("content-length", 0))
                if play == self.too_early:
                    # What it is about is in the head as well.
                    await self.too_early(writer, head[1]["x-request"], None)
                    raise Cut
                body = json.loads(await reader.readexactly(length))
                if body["id"] != head[1]["x-request"]:
                    self.went_wrong.append(f"a body of {body['id']} below the head of {head[1]['x-request']}")
                self.sendings += 1
                self.last.setdefault(body["id"], []).append(self.sendings)
                await play(writer, body["id"], self.sendings)
                await writer.drain()
        except (Cut, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def events(self, name, number):
        yield event("message_start", message={"id": name})
        yield event("content_block_start", index=0, content_block={"type": "tool_use", "id": f"toolu_{number}"})
        for i in range(self.dice.randint(1, 12)):
            yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": f"{name}:{i} " * self.dice.randint(1, 200)})
        yield event("message_stop", id=name)

    async def whole(self, writer, name, number):
        body = json.dumps({"type": "message", "id": name, "tool": f"toolu_{number}", "text": "x" * self.dice.randint(0, 30000)}).encode()
        writer.write(answer(200, body, "content-type: application/json"))

    async def stream(self, writer, name, number):
        writer.write(STREAM)
        for one in self.events(name, number):
            writer.write(chunk(one))
            if self.dice.random() < 0.3:
                await asyncio.sleep(self.dice.random() / 50)
        writer.write(chunk(b""))

    async def drip(self, writer, name, number):
        writer.write(STREAM)
        data = b"".join(self.events(name, number))
        while data:
            n = self.dice.randint(1, 300)
            writer.write(chunk(data[:n]))
            data = data[n:]
            await asyncio.sleep(0)
        writer.write(chunk(b""))

    async def cut_at_once(self, writer, name, number):
        raise Cut

    async def cut_head(self, writer, name, number):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-ty")
        raise Cut

    async def cut_stream_early(self, writer, name, number):
        writer.write(STREAM + chunk(next(self.events(name, number))))
        raise Cut

    async def cut_stream(self, writer, name, number):
        events = list(self.events(name, number))[:-1]
        writer.write(STREAM)
        for one in events[:self.dice.randint(1, len(events))]:
            writer.write(chunk(one))
        raise Cut

    async def cut_whole(self, writer, name, number):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n" + json.dumps({"type": "message", "id": name}).encode())
        raise Cut

    async def stall(self, writer, name, number):
        await asyncio.sleep(0.3)
        raise Cut

    async def refuse(self, writer, name, number):
        status, kind, *headers = self.dice.choice([
            (429, "rate_limit_error"), (429, "rate_limit_error"), (429, "rate_limit_error", "retry-after: 1"), (529, "overloaded_error"), (500, "api_error"), (401, "authentication_error"), (529, "overloaded_error"), (500, "api_error"),
            (429, "rate_limit_error", "anthropic-ratelimit-unified-status: rejected", f"anthropic-ratelimit-unified-reset: {int(time.time()) + 2}")])
        writer.write(answer(status, error(kind), "content-type: application/json", *headers))

    async def limit_in_stream(self, writer, name, number):
        writer.write(STREAM + chunk(b"event: error\ndata: " + error("rate_limit_error") + b"\n\n") + chunk(b""))

    async def garbage(self, writer, name, number):
        writer.write(self.dice.randbytes(self.dice.randint(1, 3000)))
        raise Cut

    async def close_after(self, writer, name, number):
        await self.whole(writer, name, number)
        await writer.drain()
        raise Cut

    async def too_early(self, writer, name, number):
        writer.write(answer(529, error("overloaded_error"), "content-type: application/json"))


class Client:
    def __init__(self, chaos, number):
        self.chaos, self.number = chaos, number
        self.reader = self.writer = None

    async def connect(self):
        if not self.writer:
            self.reader, self.writer = await asyncio.open_unix_connection(self.chaos.path, limit=1 << 20)

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def read(self):
        """The status and all bytes of the body; whether it ended as it should."""
        first, headers = await read_head(self.reader) or (None, None)
        if not first:
            return 0, b"", False
        body = b""
        try:
            if headers.get("transfer-encoding") != "chunked":
                return int(first.split()[1]), await self.reader.readexactly(int(headers["content-length"])), True
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                body += await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as failure:
            return int(first.split()[1]), body + getattr(failure, "partial", b""), False
        return int(first.split()[1]), body, True

    async def ask(self, name):
        dice = self.chaos.dice
        body = json.dumps({"model": "m", "id": name, "text": "y" * dice.choice([0, 100, 40000])}).encode()
        await self.connect()
        self.writer.write(f"POST /v1/messages HTTP/1.1\r\nhost: api.anthropic.com\r\nx-request: {name}\r\ncontent-length: {len(body)}\r\n"
                          f"x-claude-code-session-id: {self.number}\r\n\r\n".encode() + body)
        if dice.random() < 0.04:
            await asyncio.sleep(dice.random() / 20)
            self.close()
            self.chaos.count("left")
            return
        try:
            status, said, well = await asyncio.wait_for(self.read(), TIME_MOST)
        except (ConnectionError, asyncio.IncompleteReadError):
            status, said, well = 0, b"", False
        except asyncio.TimeoutError:
            self.chaos.wrong(f"{name}: no answer in {TIME_MOST} s")
            status, said, well = 0, b"", False
        self.chaos.judge(name, status, said, well)
        if not well or dice.random() < 0.1:
            self.close()


class Chaos:
    def __init__(self, program, start, seed):
        self.program, self.start_program = program, start
        self.dice = random.Random(seed)
        self.provider = Provider(random.Random(seed + 1))
        self.folder = tempfile.mkdtemp(prefix="tcr")
        self.path = self.folder + "/s"
        self.faults, self.counts, self.left = [], {}, iter(range(REQUESTS))

    def wrong(self, what):
        self.faults.append(what)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def judge(self, name, status, said, well):
        self.count(status if well else f"{status} broken")
        if status not in STATUSES:
            return self.wrong(f"{name}: status {status}, {said[:80]!r}")
        if TOKEN.search(said):
            self.wrong(f"{name}: a key in the answer")
        if status != 200:
            return None if well else self.wrong(f"{name}: a {status} that breaks off")
        sendings = {int(number) for number in re.findall(rb"toolu_(\d+)", said)}
        others = {other for other in re.findall(rb"r\d+", said) if other != name.encode()}
        if len(sendings) > 1 or others:
            self.wrong(f"{name}: of sendings {sendings}, with parts of {others}")
        if sendings and sendings != {self.provider.last[name][-1]}:
            self.wrong(f"{name}: sent again ({self.provider.last[name]}) though {sendings} had begun to answer")
        if well and not said.startswith(b"{") and b"message_stop" not in said and b"event: error" not in said:
            self.wrong(f"{name}: a stream that ends well without its end: {said[-80:]!r}")

    async def work(self, number):
        client = Client(self, number)
        for i in self.left:
            await client.ask(f"r{i}")
        client.close()

    def measure(self):
        """Descriptors that are not connections to the provider, of which some are kept for a while; and MiB."""
        with open("/proc/net/unix", encoding="ascii") as table:
            clients = {line.split()[6] for line in table.readlines()[1:]}
        folder = f"/proc/{self.process.pid}/fd/"
        links = []
        for name in os.listdir(folder):
            try:
                links.append(os.readlink(folder + name))
            except OSError:
                pass
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            memory = int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024
        sockets = {link[len("socket:["):-1] for link in links if link.startswith("socket:[")}
        return len([link for link in links if not link.startswith("socket:[")]) + len(sockets & clients), memory

    async def play(self):
        server = await asyncio.start_server(self.provider.serve, "127.0.0.1", 0, backlog=4096)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with open(self.folder + "/log", "w+b") as log:
            words = [self.start_program, self.path, self.folder, "--cooldown=1", *[f"{key}={address}" for key in KEYS], f"master:big={address}"]
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, cwd=self.folder, env=dict(os.environ, TCR_GATEWAY=self.program))
            try:
                await self.play_with(log)
            finally:
                self.process.kill()
                self.process.stdout.close()
                self.process.wait()
                server.close()
                shutil.rmtree(self.folder)

    async def play_with(self, log):
        if await asyncio.to_thread(self.process.stdout.readline) != b"listening\n":
            return self.wrong("it does not start")
        os.set_blocking(self.process.stdout.fileno(), False)
        client = Client(self, "first")
        for i in range(10):
            await client.ask(f"r{REQUESTS + i}")
        client.close()
        before, same = self.measure(), 0
        while same < 4:  # on a busy machine the record of usage opens its files later
            await asyncio.sleep(0.5)
            last, before = before, self.measure()
            same = same + 1 if before[0] == last[0] else 0
        began = time.monotonic()
        await asyncio.gather(*[self.work(number) for number in range(CLIENTS)])
        took = time.monotonic() - began
        for _ in range(100):
            await asyncio.sleep(0.05)
            if self.process.poll() is not None or self.measure()[0] <= before[0]:
                break
        if self.process.poll() is not None:
            return self.wrong(f"it ended with {self.process.returncode}")
        after = self.measure()
        if after[0] > before[0]:
            self.wrong(f"{before[0]} descriptors before, {after[0]} after")
        if not SANITIZED and after[1] > before[1] + 20:
            self.wrong(f"{before[1]:.1f} MiB before, {after[1]:.1f} after")
        told = self.process.stdout.read() or b""
        self.process.send_signal(signal.SIGTERM)
        if await asyncio.to_thread(self.process.wait, 10) != 0:
            self.wrong(f"it ended with {self.process.returncode}")
        self.look_for_keys(told + (self.process.stdout.read() or b""), log)
        print(f"{REQUESTS} requests in {took:.1f} s, {self.provider.sendings} sendings; {before[1]:.1f} MiB before, {after[1]:.1f} after; "
              + ", ".join(f"{what}: {count}" for what, count in sorted(self.counts.items(), key=str)))

    def look_for_keys(self, said, log):
        log.seek(0)
        said += log.read()
        for base, _, names in os.walk(self.folder):
            for name in names:
                if name not in ("keys.json", "s"):
                    with open(os.path.join(base, name), "rb") as file:
                        said += file.read()
        if TOKEN.search(said):
            self.wrong("a key in what it wrote")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    print(f"seed {seed}", flush=True)
    chaos = Chaos(*map(os.path.abspath, sys.argv[1:3]), seed)
    asyncio.run(chaos.play())
    faults = chaos.faults + chaos.provider.went_wrong
    for fault in faults[:20]:
        print(fault)
    print(f"{len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
