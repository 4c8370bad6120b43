"""kube-apiserver, with RBAC: people and servers authenticate by certificates."""

from contextlib import closing

from testbed import build
from testbed.kubernetes import Kubernetes
from testbed.programs import Program
from testbed.servers import Server
from testbed.site import FRONT, Site

NAME = "kube-apiserver"


def command(site: Site, program: Program) -> tuple[str, ...]:
    """Return the command line; no service accounts, because nothing runs in pods."""
    pki, front = site.identity("server"), site.identity(FRONT)
    return (
        str(build.path(program)), "kube-apiserver",
        f"--etcd-servers=http://{site.address('etcd')}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={site.ports['api']}",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'tls.crt'}",
        f"--tls-private-key-file={pki / 'tls.key'}",
        f"--requestheader-client-ca-file={pki / 'ca.crt'}",
        f"--requestheader-allowed-names={FRONT}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={front / 'tls.crt'}",
        f"--proxy-client-key-file={front / 'tls.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'tls.crt'}",
        f"--service-account-signing-key-file={pki / 'tls.key'}",
        "--disable-admission-plugins=ServiceAccount",
        "--enable-priority-and-fairness=false",
        "--profiling=false",
    )  # fmt: skip


def is_ready(site: Site) -> bool:
    """Say whether it serves, its own roles and namespaces included."""
    with closing(Kubernetes(site.address("api"), site.identity("operator"))) as client:
        return client.request("GET", "/readyz").accepted


def server(program: Program) -> Server:
    """Return the server of one release of Kubernetes."""
    return Server(NAME, ("api",), lambda site: command(site, program), is_ready)
