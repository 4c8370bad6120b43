"""Declare the types of the fields that are read from a Cluster, in both API versions."""

from typing import Any

from function.shapes import CONDITIONS, EACH, Shape, mappings, text
from function.versions import is_exact


def _are_named(value: Any) -> bool:
    """Return whether a value is a list of variables; one garbled entry invalidates all of it."""
    named = [entry for entry in mappings(value) if text(entry.get("name"))]
    return isinstance(value, list) and named == value


_COUNTERS: Shape = {
    "desiredReplicas": int,
    "replicas": int,
    "readyReplicas": int,
    "upToDateReplicas": int,
    "versions": [{"version": is_exact, "replicas": int}],
}
_STATUS: dict[str, Shape] = {
    "observedGeneration": int,
    "conditions": CONDITIONS,
    "controlPlane": _COUNTERS,
    "workers": _COUNTERS,
}
_OVERRIDES: dict[str, Shape] = {"variables": {"overrides": [{"name": str}]}}
_DEPLOYMENT: Shape = {
    "name": str,
    "class": str,
    "replicas": int,
    "failureDomain": str,
    "metadata": {"labels": {EACH: str}},
    "taints": list,
    **_OVERRIDES,
}
_CLUSTER: Shape = {
    "apiVersion": str,
    "metadata": {
        "name": str,
        "namespace": str,
        "generation": int,
        "labels": {EACH: str},
    },
    "spec": {
        "paused": bool,
        "clusterNetwork": dict,
        "controlPlaneEndpoint": {"host": str, "port": int},
        "controlPlaneRef": dict,
        "infrastructureRef": dict,
        "topology": {
            "version": is_exact,
            # v1beta1 refers to the class by the first two, v1beta2 by the third.
            "class": str,
            "classNamespace": str,
            "classRef": {"name": str, "namespace": str},
            "controlPlane": {"replicas": int, **_OVERRIDES},
            "workers": {"machineDeployments": [_DEPLOYMENT]},
            "variables": _are_named,
        },
    },
    "status": {
        **_STATUS,
        "initialization": {"infrastructureProvisioned": bool, "controlPlaneInitialized": bool},
        "failureMessage": str,
        "deprecated": {"v1beta1": {"failureMessage": str}},
        "controlPlaneReady": bool,
        "infrastructureReady": bool,
        "v1beta2": _STATUS,
    },
}
READS: dict[str, Shape] = {
    "payload": {"manifest": _CLUSTER},
    "options": {"connectionDetails": [dict]},
    "status": {"atProvider": {"manifest": _CLUSTER}},
}
