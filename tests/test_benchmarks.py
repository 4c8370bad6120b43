"""What the benchmark publishes is what it measured, and it measures what it says."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks import calls, figures, growth, orders, plot, report, servers, steps
from benchmarks.__main__ import main
from benchmarks.figures import Figure, Growth
from function.compose import compose
from tests.asking import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

RUN = figures.read(ROOT / report.BASELINE)
ONE = Figure("full Server", "new", "CPU ms per call", 2.0, 0.5, 4.5)


def test_the_page_shows_the_baseline() -> None:
    """Whoever edits one of them has the test say so."""
    text = (ROOT / report.PAGE).read_text("utf-8")
    assert report.page(text, RUN) == text
    assert plot.ratios(RUN.figures) == (ROOT / report.PLOT).read_text("utf-8")


@pytest.fixture(scope="module")
def counts() -> steps.Counts:
    """Count what calls execute."""
    return steps.measured()


def test_counts_are_within_the_recorded_ones(counts: steps.Counts) -> None:
    """As the gate holds them; another version of Python counts differently."""
    recorded = steps.recorded()
    assert recorded is None or list(steps.regressions(recorded, counts)) == []


def test_counts_repeat(counts: steps.Counts) -> None:
    """Once more, far within the band."""
    for name, again in steps.measured().items():
        for unit, count in again.items():
            assert count == pytest.approx(counts[name][unit], rel=steps.BAND / 4)


def test_a_planted_regression_is_found(
    counts: steps.Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fifth more work in the core is reported for each order, with what was recorded."""
    # A turn of the loop below takes three instructions.
    turns = max(found["instructions"] for found in counts.values()) // 5 // 3

    def slower(*given: Any) -> Any:
        for _ in range(turns):
            pass
        return compose(*given)

    monkeypatch.setattr("function.fn.compose", slower)
    found = list(steps.regressions(counts, steps.measured()))
    assert {text.partition(":")[0] for text in found} == counts.keys()
    assert all("instructions instead of" in text for text in found)


def test_an_order_that_is_not_recorded_is_reported(counts: steps.Counts) -> None:
    """The gate never passes because it compares nothing."""
    assert len(list(steps.regressions({}, counts))) == 2 * len(counts)


def test_two_runs_are_compared_on_the_command_line() -> None:
    """A run beside itself has no difference."""
    compare = main.commands["compare"]
    ran = CliRunner().invoke(compare, [str(ROOT / report.BASELINE)] * 2)
    assert ran.exit_code == 0, ran.output


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    """And holds no path of the machine."""
    RUN.write(tmp_path / "run.json")
    assert figures.read(tmp_path / "run.json") == RUN
    assert "/" not in "".join(RUN.machine.values())


@pytest.mark.parametrize(
    ("figure", "goal", "met"),
    [
        (ONE, "≤ 4.5 times", True),
        (replace(ONE, limit=3.9), "≤ 3.9 times", False),
        (replace(ONE, limit=1.9, of="value"), "≤ 1.9", False),
        (replace(ONE, limit=4.1, most=False), "≥ 4.1 times", False),
        (replace(ONE, limit=None), "", True),
    ],
)
def test_goals(figure: Figure, goal: str, *, met: bool) -> None:
    """Of the ratio or of our own figure, at most or at least."""
    assert (figure.goal, figure.met) == (goal, met)


@pytest.mark.parametrize("power", [0.5, 1, 1.3, 2])
def test_the_exponent_is_that_of_the_work(power: float) -> None:
    """What a call costs in any case does not hide it."""
    sizes = (1, 5, 20, 50, 100, 200, 500)
    grown = Growth("x", sizes, tuple(3 + 0.1 * n**power for n in sizes))
    assert grown.exponent == pytest.approx(power, abs=0.06)


def test_two_runs_are_compared_by_their_ratios() -> None:
    """Another machine alone is no difference; more calls per second are no regression."""
    rate = replace(ONE, unit="calls per second", most=False)
    previous = replace(RUN, figures=(ONE, rate))
    slower = replace(previous, figures=(replace(ONE, ours=4.0, empty=1.0), rate))
    assert [row[-1] for row in report.compare(previous, slower)] == ["", ""]
    worse = replace(previous, figures=(replace(ONE, ours=2.5), replace(rate, ours=2.5)))
    assert [row[-2:] for row in report.compare(previous, worse)] == [
        ("+25%", "worse"),
        ("+25%", "better"),
    ]


def test_the_plot_is_svg_with_a_bar_for_each_ratio() -> None:
    """Names are escaped."""
    drawn = ET.fromstring(plot.ratios([ONE, replace(ONE, order="a < b", content="seen")]))  # noqa: S314  # our own
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[1:] == [
        "full Server, CPU ms per call",
        "4.0",
        "a < b, CPU ms per call",
        "4.0",
    ]


def test_new_content_is_new_in_each_call() -> None:
    """And what was seen before is the same bytes."""
    requested = orders.settled("x", orders.example("cluster/minimal"), orders.layers(orders.CAPI))
    fresh, seen = requested.data(orders.NEW), requested.data(orders.SEEN)
    assert len({fresh() for _ in range(5)}) == 5
    assert len({seen() for _ in range(5)}) == 1


def test_calls_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few of them, on real servers."""
    order = orders.settled("x", orders.example("cluster/minimal"), orders.layers(orders.CAPI))
    monkeypatch.setattr(orders, "measured", lambda: {"full Server": order})
    with servers.running(servers.OURS) as ours, servers.running(servers.EMPTY) as empty:
        new, p50, seen, _ = calls.rows((ours, empty), 20)
    assert (new.order, new.content, seen.content) == ("full Server", "new", "seen")
    assert new.ours > seen.ours > 0
    assert p50.ours > p50.empty > 0


@pytest.mark.parametrize(("build", "count"), [(growth.rules, 3), (growth.pools, 3)])
def test_what_grows_grows(build: growth.Build, count: int) -> None:
    """One more in the order is one more in the response, or in its status."""
    few, many = (growth.first(build(n)) for n in (1, 1 + count))
    assert many.ByteSize() > few.ByteSize()
