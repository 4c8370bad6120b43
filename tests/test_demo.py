"""Check what `make demo` shows: on one screen, to whatever reads it."""

import asyncio
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from function import local, simulate
from function.fn import FunctionRunner
from tests import asking
from tools import demo, overview

ROWS, COLUMNS = 24, 80
PROGRAM = (sys.executable, "-m", "tools.demo")


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, str], simulate.Played]:
    """Play every example order for every example provider, in this process."""
    runner = FunctionRunner(alone=True)

    async def played() -> dict[tuple[str, str], simulate.Played]:
        return {
            (name, provider): await demo.play(
                lambda req: runner.RunFunction(req, None),
                asking.order(name),
                asking.provider(provider),
            )
            for name in asking.ORDERS
            for provider in asking.PROVIDERS
        }

    return asyncio.run(played())


def shown(results: overview.Results, width: int) -> list[str]:
    """Return the lines of a screen of some width."""
    file = io.StringIO()
    overview.show(overview.Screen(file=file, width=width), results, demo.PORTABLE)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, COLUMNS, 120, 200])
def test_nothing_is_cut(results: overview.Results, width: int) -> None:
    """The screen holds every order, provider and value, however wide it is."""
    lines = shown(results, width)
    assert max(map(len, lines)) <= min(width, overview.WIDEST)
    text = "".join("".join(line.split()) for line in lines)
    assert "…" not in text
    for word in (*asking.ORDERS, *asking.PROVIDERS):
        assert word in text


def test_the_good_news_come_first(results: overview.Results) -> None:
    """The order that all answer leads; what a provider lacks is no refusal."""
    head, first, *_ = shown(results, COLUMNS)
    assert head.split() == asking.PROVIDERS
    assert first.split() == [demo.PORTABLE, *["ok"] * len(asking.PROVIDERS)]
    words = [overview.verdict(played) for played in results.values()]
    assert (
        overview.totals(results)
        == f"{words.count('ok')} ok, {words.count('not offered')} not offered"
    )
    assert words.count("ok") + words.count("not offered") == len(results)


VERDICTS = {
    "NotOffered: EnvironmentConfig kaas-only: kinds has no Server": "not offered",
    "InvalidOrder: spec.class: not offered here; offered: default": "not offered",
    "InvalidOrder: spec.variables.maxPods: not open to tenants here; open: none": "not offered",
    "InvalidOrder: spec.zone: not offered here; offered: a; spec.image: required": "refused",
    "InvalidOrder: spec.flavour: unknown field, did you mean flavor?": "refused",
    "EnvironmentInvalid: EnvironmentConfig a: layers: b is listed but not there": "refused",
}


@pytest.mark.parametrize(("fatal", "want"), VERDICTS.items(), ids=VERDICTS.values())
def test_verdicts(fatal: str, want: str) -> None:
    """A refusal is neutral if an offer of the provider is all that is missing."""
    outcome = local.Outcome({}, {}, frozenset(), fatal, (), False)
    assert overview.verdict(simulate.Played(1, outcome)) == want


def test_an_order_that_is_not_ready(results: overview.Results) -> None:
    """It is shown by its phase."""
    outcome = results[demo.PORTABLE, "gardener"].outcome
    waiting = local.Outcome(outcome.composite, {}, frozenset(), "", (), False)
    assert overview.verdict(simulate.Played(1, waiting)) == "ready"


def test_the_report_has_all_reasons(results: overview.Results) -> None:
    """Each order has a head, and below it what is composed, or each problem in a line."""
    lines = overview.report(results).splitlines()
    assert len([line for line in lines if not line.startswith(" ")]) == len(results)
    refusals = [played.outcome.fatal for played in results.values() if played.outcome.fatal]
    text = "; ".join(line.strip() for line in lines)
    assert all(refusal in text for refusal in refusals)


def test_as_people_run_it(tmp_path: Path) -> None:
    """It fits a terminal, below what make says first; a terminal of ASCII can show all of it."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    environment |= {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*PROGRAM, "--out", tmp_path / "demo", "--verbose"],
        cwd=asking.ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    report = (tmp_path / "demo" / demo.REPORT).read_text("utf-8")
    assert done.stderr == ""
    assert done.stdout.startswith(report)
    lines = done.stdout.removeprefix(report).splitlines()[1:]
    assert len(lines) + 1 < ROWS
    assert max(map(len, lines[:-1])) <= COLUMNS
    assert re.match(r"\d+ answers in \d+\.\d s: \d+ ok, \d+ not offered\. More: ", lines[-1])
    written = {path.relative_to(tmp_path / "demo") for path in tmp_path.rglob("*.yaml")}
    assert written == {
        Path(provider, f"{name.replace('/', '-')}.yaml")
        for name in asking.ORDERS
        for provider in asking.PROVIDERS
    }


def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    """It ends quietly, and well: make has nothing to complain of."""
    command = (*PROGRAM, "--out", str(tmp_path / "demo"))
    with subprocess.Popen(
        command, cwd=asking.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_make_says_at_once_what_it_does() -> None:
    """Before Python starts, in one line."""
    text = (asking.ROOT / "Makefile").read_text("utf-8")
    recipe = re.search(r"^demo:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert recipe is not None
    first, _ = recipe[1].splitlines()
    assert len(first.removeprefix('\t@echo "').removesuffix('"')) < COLUMNS
