#!/usr/bin/env python3
"""fake_openai.py PORT_FILE LOG: OpenAI's chat completions and responses on loopback, as strict as the real one about what a
conversation must look like. Asked to "use a tool" it calls two at once, in mixed pieces, asked to "use a sub-agent" it starts
one; then it answers with what they gave. An answer to "grow" has almost filled the model's window.
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
    elif {"Agent", "Task"} & set(names) and not results and "use a sub-agent" in users[-1]:
        yield call(0, "call_%d_1" % len(body["messages"]), "Agent" if "Agent" in names else "Task", json.dumps(
            {"description": "part", "prompt": "what a sub-agent is asked", "subagent_type": "general-purpose"}))
        yield chunk({}, "tool_calls")
    elif users and "what a sub-agent is asked" in users[-1] and "use a sub-agent" not in users[-1]:
        yield chunk({"content": "sub-result"})
        yield chunk({}, "stop")
    else:
        said = " and ".join(text_of(message["content"]).strip() for message in results) or "turn %d" % len(users)
        for number, word in enumerate(said.split(" ")):
            yield chunk({"content": " " + word if number else word})
        yield chunk({}, "stop")
    if (body.get("stream_options") or {}).get("include_usage"):
        prompt = 1950000 if "grow" in users[-1][-40:] else 1200
        yield {"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": 7, "total_tokens": prompt + 7,
                                        "prompt_tokens_details": {"cached_tokens": 1000}}}


def chat_of_responses(body):
    """The same conversation as a chat; what the real API refuses is left as it is, for fault_of_chat."""
    messages = [{"role": "system", "content": body["instructions"]}] if body.get("instructions") else []
    for item in body["input"]:
        kind = item.get("type", "message")
        if kind == "message":
            messages.append({"role": item["role"], "content": item["content"]})
        elif kind == "function_call":
            one = {"id": item["call_id"], "type": "function",
                   "function": {"name": item["name"], "arguments": item["arguments"]}}
            if messages and messages[-1].get("tool_calls"):
                messages[-1]["tool_calls"].append(one)
            else:
                messages.append({"role": "assistant", "content": None, "tool_calls": [one]})
        else:
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]})
    tools = [{"type": "function", "function": {k: v for k, v in tool.items() if k not in ("type", "strict")}}
             for tool in body.get("tools") or []]
    return {"messages": messages, "tools": tools, "stream_options": {"include_usage": True}}


def responses_events(body):
    """The chat's pieces as the events of a response."""
    calls, usage, text, index = {}, {}, "", 0
    yield {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}}
    for piece in chat_events(chat_of_responses(body)):
        usage = piece.get("usage") or usage
        for choice in piece["choices"]:
            delta = choice["delta"]
            if delta.get("content"):
                if not text:
                    yield {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message"}}
                    index = 1
                text += delta["content"]
                yield {"type": "response.output_text.delta", "output_index": 0, "delta": delta["content"]}
            for one in delta.get("tool_calls") or []:
                at = one["index"] + index
                if one.get("id"):
                    calls[at] = {"type": "function_call", "id": "fc_%d" % at, "call_id": one["id"],
                                 "name": one["function"]["name"], "arguments": ""}
                    yield {"type": "response.output_item.added", "output_index": at, "item": dict(calls[at])}
                calls[at]["arguments"] += one["function"]["arguments"]
                yield {"type": "response.function_call_arguments.delta", "output_index": at,
                       "delta": one["function"]["arguments"]}
    for at, item in calls.items():
        yield {"type": "response.function_call_arguments.done", "output_index": at, "arguments": item["arguments"]}
        yield {"type": "response.output_item.done", "output_index": at, "item": item}
    yield {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "usage": {
        "input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"],
        "input_tokens_details": usage["prompt_tokens_details"]}}}


def fault_of_responses(body):
    if body.get("store") is not False or "messages" in body or "max_tokens" in body:
        return "unsupported parameter"
    return fault_of_chat(chat_of_responses(body))


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
        for event in [json.dumps(event) for event in events] + ([] if self.path == "/v1/responses" else ["[DONE]"]):
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
        if self.path == "/v1/responses":
            fault = fault_of_responses(body)
            if fault or not body.get("stream"):
                self.answer(*refuse(fault or "only streams here"))
            else:
                self.stream(responses_events(body))
            return
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
