"""Simulate Gardener: a Shoot that is reconciled."""

from function.contract import Manifest


def build(live: Manifest) -> None:
    """Add the status of a Shoot that is built."""
    if live["kind"] != "Shoot":
        return
    kinds = (
        "APIServerAvailable",
        "ControlPlaneHealthy",
        "EveryNodeReady",
        "SystemComponentsHealthy",
    )
    asleep = live["spec"].get("hibernation", {}).get("enabled", False)
    live["status"] = {
        "observedGeneration": 1,
        "conditions": [{"type": kind, "status": "True", "reason": "Healthy"} for kind in kinds],
        "lastOperation": {"type": "Reconcile", "state": "Succeeded", "progress": 100},
        "advertisedAddresses": [{"name": "external", "url": "https://192.0.2.20"}],
        "hibernated": asleep,
    }
