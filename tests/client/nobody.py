#!/usr/bin/env python3
"""What stands at api.anthropic.com, port 443, in the namespace of the client tests: HTTPS that knows nothing (404).

    nobody.py CERTIFICATE KEY

With NOBODY_FORWARD naming a file that holds a port, requests for messages go on to that port of loopback as they came: then
the client's direct requests can be seen. What else is asked for is written to the file NOBODY_SEEN, a line each: the path
and the credential that came with it.

It is at platform.claude.com too, where whoever comes back from a browser with a code gets a login.

With a gateway the client takes itself for a direct one and asks there for an organization's policy. Told that there is none
it goes on at once; where nobody answers it asks again for twenty seconds.
"""

import http.client
import http.server
import json
import os
import ssl
import sys


PROFILE = {
    "account": {"uuid": "11111111-1111-4111-8111-111111111111", "email": "fake@example.org", "has_claude_max": True},
    "organization": {"uuid": "22222222-2222-4222-8222-222222222222", "name": "fake", "organization_type": "claude_max"},
}


def login(asked):
    """A setup token is asked for by the year that it is to last."""
    return json.dumps({
        "token_type": "Bearer",
        "access_token": "sk-ant-oat01-FAKE-login-0001-0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-AAAA",
        "refresh_token": "sk-ant-ort01-FAKE-login-0001", "expires_in": asked.get("expires_in", 28800),
        "scope": "user:inference user:profile", **PROFILE,
    }).encode()


class Nobody(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/v1/messages") and os.path.exists(os.environ["NOBODY_FORWARD"]):
            self.forward(sent)
            return
        with open(os.environ["NOBODY_SEEN"], "a", encoding="utf-8") as stream:
            stream.write(f"{self.path} {self.headers.get('Authorization')} {self.headers.get('x-api-key')}\n")
        status, body = 404, b'{"type":"error","error":{"type":"not_found_error","message":"Not found"}}'
        if self.path == "/v1/oauth/token" and json.loads(sent).get("grant_type") == "authorization_code":
            status, body = 200, login(json.loads(sent))
        elif self.path == "/api/oauth/profile" and "FAKE-login" in self.headers.get("Authorization", ""):
            status, body = 200, json.dumps(PROFILE).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def forward(self, sent):
        with open(os.environ["NOBODY_FORWARD"], encoding="ascii") as stream:
            connection = http.client.HTTPConnection("127.0.0.1", int(stream.read()))
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(sent)
        answer = connection.getresponse()
        body = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = answer

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = Server(("127.0.0.1", 443), Nobody)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
