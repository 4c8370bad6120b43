"""Give machines what the provider's rules for their flavor say, beside the flavor itself.

A live pool keeps what it got while its flavor and the version of the cluster are unchanged, even
if the record of its flavor is lost: by another rule its nodes would get another image.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from function.backends.capi import live
from function.backends.capi.effective import ClusterContext
from function.backends.capi.targets import CONTROL_PLANE_FLAVOR, POOL_FLAVOR
from function.contract import Manifest
from function.errors import InvalidOrder, Problem
from function.model.pool import NodePool, Taint
from function.paths import lookup
from function.record import CONTROL_PLANE, Machine
from function.settings import MachineRule, NodeTaint

# Images of classes are of this one, unless a rule says otherwise.
_COMMON = "amd64"


class Extras(NamedTuple):
    """Hold what machines get by a rule.

    Attributes:
        worker_class: Worker class of the pool; None where no rule is about it.
        variables: Variables that the machines override.
        labels: Labels of the pool.
        taints: Taints of the pool, in the form of Cluster API.
    """

    worker_class: str | None
    variables: Mapping[str, Any]
    labels: Mapping[str, str]
    taints: tuple[Manifest, ...]


NONE = Extras(None, {}, {}, ())


def of_pool(context: ClusterContext, pool: NodePool, stored: Manifest) -> Extras:
    """Return what the machines of a pool get.

    Args:
        context: Input of the Cluster.
        pool: The pool.
        stored: Its previously rendered MachineDeployment topology; empty if there is none.

    Raises:
        InvalidOrder: It asks for machines for which the class has no image.
    """
    machine, rules = context.bound.machines[pool.name], context.settings.class_profile.machines
    if not rules and machine.architecture == _COMMON:
        return NONE
    values = live.overrides(stored)
    field = f"spec.nodePools[{pool.name}].{'size' if pool.size else 'flavor'}"
    rule, is_same = _rule(context, POOL_FLAVOR, machine, values, field)
    if not rules:
        return NONE
    if not is_same or not context.settings.is_kept:
        profile = context.settings.class_profile
        if rule is None:
            return NONE._replace(worker_class=profile.worker_class)
        worker_class = rule.worker_class or profile.worker_class
        given = tuple(map(form, rule.taints))
        return Extras(worker_class, rule.variables, rule.labels, given)
    labels = lookup(stored, "metadata.labels") or {}
    keys = {key for one in rules for key in one.labels} - pool.labels.keys()
    taints = [form(taint) for one in rules for taint in one.taints]
    return Extras(
        stored.get("class"),
        _kept(context, rule, values),
        {key: labels[key] for key in keys & labels.keys()},
        tuple(taint for taint in stored.get("taints") or () if taint in taints),
    )


def of_control_plane(context: ClusterContext) -> Mapping[str, Any]:
    """Return the variables that the machines of the control plane override.

    Raises:
        InvalidOrder: It asks for machines for which the class has no image.
    """
    machine = context.bound.machines.get(CONTROL_PLANE)
    rules = context.settings.class_profile.machines
    if machine is None or (not rules and machine.architecture == _COMMON):
        return {}
    stored = context.live.control_plane_variables
    rule, is_same = _rule(context, CONTROL_PLANE_FLAVOR, machine, stored, CONTROL_PLANE_FLAVOR)
    if not is_same or not context.settings.is_kept:
        return rule.variables if rule else {}
    return _kept(context, rule, context.live.control_plane_overrides)


def rule_for(context: ClusterContext, machine: Machine) -> MachineRule | None:
    """Return the rule that applies to machines of a flavor; None if there is none."""
    about = (machine.flavor, machine.architecture, machine.gpus)
    rules = context.settings.class_profile.machines
    return next((rule for rule in rules if rule.is_for(*about)), None)


def _rule(
    context: ClusterContext, target: str, machine: Machine, stored: Mapping[str, Any], at: str
) -> tuple[MachineRule | None, bool]:
    """Return the rule for machines, and whether they have the flavor already.

    Raises:
        InvalidOrder: There is none for another architecture than the common one.
    """
    written = context.settings.class_profile.target(target).writes(machine.flavor, stored)
    if not written:
        return None, False
    rule, is_same = rule_for(context, machine), written.items() <= stored.items()
    if rule is None and machine.architecture != _COMMON and not is_same:
        text = f"{machine.flavor} is {machine.architecture}, and this class has {_COMMON} only"
        raise InvalidOrder(Problem(at, text))
    return rule, is_same


def form(taint: Taint | NodeTaint) -> Manifest:
    """Return a taint in the form of Cluster API."""
    return {
        "key": taint.key,
        **({"value": taint.value} if taint.value else {}),
        "effect": taint.effect,
        "propagation": "Always",
    }


def _kept(
    context: ClusterContext, rule: MachineRule | None, stored: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the variables of rules as they are stored; what order fields drive, by its rule."""
    profile = context.settings.class_profile
    names = {name for rule in profile.machines for name in rule.variables}
    driven = names & profile.drivers.keys()
    found = rule.variables.items() if rule else ()
    return {
        **{name: value for name, value in found if name in driven},
        **{name: stored[name] for name in (names - driven) & stored.keys()},
    }
