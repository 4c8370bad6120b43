"""Orders and edits of `tests/e2e/answers/`: what we say of them, and what backends said.

    orders.yaml      the cases
    <backend>.yaml   what the real backend answered to what we would send, by name of the case

The answers are recorded by the tests in `tests/e2e` that ask the backends, with `--update`;
`docs/verdicts.md` is made of all of it by `tests/test_answers.py`.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from function import local, simulate
from function.contract import Mode
from function.paths import replaced
from tests import asking
from tests.asking import Manifest

DATA = Path(__file__).parent / "e2e" / "answers"
DOCUMENT = asking.ROOT / "docs" / "verdicts.md"
LONGEST = 320
# What an API server says before what is wrong.
NAMED = re.compile(
    r'^(admission webhook "[^"]+" denied the request: )?[^ ]+ "[^"]+" is (invalid|forbidden): '
)
# A pattern tells people nothing, and may look like a link.
PATTERN = re.compile(r"(, regex used for validation is| in body should match) '[^']*'")
INTRODUCTION = """\
# What we say, and what backends say

Orders and edits of clusters, put to the function and to real backends: gardener-apiserver 1.150
behind a real API server, with all its admission plugins, and, where a column says so, the webhooks
of Cluster API 1.14. *We* are answered for the example environment of that backend. A backend is
sent what the function renders; where the function refuses an order, it is sent what would have been
rendered without the refusal, or it is *not asked*.

Generated from `tests/e2e/answers/`: `pytest tests/test_answers.py --update` writes this page,
`make e2e` fails if a real backend answers otherwise than recorded there.
"""
ACCEPTED, REFUSED, NOT_ASKED = "accepted", "refused: ", "not asked"


@dataclass(frozen=True)
class Backend:
    """One column of the table.

    Attributes:
        name: Its name in the cases.
        title: Its name for people.
        provider: The example environment that has it.
        environment: Edits of the last layer of that environment.
    """

    name: str
    title: str
    provider: str
    environment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Return where its answers are recorded."""
        return DATA / f"{self.name}.yaml"

    def recorded(self) -> dict[str, str]:
        """Return its answers by name of the case; none if it was never asked."""
        if not self.file.exists():
            return {}
        return _parsed(self.file.read_text("utf-8"))

    def record(self, case: "Case", answer: str) -> None:
        """Write down an answer."""
        answers = {**self.recorded(), case.name: answer}
        retained = {one.name: answers[one.name] for one in cases() if one.name in answers}
        text = yaml.safe_dump(retained, sort_keys=False, allow_unicode=True, width=100)
        self.file.write_text(text, "utf-8")


GARDENER = Backend(
    "gardener",
    "Gardener",
    "gardener",
    {"data.backends.gardener.privateExposureClass": "internal"},
)
CAPI = Backend(
    "capi", "Cluster API", "cluster-stacks", {"data.backends.capi.namespace": "clusters-{tenant}"}
)
BACKENDS = (GARDENER, CAPI)


@dataclass(frozen=True)
class Case:
    """One order, or one edit of a live one.

    Attributes:
        name: What is tried, for people.
        order: Edits of the example's spec, by path.
        previous: For an edit: those by which the live order was made; None for a new order.
        example: The order that is edited.
        state: How the backend has brought the live order along; as the backend's tests know it.
        sent: By backend, edits of what we would send, where we refuse to send anything.
        why: By backend, why it says otherwise than we.
    """

    name: str
    order: Mapping[str, Any] = field(default_factory=dict)
    previous: Mapping[str, Any] | None = None
    example: str = "cluster/minimal"
    state: str = ""
    sent: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)

    @property
    def former(self) -> Manifest:
        """Return the order as it is before the edit; for a new one the example."""
        return _edited(asking.order(self.example), self.previous or {})

    @property
    def manifest(self) -> Manifest:
        """Return the order."""
        return _edited(self.former, self.order)


@functools.cache
def cases() -> tuple[Case, ...]:
    """Return all cases."""
    entries = asking.loaded(DATA / "orders.yaml")
    return tuple(Case(**entry) for entry in entries)


@functools.lru_cache
def _parsed(text: str) -> dict[str, str]:
    return yaml.safe_load(text) or {}


def ask(
    manifest: Manifest, backend: Backend, observed: Mapping[str, local.Observed] | None = None
) -> local.Outcome:
    """Ask the function, in the example environment of a backend."""
    *layers, last = asking.provider(backend.provider)
    for path, value in backend.environment.items():
        last = replaced(last, path, value)
    return asking.ask(manifest, [*layers, last], observed, Mode.NAMESPACED)


def ours(case: Case, backend: Backend) -> str:
    """Return what we say of a case, its live resources simulated."""
    return _ours(case.name, backend.name)


@functools.cache
def _ours(name: str, column: str) -> str:
    case = next(one for one in cases() if one.name == name)
    backend = next(one for one in BACKENDS if one.name == column)
    if case.previous is None:
        return said(ask(case.manifest, backend))
    former = ask(case.former, backend)
    if former.fatal:
        return f"{NOT_ASKED}: {former.fatal}"
    return said(ask(case.manifest, backend, simulate.play(former.resources)))


def said(outcome: local.Outcome) -> str:
    """Return what we say of an order, in one line."""
    if outcome.fatal:
        return f"{REFUSED}{outcome.fatal}"
    status = outcome.composite["status"]
    conditions = {found["type"]: found for found in status["conditions"]}
    remarks = [f"{gap['field']} has no effect: {gap['reason']}" for gap in _of(status)]
    if conditions.get("Current", {}).get("reason") == "InSteps":
        remarks.append(conditions["Current"]["message"])
    return "; ".join((ACCEPTED, *remarks))


def accepted(answer: str) -> bool:
    """Say whether an answer is a yes."""
    return answer.startswith(ACCEPTED)


def document() -> str:
    """Return the table of all answers as a page."""
    requested = [backend for backend in BACKENDS if backend.recorded()]
    new = [case for case in cases() if case.previous is None]
    edits = [case for case in cases() if case.previous is not None]
    apart = [case for case in cases() if any(differs(case, backend) for backend in requested)]
    return INTRODUCTION + "\n".join(
        (
            "",
            "## Where a backend says otherwise",
            "",
            *_rows(apart, requested, reasons=True),
            "",
            "## New orders",
            "",
            *_rows(new, requested),
            "",
            "## Edits",
            "",
            *_rows(edits, requested),
            "",
        )
    )


def differs(case: Case, backend: Backend) -> bool:
    """Say whether a backend takes what we refuse, or refuses what we take."""
    theirs = backend.recorded().get(case.name, NOT_ASKED)
    return theirs != NOT_ASKED and accepted(theirs) is not accepted(ours(case, backend))


def _rows(
    found: Sequence[Case], requested: Sequence[Backend], *, reasons: bool = False
) -> list[str]:
    heads = [head for backend in requested for head in (f"we, for {backend.title}", backend.title)]
    heads = ["order", *heads, *(["why"] if reasons else [])]
    return [
        _row(heads),
        _row(["---"] * len(heads)),
        *(_reported(c, requested, reasons) for c in found),
    ]


def _reported(case: Case, requested: Sequence[Backend], reasons: bool) -> str:
    cells = [_prose(case.name)]
    for backend in requested:
        cells += [_prose(ours(case, backend)), _quoted(backend.recorded()[case.name])]
    why = [
        f"{backend.title}: {case.why[backend.name]}"
        for backend in requested
        if differs(case, backend)
    ]
    return _row([*cells, *([" ".join(why)] if reasons else [])])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _prose(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([*_|<`])", r"\\\1", _short(text))


def _quoted(answer: str) -> str:
    """Return what a backend said, its words marked as such."""
    verdict, colon, message = answer.partition(": ")
    if not colon:
        return verdict
    message = _short(PATTERN.sub("", NAMED.sub("", message))).replace("|", "\\|")
    return f"{verdict}: `` {message} ``"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} …"


def _of(status: Manifest) -> list[Manifest]:
    result: list[Manifest] = status.get("unsupported", [])
    return result


def _edited(order: Manifest, edits: Mapping[str, Any]) -> Manifest:
    for path, value in edits.items():
        order = replaced(order, f"spec.{path}", value)
    return {**order, "spec": _without_none(order["spec"])}


def _without_none(value: Any) -> Any:
    """Return data as the API server stores them: what is null is not there."""
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value
