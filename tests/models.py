"""Models in place of orders, where a test is about models as such."""

from typing import Literal

import pydantic

from function.schema import Count, DNSLabel, Flag, Number, Schema, ordered


class Inner(Schema):
    """Stand for a group of fields in a list."""

    name: DNSLabel = ordered("Name.", change="replace")
    size_gib: Count = ordered("Size.", change="in place", default=1, alias="sizeGiB", ge=1, lt=100)
    tags: tuple[str, ...] = ordered("Tags.", change="refused", default=(), max_length=2)


class Plain(Schema):
    """Stand for a group of fields with a default."""

    level: Literal["Low", "High"] = ordered("Level.", change="in place", default="Low")
    secret: str | None = ordered("Secret.", change="refused", default=None, private=True)


class Outer(Schema):
    """Stand for an order."""

    text: str = ordered("Text.", change="refused", default="x", min_length=1, max_length=3)
    flag: Flag = ordered("Flag.", change="in place", default=True)
    number: Number = ordered("Number.", change="in place", default=1, gt=0, multiple_of=0.5)
    plain: Plain = ordered("Group.", change="in place", default=Plain())
    maybe: Plain | None = ordered("Group that may be absent.", change="in place", default=None)
    items: tuple[Inner, ...] = ordered("Groups.", change="in place", default=())
    by_name: dict[str, Inner] = ordered("Groups by name.", change="in place", default_factory=dict)
    links: dict[Literal["a", "b"], str] = ordered("Links.", change="in place", default_factory=dict)
    secrets: tuple[str, ...] = ordered("Secrets.", change="refused", default=(), private=True)
    url: str | None = pydantic.Field(None, pattern="^https:", description="URL.")

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "Outer":
        if self.text == "no":
            raise ValueError("must not be no")
        return self
