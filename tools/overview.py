"""Show how example orders fared with example providers: one screen, and a report in full."""

import os
import re
import sys
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from function.contract import Manifest
from function.simulate import Played

# By order and provider.
Results = Mapping[tuple[str, str], Played]
OK, NOT_OFFERED, REFUSED = "ok", "not offered", "refused"
STYLES = {OK: "green", NOT_OFFERED: "dim", REFUSED: "bold red"}
# More would tear the columns apart.
WIDEST = 120
_MISSING = re.compile(r"\bnot (offered|open to tenants)\b")
_PROBLEMS = re.compile(r"; (?=spec\b)")


class Screen(Console):
    """Print in colour to terminals that want it; who stops reading has read enough."""

    def on_broken_pipe(self) -> NoReturn:
        """End quietly."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def show(screen: Console, results: Results, portable: str) -> None:
    """Print who answers which order, and what the tenant of one sees with each provider.

    Args:
        screen: Where to print.
        results: How each order fared.
        portable: The order that every provider answers.
    """
    providers = list(dict.fromkeys(provider for _, provider in results))
    verdicts = {key: verdict(played) for key, played in results.items()}
    orders = _best_first(verdicts)
    first = max(map(len, orders)) + 1
    matrix, view = (_table(screen, first, providers, header=header) for header in (True, False))
    for order in orders:
        words = (verdicts[order, provider] for provider in providers)
        matrix.add_row(order, *(f"[{STYLES.get(word, 'yellow')}]{word}[/]" for word in words))
    seen = [seen_by_tenant(results[portable, provider]) for provider in providers]
    for field in seen[0]:
        view.add_row(field, *(escape(one[field]) for one in seen))
    screen.print(matrix)
    screen.print(f"\n[bold]What the tenant of {portable} sees with each of them:[/]")
    screen.print(view)


def verdict(played: Played) -> str:
    """Say in a word how an order fared.

    Refused is what no offer of the provider would change.
    """
    outcome = played.outcome
    if not outcome.fatal:
        return OK if outcome.complete else str(outcome.composite["status"]["phase"]).lower()
    reason, _, text = outcome.fatal.partition(": ")
    missing = all(_MISSING.search(problem) for problem in _PROBLEMS.split(text))
    return NOT_OFFERED if missing or reason == "NotOffered" else REFUSED


def totals(results: Results) -> str:
    """Return how many orders fared how, in a few words."""
    counted = Counter(map(verdict, results.values()))
    words = [word for word in (*STYLES, *sorted(counted)) if counted[word]]
    return ", ".join(f"{counted[word]} {word}" for word in dict.fromkeys(words))


def seen_by_tenant(played: Played) -> dict[str, str]:
    """Return what a tenant sees of a cluster, and at last what it does not: what runs for it."""
    status: Manifest = played.outcome.composite["status"]
    lines = len(status.get("kubeconfig", "").splitlines())
    inside = [_inside(one) for one in played.outcome.resources.values()]
    runs = [one for one in inside if one["kind"] not in ("ConfigMap", "Object")]
    return {
        "phase": status["phase"],
        "version": status["version"],
        "endpoint": urllib.parse.urlsplit(status["endpoint"]).netloc,
        "nodes": ", ".join(f"{one['replicas']} {one['flavor']}" for one in status["nodePools"]),
        "kubeconfig": f"{lines} lines" if lines else "none: no login",
        "behind it": ", ".join(f"{_version(one)} {one['kind']}" for one in runs),
    }


def report(results: Results) -> str:
    """Return what is composed of each order, or why it is not, a line each."""
    return "".join(
        f"{line}\n"
        for (order, provider), one in results.items()
        for line in _lines(order, provider, one)
    )


def _table(screen: Console, first: int, providers: Sequence[str], *, header: bool) -> Table:
    table = Table(box=None, show_header=header, padding=(0, 1, 0, 0), pad_edge=False)
    room = (min(screen.width, WIDEST) - first) // len(providers) - 1
    table.add_column(width=first, no_wrap=True)
    for provider in providers:
        table.add_column(provider, width=room, overflow="fold")
    return table


def _best_first(verdicts: Mapping[tuple[str, str], str]) -> list[str]:
    answered = Counter(order for (order, _), word in verdicts.items() if word == OK)
    orders = dict.fromkeys(order for order, _ in verdicts)
    return sorted(orders, key=lambda order: (-answered[order], order))


def _lines(order: str, provider: str, played: Played) -> Iterator[str]:
    yield f"{order}, {provider}: {verdict(played)}"
    if played.outcome.fatal:
        yield from (f"  {problem}" for problem in _PROBLEMS.split(played.outcome.fatal))
        return
    kinds = Counter(_kind(one) for one in played.outcome.resources.values())
    yield from (f"  {count} {kind}" for kind, count in kinds.items())
    status: dict[str, Any] = played.outcome.composite["status"]
    gaps = status.get("unsupported", ())
    yield from (f"  no effect: {gap['field']}: {gap['reason']}" for gap in gaps)


def _kind(manifest: Manifest) -> str:
    shown = _inside(manifest)
    return f"{shown['kind']} ({shown['apiVersion']})"


def _version(manifest: Manifest) -> str:
    return str(manifest["apiVersion"]).rpartition("/")[2]


def _inside(manifest: Manifest) -> Manifest:
    """Return the object that a composed Object holds; others as they are."""
    inner: Manifest | None = manifest["spec"]["forProvider"].get("manifest")
    return inner or manifest
