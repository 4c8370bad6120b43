"""Refuse observed resources that only a newer function can have composed.

After a rollback this version meets kinds, and API versions of the objects inside Objects, that it
does not write. It would apply its own beside or over them.
"""

import re
from collections.abc import Mapping
from typing import Any

from function import shapes
from function.backends import composed
from function.contract import Backend, Resource
from function.errors import FunctionOutdated, Problem

# Messages repeat only text of the expected form; other text may be a secret.
_KIND, _FAMILY = re.compile(r"[A-Z][A-Za-z0-9]{0,62}"), re.compile(r"[a-z0-9./-]{1,253}")
_VERSION = re.compile(r"([a-z0-9.-]{1,253}/)?v[0-9]{1,4}((alpha|beta)[0-9]{1,4})?")


def versions_are_known(observed: Mapping[str, Resource], backend: Backend[Any]) -> None:
    """Refuse kinds and API versions that this version does not know.

    Args:
        observed: Our observed resources by key.
        backend: The backend that made them.

    Raises:
        FunctionOutdated: With each of them.
    """
    # An object of another group is another object, as the guard of identities sees.
    groups, kinds = {version.rpartition("/")[0] for version in backend.writes}, composed()
    problems = [
        Problem(key, f"{unknown} is not known to this version; upgrade the function")
        for key, resource in sorted(observed.items())
        for unknown in [_unknown(resource, kinds, backend, groups)]
        if unknown
    ]
    if problems:
        raise FunctionOutdated(*problems)


def _unknown(
    resource: Resource, kinds: set[tuple[str, str]], backend: Backend[Any], groups: set[str]
) -> str:
    """Return what is not known of a resource; empty if all of it is."""
    if (resource.family, resource.kind) not in kinds:
        kind = resource.kind if _KIND.fullmatch(resource.kind) else "a resource"
        return f"{kind} of {resource.family if _FAMILY.fullmatch(resource.family) else 'its API'}"
    for found in (resource.payload.get("manifest"), resource.at_provider.get("manifest")):
        manifest = shapes.mapping(found)
        version, kind = (shapes.text(manifest.get(part)) for part in ("apiVersion", "kind"))
        if version and version not in backend.writes and version.rpartition("/")[0] in groups:
            kind = kind if _KIND.fullmatch(kind) else "an object"
            return f"{kind} of {version if _VERSION.fullmatch(version) else 'its API version'}"
    return ""
