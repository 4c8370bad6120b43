"""Prefixes of user and group names: an empty one is none, with every backend.

A flag of the API server takes an empty prefix of user names for `<issuer>#` and `-` for none
(kubernetes/kubernetes#118984); structured authentication takes both as they are.
"""

from typing import Any

import pytest
import yaml

from function import local, simulate
from function.paths import lookup
from tests import asking
from tests.asking import Manifest

ISSUER = {"issuerURL": "https://id.orchard.example/realms/fruit", "clientID": "kubectl"}
SAME = {"usernamePrefix": "", "groupsPrefix": ""}


def order(version: str = "1.34", **oidc: Any) -> Manifest:
    """Return an order that names its issuer."""
    manifest = asking.order("cluster/minimal")
    pool = {"name": "web", "flavor": "SCS-2V-8", "replicas": 3}
    spec = {"version": version, "nodePools": [pool], "access": {"oidc": {**ISSUER, **oidc}}}
    return {**manifest, "spec": spec}


def login(outcome: local.Outcome) -> Manifest:
    """Return the variable by which the class logs people in."""
    assert not outcome.fatal, outcome.fatal
    where = "spec.forProvider.manifest.spec.topology.variables"
    listed = lookup(outcome.resources["capi-cluster"], where)
    result: Manifest = {v["name"]: v["value"] for v in listed}["oidcConfig"]
    return result


def test_a_class_that_makes_flags_gets_their_word_for_none() -> None:
    """Only for user names: of groups the flag takes an empty prefix as it is."""
    found = login(asking.ask(order(**SAME), asking.with_login(asking.provider("cluster-stacks"))))
    assert (found["usernamePrefix"], found["groupsPrefix"]) == ("-", "")


def test_structured_authentication_gets_the_empty_text() -> None:
    """There a dash would be a prefix."""
    outcome = asking.ask(order(**SAME), asking.provider("gardener"))
    key = next(key for key in outcome.resources if key.startswith("gardener-login"))
    text = lookup(outcome.resources[key], "spec.forProvider.manifest.data")["config.yaml"]
    mappings = yaml.safe_load(text)["jwt"][0]["claimMappings"]
    assert (mappings["username"]["prefix"], mappings["groups"]["prefix"]) == ("", "")


@pytest.mark.parametrize("provider", ["cluster-stacks", "gardener"])
@pytest.mark.parametrize("field", ["usernamePrefix", "groupsPrefix"])
def test_a_dash_alone_is_refused(provider: str, field: str) -> None:
    """It would be none with one provider and a dash with another."""
    outcome = asking.ask(order(**{field: "-"}), asking.provider(provider))
    assert outcome.fatal == (
        f"InvalidOrder: spec.access.oidc.{field}: must be another text than -; write an empty text "
        "for no prefix"
    )


def released(manifest: Manifest) -> dict[str, local.Observed]:
    """Return a live cluster into which the first release wrote the empty text as it is."""
    layers = asking.with_login(asking.provider("cluster-stacks"))
    seen = simulate.play(asking.ask(manifest, layers).resources)
    for one in seen.values():
        for variable in lookup(one.manifest, "spec.forProvider.manifest.spec.topology.variables"):
            if variable["name"] == "oidcConfig":
                variable["value"]["usernamePrefix"] = ""
    return dict(seen)


def test_people_keep_their_names_in_a_live_cluster() -> None:
    """Whatever its version becomes: rights are bound to names."""
    layers, live = asking.with_login(asking.provider("cluster-stacks")), released(order(**SAME))
    assert login(asking.ask(order(**SAME), layers, live))["usernamePrefix"] == ""
    assert login(asking.ask(order("1.35", **SAME), layers, live))["usernamePrefix"] == ""


def test_an_edit_of_the_issuer_brings_what_was_ordered() -> None:
    """Then the names are others anyway."""
    layers, live = asking.with_login(asking.provider("cluster-stacks")), released(order(**SAME))
    edited = order(**SAME, usernameClaim="sub")
    assert login(asking.ask(edited, layers, live))["usernamePrefix"] == "-"


def test_a_prefix_that_is_taken_back_in_a_live_cluster() -> None:
    """Also where the profile is remembered that the first release wrote."""
    layers = asking.with_login(asking.provider("cluster-stacks"))
    live = dict(simulate.play(asking.ask(order(), layers).resources))
    assert login(asking.ask(order(**SAME), layers, live))["usernamePrefix"] == "-"
