"""Resolve volume types: map the tenant's name to the backend's."""

from collections.abc import Mapping

from function import versions
from function.errors import InvalidOrder, Problem
from function.model import ServerSpec
from function.record import Bound
from function.settings import Settings


def volume_type(name: str | None, settings: Settings, at: str) -> str:
    """Return the backend's name of an offered volume type; empty where none is asked for.

    Raises:
        InvalidOrder: It is not offered.
    """
    if name is None:
        return ""
    for offer in settings.volume_types:
        if offer.name == name:
            return offer.backend_name
    offered = (offer.name for offer in settings.volume_types)
    raise InvalidOrder(Problem(at, versions.not_offered(offered, name)))


def volume_types(
    spec: ServerSpec, settings: Settings, previous: Bound | None, problems: list[Problem]
) -> Mapping[str, str]:
    """Return the backend's type of each further volume; a previous decision is kept."""
    known = previous.volume_types if previous else {}
    result = {}
    for volume in spec.volumes:
        if volume.name in known:
            result[volume.name] = known[volume.name]
            continue
        at = f"spec.volumes[{volume.name}].type"
        try:
            result[volume.name] = volume_type(volume.type, settings, at)
        except InvalidOrder as refusal:
            problems.extend(refusal.problems)
    return result
