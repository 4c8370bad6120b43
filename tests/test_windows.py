"""Maintenance windows of Gardener: one offset all year, the same half of it on both hemispheres."""

from typing import Any

import pytest

from function import local, simulate
from function.paths import lookup, replaced
from tests import asking
from tests.asking import Manifest

WHERE = "spec.forProvider.manifest.spec.maintenance.timeWindow"


def order(timezone: str, begin: str = "22:00", **window: Any) -> Manifest:
    """Return an order with a window of an hour."""
    manifest = asking.order("cluster/minimal")
    given = {"begin": begin, "duration": "1h", "timezone": timezone, **window}
    return replaced(manifest, "spec.maintenance", {"window": given})


def said(outcome: local.Outcome) -> tuple[Manifest, list[str]]:
    """Return the window of the Shoot, and what is noted of it."""
    assert not outcome.fatal, outcome.fatal
    status = outcome.composite["status"]
    assert "unsupported" not in status
    notes = [
        note["message"]
        for note in status.get("notes", ())
        if note["field"] == "spec.maintenance.window.timezone"
    ]
    window: Manifest = lookup(outcome.resources["gardener-shoot"], WHERE)
    return window, notes


def answered(manifest: Manifest, observed: Any = None) -> tuple[Manifest, list[str]]:
    """Ask about an order, and return window and notes."""
    return said(asking.ask(manifest, asking.provider("gardener"), observed))


@pytest.mark.parametrize(
    ("timezone", "offset", "other"),
    [
        ("Europe/Berlin", "+0100", "23:00"),
        ("Australia/Sydney", "+1000", "23:00"),
        ("America/New_York", "-0500", "23:00"),
        ("America/Santiago", "-0400", "23:00"),
        ("America/St_Johns", "-0330", "23:00"),
        ("Australia/Lord_Howe", "+1030", "22:30"),
        ("Europe/Dublin", "+0000", "23:00"),
        ("Asia/Kolkata", "+0530", ""),
        ("Pacific/Kiritimati", "+1400", ""),
        ("America/Phoenix", "-0700", ""),
        ("UTC", "+0000", ""),
    ],
)
def test_standard_time_counts(timezone: str, offset: str, other: str) -> None:
    """And the tenant reads when it opens by the clock on the wall in the other half of the year."""
    window, notes = answered(order(timezone))
    assert window == {"begin": f"220000{offset}", "end": f"230000{offset}"}
    assert notes == (
        [
            f"opens at 22:00 in standard time of {timezone}, and at {other} in daylight saving "
            "time, because windows keep one offset all year here"
        ]
        if other
        else []
    )


def test_a_window_near_midnight() -> None:
    """It opens on the next day then."""
    _, [note] = answered(order("Europe/Berlin", "23:30"))
    assert "at 00:30 in daylight saving time" in note


def test_a_live_window_does_not_move() -> None:
    """The first release took the offset of January, which is summer in Sydney."""
    outcome = asking.ask(order("Australia/Sydney"), asking.provider("gardener"))
    seen = dict(simulate.play(outcome.resources))
    former = {"begin": "220000+1100", "end": "230000+1100"}
    manifest = replaced(seen["gardener-shoot"].manifest, WHERE, former)
    seen["gardener-shoot"] = local.Observed(manifest, seen["gardener-shoot"].connection)
    window, [note] = answered(order("Australia/Sydney"), seen)
    assert window == former
    assert "22:00 in daylight saving time of Australia/Sydney, and at 21:00 in standard" in note
    edited, _ = answered(order("Australia/Sydney", "21:00"), seen)
    assert edited == {"begin": "210000+1000", "end": "220000+1000"}
    moved, _ = answered(order("Europe/Berlin"), seen)
    assert moved == {"begin": "220000+0100", "end": "230000+0100"}
