"""Report the fields of an order that a class and its management cluster do not support."""

from collections.abc import Iterator

from function.backends.capi.effective import ClusterContext
from function.backends.capi.machines import rule_for
from function.backends.capi.targets import (
    ADDONS,
    ALLOWED,
    AVAILABILITY,
    CLUSTER_FIELDS,
    OIDC,
    POOL_FIELDS,
    POOL_FLAVOR,
    PRIVATE,
)
from function.contract import Remark
from function.labels import is_within
from function.paths import lookup
from function.resolve import without_drivers

# Cluster API syncs labels of these domains from Machines to Nodes.
SYNCED = ("node-role.kubernetes.io", "node-restriction.kubernetes.io", "node.cluster.x-k8s.io")
# Fields whose support depends on their value; limits of access are refused where they are not
# expressed.
_BY_VALUE = (*ADDONS, *POOL_FIELDS, AVAILABILITY, PRIVATE, ALLOWED)


def gaps(context: ClusterContext) -> tuple[Remark, ...]:
    """Return the fields that have no effect, with the reason for the tenant."""
    found: dict[str, str | None] = {
        field: target.unsupported
        for field, target in context.settings.class_profile.fields.items()
        if target.unsupported and field not in (*ADDONS, *POOL_FIELDS)
    }
    declared = context.settings.unsupported.items()
    found |= {f: text for f, text in declared if f not in CLUSTER_FIELDS + POOL_FIELDS}
    for field in CLUSTER_FIELDS:
        if field not in _BY_VALUE:
            found[field] = context.settings.class_profile.target(field).unsupported
    found |= context.settings.class_profile.unsaid
    if not context.settings.autoscaler:
        found["spec.nodePools[].autoscaling"] = "the number of nodes stays at min here"
    remarks = [Remark(field, reason) for field, reason in sorted(found.items()) if reason]
    return (*remarks, *_by_value(context), *_unsynced(context), *_without_drivers(context))


def notes(context: ClusterContext) -> tuple[Remark, ...]:
    """Return why there is no kubeconfig, although the order or the environment has an issuer."""
    reason = context.settings.class_profile.target(OIDC).unsupported
    if not reason or not context.bound.issuer(context.order.spec):
        return ()
    return (Remark(OIDC, f"{reason}: there is no kubeconfig here"),)


def _by_value(context: ClusterContext) -> Iterator[Remark]:
    """Yield the fields of which the class supports only some values."""
    where = {field: field for field in ADDONS} | {
        field.replace("[]", f"[{pool.name}]"): field
        for field in POOL_FIELDS
        for pool in context.order.spec.node_pools
    }
    profile, order = context.settings.class_profile, context.order
    for path, field in where.items():
        value = lookup(order.written, path.removeprefix("spec."))
        reason = "" if value is None else profile.target(field).gap(value)
        if reason:
            yield Remark(path, reason)
    for pool in order.spec.node_pools:
        reason = profile.target(POOL_FLAVOR).gap(context.bound.machines[pool.name].flavor)
        if pool.size and reason:
            yield Remark(f"spec.nodePools[{pool.name}].size", reason)
    # Fewer zones are a number of machines, which every class has.
    if order.spec.control_plane.availability == "Zone":
        reason = profile.target(AVAILABILITY).unsupported or ""
        if reason:
            yield Remark(AVAILABILITY, reason)


def _without_drivers(context: ClusterContext) -> list[Remark]:
    pools = context.order.spec.node_pools
    rules = {pool.name: rule_for(context, context.bound.machines[pool.name]) for pool in pools}
    served = {name for name, rule in rules.items() if rule and rule.gpu_drivers}
    return without_drivers(pools, context.bound, served)


def _unsynced(context: ClusterContext) -> Iterator[Remark]:
    if context.settings.all_labels:
        return
    reason = f"reach machines only; nodes get those of the domains {', '.join(SYNCED)}"
    for pool in context.order.spec.node_pools:
        if any(not _synced(key) for key in pool.labels):
            yield Remark(f"spec.nodePools[{pool.name}].labels", reason)


def _synced(key: str) -> bool:
    return is_within(key, SYNCED)
