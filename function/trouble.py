"""Turn what a provider reports into a neutral reason that a tenant may read.

A provider's own text holds ids, addresses and names of the CSP; it never leaves. Which
text means what was read off real objects of provider-openstack 0.9, provider-kubernetes
1.3 and Cluster API 1.14.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from function import excerpts
from function.contract import Condition, Resource

CONDITION = "BackendHealthy"

_OTHER = ("ConfigurationProblem", "the provider refuses what was asked of it, and has to act")
_QUOTA = "the quota of your account with the provider is used up"
_CREDENTIALS = (
    "the provider's credentials for your account are not accepted; the provider has to act"
)
_WAITING = (
    "referenced field was empty",
    "cannot resolve references",
    "failed to resolve structured authentication config map reference",
)
# How an API server begins a list of errors.
_LIST = r"(?:\[|\d+ errors? occurred:\s*(?:\*\s*)?)?"
_REFUSALS = "|".join(
    (
        r"refuse to update the external resource",
        r"referenced ProviderConfig",
        r'" is invalid:',
        r'" is forbidden:',
        r"admission webhook \S+ denied the request",
        r"failed to create typed patch object",
    )
)
REASONS: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (reason, re.compile(pattern, re.IGNORECASE), sentence)
    for reason, pattern, sentence in (
        # An API server says "is forbidden" of its quotas, of missing rights, and of whatever its
        # admission refuses.
        (
            "QuotaExceeded",
            rf"is forbidden: {_LIST}(?:exceeded quota|quota limits? exceeded)",
            _QUOTA,
        ),
        ("CredentialsInvalid", r'is forbidden: User "', _CREDENTIALS),
        # These quote values and names, which may read like any of the others.
        (_OTHER[0], _REFUSALS, _OTHER[1]),
        # Before the rest: it quotes an address, which may read like any of them.
        (
            "Unreachable",
            r"connection refused|connection reset|no such host|no route to host"
            r"|network is unreachable|\bEOF$",
            "the provider cannot be reached; what runs goes on, and changes are made later",
        ),
        ("QuotaExceeded", r"quota|OverQuota|exceeds(?:(?!exceeds).)*limit", _QUOTA),
        (
            "CredentialsInvalid",
            r"\b401\b|\b403\b|unauthori[sz]ed|authentication|credentials|forbidden",
            _CREDENTIALS,
        ),
        (
            "NoCapacity",
            r"no valid host|insufficient|out of capacity|exhausted",
            "the provider has no capacity left for this; try later, another size or another zone",
        ),
        (
            "RateLimited",
            r"\b429\b|rate limit|too many requests",
            "the provider slows requests down",
        ),
        ("Timeout", r"timeout|timed out|deadline exceeded", "the provider did not answer in time"),
        # Neutron calls it not found; there is a router once its interface is made, or never.
        (
            "NotFound",
            r"is not reachable from subnet",
            "a public address needs a way out: set spec.externalAccess of the server's first "
            "Network to true, or wait until that is built",
        ),
        (
            "NotFound",
            r"\b404\b|unable to find|not found|No network found",
            "something this order needs is not there any more; the provider has to act",
        ),
    )
)


def health(observed: Iterable[Resource]) -> Condition:
    """Return `BackendHealthy` for resources: the first trouble by key, or none.

    Args:
        observed: Our observed resources.
    """
    for resource in sorted(observed, key=lambda r: r.key):
        found = of(resource)
        if found:
            return Condition(CONDITION, False, *found)
    return Condition(CONDITION, True, "NoTrouble")


def of(resource: Resource) -> tuple[str, str] | None:
    """Return reason and sentence for what a resource reports; None if it is well."""
    for kind in ("Synced", "LastAsyncOperation"):
        condition = condition_of(resource.status, kind)
        if condition.get("status") == "False" and condition.get("reason") != "Ongoing":
            text = str(condition.get("message", ""))
            # A reference that does not resolve yet is a wave that is still under way.
            if any(waiting in text for waiting in _WAITING):
                continue
            return classify(text)
    return None


def refused(resource: Resource) -> bool:
    """Return whether what is asked of a resource is refused, so that it stays as it was."""
    found = of(resource)
    return bool(found and found[0] == _OTHER[0])


def sentence(reason: str) -> str:
    """Return the sentence that goes with a neutral reason; the most general stands last."""
    return next((text for known, _, text in reversed(REASONS) if known == reason), _OTHER[1])


def classify(text: str) -> tuple[str, str]:
    """Return the neutral reason and sentence for a provider's text.

    Only its beginning is matched, and every pattern takes linear time: the length of the text is
    the provider's choice.
    """
    text = excerpts.cut(text, excerpts.TEXT_IN)
    for reason, pattern, sentence in REASONS:
        if pattern.search(text):
            return reason, sentence
    return _OTHER


def condition_of(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return a condition of a Kubernetes status by type; empty if it is not there.

    Its message is cut, because its length is a provider's choice.
    """
    conditions = status.get("conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, Mapping) and condition.get("type") == kind:
            message = excerpts.cut(str(condition.get("message") or ""), excerpts.TEXT_IN)
            return {**condition, "message": message}
    return {}
