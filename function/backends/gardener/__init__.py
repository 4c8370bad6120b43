"""Render a `Cluster` into a Gardener `Shoot`, inside an Object.

backend     what the core sees
settings    what the provider configures
effective   which settings apply to a Shoot, and what is persisted of them
live        the observed Shoot: what was applied, readiness, progress
workers     the worker pools
extensions  limits of access, addons
operation   when Gardener may change the Shoot, and when it sleeps
shoot       all of it -> Shoot, login ConfigMap
login       authentication configuration of the API server
status      the live Shoot -> phase, conditions, status of the order
shapes      types of the fields that are read from a Shoot
simulated   what Gardener reports of a Shoot that is built
example     what documents and tests show of it
"""

from function.backends.gardener.backend import CLUSTER
from function.backends.gardener.live import KEY
from function.backends.gardener.settings import NAME, GardenerSettings

__all__ = ["CLUSTER", "KEY", "NAME", "GardenerSettings"]
