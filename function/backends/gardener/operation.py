"""Say when Gardener may change a Shoot, and when it sleeps."""

from function import trouble
from function.contract import Manifest
from function.errors import InvalidOrder, Problem
from function.model import ClusterSpec
from function.paths import lookup

_UNWAKEABLE = (
    "a webhook in the cluster would keep it from waking; let the webhook leave alone what the "
    "cluster itself needs, or take it away"
)
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


def hibernation(spec: ClusterSpec, live: Manifest) -> Manifest:
    """Return the hibernation; with schedules Gardener itself switches `enabled`.

    Raises:
        InvalidOrder: Schedules name one time twice, or the live Shoot could not be woken again.
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
    if spec.hibernation.enabled and not lookup(live, "spec.hibernation.enabled"):
        _check_waking(live)
    # Said also where it is false: what a schedule switched on would stay on without one.
    return {"hibernation": {"enabled": spec.hibernation.enabled}}


def _check_waking(live: Manifest) -> None:
    """Refuse sleep that Gardener refuses; while it does not know yet, it is asked again.

    Raises:
        InvalidOrder: Webhooks of the tenant are in the way, which is all that Gardener looks for.
    """
    possible = trouble.condition_of(
        {"conditions": lookup(live, "status.constraints")}, "HibernationPossible"
    )
    if possible.get("status") == "False":
        raise InvalidOrder(Problem("spec.hibernation.enabled", _UNWAKEABLE))


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
