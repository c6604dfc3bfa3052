"""usage_provider.py FILE: a provider for usage.bats. Writes its port into FILE. What it answers is named by the request's
last message: stream, cut, whole, slow, limit, untold, huge, chat."""

import http.server
import json
import sys
import time


def event(**fields):
    return f"event: {fields['type']}\ndata: {json.dumps(fields)}\n\n".encode()


USAGE = {"input_tokens": 1000, "cache_read_input_tokens": 20000, "cache_creation_input_tokens": 400, "output_tokens": 1}


limited = []  # only the first request is


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, model, whole):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(event(type="message_start", message={"model": model, "content": [], "usage": USAGE}))
        self.wfile.write(event(type="content_block_delta", index=0, delta={"type": "text_delta", "text": '{"usage": {"input_tokens": 9}}'}))
        if whole:
            self.wfile.write(event(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 50}))
            self.wfile.write(event(type="message_stop"))

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        what, model = request["messages"][-1]["content"], request["model"]
        if what == "slow":
            time.sleep(1)
        if what == "limit" and not limited:
            limited.append(what)
            self.answer(429, {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}})
        elif what in ("stream", "cut"):
            self.stream(model, what == "stream")
        elif what == "chat":
            details = {"prompt_tokens_details": {"cached_tokens": 600}}
            self.answer(200, {"model": model, "choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 10, **details}})
        else:
            usage = {} if what == "untold" else {"usage": {**USAGE, "output_tokens": 50}}
            if what == "huge":
                usage = {"usage": dict.fromkeys(USAGE, 2**53)}
            self.answer(200, {"type": "message", "model": model, "content": [], **usage})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
with open(sys.argv[1], "w") as file:
    print(server.server_port, file=file)
server.serve_forever()
