"""Ask for the extensions of a Shoot: limits of access, and addons."""

from function.backends.gardener.basis import Basis
from function.backends.gardener.effective import mentioned_addons
from function.contract import Manifest, Remark
from function.errors import InvalidOrder, Problem
from function.paths import lookup

_ACL = "acl"
_METRICS = "metricsServer"


def extensions(basis: Basis) -> Manifest:
    """Return the list of extensions, which we own as a whole; no entry if it is empty.

    Raises:
        InvalidOrder: The order limits access, which is not supported.
    """
    found = [*_limits(basis), *_addons(basis)]
    return {"extensions": found} if found else {}


def missing_addons(basis: Basis) -> list[Remark]:
    """Return the addons that the order mentions and the provider does not offer."""
    found = [
        Remark(f"spec.addons.{name}.enabled", "this addon is not offered here")
        for name, offer in basis.settings.addons.items()
        if offer is None and name != _METRICS
    ]
    if mentioned_addons(basis.order.spec).get(_METRICS) is False:
        text = "metrics-server is a part of every cluster here"
        found.append(Remark(f"spec.addons.{_METRICS}.enabled", text))
    return found


def _limits(basis: Basis) -> list[Manifest]:
    allowed = basis.order.spec.api_server.allowed_cidrs
    if not allowed:
        return []
    stored = lookup(basis.stored, "spec.extensions") or ()
    if not basis.settings.acl and all(extension["type"] != _ACL for extension in stored):
        text = "access to API servers cannot be limited here"
        raise InvalidOrder(Problem("spec.apiServer.allowedCIDRs", text))
    rule = {"action": "ALLOW", "type": "remote_ip", "cidrs": list(allowed)}
    return [{"type": _ACL, "providerConfig": {"rule": rule}}]


def _addons(basis: Basis) -> list[Manifest]:
    return [
        {
            "type": offer.extension,
            **({} if enabled else {"disabled": True}),
            **(
                {"providerConfig": offer.provider_config}
                if offer.provider_config and enabled
                else {}
            ),
        }
        for name, enabled in mentioned_addons(basis.order.spec).items()
        for offer in [basis.settings.addons[name]]
        if offer is not None
    ]
