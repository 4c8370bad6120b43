"""Change real requests at random, and have the function answer them.

Seed and number make an attempt reproducible: `python -m tests.fuzz --seed 3` makes many, `--only
3:1234` repeats one.
"""

import copy
import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import structlog
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import plain, shapes
from function.calls import Call
from function.contract import Manifest
from function.fn import FunctionRunner
from function.labels import BACKEND_LABEL
from function.paths import lookup
from tests.fuzz.mutations import changed, everything
from tests.fuzz.requests import Request, recorded
from tests.properties.world import Identity, identities

# An answer of Crossplane's waits 20 seconds; a changed request is no reason to take a part of it.
LONGEST = 2.0


@dataclass(frozen=True)
class Finding:
    """A request whose answer is wrong.

    Attributes:
        attempt: Which one, as `seed:number`.
        request: What was changed, and where.
        problem: What is wrong with the answer, and where it was raised.
    """

    attempt: str
    request: str
    problem: tuple[str, ...]


def attack(seed: int, number: int, requests: Sequence[Request]) -> Finding | None:
    """Change one of some requests, and say what is wrong with its answer."""
    rng = Random(f"{seed}:{number}")  # noqa: S311  # attempts are to be played again
    base = rng.choice(requests)
    request, parts = _changed(_alive(base, rng), rng)
    problem = answer(request, base)
    where = f"{base.name}: {', '.join(parts)}"
    return Finding(f"{seed}:{number}", where, problem) if problem else None


def every(base: Request) -> Iterator[Finding]:
    """Make every single change of a request, and yield what is wrong with the answers."""
    for part in ("composite", "step", "layers"):
        for path, value in everything(getattr(base, part)):
            problem = answer(replace(base, **{part: value}), base)
            if problem:
                yield Finding("every", f"{base.name}: {part} {path}", problem)
    for key, manifest in sorted(base.observed.items()):
        for path, value in everything(manifest):
            problem = answer(replace(base, observed={**base.observed, key: value}), base)
            if problem:
                yield Finding("every", f"{base.name}: {key} {path}", problem)


def answer(request: Request, base: Request) -> tuple[str, ...]:
    """Have the function answer a request; return what is wrong with its answer.

    Args:
        request: The request.
        base: What it was before it was changed.
    """
    calls: list[Call] = []
    runner = _runner()
    runner._observers = (calls.append,)  # one runner serves all attempts
    message = _message(request)
    started = time.process_time()
    response = _driven(runner, message)
    if calls[-1].outcome == "requirements":
        # Crossplane applies nothing; it looks for what is required, and asks again.
        for name in response.requirements.resources:
            message.required_resources[name].SetInParent()
        response = _driven(runner, message)
    spent = time.process_time() - started
    if calls[-1].outcome == "error":
        return calls[-1].trace
    if spent > LONGEST:
        return (f"took {spent:.1f} s of CPU",)
    response.SerializeToString()
    fatal = [r for r in response.results if r.severity == fnv1.SEVERITY_FATAL]
    if fatal and response.desired.resources:
        return ("a refusal with resources",)
    if fatal or request.composite != base.composite:
        return ()
    return tuple(f"would be deleted: {lost}" for lost in _lost(request, base, response))


def _lost(request: Request, base: Request, response: fnv1.RunFunctionResponse) -> list[Identity]:
    """Return what was observed before the change and is not desired, for the same order."""
    desired = {
        identity
        for key, resource in response.desired.resources.items()
        for identity in _identities(key, plain.to_manifest(resource.resource))
    }
    retained = [
        key for key in base.observed if _is_known(request.observed.get(key), base.observed[key])
    ]
    alive = {one for key in retained for one in _identities(key, base.observed[key])}
    # A ConfigMap leaves for another one when the issuer changes.
    return sorted(i for i in alive - desired if "login" not in str(i))


def _is_known(manifest: Any, previous: Manifest) -> bool:
    """Say whether a resource still has our label or its name; without both it is another step's."""
    metadata = shapes.mapping(lookup(manifest, "metadata"))
    labels = shapes.mapping(metadata.get("labels"))
    return BACKEND_LABEL in labels or metadata.get("name") == previous["metadata"]["name"]


def _identities(key: str, manifest: Manifest) -> Iterator[Identity]:
    """Yield what a resource represents, pools by number and objects inside it without their names.

    Names are taken from what is observed: whoever changes one there has already replaced the thing.
    """
    for number, (kind, *rest) in enumerate(identities(key, manifest)):
        match kind:
            case "resource":
                yield (kind, *rest)
            case "object":
                yield (kind, *rest[:3])
            case _:
                yield (kind, str(number))


@functools.cache
def _runner() -> FunctionRunner:
    runner = FunctionRunner(alone=True)
    runner.log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[])
    return runner


def _driven(runner: FunctionRunner, message: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
    """Return the result of a coroutine that never waits for anything."""
    try:
        runner.RunFunction(message, None).send(None)
    except StopIteration as end:
        response: fnv1.RunFunctionResponse = end.value
        return response
    raise AssertionError("the function waits for something")


def _alive(request: Request, rng: Random) -> Request:
    """Replace half of the simulated live objects by recorded ones."""
    observed = dict(request.observed)
    for key, manifest in observed.items():
        inside = (manifest.get("status") or {}).get("atProvider", {}).get("manifest", {})
        if inside.get("kind") not in ("Cluster", "Shoot") or rng.random() < 0.5:
            continue
        observed[key] = copy.deepcopy(manifest)
        live = copy.deepcopy(rng.choice(recorded(inside["kind"])))
        observed[key]["status"]["atProvider"]["manifest"] = live
    return replace(request, observed=observed)


def _changed(request: Request, rng: Random) -> tuple[Request, list[str]]:
    """Return a request with one to three changes, and the parts that they are in."""
    parts = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        weights = {"composite": 2, "layers": 2, "step": 1, "observed": 6 * bool(request.observed)}
        part = rng.choices(list(weights), list(weights.values()))[0]
        value: Any = getattr(request, part)
        parts.append(part)
        if part == "observed":
            key = rng.choice(sorted(value))
            parts[-1] = key
            observed = {**value, key: changed(value[key], rng)}
            if rng.random() < 0.03:
                observed[rng.choice(("x", "", f"{key}x", key[:-1]))] = observed.pop(key)
            request = replace(request, observed=observed)
            continue
        request = replace(request, **{part: changed(value, rng)})
    return request, parts


def _message(request: Request) -> fnv1.RunFunctionRequest:
    message = fnv1.RunFunctionRequest(meta=fnv1.RequestMeta(tag="fuzz"))
    message.observed.composite.resource.CopyFrom(_struct(request.composite))
    message.input.CopyFrom(_struct(request.step))
    for key, manifest in request.observed.items():
        message.observed.resources[key].resource.CopyFrom(_struct(manifest))
        for name, value in request.connection.get(key, {}).items():
            message.observed.resources[key].connection_details[name] = value
    for name, items in request.layers.items():
        message.required_resources[name].SetInParent()
        for layer in items if isinstance(items, list) else ():
            message.required_resources[name].items.add().resource.CopyFrom(_struct(layer))
    return message


def _struct(value: Any) -> Any:
    """Return a Struct; what is no mapping cannot be sent as one."""
    data: Manifest = value if isinstance(value, dict) else {}
    return plain.to_struct(data)
