"""Check new and changed values against the constraints of their types.

Values that an order was accepted with stay accepted: a release of the function that adds
constraints never refuses a live order whose values are unchanged.
"""

from collections.abc import Mapping
from typing import Any

from function.constraints import Violation, violations
from function.errors import InvalidOrder, Problem
from function.model import KINDS, OrderSpec
from function.parsing import parse
from function.record import Bound
from function.schema import extra, fields


def check_constraints(
    kind: str, written: OrderSpec, requested: Mapping[str, Any], previous: Bound | None
) -> None:
    """Refuse values that violate a constraint, unless the order was accepted with them.

    The tenant cannot correct values that policy filled in: see `environment`.

    Args:
        kind: Kind of the order.
        written: What the tenant wrote.
        requested: What was written and filled, private values masked.
        previous: What was decided at the last answer; None for a new order.

    Raises:
        InvalidOrder: With each such value.
    """
    if previous is not None and requested == previous.request:
        return
    violated = violations(written, "spec")
    if violated and previous is not None:
        violated = _new(violated, kind, requested, previous)
    if violated:
        raise InvalidOrder(*(Problem(one.field, one.message) for one in violated))


def _new(
    violated: list[Violation], kind: str, requested: Mapping[str, Any], previous: Bound
) -> list[Violation]:
    """Return the violations that the order was not accepted with."""
    schema, accepted = KINDS[kind], previous.request
    private = {name for name, info in fields(schema).items() if extra(info, "private")}
    unchanged = {name for name in private if requested.get(name) == accepted.get(name)}
    shown = {name: value for name, value in accepted.items() if name not in private}
    try:
        former = violations(parse(schema, shown, at="spec", blame=InvalidOrder), "spec")
    except InvalidOrder:
        # A record with other fields cannot be compared; the backend still validates the order.
        return []
    known = {(one.place, one.value) for one in former}
    return [
        one
        for one in violated
        if (one.place, one.value) not in known and _head(one.field) not in unchanged
    ]


def _head(field: str) -> str:
    """Return the field of `spec` that contains a path."""
    return field.removeprefix("spec.").partition("[")[0].partition(".")[0]
