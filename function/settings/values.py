"""Hold what settings are made of: what an edit reaches, and types of text."""

from collections.abc import Callable
from typing import Annotated, Literal

import pydantic

from function.model.values import Patience
from function.schema import text

NEW_ORDERS = "new orders only"
NEXT_VERSION = "new orders, and others with their next version change"
NEXT_CHANGE = "new orders, and others when the field it judges changes"
AT_ONCE = "every order, within the refresh interval"

# As short as that of a node which is not ready, and Cluster API takes nothing shorter.
StartupTimeout = Patience
KindName = Literal["Cluster", "Server", "Network"]
Name = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=253)]
ExactVersion = Annotated[str, text(r"^1\.[0-9]+\.[0-9]+$", 'an exact version such as "1.34.7"')]
Day = Annotated[str, text(r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]$", 'a day such as "2026-10-27"')]
FieldPath = Annotated[
    str,
    text(
        r"^spec(\.[a-zA-Z0-9]+(\[\])?)+$",
        "the path of a field, such as spec.nodePools[].replicas",
    ),
]


def only(*placeholders: str) -> Callable[[str], str]:
    """Return a validator of text in which these placeholders, and no others, are replaced."""

    def check(value: str) -> str:
        try:
            value.format(**dict.fromkeys(placeholders, "x"))
        except (LookupError, ValueError, AttributeError):
            known = ", ".join(f"{{{name}}}" for name in placeholders)
            raise ValueError(f"must use no placeholder but {known}") from None
        return value

    return check


TenantTemplate = Annotated[
    str, pydantic.StringConstraints(min_length=1), pydantic.AfterValidator(only("tenant"))
]
