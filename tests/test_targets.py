"""How values reach classes that are built in another way than ours."""

from typing import Any

import pytest

from function import local, simulate
from function.backends.capi.live import by_name, overrides
from function.paths import lookup
from tests import asking
from tests.asking import Manifest

FLAVOR, DISK = "spec.nodePools[].flavor", "spec.nodePools[].rootVolume.sizeGiB"
NAMES, CIDRS = "spec.apiServer.extraNames", "spec.apiServer.allowedCIDRs"
ZONES, PLANE = "spec.controlPlane.availability", "spec.controlPlane.flavor"
EXPOSURE = "spec.apiServer.exposure"


def layers(fields: Manifest, profile: Manifest | None = None, **edits: Any) -> list[Manifest]:
    """Return the example provider of clusters with a profile of these fields."""
    found = {
        "workerClass": "worker",
        "variables": {"bootVolume": {"type": "ssd", "size": 30}},
        "fields": {FLAVOR: {"override": "machine"}, **fields},
        **(profile or {}),
    }
    flavors = [{"name": name} for name in ("SCS-4V-16", "SCS-4V-16-100s")]
    given = {"backends.capi.profiles.kaas": found, "flavors": flavors, "policy": []}
    return asking.provider("kaas-only", {**given, **edits})


def order(pool: Manifest | None = None, **spec: Any) -> Manifest:
    """Return an order for a cluster of one pool."""
    manifest = asking.order("cluster/minimal")
    pools = [{"name": "main", "flavor": "SCS-4V-16", "replicas": 1, **(pool or {})}]
    return {**manifest, "spec": {**manifest["spec"], "nodePools": pools, **spec}}


def values(outcome: local.Outcome) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the variables of the cluster, and what its pool overrides."""
    assert outcome.fatal == ""
    [composed] = outcome.resources.values()
    topology = lookup(composed, "spec.forProvider.manifest.spec.topology")
    [pool] = lookup(topology, "workers.machineDeployments")
    return by_name(topology["variables"]), overrides(pool)


def settled(manifest: Manifest, provider: list[Manifest]) -> dict[str, Any]:
    """Return what the pool overrides once nothing changes any more."""
    return values(asking.settled(manifest, provider))[1]


class TestInsideAnObject:
    """A key of an object is written, and its other keys stay the class's."""

    FIELDS: Manifest = {DISK: {"override": "bootVolume", "key": "size"}}

    @pytest.mark.parametrize(
        ("pool", "size"),
        [
            ({}, 30),
            ({"rootVolume": {"sizeGiB": 80}}, 80),
            ({"flavor": "SCS-4V-16-100s"}, 0),
        ],
    )
    def test_a_size(self, pool: Manifest, size: int) -> None:
        """The default is that of the object."""
        found = settled(order(pool), layers(self.FIELDS))
        assert found["bootVolume"] == {"type": "ssd", "size": size}

    def test_two_fields_of_one_object(self) -> None:
        """Neither takes the other back."""
        fields = {
            **self.FIELDS,
            "spec.nodePools[].rootVolume.type": {"override": "bootVolume", "key": "kind.name"},
        }
        offers = [{"name": "fast", "backendName": "nvme"}]
        pool = {"rootVolume": {"sizeGiB": 80, "type": "fast"}}
        found = settled(order(pool), layers(fields, volumeTypes=offers))
        assert found["bootVolume"] == {"type": "ssd", "size": 80, "kind": {"name": "nvme"}}

    def test_what_counts(self) -> None:
        """The estimate reads the size where it is."""
        answer = asking.settled(order({"rootVolume": {"sizeGiB": 80}}), layers(self.FIELDS))
        assert answer.composite["status"]["estimate"]["storageGiB"] == 80

    def test_a_lost_record_is_restored(self) -> None:
        """Also if the flavor is a part of an object."""
        provider = layers({FLAVOR: {"override": "machine", "key": "type"}})
        made = asking.settled(order(), provider)
        live = dict(simulate.play(made.resources))
        manifest = live["capi-cluster"].manifest
        del manifest["metadata"]["annotations"]["api.scs.community/bound"]
        assert values(asking.ask(order(), provider, live))[1] == {"machine": {"type": "SCS-4V-16"}}


@pytest.mark.parametrize(
    ("pool", "none", "size"),
    [
        ({"flavor": "SCS-4V-16-100s"}, None, 0),
        ({"flavor": "SCS-4V-16-100s"}, "omit", None),
        ({"flavor": "SCS-4V-16-100s"}, -1, -1),
        ({}, "omit", 25),
        ({"rootVolume": {"sizeGiB": 80}}, "omit", 80),
    ],
)
def test_the_disk_of_a_flavor(pool: Manifest, none: Any, size: int | None) -> None:
    """Classes whose sizes start with 1 have another word for it than 0."""
    target = {"override": "workerDisk", **({} if none is None else {"none": none})}
    plane: Manifest = {PLANE: {"variable": "planeFlavor"}, DISK: target}
    profile = {"variables": {"workerDisk": 25, "planeDisk": 20}, "controlPlaneDisk": "planeDisk"}
    manifest = order(pool, controlPlane={"flavor": "SCS-4V-16-100s"})
    wide, own = values(asking.settled(manifest, layers(plane, profile)))
    assert own.get("workerDisk") == size
    assert wide["planeDisk"] == {None: 0, "omit": 20}.get(none, none)


def test_a_list_as_one_text() -> None:
    """Names joined by commas, and limits of access that are read back to be kept."""
    fields = {
        NAMES: {"variable": "names", "join": ","},
        CIDRS: {"variable": "cidrs", "join": ","},
    }
    server = {"extraNames": ["a.example", "b.example"], "allowedCIDRs": ["192.0.2.0/25"]}
    offer: Manifest = {"backends.capi.managementCIDRs": ["198.51.100.0/28"]}
    made = asking.settled(order(apiServer=server), layers(fields, **offer))
    found = values(made)[0]
    assert (found["names"], found["cidrs"]) == (
        "a.example,b.example",
        "192.0.2.0/25,198.51.100.0/28",
    )
    withdrawn: Manifest = {"backends.capi.managementCIDRs": []}
    answer = asking.ask(
        order(apiServer=server), layers(fields, **withdrawn), simulate.play(made.resources)
    )
    assert values(answer)[0]["cidrs"] == found["cidrs"]


class TestConflicts:
    """What the backend refuses together is refused first."""

    FIELDS: Manifest = {
        CIDRS: {"variable": "cidrs"},
        EXPOSURE: {"variable": "service", "values": {"true": "ClusterIP", "false": "LoadBalancer"}},
    }
    PROFILE: Manifest = {
        "conflicts": [
            {"values": {EXPOSURE: ["Private"], CIDRS: []}, "reason": "Only load balancers filter."}
        ]
    }

    @pytest.mark.parametrize(
        ("server", "is_refused"),
        [
            ({"exposure": "Private", "allowedCIDRs": ["192.0.2.0/25"]}, True),
            ({"exposure": "Public", "allowedCIDRs": ["192.0.2.0/25"]}, False),
            ({"exposure": "Private"}, False),
            ({"exposure": "Private", "allowedCIDRs": []}, False),
        ],
    )
    def test_two_values(self, server: Manifest, *, is_refused: bool) -> None:
        """The refusal names both, and why."""
        offer: Manifest = {"backends.capi.managementCIDRs": ["198.51.100.0/28"]}
        fatal = asking.ask(
            order(apiServer=server), layers(self.FIELDS, self.PROFILE, **offer)
        ).fatal
        assert fatal == (
            "InvalidOrder: spec.apiServer.allowedCIDRs: not together with spec.apiServer.exposure "
            "Private: Only load balancers filter"
            if is_refused
            else ""
        )


OTHER: Manifest = {"class": "other"}


class TestFamilies:
    """A cluster that is built cannot become one of another kind."""

    @staticmethod
    def provider(**other: Any) -> list[Manifest]:
        """Return a provider of two classes, of which the second has another profile."""
        provider = layers({}, {"family": "stack"})
        data = provider[0]["data"]
        data["backends"]["capi"]["profiles"]["other"] = {
            "workerClass": "worker",
            "variables": {},
            "fields": {FLAVOR: {"override": "machine"}},
            **other,
        }
        data["classes"] = [*data["classes"], {"name": "other", "profile": "other"}]
        for version in data["kubernetesVersions"]:
            version["classes"] = {
                **version.get("classes", {}),
                "other": f"other-{version['version']}",
            }
        return provider

    @pytest.mark.parametrize(
        ("other", "refusal"),
        [
            (
                {"controlPlaneMachines": False},
                "the control plane is on machines and cannot become hosted",
            ),
            ({"family": "kamaji"}, "this cluster is of stack and cannot become one of kamaji"),
            ({"family": "stack"}, ""),
            ({}, ""),
        ],
    )
    def test_a_live_cluster(self, other: Manifest, refusal: str) -> None:
        """The backend would refuse it permanently, and with it each later edit."""
        provider = self.provider(**other)
        live = simulate.play(asking.settled(order(), provider).resources)
        answer = asking.ask(order({}, **OTHER), provider, live)
        want = f"InvalidOrder: spec.class: {refusal}; order a new cluster instead"
        assert answer.fatal == (want if refusal else "")

    def test_a_new_cluster(self) -> None:
        """It may be of any family."""
        provider = self.provider(controlPlaneMachines=False, family="kamaji")
        assert asking.ask(order({}, **OTHER), provider).fatal == ""

    def test_a_family_of_the_class(self) -> None:
        """It takes precedence over the profile's."""
        provider = self.provider(family="stack")
        live = simulate.play(asking.settled(order(), provider).resources)
        provider[0]["data"]["classes"][-1]["family"] = "kamaji"
        assert asking.ask(order({}, **OTHER), provider, live).fatal.startswith(
            "InvalidOrder: spec.class: this cluster is of stack"
        )
