"""Ask for the extensions of a Shoot: limits of access, and addons."""

from function.backends.gardener.effective import ShootContext, mentioned_addons
from function.contract import Manifest, Remark
from function.errors import InvalidOrder, Problem
from function.paths import lookup

_ACL = "acl"
_METRICS = "metricsServer"


def extensions(context: ShootContext) -> Manifest:
    """Return the list of extensions, which we own as a whole; no entry if it is empty.

    Raises:
        InvalidOrder: The order limits access, which is not supported.
    """
    found = [*_limits(context), *_addons(context)]
    return {"extensions": found} if found else {}


def missing_addons(context: ShootContext) -> list[Remark]:
    """Return the addons that the order mentions and the provider does not offer."""
    result = [
        Remark(f"spec.addons.{name}.enabled", "this addon is not offered here")
        for name, offer in context.settings.addons.items()
        if offer is None and name != _METRICS
    ]
    if mentioned_addons(context.order.spec).get(_METRICS) is False:
        text = "metrics-server is a part of every cluster here"
        result.append(Remark(f"spec.addons.{_METRICS}.enabled", text))
    return result


def _limits(context: ShootContext) -> list[Manifest]:
    allowed = context.order.spec.api_server.allowed_cidrs
    if not allowed:
        return []
    stored = lookup(context.live.applied, "spec.extensions") or ()
    if not context.settings.acl and all(extension["type"] != _ACL for extension in stored):
        text = "access to API servers cannot be limited here"
        raise InvalidOrder(Problem("spec.apiServer.allowedCIDRs", text))
    rule = {"action": "ALLOW", "type": "remote_ip", "cidrs": list(allowed)}
    return [{"type": _ACL, "providerConfig": {"rule": rule}}]


def _addons(context: ShootContext) -> list[Manifest]:
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
        for name, enabled in mentioned_addons(context.order.spec).items()
        for offer in [context.settings.addons[name]]
        if offer is not None
    ]
