"""The whole of an order has limits: what new orders may ask for, and what becomes of live ones."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import (
    bound,
    diagnosis,
    excerpts,
    fn,
    local,
    plain,
    report,
    responses,
    simulate,
    sizes,
)
from function.contract import Mode, Rendered
from function.paths import replaced
from tests import asking
from tests.asking import Manifest, settled
from tests.measuring import instructions

LAYERS = asking.provider("cluster-stacks")


def server(**spec: Any) -> Manifest:
    """Return an order for servers that is not protected."""
    order = asking.order("server/web")
    return {**order, "spec": {**order["spec"], "deletionProtection": False, **spec}}


def peers(count: int, **rule: Any) -> Manifest:
    """Return a firewall with as many flat rules."""
    rules = [
        {
            "protocol": "tcp",
            "ports": "443",
            "from": [f"10.{n}.{m}.0/24" for m in range(min(50, count - n * 50))],
            **rule,
        }
        for n in range((count + 49) // 50)
    ]
    return {"ingress": rules, "egress": []}


def live(order: Manifest) -> dict[str, local.Observed]:
    """Return all of an order as it is observed once it is built."""
    return simulate.play(settled(order, LAYERS).resources)


def refusal(order: Manifest, observed: dict[str, local.Observed] | None = None) -> str:
    """Return why an order is refused; empty if it is not."""
    outcome = asking.ask(order, LAYERS, observed)
    assert not outcome.fatal or not outcome.resources
    return outcome.fatal


def test_more_than_crossplane_could_receive() -> None:
    """A hundred rules of fifty peers were an answer of 4.7 MB, which nobody ever saw."""
    ingress = peers(2500)["ingress"]
    egress = [{"protocol": "tcp", "ports": "80", "to": rule["from"]} for rule in ingress]
    order = server(replicas=1, firewall={"ingress": ingress, "egress": egress})
    order["metadata"]["name"] = "n" * 57
    assert refusal(order) == (
        "InvalidOrder: spec: needs 5005 resources (spec.firewall: 5000, "
        "spec.networks: 1, spec.publicIP: 1), at most 2500 are accepted per order; "
        "reduce the order, or split it"
    )


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let orders have few resources only, from when it is called."""
    return lambda count: monkeypatch.setattr(sizes, "RESOURCES", count)


def test_a_new_order_up_to_the_limit(few: Callable[[int], None]) -> None:
    """Those of later waves count, so that no order stops half built."""
    order = server(firewall=peers(5))
    count = len(live(order))
    assert count > len(asking.ask(order, LAYERS).resources)
    few(count)
    assert not refusal(order)
    few(count - 1)
    assert refusal(order) == (
        f"InvalidOrder: spec: needs {count} resources (spec.firewall: 5, "
        f"spec.networks: 3, spec.publicIP: 3), at most {count - 1} are accepted per order; "
        "reduce the order, or split it"
    )


def test_an_edit_may_not_grow_beyond_the_limit(few: Callable[[int], None]) -> None:
    """It is refused, and nothing live is touched."""
    observed = live(server(firewall=peers(5)))
    few(len(observed) + 1)
    assert not refusal(server(firewall=peers(6)), observed)
    assert "at most" in refusal(server(firewall=peers(7)), observed)


def test_a_live_order_beyond_the_limit_goes_on(few: Callable[[int], None]) -> None:
    """It is answered in full, may be edited, and may shrink; it may not grow."""
    order = server(firewall=peers(5))
    observed = live(order)
    few(3)
    same = asking.ask(order, LAYERS, observed)
    assert (same.fatal, set(same.resources), same.complete) == ("", set(observed), True)
    edits = {
        "more": server(firewall=peers(6)),
        "others": server(firewall=peers(5, ports="80")),
        "less": server(firewall=peers(4)),
        "a label": server(firewall=peers(5), labels={"a": "b"}),
        "stopped": server(firewall=peers(5), running=False),
    }
    texts = {name: refusal(edit, observed) for name, edit in edits.items()}
    assert {name for name, text in texts.items() if text} == {"more"}
    assert f"needs {len(observed) + 1} resources" in texts["more"]
    assert f"at most {3} are accepted" in texts["more"]


def test_a_live_order_beyond_the_limit_that_is_half_built(few: Callable[[int], None]) -> None:
    """What counts is what it asked for, not what is there of it yet."""
    order = server(firewall=peers(5))
    first = simulate.play(asking.ask(order, LAYERS).resources)
    few(3)
    # Crossplane asks again before the tenant edits: this is when the size is remembered.
    observed = simulate.play(asking.ask(order, LAYERS, first).resources)
    partly = {key: one for key, one in observed.items() if not key.startswith("openstack-rule")}
    assert not refusal(server(firewall=peers(5, ports="80")), partly)
    assert "needs" in refusal(server(firewall=peers(6)), partly)


def test_the_size_is_remembered_beyond_the_limits_only(few: Callable[[int], None]) -> None:
    """The record of every other order stays as it is, byte for byte."""
    order = server(firewall=peers(5))
    observed = live(order)

    def recorded() -> Manifest:
        root = asking.ask(order, LAYERS, observed).resources["openstack-secgroup"]
        found = bound.decode(root["metadata"]["annotations"][bound.ANNOTATION])
        assert found
        return dict(found.size)

    assert recorded() == {}
    few(3)
    assert recorded()["resources"] == len(observed)


def test_bytes_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """User data count for each server, also before the first server is made."""
    order = server(replicas=5, userData="#cloud-config\n" + "#" * 20_000, sshKeys=[])
    size = sum(plain.to_struct(one.manifest["spec"]).ByteSize() for one in live(order).values())
    assert size > 5 * 20_000
    monkeypatch.setattr(sizes, "ANSWER", 60_000)
    text = refusal(order)
    assert text.startswith("InvalidOrder: spec: needs resources of 12")
    assert text.endswith("at most 60000 are accepted per order; reduce the order, or split it")
    assert not refusal(server(replicas=2, userData="#cloud-config\n" + "#" * 20_000, sshKeys=[]))


def test_live_bytes_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the number of resources: it goes on, and may not grow."""
    order = server(replicas=3, volumes=[])
    observed = live(order)
    monkeypatch.setattr(sizes, "ANSWER", 2000)
    assert not refusal(order, observed)
    assert not refusal(server(replicas=3, volumes=[], labels={"a": "b"}), observed)
    assert not refusal(server(replicas=2, volumes=[]), observed)
    assert "needs resources of" in refusal(server(replicas=4, volumes=[]), observed)


@pytest.mark.parametrize("example", ["server/full", "server/web", "network/minimal"])
@pytest.mark.parametrize("mode", Mode)
def test_the_estimate_is_close(example: str, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted in compose is what Crossplane gets, give or take a tenth."""
    order, seen = asking.order(example), list[sizes.Size]()
    counted = sizes.of

    def recorded(one: Any, rendered: Rendered) -> sizes.Size:
        seen.append(counted(one, rendered))
        return seen[-1]

    monkeypatch.setattr(sizes, "of", recorded)
    observed: dict[str, local.Observed] = {}
    for _ in range(5):
        outcome = asking.ask(order, LAYERS, observed, mode)
        observed = simulate.play(outcome.resources)
    structs = {key: plain.to_struct(one) for key, one in outcome.resources.items()}
    size = sum(len(key) + struct.ByteSize() + 10 for key, struct in structs.items())
    assert seen[-1].resources == len(structs)
    assert 0.8 * size < seen[-1].content < 1.25 * size
    assert 0.7 * size < seen[0].content < 1.5 * size


@pytest.mark.parametrize("provider", ["cluster-stacks", "gardener"])
def test_one_object_has_limits(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster is one object, however many pools it has."""
    layers = asking.provider(provider)
    order = asking.order("cluster/minimal")
    taints = [{"key": f"k{n}", "value": "v" * 63, "effect": "NoSchedule"} for n in range(16)]
    name = order["spec"]["nodePools"][0]["name"]
    large, larger = (
        replaced(order, f"spec.nodePools[{name}].taints", each) for each in (taints[:8], taints)
    )
    observed = simulate.play(settled(large, layers).resources)
    monkeypatch.setattr(sizes, "PAYLOAD", 2000)
    assert asking.ask(large, layers).fatal.startswith("InvalidOrder: spec.nodePools: takes ")
    assert asking.ask(large, layers).fatal.endswith(
        " bytes in one object, at most 2000 are accepted; use fewer entries, or shorter ones"
    )
    assert not asking.ask(large, layers, observed).fatal
    assert asking.ask(larger, layers, observed).fatal.startswith("InvalidOrder: spec.nodePools")
    fewer = replaced(order, f"spec.nodePools[{name}].taints", taints[1:8])
    assert not asking.ask(fewer, layers, observed).fatal


def test_what_is_remembered_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes takes 256 KiB of annotations; a live order beyond our limit goes on."""
    order, longer = server(firewall=peers(20)), server(firewall=peers(21))
    observed = live(order)
    monkeypatch.setattr(sizes, "ANNOTATIONS", 500)
    assert refusal(order).startswith("InvalidOrder: spec: its record takes ")
    assert "at most 500 are accepted" in refusal(order)
    assert not refusal(order, observed)
    assert "at most 500 are accepted" in refusal(longer, observed)
    assert not refusal(server(firewall=peers(19)), observed)
    monkeypatch.setattr(sizes, "STORED", 600)
    assert not refusal(order, observed)


def test_a_live_answer_that_cannot_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused rather than lost on the way: live resources stay, and the tenant reads why."""
    order = server(firewall=peers(9))
    observed = live(order)
    monkeypatch.setattr(sizes, "RECEIVED", 5000)
    outcome = asking.ask(order, LAYERS, observed)
    assert outcome.fatal.startswith("InvalidOrder: spec: its resources take ")
    assert outcome.fatal.endswith(
        "and Crossplane receives at most 5000 at once; reduce the order, or split it"
    )
    accepted, *_ = outcome.composite["status"]["conditions"]
    assert (accepted["type"], accepted["status"], accepted["reason"]) == (
        "Accepted", "False", "InvalidOrder",
    )  # fmt: skip
    assert not asking.ask(server(firewall={"egress": []}, replicas=1), LAYERS, {}).fatal


@pytest.mark.parametrize("wrong", [False, True])
def test_other_steps_that_desire_too_much(wrong: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the tenant's to correct, and even the refusal has to arrive."""
    monkeypatch.setattr(sizes, "RECEIVED", 40_000)
    responses: list[fnv1.RunFunctionResponse] = []
    runner = fn.FunctionRunner()

    async def run(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        padding = plain.to_struct({"kind": "ConfigMap", "data": {"a": "x" * 39_000}})
        req.desired.resources["theirs"].resource.CopyFrom(padding)
        responses.append(await runner.RunFunction(req, None))
        return responses[-1]

    order = server(flavor="SCS-99V-1" if wrong else "SCS-2V-4", firewall=peers(9))
    outcome = asyncio.run(local.answer(run, local.composite_of(order, Mode.CLAIMS), LAYERS, {}))
    assert outcome.fatal.startswith("InvalidOrder" if wrong else "EnvironmentInvalid: other steps")
    assert responses[-1].ByteSize() <= 40_000


def test_status_is_bounded() -> None:
    """Whatever a provider reports, and however many remarks there are."""
    text = "x" * 200_000
    found = report.bounded({"phase": "Ready", "message": text, "kubeconfig": text})
    assert found == {"phase": "Ready", "message": excerpts.cut(text)}
    assert len(found["message"].encode()) == excerpts.TEXT_OUT
    short = {"kubeconfig": "y" * 100_000, "servers": [{"addresses": [{"address": "a"}]}]}
    assert report.bounded(short) == short
    many = report.bounded({"servers": [{"name": str(n)} for n in range(300)]})
    assert len(many["servers"]) == report.MOST
    huge = report.bounded({"phase": "Ready", "servers": [{"name": text} for _ in range(50)]})
    assert huge == {
        "phase": "Ready",
        "notes": [
            {
                "field": "status",
                "message": "lists are omitted, because the status is too large",
            }
        ],
    }


def test_remarks_are_bounded() -> None:
    """The first are shown, and how many more there are."""
    labels = {"kept.example.com/a": "b"}
    pools = [
        {"name": f"p{n}", "flavor": "SCS-2V-8", "replicas": 1, "labels": labels,
         "annotations": labels, "antiAffinity": True,
         "dataVolumes": [{"name": "d", "sizeGiB": 1}]}
        for n in range(50)
    ]  # fmt: skip
    layers = asking.provider("cluster-stacks")
    for layer in layers:
        layer["data"].pop("limits", None)
    order = replaced(asking.order("cluster/minimal"), "spec.nodePools", pools)
    outcome = asking.ask(order, layers)
    status = outcome.composite["status"]
    unsupported = status["unsupported"]
    assert len(unsupported) == report.MOST
    assert unsupported[-1] == {"field": "spec", "reason": "and 51 more"}
    [supported] = [c for c in status["conditions"] if c["type"] == "FullySupported"]
    assert supported["message"].endswith(" and 130 more")


def test_conditions_and_results_are_cut_on_their_way_out() -> None:
    """Also those that are sent again as they were observed."""
    text = "x" * 100_000
    req = fnv1.RunFunctionRequest()
    conditions = [
        {"type": kind, "status": "True", "message": text} for kind in responses.CONDITIONS
    ]
    status = plain.to_struct({"status": {"conditions": conditions}})
    req.observed.composite.resource.CopyFrom(status)
    rsp = responses.refuse(req, "InvalidOrder", text, text)
    texts = [r.message for r in rsp.results] + [c.message for c in rsp.conditions]
    assert len(texts) == 2 + len(responses.CONDITIONS)
    assert {len(one.encode()) for one in texts} == {excerpts.TEXT_OUT}


def test_a_message_of_others_is_cut_on_its_way_in() -> None:
    """Only its beginning is read, whoever reads it."""
    text = "b" * 100_000
    status = {"conditions": [{"type": "Synced", "status": "False", "message": text}]}
    condition = diagnosis.condition_of(status, "Synced")
    assert condition["message"] == excerpts.cut(text, excerpts.TEXT_IN)
    assert len(condition["message"]) <= excerpts.TEXT_IN
    assert condition["status"] == "False"


def steps(order: Manifest, observed: dict[str, local.Observed], layers: list[Manifest]) -> int:
    """Return how many instructions it takes to answer an order whose environment is known."""
    composite = local.composite_of(order, Mode.CLAIMS)
    requests: list[fnv1.RunFunctionRequest] = []
    runner = fn.FunctionRunner()

    async def run(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        requests.append(req)
        return await runner.RunFunction(req, None)

    asyncio.run(local.answer(run, composite, layers, observed))
    with asyncio.Runner() as loop:
        loop.run(runner.RunFunction(requests[-1], None))
        return instructions(lambda: loop.run(runner.RunFunction(requests[-1], None)))


def stamped(layers: list[Manifest]) -> list[Manifest]:
    """Return layers with versions, so that they are parsed once."""
    for layer in layers:
        layer["metadata"] |= {"uid": layer["metadata"]["name"], "resourceVersion": "1"}
        layer["data"].pop("limits", None)
    return layers


def rules_taken_out(count: int) -> int:
    """Take a firewall of that many rules out."""
    observed = live(server(firewall=peers(count)))
    return steps(
        server(firewall={"egress": []}), observed, stamped(asking.provider("cluster-stacks"))
    )


def servers_taken_out(count: int) -> int:
    """Go from many servers with volumes to one without."""
    volumes = [{"name": f"v{n}", "sizeGiB": 1} for n in range(count // 20)]
    layers = stamped(asking.provider("cluster-stacks"))
    made = settled(server(replicas=20, volumes=volumes), layers)
    return steps(server(replicas=1), simulate.play(made.resources), layers)


def pools_of_unknown_flavors(count: int) -> int:
    """Order pools whose flavors are not among those offered, of which there are as many."""
    layers = stamped(asking.provider("cluster-stacks"))
    catalogue = next(layer for layer in layers if "flavors" in layer["data"])
    catalogue["data"]["flavors"] += [{"name": f"SCS-{n + 20}V-{n + 1}"} for n in range(count)]
    pools = [{"name": f"p{n}", "flavor": f"SCS-9T-{n + 1}", "replicas": 1} for n in range(10)]
    return steps(replaced(asking.order("cluster/minimal"), "spec.nodePools", pools), {}, layers)


@pytest.mark.parametrize("work", [rules_taken_out, servers_taken_out, pools_of_unknown_flavors])
def test_work_grows_no_faster_than_the_order(work: Callable[[int], int]) -> None:
    """Three times as much takes about three times as many steps, not nine times."""
    few, many = work(40), work(120)
    assert many < 4.5 * few
