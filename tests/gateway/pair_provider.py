"""pair_provider.py FOLDER: a provider for pair.bats. Writes its port into FOLDER/port, and the last word of each request's
key into FOLDER/asked. A key whose last word is in FOLDER/limited has reached its session limit. A request whose last
message is "stream" gets a stream that goes on until FOLDER/end is there; a file is made under the name file_1."""

import http.server
import json
import os
import sys
import time

folder = sys.argv[1]


def event(**fields):
    return f"event: {fields['type']}\ndata: {json.dumps(fields)}\n\n".encode()


def limited():
    try:
        with open(f"{folder}/limited") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body, **headers):
        data = json.dumps(body).encode()
        self.send_response(code)
        for name, value in headers.items():
            self.send_header("anthropic-ratelimit-unified-" + name.replace("_", "-"), value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(event(type="message_start", message={"content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}))
        while not os.path.exists(f"{folder}/end"):
            self.wfile.write(event(type="content_block_delta", index=0, delta={"type": "text_delta", "text": "word"}))
            time.sleep(0.05)
        self.wfile.write(event(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 5}))
        self.wfile.write(event(type="message_stop"))

    def key(self):
        key = self.headers["authorization"].split("-")[-2]
        with open(f"{folder}/asked", "a") as file:
            file.write(key + "\n")
        return key

    def do_GET(self):
        self.answer(200, {"id": "file_1", "of": self.key()})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        key = self.key()
        if key in limited():
            error = {"type": "error", "error": {"type": "rate_limit_error", "message": "This request would exceed your account's rate limit."}}
            self.answer(429, error, status="rejected", reset=str(int(time.time()) + 3600), representative_claim="five_hour")
        elif self.path.startswith("/v1/files"):
            self.answer(200, {"id": "file_1", "type": "file"})
        elif json.loads(body)["messages"][-1]["content"] == "stream":
            self.stream()
        else:
            self.answer(200, {"type": "message", "model": "claude-sonnet-4-6", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
server.daemon_threads = True
with open(f"{folder}/port.new", "w") as file:
    print(server.server_port, file=file)
os.rename(f"{folder}/port.new", f"{folder}/port")
server.serve_forever()
