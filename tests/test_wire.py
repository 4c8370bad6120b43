"""Whatever bytes arrive, there is an answer that carries a condition, and never a smaller order."""

import asyncio
import random
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import given
from hypothesis import strategies as st

from function import environment, fn, wire
from function.calls import Call
from function.contract import Mode
from tests import asking, raw
from tests.raw import deep, order, request

DEEP = "is nested too deeply; at most 16 levels are accepted"
UTF8 = "is not valid UTF-8"
PROVIDER = "your provider has to act before this order can be processed; nothing was changed"
LIMIT = 32 * 1024 * 1024
READ = wire.reader(LIMIT)
LAYER = {"metadata": {"name": "region-one"}, "data": {"kinds": {"Cluster": "capi"}}}


def answer(data: bytes, calls: list[Call] | None = None) -> fnv1.RunFunctionResponse:
    """Return what is answered to bytes."""
    seen = calls if calls is not None else []
    context: Any = None
    return asyncio.run(fn.FunctionRunner(seen.append).answer_any(READ(data), context))


REFUSED: dict[str, tuple[bytes, str, str | None]] = {
    "a variable": (
        request(order({"version": "1.34", "variables": {"ok": 1, "x": deep(40)}})),
        f"InvalidOrder: spec.variables.x: {DEEP}",
        None,
    ),
    "a variable of lists": (
        request(order({"version": "1.34", "variables": {"x": deep(60, lists=True)}})),
        f"InvalidOrder: spec.variables.x: {DEEP}",
        None,
    ),
    "two variables": (
        request(order({"variables": {"x": deep(40), "y": deep(30)}})),
        f"InvalidOrder: spec.variables.x: {DEEP}; spec.variables.y: {DEEP}",
        None,
    ),
    "far too deep": (
        request(order({"variables": {"x": raw.deepest(20_000)}})),
        f"InvalidOrder: spec.variables.x: {DEEP}",
        None,
    ),
    "a field nobody knows": (
        request(order({"x": deep(40)})),
        f"InvalidOrder: spec.x.a: {DEEP}",
        None,
    ),
    "a pool": (
        request(order({"nodePools": [{"name": "a"}, {"name": "b", "labels": deep(40)}]})),
        f"InvalidOrder: spec.nodePools.1.labels: {DEEP}",
        None,
    ),
    "text that is none": (
        request(order({"variables": {"x": b"\xff\xfe"}})),
        f"InvalidOrder: spec.variables.x: {UTF8}",
        None,
    ),
    "a key that is none": (
        request(order({"variables": {b"\xff": "x"}})),
        f"InvalidOrder: spec.variables.\ufffd: {UTF8}",
        None,
    ),
    "a layer": (
        request(
            order({"version": "1.34"}),
            layers={"environment": [LAYER, {**LAYER, "data": {"classes": [deep(40)]}}]},
        ),
        f"EnvironmentInvalid: classes.0.a: {DEEP} (EnvironmentConfig region-one)",
        PROVIDER,
    ),
    "a layer without a name": (
        request(order({}), layers={"overlay": [{"data": {"x": b"\xff"}}]}),
        f"EnvironmentInvalid: x: {UTF8} (EnvironmentConfig without a name)",
        PROVIDER,
    ),
    "an observed resource": (
        request(order({}), {"capi-cluster": {"status": {"atProvider": deep(40)}}}),
        f"RequestUnreadable: observed.resources.capi-cluster.resource.status.atProvider.a: {DEEP}",
        PROVIDER,
    ),
    "what another step desires": (
        request(order({})) + raw.field(raw.CONTEXT, {"x": deep(40)}),
        f"RequestUnreadable: context.x.a.a: {DEEP}",
        PROVIDER,
    ),
    "the status": (
        request(order({}, status={"notes": deep(40)})),
        f"RequestUnreadable: observed.composite.resource.status.notes.a: {DEEP}",
        PROVIDER,
    ),
    "both the tenant's and the provider's": (
        request(order({"variables": {"x": deep(40)}}), {"k": {"status": deep(40)}}),
        f"InvalidOrder: spec.variables.x: {DEEP}",
        None,
    ),
}


@pytest.mark.parametrize(("data", "text", "public"), REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes, text: str, public: str | None) -> None:
    """One FATAL with its condition on the claim, by who can correct it; the others are kept."""
    calls: list[Call] = []
    rsp = answer(data, calls)
    reason, _, message = text.partition(": ")
    public = message if public is None else public
    warning, fatal = rsp.results
    assert (fatal.severity, fatal.message) == (fnv1.SEVERITY_FATAL, text)
    assert (warning.severity, warning.message) == (fnv1.SEVERITY_WARNING, public)
    assert warning.target == fnv1.TARGET_COMPOSITE_AND_CLAIM
    accepted, *others = rsp.conditions
    assert (accepted.type, accepted.status) == ("Accepted", fnv1.STATUS_CONDITION_FALSE)
    assert (accepted.reason, accepted.message) == (reason, public)
    assert accepted.target == fnv1.TARGET_COMPOSITE_AND_CLAIM
    if "status" not in text.partition("resource.status")[1]:
        assert [(c.type, c.reason, c.message) for c in others] == [
            ("Current", "Updating", "under way")
        ]
    assert not rsp.desired.resources
    [call] = calls
    assert (call.outcome, call.reason, call.tenant, call.kind, call.name) == (
        "refused", reason, "acme", "Cluster", "shop",
    )  # fmt: skip


def test_namespaced_tenants_read_no_internals() -> None:
    """There the FATAL's own text is the tenant's to read."""
    observed = {"capi-cluster": {"status": {"atProvider": deep(40)}}}
    rsp = answer(request(order({}, Mode.NAMESPACED), observed))
    assert rsp.results[-1].message == f"RequestUnreadable: {PROVIDER}"


@pytest.mark.parametrize(
    "data", [b"\xff", b"\xff" * 40, b"\x12\x7f", b"\x0b", b"\x12\x05hello", b"\x08"]
)
def test_garbage(data: bytes) -> None:
    """Even then Crossplane knows whose order it is, and shows the condition."""
    rsp = answer(data)
    assert [c.reason for c in rsp.conditions] == ["RequestUnreadable"]
    assert rsp.results[-1].severity == fnv1.SEVERITY_FATAL


def test_a_request_that_is_too_large() -> None:
    """Only what says whose it is gets read; conditions are kept."""
    read = wire.reader(100_000)
    observed = {f"r{n}": {"data": "x" * 1000} for n in range(200)}
    data = request(order({"version": "1.34"}), observed, {"environment": [LAYER]})
    found = read(data)
    assert isinstance(found, wire.Unreadable)
    assert str(found.refusal) == (
        f"the request has {len(data)} bytes, at most 100000 are read; see the observed "
        "resources of the order"
    )
    assert not found.rest.observed.resources
    assert not found.rest.required_resources
    context: Any = None
    rsp = asyncio.run(fn.FunctionRunner().answer_any(found, context))
    assert [(c.type, c.reason) for c in rsp.conditions] == [
        ("Accepted", "RequestUnreadable"),
        ("Current", "Updating"),
    ]
    assert isinstance(read(request(order({"version": "1.34"}))), fnv1.RunFunctionRequest)


def test_what_is_read_is_answered_as_ever() -> None:
    """The deserialiser changes nothing of a request that protobuf reads."""
    data = request(order({"version": "1.34", "variables": {"x": deep(16)}}))
    found = READ(data)
    assert found == fnv1.RunFunctionRequest.FromString(data)
    names = environment.selectors("default", "acme").keys()
    assert answer(data).requirements.resources.keys() == names


@given(st.integers(0, 2**32 - 1))
def test_no_bytes_raise(seed: int) -> None:
    """A byte of a request may be any other, or many be missing: there is an answer, and no less."""
    rng = random.Random(seed)  # noqa: S311  # cases are to be played again
    data = bytearray(
        request(
            order({"version": "1.34", "variables": {"x": deep(rng.randint(0, 40))}}),
            {"k": {"status": deep(rng.randint(0, 40))}},
            {"environment": [LAYER], "overlay": []},
        )
    )
    for _ in range(rng.randint(0, 3)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)) :]
    found = READ(bytes(data))
    if isinstance(found, wire.Unreadable):
        context: Any = None
        rsp = asyncio.run(fn.FunctionRunner().answer_any(found, context))
        assert rsp.results[-1].severity == fnv1.SEVERITY_FATAL
        assert rsp.conditions[0].type == "Accepted"


@pytest.mark.parametrize(("levels", "refused"), [(16, ""), (17, DEEP), (28, DEEP)])
def test_values_that_are_read_and_could_not_come_back(levels: int, refused: str) -> None:
    """What is rendered holds a value deeper than the order did, and is observed in turn."""
    manifest = asking.order("cluster/own-class")
    manifest["spec"]["variables"] = {"registryMirrors": deep(levels, lists=True)}
    outcome = asking.ask(manifest, asking.provider("cluster-stacks"))
    want = f"InvalidOrder: spec.variables.registryMirrors: {refused}" if refused else ""
    assert outcome.fatal == want


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_does_not_have(number: float) -> None:
    """Crossplane could not write them down; nor can they be ordered, or configured."""
    manifest = asking.order("cluster/minimal")
    manifest["spec"]["variables"] = {"dnsNameservers": [number]}
    layers = asking.provider("cluster-stacks")
    text = "must not contain NaN or infinity"
    outcome = asking.ask(manifest, layers)
    assert outcome.fatal == f"InvalidOrder: spec.variables.dnsNameservers: {text}"
    manifest = asking.order("cluster/minimal")
    pool = manifest["spec"]["nodePools"][0]
    pool.pop("flavor", None)
    pool["size"] = {"cpu": 2, "memoryGiB": number}
    fatal = asking.ask(manifest, layers).fatal
    assert fatal.startswith(f"InvalidOrder: spec.nodePools[{pool['name']}].size.memoryGiB: must be")
    catalogue = next(layer for layer in layers if "classes" in layer["data"])
    catalogue["data"]["classes"][0]["variables"]["x"] = number
    fatal = asking.ask(asking.order("cluster/minimal"), layers).fatal
    where = f"(EnvironmentConfig {name_of(catalogue)})"
    assert fatal == f"EnvironmentInvalid: classes[default]: {text} {where}"


def test_environments_that_are_nested_too_deep() -> None:
    """What they hold is rendered, and has to come back when it is observed."""
    layers = asking.provider("cluster-stacks")
    catalogue = next(layer for layer in layers if "classes" in layer["data"])
    variables = catalogue["data"]["classes"][0]["variables"]
    variables["x"] = deep(16)
    assert not asking.ask(asking.order("cluster/minimal"), layers).fatal
    variables["x"] = deep(18)
    fatal = asking.ask(asking.order("cluster/minimal"), layers).fatal
    assert fatal == (
        "EnvironmentInvalid: classes[default]: is nested too deeply; at most 19 levels are "
        f"accepted (EnvironmentConfig {name_of(catalogue)})"
    )


def name_of(layer: dict[str, Any]) -> str:
    """Return the name of an EnvironmentConfig."""
    return str(layer["metadata"]["name"])


def test_what_is_accepted_comes_back() -> None:
    """The deepest values that are accepted can be read when they are observed, on both ways."""
    manifest = asking.order("cluster/own-class")
    manifest["spec"]["variables"] = {"kernelParameters": deep(16)}
    layers = asking.provider("cluster-stacks")
    outcome = asking.ask(manifest, layers)
    assert not outcome.fatal, outcome.fatal
    (cluster,) = outcome.resources.values()
    inner = cluster["spec"]["forProvider"]["manifest"]
    seen = {**cluster, "status": {"atProvider": {"manifest": inner}}}
    data = request(order({"version": "1.34"}), {"capi-cluster": seen})
    assert isinstance(READ(data), fnv1.RunFunctionRequest)
