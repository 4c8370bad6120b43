"""The admission policy for free-form values follows from the models; e2e holds it to be true."""

from function.model import KINDS
from function.nesting import LEVELS
from tools.generate import nesting


def test_every_free_form_field_has_its_policy() -> None:
    """A kind that gains one gets a policy with its name, and other kinds have none."""
    assert {
        kind: nesting.free(schema) for kind, schema in KINDS.items() if nesting.free(schema)
    } == {"Cluster": ["variables"]}
    [(name, [policy, binding])] = nesting.documents()
    assert name == "nesting-of-clusters"
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    [rule] = policy["spec"]["matchConstraints"]["resourceRules"]
    assert rule["resources"] == ["clusters"]
    [validation] = policy["spec"]["validations"]
    assert f"at most {LEVELS} levels" in validation["message"]


def test_each_level_is_spelled_out() -> None:
    """CEL has no recursion: the innermost values are scalars."""
    assert nesting.is_flat("x", 0) == "type(x) != map && type(x) != list"
    assert nesting.is_flat("x", 1) == (
        "(type(x) == map ? x.map(k, x[k]) : type(x) == list ? x : []).all(v1, "
        "type(v1) != map && type(v1) != list)"
    )
    assert nesting.is_flat("x", LEVELS).count(".all(") == LEVELS
