"""Put every manifest of `tests/written.py` to the command line and to the models."""

from pathlib import Path
from typing import Any

import click.testing
import pytest

from function import admission, manifests
from function.cli import main
from function.contract import Mode
from function.errors import InvalidOrder
from function.metadata import OrderManifest
from function.model import API_VERSION, KINDS
from function.parsing import parse
from function.schema import without_nulls
from tests import asking, written
from tests.holding import hold

SPECS = asking.loaded(asking.ROOT / "tests" / "e2e" / "orders.yaml")
LAYERS = asking.EXAMPLES / "environments" / "cluster-stacks"
each_mode = pytest.mark.parametrize("mode", list(Mode))


@each_mode
def test_command_line(mode: Mode, tmp_path: Path) -> None:
    """It refuses what an API server refuses, and says why in a line."""
    path = tmp_path / "order.yaml"
    hold(refused_alike, [(case.name, case, mode, path) for case in written.CASES])


def refused_alike(case: written.Case, mode: Mode, path: Path) -> None:
    """Check what the command line says of a manifest."""
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


def test_models() -> None:
    """They say the same of an order."""
    hold(judged_alike, [(case.name, case) for case in written.CASES if not case.beside])


def judged_alike(case: written.Case) -> None:
    """Check what the models say of a manifest."""
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


@each_mode
def test_specs(mode: Mode) -> None:
    """Of what is put to models and a real API server elsewhere, the command line says the same."""
    cases = [case for case in SPECS if "previous" not in case and "many" not in case]
    hold(admitted_alike, [(f"{case['kind']}: {case['name']}", case, mode) for case in cases])


def admitted_alike(case: dict[str, Any], mode: Mode) -> None:
    """Check that an order is admitted where the API server admits it."""
    server = case["expect"].partition(":")[0]
    # As an API server, and unlike the models, it drops what is null.
    expected = server if "null" in case["name"] else case.get("model", server)
    spec = {"spec": case["spec"]} if "spec" in case else {}
    head = {"apiVersion": API_VERSION, "kind": case["kind"]}
    order = {**head, "metadata": {"name": "hello", "namespace": "acme"}, **spec}
    try:
        admission.check_order(order, mode)
    except InvalidOrder as refusal:
        assert expected == "refused", refusal
        return
    assert expected == "accepted"


def test_what_differs_has_a_reason() -> None:
    """Where both do not say the same, we are the stricter, and say why."""
    for case in written.CASES:
        assert bool(case.because) is (bool(case.server) is not bool(case.ours)), case.name
        assert not case.because or case.ours


def test_no_case_twice() -> None:
    """Each has a name of its own."""
    names = [case.name for case in written.CASES]
    assert len(set(names)) == len(names)
