"""Own what Cluster API has added to variables before a Cluster changes its class.

Its webhook writes defaults into the Cluster: variables that were left out, and keys inside objects.
Nobody owns them, so that server-side apply never removes them, and a class that does not know one
refuses every change. Applied once as they are, they belong to the order and go with the next apply.
"""

import copy
import hashlib
from collections.abc import Iterator
from typing import Any

from function import shapes
from function.backends.capi import live as views
from function.backends.capi.live import LiveCluster
from function.contract import Manifest
from function.model import API_GROUP
from function.paths import lookup
from function.schema import canonical

# Inside the Cluster: shows that the provider has applied it.
ADOPTED = f"{API_GROUP}/adopted-variables"


def first(live: LiveCluster, cluster: Manifest) -> Manifest | None:
    """Return what is applied before a Cluster that changes its class.

    Args:
        live: The view of the live Cluster.
        cluster: The Cluster as it is rendered.

    Returns:
        The manifest that was last applied, with the variables that the live one has, and without
        pools that the order removes; None if there is nothing to adopt, or all of it was adopted.
    """
    root, is_whole = live.root, not live.is_malformed
    if not root or not is_whole or not live.applied or _class(live.applied) == _class(cluster):
        return None
    # As it was written: both API versions have variables at the same place.
    applied = root.payload["manifest"]
    adopted: Manifest = copy.deepcopy(applied)
    for ours, theirs in _listed(adopted, live.inside):
        _complete(ours, theirs)
    if adopted == applied:
        if _mark(applied) in ("", _mark(live.inside)):
            return None
    else:
        values = [views.by_name(ours) for ours, _ in _listed(adopted, live.inside)]
        digest = hashlib.sha256(canonical(values).encode()).hexdigest()[:16]
        adopted["metadata"].setdefault("annotations", {})[ADOPTED] = digest
    wanted = {pool["name"] for pool in views.deployments(cluster)}
    workers = lookup(adopted, "spec.topology.workers")
    if workers:
        pools = [pool for pool in views.deployments(adopted) if pool["name"] in wanted]
        workers["machineDeployments"] = pools
    return adopted


def _class(cluster: Manifest) -> Any:
    return lookup(cluster, "spec.topology.classRef")


def _mark(cluster: Manifest) -> str:
    annotations = lookup(cluster, "metadata.annotations")
    return str(annotations.get(ADOPTED) or "") if isinstance(annotations, dict) else ""


def _listed(ours: Manifest, theirs: Manifest) -> Iterator[tuple[list[Any], list[Any]]]:
    """Yield the lists of variables of a Cluster, each with that of the live one."""
    plane = "spec.topology.controlPlane.variables.overrides"
    yield _variables(ours, "spec.topology.variables"), _variables(theirs, "spec.topology.variables")
    yield _variables(ours, plane), _variables(theirs, plane)
    known = {str(pool.get("name")): pool for pool in views.deployments(theirs)}
    for pool in views.deployments(ours):
        found = known.get(pool["name"], {})
        yield _variables(pool, "variables.overrides"), _variables(found, "variables.overrides")


def _variables(manifest: Manifest, where: str) -> list[Any]:
    found = lookup(manifest, where)
    return found if isinstance(found, list) else []


def _complete(ours: list[Any], theirs: list[Any]) -> None:
    """Add to a list of variables what the live one has beside it."""
    known = {one["name"]: one for one in shapes.mappings(ours)}
    for one in shapes.mappings(theirs):
        name = one.get("name")
        if name not in known:
            ours.append(copy.deepcopy(one))
        else:
            known[name]["value"] = _completed(known[name].get("value"), one.get("value"))


def _completed(ours: Any, theirs: Any) -> Any:
    """Return a value with the keys that the live one has beside it."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {
            **{key: _completed(value, theirs.get(key)) for key, value in ours.items()},
            **{key: copy.deepcopy(theirs[key]) for key in theirs if key not in ours},
        }
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [_completed(one, other) for one, other in zip(ours, theirs, strict=True)]
    return ours
