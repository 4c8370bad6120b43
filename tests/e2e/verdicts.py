"""Ask the models what the API server is asked too: may this order be created, or edited so?"""

from typing import Any

from function import guards, immutable, texts
from function.contract import Mode, Order
from function.errors import InvalidOrder
from function.model import KINDS
from function.parsing import parse
from function.record import Bound
from function.resolve import check_constraints
from function.schema import masked
from function.settings import Place

Spec = dict[str, Any]

ENVIRONMENT = "spec.environment"


def judge(kind: str, spec: Spec, previous: Spec | None = None) -> str:
    """Return what the models and guards say against an order; empty if nothing.

    Args:
        kind: Its kind.
        spec: What the tenant writes.
        previous: What the tenant wrote when the order was last answered, if ever.
    """
    schema = KINDS[kind]
    try:
        parsed = parse(schema, spec, at="spec", blame=InvalidOrder)
        order = Order(kind, "acme", "hello", Mode.NAMESPACED, "", spec, parsed)
        current = masked(schema, spec)
        record = None
        if previous is not None:
            record = Bound(place=Place(), requested=masked(schema, previous))
        check_constraints(kind, parsed, current, record)
        if record is not None:
            immutable.refused_fields_are_unchanged(order, current, record, {})
            guards.data_is_kept(order, current, record)
        texts.judge(kind, spec, {}, record)
    except InvalidOrder as refusal:
        return str(refusal)
    return _moved(spec, previous)


def _moved(spec: Spec, previous: Spec | None) -> str:
    """Return what `guards.stays_in_place` says of the one field that it looks at.

    It compares what the order is answered by, which a test without an environment does not know.
    """
    current, then = spec.get("environment"), (previous or {}).get("environment")
    return f"{ENVIRONMENT}: cannot be changed" if current and then and current != then else ""
