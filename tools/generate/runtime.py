"""Say how Crossplane runs the function, and which kinds of providers it serves."""

from typing import Any

from tools.generate.definitions import FUNCTION, INSTALLED

SYSTEM = "crossplane-system"
PORT = 9443
# Who selects the pods of a function by this label is Crossplane itself.
PODS = {"pkg.crossplane.io/function": INSTALLED}

Manifest = dict[str, Any]


def documents() -> list[Manifest]:
    """Return how the function is run: two of it, one of which is always there.

    An order of 50 resources takes a few milliseconds, so one would do; two, because no order is
    answered while there is none. Memory is flat at 70 MiB.
    """
    container = {
        "name": "package-runtime",
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "512Mi"},
        },
        "readinessProbe": {"tcpSocket": {"port": PORT}},
        "livenessProbe": {"tcpSocket": {"port": PORT}, "initialDelaySeconds": 10},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
    }
    return [
        {
            "apiVersion": "pkg.crossplane.io/v1beta1",
            "kind": "DeploymentRuntimeConfig",
            "metadata": {"name": FUNCTION},
            "spec": {
                "deploymentTemplate": {
                    "spec": {
                        "replicas": 2,
                        "selector": {},
                        "template": {"spec": {"containers": [container]}},
                    }
                }
            },
        },
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": FUNCTION, "namespace": SYSTEM},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": PODS}},
        },
    ]
