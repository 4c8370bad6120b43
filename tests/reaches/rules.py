"""Edit what is judged, who may use an environment, and what may move."""

from typing import Any

from tests.reaches.offers import ARM_GIVEN, FULL
from tests.reaches.worlds import CAPI, CLUSTERS, EVERY, SERVER, Case, Data, clusters, merged

MOVED = "MoveRefused"
_MORE = {"name": "more", "flavor": "SCS-4V-16-100", "replicas": 9}


def _limit(name: str, server: Data, more: Data) -> Case:
    """Return a limit that lives orders pass by far, and edits that make them pass it further."""
    judged = {**clusters({"nodePools": [more]}), "server": server}
    return Case(f"limits.{name}", {"limits": {name: 1}}, tuple(judged), judged=judged)


def _rule(**fields: Any) -> Data:
    return {"policy": [{"reason": "Ask us.", **fields}]}


def _judging(name: str, why: str = "", **rule: Any) -> Case:
    """Return another rule for the number of servers."""
    return Case(
        f"policy[].{name}",
        _rule(**{"field": "spec.replicas", "kind": "Server", **rule}),
        SERVER,
        given=_rule(field="spec.replicas", kind="Server", max=40),
        judged={"server": {"replicas": 5}},
        why=why,
    )


_SERVER_MOVE: Data = {
    "namespace": "acme",
    "kind": "Server",
    "name": "shop",
    "from": {"providerConfig": "acme.openstack"},
    "to": {"providerConfig": "acme.new"},
}
_CLUSTER_MOVE: Data = {
    "namespace": "acme",
    "kind": "Cluster",
    "name": "shop",
    "from": {"backend": "capi", "providerConfig": "acme.capi", "namespace": "acme"},
    "to": {"backend": "gardener", "providerConfig": "acme.gardener", "namespace": "garden-p1"},
}


def _listed(name: str, edit: Data) -> Case:
    """Return an edit of the list of moves, after the ProviderConfig of servers was renamed."""
    settings = {"openstack": {"providerConfig": "{tenant}.new"}}
    return Case(
        f"moves[].{name}",
        {"moves": [merged(_SERVER_MOVE, edit)]},
        SERVER,
        then={"backends": settings, "moves": [_SERVER_MOVE]},
        refuses=MOVED,
    )


def _left(end: str, name: str) -> Case:
    """Return an edit of one end of a move, after clusters got another backend."""
    return Case(
        f"moves[].{end}.{name}",
        {"moves": [merged(_CLUSTER_MOVE, {end: {name: "x"}})]},
        ("capi",),
        then={"kinds": {"Cluster": "gardener"}, "moves": [_CLUSTER_MOVE]},
        refuses=MOVED,
    )


def _environment(end: str) -> Case:
    """Return an edit of one end of a move between environments."""
    ends = {"from": {"environment": "default"}, "to": {"environment": "other"}}
    whole = {**_SERVER_MOVE, **ends}
    return Case(
        f"moves[].{end}.environment",
        {"moves": [merged(whole, {end: {"environment": "x"}})]},
        SERVER,
        then={"moves": [whole]},
        # It is the tenant who has named the other one.
        refuses="InvalidOrder",
        elsewhere=True,
    )


_BIG = {**FULL, "gpu": {**FULL["gpu"], "count": 2}}
CASES = [
    Case("displayName", {"displayName": "Other"}, ()),
    Case("stalledAfter", {"stalledAfter": "2h"}, ()),
    Case("links", {"links": {"support": "https://support.example"}}, ()),
    Case("layers", {"layers": ["gone"]}, EVERY, refuses="EnvironmentInvalid"),
    Case("overlays", {"overlays": "Required"}, EVERY, refuses="EnvironmentInvalid"),
    Case("tenants", {"tenants": ["other"]}, EVERY, refuses="EnvironmentNotFound"),
    Case("kinds", {"kinds": {"Cluster": None}}, CLUSTERS, why="Cluster"),
    Case("kinds", {"kinds": {"Server": None}}, SERVER, why="Server"),
    Case("kinds", {"kinds": {"Network": None}}, ("network",), why="Network"),
    Case("kinds", {"kinds": {"Cluster": "gardener"}}, CAPI, refuses=MOVED, why="another backend"),
    _limit("cpu", {"replicas": 5}, _MORE),
    _limit("memoryGiB", {"replicas": 5}, _MORE),
    _limit("storageGiB", {"volumes": [{"name": "data", "sizeGiB": 99, "type": "ssd"}]}, _MORE),
    Case(
        "limits.gpus",
        {"limits": {"gpus": 1}},
        SERVER,
        given=merged(
            ARM_GIVEN,
            {
                "flavors": [
                    _BIG,
                    *ARM_GIVEN["flavors"][1:],
                    {"name": "m1", "cpu": 2, "memoryGiB": 4},
                ]
            },
        ),
        orders={"server": {"flavor": "full"}},
        judged={"server": {"replicas": 5}},
    ),
    Case(
        "policy[].field",
        _rule(field="spec.replicas", max=1),
        SERVER,
        given=_rule(field="spec.volumes[].sizeGiB", kind="Server", max=40),
        judged={"server": {"replicas": 5}},
    ),
    _judging("kind", kind=None, max=1),
    _judging("pin", pin=1),
    _judging("min", min=9),
    _judging("max", max=1),
    _judging("allow", allow=[1]),
    _judging("forbid", forbid=[2, 5]),
    Case(
        "policy[].default",
        _rule(field="spec.placement.spread", default="Soft"),
        SERVER,
        given=_rule(field="spec.placement.spread", default="Strict"),
    ),
    Case(
        "policy[].default",
        _rule(field="spec.nodePools[].drainTimeout", default="5m"),
        CLUSTERS,
        why="where there was none",
    ),
    Case(
        "policy[].reason",
        _rule(field="spec.placement.spread", default="Soft", reason="Other words."),
        SERVER,
        given=_rule(field="spec.placement.spread", default="Soft"),
    ),
    _listed("namespace", {"namespace": "other"}),
    _listed("kind", {"kind": "Network"}),
    _listed("name", {"name": "other"}),
    _environment("from"),
    _environment("to"),
    *(_left(end, name) for end in ("from", "to") for name in ("backend", "providerConfig")),
    *(_left(end, "namespace") for end in ("from", "to")),
    Case("secretsNamespace", {"secretsNamespace": "other"}, ("capi", "gardener")),
]
