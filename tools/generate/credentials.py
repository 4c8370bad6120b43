"""Show how the credentials of a tenant are given: examples in `package/cluster`, never applied.

Their names are those that the backends look for where an environment does not say otherwise.
"""

from collections.abc import Iterator
from typing import Any

from function import managed
from function.backends import SETTINGS, capi, parts
from function.contract import Mode
from function.example import KUBERNETES, WATCH, Example, Provider
from function.settings import filled
from tools.generate.backends import TENANT, binding, cluster_roles, runtime
from tools.generate.runtime import SYSTEM

Manifest = dict[str, Any]


def documents(mode: Mode) -> list[Manifest]:
    """Return the credentials of one tenant for each backend, from Secrets."""
    examples = {name: part.EXAMPLE for name, part in parts("example").items()}
    return [one for name, shown in examples.items() for one in _from_secret(mode, name, shown)]


def in_cluster(mode: Mode) -> list[Manifest]:
    """Return what lets provider-kubernetes act as itself, where Cluster API runs beside Crossplane.

    All tenants then share one identity: what keeps them apart is that the function names each
    one's namespace.
    """
    account = {"kind": "ServiceAccount", "name": KUBERNETES.name, "namespace": SYSTEM}
    roles = cluster_roles()
    return [
        runtime(KUBERNETES.name, WATCH, account=KUBERNETES.name),
        *roles,
        *(binding(name, name, account) for name in (role["metadata"]["name"] for role in roles)),
        _config(mode, capi.NAME, KUBERNETES, {"source": "InjectedIdentity"}),
    ]


def _from_secret(mode: Mode, backend: str, shown: Example) -> Iterator[Manifest]:
    name, (key, content) = _name(backend), shown.credentials
    yield {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": SYSTEM},
        "stringData": {key: content},
    }
    reference = {"namespace": SYSTEM, "name": name, "key": key}
    yield _config(mode, backend, shown.provider, {"source": "Secret", "secretRef": reference})


def _config(mode: Mode, backend: str, provider: Provider, credentials: Manifest) -> Manifest:
    return {
        "apiVersion": provider.configs.api_version(mode),
        "kind": managed.CONFIGS[mode],
        "metadata": {"name": _name(backend)},
        "spec": {"credentials": credentials},
    }


def _name(backend: str) -> str:
    template: str = SETTINGS[backend].model_fields["provider_config"].default
    return filled(template, tenant=TENANT)
