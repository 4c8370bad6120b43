"""Check the command line: what it prints, how it exits, and that it never shows a traceback."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click.testing
import pytest
import yaml

from function import cli, environment, forms, simulate
from function.cli import main
from function.contract import Mode
from function.model import KINDS as ALL
from tests import asking
from tests.samples import UBUNTU, config, manifest

Data = dict[str, Any]
ROOT = asking.ROOT
PROGRAM = str(Path(sys.executable).parent / "central-api")
LAYERS = asking.EXAMPLES / "environments" / "cluster-stacks"
XR = "network/minimal/xr.yaml"
KEY = "crossplane.io/composition-resource-name"
LABEL = {"api.scs.community/environment": "default"}
LATER = "more follow once these are ready: see them with --until-ready"
ENVIRONMENT: Data = config(
    "cloud",
    {
        "displayName": "Cloud",
        "kinds": {"Server": "openstack"},
        "flavors": [{"name": "SCS-1V-2-20"}],
        "images": [UBUNTU],
        "backends": {
            "openstack": {
                "defaultNetwork": "default",
                "networks": [{"name": "default", "id": "3f0a7f5e"}],
            }
        },
    },
    environment="default",
)
SPEC = {"image": {"os": "ubuntu", "version": "24.04"}, "flavor": "SCS-1V-2-20"}
ORDER: Data = manifest("Server", SPEC, "box")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a directory with the order and the environment above."""
    written(tmp_path / "order.yaml", ORDER)
    written(tmp_path / "environment.yaml", ENVIRONMENT)
    return tmp_path


def written(path: Path, *documents: Any) -> Path:
    """Write documents to a file."""
    path.write_text(yaml.safe_dump_all(documents), "utf-8")
    return path


def run(*arguments: object, input: str | bytes = b"") -> click.testing.Result:  # noqa: A002  # as click
    """Run the command in this process; an exception of any kind is a failure."""
    command = [str(argument) for argument in arguments]
    return click.testing.CliRunner(catch_exceptions=False).invoke(main, command, input=input)


def render(files: Path, *arguments: object, order: str = "order.yaml") -> click.testing.Result:
    """Render the order of a directory for its environment."""
    return run("render", files / order, "-e", files / "environment.yaml", *arguments)


def printed(result: click.testing.Result) -> list[Data]:
    """Return the documents that were printed; stderr may only announce later waves."""
    assert (
        result.exit_code,
        [line for line in result.stderr.splitlines() if LATER not in line],
    ) == (
        0,
        [],
    )
    return list(yaml.safe_load_all(result.stdout))


def bad_usage(result: click.testing.Result) -> str:
    """Return what was wrong with the usage, without the directory of the test."""
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr.splitlines()[-1].removeprefix("Error: ")


@pytest.mark.parametrize("provider", asking.PROVIDERS)
@pytest.mark.parametrize("name", asking.ORDERS)
def test_examples(name: str, provider: str) -> None:
    """Each example is answered by each environment, in YAML and JSON alike, or refused."""
    arguments = ["render", asking.EXAMPLES / name / "claim.yaml"]
    arguments += ["-e", asking.EXAMPLES / "environments" / provider]
    as_yaml, as_json = run(*arguments), run(*arguments, "-o", "json")
    assert as_yaml.exit_code == as_json.exit_code
    outcome = asking.ask(asking.order(name), asking.provider(provider))
    if outcome.fatal:
        assert (as_yaml.exit_code, as_yaml.stdout) == (1, "")
        assert as_yaml.stderr == as_json.stderr == f"central-api: {outcome.fatal}\n"
        return
    documents = printed(as_yaml)
    assert json.loads(as_json.stdout) == {"apiVersion": "v1", "kind": "List", "items": documents}
    assert documents == [outcome.composite, *outcome.resources.values()]


@pytest.mark.parametrize("name", asking.ORDERS)
def test_an_xr_is_answered_like_its_claim(name: str) -> None:
    """`xr.yaml` of each example is what Crossplane makes of `claim.yaml`."""
    directory = asking.EXAMPLES / name
    claim = run("render", directory / "claim.yaml", "-e", LAYERS)
    xr = run("render", directory / "xr.yaml", "-e", LAYERS)
    assert printed(claim) == printed(xr)


def test_whole_answer(files: Path) -> None:
    """The XR with status and conditions comes first, then the resources with their keys."""
    first, *resources = printed(render(files))
    conditions = first["status"].pop("conditions")
    assert {name: type(value) for name, value in first.items()} == {
        "apiVersion": str,
        "kind": str,
        "metadata": dict,
        "status": dict,
    }
    assert (first["kind"], first["metadata"]) == ("XServer", {"name": "box-2d210"})
    assert first["status"]["estimate"] == {"cpu": 1, "memoryGiB": 2, "storageGiB": 20, "gpus": 0}
    assert {condition["type"]: condition["status"] for condition in conditions} == {
        "Accepted": "True",
        "Provisioned": "False",
        "Current": "False",
        "BackendHealthy": "True",
        "FullySupported": "True",
    }
    assert sorted(r["kind"] for r in resources) == [
        "SecgroupRuleV2",
        "SecgroupRuleV2",
        "SecgroupV2",
    ]
    assert all(KEY in r["metadata"]["annotations"] for r in resources)


def test_an_edited_copy_of_a_layer_is_another_layer(files: Path) -> None:
    """It has the UID and version of the original, where kubectl printed both."""
    identity = {"uid": "0b6c", "resourceVersion": "77"}
    layers = [
        config(tenant, {"limits": {"memoryGiB": most}}, overlay="default", tenant=tenant)
        for tenant, most in (("acme", 8), ("strict", 1))
    ]
    base = {**ENVIRONMENT, "data": {**ENVIRONMENT["data"], "overlays": "Optional"}}
    known = [{**one, "metadata": {**one["metadata"], **identity}} for one in (base, *layers)]
    written(files / "environment.yaml", *known)
    written(files / "order.yaml", ORDER, manifest("Server", SPEC, "box", "strict"))
    result = render(files, "-o", "name")
    assert result.exit_code == 1
    assert "Server acme/box: 3 resources now" in result.stderr
    assert "Server strict/box: PolicyViolation: spec: asks for 2 memoryGiB" in result.stderr


def test_layers_are_parsed_once(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many orders are answered from them, and however often each asks."""
    parsed: list[str] = []
    foundation = environment.foundation

    def counted(name: str, *rest: Any) -> Any:
        parsed.append(name)
        return foundation(name, *rest)

    monkeypatch.setattr(environment, "foundation", counted)
    written(files / "order.yaml", *(manifest("Server", SPEC, f"box{n}") for n in range(3)))
    assert render(files).exit_code == 0
    assert parsed == ["default"]


def test_the_longest_name(files: Path) -> None:
    """The XR of a claim is named as Crossplane names it: cut, so that it fits a label."""
    name = "a" * 63
    written(files / "long.yaml", {**ORDER, "metadata": {"name": name, "namespace": "acme"}})
    first, *_ = printed(render(files, order="long.yaml"))
    assert len(first["metadata"]["name"]) == 63
    assert first["metadata"]["name"].startswith("a" * 57 + "-")


def test_namespaced_mode(files: Path) -> None:
    """The other install has other API groups, and everything in the tenant's namespace."""
    first, *resources = printed(render(files, "--mode", "namespaced"))
    assert first["kind"] == "Server"
    assert first["metadata"] == {"name": "box", "namespace": "acme"}
    assert {r["apiVersion"] for r in resources} == {
        "networking.openstack.m.crossplane.io/v1alpha1",
    }
    assert {r["metadata"]["namespace"] for r in resources} == {"acme"}


def test_namespace_option(files: Path) -> None:
    """It is the namespace that kubectl would add, and contradicts none, as there."""
    metadata = {"name": "box"}
    written(files / "bare.yaml", {**ORDER, "metadata": metadata})
    bare = printed(render(files, "-n", "acme", order="bare.yaml"))
    assert bare == printed(render(files)) == printed(render(files, "--namespace", "acme"))
    assert bad_usage(render(files, "-n", "beta")) == (
        f"{files}/order.yaml: metadata.namespace: is acme, which does not match --namespace beta: "
        "give --namespace acme"
    )
    composite = written(files / "xr.yaml", asking.documents(asking.EXAMPLES / XR)[0])
    assert run("render", composite, "-e", LAYERS, "-n", "other").exit_code == 0
    wrong = render(files, "-n", "Beta", order="bare.yaml")
    assert (wrong.exit_code, wrong.stdout, wrong.stderr) == (
        1,
        "",
        "central-api: InvalidOrder: metadata.namespace: must be lower-case letters, digits and "
        "dashes, as in a DNS label\n",
    )


def test_observed(files: Path) -> None:
    """Resources as they are now are read from a directory or a file; the next wave comes out."""
    resources = printed(render(files))[1:]
    keys = {r["metadata"]["annotations"][KEY]: r
            for r in resources}  # fmt: skip
    built = [found.manifest for found in simulate.play(keys).values()]
    written(files / "observed.yaml", *built)
    (files / "observed").mkdir()
    for number, one in enumerate(built):
        written(files / "observed" / f"{number}.yaml", one)
    found = printed(render(files, "--observed", files / "observed.yaml"))
    assert found == printed(render(files, "--observed", files / "observed"))
    assert "PortV2" in {document["kind"] for document in found}
    assert "PortV2" not in {r["kind"] for r in resources}


def test_lists(files: Path) -> None:
    """What `kubectl get -o yaml` prints of several objects is read as these objects."""

    def listed(name: str, kind: str, *items: Any) -> Path:
        return written(files / name, {"apiVersion": "v1", "kind": kind, "items": list(items)})

    keys = {r["metadata"]["annotations"][KEY]: r for r in printed(render(files))[1:]}
    built = [found.manifest for found in simulate.play(keys).values()]
    written(files / "separate.yaml", *built)
    arguments = ["render", listed("orders.yaml", "ServerList", ORDER)]
    arguments += ["-e", listed("environments.yaml", "List", ENVIRONMENT)]
    found = printed(run(*arguments, "--observed", listed("observed.yaml", "List", *built)))
    assert found == printed(render(files, "--observed", files / "separate.yaml"))
    listed("two.yaml", "List", ORDER, ORDER)
    assert printed(render(files, order="two.yaml")) == printed(render(files)) * 2
    text = listed("text.yaml", "List", "x")
    assert bad_usage(render(files, "-e", text)) == f"{text}: must hold Kubernetes objects"


def test_several_environments(files: Path) -> None:
    """Files and directories add up; what is no YAML file in a directory is left alone."""
    data = dict(ENVIRONMENT["data"])
    flavors = {"flavors": data.pop("flavors")}
    layers = files / "layers"
    layers.mkdir()
    (layers / "README.md").write_text("# Notes\n", "utf-8")
    other = {**ENVIRONMENT, "metadata": {"name": "flavors", "labels": LABEL}, "data": flavors}
    (layers / "flavors.json").write_text(json.dumps(other), "utf-8")
    written(files / "root.yaml", {**ENVIRONMENT, "data": {**data, "layers": ["flavors"]}})
    split = run("render", files / "order.yaml", "-e", layers, "-e", files / "root.yaml")
    assert printed(split) == printed(render(files))
    lost = run("render", files / "order.yaml", "-e", files / "root.yaml")
    assert (lost.exit_code, lost.stdout, lost.stderr) == (
        1,
        "",
        "central-api: EnvironmentInvalid: EnvironmentConfig cloud: layers: flavors is listed but "
        "not there\n",
    )


def test_the_same_environment_twice(files: Path) -> None:
    """A file that is given twice is reported, not merged."""
    result = render(files, "-e", files / "environment.yaml")
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "central-api: EnvironmentInvalid: EnvironmentConfig cloud: duplicate\n",
    )


def test_refusal(files: Path) -> None:
    """A refusal is exit code 1, one line on stderr, and nothing on stdout."""
    written(files / "order.yaml", {**ORDER, "spec": {**ORDER["spec"], "flavor": "SCS-8V-64"}})
    result = render(files)
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "central-api: InvalidOrder: spec.flavor: not offered here; nearest: SCS-1V-2-20\n",
    )


def test_unknown_field(files: Path) -> None:
    """It is the writer's mistake here, and what else is wrong is reported with it."""
    spec = {**ORDER["spec"], "flavour": "SCS-8V-64", "replicas": 1.0, "zone": 1}
    written(files / "order.yaml", {**ORDER, "spec": spec})
    result = render(files)
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "central-api: InvalidOrder: spec.flavour: unknown field, did you mean flavor?; "
        'spec.zone: must be text, but 1 is a number in YAML: quote it: "1"\n',
    )


KINDS = (
    "needs apiVersion api.scs.community/v1alpha1 and kind Cluster, Server, Network, XCluster, "
    "XServer, XNetwork"
)
NEEDS = "needs an order: apiVersion api.scs.community/v1alpha1, kind Cluster, Server, Network"
NOTHING = f"holds nothing, but {NEEDS} or their XR"
DEEP = "is nested more than 100 levels deep"

BAD_ORDERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", NOTHING),
    "only a comment": (b"# nothing\n---\n", NOTHING),
    "no object": (b"a: 1\n---\nb: 2\n", "apiVersion: required in every object, as text"),
    "no YAML": (
        b"spec: [unclosed",
        "is not YAML: line 2, column 1: did not find expected ',' or ']'",
    ),
    "tabs": (
        b"spec:\n\tversion: 1\n",
        "is not YAML: line 2, column 1: found character that cannot start any token",
    ),
    "no UTF-8": (b"name: M\xfcller\n", "is not UTF-8 text"),
    "control characters": (b"name: \x07\n", "is not YAML: line 1: U+0007 is not allowed"),
    "a list": (b"- kind: Server\n", "must hold Kubernetes objects"),
    "text": (b"hello\n", "must hold Kubernetes objects"),
    "infinity": (
        b"spec: {cpu: .inf}\n",
        "is not YAML: line 1, column 13: .inf is no number in JSON: quote it",
    ),
    "half a character": (
        b'spec: {a: "\\ud800"}\n',
        "is not YAML: line 1, column 14: found invalid Unicode character escape code",
    ),
    "a key twice": (
        b"spec:\n  cidr: 10.20.0.0/24\n  cidr: 10.30.0.0/24\n",
        "is not YAML: line 3, column 3: duplicate key cidr",
    ),
    "a list for a key": (b"? [a, b]\n: 1\n", "is not YAML: line 1, column 3: a key must be text"),
    "nested too deep": (b"[" * 3000, DEEP),
    "nested too deep in JSON": (b'{"a":' * 3000 + b"1" + b"}" * 3000, DEEP),
    "wrong kind": (b"apiVersion: api.scs.community/v1alpha1\nkind: Cloud\n", KINDS),
    "kind in lower case": (
        b"apiVersion: api.scs.community/v1alpha1\nkind: server\n",
        f"{KINDS}; did you mean Server for server?",
    ),
    "no kind": (
        b"apiVersion: api.scs.community/v1alpha1\n",
        "kind: required in every object, as text",
    ),
    "wrong version": (b"apiVersion: api.scs.community/v1\nkind: Server\n", KINDS),
    "a mistake in apiVersion": (b"apiVersion: api.scs.comunity/v1alpha1\nkind: Server\n", KINDS),
    "another apiVersion": (
        b"apiVersion: v1\nkind: Server\n",
        f"holds v1 Server, but {NEEDS} or their XR",
    ),
    "a number for apiVersion": (
        b"apiVersion: 1\nkind: Server\n",
        "apiVersion: required in every object, as text",
    ),
    "a list for kind": (
        b"apiVersion: api.scs.community/v1alpha1\nkind: [Server]\n",
        "kind: required in every object, as text",
    ),
    "no namespace": (
        b"apiVersion: api.scs.community/v1alpha1\nkind: Server\nmetadata: {name: a}\nspec: {}\n",
        "metadata.namespace: required, or give --namespace",
    ),
}


@pytest.mark.parametrize(("content", "want"), BAD_ORDERS.values(), ids=BAD_ORDERS)
def test_files_that_hold_no_order(files: Path, content: bytes, want: str) -> None:
    """A file that kubectl would not take either is bad usage, and says what is wrong with it."""
    path = files / "bad.yaml"
    path.write_bytes(content)
    assert bad_usage(render(files, order="bad.yaml")) == f"{path}: {want}"


def test_paths_that_are_wrong(files: Path) -> None:
    """A missing file, a directory without manifests, and - for two things are bad usage."""
    missing = render(files, order="nope.yaml")
    assert bad_usage(missing) == (
        f"Invalid value for 'ORDER...': Path '{files}/nope.yaml' does not exist."
    )
    nowhere = run("render", files / "order.yaml", "-e", files / "nope")
    assert bad_usage(nowhere) == (
        f"Invalid value for '-e' / '--environment': Path '{files}/nope' does not exist."
    )
    (files / "hollow").mkdir()
    hollow = run("render", files / "order.yaml", "-e", files / "hollow")
    assert bad_usage(hollow) == f"{files}/hollow: holds no .yaml, .yml or .json file"
    (files / "hollow" / "gone.yaml").symlink_to(files / "nope")
    gone = run("render", files / "order.yaml", "-e", files / "hollow")
    assert bad_usage(gone) == f"{files}/hollow/gone.yaml: No such file or directory"
    twice = run("render", "-", "-e", "-")
    assert bad_usage(twice) == "standard input can be read once only"


def test_options_that_are_wrong(files: Path) -> None:
    """What click says is enough."""
    assert bad_usage(run("render", files / "order.yaml")) == (
        "Missing option '-e' / '--environment'."
    )
    assert bad_usage(render(files, "--mode", "both")) == (
        "Invalid value for '--mode': 'both' is not one of 'claims', 'namespaced'."
    )
    assert bad_usage(render(files, "-o", "xml")) == (
        "Invalid value for '-o' / '--output': 'xml' is not one of 'yaml', 'json', 'name', "
        "'status', 'summary'."
    )


CONFIG = "apiextensions.crossplane.io/v1beta1"
BAD_LAYERS: dict[str, tuple[Any, str]] = {
    "another kind": (
        {"apiVersion": "v1", "kind": "ConfigMap"},
        f"holds v1 ConfigMap, but needs an EnvironmentConfig: apiVersion {CONFIG}",
    ),
    "no kind": (
        {"apiVersion": CONFIG, "data": {}},
        "kind: required in every object, as text",
    ),
    "a list": ([ENVIRONMENT], "must hold Kubernetes objects"),
}


@pytest.mark.parametrize(("document", "want"), BAD_LAYERS.values(), ids=BAD_LAYERS)
def test_files_that_hold_no_environment(files: Path, document: Any, want: str) -> None:
    """A document that is no EnvironmentConfig is named by its file."""
    path = written(files / "bad.yaml", document)
    assert bad_usage(render(files, "-e", path)) == f"{path}: {want}"


REFUSED_LAYERS: dict[str, tuple[Data, str]] = {
    "another API": (
        {"apiVersion": "foo.example/v9"},
        f"needs apiVersion {CONFIG} and kind EnvironmentConfig",
    ),
    "a mistake in the kind": (
        {"kind": "EnvironmentConfigs"},
        f"needs apiVersion {CONFIG} and kind EnvironmentConfig",
    ),
    "metadata is a list": (
        {"metadata": []},
        "metadata: must be a mapping of fields: annotations, creationTimestamp, "
        "deletionGracePeriodSeconds, deletionTimestamp, finalizers, generateName, generation, "
        "labels, managedFields, name, namespace, ownerReferences, resourceVersion, selfLink, uid",
    ),
    "no name": ({"metadata": {"labels": LABEL}}, "metadata.name: required"),
    "name in upper case": (
        {"metadata": {"name": "Cloud"}},
        "metadata.name: must be lower-case letters, digits, dashes and dots, as in a DNS name",
    ),
    "labels are a list": (
        {"metadata": {"name": "a", "labels": ["a"]}},
        "metadata.labels: must be a mapping of names to values",
    ),
    "a label is a boolean": (
        {"metadata": {"name": "a", "labels": {"a": True}}},
        "metadata.labels.a: must be text; YAML reads on, off, yes, no, true and false as "
        "booleans: quote it",
    ),
    "data has another name": ({"spec": {}}, "spec: unknown field; known: apiVersion, data, kind, "
                              "metadata"),
    "data is a list": ({"data": []}, "data: must be a mapping of names to values"),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "want"), REFUSED_LAYERS.values(), ids=REFUSED_LAYERS)
def test_environments_that_no_api_server_takes(files: Path, edit: Data, want: str) -> None:
    """An EnvironmentConfig that kubectl could not apply is refused, with its file."""
    path = written(files / "bad.yaml", {**ENVIRONMENT, **edit})
    result = render(files, "-e", path)
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        f"central-api: EnvironmentInvalid: {path}: {want}\n",
    )


BAD_OBSERVED: dict[str, tuple[list[Any], str]] = {
    "no key": (
        [{"metadata": {}}],
        "{}: a resource lacks the annotation crossplane.io/composition-resource-name",
    ),
    "no metadata": ([{"kind": "PortV2"}], "{}: metadata: must be a mapping"),
    "annotations are text": (
        [{"metadata": {"annotations": "x"}}],
        "{}: metadata.annotations: must be a mapping of names to text",
    ),
    "the same key twice": (
        [{"metadata": {"annotations": {KEY: "a"}}}, {"metadata": {"annotations": {KEY: "a"}}}],
        "--observed holds two resources with the key a",
    ),
    "text": (["x"], "{}: must hold Kubernetes objects"),
}


@pytest.mark.parametrize(("documents", "want"), BAD_OBSERVED.values(), ids=BAD_OBSERVED)
def test_files_that_hold_nothing_observed(files: Path, documents: list[Any], want: str) -> None:
    """Observed resources need the key that Crossplane gives them, each another."""
    path = written(files / "observed.yaml", *documents)
    assert bad_usage(render(files, "--observed", path)) == want.format(path)


@pytest.mark.parametrize(
    "observed",
    [
        {"metadata": {"annotations": {KEY: "x"}}},
        {"apiVersion": 1, "kind": [], "metadata": {"annotations": {KEY: "x"}}, "spec": 3},
        {"metadata": {"annotations": {KEY: "x"}, "labels": {"api.scs.community/backend": ""}}},
    ],
    ids=["empty", "garbage", "empty label"],
)
def test_another_steps_resource(files: Path, observed: Data) -> None:
    """What carries no label of ours changes nothing."""
    path = written(files / "observed.yaml", observed)
    assert printed(render(files, "--observed", path)) == printed(render(files))


@pytest.mark.parametrize(
    ("given", "reported"),
    [
        ("version: 24.04", "must be text, but 24.04 is a number in YAML: quote it"),
        ("version: on", "must be text; YAML reads on, off, yes, no, true and false as booleans"),
    ],
)
def test_yaml_traps(files: Path, given: str, reported: str) -> None:
    """An unquoted value that YAML reads otherwise is refused with what it became."""
    text = yaml.safe_dump(ORDER).replace("version: '24.04'", given)
    (files / "order.yaml").write_text(text, "utf-8")
    result = render(files)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"central-api: InvalidOrder: spec.image.version: {reported}")


def test_merge_keys(files: Path) -> None:
    """A key that is merged in may be set again: that is what merging is for."""
    text = yaml.safe_dump(ORDER).replace("  flavor:", "  <<: {flavor: SCS-8V-64}\n  flavor:")
    (files / "merged.yaml").write_text(text, "utf-8")
    assert printed(render(files, order="merged.yaml")) == printed(render(files))


@pytest.mark.parametrize("previous", [True, False], ids=["before", "after"])
def test_debug(files: Path, previous: bool) -> None:
    """What the server would log goes to stderr, wherever the flag is; stdout stays the same."""
    arguments = ["render", files / "order.yaml", "-e", files / "environment.yaml"]
    result = run("--debug", *arguments) if previous else run(*arguments, "--debug")
    assert result.exit_code == 0
    assert result.stdout == run(*arguments).stdout
    assert result.stderr.count("outcome=requirements") == 1
    assert result.stderr.count("outcome=answered") == 1


def test_later_waves_are_announced(files: Path) -> None:
    """Who sees the first wave learns that there are others, and how to see them."""
    assert render(files).stderr == f"central-api: note: Server acme/box: 3 resources now; {LATER}\n"
    keys = {r["metadata"]["annotations"][KEY]: r for r in printed(render(files))[1:]}
    written(files / "built.yaml", *(one.manifest for one in simulate.play(keys).values()))
    second = render(files, "--observed", files / "built.yaml")
    assert second.stderr == f"central-api: note: Server acme/box: 4 resources now; {LATER}\n"
    network = run("render", asking.EXAMPLES / "network/minimal/claim.yaml", "-e", LAYERS)
    assert (network.exit_code, network.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *((name, Mode.CLAIMS) for name in asking.ORDERS),
        *((f"{kind.lower()}/full", Mode.NAMESPACED) for kind in ALL),
    ],
)
def test_until_ready(name: str, mode: Mode) -> None:
    """All waves are played, and what is printed is what is observed then: fed back, it is ready."""
    order = asking.EXAMPLES / name / "claim.yaml"
    command = ("render", order, "-e", LAYERS, "--mode", mode.value)
    result = run(*command, "--until-ready")
    assert (result.exit_code, result.stderr) == (0, "")
    composite, *resources = yaml.safe_load_all(result.stdout)
    conditions = {one["type"]: one["status"] for one in composite["status"]["conditions"]}
    assert composite["status"]["phase"] == "Ready"
    assert [conditions[name] for name in ("Accepted", "Provisioned", "Current")] == ["True"] * 3
    assert all("atProvider" in resource["status"] for resource in resources)
    again = printed(run(*command, "--observed", "-", input=result.stdout))
    assert [key_of(one) for one in again[1:]] == [key_of(one) for one in resources]
    assert again[0]["status"]["phase"] == "Ready"


def key_of(resource: Data) -> str:
    """Return the key of a composed resource."""
    return str(resource["metadata"]["annotations"][KEY])


def test_an_order_that_does_not_settle(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused in a line, not shown half built."""
    monkeypatch.setattr(simulate, "MAX_PASSES", 2)
    result = render(files, "--until-ready")
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "central-api: box-2d210 does not settle in 2 passes\n",
    )


def test_own_output_is_observed(files: Path) -> None:
    """What is printed can be given back as it is, in YAML and in JSON: an edit is seen at once."""
    for form in ("yaml", "json"):
        previous = render(files, "-o", form, "--until-ready")
        (files / "before").write_text(previous.stdout, "utf-8")
        spec = {**ORDER["spec"], "running": False}
        written(files / "edited.yaml", {**ORDER, "spec": spec})
        after = printed(render(files, "--observed", files / "before", order="edited.yaml"))
        [server] = [one for one in after if one["kind"] == "InstanceV2"]
        assert server["spec"]["forProvider"]["powerState"] == "shutoff"


def test_observed_of_several_orders(files: Path) -> None:
    """Each order is given what is its own, though keys are the same."""
    other = {**ORDER, "metadata": {"name": "other", "namespace": "acme"}}
    written(files / "both.yaml", ORDER, other)
    ready = render(files, "--until-ready", order="both.yaml")
    (files / "seen.yaml").write_text(ready.stdout, "utf-8")
    seen = render(files, "--observed", files / "seen.yaml", "-o", "status", order="both.yaml")
    assert [one["status"]["phase"] for one in printed(seen)] == ["Ready", "Ready"]


def test_several_orders(files: Path) -> None:
    """All are answered, from files, directories and standard input; one refusal is exit code 1."""
    wrong = {**ORDER, "metadata": {"name": "wrong", "namespace": "acme"}, "spec": {"image": 1}}
    (files / "more").mkdir()
    path = written(files / "more" / "wrong.yml", wrong)
    arguments = ("-e", files / "environment.yaml", "-o", "name")
    command = ("render", files / "order.yaml", "-", files / "more", *arguments)
    result = run(*command, input=yaml.safe_dump(ORDER))
    good = run("render", files / "order.yaml", *arguments).stdout
    assert (result.exit_code, result.stdout) == (1, good * 2)
    assert result.stderr.splitlines()[2:] == [
        f"central-api: {path}: Server acme/wrong: InvalidOrder: spec.image: must be a mapping of "
        "fields: name, os, version"
    ]
    alone = run("render", path, *arguments)
    assert alone.stderr == (
        "central-api: InvalidOrder: spec.image: must be a mapping of fields: name, os, version\n"
    )


def test_other_objects(files: Path) -> None:
    """Other objects are skipped with a note; a path that holds nothing else is bad usage."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    cluster = {"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster"}
    path = written(files / "mixed.yaml", secret, ORDER, cluster, secret)
    (files / "layers").mkdir()
    written(files / "layers" / "a.yaml", ENVIRONMENT)
    written(files / "layers" / "kustomization.yaml", {"resources": ["a.yaml"]})
    written(files / "layers" / "b.yaml", {"apiVersion": "x.org/v1", "kind": "ProviderConfig"})
    result = run("render", path, "-e", files / "layers")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[:-1] == [
        f"central-api: note: {path}: skipped v1 Secret",
        f"central-api: note: {path}: skipped cluster.x-k8s.io/v1beta2 Cluster",
        f"central-api: note: {files}/layers/b.yaml: skipped x.org/v1 ProviderConfig",
        f"central-api: note: {files}/layers/kustomization.yaml: skipped a list of files for "
        "kustomize",
    ]
    assert result.stdout == render(files).stdout
    assert bad_usage(run("render", written(path, secret), "-e", LAYERS)).startswith(
        f"{path}: holds v1 Secret, but needs an order"
    )


def test_directories_below(files: Path) -> None:
    """They are looked into with -R, as by kubectl; without it they are named."""
    (files / "a" / "b").mkdir(parents=True)
    written(files / "a" / "b" / "order.yaml", ORDER)
    environment = ("-e", files / "environment.yaml")
    assert bad_usage(run("render", files / "a", *environment)) == (
        f"{files}/a: holds no .yaml, .yml or .json file; below it, in: b: name one, or look "
        "everywhere with -R"
    )
    assert printed(run("render", "-R", files / "a", *environment)) == printed(render(files))
    environments = asking.EXAMPLES / "environments"
    assert "in: cluster-stacks, gardener, kaas-only" in bad_usage(render(files, "-e", environments))


LABEL_TYPOS = {
    "api.scs.community/enviroment": "label api.scs.community/enviroment: did you mean "
    "api.scs.community/environment?",
    "environment": "label environment: did you mean api.scs.community/environment?",
    "api.scs.comunity/overlays": "label api.scs.comunity/overlays: did you mean "
    "api.scs.community/overlay?",
    "team": "it has no label api.scs.community/environment, nor both api.scs.community/overlay "
    "and api.scs.community/tenant",
}


@pytest.mark.parametrize(("label", "reason"), LABEL_TYPOS.items(), ids=LABEL_TYPOS)
def test_a_layer_that_no_order_uses(files: Path, label: str, reason: str) -> None:
    """A mistake in a label of a layer is named, whether an order is refused for it or not."""
    lost = {**ENVIRONMENT, "metadata": {"name": "lost", "labels": {label: "default"}}}
    path = written(files / "lost.yaml", lost)
    note = f"central-api: note: {path}: no order uses EnvironmentConfig lost: {reason}"
    assert note in render(files, "-e", path).stderr.splitlines()
    alone = run("render", files / "order.yaml", "-e", path)
    assert alone.exit_code == 1
    assert alone.stderr.splitlines() == [
        note,
        "central-api: EnvironmentNotFound: no EnvironmentConfig has the label "
        "api.scs.community/environment: default",
    ]


def test_an_environment_that_is_not_there(files: Path) -> None:
    """The others are named, and the one that was meant."""
    spec = {**ORDER["spec"], "environment": "nrod"}
    written(files / "order.yaml", {**ORDER, "spec": spec})
    labels = {"api.scs.community/environment": "nord"}
    written(files / "nord.yaml", {**ENVIRONMENT, "metadata": {"name": "nord", "labels": labels}})
    stderr = render(files, "-e", files / "nord.yaml").stderr
    assert stderr.endswith(
        "label api.scs.community/environment: nrod; here: default, nord, did you mean nord?\n"
    )


def test_forms(files: Path) -> None:
    """Beside the manifests there are names, the status alone, and a summary for people."""
    documents = printed(render(files, "--until-ready"))
    names = render(files, "--until-ready", "-o", "name").stdout.splitlines()
    assert names[0] == "xserver.api.scs.community/box-2d210"
    assert [name.partition("/")[2] for name in names] == [d["metadata"]["name"] for d in documents]
    assert printed(render(files, "--until-ready", "-o", "status")) == documents[:1]
    assert render(files, "--until-ready", "-o", "summary").stdout == (
        "Server acme/box: Ready, environment default\n"
        "  all servers are as ordered\n"
        "  deletionPolicy: Delete\n"
        "  flavor: SCS-1V-2-20\n"
        "  image: Ubuntu 24.04\n"
        "  sshUser: ubuntu\n"
        "  size: 1 vCPU, 0 GPU, 2 GiB memory, 20 GiB storage\n"
        "  composed: 1 PortV2, 2 SecgroupRuleV2, 1 SecgroupV2, 1 InstanceV2\n"
    )
    first = render(files, "-o", "summary").stdout
    assert "  Provisioned: False, Provisioning, little of it is ready yet\n" in first


@pytest.mark.parametrize("name", [f"{kind.lower()}/full" for kind in ALL])
def test_each_kind_has_a_summary(name: str) -> None:
    """It fits in lines for people: what has no effect is in it, and no YAML."""
    for provider in asking.PROVIDERS:
        environment = asking.EXAMPLES / "environments" / provider
        order = asking.EXAMPLES / name / "claim.yaml"
        result = run("render", order, "-e", environment, "--until-ready", "-o", "summary")
        outcome = asking.ask(asking.order(name), asking.provider(provider))
        gaps = outcome.composite["status"].get("unsupported", ()) if not outcome.fatal else ()
        assert [gap["field"] for gap in gaps] == [
            line.split(": ")[1] for line in result.stdout.splitlines() if "no effect: " in line
        ]
        assert "{" not in result.stdout


def test_a_large_environment(files: Path) -> None:
    """It is answered as a small one, without an event loop."""
    flavors = [{"name": f"SCS-1V-{size}-20"} for size in range(2, 1002)]
    written(
        files / "environment.yaml",
        {**ENVIRONMENT, "data": {**ENVIRONMENT["data"], "flavors": flavors}},
    )
    assert printed(render(files, "--until-ready"))[0]["status"]["phase"] == "Ready"
    spec = {**ORDER["spec"], "flavor": "nope"}
    refused = render(files, order=written(files / "wrong.yaml", {**ORDER, "spec": spec}).name)
    assert refused.stderr.startswith("central-api: InvalidOrder: spec.flavor: not offered here")


@pytest.mark.parametrize("shell", cli.SHELLS)
def test_completion(shell: str) -> None:
    """Each shell gets a script of its own, which runs the program."""
    result = run("completion", shell)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"_CENTRAL_API_COMPLETE={shell}_complete" in result.stdout
    assert f"central-api completion {shell}" in run("completion", "--help").stdout


def test_words_that_complete() -> None:
    """Commands, options and choices are completed."""
    variables = {"COMP_WORDS": "central-api render --until", "COMP_CWORD": "2"}
    found = subprocess.run(
        [PROGRAM],
        env={**os.environ, **variables, "_CENTRAL_API_COMPLETE": "bash_complete"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout == "plain,--until-ready\n"


def test_choices_are_those_of_the_code() -> None:
    """The command line repeats what takes long to import."""
    assert tuple(mode.value for mode in Mode) == cli.MODES
    assert tuple(forms.FORMS) == cli.FORMS


def loaded(*arguments: object) -> set[str]:
    """Return the packages that a run of the command imports."""
    program = (
        "import atexit, sys; from function.cli import main; "
        "atexit.register(lambda: print(*{m.partition('.')[0] for m in sys.modules}, 'function.fn' "
        "in sys.modules, file=sys.stderr)); main()"
    )
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("words", [("--help",), ("render", "--help"), ("--version",)])
def test_help_imports_little(words: tuple[str, ...]) -> None:
    """It answers at once: nothing is imported that only an order needs."""
    packages = loaded(*words)
    assert not packages & {"asyncio", "google", "grpc", "pydantic", "structlog", "yaml", "True"}


def test_render_imports_what_it_needs(files: Path) -> None:
    """Nothing is imported that only the server needs."""
    arguments = ("render", files / "order.yaml", "-e", files / "environment.yaml")
    packages = loaded(*arguments)
    assert {"True", "pydantic", "yaml"} <= packages
    assert not packages & {"asyncio", "cryptography", "grpc", "prometheus_client", "rich"}
    assert not packages & {"ssl", "structlog"}


def test_as_a_program(files: Path) -> None:
    """It works outside of this process too, with the exit codes that scripts rely on."""
    command: list[str | Path] = [sys.executable, "-m", "function.cli", "render"]
    command += [files / "order.yaml"]
    arguments: list[str | Path] = ["-e", files / "environment.yaml", "--until-ready"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == render(files, "--until-ready").stdout
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, *arguments],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        b"Error: cannot write what is printed: No space left on device\n",
    )
    (files / "environment.yaml").write_text("", "utf-8")
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"holds nothing, but needs an EnvironmentConfig" in done.stderr


def test_a_reader_that_has_enough(files: Path) -> None:
    """The program ends quietly, and not as if an order were refused."""
    program: list[str | Path] = [
        PROGRAM,
        "render",
        files / "order.yaml",
        "-e",
        files / "environment.yaml",
    ]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        stderr = running.stderr.read().decode()
    assert LATER in stderr
    assert len(stderr.splitlines()) == 1
    assert running.returncode == 128 + signal.SIGPIPE
