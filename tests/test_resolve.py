"""Check what becomes of what an order leaves open, when it is new and when it lives.

An order that lives is one that was resolved before: `remember` keeps what `compose` would
have written, so that each story reads as one order after another.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from function import resolve
from function.contract import Progress, Remark
from function.errors import NotOffered
from function.record import CONTROL_PLANE, Decided, Machine
from tests.resolving import (
    BASE,
    OFFER,
    Data,
    answered,
    chosen,
    cluster,
    flavor_of,
    image,
    lives,
    pool,
    refusals,
    release,
    remember,
    runs,
    server,
    settings,
    size,
    volume,
)


class TestFlavors:
    """Names and sizes become offered flavors."""

    def test_whole_machine(self) -> None:
        """The ask is remembered with all that the flavor holds, and counted."""
        found = answered("Cluster", cluster("1.34", pool(size=size(2, 6, architecture="arm64"))))
        assert {name: machine.model_dump() for name, machine in
                found.decided.machines.items()} == {
            "web": {
                "asked": {
                    "size": {
                        "cpu": 2,
                        "memoryGiB": 6.0,
                        "cpuType": "V",
                        "architecture": "arm64",
                    }
                },
                "flavor": "SCS-2V-8-20_a",
                "cpu": 2,
                "memoryGiB": 8.0,
                "diskGiB": 20,
                "gpus": 0,
                "architecture": "arm64",
            }
        }  # fmt: skip
        assert found.estimate == {"cpu": 4, "memoryGiB": 16.0, "storageGiB": 40, "gpus": 0}
        assert found.notes == (Remark("spec.nodePools[web].size", "answered with SCS-2V-8-20_a"),)

    @pytest.mark.parametrize(
        ("ask", "want"),
        [
            ({"flavor": "SCS-2V-4"}, "SCS-2V-4"),
            ({"flavor": "SCS-2V:4:20s"}, "SCS-2V-4-20s"),
            ({"flavor": "SCS-2V-4_kvm_i"}, "SCS-2V-4"),
            ({"flavor": "m1.large"}, "m1.large"),
            ({"size": size(1, 1.5)}, "SCS-1V-2"),
            ({"size": size(2, 3)}, "SCS-2V-4"),
            ({"size": size(3, 8)}, "SCS-4V-8"),
            ({"size": size(4, 9)}, "SCS-4V-16-50s"),
            ({"size": size(8, 1)}, "m1.large"),
            ({"size": size(1, 1, diskType="ssd", diskGiB=21)}, "SCS-4V-16-50s"),
        ],
        ids=[
            "the very name", "v1 spelling", "another spelling", "no scs-0100 name", "rounded up",
            "diskless first", "more memory", "only with a disk", "the last one", "own disk",
        ],
    )  # fmt: skip
    def test_resolved(self, ask: Data, want: str) -> None:
        """The name is the cloud's own spelling; a size gets the smallest that is large enough."""
        assert flavor_of(answered("Server", server(**{"flavor": None, **ask}))) == want

    @pytest.mark.parametrize(
        ("ask", "want"),
        [
            (
                {"flavor": "SCS-3V-6"},
                "spec.flavor: not offered here; nearest: SCS-4V-8, SCS-4V-16-50s, SCS-2V-4, "
                "SCS-2V-4-20s, SCS-1V-2 and 2 more",
            ),
            (
                {"flavor": "SCS-2X-4"},
                "spec.flavor: is no scs-0100 name: flavor 'SCS-2X-4' does not begin with vCPUs, "
                "one of L, V, T, C, and memory, as SCS-2V-4 does",
            ),
            (
                {"flavor": "m1.tiny"},
                "spec.flavor: not offered here; offered: m1.large, SCS-1V-2, SCS-2V-4, "
                "SCS-2V-4-20s, SCS-2V-8-20_a and 2 more",
            ),
            (
                {"size": size(16, 64)},
                "spec.size: no offered flavor has all of this; nearest: m1.large, SCS-4V-16-50s, "
                "SCS-4V-8, SCS-2V-4, SCS-2V-4-20s and 2 more",
            ),
            (
                {"size": size(1, 1, gpu={"vendor": "nvidia"})},
                "spec.size: no offered flavor has all of this; nearest: SCS-1V-2, SCS-2V-4, "
                "SCS-2V-4-20s, SCS-2V-8-20_a, SCS-4V-8 and 2 more",
            ),
        ],
        ids=["scs-0100", "no name", "other name", "too large", "GPU"],
    )
    def test_no_match(self, ask: Data, want: str) -> None:
        """What is near, or all there is, is named; nothing is rounded down."""
        assert refusals("Server", server(**{"flavor": None, **ask})) == [want]

    def test_nothing_offered(self) -> None:
        """An empty catalogue says so."""
        none = settings(flavors=[])
        pools = (pool("a"), pool("b", flavor="m1"), pool("c", size=size(1, 1)))
        assert refusals("Cluster", cluster("1.34", *pools), none) == [
            "spec.nodePools[a].flavor: not offered here; nearest: none",
            "spec.nodePools[b].flavor: not offered here; offered: none",
            "spec.nodePools[c].size: no offered flavor has all of this; nearest: none",
        ]

    @pytest.mark.parametrize(
        "ask", [{"flavor": "SCS-4V-8"}, {"size": size(4, 8)}], ids=["flavor", "size"]
    )
    def test_kept_while_the_ask_is_unchanged(self, ask: Data) -> None:
        """A changed catalogue does not resize live machines, nor does an empty one refuse them."""
        written = cluster("1.34", pool(**ask))
        previous = lives("Cluster", written)
        for catalogue in ([{"name": "SCS-4V-8-100s"}, {"name": "SCS-16V-32"}], []):
            found = answered("Cluster", written, settings(flavors=catalogue), previous)
            assert found.decided.machines == previous.machines
            assert found.estimate == previous.estimate

    def test_changed_ask_is_resolved_again(self) -> None:
        """From four vCPUs to two the machine shrinks, although the old one would do."""
        previous = lives("Server", server(size=size(4, 8)))
        assert (
            flavor_of(answered("Server", server(size=size(2, 4)), previous=previous)) == "SCS-2V-4"
        )

    def test_only_the_changed_pool_is_resolved_again(self) -> None:
        """The other pool keeps a flavor that is no longer offered."""
        previous = lives("Cluster", cluster("1.34", pool("a"), pool("b")))
        now = cluster("1.34", pool("a"), pool("b", flavor="SCS-4V-8"))
        offer = settings(flavors=[{"name": "SCS-4V-8"}])
        found = answered("Cluster", now, offer, previous)
        assert flavor_of(found, "a") == "SCS-2V-4"
        assert flavor_of(found, "b") == "SCS-4V-8"

    def test_new_pool_of_a_withdrawn_flavor(self) -> None:
        """A pool that is added is held against what is offered now."""
        previous = lives("Cluster", cluster("1.34", pool("a")))
        now = cluster("1.34", pool("a"), pool("b"))
        assert refusals("Cluster", now, settings(flavors=[{"name": "SCS-1V-2"}]), previous) == [
            "spec.nodePools[b].flavor: not offered here; nearest: SCS-1V-2"
        ]

    @pytest.mark.parametrize(
        ("ask", "want"),
        [
            ({"size": size(4, 8)}, "SCS-2V-4"),
            ({"flavor": "SCS-2V-4"}, "SCS-2V-4"),
            ({"flavor": "SCS-4V-8"}, "SCS-4V-8"),
        ],
        ids=["size", "the same flavor", "another flavor"],
    )
    def test_lost_record(self, ask: Data, want: str) -> None:
        """Where the ask was lost the live flavor stays, unless the order names another."""
        lost = lives("Cluster", cluster("1.34", pool()))
        machine = lost.machines["web"].model_copy(update={"requested": {}})
        previous = lost.model_copy(update={"machines": {"web": machine}, "rebuilt": True})
        found = answered("Cluster", cluster("1.34", pool(**ask)), previous=previous)
        assert flavor_of(found, "web") == want

    @pytest.mark.parametrize(
        ("catalogue", "cpu"), [(BASE["flavors"], 2), ([], 0)], ids=["offered", "not offered"]
    )
    def test_lost_record_of_a_server(self, catalogue: list[Data], cpu: int) -> None:
        """A server that boots from its disk goes on; its numbers are those of the catalogue."""
        ask = server(flavor="SCS-2V-4-20s")
        machine = Machine(requested={}, flavor="SCS-2V-4-20s")
        previous = lives("Server", ask).model_copy(
            update={"machines": {"server": machine}, "rebuilt": True}
        )
        found = answered("Server", ask, settings(flavors=catalogue), previous)
        assert flavor_of(found) == "SCS-2V-4-20s"
        assert found.decided.boot == previous.boot
        assert found.estimate["cpu"] == cpu


class TestControlPlane:
    """A hint for the control plane's machines is resolved like any flavor, and not counted."""

    def test_resolved(self) -> None:
        """The offered spelling is remembered beside the pools; the tenant is not billed for it."""
        ask = cluster("1.34", pool(), controlPlane={"flavor": "SCS-4V:8"})
        found = answered("Cluster", ask)
        assert {name: machine.flavor for name, machine in found.decided.machines.items()} == {
            "web": "SCS-2V-4",
            CONTROL_PLANE: "SCS-4V-8",
        }
        assert found.estimate == answered("Cluster", cluster("1.34", pool())).estimate

    def test_not_offered(self) -> None:
        """The path is that of the control plane."""
        ask = cluster("1.34", controlPlane={"flavor": "SCS-9V-9"})
        assert refusals("Cluster", ask) == [
            "spec.controlPlane.flavor: not offered here; nearest: m1.large, SCS-4V-8, "
            "SCS-4V-16-50s, SCS-2V-4, SCS-2V-4-20s and 2 more"
        ]


class TestVariables:
    """Tenants set the variables that the class opens, and no others."""

    OPEN = settings(classes=[{"name": "default", "profile": "p", "tenantVariables": ["b", "a"]}])

    def test_open(self) -> None:
        """An open one may have any value."""
        ask = cluster(variables={"a": {"deep": [1]}, "b": None})
        assert answered("Cluster", ask, self.OPEN).decided.version == "1.34.7"

    def test_not_open(self) -> None:
        """The open ones are named."""
        assert refusals("Cluster", cluster(variables={"c": 1}), self.OPEN) == [
            "spec.variables.c: not open to tenants here; open: a, b"
        ]
        assert refusals("Cluster", cluster(variables={"c": 1})) == [
            "spec.variables.c: not open to tenants here; open: none"
        ]

    def test_closed_later(self) -> None:
        """A live value is kept; another value for it is refused."""
        previous = lives("Cluster", cluster(variables={"a": 1}), self.OPEN)
        retained = answered("Cluster", cluster(variables={"a": 1}), OFFER, previous)
        assert retained.decided.version == "1.34.7"
        assert refusals("Cluster", cluster(variables={"a": 2}), OFFER, previous) == [
            "spec.variables.a: not open to tenants here; open: none"
        ]


class TestImages:
    """Images are found in the catalogue and kept."""

    @pytest.mark.parametrize(
        ("ask", "flavor", "want"),
        [
            ({"os": "ubuntu", "version": "24.04"}, "SCS-2V-4", "ubuntu-amd64"),
            ({"name": "Ubuntu 24.04"}, "SCS-2V-4", "ubuntu-amd64"),
            ({"os": "ubuntu", "version": "24.04"}, "SCS-2V-8-20_a", "ubuntu-arm64"),
            ({"name": "Ubuntu 24.04"}, "SCS-2V-8-20_a", "ubuntu-arm64"),
        ],
        ids=["os", "name", "os, arm64", "name, arm64"],
    )
    def test_resolved(self, ask: Data, flavor: str, want: str) -> None:
        """The image is that of the flavor's architecture."""
        found = answered("Server", server(image=ask, flavor=flavor))
        assert found.decided.image is not None
        assert found.decided.image.id == want

    @pytest.mark.parametrize(
        ("ask", "flavor", "want"),
        [
            (
                {"os": "ubuntu", "version": "22.04"},
                "SCS-2V-4",
                "not offered here for amd64; offered: debian 13, ubuntu 24.04, "
                "ubuntu 24.04 (arm64)",
            ),
            (
                {"name": "ubuntu 24.04"},
                "SCS-2V-4",
                "not offered here for amd64; offered: Debian 13, Ubuntu 24.04, "
                "Ubuntu 24.04 (arm64)",
            ),
            (
                {"os": "debian", "version": "13"},
                "SCS-2V-8-20_a",
                "not offered here for arm64; offered: debian 13, ubuntu 24.04, "
                "ubuntu 24.04 (arm64)",
            ),
        ],
        ids=["version", "name", "architecture"],
    )
    def test_no_match(self, ask: Data, flavor: str, want: str) -> None:
        """What is offered is named in the words of the ask."""
        assert refusals("Server", server(image=ask, flavor=flavor)) == [f"spec.image: {want}"]

    def test_kept(self) -> None:
        """Neither a new image of the same name nor a withdrawn one rebuilds live servers."""
        previous = lives("Server", server())
        for images in ([image("ubuntu", "24.04", id="new")], []):
            found = answered("Server", server(), settings(images=images), previous)
            assert found.decided.image == previous.image

    def test_flavor_and_image_are_reported_at_once(self) -> None:
        """Two problems are two lines."""
        ask = server(flavor="SCS-9V-9", image={"os": "plan9", "version": "4"}, zone="az9")
        assert refusals("Server", ask) == [
            "spec.flavor: not offered here; nearest: m1.large, SCS-4V-8, SCS-4V-16-50s, "
            "SCS-2V-4, SCS-2V-4-20s and 2 more",
            "spec.image: not offered here for amd64; offered: debian 13, ubuntu 24.04, "
            "ubuntu 24.04 (arm64)",
            "spec.zone: not offered here; offered: az1, az2, az3",
        ]


DEBIAN = {"os": "debian", "version": "13"}


class TestBoot:
    """Servers boot from the disk of their flavor, or from a volume."""

    @pytest.mark.parametrize(
        ("ask", "want"),
        [
            (server(flavor="SCS-2V-4-20s"), (False, 20, "")),
            (server(), (True, 8, "")),
            (server(image=DEBIAN), (True, 30, "")),
            (server(size=size(2, 4, diskGiB=40)), (True, 40, "")),
            (server(bootVolume={}), (True, 8, "")),
            (server(bootVolume={"sizeGiB": 50, "type": "ssd"}), (True, 50, "SSD-3")),
            (server(flavor="SCS-2V-4-20s", bootVolume={"sizeGiB": 8}), (True, 8, "")),
            (server(flavor="SCS-2V-4-20s", bootVolume={"type": "ssd"}), (True, 8, "SSD-3")),
        ],
        ids=[
            "disk of the flavor", "diskless", "what the image needs", "what the size asks for",
            "empty boot volume", "boot volume", "volume beside a disk", "type only",
        ],
    )  # fmt: skip
    def test_new(self, ask: Data, want: tuple[bool, int, str]) -> None:
        """A diskless flavor needs a volume, at least as large as the image."""
        boot = answered("Server", ask).decided.boot
        assert boot is not None
        assert (boot.volume, boot.size_gib, boot.volume_type) == want

    @pytest.mark.parametrize(
        ("ask", "want"),
        [
            (
                server(image=DEBIAN, flavor="SCS-2V-4-20s"),
                "spec.flavor: SCS-2V-4-20s has a disk of 20 GiB, the image needs 30",
            ),
            (
                server(image=DEBIAN, bootVolume={"sizeGiB": 29}),
                "spec.bootVolume.sizeGiB: must be at least 30",
            ),
            (
                server(size=size(2, 4, diskGiB=40), bootVolume={"sizeGiB": 39}),
                "spec.bootVolume.sizeGiB: must be at least 40",
            ),
            (
                server(bootVolume={"type": "nvme"}),
                "spec.bootVolume.type: not offered here; offered: ssd",
            ),
        ],
        ids=["disk too small", "volume below the image", "volume below the size", "type"],
    )
    def test_refused(self, ask: Data, want: str) -> None:
        """What the image would not fit on is refused."""
        assert refusals("Server", ask) == [want]

    @pytest.mark.parametrize(
        ("was", "now"),
        [
            (server(), server(flavor="SCS-4V-16-50s")),
            (server(flavor="SCS-2V-4-20s"), server(flavor="SCS-4V-16-50s")),
            (server(size=size(2, 4, diskGiB=40)), server(size=size(4, 8, diskGiB=40))),
            (server(size=size(2, 4, diskGiB=40)), server(size=size(4, 8, diskGiB=20))),
            (server(image=DEBIAN), server(image=DEBIAN, size=size(4, 8, diskGiB=30))),
        ],
        ids=["to a disk", "disk grows", "same volume", "less wished", "as large as it is"],
    )
    def test_resized(self, was: Data, now: Data) -> None:
        """Another flavor changes nothing about the way a server boots."""
        previous = lives("Server", was)
        assert answered("Server", now, previous=previous).decided.boot == previous.boot

    @pytest.mark.parametrize(
        ("was", "now", "want"),
        [
            (
                server(flavor="SCS-2V-4-20s"),
                server(flavor="SCS-4V-8"),
                "spec.flavor: the servers boot from the disk of their flavor; SCS-4V-8 has none",
            ),
            (
                server(flavor="SCS-2V-4-20s"),
                server(size=size(4, 8)),
                "spec.size: the servers boot from the disk of their flavor; SCS-4V-8 has none",
            ),
            (
                server(flavor="SCS-4V-16-50s"),
                server(flavor="SCS-2V-4-20s"),
                "spec.flavor: the disk cannot shrink from 50 to 20 GiB",
            ),
            (
                server(size=size(2, 4, diskGiB=40)),
                server(size=size(2, 4, diskGiB=41)),
                "spec.size.diskGiB: the boot volume stays at 40 GiB",
            ),
            (
                server(),
                server(flavor="SCS-2V-8-20_a"),
                "spec.flavor: the architecture stays amd64",
            ),
        ],
        ids=["to diskless", "to diskless by size", "disk shrinks", "volume", "architecture"],
    )
    def test_resize_refused(self, was: Data, now: Data, want: str) -> None:
        """What the compute service would refuse after the reboot is refused before."""
        assert refusals("Server", now, previous=lives("Server", was)) == [want]


class TestZones:
    """Zones are offered, filled in for pools, and kept."""

    def test_not_offered(self) -> None:
        """A zone of the order is one of the environment."""
        ask = cluster("1.34", pool("a", zones=["az1", "az7"]), pool("b", zones=["az8"]))
        assert refusals("Cluster", ask) == [
            "spec.nodePools[a].zones: not offered here; offered: az1, az2, az3",
            "spec.nodePools[b].zones: not offered here; offered: az1, az2, az3",
        ]
        assert refusals("Server", server(zone="az1"), settings(zones=[])) == [
            "spec.zone: not offered here; offered: none"
        ]

    def test_withdrawn_zones_strand_nobody(self) -> None:
        """Pools stay in their zone, though it is no longer offered."""
        none = settings(zones=[])
        ask = cluster("1.34", pool(zones=["az1"]), controlPlane={"availability": "Zone"})
        assert answered("Cluster", ask, none, lives("Cluster", ask)).decided.zones == {}
        ask = server(zone="az1")
        previous = lives("Server", ask)
        assert answered("Server", ask, none, previous).decided.boot == previous.boot

    def test_pools_that_name_none(self) -> None:
        """They get the environment's zones of the day they were ordered."""
        previous = lives("Cluster", cluster("1.34", pool("a")))
        assert previous.zones == {"a": ("az1", "az2", "az3")}
        now = cluster("1.34", pool("a"), pool("b"), pool("c", zones=["az9"]))
        offer = settings(zones=[{"name": "az9"}])
        assert answered("Cluster", now, offer, previous).decided.zones == {
            "a": ("az1", "az2", "az3"),
            "b": ("az9",),
        }

    @pytest.mark.parametrize("count", [0, 1, 2])
    def test_zone_availability_needs_three(self, count: int) -> None:
        """A control plane survives the loss of a zone only where there are three."""
        offer = settings(zones=[{"name": f"az{i}"} for i in range(count)])
        ask = cluster(controlPlane={"availability": "Zone"})
        assert refusals("Cluster", ask, offer) == [
            f"spec.controlPlane.availability: Zone needs 3 zones, this environment has {count}; "
            "accepted: None, Node"
        ]
        assert answered("Cluster", cluster(), offer).decided.version == "1.34.7"


NEW: dict[str, tuple[str, str]] = {
    "minor": ("1.34", "1.34.7"),
    "minor with x": ("1.34.x", "1.34.7"),
    "exact": ("1.34.2", "1.34.2"),
    "preview, exact": ("1.34.8", "1.34.8"),
    "deprecated, exact": ("1.32.9", "1.32.9"),
}
NOT_OFFERED = "spec.version: not offered here; offered: 1.33.5, 1.34.2, 1.34.7, 1.35.1, 1.36.0"


class TestVersions:
    """Kubernetes versions are exact, go up one minor at a time, and never down."""

    @pytest.mark.parametrize(("requested", "want"), NEW.values(), ids=NEW)
    def test_new(self, requested: str, want: str) -> None:
        """A minor gets its newest supported patch; other states are for exact asks only."""
        found = answered("Cluster", cluster(requested))
        assert found.decided.version == want
        assert found.decided.class_name == f"class-{want.replace('.', '-')}"
        assert (found.decided.cluster_class, found.decided.profile) == ("default", "scs2")
        assert (found.pending, found.notes) == ("", ())

    @pytest.mark.parametrize("requested", ["1.31", "1.32", "1.34.3", "1.37.x", "1.3"])
    def test_new_and_not_offered(self, requested: str) -> None:
        """What is offered to all is named."""
        assert refusals("Cluster", cluster(requested)) == [NOT_OFFERED]

    def test_all_problems_at_once(self) -> None:
        """A wrong version does not hide a wrong pool."""
        ask = cluster("1.30", pool(flavor="SCS-9V-1"))
        assert refusals("Cluster", ask) == [
            NOT_OFFERED,
            "spec.nodePools[web].flavor: not offered here; nearest: m1.large, SCS-4V-8, "
            "SCS-4V-16-50s, SCS-2V-4, SCS-2V-4-20s and 2 more",
        ]

    def test_kept_while_the_ask_is_unchanged(self) -> None:
        """A newer patch, or a catalogue without the version, changes nothing."""
        previous = lives("Cluster", cluster("1.34"))
        for releases in ([release("1.34.9")], [release("1.40.0")], []):
            offer = settings(kubernetesVersions=releases)
            found = answered("Cluster", cluster("1.34"), offer, previous)
            assert found.decided.version == "1.34.7"
            assert found.decided.class_name == "class-1-34-7"
            assert (found.pending, found.notes) == ("", ())

    @pytest.mark.parametrize(
        ("current", "requested", "want"),
        [
            ("1.34.2", "1.34", "1.34.7"),
            ("1.34.2", "1.34.7", "1.34.7"),
            ("1.34.7", "1.34", "1.34.7"),
            ("1.34.8", "1.34", "1.34.8"),
            ("1.34.7", "1.34.8", "1.34.8"),
            ("1.34.7", "1.35", "1.35.1"),
            ("1.33.5", "1.34.x", "1.34.7"),
        ],
    )
    def test_changed_ask(self, current: str, requested: str, want: str) -> None:
        """A changed request is resolved again, upwards."""
        found = answered("Cluster", cluster(requested), previous=runs(current))
        assert (found.decided.version, found.pending) == (want, "")
        assert found.decided.class_name == f"class-{want.replace('.', '-')}"

    @pytest.mark.parametrize(
        ("current", "requested"), [("1.34.7", "1.34.2"), ("1.34.7", "1.33"), ("1.35.1", "1.34.x")]
    )
    def test_never_down(self, current: str, requested: str) -> None:
        """An ask below what runs is refused, with what runs."""
        assert refusals("Cluster", cluster(requested), previous=runs(current)) == [
            f"spec.version: versions never go down; the cluster runs {current}"
        ]

    def test_changed_to_what_is_not_offered(self) -> None:
        """A changed ask has no claim to what is not offered."""
        assert refusals("Cluster", cluster("1.34.5"), previous=runs("1.34.2")) == [NOT_OFFERED]

    def test_one_minor_at_a_time(self) -> None:
        """Three minors are three steps, each reported, each by the newest patch."""
        ask, seen, previous = cluster("1.36"), [], runs("1.33.5")
        for _ in range(4):
            found = answered("Cluster", ask, previous=previous)
            seen.append((found.decided.version, found.pending))
            previous = remember(ask, found)
        assert seen == [
            ("1.34.7", "1.34.7 comes before 1.36.0"),
            ("1.35.1", "1.35.1 comes before 1.36.0"),
            ("1.36.0", ""),
            ("1.36.0", ""),
        ]

    def test_held_until_settled(self) -> None:
        """While the last step is unfinished nothing changes, whatever is asked."""
        found = answered(
            "Cluster",
            cluster("1.35"),
            previous=runs("1.34.7"),
            progress=Progress("1.34.7", settled=False),
        )
        assert found.decided.version == "1.34.7"
        assert found.pending == "1.35.1 follows once 1.34.7 is reached everywhere"

    @pytest.mark.parametrize("requested", ["1.35", "1.35.1"])
    def test_no_minor_on_the_way(self, requested: str) -> None:
        """A gap in the catalogue is the operator's to close; the tenant reads what is missing."""
        offer = settings(kubernetesVersions=[release("1.33.5"), release("1.35.1")])
        with pytest.raises(NotOffered) as caught:
            answered("Cluster", cluster(requested), offer, runs("1.33.5"))
        assert str(caught.value) == (
            "kubernetesVersions: no 1.34 on the way from 1.33.5 to 1.35.1, minors are taken one "
            "at a time"
        )
        assert caught.value.public == (
            "spec.version: 1.35.1 cannot be reached from 1.33.5: 1.34 lies between and is not "
            "offered"
        )

    @pytest.mark.parametrize(
        "releases",
        [[release("1.34.7")], [release("1.34.7"), release("1.36.0")], []],
        ids=["target gone", "step gone", "all gone"],
    )
    def test_way_no_longer_offered(self, releases: list[Data]) -> None:
        """An order under way stays where it is, and says so, when the catalogue loses its goal."""
        ask = cluster("1.36")
        previous = remember(ask, answered("Cluster", ask, previous=runs("1.33.5")))
        found = answered("Cluster", ask, settings(kubernetesVersions=releases), previous)
        assert found.decided.version == "1.34.7"
        assert found.pending == "the way to 1.36 is no longer offered"

    def test_observed_beats_ordered(self) -> None:
        """A cluster that somebody upgraded by hand is never turned back."""
        previous = lives("Cluster", cluster("1.34"))
        found = answered("Cluster", cluster("1.34"), previous=previous, progress=Progress("1.35.1"))
        assert found.decided.version == "1.35.1"
        assert found.decided.class_name == "class-1-35-1"
        assert found.notes == (
            Remark("spec.version", "the cluster runs 1.35.1, and versions never go down"),
        )

    def test_observed_above_and_unknown(self) -> None:
        """Without a class for the version that runs, the operator has to offer one."""
        previous = lives("Cluster", cluster("1.34"))
        with pytest.raises(NotOffered) as caught:
            answered("Cluster", cluster("1.34"), previous=previous, progress=Progress("1.34.9"))
        assert str(caught.value) == "kubernetesVersions[1.34.9].classes: default is needed"
        assert caught.value.public == "spec.class: default is not offered for 1.34.9"

    def test_observed_below_is_a_step_under_way(self) -> None:
        """What was ordered stays ordered while the cluster is still behind."""
        found = answered(
            "Cluster",
            cluster("1.34.7"),
            previous=runs("1.34.7"),
            progress=Progress("1.34.2", settled=False),
        )
        assert (found.decided.version, found.pending) == ("1.34.7", "")

    @pytest.mark.parametrize(
        ("version", "want"),
        [
            (
                "1.34.7",
                {"availableUpgrades": ["1.35.1"], "versionEndOfLife": "2026-10-27"},
            ),
            ("1.34.2", {"availableUpgrades": ["1.34.7", "1.35.1"]}),
            ("1.32.9", {"availableUpgrades": ["1.33.5"]}),
            ("1.36.0", {}),
        ],
    )
    def test_outlook(self, version: str, want: Mapping[str, Any]) -> None:
        """Status names what can be ordered next, one minor up at most, and the end of life."""
        assert answered("Cluster", cluster(version)).status == want


CLASSES = settings(
    classes=[
        {"name": "default", "profile": "scs2"},
        {"name": "large", "profile": "scs"},
    ],
    kubernetesVersions=[
        release("1.34.7", classes={"default": "small-34", "large": "large-34"}),
        release("1.35.1", classes={"default": "small-35"}),
    ],
)


class TestClasses:
    """A class decides which versions there are, and by what they are built."""

    def test_own_versions(self) -> None:
        """Only versions that the class has are offered with it."""
        found = answered("Cluster", cluster("1.34", **{"class": "large"}), CLASSES)
        assert (found.decided.class_name, found.decided.profile) == ("large-34", "scs")
        assert found.status == {}
        assert refusals("Cluster", cluster("1.35", **{"class": "large"}), CLASSES) == [
            "spec.version: not offered here; offered: 1.34.7; of other classes default has 1.35.1"
        ]

    @pytest.mark.parametrize(
        ("classes", "want"),
        [
            (BASE["classes"], "spec.class: not offered here; offered: default"),
            ([], "spec.class: not offered here; offered: default"),
        ],
        ids=["some", "none listed"],
    )
    def test_unknown(self, classes: list[Data], want: str) -> None:
        """The offered classes are named; an environment that lists none has the default one."""
        offer = settings(classes=classes)
        assert refusals("Cluster", cluster(**{"class": "gpu"}), offer) == [want]

    def test_none_listed(self) -> None:
        """Backends without classes have a default one without a profile."""
        found = answered("Cluster", cluster(), settings(classes=[]))
        assert (found.decided.cluster_class, found.decided.profile) == ("default", "")

    def test_withdrawn(self) -> None:
        """A class that is not offered any more is kept, with its profile."""
        ask = cluster("1.34", **{"class": "large"})
        previous = lives("Cluster", ask, CLASSES)
        found = answered("Cluster", ask, OFFER, previous)
        assert chosen(found) == ("1.34.7", "large", "large-34", "scs")

    def test_changed(self) -> None:
        """Another class is taken for the version that runs."""
        previous = lives("Cluster", cluster("1.34"), CLASSES)
        found = answered("Cluster", cluster("1.34", **{"class": "large"}), CLASSES, previous)
        assert chosen(found) == ("1.34.7", "large", "large-34", "scs")

    def test_changed_to_one_without_the_version(self) -> None:
        """The operator would have to offer the class for the version that runs."""
        previous = lives("Cluster", cluster("1.35"), CLASSES)
        with pytest.raises(NotOffered) as caught:
            answered("Cluster", cluster("1.35", **{"class": "large"}), CLASSES, previous)
        assert str(caught.value) == "kubernetesVersions[1.35.1].classes: large is needed"
        assert caught.value.public == "spec.class: large is not offered for 1.35.1"


OTHER_ISSUER = settings(access={"oidc": {"issuerURL": "https://new.example", "clientID": "k8s"}})
OWN = {"oidc": {"issuerURL": "https://acme.example", "clientID": "own"}}


class TestIssuer:
    """The environment's issuer is changed with the version only: it rolls the control plane."""

    def test_kept_until_the_version_changes(self) -> None:
        """An edit of the environment does not roll live nodes."""
        previous = lives("Cluster", cluster("1.34"))
        found = answered("Cluster", cluster("1.34"), OTHER_ISSUER, previous)
        assert found.decided.oidc == OFFER.access.oidc
        found = answered("Cluster", cluster("1.35"), OTHER_ISSUER, previous)
        assert found.decided.oidc == OTHER_ISSUER.access.oidc

    def test_none_before(self) -> None:
        """An issuer that the environment gets later waits for the next version, too."""
        previous = lives("Cluster", cluster("1.34"), settings(access={}))
        assert answered("Cluster", cluster("1.34"), previous=previous).decided.oidc is None
        assert answered("Cluster", cluster("1.35"), previous=previous).decided.oidc is not None

    def test_own(self) -> None:
        """The tenant's own issuer is nothing to remember; without it the environment's is."""
        ask = cluster("1.34", access=OWN)
        previous = lives("Cluster", ask)
        assert previous.oidc is None
        found = answered("Cluster", cluster("1.34"), previous=previous)
        assert found.decided.oidc == OFFER.access.oidc


@pytest.mark.parametrize(
    ("ask", "want"),
    [
        (server(), {"cpu": 2, "memoryGiB": 4.0, "storageGiB": 8, "gpus": 0}),
        (
            server(flavor="SCS-4V-16-50s", replicas=3),
            {"cpu": 12, "memoryGiB": 48.0, "storageGiB": 150, "gpus": 0},
        ),
        (
            server(flavor="m1.large", bootVolume={"sizeGiB": 100}, replicas=2),
            {"cpu": 16, "memoryGiB": 32.0, "storageGiB": 200, "gpus": 0},
        ),
        (
            server(replicas=2, volumes=[volume("data", 100), volume("log", 20)]),
            {"cpu": 4, "memoryGiB": 8.0, "storageGiB": 256, "gpus": 0},
        ),
    ],
    ids=["volume", "disk", "volume beside a disk", "further volumes"],
)
def test_estimate_of_servers(ask: Data, want: Data) -> None:
    """What an order holds is counted over all its servers."""
    assert answered("Server", ask).estimate == want


def test_estimate_of_a_cluster() -> None:
    """Root volumes replace the flavor's disk, which may be larger than what was asked for."""
    offer = settings(
        flavors=[
            {"name": "SCS-4V-16-50s"},
            {"name": "gpu", "cpu": 32, "memoryGiB": 256, "gpu": {"vendor": "nvidia", "count": 2}},
        ]
    )
    ask = cluster(
        "1.34",
        pool("a", flavor="SCS-4V-16-50s", replicas=3),
        pool("b", flavor="SCS-4V-16-50s", rootVolume={"sizeGiB": 80}),
        pool("c", size=size(8, 64, gpu={"vendor": "nvidia", "count": 2}), replicas=1),
        pool("d", flavor="gpu", replicas=0),
        pool("e", size=size(1, 1, diskGiB=10), replicas=None, autoscaling={"min": 1, "max": 2}),
    )
    found = answered("Cluster", ask, offer)
    assert found.estimate == {"cpu": 60, "memoryGiB": 368.0, "storageGiB": 410, "gpus": 2}
    assert found.notes == (
        Remark("spec.nodePools[c].size", "answered with gpu"),
        Remark("spec.nodePools[e].size", "answered with SCS-4V-16-50s"),
    )


def test_same_order_same_answer() -> None:
    """A decision depends on order and environment alone: Crossplane may ask twice."""
    ask = cluster("1.34", pool(size=size(2, 4)), pool("b"))
    assert answered("Cluster", ask) == answered("Cluster", ask)


def test_estimate_of_a_network() -> None:
    """It leaves nothing open, and holds nothing that is counted."""
    found = answered("Network", {"cidr": "10.20.0.0/24"})
    assert (found.decided, found.notes, found.pending) == (Decided(), (), "")
    assert found.estimate == {"cpu": 0, "memoryGiB": 0, "storageGiB": 0, "gpus": 0}


class TestVolumeTypes:
    """The type of a further volume is decided once, by the name of the volume."""

    ASK = server(volumes=[volume("data", 10, type="ssd"), volume("log", 10)])

    def test_new(self) -> None:
        """Each offered type is the backend's; one not named is the backend's default."""
        assert answered("Server", self.ASK).decided.volume_types == {"data": "SSD-3", "log": ""}

    def test_withdrawn(self) -> None:
        """What is there keeps its type; a volume that comes has to name an offered one."""
        previous = lives("Server", self.ASK)
        none = settings(volumeTypes=[])
        retained = answered("Server", self.ASK, none, previous).decided.volume_types
        assert retained == {"data": "SSD-3", "log": ""}
        more = server(volumes=[*self.ASK["volumes"], volume("wal", 5, type="ssd")])
        want = ["spec.volumes[wal].type: not offered here; offered: none"]
        assert refusals("Server", more, none, previous) == want

    def test_removed(self) -> None:
        """A volume of the same name that comes back later is another one."""
        previous = lives("Server", self.ASK)
        fewer = server(volumes=[volume("log", 10)])
        found = answered("Server", fewer, previous=previous)
        assert found.decided.volume_types == {"log": ""}
        other = settings(volumeTypes=[{"name": "ssd", "backendName": "SSD-4"}])
        again = answered("Server", self.ASK, other, remember(fewer, found))
        assert again.decided.volume_types["data"] == "SSD-4"

    def test_several(self) -> None:
        """Every type that is not offered is named at once, beside other problems."""
        ask = server(
            flavor="none", volumes=[volume(name, 1, type="tape") for name in ("data", "log")]
        )
        assert [text.partition(":")[0] for text in refusals("Server", ask)] == [
            "spec.flavor",
            "spec.volumes[data].type",
            "spec.volumes[log].type",
        ]


@pytest.mark.parametrize(("name", "want"), [(None, ""), ("ssd", "SSD-3")])
def test_volume_type(name: str | None, want: str) -> None:
    """The backend's name replaces the tenant's; none asked for is none."""
    assert resolve.volume_type(name, OFFER, "spec.x") == want
