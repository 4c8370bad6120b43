"""A cluster class that one tenant brought: open to that tenant, closed to every other.

The example overlay of `cluster-stacks` publishes one. What is pinned, guarded or driven by an
order field stays closed; a lost overlay changes nothing that lives.
"""

import asyncio
import json
from typing import Any, ClassVar

import pytest

from function import local, simulate
from function.backends.capi.profile import PROFILES
from function.contract import Mode
from function.fn import FunctionRunner
from function.paths import lookup, replaced
from tests import asking
from tests.asking import Manifest

OVERLAY = "cluster-stacks-acme"
OPEN = "auditLog, controlPlaneRootDisk, kernelParameters, maxPods, registryMirrors"
# Words that only the overlay knows.
SECRETS = ("acme-1-34-v1", "hardened-worker", "maxPods", "registryMirrors", "acme-hardened")


def layers(**edits: Any) -> list[Manifest]:
    """Return the example provider, values of the class replaced."""
    result = asking.provider("cluster-stacks")
    for layer in result:
        if layer["metadata"]["name"] == OVERLAY:
            layer["data"]["classes"][0] |= edits
    return result


def without_overlay(overlays: str = "Optional") -> list[Manifest]:
    """Return the example provider after the overlay was lost."""
    layers = asking.provider("cluster-stacks", {"overlays": overlays})
    return [layer for layer in layers if layer["metadata"]["name"] != OVERLAY]


def order(spec: Manifest | None = None, **variables: Any) -> Manifest:
    """Return the example order, with these variables if any are given."""
    found = asking.order("cluster/own-class")
    if variables:
        found = replaced(found, "spec.variables", variables)
    return {**found, "spec": {**found["spec"], **(spec or {})}}


def cluster(outcome: local.Outcome) -> Manifest:
    """Return the Cluster of an outcome."""
    result: Manifest = outcome.resources["capi-cluster"]["spec"]["forProvider"]["manifest"]
    return result


def values(outcome: local.Outcome) -> dict[str, Any]:
    """Return the variables of the Cluster of an outcome."""
    return {v["name"]: v["value"] for v in lookup(cluster(outcome), "spec.topology.variables")}


class TestWhatIsOpen:
    """`*` opens what the provider wrote down, and no more."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("auditLog", False),
            ("maxPods", 60),
            ("kernelParameters", {"a": "b"}),
            ("registryMirrors", ["https://m.example"]),
            ("controlPlaneRootDisk", 30),
        ],
    )
    def test_open(self, name: str, value: Any) -> None:
        """The tenant's value replaces the provider's."""
        assert values(asking.ask(order(**{name: value}), layers()))[name] == value

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("identityRef", {"name": "x"}, "not open to tenants here: Credentials for the cloud"),
            ("imageName", "mine", "not open to tenants here: Images are built by us"),
            ("workerServerGroupID", "x", "not open to tenants here: Server groups are made by us"),
            ("sshKeyName", "mine", f"not open to tenants here; open: {OPEN}"),
            ("auditLogs", True, f"not open to tenants here; open: {OPEN}"),
            ("nodeCIDR", "10.9.0.0/20", "is set by spec.network.nodes"),
            ("workerFlavor", "SCS-2V-8", "is set by spec.nodePools[].flavor"),
            ("workerRootDisk", 9, "is set by spec.nodePools[].rootVolume.sizeGiB"),
            ("oidcConfig", {}, "is set by spec.access.oidc"),
            ("auditLog", "yes", "must be of type boolean"),
            ("maxPods", 1.5, "must be of type integer"),
            ("maxPods", True, "must be of type integer"),
            ("kernelParameters", [], "must be of type object"),
            ("registryMirrors", "one", "must be of type array"),
        ],
    )
    def test_closed(self, name: str, value: Any, reason: str) -> None:
        """Pinned, guarded, unknown, driven by a field, or of another type."""
        refused = asking.ask(order(**{name: value}), layers()).fatal
        assert refused.startswith(f"InvalidOrder: spec.variables.{name}: {reason}")

    def test_a_guarded_variable_may_be_opened_by_its_name(self) -> None:
        """The provider decides, but has to say it."""
        opened = layers(tenantVariables=["*", "sshKeyName"])
        assert values(asking.ask(order(sshKeyName="mine"), opened))["sshKeyName"] == "mine"

    def test_a_typed_variable_without_a_value_is_open(self) -> None:
        """A variable that has no default is written down by its type."""
        opened = layers(variableTypes={"proxy": "string"})
        assert values(asking.ask(order(proxy="http://p"), opened))["proxy"] == "http://p"
        assert "proxy" not in values(asking.ask(order(maxPods=9), opened))

    def test_what_is_pinned_is_closed_by_name_too(self) -> None:
        """A pin wins over a list of open variables, so that an overlay can pin what is open."""
        refused = asking.ask(order(imageName="x"), layers(tenantVariables=["imageName"])).fatal
        assert "Images are built by us" in refused

    def test_a_variable_is_not_set_twice(self) -> None:
        """Not even where the provider opened one by name that an order field drives."""
        opened = layers(tenantVariables=["nodeCIDR"])
        assert values(asking.ask(order(nodeCIDR="10.9.0.0/20"), opened))["nodeCIDR"] == (
            "10.9.0.0/20"
        )
        both = order({"network": {"nodes": "10.9.0.0/20"}}, nodeCIDR="10.9.0.0/20")
        assert asking.ask(both, opened).fatal == (
            "InvalidOrder: spec.variables.nodeCIDR: is set by spec.network.nodes already"
        )

    def test_nothing_opens_what_each_pool_overrides(self) -> None:
        """It would have no effect."""
        refused = asking.ask(order(workerFlavor="x"), layers(tenantVariables=["workerFlavor"]))
        assert refused.fatal.endswith(
            "spec.variables.workerFlavor: is set by spec.nodePools[].flavor"
        )

    def test_what_is_the_providers_in_the_built_in_profile_is_guarded(self) -> None:
        """Names of credentials, images, groups and networks."""
        profile = PROFILES["scs2"]
        assert set(profile.guarded) >= {
            name
            for name in profile.variables
            if name.startswith("image") or "roup" in name or name.endswith("Ref")
        }


class TestPinsAndFields:
    """A field cannot get round a pin."""

    PINNED = {"nodeCIDR": {"value": "10.7.0.0/20", "reason": "Networks are planned by us."}}
    DISK = {"workerRootDisk": {"value": 20, "reason": "Disks are small here."}}

    def test_a_field_that_drives_a_pinned_variable_is_refused(self) -> None:
        """With the path of the field and the provider's word."""
        requested = order({"network": {"nodes": "10.9.0.0/20"}}, maxPods=9)
        refused = asking.ask(requested, layers(pinned=self.PINNED)).fatal
        assert refused == (
            "InvalidOrder: spec.network.nodes: not open to tenants here: Networks are planned by us"
        )

    def test_the_pinned_value_itself_may_be_ordered(self) -> None:
        """Nothing is against it."""
        requested = order({"network": {"nodes": "10.7.0.0/20"}}, maxPods=9)
        found = values(asking.ask(requested, layers(pinned=self.PINNED)))
        assert found["nodeCIDR"] == "10.7.0.0/20"

    def test_a_pool_does_not_override_what_is_pinned(self) -> None:
        """What is ordered is refused, what follows from the flavor is left to the pin."""
        pool = {"name": "main", "flavor": "SCS-4V-16", "replicas": 3}
        pinned = layers(pinned=self.DISK)
        found = cluster(asking.ask(order({"nodePools": [pool]}, maxPods=9), pinned))
        [deployment] = lookup(found, "spec.topology.workers.machineDeployments")
        overrides = {o["name"]: o["value"] for o in deployment["variables"]["overrides"]}
        assert overrides == {"workerFlavor": "SCS-4V-16", "workerRootDisk": 20}
        larger = {**pool, "rootVolume": {"sizeGiB": 90}}
        assert asking.ask(order({"nodePools": [larger]}, maxPods=9), pinned).fatal == (
            "InvalidOrder: spec.nodePools[main].rootVolume.sizeGiB: not open to tenants here: "
            "Disks are small here"
        )

    @pytest.mark.parametrize("size", [False, True], ids=["flavor", "size"])
    def test_a_pinned_flavor_refuses_every_other(self, size: bool) -> None:
        """A pool always orders one, by name or by size."""
        pinned = {"workerFlavor": {"value": "SCS-2V-8", "reason": "One size."}}
        ask: Manifest = {"size": {"cpu": 4, "memoryGiB": 16}} if size else {"flavor": "SCS-4V-16"}
        pool = {"name": "main", "replicas": 3, **ask}
        refused = asking.ask(order({"nodePools": [pool]}, maxPods=9), layers(pinned=pinned)).fatal
        field = "size" if size else "flavor"
        assert refused.startswith(f"InvalidOrder: spec.nodePools[main].{field}: not open")

    def test_the_environments_issuer_gives_way_to_a_pin(self) -> None:
        """One word of the provider against another: the one for the class counts."""
        pinned = layers(pinned={"oidcConfig": {"value": {"clientID": "x"}, "reason": "Ours."}})
        assert values(asking.ask(order(maxPods=9), pinned))["oidcConfig"] == {"clientID": "x"}

    def test_a_new_pin_does_not_strand_what_lives(self) -> None:
        """The tenant's value is kept while the tenant leaves it; another one is refused."""
        made = asking.settled(order(maxPods=60), layers())
        pinned = layers(pinned={"maxPods": {"value": 100, "reason": "A hundred."}})
        assert cluster(asking.settled(order(maxPods=60), pinned, made)) == cluster(made)
        live = simulate.play(made.resources)
        assert "A hundred" in asking.ask(order(maxPods=70), pinned, live).fatal
        freed = asking.settled(order({"variables": {}}), pinned, made)
        assert values(freed)["maxPods"] == 110, "what stood before the order set it"

    def test_a_pool_that_lives_with_another_value_stays(self) -> None:
        """A pin of what a pool overrides is judged by the pool's own value."""
        pool = {"name": "main", "flavor": "SCS-4V-16", "replicas": 3, "rootVolume": {"sizeGiB": 90}}
        requested = order({"nodePools": [pool]}, maxPods=9)
        made = asking.settled(requested, layers())
        assert cluster(asking.settled(requested, layers(pinned=self.DISK), made)) == cluster(made)


class TestObjectsWithoutAKey:
    """A class that knows a part of what an issuer, or a volume, is said to be."""

    ISSUER: ClassVar[Manifest] = {"issuerURL": "https://id.example", "clientID": "k8s"}

    def reported(self, spec: Manifest, field: str, keys: dict[str, str]) -> list[str]:
        """Return what has no effect with a profile that has such keys only."""
        found = layers()
        [overlay] = [layer for layer in found if layer["metadata"]["name"] == OVERLAY]
        profile = overlay["data"]["backends"]["capi"]["profiles"]["acme"]
        profile["fields"].setdefault(field, {"override": "volumes"})["keys"] = keys
        outcome = asking.ask(order(spec), found)
        assert outcome.fatal == ""
        return [gap["field"] for gap in outcome.composite["status"].get("unsupported", ())]

    def test_an_issuer(self) -> None:
        """What decides who somebody is must not get lost."""
        keys = {name: name for name in self.ISSUER}
        requested = {**self.ISSUER, "usernamePrefix": "acme:", "groupsPrefix": "acme:"}
        field = "spec.access.oidc"
        assert self.reported({"access": {"oidc": requested}}, field, keys) == [
            "spec.access.oidc.groupsPrefix",
            "spec.access.oidc.usernamePrefix",
        ]
        assert self.reported({"access": {"oidc": self.ISSUER}}, field, keys) == []

    def test_a_volume(self) -> None:
        """Neither whether it is encrypted."""
        volume = {"name": "cache", "sizeGiB": 10, "type": "encrypted"}
        pool = {"name": "main", "flavor": "SCS-2V-8", "replicas": 1, "dataVolumes": [volume]}
        keys = {"name": "name", "sizeGiB": "size"}
        field = "spec.nodePools[].dataVolumes"
        assert self.reported({"nodePools": [pool]}, field, keys) == [
            "spec.nodePools[main].dataVolumes[cache].type"
        ]


class TestOthers:
    """No other tenant sees it, and no message to them mentions it."""

    @pytest.mark.parametrize(
        "edit",
        [
            {},
            {"variables": {"maxPods": 60}},
            {"class": "acme-1-34-v1", "variables": {}},
            {"class": "default", "variables": {"maxPods": 1}},
            {"class": "default", "variables": {"identityRef": {}}},
        ],
    )
    def test_another_tenant_learns_nothing(self, edit: Manifest) -> None:
        """Neither by an error nor by an event; one runner answers both tenants in turn."""
        mine, theirs = order(), order(edit)
        theirs["metadata"]["namespace"] = "globex"
        runner = FunctionRunner()
        outcomes = [_ask(runner, one) for one in (mine, theirs, mine, theirs)]
        assert not outcomes[0].fatal
        assert not outcomes[2].fatal
        for outcome in (outcomes[1], outcomes[3]):
            assert outcome.fatal
            reported = json.dumps([outcome.fatal, *outcome.warnings, outcome.composite])
            config = json.dumps(theirs)
            assert not [word for word in SECRETS if word in reported and word not in config]
            assert "offered: default" in reported or "open: dnsNameservers" in reported

    def test_another_tenants_default_class_is_untouched(self) -> None:
        """The overlay adds; what everybody gets is what it was."""
        for tenant in ("acme", "globex"):
            requested = asking.order("cluster/minimal")
            requested["metadata"]["namespace"] = tenant
            with_it, without = (
                asking.ask(requested, found) for found in (layers(), without_overlay())
            )
            assert with_it.resources == without.resources
            assert with_it.composite == without.composite


def _ask(runner: FunctionRunner, manifest: Manifest) -> local.Outcome:
    composite = local.composite_of(manifest, Mode.CLAIMS)
    return asyncio.run(local.answer(lambda req: runner.RunFunction(req, None), composite, layers()))


class TestLostOverlay:
    """The class is no longer offered; the cluster that has it goes on."""

    def test_what_lives_stays_as_it_is(self) -> None:
        """Class, profile and variables are kept, and the order is still answered."""
        made = asking.settled(order(), layers())
        after = asking.settled(order(), without_overlay(), made)
        assert after.resources == made.resources
        assert after.complete

    def test_what_lives_can_be_changed(self) -> None:
        """Pools and variables of the order are not held up by the loss."""
        made = asking.settled(order(), layers())
        more = replaced(order(), "spec.nodePools[main].replicas", 5)
        with_it, without = (asking.settled(more, g, made) for g in (layers(), without_overlay()))
        assert without.resources == with_it.resources
        fewer = order(maxPods=60)
        with_it, without = (asking.settled(fewer, g, made) for g in (layers(), without_overlay()))
        assert without.resources == with_it.resources
        assert values(without)["kernelParameters"] == {}

    def test_another_value_of_a_variable_is_refused(self) -> None:
        """The message cannot list the open variables any more."""
        live = simulate.play(asking.settled(order(), layers()).resources)
        refused = asking.ask(order(maxPods=61), without_overlay(), live).fatal
        assert (
            refused == "InvalidOrder: spec.variables.maxPods: not open to tenants here; open: none"
        )

    def test_no_version_is_taken_without_its_class(self) -> None:
        """The next version names a class that is not known."""
        live = simulate.play(asking.settled(order(), layers()).resources)
        requested = order({"version": "1.35"})
        assert asking.ask(requested, without_overlay(), live).fatal == (
            "InvalidOrder: spec.version: not offered here; offered: none; of other classes default "
            "has 1.35.4"
        )
        later = asking.settled(requested, layers(), asking.settled(order(), layers()))
        assert lookup(cluster(later), "spec.topology.classRef.name") == "acme-1-35-v1"

    def test_a_new_order_is_refused(self) -> None:
        """In the words that another tenant reads."""
        assert asking.ask(order(), without_overlay()).fatal.startswith(
            "InvalidOrder: spec.class: not offered here; offered: default"
        )

    def test_required_overlays_refuse_and_change_nothing(self) -> None:
        """A provider that requires overlays reads that one is missing."""
        live = simulate.play(asking.settled(order(), layers()).resources)
        outcome = asking.ask(order(), without_overlay("Required"), live)
        assert outcome.fatal.startswith("EnvironmentInvalid: ")
        assert not outcome.resources
        assert "acme-1" not in "".join(outcome.warnings)

    def test_a_lost_profile(self) -> None:
        """The class is offered, its profile is gone: nobody is answered, nothing is changed."""
        made = asking.settled(order(), layers())
        lost = layers()
        for layer in lost:
            if layer["metadata"]["name"] == OVERLAY:
                del layer["data"]["backends"]
        for live in (None, simulate.play(made.resources)):
            assert asking.ask(order(), lost, live).fatal == (
                "EnvironmentInvalid: classes[acme].profile: acme is not one of: hcp, k0smotron, "
                f"kamaji, scs, scs2 and 2 more (EnvironmentConfig {OVERLAY})"
            )

    def test_it_comes_back(self) -> None:
        """As if nothing had been."""
        made = asking.settled(order(), layers())
        lost = asking.settled(order(), without_overlay(), made)
        assert asking.settled(order(), layers(), lost).resources == made.resources

    def test_a_cluster_moves_to_the_class_of_its_tenant(self) -> None:
        """A live cluster on the class of everybody takes the tenant's own, and its profile."""
        made = asking.settled(order({"class": "default", "variables": {}}), layers())
        moved = asking.settled(order(), layers(), made)
        assert lookup(cluster(moved), "spec.topology.classRef.name") == "acme-1-34-v1"
        assert values(moved) == values(asking.ask(order(), layers()))
        assert cluster(moved)["metadata"]["name"] == cluster(made)["metadata"]["name"]
