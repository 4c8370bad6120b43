"""Declare the types of the fields that are read from a Shoot and from its login ConfigMap."""

from function.shapes import CONDITIONS, EACH, Shape
from function.versions import is_exact

_WORKER: Shape = {
    "name": str,
    "minimum": int,
    "maximum": int,
    "zones": [str],
    "machine": {"type": str, "architecture": str},
    "volume": {"type": str, "size": str},
    "labels": {EACH: str},
    "annotations": {EACH: str},
    "providerConfig": {"serverGroup": {"policy": str}},
}
_OBJECT: Shape = {
    "metadata": {
        "name": str,
        "namespace": str,
        "uid": str,
        "generation": int,
        "annotations": {EACH: str},
    },
    "spec": {
        "cloudProfile": dict,
        "credentialsBindingName": str,
        "region": str,
        "purpose": str,
        "exposureClassName": str,
        "controlPlane": {"highAvailability": {"failureTolerance": {"type": str}}},
        "kubernetes": {
            "version": is_exact,
            "kubeAPIServer": {"structuredAuthentication": {"configMapName": str}},
        },
        "networking": {"nodes": str},
        "hibernation": {"enabled": bool, "schedules": list},
        "extensions": [{"type": str}],
        "provider": {
            "infrastructureConfig": dict,
            "controlPlaneConfig": dict,
            "workers": [_WORKER],
        },
    },
    "status": {
        "observedGeneration": int,
        "hibernated": bool,
        "conditions": CONDITIONS,
        "constraints": CONDITIONS,
        "lastOperation": {"type": str, "state": str, "progress": int},
        "lastErrors": [{"codes": [str]}],
        "advertisedAddresses": [{"name": str, "url": str}],
    },
}
READS: dict[str, Shape] = {
    "payload": {"manifest": _OBJECT},
    "options": {"connectionDetails": [dict]},
    "status": {"atProvider": {"manifest": _OBJECT}},
}
