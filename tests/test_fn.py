"""Hold whole responses of the adapter against what Crossplane should get."""

from typing import Any

import pytest
from google.protobuf import json_format

from function import fn, plain, responses, simulate
from tests import asking
from tests.calling import REQUIREMENTS, Case, request, run

BOTH = "TARGET_COMPOSITE_AND_CLAIM"


def refused(
    reason: str, text: str, public: str | None = None, requirements: Any = None, more: Any = ()
) -> dict[str, Any]:
    """Return the response of a refusal."""
    public = text if public is None else public
    result: dict[str, Any] = {
        "meta": {"tag": "t", "ttl": "0s"},
        "desired": {},
        "context": {},
        "results": [
            {
                "severity": "SEVERITY_WARNING",
                "reason": reason,
                "message": public,
                "target": BOTH,
            },
            {"severity": "SEVERITY_FATAL", "message": f"{reason}: {text}"},
        ],
        "conditions": [
            {
                "type": "Accepted",
                "status": "STATUS_CONDITION_FALSE",
                "reason": reason,
                "message": public,
                "target": BOTH,
            },
            *more,
        ],
    }
    if requirements is not None:
        result["requirements"] = requirements
    return result


NEUTRAL = "your provider has to act before this order can be processed; nothing was changed"
ASKED = {"resources": REQUIREMENTS}
CASES = {
    "first call": Case(
        reason="nothing is known yet: only requirements, and an answer no cache may keep",
        want={
            "meta": {"tag": "t", "ttl": "0s"},
            "desired": {},
            "context": {},
            "requirements": ASKED,
        },
    ),
    "first call of 1.20": Case(
        reason="a Crossplane that advertises nothing may know only extra_resources",
        modern=False,
        want={
            "meta": {"tag": "t", "ttl": "0s"},
            "desired": {},
            "context": {},
            "requirements": {"resources": REQUIREMENTS, "extraResources": REQUIREMENTS},
        },
    ),
    "former steps pass": Case(
        reason="what other steps desire is never taken away, not even while nothing is known",
        desired=("theirs",),
        want={
            "meta": {"tag": "t", "ttl": "0s"},
            "desired": {"resources": {"theirs": {"resource": {"kind": "ConfigMap"}}}},
            "context": {},
            "requirements": ASKED,
        },
    ),
    "no environment": Case(
        reason="resolved and empty is an answer: the operator has to act, and the tenant reads so",
        layers=[],
        want=refused(
            "EnvironmentNotFound",
            "no EnvironmentConfig has the label api.scs.community/environment: default",
            "environment default is not available to you",
            ASKED,
        ),
    ),
    "invalid order": Case(
        reason="every problem at once, in the tenant's words",
        layers=asking.provider("cluster-stacks"),
        spec={"version": 1.3, "deletionPolicy": "keep"},
        want=refused(
            "InvalidOrder",
            "spec.deletionPolicy: must be one of 'Delete', 'Orphan'; spec.version: must be text, "
            'but 1.3 is a number in YAML: quote it: "1.3", or "1.30" if that is what you wrote',
            requirements=ASKED,
        ),
    ),
    "other conditions are sent again": Case(
        reason="what a FATAL leaves out would become Unknown; foreign conditions are not ours",
        layers=asking.provider("cluster-stacks"),
        spec={"version": "1.99"},
        conditions=(
            {"type": "Accepted", "status": "True", "reason": "Accepted"},
            {"type": "Current", "status": "True", "reason": "AsOrdered"},
            {"type": "BackendHealthy", "status": "Unknown", "reason": "FatalError"},
            {"type": "Ready", "status": "True", "reason": "Available"},
        ),
        want=refused(
            "InvalidOrder",
            "spec.version: not offered here; offered: 1.34.7, 1.35.4",
            requirements=ASKED,
            more=(
                {
                    "type": "Current",
                    "status": "STATUS_CONDITION_TRUE",
                    "reason": "AsOrdered",
                    "target": BOTH,
                },
                {
                    "type": "BackendHealthy",
                    "status": "STATUS_CONDITION_UNKNOWN",
                    "reason": "FatalError",
                    "target": BOTH,
                },
            ),
        ),
    ),
    "newer order": Case(
        reason="an unknown field was written for a newer function: dropping it would be a lie",
        layers=asking.provider("cluster-stacks"),
        spec={"nodePool": []},
        want=refused(
            "FunctionOutdated",
            "spec.nodePool: unknown field, did you mean nodePools? (function 0.1.0 does not know "
            "it; upgrade the function first, then the API)",
            "spec.nodePool: unknown field, did you mean nodePools?",
            ASKED,
        ),
    ),
    "nobody's order": Case(
        reason="an XR that is neither a claim's nor namespaced belongs to no tenant",
        spec={"claimRef": None},
        want=refused(
            "InvalidOrder",
            "metadata.namespace: an order belongs to a tenant: its namespace, or that of its claim",
        ),
    ),
    "unknown kind": Case(
        reason="a Composition of another kind names our function by mistake",
        kind="XDatabase",
        want=refused("InvalidOrder", "kind: must be one of Cluster, Server, Network"),
    ),
    "newer API version": Case(
        reason="its fields may mean something else",
        version="v1beta1",
        want=refused(
            "FunctionOutdated",
            "apiVersion: only api.scs.community/v1alpha1 is known; upgrade the function first, "
            "then the API",
            NEUTRAL,
        ),
    ),
    "bad input": Case(
        reason="the Composition's input is the operator's",
        input={"refresh": "fast"},
        want=refused(
            "EnvironmentInvalid", "input.refresh: must be a whole number, without quotes", NEUTRAL
        ),
    ),
    "namespaced tenants read the XR": Case(
        reason="the FATAL ends on the XR, the tenant's own there: only the public sentence",
        kind="Cluster",
        metadata={"namespace": "acme", "name": "hello"},
        layers=[{"metadata": {"name": "secret-name"}, "data": []}],
        want=refused("EnvironmentInvalid", NEUTRAL, NEUTRAL, ASKED),
    ),
    "a step before composes our key": Case(
        reason="two steps that own one key would fight; better nothing is applied",
        layers=asking.provider("cluster-stacks"),
        desired=("capi-cluster",),
        want={
            **refused(
                "EnvironmentInvalid",
                "another step of the pipeline composes: capi-cluster",
                NEUTRAL,
                ASKED,
            ),
            "desired": {"resources": {"capi-cluster": {"resource": {"kind": "ConfigMap"}}}},
        },
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_response(case: Case) -> None:
    """The whole response is what Crossplane should get."""
    assert json_format.MessageToDict(run(request(case))) == case.want, case.reason


def test_answer_is_whole() -> None:
    """An answered order has resources, status, conditions for the claim, and a TTL."""
    rsp = run(
        request(Case("", {}, layers=asking.provider("cluster-stacks"), input={"refresh": 30}))
    )
    reported = json_format.MessageToDict(rsp)
    assert reported["meta"] == {"tag": "t", "ttl": "30s"}
    assert list(reported["desired"]["resources"]) == ["capi-cluster"]
    assert reported["desired"]["resources"]["capi-cluster"]["ready"] == "READY_FALSE"
    assert reported["desired"]["composite"]["ready"] == "READY_FALSE"
    assert reported["desired"]["composite"]["resource"]["status"]["phase"] == "Pending"
    assert "results" not in reported
    assert [(c["type"], c["target"]) for c in reported["conditions"]] == [
        (kind, BOTH) for kind in responses.CONDITIONS
    ]


def test_an_unexpected_error_is_one_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug of ours applies nothing, and its text, which may hold anything, stays in the log."""

    def broken(*_: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(fn, "compose", broken)
    rsp = run(request(Case("", {}, layers=asking.provider("cluster-stacks"))))
    want = refused(
        "InternalError",
        "RuntimeError, see the log",
        "an error of the provider's software; nothing was changed",
        ASKED,
    )
    assert json_format.MessageToDict(rsp) == want


@pytest.mark.parametrize("status", ["text", {"conditions": 3}, {"conditions": [3, {"type": 1}]}])
def test_a_refusal_survives_a_malformed_status(status: Any) -> None:
    """A refusal never fails over what it wants to send again."""
    req = request(Case("", {}, layers=[]))
    req.observed.composite.resource.MergeFrom(plain.to_struct({"status": status}))
    assert [c.type for c in run(req).conditions] == ["Accepted"]


def test_same_request_same_bytes() -> None:
    """Nothing in an answer depends on chance, on the order of a map, or on the time of day."""
    req = request(Case("", {}, layers=asking.provider("cluster-stacks")))
    answers = {run(req).SerializeToString(deterministic=True) for _ in range(5)}
    assert len(answers) == 1


def test_only_our_resources_are_looked_at() -> None:
    """Another step's resource is not converted, whatever it holds."""
    req = request(Case("", {}, layers=asking.provider("cluster-stacks")))
    req.observed.resources["theirs"].resource.CopyFrom(
        plain.to_struct({"kind": "Any", "metadata": {"labels": "not a mapping"}})
    )
    assert list(run(req).desired.resources) == ["capi-cluster"]


def test_integral_numbers_are_integers() -> None:
    """A Struct knows doubles only; what is integral is an int again, what is not stays."""
    data = {"a": 3, "b": 2.5, "c": [1, 2**60], "d": None, "e": True, "f": {}, "g": ""}
    assert plain.to_dict(plain.to_struct(data)) == {**data, "c": [1, float(2**60)]}
    assert type(plain.to_dict(plain.to_struct(data))["a"]) is int


def test_managed_fields_are_skipped() -> None:
    """The larger half of an observed object is never converted."""
    data = {"metadata": {"name": "x", "managedFields": [{}]}, "status": {"a": 1}}
    assert plain.to_manifest(plain.to_struct(data)) == {
        "metadata": {"name": "x"},
        "status": {"a": 1},
    }
    assert plain.to_manifest(plain.to_struct({"metadata": "odd"})) == {"metadata": "odd"}


def test_second_pass_over_own_output_changes_nothing() -> None:
    """What is observed as desired is desired again, byte for byte."""
    order, layers = asking.order("server/web"), asking.provider("cluster-stacks")
    outcome = asking.ask(order, layers)
    for _ in range(5):
        outcome = asking.ask(order, layers, simulate.play(outcome.resources))
    assert outcome == asking.ask(order, layers, simulate.play(outcome.resources))
    assert outcome.complete


@pytest.mark.parametrize("layers", [[], asking.provider("cluster-stacks")], ids=["none", "some"])
def test_layers_of_the_previous_environment_are_not_read(layers: list[Any]) -> None:
    """Crossplane 2.4 sends what the call before required: after a move that is stale.

    A FATAL from stale layers would stay forever: Crossplane does not call again after one, and
    remembers requirements of successful calls only.
    """
    previous = request(Case(reason="", want={}, layers=layers))
    req = request(Case(reason="", want={}, spec={"environment": "elsewhere"}))
    for key, resolved in previous.required_resources.items():
        req.required_resources[key].CopyFrom(resolved)
    rsp = run(req)
    assert (list(rsp.results), list(rsp.conditions)) == ([], [])
    wanted = [dict(one.match_labels.labels) for one in rsp.requirements.resources.values()]
    assert {one.popitem()[1] for one in wanted} <= {"elsewhere", "acme"}
    assert rsp.requirements.resources.keys().isdisjoint(previous.required_resources)
