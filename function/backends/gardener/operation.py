"""Say when Gardener may change a Shoot, and when it sleeps."""

from function.contract import Manifest
from function.errors import InvalidOrder, Problem
from function.model import ClusterSpec

_TWICE = "another start or end has this time already; each may have it once here"


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
    """Return the hibernation; with schedules Gardener itself switches `enabled`.

    Raises:
        InvalidOrder: Schedules name one time twice.
    """
    if spec.hibernation.schedules:
        _check_times(spec)
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


def _check_times(spec: ClusterSpec) -> None:
    """Refuse times that are named twice, also where the time zones differ, as Gardener does.

    Raises:
        InvalidOrder: There are such.
    """
    named: set[str] = set()
    problems = []
    for index, schedule in enumerate(spec.hibernation.schedules):
        for field, time in (("start", schedule.start), ("end", schedule.end)):
            if time in named:
                at = f"spec.hibernation.schedules[{index}].{field}"
                problems.append(Problem(at, _TWICE))
            named |= {time} if time else set()
    if problems:
        raise InvalidOrder(*problems)
