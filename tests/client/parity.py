#!/usr/bin/env python3
"""parity.py DIRECT OTHER: are the requests in these two folders (fake_api.py --dump) the same?

Values that differ between any two runs of the client are made equal first: those below and no others. What a proxy may
change by the rules of HTTP, and the credential, are left out. Prints each difference; exits with 1 if there is any.
"""

import glob
import json
import re
import sys

# In bodies and in the values of headers.
VOLATILE = [
    (rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", b"UUID"),  # sessions, prompts, requests
    (rb"\b[0-9a-f]{64}\b", b"DEVICE"),
    (rb"cch=[0-9a-f]+", b"cch=VALUE"),  # the attribution line's value, another in each request
    (rb"cc_version=[0-9.]+\.[0-9a-f]+", b"cc_version=VALUE"),
    (rb"\b(toolu|msg|req)_[0-9A-Za-z_]+", b"ID"),
    (rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", b"TIME"),
    (rb"\ba[0-9a-f]{16}\b", b"AGENT"),
    (rb"<duration_ms>[0-9]+", b"<duration_ms>COUNT"),
    (rb"duration_ms: [0-9]+", b"duration_ms: COUNT"),
]
# Numbers of the client's own measuring.
MEASURED = {"x-claude-code-prev-tool-durations", "x-claude-code-agent-id"}
# The connection's, and the credential.
LEFT_OUT = {"host", "connection", "accept-encoding", "content-length", "authorization", "x-api-key"}


def plain(value):
    for pattern, word in VOLATILE:
        value = re.sub(pattern, word, value)
    return value


def requests(folder):
    found = []
    for path in sorted(glob.glob(folder + "/*.head")):
        with open(path, encoding="utf-8") as stream:
            head = json.load(stream)
        if not head["path"].startswith("/v1/messages"):
            continue
        with open(path[:-len("head")] + "json", "rb") as stream:
            body = plain(stream.read())
        headers = [(name, "MEASURED" if name.lower() in MEASURED else plain(value.encode()).decode())
                   for name, value in head["headers"] if name.lower() not in LEFT_OUT]
        found.append(((head["method"], head["path"]), headers, body))
    # Side requests and sub-agents run beside the conversation: their order says nothing.
    return sorted(found, key=lambda request: (request[2], request[1]))


def differences(one, other):
    if len(one) != len(other):
        yield "%d requests, not %d" % (len(other), len(one))
    for first, second in zip(one, other):
        for name, a, b in zip(("request line", "headers", "body"), first, second):
            if a == b:
                continue
            if name == "headers":
                yield "headers: only direct %s, only other %s" % ([x for x in a if x not in b], [x for x in b if x not in a])
            elif name == "body":
                at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                yield "body at byte %d: %r, not %r" % (at, b[max(at - 60, 0):at + 60], a[max(at - 60, 0):at + 60])
            else:
                yield "%s: %r, not %r" % (name, b, a)


direct, other = requests(sys.argv[1]), requests(sys.argv[2])
if not direct:
    sys.exit("no direct request was seen")
found = list(differences(direct, other))
for line in found:
    print(line)
sys.exit(1 if found else 0)
