"""Read what troubles a live Cluster: the Object, its topology, its infrastructure.

A shortage is told by Cluster API in the messages of conditions only, beside all that is not
there yet while machines are built. So only words that say a shortage count, and never a
name, which could be made of such words.
"""

import re
from collections.abc import Iterator

from function import trouble
from function.backends.capi.status import MACHINES, failed, reconciled
from function.contract import Condition, Manifest, Resource
from function.paths import lookup

# Read as a whole. Conditions about machines hold a line for each of a machine's own conditions;
# of these the one about infrastructure is the provider's word, while others fail for a time in
# every start.
_WHOLE = ("InfrastructureReady", "WorkersAvailable")
# What is said in several lines, or as a list, stands below it, further in.
_INFRASTRUCTURE = re.compile(
    r"^([ \t]*)\* InfrastructureReady:(.*(?:\n\1[ \t]+.*)*)$", re.MULTILINE
)
# What else the words of `trouble` mean may pass by itself, as long as machines are built.
_SHORTAGES = ("QuotaExceeded", "NoCapacity", "CredentialsInvalid", "RateLimited")
_COUNTERS = re.compile(r"(?<!\d)\d+ available replicas, .*")


def of(observed: Resource | None, cluster: Manifest) -> Condition:
    """Return the trouble of the Object, else of the topology, else of the infrastructure."""
    found = trouble.health([observed] if observed else [])
    if not found.status:
        return found
    if failed(cluster):
        text = str(reconciled(cluster).get("message", ""))
        return Condition(found.type, False, *trouble.classify(text))
    for text in _texts(cluster):
        reason, sentence = trouble.classify(text)
        if reason in _SHORTAGES:
            return Condition(found.type, False, reason, sentence)
    return found


def _texts(cluster: Manifest) -> Iterator[str]:
    """Yield what a provider of infrastructure may have said, without names and counters."""
    own = names_of(str(lookup(cluster, "metadata.name")))
    for kind in (*_WHOLE, *MACHINES.values()):
        condition = trouble.condition_of(cluster.get("status") or {}, kind)
        if condition.get("status") == "True":
            continue
        text = own.sub("", str(condition.get("message", "")))
        lines = [text] if kind in _WHOLE else [told for _, told in _INFRASTRUCTURE.findall(text)]
        yield from (_COUNTERS.sub("", line) for line in lines)


def names_of(cluster: str) -> re.Pattern[str]:
    """Return a pattern for the names of a cluster and of the objects that belong to it.

    Anchored at the beginning of a word: a match attempt at each letter of a long word would take
    quadratic time.
    """
    return re.compile(rf"(?<!\S)\S*\b{re.escape(cluster)}[-\w.]*")
