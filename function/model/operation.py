"""Declare how a `Cluster` is kept: maintenance, hibernation, health checks."""

import datetime
import zoneinfo
from typing import Literal

import pydantic

from function.model.values import (
    Cron,
    Duration,
    Patience,
    TimeOfDay,
    Timezone,
    UnhealthyShare,
    seconds,
)
from function.schema import Flag, Schema, ordered

MINUTES_OF_A_DAY = 24 * 60
SHORTEST_WINDOW, LONGEST_WINDOW = 30 * 60, 6 * 60 * 60


class Window(Schema):
    """Name the time in which the provider may change things."""

    begin: TimeOfDay = ordered(
        "Time of day at which the window opens, such as 22:00.", change="in place", example="22:00"
    )
    duration: Duration = ordered(
        "How long the window stays open, from 30m to 6h, such as 1h or 1h30m.",
        change="in place",
        example="1h",
    )
    timezone: Timezone = ordered(
        "Time zone of begin, such as Europe/Berlin. Some providers keep its standard time all "
        "year; see status.notes. Defaults to UTC.",
        change="in place",
        default="UTC",
    )
    days: tuple[Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], ...] = ordered(
        "Days on which the window opens: Mon, Tue, Wed, Thu, Fri, Sat, Sun. Defaults to every day.",
        change="in place",
        default=(),
        max_length=7,
    )

    @property
    def span(self) -> tuple[int, int]:
        """Return begin and end in minutes after midnight."""
        hours, minutes = (int(part) for part in self.begin.split(":"))
        begin = hours * 60 + minutes
        return begin, (begin + seconds(self.duration) // 60) % MINUTES_OF_A_DAY

    @property
    def offsets(self) -> tuple[int, int]:
        """Return the offset of the time zone in minutes: in standard time, and in summer.

        Of both hemispheres summer is when clocks are ahead; both are the same where they never are.
        """
        zone = zoneinfo.ZoneInfo(self.timezone)
        days = (datetime.datetime(2026, month, 15, tzinfo=zone) for month in (1, 7))
        offsets = sorted((day.utcoffset() or datetime.timedelta()) for day in days)
        standard, summer = (int(offset.total_seconds()) // 60 for offset in offsets)
        return standard, summer

    @pydantic.field_validator("duration")
    @classmethod
    def _is_a_window(cls, value: str) -> str:
        if not SHORTEST_WINDOW <= seconds(value) <= LONGEST_WINDOW:
            raise ValueError("must lie between 30m and 6h")
        return value


class AutoUpdate(Schema):
    """Say what the provider may update by itself."""

    kubernetes: Flag = ordered(
        "Whether new patches of the Kubernetes version are installed. Defaults to true.",
        change="in place",
        default=True,
    )
    machine_image: Flag = ordered(
        "Whether nodes get new images of their operating system. Defaults to true.",
        change="in place",
        default=True,
    )


class Maintenance(Schema):
    """Say when and what the provider may change by itself."""

    window: Window | None = ordered(
        "Time in which the provider may change things. Defaults to the provider's choice.",
        change="in place",
        default=None,
    )
    auto_update: AutoUpdate = ordered(
        "What the provider may update by itself.", change="in place", default=AutoUpdate()
    )


class HibernationSchedule(Schema):
    """Put the cluster to sleep and wake it, by the clock."""

    start: Cron | None = ordered(
        "When the cluster falls asleep, as a cron expression of five fields, such as 0 20 * * *. "
        "Optional; if absent, this schedule does not put it to sleep.",
        change="in place",
        default=None,
        example="0 20 * * *",
    )
    end: Cron | None = ordered(
        "When the cluster wakes, as a cron expression of five fields, such as 0 6 * * *. "
        "Optional; if absent, this schedule does not wake it.",
        change="in place",
        default=None,
        example="0 6 * * *",
    )
    timezone: Timezone = ordered(
        "Time zone of start and end, such as Europe/Berlin. Defaults to UTC.",
        change="in place",
        default="UTC",
    )

    @pydantic.model_validator(mode="after")
    def _does_something(self) -> "HibernationSchedule":
        if self.start is None and self.end is None:
            raise ValueError("at least one of start, end is required")
        return self


class Hibernation(Schema):
    """Let the cluster sleep: no machines run, its data are kept."""

    enabled: Flag = ordered(
        "Whether the cluster sleeps now. It cannot be combined with schedules. Defaults to false.",
        change="in place",
        default=False,
    )
    schedules: tuple[HibernationSchedule, ...] = ordered(
        "Times at which the cluster falls asleep and wakes. Defaults to none.",
        change="in place",
        default=(),
        max_length=10,
    )

    @pydantic.model_validator(mode="after")
    def _one_way_or_the_other(self) -> "Hibernation":
        if self.enabled and self.schedules:
            raise ValueError("enabled goes without schedules: they switch it themselves")
        return self


class HealthCheck(Schema):
    """Replace nodes that are not healthy."""

    enabled: Flag = ordered(
        "Whether unhealthy nodes are replaced. Defaults to true.",
        change="in place",
        default=True,
    )
    unhealthy_after: Patience = ordered(
        "How long a node may be unhealthy before it is replaced, such as 10m. Defaults to 5m.",
        change="in place",
        default="5m",
    )
    max_unhealthy: UnhealthyShare = ordered(
        "Share of unhealthy nodes of a pool in percent beyond which none is replaced, because the "
        "cause lies elsewhere. Defaults to 40%.",
        change="in place",
        default="40%",
    )
