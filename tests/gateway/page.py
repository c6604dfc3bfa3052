#!/usr/bin/env python3
"""page.py TCR-RUN: the server's side of the gateway's page, request by request, as a browser and others send them."""
import contextlib, http.client, http.server, json, os, re, select, signal, socket, subprocess, sys, tempfile, threading, time

RUN = os.path.realpath(sys.argv[1])
SECRET = "FAKE"
refused = []  # tokens that the provider refuses
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
        bad = any(word in str(self.headers) for word in refused)
        self.answer(*((401, b'{"type":"error","error":{"type":"authentication_error","message":"no"}}') if bad else (200, b'{"data":[]}')))

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

    def open_by(self, token):
        link = self.json("POST", "/page/link", "{}", x_api_key=token)[1]["url"]
        self.cookie = self.ask("GET", link[len(self.own):]).headers["set-cookie"].split(";")[0]

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
    if os.getuid() == 0:
        link = run("gateway", "open", "--print").stdout.strip()
        said = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", link], user=65534, group=65534, extra_groups=[], cwd="/", capture_output=True, text=True)
        expect("another user", said.stdout, "403")
        expect("the link is still good", gateway.status("GET", link[len(gateway.own):]), 303)
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


def keys_in_file():
    with open(keys_file) as file:
        return json.load(file)


def changes(gateway):
    stream = gateway.events()
    wait_for(stream, b"event: state")
    secret = "sk-ant-oat01-FAKE-new-0001"
    body = {"name": "new", "secret": secret}
    for wrong, status in (({}, 400), ([], 400), ("", 400), ("{", 400), (b"\xff\x00", 400), ({"name": "x"}, 400), ({"name": secret, "secret": secret}, 400),
                          ({"name": "--token-command", "secret": secret}, 400), ({**body, "kind": secret}, 400), ({**body, "kind": 1}, 400),
                          ({**body, "base_url": "https://me:%s@x.example" % secret}, 400), ({**body, "base_url": "http://x.example"}, 400),
                          ({**body, "priority": "1"}, 400), ({**body, "name": "home"}, 409), ({**body, "secret": "short"}, 409), ("x" * 70000, 413)):
        expect("adding %r" % (wrong,), gateway.status("POST", "/page/keys", wrong), status)
    for headers, status in (({"origin": None}, 403), ({"origin": "http://localhost:%d" % gateway.port}, 403), ({"origin": "https://evil.example"}, 403),
                            ({"sec_fetch_site": "same-site"}, 403), ({"signed": False}, 401)):
        expect("adding with %r" % headers, gateway.status("POST", "/page/keys", body, **headers), status)
    expect("nothing was changed", len(keys_in_file()["keys"]), 3)
    status, said = gateway.json("POST", "/page/keys", {**body, "base_url": "", "kind": None})
    expect("added", (status, said["ok"], '"new"' in said["text"]), (201, True, True))
    expect("in the file", [(k["name"], k["token"], k.get("priority")) for k in keys_in_file()["keys"][3:]], [("new", secret, 2)])
    wait_for(stream, b'"name":"new"')
    stream.close()
    expect("last in the state", [k["name"] for k in gateway.state()["keys"]], ["home", "a b", "work", "new", "billing"])
    act = lambda name, verb, *more, **headers: gateway.json("POST", "/page/keys/%s/%s" % (name, verb), "{}", *more, **headers)
    expect("disabled", act("a%20b", "disable")[0], 200)
    expect("in the file", keys_in_file()["keys"][1].get("disabled"), True)
    expect("in the state", gateway.state()["keys"][1]["disabled"], True)
    expect("enabled", act("a%20b", "enable")[0], 200)
    expect("in the file", keys_in_file()["keys"][1].get("disabled"), None)
    expect("reset", act("home", "reset")[0], 200)
    status, said = act("new", "refresh")
    expect("refresh", (status, "has no refresh token" in said["error"]["message"]), (409, True))
    status, said = act("new", "test")
    expect("test", (status, said["ok"], '"new" is valid' in said["text"], "costs nothing" in said["text"]), (200, True, True, True))
    refused.append("FAKE-new")
    status, said = act("new", "test")
    expect("test of a refused one", (status, said["ok"], '"new" is refused' in said["text"]), (200, False, True))
    expect("nobody", act("nobody", "remove")[0], 404)
    expect("no such action", act("home", "rename")[0], 404)
    expect("from elsewhere", act("home", "remove", origin=None)[0], 403)
    expect("removed", act("new", "remove")[0], 200)
    expect("in the file", len(keys_in_file()["keys"]), 3)

    order = lambda names: gateway.status("POST", "/page/order", {"names": names})
    for wrong in (["home"], ["home", "work", "home"], ["home", "work", "nobody"], ["billing", "home", "work", "a b"], [1, 2, 3], [], "home", None):
        expect("order %r" % (wrong,), order(wrong), 400)
    expect("order", order(["work", "home", "a b", "billing"]), 200)
    expect("in the file", [k["priority"] for k in keys_in_file()["keys"]], [2, 3, 1])
    expect("in the state", [k["name"] for k in gateway.state()["keys"]], ["work", "home", "a b", "billing"])
    expect("the same once more", order(["work", "home", "a b"]), 200)

    fall = lambda rules: gateway.status("POST", "/page/model_fallback", rules)
    for wrong in ({"a": []}, {"a": [1]}, {"a": ["a"]}, {"a": ["b"], "b": ["a"]}, {"a b": ["c"]}, {"a": ["b;c"]}, {"a": ["b*"]}, ["a"]):
        expect("fallback %r" % (wrong,), fall(wrong), 400)
    rules = {"claude-opus-*": ["claude-sonnet-*", "claude-haiku-*"], "x": ["y"]}
    expect("fallback", fall(rules), 200)
    expect("in the file", keys_in_file()["model_fallback"], rules)
    expect("in the state", gateway.state()["model_fallback"], rules)
    expect("none", fall({}), 200)
    expect("in the file", keys_in_file().get("model_fallback"), None)


def sealed(gateway):
    """Sealed behind its back, the file cannot be written by this gateway, which says so; by one that opened it, it can."""
    word = lambda *words: run("keys", *words, "--passphrase-fd", "0", input="FAKE word\nFAKE word\n")
    word("seal")
    state = gateway.state()
    expect("sealed", (state["editable"], "sealed" in state["why_not"]), (False, True))
    status, said = gateway.json("POST", "/page/order", {"names": ["home", "work", "a b"]})
    expect("why", (status, "sealed" in said["error"]["message"]), (409, True))
    word("unseal")
    expect("unsealed", gateway.state()["editable"], True)


def logs(gateway):
    events = home + "/.local/state/tcr/events.jsonl"
    line = lambda n: json.dumps({"time": 1700000000 + n, "event": "warning", "key": "home", "text": "number %d" % n, "pid": 1}) + "\n"
    with open(events + ".1", "w") as file:
        file.write("".join(line(n) for n in range(5)))
    with open(events, "w") as file:
        file.write("garbage\n" + "".join(line(n) for n in range(5, 10)) + '{"half')
    status, log = gateway.json("GET", "/page/log?limit=3")
    expect("newest first", (status, [l["at"] - 1700000000 for l in log["lines"]], log["more"]), (200, [9, 8, 7], True))
    expect("a line", (log["lines"][0]["event"], log["lines"][0]["key"], log["lines"][0]["text"]), ("warning", "home", 'warning: "home": number 9'))
    status, log = gateway.json("GET", "/page/log?limit=4&before=" + log["lines"][2]["id"])
    expect("into the older file", ([l["at"] - 1700000000 for l in log["lines"]], log["more"]), ([6, 5, 4, 3], True))
    os.rename(events, events + ".1")
    status, newer = gateway.json("GET", "/page/log?before=" + log["lines"][1]["id"])
    expect("renamed meanwhile", ([l["at"] for l in newer["lines"]], newer["more"]), ([], False))
    status, log = gateway.json("GET", "/page/log?before=" + log["lines"][3]["id"])
    expect("gone meanwhile", (log["lines"], log["more"]), ([], False))
    expect("everything", len(gateway.json("GET", "/page/log")[1]["lines"]), 5)
    for limit in ("0", "1001", "x", "", "99999999999"):
        expect("limit=" + limit, gateway.status("GET", "/page/log?limit=" + limit), 400)
    expect("no id", gateway.json("GET", "/page/log?before=x")[1]["lines"], [])


@contextlib.contextmanager
def direct(*words, **more):
    """The program itself, with options that are not for people."""
    listener = socket.create_server(("127.0.0.1", 0))
    end, give = os.pipe()
    os.write(give, b"tcr-FAKE-stand-in-0001\n")
    os.close(give)
    program = subprocess.Popen([os.path.dirname(RUN) + "/tcr-gateway", "--listen-fd", str(listener.fileno()), "--stand-in-fd", str(end), *words],
                               env={**env, **more}, pass_fds=(listener.fileno(), end), stderr=subprocess.DEVNULL)
    gateway = Gateway.__new__(Gateway)
    gateway.port, gateway.cookie, gateway.token = listener.getsockname()[1], None, "tcr-FAKE-stand-in-0001"
    gateway.own = "http://127.0.0.1:%d" % gateway.port
    listener.close()
    os.close(end)
    try:
        yield gateway
    finally:
        program.terminate()
        expect("its end", program.wait(40), 0)


def others():
    """Keys from the environment cannot be changed; a run's own gateway has no page; where other machines come in there is none."""
    with direct(TCR_KEYS_FILE="", ANTHROPIC_API_KEY="sk-ant-api03-FAKE-env-0001") as gateway:
        gateway.open_by(gateway.token)
        state = gateway.state()
        expect("keys of the environment", (state["editable"], "environment" in state["why_not"]), (False, True))
        expect("they stay", gateway.status("POST", "/page/keys", {"name": "x", "secret": "sk-ant-oat01-FAKE-x-0001"}), 409)
    with direct("--private", "--keys", keys_file) as gateway:
        expect("a run's own", gateway.status("POST", "/page/link", "{}", x_api_key=gateway.token), 200)
        expect("is the provider's answer", gateway.ask("GET", "/", x_api_key=gateway.token).bytes, b'{"data":[]}')
    key = run("gateway", "users", "add", "anna").stdout.split()[-1]
    said = run("gateway", "-d", "--listen", "127.0.0.1:0", "--listen", "0.0.0.0:0", "--behind-proxy").stderr
    gateway = Gateway.__new__(Gateway)
    gateway.cookie = None
    for where, status in (("0.0.0.0", 403), ("127.0.0.1", 401)):
        gateway.port = int(re.search(r"http://%s:(\d+)" % re.escape(where), said).group(1))
        gateway.own = "http://127.0.0.1:%d" % gateway.port
        expect("a stranger at " + where, gateway.status("GET", "/"), status)
        expect("a user at " + where, gateway.status("POST", "/page/link", "{}", x_api_key=key), 403)
        expect("a user's state at " + where, gateway.status("GET", "/page/state", x_api_key=key), 403)
    run("gateway", "stop")
    run("gateway", "users", "remove", "anna")


def slow_reader():
    """Whoever opens a stream and never reads is cut off; the others go on."""
    file = home + "/many.json"
    with open(file, "w") as out:
        json.dump({"keys": [{"name": "key %d" % n, "token": "sk-ant-oat01-FAKE-%04d-0001" % n} for n in range(1000)]}, out)
    with direct("--keys", file, "--stall", "1s") as gateway:
        gateway.open_by(gateway.token)
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", gateway.port))
        fast = gateway.events()
        slow.sendall(("GET /page/events HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncookie: %s\r\n\r\n" % (gateway.port, gateway.cookie)).encode())
        threading.Thread(target=lambda: [None for _ in iter(lambda: fast.recv(65536), b"")], daemon=True).start()
        connections = lambda: int(re.search(rb"tcr_gateway_connections (\d+)", gateway.ask("GET", "/metrics", x_api_key=gateway.token).bytes).group(1))
        end, count = time.time() + 20, connections()
        while count > 2 and time.time() < end:
            time.sleep(0.1)
            count = connections()
        expect("connections: the other's, and the one that asks", count, 2)
        expect("the page goes on", len(gateway.state()["keys"]), 1000)


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
    env["BROWSER"] = "no-such-browser -new"
    done = run("gateway", "open", fine=False)
    expect("no such browser", (done.returncode, "no program no-such-browser that can be run" in done.stderr), (125, True))
    del env["BROWSER"]
    pid = json.loads(run("gateway", "status", "--json").stdout)["pid"]
    os.kill(pid, signal.SIGKILL)
    end = time.time() + 10
    while run("gateway", "status", fine=False).returncode == 0 and time.time() < end:
        time.sleep(0.05)
    expect("none runs", run("gateway", "open", "--print", fine=False).returncode, 1)
    killed = Gateway()
    killed.cookie = again.cookie.replace(str(again.port), str(killed.port))
    expect("after a kill", killed.status("GET", "/page/state"), 401)
    run("gateway", "stop")


def odd_profile():
    """A profile of any name: its command can be copied, and the page is none that the name wrote."""
    name = "it's <b> & more"
    with open(keys_file, "w") as file:
        json.dump({"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}], "profiles": {name: {"keys": ["home"]}}}, file)
    gateway = Gateway("--profile", name)
    try:
        answer = gateway.ask("GET", "/", accept="text/html")
        expect("the command", b"gateway open --profile 'it'\\''s &lt;b&gt; &amp; more'<" in answer.bytes, True)
        gateway.cookie = None
        gateway.open_by(gateway.token)
        state = gateway.json("GET", "/page/state")[1]
        expect("setup", state["setup"][0]["command"], "tcr-run setup claude --profile 'it'\\''s <b> & more'")
    finally:
        run("gateway", "stop", "--profile", name)


def main():
    write_keys()
    try:
        gateway = Gateway()
        ways_in(gateway)
        shows(gateway)
        streams = tells(gateway)
        changes(gateway)
        sealed(gateway)
        logs(gateway)
        slow_reader()
        restarts(gateway, streams)
        others()
        odd_profile()
    finally:
        run("gateway", "stop", fine=False)
    expect("a secret was told", any(SECRET.encode() in part for part in seen), False)
    expect("errors of a sanitizer", any(b"Sanitizer" in part for part in seen), False)


main()
