"""Report the fields of an order that a class and its management cluster do not support."""

from collections.abc import Iterator

from function.backends.capi.effective import ClusterContext
from function.backends.capi.profile import (
    ADDONS,
    CLUSTER_FIELDS,
    CONTROL_PLANE_FLAVOR,
    EXTRA_NAMES,
    NODES,
    OIDC,
    POOL_FIELDS,
)
from function.contract import Remark
from function.labels import is_within
from function.paths import lookup

# Cluster API syncs labels of these domains from Machines to Nodes.
SYNCED = ("node-role.kubernetes.io", "node-restriction.kubernetes.io", "node.cluster.x-k8s.io")
# Fields whose support depends on their value.
_BY_VALUE = (*ADDONS, *POOL_FIELDS)


def gaps(context: ClusterContext) -> tuple[Remark, ...]:
    """Return the fields that have no effect, with the reason for the tenant."""
    found: dict[str, str | None] = {
        field: target.unsupported
        for field, target in context.settings.class_profile.fields.items()
        if target.unsupported and field not in _BY_VALUE
    }
    declared = context.settings.unsupported.items()
    found |= {f: text for f, text in declared if f not in CLUSTER_FIELDS + POOL_FIELDS}
    for field in (OIDC, NODES, EXTRA_NAMES, CONTROL_PLANE_FLAVOR):
        found[field] = context.settings.class_profile.target(field).unsupported
    found |= context.settings.class_profile.unsaid
    if not context.settings.autoscaler:
        found["spec.nodePools[].autoscaling"] = "the number of nodes stays at min here"
    remarks = [Remark(field, reason) for field, reason in sorted(found.items()) if reason]
    return (*remarks, *_by_value(context), *_unsynced(context))


def _by_value(context: ClusterContext) -> Iterator[Remark]:
    """Yield the fields of which the class supports only some values."""
    where = {field: field for field in ADDONS} | {
        field.replace("[]", f"[{pool.name}]"): field
        for field in POOL_FIELDS
        for pool in context.order.spec.node_pools
    }
    for path, field in where.items():
        value = lookup(context.order.written, path.removeprefix("spec."))
        reason = "" if value is None else context.settings.class_profile.target(field).gap(value)
        if reason:
            yield Remark(path, reason)


def _unsynced(context: ClusterContext) -> Iterator[Remark]:
    if context.settings.all_labels:
        return
    reason = f"reach machines only; nodes get those of the domains {', '.join(SYNCED)}"
    for pool in context.order.spec.node_pools:
        if any(not _synced(key) for key in pool.labels):
            yield Remark(f"spec.nodePools[{pool.name}].labels", reason)


def _synced(key: str) -> bool:
    return is_within(key, SYNCED)
