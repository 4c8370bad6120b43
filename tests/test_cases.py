"""Golden cases: an order, an environment, maybe what is observed, and what comes out.

    tests/cases/<backend>/<case>/
        case.yaml       reason, order (or the example it is), provider, edits of either
        observed.yaml   composed resources as they are now; optional
        want.yaml       status, resources and readiness, or the refusal

`pytest --update` writes want.yaml anew; its diff is the review.
"""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from function import local, simulate
from function.contract import Mode
from function.paths import replaced
from tests import asking, crds

CASES = Path(__file__).parent / "cases"
NAMES = sorted(str(path.parent.relative_to(CASES)) for path in CASES.glob("*/*/case.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, update: bool) -> None:
    """What comes out is what was reviewed; the CRDs accept it, and what we play of it."""
    directory = CASES / name
    case = yaml.safe_load((directory / "case.yaml").read_text("utf-8"))
    assert case["reason"], "a case says why it is there"
    outcome = play(case, directory)
    for manifest in outcome.resources.values():
        assert crds.problems(manifest) == []
    for played in simulate.play(outcome.resources).values():
        assert crds.problems({**played.manifest, "status": {}}) == []
    got = yaml.safe_dump(told(outcome), sort_keys=False, allow_unicode=True, width=100)
    want = directory / "want.yaml"
    if update:
        want.write_text(got, "utf-8")
    assert got == want.read_text("utf-8")


def play(case: dict[str, Any], directory: Path) -> local.Outcome:
    """Answer the order of a case, after as many passes as it names."""
    order = edited(asking.order(case["example"]), case.get("order", {}))
    layers = [edited(layer, {}) for layer in asking.provider(case["provider"])]
    layers[-1] = edited(
        layers[-1], {f"data.{k}": v for k, v in case.get("environment", {}).items()}
    )
    mode = Mode(case.get("mode", "claims"))
    observed = seen(directory / "observed.yaml")
    outcome = asking.ask(order, layers, observed, mode, modern=case.get("modern", True))
    for edit in case.get("passes", []):
        assert not outcome.fatal, f"only the last answer may be a refusal: {outcome.fatal}"
        finished = edit.get("built")
        built = simulate.play(outcome.resources, None if finished is None else frozenset(finished))
        order = edited(order, edit.get("order", {}))
        outcome = asking.ask(order, layers, built, mode)
    return outcome


def edited(manifest: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest with values replaced by path."""
    for path, value in edits.items():
        manifest = replaced(manifest, path, value)
    return manifest


def seen(path: Path) -> dict[str, local.Observed]:
    """Return observed resources of a file; their connection details stand beside them."""
    if not path.exists():
        return {}
    found = {}
    for document in asking.documents(path):
        details = document.pop("connectionDetails", {})
        key = document["metadata"]["annotations"][local.KEY_ANNOTATION]
        connection = {name: base64.b64decode(value) for name, value in details.items()}
        found[key] = local.Observed(document, connection)
    return found


def told(outcome: local.Outcome) -> dict[str, Any]:
    """Return an outcome as a reviewer reads it."""
    if outcome.fatal:
        return {"refused": outcome.fatal, "tenant reads": outcome.warnings[0]}
    return {
        "complete": outcome.complete,
        "ready": sorted(outcome.ready),
        "status": outcome.composite["status"],
        "resources": dict(outcome.resources),
    }
