"""Say whether something may exist behind a composed resource.

What a provider has refused to create does not exist, and nothing of the order is bound to it.
Everything else counts as existing: what was observed before, what may be in progress, what an
interrupted creation may have left behind, and what no provider has observed yet.
"""

import datetime
import re

from function import diagnosis
from function.contract import Resource
from function.managed import EXTERNAL_NAME

_PENDING, _SUCCEEDED, _FAILED = (
    f"crossplane.io/external-create-{state}" for state in ("pending", "succeeded", "failed")
)
# We choose its name, so it may exist even if we never created it.
_NAMED_BY_US = "kubernetes"
_CREATION = "create failed"
# The whole text where the other condition gives the reason.
_BARE = ("", "create failed: async create failed")
# Errors that a provider reports before it has sent any request.
_BEFORE = ("connect failed", "cannot resolve references")
# A create request that was refused, or was never sent. 408 is none: the server gave up waiting, and
# what it had begun may have been finished. A name that is taken may belong to an earlier creation
# of ours.
_REFUSED = re.compile(
    r"\[POST \S+\], (?:but got 4(?!08)\d\d instead|error message)"
    r"|Unable to find \w+ with name"
    r"|No network found with name"
    r"|Error creating OpenStack [\w ]{1,40}client",
    re.IGNORECASE,
)
_TAKEN = "already exists"


def may_exist(resource: Resource) -> bool:
    """Return whether something may exist behind an observed resource."""
    seen = resource.at_provider
    if seen.get("id") or seen.get("manifest") or _is_under_way(resource):
        return True
    named = resource.family == _NAMED_BY_US
    if not named and resource.annotations.get(EXTERNAL_NAME):
        return True
    # The whole text: a name conflict may be reported at the end of a long text.
    synced, attempt = (
        diagnosis.condition_of(resource.status, kind, whole=True)
        for kind in ("Synced", "LastAsyncOperation")
    )
    # While a creation that was refused before is retried, only this condition is positive.
    if synced.get("status") != "False":
        return True
    # An upjet provider creates in the background and reports the result in a condition of its own;
    # its `Synced` then has the bare text.
    texts = [str(condition.get("message", "")) for condition in (synced, attempt)]
    if _CREATION in texts[0]:
        said = [text for text in texts if text not in _BARE]
        return not said or not all(_is_unmade(text, named=named) for text in said)
    attempted = any(name in resource.annotations for name in (_PENDING, _SUCCEEDED, _FAILED))
    return named or attempted or not texts[0].startswith(_BEFORE)


def _is_unmade(text: str, *, named: bool) -> bool:
    """Return whether the text of a failed creation proves that nothing was created.

    Creating an OpenStack resource may take several requests, of which only the first creates it: a
    failure after that leaves the resource behind.
    """
    if named:
        return diagnosis.read(text).refuses
    return _TAKEN not in text and bool(_REFUSED.search(text))


def _is_under_way(resource: Resource) -> bool:
    """Return whether a creation has started and its result is unknown."""
    times = {name: _time(resource.annotations.get(name)) for name in (_SUCCEEDED, _FAILED)}
    if _PENDING not in resource.annotations:
        return False
    begun = _time(resource.annotations[_PENDING])
    return begun is None or not any(end is not None and end >= begun for end in times.values())


def _time(text: str | None) -> datetime.datetime | None:
    """Return a time; None if there is none, or it is garbled."""
    try:
        time = datetime.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else None
