"""Say which settings servers and networks take from their environment: today's.

What a live resource was made with is immutable in the cloud, or is kept resource by resource
(`LiveResources.kept`): a new server of a live order is made with today's settings.
"""

from typing import Any

from function.backends.openstack.keys import NAME
from function.backends.openstack.live import LiveResources
from function.backends.openstack.settings import OpenStackSettings
from function.contract import Context, Order
from function.effective import Effective, reaching
from function.model import NetworkSpec, ServerSpec
from function.record import Bound
from function.settings import AT_ONCE, Settings


class CloudSettings(Effective):
    """Hold what servers and networks take from their environment.

    Attributes:
        config: The settings of this backend.
        has_networks: Whether tenants may order Networks.
    """

    config: OpenStackSettings = reaching(AT_ONCE)
    has_networks: bool = reaching(AT_ONCE, default=False)


ServerContext = Context[ServerSpec, CloudSettings, LiveResources]
NetworkContext = Context[NetworkSpec, CloudSettings, LiveResources]


def current(_order: Order[Any], settings: Settings, _bound: Bound) -> CloudSettings:
    """Return what the environment gives servers and networks today."""
    config = settings.block(NAME, OpenStackSettings)
    return CloudSettings(config=config, has_networks=settings.backend_of("Network") == NAME)
