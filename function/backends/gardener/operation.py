"""Say when Gardener may change a Shoot, and when it sleeps."""

from function.contract import Manifest
from function.model import ClusterSpec


def maintenance(spec: ClusterSpec) -> Manifest:
    """Return when and what Gardener may change by itself."""
    update, window = spec.maintenance.auto_update, spec.maintenance.window
    found: Manifest = {
        "autoUpdate": {
            "kubernetesVersion": update.kubernetes,
            "machineImageVersion": update.machine_image,
        }
    }
    if window:
        # Gardener's windows know no summer time.
        begin, end = (f"{m // 60:02}{m % 60:02}00{window.winter_offset}" for m in window.span)
        found["timeWindow"] = {"begin": begin, "end": end}
    return found


def hibernation(spec: ClusterSpec) -> Manifest:
    """Return the hibernation; with schedules Gardener itself switches `enabled`."""
    if spec.hibernation.schedules:
        schedules = [
            {
                name: value
                for name, value in (("start", s.start), ("end", s.end), ("location", s.timezone))
                if value
            }
            for s in spec.hibernation.schedules
        ]
        return {"hibernation": {"schedules": schedules}}
    # Said also where it is false: what a schedule switched on would stay on without one.
    return {"hibernation": {"enabled": spec.hibernation.enabled}}
