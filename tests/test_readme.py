"""Run what the README says, and compare tables of the docs with the code."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from function import diagnosis, errors, metrics
from function.calls import Call
from function.fn import UNEXPECTED
from tests import asking
from tests.holding import hold
from tests.pages import consoles
from tools.generate import markdown

GUIDE = (asking.ROOT / "docs" / "install.md").read_text("utf-8")
COMMAND_LINE = (asking.ROOT / "docs" / "command-line.md").read_text("utf-8")
README = (asking.ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (asking.ROOT / "docs" / "architecture.md").read_text("utf-8")
CONDITIONS = (asking.ROOT / "docs" / "conditions.md").read_text("utf-8")
# Run by the gate itself, each in a clean checkout.
BY_THE_GATE = {"make demo", "make test"}
# What `make demo` and `make packages` write into.
BUILT = {"out"}


@pytest.mark.parametrize(
    ("command", "shown"), consoles(README), ids=[command for command, _ in consoles(README)]
)
def test_commands_print_what_is_shown(command: str, shown: list[str]) -> None:
    """A command of the README runs, and prints the lines that are shown below it."""
    if command in BY_THE_GATE:
        gate = (asking.ROOT / ".ci" / "run").read_text("utf-8").splitlines()
        assert f"step {command}" in gate
        return
    program = str(Path(sys.executable).parent / "central-api")
    words = [program if w == ".venv/bin/central-api" else w for w in shlex.split(command)]
    done = subprocess.run(words, cwd=asking.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if shown else 0)
    for line in shown:
        assert line in done.stdout + done.stderr


def test_the_command_line_prints_what_is_shown(tmp_path: Path) -> None:
    """The commands of its page run one after the other, and print the lines below them in order."""
    for name in ("examples", "tests"):
        (tmp_path / name).symlink_to(asking.ROOT / name)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command, shown in consoles(COMMAND_LINE):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=tmp_path, env={**os.environ, "PATH": path},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        refused = any("NotOffered" in line for line in shown)
        assert done.returncode == int(refused), command
        lines = (done.stderr + done.stdout).splitlines()
        printed = list(dict.fromkeys(line for line in lines if line in shown))
        assert printed == shown, command


def test_the_first_order_is_the_example() -> None:
    """The order that the README opens with is the smallest example, byte for byte in content."""
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block is not None
    assert yaml.safe_load(block[1]) == asking.order("cluster/minimal")


@pytest.mark.parametrize("name", asking.PROVIDERS)
def test_the_kinds_and_flavors_it_names_come_out(name: str) -> None:
    """What the README says of the first order is what comes out."""
    rendered = asking.ask(asking.order("cluster/minimal"), asking.provider(name))
    inner = [m["spec"]["forProvider"]["manifest"] for m in rendered.resources.values()]
    [cluster] = [m for m in inner if m["kind"] != "ConfigMap"]
    [pool] = rendered.composite["status"]["nodePools"]
    group, _, version = cluster["apiVersion"].partition("/")
    for named in (name, cluster["kind"], group, version, pool["flavor"]):
        assert f"`{named}`" in README


@pytest.mark.parametrize("name", ["function", "tools"])
def test_tree_is_the_code(name: str) -> None:
    """The tree names every module of the package, and none that is gone."""
    block = re.search(rf"^{name}/\n((?:  .*\n)+)", ARCHITECTURE, re.MULTILINE)
    assert block is not None
    shown = {line.split()[0].rstrip("/") for line in block[1].splitlines()}
    package = asking.ROOT / name
    modules = {p.name for p in package.glob("*.py") if not p.name.startswith("__")}
    packages = {p.parent.name for p in package.glob("*/__init__.py")}
    assert shown == modules | packages


def test_directories_are_those_of_the_repository() -> None:
    """Hidden and built directories are not listed."""
    block = re.search(r"```\napis/(.*?)```", README, re.DOTALL)
    assert block is not None
    shown = {line.split()[0].rstrip("/") for line in f"apis/{block[1]}".splitlines()}
    found = {p.name for p in asking.ROOT.iterdir() if p.is_dir() and not p.name.startswith(".")}
    assert shown == {name for name in found if not name.endswith(".egg-info")} - BUILT


def test_the_guide_names_every_metric_with_its_labels() -> None:
    """What an operator watches is what is served."""
    registry = CollectorRegistry()
    call = Call("answered", kind="Server", seconds=0.1)
    metrics.Metrics(registry).observe(replace(call, reason="InternalError"))
    served = {
        (family.name + ("_total" if family.type == "counter" else ""), frozenset(sample.labels))
        for family in registry.collect()
        for sample in family.samples
        if family.name.startswith("central_api_")
        and sample.name.endswith(("_total", "_count", "_info"))
    }
    rows = re.findall(r"^\| `(central_api_\w+)` \| ([^|]*) \|", GUIDE, re.MULTILINE)
    reported = {(name, frozenset(re.findall(r"`(\w+)`", labels))) for name, labels in rows}
    assert reported == {(name + "_info" * (name == "central_api_build"), at) for name, at in served}


def test_the_guide_says_what_to_do_about_every_reason() -> None:
    """Every refusal has a row in the table of problems."""
    kinds = {k for group in errors.Refusal.__subclasses__() for k in group.__subclasses__()}
    reported = set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE))
    assert {kind.__name__ for kind in kinds} | {UNEXPECTED} <= reported


def test_tenants_are_shown_who_acts() -> None:
    """Each reason of `BackendHealthy` has a row."""
    reasons = {reason for reason, _ in diagnosis.REASONS}
    rows = re.search(r"reason of `BackendHealthy=False`.*?\n\n", CONDITIONS, re.DOTALL)
    assert rows is not None
    assert set(re.findall(r"`([A-Z]\w+)`", rows[0].partition("\n")[2])) == reasons


def targets() -> Iterator[tuple[Path, str]]:
    """Yield every relative link of the pages that people write, with its page."""
    pages = [*asking.ROOT.glob("*.md"), *(asking.ROOT / "docs").glob("*.md")]
    for page in sorted([*pages, *(asking.ROOT / "docs" / "adr").glob("*.md")]):
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
            yield page, target


def test_links_lead_somewhere() -> None:
    """To a file of the repository, and to a heading of it."""
    hold(
        leads_somewhere,
        [(f"{page} {target}", page, target) for page, target in sorted(set(targets()))],
    )


def leads_somewhere(page: Path, target: str) -> None:
    """Check that file and heading of a link exist."""
    file, _, heading = target.partition("#")
    found = (page.parent / file) if file else page
    assert found.exists()
    if heading:
        headings = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.MULTILINE)
        assert heading in [markdown.anchor(text) for text in headings]


def test_every_page_is_on_the_map() -> None:
    """The map of the docs names each; decisions are listed by `make generate`."""
    overview = (asking.ROOT / "docs" / "README.md").read_text("utf-8")
    pages = [*(asking.ROOT / "docs").glob("*.md"), *(asking.ROOT / "docs" / "reference").glob("*")]
    names = [page.relative_to(asking.ROOT / "docs").as_posix() for page in pages]
    assert not [name for name in names if name != "README.md" and f"]({name})" not in overview]
