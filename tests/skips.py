"""Say at the end of a run what was not run, and why: dots and an `s` are easily missed."""

from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

# How the reason begins when a tool is missing that a run elsewhere has.
WANT = "needs "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what was skipped by its reason; what a tool is missing for comes last and in red."""
    reasons = [_reason(report) for report in terminalreporter.stats.get("skipped", ())]
    for line in lines(reasons):
        missed = line.startswith("NOT RUN")
        terminalreporter.write_line(line, red=missed, bold=missed)


def lines(reasons: Iterable[str]) -> Iterator[str]:
    """Yield a line for each reason."""
    counted = sorted(Counter(reasons).items(), key=lambda item: item[0].startswith(WANT))
    for reason, count in counted:
        if reason.startswith(WANT):
            yield f"NOT RUN for want of a tool: {_tests(count)} of what {reason}"
        else:
            yield f"{_tests(count)} skipped: {reason}"


def _tests(count: int) -> str:
    return f"{count} test{'' if count == 1 else 's'}"


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
