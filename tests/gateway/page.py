#!/usr/bin/env python3
"""page.py TCR-RUN: the server's side of the gateway's page, request by request, as a browser and others send them."""
import http.client, http.server, json, os, re, signal, socket, subprocess, sys, tempfile, threading, time

RUN = os.path.realpath(sys.argv[1])
SECRET = "FAKE"
seen = []  # every answer's bytes: no secret may be in them


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, b'{"data":[]}')

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.answer(200, b'{"type":"message","model":"claude-sonnet-5","usage":{"input_tokens":3,"output_tokens":4}}')


provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=provider.serve_forever, daemon=True).start()

home = tempfile.mkdtemp(prefix="tcr-page.")
os.umask(0o077)
keys_file = home + "/keys.json"
env = {k: v for k, v in os.environ.items() if not k.startswith(("TCR_", "ANTHROPIC_", "XDG_")) and k not in ("DISPLAY", "BROWSER")}
env.update(HOME=home, TCR_KEYS_FILE=keys_file, ANTHROPIC_BASE_URL="http://127.0.0.1:%d" % provider.server_port)


def write_keys():
    with open(keys_file, "w") as file:
        json.dump({"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}, {"name": "a b", "token": "sk-ant-oat01-FAKE-other-0001"},
                            {"name": "work", "token": "sk-ant-oat01-FAKE-work-0001", "priority": 1}],
                   "master": {"name": "billing", "token": "sk-ant-api03-FAKE-billing-0001"},
                   "model_fallback": {"claude-opus-*": ["claude-sonnet-*"]}, "profiles": {"night": {"keys": ["home"]}}}, file)


def run(*words, fine=True, **more):
    done = subprocess.run([RUN, *words], env=env, capture_output=True, text=True, timeout=60, **more)
    seen.append((done.stdout + done.stderr).encode())
    if fine and done.returncode:
        raise SystemExit("%s: %s" % (words, done.stderr))
    return done


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit("%s: expected %r, found %r" % (what, wanted, found))


class Gateway:
    def __init__(self, *words):
        said = run("gateway", "-d", "--listen", "127.0.0.1:0", *words).stderr
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", said).group(1))
        self.own = "http://127.0.0.1:%d" % self.port
        self.token = run("gateway", "token").stdout.strip()
        self.cookie = None

    def ask(self, method, path, body=None, signed=True, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if signed and self.cookie:
            headers.setdefault("cookie", self.cookie)
        if method == "POST" and "origin" not in headers:
            headers["origin"] = self.own
        headers = {k: v for k, v in headers.items() if v is not None}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.bytes = answer.read()
        seen.append(str(answer.headers).encode() + answer.bytes)
        connection.close()
        return answer

    def status(self, *words, **more):
        return self.ask(*words, **more).status

    def json(self, *words, **more):
        answer = self.ask(*words, **more)
        return answer.status, json.loads(answer.bytes)

    def enter(self):
        link = run("gateway", "open", "--print").stdout.strip()
        expect("link", link.startswith(self.own + "/page/open?code="), True)
        answer = self.ask("GET", link[len(self.own):], signed=False)
        expect("entering", (answer.status, answer.headers["location"]), (303, "/"))
        said = answer.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
            expect(part, part in said, True)
        self.cookie = said.split(";")[0]
        return link[len(self.own):]

    def state(self):
        status, state = self.json("GET", "/page/state")
        expect("state", status, 200)
        return state

    def events(self):
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        stream.sendall(("GET /page/events HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncookie: %s\r\n\r\n" % (self.port, self.cookie)).encode())
        return stream


def wait_for(stream, word, limit=15):
    """Reads until a word has come; returns all that was read."""
    read, end = b"", time.time() + limit
    while word not in read and time.time() < end:
        more = stream.recv(65536)
        if not more:
            break
        read += more
    expect("event", word in read, True)
    seen.append(read)
    return read


def ways_in(gateway):
    expect("a stranger", gateway.status("GET", "/"), 401)
    answer = gateway.ask("GET", "/", accept="text/html,*/*")
    expect("a stranger's page", (answer.status, b"tcr-run gateway open" in answer.bytes), (401, True))
    expect("policy", "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"], True)
    for path in ("/page/state", "/page/events", "/page/log", "/page/usage"):
        expect(path, gateway.status("GET", path), 401)
        expect(path + " with the stand-in", gateway.status("GET", path, x_api_key=gateway.token), 401)
    expect("link without the stand-in", gateway.status("POST", "/page/link", "{}", origin=None), 401)
    expect("no code", gateway.status("GET", "/page/open"), 401)
    expect("a wrong code", gateway.status("GET", "/page/open?code=" + 40 * "0"), 401)
    link = gateway.enter()
    expect("good once", gateway.status("GET", link, signed=False), 401)
    expect("loaded again", gateway.status("GET", link), 303)
    answer = gateway.ask("GET", "/")
    expect("the page", (answer.status, answer.headers["cache-control"], answer.headers["content-type"]), (200, "no-cache", "text/html; charset=utf-8"))
    expect("its tag", gateway.status("GET", "/", if_none_match=answer.headers["etag"]), 304)
    expect("a file", gateway.status("GET", "/page/index.html", signed=False), 200)
    expect("no file", gateway.status("GET", "/page/other.js"), 404)
    expect("the cookie is for the page alone", gateway.status("GET", "/v1/models"), 401)
    expect("and not for /status", gateway.status("GET", "/status"), 401)
    expect("another cookie", gateway.status("GET", "/page/state", cookie=gateway.cookie[:-1] + "x"), 401)
    expect("a foreign page", gateway.status("GET", "/page/state", origin="https://evil.example"), 403)
    expect("a foreign site", gateway.status("GET", "/page/state", sec_fetch_site="cross-site"), 403)
    expect("a foreign name", gateway.status("GET", "/page/state", host="evil.example"), 421)
    expect("methods", gateway.status("POST", "/page/state"), 405)


def shows(gateway):
    state = gateway.state()
    expect("keys", [(k["name"], k["order"], k["billed"]) for k in state["keys"]], [("home", 0, False), ("a b", 1, False), ("work", 2, False), ("billing", 3, True)])
    expect("state", (state["editable"], state["profiles"], state["model_fallback"]), (True, [{"name": "default"}, {"name": "night", "keys": ["home"]}], {"claude-opus-*": ["claude-sonnet-*"]}))
    expect("gateway", (state["gateway"]["address"], state["gateway"]["requests_open"]), ([gateway.own], 0))
    status, usage = gateway.json("GET", "/page/usage?by=model")
    expect("usage", (status, usage["by"]), (200, "model"))
    expect("usage of nothing", gateway.status("GET", "/page/usage?by=nothing"), 400)


def tells(gateway):
    streams = [gateway.events() for _ in range(16)]
    read = wait_for(streams[0], b"\n\n")
    expect("stream", b"text/event-stream" in read and b"event: state" in read, True)
    for stream in streams[1:]:
        wait_for(stream, b"event: state")
    expect("the 17th", gateway.status("GET", "/page/events"), 503)
    session = "11112222-3333-4444-5555-666677778888"
    expect("a request", gateway.status("POST", "/v1/messages", '{"model":"claude-sonnet-5"}', signed=False, x_api_key=gateway.token,
                                       x_claude_code_session_id=session), 200)
    read = wait_for(streams[1], b'"output_tokens":4').decode()
    event = json.loads(re.search(r"event: request\ndata: (.*)\n", read).group(1))
    expect("request", [event[k] for k in ("session", "key", "model", "served", "status", "attempts", "input_tokens")],
           ["11112222", "home", "claude-sonnet-5", "claude-sonnet-5", 200, 1, 3])
    state = gateway.state()
    expect("session", [(s["id"], s["key"], s["requests"]) for s in state["sessions"]], [("11112222", "home", 1)])
    expect("sessions of the key", state["keys"][0]["sessions"], 1)
    expect("refreshable", [k["refreshable"] for k in state["keys"]], 4 * [False])
    streams[2].close()
    late = gateway.events()
    expect("what came before", wait_for(late, b"event: state").count(b"event: request"), 1)
    late.close()
    for stream in streams[3:]:
        stream.close()
    return streams[:2]


def restarts(gateway, streams):
    begun = time.time()
    run("gateway", "stop")
    expect("streams do not hold it up", time.time() - begun < 20, True)
    while streams[0].recv(65536):
        pass
    again = Gateway()
    again.cookie = gateway.cookie.replace(str(gateway.port), str(again.port))
    expect("the cookie is gone", again.status("GET", "/page/state"), 401)
    again.enter()
    expect("and another one works", again.status("GET", "/page/state"), 200)
    pid = json.loads(run("gateway", "status", "--json").stdout)["pid"]
    os.kill(pid, signal.SIGKILL)
    expect("none runs", run("gateway", "open", "--print", fine=False).returncode, 1)


def main():
    write_keys()
    try:
        gateway = Gateway()
        ways_in(gateway)
        shows(gateway)
        streams = tells(gateway)
        restarts(gateway, streams)
    finally:
        run("gateway", "stop", fine=False)
    expect("a secret was told", any(SECRET.encode() in part for part in seen), False)
    expect("errors of a sanitizer", any(b"Sanitizer" in part for part in seen), False)


main()
