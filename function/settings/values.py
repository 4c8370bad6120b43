"""Hold what settings are made of: what an edit reaches, and types of text."""

import datetime
from typing import Annotated, Literal

import pydantic

from function.model.values import LabelKey, LabelValue, Patience, is_network
from function.schema import Constraint, text

NEW_ORDERS = "new orders only"
NEXT_VERSION = "new orders, and others with their next version change"
NEXT_CHANGE = "new orders, and others when the field it judges changes"
AT_ONCE = "every order, within the refresh interval"

# As short as that of a node which is not ready, and Cluster API takes nothing shorter.
StartupTimeout = Patience
KindName = Literal["Cluster", "Server", "Network"]
Name = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=253)]
ExactVersion = Annotated[
    str, text(r"^1\.[0-9]{1,9}\.[0-9]{1,9}$", 'an exact version such as "1.34.7"')
]


def _is_a_day(value: str) -> str:
    """Refuse a day that no calendar has."""
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return "must be a day that there is"
    return ""


def _is_a_range(value: str) -> str:
    """Refuse text that is no network: it goes into access lists as it is."""
    return "" if is_network(value) else "must be a network such as 192.0.2.0/24, no host bits set"


_KEY, _VALUE = (pydantic.TypeAdapter[str](kind) for kind in (LabelKey, LabelValue))


def _is_label_key(value: str) -> str:
    """Refuse what no API server takes as the key of a label."""
    return "must be the key of a label" if _is_refused(_KEY, value) else ""


def _is_label_value(value: str) -> str:
    """Refuse what no API server takes as the value of a label."""
    return "must be the value of a label" if _is_refused(_VALUE, value) else ""


def _is_refused(adapter: pydantic.TypeAdapter[str], value: str) -> bool:
    try:
        adapter.validate_python(value)
    except pydantic.ValidationError:
        return True
    return False


LabelKeyText = Annotated[str, Constraint(_is_label_key)]
LabelValueText = Annotated[str, Constraint(_is_label_value)]
Day = Annotated[
    str,
    text(r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]$", 'a day such as "2026-10-27"'),
    Constraint(_is_a_day),
]
NetworkText = Annotated[str, Constraint(_is_a_range)]
FieldPath = Annotated[
    str,
    text(
        r"^spec(\.[a-zA-Z0-9]+(\[\])?)+$",
        "the path of a field, such as spec.nodePools[].replicas",
    ),
]
