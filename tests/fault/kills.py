"""kill -9 at random moments of runs that share one state: it stays a state, and nobody is left."""

import concurrent.futures
import fcntl
import json
import os
import random
import subprocess
import time

from judge import SECRET
from pool import WORKERS, timed
from sandbox import ORPHAN_SECONDS, Alive, Sandbox, end_session
from scenarios import SCENARIOS

# A run takes about ten milliseconds; the long one is killed while its command runs.
LATEST_MS = 14


def command(sandbox, number):
    if number % 2:
        return [sandbox.binary, "--", "sleep", "30"]
    return sandbox.wrapped(SCENARIOS["claude" if number % 4 else "failover"])


def kill_one(sandbox, number, delay_ms):
    alive = Alive()
    process = subprocess.Popen(
        command(sandbox, number),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=sandbox.environment(),
        pass_fds=(alive.write_end,),
        start_new_session=True,
    )
    alive.started()
    time.sleep(delay_ms / 1000)
    process.kill()
    process.wait()
    left = alive.somebody(ORPHAN_SECONDS)
    if left:
        end_session(process)
    return left


def read_locked(sandbox):
    """As tcr-run reads it: a reader without the lock may see a writer at work. None if there is no
    state yet."""
    if not os.path.exists(os.path.join(sandbox.state, "state.json")):
        return None
    with open(os.path.join(sandbox.state, "state.lock"), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return sandbox.read_state_file("state.json")


def state_problems(sandbox):
    text = read_locked(sandbox)
    if text is None:
        return
    if SECRET in text:
        yield "a token is in the state"
    try:
        if "salt" not in json.loads(text):
            yield "the state has no salt"
    except ValueError as error:
        yield f"the state is torn: {error}"
    if os.path.exists(os.path.join(sandbox.state, "state.json.broken")):
        yield "a state was set aside as broken"


def check(sandbox, number, delay_ms):
    name = f"kill {number} after {delay_ms:.1f} ms"
    if kill_one(sandbox, number, delay_ms):
        yield f"{name}: a process was left behind for {ORPHAN_SECONDS} s"
    for sentence in state_problems(sandbox):
        yield f"{name}: {sentence}"


def leftovers(sandbox):
    """PORTABLE=1 says that the program was built without files that never have a name: there, an
    empty one may be left (docs/platforms.md)."""
    for name in os.listdir(sandbox.temporary):
        is_empty = os.path.getsize(os.path.join(sandbox.temporary, name)) == 0
        if not (os.environ.get("PORTABLE") and name.startswith("tcr-run-") and is_empty):
            yield f"the temporary file {name} was left"


def run(binary, full, seconds, seed):
    kills = 10000 if full else 300
    random_source = random.Random(seed)
    delays = [random_source.uniform(0, LATEST_MS) for _ in range(kills)]
    sandbox, in_time = Sandbox(binary), timed(seconds)

    def one(number):
        return list(check(sandbox, number, delays[number])) if in_time() else None

    try:
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as executor:
            results = list(executor.map(one, range(kills)))
        left = list(leftovers(sandbox))
    finally:
        sandbox.destroy()
    done = sum(result is not None for result in results)
    findings = [sentence for result in results for sentence in result or ()]
    return findings + left, f"{done} of {kills} kills"
