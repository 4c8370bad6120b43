"""Render a `Server` or a `Network` into resources of provider-openstack.

A Server comes in waves, because some fields take ids and have no references:

    1  key pair, security group, rules, server group, volumes
    2  ports                        need the id of the group
    3  instances, floating IPs      need the ids of the ports, and of the server group
    4  attachments of volumes       need the ids of instance and volume

A wave gates creation only: what is observed is rendered whatever else is missing, and what
a service would only change by building anew is taken from the live resource.

servers          an order for servers            networks   an order for a network
status           what becomes of servers         settings   what the provider configures
network_status   what becomes of a network       stack      what is rendered from
firewall         security group and rules        keys       names in the composition
login            key pair                        removals   why something leaves
userdata         user data, with keys beside them
ports            ports and public addresses
instances        the servers, and their spread
shapes           types of what is read of them
volumes          volumes and attachments
"""

from function.backends.openstack.keys import NAME
from function.backends.openstack.networks import NETWORK_BACKEND
from function.backends.openstack.servers import SERVER_BACKEND
from function.backends.openstack.settings import OpenStackSettings

__all__ = ["NAME", "NETWORK_BACKEND", "SERVER_BACKEND", "OpenStackSettings"]
