"""Check which characters new text may hold, and that text which was accepted once goes on.

The patterns are judged by Python here, and by a real API server in `tests/e2e/test_texts.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from function import local, simulate, texts
from function.errors import EnvironmentInvalid, Problem
from function.model import KINDS
from function.model.cluster import Oidc
from function.model.values import UNESCAPED, UNQUOTED
from function.paths import replaced
from function.record import Bound
from function.schema import HINTS
from function.settings import Place
from tests import asking
from tests.asking import Manifest
from tests.characters import (
    EVERY,
    FIELDS,
    KEY,
    LOGIN,
    OIDC,
    RULE,
    SEEN,
    UNSEEN,
    Field,
    cluster,
    judged,
    server,
)
from tools.generate import openapi

# What is passed on as it is, whatever it holds.
FREE = {"Server": {"spec.userData"}}

each_field = pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.path)


@each_field
def test_new_text_is_judged_character_by_character(field: Field) -> None:
    """At the beginning, inside and at the end; the message names field and what is accepted."""
    for name, character in EVERY.items():
        for text in (f"{field.previous}{character}b", f"{field.previous}{character}"):
            wanted = [field.message] if name in field.refused else []
            if wanted or name in SEEN:
                assert judged(field.kind, field.spec(text)) == wanted, name


@each_field
def test_text_that_was_accepted_goes_on(field: Field) -> None:
    """Whatever else is edited; another value is judged, and so is the same in another field."""
    bad = f"{field.previous}{UNSEEN['override']}b"
    previous = field.spec(bad)
    assert judged(field.kind, previous, previous) == []
    assert judged(field.kind, {**previous, "deletionProtection": False}, previous) == []
    assert judged(field.kind, field.spec(f"{bad}c"), previous) == [field.message]
    assert judged(field.kind, previous, field.spec(f"{field.previous}b")) == [field.message]


def test_entries_are_known_by_their_text() -> None:
    """A rule has no name: it may change its place, and gain rules beside it."""
    bad, fine = {**RULE, "description": "a\nb"}, {**RULE, "ports": "22"}
    previous = server(firewall={"ingress": [bad]})
    assert judged("Server", server(firewall={"ingress": [fine, bad]}), previous) == []
    refusal = "spec.firewall.egress[0].description: must be printable text in one line, without"
    [problem] = judged("Server", server(firewall={"egress": [bad]}), previous)
    assert problem.startswith(refusal)


def test_all_problems_come_at_once() -> None:
    """In the order of their paths."""
    spec = cluster(access={"adminGroups": ['a"', "b'", "c"], "oidc": LOGIN | {"clientID": "\0"}})
    paths = [problem.partition(": ")[0] for problem in judged("Cluster", spec)]
    assert paths == ["spec.access.adminGroups[0]", "spec.access.adminGroups[1]", f"{OIDC}.clientID"]


def test_a_group_of_a_domain_is_accepted() -> None:
    """As a directory of Microsoft names it; it is written as JSON, which escapes it."""
    assert judged("Cluster", cluster(access={"adminGroups": ["EXAMPLE\\admins"]})) == []


def test_text_of_policy_is_the_operators() -> None:
    """Who may not read what the tenant is to do about it."""
    filled = {"access.oidc": LOGIN | {"clientID": 'a"'}}
    with pytest.raises(EnvironmentInvalid) as refusal:
        judged("Cluster", cluster(), filled=filled)
    text = "must be printable text in one line, without quotation marks and backslashes"
    assert refusal.value.problems == (Problem(f"policy: {OIDC}.clientID", text),)
    assert "clientID" not in refusal.value.public
    assert judged("Cluster", cluster(), cluster(), filled) == []


def test_every_text_is_judged_by_something() -> None:
    """By a pattern, a list of values or a rule; a field that is added is not forgotten."""
    for kind, schema in KINDS.items():
        free = set()
        for field in openapi.walk(schema, "spec", change="in place"):
            for node in leaves(field.node):
                judged_by = {"enum", "pattern", openapi.VALIDATIONS} & set(node)
                if node.get("type") == "string" and not judged_by:
                    free.add(field.path)
        assert free == FREE.get(kind, set())


def leaves(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schema of a value, or of the values in it."""
    inner = node.get("items", node.get("additionalProperties", node))
    yield inner if isinstance(inner, Mapping) else node


class TestIssuer:
    """The environment's issuer, which orders get that name none."""

    GOOD = Oidc.model_validate(LOGIN)
    BAD = Oidc.model_validate(LOGIN | {"clientID": 'a"', "groupsPrefix": "\u202e"})

    def test_is_judged_where_an_order_gets_it(self) -> None:
        """With every problem, by the path in the environment."""
        for previous in (None, self.record(self.GOOD), self.record(None)):
            with pytest.raises(EnvironmentInvalid) as refusal:
                texts.judge_issuer(self.BAD, previous)
            fields = [problem.field for problem in refusal.value.problems]
            assert fields == ["access.oidc.clientID", "access.oidc.groupsPrefix"]

    def test_is_kept_where_an_order_has_it(self) -> None:
        """Also where another field of it changes, or where nobody knows what it was."""
        texts.judge_issuer(self.BAD, self.record(self.BAD))
        other = self.BAD.model_copy(update={"groups_claim": "roles"})
        texts.judge_issuer(other, self.record(self.BAD))
        lost = self.record(None).model_copy(update={"rebuilt": True})
        texts.judge_issuer(self.BAD, lost)
        for issuer in (self.GOOD, None):
            texts.judge_issuer(issuer, None)

    def record(self, issuer: Oidc | None) -> Bound:
        """Return what was decided for a cluster."""
        return Bound(place=Place(), oidc=issuer)


class TestOrders:
    """Orders as Crossplane sends them."""

    @pytest.mark.parametrize(
        ("provider", "key"), [("cluster-stacks", "clientID"), ("gardener", "groupsClaim")]
    )
    def test_a_new_one_is_refused(self, provider: str, key: str) -> None:
        """By the sentence that a tenant reads."""
        order = replaced(asking.order("cluster/minimal"), OIDC, LOGIN | {key: 'a"\n- --flag'})
        outcome = asking.ask(order, asking.provider(provider))
        text = f"{OIDC}.{key}: must be {HINTS[UNESCAPED.pattern]}"
        assert outcome.fatal == f"InvalidOrder: {text}"
        assert outcome.warnings[0] == text

    @pytest.mark.parametrize("provider", ["cluster-stacks", "gardener"])
    def test_a_live_one_goes_on(self, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """As one of an older function; its next edit of that field is judged."""
        written = {"oidc": LOGIN | {"clientID": "it's"}, "adminGroups": ['a"b']}
        order = replaced(asking.order("cluster/minimal"), "spec.access", written)
        layers, seen = asking.provider(provider), self.older(order, provider, monkeypatch)
        assert asking.ask(order, layers, seen).fatal == ""
        protected = replaced(order, "spec.deletionProtection", False)
        assert asking.ask(protected, layers, seen).fatal == ""
        edited = replaced(order, "spec.access.adminGroups", ['a"b', "c'd"])
        text = f"spec.access.adminGroups[1]: must be {HINTS[UNQUOTED.pattern]}"
        assert asking.ask(edited, layers, seen).fatal == f"InvalidOrder: {text}"

    def test_a_live_one_keeps_the_keys_that_it_cannot_change(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of which only a digest is remembered."""
        order = replaced(asking.order("server/private"), "spec.sshKeys", [f"{KEY}\u202eanna"])
        seen = self.older(order, "cluster-stacks", monkeypatch)
        assert asking.ask(order, asking.provider("cluster-stacks"), seen).fatal == ""

    @pytest.mark.parametrize("provider", ["cluster-stacks", "gardener"])
    def test_the_environments_issuer_reaches_no_new_order(
        self, provider: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And live ones go on with what they have."""
        order = asking.order("cluster/minimal")
        layers = asking.provider(provider, {"access.oidc": LOGIN | {"clientID": 'a"b'}})
        outcome = asking.ask(order, layers)
        text = f"access.oidc.clientID: must be {HINTS[UNESCAPED.pattern]}"
        assert outcome.fatal == f"EnvironmentInvalid: {text}"
        assert "clientID" not in outcome.warnings[0]
        with monkeypatch.context() as patch:
            patch.setattr(texts, "judge_issuer", lambda *_: None)
            seen = simulate.play(asking.ask(order, layers).resources)
        assert asking.ask(order, layers, seen).fatal == ""

    def older(
        self, order: Manifest, provider: str, monkeypatch: pytest.MonkeyPatch
    ) -> dict[str, local.Observed]:
        """Return what a function that judged no characters has built of an order."""
        with monkeypatch.context() as patch:
            patch.setattr(texts, "judge", lambda *_: None)
            patch.setattr("function.resolve.constraints.violations", lambda *_: [])
            outcome = asking.ask(order, asking.provider(provider))
        assert outcome.fatal == ""
        return simulate.play(outcome.resources)
