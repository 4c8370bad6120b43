"""List the backends of each kind: the support matrix.

A backend consists of one package here and one line below for each kind. It declares the kinds that
it composes with their API versions; core, generators and tests iterate over this table.
"""

import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from function.backends import capi, gardener, openstack
from function.contract import Backend, Family, Mode
from function.model import ClusterSpec, NetworkSpec, ServerSpec
from function.schema import Schema

CLUSTER: dict[str, Backend[ClusterSpec]] = {
    capi.NAME: capi.CLUSTER,
    gardener.NAME: gardener.CLUSTER,
}
SERVER: dict[str, Backend[ServerSpec]] = {openstack.NAME: openstack.SERVER_BACKEND}

NETWORK: dict[str, Backend[NetworkSpec]] = {openstack.NAME: openstack.NETWORK_BACKEND}

BACKENDS: dict[str, dict[str, Backend[Any]]] = {
    "Cluster": CLUSTER,
    "Server": SERVER,
    "Network": NETWORK,
}


class _Settings(Mapping[str, type[Schema]]):
    """The model of each backend's settings, by name, as the table is now."""

    def __getitem__(self, name: str) -> type[Schema]:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    @staticmethod
    def _all() -> dict[str, type[Schema]]:
        return {one.name: one.settings for one in _all()}


SETTINGS: Mapping[str, type[Schema]] = _Settings()


def parts(module: str) -> dict[str, ModuleType]:
    """Return a module of each backend's package by the name of the backend.

    Only for what the server never loads, `simulated` and `example`: all else is imported as usual.
    """
    found = {one.name: f"{one.package}.{module}" for one in _all()}
    return {name: importlib.import_module(path) for name, path in found.items()}


def composed() -> set[tuple[str, str]]:
    """Return family and kind of everything that this version composes."""
    return {
        (family.name, kind)
        for one in _all()
        for family, kinds in one.composes.items()
        for kind in kinds
    }


def families() -> dict[str, Family]:
    """Return the API families of everything that is composed, by name."""
    return {family.name: family for one in _all() for family in one.composes}


def family_names() -> dict[str, str]:
    """Return the names of the families by API version, in either install."""
    found = families().values()
    return {family.api_version(mode): family.name for family in found for mode in Mode}


def definitions(mode: Mode) -> list[str]:
    """Return the names of the definitions of everything that is composed in an install."""
    found = {
        f"{kind.lower()}s.{group_of(family.api_version(mode))}"
        for one in _all()
        for family, kinds in one.composes.items()
        for kind in kinds
    }
    return sorted(found)


def groups() -> list[str]:
    """Return every API group of what is composed, in either install."""
    return sorted({group_of(version) for version in family_names()})


def group_of(api_version: str) -> str:
    """Return the group of an API version."""
    return api_version.partition("/")[0]


def _all() -> Iterator[Backend[Any]]:
    return (backend for table in BACKENDS.values() for backend in table.values())
