"""Send Shoots to a real gardener-apiserver as provider-kubernetes does, and play what acts on them.

Nobody schedules a Shoot here and nobody builds it. `bind` does what the scheduler does, `report`
what the gardenlet does; admission is real.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from function import local, simulate
from function.backends.gardener import KEY
from function.backends.gardener.status import HEALTHY
from function.paths import lookup, replaced
from testbed.kubernetes import APPLY, MERGE, Answer, Kubernetes, Manifest
from tests import answers
from tests.answers import ACCEPTED, GARDENER, NOT_ASKED, REFUSED, Case

SEED = "testbed"
FINALIZERS = {"metadata": {"finalizers": ["gardener"]}}
WHEN = "2026-01-01T00:00:00Z"
REACHED = [{"name": "external", "url": "https://api.example.org"}]
SYNCED = ({"type": "Synced", "status": "True", "reason": "ReconcileSuccess"},)


@dataclass(frozen=True)
class Garden:
    """A garden, and what an order became in it."""

    api: Kubernetes

    def apply(self, composed: Manifest, *, dry: bool = False) -> Answer:
        """Apply what is inside an Object, as its provider does."""
        query = {
            "fieldManager": f"provider-kubernetes/{composed['metadata']['name']}",
            "force": "true",
            **({"dryRun": "All"} if dry else {}),
        }
        manifest = inside(composed)
        return self.api.request(
            "PATCH", self.api.path(manifest), manifest, content=APPLY, query=query
        )

    def live(self, composed: Manifest) -> Manifest | None:
        """Return what lives of an Object."""
        return self.api.get(self.api.path(inside(composed)))

    def observed(self, outcome: local.Outcome) -> dict[str, local.Observed]:
        """Return the composed resources as Crossplane would show them."""
        found = {}
        for key, composed in outcome.resources.items():
            seen = simulate.created(key, composed).manifest
            live = self.live(composed)
            seen["status"] = {"conditions": list(SYNCED)}
            if live is not None:
                seen["status"]["atProvider"] = {"manifest": live}
            connected = "connectionDetails" in composed["spec"]
            details = {"ca.crt": simulate.CA_CERTIFICATE} if connected else {}
            found[key] = local.Observed(seen, details)
        return found

    def bind(self, shoot: Manifest) -> None:
        """Put a Shoot on the seed."""
        live = self.api.get(self.api.path(shoot))
        assert live is not None
        live["spec"]["seedName"] = SEED
        answer = self.api.request("PUT", f"{self.api.path(shoot)}/binding", live)
        assert answer.accepted, answer.message
        self.api.request("PATCH", self.api.path(shoot), FINALIZERS, content=MERGE)

    def report(self, shoot: Manifest, operation: str, state: str, **more: Any) -> None:
        """Write the status of a Shoot: how far an operation is.

        Args:
            shoot: Which one.
            operation: Such as `Create`.
            state: Such as `Processing`.
            more: Further fields of the status; `progress` of the operation, `health` of all
                conditions.
        """
        live = self.api.get(self.api.path(shoot))
        assert live is not None
        done = state == "Succeeded"
        health = more.pop("health", "True" if done else "Progressing")
        progress = more.pop("progress", 100 if done else 50)
        status = {
            "observedGeneration": live["metadata"]["generation"],
            "technicalID": f"shoot--t4711--{live['metadata']['name']}",
            "uid": live["metadata"]["uid"],
            "seedName": SEED,
            "gardener": {"id": "testbed", "name": "gardenlet", "version": "v1.149.3"},
            "hibernated": False,
            "lastErrors": None,
            "lastOperation": {
                "type": operation,
                "state": state,
                "progress": progress,
                "description": "played",
                "lastUpdateTime": WHEN,
            },
            "conditions": [_condition(kind, health) for kind in HEALTHY],
            **more,
        }
        self.api.set_status(shoot, status)

    def remove(self, composed: Iterable[Manifest]) -> None:
        """Delete what was applied, Shoots first, and whatever would still hold them."""
        for one in sorted(composed, key=lambda found: inside(found)["kind"], reverse=True):
            manifest = inside(one)
            if self.live(one) is None:
                continue
            self.api.delete(self.api.path(manifest))
            live = self.live(one)
            if live is not None and live["metadata"].get("finalizers"):
                self.report(manifest, "Delete", "Succeeded")
                self.release(manifest)

    def release(self, shoot: Manifest) -> None:
        """Take the finalizer away, as the gardenlet does in the end."""
        nothing = {"metadata": {"finalizers": None}}
        answer = self.api.request("PATCH", self.api.path(shoot), nothing, content=MERGE)
        assert answer.accepted, answer.message


def inside(composed: Manifest) -> Manifest:
    """Return the manifest inside an Object."""
    found: Manifest = composed["spec"]["forProvider"]["manifest"]
    return found


def shoot_of(outcome: local.Outcome) -> Manifest:
    """Return the Shoot that an order becomes."""
    return inside(outcome.resources[KEY])


def _condition(kind: str, status: str) -> Manifest:
    return {
        "type": kind,
        "status": status,
        "reason": "Played",
        "message": "played",
        "lastTransitionTime": WHEN,
        "lastUpdateTime": WHEN,
    }


# How a live order was brought along before it is edited: what is called, step by step.
STATES: Mapping[str, tuple[tuple[str, str, Mapping[str, Any]], ...]] = {
    "": (),
    "running": (("Create", "Succeeded", {"advertisedAddresses": REACHED}),),
    "asleep": (
        ("Create", "Succeeded", {"advertisedAddresses": REACHED}),
        ("Reconcile", "Succeeded", {"advertisedAddresses": REACHED, "hibernated": True}),
    ),
}


@dataclass(frozen=True)
class Asked:
    """What came of asking about a case.

    Attributes:
        ours: What we say.
        theirs: What the garden says.
        outcome: What we would send.
    """

    ours: str
    theirs: str
    outcome: local.Outcome


@contextmanager
def asked(garden: Garden, case: Case) -> Iterator[Asked]:
    """Place an order, edit it where the case is an edit, and take it all back in the end."""
    applied: dict[str, Manifest] = {}
    try:
        yield _asked(garden, case, applied)
    finally:
        garden.remove(applied.values())


def _asked(garden: Garden, case: Case, applied: dict[str, Manifest]) -> Asked:
    observed: Mapping[str, local.Observed] = {}
    former = answers.ask(case.former, GARDENER)
    if case.before is not None:
        refusal = _applied(garden, former, applied)
        assert refusal == "", refusal
        _played(garden, shoot_of(former), case.state)
        observed = garden.observed(former)
    outcome = sent = answers.ask(case.manifest, GARDENER, observed)
    ours = answers.said(outcome)
    if outcome.fatal:
        edits = case.sent.get(GARDENER.name)
        if edits is None:
            return Asked(ours, NOT_ASKED, outcome)
        sent = _with(former, edits)
    refusal = _applied(garden, sent, applied)
    return Asked(ours, f"{REFUSED}{refusal}" if refusal else ACCEPTED, outcome)


def _with(outcome: local.Outcome, edits: Mapping[str, Any]) -> local.Outcome:
    """Return an outcome with another Shoot."""
    root = outcome.resources[KEY]
    for path, value in edits.items():
        root = replaced(root, f"spec.forProvider.manifest.{path}", value)
    return replace(outcome, resources={**outcome.resources, KEY: root})


def _applied(garden: Garden, outcome: local.Outcome, applied: dict[str, Manifest]) -> str:
    """Apply all, what the Shoot refers to first; return the first refusal."""
    for key, composed in sorted(outcome.resources.items()):
        answer = garden.apply(composed)
        if not answer.accepted:
            return " ".join(answer.message.split())
        applied[key] = composed
    return ""


def _played(garden: Garden, shoot: Manifest, state: str) -> None:
    if STATES[state]:
        garden.bind(shoot)
    for operation, reached, more in STATES[state]:
        garden.report(shoot, operation, reached, **more)


def settled(garden: Garden, case: Case, outcome: local.Outcome) -> local.Outcome:
    """Go on as Crossplane and its provider do, and see that nothing changes any more.

    Gardener may complete labels when a Shoot is applied for the second time; its spec must stand
    from the first time on.
    """
    live = garden.live(outcome.resources[KEY])
    generation = lookup(live, "metadata.generation")
    again = answers.ask(case.manifest, GARDENER, garden.observed(outcome))
    assert not again.fatal, again.fatal
    assert KEY in again.resources
    for key, composed in again.resources.items():
        assert inside(outcome.resources[key]) == inside(composed)
        garden.apply(composed)
        second, third = garden.live(composed), garden.apply(composed, dry=True)
        assert second is not None
        assert third.body["metadata"].get("generation") == second["metadata"].get("generation")
        assert _plain(third.body) == _plain(second)
    assert lookup(garden.live(outcome.resources[KEY]), "metadata.generation") == generation
    return again


def _plain(live: Manifest) -> Manifest:
    metadata = {k: v for k, v in live["metadata"].items() if k != "managedFields"}
    return {**live, "metadata": metadata}
