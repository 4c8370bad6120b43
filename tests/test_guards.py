"""Check each guard on its own: what it lets pass, and in which words it refuses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from function import guards
from function.bound import ANNOTATION
from function.contract import Backend, Order, Removal, Rendered, Resource
from function.errors import (
    BindingLost,
    DeletionRefused,
    FunctionOutdated,
    InvalidOrder,
    MoveRefused,
    NameTaken,
    Problem,
)
from function.labels import BACKEND_LABEL, KIND_LABEL, NAME_LABEL, TENANT_LABEL
from function.managed import ALL_POLICIES
from function.names import composed
from function.record import Bound
from function.settings import Move, Place
from tests.guarding import PLACE, Data, backend, bound, by_key, disk, order, resource

KEPT = tuple(policy for policy in ALL_POLICIES if policy != "Delete")


def pool(name: str) -> Data:
    """Build a node pool."""
    return {"name": name, "flavor": "SCS-2V-4", "replicas": 1}


def test_ours_are_those_with_the_label() -> None:
    """Keep labelled resources whatever their key, and let other steps' pass."""
    mine = resource("any-key", labels={BACKEND_LABEL: "test"})
    found = guards.ours(by_key(mine, resource("bucket", labels={"team": "x"})), ["test"])
    assert found == {"any-key": mine}


def test_unknown_backend_is_refused() -> None:
    """Refuse when a newer function made something, so that nothing of it is collected."""
    observed = by_key(resource("new", labels={BACKEND_LABEL: "later"}))
    with pytest.raises(FunctionOutdated) as refusal:
        guards.ours(observed, ["test"])
    assert refusal.value.problems == (
        Problem(
            "",
            "observed resource new is of backend later, which this version does not know; "
            "upgrade the function",
        ),
    )


def test_lost_labels_are_refused() -> None:
    """Refuse what has a name of ours and no label, with every such resource."""
    keys = ("b", "a", "kept", "bucket")
    named = {key: composed("acme", "Server", "shop", key) for key in keys}
    found = [resource(key, name=name) for key, name in named.items()]
    found[2] = replace(found[2], labels={BACKEND_LABEL: "test"})
    found[3] = replace(found[3], name="bucket")
    with pytest.raises(BindingLost) as refusal:
        guards.labels_are_kept(order("Server"), by_key(*found))
    text = "label api.scs.community/backend is lost; set it again to the backend that made it"
    assert refusal.value.problems == (Problem("a", text), Problem("b", text))
    guards.labels_are_kept(order("Server"), by_key(*found[2:]))


MINE = {
    TENANT_LABEL: "acme",
    KIND_LABEL: "Server",
    NAME_LABEL: "shop",
}


def live(labels: object) -> Data:
    """Build the status of an Object that holds an object with labels."""
    return {"atProvider": {"manifest": {"metadata": {"labels": labels}}}}


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(resource("a", labels=MINE), id="all labels are ours"),
        pytest.param(resource("a"), id="no labels"),
        pytest.param(resource("a", labels={TENANT_LABEL: "acme"}), id="some labels"),
        pytest.param(resource("a", labels=MINE, status=live(MINE)), id="the live object is ours"),
        pytest.param(resource("a", status=live(None)), id="the live object has no labels"),
        pytest.param(
            resource("a", status={"atProvider": {"manifest": {}}}), id="an empty live object"
        ),
    ],
)
def test_free_names_pass(found: Resource) -> None:
    """Pass what is ours, or nobody's."""
    guards.names_are_free(order("Server"), by_key(found))


@pytest.mark.parametrize(
    ("found", "other"),
    [
        pytest.param({"labels": {**MINE, TENANT_LABEL: "eve"}}, "tenant", id="tenant"),
        pytest.param({"labels": {**MINE, KIND_LABEL: "eve"}}, "kind", id="kind"),
        pytest.param({"labels": MINE, "status": live({NAME_LABEL: "eve"})}, "name", id="in"),
    ],
)
def test_taken_names_are_refused(found: Data, other: str) -> None:
    """Refuse an object of another order, be it the composed resource or what is inside."""
    with pytest.raises(NameTaken) as refusal:
        guards.names_are_free(order("Server"), by_key(resource("a", **found)))
    label = f"api.scs.community/{other}"
    assert str(refusal.value) == (
        f"a: the object of this name belongs to another order: {{'{label}': 'eve'}}"
    )
    assert "eve" not in refusal.value.public


def move(origin: Data, to: Data, name: str = "shop") -> Move:
    """Build a listed move."""
    return Move.model_validate(
        {"namespace": "acme", "kind": "Server", "name": name, "from": origin, "to": to}
    )


def place(**changed: str) -> Place:
    """Build a place that differs from the former one."""
    return PLACE.model_copy(update=changed)


def test_new_order_has_no_former_place() -> None:
    """Answer a new order anywhere."""
    assert not guards.stays_in_place(order("Server"), place(namespace="x"), None, [])


def test_same_place_is_no_move() -> None:
    """Go on where the order was answered before."""
    assert not guards.stays_in_place(order("Server"), place(), bound(order("Server")), [])


@pytest.mark.parametrize(
    ("current", "listed", "moves"),
    [
        pytest.param(
            place(environment="other"),
            move({"environment": "default"}, {"environment": "other"}),
            True,
            id="another environment",
        ),
        pytest.param(
            place(provider_config="acme-2"),
            move({"providerConfig": "acme"}, {"providerConfig": "acme-2"}),
            False,
            id="another name of the account",
        ),
        pytest.param(
            place(provider_config="acme-2", namespace="x"),
            move(
                {"providerConfig": "acme", "namespace": ""},
                {"providerConfig": "acme-2", "namespace": "x"},
            ),
            True,
            id="account and namespace",
        ),
    ],
)
def test_listed_moves(current: Place, listed: Move, moves: bool) -> None:
    """Say of a listed move whether what exists is left behind."""
    previous = bound(order("Server"))
    other = move({"environment": "default"}, {"environment": "other"}, name="another order")
    assert guards.stays_in_place(order("Server"), current, previous, [other, listed]) is moves


REBUILT = (
    "undo this, or list it under moves in the root of environment {} to have it rebuilt there: "
    "what exists is then orphaned, never deleted, and its data stay behind"
)


@pytest.mark.parametrize(
    ("current", "listed", "texts", "public"),
    [
        pytest.param(
            place(provider_config="acme-2"),
            [],
            "providerConfig 'acme' -> 'acme-2'; undo this, or list it under moves in the root of "
            "environment default if both are names of one account: what exists then stays as it is",
            "your provider has to act before this order can be processed; nothing was changed",
            id="another name of an account",
        ),
        pytest.param(
            place(environment="other", backend="b"),
            [],
            f"environment 'default' -> 'other', backend 'test' -> 'b'; {REBUILT.format('other')}",
            "the order is answered by another environment than before; set it back",
            id="not listed",
        ),
        pytest.param(
            place(namespace="x"),
            [move({"namespace": ""}, {"namespace": "x"}, name="other")],
            f"namespace '' -> 'x'; {REBUILT.format('default')}",
            "your provider has to act before this order can be processed; nothing was changed",
            id="listed for another order",
        ),
        pytest.param(
            place(namespace="x"),
            [move({"namespace": "y"}, {"namespace": "x"})],
            f"namespace '' -> 'x'; {REBUILT.format('default')}",
            "your provider has to act before this order can be processed; nothing was changed",
            id="listed from elsewhere",
        ),
        pytest.param(
            place(namespace="x"),
            [move({"namespace": ""}, {"namespace": "y"})],
            f"namespace '' -> 'x'; {REBUILT.format('default')}",
            "your provider has to act before this order can be processed; nothing was changed",
            id="listed to elsewhere",
        ),
    ],
)
def test_other_moves_are_refused(
    current: Place, listed: list[Move], texts: str, public: str
) -> None:
    """Refuse to answer from elsewhere, and say what the operator can do."""
    with pytest.raises(MoveRefused) as refusal:
        guards.stays_in_place(order("Server"), current, bound(order("Server")), listed)
    assert str(refusal.value) == f"Server acme/shop would move: {texts}"
    assert refusal.value.public == public


BACK = (
    'cannot be changed once something is built, set it back to "default", or ask your provider to '
    "move the order"
)
THERE = (
    "(it would move: environment 'default' -> 'other'; list it under moves in the root of "
    "environment other to have that)"
)


def test_a_tenant_who_names_another_environment_acts() -> None:
    """Tell the tenant what to write, and only the operator how the order could move."""
    named = order("Server", environment="other")
    with pytest.raises(InvalidOrder) as refusal:
        guards.stays_in_place(named, place(environment="other"), bound(order("Server")), [])
    assert refusal.value.problems == (Problem("spec.environment", f"{BACK} {THERE}"),)
    assert refusal.value.public == f"spec.environment: {BACK}"


@pytest.mark.parametrize("written", [{}, {"environment": "other"}], ids=["unnamed", "as before"])
def test_an_operator_who_moves_an_environment_acts(written: Data) -> None:
    """Blame no tenant who has written nothing else."""
    requested = order("Server", **written)
    with pytest.raises(MoveRefused):
        guards.stays_in_place(requested, place(environment="other"), bound(requested), [])


LIFT = "set spec.deletionProtection to false first"
FEWER = f"would destroy the data of the rest; {LIFT}"


@pytest.mark.parametrize(
    ("previous", "current", "problems"),
    [
        pytest.param({"replicas": 2}, {"replicas": 3}, [], id="more servers"),
        pytest.param({}, {"replicas": 1}, [], id="the default, written out"),
        pytest.param(
            {"replicas": 3},
            {"replicas": 2},
            [Problem("spec.replicas", f"fewer than 3 {FEWER}")],
            id="fewer servers",
        ),
        pytest.param(
            {"replicas": 2},
            {},
            [Problem("spec.replicas", f"fewer than 2 {FEWER}")],
            id="the default is fewer",
        ),
        pytest.param(
            {"replicas": 2}, {"deletionProtection": False}, [], id="fewer, and not protected"
        ),
        pytest.param({}, {"volumes": [disk(1)]}, [], id="a volume more"),
        pytest.param(
            {"volumes": [disk(1)]}, {"volumes": [disk(2), disk(1, "more")]}, [], id="all are kept"
        ),
        pytest.param(
            {"volumes": [disk(1), disk(1, "more")]},
            {"replicas": 1},
            [Problem("spec.volumes", f"without data, more its data would be destroyed; {LIFT}")],
            id="volumes less",
        ),
        pytest.param(
            {"replicas": 2, "volumes": [disk(1)]},
            {"volumes": [disk(1, "other")]},
            [
                Problem("spec.replicas", f"fewer than 2 {FEWER}"),
                Problem("spec.volumes", f"without data its data would be destroyed; {LIFT}"),
            ],
            id="both at once",
        ),
    ],
)
def test_data_is_kept(previous: Data, current: Data, problems: list[Problem]) -> None:
    """Refuse what destroys data while the order is protected, as it is where nothing is said."""
    requested, changed = order("Server", **previous), order("Server", **current)
    if not problems:
        guards.data_is_kept(changed, changed.written, bound(requested))
        return
    with pytest.raises(InvalidOrder) as refusal:
        guards.data_is_kept(changed, changed.written, bound(requested))
    assert sorted(refusal.value.problems, key=str) == problems


def test_a_new_order_loses_no_data() -> None:
    """Judge no edit of an order that was never answered."""
    requested = order("Server")
    guards.data_is_kept(requested, requested.written, None)


GONE = resource("gone")
SERVER = resource("server-2")
THREE, TWO = order("Server", replicas=3), order("Server", replicas=2)
WEB = order("Cluster", nodePools=[pool("web")])
NO_POOLS = order("Cluster")


def vanish(
    current: Order[Any],
    observed: Mapping[str, Resource],
    *removals: Removal,
    previous: Bound | None = None,
    of: Backend[Any] | None = None,
) -> None:
    """Answer with nothing but reasons for what leaves."""
    rendered = Rendered(removals=removals)
    guards.nothing_vanishes(current, rendered, observed, of or backend(), previous)


def test_what_is_desired_stays() -> None:
    """Pass when every identity is still represented, by whatever resource."""
    desired = Rendered(resources=(resource("other", identities=frozenset({"gone", "new"})),))
    guards.nothing_vanishes(TWO, desired, by_key(GONE), backend(), None)


@pytest.mark.parametrize(
    ("current", "observed", "removal", "previous"),
    [
        pytest.param(
            TWO,
            resource("server-2"),
            Removal("server-2", "order", "spec.replicas[2]"),
            bound(THREE),
            id="order: fewer replicas",
        ),
        pytest.param(
            NO_POOLS,
            resource("web"),
            Removal("web", "order", "spec.nodePools[web]"),
            bound(WEB),
            id="order: a pool is gone",
        ),
        pytest.param(
            order("Server", publicIP=False, sshKeys=["ssh-ed25519 AAAA me"]),
            resource("address"),
            Removal("address", "order", "spec.publicIP"),
            bound(order("Server", sshKeys=["ssh-ed25519 AAAA me"]), publicIP=True),
            id="order: policy had asked for it, and keys are remembered as digests",
        ),
        pytest.param(
            TWO,
            resource("helper", policies=("Observe",)),
            Removal("helper", "helper"),
            None,
            id="helper",
        ),
        pytest.param(
            TWO, resource("old-1"), Removal("old-1", "retired", "0.9.0"), None, id="retired"
        ),
        pytest.param(
            TWO, resource("a", policies=KEPT), Removal("a", "orphaned"), None, id="orphaned"
        ),
        pytest.param(TWO, resource("a", deleting=True), None, None, id="already being deleted"),
    ],
)
def test_allowed_to_leave(
    current: Order[Any], observed: Resource, removal: Removal | None, previous: Bound | None
) -> None:
    """Let go for each reason that holds."""
    removals = [removal] if removal else []
    retires = backend(retired={"old-": "0.9.0"})
    vanish(current, by_key(observed), *removals, previous=previous, of=retires)


def test_superseded_by_a_ready_successor() -> None:
    """Release a resource that its successor replaces."""
    desired = Rendered(
        resources=(resource("next", ready=True),),
        removals=(Removal("gone", "superseded", "next"),),
    )
    guards.nothing_vanishes(TWO, desired, by_key(GONE, resource("next")), backend(), None)


@pytest.mark.parametrize(
    ("current", "removal", "previous", "refusal"),
    [
        pytest.param(TWO, None, None, "no reason given", id="no reason"),
        pytest.param(
            TWO, Removal("another", "helper"), None, "no reason given", id="reason for another"
        ),
        pytest.param(
            THREE,
            Removal("gone", "order", "spec.replicas[2]"),
            bound(THREE),
            "spec.replicas[2] still asks for it",
            id="order: still asked for",
        ),
        pytest.param(
            TWO,
            Removal("gone", "order", "spec.replicas[2]"),
            bound(TWO),
            "spec.replicas[2] never asked for it",
            id="order: never asked for",
        ),
        pytest.param(
            TWO,
            Removal("gone", "order", "spec.replicas[2]"),
            None,
            "spec.replicas[2] never asked for it",
            id="order: nothing was answered",
        ),
        pytest.param(
            TWO,
            Removal("gone", "order", "spec.replicas[2]"),
            Bound(place=PLACE, requested={"replicas": "many"}),
            "spec.replicas[2] never asked for it",
            id="order: the record makes no sense",
        ),
        pytest.param(
            TWO,
            Removal("gone", "superseded", "next"),
            None,
            "its successor next is not ready",
            id="superseded: not there",
        ),
        pytest.param(
            TWO, Removal("gone", "helper"), None, "it is not only observed", id="helper: is not"
        ),
        pytest.param(
            TWO,
            Removal("gone", "retired", "0.9.0"),
            None,
            "this version did not retire it",
            id="retired: is not",
        ),
        pytest.param(
            TWO,
            Removal("gone", "orphaned"),
            None,
            "its observed policies still contain Delete",
            id="orphaned: would be deleted",
        ),
    ],
)
def test_not_allowed_to_leave(
    current: Order[Any], removal: Removal | None, previous: Bound | None, refusal: str
) -> None:
    """Refuse, naming what would vanish and why the reason does not hold."""
    removals = [removal] if removal else []
    with pytest.raises(DeletionRefused) as refused:
        vanish(current, by_key(GONE), *removals, previous=previous)
    assert refused.value.problems == (Problem("gone", f"would be deleted: {refusal}"),)


@pytest.mark.parametrize("rebuilt", [True, False])
@pytest.mark.parametrize(
    ("desired", "refused"),
    [
        ({"a": {"type": "fast"}}, 'its type would become "fast" instead of "slow"'),
        ({"a": {}}, 'its type would become null instead of "slow"'),
        ({"a": {"type": "slow", "size": 2}}, "its size would become 2 instead of null"),
        ({"a": {"type": "slow"}}, ""),
        ({"b": {"type": "fast"}}, ""),
    ],
    ids=["another", "none", "one more", "the same", "another machine"],
)
def test_machines_that_would_be_replaced(desired: Data, refused: str, rebuilt: bool) -> None:
    """Where it is not known what was decided, machines are not replaced."""
    live = replace(resource("a"), payload={"a": {"type": "slow"}})
    mine, previous = by_key(live), bound(TWO, rebuilt=rebuilt)
    machines = backend(replacing=lambda found: found.payload)
    rendered = Rendered(resources=(replace(live, payload=desired), resource("new")))
    guards.nothing_is_replaced(rendered, mine, machines, None)
    if not (refused and rebuilt):
        guards.nothing_is_replaced(rendered, mine, machines, previous)
        return
    with pytest.raises(BindingLost, match="would be replaced") as lost:
        guards.nothing_is_replaced(rendered, mine, machines, previous)
    assert refused in str(lost.value)


def test_superseded_by_one_that_is_not_ready() -> None:
    """Wait until the successor is ready."""
    removal = Removal("gone", "superseded", "next")
    rendered = Rendered(resources=(resource("next"),), removals=(removal,))
    with pytest.raises(DeletionRefused, match="its successor next is not ready"):
        guards.nothing_vanishes(TWO, rendered, by_key(GONE), backend(), None)


def test_everything_that_would_vanish_is_named() -> None:
    """Name every identity at once, children of one resource included."""
    cluster = resource("cluster", identities=frozenset({"cluster", "cluster/web"}))
    with pytest.raises(DeletionRefused) as refused:
        vanish(TWO, by_key(cluster, GONE))
    assert [problem.field for problem in refused.value.problems] == [
        "cluster",
        "cluster/web",
        "gone",
    ]


def test_nothing_leaves_by_the_order_while_the_record_is_lost() -> None:
    """Refuse a removal that only the lost record could prove to be the tenant's wish."""
    removal = Removal("server-2", "order", "spec.replicas[2]")
    with pytest.raises(BindingLost) as refused:
        vanish(TWO, by_key(SERVER), removal, previous=bound(TWO, rebuilt=True))
    assert str(refused.value) == (
        "server-2 would be deleted because spec.replicas[2] no longer asks for it, but the record "
        "of what was asked before is lost; restore the annotation, or undo the change"
    )


def test_nothing_leaves_while_the_record_is_gone_with_its_resource() -> None:
    """Do not tell anybody to restore an annotation of what is not there."""
    root = resource("test-root", annotations={ANNOTATION: "{}"})
    removal = Removal("server-2", "order", "spec.replicas[2]")
    rendered = Rendered(resources=(root,), removals=(removal,))
    lost = bound(TWO, rebuilt=True)
    with pytest.raises(BindingLost) as refused:
        guards.nothing_vanishes(TWO, rendered, by_key(SERVER), backend(), lost)
    assert str(refused.value).endswith(
        "is lost; test-root is gone with it; undo the change, and it is created again with a new "
        "record"
    )
    with pytest.raises(BindingLost, match="restore the annotation, or undo the change"):
        guards.nothing_vanishes(TWO, rendered, by_key(root, SERVER), backend(), lost)


def test_other_reasons_need_no_record() -> None:
    """Let go of what is only observed although the record is lost."""
    helper = resource("helper", policies=("Observe",))
    vanish(TWO, by_key(helper), Removal("helper", "helper"), previous=bound(TWO, rebuilt=True))


@pytest.mark.parametrize(
    ("policies", "deletes"),
    [
        pytest.param(("*",), True, id="everything"),
        pytest.param(ALL_POLICIES, True, id="all by name"),
        pytest.param(KEPT, False, id="all but Delete"),
        pytest.param(("Observe",), False, id="Observe"),
    ],
)
def test_may_delete(policies: tuple[str, ...], deletes: bool) -> None:
    """Tell policies under which deleting the resource deletes the live thing."""
    assert guards.may_delete(resource("a", policies=policies)) is deletes


@pytest.mark.parametrize(
    ("policies", "without"),
    [
        pytest.param(("*",), KEPT, id="everything"),
        pytest.param(("Observe", "Create", "Delete"), ("Observe", "Create"), id="by name"),
        pytest.param(("Observe",), ("Observe",), id="without Delete already"),
    ],
)
def test_without_delete(policies: tuple[str, ...], without: tuple[str, ...]) -> None:
    """Take Delete away and nothing else."""
    found = resource("a", policies=policies)
    assert guards.without_delete(found, ALL_POLICIES) == replace(found, policies=without)


@pytest.mark.parametrize(
    ("emitted", "observed"),
    [
        pytest.param([], [], id="planned and not there"),
        pytest.param(["late"], ["late"], id="planned, there and emitted"),
        pytest.param([], ["other"], id="another is there"),
    ],
)
def test_waves_gate_creation(emitted: list[str], observed: list[str]) -> None:
    """Let what does not exist yet wait for its wave."""
    rendered = Rendered(
        resources=tuple(map(resource, emitted)), planned=frozenset({"late", "later"})
    )
    guards.waves_only_gate_creation(rendered, by_key(*map(resource, observed)))


def test_waves_gate_nothing_else() -> None:
    """Refuse to plan for later what exists already, all of it named."""
    rendered = Rendered(planned=frozenset({"b", "a", "c"}))
    with pytest.raises(DeletionRefused) as refused:
        guards.waves_only_gate_creation(rendered, by_key(resource("a"), resource("b")))
    text = "exists, and was only planned for later"
    assert refused.value.problems == (Problem("a", text), Problem("b", text))


def named(*keys: str) -> tuple[Resource, ...]:
    """Build resources that are named by their keys."""
    return tuple(resource(key, name=key) for key in keys)


def test_sound_keys_pass() -> None:
    """Pass the root and others, each once; a name may be used by another kind."""
    other = replace(resource("c", name="a"), kind="Other")
    guards.keys_are_sound(Rendered(resources=(*named("test-root", "a", "b"), other)), backend())


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        pytest.param(
            ["test-root", "a", "a"], Problem("", "two resources have the same key"), id="duplicate"
        ),
        pytest.param(["a"], Problem("test-root", "the root resource is missing"), id="no root"),
    ],
)
def test_unsound_keys_are_refused(keys: list[str], problem: Problem) -> None:
    """Refuse an answer that cannot be applied, or that would lose the record."""
    with pytest.raises(DeletionRefused) as refused:
        guards.keys_are_sound(Rendered(resources=named(*keys)), backend())
    assert refused.value.problems == (problem,)


def test_duplicated_names_are_refused() -> None:
    """Refuse to apply two resources to one object, of which the other would be forgotten."""
    found = (*named("test-root", "a"), resource("b", name="a"))
    with pytest.raises(DeletionRefused) as refused:
        guards.keys_are_sound(Rendered(resources=found), backend())
    text = "has the name of a; correct crossplane.io/composition-resource-name of that object"
    assert refused.value.problems == (Problem("b", text),)
