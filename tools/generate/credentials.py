"""Show how the credentials of a tenant are given: examples in `package/cluster`, never applied.

Their names are those that the backends look for where an environment does not say otherwise.
"""

import json
from collections.abc import Iterator
from typing import Any

from function import managed
from function.backends import SETTINGS
from function.contract import Mode
from function.settings import filled
from tools.generate.backends import TENANT, WATCH, binding, cluster_roles, runtime
from tools.generate.runtime import SYSTEM

PROVIDER = "provider-kubernetes"
KUBECONFIG = "<a kubeconfig of the tenant's service account>"
# All values are text, also numbers and flags; unknown keys are ignored without a word.
OPENSTACK = {
    "auth_url": "https://keystone.example.com/v3",
    "region": "RegionOne",
    "application_credential_id": "<id>",
    "application_credential_secret": "<secret>",
}

Manifest = dict[str, Any]


def documents(mode: Mode) -> list[Manifest]:
    """Return the credentials of one tenant for each backend, from Secrets."""
    openstack, group = json.dumps(OPENSTACK, indent=2), _group("openstack", mode)
    return [
        *_from_secret(mode, "capi", _kubernetes(mode), "kubeconfig", KUBECONFIG),
        *_from_secret(mode, "gardener", _kubernetes(mode), "kubeconfig", KUBECONFIG),
        *_from_secret(mode, "openstack", f"{group}/v1beta1", "credentials.json", openstack),
    ]


def in_cluster(mode: Mode) -> list[Manifest]:
    """Return what lets provider-kubernetes act as itself, where Cluster API runs beside Crossplane.

    All tenants then share one identity: what keeps them apart is that the function names each
    one's namespace.
    """
    account = {"kind": "ServiceAccount", "name": PROVIDER, "namespace": SYSTEM}
    roles = cluster_roles()
    return [
        runtime(PROVIDER, WATCH, account=PROVIDER),
        *roles,
        *(binding(name, name, account) for name in (role["metadata"]["name"] for role in roles)),
        _config(mode, "capi", _kubernetes(mode), {"source": "InjectedIdentity"}),
    ]


def _from_secret(
    mode: Mode, backend: str, version: str, key: str, content: str
) -> Iterator[Manifest]:
    name = _name(backend)
    yield {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": SYSTEM},
        "stringData": {key: content},
    }
    reference = {"namespace": SYSTEM, "name": name, "key": key}
    yield _config(mode, backend, version, {"source": "Secret", "secretRef": reference})


def _config(mode: Mode, backend: str, version: str, credentials: Manifest) -> Manifest:
    return {
        "apiVersion": version,
        "kind": managed.CONFIGS[mode],
        "metadata": {"name": _name(backend)},
        "spec": {"credentials": credentials},
    }


def _name(backend: str) -> str:
    template: str = SETTINGS[backend].model_fields["provider_config"].default
    return filled(template, tenant=TENANT)


def _kubernetes(mode: Mode) -> str:
    return f"{_group('kubernetes', mode)}/v1alpha1"


def _group(provider: str, mode: Mode) -> str:
    return f"{provider}{'.m' if mode is Mode.NAMESPACED else ''}.crossplane.io"
