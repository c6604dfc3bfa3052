"""
The tables about stores: what a choice of a key costs with so many runs at once, with so many keys, and how evenly runs
are spread. The file against a Redis server (on a Unix socket, and on the loopback with and without TLS), where
redis-server is installed.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

CONTENDERS = (1, 10, 100)
KEYS = (10, 100, 1000, 10000)
SALT = "ab" * 32


class Server:
    """A Redis server in a folder of its own; used with `with`."""

    def __init__(self, bench):
        self.folder = bench.folder()
        self.socket = self.folder / "sock"
        self.process = None

    def __enter__(self):
        if not shutil.which("redis-server"):
            print("bench: there is no redis-server: the file only", file=sys.stderr)
            return self
        words = ["redis-server", "--port", str(self.free_port()), "--bind", "127.0.0.1", "--unixsocket", self.socket]
        words += ["--dir", self.folder, "--save", "", "--appendonly", "no", *self.tls_options()]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        while not self.socket.exists():
            if self.process.poll() is not None:
                sys.exit("bench: redis-server does not start")
            time.sleep(0.01)
        return self

    def __exit__(self, *unused):
        if self.process:
            self.process.kill()
            self.process.wait()

    def free_port(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        return self.port

    def tls_options(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.tls_port = probe.getsockname()[1]
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2",
                        "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
        return ["--tls-port", str(self.tls_port), "--tls-cert-file", certificate, "--tls-key-file", key,
                "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"]

    def stores(self, bench):
        """Names and environments."""
        found = {"file": {"TCR_STATE": str(bench.folder() / "state.json")}}
        if self.process:
            prefix = f"prefix={self.folder.name}{time.monotonic_ns()}"
            found["redis, socket"] = {"TCR_STATE": f"redis+unix://{self.socket}?{prefix}s"}
            found["redis, loopback"] = {"TCR_STATE": f"redis://127.0.0.1:{self.port}?{prefix}l"}
            found["redis, TLS"] = {"TCR_STATE": f"rediss://127.0.0.1:{self.tls_port}?{prefix}t",
                                   "TCR_REDIS_CA_FILE": str(self.folder / "cert.pem")}
        return found

    def put(self, url, text):
        """Makes `text` the state there."""
        prefix = url.split("prefix=")[1]
        subprocess.run(["redis-cli", "-s", self.socket, "-x", "HSET", f"{prefix}:state", "revision", "1", "text"],
                       input=text, text=True, check=True, stdout=subprocess.DEVNULL)


def contend_program(bench):
    """Built beside the tcr-run that is measured."""
    build = Path(bench.arguments.tcr_run).parent
    subprocess.run(["ninja", "--quiet", "-C", build, "bench/contend"], check=True, stdout=subprocess.DEVNULL)
    return str(build / "bench" / "contend")


def contend(bench, program, contenders, environment):
    words = [program, str(contenders), str(bench.arguments.seconds)]
    result = subprocess.run(words, env={**bench.env, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)
    if result.returncode or result.stderr:
        print(f"bench: {contenders} contenders: {result.stderr.splitlines()[:1]}", file=sys.stderr)
    return json.loads(result.stdout) if result.returncode == 0 else None


def table_contention(bench):
    """Every contender chooses again and again, without a pause: the worst that can come."""
    rows, program, keys = [], contend_program(bench), write_keys(bench, 10)
    with Server(bench) as server:
        for contenders in CONTENDERS:
            reference = None
            for name, environment in server.stores(bench).items():
                found = contend(bench, program, contenders, {**environment, **keys})
                if not found:
                    continue
                reference = reference or found["per_second"]
                rows.append({
                    "store": name,
                    "contenders": contenders,
                    "choices/s": round(found["per_second"]),
                    "vs file": found["per_second"] / reference,
                    "p50 ms": found["p50"] / 1e3,
                    "p99 ms": found["p99"] / 1e3,
                    "longest ms": found["longest"] / 1e3,
                    "fewest/most": found["fewest"] / found["most"],
                })
    return rows


def token(i):
    return f"sk-ant-oat01-FAKE-key{i:05d}-0001"


def write_keys(bench, count):
    path = bench.folder() / "keys.json"
    path.touch(0o600)
    path.write_text(json.dumps({"version": 1, "keys": [{"name": f"key{i}", "token": token(i)} for i in range(count)]}))
    return {"TCR_KEYS_FILE": str(path)}


def known_state(count):
    """All keys were used, every third rests."""
    now, records = int(time.time()), {}
    for i in range(count):
        name = hashlib.blake2b(token(i).encode(), key=bytes.fromhex(SALT), digest_size=16).hexdigest()
        rests = [{"class": "limit", "what": "session limit", "until": now + 3600, "length": 7200}] if i % 3 == 0 else []
        records[name] = {"cooldowns": rests, "name": f"key{i}", "failures": len(rests), "runs": 12,
                         "last_used": now - 100, "last_failed": now - 50 * len(rests)}
    return json.dumps({"version": 1, "salt": SALT, "cursor": "", "keys": records, "organizations": {}, "leases": [],
                       "master_uses": [], "warned_undersized": 0}, separators=(",", ":"))


def table_keys(bench):
    """One contender; the state knows every key. The last columns are of tcr-run's own processor time, which other
    programs do not lengthen: 1.00 in the last says that ten times the keys cost ten times as much."""
    rows, program, before = [], contend_program(bench), {}
    with Server(bench) as server:
        for count in KEYS:
            keys, text = write_keys(bench, count), known_state(count)
            for name, environment in server.stores(bench).items():
                if name == "file":
                    Path(environment["TCR_STATE"]).write_text(text)
                else:
                    server.put(environment["TCR_STATE"], text)
                found = contend(bench, program, 1, {**environment, **keys})
                if not found:
                    continue
                fewer = before.get(name)
                rows.append({
                    "store": name,
                    "keys": count,
                    "state KB": round(len(text) / 1000),
                    "p50 ms": found["p50"] / 1e3,
                    "p99 ms": found["p99"] / 1e3,
                    "busy ms": found["busy"] / 1e3,
                    "busy us/key": found["busy"] / count,
                    "vs linear": found["busy"] / (fewer[1] * count / fewer[0]) if fewer else 1.0,
                })
                before[name] = (count, found["busy"])
    return rows


def runs_now(bench, environment):
    words = [bench.arguments.tcr_run, "status", "--json"]
    result = subprocess.run(words, env={**bench.env, **environment}, stdout=subprocess.PIPE, text=True, check=True)
    return [key["runs_now"] for key in json.loads(result.stdout)["keys"]]


def table_spread(bench):
    """100 runs at once over 10 keys, looked at while they start: how far the most and the least used key are apart."""
    rows, runs, count = [], 100, 10
    keys = write_keys(bench, count)
    with Server(bench) as server:
        for name, environment in server.stores(bench).items():
            environment = {**environment, **keys}
            gate = bench.folder() / "gate"
            os.mkfifo(gate)
            words = [bench.arguments.tcr_run, "-q", "--", "sh", "-c", f"read -r line < {gate}"]
            began = time.monotonic()
            started = [subprocess.Popen(words, env={**bench.env, **environment}) for _ in range(runs)]
            looks = [runs_now(bench, environment)]
            while sum(looks[-1]) < runs and time.monotonic() < began + 60:
                looks.append(runs_now(bench, environment))
            took = time.monotonic() - began
            with open(gate, "r+b", buffering=0):
                time.sleep(0.1)
            failed = sum(process.wait() != 0 and process.returncode != 1 for process in started)
            rows.append({
                "store": name,
                "runs": sum(looks[-1]),
                "looks": len(looks),
                "most apart": max(max(look) - min(look) for look in looks),
                "at the end": " ".join(f"{keys}x{each}" for each, keys in sorted(Counter(looks[-1]).items())),
                "failed": failed,
                "until all live, s": took,
            })
    return rows
