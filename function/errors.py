"""Name every way an order can be refused, by who must act.

    Refusal
    ├── TenantRefusal           the tenant changes the order
    │   ├── InvalidOrder          a field is wrong, missing or may not change
    │   └── PolicyViolation       the operator's rules do not allow it
    ├── OperatorRefusal         the operator (CSP) acts, the tenant waits
    │   ├── EnvironmentNotFound   no such environment for this tenant
    │   ├── EnvironmentInvalid    its EnvironmentConfigs do not add up
    │   ├── NotOffered            it does not offer what is needed
    │   ├── FunctionOutdated      written for a newer function
    │   ├── MoveRefused           the order would land elsewhere
    │   ├── BindingLost           what was decided can no longer be read
    │   ├── NameTaken             another order owns the object of this name
    │   ├── DeletionRefused       something live would vanish without a reason
    │   └── RequestUnreadable     Crossplane's request cannot be read
    └── TransientRefusal        nobody acts, Crossplane retries
        └── StaleRead             an older version of the order was read

The class name is the reason of the condition `Accepted=False`, `actor` a label of the metrics.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from function import excerpts


@dataclass(frozen=True)
class Problem:
    """Say what is wrong with one field.

    Attributes:
        field: Path of the field, such as `spec.nodePools[web].flavor`; empty for the whole.
        message: What is wrong and what is accepted; never a value that could be secret.
    """

    field: str
    message: str

    def __str__(self) -> str:
        """Return `path: message`."""
        return f"{self.field}: {self.message}" if self.field else self.message


class Refusal(Exception):
    """Refuse an order: nothing is applied, what exists stays as it is.

    Attributes:
        actor: Who can end the refusal: `tenant`, `operator`, or `either` of them.
        problems: Everything that is wrong, worded for whoever must act.
        public: The sentence that a tenant may read.
    """

    actor = ""

    def __init__(self, *problems: Problem | str, public: str = "") -> None:
        """Collect the problems; a bare string is a problem without a field."""
        self.problems = tuple(p if isinstance(p, Problem) else Problem("", p) for p in problems)
        self.public = public or self.default_public()
        super().__init__(str(self))

    def __str__(self) -> str:
        """Return the first problems in one line, and how many more there are."""
        return excerpts.cut("; ".join(excerpts.problems(self.problems)))

    def again(self) -> "Refusal":
        """Return the same refusal without its traceback, which would keep a request in memory."""
        return type(self)(*self.problems, public=self.public)

    def default_public(self) -> str:
        """Return the tenant's sentence where none was given."""
        return str(self)

    @property
    def reason(self) -> str:
        """Return the CamelCase reason of the condition."""
        return type(self).__name__


class TenantRefusal(Refusal):
    """Refuse what the tenant can fix."""

    actor = "tenant"


class InvalidOrder(TenantRefusal):
    """A field of the order is wrong, missing or may not change."""


class PolicyViolation(TenantRefusal):
    """The operator's policy or limits do not allow the order."""


class OperatorRefusal(Refusal):
    """Refuse what only the operator can fix; the tenant reads a sentence without details."""

    actor = "operator"

    def default_public(self) -> str:
        """Return a sentence without internals of the provider."""
        return "your provider has to act before this order can be processed; nothing was changed"


class EnvironmentNotFound(OperatorRefusal):
    """No EnvironmentConfig describes the environment, or this tenant may not use it."""

    actor = "either"


class EnvironmentInvalid(OperatorRefusal):
    """The EnvironmentConfigs of the environment contradict each other or are incomplete."""


class NotOffered(OperatorRefusal):
    """The environment does not offer the kind, or a step that the order needs."""

    actor = "either"


class FunctionOutdated(OperatorRefusal):
    """The order or its observed resources were written for a newer function."""


class MoveRefused(OperatorRefusal):
    """The order would be answered by another environment, backend, account or namespace."""


class BindingLost(OperatorRefusal):
    """What was decided for the order can no longer be read, nor rebuilt."""


class NameTaken(OperatorRefusal):
    """An object of the needed name exists and carries another order's labels."""


class DeletionRefused(OperatorRefusal):
    """Something live would leave the desired state without an allowed reason."""


class RequestUnreadable(OperatorRefusal):
    """Crossplane's request is too large, or protobuf cannot read it."""


class TransientRefusal(Refusal):
    """Refuse what resolves itself: Crossplane calls again."""

    actor = "nobody"


class StaleRead(TransientRefusal):
    """The order was read as it was before its last change was answered."""


def all_of(*steps: Callable[[], Any]) -> list[Any]:
    """Return the result of each step, or refuse with everything that the tenant can fix.

    Raises:
        Refusal: Of the class of the first one; one that the operator must fix comes last.
    """
    result, refusals = [], list[Refusal]()
    for step in steps:
        try:
            result.append(step())
        except Refusal as refusal:
            refusals.append(refusal)
    refusals.sort(key=lambda refusal: not isinstance(refusal, TenantRefusal))
    if not refusals:
        return result
    first, *others = refusals
    reported = [other for other in others if isinstance(other, TenantRefusal)]
    if not reported:
        raise first
    raise type(first)(*(problem for one in (first, *reported) for problem in one.problems))
