"""Large, broken and many environments: linear work, done once, and nobody waits for another's."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import assembly, environment, fn, local, plain
from function.backends import SETTINGS
from function.calls import Call
from function.contract import Mode
from function.errors import EnvironmentInvalid
from function.model import API_GROUP
from tests.asking import Manifest
from tests.measuring import instructions
from tests.samples import UBUNTU, manifest


def layers(name: str = "default", *, version: str = "1", **data: Any) -> list[Manifest]:
    """Return an environment for servers, as an API server holds it."""
    least = {
        "displayName": "Cloud",
        "kinds": {"Server": "openstack"},
        "flavors": [{"name": "SCS-2V-4"}],
        "images": [UBUNTU],
        "backends": {
            "openstack": {
                "networks": [{"name": "backend", "id": "n", "subnet": "s"}],
                "defaultNetwork": "backend",
            }
        },
        "overlays": "Optional",
    }
    return [layer(f"{name}-root", {f"{API_GROUP}/environment": name}, version, least | data)]


def overlay(tenant: str, *, version: str = "1", **data: Any) -> Manifest:
    """Return a tenant's layer over the environment `default`."""
    labels = {f"{API_GROUP}/overlay": "default", f"{API_GROUP}/tenant": tenant}
    return layer(f"of-{tenant}", labels, version, data)


def layer(name: str, labels: dict[str, str], version: str, data: Manifest) -> Manifest:
    """Return an EnvironmentConfig."""
    identity = {"name": name, "uid": name, "resourceVersion": version}
    return {"metadata": {**identity, "labels": labels}, "data": data}


def flavors(count: int, **more: Any) -> list[Manifest]:
    """Return flavors that are no SCS names."""
    return [{"name": f"m1.n{n}", "cpu": 2, "memoryGiB": 4, **more} for n in range(count)]


def request(
    documents: list[Manifest], tenant: str = "acme", name: str = "default", flavor: str = "SCS-2V-4"
) -> fnv1.RunFunctionRequest:
    """Return the request of a new order, its environment found."""
    image = {"os": "ubuntu", "version": "24.04"}
    spec = {"environment": name, "flavor": flavor, "image": image}
    order = manifest("Server", spec, "web", tenant)
    req = fnv1.RunFunctionRequest()
    composite = local.composite_of(order, Mode.CLAIMS)
    req.observed.composite.resource.CopyFrom(plain.to_struct(composite))
    for key, labels in environment.selectors(name, tenant).items():
        req.required_resources[key].SetInParent()
        for found in local.matching(documents, labels):
            req.required_resources[key].items.add().resource.CopyFrom(plain.to_struct(found))
    return req


def run(runner: fn.FunctionRunner, req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
    """Call the function once."""
    return asyncio.run(runner.RunFunction(req, None))


def fatal(rsp: fnv1.RunFunctionResponse) -> str:
    """Return the text of the FATAL; empty if there is none."""
    return next((r.message for r in rsp.results if r.severity == fnv1.SEVERITY_FATAL), "")


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the names of the layers that are converted, in order."""
    names: list[str] = []
    convert = plain.to_manifest

    def recorded(struct: Any, leave_out: str = "") -> dict[str, Any]:
        manifest = convert(struct, leave_out)
        if "data" in manifest:
            names.append(manifest["metadata"]["name"])
        return manifest

    monkeypatch.setattr(plain, "to_manifest", recorded)
    return names


def test_layers_are_parsed_once_for_each_version(parsed: list[str]) -> None:
    """In whatever order they are delivered; what has no version is parsed each time."""
    runner = fn.FunctionRunner()
    more = layer("more", {f"{API_GROUP}/environment": "default"}, "1", {"zones": [{"name": "a"}]})
    both = [*layers(layers=["more"]), more]
    for documents in (both, both, both[::-1]):
        assert not fatal(run(runner, request(documents)))
    assert parsed == ["default-root", "more"]
    run(runner, request([*layers(version="2", layers=["more"]), more]))
    assert len(parsed) == 4
    del more["metadata"]["resourceVersion"]
    for _ in range(2):
        run(runner, request(both))
    assert len(parsed) == 8


BROKEN: dict[str, tuple[list[Manifest], str]] = {
    "a wrong value": (layers(flavors=[{"name": "m1", "cpu": 2}]), "flavors[m1]: "),
    "layers that contradict each other": (
        [
            *layers(layers=["more"], displayName="A"),
            layer("more", {f"{API_GROUP}/environment": "default"}, "1", {"displayName": "B"}),
        ],
        "displayName: EnvironmentConfigs",
    ),
    "no root": ([layer("x", {f"{API_GROUP}/environment": "default"}, "1", {})], "environment "),
    "an overlay": ([*layers(), overlay("acme", limits={"cpu": "two"})], "limits.cpu: "),
}


@pytest.mark.parametrize(("documents", "text"), BROKEN.values(), ids=BROKEN)
def test_refusals_are_remembered(documents: list[Manifest], text: str, parsed: list[str]) -> None:
    """A broken environment costs its parse once, until one of its layers changes."""
    runner = fn.FunctionRunner()
    broken = request(documents)
    texts = {fatal(run(runner, broken)) for _ in range(3)}
    assert len(texts) == 1
    assert texts.pop().startswith(f"EnvironmentInvalid: {text}")
    assert len(parsed) == len(documents)
    assert not fatal(run(runner, request(layers(version="2"))))


def test_a_remembered_refusal_keeps_no_request_alive() -> None:
    """An exception holds the frames it passed through, and with them what a call brought."""
    runner = fn.FunctionRunner()
    for _ in range(3):
        run(runner, request(layers(flavors=[{"name": "m1"}])))
    [(_, retained)] = runner._assembly._kept.values()
    assert isinstance(retained, environment.Foundation)
    assert isinstance(retained.refusal, EnvironmentInvalid)
    assert (retained.refusal.__traceback__, retained.refusal.__context__) == (None, None)


def test_environments_that_tenants_make_up_are_not_kept() -> None:
    """What is not there takes no memory, however many names are tried."""
    runner = fn.FunctionRunner()
    for n in range(3):
        assert "EnvironmentNotFound" in fatal(run(runner, request([], name=f"x{n}")))
    assert not runner._assembly._kept


def test_hundreds_of_tenants_with_overlays(parsed: list[str]) -> None:
    """Base layers are parsed once, overlays once, and what no overlay touches is held once."""
    runner = fn.FunctionRunner()
    tenants = [f"t{n}" for n in range(150)]
    base = layers(flavors=[{"name": "SCS-2V-4"}, *flavors(20)])
    requests = [
        request([*base, overlay(t, limits={"cpu": n + 2}, flavors=[{"name": "SCS-4V-8"}])], t)
        for n, t in enumerate(tenants)
    ]
    with asyncio.Runner() as loop:
        answers = [loop.run(runner.RunFunction(req, None)) for req in requests * 2]
    assert not any(map(fatal, answers))
    assert sorted(parsed) == sorted(["default-root", *(f"of-{tenant}" for tenant in tenants)])
    views = [one for _, one in runner._assembly._kept.values()]
    found = [one.settings for one in views if not isinstance(one, Exception) and one.settings]
    assert {one.limits.cpu for one in found} == {None, *range(2, 152)}
    assert len({id(one.images) for one in found}) == 1
    assert len({id(flavor) for one in found for flavor in one.flavors}) == 21 + 150
    assert len({id(one.backends["openstack"]) for one in found}) == 1


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch, parsed: list[str]) -> None:
    """The least recently used goes first; the one in use stays, however large."""
    runner = fn.FunctionRunner()
    base, _ = environment.selectors("e0", "acme")
    size = request(layers("e0"), name="e0").required_resources[base].items[0].ByteSize()
    monkeypatch.setattr(assembly, "_KEPT", 3 * size)
    requests = [request(layers(f"e{n}"), name=f"e{n}") for n in range(4)]
    for n in (0, 1, 2, 0, 3, 0, 2):
        run(runner, requests[n])
    assert parsed == ["e0-root", "e1-root", "e2-root", "e3-root"]
    run(runner, requests[1])
    assert (len(parsed), len(runner._assembly._kept)) == (5, 3)
    monkeypatch.setattr(assembly, "_KEPT", 0)
    for _ in range(2):
        run(runner, requests[3])
    assert (len(parsed), len(runner._assembly._kept)) == (6, 1)
    assert runner._assembly._size == size


def larger(count: int) -> list[Manifest]:
    """Return the flavors of another layer, which say otherwise."""
    return [{"name": f"m1.n{n}", "memoryGiB": 8} for n in range(count)]


def contradicted(count: int) -> list[Manifest]:
    """Return two base layers that set each flavor differently."""
    labels = {f"{API_GROUP}/environment": "default"}
    other = layer("more", labels, "1", {"flavors": larger(count)})
    return [*layers(layers=["more"], flavors=flavors(count)), other]


def retyped(count: int) -> list[Manifest]:
    """Return two base layers one of which has values where the other has mappings."""
    labels = {f"{API_GROUP}/environment": "default"}
    deep: Manifest = {f"v{n}": {"a": {"b": n}, "c": n} for n in range(count)}
    flat = dict.fromkeys(deep, 1)
    one, two = ([{"name": "default", "profile": "scs2", "variables": v}] for v in (deep, flat))
    return [
        *layers(layers=["more"], classes=one),
        layer("more", labels, "1", {"classes": two}),
    ]


GROWTH: dict[str, Callable[[int], list[Manifest]]] = {
    "good": lambda count: layers(flavors=flavors(count)),
    "wrong values": lambda count: layers(flavors=flavors(count, cpu="two")),
    "unknown fields": lambda count: layers(
        flavors=[{**one, f"x{n}": 1} for n, one in enumerate(flavors(count))]
    ),
    "missing fields": lambda count: layers(flavors=[{"name": f"m{n}"} for n in range(count)]),
    "contradicted": contradicted,
    "retyped": retyped,
    "overlaid": lambda count: [
        *layers(flavors=flavors(count)),
        overlay("acme", flavors=larger(count)),
    ],
    "overlay without fitting values": lambda count: [
        *layers(flavors=flavors(count)),
        overlay("acme", flavors=flavors(count, cpu="two")),
    ],
    "overlay of other types": lambda count: [
        *layers(classes=[{"name": "x", "profile": "scs2", "variables": {"v": {
            f"k{n}": {"a": n} for n in range(count)}}}]),
        overlay("acme", classes=[{"name": "x", "variables": {"v": dict.fromkeys(
            (f"k{n}" for n in range(count)), 1)}}]),
    ],
    "many layers": lambda count: [
        *layers(layers=[f"l{n}" for n in range(count)]),
        *(layer(f"l{n}", {f"{API_GROUP}/environment": "default"}, "1", {}) for n in range(count)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("build", GROWTH.values(), ids=GROWTH)
def test_work_grows_no_faster_than_the_environment(
    build: Callable[[int], list[Manifest]],
) -> None:
    """Four times as much takes about four times as many steps, not sixteen times."""
    few, many = (steps(build(count)) for count in (60, 240))
    assert many < 6 * few


def steps(documents: list[Manifest]) -> int:
    """Return how many instructions it takes to parse an environment, and nothing else."""
    selectors = environment.selectors("default", "acme").values()
    base, config = (local.matching(documents, labels) for labels in selectors)

    def work() -> None:
        with contextlib.suppress(EnvironmentInvalid):
            environment.assemble("default", base, config, SETTINGS)

    return instructions(work)


def test_twenty_problems_are_reported() -> None:
    """And how many more there are, to the operator and in the log."""
    calls: list[Call] = []
    runner = fn.FunctionRunner(calls.append)
    text = fatal(run(runner, request(layers(flavors=flavors(500, cpu="two")))))
    assert text.count("must be a whole number") == 20
    assert text.endswith("; and 480 more")
    assert len(calls[0].line()["problems"]) == 21


class Gate:
    """Hold the first parse of one environment back until it is let through."""

    def __init__(self, name: str) -> None:
        """Close the gate."""
        self.name, self.parses, self.opened = name, 0, threading.Event()
        self._parse = environment.foundation

    def __call__(self, name: str, *args: Any) -> environment.Foundation:
        """Parse, when the gate is open."""
        if name == self.name:
            self.parses += 1
            assert self.opened.wait(30), "nothing else was answered meanwhile"
        return self._parse(name, *args)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Give the gate of the environment `large`."""
    held = Gate("large")
    monkeypatch.setattr(environment, "foundation", held)
    yield held
    held.opened.set()


def test_others_are_answered_while_a_large_environment_is_parsed(gate: Gate) -> None:
    """Its parse is not on the event loop; an honest order of another environment comes first."""
    large = request(layers("large", flavors=flavors(5000)), name="large", flavor="m1.n7")

    async def both() -> list[str]:
        runner, answered = fn.FunctionRunner(), list[str]()

        async def one(name: str, req: fnv1.RunFunctionRequest) -> None:
            assert not fatal(await runner.RunFunction(req, None))
            answered.append(name)
            if name == "honest":
                gate.opened.set()

        await asyncio.gather(one("large", large), one("honest", request(layers())))
        return answered

    assert asyncio.run(both()) == ["honest", "large"]


def test_all_who_wait_for_a_large_environment_share_one_parse(gate: Gate) -> None:
    """Twenty orders of it at once cost no more than one; who goes away takes nothing along."""
    large = request(layers("large", flavors=flavors(5000, cpu="two")), name="large")

    async def many() -> list[str]:
        runner = fn.FunctionRunner()
        tasks = [asyncio.create_task(runner.RunFunction(large, None)) for _ in range(20)]
        while gate.parses == 0:
            await asyncio.sleep(0.01)
        tasks[0].cancel()
        gate.opened.set()
        return [fatal(rsp) for rsp in await asyncio.gather(*tasks[1:])]

    texts = asyncio.run(many())
    assert (len(texts), len(set(texts)), gate.parses) == (19, 1, 1)
    assert texts[0].startswith("EnvironmentInvalid: flavors[m1.n0].cpu: must be a whole number")


class Context:
    """Stand for the context of a call whose client may have gone."""

    def __init__(self, *, cancelled: bool = False, remaining: float | None = None) -> None:
        """Say what became of the client."""
        self._cancelled, self._remaining = cancelled, remaining

    def cancelled(self) -> bool:
        """Say whether the client has cancelled the call."""
        return self._cancelled

    def time_remaining(self) -> float | None:
        """Return the seconds until the client gives up."""
        return self._remaining

    async def abort(self, code: grpc.StatusCode, details: str) -> None:
        """End the call, as gRPC does."""
        raise grpc.aio.AbortError(code, details)


@pytest.mark.parametrize(
    "context", [Context(cancelled=True), Context(remaining=0)], ids=["cancelled", "too late"]
)
def test_what_nobody_waits_for_is_not_computed(
    context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends as an error: an answer without resources would delete what it is for."""
    monkeypatch.setattr(fn, "compose", lambda *_: pytest.fail("was computed"))
    calls: list[Call] = []
    with pytest.raises(grpc.aio.AbortError):
        asyncio.run(fn.FunctionRunner(calls.append).RunFunction(request(layers()), context))
    assert [call.outcome for call in calls] == ["cancelled"]


@pytest.mark.parametrize("remaining", [None, 5.0])
def test_what_somebody_waits_for_is_computed(remaining: float | None) -> None:
    """A client without a deadline, or with time left, gets its answer."""
    context: Any = Context(remaining=remaining)
    rsp = asyncio.run(fn.FunctionRunner().RunFunction(request(layers()), context))
    assert not fatal(rsp)
