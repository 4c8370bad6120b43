"""Refuse availability zones that are not offered."""

from collections.abc import Sequence

from function import versions
from function.errors import Problem
from function.settings import Settings


def check_zones(zones: Sequence[str], settings: Settings, at: str, problems: list[Problem]) -> None:
    """Add a problem if one of the zones is not offered."""
    offered = {zone.name for zone in settings.zones}
    for zone in zones:
        if zone not in offered:
            problems.append(Problem(at, versions.not_offered(offered, zone)))
            return
