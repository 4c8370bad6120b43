"""Write what an operator applies beside the install: providers, and rights on backends.

    package/providers/    Crossplane's packages of providers, with the flags that orders need
    package/backends/     on the cluster of a backend: a tenant's service account and its rights

Names are those for the tenant `acme`; each further tenant gets its own.
"""

from typing import Any

from function.backends import parts
from function.example import Example
from tools.generate.documents import yaml_texts
from tools.generate.rights import RBAC, rule

PROVIDERS, BACKENDS = "package/providers", "package/backends"
TENANT, ACCOUNT = "acme", "central-api"
_PACKAGES = "xpkg.crossplane.io/crossplane-contrib"
_PACKAGE_API = "pkg.crossplane.io"
ROLE, WATCHING = "central-api-clusters", "central-api-clusters-watch"
_GROUP = "cluster.x-k8s.io"

Manifest = dict[str, Any]


def files() -> dict[str, str]:
    """Return the manifests by path."""
    found = {
        **{
            f"{PROVIDERS}/{name.removeprefix('provider-')}.yaml": _provider(users)
            for name, users in providers().items()
        },
        f"{BACKENDS}/cluster-api.yaml": cluster_api(),
        f"{BACKENDS}/garden.yaml": garden(),
    }
    return {path: yaml_texts(documents) for path, documents in found.items()}


def providers() -> dict[str, list[Example]]:
    """Return what each backend says of its provider, by the name of the provider."""
    result: dict[str, list[Example]] = {}
    for part in parts("example").values():
        result.setdefault(part.EXAMPLE.provider.name, []).append(part.EXAMPLE)
    return result


def _provider(users: list[Example]) -> list[Manifest]:
    """Return a provider and how it is run for each of its backends, by default for the first."""
    provider, runtimes = users[0].provider, [one for one in users if one.runtime]
    reference = {"runtimeConfigRef": {"name": runtimes[0].runtime}} if runtimes else {}
    package = {
        "apiVersion": f"{_PACKAGE_API}/v1",
        "kind": "Provider",
        "metadata": {"name": provider.name},
        "spec": {"package": f"{_PACKAGES}/{provider.name}:{provider.version}", **reference},
    }
    return [*(runtime(one.runtime, *one.flags) for one in runtimes), package]


def cluster_api() -> list[Manifest]:
    """Return a tenant's namespace on a management cluster, and who may order there.

    The token in the Secret is written by Kubernetes, and does not expire.
    """
    name = {"name": ACCOUNT, "namespace": TENANT}
    account = {"kind": "ServiceAccount", **name}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TENANT}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name},
        token(name),
        *cluster_roles(),
        _bound("RoleBinding", ROLE, ROLE, [account], TENANT),
        _bound("ClusterRoleBinding", f"{WATCHING}-{TENANT}", WATCHING, [account]),
    ]


def cluster_roles() -> list[Manifest]:
    """Return what is done with clusters in a tenant's namespace, and what in all namespaces.

    Secrets are read for the certificate of a cluster's authority. provider-kubernetes watches a
    kind in all namespaces or not at all.
    """
    return [
        _role(
            ROLE,
            rule([_GROUP], ["clusters"], ["get", "create", "patch", "delete"]),
            rule([""], ["secrets"], ["get"]),
        ),
        _role(WATCHING, rule([_GROUP], ["clusters"], ["list", "watch"])),
    ]


def garden() -> list[Manifest]:
    """Return a tenant's project in a garden, and the service account that orders in it.

    Gardener makes the namespace, and grants the rights of the role to members.
    """
    name = {"name": ACCOUNT, "namespace": f"garden-{TENANT}"}
    member = {"kind": "ServiceAccount", **name, "role": "admin"}
    return [
        {
            "apiVersion": "core.gardener.cloud/v1beta1",
            "kind": "Project",
            "metadata": {"name": TENANT},
            "spec": {"namespace": f"garden-{TENANT}", "members": [member]},
        },
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name},
        token(name),
    ]


def token(name: Manifest) -> Manifest:
    """Return the Secret into which Kubernetes writes a service account's token."""
    annotations = {"kubernetes.io/service-account.name": ACCOUNT}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**name, "annotations": annotations},
        "type": "kubernetes.io/service-account-token",
    }


def runtime(name: str, *flags: str, account: str = "") -> Manifest:
    """Return how Crossplane runs a provider.

    Args:
        name: Name of the DeploymentRuntimeConfig.
        *flags: Flags of the provider.
        account: Name of its service account; one that Crossplane makes up if empty.
    """
    container = {"name": "package-runtime", "args": list(flags)}
    template = {"serviceAccountTemplate": {"metadata": {"name": account}}} if account else {}
    return {
        "apiVersion": f"{_PACKAGE_API}/v1beta1",
        "kind": "DeploymentRuntimeConfig",
        "metadata": {"name": name},
        "spec": {
            **template,
            "deploymentTemplate": {
                "spec": {"selector": {}, "template": {"spec": {"containers": [container]}}}
            },
        },
    }


def _role(name: str, *rules: Manifest) -> Manifest:
    metadata = {"name": name}
    return {"apiVersion": RBAC, "kind": "ClusterRole", "metadata": metadata, "rules": list(rules)}


def binding(name: str, role: str, subject: Manifest) -> Manifest:
    """Return who has a role everywhere."""
    return _bound("ClusterRoleBinding", name, role, [subject])


def _bound(
    kind: str, name: str, role: str, subjects: list[Manifest], namespace: str = ""
) -> Manifest:
    return {
        "apiVersion": RBAC,
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": RBAC.partition("/")[0], "kind": "ClusterRole", "name": role},
        "subjects": subjects,
    }
