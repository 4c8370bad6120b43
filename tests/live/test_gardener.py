"""Ask about orders whose Shoot lives, and is not yet, or no longer, as it was rendered."""

from collections.abc import Mapping
from typing import Any

import pytest

from function import local, simulate
from function.backends.gardener import KEY
from function.backends.gardener.live import HEALTHY
from function.local import Observed
from function.model import API_GROUP
from function.paths import lookup, replaced
from tests import asking
from tests.asking import Manifest

RENDERED = "spec.forProvider.manifest."
LIVE = "status.atProvider.manifest."
FLAVORS = [{"name": "SCS-2V-8"}, {"name": "SCS-8V-32"}]
VERSION = "spec.kubernetes.version"


class TestSteps:
    """A version is a step only once the one before it is reached."""

    def test_a_version_that_the_shoot_has_not_taken_is_no_step(self) -> None:
        """Two minors at once would always be refused, as versions never go down."""
        live = built(order())
        wanted = order(version="1.36.1")
        first = ask(wanted, live)
        assert rendered(first, VERSION) == "1.35.4"
        # The Object asks for it, and the provider has not looked since.
        second = ask(wanted, applied(live, first))
        assert rendered(second, VERSION) == "1.35.4"
        assert reported(second, "Current")["reason"] == "InSteps"

    def test_one_that_it_has_taken_is(self) -> None:
        """Then the next follows."""
        wanted = order(version="1.36.1")
        first = ask(wanted, built(order()))
        assert rendered(ask(wanted, simulate.play(first.resources)), VERSION) == "1.36.1"

    def test_a_step_that_is_refused_gives_way(self) -> None:
        """A patch that the garden does not know, say; another one can be ordered instead."""
        given = offered("1.34.7", "1.35.4", "1.35.5", "1.36.1")
        live = built(order())
        live = applied(live, ask(order(version="1.35.4"), live, given))
        assert rendered(ask(order(version="1.35.5"), live, given), VERSION) == "1.35.5"
        assert rendered(ask(order(version="1.36.1"), live, given), VERSION) == "1.35.4"

    def test_so_does_that_of_a_cluster_that_is_not_there(self) -> None:
        """It may come any moment, so another minor still waits for it."""
        given = offered("1.34.7", "1.34.8", "1.35.4")
        live = simulate.play(ask(order(version="1.34.7"), {}, given).resources, frozenset())
        assert rendered(ask(order(version="1.34.8"), live, given), VERSION) == "1.34.8"
        assert rendered(ask(order(version="1.35.4"), live, given), VERSION) == "1.34.7"


class TestSleep:
    """A cluster that could not be woken is not put to sleep, and the tenant reads why."""

    @pytest.mark.parametrize(
        ("possible", "refused"), [("False", True), ("Progressing", False), ("True", False)]
    )
    def test_a_webhook_is_in_the_way(self, possible: str, refused: bool) -> None:
        """Gardener would refuse it, with whatever else is changed; what it checks still, passes."""
        live = seen(built(order()), status__constraints=constraints(possible))
        answer = ask(order(hibernation={"enabled": True}), live)
        assert ("spec.hibernation.enabled: a webhook" in answer.fatal) is refused
        assert not ask(order(), live).fatal

    def test_one_that_sleeps_goes_on(self) -> None:
        """What is said of it then is old."""
        wanted = order(hibernation={"enabled": True})
        live = seen(built(wanted), status__constraints=constraints("False"))
        assert rendered(ask(wanted, live), "spec.hibernation.enabled") is True


class TestLostRecord:
    """Nodes stay what they are where the record of what was decided is lost."""

    @pytest.mark.parametrize(
        ("flavor", "pool"),
        [
            ({"name": "gone", "cpu": 4, "memoryGiB": 8, "diskGiB": 50}, {"flavor": "gone"}),
            (
                {"name": "arm", "cpu": 4, "memoryGiB": 8, "architecture": "arm64"},
                {"size": {"cpu": 4, "memoryGiB": 8, "architecture": "arm64"}, "flavor": None},
            ),
        ],
    )
    @pytest.mark.parametrize("machine", ["", "m1.large"])
    @pytest.mark.parametrize("offered", [True, False])
    @pytest.mark.parametrize("lost", [("bound",), ("bound", "machine-types")])
    def test_nodes_are_not_rebuilt(
        self,
        flavor: Manifest,
        pool: Manifest,
        lost: tuple[str, ...],
        *,
        offered: bool,
        machine: str,
    ) -> None:
        """Neither a volume nor another architecture comes to them."""
        wanted = order(pool)
        previous = layers([flavor, *FLAVORS], {flavor["name"]: machine or flavor["name"]})
        current = previous if offered else layers(FLAVORS, {})
        first = ask(wanted, {}, previous)
        live = simulate.play(first.resources)
        annotations = live[KEY].manifest["metadata"]["annotations"]
        for name in lost:
            del annotations[f"{API_GROUP}/{name}"]
        answer = ask(wanted, live, current)
        if not answer.fatal:
            workers = "spec.provider.workers"
            assert rendered(answer, workers) == rendered(first, workers)
        else:
            assert "spec.nodePools[main].flavor" in answer.fatal
            assert not offered

    def test_the_flavor_is_reported(self) -> None:
        """A tenant never reads what the provider calls a machine."""
        wanted = order({"size": {"cpu": 2, "memoryGiB": 8}, "flavor": None})
        offers = layers(FLAVORS, {"SCS-2V-8": "m1.small"})
        live = simulate.play(ask(wanted, {}, offers).resources)
        del live[KEY].manifest["metadata"]["annotations"][f"{API_GROUP}/bound"]
        reported = ask(wanted, live, offers).composite["status"]
        assert reported["nodePools"][0]["flavor"] == "SCS-2V-8"
        assert reported["estimate"]["cpu"] == 6


class TestCurrent:
    """A change that the Shoot has not taken yet does not run."""

    def test_until_a_root_volume_is_taken(self) -> None:
        """Neither right after the edit, nor while only the Object asks for it."""
        live, wanted = built(order()), order({"rootVolume": {"sizeGiB": 80}})
        first = ask(wanted, live)
        second = ask(wanted, applied(live, first))
        assert {reported(one, "Current")["status"] for one in (first, second)} == {"False"}
        done = ask(wanted, simulate.play(second.resources))
        assert reported(done, "Current")["reason"] == "AsOrdered"


class TestTrouble:
    """Codes of Gardener are reported, wherever they are."""

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("ERR_INFRA_QUOTA_EXCEEDED", "QuotaExceeded"),
            ("ERR_INFRA_UNAUTHENTICATED", "CredentialsInvalid"),
            ("ERR_NOT_KNOWN", "NoTrouble"),
        ],
    )
    def test_of_a_condition(self, code: str, reason: str) -> None:
        """Nodes that cannot come after a change that succeeded are reported by conditions only."""
        answer = ask(order(), seen(built(order()), status__conditions=conditions("False", code)))
        assert reported(answer, "BackendHealthy")["reason"] == reason
        assert answer.composite["status"]["phase"] == "Degraded"

    def test_of_a_condition_that_holds(self) -> None:
        """What Gardener does not call unhealthy is no problem."""
        for status in ("True", "Progressing"):
            said = conditions(status, "ERR_INFRA_QUOTA_EXCEEDED")
            answer = ask(order(), seen(built(order()), status__conditions=said))
            assert reported(answer, "BackendHealthy")["reason"] == "NoTrouble"

    def test_a_webhook_is_the_tenants(self) -> None:
        """The provider cannot repair what the tenant installed."""
        errors = [{"codes": ["ERR_PROBLEMATIC_WEBHOOK"], "description": "secret"}]
        done = {"type": "Reconcile", "state": "Error"}
        live = seen(built(order()), status__lastErrors=errors, status__lastOperation=done)
        said = reported(ask(order(), live), "BackendHealthy")
        assert said["reason"] == "ConfigurationProblem"
        assert "a webhook in the cluster" in said["message"]
        assert "secret" not in said["message"]


def order(pool: Mapping[str, Any] | None = None, **spec: Any) -> Manifest:
    """Return an order for a cluster with one pool."""
    made = asking.order("cluster/minimal")
    pool = {"name": "main", "flavor": "SCS-2V-8", "replicas": 3, **(pool or {})}
    pool = {name: value for name, value in pool.items() if value is not None}
    return {**made, "spec": {"version": "1.34", "nodePools": [pool], **spec}}


def layers(flavors: list[Manifest], types: Mapping[str, str]) -> list[Manifest]:
    """Return the example provider with other flavors and machine types."""
    root, *others = asking.provider("gardener")
    root = replaced(root, "data.flavors", flavors)
    return [replaced(root, "data.backends.gardener.machineTypes", types), *others]


def offered(*versions: str) -> list[Manifest]:
    """Return the example provider with other versions."""
    root, *others = asking.provider("gardener")
    return [
        replaced(root, "data.kubernetesVersions", [{"version": v} for v in versions]),
        *others,
    ]


def ask(
    manifest: Manifest, live: Mapping[str, Observed], given: list[Manifest] | None = None
) -> local.Outcome:
    """Ask about an order."""
    return asking.ask(manifest, given or asking.provider("gardener"), live)


def built(manifest: Manifest) -> dict[str, Observed]:
    """Return what is observed of an order once it is built."""
    return simulate.play(ask(manifest, {}).resources)


def conditions(status: str, *codes: str) -> list[Manifest]:
    """Return conditions of a Shoot that hold, but for that of nodes."""
    nodes = {"type": "EveryNodeReady", "status": status, "codes": list(codes)}
    retained = [kind for kind in HEALTHY if kind != nodes["type"]]
    return [*({"type": kind, "status": "True"} for kind in retained), nodes]


def constraints(possible: str) -> list[Manifest]:
    """Return constraints of a Shoot."""
    return [{"type": "HibernationPossible", "status": possible, "message": "of others"}]


def seen(live: Mapping[str, Observed], **shoot: Any) -> dict[str, Observed]:
    """Return what is observed once the live Shoot has other values, by path with `__` for `.`."""
    root: Manifest = live[KEY].manifest
    for path, value in shoot.items():
        root = replaced(root, LIVE + path.replace("__", "."), value)
    return {**live, KEY: Observed(root, live[KEY].connection)}


def applied(live: Mapping[str, Observed], answer: local.Outcome) -> dict[str, Observed]:
    """Return what is observed once an answer is applied to the Object, and not to the Shoot yet."""
    former, current = live[KEY].manifest, answer.resources[KEY]
    annotations = former["metadata"]["annotations"] | current["metadata"]["annotations"]
    root = replaced({**former, "spec": current["spec"]}, "metadata.annotations", annotations)
    return {**live, KEY: Observed(root, live[KEY].connection)}


def rendered(answer: local.Outcome, path: str) -> Any:
    """Return a value of the Shoot that is rendered."""
    assert not answer.fatal
    return lookup(answer.resources[KEY], RENDERED + path)


def reported(answer: local.Outcome, kind: str) -> Manifest:
    """Return a condition of the order."""
    assert not answer.fatal
    conditions = answer.composite["status"]["conditions"]
    result: Manifest = next(one for one in conditions if one["type"] == kind)
    return result
