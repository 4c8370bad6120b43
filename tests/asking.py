"""Load orders, environments and recorded objects, and ask the function, as Crossplane would."""

import asyncio
import copy
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
import yaml

from function import backends, local, managed, simulate
from function.contract import Mode, Order, Resource
from function.fn import FunctionRunner
from function.paths import replaced
from testbed import examples

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
# What tests hold that was not made for them: see its README.
DATA = ROOT / "tests" / "data"
OBSERVED = DATA / "observed"
PROVIDERS = sorted(path.name for path in (EXAMPLES / "environments").iterdir() if path.is_dir())
ORDERS = sorted(
    f"{path.parent.parent.name}/{path.parent.name}" for path in EXAMPLES.glob("*/*/claim.yaml")
)
Manifest = dict[str, Any]
RUNNER = FunctionRunner()
# The loader in C takes a tenth of the time, where PyYAML was built with it.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


def documents(*paths: Path) -> list[Manifest]:
    """Return the documents of YAML files, or of the files in a directory."""
    files = [f for p in paths for f in (sorted(p.glob("*.yaml")) if p.is_dir() else [p])]
    return [copy.deepcopy(d) for f in files for d in _parsed(f.read_text("utf-8")) if d]


def loaded(path: Path) -> Any:
    """Return what a YAML file of one document holds."""
    return copy.deepcopy(_parsed(path.read_text("utf-8"))[0])


@functools.lru_cache(maxsize=512)
def _parsed(text: str) -> list[Any]:
    return list(yaml.load_all(text, Loader))


def provider(name: str, edits: Mapping[str, Any] | None = None) -> list[Manifest]:
    """Return the EnvironmentConfigs of an example provider, its root with edits of data by path."""
    return [
        edited(layer, "data", edits or {}) if "kinds" in layer["data"] else layer
        for layer in documents(EXAMPLES / "environments" / name)
    ]


def with_login(layers: list[Manifest]) -> list[Manifest]:
    """Return EnvironmentConfigs whose cluster classes of `scs2` are repaired, and log people in."""
    return list(examples.with_login(layers))


def edited(document: Manifest, below: str, edits: Mapping[str, Any]) -> Manifest:
    """Return a document with values replaced by path below another."""
    for path, value in edits.items():
        document = replaced(document, f"{below}.{path}", value)
    return document


def recorded(name: str) -> Manifest:
    """Return an object as a real server held it, such as `openstack/instancev2-web-0`."""
    return documents(OBSERVED / f"{name}.yaml")[0]


def recordings(under: str) -> list[str]:
    """Return the names of the objects that were recorded in a directory."""
    return sorted(f"{under}/{path.stem}" for path in (OBSERVED / under).glob("*.yaml"))


def texts(of: str) -> list[Manifest]:
    """Return texts that real servers wrote, with what they mean."""
    result: list[Manifest] = loaded(DATA / "texts" / f"{of}.yaml")
    return result


RELEASED = sorted(path.stem for path in (DATA / "released").glob("*.yaml"))


def released(name: str) -> Manifest:
    """Return an order, its provider, and what the first release made of it."""
    return documents(DATA / "released" / f"{name}.yaml")[0]


def versioned(layers: list[Manifest]) -> list[Manifest]:
    """Return EnvironmentConfigs as an API server shows them, with what tells their versions."""
    digests = [hashlib.sha256(repr(layer).encode()).hexdigest() for layer in layers]
    return [
        {**layer, "metadata": {**layer["metadata"], "uid": digest, "resourceVersion": "1"}}
        for layer, digest in zip(layers, digests, strict=True)
    ]


def order(name: str) -> Manifest:
    """Return an example order, such as `cluster/minimal`."""
    return documents(EXAMPLES / name / "claim.yaml")[0]


def ask(  # noqa: PLR0913  # what Crossplane would send, and who answers
    manifest: Manifest,
    layers: list[Manifest],
    observed: Mapping[str, local.Observed] | None = None,
    mode: Mode = Mode.CLAIMS,
    *,
    modern: bool = True,
    runner: FunctionRunner | None = None,
) -> local.Outcome:
    """Ask about a tenant's manifest or an XR."""
    composite = local.composite_of(manifest, mode)
    return about(composite, layers, observed, modern=modern, runner=runner)


def about(
    composite: Manifest,
    layers: list[Manifest],
    observed: Mapping[str, local.Observed] | None = None,
    *,
    modern: bool = True,
    runner: FunctionRunner | None = None,
) -> local.Outcome:
    """Return the answer to an XR, whatever it holds.

    Without a runner of its own, a test shares one, which parses the same layers only once.
    """
    if runner is None and all(map(_has_no_version, layers)):
        runner, layers = RUNNER, versioned(layers)
    runner = runner or FunctionRunner()
    return asyncio.run(
        local.answer(
            lambda req: runner.RunFunction(req, None), composite, layers, observed, modern=modern
        )
    )


def _has_no_version(layer: Any) -> bool:
    metadata = layer.get("metadata") if isinstance(layer, dict) else None
    return isinstance(metadata, dict) and not {"uid", "resourceVersion"} & set(metadata)


def unscoped(
    key: str, manifest: Manifest, connection: Mapping[str, bytes] | None = None
) -> Resource:
    """Return an observed resource without scope."""
    fitted = managed.fitted(manifest)
    return managed.of_fitted(key, fitted, connection or {}, backends.family_names())


def enveloped(resource: Resource, order: Order[Any], secrets_namespace: str) -> Manifest:
    """Return the manifest of a resource for the install that asks."""
    version = backends.families()[resource.family].api_version(order.mode)
    return managed.wrapped(resource, order, secrets_namespace, version)


def built(order: Manifest, layers: list[Manifest]) -> dict[str, local.Observed]:
    """Return what is composed of an order, once all of it is built."""
    observed: dict[str, local.Observed] = {}
    for _ in range(local.MAX_CALLS):
        outcome = ask(order, layers, observed)
        assert not outcome.fatal, outcome.fatal
        observed = simulate.play(outcome.resources)
        if outcome.complete:
            return observed
    raise AssertionError("never complete")


def settled(
    order: Manifest, layers: list[Manifest], made: local.Outcome | None = None
) -> local.Outcome:
    """Answer an order until nothing changes, over what an earlier answer made."""
    outcome = made
    for _ in range(5):
        observed = simulate.play(outcome.resources) if outcome else None
        outcome = ask(order, layers, observed)
        assert not outcome.fatal, outcome.fatal
    assert outcome is not None
    return outcome


def inner(outcome: local.Outcome) -> list[Manifest]:
    """Return the objects that providers run, without what Crossplane and we write beside them."""
    found = [r["spec"]["forProvider"]["manifest"] for r in outcome.resources.values()]
    return sorted(found, key=lambda manifest: str(manifest["kind"]))
