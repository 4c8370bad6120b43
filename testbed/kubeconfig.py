"""Write a kubeconfig that holds its certificates, so that it can be copied elsewhere."""

import base64
from pathlib import Path

import yaml


def text(url: str, identity: Path, name: str, namespace: str) -> str:
    """Return the kubeconfig of someone with a certificate.

    Args:
        url: The API server.
        identity: Directory with `ca.crt`, `tls.crt` and `tls.key`.
        name: Name of the user in the file.
        namespace: Default namespace of its commands.
    """
    cluster = {"server": url, "certificate-authority-data": encoded(identity / "ca.crt")}
    user = {
        "client-certificate-data": encoded(identity / "tls.crt"),
        "client-key-data": encoded(identity / "tls.key"),
    }
    context = {"cluster": "testbed", "user": name, "namespace": namespace}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "testbed", "context": context}],
        "current-context": "testbed",
    }
    return yaml.safe_dump(document, sort_keys=False)


def encoded(file: Path) -> str:
    """Return the content of a file as objects hold it."""
    return base64.b64encode(file.read_bytes()).decode()
