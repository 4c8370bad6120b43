"""Write the kubeconfig that tenants get: login by OpenID Connect, no secret in it."""

import functools

import yaml

from function.model.cluster import Oidc


@functools.lru_cache(maxsize=1024)
def exec_kubeconfig(
    name: str, endpoint: str, ca_data: str, oidc: Oidc, scopes: tuple[str, ...]
) -> str:
    """Return a kubeconfig that logs in through kubelogin (`kubectl oidc-login`).

    Args:
        name: Name of the cluster, context and user.
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
    ]
    login = {
        "apiVersion": "client.authentication.k8s.io/v1",
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
