"""Say whether providers have applied the desired state, in the same way for every backend.

Crossplane applies an answer after the call; a provider reads it a moment later. Until both have
happened, the observed state reflects the previous order.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from function import diagnosis
from function.contract import Condition, Resource

PENDING = "the change is being handed to the provider"


def current(
    shown: Iterable[Condition], desired: Iterable[Resource], observed: Mapping[str, Resource]
) -> tuple[Condition, ...]:
    """Return the conditions; `Current` holds only once all desired resources were handed over.

    Args:
        shown: The conditions, as the live resources report them.
        desired: The rendered resources.
        observed: The observed ones by key.
    """
    behind = any(not is_done(one, observed.get(one.key)) for one in desired)
    pending = Condition("Current", False, "Updating", PENDING)
    return tuple(
        pending if behind and one.type == "Current" and one.status else one for one in shown
    )


def is_done(desired: Resource, observed: Resource | None) -> bool:
    """Return whether a resource was applied as it is desired, and read by its provider."""
    return (
        observed is not None
        and observed.policies == desired.policies
        and is_applied(desired.payload, observed)
    )


def is_applied(payload: Mapping[str, Any], observed: Resource | None) -> bool:
    """Return whether a payload was applied, and read by its provider.

    Providers add fields of their own, except in the manifest inside an Object: there, fields that
    are no longer desired must be gone too.
    """
    if observed is None or _is_unread(observed):
        return False
    live = observed.at_provider.get("manifest")
    return all(
        _agrees(observed.payload.get(name), value, live)
        if name == "manifest"
        else _contains(observed.payload.get(name), value)
        for name, value in payload.items()
    )


def _agrees(applied: Any, desired: Any, live: Any) -> bool:
    """Return whether manifests agree; a value that the live object already has counts as equal.

    Gardener raises versions by itself, and they are desired afterwards.
    """
    if isinstance(applied, Mapping) and isinstance(desired, Mapping) and isinstance(live, Mapping):
        names = applied.keys() | desired.keys()
        return all(_agrees(applied.get(n), desired.get(n), live.get(n)) for n in names)
    return bool(applied == desired or (desired is not None and live == desired))


def _contains(whole: Any, part: Any) -> bool:
    """Return whether data contain everything that a part specifies."""
    if whole == part:
        return True
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(
            _contains(whole.get(name), value) for name, value in part.items()
        )
    if isinstance(part, list | tuple):
        return isinstance(whole, list | tuple) and _contains_entries(whole, part)
    return False


def _contains_entries(whole: Sequence[Any], part: Sequence[Any]) -> bool:
    """Return whether a list has the entries of another; a provider adds tags of its own."""
    if all(isinstance(entry, str) for entry in (*whole, *part)):
        return set(part) <= set(whole)
    return len(whole) == len(part) and all(map(_contains, whole, part))


def _is_unread(observed: Resource) -> bool:
    """Return whether the last success of a provider was with an older generation.

    A failure proves nothing: the change may have been read, and be failing since.
    """
    synced = diagnosis.condition_of(observed.status, "Synced")
    seen: int = synced.get("observedGeneration") or 0
    return synced.get("status") == "True" and observed.generation > seen > 0
