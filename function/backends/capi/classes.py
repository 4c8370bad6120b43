"""Refuse what a class cannot have: values that exclude each other, and clusters of another kind."""

from function.backends.capi.effective import ClusterContext
from function.backends.capi.profile import Profile
from function.errors import InvalidOrder, Problem


def check_class(context: ClusterContext) -> None:
    """Refuse a class that a live cluster cannot change to, and values that it cannot have together.

    Raises:
        InvalidOrder: The order has such a class, or such values.
    """
    known, profile = context.live.profile, context.settings.class_profile
    problems = [
        Problem(*conflict.refusal)
        for conflict in profile.conflicts
        if conflict.applies_to(context.order.written)
    ]
    if known and context.live.is_drawn and (reason := _leaves(known, profile)):
        problems.append(Problem("spec.class", f"{reason}; order a new cluster instead"))
    if problems:
        raise InvalidOrder(*problems)


def _leaves(known: Profile, profile: Profile) -> str:
    """Return why a live cluster cannot change its class; empty if it can.

    Cluster API refuses another kind of control plane, the Cluster Stack Operator another stack.
    Both refuse the Cluster as a whole: every later edit of the order would be refused with it.
    """
    if known.control_plane_machines != profile.control_plane_machines:
        kinds = "on machines", "hosted"
        was, new = kinds if known.control_plane_machines else reversed(kinds)
        return f"the control plane is {was} and cannot become {new}"
    if known.family and profile.family and known.family != profile.family:
        return f"this cluster is of {known.family} and cannot become one of {profile.family}"
    return ""
