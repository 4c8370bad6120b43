"""Determine the value of every variable of a ClusterClass.

The environment's values come first, as the Cluster last received them; then the values that order
fields drive; then `spec.variables`. An order that stops setting one gets the environment's back.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from function.backends.capi.effective import ClusterContext
from function.backends.capi.machines import of_control_plane
from function.backends.capi.targets import (
    ADDONS,
    ALLOWED,
    AVAILABILITY,
    CONTROL_PLANE_FLAVOR,
    EXTRA_NAMES,
    NODES,
    OIDC,
    POOL_DISK,
    PRIVATE,
)
from function.errors import InvalidOrder, Problem
from function.excerpts import listed
from function.record import CONTROL_PLANE
from function.resolve import mistyped
from function.settings import EVERY


class Variables(NamedTuple):
    """Hold the variables of a cluster.

    Attributes:
        cluster: Value of every variable, cluster-wide.
        control_plane: Those that the control plane overrides, because pools override them too or
            machines of its flavor need them.
    """

    cluster: dict[str, Any]
    control_plane: dict[str, Any]


def variables(context: ClusterContext) -> Variables:
    """Return every variable.

    Raises:
        InvalidOrder: The order sets a variable that it may not set.
    """
    driven = _driven(context)
    _check(context, driven)
    requested, live, fixed = context.order.spec.variables, context.live, _fixed(context, driven)
    written = {name: value for values in driven.values() for name, value in values.items()}
    shared = written.keys() & context.settings.class_profile.shared
    plane = {**of_control_plane(context), **{name: written.pop(name) for name in shared}}
    found = {**context.settings.variables, **_zones(context), **written, **requested}
    return Variables(
        _with_fixed(found, fixed, live.variables),
        _with_fixed(
            {name: value for name, value in plane.items() if name not in requested},
            fixed,
            live.control_plane_overrides,
        ),
    )


def _with_fixed(
    found: dict[str, Any], fixed: Iterable[str], stored: Mapping[str, Any]
) -> dict[str, Any]:
    """Return variables, with fixed ones as the live cluster has them, or omitted if absent."""
    retained = {name: stored[name] for name in fixed if name in stored}
    return {**{name: value for name, value in found.items() if name not in fixed}, **retained}


def _fixed(context: ClusterContext, driven: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the variables that a live cluster keeps.

    Raises:
        InvalidOrder: The tenant asks for another value of one of them.
    """
    stored = context.live.control_plane_variables
    # A live cluster of a class that uses other names for them has none of them.
    fixed = context.settings.fixed if any(name in stored for name in context.settings.fixed) else ()
    config = context.order.spec.variables
    requested = {
        **{f"spec.variables.{name}": {name: value} for name, value in config.items()},
        **{field: written for field, written in driven.items() if context.order.wrote(field)},
    }
    problems = [
        Problem(field, "cannot be changed here once it is built")
        for field, written in sorted(requested.items())
        if any(name in fixed and not _is_unchanged(stored, name, v) for name, v in written.items())
    ]
    if problems:
        raise InvalidOrder(*problems)
    return fixed


def _zones(context: ClusterContext) -> dict[str, Any]:
    """Return the zones of the control plane, if it has to survive the loss of one."""
    zones, wanted = context.settings.zones, context.order.spec.control_plane.availability
    if zones is None or wanted != "Zone":
        return {}
    target = context.settings.class_profile.target(AVAILABILITY)
    return target.writes(list(zones), context.settings.variables)


def base(context: ClusterContext) -> dict[str, Any]:
    """Return the environment's value of every variable that the order can set.

    The Cluster itself has that of a variable which only the control plane and pools override.
    """
    settings, profile, written = (
        context.settings,
        context.settings.class_profile,
        context.order.spec.variables.keys(),
    )
    settable = {*profile.driven, *_open(context), *written, *settings.persisted_variables}
    names = settable - (profile.shared - written)
    return {name: value for name, value in settings.variables.items() if name in names}


def _open(context: ClusterContext) -> set[str]:
    """Return the variables that the class opens to its tenants.

    `*` opens every variable that the provider has listed: one that it never reviewed stays closed.
    """
    settings = context.settings
    if settings.tenant_variables is None:
        return set()
    named = set(settings.tenant_variables) - {EVERY}
    if EVERY not in settings.tenant_variables:
        return named - set(settings.pinned)
    known = {*settings.listed_variables, *context.settings.class_profile.variables}
    # The current profile's guard applies, even if the cluster keeps another profile; without a
    # current profile all are closed.
    today = settings.todays_profile
    closed = {*today.guarded, *context.settings.class_profile.drivers} if today else known
    return (named | (known - closed)) - set(settings.pinned)


def _driven(context: ClusterContext) -> dict[str, dict[str, Any]]:
    """Return the variables that order fields drive, by field."""
    spec, issuer = context.order.spec, context.bound.issuer(context.order.spec)
    machine = context.bound.machines.get(CONTROL_PLANE)
    requested = {
        OIDC: issuer and issuer.model_dump(mode="json"),
        NODES: spec.network.nodes,
        EXTRA_NAMES: list(spec.api_server.extra_names) or None,
        PRIVATE: _private(context),
        ALLOWED: _allowed(context),
        CONTROL_PLANE_FLAVOR: machine and machine.flavor,
        **{field: _flag(context, field) for field in ADDONS},
    }
    found, within = dict[str, dict[str, Any]](), context.settings.variables
    for field, value in requested.items():
        if value is not None:
            found[field] = context.settings.target(field).writes(value, within)
            within = within | found[field]
    found |= _login_as_applied(context, requested[OIDC]) | _emptied(context)
    disk = context.settings.class_profile.control_plane_disk
    if machine and disk and disk not in context.settings.pinned and found[CONTROL_PLANE_FLAVOR]:
        profile = context.settings.class_profile
        has_disk = machine.disk_gib is not None
        size = profile.target(POOL_DISK).no_disk if has_disk else profile.default_disk
        found[CONTROL_PLANE_FLAVOR] |= {} if size is None else {disk: size}
    stored = context.live.control_plane_variables
    return {f: new for f, new in found.items() if not is_pinned(context, f, new, stored)}


def _login_as_applied(context: ClusterContext, issuer: Any) -> dict[str, dict[str, Any]]:
    """Return the issuer as the live cluster has it, while the issuer is unchanged.

    An empty prefix that was written as such is kept: under other names nobody would have rights.
    """
    target = context.settings.class_profile.target(OIDC)
    plain = target.model_copy(update={"empty": {}})
    written = plain.writes(issuer, context.settings.variables) if issuer else {}
    if not written or any(context.live.variables.get(n) != v for n, v in written.items()):
        return {}
    return {OIDC: written}


def _emptied(context: ClusterContext) -> dict[str, dict[str, Any]]:
    """Return what replaces names that a live cluster had, where its class fails without any."""
    if context.order.spec.api_server.extra_names:
        return {}
    target = context.settings.target(EXTRA_NAMES)
    wanted = target.read(context.settings.variables)
    if target.name is None or target.emptied is None or wanted:
        return {}
    had = target.read(context.live.variables)
    return {EXTRA_NAMES: {target.name: target.emptied}} if had else {}


def _flag(context: ClusterContext, field: str) -> bool | None:
    name = field.split(".")[2]
    addons = context.order.spec.addons.model_dump()
    result: bool | None = addons[name]["enabled"]
    return result


def _private(context: ClusterContext) -> bool | None:
    if "exposure" not in (context.order.written.get("apiServer") or {}):
        return None
    private = context.order.spec.api_server.exposure == "Private"
    target = context.settings.class_profile.target(PRIVATE)
    if private and not target.variable:
        text = f"Private is not offered here: {target.unsupported}"
        raise InvalidOrder(Problem(PRIVATE, text))
    return private


def _allowed(context: ClusterContext) -> list[str] | None:
    allowed = context.order.spec.api_server.allowed_cidrs
    if not allowed:
        return None
    target = context.settings.class_profile.target(ALLOWED)
    if target.variable and not context.settings.management_cidrs:
        revertible = target.read(context.live.variables) or []
        if len(revertible) > len(allowed) and revertible[: len(allowed)] == list(allowed):
            return list(revertible)
    if not target.variable or not context.settings.management_cidrs:
        raise InvalidOrder(Problem(ALLOWED, "access to API servers cannot be limited here"))
    return [*allowed, *context.settings.management_cidrs]


def is_pinned(
    context: ClusterContext, field: str, written: Mapping[str, Any], stored: Mapping[str, Any]
) -> bool:
    """Return whether the provider pinned a variable that a field drives to another value.

    Args:
        context: Input of the Cluster.
        field: Concrete path of the field.
        written: The variables that it drives.
        stored: Their values in the live Cluster, which are not checked.

    Raises:
        InvalidOrder: The tenant wrote the field.
    """
    for name, value in written.items():
        pin = context.settings.pinned.get(name)
        if pin is None or pin.value == value or _is_unchanged(stored, name, value):
            continue
        if context.order.wrote(field):
            raise InvalidOrder(
                Problem(field, f"not open to tenants here: {pin.reason.rstrip('.')}")
            )
        return True
    return False


def _is_unchanged(stored: Mapping[str, Any], name: str, value: Any) -> bool:
    return name in stored and bool(stored[name] == value)


def _check(context: ClusterContext, driven: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse variables that an order field drives, that "*" leaves closed, or of a wrong type.

    Raises:
        InvalidOrder: A variable is set by an order field already; or it is closed or of a wrong
            type, and not unchanged.
    """
    driving = {
        name: field
        for field, found in driven.items()
        if context.order.wrote(field)
        for name in found
    }
    driving.pop(context.settings.class_profile.control_plane_disk or "", None)
    problems = []
    for name, value in sorted(context.order.spec.variables.items()):
        text = f"is set by {driving[name]} already" if name in driving else ""
        if not text and not _is_unchanged(context.live.variables, name, value):
            text = _closed(context, name) or mistyped(context.settings.type_of(name), value)
        if text:
            problems.append(Problem(f"spec.variables.{name}", text))
    if problems:
        raise InvalidOrder(*problems)


def _closed(context: ClusterContext, name: str) -> str:
    """Return why a variable is not open; empty if it is, or if the class is gone."""
    opened_by_name = context.settings.tenant_variables
    if opened_by_name is None:
        return ""
    driver = context.settings.class_profile.drivers.get(name, "")
    if driver and (name not in opened_by_name or "[]" in driver):
        return f"is set by {driver}"
    opened = _open(context)
    if name in opened:
        return ""
    return f"not open to tenants here; open: {listed(opened, name)}"
