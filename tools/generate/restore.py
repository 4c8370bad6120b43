"""Say what is left out of a backup that `kubectl get -o yaml` made, to create it again.

What counts is the owners: objects of a new control plane have other UIDs, and the garbage
collector deletes what names an owner that does not exist, and the live resource behind it.
"""

from typing import Any

import yaml

# What is composed comes first, so that it is there when Crossplane sees who it belongs to.
FILES = ("managed.yaml", "orders.yaml")
LEFT_OUT = ("creationTimestamp", "generation", "ownerReferences", "resourceVersion", "uid")


def kustomization() -> dict[str, Any]:
    """Return what makes a directory of dumps ready for `kubectl create -k`."""
    patch = {
        "apiVersion": "any/v1",
        "kind": "Any",
        "metadata": {"name": "any", **dict.fromkeys(LEFT_OUT)},
        "status": None,
    }
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "sortOptions": {"order": "fifo"},
        "resources": list(FILES),
        "patches": [{"target": {"name": ".*"}, "patch": yaml.safe_dump(patch, sort_keys=False)}],
    }
