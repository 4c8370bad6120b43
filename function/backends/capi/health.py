"""Read what troubles a live Cluster: the Object, its topology, its infrastructure.

What a provider of infrastructure says is in the messages of conditions only, beside all that
is not there yet while machines are built. So only words count that say what is wrong, and never a
name, which could be made of such words.
"""

from collections.abc import Iterator

from function import trouble
from function.backends.capi.status import MACHINES, failed, reconciled
from function.contract import Condition, Manifest, Resource
from function.paths import lookup

# Read as a whole. Conditions about machines hold a line for each of a machine's own conditions;
# of these the one about infrastructure is the provider's word, while others fail for a time in
# every start.
_WHOLE = ("InfrastructureReady", "WorkersAvailable")
_INFRASTRUCTURE = "* InfrastructureReady:"
# What is said of a part that tries and fails; what only waits or is not there yet says neither.
_ATTEMPTS = ("failed to ", "unable to ")
_COUNTERS = " available replicas, "
# Said of what is awaited, in a sentence or as a reason such as WaitingForStartupTimeout.
_WAITS = "Waiting"


def of(observed: Resource | None, cluster: Manifest, *, paused: bool) -> Condition:
    """Return the trouble of the Object, else of the topology, else of the infrastructure.

    Args:
        observed: The observed Object.
        cluster: The live Cluster.
        paused: Whether the provider keeps it from becoming what is ordered.
    """
    found = trouble.health([observed] if observed else [])
    if not found.status:
        return found
    if paused:
        return Condition(found.type, False, trouble.PAUSED, trouble.sentence(trouble.PAUSED))
    known = _names(cluster)
    if failed(cluster):
        text = str(reconciled(cluster).get("message", ""))
        return Condition(found.type, False, *trouble.classify(text, known))
    for text in _texts(cluster):
        rule = trouble.read(text, known)
        if rule is not trouble.UNKNOWN or any(words in text for words in _ATTEMPTS):
            return Condition(found.type, False, rule.reason, rule.sentence)
    return found


def _names(cluster: Manifest) -> list[str]:
    paths = ("metadata.name", "metadata.namespace", "spec.topology.classRef.name")
    return [str(name) for path in paths if (name := lookup(cluster, path))]


def _texts(cluster: Manifest) -> Iterator[str]:
    """Yield what a provider of infrastructure may have said, without counters."""
    status = cluster.get("status") or {}
    for path in ("failureMessage", "deprecated.v1beta1.failureMessage"):
        yield from filter(None, [str(lookup(status, path) or "")])
    for kind in (*_WHOLE, *MACHINES.values()):
        condition = trouble.condition_of(status, kind)
        text = str(condition.get("message", ""))
        if condition.get("status") == "True" or not text:
            continue
        lines = text.splitlines()
        for said in [lines] if kind in _WHOLE else _of_infrastructure(lines):
            yield "\n".join(line for line in said if not _passes(line))


def _passes(line: str) -> bool:
    """Say whether a line tells of what every start goes through."""
    return _COUNTERS in line or line.rpartition(": ")[2].strip().startswith(_WAITS)


def _of_infrastructure(lines: list[str]) -> Iterator[list[str]]:
    """Yield what each machine says of its infrastructure: a line, and those further in below it."""
    said: list[str] = []
    depth = 0
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if said and indent <= depth:
            yield said
            said = []
        if not said and line.lstrip().startswith(_INFRASTRUCTURE):
            said, depth = [line.partition(_INFRASTRUCTURE)[2]], indent
        elif said:
            said.append(line)
    if said:
        yield said
