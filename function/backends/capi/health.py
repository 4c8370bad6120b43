"""Read the health of a live Cluster: of the Object, its topology, its infrastructure.

Errors of an infrastructure provider appear only in messages of conditions, mixed with reports of
what does not exist yet while machines are built. So only words that describe an error count, and
never a name, which could consist of such words.
"""

from collections.abc import Iterator

from function import diagnosis
from function.backends.capi.live import MACHINES, LiveCluster
from function.contract import Condition, Manifest
from function.paths import lookup

# Conditions that are read as a whole. Conditions about machines hold a line for each of a
# machine's own conditions; of these the one about infrastructure comes from the provider, while
# others are temporarily false during every start.
_WHOLE = ("InfrastructureReady", "WorkersAvailable")
_INFRASTRUCTURE = "* InfrastructureReady:"
# Words about a part whose attempts fail; a part that only waits or does not exist yet has neither.
_ATTEMPTS = ("failed to ", "unable to ")
_COUNTERS = " available replicas, "
# Begins a text about something awaited: a sentence, or a reason such as WaitingForStartupTimeout.
_WAITS = "Waiting"


def of(live: LiveCluster, *, paused: bool) -> Condition:
    """Return the first problem: of the Object, the topology, or the infrastructure.

    Args:
        live: The view of the live Cluster.
        paused: Whether the provider has paused the cluster before it matches the order.
    """
    result = diagnosis.health([live.root] if live.root else [])
    if not result.status:
        return result
    if paused:
        return Condition(result.type, False, diagnosis.PAUSED, diagnosis.sentence(diagnosis.PAUSED))
    known = _names(live.inside)
    if live.is_failed:
        text = str(live.reconciled.get("message", ""))
        return Condition(result.type, False, *diagnosis.classify(text, known))
    for text in _texts(live):
        rule = diagnosis.read(text, known)
        if rule is not diagnosis.UNKNOWN or any(words in text for words in _ATTEMPTS):
            return Condition(result.type, False, rule.reason, rule.sentence)
    return result


def _names(cluster: Manifest) -> list[str]:
    paths = ("metadata.name", "metadata.namespace", "spec.topology.classRef.name")
    return [str(name) for path in paths if (name := lookup(cluster, path))]


def _texts(live: LiveCluster) -> Iterator[str]:
    """Yield texts that may come from an infrastructure provider, without counters."""
    for path in ("failureMessage", "deprecated.v1beta1.failureMessage"):
        yield from filter(None, [str(lookup(live.status, path) or "")])
    for kind in (*_WHOLE, *MACHINES.values()):
        condition = live.condition(kind)
        text = str(condition.get("message", ""))
        if condition.get("status") == "True" or not text:
            continue
        lines = text.splitlines()
        for said in [lines] if kind in _WHOLE else _of_infrastructure(lines):
            yield "\n".join(line for line in said if not _passes(line))


def _passes(line: str) -> bool:
    """Return whether a line reports a temporary state that occurs during every start."""
    return _COUNTERS in line or line.rpartition(": ")[2].strip().startswith(_WAITS)


def _of_infrastructure(lines: list[str]) -> Iterator[list[str]]:
    """Yield each machine's report on its infrastructure: a line, and the indented ones below it."""
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
