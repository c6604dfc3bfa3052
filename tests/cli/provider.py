#!/usr/bin/env python3
"""provider.py --answers FILE --log FILE --port-file FILE [--certificate PEM [--clients PEM]]: a provider of keys on loopback.

The answers are a JSON object: the name in a token (sk-ant-api03-FAKE-NAME-0001) -> what it is told, read anew for every
request. A token that is not there is told 401.
    ok[:ORGANIZATION]  a list of models       slow:SECONDS       the same, later
    closed:WINDOW      the same, and that the plan's window is used up for an hour
    limit:WINDOW       429, that window is used up for an hour
    429:SECONDS        with that retry-after  rates:SECONDS      429 without one, but with the API keys' rates
    401 402 403 404 529
    quote[:LENGTH]     401 that quotes the credential, behind so many bytes
    scope              403 for a token that may do other things
    page               200 and no JSON        redirect:URL       302
    big                a list of 300,000 bytes
    drop               the connection is closed without an answer
Every request becomes a line of JSON in the log.
"""
import argparse
import base64
import datetime
import http.server
import json
import os
import re
import ssl
import threading
import time

ERRORS = {
    "401": (401, "authentication_error", "invalid x-api-key"),
    "402": (402, "billing_error", "Your credit balance is too low to access the Anthropic API."),
    "403": (403, "permission_error", "OAuth authentication is currently not allowed for this organization."),
    "404": (404, "not_found_error", "Not Found"),
    "529": (529, "overloaded_error", "Overloaded"),
    "scope": (403, "permission_error", "OAuth token does not meet scope requirement any_of(user:profile)"),
}


def name_of(headers):
    """Of the token in whichever header the kind of key has it."""
    sent = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    if sent.startswith("Basic "):
        sent = base64.b64decode(sent[6:]).decode()
    found = re.search("FAKE-(.+?)-0001", sent)
    return found.group(1) if found else ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def models(self, headers=(), size=0):
        body = {"data": [{"id": "a-model"}], "padding": "x" * size}
        self.reply(200, json.dumps(body).encode(), headers)

    def refuse(self, status, kind, message, headers=()):
        body = {"type": "error", "error": {"type": kind, "message": message}}
        self.reply(status, json.dumps(body).encode(), headers)

    def do_GET(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        name = name_of(headers)
        with self.server.lock, open(self.server.log, "a", encoding="utf-8") as log:
            log.write(json.dumps({"path": self.path, "name": name, "headers": headers}) + "\n")
        with open(self.server.answers, encoding="utf-8") as stream:
            verb, _, value = json.load(stream).get(name, "401").partition(":")
        window = [("anthropic-ratelimit-unified-status", "rejected"),
                  ("anthropic-ratelimit-unified-reset", str(int(time.time()) + 3600)),
                  ("anthropic-ratelimit-unified-representative-claim", value)]
        if verb == "ok":
            self.models([("anthropic-organization-id", value)] if value else ())
        elif verb == "slow":
            time.sleep(float(value))
            self.models()
        elif verb == "closed":
            self.models(window)
        elif verb == "big":
            self.models(size=300000)
        elif verb == "limit":
            self.refuse(429, "rate_limit_error", "This request would exceed your account's rate limit.", window)
        elif verb == "429":
            self.refuse(429, "rate_limit_error", "Too many", [("retry-after", value)])
        elif verb == "rates":
            then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=int(value))
            self.refuse(429, "rate_limit_error", "Too many", [
                ("anthropic-ratelimit-requests-remaining", "0"),
                ("anthropic-ratelimit-requests-reset", then.strftime("%Y-%m-%dT%H:%M:%SZ"))])
        elif verb == "quote":
            sent = headers.get("x-api-key") or headers["authorization"]
            self.refuse(401, "authentication_error", "x" * int(value or 0) + sent)
        elif verb == "page":
            self.reply(200, b"<html>Please log in to the network</html>", [("content-type", "text/html")])
        elif verb == "redirect":
            self.reply(302, b"", [("location", value)])
        elif verb == "drop":
            self.close_connection = True
        else:
            self.refuse(*ERRORS[verb])


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that went away, or does not believe the certificate


def main():
    parser = argparse.ArgumentParser()
    for option in ("--answers", "--log", "--port-file"):
        parser.add_argument(option, required=True)
    parser.add_argument("--certificate")
    parser.add_argument("--clients", help="the authority that clients need a certificate of")
    options = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    server.answers, server.log, server.lock = options.answers, options.log, threading.Lock()
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        if options.clients:
            context.load_verify_locations(options.clients)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with open(options.port_file + ".new", "w", encoding="utf-8") as stream:
        stream.write(str(server.server_port))
    os.rename(options.port_file + ".new", options.port_file)
    server.serve_forever()


main()
