"""Tell the core how servers and networks are rendered, and what is known of them."""

from function.backends.openstack import keys, networks, servers
from function.backends.openstack.effective import current
from function.backends.openstack.keys import NAME
from function.backends.openstack.live import LiveResources
from function.backends.openstack.removals import identities
from function.backends.openstack.settings import OpenStackSettings
from function.backends.openstack.shapes import READS
from function.contract import Backend, Family
from function.model import NetworkSpec, ServerSpec
from function.settings import filled


def _namespace(_own: OpenStackSettings, _tenant: str) -> str:
    return ""


def _provider_config(config: OpenStackSettings, tenant: str) -> str:
    return filled(config.provider_config, tenant=tenant)


def _family(name: str) -> Family:
    return Family(name, f"{name}.crossplane.io/v1alpha1", f"{name}.m.crossplane.io/v1alpha1")


SERVER_BACKEND: Backend[ServerSpec] = Backend(
    name=NAME,
    package=__name__.rpartition(".")[0],
    settings=OpenStackSettings,
    root=keys.GROUP,
    composes={
        _family(keys.COMPUTE): ("InstanceV2", "KeypairV2", "ServergroupV2", "VolumeAttachV2"),
        _family(keys.NETWORKING): ("FloatingipV2", "PortV2", "SecgroupRuleV2", "SecgroupV2"),
        _family(keys.STORAGE): ("VolumeV3",),
    },
    live=LiveResources,
    current=current,
    render=servers.render,
    identities=identities,
    recall=servers.recall,
    namespace=_namespace,
    provider_config=_provider_config,
    holds=servers.holds,
    look=servers.look,
    field_of=servers.field_of,
    reads=READS,
)
NETWORK_BACKEND: Backend[NetworkSpec] = Backend(
    name=NAME,
    package=__name__.rpartition(".")[0],
    settings=OpenStackSettings,
    root=keys.NETWORK,
    composes={_family(keys.NETWORKING): ("NetworkV2", "RouterInterfaceV2", "RouterV2", "SubnetV2")},
    live=LiveResources,
    current=current,
    render=networks.render,
    identities=identities,
    recall=networks.recall,
    namespace=_namespace,
    provider_config=_provider_config,
    holds=networks.holds,
    look=networks.look,
    reads=READS,
)
