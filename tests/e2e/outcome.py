"""Bring what our command line and the engines print into one form, so that it can be compared.

What core adds on its way to the API server is left out, and so is what only one engine says: core's
own conditions and events, times, owner references.
"""

import copy
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

Manifest = dict[str, Any]

COMPOSITION_RESOURCE_NAME = "crossplane.io/composition-resource-name"
CORE_LABELS = (
    "crossplane.io/claim-name",
    "crossplane.io/claim-namespace",
    "crossplane.io/composite",
)
CORE_CONDITIONS = ("Ready", "Responsive", "Synced")
RESULT = ("render.crossplane.io/v1beta1", "Result")
STEP = 'Pipeline step "'
CORE_REASONS = ("ComposeResources", "SelectComposition")
FATAL = "returned a fatal result: "
# Kinds served by an API server of their own, or built into Kubernetes: there is no CRD to judge by.
WITHOUT_CRD = ("core.gardener.cloud", "security.gardener.cloud", "settings.gardener.cloud")
BUILT_IN = ("", "apps", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io")


@dataclass(frozen=True)
class Outcome:
    """What an order became, without what engines add and without what differs between them."""

    status: Manifest
    composed: dict[str, Manifest]
    results: list[tuple[str, str]]
    documents: list[Manifest] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Refusal:
    """Why an order was refused, in one line."""

    message: str


def read_ours(done: subprocess.CompletedProcess[str]) -> Outcome | Refusal:
    """Read what `central-api render` printed; exit 1 is a refusal, in prose on stderr."""
    if done.returncode == 1:
        return Refusal(one_line(done.stderr))
    if done.returncode != 0:
        raise RuntimeError(f"{done.args} ended with {done.returncode}:\n{done.stderr}")
    return outcome(done.stdout)


def read_theirs(done: subprocess.CompletedProcess[str]) -> Outcome | Refusal:
    """Read what an engine printed; an end without a fatal result is an error of the test."""
    if done.returncode == 0:
        return outcome(done.stdout)
    if FATAL not in done.stderr:
        raise RuntimeError(f"{done.args} ended with {done.returncode}:\n{done.stderr}")
    return Refusal(one_line(done.stderr.partition(FATAL)[2]))


def one_line(text: str) -> str:
    """Undo wrapping and indentation: the engines indent further lines of a message."""
    return " ".join(text.split())


def outcome(printed: str) -> Outcome:
    """Read the documents of a render that was not refused."""
    documents = [d for d in yaml.safe_load_all(printed) if d]
    return Outcome(
        status=status_of(documents[0]),
        composed={key: stripped(d) for d in documents if (key := key_of(d))},
        results=[r for d in documents if (r := result_of(d))],
        documents=[d for d in documents if (d["apiVersion"], d["kind"]) != RESULT],
    )


def key_of(document: Manifest) -> str:
    """Return the key of a composed resource, or nothing for any other document."""
    annotations = document.get("metadata", {}).get("annotations", {})
    return str(annotations.get(COMPOSITION_RESOURCE_NAME, ""))


def status_of(xr: Manifest) -> Manifest:
    """Return the XR's status without core's own conditions and without times."""
    status = copy.deepcopy(xr.get("status", {}))
    status.pop("claimConditionTypes", None)
    conditions = [c for c in status.pop("conditions", []) if c["type"] not in CORE_CONDITIONS]
    for condition in conditions:
        condition.pop("lastTransitionTime", None)
        condition.pop("observedGeneration", None)
    return {**status, "conditions": sorted(conditions, key=lambda c: str(c["type"]))}


def stripped(resource: Manifest) -> Manifest:
    """Return a composed resource without what core adds on its way to the API server."""
    metadata = {
        k: v
        for k, v in resource["metadata"].items()
        if k not in ("generateName", "labels", "ownerReferences")
    }
    labels = resource["metadata"].get("labels", {})
    metadata["labels"] = {k: v for k, v in labels.items() if k not in CORE_LABELS}
    return {**resource, "metadata": metadata}


def result_of(document: Manifest) -> tuple[str, str] | None:
    """Return severity and message of a result of the function.

    The 2.x engine prints events: the function's begin with the pipeline step, core's do not.
    """
    if (document["apiVersion"], document["kind"]) != RESULT:
        return None
    severity, message = str(document["severity"]), str(document["message"])
    if document.get("reason") in CORE_REASONS and not message.startswith(STEP):
        return None
    if message.startswith(STEP):
        message = message.partition('": ')[2]
    return severity.removeprefix("SEVERITY_").capitalize(), message


def reported(resource: Manifest) -> Manifest:
    """Return a composed resource with the least status that says it works."""
    healthy = [
        {
            "type": kind,
            "status": "True",
            "reason": reason,
            "lastTransitionTime": "2024-01-01T00:00:00Z",
        }
        for kind, reason in (("Ready", "Available"), ("Synced", "ReconcileSuccess"))
    ]
    provided = resource.get("spec", {}).get("forProvider", {})
    return {**resource, "status": {"conditions": healthy, "atProvider": provided}}


def nested(line: str, documents: Sequence[Manifest]) -> Iterator[Manifest]:
    """Yield what is inside provider-kubernetes Objects and has a schema to be judged by."""
    for document in documents:
        manifest = document.get("spec", {}).get("forProvider", {}).get("manifest")
        if not manifest:
            continue
        group = manifest["apiVersion"].rpartition("/")[0]
        if group in WITHOUT_CRD or (line == "1.20" and group in BUILT_IN):
            continue
        yield manifest
