#!/usr/bin/env python3
"""fake_openai.py PORT_FILE LOG: OpenAI's chat completions and responses on loopback, as strict as the real one about what a
conversation must look like. Asked with tools, it first calls two at once, in mixed pieces; then it answers with what they gave.
"""
import http.server
import json
import os
import sys
import threading

lock = threading.Lock()


def refuse(text, code=None):
    return 400, {"error": {"message": text, "type": "invalid_request_error", "param": "messages", "code": code}}


def text_of(content):
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or [])


def fault_of_chat(body):
    """What the real API refuses: a call without its result right behind it, a result without a call."""
    open_calls = []
    for message in body["messages"]:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            return "an assistant message with 'tool_calls' must be followed by tool messages"
        open_calls = [call["id"] for call in message.get("tool_calls") or []]
    if open_calls:
        return "an assistant message with 'tool_calls' must be followed by tool messages"
    for tool in body.get("tools") or []:
        if len(tool["function"]["name"]) > 64 or "properties" not in tool["function"]["parameters"]:
            return "invalid tool " + tool["function"]["name"]
    if "max_tokens" in body or "system" in body:
        return "unsupported parameter"
    return None


def chunk(delta, reason=None):
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5.4",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def call(index, identity=None, name=None, arguments=""):
    piece = {"index": index, "function": {"arguments": arguments}}
    if identity:
        piece.update(id=identity, type="function")
        piece["function"]["name"] = name
    return chunk({"tool_calls": [piece]})


def called(body):
    """How many turns of calls the question that was asked last has had."""
    messages = body["messages"]
    last = max(i for i, message in enumerate(messages) if message["role"] == "user")
    return [message for message in messages[last:] if message["role"] == "tool"]


def chat_events(body):
    names = [tool["function"]["name"] for tool in body.get("tools") or []]
    results = called(body)
    users = [text_of(message["content"]) for message in body["messages"] if message["role"] == "user"]
    yield chunk({"role": "assistant", "content": ""})
    if "Bash" in names and not results and "use a tool" in users[-1]:
        first = json.dumps({"command": "echo one >> effect; echo first-result", "description": "d"})
        second = json.dumps({"command": "echo two >> effect; echo second-result", "description": "d"})
        yield chunk({"content": "I look."})
        yield call(0, "call_%d_1" % len(body["messages"]), "Bash")
        yield call(1, "call_%d_2" % len(body["messages"]), "Bash")
        yield call(0, arguments=first[:10])
        yield call(1, arguments=second[:20])
        yield call(0, arguments=first[10:])
        yield call(1, arguments=second[20:])
        yield chunk({}, "tool_calls")
    else:
        said = " and ".join(text_of(message["content"]).strip() for message in results) or "turn %d" % len(users)
        for number, word in enumerate(said.split(" ")):
            yield chunk({"content": " " + word if number else word})
        yield chunk({}, "stop")
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {"choices": [], "usage": {"prompt_tokens": 1200, "completion_tokens": 7, "total_tokens": 1207,
                                        "prompt_tokens_details": {"cached_tokens": 1000}}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, events):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in [json.dumps(event) for event in events] + ["[DONE]"]:
            data = ("data: %s\n\n" % event).encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def whole(self, body):
        message, reason, calls = {"role": "assistant", "content": ""}, None, {}
        for event in chat_events(body):
            if not event["choices"]:
                continue
            choice = event["choices"][0]
            reason = choice["finish_reason"] or reason
            message["content"] += choice["delta"].get("content") or ""
        self.answer(200, {"id": "c1", "object": "chat.completion", "created": 1, "model": body["model"], "usage": {},
                          "choices": [{"index": 0, "message": message, "finish_reason": reason}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with lock, open(sys.argv[2], "a") as log:
            log.write(json.dumps({"path": self.path, "key": self.headers.get("authorization"), "body": body}) + "\n")
        if self.path != "/v1/chat/completions":
            self.answer(404, {"error": {"message": "no such path", "type": "invalid_request_error", "code": None}})
            return
        fault = fault_of_chat(body)
        if fault:
            self.answer(*refuse(fault))
        elif body.get("stream"):
            self.stream(chat_events(body))
        else:
            self.whole(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(server.server_address[1]))

    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()
