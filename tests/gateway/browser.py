#!/usr/bin/env python3
"""browser.py TCR-GATEWAY START: pages in a real browser (Chromium) cannot use a gateway on a port, not even one that
knows the stand-in, nor one whose name was made to lead to the gateway after it was loaded (DNS rebinding). Ends with 77
where no Chromium is installed."""

import http.client
import http.server
import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

STAND_IN = "tcr-FAKE-stand-in-0001"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECONDS = 90

PAGE = """<!doctype html><title>a page</title><iframe name="frame"></iframe><script>
const target = "TARGET", stand_in = "STAND_IN", body = '{"model":"m","messages":[]}';
const tell = said => fetch("HEARER/said", {method: "POST", mode: "no-cors", body: JSON.stringify(said)});
const soon = promise => Promise.race([promise, new Promise(done => setTimeout(done, 5000, "nothing came"))]);
const ask = (options, path) => fetch(target + (path || "/v1/messages"), options)
    .then(async answer => answer.type + " " + answer.status + " " + await answer.text());
const ways = {
    "fetch": () => ask({method: "POST", body}),
    "fetch without cors": () => ask({method: "POST", body, mode: "no-cors", credentials: "include"}),
    "fetch with the stand-in": () => ask({method: "POST", body, headers: {"x-api-key": stand_in}}),
    "fetch with it as a bearer": () => ask({method: "POST", body, headers: {authorization: "Bearer " + stand_in}}),
    "fetch of a list": () => ask({headers: {"x-api-key": stand_in}}, "/v1/models"),
    "fetch of a probe": () => ask({}, "/api/hello"),
    "fetch without a referrer": () => ask({method: "POST", body, mode: "no-cors", referrerPolicy: "no-referrer"}),
    "XMLHttpRequest": () => new Promise(done => {
        const request = new XMLHttpRequest();
        request.onload = () => done(request.status + " " + request.responseText);
        request.onerror = () => done("refused");
        request.open("POST", target + "/v1/messages");
        request.setRequestHeader("x-api-key", stand_in);
        request.send(body);
    }),
    "form": () => new Promise(done => {
        const form = document.createElement("form");
        form.method = "POST", form.enctype = "text/plain", form.target = "frame";
        form.action = target + "/v1/messages";
        form.innerHTML = "<input name='{\\"model\\":\\"m\\",\\"a\\":\\"' value='\\"}'>";
        document.body.append(form);
        frames.frame.frameElement.onload = () => {
            try { done("read " + frames.frame.document.body.textContent); } catch (error) { done("refused " + error.name); }
        };
        form.submit();
    }),
    "EventSource": () => new Promise(done => {
        const source = new EventSource(target + "/v1/messages", {withCredentials: true});
        source.onopen = () => done("open");
        source.onerror = () => { source.close(); done("refused"); };
    }),
    "WebSocket": () => new Promise(done => {
        const web = new WebSocket(target.replace("http", "ws") + "/v1/messages", ["x-api-key." + stand_in]);
        web.onopen = () => done("open");
        web.onerror = () => done("refused");
    }),
    "beacon": () => Promise.resolve("" + navigator.sendBeacon(target + "/v1/messages", body)),
    "image": () => new Promise(done => {
        const image = new Image();
        image.onload = () => done("open");
        image.onerror = () => done("refused");
        image.src = target + "/v1/models";
    }),
};
async function all() {
    WAIT
    for (const name in ways)
        await tell([name, await soon(ways[name]().catch(error => "refused " + error.name))]);
    await tell(["end", ""]);
}
</script><body onload="all()">"""


class Server:
    """Serves the page, hears what it says."""

    def __init__(self, port, page):
        said = self.said = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, text):
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(text)))
                self.send_header("access-control-allow-origin", "*")
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                self.answer(page.encode())
                if self.path == "/page":
                    said.put(["page", ""])

            def do_POST(self):
                said.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.answer(b"")

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Provider:
    """Counts who comes."""

    def __init__(self):
        self.came = came = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                came.append((self.path, self.rfile.read(int(self.headers.get("content-length", 0)))))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "21")
                self.end_headers()
                self.wfile.write(b'{"secret":"an answer"}'[:21])

            do_GET = do_HEAD = do_OPTIONS = do_POST

            def log_message(self, *words):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Gateway:
    def __init__(self, program, start, port, provider, folder):
        os.makedirs(folder)
        self.port = port
        self.process = subprocess.Popen([start, str(port), folder, f"home=127.0.0.1:{provider.port}"], stdout=subprocess.PIPE,
                                        env=dict(os.environ, TCR_GATEWAY=program))
        if self.process.stdout.readline() != b"listening\n":
            sys.exit("the gateway does not start")

    def ask(self, stand_in):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        client.request("POST", "/v1/messages", b'{"model":"m"}', {"x-api-key": stand_in})
        return client.getresponse().status

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def browse(folder, url):
    return subprocess.Popen(
        [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
         "--disable-background-networking", "--no-proxy-server", "--host-resolver-rules=MAP evil.example 127.0.0.1",
         f"--user-data-dir={folder}/profile", "--remote-debugging-port=0", url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder, XDG_CACHE_HOME=folder))


def close_browser(browser):
    os.killpg(browser.pid, 9)
    browser.wait()


def page(target, hearer="", wait=""):
    return PAGE.replace("TARGET", target).replace("STAND_IN", STAND_IN).replace("HEARER", hearer).replace("WAIT", wait)


def results(said):
    """What the page was told in each way."""
    found = {}
    while (entry := said.get(timeout=SECONDS))[0] != "end":
        if entry[0] != "page":
            found[entry[0]] = entry[1]
    return found


def reached(found, allowed):
    return [f"{way}: {what}" for way, what in found.items() if not what.startswith(allowed)]


def foreign_page(folder, program, start, provider):
    """A page of another origin, which for a browser is the same site (another port of this machine)."""
    wrong = []
    gateway = Gateway(program, start, free_port(), provider, folder + "/a")
    for name, target in (("127.0.0.1", f"http://127.0.0.1:{gateway.port}"), ("evil.example", f"http://localhost:{gateway.port}")):
        server = Server(0, page(target))
        browser = browse(f"{folder}/{name}", f"http://{name}:{server.port}/page")
        try:
            found = results(server.said)
        finally:
            close_browser(browser)
            server.close()
        if len(found) < 13:
            wrong.append(f"from {name}: only {sorted(found)} were tried")
        # Of an opaque answer a page learns nothing; a beacon tells only that it was sent.
        wrong += [f"from {name}: {line}" for line in reached({**found, "beacon": "refused"}, ("refused", "opaque 0"))]
    if gateway.ask("wrong") != 401 or provider.came:
        wrong.append(f"the provider was asked: {provider.came}")
    if gateway.ask(STAND_IN) != 200 or len(provider.came) != 1:
        wrong.append("the gateway does not serve its own clients")
    provider.came.clear()
    gateway.close()
    return wrong


def rebinding(folder, program, start, provider):
    """The name of the page leads to the gateway once the page is there: for the browser it is the same origin."""
    heard = Server(0, "")
    wait = """await tell(["page", ""]);
    for (let there = false; !there; await new Promise(done => setTimeout(done, 100)))
        there = await fetch("/api/hello").then(answer => answer.text()).then(text => text.includes('"error"'), () => false);"""
    port = free_port()
    text = page(f"http://evil.example:{port}", f"http://127.0.0.1:{heard.port}", wait)
    server = Server(port, text)
    browser = browse(folder + "/rebound", f"http://evil.example:{port}/page")
    gateway = None
    try:
        heard.said.get(timeout=SECONDS)
        server.close()
        gateway = Gateway(program, start, port, provider, folder + "/b")
        found = results(heard.said)
    finally:
        close_browser(browser)
        heard.close()
    gateway.close()
    wrong = [] if len(found) >= 13 else [f"rebound: only {sorted(found)} were tried"]
    del found["beacon"]
    allowed = ("refused", "basic 421", "421 ", "read {\"type\":\"error\"", "basic 403")
    wrong += [f"rebound: {line}" for line in reached(found, allowed)]
    if not found.get("fetch with the stand-in", "").startswith("basic 421"):
        wrong.append(f"rebound: the page did not come to the gateway: {found}")
    if provider.came:
        wrong.append(f"rebound: the provider was asked: {provider.came}")
    return wrong


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if not CHROMIUM:
        print("no Chromium is installed")
        sys.exit(77)
    program, start = (os.path.abspath(word) for word in sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="tcr", ignore_cleanup_errors=True) as folder:
        provider = Provider()
        wrong = foreign_page(folder, program, start, provider) + rebinding(folder, program, start, provider)
    print("\n".join(wrong) or "no page reached a key")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
