"""Hold what several tests order and offer: keys, certificates, images, environments, orders.

Public keys are whole, and certificates can be read, as the function reads them.
"""

import base64
import hashlib
from typing import Any

from function.backends.gardener.example import EXAMPLE
from function.environment import KIND, KIND_API_VERSION
from function.model import API_GROUP, API_VERSION

Manifest = dict[str, Any]

UBUNTU: Manifest = {
    "os": "ubuntu",
    "version": "24.04",
    "name": "Ubuntu 24.04",
    "id": "4dffc677",
    "user": "ubuntu",
    "minDiskGiB": 8,
}
# The block of a Gardener backend, as small as it may be.
GARDENER: Manifest = EXAMPLE.least


def manifest(kind: str, spec: Manifest, name: str = "shop", namespace: str = "acme") -> Manifest:
    """Return an order."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def config(name: str, data: Manifest, **labels: str) -> Manifest:
    """Return an EnvironmentConfig with labels of ours."""
    ours = {f"{API_GROUP}/{label}": value for label, value in labels.items()}
    metadata = {"name": name, "labels": ours}
    return {"apiVersion": KIND_API_VERSION, "kind": KIND, "metadata": metadata, "data": data}


def public_key(name: str) -> str:
    """Return a public key in one line, another one for each name."""
    parts = (b"ssh-ed25519", hashlib.sha256(name.encode()).digest())
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {name}"


# Of two authorities made for these tests, valid for a hundred years; nobody has their keys.
CERTIFICATES = (
    """\
-----BEGIN CERTIFICATE-----
MIIBMjCB2qADAgECAgEBMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMMDWF1dGhvcml0
eSBvbmUwIBcNMjYwMTAxMDAwMDAwWhgPMjEyNjAxMDEwMDAwMDBaMBgxFjAUBgNV
BAMMDWF1dGhvcml0eSBvbmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASh2zqb
BFt7/KaU4ECKrlj4IUvsQ6xU2i0R8K3EFSEHp/eCNpgTzyY5uUxqEGoJ0SkD4+tq
eGmpFTNU4KEUP3w+oxMwETAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cA
MEQCIDTgeKvh8v6G7TmjiiuJ5JtzNgtLXzMIESosQ8qYrvkbAiAX4M5POkZOSfQb
LjSEOU9fyQWXMjFTxdU/4z6vR9sL+Q==
-----END CERTIFICATE-----
""",
    """\
-----BEGIN CERTIFICATE-----
MIIBNDCB2qADAgECAgEBMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMMDWF1dGhvcml0
eSB0d28wIBcNMjYwMTAxMDAwMDAwWhgPMjEyNjAxMDEwMDAwMDBaMBgxFjAUBgNV
BAMMDWF1dGhvcml0eSB0d28wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASPgqo8
wtwIzDwueWDpg64uwPyqldkGnlXhUstzcC+xwFoH56mQsFvQ1B+kGWPQfJZtfoW3
o/vKlI095IG+j7v8oxMwETAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kA
MEYCIQDagCxSySJx5ae6cXngaEmnGFsUhSfkK6ycHiNqG5mitAIhAL+XQZy1WfAp
bhGsDPkuv5gHfm049XZH3UZ2ll9sTaLD
-----END CERTIFICATE-----
""",
)
