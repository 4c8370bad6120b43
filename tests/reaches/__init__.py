"""Hold an edit for every field of an environment, and the live orders under which it is made.

Every world is tried with every edit, so that none is reached by accident; the worlds that a
case names must show it, so that no test passes because the edit means nothing.

worlds    environments, live orders, and what a case is
offers    edits of what is offered
rules     edits of what is judged, and of who may use an environment
blocks    edits of the settings of backends
machines  edits of the rules for machines of some flavors
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.reaches import blocks, machines, offers, rules
from tests.reaches.worlds import BASE, Case, Data, at, overlaid, put

CASES: list[Case] = [*offers.CASES, *rules.CASES, *blocks.CASES, *machines.CASES]


def _leaves(edit: Data, where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in edit.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*where, name))
        else:
            yield (*where, name), value


def _from_absent(case: Case) -> Case | None:
    """Return the edit that sets what was absent before; None if that takes another edit too."""
    given, edit, leaves = case.given, Data(), list(_leaves(case.edit))
    for where, value in leaves:
        known = at(overlaid(BASE, case.given), where) if value is None else value
        if known is None or (value is None and len(leaves) > 1):
            return None
        given, edit = overlaid(given, put(where, None)), overlaid(edit, put(where, known))
    return replace(case, given=given, edit=edit, why=f"{case.why} from absent".strip())


# Every edit of a field, made where the field was absent before.
ABSENT = [found for case in CASES if (found := _from_absent(case))]
