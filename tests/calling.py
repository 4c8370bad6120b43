"""Call the adapter once, with a request as Crossplane writes it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import fn, local, plain
from function.contract import Mode
from tests import asking

REQUIREMENTS = {
    "environment default": {
        "apiVersion": "apiextensions.crossplane.io/v1beta1",
        "kind": "EnvironmentConfig",
        "matchLabels": {"labels": {"api.scs.community/environment": "default"}},
    },
    "overlay default": {
        "apiVersion": "apiextensions.crossplane.io/v1beta1",
        "kind": "EnvironmentConfig",
        "matchLabels": {
            "labels": {
                "api.scs.community/overlay": "default",
                "api.scs.community/tenant": "acme",
            }
        },
    },
}
MODERN = [fnv1.CAPABILITY_CAPABILITIES, fnv1.CAPABILITY_REQUIRED_RESOURCES]


@dataclass
class Case:
    """One request, and the whole response it should get.

    Attributes:
        reason: Why the response is right.
        want: The response as JSON.
        spec: Replaces fields of the order's spec.
        metadata: Replaces fields of the XR's metadata.
        kind: Kind of the XR.
        version: API version of the XR.
        layers: What Crossplane found for the environment; None if it has not looked yet.
        modern: Whether Crossplane advertises capabilities.
        input: Input of the composition step.
        desired: Keys that former steps desire.
        conditions: Conditions of the XR.
    """

    reason: str
    want: dict[str, Any]
    spec: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    kind: str = "XCluster"
    version: str = "v1alpha1"
    layers: list[Any] | None = None
    modern: bool = True
    input: dict[str, Any] = field(default_factory=dict)
    desired: tuple[str, ...] = ()
    conditions: tuple[dict[str, Any], ...] = ()


def request(case: Case) -> fnv1.RunFunctionRequest:
    """Build the request of a case."""
    composite = local.composite_of(asking.order("cluster/minimal"), Mode.CLAIMS)
    composite = {
        **composite,
        "apiVersion": f"api.scs.community/{case.version}",
        "kind": case.kind,
        "metadata": {**composite["metadata"], **case.metadata},
        "spec": {**composite["spec"], **case.spec},
        "status": {"conditions": list(case.conditions)},
    }
    req = fnv1.RunFunctionRequest(meta=fnv1.RequestMeta(tag="t"))
    req.meta.capabilities.extend(MODERN if case.modern else [])
    req.observed.composite.resource.CopyFrom(plain.to_struct(composite))
    req.input.CopyFrom(plain.to_struct(case.input))
    req.context.SetInParent()
    req.desired.SetInParent()
    for key in case.desired:
        req.desired.resources[key].resource.CopyFrom(plain.to_struct({"kind": "ConfigMap"}))
    if case.layers is not None:
        for name in REQUIREMENTS:
            req.required_resources[name].SetInParent()
        for layer in case.layers:
            labels = layer["metadata"].get("labels", {})
            role = "overlay" if "api.scs.community/overlay" in labels else "environment"
            req.required_resources[f"{role} default"].items.add().resource.CopyFrom(
                plain.to_struct(layer)
            )
    return req


def run(
    req: fnv1.RunFunctionRequest, runner: fn.FunctionRunner | None = None
) -> fnv1.RunFunctionResponse:
    """Ask the function in process."""
    return asyncio.run((runner or fn.FunctionRunner()).RunFunction(req, None))
