#!/usr/bin/env python3
"""token_server.py --mode FILE --log FILE --port-file FILE: where logins are renewed, on loopback, with refresh tokens
that can be used once.

sk-ant-ort01-FAKE-NAME-0001 is taken for sk-ant-oat01-FAKE-NAME-0002 and sk-ant-ort01-FAKE-NAME-0002, and so on. The file
holds how it behaves, read anew for every request:
    ok                new tokens                      stall:SECONDS  later; the token is used up only then
    late:SECONDS      later; it is used up at once    drop           it is used up, and there is no answer
    held              it is used up, LOG.taken gets a line, and the answer waits until this file says something else
    429[:SECONDS]     with that retry-after           500
    ended             as if the token were used up    gone           the same, as 404 not_found_error
    page              404 with a page                 client         401 invalid_client
    scope             400 invalid_request unless scopes are told
    bare              new tokens without an end and without a refresh token
    odd               an access token that cannot be one
Every request becomes a line of JSON in the log, with what it was told.
"""
import argparse
import http.server
import json
import os
import re
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, headers=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, asked, status):
        with self.server.lock, open(self.server.log, "a", encoding="utf-8") as log:
            log.write(json.dumps({"path": self.path, "user_agent": self.headers.get("user-agent"),
                                  "asked": asked, "status": status}) + "\n")

    def take(self, asked):
        """The number of the next token, or 0: each number is taken once."""
        found = re.fullmatch("sk-ant-ort01-FAKE-(.+)-([0-9]{4})", asked.get("refresh_token", ""))
        with self.server.lock:
            if not found or int(found[2]) != self.server.next.get(found[1], 1):
                return "", 0
            self.server.next[found[1]] = int(found[2]) + 1
            return found[1], int(found[2]) + 1

    def mode(self):
        with open(self.server.mode, encoding="utf-8") as stream:
            return stream.read().strip()

    def renew(self, asked, verb, value):
        name, number = self.take(asked)
        if verb == "late":
            time.sleep(float(value))
        if verb == "held":
            with open(self.server.log + ".taken", "a", encoding="utf-8") as log:
                log.write(name + "\n")
            while self.mode() == "held":
                time.sleep(0.01)
        self.note(asked, 200 if number else 400)
        if not number:
            return self.reply(400, {"error": "invalid_grant", "error_description": "Refresh token not found or invalid"})
        if verb == "drop":
            self.close_connection = True
            return None
        answer = {"token_type": "Bearer", "access_token": f"sk-ant-oat01-FAKE-{name}-{number:04}"}
        if verb == "odd":
            answer["access_token"] = "a b"
        if verb != "bare":
            answer |= {"refresh_token": f"sk-ant-ort01-FAKE-{name}-{number:04}", "expires_in": 28800,
                       "refresh_token_expires_in": 2497155, "scope": "user:inference"}
        return self.reply(200, answer)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        verb, _, value = self.mode().partition(":")
        refusals = {
            "429": (429, {"error": {"type": "rate_limit_error"}}, [("retry-after", value)] if value else []),
            "500": (500, b"trouble", []),
            "ended": (400, {"error": "invalid_grant"}, []),
            "gone": (404, {"type": "error", "error": {"type": "not_found_error"}}, []),
            "page": (404, b"<html>", []),
            "client": (401, {"error": "invalid_client"}, []),
        }
        if verb == "scope" and "scope" not in asked:
            refusals["scope"] = (400, {"error": "invalid_request"}, [])
        if verb == "stall":
            with open(self.server.log + ".stalls", "a", encoding="utf-8"):
                pass
            time.sleep(float(value))
        if verb in refusals:
            self.note(asked, refusals[verb][0])
            self.reply(*refusals[verb])
        else:
            self.renew(asked, verb, value)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--mode", "--log", "--port-file"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.mode, server.log, server.lock, server.next = options.mode, options.log, threading.Lock(), {}
    with open(options.port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(server.server_port))
    os.rename(options.port_file + ".new", options.port_file)
    server.serve_forever()


main()
