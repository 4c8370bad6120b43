"""Decide when machines are replaced: as the order says, else as the class says.

A health check in a Cluster replaces the class's as a whole, including the startup timeout of
machines. So none is written if the order does not mention it, unless the class has none.
"""

from function.backends.capi import forms
from function.backends.capi.effective import ClusterContext
from function.contract import Manifest
from function.model.operation import HealthCheck
from function.model.values import seconds


def health_check(context: ClusterContext, applied: Manifest) -> Manifest:
    """Return the entry `healthCheck` of a part of the topology, or no entry.

    Args:
        context: Input of the Cluster.
        applied: The previously rendered part; empty for a new one.
    """
    check, startup = (
        context.order.spec.health_check,
        context.settings.class_profile.node_startup_timeout,
    )
    if check.model_fields_set == {"enabled"} and (
        not check.enabled or context.settings.class_health_check
    ):
        return {"healthCheck": {"enabled": check.enabled}}
    if check.model_fields_set:
        return {"healthCheck": _definition(check, startup)}
    # The first release wrote its default into every cluster. It is kept until the version changes,
    # and after that unless the class is known to have a check: without any check, failed machines
    # would never be replaced.
    default = _definition(HealthCheck(), None)
    has_default = forms.has_health_check(applied, default)
    if has_default and (context.settings.is_kept or context.settings.class_health_check is None):
        return {"healthCheck": default}
    if context.settings.is_kept and applied and forms.has_no_health_check(applied):
        return {}
    if context.settings.class_health_check is False:
        return {"healthCheck": _definition(check, startup)}
    return {}


def _definition(check: HealthCheck, startup: str | None) -> Manifest:
    if not check.enabled:
        return {"enabled": False}
    timeout = seconds(check.unhealthy_after)
    return {
        "enabled": True,
        "checks": {
            **({"nodeStartupTimeoutSeconds": seconds(startup)} if startup else {}),
            "unhealthyNodeConditions": [
                {"type": "Ready", "status": status, "timeoutSeconds": timeout}
                for status in ("Unknown", "False")
            ],
        },
        "remediation": {"triggerIf": {"unhealthyLessThanOrEqualTo": check.max_unhealthy}},
    }
