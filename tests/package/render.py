"""render.py CHART [NAME=VALUE]...: what helm template prints of a chart, for the part of its language that the chart uses. It is
not helm: a function or a form that is not here is an error, and so is a value that values.yaml does not have. Values are YAML."""

import base64
import os
import re
import sys

import yaml

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|-?\d+|:=|[$.][\w.]*|\w+|[()|])')
BLOCKS = ("if", "with", "range", "define")


class Stop(Exception):
    pass


def parse(text):
    """The template as a list of nodes: text, (action), (block, condition, [(condition, nodes)...])."""
    parts = re.split(r"(\{\{-?.*?-?\}\})", text, flags=re.S)
    for i in range(1, len(parts), 2):
        if parts[i].startswith("{{-"):
            parts[i - 1] = parts[i - 1].rstrip()
        if parts[i].endswith("-}}"):
            parts[i + 1] = parts[i + 1].lstrip()
    actions = [(i, parts[i][2:-2].strip("-").strip()) for i in range(1, len(parts), 2)]
    at = 0

    def nodes(ends):
        nonlocal at
        found = []
        while at < len(parts):
            if at % 2 == 0:
                found.append(("text", parts[at]))
                at += 1
                continue
            action = actions[at // 2][1]
            word = action.split()[0]
            if word in ends:
                return found
            at += 1
            if word in BLOCKS:
                branches = [(action.split(None, 1)[1], nodes(("end", "else")))]
                while actions[at // 2][1].startswith("else"):
                    rest = actions[at // 2][1][4:].strip()
                    at += 1
                    if rest and not rest.startswith("if "):
                        raise Stop(f"not known: else {rest}")
                    branches.append((rest[3:] if rest else None, nodes(("end", "else"))))
                at += 1
                found.append((word, branches))
            else:
                found.append(("action", action))
        if ends:
            raise Stop("a block has no end")
        return found

    return nodes(())


def to_yaml(value):
    return yaml.safe_dump(value, default_flow_style=False, sort_keys=True).rstrip("\n").removesuffix("\n...")


def text_of(value):
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def need(message, value):
    if value in (None, ""):
        raise Stop(message)
    return value


def stop(message):
    raise Stop(message)


def indented(width, text):
    return "\n" + "\n".join(" " * width + line if line else line for line in text.split("\n"))


FUNCTIONS = {
    "quote": lambda value: '"' + text_of(value).replace("\\", "\\\\").replace('"', '\\"') + '"',
    "nindent": indented,
    "toYaml": to_yaml,
    "default": lambda other, value: value or other,
    "required": need,
    "fail": stop,
    "and": lambda *values: next((v for v in values if not v), values[-1]),
    "or": lambda *values: next((v for v in values if v), values[-1]),
    "not": lambda value: not value,
    "gt": lambda a, b: a > b,
    "int": int,
    "printf": lambda form, *values: form % values,
    "trunc": lambda length, text: text[:length],
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "b64enc": lambda text: base64.b64encode(text.encode()).decode(),
}


class Renderer:
    def __init__(self, root):
        self.root, self.defined = root, {}

    def field(self, value, path):
        for name in filter(None, path.split(".")):
            if not isinstance(value, dict) or name not in value:
                raise Stop(f"there is no {path}")
            value = value[name]
        return value

    def term(self, tokens, dot, variables):
        token = tokens.pop(0)
        if token == "(":
            value = self.pipeline(tokens, dot, variables)
            if not tokens or tokens.pop(0) != ")":
                raise Stop("a bracket is open")
            return value
        if token[0] == '"':
            return token[1:-1].replace('\\"', '"')
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        if token[0] == ".":
            return self.field(dot, token)
        if token[0] == "$":
            name, _, path = token.partition(".")
            return self.field(self.root if name == "$" else variables[name], path)
        raise Stop(f"not known: {token}")

    def command(self, tokens, dot, variables, *piped):
        if re.fullmatch(r"[a-zA-Z]\w*", tokens[0]):
            name, values = tokens.pop(0), []
            while tokens and tokens[0] not in ("|", ")"):
                values.append(self.term(tokens, dot, variables))
            values += piped
            if name == "include":
                return self.run(self.defined[values[0]], values[1], {})
            if name not in FUNCTIONS:
                raise Stop(f"not known: {name}")
            return FUNCTIONS[name](*values)
        return self.term(tokens, dot, variables)

    def pipeline(self, tokens, dot, variables):
        value = self.command(tokens, dot, variables)
        while tokens and tokens[0] == "|":
            tokens.pop(0)
            value = self.command(tokens, dot, variables, value)
        return value

    def value(self, text, dot, variables):
        tokens, end = [], 0
        while end < len(text.rstrip()):
            match = TOKEN.match(text, end)
            if not match:
                raise Stop(f"not understood: {text}")
            tokens.append(match[1])
            end = match.end()
        value = self.pipeline(tokens, dot, variables)
        if tokens:
            raise Stop(f"too much: {text}")
        return value

    def run(self, nodes, dot, variables):
        out = []
        for kind, what in nodes:
            if kind == "text":
                out.append(what)
            elif kind == "action":
                match = re.match(r"(\$\w+) := (.*)", what, re.S)
                if match:
                    variables[match[1]] = self.value(match[2], dot, variables)
                else:
                    out.append(text_of(self.value(what, dot, variables)))
            elif kind == "define":
                self.defined[what[0][0].strip('"')] = what[0][1]
            else:
                for condition, inner in what:
                    value = True if condition is None else self.value(condition, dot, variables)
                    if not value:
                        continue
                    if kind == "range":
                        out += [self.run(inner, item, variables) for item in value]
                    else:
                        out.append(self.run(inner, value if kind == "with" and condition is not None else dot, variables))
                    break
        return "".join(out)


def render(chart, settings, release="team"):
    """{file: text} of all templates. Settings are {"redis.password": value}."""
    with open(f"{chart}/values.yaml") as file:
        values = yaml.safe_load(file)
    with open(f"{chart}/Chart.yaml") as file:
        about = yaml.safe_load(file)
    for path, value in settings.items():
        *folders, last = path.split(".")
        at = values
        for folder in folders:
            at = at[folder]
        if last not in at:
            raise Stop(f"values.yaml has no {path}")
        at[last] = value
    root = {
        "Values": values,
        "Release": {"Name": release, "Namespace": "tools", "Service": "Helm"},
        "Chart": {"Name": about["name"], "Version": about["version"], "AppVersion": about["appVersion"]},
    }
    renderer = Renderer(root)
    templates = {}
    for name in sorted(os.listdir(f"{chart}/templates")):
        with open(f"{chart}/templates/{name}") as file:
            templates[name] = parse(file.read())
    for nodes in templates.values():
        renderer.run([node for node in nodes if node[0] == "define"], root, {})
    return {name: renderer.run(nodes, root, {}) for name, nodes in templates.items() if not name.startswith("_")}


if __name__ == "__main__":
    pairs = [word.split("=", 1) for word in sys.argv[2:]]
    try:
        for name, text in render(sys.argv[1], {path: yaml.safe_load(value) for path, value in pairs}).items():
            print(f"---\n# {name}\n{text}")
    except Stop as problem:
        sys.exit(f"render: {problem}")
