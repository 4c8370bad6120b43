"""Descriptions are the whole of `kubectl explain`: each says what a field is, and what is taken."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import function
from function import errors, trouble
from function.backends import SETTINGS
from function.model import KINDS
from function.model.status import STATUSES
from function.responses import CONDITIONS
from function.schema import item_type
from function.settings import Settings
from tools.generate import conditions, definitions, openapi, rules
from tools.generate.openapi import Field

# What a number counts, or the unit that it is in.
UNIT = re.compile(r"\b(GiB|bytes|percent|vCPUs|[Nn]umber of \w+|in the unit of)\b")
# What text looks like: an example, or a form that has a name.
FORM = re.compile(
    r"such as|in quotes|\b(CIDR|PEM|UUID|URL|YAML|cloud-init|base64)\b|"
    r"\b[Nn]ame of|[Ss]entence|for people|as a cron expression"
)
# What counts where a field is absent, or which fields take its place.
PROPER = ("cert-manager,", "cloud-init", "ingress-nginx,", "kubeconfig", "metrics-server,")
ABSENT = re.compile(r"Defaults to |[Ii]f absent, |[Ee]xactly one of|goes with \w+\.")


def ordered() -> Iterator[tuple[str, Field]]:
    """Yield what a tenant may write, with the kind."""
    for kind, schema in KINDS.items():
        for field in openapi.walk(schema, "spec", change=rules.IN_PLACE):
            yield f"{kind}.{field.path}", field


def told() -> Iterator[tuple[str, Field]]:
    """Yield what a tenant is told, with the kind."""
    for kind, schema in STATUSES.items():
        for field in openapi.walk(schema, "status"):
            yield f"{kind}.{field.path}", field


def configured() -> Iterator[tuple[str, Field]]:
    """Yield what a provider configures."""
    for field in openapi.walk(Settings, "data"):
        yield field.path, field
    for name, schema in SETTINGS.items():
        for field in openapi.walk(schema, f"data.backends.{name}"):
            yield field.path, field


WRITTEN = dict([*ordered(), *configured()])
ALL = WRITTEN | dict(told())
each = pytest.mark.parametrize("name", sorted(ALL))
each_written = pytest.mark.parametrize("name", sorted(WRITTEN))


@each
def test_a_description_is_sentences(name: str) -> None:
    """It begins as a sentence or with a proper name, and ends with a full stop."""
    text = str(ALL[name].info.description)
    assert text.endswith(".")
    assert not text.endswith("..")
    assert "  " not in text
    assert text[0].isupper() or text.startswith(PROPER)


@each_written
def test_a_description_says_what_counts_where_the_field_is_absent(name: str) -> None:
    """A default that is one value stands there as it is typed; a group of fields has none."""
    info = WRITTEN[name].info
    if info.is_required():
        return
    default = info.get_default(call_default_factory=True)
    text = str(info.description)
    if item_type(info) is not None and default is not None and not rules.is_list(info):
        return
    assert ABSENT.search(text)
    if isinstance(default, bool | int | str):
        typed = str(default).lower() if isinstance(default, bool) else str(default)
        assert re.search(rf"Defaults to (\"?){re.escape(typed)}\1[.;]", text)


@each
def test_a_number_has_a_unit(name: str) -> None:
    """Also one in a list or mapping would, if there were any."""
    field = ALL[name]
    if field.node.get("type") in ("integer", "number"):
        assert UNIT.search(str(field.info.description))
        assert not field.path.endswith("GiB") or "GiB" in str(field.info.description)


@each
def test_text_has_a_form(name: str) -> None:
    """An example or the name of a form says more than a pattern; an enumeration has values."""
    field = ALL[name]
    node = field.node.get("items", field.node.get("additionalProperties", field.node))
    # A default that is text is an example too.
    shown = isinstance(field.info.default, str)
    if node.get("type") == "string" and "enum" not in node and not shown:
        assert FORM.search(str(field.info.description))


@each
def test_an_enumeration_names_its_values(name: str) -> None:
    """Each value is told apart: with a colon and what it means, or in a list of proper names."""
    field = ALL[name]
    node = field.node.get("items", field.node)
    text = str(field.info.description)
    for value in node.get("enum", ()):
        assert re.search(rf"(?<![\w-]){re.escape(str(value))}(?![\w-])", text), value


@pytest.mark.parametrize("kind", KINDS)
def test_the_xrd_says_what_the_models_say(kind: str) -> None:
    """`kubectl explain` has no other source; a change is told where a value is told."""
    node = definitions.schema(kind)["properties"]["spec"]
    for field in openapi.walk(KINDS[kind], "spec", change=rules.IN_PLACE):
        found = node
        for step in field.path.removeprefix("spec.").split("."):
            found = found["properties"][step.removesuffix("[]")]
            found = found["items"] if step.endswith("[]") else found
        assert found["description"].startswith(str(field.info.description))
        if item_type(field.info) is None:
            assert " Change: " in found["description"]


def reasons() -> Iterator[tuple[str, str]]:
    """Yield every type and reason of a condition that the code writes out."""
    for file in sorted(Path(function.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Condition":
                texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
                kind, *rest = [text for text in texts if isinstance(text, str)] or [""]
                yield from ((kind, reason) for reason in rest[:1] if kind in CONDITIONS)


STORY = dict(line.split(": ", 1) for line in conditions.story().splitlines() if ": " in line)
WRITTEN_OUT = sorted({pair for pair in reasons() if pair != ("Accepted", "Accepted")})


def test_each_condition_is_described() -> None:
    """With `status`, because Crossplane declares the conditions itself."""
    assert set(CONDITIONS) <= STORY.keys()
    for kind in KINDS:
        status = definitions.schema(kind)["properties"]["status"]
        assert conditions.story() in status["description"]
    assert len(WRITTEN_OUT) > 9


@pytest.mark.parametrize(("kind", "reason"), WRITTEN_OUT)
def test_each_reason_is_described(kind: str, reason: str) -> None:
    """Of the conditions that the code writes out."""
    assert f"{reason}: " in STORY[kind]


@pytest.mark.parametrize("reason", [reason for reason, _, _ in trouble.REASONS])
def test_each_trouble_is_described(reason: str) -> None:
    """With the sentence that goes with it."""
    assert f"{reason}: {trouble.sentence(reason)}." in STORY["BackendHealthy"]


@pytest.mark.parametrize(
    "refusal",
    [*errors.TenantRefusal.__subclasses__(), *errors.OperatorRefusal.__subclasses__()],
    ids=lambda refusal: refusal.__name__,
)
def test_each_refusal_is_described(refusal: type[errors.Refusal]) -> None:
    """By who acts."""
    [group] = [one for one in STORY["Accepted"].split(". ") if refusal.__name__ in one]
    correct = issubclass(refusal, errors.TenantRefusal)
    assert ("correct the order" in group) is correct
