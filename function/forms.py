"""Print the results of orders, in forms for scripts and people."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import yaml

from function.contract import Manifest
from function.render import RESULT_API_VERSION, Answered

# The dumper in C, where PyYAML was built with it, takes a tenth of the time.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

UNITS = {"cpu": "vCPU", "memoryGiB": "GiB memory", "storageGiB": "GiB storage", "gpus": "GPU"}


def printed(answered: Sequence[Answered], form: str) -> str:
    """Return the text for all orders that were answered; nothing for those that are refused."""
    return FORMS[form]([one for one in answered if one.outcome])


def _yaml(answered: Sequence[Answered]) -> str:
    return dumped([document for one in answered for document in _documents(one)])


def _json(answered: Sequence[Answered]) -> str:
    documents = [document for one in answered for document in _documents(one)]
    listed = {"apiVersion": "v1", "kind": "List", "items": documents}
    return json.dumps(listed, indent=2) + "\n" if answered else ""


def _status(answered: Sequence[Answered]) -> str:
    return dumped([one.outcome.composite for one in answered if one.outcome])


def _name(answered: Sequence[Answered]) -> str:
    return "".join(f"{_reference(document)}\n" for one in answered for document in _objects(one))


def _summary(answered: Sequence[Answered]) -> str:
    return "\n".join("".join(f"{line}\n" for line in _lines(one)) for one in answered)


FORMS: dict[str, Callable[[Sequence[Answered]], str]] = {
    "yaml": _yaml,
    "json": _json,
    "name": _name,
    "status": _status,
    "summary": _summary,
}


def dumped(documents: Sequence[Manifest]) -> str:
    """Return manifests as the documents of a YAML file."""
    return "".join(
        "---\n" + yaml.dump(d, Dumper=_DUMPER, sort_keys=False, allow_unicode=True)
        for d in documents
    )


def _objects(one: Answered) -> list[Manifest]:
    return [one.outcome.composite, *one.resources] if one.outcome else []


def _documents(one: Answered) -> Iterator[Manifest]:
    yield from _objects(one)
    for message in one.outcome.warnings if one.outcome else ():
        yield {
            "apiVersion": RESULT_API_VERSION,
            "kind": "Result",
            "message": message,
            "severity": "SEVERITY_WARNING",
            "step": "central-api",
        }


def _reference(manifest: Manifest) -> str:
    """Return what kubectl calls an object, such as `portv2.networking.example.org/web-0`."""
    group, slash, _ = manifest["apiVersion"].partition("/")
    kind = manifest["kind"].lower()
    return (
        f"{kind}.{group}/{manifest['metadata']['name']}"
        if slash
        else f"{kind}/{manifest['metadata']['name']}"
    )


def _lines(one: Answered) -> Iterator[str]:
    """Yield what a tenant wants to know about an order, line by line."""
    if one.outcome is None:
        return
    status: dict[str, Any] = one.outcome.composite["status"]
    yield f"{one.name}: {status.get('phase', 'accepted')}, environment {status['environment']}"
    if status.get("message"):
        yield f"  {status['message']}"
    for name, value in _facts(status):
        yield f"  {name}: {value}"
    for condition in status["conditions"]:
        if condition["status"] != "True":
            text = f", {condition['message']}" if condition.get("message") else ""
            yield f"  {condition['type']}: {condition['status']}, {condition['reason']}{text}"
    for gap in status.get("unsupported", ()):
        yield f"  no effect: {gap['field']}: {gap['reason']}"
    for note in status.get("notes", ()):
        yield f"  note: {note['field']}: {note['message']}"
    kinds = Counter(_composed(manifest) for manifest in one.resources)
    yield f"  composed: {', '.join(f'{count} {kind}' for kind, count in kinds.items())}"


def _facts(status: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a status that are one value, and the size of the order."""
    elsewhere = ("phase", "message", "environment", "kubeconfig", "certificateAuthorityData")
    for name, value in status.items():
        if name not in elsewhere and isinstance(value, str | int | float):
            yield name, str(value)
    for pool in status.get("nodePools", ()):
        shown = [f"{name} {value}" for name, value in pool.items() if name != "name"]
        yield f"pool {pool['name']}", ", ".join(shown)
    sizes = [f"{value:g} {UNITS.get(name, name)}" for name, value in status["estimate"].items()]
    yield "size", ", ".join(sizes)


def _composed(manifest: Manifest) -> str:
    """Return the kind of a resource, or of the object that it holds."""
    inner = manifest.get("spec", {}).get("forProvider", {}).get("manifest")
    return str((inner or manifest)["kind"])


def refusals(answered: Sequence[Answered]) -> Iterator[str]:
    """Yield why orders are refused; of several, with file and name."""
    for one in answered:
        if one.refusal:
            yield f"{one.file}: {one.name}: {one.refusal}" if len(answered) > 1 else one.refusal


def notes(answered: Sequence[Answered]) -> Iterator[str]:
    """Yield what is not shown of orders that were answered."""
    for one in answered:
        if one.more:
            count = len(one.resources)
            yield (
                f"{one.name}: {count} resource{'s' if count != 1 else ''} now; more follow once "
                "these are ready: see them with --until-ready"
            )
