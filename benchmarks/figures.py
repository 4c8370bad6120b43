"""Hold what a run measured, and say whether it meets its goals."""

import json
import math
import os
import platform
import statistics
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One figure of our function beside the same of an empty one.

    Attributes:
        order: What was asked for.
        content: Whether the content of each request was new, or seen before; empty if neither.
        unit: What was measured.
        ours: The figure of our function.
        empty: The figure of the empty one.
        limit: The goal: for the ratio of both, or for our own figure.
        of: Which of them: `ratio` or `value`.
        most: Whether the limit is the most, else the least.
    """

    order: str
    content: str
    unit: str
    ours: float
    empty: float
    limit: float | None = None
    of: str = "ratio"
    most: bool = True

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what identifies the figure in another run."""
        return self.order, self.content, self.unit

    @property
    def ratio(self) -> float:
        """Return how many times the empty function's figure it is."""
        return self.ours / self.empty

    @property
    def goal(self) -> str:
        """Return the goal as text; empty if there is none."""
        if self.limit is None:
            return ""
        sign = "≤" if self.most else "≥"
        return f"{sign} {self.limit:g}{' times' if self.of == 'ratio' else ''}"

    @property
    def met(self) -> bool:
        """Return whether the goal is met."""
        if self.limit is None:
            return True
        judged = self.ratio if self.of == "ratio" else self.ours
        return judged <= self.limit if self.most else judged >= self.limit


@dataclass(frozen=True)
class Growth:
    """CPU time of a call as something grows.

    Attributes:
        axis: What grows.
        sizes: How much of it there was.
        milliseconds: CPU time of one call for each size.
    """

    axis: str
    sizes: tuple[int, ...]
    milliseconds: tuple[float, ...]

    @property
    def slope(self) -> float:
        """Return microseconds for one more."""
        return statistics.linear_regression(self.sizes, self.milliseconds).slope * 1000

    @property
    def exponent(self) -> float:
        """Return the power of the size that the time of the work grows with.

        By the sizes from a fifth of the largest on, less the time of the smallest: below that, what
        a call costs in any case is most of it.
        """
        least = min(self.milliseconds)
        points = [
            (math.log(size), math.log(time - least))
            for size, time in zip(self.sizes, self.milliseconds, strict=True)
            if size >= self.sizes[-1] / 5 and time > least
        ]
        return statistics.linear_regression(*zip(*points, strict=True)).slope


@dataclass(frozen=True)
class Run:
    """One run of the benchmark.

    Attributes:
        machine: Where it ran, and with what.
        figures: What was measured beside the empty function.
        growth: How the time of a call grows.
    """

    machine: dict[str, str]
    figures: tuple[Figure, ...]
    growth: tuple[Growth, ...]

    def write(self, path: Path) -> None:
        """Write a run as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(path: Path) -> Run:
    """Read a run that was written."""
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return Run(
        data["machine"],
        tuple(Figure(**figure) for figure in data["figures"]),
        tuple(
            Growth(one["axis"], tuple(one["sizes"]), tuple(one["milliseconds"]))
            for one in data["growth"]
        ),
    )


def machine() -> dict[str, str]:
    """Return the shape of this machine, and the versions of what is measured."""
    cpus = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.partition(": ")[2] for line in cpus if line.startswith("model name")]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    command = ("git", "describe", "--always", "--dirty")
    commit = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # git
    return {
        "commit": commit.stdout.strip(),
        "processors": f"{os.cpu_count()} of {names[0] if names else platform.machine()}",
        "memory": f"{pages / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "load before the run": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        **{name: version(name) for name in ("grpcio", "protobuf", "pydantic")},
    }
