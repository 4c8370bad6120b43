"""Ask about orders whose Shoot lives, and is not yet, or no longer, as it was rendered."""

from collections.abc import Mapping
from typing import Any

from function import local, simulate
from function.backends.gardener import KEY
from function.local import Observed
from function.paths import lookup, replaced
from tests import asking
from tests.asking import Manifest

RENDERED = "spec.forProvider.manifest."
LIVE = "status.atProvider.manifest."
VERSION = "spec.kubernetes.version"


class TestSteps:
    """A version is a step only once the one before it is reached."""

    def test_a_version_that_the_shoot_has_not_taken_is_no_step(self) -> None:
        """Two minors at once would be refused for ever, as versions never go down."""
        live = built(order())
        wanted = order(version="1.36.1")
        first = ask(wanted, live)
        assert rendered(first, VERSION) == "1.35.4"
        # The Object asks for it, and the provider has not looked since.
        second = ask(wanted, applied(live, first))
        assert rendered(second, VERSION) == "1.35.4"
        assert told(second, "Current")["reason"] == "InSteps"

    def test_one_that_it_has_taken_is(self) -> None:
        """Then the next follows."""
        wanted = order(version="1.36.1")
        first = ask(wanted, built(order()))
        assert rendered(ask(wanted, simulate.play(first.resources)), VERSION) == "1.36.1"


def order(pool: Mapping[str, Any] | None = None, **spec: Any) -> Manifest:
    """Return an order for a cluster with one pool."""
    made = asking.order("cluster/minimal")
    pool = {"name": "main", "flavor": "SCS-2V-8", "replicas": 3, **(pool or {})}
    return {**made, "spec": {"version": "1.34", "nodePools": [pool], **spec}}


def ask(manifest: Manifest, live: Mapping[str, Observed]) -> local.Outcome:
    """Ask about an order."""
    return asking.ask(manifest, asking.provider("gardener"), live)


def built(manifest: Manifest) -> dict[str, Observed]:
    """Return what is observed of an order once it is built."""
    return simulate.play(ask(manifest, {}).resources)


def seen(live: Mapping[str, Observed], **shoot: Any) -> dict[str, Observed]:
    """Return what is observed once the live Shoot has other values, by path with `__` for `.`."""
    root: Manifest = live[KEY].manifest
    for path, value in shoot.items():
        root = replaced(root, LIVE + path.replace("__", "."), value)
    return {**live, KEY: Observed(root, live[KEY].connection)}


def applied(live: Mapping[str, Observed], answer: local.Outcome) -> dict[str, Observed]:
    """Return what is observed once an answer stands in the Object, and not in the Shoot yet."""
    former, now = live[KEY].manifest, answer.resources[KEY]
    annotations = former["metadata"]["annotations"] | now["metadata"]["annotations"]
    root = replaced({**former, "spec": now["spec"]}, "metadata.annotations", annotations)
    return {**live, KEY: Observed(root, live[KEY].connection)}


def rendered(answer: local.Outcome, path: str) -> Any:
    """Return a value of the Shoot that is rendered."""
    assert not answer.fatal
    return lookup(answer.resources[KEY], RENDERED + path)


def told(answer: local.Outcome, kind: str) -> Manifest:
    """Return a condition of the order."""
    assert not answer.fatal
    conditions = answer.composite["status"]["conditions"]
    found: Manifest = next(one for one in conditions if one["type"] == kind)
    return found
