#!/usr/bin/env python3
"""A scripted Messages API on loopback.

    fake_api.py --scenario FILE --port-file FILE --log FILE [--dump DIR]

The scenario is a JSON object: token -> list of steps. "*" stands for any other token; without it an unknown token is
answered like a wrong one. Each main request of a token takes its next step and the last one repeats. The file is read again
whenever it changes, and a token whose list changed starts over.

    ok:TEXT                 an answer
    tool:COMMAND            a call of the Bash tool
    agents:N                calls of N sub-agents at once
    big:BYTES               an answer of so many bytes, in numbered lines
    limit:WINDOW[:SECONDS]  a plan limit: five_hour, seven_day, seven_day_opus, seven_day_sonnet, overage
    rate429[:SECONDS]       429 without plan headers, retry-after given
    401 revoked 403 credit spend 500 529
    error:STATUS:TYPE:TEXT  an error in any words, which the client is told not to retry
    reset                   the connection is closed without an answer
    hang[:SECONDS]          silence, then an answer
    drip                    words without an end, ten a second; the log says when the client is gone
    warn:TEXT               an answer that carries the "close to the limit" headers

Every request is one JSON line in the log.
"""

import argparse
import http.server
import json
import os
import select
import socket
import socketserver
import struct
import sys
import threading
import time

LIMIT_MESSAGE = "This request would exceed your account's rate limit. Please try again later."
RATE_MESSAGE = "This request would exceed your organization's rate limit of 30,000 input tokens per minute"
ERRORS = {
    "403": (403, "permission_error", "OAuth authentication is currently not allowed for this organization."),
    "revoked": (401, "authentication_error",
                "OAuth token has been revoked. Please obtain a new token or refresh your existing token."),
    "credit": (400, "invalid_request_error",
               "Your credit balance is too low to access the Anthropic API. "
               "Please go to Plans & Billing to upgrade or purchase credits."),
    "spend": (400, "invalid_request_error",
              "You have reached your specified API usage limits. You will regain access on 2099-01-01 at 00:00 UTC."),
    "500": (500, "api_error", "Internal server error"),
    "529": (529, "overloaded_error", "Overloaded"),
}


def big_text(size):
    """Numbered lines, so that a missing piece shows where it was. The last byte is a full stop, not white space."""
    lines = []
    length = 0
    while length < size:
        lines.append("%07d %s\n" % (len(lines), "x" * 71))
        length += 80
    return "".join(lines)[:size - 1] + "."


class Script:
    """The steps left for every token."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.stamp = None
        self.steps = {}
        self.position = {}

    def reload(self):
        status = os.stat(self.path)
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp == self.stamp:
            return
        with open(self.path, encoding="utf-8") as stream:
            steps = json.load(stream)
        for token in set(steps) | set(self.steps):
            if steps.get(token) != self.steps.get(token):
                self.position.pop(token, None)
        self.steps = steps
        self.stamp = stamp

    def current(self, token, take):
        with self.lock:
            self.reload()
            name = token if token in self.steps else "*"
            steps = self.steps.get(name, ["401"])
            index = min(self.position.get(name, 0), len(steps) - 1)
            if take:
                self.position[name] = index + 1
            return steps[index]


def blocks(message):
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content if isinstance(content, list) else []


def user_texts(messages):
    """What a person wrote; the client's own reminders stand in blocks of their own."""
    texts = [block.get("text", "") for message in messages if message.get("role") == "user"
             for block in blocks(message) if block.get("type") == "text"]
    return [text for text in texts if not text.lstrip().startswith("<system-reminder>")]


def is_main(path, body):
    """Titles, summaries and quota probes must not use up a step.

    The conversation carries tools. The SDK scripts and --tools "" don't, but then no system prompt asks for something
    else. A compaction carries tools too, so it is told by its words."""
    if path.split("?")[0] != "/v1/messages" or body.get("max_tokens") == 1:
        return False
    if any(text.startswith("CRITICAL: Respond with TEXT ONLY") for text in user_texts(body.get("messages") or [])[-1:]):
        return False
    if body.get("tools"):
        return True
    system = body.get("system")
    text = system if isinstance(system, str) else " ".join(block.get("text", "") for block in system or [])
    return not any(word in text for word in ("title", "Summarize", "summarize", "topic"))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def credential(self):
        header = self.headers.get("authorization")
        if header and header.lower().startswith("bearer "):
            return "bearer", header[7:]
        if self.headers.get("x-api-key"):
            return "x-api-key", self.headers.get("x-api-key")
        return None, None

    def handle_any(self):
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length) if length else b""
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = {}
        if not isinstance(body, dict):
            body = {}
        kind, token = self.credential()
        messages = body.get("messages") or []
        texts = user_texts(messages)
        main = self.command == "POST" and is_main(self.path, body)
        step = None
        if self.command == "POST" and self.path.startswith("/v1/messages"):
            step = self.server.script.current(token, main)
        self.server.record({
            "time": time.time(),
            "method": self.command,
            "path": self.path,
            "kind": kind,
            "token": token,
            "main": main,
            "step": step,
            "model": body.get("model"),
            "max_tokens": body.get("max_tokens"),
            "stream": bool(body.get("stream")),
            "messages": len(messages),
            "tool_results": sum(block.get("type") == "tool_result" for m in messages for block in blocks(m)),
            "user_text": (texts or [None])[-1],
            "user_texts": [text.strip()[:80] for text in texts],
            "both_kinds": bool(self.headers.get("authorization")) and bool(self.headers.get("x-api-key")),
            "agent": self.headers.get("user-agent"),
            "headers": self.headers.items(),
        }, raw)
        if self.command == "HEAD":
            self.reply(200, {}, b"")
        elif self.path.startswith("/v1/messages/count_tokens"):
            self.reply_json(200, {"input_tokens": 10})
        elif step is None:
            self.reply_json(200, {})
        elif main:
            self.play(step, kind, body)
        else:
            self.play_side(step, kind, body)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = handle_any

    def play_side(self, step, kind, body):
        """A side request fails the way the main one would, but uses nothing up and never hangs."""
        name = step.split(":")[0]
        if name in ("ok", "tool", "big", "warn", "hang", "reset"):
            step = 'ok:{"title": "side"}'
        self.play(step, kind, body)

    def play(self, step, kind, body):
        name, _, rest = step.partition(":")
        if name in ("ok", "warn"):
            self.answer(body, {"type": "text", "text": rest}, kind=kind, warning=name == "warn")
        elif name == "big":
            self.answer(body, {"type": "text", "text": big_text(int(rest))}, kind=kind)
        elif name == "tool":
            self.answer(body, {"type": "tool_use", "id": "toolu_%s" % os.urandom(8).hex(), "name": "Bash",
                               "input": {"command": rest, "description": "run it"}}, kind=kind)
        elif name == "limit":
            self.limit(*(rest.split(":") + ["3600"])[:2])
        elif name == "rate429":
            self.error(429, "rate_limit_error", RATE_MESSAGE, {"retry-after": rest or "30"})
        elif name == "401":
            text = "invalid x-api-key" if kind == "x-api-key" else "Invalid bearer token"
            self.error(401, "authentication_error", text)
        elif name == "hang":
            time.sleep(float(rest or 600))
            self.answer(body, {"type": "text", "text": "late"}, kind=kind)
        elif name == "agents":
            tools = [tool.get("name") for tool in body.get("tools") or []]
            self.answer(body, *[{"type": "tool_use", "id": "toolu_%s" % os.urandom(8).hex(),
                                 "name": "Agent" if "Agent" in tools else "Task",
                                 "input": {"description": "part %d" % i, "prompt": "part %d" % i,
                                           "subagent_type": "general-purpose"}} for i in range(int(rest))], kind=kind)
        elif name == "drip":
            self.drip(body)
        elif name == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif name == "error":
            status, error_type, text = rest.split(":", 2)
            self.error(int(status), error_type, text, {"x-should-retry": "false"})
        elif name in ERRORS:
            self.error(*ERRORS[name])
        else:
            self.error(400, "invalid_request_error", "fake_api: unknown step %r" % step)

    def limit(self, window, seconds):
        self.error(429, "rate_limit_error", LIMIT_MESSAGE, {
            "anthropic-ratelimit-unified-status": "rejected",
            "anthropic-ratelimit-unified-reset": str(int(time.time() + float(seconds))),
            "anthropic-ratelimit-unified-representative-claim": window,
            "anthropic-ratelimit-unified-overage-status": "rejected",
            "anthropic-ratelimit-unified-overage-disabled-reason": "org_level_disabled",
            "retry-after": str(int(float(seconds))),
            "x-should-retry": "false",
        })

    def error(self, status, kind, message, headers=None):
        self.reply_json(status, {"type": "error", "error": {"type": kind, "message": message}}, headers)

    def answer(self, body, *blocks_of, kind, warning=False):
        headers = {}
        if kind == "bearer":
            headers = {"anthropic-ratelimit-unified-status": "allowed_warning" if warning else "allowed",
                       "anthropic-ratelimit-unified-reset": str(int(time.time()) + 3600),
                       "anthropic-ratelimit-unified-representative-claim": "five_hour"}
            if warning:
                headers["anthropic-ratelimit-unified-5h-utilization"] = "0.93"
                headers["anthropic-ratelimit-unified-5h-reset"] = str(int(time.time()) + 3600)
                headers["anthropic-ratelimit-unified-5h-surpassed-threshold"] = "0.9"
        stop = "tool_use" if blocks_of[0]["type"] == "tool_use" else "end_turn"
        message = {"id": "msg_%s" % os.urandom(8).hex(), "type": "message", "role": "assistant",
                   "model": body.get("model"), "content": [], "stop_reason": None, "stop_sequence": None,
                   "usage": {"input_tokens": 10, "output_tokens": 1}}
        if not body.get("stream"):
            message.update(content=list(blocks_of), stop_reason=stop)
            self.reply_json(200, message, headers)
            return
        headers["content-type"] = "text/event-stream"
        self.reply(200, headers, "".join(self.events(message, blocks_of, stop)).encode())

    def drip(self, body):
        message = {"id": "msg_%s" % os.urandom(8).hex(), "type": "message", "role": "assistant",
                   "model": body.get("model"), "content": [], "stop_reason": None, "stop_sequence": None,
                   "usage": {"input_tokens": 10, "output_tokens": 1}}
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        events = list(self.events(message, [{"type": "text", "text": "drop "}], "end_turn"))
        # All up to the first delta, then that one again and again.
        first = next(i for i, event in enumerate(events) if "content_block_delta" in event)
        self.wfile.write("".join(events[:first]).encode())
        while True:
            self.wfile.write(events[first].encode())
            gone, _, _ = select.select([self.connection], [], [], 0.1)
            if gone:
                break
        self.close_connection = True
        self.server.record({"time": time.time(), "path": self.path, "main": False, "gone": True}, b"")

    @staticmethod
    def events(message, blocks_of, stop):
        def event(name, **fields):
            return "event: %s\ndata: %s\n\n" % (name, json.dumps({"type": name, **fields}))

        yield event("message_start", message=message)
        for index, block in enumerate(blocks_of):
            if block["type"] == "text":
                yield event("content_block_start", index=index, content_block={"type": "text", "text": ""})
                text = block["text"]
                for start in range(0, max(len(text), 1), 4096):
                    delta = {"type": "text_delta", "text": text[start:start + 4096]}
                    yield event("content_block_delta", index=index, delta=delta)
            else:
                yield event("content_block_start", index=index, content_block={**block, "input": {}})
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
                yield event("content_block_delta", index=index, delta=delta)
            yield event("content_block_stop", index=index)
        yield event("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": 5})
        yield event("message_stop")

    def reply_json(self, status, value, headers=None):
        self.reply(status, {"content-type": "application/json", **(headers or {})}, json.dumps(value).encode())

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("request-id", "req_fake%d" % threading.get_ident())
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.wfile.flush()


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, arguments):
        super().__init__(("127.0.0.1", arguments.port), Handler)
        self.script = Script(arguments.scenario)
        self.log_path = arguments.log
        self.dump = arguments.dump
        self.log_lock = threading.Lock()
        self.count = 0

    def record(self, row, raw):
        with self.log_lock:
            self.count += 1
            if self.dump:
                name = os.path.join(self.dump, "%04d" % self.count)
                with open(name + ".json", "wb") as stream:
                    stream.write(raw)
                with open(name + ".head", "w", encoding="utf-8") as stream:
                    json.dump({key: row[key] for key in ("method", "path", "main", "headers")}, stream)
            with open(self.log_path, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenario", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dump")
    arguments = parser.parse_args()
    open(arguments.log, "a", encoding="utf-8").close()
    server = Server(arguments)
    partial = arguments.port_file + ".new"
    with open(partial, "w", encoding="utf-8") as stream:
        stream.write("%d\n" % server.server_address[1])
    os.rename(partial, arguments.port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
