"""Measure the function beside an empty one, and compare runs.

    python -m benchmarks run [--calls 400] [--soak 0] [--out out/bench.json]
    python -m benchmarks compare PREVIOUS AFTER
    python -m benchmarks publish RUN
    python -m benchmarks steps [--record]

`publish` writes the figures of a run to docs/performance.md, and makes it the baseline.
`steps` counts what calls execute, and fails if that is more than what is recorded.
"""

import logging
from pathlib import Path

import click
import structlog
from rich.console import Console

from benchmarks import calls, figures, growth, report, servers, steps

WIDE = 150
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def main() -> None:
    """Measure the function beside an empty one, and compare runs."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@main.command()
@click.option("--calls", "count", default=400, show_default=True, help="Calls of each order.")
@click.option("--soak", default=0, show_default=True, help="Further mixed calls, for memory.")
@click.option("--out", default="out/bench.json", show_default=True, type=click.Path(path_type=Path))
def run(count: int, soak: int, out: Path) -> None:
    """Measure, print tables, write JSON, and compare with the baseline."""
    console = Console(width=WIDE)
    machine = figures.machine()
    with servers.running(servers.OURS) as ours, servers.running(servers.EMPTY) as empty:
        pair = ours, empty
        found = [
            *calls.rows(pair, count),
            *calls.neighbours(pair, count // 4),
            *calls.throughput(pair, count * 4),
        ]
    measured = figures.Run(machine, (*found, *calls.starts(soak)), tuple(growth.measured()))
    measured.write(out)
    report.show(measured, console)
    if report.BASELINE.exists():
        report.show_difference(figures.read(report.BASELINE), measured, console)
    console.print(f"written: {out}")


@main.command()
@click.argument("previous", type=_file)
@click.argument("after", type=_file)
def compare(previous: Path, after: Path) -> None:
    """Print how the ratios of two runs differ."""
    console = Console(width=WIDE)
    report.show_difference(figures.read(previous), figures.read(after), console)


@main.command()
@click.argument("measured", type=_file)
def publish(measured: Path) -> None:
    """Write a run to the docs, and make it the baseline."""
    report.write(figures.read(measured))


@main.command("steps")
@click.option("--record", is_flag=True, help="Make the counts the recorded ones.")
def count_steps(*, record: bool) -> None:
    """Count what calls execute, and fail if it is more than recorded."""
    current, previous = steps.measured(), steps.recorded()
    for order, counts in current.items():
        click.echo(f"{order}: {', '.join(f'{count} {unit}' for unit, count in counts.items())}")
    if record:
        steps.record(current)
        click.echo(f"recorded: {steps.FILE}")
    elif previous is None:
        click.echo(f"nothing is recorded for Python {steps.VERSION}, so nothing is compared")
    elif found := list(steps.regressions(previous, current)):
        raise click.ClickException(
            "; ".join(found) + "; if that is wanted: python -m benchmarks steps --record"
        )


if __name__ == "__main__":
    main()
