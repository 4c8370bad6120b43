"""What `package/cluster` holds beside policies: which kinds are served, and examples."""

import json
from pathlib import Path

import pytest
import yaml

from function import managed
from function.backends import SETTINGS, definitions
from function.contract import Mode
from function.example import KUBERNETES
from tests.asking import ROOT, Manifest
from tests.crds import SCHEMAS, problems
from tools.generate import activation, backends, cluster, credentials

FILES = cluster.files()
OF_CONFIGS = ("providerconfigs", "clusterproviderconfigs")

each_mode = pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.value)


def rendered() -> set[str]:
    """Return the definitions by which the tests judge what is rendered, ProviderConfigs left out.

    A kind that is rendered and not among them fails in every test that renders it.
    """
    names = (path.stem.partition("_") for path in SCHEMAS.glob("*.crossplane.io_*.yaml"))
    return {f"{plural}.{group}" for group, _, plural in names if plural not in OF_CONFIGS}


def test_what_is_composed_is_activated() -> None:
    """All of it, and nothing else."""
    activated = [name for mode in Mode for name in activation.policy(mode)["spec"]["activate"]]
    assert len(activated) == len(set(activated))
    assert set(activated) == rendered()


@each_mode
def test_an_install_activates_kinds_of_its_scope(mode: Mode) -> None:
    """Cluster scoped kinds for claims; those of the tenant's namespace otherwise."""
    groups = {name.partition(".")[2] for name in definitions(mode)}
    assert {".m." in group for group in groups} == {mode is Mode.NAMESPACED}


@each_mode
def test_credentials_fit_their_definitions(mode: Mode) -> None:
    """Every ProviderConfig of an example, with the Secret that it names beside it."""
    documents = credentials.documents(mode)
    secrets = {one["metadata"]["name"]: one for one in documents if one["kind"] == "Secret"}
    configs = [one for one in documents if one["kind"] == managed.CONFIGS[mode]]
    assert [one["metadata"]["name"] for one in configs] == [f"acme.{name}" for name in SETTINGS]
    for config in configs:
        assert problems(config) == []
        reference = config["spec"]["credentials"]["secretRef"]
        secret = secrets[reference["name"]]
        assert reference["namespace"] == secret["metadata"]["namespace"] == "crossplane-system"
        assert reference["key"] in secret["stringData"]


@each_mode
def test_credentials_of_openstack_are_text(mode: Mode) -> None:
    """The provider refuses anything else, and ignores what it does not know."""
    named = [one for one in credentials.documents(mode) if one["kind"] == "Secret"]
    secret = next(one for one in named if one["metadata"]["name"] == "acme.openstack")
    content = json.loads(secret["stringData"]["credentials.json"])
    assert {type(value) for value in content.values()} == {str}
    assert "auth_url" in content


@each_mode
def test_in_cluster_identity_fits_its_definition(mode: Mode) -> None:
    """The provider is run as the account that has the role."""
    runtime, *roles, config = credentials.in_cluster(mode)
    assert problems(config) == []
    account = runtime["spec"]["serviceAccountTemplate"]["metadata"]["name"]
    bound = {one["roleRef"]["name"]: one["subjects"] for one in roles if "roleRef" in one}
    assert list(bound) == [one["metadata"]["name"] for one in backends.cluster_roles()]
    assert all([one["name"] for one in subjects] == [account] for subjects in bound.values())


def test_providers_are_those_that_the_tests_run() -> None:
    """The release in the manifest is the one that the testbed builds."""
    pins = (ROOT / "testbed/go/provider-kubernetes/go.mod").read_text("utf-8")
    assert f"crossplane-contrib/provider-kubernetes {KUBERNETES.version}" in pins


def test_only_what_every_install_needs_is_applied() -> None:
    """Examples never, and no kind that Crossplane 1.20 does not know."""
    listed = set(yaml.safe_load(FILES["package/cluster/kustomization.yaml"])["resources"])
    applied = {path for path in FILES if Path(path).name in listed}
    assert applied | {"package/cluster/kustomization.yaml"} == {
        path for path in FILES if Path(path).parent.name == "cluster"
    }
    kinds = {one["kind"] for path in applied for one in documents(path)}
    assert not kinds & {"Secret", "ManagedResourceActivationPolicy", *managed.CONFIGS.values()}


def test_what_ties_a_composite_is_kept() -> None:
    """From everybody but Crossplane; and a restore creates composites that have it already."""
    policy, _ = documents("package/cluster/protect-machinery-of-composites.yaml")
    [rule] = policy["spec"]["matchConstraints"]["resourceRules"]
    assert rule["resources"] == ["xclusters", "xservers", "xnetworks"]
    assert rule["operations"] == ["UPDATE"]
    [exempt] = policy["spec"]["matchConditions"]
    assert "serviceaccount:crossplane-system:crossplane'" in exempt["expression"]
    reported = [check["message"].partition(" ")[0] for check in policy["spec"]["validations"]]
    assert reported == ["spec.claimRef", "spec.resourceRefs"]


def test_nothing_else_stands_in_the_directory() -> None:
    """What is no longer generated is to be deleted."""
    found = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "package/cluster").rglob("*.yaml")
    }
    assert found == set(FILES)


def documents(path: str) -> list[Manifest]:
    """Return the documents of a generated file."""
    return list(yaml.safe_load_all(FILES[path]))
