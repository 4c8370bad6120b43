"""Say how a cluster is reached; its kubeconfig logs in by OpenID Connect and holds no secret."""

import base64
import functools
from typing import Any

import yaml

from function.contract import Order, Resource
from function.model import ClusterSpec
from function.model.cluster import Oidc
from function.record import Bound

# Connection detail of a cluster's Object that holds the certificate of its authority.
CA_DETAIL = "ca.crt"


def url(host: str, port: object) -> str:
    """Return the URL of an API server; an IPv6 address is put in brackets (RFC 3986, 3.2.2)."""
    plain = host.strip("[]")
    return f"https://[{plain}]:{port}" if ":" in plain else f"https://{plain}:{port}"


def reached(
    endpoint: str,
    observed: Resource | None,
    name: str,
    issuer: Oidc | None,
    scopes: tuple[str, ...],
) -> dict[str, Any]:
    """Return the fields of `status` that say how a cluster is reached, as far as it is known.

    Args:
        endpoint: URL of the API server; empty until there is one.
        observed: The observed Object of the cluster.
        name: Name of the kubeconfig's context.
        issuer: Issuer of the logins that the API server accepts; None if it accepts none.
        scopes: Scopes to ask for beside `openid`.
    """
    ca_data = base64.b64encode(
        observed.connection.get(CA_DETAIL, b"") if observed else b""
    ).decode()
    result: dict[str, Any] = {}
    if endpoint:
        result["endpoint"] = endpoint
    if ca_data:
        result["certificateAuthorityData"] = ca_data
    if endpoint and ca_data and issuer:
        result["kubeconfig"] = exec_kubeconfig(name, endpoint, ca_data, issuer, scopes)
    return result


def context(order: Order[ClusterSpec], bound: Bound) -> str:
    """Return the name that no other cluster of a tenant's kubeconfigs has: they can be merged.

    Neither character is allowed in the names, so that no two read alike.
    """
    return f"{order.tenant}/{order.name}@{bound.place.environment}"


@functools.lru_cache(maxsize=1024)
def exec_kubeconfig(
    name: str, endpoint: str, ca_data: str, oidc: Oidc, scopes: tuple[str, ...]
) -> str:
    """Return a kubeconfig that logs in through kubelogin (`kubectl oidc-login`).

    Args:
        name: Name of cluster, context and user.
        endpoint: URL of the API server.
        ca_data: Its CA certificate, base64.
        oidc: The issuer.
        scopes: Scopes to ask for beside `openid`.
    """
    args = [
        "oidc-login",
        "get-token",
        f"--oidc-issuer-url={oidc.issuer_url}",
        f"--oidc-client-id={oidc.client_id}",
        *(f"--oidc-extra-scope={scope}" for scope in scopes),
        *(f"--certificate-authority-data={bundle}" for bundle in _encoded(oidc)),
    ]
    login = {
        # Of kubelogin, v1 needs 1.31 or later; v1beta1 works with all, and with every kubectl.
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "interactiveMode": "IfAvailable",
        "command": "kubectl",
        "args": args,
        "installHint": "kubelogin is needed: kubectl krew install oidc-login",
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": endpoint, "certificate-authority-data": ca_data}}
        ],
        "users": [{"name": name, "user": {"exec": login}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return yaml.safe_dump(config, sort_keys=False)


def _encoded(oidc: Oidc) -> list[str]:
    """Return the certificates by which kubelogin knows the issuer, base64; none if absent."""
    return [base64.b64encode(oidc.ca_bundle.encode()).decode()] if oidc.ca_bundle else []
