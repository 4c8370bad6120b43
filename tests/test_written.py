"""Put every manifest of `tests/written.py` to the command line and to the models."""

from pathlib import Path

import click.testing
import pytest

from function import manifests
from function.cli import main
from function.contract import Mode
from function.errors import InvalidOrder
from function.metadata import OrderManifest
from function.model import KINDS
from function.parsing import parse
from function.schema import without_nulls
from tests import asking, written

LAYERS = asking.EXAMPLES / "environments" / "cluster-stacks"
each_case = pytest.mark.parametrize("case", written.CASES, ids=lambda case: case.name)


@each_case
@pytest.mark.parametrize("mode", list(Mode))
def test_command_line(case: written.Case, mode: Mode, tmp_path: Path) -> None:
    """It refuses what an API server refuses, and says why in a line."""
    path = tmp_path / "order.yaml"
    path.write_bytes(case.content)
    command = ["render", str(path), "-e", str(LAYERS), "--mode", mode.value]
    command += ["-n", case.namespace] if case.namespace else []
    result = click.testing.CliRunner(catch_exceptions=False).invoke(main, command)
    assert bool(result.exit_code) is bool(case.ours), result.stderr
    assert case.ours in result.stderr
    assert not case.ours or (result.stdout, result.stderr.count("Error: ") + 1) == (
        "",
        result.exit_code,
    )


@pytest.mark.parametrize(
    "case", [case for case in written.CASES if not case.beside], ids=lambda case: case.name
)
def test_models(case: written.Case) -> None:
    """They say the same of an order."""
    problems = judged(case.content)
    assert bool(problems) is bool(case.ours)
    assert case.ours in problems


def judged(content: bytes) -> str:
    """Return what the models say against the order in a file, or why there is none."""
    try:
        [order] = [o for document in manifests.read(content) for o in manifests.objects(document)]
        parse(OrderManifest, order, at="", blame=InvalidOrder)
        schema = KINDS["Network"]
        parse(schema, without_nulls(schema, order["spec"]), at="spec", blame=InvalidOrder)
    except (manifests.Unreadable, InvalidOrder) as error:
        return str(error)
    return ""


def test_what_differs_has_a_reason() -> None:
    """Where both do not say the same, we are the stricter, and say why."""
    for case in written.CASES:
        assert bool(case.because) is (bool(case.server) is not bool(case.ours)), case.name
        assert not case.because or case.ours


def test_no_case_twice() -> None:
    """Each has a name of its own."""
    names = [case.name for case in written.CASES]
    assert len(set(names)) == len(names)
