"""Lose a control plane with orders that live, and restore it from what `kubectl get` had said.

Without status, and with other UIDs everywhere. What providers have built must not be built again,
and what was decided for an order must stay decided.
"""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from function.bound import ANNOTATION
from function.contract import Mode
from function.managed import EXTERNAL_NAME
from testbed import ROOT
from testbed.install import documents
from testbed.kubernetes import MERGE, Manifest
from testbed.profiles import PROFILES
from testbed.running import running
from testbed.waiting import TimedOut, until

from . import guide, shell
from .lives import SECONDS, Life, environment_of, example, living, placed
from .planes import Plane, connected

pytestmark = pytest.mark.e2e

EXAMPLES = ROOT / "examples"
ORDERS = ("cluster/minimal", "server/full", "network/full")
SECTIONS = guide.sections()
CATALOGUE = "/apis/apiextensions.crossplane.io/v1beta1/environmentconfigs/cluster-stacks-catalogue"
# What an order is, by install; what is composed of it is a managed resource in both.
KINDS = {Mode.CLAIMS: "composite,claim", Mode.NAMESPACED: "composite"}
# Newer than what the orders got: a new decision would be this one.
NEWER = {"version": "1.34.9", "classes": {"default": "openstack-scs2-1-34-v2"}}
# In the record; a restored order has a generation of its own.
GENERATION = re.compile(r'"generation":[0-9]+,')


@dataclass(frozen=True)
class Lost:
    """What a control plane knew that is no more.

    Attributes:
        lives: Its orders.
        composed: What was composed of each, as `rendered` says it.
        uids: The UID of each one's composite.
        directory: Where the guide is followed.
        layers: An environment that it offered beside the default.
    """

    lives: list[Life]
    composed: dict[str, dict[str, Any]]
    uids: dict[str, str]
    directory: Path
    layers: list[Manifest]


@pytest.mark.parametrize(
    "name", ["core-1.20", pytest.param("core-claims", marks=pytest.mark.slow), "core"]
)
def test_nothing_is_built_again(name: str, tmp_path: Path) -> None:
    """Restore what is composed, then orders, while Crossplane and the function run."""
    profile = PROFILES[name]
    with running(profile, tmp_path / "first") as first, connected(first) as plane:
        lost = lose(plane, tmp_path / "checkout")
    with running(profile, tmp_path / "second") as second, connected(second) as plane:
        restored = restore(plane, lost)
        for life in restored:
            answered(life)
            until(functools.partial(is_owned, life), seconds=SECONDS, what="an owner")
            assert rendered(life, lost.uids[life.path]) == expected(lost, life), (
                "before any provider has reported"
            )
        for life in restored:
            built = list(life.cloud.log)
            life.settle()
            assert life.cloud.log == built
            assert rendered(life, lost.uids[life.path]) == expected(lost, life)
            assert uid(life) != lost.uids[life.path]
        follow(plane, restored)
        for life in restored:
            life.delete()
            assert life.cloud.built == set()


def lose(plane: Plane, directory: Path) -> Lost:
    """Have orders built, dump them as the guide says, and forget the rest."""
    layers = example("gardener")
    for layer in layers.values():
        plane.operator.apply(layer)
    orders = [next(documents(EXAMPLES / name / "claim.yaml")) for name in ORDERS]
    lives = [placed(plane, order) for order in orders]
    lives.append(placed(plane, orders[0], environment_of(layers)))
    for life in lives:
        life.settle()
        life.becomes(functools.partial(is_quiet, life), "quiet")
    guide.checkout(directory)
    (directory / ".settings").write_text(f"ORDERS={KINDS[plane.profile.mode]}\n")
    *_, unnamed = [guide.typed(plane.site, directory, block) for block in SECTIONS["Back up"]]
    assert unnamed == ""
    return Lost(
        lives,
        {life.path: rendered(life) for life in lives},
        {life.path: uid(life) for life in lives},
        directory,
        list(layers.values()),
    )


def restore(plane: Plane, lost: Lost) -> list[Life]:
    """Create everything again on a control plane that offers more than the one before."""
    for layer in lost.layers:
        plane.operator.apply(layer)
    catalogue = plane.operator.get(CATALOGUE)
    assert catalogue is not None
    versions = [*catalogue["data"]["kubernetesVersions"], NEWER]
    edit = {"data": {"kubernetesVersions": versions}}
    assert plane.operator.request("PATCH", CATALOGUE, edit, content=MERGE).accepted
    refused = shell.attempt(plane.site, "kubectl create -k backup --dry-run=server", lost.directory)
    assert "is Crossplane's" in refused.stderr
    for block in SECTIONS["Restore"]:
        guide.typed(plane.site, lost.directory, block)
    return [replace(life, plane=plane) for life in lost.lives]


def follow(plane: Plane, lives: list[Life]) -> None:
    """Edit restored orders: what was decided stays, and what is taken out of one goes."""
    [cluster, server, network, shoot] = lives
    network.edit({"dnsServers": None})
    network.becomes(lambda: named_servers(network) == ["192.0.2.53"], "name servers")
    server.edit({"running": False})
    server.becomes(lambda: "shutoff" in str(rendered(server)), "shutoff")
    for life in (cluster, shoot):
        life.becomes(functools.partial(runs, life, "1.34.7"), "its version")
    with living(plane, next(documents(EXAMPLES / ORDERS[0] / "claim.yaml"))) as later:
        later.settle()
        later.becomes(functools.partial(runs, later, NEWER["version"]), "the newer version")


def runs(life: Life, version: object) -> bool:
    """Say whether the tenant reads a version."""
    return bool(life.status.get("version") == version)


def answered(life: Life) -> None:
    """Wait until the function has taken an order; refused meanwhile, it is left alone."""
    try:
        until(
            lambda: life.reported("Accepted").get("status") == "True",
            seconds=SECONDS,
            what=f"{life.name} accepted",
        )
    except TimedOut:
        pytest.fail(str(life.reported("Accepted")))


def named_servers(network: Life) -> Any:
    """Return the name servers of the subnet that is composed."""
    return network.shown("openstack-subnet-ipv4", "spec.forProvider.dnsNameservers")


def is_quiet(life: Life) -> bool:
    """Say whether the next answer is the one before, and all that is built has its name."""
    previous = rendered(life)
    life.work()
    named = all(EXTERNAL_NAME in one["metadata"]["annotations"] for one in life.composed().values())
    return named and rendered(life) == previous


def is_owned(life: Life) -> bool:
    """Say whether everything that is composed belongs to the composite that lives now."""
    owners = [one["metadata"].get("ownerReferences", [{}])[0] for one in life.composed().values()]
    return bool(owners) and {one.get("uid") for one in owners} == {uid(life)}


def rendered(life: Life, former: str = "") -> dict[str, Any]:
    """Return what is asked of providers and by which names, each value by its path.

    Args:
        life: The order.
        former: UID of a former composite. Tags are a set: Crossplane adds its own, and nobody
            takes out the one that the backup brought.
    """
    retained = (ANNOTATION, EXTERNAL_NAME)
    found = {
        key: {
            "name": one["metadata"]["name"],
            "annotations": {
                name: GENERATION.sub("", value)
                for name, value in one["metadata"]["annotations"].items()
                if name in retained
            },
            "spec": without(one["spec"], f"scs-uid={former}"),
        }
        for key, one in life.composed().items()
    }
    return dict(flat(found, ""))


def without(spec: Manifest, tag: str) -> Manifest:
    """Return the spec of something composed, a tag left out."""
    payload = spec["forProvider"]
    retained = {"tags": [one for one in payload["tags"] if one != tag]} if "tags" in payload else {}
    return {**spec, "forProvider": {**payload, **retained}}


def flat(data: object, at: str) -> Iterator[tuple[str, Any]]:
    """Yield every value by its path."""
    if isinstance(data, dict) and data:
        for name, inner in data.items():
            yield from flat(inner, f"{at}.{name}")
    elif isinstance(data, list) and data:
        for index, inner in enumerate(data):
            yield from flat(inner, f"{at}[{index}]")
    else:
        yield at, data


def expected(lost: Lost, life: Life) -> Any:
    """Return what was asked before, for the UID that the composite has now."""
    text = json.dumps(lost.composed[life.path])
    return json.loads(text.replace(lost.uids[life.path], uid(life)))


def uid(life: Life) -> str:
    """Return the UID of the composite of an order."""
    composite = life.composite()
    assert composite is not None
    return str(composite["metadata"]["uid"])
