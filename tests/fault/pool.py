"""Cases run side by side, each worker in a sandbox of its own, until the time is over."""

import concurrent.futures
import os
import threading
import time

from sandbox import Sandbox

WORKERS = min(4, os.cpu_count() or 1)


def timed(seconds):
    """True until so many seconds have passed."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def sample(random_source, numbers, most):
    """The first and the last ones, and some between."""
    if len(numbers) <= most:
        return list(numbers)
    ends = [*numbers[: most // 3], *numbers[-2:]]
    return ends + random_source.sample(numbers[most // 3 : -2], most - len(ends))


class Pool:
    def __init__(self, binary, seconds):
        self.binary = binary
        self.in_time = timed(seconds)
        self.local = threading.local()
        self.sandboxes = []
        self.lock = threading.Lock()

    def sandbox(self):
        if not hasattr(self.local, "sandbox"):
            self.local.sandbox = Sandbox(self.binary)
            with self.lock:
                self.sandboxes.append(self.local.sandbox)
        return self.local.sandbox

    def destroy(self):
        for sandbox in self.sandboxes:
            sandbox.destroy()

    def run(self, cases, check):
        """check(sandbox, case) gives sentences. Gives the findings and how many cases were run."""
        findings, done = [], 0
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as executor:
            for case, found in executor.map(lambda case: self.one(case, check), cases):
                done += found is not None
                findings += [f"{case}: {sentence}" for sentence in found or ()]
        return findings, done

    def one(self, case, check):
        return case, list(check(self.sandbox(), case)) if self.in_time() else None
