"""Describe one call to the operator: the same record becomes a log line and metrics.

It holds names, numbers, reasons and the problems of a refusal, never a value of the order,
of the environment or of what was observed. Not even a bug may reveal them: the text of an
unexpected error can quote an order, and a traceback with local variables holds all of it,
so `trace` keeps types and places only.

A call that only asks for the environment is logged at debug level. Crossplane makes two calls
per reconcile (2.4 only for the first reconcile), and the first call reports nothing that the
second does not: at info level one reconcile is one line. Metrics count both.
"""

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from function import excerpts
from function.errors import Problem

Outcome = Literal["answered", "requirements", "refused", "error", "cancelled"]

# The innermost places are enough; endless recursion has a thousand.
_PLACES = 20
# Resources in one line.
_SHOWN = 10


@dataclass(frozen=True)
class Call:
    """What one call was about, and its outcome.

    Attributes:
        outcome: `requirements` asks for the environment, `refused` needs the tenant or the
            operator, `error` is a bug of ours, `cancelled` was not computed because its client
            is gone.
        tenant: Namespace of the tenant; empty, as all names, if the call did not get so far.
        kind: Kind of the order, even if it is unknown.
        name: Name of the tenant's object.
        environment: Name of the environment.
        environment_found: Whether an EnvironmentConfig has that name; before that it is only
            what a tenant wrote.
        backend: The backend that answered.
        resources: Number of rendered resources.
        stalled: Keys of the resources that are not ready for too long without a problem.
        reason: Reason of the condition `Accepted=False`.
        actor: Who can end that; see `errors.Refusal`.
        problems: What is wrong, by field.
        trace: Where an unexpected error came from.
        seconds: How long it took.
        cached: Whether it was answered from the cache; None if the cache was not asked.
    """

    outcome: Outcome
    tenant: str = ""
    kind: str = ""
    name: str = ""
    environment: str = ""
    environment_found: bool = False
    backend: str = ""
    resources: int = 0
    stalled: tuple[str, ...] = ()
    reason: str = ""
    actor: str = ""
    problems: tuple[Problem, ...] = ()
    trace: tuple[str, ...] = ()
    seconds: float = 0
    cached: bool | None = None

    @property
    def level(self) -> int:
        """Return the level of the log line."""
        levels = {
            "requirements": logging.DEBUG,
            "cancelled": logging.WARNING,
            "error": logging.ERROR,
        }
        return levels.get(self.outcome, logging.INFO)

    def line(self) -> dict[str, Any]:
        """Return the keys of the log line; those of a refusal or the cache only if it is one."""
        return {
            "tenant": self.tenant,
            "kind": self.kind,
            "name": self.name,
            "environment": self.environment,
            "backend": self.backend,
            "outcome": self.outcome,
            "resources": self.resources,
            "milliseconds": round(self.seconds * 1000, 2),
            **({"stalled": list(self.stalled[:_SHOWN])} if self.stalled else {}),
            **({"cached": True} if self.cached else {}),
            **({"reason": self.reason, "actor": self.actor} if self.reason else {}),
            **({"problems": excerpts.problems(self.problems)} if self.problems else {}),
            **({"trace": list(self.trace)} if self.trace else {}),
        }


# Receives every call.
Observer = Callable[[Call], None]


def trace(error: BaseException) -> tuple[str, ...]:
    """Return the type of an error and where it was raised, innermost last, causes first."""
    reported = traceback.TracebackException.from_exception(
        error, limit=-_PLACES, lookup_lines=False
    )
    return _chained(reported)


def _chained(reported: traceback.TracebackException) -> tuple[str, ...]:
    previous = reported.__cause__ or (
        None if reported.__suppress_context__ else reported.__context__
    )
    places = (f"{place.filename}:{place.lineno} in {place.name}" for place in reported.stack)
    return (*(_chained(previous) if previous else ()), reported.exc_type.__name__, *places)
