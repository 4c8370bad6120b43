"""Name the resources of an order: a key in the composition is an identity, never renamed."""

NAME = "openstack"
COMPUTE = "compute.openstack"
NETWORKING = "networking.openstack"
STORAGE = "blockstorage.openstack"

# Resources of a Server; keys that end in a dash are followed by an index or a digest.
GROUP = "openstack-secgroup"
RULE = "openstack-rule-"
KEYPAIR = "openstack-keypair"
SPREAD = "openstack-servergroup"
PORT = "openstack-port-"
SERVER = "openstack-server-"
FLOATING_IP = "openstack-floatingip-"
VOLUME = "openstack-volume-"
ATTACHMENT = "openstack-attachment-"

# Resources of a Network; keys of a subnet and its interface are followed by the address family.
NETWORK = "openstack-network"
SUBNET = "openstack-subnet-"
ROUTER = "openstack-router"
INTERFACE = "openstack-interface-"
IPV4, IPV6 = "ipv4", "ipv6"


def port(index: int, n: int) -> str:
    """Return the key of the n-th port of a server."""
    return f"{PORT}{index}-{n}"


def server(index: int) -> str:
    """Return the key of a server."""
    return f"{SERVER}{index}"


def floating_ip(index: int) -> str:
    """Return the key of the public address of a server."""
    return f"{FLOATING_IP}{index}"


def volume(index: int, name: str) -> str:
    """Return the key of a further volume of a server."""
    return f"{VOLUME}{index}-{name}"


def attachment(index: int, name: str) -> str:
    """Return the key of the attachment of such a volume."""
    return f"{ATTACHMENT}{index}-{name}"
