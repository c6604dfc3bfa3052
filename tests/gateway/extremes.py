#!/usr/bin/env python3
"""extremes.py TCR-GATEWAY START [NAME...]: what the conversations cannot show: sizes, numbers, TLS, limits of the
machine, a gateway that is killed, and that no key comes out anywhere. START is start.c."""

import asyncio
import hashlib
import json
import logging
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = START = None
MIB = 1 << 20
STAND_IN = "tcr-FAKE-stand-in-0001"
TOKEN = re.compile(rb"sk-ant-(?:oat01|api03)-FAKE-[a-z]+-0001")
# A sanitizer's shadow is no memory of ours, and it is slow.
SANITIZED = "build-sanitize" in " ".join(sys.argv)

START_EVENT = b'event: message_start\ndata: {"type":"message_start","message":{}}\n\n'
TEXT = b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"%s"}}\n\n'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
MESSAGE = b'{"type":"message"}'


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def answer(status, body, *headers):
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def limited(seconds=3600):
    body = json.dumps({"type": "error", "error": {"type": "rate_limit_error", "message": "limit"}}).encode()
    return answer(429, body, "content-type: application/json", "anthropic-ratelimit-unified-status: rejected",
                  f"anthropic-ratelimit-unified-reset: {int(time.time()) + seconds}")


async def read_head(reader):
    """The first line and the headers, names in small letters; None at the end of the connection."""
    try:
        text = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = text.decode("latin-1").strip().split("\r\n")
    headers = dict(re.split(r":\s*", line, maxsplit=1) for line in lines)
    return first, {name.lower(): value for name, value in headers.items()}


async def read_chunk(reader):
    size = int(await reader.readuntil(b"\r\n"), 16)
    data = await reader.readexactly(size)
    await reader.readexactly(2)
    return data


async def read_answer(reader):
    first, headers = await read_head(reader)
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while data := await read_chunk(reader):
            body += data
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(first.split()[1]), headers, body


def request(body=b'{"model":"m"}', *headers, method="POST", target="/v1/messages"):
    lines = [f"{method} {target} HTTP/1.1", "host: api.anthropic.com", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Extremes(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tcr")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder + "/s"
        self.heads, self.process = [], None

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)

    async def asyncTearDown(self):
        await self.end()

    async def end(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            return await asyncio.to_thread(self.process.wait, 40)

    async def provide(self, script, tls=None):
        """A provider that lets `script(reader, writer, head)` answer each request, body and all."""

        async def serve(reader, writer):
            try:
                while head := await read_head(reader):
                    self.heads.append(head)
                    await script(reader, writer, head)
                    await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, backlog=4096)
        self.addCleanup(server.close)
        return server.sockets[0].getsockname()[1]

    async def start(self, *words, files=None, where=None, within=()):
        def limit():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        self.log = open(self.folder + "/log", "a+b")
        self.addCleanup(self.log.close)
        self.process = subprocess.Popen([*within, START, where or self.path, self.folder, *words], stdout=subprocess.PIPE, stderr=self.log,
                                        env=dict(os.environ, TCR_GATEWAY=PROGRAM), preexec_fn=limit, cwd=self.folder)
        self.addCleanup(self.process.stdout.close)
        line = await asyncio.to_thread(self.process.stdout.readline)
        self.assertEqual(line, b"listening\n", self.said())
        os.set_blocking(self.process.stdout.fileno(), False)

    async def provide_and_start(self, script, *words, keys=("home",), **how):
        port = await self.provide(script)
        await self.start(*words, *[f"{key}=127.0.0.1:{port}" for key in keys], **how)
        return port

    def said(self):
        self.log.seek(0)
        return self.log.read()

    async def connect(self):
        reader, writer = await asyncio.open_unix_connection(self.path, limit=MIB)
        self.addCleanup(writer.close)
        return reader, writer

    async def ask(self, *parts, **named):
        reader, writer = await self.connect()
        writer.write(request(*parts, **named))
        try:
            return await asyncio.wait_for(read_answer(reader), 60)
        finally:
            writer.close()

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    # ---- sizes

    async def take(self, reader, writer, head):
        digest = hashlib.sha256()
        left = int(head[1]["content-length"])
        while left:
            data = await reader.read(min(left, MIB))
            if not data:
                return
            left -= len(data)
            digest.update(data)
        writer.write(answer(200, digest.hexdigest().encode()))

    async def test_a_body_of_64_mib_passes_and_is_sent_again_whole(self):
        body = os.urandom(MIB) * 64
        tries = []

        async def script(reader, writer, head):
            tries.append(head[1]["authorization"])
            if len(tries) == 1:
                await reader.readexactly(int(head[1]["content-length"]))
                writer.write(limited())
            else:
                await self.take(reader, writer, head)

        await self.provide_and_start(script, keys=("home", "work"))
        status, headers, said = await self.ask(body)
        self.assertEqual((status, said.decode()), (200, hashlib.sha256(body).hexdigest()))
        self.assertEqual((len(tries), headers["x-tcr-key"]), (2, "work"))

    async def test_one_byte_more_is_refused_before_it_is_sent(self):
        await self.provide_and_start(self.take)
        reader, writer = await self.connect()
        writer.write(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (64 * MIB + 1))
        status, _, said = await asyncio.wait_for(read_answer(reader), 10)
        self.assertEqual(status, 413)
        self.assertEqual(json.loads(said)["error"]["type"], "request_too_large")
        self.assertEqual((await self.ask())[0], 200)

    async def test_one_byte_more_in_chunks_is_refused(self):
        await self.provide_and_start(self.take)
        reader, writer = await self.connect()
        writer.write(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
        answered = asyncio.create_task(read_answer(reader))
        for _ in range(64):
            writer.write(chunk(bytes(MIB)))
            await writer.drain()
        writer.write(chunk(b"x") + chunk(b""))
        self.assertEqual((await asyncio.wait_for(answered, 20))[0], 413)
        self.assertEqual(self.heads, [])

    async def test_a_body_in_chunks_goes_on_with_its_length(self):
        await self.provide_and_start(self.take)
        reader, writer = await self.connect()
        writer.write(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
        for i in range(5):
            writer.write(chunk(b"%d" % i * 1000))
        writer.write(chunk(b""))
        status, _, said = await asyncio.wait_for(read_answer(reader), 10)
        whole = b"".join(b"%d" % i * 1000 for i in range(5))
        self.assertEqual((status, said.decode()), (200, hashlib.sha256(whole).hexdigest()))
        self.assertEqual(self.heads[0][1]["content-length"], "5000")

    async def test_all_bodies_together_are_bounded(self):
        held = asyncio.Event()

        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            await held.wait()
            writer.write(answer(200, MESSAGE))

        await self.provide_and_start(script)
        body = bytes(60 * MIB)
        large = [asyncio.create_task(self.ask(body)) for _ in range(4)]
        while len(self.heads) < 4:
            await asyncio.sleep(0.05)
        status, headers, _ = await self.ask(bytes(20 * MIB))
        self.assertEqual(status, 503)
        self.assertGreater(int(headers["retry-after"]), 0)
        held.set()
        self.assertEqual([one[0] for one in await asyncio.gather(*large)], [200] * 4)
        self.assertEqual((await self.ask(bytes(20 * MIB)))[0], 200)
        self.assertTrue(SANITIZED or self.memory() < 40, self.memory())

    # ---- streams

    async def test_a_thousand_streams_at_once(self):
        go, started = asyncio.Event(), 0

        async def script(reader, writer, head):
            nonlocal started
            await reader.readexactly(int(head[1]["content-length"]))
            writer.write(STREAM + chunk(START_EVENT + TEXT % b"one"))
            started += 1
            await go.wait()
            writer.write(chunk(TEXT % b"two" + STOP) + chunk(b""))

        await self.provide_and_start(script, keys=("home", "work"))
        idle = self.memory()
        streams = [asyncio.create_task(self.ask()) for _ in range(1000)]
        while started < 1000:
            await asyncio.sleep(0.05)
            self.assertIsNone(self.process.poll(), self.said())
        many = self.memory()
        go.set()
        whole = START_EVENT + TEXT % b"one" + TEXT % b"two" + STOP
        for status, _, body in await asyncio.gather(*streams):
            self.assertEqual((status, body), (200, whole))
        await asyncio.sleep(0.5)
        after = self.memory()
        print(f"MiB: {idle:.1f} idle, {many:.1f} with 1,000 streams, {after:.1f} after", flush=True)
        self.assertTrue(SANITIZED or (idle < 15 and many < 60 and after < 30), (idle, many, after))

    async def test_a_slow_reader_holds_the_provider_up(self):
        sent = 0

        async def script(reader, writer, head):
            nonlocal sent
            await reader.readexactly(int(head[1]["content-length"]))
            writer.write(STREAM + chunk(START_EVENT))
            piece = chunk(TEXT % (b"x" * 10000))
            for _ in range(3000):
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
            writer.write(chunk(STOP) + chunk(b""))

        await self.provide_and_start(script)
        before = self.memory()
        reader, writer = await self.connect()
        reader._limit = 1024  # asyncio reads on until twice that
        writer.write(request())
        self.assertIsNotNone(await read_head(reader))
        await asyncio.sleep(2)
        self.assertLess(sent, 12 * MIB)  # what lies in the kernel's buffers on both sides
        self.assertTrue(SANITIZED or self.memory() - before < 2, self.memory() - before)
        reader._limit = MIB
        length = 0
        while data := await asyncio.wait_for(read_chunk(reader), 10):
            length += len(data)
        self.assertGreater(length, 30 * 1000 * 1000)

    async def test_a_stream_that_drips_is_passed_drop_by_drop(self):
        whole = START_EVENT + TEXT % b"word" + STOP

        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            writer.write(STREAM)
            for i in range(len(whole)):
                writer.write(chunk(whole[i : i + 1]))
                await writer.drain()
                await asyncio.sleep(0.002)
            writer.write(chunk(b""))

        await self.provide_and_start(script)
        self.assertEqual((await self.ask())[2], whole)

    # ---- what the provider does wrong

    async def test_an_answer_before_the_body_was_read_is_heard(self):
        async def script(reader, writer, head):
            writer.write(answer(413, b"{}", "content-type: application/json", "connection: close"))
            await writer.drain()
            await asyncio.sleep(0.5)
            raise ConnectionError

        await self.provide_and_start(script)
        status, headers, said = await self.ask(bytes(20 * MIB))
        self.assertEqual((status, said, headers["x-tcr-attempts"]), (413, b"{}", "1"))

    async def test_garbage_is_no_answer(self):
        for garbage in (b"\0\1\2\3" * 1000, b"220 mail.example ESMTP\r\n", b"HTTP/1.1 2000 X\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"):

            async def script(reader, writer, head):
                await reader.readexactly(int(head[1]["content-length"]))
                writer.write(garbage)
                await writer.drain()
                raise ConnectionError

            await self.provide_and_start(script)
            status, _, said = await self.ask()
            self.assertEqual((garbage[:30], status, json.loads(said)["error"]["type"]), (garbage[:30], 502, "api_error"))
            self.assertEqual(len(self.heads), 2)
            await self.end()
            self.heads.clear()

    async def test_a_head_that_never_ends_is_given_up(self):
        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            writer.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(10000):
                writer.write(b"x-filler: " + b"y" * 1000 + b"\r\n")
                await writer.drain()

        await self.provide_and_start(script)
        before = self.memory()
        self.assertEqual((await self.ask())[0], 502)
        self.assertTrue(SANITIZED or self.memory() - before < 3, self.memory())

    async def test_an_answer_that_is_cut_is_not_whole(self):
        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n" + bytes(10))
            await writer.drain()
            raise ConnectionError

        await self.provide_and_start(script)
        status, _, _ = await self.ask()
        self.assertEqual((status, len(self.heads)), (502, 2))

    # ---- what clients do wrong

    async def test_slow_and_half_open_clients_keep_nobody_waiting(self):
        await self.provide_and_start(self.take)
        lame = [await self.connect() for _ in range(300)]
        for i, (_, writer) in enumerate(lame):
            if i % 3 == 0:
                writer.write(b"POST /v1/messages HTTP/1.1\r\nhost")
            elif i % 3 == 1:
                writer.write(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nx")
        begun = time.monotonic()
        self.assertEqual((await self.ask())[0], 200)
        self.assertLess(time.monotonic() - begun, 5)

    async def test_a_client_that_shuts_its_side_has_left(self):
        gone = asyncio.Event()

        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            self.assertEqual(await reader.read(1), b"")
            gone.set()

        await self.provide_and_start(script)
        reader, writer = await self.connect()
        writer.write(request())
        while not self.heads:
            await asyncio.sleep(0.02)
        begun = time.monotonic()
        writer.write_eof()
        await asyncio.wait_for(gone.wait(), 5)
        self.assertLess(time.monotonic() - begun, 1)

    async def test_header_bombs_are_refused_within_bounds(self):
        await self.provide_and_start(self.take)
        before = self.memory()
        for bomb in (b"x: " + b"y" * 30000 + b"\r\n", b"x-%s: y\r\n" % (b"n" * 30000), b"a: b\r\n" * 10000, b"x: y\r\n " + b" z\r\n" * 20000):
            reader, writer = await self.connect()
            try:
                writer.write(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\n" + bomb)
                said = await asyncio.wait_for(reader.read(12), 10)
                self.assertRegex(said, rb"^(HTTP/1.1 4..?)?$")
            except ConnectionError:
                pass
        reader, writer = await self.connect()
        writer.write(b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n")
        try:
            self.assertRegex(await asyncio.wait_for(reader.read(12), 10), rb"^(HTTP/1.1 4..?)?$")
        except ConnectionError:
            pass
        self.assertEqual((await self.ask())[0], 200)
        self.assertEqual(len(self.heads), 1)
        self.assertTrue(SANITIZED or self.memory() - before < 3, self.memory())

    async def test_a_client_that_leaves_in_its_body_is_forgotten(self):
        await self.provide_and_start(self.take)
        before = self.memory()
        for _ in range(20):
            reader, writer = await self.connect()
            writer.write(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (30 * MIB) + bytes(MIB))
            await writer.drain()
            writer.transport.abort()
        self.assertEqual((await self.ask())[0], 200)
        self.assertEqual(len(self.heads), 1)
        self.assertTrue(SANITIZED or self.memory() - before < 8, self.memory())

    # ---- the master's bound

    async def test_at_most_is_never_exceeded_and_all_of_it_can_be_used(self):
        used = []

        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            if "home" in str(head):
                return writer.write(limited())
            used.append(head)
            await asyncio.sleep(0.1)
            writer.write(answer(200, MESSAGE))

        port = await self.provide(script)
        address = {"base_url": f"http://127.0.0.1:{port}"}
        with open(self.folder + "/bounded.json", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as keys:
            json.dump({"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001", **address}],
                       "master": {"name": "big", "token": "sk-ant-api03-FAKE-big-0001", "at_most": "7/hour", **address}}, keys)
        await self.start(f"--keys={self.folder}/bounded.json", "unused=127.0.0.1:1")
        # The first learns that the key is used up; the others find it at rest.
        self.assertEqual((await self.ask())[0], 200)
        statuses = [200] + [status for status, _, _ in await asyncio.gather(*[self.ask() for _ in range(49)])]
        self.assertEqual((statuses.count(200), statuses.count(429), len(used)), (7, 43, 7))
        self.assertEqual((await self.ask())[0], 429)
        # A later one finds in the state what this one used.
        await self.end(signal.SIGTERM)
        self.process = None
        await self.start(f"--keys={self.folder}/bounded.json", "unused=127.0.0.1:1")
        self.assertEqual((await self.ask())[0], 429)
        self.assertEqual(len(used), 7)

    # ---- the state's place

    async def refuse_home(self, reader, writer, head):
        await reader.readexactly(int(head[1]["content-length"]))
        writer.write(limited() if "home" in head[1]["authorization"] else answer(200, MESSAGE))

    def on_a_disk(self, script, size):
        """A state folder on a file system of its own, with the mounted folder as $0."""
        state = self.folder + "/.local/state/tcr"
        os.makedirs(state, 0o700)
        test = ["unshare", "-m", "mount", "-t", "tmpfs", "none", state]
        if not shutil.which("unshare") or subprocess.run(test, stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("nothing can be mounted")
        return ["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o mode=700,size={size} none "$0" && {{ {script}; }}; exec "$@"', state]

    async def ask_many(self, count):
        """One conversation each: a key is chosen anew, and the choice would be written."""
        answers = await asyncio.gather(*[self.ask(b'{"model":"m"}', f"x-claude-code-session-id: {n}") for n in range(count)])
        self.assertEqual([(status, headers["x-tcr-key"]) for status, headers, _ in answers], [(200, "work")] * count, self.said())

    async def test_a_full_disk_costs_no_request_and_is_said_once(self):
        port = await self.provide(self.refuse_home)
        # Until there is room again; what is written then is seen from outside.
        script = f"""head -c 8192 /dev/zero >"$0/fill" 2>/dev/null
            {{ while [ -d {self.folder} ] && [ ! -e {self.folder}/free ]; do sleep 0.1; done; rm -f "$0/fill"
              while [ -d {self.folder} ]; do cp "$0/state.json" {self.folder}/seen 2>/dev/null; sleep 0.1; done; }} >/dev/null 2>&1 & true"""
        await self.start(f"home=127.0.0.1:{port}", f"work=127.0.0.1:{port}", within=self.on_a_disk(script, "8k"))
        await self.ask_many(30)
        await asyncio.sleep(1.2)
        await self.ask_many(30)
        self.assertEqual(self.said().count(b"state.json"), 1, self.said())
        self.assertLess(self.said().count(b"\n"), 5, self.said())
        # Who was refused was asked once, and is not forgotten when there is room.
        self.assertLess(str(self.heads).count("FAKE-home"), 31)
        open(self.folder + "/free", "w").close()
        for _ in range(100):
            await self.ask_many(1)
            await asyncio.sleep(0.1)
            if subprocess.run(["grep", "-qs", "limit", self.folder + "/seen"], check=False).returncode == 0:
                break
        else:
            self.fail(f"nothing was written when there was room: {self.said()}")

    async def test_a_state_folder_that_cannot_be_written_costs_no_request(self):
        port = await self.provide(self.refuse_home)
        await self.start(f"home=127.0.0.1:{port}", f"work=127.0.0.1:{port}", within=self.on_a_disk('mount -o remount,ro "$0"', "8k"))
        await self.ask_many(30)
        await asyncio.sleep(1.2)
        await self.ask_many(5)
        self.assertEqual(self.said().count(b"state.json: cannot be locked: Read-only file system"), 1, self.said())
        self.assertLess(self.said().count(b"\n"), 4)
        self.assertEqual(await self.end(signal.SIGTERM), 0)

    async def serve_redis(self):
        place = self.folder + "/redis.sock"
        server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", place, "--dir", self.folder, "--save", "", "--appendonly", "no"],
                                  stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        while not os.path.exists(place):
            await asyncio.sleep(0.02)
        return server, place

    async def test_redis_goes_and_comes_back(self):
        if not shutil.which("redis-server"):
            self.skipTest("no redis-server")
        server, place = await self.serve_redis()
        port = await self.provide(self.refuse_home)
        await self.start(f"TCR_STATE=redis+unix://{place}", f"home=127.0.0.1:{port}", f"work=127.0.0.1:{port}")
        if b"built without" in self.said():
            self.skipTest("built without Redis")

        def state():
            return subprocess.run(["redis-cli", "-s", place, "HGET", "tcr:state", "text"], capture_output=True, check=True).stdout

        async def knows(what):
            for _ in range(100):
                if what in state():
                    return
                await asyncio.sleep(0.1)
            self.fail(f"{what} is not in the state: {state()} {self.said()}")

        self.assertEqual((await self.ask(b"{}", "x-tcr-key: work"))[0], 200)
        await knows(b"work")
        server.kill()
        server.wait()
        os.unlink(place)
        began = time.monotonic()
        await self.ask_many(20)
        self.assertLess(time.monotonic() - began, 8)
        await self.serve_redis()
        # It is empty now: what was learned while it was away is told, by a gateway that has nothing else to do, too.
        await knows(b"limit")
        asked = len(self.heads)
        await self.ask_many(5)
        self.assertEqual(len(self.heads), asked + 5)

    # ---- a herd

    async def stampede(self, of_work):
        """Twenty requests are under way with "home" when it says that it is used up."""
        all_there, at_work = asyncio.Event(), []

        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            if "home" in head[1]["authorization"]:
                if len(self.heads) == 20:
                    all_there.set()
                await all_there.wait()
                return writer.write(limited())
            if "work" not in head[1]["authorization"]:
                return writer.write(answer(200, MESSAGE))
            at_work.append(time.monotonic())
            await asyncio.sleep(0.15)
            writer.write(of_work())

        await self.provide_and_start(script, keys=("home", "work", "spare"))
        answers = await asyncio.gather(*[self.ask(b'{"model":"m"}', "x-claude-code-session-id: one") for _ in range(20)])
        self.assertEqual([status for status, _, _ in answers], [200] * 20)
        return answers, at_work

    async def test_a_herd_meets_the_next_key_one_by_one(self):
        answers, at_work = await self.stampede(lambda: answer(200, MESSAGE))
        self.assertEqual({headers["x-tcr-key"] for _, headers, _ in answers}, {"work"})
        # One asks first, the others when it is answered.
        self.assertGreater(at_work[1] - at_work[0], 0.1)
        self.assertLess(at_work[-1] - at_work[0], 8)

    async def test_a_herd_does_not_run_into_a_second_key_that_is_used_up(self):
        answers, at_work = await self.stampede(limited)
        self.assertEqual({headers["x-tcr-key"] for _, headers, _ in answers}, {"spare"})
        self.assertLess(len(at_work), 5)

    # ---- the machine's limits

    async def test_with_256_descriptors_all_are_served_in_turn(self):
        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            await asyncio.sleep(0.1)
            writer.write(answer(200, MESSAGE))

        await self.provide_and_start(script, files=256)

        async def ask_and_close():
            reader, writer = await asyncio.open_unix_connection(self.path)
            writer.write(request())
            try:
                return await asyncio.wait_for(read_answer(reader), 40)
            finally:
                writer.close()

        answers = await asyncio.gather(*[ask_and_close() for _ in range(400)])
        self.assertEqual({one[0] for one in answers}, {200})

    async def test_idle_connections_do_not_fill_256_descriptors_for_ever(self):
        await self.provide_and_start(self.take, files=256)
        idle = [await self.connect() for _ in range(60)]
        self.assertEqual((await self.ask())[0], 200)
        for _, writer in idle:
            writer.close()
        self.assertEqual((await self.ask())[0], 200)

    # ---- its end

    async def test_killed_in_a_stream_the_next_one_serves_the_same_socket(self):
        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            writer.write(STREAM + chunk(START_EVENT + TEXT % b"x"))
            if len(self.heads) == 1:
                await asyncio.sleep(30)
            writer.write(chunk(STOP) + chunk(b""))

        port = await self.provide_and_start(script)
        reader, writer = await self.connect()
        writer.write(request())
        self.assertIsNotNone(await read_head(reader))
        await read_chunk(reader)
        await self.end(signal.SIGKILL)
        with self.assertRaises((asyncio.IncompleteReadError, ConnectionError)):
            await asyncio.wait_for(read_chunk(reader), 5)
        await self.start(f"home=127.0.0.1:{port}")
        self.assertEqual((await self.ask())[0], 200)

    async def test_sigterm_lets_a_stream_end_and_takes_nobody_new(self):
        go = asyncio.Event()

        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            writer.write(STREAM + chunk(START_EVENT + TEXT % b"x"))
            await go.wait()
            writer.write(chunk(STOP) + chunk(b""))

        await self.provide_and_start(script)
        stream = asyncio.create_task(self.ask())
        while not self.heads:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        self.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        self.assertIsNone(self.process.poll())
        go.set()
        self.assertEqual((await stream)[2], START_EVENT + TEXT % b"x" + STOP)
        self.assertEqual(await asyncio.to_thread(self.process.wait, 5), 0)

    async def test_a_second_sigterm_does_not_wait(self):
        async def script(reader, writer, head):
            await asyncio.sleep(30)

        await self.provide_and_start(script)
        asked = asyncio.create_task(self.ask())
        while not self.heads:
            await asyncio.sleep(0.02)
        for _ in range(2):
            self.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.2)
        self.assertEqual(await asyncio.to_thread(self.process.wait, 5), 0)
        with self.assertRaises(Exception):
            await asked

    # ---- TLS and proxies

    def make_certificate(self):
        name = self.folder + "/certificate"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(name, name + ".key")
        return name, context

    async def test_a_certificate_of_ones_own(self):
        name, context = self.make_certificate()
        port = await self.provide(self.take, tls=context)
        await self.start(f"home=https://127.0.0.1:{port}")
        status, _, said = await self.ask()
        self.assertEqual(status, 502)
        self.assertRegex(json.loads(said)["error"]["message"], r"https://127.0.0.1:\d+ cannot be reached .*certificate")
        self.assertEqual(self.heads, [])
        await self.end()
        await self.start(f"SSL_CERT_FILE={name}", f"home=https://127.0.0.1:{port}")
        status, headers, _ = await self.ask()
        self.assertEqual((status, headers["x-tcr-key"], self.heads[0][1]["authorization"]), (200, "home", "Bearer sk-ant-oat01-FAKE-home-0001"))

    async def test_tls_that_is_none(self):
        hellos = []

        async def plain(reader, writer):
            hellos.append(await reader.read(1))
            writer.write(answer(400, b""))
            writer.close()

        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        self.addCleanup(server.close)
        await self.start(f"home=https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        status, _, said = await self.ask()
        self.assertEqual((status, json.loads(said)["error"]["type"], set(hellos)), (502, "api_error", {b"\x16"}))

    async def test_a_name_that_is_not_found(self):
        await self.start("home=https://nowhere.invalid")
        status, _, said = await self.ask()
        self.assertEqual(status, 502)
        self.assertIn("https://nowhere.invalid cannot be reached", said.decode())

    async def test_the_users_proxy_is_used_unless_it_is_excepted(self):
        name, context = self.make_certificate()
        port = await self.provide(self.take, tls=context)
        asked = []

        async def proxy(reader, writer):
            first, headers = await read_head(reader)
            asked.append((first, headers))
            inner, outer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")

            async def pump(source, to):
                while data := await source.read(65536):
                    to.write(data)
                to.close()

            await asyncio.gather(pump(reader, outer), pump(inner, writer), return_exceptions=True)

        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        self.addCleanup(server.close)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for excepted, count in (("other.example", 1), ("127.0.0.1", 1)):
            await self.start(f"SSL_CERT_FILE={name}", f"HTTPS_PROXY={address}", f"NO_PROXY={excepted}", f"home=https://127.0.0.1:{port}")
            self.assertEqual((await self.ask())[0], 200)
            self.assertEqual(len(asked), count)
            await self.end()
        self.assertEqual(asked[0][0], f"CONNECT 127.0.0.1:{port} HTTP/1.1")
        self.assertNotIn("FAKE", str(asked))

    async def test_an_address_that_swallows_all_is_not_waited_for(self):
        """A name with two addresses, of which the first, ::1, neither takes a connection nor refuses one."""
        with open(self.folder + "/hosts", "w", encoding="ascii") as hosts:
            hosts.write("::1 both.test\n127.0.0.1 both.test\n")
        within = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', self.folder + "/hosts"]
        if not shutil.which("unshare") or subprocess.run([*within, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("nothing can be mounted")
        port = await self.provide(self.take)
        dead = socket.socket(socket.AF_INET6)
        self.addCleanup(dead.close)
        try:
            dead.bind(("::1", port))
        except OSError as failure:
            self.skipTest(f"no [::1]: {failure}")
        dead.listen(0)
        for _ in range(3):
            filler = socket.socket(socket.AF_INET6)
            self.addCleanup(filler.close)
            filler.setblocking(False)
            filler.connect_ex(("::1", port))
        await self.start(f'home=both.test:{port}+"plain_http":true', within=within)
        began = time.monotonic()
        self.assertEqual((await self.ask())[0], 200)
        took = time.monotonic() - began
        self.assertGreater(took, 0.15) # the other was tried first
        self.assertLess(took, 3)

    # ---- keys

    async def test_no_key_comes_out_but_to_its_provider(self):
        """All that comes out on the way of refusals, breaks and errors, on the socket, the pipes and the disk."""

        async def script(reader, writer, head):
            await reader.readexactly(int(head[1]["content-length"]))
            key = head[1].get("authorization", "") + head[1].get("x-api-key", "")
            if "home" in key:
                return writer.write(answer(401, json.dumps({"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}).encode(),
                                           "content-type: application/json"))
            if "work" in key:
                return writer.write(limited())
            if "cut" in head[0]:
                writer.write(STREAM + chunk(START_EVENT + TEXT % b"x"))
                await writer.drain()
                raise ConnectionError
            writer.write(answer(200, MESSAGE))

        port = await self.provide(script)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            where = str(taken.getsockname()[1])
        words = [f"home=127.0.0.1:{port}", f"work=127.0.0.1:{port}", "far=https://nowhere.invalid", f"team=127.0.0.1:{port}", f"master:big=127.0.0.1:{port}"]
        await self.start("--retries=9", *words, where=where)
        came = b""
        host = f"host: 127.0.0.1:{where}"
        for headers in ([], [f"x-api-key: {STAND_IN}"], [f"authorization: Bearer {STAND_IN}", "x-tcr-key: far"], [f"x-api-key: {STAND_IN}", "origin: http://evil.example"],
                        [f"x-api-key: {STAND_IN}", "x-tcr-key: nobody"]):
            for target in ("/v1/messages", "/v1/messages?cut", "/v1/models", "/", "/%00"):
                reader, writer = await asyncio.open_connection("127.0.0.1", int(where))
                writer.write("\r\n".join([f"POST {target} HTTP/1.1", host, "content-length: 2", "connection: close", *headers]).encode() + b"\r\n\r\n{}")
                came += await asyncio.wait_for(reader.read(), 30)
                writer.close()
        with open(f"/proc/{self.process.pid}/cmdline", "rb") as line, open(f"/proc/{self.process.pid}/environ", "rb") as environment:
            came += line.read() + environment.read()
        await self.end(signal.SIGTERM)
        came += self.process.stdout.read() or b""
        came += self.said()
        for base, _, names in os.walk(self.folder):
            for name in names:
                with open(os.path.join(base, name), "rb") as file:
                    came += b"" if name == "keys.json" else file.read()
        self.assertGreater(came.count(b"HTTP/1.1"), 20)
        self.assertIn(b'"event"', came)
        self.assertEqual(TOKEN.findall(came), [])
        self.assertNotIn(STAND_IN.encode(), came)

    async def test_a_crash_leaves_no_core_and_nobody_may_look_inside(self):
        await self.provide_and_start(self.take)
        with open(f"/proc/{self.process.pid}/limits") as limits:
            core = re.search(r"Max core file size\s+(\S+)", limits.read())[1]
        self.assertEqual((await self.ask())[0], 200)
        # What may not be dumped belongs to root, whoever runs it.
        hidden = os.stat(f"/proc/{self.process.pid}/environ").st_uid == 0
        self.assertTrue(core == "0" or hidden)
        await self.end(signal.SIGSEGV)
        self.assertFalse(os.WCOREDUMP(self.process.returncode) if self.process.returncode >= 0 else False)
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("core")], [])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    PROGRAM, START = map(os.path.abspath, sys.argv[1:3])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384) if hard != resource.RLIM_INFINITY else 16384, hard))
    unittest.main(argv=sys.argv[:1] + [f"Extremes.{name}" for name in sys.argv[3:]])
