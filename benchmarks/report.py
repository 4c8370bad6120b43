"""Show a run: tables for the terminal, the page of the docs, and the difference of two runs."""

import re
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import plot
from benchmarks.figures import Figure, Growth, Run

PAGE, PLOT = Path("docs/performance.md"), Path("docs/performance.svg")
BASELINE = Path("benchmarks/baseline.json")
# A difference of two runs below this is noise: CPU of one commit differs by less on a machine that
# does other work.
NOISE = 0.1
_COLUMNS = ("order", "content", "unit", "ours", "empty", "ratio", "goal", "")
_GROWN = ("what grows", "from", "to", "ms", "µs for one more", "exponent")
_PARTS = re.compile(r"(<!-- (\w+), by make bench -->\n).*?(<!-- end of \w+ -->)", re.DOTALL)


def rows(figures: Iterable[Figure]) -> list[tuple[str, ...]]:
    """Return figures as the cells of a table."""
    return [
        (
            one.order,
            one.content,
            one.unit,
            _number(one.ours),
            _number(one.empty),
            f"{one.ratio:.2f}",
            one.goal,
            ("met" if one.met else "missed") if one.goal else "",
        )
        for one in figures
    ]


def grown(growth: Iterable[Growth]) -> list[tuple[str, ...]]:
    """Return the growth of calls as the cells of a table."""
    return [
        (
            one.axis,
            str(one.sizes[0]),
            str(one.sizes[-1]),
            f"{one.milliseconds[0]:.1f} to {one.milliseconds[-1]:.1f}",
            f"{one.slope:.1f}",
            f"{one.exponent:.2f}",
        )
        for one in growth
    ]


def show(run: Run, console: Console) -> None:
    """Print a run."""
    console.print(_table("Beside an empty function", _COLUMNS, rows(run.figures)))
    console.print(_table("CPU of a call as something grows", _GROWN, grown(run.growth)))
    console.print(", ".join(f"{name} {value}" for name, value in run.machine.items()))


def compare(previous: Run, after: Run) -> list[tuple[str, ...]]:
    """Return how the ratios of two runs differ, as the cells of a table.

    Ratios to the empty function of the same run: another machine changes both.
    """
    known = {one.key: one for one in previous.figures}
    result: list[tuple[str, ...]] = []
    for one in after.figures:
        if one.key not in known:
            continue
        change = one.ratio / known[one.key].ratio - 1
        ratios = (f"{known[one.key].ratio:.2f}", f"{one.ratio:.2f}", f"{change:+.0%}")
        result.append((*one.key, *ratios, _verdict(change if one.most else -change)))
    return result


def show_difference(previous: Run, after: Run, console: Console) -> None:
    """Print how two runs differ."""
    columns = ("order", "content", "unit", "ratio before", "after", "change", "")
    console.print(_table("Compared with another run", columns, compare(previous, after)))


def write(run: Run) -> None:
    """Write the page, the plot and the baseline of later comparisons."""
    PAGE.write_text(page(PAGE.read_text("utf-8"), run), "utf-8")
    PLOT.write_text(plot.ratios(run.figures), "utf-8")
    run.write(BASELINE)


def page(text: str, run: Run) -> str:
    """Return the page with the figures of a run."""
    parts = {
        "machine": _markdown(("", ""), [*run.machine.items()]),
        "figures": _markdown(_COLUMNS, rows(run.figures)),
        "growth": _markdown(_GROWN, grown(run.growth)),
    }
    return _PARTS.sub(lambda part: f"{part[1]}{parts[part[2]]}{part[3]}", text)


def _verdict(change: float) -> str:
    if abs(change) < NOISE:
        return ""
    return "worse" if change > 0 else "better"


def _table(title: str, columns: tuple[str, ...], cells: Iterable[tuple[str, ...]]) -> Table:
    table = Table(*columns, title=title)
    for row in cells:
        table.add_row(*row)
    return table


def _markdown(columns: tuple[str, ...], cells: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("|  |", "| |")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004  # three digits
