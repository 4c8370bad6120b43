"""Determine the value of every variable of a ClusterClass.

The environment's values come first, as the Cluster last received them; then the values that order
fields drive; then `spec.variables`. An order that stops setting one gets the environment's back.
"""

from collections.abc import Mapping
from typing import Any

from function.backends.capi.basis import Basis
from function.backends.capi.profile import (
    ADDONS,
    ALLOWED,
    AVAILABILITY,
    CONTROL_PLANE_FLAVOR,
    EXTRA_NAMES,
    NODES,
    OIDC,
    PRIVATE,
)
from function.errors import InvalidOrder, Problem
from function.excerpts import listed
from function.record import CONTROL_PLANE
from function.resolve import mistyped
from function.settings import EVERY

_DEFAULT_DISK = 50


def variables(basis: Basis) -> dict[str, Any]:
    """Return every variable.

    Raises:
        InvalidOrder: The order sets a variable that it may not set.
    """
    driven = _driven(basis)
    _check(basis, driven)
    found = {**basis.settings.variables, **_zones(basis)}
    for written in driven.values():
        found |= written
    return _with_fixed(basis, {**found, **basis.order.spec.variables}, driven)


def _with_fixed(
    basis: Basis, found: dict[str, Any], driven: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the variables, with fixed ones as the live cluster has them, or omitted if absent.

    Raises:
        InvalidOrder: The tenant asks for another value of a fixed variable.
    """
    stored = basis.stored_variables
    # A live cluster of a class that uses other names for them has none of them.
    fixed = basis.fixed if any(name in stored for name in basis.fixed) else ()
    own = basis.order.spec.variables
    asked = {
        **{f"spec.variables.{name}": {name: value} for name, value in own.items()},
        **{field: written for field, written in driven.items() if basis.asks(field)},
    }
    problems = [
        Problem(field, "cannot be changed here once it is built")
        for field, written in sorted(asked.items())
        if any(name in fixed and not _stands(stored, name, v) for name, v in written.items())
    ]
    if problems:
        raise InvalidOrder(*problems)
    kept = {name: stored[name] for name in fixed if name in stored}
    return {**{name: value for name, value in found.items() if name not in fixed}, **kept}


def _zones(basis: Basis) -> dict[str, Any]:
    """Return the zones of the control plane, if it has to survive the loss of one."""
    name = basis.profile.target(AVAILABILITY).variable
    zones = basis.settings.zones
    if not name or zones is None or basis.order.spec.control_plane.availability != "Zone":
        return {}
    return {name: list(zones)}


def base(basis: Basis) -> dict[str, Any]:
    """Return the environment's value of every variable that the order can set."""
    settings = basis.settings
    names = _settable(basis) | settings.persisted_variables
    return {name: value for name, value in settings.variables.items() if name in names}


def _settable(basis: Basis) -> set[str]:
    fields = (CONTROL_PLANE_FLAVOR, NODES, PRIVATE, ALLOWED, EXTRA_NAMES, OIDC, *ADDONS)
    targets = [basis.profile.target(field) for field in fields]
    named = {target.variable for target in targets if target.variable}
    also = {name for target in targets if target.variable for name in target.also}
    disk = {basis.profile.control_plane_disk} if basis.profile.control_plane_disk else set()
    return named | also | disk | _open(basis) | set(basis.order.spec.variables)


def _open(basis: Basis) -> set[str]:
    """Return the variables that the class opens to its tenants.

    `*` opens every variable that the provider has listed: one that it never reviewed stays closed.
    """
    settings = basis.settings
    if settings.tenant_variables is None:
        return set()
    named = set(settings.tenant_variables) - {EVERY}
    if EVERY not in settings.tenant_variables:
        return named - set(settings.pinned)
    known = {*settings.listed_variables, *basis.profile.variables}
    # The current profile's guard applies, even if the cluster keeps another profile; without a
    # current profile all are closed.
    today = settings.todays_profile
    closed = {*today.guarded, *basis.profile.drivers} if today else known
    return (named | (known - closed)) - set(settings.pinned)


def _driven(basis: Basis) -> dict[str, dict[str, Any]]:
    """Return the variables that order fields drive, by field."""
    spec, issuer = basis.order.spec, basis.bound.issuer(basis.order.spec)
    machine = basis.bound.machines.get(CONTROL_PLANE)
    asked = {
        OIDC: issuer and issuer.model_dump(mode="json"),
        NODES: spec.network.nodes,
        EXTRA_NAMES: list(spec.api_server.extra_names) or None,
        PRIVATE: _private(basis),
        ALLOWED: _allowed(basis),
        CONTROL_PLANE_FLAVOR: machine and machine.flavor,
        **{field: _flag(basis, field) for field in ADDONS},
    }
    found = {
        field: basis.target(field).writes(value)
        for field, value in asked.items()
        if value is not None
    }
    found |= _login_as_applied(basis, asked[OIDC])
    disk = basis.profile.control_plane_disk
    if machine and disk and disk not in basis.settings.pinned and found[CONTROL_PLANE_FLAVOR]:
        default = basis.profile.variables.get(disk, _DEFAULT_DISK)
        found[CONTROL_PLANE_FLAVOR][disk] = 0 if machine.disk_gib is not None else default
    stored = basis.stored_variables
    return {f: new for f, new in found.items() if not is_pinned(basis, f, new, stored)}


def _login_as_applied(basis: Basis, issuer: Any) -> dict[str, dict[str, Any]]:
    """Return the issuer as the live cluster has it, while the issuer is unchanged.

    An empty prefix that was written as such is kept: under other names nobody would have rights.
    """
    target = basis.profile.target(OIDC)
    written = target.model_copy(update={"empty": {}}).writes(issuer) if issuer else {}
    if not written or any(basis.stored_variables.get(n) != v for n, v in written.items()):
        return {}
    return {OIDC: written}


def _flag(basis: Basis, field: str) -> bool | None:
    name = field.split(".")[2]
    addons = basis.order.spec.addons.model_dump()
    found: bool | None = addons[name]["enabled"]
    return found


def _private(basis: Basis) -> bool | None:
    if "exposure" not in (basis.order.written.get("apiServer") or {}):
        return None
    private = basis.order.spec.api_server.exposure == "Private"
    target = basis.profile.target(PRIVATE)
    if private and not target.variable:
        text = f"Private is not offered here: {target.unsupported}"
        raise InvalidOrder(Problem(PRIVATE, text))
    return private


def _allowed(basis: Basis) -> list[str] | None:
    allowed = basis.order.spec.api_server.allowed_cidrs
    if not allowed:
        return None
    variable = basis.profile.target(ALLOWED).variable
    if variable and not basis.settings.management_cidrs:
        standing = basis.stored_variables.get(variable) or []
        if len(standing) > len(allowed) and standing[: len(allowed)] == list(allowed):
            return list(standing)
    if not variable or not basis.settings.management_cidrs:
        raise InvalidOrder(Problem(ALLOWED, "access to API servers cannot be limited here"))
    return [*allowed, *basis.settings.management_cidrs]


def is_pinned(
    basis: Basis, field: str, written: Mapping[str, Any], stored: Mapping[str, Any]
) -> bool:
    """Return whether the provider pinned a variable that a field drives to another value.

    Args:
        basis: Input of the Cluster.
        field: Concrete path of the field.
        written: The variables that it drives.
        stored: Their values in the live Cluster, which are not checked.

    Raises:
        InvalidOrder: The tenant wrote the field.
    """
    for name, value in written.items():
        pin = basis.settings.pinned.get(name)
        if pin is None or pin.value == value or _stands(stored, name, value):
            continue
        if basis.asks(field):
            raise InvalidOrder(
                Problem(field, f"not open to tenants here: {pin.reason.rstrip('.')}")
            )
        return True
    return False


def _stands(stored: Mapping[str, Any], name: str, value: Any) -> bool:
    return name in stored and bool(stored[name] == value)


def _check(basis: Basis, driven: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse variables that an order field drives, that "*" leaves closed, or of a wrong type.

    Raises:
        InvalidOrder: A variable is set by an order field already; or it is closed or of a wrong
            type, and not unchanged.
    """
    twice = {name: field for field, found in driven.items() if basis.asks(field) for name in found}
    twice.pop(basis.profile.control_plane_disk or "", None)
    problems = []
    for name, value in sorted(basis.order.spec.variables.items()):
        text = f"is set by {twice[name]} already" if name in twice else ""
        if not text and not _stands(basis.stored_variables, name, value):
            text = _closed(basis, name) or mistyped(basis.type_of(name), value)
        if text:
            problems.append(Problem(f"spec.variables.{name}", text))
    if problems:
        raise InvalidOrder(*problems)


def _closed(basis: Basis, name: str) -> str:
    """Return why a variable is not open; empty if it is, or if the class is gone."""
    opened_by_name = basis.settings.tenant_variables
    if opened_by_name is None:
        return ""
    driver = basis.profile.drivers.get(name, "")
    if driver and (name not in opened_by_name or "[]" in driver):
        return f"is set by {driver}"
    opened = _open(basis)
    if name in opened:
        return ""
    return f"not open to tenants here; open: {listed(opened, name)}"
