"""Build names from a tenant's: `{tenant}.capi`.

A placeholder is replaced by the whole name. What else `str.format` knows would give two tenants one
account (`{tenant:.4}`), or a name that no API server accepts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import pydantic

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"


@dataclass(frozen=True)
class Form:
    """Say which names an API server accepts for an object.

    Attributes:
        pattern: Matches such a name, whatever its length.
        limit: Its greatest length.
        words: What to say of others: "must be ..."
    """

    pattern: re.Pattern[str]
    limit: int
    words: str


NAMESPACE = Form(re.compile(_LABEL), 63, "lower-case letters, digits and dashes, as in a DNS label")
PROVIDER_CONFIG = Form(
    re.compile(rf"{_LABEL}(?:\.{_LABEL})*"),
    253,
    "lower-case letters, digits, dashes and dots, as in a DNS name",
)


def filled(template: str, **names: str) -> str:
    """Return a template with its placeholders replaced."""
    return _PLACEHOLDER.sub(lambda match: names[match[1]], template)


def template(form: Form, *placeholders: str) -> Callable[[str], str]:
    """Return a validator of templates in which these placeholders, and no others, are replaced.

    What replaces a placeholder is a DNS label. So a template that fits a short label fits every
    label, but for the length, which is checked when a name is built.
    """

    def check(value: str) -> str:
        problem = _misuse(value, placeholders)
        if problem:
            known = ", ".join(f"{{{name}}}" for name in placeholders)
            raise ValueError(f"must {problem} {known}")
        example = filled(value, **dict.fromkeys(placeholders, "x"))
        if len(example) > form.limit:
            raise ValueError(f"must have at most {form.limit} characters")
        if not form.pattern.fullmatch(example):
            raise ValueError(f"must be {form.words}")
        return value

    return check


def _misuse(value: str, placeholders: tuple[str, ...]) -> str:
    """Return how braces are to be used instead; empty if they are used so."""
    if "{{" in value or "}}" in value:
        return "have single braces around a placeholder:"
    for name in _PLACEHOLDER.findall(value):
        if name not in placeholders:
            known = re.split(r"\W", name, maxsplit=1)[0] in placeholders
            return "have only a name between braces:" if known else "use no placeholder but"
    rest = _PLACEHOLDER.sub("", value)
    return "have braces only around a placeholder:" if "{" in rest or "}" in rest else ""


ConfigTemplate = Annotated[
    str,
    pydantic.StringConstraints(min_length=1),
    pydantic.AfterValidator(template(PROVIDER_CONFIG, "tenant")),
]
NamespaceTemplate = Annotated[
    str,
    pydantic.StringConstraints(min_length=1),
    pydantic.AfterValidator(template(NAMESPACE, "tenant")),
]
ProjectTemplate = Annotated[
    str,
    pydantic.StringConstraints(min_length=1),
    pydantic.AfterValidator(template(NAMESPACE, "project", "tenant")),
]
