"""gardener-apiserver: Shoots behind the API server, with all admission plugins of the release.

Nothing acts on what it stores: neither a scheduler nor a gardenlet runs here.
"""

import ssl

from testbed import build
from testbed.programs import GARDENER_APISERVER
from testbed.servers import Server, answers
from testbed.site import Site


def command(site: Site) -> tuple[str, ...]:
    """Return the command line; users are those that the API server names."""
    pki, kubeconfig = site.identity("server"), site.kubeconfig("gardener")
    return (
        str(build.path(GARDENER_APISERVER)),
        f"--etcd-servers=http://{site.address('etcd')}",
        "--bind-address=127.0.0.1",
        f"--secure-port={site.ports['gardener']}",
        f"--tls-cert-file={pki / 'tls.crt'}",
        f"--tls-private-key-file={pki / 'tls.key'}",
        "--cluster-identity=testbed",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--authorization-always-allow-paths=/readyz",
        "--profiling=false",
    )  # fmt: skip


def is_ready(site: Site) -> bool:
    """Say whether it serves."""
    tls = ssl.create_default_context(cafile=site.identity("server") / "ca.crt")
    return answers(site.address("gardener"), "/readyz", tls)


SERVER = Server(name="gardener-apiserver", ports=("gardener",), command=command, is_ready=is_ready)
