"""Which settings apply to an order: those that it last received, by what each field declares."""

from collections.abc import Mapping
from typing import Any

import pytest

from function.effective import Effective, as_received, reaching, taken
from function.schema import Schema, configured
from function.settings import AT_ONCE, NEW_ORDERS, NEXT_CHANGE, NEXT_VERSION


class Inner(Schema):
    """Settings inside others, of which one declares for itself what an edit reaches."""

    config: str = configured("Own.", reaches=NEXT_VERSION)


class Block(Schema):
    """Settings of a backend."""

    region: str = configured("Region.", reaches=NEW_ORDERS)
    inner: Inner = configured("Inner.", reaches=NEW_ORDERS)


class Given(Effective):
    """What orders take from `Block`."""

    first: str | None = taken(Block, "region")
    version: str | None = taken(Block, "inner.config", default=None)
    judged: str = reaching(NEXT_CHANGE)
    current: str = reaching(AT_ONCE)
    pools: dict[str, str | None] = reaching(NEXT_VERSION, each=True)


TODAY = Given(
    first="today",
    version="today",
    judged="today",
    current="today",
    pools={"a": "today", "b": "today"},
)


@pytest.mark.parametrize(
    ("applied", "same", "want"),
    [
        pytest.param(None, True, {}, id="a new order gets what the environment says"),
        pytest.param({}, True, {}, id="what is unknown is today's"),
        pytest.param({"first": "old"}, False, {"first": "old"}, id="a version brings nothing new"),
        pytest.param({"first": None}, True, {"first": None}, id="an absence is kept"),
        pytest.param({"version": "old"}, True, {"version": "old"}, id="until the next version"),
        pytest.param({"version": "old"}, False, {}, id="with the next version"),
        pytest.param({"judged": "old", "now": "old"}, True, {}, id="today's at once"),
        pytest.param(
            {"pools": {"a": None, "gone": "old"}},
            True,
            {"pools": {"a": None, "b": "today"}},
            id="a new entry gets today's, one that is gone leaves",
        ),
    ],
)
def test_as_received(applied: Mapping[str, Any] | None, same: bool, want: dict[str, Any]) -> None:
    """Each value is today's, or the one that was applied, by its reach."""
    found = as_received(TODAY, applied, is_same_version=same)
    assert found == TODAY.model_copy(update=want)


def test_a_setting_that_is_not_there() -> None:
    """A typo in the path of a setting fails when the module is loaded."""
    with pytest.raises(KeyError):
        taken(Block, "inner.regoin")
