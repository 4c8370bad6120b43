"""Play every golden case; `pytest --update` writes want.yaml, and its diff is the review."""

import json

import pytest

from function import simulate
from tests import crds, golden


@pytest.mark.parametrize("name", golden.NAMES)
def test_case(name: str, update: bool) -> None:
    """The answer is what was reviewed; the CRDs accept it, and what providers make of it."""
    case = golden.case(name)
    assert case["reason"], "a case says why it is there"
    outcome = golden.play(case)
    for manifest in outcome.resources.values():
        assert crds.problems(manifest) == []
    for played in simulate.play(outcome.resources).values():
        assert crds.problems({**played.manifest, "status": {}}) == []
    answer, file, base = golden.shown(outcome), golden.CASES / name / "want.yaml", case.get("from")
    if update:
        # Played, because the file of that case may be written later.
        reviewed = golden.shown(golden.play(golden.case(base))) if base else None
        file.write_text(golden.written(answer, reviewed), "utf-8")
        return
    assert _lines(answer) == _lines(golden.want(name))
    assert golden.written(answer, base and golden.want(base)) == file.read_text("utf-8")


def _lines(answer: golden.Data) -> list[str]:
    """Return an answer by lines of text, so that neither 1 and 1.0 nor 1 and true are equal."""
    return json.dumps(answer, indent=1, sort_keys=True).splitlines()
