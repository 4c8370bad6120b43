"""Refuse observed resources that only a newer function can have composed.

After a rollback this version meets kinds, and API versions of the objects inside Objects, that it
does not write. It would apply its own beside or over them.
"""

import re
from collections.abc import Mapping
from typing import Any

from function import shapes
from function.contract import Backend, Resource
from function.errors import FunctionOutdated, Problem
from function.managed import is_known
from function.paths import lookup

_VERSION = re.compile(r"v[0-9]{1,3}((alpha|beta)[0-9]{1,3})?")


def versions_are_known(observed: Mapping[str, Resource], backend: Backend[Any]) -> None:
    """Refuse kinds and API versions that this version does not know.

    Args:
        observed: Our observed resources by key.
        backend: The backend that made them.

    Raises:
        FunctionOutdated: With each of them.
    """
    problems = [
        Problem(key, f"{unknown} is not known to this version; upgrade the function")
        for key, resource in sorted(observed.items())
        for unknown in [_unknown(resource, backend)]
        if unknown
    ]
    if problems:
        raise FunctionOutdated(*problems)


def _unknown(resource: Resource, backend: Backend[Any]) -> str:
    """Return what is not known of a resource; empty if all of it is."""
    if not is_known(resource):
        return f"kind {resource.kind} of {resource.family}"
    # An object of another group is another object, as the guard of identities sees.
    groups = {version.rpartition("/")[0] for version in backend.writes}
    for part in (resource.payload, resource.at_provider):
        name = shapes.text(lookup(part, "manifest.apiVersion"))
        group, _, version = name.rpartition("/")
        # Nothing else of what was observed may be repeated: it could be anything.
        if name not in backend.writes and group in groups and _VERSION.fullmatch(version):
            return f"API version {name}"
    return ""
