"""Issue the certificates by which servers and people authenticate each other.

The API server takes the common name of a client as the user, and its organisation as a group.
"""

from pathlib import Path

import trustme

# The name that the API server expects of the server to which it forwards requests.
GARDENER_SERVICE = "gardener-apiserver.kube-system.svc"
HOSTS = ("localhost", "kubernetes.default.svc", GARDENER_SERVICE, "127.0.0.1")
# The group of those who need none: trustme writes an organisation into every certificate.
NO_GROUP = "testbed"


def issue(authority: trustme.CA, directory: Path, user: str, group: str = NO_GROUP) -> None:
    """Write `ca.crt`, `tls.crt` and `tls.key` for a client that may also serve on this machine."""
    issued = authority.issue_cert(*HOSTS, common_name=user, organization_name=group)
    directory.mkdir(parents=True)
    authority.cert_pem.write_to_path(directory / "ca.crt")
    issued.cert_chain_pems[0].write_to_path(directory / "tls.crt")
    (directory / "tls.key").touch(mode=0o600)
    issued.private_key_pem.write_to_path(directory / "tls.key")
