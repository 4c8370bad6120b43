"""Resolve Kubernetes versions, and the class that goes with each.

Versions never go down, and go up one minor at a time; a step waits until the previous one is
finished. A resolved version is kept while the request is unchanged, whatever happens to the
catalogue; the live cluster's version counts if it is higher.
"""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from function.contract import Order, Progress, Remark
from function.errors import InvalidOrder, NotOffered, Problem
from function.excerpts import few, listed
from function.model import ClusterSpec
from function.parsing import did_you_mean
from function.record import Bound, Decided
from function.settings import KubernetesVersion, Settings, VersionedClass

_EXACT = re.compile(r"v?([0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9})([-+].*)?")


@dataclass(frozen=True)
class VersionStep:
    """Say which version to render now.

    Attributes:
        decided: Version, class and profile.
        notes: What the tenant should know of it.
        pending: Why the order is not yet answered in full; empty if it is.
    """

    decided: Decided
    notes: tuple[Remark, ...] = ()
    pending: str = ""


def version(
    order: Order[ClusterSpec], settings: Settings, previous: Bound | None, progress: Progress
) -> VersionStep:
    """Return the version that answers an order now, a step on the way, or the one it has.

    Raises:
        InvalidOrder: It is not offered, or lies below the one that runs.
        NotOffered: A minor version on the way is not offered.
    """
    chosen = _class_of(order, settings, previous)
    offers = sorted(
        (
            offer
            for offer in settings.kubernetes_versions
            if not settings.classes or chosen.cluster_class in offer.classes
        ),
        key=lambda offer: offer.order,
    )
    elsewhere = [offer for offer in settings.kubernetes_versions if offer not in offers]
    if previous is None:
        return _newversion(order.spec.version, offers, chosen, elsewhere)
    current = highest(previous.version, _plain(progress.version))
    requested = order.spec.version
    unchanged = previous.requested.get("version", previous.filled.get("version")) == requested
    if unchanged and answers(current, requested):
        return _keptversion(current, requested, previous, chosen, offers)
    try:
        target = _target(requested, offers, current, elsewhere)
        return _next_step(target, current, previous, chosen, offers, progress)
    except (InvalidOrder, NotOffered):
        if not unchanged:
            raise
    retained = _keptversion(current, requested, previous, chosen, offers)
    return VersionStep(
        retained.decided, retained.notes, f"the way to {requested} is no longer offered"
    )


def outlook(settings: Settings, decided: Decided) -> dict[str, Any]:
    """Return the versions that can be ordered next, and the end of life of the current one."""
    current = numbers(decided.version)
    offers = [
        o
        for o in settings.kubernetes_versions
        if not settings.classes or decided.cluster_class in o.classes
    ]
    reachable = [
        offer.version
        for offer in sorted(offers, key=lambda offer: offer.order)
        if offer.state == "supported" and offer.order > current and offer.minor <= current[1] + 1
    ]
    end = next((o.end_of_life for o in offers if o.version == decided.version), None)
    return {
        **({"availableUpgrades": reachable} if reachable else {}),
        **({"versionEndOfLife": end} if end else {}),
    }


def ended(version: str, status: Mapping[str, Any], today: datetime.date) -> tuple[Remark, ...]:
    """Return the note on a version whose support has ended; nothing if it has not.

    Args:
        version: The version; empty for an order that has none.
        status: What `outlook` says of it.
        today: The day in UTC.
    """
    end = status.get("versionEndOfLife")
    if not end or today <= datetime.date.fromisoformat(end):
        return ()
    newer = status.get("availableUpgrades")
    advice = f"upgrade to {newer[-1]}" if newer else "no newer one is offered here yet"
    return (Remark("spec.version", f"support of {version} ended on {end}; {advice}"),)


def end(status: Mapping[str, Any]) -> datetime.datetime | None:
    """Return the first moment with the note of `ended`; None if there never is one."""
    last = status.get("versionEndOfLife")
    day = datetime.date.fromisoformat(last) if last else datetime.date.max
    return None if day == datetime.date.max else end_of(day)


def end_of(day: datetime.date) -> datetime.datetime:
    """Return the first moment behind a day in UTC."""
    following = day + datetime.timedelta(days=1)
    return datetime.datetime.combine(following, datetime.time(), datetime.UTC)


def is_exact(value: Any) -> bool:
    """Say whether a value is a version that something runs, such as v1.34.7 or 1.34.7+k3s1."""
    return isinstance(value, str) and _EXACT.fullmatch(value) is not None


def highest(*versions: str) -> str:
    """Return the highest of those that are known; empty if none is."""
    return max((version for version in versions if version), key=precedence, default="")


def answers(version: str, requested: str) -> bool:
    """Say whether a version is what was asked for, or above it: 1.34.7 answers 1.34."""
    wanted = numbers(requested)
    return numbers(version)[: len(wanted)] >= wanted


def _class_of(order: Order[ClusterSpec], settings: Settings, previous: Bound | None) -> Decided:
    wanted = order.spec.cluster_class
    if not settings.classes and wanted == "default":
        return Decided(cluster_class=wanted)
    for offer in settings.classes:
        if offer.name == wanted:
            return Decided(cluster_class=wanted, profile=offer.profile)
    if previous and previous.cluster_class == wanted:
        return Decided(cluster_class=wanted, profile=previous.profile)
    names = [offer.name for offer in settings.classes] or ["default"]
    raise InvalidOrder(Problem("spec.class", not_offered(names, wanted)))


def _newversion(
    requested: str,
    offers: Sequence[KubernetesVersion],
    chosen: Decided,
    elsewhere: Sequence[KubernetesVersion],
) -> VersionStep:
    offer = _target(requested, offers, "", elsewhere)
    return VersionStep(_offered(offer, chosen))


def _target(
    requested: str,
    offers: Sequence[KubernetesVersion],
    current: str,
    elsewhere: Sequence[KubernetesVersion],
) -> KubernetesVersion:
    """Return the offer that answers an ask for a version, never below the current one.

    Args:
        requested: The version, exact or not.
        offers: What the class is offered for.
        current: Version that the cluster has; empty for a new one.
        elsewhere: What only other classes are offered for.
    """
    wanted = numbers(requested)
    if current and numbers(current)[: len(wanted)] > wanted:
        text = f"versions never go down; the cluster runs {current}"
        raise InvalidOrder(Problem("spec.version", text))
    exact = len(wanted) == len(("1", "34", "7"))
    fits = [
        offer
        for offer in offers
        if offer.order[: len(wanted)] == wanted
        and (exact or offer.state == "supported" or offer.version == current)
        and (not current or offer.order >= numbers(current))
    ]
    if not fits:
        known = [offer.version for offer in offers if offer.state == "supported"]
        text = f"not offered here; offered: {listed(known, requested)}"
        others = [
            f"{name} has {offer.version}"
            for offer in elsewhere
            if offer.order[: len(wanted)] == wanted and offer.state == "supported"
            for name in sorted(offer.classes)
        ]
        text += f"; of other classes {few(others)}" if others else ""
        raise InvalidOrder(Problem("spec.version", text))
    return fits[-1]


def _next_step(  # noqa: PLR0913  # a step depends on start, end and position
    target: KubernetesVersion,
    current: str,
    previous: Bound,
    chosen: Decided,
    offers: Sequence[KubernetesVersion],
    progress: Progress,
) -> VersionStep:
    if target.version == current:
        return _keptversion(current, target.version, previous, chosen, offers)
    if not progress.settled and not _replaces(target, current, progress):
        retained = _keptversion(current, target.version, previous, chosen, offers)
        text = f"{target.version} follows once {current} is reached everywhere"
        return VersionStep(retained.decided, retained.notes, text)
    if target.minor <= _minor(current) + 1:
        return VersionStep(_offered(target, chosen))
    between = [
        offer for offer in offers if offer.minor == _minor(current) + 1 and offer.state != "preview"
    ]
    if not between:
        raise NotOffered(
            f"kubernetesVersions: no 1.{_minor(current) + 1} on the way from {current} to "
            f"{target.version}, minors are taken one at a time",
            public=f"spec.version: {target.version} cannot be reached from {current}: "
            f"1.{_minor(current) + 1} lies between and is not offered",
        )
    step = between[-1]
    return VersionStep(_offered(step, chosen), (), f"{step.version} comes before {target.version}")


def _replaces(target: KubernetesVersion, current: str, progress: Progress) -> bool:
    """Say whether a version may replace a requested one that the cluster has not applied.

    That one may have been refused. It may also be applied meanwhile, so the replacement must be a
    valid step from it, too.
    """
    if not progress.version:
        return target.minor == _minor(current)
    behind = precedence(progress.version) < precedence(current)
    return behind and target.minor <= _minor(progress.version) + 1


def _keptversion(
    current: str,
    requested: str,
    previous: Bound,
    chosen: Decided,
    offers: Sequence[KubernetesVersion],
) -> VersionStep:
    same_class = previous.rebuilt or previous.cluster_class == chosen.cluster_class
    named = {offer.version: offer.classes for offer in offers}
    todays = _of_version(chosen, current, named.get(current, {}).get(chosen.cluster_class))
    if not previous.started and todays.class_name:
        return VersionStep(todays)
    if previous.version == current and same_class:
        decided = todays.model_copy(update={"class_name": previous.class_name})
    else:
        decided = todays
        if not todays.class_name and previous.class_name:
            raise NotOffered(
                f"kubernetesVersions[{current}].classes: {chosen.cluster_class} is needed",
                public=f"spec.class: {chosen.cluster_class} is not offered for {current}",
            )
    if previous.version == current and same_class and not previous.rebuilt:
        decided = decided.model_copy(update={"profile": previous.profile})
    wanted = numbers(requested)
    if numbers(current)[: len(wanted)] <= wanted:
        return VersionStep(decided)
    text = f"the cluster runs {current}, and versions never go down"
    return VersionStep(decided, (Remark("spec.version", text),))


def _offered(offer: KubernetesVersion, chosen: Decided) -> Decided:
    return _of_version(chosen, offer.version, offer.classes.get(chosen.cluster_class))


def _of_version(chosen: Decided, version: str, offer: VersionedClass | None) -> Decided:
    """Return an offered class for a version; without a name if it is not offered for that."""
    found = {"class_name": offer.name, "profile": offer.profile or chosen.profile} if offer else {}
    return chosen.model_copy(update={"version": version, "class_name": "", **found})


def _plain(version: str) -> str:
    """Return a version without what a distribution appends, which is never rendered."""
    found = _EXACT.fullmatch(version)
    return found[1] if found else ""


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version: 1, 34 and 7 of v1.34.7+k3s1 and of 1.34.7-rc.1."""
    parts = re.split("[-+]", version.removeprefix("v"), maxsplit=1)[0].split(".")
    return tuple(int(part) for part in parts if part.isdecimal())


def precedence(version: str) -> tuple[Any, ...]:
    """Return what versions sort by: a pre-release lies below its release (semver 2.0.0, 11)."""
    pre = version.partition("+")[0].partition("-")[2]
    # Compared by length first, as numbers are; a live version may have too many digits for `int`.
    identifiers = [
        (not part.isdecimal(), len(part) if part.isdecimal() else 0, part)
        for part in pre.split(".")
    ]
    return numbers(version), not pre, identifiers


def _minor(version: str) -> int:
    return numbers(version)[1]


def not_offered(names: Iterable[str], written: str) -> str:
    """Return the end of a message: what would be accepted, and what may have been meant."""
    offered = list(names)
    meant = did_you_mean(written, offered)
    return f"not offered here{meant}; offered: {listed(offered, written)}"
