"""Lay out one control plane on this machine: a directory, ports and identities."""

import functools
import itertools
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme

from testbed import certificates, kubeconfig
from testbed.certificates import NO_GROUP

# Below the kernel's ports for outgoing connections, which could take a port in between, and above
# the ports that the infrastructure of Cluster API gives to the API servers that it simulates.
PORTS = range(25000, 32000)
# Distance between the first ports that processes started one after the other try: a port is taken
# only once its server listens, and must not be assigned to two servers before that. The golden
# section of all ports: processes that start soon after are far away, too.
APART = 4327
TENANT = "acme"
# The user as which Crossplane's chart runs it; admission policies name it.
CROSSPLANE_USER = "system:serviceaccount:crossplane-system:crossplane"
# The user as which the API server forwards requests that others serve.
FRONT = "front-proxy"
# Directory, user and groups of everyone who has a certificate.
IDENTITIES = (
    ("server", "testbed", NO_GROUP),
    ("operator", "operator", "system:masters"),
    ("controllers", "system:kube-controller-manager", "system:masters"),
    ("crossplane", CROSSPLANE_USER, "system:serviceaccounts"),
    ("provider", "provider-kubernetes", "system:masters"),
    ("capi", "cluster-api", "system:masters"),
    (f"{TENANT}.capi", f"{TENANT}.capi", NO_GROUP),
    ("gardener", "gardener-apiserver", "system:masters"),
    (f"{TENANT}.gardener", f"{TENANT}.gardener", NO_GROUP),
    (FRONT, FRONT, NO_GROUP),
    ("tenant", "tenant", TENANT),
)


@dataclass(frozen=True)
class Site:
    """Where one control plane is.

    Attributes:
        directory: Everything that it writes.
        ports: Ports on the loopback interface, by purpose.
    """

    directory: Path
    ports: Mapping[str, int]

    def address(self, purpose: str) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.ports[purpose]}"

    def identity(self, name: str) -> Path:
        """Return the directory of someone's certificate and key."""
        return self.directory / "pki" / name

    def kubeconfig(self, name: str) -> Path:
        """Return the file with which someone talks to the API server."""
        return self.directory / f"{name}.kubeconfig"

    def log(self, name: str) -> Path:
        """Return the log of a server."""
        return self.directory / "log" / f"{name}.log"

    @property
    def url(self) -> str:
        """Return where the API server is."""
        return f"https://{self.address('api')}"

    @property
    def authority(self) -> str:
        """Return the certificate of the authority as objects hold it (`caBundle`)."""
        return kubeconfig.encoded(self.identity("server") / "ca.crt")


def prepare(directory: Path, purposes: Iterable[str]) -> Site:
    """Make the directory, choose ports, and issue certificates and kubeconfigs."""
    site = Site(directory, free_ports(purposes))
    site.log("").parent.mkdir(parents=True)
    authority = trustme.CA()
    for name, user, group in IDENTITIES:
        certificates.issue(authority, site.identity(name), user, group)
        namespace = TENANT if name == "tenant" else "default"
        text = kubeconfig.text(site.url, site.identity(name), name, namespace)
        site.kubeconfig(name).touch(mode=0o600)
        site.kubeconfig(name).write_text(text)
    return site


def free_ports(purposes: Iterable[str]) -> dict[str, int]:
    """Return a port for each purpose, on which nobody listens at this moment."""
    return {purpose: next(_free_ports()) for purpose in purposes}


@functools.cache
def _free_ports() -> Iterator[int]:
    """Cycle through the ports in this process: a port that was assigned comes last again."""
    start = os.getpid() * APART % len(PORTS)
    return filter(_is_free, itertools.cycle([*PORTS[start:], *PORTS[:start]]))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # Some servers listen on every interface.
            probe.bind(("", port))
        except OSError:
            return False
    return True
