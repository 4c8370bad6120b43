"""Say which kinds of providers Crossplane 2 is to serve: those that are composed, and no other.

Only where Crossplane is configured to serve none by itself; Crossplane 1.20 serves all, and does
not know the kind. So it is a file beside what `package/cluster` applies.
"""

from typing import Any

from function.backends import definitions
from function.contract import Mode
from function.model import API_GROUP


def policy(mode: Mode) -> dict[str, Any]:
    """Return what makes Crossplane serve the kinds that an install composes."""
    return {
        "apiVersion": "apiextensions.crossplane.io/v1alpha1",
        "kind": "ManagedResourceActivationPolicy",
        "metadata": {"name": f"{mode.value}.{API_GROUP}"},
        "spec": {"activate": definitions(mode)},
    }
