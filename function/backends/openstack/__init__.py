"""Render a `Server` or a `Network` into resources of provider-openstack.

A Server comes in waves, because some fields take ids and have no references:

    1  key pair, security group, rules, server group, volumes
    2  ports                        need the id of the group
    3  instances, floating IPs      need the ids of the ports, and of the server group
    4  attachments of volumes       need the ids of instance and volume

A wave gates creation only: observed resources are always rendered, whatever else is missing, and
fields that a service can only change by re-creating a resource are copied from the live resource.

backend          what the core sees
settings         what the provider configures
effective        which settings apply
servers          an order for servers            networks   an order for a network
status           status of servers               live       what is observed
network_status   status of a network             keys       names in the composition
firewall         security group and rules        naming     names and tags in the cloud
login            key pair                        removals   why a resource is removed
userdata         user data, merged with SSH keys
ports            ports and public addresses
instances        the servers, and their spread
shapes           types of the fields that are read
volumes          volumes and attachments
simulated        what its provider reports of resources that are built
example          what documents and tests show of it
"""

from function.backends.openstack.backend import NETWORK_BACKEND, SERVER_BACKEND
from function.backends.openstack.keys import NAME
from function.backends.openstack.settings import OpenStackSettings

__all__ = ["NAME", "NETWORK_BACKEND", "SERVER_BACKEND", "OpenStackSettings"]
