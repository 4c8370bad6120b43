"""Render a `Cluster` into a Cluster API `Cluster` on a ClusterClass, inside an Object.

backend    what the core sees
settings   what the provider configures
targets    where one order field goes in a ClusterClass
profile    how all of them reach it
patches    what the variables of a ClusterClass reach
derive     a ClusterClass -> its profile
classes    what a live Cluster cannot change to, and what excludes each other
effective  which settings apply to a Cluster, and what is persisted of them
live       the observed Cluster: what was applied, readiness, progress
variables  the value of every variable of the class
machines   what the provider's rules add to the machines of some flavors
scaling    what cluster-autoscaler reads of a pool
pools      the MachineDeployments, with their overrides
topology   all of it -> the Cluster, in the form of v1beta2
gaps       what the class cannot express
forms      v1beta1 <-> v1beta2
shapes     types of the fields that are read from a Cluster
status     the live Cluster -> phase, conditions, status of the order
health     the live Cluster -> its health
remediation  when machines are replaced
simulated  what Cluster API reports of a Cluster that is built
example    what documents and tests show of it
"""

from function.backends.capi.backend import CLUSTER
from function.backends.capi.live import KEY
from function.backends.capi.profile import PROFILES
from function.backends.capi.settings import NAME, CapiSettings

__all__ = ["CLUSTER", "KEY", "NAME", "PROFILES", "CapiSettings"]
