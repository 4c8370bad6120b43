"""Check that names are readable, short enough, stable, and never two orders' at once."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function import names

KUBERNETES_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
LABEL = st.from_regex(r"\A[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
ORDER = st.from_regex(r"\A[a-z0-9]([-a-z0-9.]{0,80}[a-z0-9])?\Z")


@pytest.mark.parametrize(
    ("found", "want"),
    [
        (names.composed("acme", "Server", "web", "openstack-port-0"), "acme-web-caf68960ce"),
        (names.composed("acme", "Server", "web", "openstack-port-1"), "acme-web-8df6803f1b"),
        (names.cluster("acme", "shop"), "shop-dfdbdb206d"),
        (names.keypair("acme", "web"), "acme-web-8154725018"),
        (names.keypair("acme", "web.v1"), "acme-web-v1-2b8862e2ce"),
        (names.topology("web", ""), "web"),
        (names.topology("web", "az1"), "web-az1"),
        (names.topology("web", "AZ 1"), "web-fab67e5bb1"),
    ],
    ids=["composed", "another key", "cluster", "keypair", "dot", "no zone", "zone", "odd zone"],
)
def test_names_never_change(found: str, want: str) -> None:
    """A name is an identity: another one for the same thing would build it a second time."""
    assert found == want


@given(LABEL, st.sampled_from(["Cluster", "Server"]), ORDER, st.text(min_size=1, max_size=40))
def test_composed(tenant: str, kind: str, order: str, key: str) -> None:
    """Whatever the order is called, the name serves Kubernetes, and as the value of a label."""
    name = names.composed(tenant, kind, order, key)
    assert KUBERNETES_NAME.match(name)
    assert len(name) <= names.COMPOSED_LIMIT
    assert name == names.composed(tenant, kind, order, key)


@given(LABEL, ORDER)
def test_limits(tenant: str, order: str) -> None:
    """Cluster API puts more behind its names; a key pair is one to Kubernetes too."""
    assert len(names.cluster(tenant, order)) <= names.CLUSTER_LIMIT
    assert len(names.keypair(tenant, order)) <= names.COMPOSED_LIMIT
    assert "." not in names.keypair(tenant, order), "the compute service takes none"
    assert KUBERNETES_NAME.match(names.cluster(tenant, order))


@given(st.integers(1, 10), LABEL, ORDER)
def test_shoot(project: int, tenant: str, order: str) -> None:
    """Whatever the order is called, Gardener takes the name: a DNS label, without a double dash."""
    name = names.shoot("p" * project, tenant, order)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert project + len(name) <= names.SHOOT_LIMIT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a-b", "Server", "c", "k"), ("a", "Server", "b-c", "k")),
        (("a", "Server", "b", "k"), ("a", "Cluster", "b", "k")),
        (("a", "Server", "b", "k-0"), ("a", "Server", "b", "k-1")),
        (("a", "Server", "x" * 60 + "1", "k"), ("a", "Server", "x" * 60 + "2", "k")),
        (("a", "Server", "b", "k"), ("c", "Server", "b", "k")),
    ],
    ids=["dash in the tenant", "kind", "key", "long", "tenant"],
)
def test_orders_never_share_a_name(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    """What looks alike in the prefix differs in the hash."""
    assert names.composed(*one) != names.composed(*other)


@pytest.mark.parametrize(
    ("pool", "zone"),
    [
        ("web", "nova"),
        ("web", "Zone A"),
        ("web", "x" * 63),
        ("a-b", "c.d"),
        ("web", "rz_1"),
    ],
)
def test_topology(pool: str, zone: str) -> None:
    """A zone may have any name; that of its topology is a DNS label, led by the pool's."""
    name = names.topology(pool, zone)
    assert re.match(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", name)
    assert name.startswith(f"{pool}-")


def test_topologies_of_one_pool_differ() -> None:
    """Zones that differ in what a label cannot hold still differ."""
    zones = ["az1", "AZ1", "az.1", "az_1", "az 1", "az-1", ""]
    assert len({names.topology("web", zone) for zone in zones}) == len(zones)
