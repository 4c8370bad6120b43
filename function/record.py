"""Define the record of an order: what was decided for it, as its root resource carries it."""

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic

from function.model import ClusterSpec
from function.model.cluster import Oidc
from function.paths import replaced
from function.schema import Schema
from function.settings import Place

BOUND_FORMAT = 1
# Keys of `Bound.machines` beside the names of pools, which have no capitals.
CONTROL_PLANE, SERVER = "controlPlane", "server"
# Numbers in a record: what a double holds, and nothing below zero.
Amount = Annotated[int, pydantic.Field(ge=0, le=2**53)]
Measure = Annotated[float, pydantic.Field(ge=0, le=2**53, allow_inf_nan=False)]
RenderedVersion = Annotated[
    str, pydantic.StringConstraints(pattern=r"^([0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9})?$")
]


class Machine(Schema):
    """Remember which flavor an ask was resolved to, and what it holds.

    The numbers are kept so that a flavor that is no longer offered goes on being counted.
    """

    requested: dict[str, Any] = pydantic.Field(alias="asked")
    flavor: str
    cpu: Amount = 0
    memory_gib: Measure = pydantic.Field(default=0, alias="memoryGiB")
    disk_gib: Amount | None = pydantic.Field(default=None, alias="diskGiB")
    gpus: Amount = 0
    architecture: str = "amd64"


class BoundImage(Schema):
    """Remember which image an ask was resolved to."""

    id: str
    name: str
    user: str = ""
    min_disk_gib: Amount = pydantic.Field(default=1, alias="minDiskGiB")


class Boot(Schema):
    """Remember how servers boot: by the flavor's disk, or from a volume of this size."""

    volume: bool
    size_gib: Amount = pydantic.Field(default=0, alias="sizeGiB")
    volume_type: str = ""


class Revision(Schema):
    """Identify one version of a composite, by its UID and `metadata.generation`."""

    uid: str
    generation: Amount


class Decided(Schema):
    """Hold what is decided for an order.

    Attributes:
        version: Exact Kubernetes version that is rendered.
        cluster_class: Offered class, and `class_name` the backend's name of it.
        profile: Profile of that class.
        machines: Flavor by pool name, `controlPlane` or `server`.
        image: Image of the servers, and `boot` how they start from it.
        zones: Zones of pools that named none, by pool.
        volume_types: The backend's type of each further volume of a server; for a cluster by
            the offered types that its pools name.
        oidc: The environment's issuer, where the tenant named none.
    """

    version: RenderedVersion = ""
    cluster_class: str = ""
    class_name: str = ""
    profile: str = ""
    machines: dict[str, Machine] = {}
    image: BoundImage | None = None
    boot: Boot | None = None
    zones: dict[str, tuple[str, ...]] = {}
    volume_types: dict[str, str] = {}
    oidc: Oidc | None = None

    def decisions(self) -> dict[str, Any]:
        """Return what is decided, by the names of its attributes."""
        return {name: getattr(self, name) for name in Decided.model_fields}

    def runs_as(self, other: "Decided") -> bool:
        """Say whether version and class are the same."""
        return (self.version, self.class_name) == (other.version, other.class_name)


class Recalled(Decided):
    """Hold what observed resources show of a lost record."""

    namespace: str = ""


class Bound(Decided):
    """Hold what was decided for an order, read back from its root resource.

    Attributes:
        format: Version of this record.
        place: Environment, backend, ProviderConfig and namespace that answer the order.
        requested: What the tenant wrote when it was last answered; private values as digests.
        filled: What policy added to it, by concrete path.
        revision: Version of the composite at which `requested` last changed; None in records of
            older functions, and where the composite has no generation.
        estimate: Size of the order, as in `status.estimate`, and what of it the environment gives.
        size: Number and bytes of its resources, if they exceed the limits of new orders.
        rebuilt: Whether it was rebuilt from observed resources; never written.
        started: Whether a cluster has ever run with it; never written.
    """

    format: int = BOUND_FORMAT
    place: Place
    requested: dict[str, Any] = pydantic.Field(default={}, alias="asked")
    filled: dict[str, Any] = {}
    revision: Revision | None = None
    estimate: dict[str, Measure] = {}
    size: dict[str, int] = {}
    rebuilt: bool = pydantic.Field(default=False, exclude=True)
    started: bool = pydantic.Field(default=True, exclude=True)

    @property
    def request(self) -> dict[str, Any]:
        """Return what was requested at the last answer, including what policy added."""
        return with_fills(self.requested, self.filled)

    def issuer(self, spec: ClusterSpec) -> Oidc | None:
        """Return the issuer that the cluster trusts."""
        return spec.access.oidc or self.oidc


def with_fills(written: Mapping[str, Any], fills: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was written with what policy added, by concrete path."""
    data = dict(written)
    for where in sorted(fills):
        data = replaced(data, where, fills[where])
    return data
