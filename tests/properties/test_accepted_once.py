"""An order that was accepted once is never refused while it stays as it is.

The release before knew none of the constraints of `schema.Constraint`: it is played by taking
them away for the first answer. Orders are made from the published schema, value by value.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from function.constraints import Violation
from function.model import KINDS

from .strategies import examples
from .test_manifests import FULL, SCHEMAS, named, places, replaced, valid, world
from .world import advance, ask

# Values that constraints refuse, and that parsing has always taken.
ODD = (
    *("0.0.0.0", "127.0.0.1", "::", "239.1.1.1", "0.0.0.0/8", "127.0.0.0/8", "1:2:3"),
    *("0s", "0h0m0s", "1s", "0%", "-", "", "0 20 * * fri-mon", f"{'p.' * 130}p/x"),
    *("ssh-ed25519 AAAA me", "ssh-rsa AAAA\r", "UTC"),
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
)


def odd(node: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values of a place, among them odd ones."""
    if node.get("type") == "string" and "enum" not in node:
        return st.sampled_from(ODD) | valid(node)
    if node.get("type") == "array" and node["items"].get("type") == "string":
        return st.lists(st.sampled_from(ODD), min_size=1, max_size=2)
    if node.get("type") == "object" and "properties" not in node:
        return st.dictionaries(st.sampled_from(ODD), st.just("v"), min_size=1, max_size=2)
    return valid(node)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=examples() * 2)
@given(data=st.data())
def test_an_unchanged_order_is_answered(kind: str, data: st.DataObject) -> None:
    """Whatever is in it, and whatever was built of it."""
    spec = FULL[kind]
    at, node = data.draw(st.sampled_from([p for p in places(SCHEMAS[kind], spec) if p[0]]))
    given_once = world(kind, replaced(spec, at, data.draw(odd(node))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("function.resolve.constraints.violations", _none)
        reply = ask(given_once)
    assume(not reply.fatal)
    live = advance(given_once, reply)
    for _ in range(2):
        reply = ask(live)
        assert not reply.fatal, (named(live.spec, at), reply.fatal)
        live = advance(live, reply)


def test_the_first_answer_would_be_a_refusal() -> None:
    """Else the property would hold of nothing."""
    odd_one = world("Network", {**FULL["Network"], "dnsServers": ["0.0.0.0"]})
    assert ask(odd_one).reason == "InvalidOrder"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("function.resolve.constraints.violations", _none)
        reply = ask(odd_one)
    assert not ask(advance(odd_one, reply)).fatal
    assert ask(replace(odd_one, spec={**odd_one.spec, "cidr": "10.0.0.0/8"})).fatal


def _none(*_: object) -> list[Violation]:
    return []
