#!/usr/bin/env python3
"""smoke.py TCR-GATEWAY: the gateway between a client and a provider of this file's own."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = None
HOME, WORK = "sk-ant-oat01-FAKE-home-0001", "sk-ant-oat01-FAKE-work-0002"


def event(name, **fields):
    return f"event: {name}\ndata: {json.dumps(dict(fields, type=name))}\n\n".encode()


START = event("message_start", message={}) + event("content_block_start", index=0, content_block={"type": "text", "text": ""})
DELTA = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "word"})
STOP = event("content_block_stop", index=0) + event("message_stop")


class Provider:
    """Answers each request by `script(request)`, which writes to the connection itself."""

    def __init__(self, script):
        self.script, self.requests, self.gone = script, [], threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode("latin-1").split(" ", 2)
                headers = {}
                while (line := stream.readline()).strip():
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                request = dict(method=method, target=target, headers=headers, body=body, provider=self)
                request["key"] = headers.get("authorization", "").removeprefix("Bearer ")
                self.requests.append(request)
                if self.script(connection, request) == "close":
                    return


def answer(connection, status, body, **headers):
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def chunk(connection, data):
    connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))


def begin_stream(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")


def refuse(connection, reset=3600):
    body = json.dumps({"type": "error", "error": {"type": "rate_limit_error", "message": "limit"}}).encode()
    until = int(time.time()) + reset
    answer(connection, 429, body, content_type="application/json", retry_after=reset,
           anthropic_ratelimit_unified_status="rejected", anthropic_ratelimit_unified_reset=until)


def refuse_request(connection, request):
    refuse(connection)


def greet(connection, request):
    answer(connection, 200, b'{"type":"message"}', content_type="application/json")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("api.anthropic.com", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


class Gateway(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tcr")
        self.addCleanup(shutil.rmtree, self.folder)

    def write_keys(self, keys):
        path = self.folder + "/keys.json"
        with open(path + ".new", "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(keys if isinstance(keys, str) else json.dumps(keys if isinstance(keys, dict) else {"keys": keys}))
        os.rename(path + ".new", path)
        return path

    def start(self, script, *arguments, stand_in=None, keys=None):
        self.provider = Provider(script)
        self.addCleanup(self.provider.socket.close)
        self.run_folder = self.folder + "/run"
        os.makedirs(self.run_folder, 0o700)
        self.path = self.run_folder + "/api.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(64)
        self.tell, tell = os.pipe()
        life, self.life = os.pipe()
        passed = [listener.fileno(), tell, life]
        arguments = ["--private", "--folder", self.run_folder, *arguments, "--listen-fd", str(passed[0]), "--tell-fd", str(tell), "--life-fd", str(life)]
        if stand_in:
            given, writer = os.pipe()
            os.write(writer, stand_in.encode())
            os.close(writer)
            passed.append(given)
            arguments += ["--stand-in-fd", str(given)]
        environment = dict(os.environ, HOME=self.folder, XDG_STATE_HOME=self.folder, TCR_KEYS=f"home={HOME},work={WORK}",
                           ANTHROPIC_BASE_URL=self.provider.url, NO_PROXY="127.0.0.1")
        if keys is not None:
            del environment["TCR_KEYS"]
            arguments += ["--keys", self.write_keys(keys)]
        self.process = subprocess.Popen([PROGRAM, *arguments], pass_fds=passed, env=environment, stderr=subprocess.PIPE)
        for fd in passed[1:]:
            os.close(fd)
        listener.close()
        self.addCleanup(self.end)
        self.assertEqual(os.read(self.tell, 64), b"listening\n")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        for fd in (self.tell, self.life):
            if fd is not None:
                os.close(fd)
        self.tell = self.life = None

    def ask(self, body=b'{"model": "m"}', method="POST", target="/v1/messages?beta=true", **headers):
        connection = UnixConnection(self.path)
        self.addCleanup(connection.close)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("Authorization", "Bearer sk-ant-oat01-FAKE-client")
        connection.request(method, target, body, {"Content-Type": "application/json", **headers})
        return connection.getresponse()

    def test_a_request_passes_with_the_pools_key(self):
        self.start(greet)
        body = b'{ "a" : 12345678901234567890,\t"b":"\\u00e9" }'
        response = self.ask(body, X_Odd="a  b", anthropic_beta="one,two")
        self.assertEqual((response.status, response.read()), (200, b'{"type":"message"}'))
        self.assertEqual(response.getheader("x-tcr-key"), "home")
        request = self.provider.requests[0]
        self.assertEqual(request["body"], body)
        self.assertEqual(request["target"], "/v1/messages?beta=true")
        self.assertEqual(request["key"], HOME)
        self.assertEqual(request["headers"]["x-odd"], "a  b")
        self.assertEqual(request["headers"]["anthropic-beta"], "one,two,oauth-2025-04-20")

    def test_a_used_up_key_is_not_seen(self):
        self.start(lambda c, r: refuse(c) if r["key"] == HOME else greet(c, r))
        for attempts in ("2", "1"):
            response = self.ask()
            self.assertEqual((response.status, response.read()), (200, b'{"type":"message"}'))
            self.assertEqual(response.getheader("x-tcr-key"), "work")
            self.assertEqual(response.getheader("x-tcr-attempts"), attempts)
            self.assertIsNone(response.getheader("retry-after"))
        self.assertEqual([r["body"] for r in self.provider.requests], [b'{"model": "m"}'] * 3)

    def test_the_first_to_be_ready_answers_when_all_are_used_up(self):
        self.start(lambda c, r: refuse(c, 600 if r["key"] == HOME else 7200))
        response = self.ask()
        self.assertEqual(response.status, 429)
        self.assertEqual(response.getheader("x-tcr-key"), "home")
        self.assertAlmostEqual(int(response.getheader("retry-after")), 600, delta=5)
        # A request that comes later asks nobody, and is told the same.
        asked = len(self.provider.requests)
        response = self.ask()
        self.assertEqual((response.status, response.getheader("x-tcr-key")), (429, "home"))
        self.assertEqual(json.load(response)["error"]["message"], "limit")
        self.assertEqual(response.getheader("anthropic-ratelimit-unified-status"), "rejected")
        self.assertAlmostEqual(int(response.getheader("retry-after")), 600, delta=5)
        self.assertEqual(len(self.provider.requests), asked)
        # So is one that comes to a gateway which knows it from the state alone.
        self.process.terminate()
        self.process.wait(5)
        self.end()
        shutil.rmtree(self.run_folder)
        self.start(greet)
        response = self.ask()
        self.assertEqual((response.status, len(self.provider.requests)), (429, 0))
        self.assertAlmostEqual(int(response.getheader("retry-after")), 600, delta=5)
        reset = int(response.getheader("anthropic-ratelimit-unified-reset"))
        self.assertAlmostEqual(reset, time.time() + 600, delta=10)

    def test_an_event_passes_before_the_next_is_sent(self):
        go_on = threading.Event()

        def script(connection, request):
            begin_stream(connection)
            chunk(connection, START + DELTA)
            go_on.wait(10)
            chunk(connection, STOP)
            connection.sendall(b"0\r\n\r\n")

        self.start(script)
        response = self.ask(b'{"stream": true}')
        self.assertEqual(response.read(len(START + DELTA)), START + DELTA)
        go_on.set()
        self.assertEqual(response.read(), STOP)

    def test_a_limit_inside_a_stream_is_not_seen(self):
        def script(connection, request):
            begin_stream(connection)
            if request["key"] == HOME:
                chunk(connection, START + event("error", error={"type": "rate_limit_error", "message": "limit"}))
            else:
                chunk(connection, START + DELTA + STOP)
            connection.sendall(b"0\r\n\r\n")

        self.start(script)
        response = self.ask(b'{"stream": true}')
        self.assertEqual(response.read(), START + DELTA + STOP)
        self.assertEqual(response.getheader("x-tcr-key"), "work")

    def test_a_stream_that_breaks_is_not_ended_well(self):
        seen = threading.Event()

        def script(connection, request):
            begin_stream(connection)
            chunk(connection, START + DELTA)
            seen.wait(10)
            return "close"

        self.start(script)
        response = self.ask(b'{"stream": true}')
        seen.set()
        with self.assertRaises(http.client.IncompleteRead):
            response.read()
        self.assertEqual(len(self.provider.requests), 1)

    def test_a_client_that_leaves_takes_the_request_along(self):
        for sends_first in (True, False):
            left = threading.Event()

            def script(connection, request):
                if sends_first:
                    begin_stream(connection)
                    chunk(connection, START + DELTA)
                connection.settimeout(5)
                if connection.recv(1) == b"":
                    left.set()
                return "close"

            self.start(script)
            if sends_first:
                self.ask(b'{"stream": true}').read(10)
                self.doCleanups_of_connections()
            else:
                client = socket.socket(socket.AF_UNIX)
                client.connect(self.path)
                client.sendall(b"POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
                while not self.provider.requests:
                    time.sleep(0.01)
                client.close()
            self.assertTrue(left.wait(2), f"sends first: {sends_first}")
            self.end()
            shutil.rmtree(self.run_folder)

    def doCleanups_of_connections(self):
        function, _, _ = self._cleanups.pop()
        function()

    def test_a_session_stays_on_its_key(self):
        self.start(greet)
        first = [self.ask(X_Claude_Code_Session_Id=f"s{i}").getheader("x-tcr-key") for i in range(2)]
        self.assertEqual(sorted(first), ["home", "work"])
        for _ in range(3):
            again = [self.ask(X_Claude_Code_Session_Id=f"s{i}").getheader("x-tcr-key") for i in range(2)]
            self.assertEqual(again, first)

    def test_a_new_session_begins_with_the_runs_key(self):
        self.start(greet, "--first", "work")
        for session in ("a", "b", "c"):
            self.assertEqual(self.ask(X_Claude_Code_Session_Id=session).getheader("x-tcr-key"), "work")

    def test_a_key_is_picked_by_hand(self):
        self.start(greet)
        for _ in range(2):
            self.assertEqual(self.ask(X_Tcr_Key="work").getheader("x-tcr-key"), "work")
        self.assertNotIn("x-tcr-key", self.provider.requests[0]["headers"])
        self.assertEqual(self.ask(X_Tcr_Key="other").status, 400)

    def test_a_new_session_avoids_a_key_that_is_nearly_used_up(self):
        def script(connection, request):
            used = "0.99" if request["key"] == HOME else "0.1"
            answer(connection, 200, b'{"type":"message"}', content_type="application/json",
                   anthropic_ratelimit_unified_5h_utilization=used, anthropic_ratelimit_unified_5h_status="allowed",
                   anthropic_ratelimit_unified_5h_reset=int(time.time()) + 3600)

        self.start(script)
        self.assertEqual(self.ask(X_Tcr_Key="home").getheader("anthropic-ratelimit-unified-5h-utilization"), "0.99")
        keys = {self.ask(X_Claude_Code_Session_Id=f"s{i}").getheader("x-tcr-key") for i in range(4)}
        self.assertEqual(keys, {"work"})

    def test_a_reset_is_waited_for(self):
        end = time.time() + 2

        def script(connection, request):
            if time.time() < end:
                refuse(connection, max(1, int(end - time.time() + 1)))
            else:
                greet(connection, request)

        self.start(script, "--hold", "30s")
        self.assertEqual(self.ask().status, 200)
        self.assertGreaterEqual(time.time(), end)

    def test_a_stream_that_waits_for_a_reset_gets_pings(self):
        end = time.time() + 4

        def script(connection, request):
            if time.time() < end:
                return refuse(connection, max(1, int(end - time.time() + 1)))
            begin_stream(connection)
            chunk(connection, START + DELTA + STOP)
            connection.sendall(b"0\r\n\r\n")

        self.start(script, "--hold", "30s", "--silence", "1s")
        response = self.ask(b'{"stream": true}')
        self.assertLess(time.time(), end - 1)
        self.assertEqual(response.status, 200)
        body = response.read()
        self.assertTrue(body.startswith(b"event: ping\n"), body)
        self.assertTrue(body.endswith(START + DELTA + STOP), body)

    def test_requests_of_every_format_wait_for_a_reset(self):
        end = time.time() + 2.5

        def script(connection, request):
            if time.time() < end:
                return refuse(connection, max(1, int(end - time.time() + 1)))
            if not json.loads(request["body"]).get("stream"):
                return answer(connection, 200, b'{"type":"message","content":[],"stop_reason":"end_turn"}',
                              content_type="application/json")
            begin_stream(connection)
            chunk(connection, START + DELTA + event("message_delta", delta={"stop_reason": "end_turn"}) + STOP)
            connection.sendall(b"0\r\n\r\n")

        self.start(script, "--hold", "30s", "--silence", "1s")
        chat = b'"model": "claude-x", "messages": [{"role": "user", "content": "hi"}]'
        requests = [("/v1/chat/completions", b"{%s, \"stream\": true}" % chat),
                    ("/v1/responses", b'{"model": "claude-x", "input": "hi", "stream": true}'),
                    ("/v1/chat/completions", b"{%s}" % chat), ("/v1/responses", b'{"model": "claude-x", "input": "hi"}'),
                    ("/v1/messages", b"{}")]
        answers = [None] * len(requests)

        def ask(i):
            response = self.ask(requests[i][1], target=requests[i][0])
            answers[i] = (response.status, int(response.getheader("x-tcr-queued", 0)), response.read())

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(requests))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for status, queued, body in answers:
            self.assertEqual(status, 200, body)
            self.assertTrue(1 <= queued <= 20, (queued, body))
        self.assertTrue(answers[0][2].startswith(b": ping\n\ndata: "), answers[0][2])
        self.assertTrue(answers[0][2].endswith(b"data: [DONE]\n\n"), answers[0][2])
        self.assertTrue(answers[1][2].startswith(b": ping\n\nevent: response.created"), answers[1][2])
        self.assertIn(b"event: response.completed", answers[1][2])
        self.assertEqual(json.loads(answers[2][2])["object"], "chat.completion")
        self.assertEqual(json.loads(answers[3][2])["object"], "response")

    def test_a_wait_that_was_in_vain_is_told_in_every_format(self):
        begun = time.time()
        self.start(lambda c, r: refuse(c, 3) if time.time() < begun + 2 else refuse(c, 3600), "--hold", "30s",
                   "--silence", "1s")
        body = self.ask(b'{"model": "claude-x", "input": "hi", "stream": true}', target="/v1/responses").read()
        self.assertTrue(body.startswith(b": ping\n"), body)
        told = json.loads(body.split(b"event: error\ndata: ")[1])
        self.assertEqual((told["type"], told["code"]), ("error", "rate_limit_error"))

    def test_a_wait_that_was_in_vain_ends_in_an_error_event(self):
        begun = time.time()
        self.start(lambda c, r: refuse(c, 3) if time.time() < begun + 2 else refuse(c, 3600), "--hold", "30s",
                   "--silence", "1s")
        body = self.ask(b'{"stream": true}').read()
        self.assertTrue(body.startswith(b"event: ping\n"), body)
        self.assertEqual(json.loads(body.split(b"event: error\ndata: ")[1])["error"]["type"], "rate_limit_error")

    def test_what_one_key_made_stays_with_it(self):
        def script(connection, request):
            if request["target"].startswith("/v1/files"):
                answer(connection, 200, b'{"type":"file","id":"file_abc123"}', content_type="application/json")
            else:
                greet(connection, request)

        self.start(script)
        self.assertEqual(self.ask(b"x", target="/v1/files", X_Tcr_Key="work").status, 200)
        body = json.dumps({"messages": [{"content": [{"source": {"type": "file", "file_id": "file_abc123"}}]}]})
        for session in ("a", "b", "c"):
            response = self.ask(body.encode(), X_Claude_Code_Session_Id=session)
            self.assertEqual(response.getheader("x-tcr-key"), "work")
        response = self.ask(None, "GET", "/v1/files/file_abc123")
        self.assertEqual(response.getheader("x-tcr-key"), "work")

    def test_a_key_that_rests_for_long_is_tried_by_one_request_each_half_hour(self):
        self.start(lambda c, r: refuse(c, 3 * 3600) if r["key"] == HOME else greet(c, r))
        self.ask().read()
        self.process.terminate()
        self.assertEqual(self.process.wait(5), 0)
        self.end()
        path = self.folder + "/tcr/state.json"
        with open(path) as file:
            state = json.load(file)
        rests = [rest for record in state["keys"].values() for rest in record.get("cooldowns", [])]
        self.assertEqual(len(rests), 1)
        rests[0]["length"] += 2000  # it began more than half an hour ago
        with open(path, "w") as file:
            json.dump(state, file)
        for works, keys in ((False, ["work"] * 3), (True, ["home", "work", "work"])):
            shutil.rmtree(self.run_folder)
            self.start(lambda c, r: greet(c, r) if works or r["key"] == WORK else refuse(c, 3 * 3600))
            answered = [self.ask(X_Claude_Code_Session_Id="s").getheader("x-tcr-key") for _ in range(3)]
            self.assertEqual(answered, keys)
            self.assertEqual([r["key"] for r in self.provider.requests].count(HOME), 1)
            self.end()
            with open(path, "w") as file:
                json.dump(state, file)

    def test_what_happens_is_told(self):
        self.start(lambda c, r: refuse(c) if r["key"] == HOME else greet(c, r))
        for _ in range(3):
            self.ask().read()
        os.close(self.life)
        self.life = None
        self.process.wait(2)
        lines = os.read(self.tell, 65536).decode().splitlines()
        event = json.loads(lines[0])
        self.assertEqual((event["event"], event["key"], event["next"], event["class"]),
                         ("failover", "home", "work", "limit"))
        self.assertEqual(lines[1:], ["served 3 work"])
        with open(self.folder + "/tcr/events.jsonl") as file:
            self.assertEqual(json.loads(file.readline())["event"], "failover")

    def test_the_last_key_that_fails_is_told_too(self):
        self.start(refuse_request, keys=[{"name": "home", "token": HOME}])
        self.assertEqual(self.ask().status, 429)
        os.close(self.life)
        self.life = None
        self.process.wait(2)
        lines = os.read(self.tell, 65536).decode().splitlines()
        event = json.loads(lines[0])
        self.assertEqual((event["event"], event["key"], event["class"]), ("exhausted", "home", "limit"))
        self.assertEqual(lines[1:], ["refused 1"])

    def test_what_a_gateway_learns_the_next_one_knows(self):
        self.start(lambda c, r: refuse(c) if r["key"] == HOME else greet(c, r))
        self.ask().read()
        self.process.terminate()
        self.assertEqual(self.process.wait(5), 0)
        self.end()
        shutil.rmtree(self.run_folder)
        self.start(greet)
        self.assertEqual(self.ask().getheader("x-tcr-key"), "work")
        self.assertEqual(self.ask(X_Tcr_Key="home").getheader("x-tcr-key"), "home")

    def test_what_another_learns_is_known_here(self):
        self.start(greet)
        self.assertEqual(self.ask().getheader("x-tcr-key"), "home")
        first, self.process = self.process, None
        path = self.path
        self.run_folder, keep = None, self.run_folder
        shutil.move(keep, keep + ".first")
        self.start(lambda c, r: refuse(c) if r["key"] == HOME else greet(c, r))
        self.addCleanup(first.stderr.close)
        self.addCleanup(first.wait)
        self.addCleanup(first.kill)
        self.ask(X_Tcr_Key="home").read()
        time.sleep(1.5)
        self.path = keep + ".first/api.sock"
        self.assertEqual(self.ask().getheader("x-tcr-key"), "work")

    def test_a_token_command_gives_the_key(self):
        source = self.folder + "/token"
        with open(source, "w") as file:
            file.write(HOME + "\nnote\n")
        valid = [HOME]

        def script(connection, request):
            if request["key"] in valid:
                greet(connection, request)
            else:
                answer(connection, 401, b'{"type":"error","error":{"type":"authentication_error","message":"no"}}')

        self.start(script, keys=[{"name": "home", "kind": "oauth", "token_command": ["cat", source]}])
        self.assertEqual(self.ask().status, 200)
        # It was rotated: the new one is fetched, once, and the client does not see it.
        valid[0] = WORK
        with open(source, "w") as file:
            file.write(WORK)
        self.assertEqual(self.ask().status, 200)
        self.assertEqual([r["key"] for r in self.provider.requests], [HOME, HOME, WORK])
        valid[0] = "none"
        self.assertEqual(self.ask().status, 401)

    def test_a_masters_token_command_is_waited_for_before_a_use_is_counted(self):
        self.start(greet, keys={"keys": [{"name": "home", "token": HOME, "disabled": True}],
                                "master": {"name": "big", "kind": "oauth", "at_most": "3/hour",
                                           "token_command": ["sh", "-c", f"sleep 0.3; echo {WORK}"]}})
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.ask().status)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [200, 200, 200])
        self.assertEqual(self.ask().status, 503)

    def test_a_masters_token_command_that_fails_costs_no_use(self):
        flag = self.folder + "/fails"
        open(flag, "w").close()
        self.start(greet, keys={"keys": [{"name": "home", "token": HOME, "disabled": True}],
                                "master": {"name": "big", "kind": "oauth", "at_most": "1/hour",
                                           "token_command": ["sh", "-c", f"test ! -e {flag} && echo {WORK}"]}})
        self.assertEqual(self.ask().status, 503)
        self.process.terminate()
        self.process.wait(5)
        path = self.folder + "/tcr/state.json"
        uses = []
        if os.path.exists(path):
            with open(path) as file:
                uses = json.load(file).get("master_uses", [])
        self.assertEqual(uses, [])

    def test_a_token_command_that_fails_leaves_the_other_keys(self):
        self.start(greet, keys=[{"name": "home", "kind": "oauth", "token_command": ["false"]},
                                {"name": "work", "token": WORK}])
        for _ in range(3):
            self.assertEqual(self.ask().getheader("x-tcr-key"), "work")

    def test_a_login_of_the_client_is_read_again_when_it_was_renewed(self):
        folder = self.folder + "/login"
        os.mkdir(folder, 0o700)

        def log_in(token, hours):
            login = {"claudeAiOauth": {"accessToken": token, "expiresAt": int((time.time() + hours * 3600) * 1000)}}
            path = folder + "/.credentials.json"
            with open(path + ".new", "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
                json.dump(login, file)
            os.rename(path + ".new", path)

        log_in(HOME, 1)
        self.start(greet, keys=[{"name": "login", "config_dir": folder}])
        self.assertEqual(self.ask().status, 200)
        log_in(WORK, 1)
        time.sleep(2.1)
        self.assertEqual(self.ask().status, 200)
        self.assertEqual([r["key"] for r in self.provider.requests], [HOME, WORK])
        log_in(WORK, -1)
        time.sleep(2.1)
        self.assertEqual(self.ask().status, 503)

    def test_the_key_file_is_read_again_when_it_changes(self):
        self.start(greet, keys=[{"name": "home", "token": HOME}])
        session = dict(X_Claude_Code_Session_Id="s")
        self.assertEqual(self.ask(**session).getheader("x-tcr-key"), "home")
        self.write_keys([{"name": "work", "token": WORK}])
        time.sleep(1.1)
        self.assertEqual(self.ask(**session).getheader("x-tcr-key"), "work")
        self.write_keys("{ broken")
        time.sleep(1.1)
        for _ in range(2):
            self.assertEqual(self.ask(**session).getheader("x-tcr-key"), "work")
        self.process.terminate()
        self.process.wait(5)
        said = self.process.stderr.read().decode()
        self.assertEqual(said.count("cannot be read; the gateway goes on with those it has"), 1, said)

    def test_who_has_no_stand_in_is_refused(self):
        self.start(greet, stand_in="FAKE-stand-in")
        response = self.ask()
        self.assertEqual(response.status, 401)
        self.assertEqual(json.load(response)["error"]["type"], "authentication_error")
        self.assertEqual(self.ask(x_api_key="FAKE-stand-in", Authorization="").status, 200)
        self.assertEqual(len(self.provider.requests), 1)

    def test_it_ends_with_its_run(self):
        self.start(greet)
        os.close(self.life)
        self.life = None
        self.assertEqual(self.process.wait(1), 0)
        self.assertFalse(os.path.exists(self.run_folder))

    def test_a_request_under_way_is_ended_before_it(self):
        go_on = threading.Event()

        def script(connection, request):
            go_on.wait(10)
            greet(connection, request)

        self.start(script)
        connection = UnixConnection(self.path)
        self.addCleanup(connection.close)
        connection.request("POST", "/v1/messages", b"{}")
        while not self.provider.requests:
            time.sleep(0.01)
        self.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        self.assertIsNone(self.process.poll())
        go_on.set()
        self.assertEqual(connection.getresponse().status, 200)
        self.assertEqual(self.process.wait(2), 0)

    def test_the_provider_is_out_of_reach(self):
        self.start(greet)
        self.provider.socket.shutdown(socket.SHUT_RDWR)
        response = self.ask()
        error = json.load(response)["error"]
        self.assertEqual((response.status, error["type"]), (502, "api_error"))
        self.assertIn(self.provider.url, error["message"])
        self.assertNotIn("FAKE", error["message"])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
