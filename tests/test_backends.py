"""Hold what each backend says of itself to what it does, whichever backends there are."""

import re
import subprocess
import sys

import pytest

from function.backends import BACKENDS, SETTINGS, families, parts
from function.errors import EnvironmentInvalid
from function.example import Example
from function.parsing import parse
from tests import asking
from tests.generous import generous, settled

TABLE = [(kind, name) for kind, table in BACKENDS.items() for name in table]


def composed(kind: str, backend: str) -> set[tuple[str, str]]:
    """Return family and kind of everything that a backend composes for the example orders."""
    orders = [order for order in map(asking.order, asking.ORDERS) if order["kind"] == kind]
    layers = generous(kind, backend)
    played = [settled(order, backend, asking.ask(order, layers)) for order in orders]
    found = [asking.unscoped("", one) for outcome in played for one in outcome.resources.values()]
    return {(resource.family, resource.kind) for resource in found}


@pytest.mark.parametrize(("kind", "backend"), TABLE)
def test_a_backend_composes_what_it_says(kind: str, backend: str) -> None:
    """No kind is missing, which a later call would refuse, and none is there without need."""
    composes = BACKENDS[kind][backend].composes
    declared = {(family.name, one) for family, kinds in composes.items() for one in kinds}
    assert composed(kind, backend) == declared


def test_families_have_one_name_each() -> None:
    """Backends that share a provider declare the same API versions for it."""
    found = {family for kind, name in TABLE for family in BACKENDS[kind][name].composes}
    assert len(found) == len(families())


@pytest.mark.parametrize("name", SETTINGS)
def test_example_settings_are_valid(name: str) -> None:
    """The smallest block, and the one that offers all."""
    example: Example = parts("example")[name].EXAMPLE
    for block in (example.least, example.full):
        parse(SETTINGS[name], block, at=f"backends.{name}", blame=EnvironmentInvalid)


def test_packages_have_the_modules_that_are_documented() -> None:
    """Whoever knows one backend finds their way in the others."""
    text = (asking.ROOT / "docs" / "architecture.md").read_text("utf-8")
    documented = re.findall(r"^\| `(\w+\.py)` \|", text, re.MULTILINE)
    assert documented
    packages = [p.parent for p in (asking.ROOT / "function/backends").glob("*/__init__.py")]
    assert [path for one in packages for n in documented if not (path := one / n).is_file()] == []


# Modules of a backend that are imported by name.
BY_NAME = ("example", "simulated")


def test_the_server_loads_none_of_these() -> None:
    """An import by name is seen by no import contract."""
    program = "import sys; import function.main; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=asking.ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {BACKENDS[kind][name].package for kind, name in TABLE} <= loaded
    never = {part.__name__ for name in BY_NAME for part in parts(name).values()}
    assert not loaded & {*never, "function.example", "function.simulate"}
