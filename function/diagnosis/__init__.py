"""Turn a provider's report into a reason that a tenant may read.

A provider's own text holds ids, addresses and names of the CSP; it is never shown to tenants.

    rules   what each text means
    names   names, ids and addresses, which are removed from a text
"""

from collections.abc import Iterable, Mapping
from typing import Any

from function import excerpts
from function.contract import Condition, Resource
from function.diagnosis import names
from function.diagnosis.rules import PAUSED, RULES, SENTENCES, UNKNOWN, Rule

__all__ = [
    "CONDITION",
    "PAUSED",
    "REASONS",
    "UNKNOWN",
    "classify",
    "condition_of",
    "health",
    "held",
    "of",
    "paused",
    "read",
    "refused",
    "sentence",
]

CONDITION = "BackendHealthy"
REASONS = tuple((rule.reason, rule.sentence) for rule in RULES)

_SYNCED = "Synced"
_KINDS = (_SYNCED, "LastAsyncOperation")
# The first is checked in a tenth of the time.
_MAPPINGS = (dict, Mapping)
_WAITING = (
    "referenced field was empty",
    "cannot resolve references",
    "failed to resolve structured authentication config map reference",
)
_PAUSED = Rule(PAUSED, "", SENTENCES[PAUSED])


def health(observed: Iterable[Resource]) -> Condition:
    """Return `BackendHealthy` for resources: the first problem by key, or none.

    Args:
        observed: Our observed resources.
    """
    for resource in sorted(observed, key=lambda r: r.key):
        found = of(resource)
        if found:
            return Condition(CONDITION, False, *found)
    return Condition(CONDITION, True, "NoTrouble")


def of(resource: Resource) -> tuple[str, str] | None:
    """Return reason and sentence for what a resource reports; None if it is healthy."""
    rule = _rule(resource)
    return (rule.reason, rule.sentence) if rule else None


def refused(resource: Resource) -> bool:
    """Return whether the desired state of a resource is refused, so that it stays unchanged."""
    rule = _rule(resource)
    return rule is not None and rule.refuses


def paused(resource: Resource) -> bool:
    """Return whether the provider has stopped working on a resource."""
    return _is_paused(condition_of(resource.status, _SYNCED))


def held(what: str, going: Iterable[Resource]) -> str:
    """Return that something is being deleted, with what blocks its first blocked resource.

    Args:
        what: What is being deleted, as a sentence.
        going: The resources that are being deleted.
    """
    reasons = (rule.sentence for resource in going if (rule := _rule(resource)))
    return "; ".join(filter(None, (what, next(reasons, ""))))


def sentence(reason: str) -> str:
    """Return the sentence that goes with a reason."""
    return SENTENCES[reason]


def classify(text: str, known: Iterable[str] = ()) -> tuple[str, str]:
    """Return reason and sentence for a provider's text.

    Args:
        text: The text.
        known: Names in it, of orders, resources and tenants, which are ignored.
    """
    rule = read(text, known)
    return rule.reason, rule.sentence


def read(text: str, known: Iterable[str] = ()) -> Rule:
    """Return the rule for a provider's text, of which the beginning is read; else `UNKNOWN`.

    The provider determines the length of the text; every pattern takes linear time.
    """
    said = names.without(excerpts.cut(text, excerpts.TEXT_IN), known)
    return next((rule for rule in RULES if rule.pattern.search(said)), UNKNOWN)


def condition_of(status: Mapping[str, Any], kind: str, *, whole: bool = False) -> Mapping[str, Any]:
    """Return a condition of a Kubernetes status by type; empty if absent.

    Args:
        status: The status.
        kind: The type.
        whole: Whether its message is returned in full. Otherwise only its beginning is, because
            others wrote it.
    """
    conditions = status.get("conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, _MAPPINGS) and condition.get("type") == kind:
            message = str(condition.get("message") or "")
            said = message if whole else excerpts.cut(message, excerpts.TEXT_IN)
            return condition if said is condition.get("message") else {**condition, "message": said}
    return {}


def _is_paused(synced: Mapping[str, Any]) -> bool:
    return synced.get("reason") == "ReconcilePaused"


def _rule(resource: Resource) -> Rule | None:
    """Return the rule for what a resource reports: the first that is not `UNKNOWN`."""
    conditions = [condition_of(resource.status, kind) for kind in _KINDS]
    if _is_paused(conditions[0]):
        return _PAUSED
    failing = [
        condition["message"]
        for condition in conditions
        if condition.get("status") == "False" and condition.get("reason") != "Ongoing"
    ]
    # A reference that does not resolve yet means that a wave is still in progress.
    texts = [text for text in failing if not any(waiting in text for waiting in _WAITING)]
    known = names.of(resource) if texts else ()
    rules = [read(text, known) for text in texts]
    return next((rule for rule in rules if rule is not UNKNOWN), rules[0] if rules else None)
