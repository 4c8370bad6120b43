"""Descriptions are the whole of `kubectl explain`: each says what a field is, and what is taken."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import function
from function import diagnosis, errors
from function.backends import SETTINGS
from function.model import KINDS
from function.model.status import STATUSES
from function.responses import CONDITIONS
from function.schema import item_type
from function.settings import Settings
from tests.holding import hold
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


def shown() -> Iterator[tuple[str, Field]]:
    """Yield what a tenant reads in the status, with the kind."""
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
ALL = WRITTEN | dict(shown())


def test_a_description_is_sentences() -> None:
    """It begins as a sentence or with a proper name, and ends with a full stop."""
    hold(is_sentences, ALL.items())


def is_sentences(field: Field) -> None:
    """Check how a description begins and ends."""
    text = str(field.info.description)
    assert text.endswith(".")
    assert not text.endswith("..")
    assert "  " not in text
    assert text[0].isupper() or text.startswith(PROPER)


def test_a_description_says_what_counts_where_the_field_is_absent() -> None:
    """A default that is one value is written as it is typed; a group of fields has none."""
    hold(says_what_counts, WRITTEN.items())


def says_what_counts(field: Field) -> None:
    """Check what a description says of an absent field."""
    info = field.info
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


def test_a_number_has_a_unit() -> None:
    """Also one in a list or mapping would, if there were any."""
    hold(has_a_unit, ALL.items())


def has_a_unit(field: Field) -> None:
    """Check that a description names the unit of a number."""
    if field.node.get("type") in ("integer", "number"):
        assert UNIT.search(str(field.info.description))
        assert not field.path.endswith("GiB") or "GiB" in str(field.info.description)


def test_text_has_a_form() -> None:
    """An example or the name of a form says more than a pattern; an enumeration has values."""
    hold(has_a_form, ALL.items())


def has_a_form(field: Field) -> None:
    """Check that a description shows what text looks like."""
    node = field.node.get("items", field.node.get("additionalProperties", field.node))
    # A default that is text is an example too.
    shown = isinstance(field.info.default, str)
    if node.get("type") == "string" and "enum" not in node and not shown:
        assert FORM.search(str(field.info.description))


def test_an_enumeration_names_its_values() -> None:
    """Each value is described: with a colon and what it means, or in a list of proper names."""
    hold(names_its_values, ALL.items())


def names_its_values(field: Field) -> None:
    """Check that a description has every value of an enumeration."""
    node = field.node.get("items", field.node)
    text = str(field.info.description)
    for value in node.get("enum", ()):
        assert re.search(rf"(?<![\w-]){re.escape(str(value))}(?![\w-])", text), value


@pytest.mark.parametrize("kind", KINDS)
def test_the_xrd_says_what_the_models_say(kind: str) -> None:
    """`kubectl explain` has no other source; a change is described where a value is."""
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


def test_each_reason_is_described() -> None:
    """Of the conditions that the code writes out."""

    def described(kind: str, reason: str) -> None:
        assert f"{reason}: " in STORY[kind]

    hold(described, [(" ".join(pair), *pair) for pair in WRITTEN_OUT])


def test_each_problem_is_described() -> None:
    """With the sentence that goes with it."""

    def described(reason: str) -> None:
        assert f"{reason}: {diagnosis.sentence(reason)}." in STORY["BackendHealthy"]

    hold(
        described,
        [(reason, reason) for reason in sorted({reason for reason, _ in diagnosis.REASONS})],
    )


def test_each_refusal_is_described() -> None:
    """By who acts."""
    refusals = errors.TenantRefusal.__subclasses__(), errors.OperatorRefusal.__subclasses__()
    hold(is_described, [(one.__name__, one) for group in refusals for one in group])


def is_described(refusal: type[errors.Refusal]) -> None:
    """Check that a refusal is described beside those that the same person acts on."""
    [group] = [one for one in STORY["Accepted"].split(". ") if refusal.__name__ in one]
    correct = issubclass(refusal, errors.TenantRefusal)
    assert ("correct the order" in group) is correct
