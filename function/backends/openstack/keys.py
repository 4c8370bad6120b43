"""Name the parts of an order: a key in the composition is an identity, never renamed."""

NAME = "openstack"
COMPUTE = "compute.openstack"
NETWORKING = "networking.openstack"
STORAGE = "blockstorage.openstack"

# Of a Server; those that end in a dash are followed by an index, or by a digest.
GROUP = "openstack-secgroup"
RULE = "openstack-rule-"
KEYPAIR = "openstack-keypair"
SPREAD = "openstack-servergroup"
PORT = "openstack-port-"
SERVER = "openstack-server-"
FLOATING_IP = "openstack-floatingip-"
VOLUME = "openstack-volume-"
ATTACHMENT = "openstack-attachment-"

# Of a Network; a subnet and its interface are followed by the family of their addresses.
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
    """Return the key of what attaches such a volume."""
    return f"{ATTACHMENT}{index}-{name}"
