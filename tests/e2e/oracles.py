"""Ask a real backend about the cases of `answers/orders.yaml`, as provider-kubernetes would."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from function import local, simulate
from function.paths import lookup, replaced
from testbed.kubernetes import APPLY, Answer, Kubernetes, Manifest
from testbed.waiting import until
from tests import answers, asking
from tests.answers import ACCEPTED, NOT_ASKED, REFUSED, Backend, Case

from .planes import SEEN_SECONDS

SYNCED = ({"type": "Synced", "status": "True", "reason": "ReconcileSuccess"},)


@dataclass(frozen=True)
class Oracle:
    """A real backend.

    Attributes:
        api: Where it is.
        backend: Which one, as the cases know it.
        key: Key of the composed resource that it is asked about.
    """

    api: Kubernetes
    backend: Backend
    key: str

    def await_ready(self) -> None:
        """Wait until a good order is taken: admission learns late of what an order refers to."""
        outcome = answers.ask(asking.order("cluster/minimal"), self.backend)
        applied: dict[str, Manifest] = {}
        try:
            until(
                lambda: _applied(self, outcome, applied),
                lambda refusal: not refusal,
                seconds=SEEN_SECONDS,
                what=f"{self.backend.name} ready",
            )
        finally:
            self.remove(applied.values())
            self.gone(applied.values())

    def sent(self, composed: Manifest) -> Manifest:
        """Return what is sent of an Object: what is inside."""
        return inside(composed)

    def played(self, manifest: Manifest, state: str) -> None:
        """Bring the live object along, as far as a case wants it."""

    def apply(self, composed: Manifest, *, dry: bool = False) -> Answer:
        """Apply what is inside an Object, as its provider does."""
        query = {
            "fieldManager": f"provider-kubernetes/{composed['metadata']['name']}",
            "force": "true",
            **({"dryRun": "All"} if dry else {}),
        }
        manifest = self.sent(composed)
        return self.api.request(
            "PATCH", self.api.path(manifest), manifest, content=APPLY, query=query
        )

    def live(self, composed: Manifest) -> Manifest | None:
        """Return the live object of an Object."""
        return self.api.get(self.api.path(inside(composed)))

    def observed(self, outcome: local.Outcome) -> dict[str, local.Observed]:
        """Return the composed resources as Crossplane would show them."""
        result = {}
        for key, composed in outcome.resources.items():
            seen = simulate.created(key, composed).manifest
            live = self.live(composed)
            seen["status"] = {"conditions": list(SYNCED)}
            if live is not None:
                seen["status"]["atProvider"] = {"manifest": live}
            connected = "connectionDetails" in composed["spec"]
            details = {"ca.crt": simulate.CA_CERTIFICATE} if connected else {}
            result[key] = local.Observed(seen, details)
        return result

    def remove(self, composed: Iterable[Manifest]) -> None:
        """Delete what was applied, what refers to others first."""
        for one in sorted(composed, key=lambda found: inside(found)["kind"], reverse=True):
            self.api.delete(self.api.path(inside(one)))

    def gone(self, composed: Iterable[Manifest]) -> None:
        """Wait until nothing is left of what was removed: the next case has the same names."""
        for one in composed:
            path = self.api.path(inside(one))
            until(
                lambda path=path: self.api.get(path) is None,  # type: ignore[misc]  # bound here
                seconds=SEEN_SECONDS,
                what=f"the end of {path}",
            )


def inside(composed: Manifest) -> Manifest:
    """Return the manifest inside an Object."""
    result: Manifest = composed["spec"]["forProvider"]["manifest"]
    return result


@dataclass(frozen=True)
class Asked:
    """What came of asking about a case.

    Attributes:
        ours: What we say.
        theirs: What the backend says.
        outcome: What we would send.
    """

    ours: str
    theirs: str
    outcome: local.Outcome


@contextmanager
def requested(oracle: Oracle, case: Case) -> Iterator[Asked]:
    """Place an order, edit it where the case is an edit, and take it all back in the end."""
    applied: dict[str, Manifest] = {}
    try:
        yield _asked(oracle, case, applied)
    finally:
        oracle.remove(applied.values())
        oracle.gone(applied.values())


def _asked(oracle: Oracle, case: Case, applied: dict[str, Manifest]) -> Asked:
    observed: Mapping[str, local.Observed] = {}
    former = answers.ask(case.former, oracle.backend)
    if case.previous is not None:
        if former.fatal:
            return Asked(answers.ours(case, oracle.backend), NOT_ASKED, former)
        refusal = _applied(oracle, former, applied)
        assert refusal == "", refusal
        oracle.played(inside(former.resources[oracle.key]), case.state)
        observed = oracle.observed(former)
    outcome = sent = answers.ask(case.manifest, oracle.backend, observed)
    ours = answers.said(outcome)
    if outcome.fatal:
        edits = case.sent.get(oracle.backend.name)
        if edits is None:
            return Asked(ours, NOT_ASKED, outcome)
        sent = _with(oracle, former, edits)
    refusal = _applied(oracle, sent, applied)
    return Asked(ours, f"{REFUSED}{refusal}" if refusal else ACCEPTED, outcome)


def _with(oracle: Oracle, outcome: local.Outcome, edits: Mapping[str, Any]) -> local.Outcome:
    """Return an outcome with another root."""
    root = outcome.resources[oracle.key]
    for path, value in edits.items():
        root = replaced(root, f"spec.forProvider.manifest.{path}", value)
    return replace(outcome, resources={**outcome.resources, oracle.key: root})


def _applied(oracle: Oracle, outcome: local.Outcome, applied: dict[str, Manifest]) -> str:
    """Apply all, what the root refers to first; return the first refusal."""
    for key, composed in sorted(outcome.resources.items()):
        answer = oracle.apply(composed)
        if not answer.accepted:
            return " ".join(answer.message.split())
        applied[key] = composed
    return ""


def settled(oracle: Oracle, case: Case, outcome: local.Outcome) -> None:
    """Go on as Crossplane and its provider do, and see that nothing changes any more.

    A backend may complete labels when something is applied for the second time; its spec must
    stand from the first time on.
    """
    root = outcome.resources[oracle.key]
    generation = lookup(oracle.live(root), "metadata.generation")
    again = answers.ask(case.manifest, oracle.backend, oracle.observed(outcome))
    assert not again.fatal, again.fatal
    assert oracle.key in again.resources
    for key, composed in again.resources.items():
        assert inside(outcome.resources[key]) == inside(composed)
        oracle.apply(composed)
        second, third = oracle.live(composed), oracle.apply(composed, dry=True)
        assert second is not None
        assert third.body["metadata"].get("generation") == second["metadata"].get("generation")
        assert _plain(third.body) == _plain(second)
    assert lookup(oracle.live(root), "metadata.generation") == generation


def _plain(live: Manifest) -> Manifest:
    metadata = {k: v for k, v in live["metadata"].items() if k != "managedFields"}
    return {**live, "metadata": metadata}
