"""Play an order through its life, and judge answers without asking the production guards.

A world is what Crossplane knows of one order at one moment. `ask` has the function answer
it, `advance` lets Crossplane apply the answer and the providers work on it. What must not
happen is computed here from manifests and the tenant's own edits alone.
"""

import copy
import hashlib
import ipaddress
import json
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import structlog
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import local, plain, simulate
from function.contract import Manifest, Mode
from function.fn import FunctionRunner
from function.local import Observed
from function.model import API_GROUP, API_VERSION
from function.responses import CONDITIONS

TENANT, NAME = "acme", "shop"
BACKEND_LABEL = f"{API_GROUP}/backend"
BOUND = f"{API_GROUP}/bound"
EXTERNAL_NAME = "crossplane.io/external-name"
# What a test says of a resource that its provider has refused to make.
STATE = "tests.scs.community/refused"
POOL_LABEL = "node.cluster.x-k8s.io/pool"
# Passes that the longest legal way takes: two minors, each with its waves.
PATIENCE = 12
# Conditions that are read off observed resources; the others are of what was decided.
FRESH = ("Provisioned", "Current", "BackendHealthy")
Identity = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """Hold what Crossplane knows of one order.

    Attributes:
        kind: Kind of the order.
        mode: Which install asks.
        spec: What the tenant asks for now.
        layers: Every EnvironmentConfig of the control plane.
        answered: What the tenant asked for when the function last answered; None before.
        observed: Composed resources by key.
        status: Status of the composite.
        step: Input of the Composition's step.
        moves: Whether the operator lists a move of this order.
        backend: The backend that answers the kind, before any fault.
        generation: `metadata.generation` of the composite.
        past: Former versions of the order, by generation.
        answered_at: Generation at which the order was answered and its request had changed.
    """

    kind: str
    mode: Mode
    spec: Manifest
    layers: tuple[Manifest, ...]
    answered: Manifest | None = None
    observed: Mapping[str, Observed] = field(default_factory=dict)
    status: Manifest = field(default_factory=dict)
    step: Manifest = field(default_factory=dict)
    moves: bool = False
    backend: str = ""
    generation: int = 1
    past: Mapping[int, Manifest] = field(default_factory=dict)
    answered_at: int = 0

    def __repr__(self) -> str:
        """Return what tells one world from another, in few lines."""
        rules = [rule for doc in self.layers for rule in at(doc, "data", "policy") or ()]
        found = f"World({self.kind}, {self.backend}, {self.mode.value}, {self.spec}"
        return f"{found}, observed={sorted(self.observed)}, policy={rules})"

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(repr(self))


@dataclass(frozen=True)
class Reply:
    """Hold one answer, as Crossplane got it and as plain data."""

    response: fnv1.RunFunctionResponse
    desired: Mapping[str, Manifest]
    ready: frozenset[str]
    fatal: str
    complete: bool

    @property
    def reason(self) -> str:
        """Return the reason of the refusal."""
        return self.fatal.partition(":")[0]


RUNNER = FunctionRunner()
# A traceback that is drawn for people takes longer than a hundred answers.
RUNNER.log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[])


def ask(world: World, runner: FunctionRunner = RUNNER) -> Reply:
    """Have the function answer a world, through the real adapter."""
    last: list[fnv1.RunFunctionResponse] = []

    async def run(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        req.input.CopyFrom(plain.to_struct(world.step))
        last.append(await runner.RunFunction(req, None))
        return last[-1]

    layers = [_versioned(layer) for layer in world.layers]
    outcome = _driven(local.answer(run, composite(world), layers, world.observed))
    return Reply(last[-1], outcome.resources, outcome.ready, outcome.fatal, outcome.complete)


def composite(world: World) -> Manifest:
    """Return the XR of a world."""
    metadata = {"name": NAME, "namespace": TENANT}
    order = {"apiVersion": API_VERSION, "kind": world.kind, "metadata": metadata}
    xr = local.composite_of({**order, "spec": world.spec}, world.mode)
    xr["metadata"]["generation"] = world.generation
    return {**xr, **({"status": world.status} if world.status else {})}


def _versioned(layer: Manifest) -> Manifest:
    """Return an EnvironmentConfig as the API server would show it."""
    digest = hashlib.sha256(json.dumps(layer, sort_keys=True, default=str).encode()).hexdigest()
    metadata = {**layer["metadata"], "uid": digest[:32], "resourceVersion": digest[32:]}
    return {**layer, "metadata": metadata}


def _driven(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that never waits for anything."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("the function waits for something")


def advance(world: World, reply: Reply, finished: frozenset[str] | None = None) -> World:
    """Apply an answer, as Crossplane does, and let the providers finish some resources.

    Args:
        world: The world before.
        reply: The answer; one that refuses changes nothing but conditions.
        finished: Keys that are built now; all if None. What is not keeps what it had.
    """
    conditions = [
        {"type": c.type, "status": _STATUS[c.status], "reason": c.reason, "message": c.message}
        for c in reply.response.conditions
    ]
    if reply.fatal:
        return replace(world, status={**world.status, "conditions": conditions})
    status = plain.to_dict(reply.response.desired.composite.resource).get("status") or {}
    observed = {key: found for key, found in world.observed.items() if not is_ours(found.manifest)}
    for key, manifest in reply.desired.items():
        previous = world.observed.get(key)
        if finished is None or key in finished:
            observed[key] = simulate.built(key, manifest)
        else:
            observed[key] = _applied(key, manifest, previous)
    return replace(
        world,
        answered=world.spec,
        answered_at=world.answered_at if world.answered == world.spec else world.generation,
        observed=observed,
        status={**status, "conditions": conditions},
    )


_STATUS = {
    fnv1.STATUS_CONDITION_TRUE: "True",
    fnv1.STATUS_CONDITION_FALSE: "False",
    fnv1.STATUS_CONDITION_UNKNOWN: "Unknown",
}


def _applied(key: str, manifest: Manifest, previous: Observed | None) -> Observed:
    """Return a resource after server-side apply: what the provider wrote stays."""
    result = simulate.created(key, manifest)
    if previous is None:
        return result
    annotations = previous.manifest["metadata"].get("annotations") or {}
    metadata = result.manifest["metadata"]
    if EXTERNAL_NAME in annotations:
        metadata["annotations"].setdefault(EXTERNAL_NAME, annotations[EXTERNAL_NAME])
    if "deletionTimestamp" in previous.manifest["metadata"]:
        metadata["deletionTimestamp"] = previous.manifest["metadata"]["deletionTimestamp"]
    status = previous.manifest.get("status")
    manifest = {**result.manifest, **({"status": copy.deepcopy(status)} if status else {})}
    return Observed(manifest, previous.connection)


def settle(world: World, first: Reply | None = None) -> tuple[World, Reply]:
    """Ask and build until nothing changes any more.

    Args:
        world: The world to begin with.
        first: Its reply, if it was asked already.

    Raises:
        AssertionError: The order is refused, or never gets there.
    """
    previous: Mapping[str, Manifest] = {}
    for turn in range(PATIENCE):
        reply = ask(world) if turn or first is None else first
        assert not reply.fatal, f"refused without a fault: {reply.fatal}"
        check_nothing_lost(world, reply)
        world = advance(world, reply)
        if reply.complete and reply.desired == previous:
            return world, reply
        previous = reply.desired
    raise AssertionError(f"never complete: {sorted(set(previous) - reply.ready)}")


def is_ours(manifest: Manifest) -> bool:
    """Say whether a resource carries our label."""
    return BACKEND_LABEL in (manifest["metadata"].get("labels") or {})


def alive(world: World) -> dict[str, Manifest]:
    """Return what is ours, exists, and is not already being deleted."""
    return {
        key: found.manifest
        for key, found in world.observed.items()
        if is_ours(found.manifest)
        and "deletionTimestamp" not in found.manifest["metadata"]
        and STATE not in found.manifest["metadata"].get("annotations", {})
    }


def at(value: Any, *path: str) -> Any:
    """Return the value at a path of mappings, or None."""
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def identities(key: str, manifest: Manifest) -> Iterator[Identity]:
    """Yield everything live that a resource represents."""
    yield ("resource", key, manifest["kind"])
    inner = at(manifest, "spec", "forProvider", "manifest")
    if manifest["kind"] != "Object" or not isinstance(inner, Mapping):
        return
    group = str(inner.get("apiVersion")).rpartition("/")[0]
    names = (at(inner, "metadata", "namespace"), at(inner, "metadata", "name"))
    cluster = (group, str(inner.get("kind")), *map(str, names))
    yield ("object", *cluster)
    for pool in pools(inner):
        yield ("pool", *cluster, pool["name"])


def pools(inner: Any) -> list[Manifest]:
    """Return the MachineDeployments of a Cluster, or the workers of a Shoot."""
    found = at(inner, "spec", "topology", "workers", "machineDeployments")
    found = found or at(inner, "spec", "provider", "workers")
    return [pool for pool in found or () if isinstance(pool, dict) and "name" in pool]


def check_answer(world: World, reply: Reply) -> None:
    """Hold one answer against everything that must be true under any fault."""
    if reply.fatal:
        check_refusal(world, reply)
        return
    check_nothing_lost(world, reply)


def check_nothing_lost(world: World, reply: Reply) -> None:
    """Find what would be deleted or rebuilt, although the tenant still asks for it."""
    wanted = {i for key, manifest in reply.desired.items() for i in identities(key, manifest)}
    lost = {
        identity
        for key, manifest in alive(world).items()
        for identity in identities(key, manifest)
        if identity not in wanted and not may_go(world, key, manifest, identity)
    }
    assert not lost, f"would be deleted: {sorted(lost)}"
    named = [(found["kind"], found["metadata"]["name"]) for found in reply.desired.values()]
    # What moves is left as it was seen, twice if it was seen twice.
    assert world.moves or len(named) == len(set(named)), f"applied to one object: {sorted(named)}"
    for key, manifest in alive(world).items():
        if key in reply.desired:
            _check_same(key, manifest, reply.desired[key], moves=world.moves)


def check_refusal(world: World, reply: Reply) -> None:
    """Find what a refusal lacks: one FATAL, one warning and a condition for the tenant."""
    response, both = reply.response, fnv1.TARGET_COMPOSITE_AND_CLAIM
    assert reply.reason != "InternalError", reply.fatal
    # In this order: Crossplane reads no further than the FATAL.
    assert [(r.severity, r.target) for r in response.results] == [
        (fnv1.SEVERITY_WARNING, both),
        (fnv1.SEVERITY_FATAL, fnv1.TARGET_UNSPECIFIED),
    ]
    found = {c.type: (c.status, c.reason, c.target) for c in response.conditions}
    assert len(found) == len(response.conditions)
    accepted = found.pop("Accepted")
    assert accepted == (fnv1.STATUS_CONDITION_FALSE, reply.reason, both)
    known = {c["type"]: c for c in world.status.get("conditions") or ()}
    resent = {name: (_STATUS[status], reason) for name, (status, reason, _) in found.items()}
    lost = {name for name in known if name in CONDITIONS} - {*resent, "Accepted"}
    assert not lost, f"would become Unknown: {lost}"
    lives = any(is_ours(found.manifest) for found in world.observed.values())
    for name, shown in resent.items():
        same = name in known and (known[name]["status"], known[name]["reason"]) == shown
        assert same or (name in FRESH and lives), f"{name}: nothing shows this"
    assert not reply.desired
    assert all(c.target == both for c in response.conditions)
    declared = {name.partition(" ")[0] for name in response.requirements.resources}
    # Which environment to ask for cannot be known then.
    unknown = bool(world.step) or reply.reason == "BindingLost"
    assert declared == {"environment", "overlay"} or unknown, "requirements are not declared"


def may_go(world: World, key: str, manifest: Manifest, identity: Identity) -> bool:
    """Say whether the tenant's own edits, or a listed move, let something live go."""
    if world.moves and not {"*", "Delete"} & set(manifest["spec"]["managementPolicies"]):
        return True
    previous, current = world.answered, world.spec
    if previous is None or not isinstance(current, Mapping):
        return False
    if world.kind == "Cluster":
        if key.startswith("gardener-login"):
            return not _is_read(world, manifest)
        return identity[0] == "pool" and _pool_is_dropped(previous, current, manifest, identity[-1])
    prefix, _, rest = key.removeprefix("openstack-").partition("-")
    if world.kind == "Network":
        closed = (
            previous.get("externalAccess") is not False and current.get("externalAccess") is False
        )
        return prefix in ("router", "interface") and closed
    return _may_go_from_servers(previous, current, manifest, prefix, rest)


def _may_go_from_servers(
    previous: Manifest, current: Manifest, manifest: Manifest, prefix: str, rest: str
) -> bool:
    index, _, name = rest.partition("-")
    match prefix:
        case "rule":
            return previous.get("firewall") != current.get("firewall") and not _passes(
                current, manifest
            )
        case "port" | "server":
            return _is_above(previous, current, index)
        case "floatingip":
            dropped = previous.get("publicIP") != current.get("publicIP") and not current.get(
                "publicIP"
            )
            return dropped or _is_above(previous, current, index)
        case "volume" | "attachment" if current.get("deletionProtection") is False:
            dropped = name in _names(previous, "volumes") and name not in _names(current, "volumes")
            return dropped or _is_above(previous, current, index)
    return False


def _pool_is_dropped(previous: Manifest, current: Manifest, manifest: Manifest, name: str) -> bool:
    for deployment in pools(at(manifest, "spec", "forProvider", "manifest")):
        if deployment["name"] == name:
            owner = at(deployment, "metadata", "labels", POOL_LABEL) or name
            retained = _names(current, "nodePools")
            return owner in _names(previous, "nodePools") and owner not in retained
    return False


def _is_read(world: World, manifest: Manifest) -> bool:
    """Say whether the live Shoot reads its logins from an observed ConfigMap."""
    shoot = world.observed.get("gardener-shoot")
    server = ("spec", "kubernetes", "kubeAPIServer", "structuredAuthentication", "configMapName")
    used = at(shoot.manifest if shoot else None, "status", "atProvider", "manifest", *server)
    name = at(manifest, "spec", "forProvider", "manifest", "metadata", "name")
    return used is not None and used == name


def _names(spec: Manifest, field: str) -> set[str]:
    return {entry["name"] for entry in spec.get(field) or ()}


def _is_above(previous: Manifest, current: Manifest, index: str) -> bool:
    same = previous.get("replicas") == current.get("replicas")
    if same or current.get("deletionProtection") is not False or not index.isdigit():
        return False
    wanted = current.get("replicas")
    return int(index) >= (1 if wanted is None else wanted)


_ANYWHERE = ["0.0.0.0/0", "::/0"]


def _passes(spec: Manifest, manifest: Manifest) -> bool:
    """Say whether a firewall still lets pass what a rule resource allows."""
    payload = manifest["spec"]["forProvider"]
    firewall = spec.get("firewall") or {}
    direction = payload.get("direction")
    peers = {"ingress": "from", "egress": "to"}.get(str(direction), "")
    rules = firewall.get(direction)
    if rules is None:
        rules = [{"protocol": "any"}] if direction == "egress" else []
    low, high = payload.get("portRangeMin"), payload.get("portRangeMax")
    ports = None if low is None else f"{low}" if low == high else f"{low}-{high}"
    protocol = str(payload.get("protocol", "any")).replace("ipv6-icmp", "icmp")
    return any(
        (rule["protocol"], _short(rule.get("ports"))) == (protocol, ports)
        and payload.get("remoteIpPrefix")
        in [str(ipaddress.ip_network(p)) for p in rule.get(peers) or _ANYWHERE]
        for rule in rules
    )


def _short(ports: str | None) -> str | None:
    low, _, high = (ports or "").partition("-")
    return low if low and low == high else ports


# What a provider could only change by rebuilding, by kind.
_FIXED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "InstanceV2": (
        ("spec", "forProvider", "network"),
        ("spec", "forProvider", "keyPair"),
        ("spec", "forProvider", "userData"),
        ("spec", "forProvider", "blockDevice"),
        ("spec", "forProvider", "availabilityZone"),
        ("spec", "forProvider", "schedulerHints"),
        ("spec", "initProvider", "imageId"),
    ),
    "PortV2": (
        ("spec", "forProvider", "networkIdSelector"),
        ("spec", "forProvider", "networkId"),
        ("spec", "forProvider", "fixedIp"),
    ),
    "VolumeV3": (
        ("spec", "forProvider", "volumeType"),
        ("spec", "forProvider", "availabilityZone"),
    ),
    "VolumeAttachV2": (("spec", "forProvider", "instanceId"), ("spec", "forProvider", "volumeId")),
    "ServergroupV2": (("spec", "forProvider", "name"), ("spec", "forProvider", "policies")),
    "SubnetV2": (
        ("spec", "forProvider", "cidr"),
        ("spec", "forProvider", "ipVersion"),
        ("spec", "forProvider", "subnetpoolId"),
        ("spec", "forProvider", "networkIdRef"),
    ),
    "RouterV2": (("spec", "forProvider", "externalNetworkId"),),
    "RouterInterfaceV2": (
        ("spec", "forProvider", "routerIdRef"),
        ("spec", "forProvider", "subnetIdRef"),
    ),
    "FloatingipV2": (("spec", "forProvider", "pool"),),
    "KeypairV2": (("spec", "forProvider", "name"), ("spec", "forProvider", "publicKey")),
    "SecgroupV2": (("spec", "forProvider", "name"),),
    "Object": tuple(
        ("spec", "forProvider", "manifest", "spec", *path)
        for path in (
            ("clusterNetwork",),
            ("topology", "controlPlane", "replicas"),
            ("cloudProfile",),
            ("credentialsBindingName",),
            ("region",),
            ("networking",),
            ("controlPlane",),
            ("provider", "infrastructureConfig"),
        )
    ),
}
_NAME = ("metadata", "name")
_ACCOUNT = ("spec", "providerConfigRef", "name")


def _check_same(key: str, observed: Manifest, desired: Manifest, *, moves: bool) -> None:
    """Find what would be rebuilt, renamed, moved to another account or taken down."""
    always = (_NAME,) if moves else (_NAME, _ACCOUNT)
    for path in (*always, *_FIXED.get(observed["kind"], ())):
        previous = at(observed, *path)
        if previous and not _is_found(observed, path):
            current = at(desired, *path)
            assert _holds(current, previous), f"{key}: {'.'.join(path)} would change"
    for step in ("topology", "kubernetes"):
        version = ("spec", "forProvider", "manifest", "spec", step, "version")
        previous, current = at(observed, *version), at(desired, *version)
        assert _order(previous) <= _order(current), f"{key}: {previous} -> {current}"

    if observed["kind"] != "Object":
        _check_external_name(key, observed, desired)
    size = ("spec", "forProvider", "size")
    assert (at(observed, *size) or 0) <= (at(desired, *size) or 0), f"{key} would shrink"


def _check_external_name(key: str, observed: Manifest, desired: Manifest) -> None:
    """Find what a provider that starts again would create a second time."""
    annotation = ("metadata", "annotations", EXTERNAL_NAME)
    known = {at(observed, *annotation), at(observed, "status", "atProvider", "id")} - {None, ""}
    if known:
        assert at(desired, *annotation) in known, f"{key}: its external name would be lost"


def _is_found(observed: Manifest, path: tuple[str, ...]) -> bool:
    """Say whether the provider found a value by a selector: then it keeps it."""
    return at(observed, *path[:-1], f"{path[-1]}Selector") is not None


def _holds(whole: Any, part: Any) -> bool:
    """Say whether a value is another, of which some may have been lost."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(name in whole and _holds(whole[name], part[name]) for name in part)
    if isinstance(whole, list) and isinstance(part, list):
        rest = iter(whole)
        return all(any(_holds(item, wanted) for item in rest) for wanted in part)
    return bool(whole == part)


def _order(version: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in (version or "v0").removeprefix("v").split("."))
