#!/usr/bin/env bats
# The Helm chart, with several sets of values. Helm itself is in no Debian: render.py stands for the part of it that the chart
# uses. Where there is a helm, it is asked too.

load helpers

setup() {
  CHART=$ROOT/packaging/helm/tcr-run
  printf '%s\n' '{"keys": [{"name": "home", "token": "sk-ant-oat01-FAKE-home-0001"}]}' >"$BATS_TEST_TMPDIR/keys.json"
}

@test "the chart has the version of the program, and each of its values is used and explained" {
  assert_equal "$(sed -n 's/^version: //p' "$CHART/Chart.yaml")" "$VERSION"
  assert_equal "$(sed -n 's/^appVersion: //p' "$CHART/Chart.yaml")" "\"$VERSION\""
  python3 - "$CHART" <<'END'
import glob, sys, yaml

templates = "".join(open(name).read() for name in glob.glob(sys.argv[1] + "/templates/*"))


def check(values, path):
    for name, value in values.items():
        here = f"{path}.{name}"
        if isinstance(value, dict) and value and f"toYaml {here}" not in templates:
            check(value, here)
        else:
            assert here in templates, f"nothing uses {here}"


check(yaml.safe_load(open(sys.argv[1] + "/values.yaml")), ".Values")
END
}

@test "what it makes hangs together, whichever values are given" {
  python3 - "$ROOT" "$BATS_TEST_TMPDIR/keys.json" <<'END'
import base64, sys, yaml

root, keys = sys.argv[1:]
sys.path.insert(0, root + "/tests/package")
from render import Stop, render

text = open(keys).read()
own = {"keys.content": text, "redis.password": "FAKE-password"}
sets = {
    "own": own,
    "theirs": {"keys.existingSecret": "k", "redis.existingSecret": "r", "redis.size": ""},
    "elsewhere": {"keys.existingSecret": "k", "redis.enabled": False, "redis.url": "rediss://cache.example:6380", "redis.port": 6380},
    "one": {"keys.content": text, "redis.enabled": False, "replicas": 1, "state.existingClaim": "c"},
    "all": {**own, "image.tag": "x", "imagePullSecrets": [{"name": "p"}], "replicas": 3, "args": ["--hold", "10m"],
            "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}], "networkPolicy.from": [{"namespaceSelector": {}}],
            "redis.storageClass": "fast", "service.annotations": {"a": "b"}, "podAnnotations": {"c": "d"}, "nodeSelector": {"e": "f"},
            "tolerations": [{"operator": "Exists"}], "affinity": {"nodeAffinity": {}}},
    "open": {**own, "networkPolicy.enabled": False},
}


def objects(settings):
    made = {}
    for name, template in render(root + "/packaging/helm/tcr-run", settings).items():
        for thing in yaml.safe_load_all(template) if name.endswith(".yaml") else []:
            if thing:
                key = thing["kind"], thing["metadata"]["name"]
                assert key not in made, key
                made[key] = thing
    return made


def pods(made):
    return {name: thing["spec"] for (kind, name), thing in made.items() if kind in ("Deployment", "StatefulSet")}


for title, settings in sets.items():
    made = objects(settings)
    workloads = pods(made)
    for name, spec in workloads.items():
        pod, labels = spec["template"]["spec"], spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
        assert pod["automountServiceAccountToken"] is False
        volumes = {v["name"]: v for v in pod["volumes"]} | {v["metadata"]["name"]: v for v in spec.get("volumeClaimTemplates", [])}
        for container in pod["containers"] + pod.get("initContainers", []):
            context = container["securityContext"]
            assert context == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            mounts = {m["mountPath"]: m for m in container["volumeMounts"]}
            assert {m["name"] for m in mounts.values()} == set(volumes), (title, name)
            for variable in container["env"]:
                if variable["name"].endswith("FILE"):
                    folder, file = variable["value"].rsplit("/", 1)
                    assert mounts[folder]["readOnly"]
                    secret = volumes[mounts[folder]["name"]]["secret"]["secretName"]
                    theirs = secret in (settings.get("keys.existingSecret"), settings.get("redis.existingSecret"))
                    assert theirs or file in made["Secret", secret]["data"], (title, secret)
    # Who is selected is there, and listens at a port of that name; nobody else's.
    for (kind, name), thing in made.items():
        spec = thing["spec"] if "spec" in thing else {}
        if kind == "Service":
            [chosen] = [w for w in workloads.values() if spec["selector"].items() <= w["template"]["metadata"]["labels"].items()]
            names = {p["name"] for p in chosen["template"]["spec"]["containers"][0]["ports"]}
            assert {p["targetPort"] for p in spec["ports"]} <= names
        if kind in ("NetworkPolicy", "PodDisruptionBudget"):
            selector = spec.get("podSelector") or spec["selector"]
            assert sum(selector["matchLabels"].items() <= w["template"]["metadata"]["labels"].items() for w in workloads.values()) == 1
    gateway = workloads["team"]["template"]["spec"]
    variables = {v["name"]: v.get("value") for v in gateway["containers"][0]["env"]}
    claims = [v for v in gateway["volumes"] if "persistentVolumeClaim" in v]
    assert bool(claims) == (title == "one") and ("TCR_STATE" in variables) == (title != "one"), title
    assert ("Deployment", "team") in made and (("StatefulSet", "team-redis") in made) == settings.get("redis.enabled", True)
    assert (("PodDisruptionBudget", "team") in made) == (settings.get("replicas", 2) > 1)
    assert any(kind == "NetworkPolicy" for kind, _ in made) == (title != "open")
    if "keys.content" in settings:
        assert base64.b64decode(made["Secret", "team-keys"]["data"]["keys.json"]).decode() == text
    # No secret stands anywhere but in a secret.
    rest = yaml.safe_dump([thing for (kind, _), thing in made.items() if kind != "Secret"])
    assert "FAKE" not in rest, title

made = objects(sets["own"])
redis = made["NetworkPolicy", "team-redis"]["spec"]
assert redis["egress"] == [] and len(redis["ingress"][0]["from"]) == 1
assert made["StatefulSet", "team-redis"]["spec"]["serviceName"] == "team-redis"
gateway = pods(made)["team"]["template"]["spec"]
assert {v["name"]: v["value"] for v in gateway["containers"][0]["env"]}["TCR_STATE"] == "redis://team-redis:6379"
assert gateway["initContainers"][0]["args"] == ["await-user"]
full = pods(objects(sets["all"]))["team"]
assert full["replicas"] == 3 and full["template"]["spec"]["containers"][0]["args"][-2:] == ["--hold", "10m"]
assert full["template"]["spec"]["containers"][0]["image"] == "tcr-run:x"

for settings, words in (
    ({"redis.password": "x"}, "keys.content"),
    ({"keys.content": text}, "redis.password or redis.existingSecret"),
    ({"keys.content": text, "redis.enabled": False}, "more than one gateway takes Redis"),
    ({"keys.content": text, "redis.enabled": False, "replicas": 1}, "state.existingClaim"),
):
    try:
        objects(settings)
    except Stop as problem:
        assert words in str(problem), problem
    else:
        raise AssertionError(words)
END
}

@test "helm itself finds no fault" {
  command -v helm >/dev/null || skip "no helm"
  helm lint "$CHART" --set redis.password=FAKE --set-file keys.content="$BATS_TEST_TMPDIR/keys.json"
  helm template team "$CHART" --namespace tools --set redis.password=FAKE --set-file keys.content="$BATS_TEST_TMPDIR/keys.json" >"$BATS_TEST_TMPDIR/helm"
  python3 "$ROOT/tests/package/render.py" "$CHART" redis.password=FAKE "keys.content=$(jq -R . "$BATS_TEST_TMPDIR/keys.json")" >"$BATS_TEST_TMPDIR/ours"
  python3 - "$BATS_TEST_TMPDIR/helm" <(sed '/^# NOTES/,/^---/d' "$BATS_TEST_TMPDIR/ours") <<'END'
import sys, yaml

helm, ours = ({(o["kind"], o["metadata"]["name"]): o for o in yaml.safe_load_all(open(name)) if o} for name in sys.argv[1:])
for made in helm, ours:
    del made["Secret", "team-keys"]  # --set-file keeps the last line end
assert helm == ours
END
}
