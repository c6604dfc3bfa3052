#!/usr/bin/env python3
"""
status-metrics.py < METRICS: reads the text format as strictly as node_exporter's textfile collector does, and more so; prints
every sample as one JSON line, or says what is wrong and exits with 1.
"""

import json
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)\Z")
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class Wrong(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise Wrong(reason)


def labels_of(text):
    found = [(m[1], re.sub(r'\\["\\n]', lambda e: ESCAPES[e[0]], m[2])) for m in re.finditer(LABEL, text or "")]
    need(len({name for name, _ in found}) == len(found), "a label twice")
    return dict(found)


def read(data):
    need(data.endswith(b"\n") and b"\r" not in data, "lines do not end in newlines")
    family, types, helps, seen = None, {}, {}, set()
    for number, line in enumerate(data.decode("utf-8").splitlines(), 1):
        try:
            if match := re.fullmatch(rf"# HELP ({NAME}) (\S.*)", line):
                need(match[1] not in helps, "HELP twice")
                helps[match[1]], family = match[2], match[1]
            elif match := re.fullmatch(rf"# TYPE ({NAME}) (gauge|counter)", line):
                need(match[1] == family and match[1] not in types, "TYPE is not right behind its HELP")
                types[match[1]] = match[2]
            else:
                match = SAMPLE.match(line)
                need(match, "no sample, HELP or TYPE")
                need(match[1] == family and family in types, "a sample outside its family")
                need((types[family] == "counter") == family.endswith("_total"), "_total is for counters")
                labels = labels_of(match[2])
                identity = (family, tuple(sorted(labels.items())))
                need(identity not in seen, "a series twice")
                seen.add(identity)
                print(json.dumps({"name": family, "labels": labels, "value": float(match[match.re.groups])}))
        except Wrong as error:
            raise Wrong(f"line {number}: {error}: {line}") from error
    families = {name for name, _ in seen}
    need(families == set(types) == set(helps), "a family without samples, TYPE or HELP")


try:
    read(sys.stdin.buffer.read())
except (Wrong, UnicodeDecodeError) as error:
    sys.exit(f"status-metrics.py: {error}")
