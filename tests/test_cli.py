"""Check the command line: what it prints, how it exits, and that it never shows a traceback."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click.testing
import pytest
import yaml

from function import simulate
from function.cli import main
from tests import asking

Data = dict[str, Any]
ROOT = asking.ROOT
KEY = "crossplane.io/composition-resource-name"
LABEL = {"api.scs.community/environment": "default"}
ENVIRONMENT: Data = {
    "apiVersion": "apiextensions.crossplane.io/v1beta1",
    "kind": "EnvironmentConfig",
    "metadata": {"name": "cloud", "labels": LABEL},
    "data": {
        "displayName": "Cloud",
        "kinds": {"Server": "openstack"},
        "flavors": [{"name": "SCS-1V-2-20"}],
        "images": [
            {
                "os": "ubuntu",
                "version": "24.04",
                "name": "Ubuntu 24.04",
                "id": "4dffc677",
                "user": "ubuntu",
                "minDiskGiB": 8,
            }
        ],
        "backends": {
            "openstack": {
                "defaultNetwork": "default",
                "networks": [{"name": "default", "id": "3f0a7f5e"}],
            }
        },
    },
}
ORDER: Data = {
    "apiVersion": "api.scs.community/v1alpha1",
    "kind": "Server",
    "metadata": {"name": "box", "namespace": "acme"},
    "spec": {"image": {"os": "ubuntu", "version": "24.04"}, "flavor": "SCS-1V-2-20"},
}


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


def run(*arguments: object) -> click.testing.Result:
    """Run the command in this process; an exception of any kind is a failure."""
    command = [str(argument) for argument in arguments]
    return click.testing.CliRunner(catch_exceptions=False).invoke(main, command)


def render(files: Path, *arguments: object, order: str = "order.yaml") -> click.testing.Result:
    """Render the order of a directory for its environment."""
    return run("render", files / order, "-e", files / "environment.yaml", *arguments)


def printed(result: click.testing.Result) -> list[Data]:
    """Return the documents that were printed."""
    assert (result.exit_code, result.stderr) == (0, "")
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
    environment = asking.EXAMPLES / "environments" / "cluster-stacks"
    directory = asking.EXAMPLES / name
    claim = run("render", directory / "claim.yaml", "-e", environment)
    xr = run("render", directory / "xr.yaml", "-e", environment)
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
    """It stands for the namespace that kubectl would add, and never overrides one."""
    metadata = {"name": "box"}
    written(files / "bare.yaml", {**ORDER, "metadata": metadata})
    bare = printed(render(files, "-n", "acme", order="bare.yaml"))
    assert bare == printed(render(files)) == printed(render(files, "--namespace", "other"))


def test_observed(files: Path) -> None:
    """Resources as they are now are read from a directory or a file; the next wave comes out."""
    resources = printed(render(files))[1:]
    keys = {r["metadata"]["annotations"][KEY]: r
            for r in resources}  # fmt: skip
    built = [found.manifest for found in simulate.play(keys).values()]
    written(files / "observed.yaml", *built)
    (files / "observed").mkdir()
    for number, manifest in enumerate(built):
        written(files / "observed" / f"{number}.yaml", manifest)
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
    two = listed("two.yaml", "List", ORDER, ORDER)
    assert bad_usage(render(files, order="two.yaml")) == (
        f"{two}: must hold one order, holds 2 objects"
    )
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
    """A file that is given twice is told, not merged."""
    result = render(files, "-e", files / "environment.yaml")
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "central-api: EnvironmentInvalid: EnvironmentConfig cloud: came twice\n",
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
    """It is the writer's mistake here, and what else is wrong is told with it."""
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
DATE = "holds an unquoted date, or another value that JSON lacks: quote it"
DEEP = "holds too large a number, or is nested too deep"

BAD_ORDERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "must hold one order, holds 0 objects"),
    "only a comment": (b"# nothing\n---\n", "must hold one order, holds 0 objects"),
    "two documents": (b"a: 1\n---\nb: 2\n", "must hold one order, holds 2 objects"),
    "no YAML": (
        b"spec: [unclosed",
        "is not YAML: line 1, column 16: expected ',' or ']', but got '<stream end>'",
    ),
    "tabs": (
        b"spec:\n\tversion: 1\n",
        "is not YAML: line 2, column 1: found character '\\t' that cannot start any token",
    ),
    "a tag": (
        b"spec: !!python/object:os.system {}\n",
        "is not YAML: line 1, column 7: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/object:os.system'",
    ),
    "no UTF-8": (b"name: M\xfcller\n", "is not UTF-8 text"),
    "control characters": (
        b"name: \x07\n",
        "is not YAML: unacceptable character #x0007: special characters are not allowed in "
        '"<unicode string>", position 6',
    ),
    "a list": (b"- kind: Server\n", "must hold Kubernetes objects"),
    "text": (b"hello\n", "must hold Kubernetes objects"),
    "a date": (b"spec: {day: 2026-10-27}\n", DATE),
    "infinity": (b"spec: {cpu: .inf}\n", DATE),
    "half a character": (b'spec: {a: "\\ud800"}\n', DATE),
    "bytes": (b"spec: {a: !!binary aGk=}\n", DATE),
    "a key twice": (
        b"spec:\n  cidr: 10.20.0.0/24\n  cidr: 10.30.0.0/24\n",
        "is not YAML: line 3, column 3: found the key cidr twice",
    ),
    "a list for a key": (
        b"? [a, b]\n: 1\n",
        "is not YAML: line 1, column 3: found unhashable key",
    ),
    "too large a number": (b"spec: {cpu: 1" + b"0" * 400 + b"}\n", DEEP),
    "nested too deep": (b"[" * 3000, DEEP),
    "wrong kind": (b"apiVersion: api.scs.community/v1alpha1\nkind: Cloud\n", KINDS),
    "no kind": (b"apiVersion: api.scs.community/v1alpha1\n", KINDS),
    "wrong apiVersion": (b"apiVersion: v1\nkind: Server\n", KINDS),
    "a number for apiVersion": (b"apiVersion: 1\nkind: Server\n", KINDS),
    "a list for kind": (b"apiVersion: api.scs.community/v1alpha1\nkind: [Server]\n", KINDS),
}

NAMED = "apiVersion: api.scs.community/v1alpha1\nkind: Server\n"
BAD_OBJECTS: dict[str, tuple[str, str]] = {
    "no metadata": ("spec: {}", "metadata.name: required, as text"),
    "metadata is a list": ("metadata: []", "metadata.name: required, as text"),
    "no name": ("metadata: {namespace: acme}", "metadata.name: required, as text"),
    "a number for a name": (
        "metadata: {name: 1, namespace: acme}",
        "metadata.name: required, as text",
    ),
    "no namespace": (
        "metadata: {name: a}\nspec: {}",
        "metadata.namespace: required, or give --namespace",
    ),
    "a number for a namespace": (
        "metadata: {name: a, namespace: 1}",
        "metadata.namespace: required, or give --namespace",
    ),
    "spec is a list": ("metadata: {name: a, namespace: acme}\nspec: []", "spec: must be a mapping"),
    "spec is null": ("metadata: {name: a, namespace: acme}\nspec:", "spec: must be a mapping"),
}


@pytest.mark.parametrize(("content", "want"), BAD_ORDERS.values(), ids=BAD_ORDERS)
def test_files_that_hold_no_order(files: Path, content: bytes, want: str) -> None:
    """A file that kubectl would not take either is bad usage, and says what is wrong with it."""
    path = files / "bad.yaml"
    path.write_bytes(content)
    assert bad_usage(render(files, order="bad.yaml")) == f"{path}: {want}"


@pytest.mark.parametrize(("content", "want"), BAD_OBJECTS.values(), ids=BAD_OBJECTS)
def test_objects_that_are_no_order(files: Path, content: str, want: str) -> None:
    """An object that no API server would hold is bad usage, with the path that is wrong."""
    path = files / "bad.yaml"
    path.write_text(NAMED + content, "utf-8")
    assert bad_usage(render(files, order="bad.yaml")) == f"{path}: {want}"


def test_paths_that_are_wrong(files: Path) -> None:
    """A missing file, or a directory in the place of an order, is bad usage."""
    missing = render(files, order="nope.yaml")
    assert bad_usage(missing) == (
        f"Invalid value for 'ORDER': File '{files}/nope.yaml' does not exist."
    )
    assert bad_usage(render(files, order=".")) == (
        f"Invalid value for 'ORDER': File '{files}' is a directory."
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


def test_options_that_are_wrong(files: Path) -> None:
    """What click says is enough."""
    assert bad_usage(run("render", files / "order.yaml")) == (
        "Missing option '-e' / '--environment'."
    )
    assert bad_usage(render(files, "--mode", "both")) == (
        "Invalid value for '--mode': 'both' is not one of 'claims', 'namespaced'."
    )
    assert bad_usage(render(files, "-o", "xml")) == (
        "Invalid value for '-o' / '--output': 'xml' is not one of 'yaml', 'json'."
    )


BAD_LAYERS: dict[str, tuple[Any, str]] = {
    "another kind": ({"kind": "ConfigMap"}, "must hold EnvironmentConfigs only"),
    "no kind": ({"data": {}}, "must hold EnvironmentConfigs only"),
    "a list": ([ENVIRONMENT], "must hold Kubernetes objects"),
    "no metadata": ({"kind": "EnvironmentConfig"}, "metadata: must be a mapping"),
    "metadata is a list": (
        {"kind": "EnvironmentConfig", "metadata": []},
        "metadata: must be a mapping",
    ),
    "labels are a list": (
        {"kind": "EnvironmentConfig", "metadata": {"labels": ["a"]}},
        "metadata.labels: must be a mapping of names to text",
    ),
    "a label is a boolean": (
        {"kind": "EnvironmentConfig", "metadata": {"labels": {"a": True}}},
        "metadata.labels: must be a mapping of names to text",
    ),
}


@pytest.mark.parametrize(("document", "want"), BAD_LAYERS.values(), ids=BAD_LAYERS)
def test_files_that_hold_no_environment(files: Path, document: Any, want: str) -> None:
    """What is no EnvironmentConfig is told by its file."""
    path = written(files / "bad.yaml", document)
    assert bad_usage(render(files, "-e", path)) == f"{path}: {want}"


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
    ("given", "told"),
    [
        ("version: 24.04", "must be text, but 24.04 is a number in YAML: quote it"),
        ("version: on", "must be text; YAML reads on, off, yes, no, true and false as booleans"),
    ],
)
def test_yaml_traps(files: Path, given: str, told: str) -> None:
    """What YAML makes of an unquoted value is told, not suffered."""
    text = yaml.safe_dump(ORDER).replace("version: '24.04'", given)
    (files / "order.yaml").write_text(text, "utf-8")
    result = render(files)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"central-api: InvalidOrder: spec.image.version: {told}")


def test_merge_keys(files: Path) -> None:
    """A key that is merged in may be set again: that is what merging is for."""
    text = yaml.safe_dump(ORDER).replace("  flavor:", "  <<: {flavor: SCS-8V-64}\n  flavor:")
    (files / "merged.yaml").write_text(text, "utf-8")
    assert printed(render(files, order="merged.yaml")) == printed(render(files))


def test_debug(files: Path) -> None:
    """What the server would log goes to stderr, and stdout stays what it was."""
    arguments = ["render", files / "order.yaml", "-e", files / "environment.yaml"]
    result = run("--debug", *arguments)
    assert result.exit_code == 0
    assert result.stdout == run(*arguments).stdout
    assert "outcome=requirements" in result.stderr
    assert "outcome=answered" in result.stderr


def test_as_a_program(files: Path) -> None:
    """It works outside of this process too, with the exit codes that scripts rely on."""
    command: list[str | Path] = [sys.executable, "-m", "function.cli", "render"]
    command += [files / "order.yaml"]
    done = subprocess.run(
        [*command, "-e", files / "environment.yaml"], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == render(files).stdout
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, "-e", files / "environment.yaml"],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        b"Error: cannot write what is printed: No space left on device\n",
    )
    (files / "environment.yaml").write_text("", "utf-8")
    done = subprocess.run(
        [*command, "-e", files / "environment.yaml"], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        b"",
        b"central-api: EnvironmentNotFound: no EnvironmentConfig has the label "
        b"api.scs.community/environment: default\n",
    )
