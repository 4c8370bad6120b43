"""Say who may do what: roles of tenants and of Crossplane, in `package/cluster`."""

from collections.abc import Iterator
from typing import Any

from function.backends import groups
from function.model import API_GROUP
from tools.generate.protection import PLURALS

RBAC = "rbac.authorization.k8s.io/v1"
READ = ["get", "list", "watch"]
WRITE = ["create", "delete", "deletecollection", "patch", "update"]

Manifest = dict[str, Any]
# What `kubectl describe` shows below an order; bound in a namespace, they are those of it only.
EVENTS: Manifest = {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": READ}


def documents() -> Iterator[tuple[str, list[Manifest]]]:
    """Yield the roles by file name."""
    yield (
        "tenants",
        [
            _role("tenant-admin", {}, [rule([API_GROUP], PLURALS, READ + WRITE), EVENTS]),
            _role("tenant-viewer", {}, [rule([API_GROUP], PLURALS, READ), EVENTS]),
        ],
    )
    aggregated = {"rbac.crossplane.io/aggregate-to-crossplane": "true"}
    config = [*PLURALS, *(f"x{plural}" for plural in PLURALS)]
    everything = [
        *config,
        *(f"{name}/{part}" for name in config for part in ("status", "finalizers")),
    ]
    yield (
        "crossplane",
        [
            _role(
                "crossplane",
                aggregated,
                [
                    rule([API_GROUP], everything, ["*"]),
                    rule(groups(), ["*"], ["*"]),
                ],
            )
        ],
    )


def _role(name: str, labels: dict[str, str], rules: list[Manifest]) -> Manifest:
    return {
        "apiVersion": RBAC,
        "kind": "ClusterRole",
        "metadata": {"name": f"central-api-{name}", **({"labels": labels} if labels else {})},
        "rules": rules,
    }


def rule(groups: list[str], resources: list[str], verbs: list[str]) -> Manifest:
    """Return one rule of a role."""
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}
