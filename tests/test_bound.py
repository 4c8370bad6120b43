"""Check how the record of what was decided is written, read back, and rebuilt when it is lost."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from function import bound, local, simulate
from function.contract import Backend, Resource
from function.errors import BindingLost, FunctionOutdated, Problem
from function.labels import ENVIRONMENT_LABEL
from function.model import KINDS
from function.model.cluster import Oidc
from function.record import Boot, Bound, BoundImage, Machine, Recalled, with_fills
from function.schema import digest
from function.settings import Place
from tests import asking, guarding

Data = dict[str, Any]
PLACE = Place(environment="default", backend="test", provider_config="acme", namespace="ns")
LEAST = Bound(place=PLACE)
SERVER = KINDS["Server"]
WRITTEN: Data = {"image": {"name": "Ubuntu"}, "flavor": "SCS-2V-4", "userData": "secret"}
FULL = Bound(
    place=PLACE,
    requested={"version": "1.34", "nodePools": [{"name": "web"}]},
    filled={"nodePools[web].replicas": 3},
    version="1.34.7",
    cluster_class="default",
    class_name="openstack-scs2",
    profile="scs2",
    machines={"web": Machine(requested={"flavor": "metal"}, flavor="metal", cpu=2, memory_gib=4)},
    image=BoundImage(id="u", name="Ubuntu"),
    boot=Boot(volume=True, size_gib=8),
    zones={"web": ("az1", "az2")},
    oidc=Oidc.model_validate({"issuerURL": "https://login.example.com", "clientID": "k8s"}),
    estimate={"cpu": 2},
)


def backend(recalled: Data | None = None) -> Backend[Any]:
    """Build a backend that recalls the same from whatever is observed."""
    return replace(
        guarding.backend(),
        identities=lambda _: frozenset(),
        recall=lambda _: None if recalled is None else Recalled.model_validate(recalled),
    )


def resource(key: str, record: str | None = None, **fields: Any) -> Resource:
    """Build an observed resource."""
    labels = {ENVIRONMENT_LABEL: "default"}
    annotations = {} if record is None else {bound.ANNOTATION: record}
    found = {"labels": labels, "provider_config": "acme", "annotations": annotations, **fields}
    return Resource(key=key, family="test", kind="Test", payload={}, **found)


def by_key(*resources: Resource) -> dict[str, Resource]:
    """Return resources as they are observed."""
    return {found.key: found for found in resources}


def read(observed: Mapping[str, Resource], recalled: Data | None = None) -> Bound | None:
    """Read the record of an order for servers."""
    requested = backend(recalled)
    return bound.read(requested, SERVER, WRITTEN, observed, bound.recorded(requested, observed))


def test_record_is_canonical_json() -> None:
    """Write no defaults, sorted, and always the format."""
    assert bound.encode(LEAST) == (
        '{"format":1,"place":{"backend":"test","environment":"default","namespace":"ns",'
        '"providerConfig":"acme"}}'
    )


@pytest.mark.parametrize("record", [pytest.param(LEAST, id="least"), pytest.param(FULL, id="full")])
def test_record_comes_back(record: Bound) -> None:
    """Read back what was written, and write it back alike."""
    text = bound.encode(record)
    assert bound.decode(text) == record
    assert bound.encode(record.model_validate_json(text)) == text


def test_rebuilt_is_never_written() -> None:
    """Forget with the next answer that the record was once lost."""
    assert bound.encode(LEAST.model_copy(update={"rebuilt": True})) == bound.encode(LEAST)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="no JSON"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="a list"),
        pytest.param("{}", id="nothing in it"),
        pytest.param('{"format":2}', id="another format, and no place"),
        pytest.param('{"format":1,"place":7}', id="wrong types"),
        pytest.param("[" * 100_000, id="too deep"),
    ],
)
def test_malformed_record_is_no_record(text: str) -> None:
    """Read nothing from what no version wrote."""
    assert bound.decode(text) is None


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        pytest.param(
            {"format": 2}, "its format is not known, upgrade the function", id="newer format"
        ),
        pytest.param(
            {"format": None}, "its format is not known, upgrade the function", id="no format"
        ),
        pytest.param(
            {"backups": 7}, "has fields that are not known, upgrade the function", id="new field"
        ),
        pytest.param(
            {"boot": {"volume": True, "encrypted": True}},
            "has fields that are not known, upgrade the function",
            id="new field further in",
        ),
    ],
)
def test_newer_record_is_refused(more: Data, problem: str) -> None:
    """Refuse what a newer function wrote rather than lose half of it."""
    data = {**json.loads(bound.encode(LEAST)), **more}
    with pytest.raises(FunctionOutdated) as refusal:
        bound.decode(json.dumps(data))
    assert refusal.value.problems == (Problem("", f"api.scs.community/bound: {problem}"),)


@pytest.mark.parametrize(
    ("fills", "data"),
    [
        pytest.param({}, {"nodePools": [{"name": "web"}]}, id="nothing"),
        pytest.param(
            {"version": "1.34", "nodePools[web].replicas": 3, "access.oidc.clientID": "k8s"},
            {
                "version": "1.34",
                "nodePools": [{"name": "web", "replicas": 3}],
                "access": {"oidc": {"clientID": "k8s"}},
            },
            id="at every depth",
        ),
        pytest.param(
            {"nodePools[gone].replicas": 3},
            {"nodePools": [{"name": "web"}]},
            id="of an entry that is gone",
        ),
    ],
)
def test_fills(fills: Data, data: Data) -> None:
    """Put what policy filled in beside what was written, and leave that as it is."""
    written: Data = {"nodePools": [{"name": "web"}]}
    assert with_fills(written, fills) == data
    assert Bound(place=PLACE, requested=written, filled=fills).request == data
    assert written == {"nodePools": [{"name": "web"}]}


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        pytest.param([], "", id="new order"),
        pytest.param([{}], "", id="another step's resource"),
        pytest.param([{ENVIRONMENT_LABEL: "north"}, {}], "north", id="one label"),
        pytest.param([{ENVIRONMENT_LABEL: "north"}] * 2, "north", id="the same twice"),
    ],
)
def test_environment_of_observed(labels: list[dict[str, str]], name: str) -> None:
    """Read from the labels which environment answered before."""
    found = [resource(str(n), labels=each) for n, each in enumerate(labels)]
    assert bound.environment_of(by_key(*found)) == name


def test_two_environments_are_refused() -> None:
    """Refuse to guess which of two environments answered before."""
    found = [resource(name, labels={ENVIRONMENT_LABEL: name}) for name in ("south", "north")]
    with pytest.raises(BindingLost) as refusal:
        bound.environment_of(by_key(*found))
    assert str(refusal.value) == "observed resources name several environments: north, south"


@pytest.mark.parametrize("label", ["North", "a.b", "x" * 64])
def test_label_that_names_no_environment(label: str) -> None:
    """Refuse to look for an environment by what cannot be its name."""
    with pytest.raises(BindingLost) as refusal:
        bound.environment_of(by_key(resource("a", labels={ENVIRONMENT_LABEL: label})))
    assert str(refusal.value) == (
        "label api.scs.community/environment of observed resources names no environment"
    )


@pytest.mark.parametrize(
    "requested",
    [
        pytest.param({"replicas": "3"}, id="a number as text"),
        pytest.param({"volumes": [{"name": {}}]}, id="in an entry"),
        pytest.param({"image": []}, id="a group as a list"),
    ],
)
def test_record_of_other_types_is_rebuilt(requested: Data) -> None:
    """Read no request that an order of this kind cannot make."""
    text = bound.encode(LEAST.model_copy(update={"requested": requested}))
    record = read(by_key(resource("test-root", text)), {})
    assert record is not None
    assert record.rebuilt


@pytest.mark.parametrize(
    "requested",
    [
        pytest.param({"replicas": 51}, id="more than is accepted today"),
        pytest.param({"flavor": ""}, id="not valid today"),
        pytest.param({"backups": 7}, id="a field of a newer function"),
        pytest.param({"userData": digest("secret"), "sshKeys": digest([])}, id="digests"),
    ],
)
def test_record_of_another_version_is_read(requested: Data) -> None:
    """Keep what was accepted once, whatever the model says of it today."""
    record = LEAST.model_copy(update={"requested": requested})
    assert read(by_key(resource("test-root", bound.encode(record)))) == record


def test_fill_of_an_unknown_field_is_newer() -> None:
    """Refuse what a newer function's policy filled in rather than forget it."""
    text = bound.encode(LEAST.model_copy(update={"filled": {"backups.days": 7}}))
    with pytest.raises(FunctionOutdated) as refusal:
        read(by_key(resource("test-root", text)))
    assert str(refusal.value) == (
        "api.scs.community/bound: policy filled fields that are not known, upgrade the function"
    )


@pytest.mark.parametrize(
    ("fields", "recalled"),
    [
        pytest.param({"provider_config": ""}, {}, id="no ProviderConfig"),
        pytest.param({"provider_config": "x" * 254}, {}, id="no name of a ProviderConfig"),
        pytest.param({}, {"version": "latest"}, id="no version"),
        pytest.param({}, {"machines": {"web": 7}}, id="no machine"),
    ],
)
def test_what_cannot_be_recalled(fields: Data, recalled: Data) -> None:
    """Refuse to rebuild a record from values that none could hold."""
    with pytest.raises(BindingLost, match="annotation api.scs.community/bound of test-root"):
        read(by_key(resource("test-root", **fields)), recalled)


def test_new_order_has_no_record() -> None:
    """Find nothing decided where nothing is observed."""
    assert read({}) is None


def test_record_is_read_from_the_root() -> None:
    """Read the root's annotation, whatever others carry."""
    other = Bound(place=Place(environment="elsewhere"))
    observed = by_key(
        resource("test-root", bound.encode(LEAST)), resource("a", bound.encode(other))
    )
    assert read(observed) == LEAST


LOST = [
    pytest.param(by_key(resource("test-root")), id="no annotation"),
    pytest.param(by_key(resource("test-root", "{")), id="garbled"),
    pytest.param(by_key(resource("a"), resource("b")), id="no root"),
]


@pytest.mark.parametrize("observed", LOST)
def test_lost_record_is_rebuilt(observed: dict[str, Resource]) -> None:
    """Rebuild it from what the backend recalls, labels and ProviderConfig, and remember that."""
    assert read(observed, {"namespace": "ns", "version": "1.34.7"}) == Bound(
        place=PLACE,
        requested={**WRITTEN, "userData": digest("secret")},
        version="1.34.7",
        rebuilt=True,
    )


def test_namespace_is_empty_where_the_backend_has_none() -> None:
    """Rebuild a place without a namespace."""
    found = read(by_key(resource("a")), {})
    assert found is not None
    assert found.place == PLACE.model_copy(update={"namespace": ""})


@pytest.mark.parametrize(
    ("observed", "recalled"),
    [
        pytest.param([resource("b")], None, id="the backend recalls too little"),
        pytest.param([resource("b", labels={})], {}, id="a label is lost"),
        pytest.param(
            [resource("b", labels={ENVIRONMENT_LABEL: "north"})], {}, id="two environments"
        ),
        pytest.param([resource("b", provider_config="other")], {}, id="two ProviderConfigs"),
    ],
)
def test_record_that_cannot_be_rebuilt(observed: list[Resource], recalled: Data | None) -> None:
    """Refuse to decide again for live resources, and say what to do."""
    with pytest.raises(BindingLost) as refusal:
        read(by_key(resource("test-root"), *observed), recalled)
    assert str(refusal.value) == (
        "annotation api.scs.community/bound of test-root is lost, and the observed resources do "
        "not show what was decided; restore the annotation, from a backup or the logs of the API "
        "server (observed: b, test-root)"
    )
    assert "observed" not in refusal.value.public


@pytest.mark.parametrize(
    ("count", "names"),
    [
        pytest.param(1, "Test acme-0", id="one"),
        pytest.param(2, "Test acme-0, Test acme-1", id="two"),
        pytest.param(12, f"{', '.join(f'Test acme-{n}' for n in range(10))} and 2 more", id="many"),
    ],
)
def test_record_that_is_gone_with_its_resource(count: int, names: str) -> None:
    """Say what is gone, what remains, and what to do: no resource can carry the annotation."""
    remains = [resource(f"k{n:02}", name=f"acme-{n}") for n in range(count)]
    with pytest.raises(BindingLost) as refusal:
        read(by_key(*remains))
    assert str(refusal.value) == (
        "test-root is gone, and with it the record of what was decided; nothing is created or "
        "deleted meanwhile. If what it represents still exists, restore test-root with its "
        "annotation api.scs.community/bound from a backup. If not, delete the rest of the order, "
        f"which is then answered as a new one: {names}"
    )
    assert "acme-0" not in refusal.value.public


# Which resource of which order goes, and whether what remains shows enough to go on.
GONE = {
    "the Object of a Shoot": ("gardener", "cluster/minimal", "gardener-shoot", False),
    "a group, and servers exist": ("cluster-stacks", "server/minimal", "openstack-secgroup", True),
    "a network": ("cluster-stacks", "network/minimal", "openstack-network", True),
}


@pytest.mark.parametrize(("provider", "order", "root", "is_rebuilt"), GONE.values(), ids=GONE)
def test_root_that_is_gone(provider: str, order: str, root: str, is_rebuilt: bool) -> None:
    """Go on where the rest shows what was decided, else say what to do, on every call."""
    layers, manifest = asking.provider(provider), asking.order(order)
    observed: Mapping[str, local.Observed] = {}
    for _ in range(4):
        outcome = asking.ask(manifest, layers, observed)
        observed = simulate.play(outcome.resources)
    remains = {key: resource for key, resource in observed.items() if key != root}
    names = ", ".join(
        f"{resource.manifest['kind']} {resource.manifest['metadata']['name']}"
        for _, resource in sorted(remains.items())
    )
    outcome = asking.ask(manifest, layers, remains)
    if is_rebuilt:
        assert set(outcome.resources) == set(observed)
        return
    assert outcome.fatal.startswith(f"BindingLost: {root} is gone, and with it the record")
    assert outcome.fatal.endswith(f": {names}")
    assert not asking.ask(manifest, layers, {}).fatal


DECIDED = FULL.model_copy(
    update={
        "asked": {
            "image": {"name": "Ubuntu"},
            "flavor": "SCS-2V-4",
            "volumes": [{"name": "data", "type": "ssd"}, {"name": "log"}],
        },
        "filled": {},
        "volume_types": {"data": "SSD-3", "log": "HDD"},
    }
)
CORRECTED: Data = {
    "image": {"name": "Debian"},
    "flavor": "SCS-2V-4",
    "volumes": [{"name": "data", "type": "hdd"}, {"name": "log"}],
}


@pytest.mark.parametrize(
    ("current", "held", "image", "types"),
    [
        pytest.param(DECIDED.requested, [], True, {"data", "log"}, id="nothing changed"),
        pytest.param(CORRECTED, [], False, {"log"}, id="nothing built"),
        pytest.param(CORRECTED, ["spec"], True, {"data", "log"}, id="everything built"),
        pytest.param(
            CORRECTED, ["spec.image"], True, {"log"}, id="the server built, and no volume"
        ),
        pytest.param(
            CORRECTED, ["spec.volumes[data]"], False, {"data", "log"}, id="only the volume built"
        ),
        pytest.param(
            {**DECIDED.requested, "size": {"cpu": 4}}, [], False, {"data", "log"}, id="another size"
        ),
    ],
)
def test_what_is_still_decided(
    current: Data, held: list[str], image: bool, types: set[str]
) -> None:
    """Decide again what nothing live holds and the tenant has changed, and nothing else."""
    still = bound.still(DECIDED, current, frozenset(held))
    assert still is not None
    assert (still.image, still.boot) == ((DECIDED.image, DECIDED.boot) if image else (None, None))
    assert set(still.volume_types) == types
    assert still.started == ("spec" in held)
    reset: Data = {"image": None, "boot": None, "volume_types": {}, "started": True}
    assert still.model_copy(update=reset) == DECIDED.model_copy(update=reset)


def test_nothing_is_decided_for_a_new_order() -> None:
    """There is no record to go by."""
    assert bound.still(None, CORRECTED, frozenset()) is None


def test_a_remembered_record_is_never_changed() -> None:
    """Whatever is answered with it, it stays what was read."""
    texts: set[str] = set()
    portable = [("cluster/minimal", provider) for provider in asking.PROVIDERS]
    for name, provider in (*portable, *((name, "cluster-stacks") for name in asking.ORDERS)):
        made = asking.settled(asking.order(name), asking.provider(provider))
        records = (one["metadata"]["annotations"] for one in made.resources.values())
        texts |= {found[bound.ANNOTATION] for found in records if bound.ANNOTATION in found}
    assert texts
    for text in texts:
        record = bound.decode(text)
        assert record is not None
        assert bound.decode(text) is record
        assert record == bound._decode(text)
