"""Build the maintenance and hibernation of a Shoot."""

from function import diagnosis
from function.contract import Manifest, Remark
from function.errors import InvalidOrder, Problem
from function.model import ClusterSpec
from function.model.operation import MINUTES_OF_A_DAY, Window
from function.paths import lookup

_NEVER_WAKES = (
    "a webhook in the cluster would keep it from waking; let the webhook leave alone what the "
    "cluster itself needs, or take it away"
)
_TWICE = "another start or end has this time already; each may have it once here"


def maintenance(spec: ClusterSpec, applied: Manifest) -> Manifest:
    """Return when and what Gardener may change on its own.

    Args:
        spec: The order.
        applied: The previously rendered Shoot; empty for a new one.
    """
    update, window = spec.maintenance.auto_update, spec.maintenance.window
    result: Manifest = {
        "autoUpdate": {
            "kubernetesVersion": update.kubernetes,
            "machineImageVersion": update.machine_image,
        }
    }
    if window:
        result["timeWindow"] = _time_window(window, _offset(window, applied))
    return result


def notes(spec: ClusterSpec, applied: Manifest) -> tuple[Remark, ...]:
    """Return a note on the local time at which the window opens in the other half of the year."""
    window = spec.maintenance.window
    if not window or window.offsets[0] == window.offsets[1]:
        return ()
    used, (standard, summer) = _offset(window, applied), window.offsets
    current, other = (
        ("standard", "daylight saving") if used == standard else ("daylight saving", "standard")
    )
    shifted = (window.span[0] + (standard + summer - used) - used) % MINUTES_OF_A_DAY
    text = (
        f"opens at {window.begin} in {current} time of {window.timezone}, and at "
        f"{_clock(shifted, ':')} in {other} time, because windows keep one offset all year here"
    )
    return (Remark("spec.maintenance.window.timezone", text),)


def _offset(window: Window, applied: Manifest) -> int:
    """Return the UTC offset of the window: that of standard time, as Gardener supports only one.

    The first release used January's, which is summer in the south: a live window keeps it.
    """
    known = lookup(applied, "spec.maintenance.timeWindow")
    return next((o for o in window.offsets if _time_window(window, o) == known), window.offsets[0])


def _time_window(window: Window, offset: int) -> Manifest:
    sign = "-" if offset < 0 else "+"
    begin, end = (f"{_clock(time)}00{sign}{_clock(abs(offset))}" for time in window.span)
    return {"begin": begin, "end": end}


def _clock(minutes: int, between: str = "") -> str:
    return f"{minutes // 60:02}{between}{minutes % 60:02}"


def hibernation(spec: ClusterSpec, live: Manifest) -> Manifest:
    """Return the hibernation; with schedules Gardener itself switches `enabled`.

    Raises:
        InvalidOrder: Schedules have a duplicate time, or the live Shoot could not be woken again.
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
    # Set explicitly even if false: hibernation that a former schedule started would remain.
    return {"hibernation": {"enabled": spec.hibernation.enabled}}


def _check_waking(live: Manifest) -> None:
    """Refuse hibernation that Gardener refuses; while that is unknown, the order is accepted.

    Raises:
        InvalidOrder: Webhooks of the tenant prevent it, which is all that Gardener checks.
    """
    possible = diagnosis.condition_of(
        {"conditions": lookup(live, "status.constraints")}, "HibernationPossible"
    )
    if possible.get("status") == "False":
        raise InvalidOrder(Problem("spec.hibernation.enabled", _NEVER_WAKES))


def _check_times(spec: ClusterSpec) -> None:
    """Refuse duplicate times, even if the time zones differ, as Gardener does.

    Raises:
        InvalidOrder: There are duplicates.
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
