"""Play what acts on Shoots, where nobody schedules them and nobody builds them.

`bind` does what the scheduler does, `report` what the gardenlet does; admission is real.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from function.backends.gardener import KEY
from function.backends.gardener.live import HEALTHY
from testbed.kubernetes import CONFLICT, MERGE, Manifest
from tests.answers import GARDENER, Backend

from .oracles import Oracle, inside

SEED = "testbed"
FINALIZERS = {"metadata": {"finalizers": ["gardener"]}}
WHEN = "2026-01-01T00:00:00Z"
REACHED = [{"name": "external", "url": "https://api.example.org"}]
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
class Garden(Oracle):
    """A garden."""

    backend: Backend = GARDENER
    key: str = KEY

    def played(self, manifest: Manifest, state: str) -> None:
        """Bring a Shoot along, as far as a case wants it."""
        if STATES[state]:
            self.bind(manifest)
        for operation, reached, more in STATES[state]:
            self.report(manifest, operation, reached, **more)

    def bind(self, shoot: Manifest) -> None:
        """Put a Shoot on the seed."""
        while True:
            live = self.api.get(self.api.path(shoot))
            assert live is not None
            live["spec"]["seedName"] = SEED
            answer = self.api.request("PUT", f"{self.api.path(shoot)}/binding", live)
            # Its provider may have written between the two.
            if answer.status != CONFLICT:
                break
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
            "gardener": {"id": "testbed", "name": "gardenlet", "version": "v1.150.0"},
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
        """Delete what was applied, Shoots first, and let go of what would be held."""
        found = list(composed)
        super().remove(found)
        for one in found:
            live = self.live(one)
            if live is not None and live["metadata"].get("finalizers"):
                self.report(inside(one), "Delete", "Succeeded")
                self.release(inside(one))

    def release(self, shoot: Manifest) -> None:
        """Take the finalizer away, as the gardenlet does in the end."""
        nothing = {"metadata": {"finalizers": None}}
        answer = self.api.request("PATCH", self.api.path(shoot), nothing, content=MERGE)
        assert answer.accepted, answer.message


def _condition(kind: str, status: str) -> Manifest:
    return {
        "type": kind,
        "status": status,
        "reason": "Played",
        "message": "played",
        "lastTransitionTime": WHEN,
        "lastUpdateTime": WHEN,
    }
