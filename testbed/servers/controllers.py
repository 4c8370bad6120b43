"""kube-controller-manager: without its garbage collector no composed resource would be deleted."""

import ssl

from testbed import build
from testbed.programs import Program
from testbed.servers import Server, answers
from testbed.site import Site

# The third fills the aggregated role of Crossplane, the last one checks the types of policies.
CONTROLLERS = (
    "garbage-collector-controller",
    "namespace-controller",
    "clusterrole-aggregation-controller",
    "validatingadmissionpolicy-status-controller",
    # Writes tokens into the Secrets of service accounts.
    "serviceaccount-token-controller",
)


def command(site: Site, program: Program) -> tuple[str, ...]:
    """Return the command line."""
    pki = site.identity("server")
    return (
        str(build.path(program)), "kube-controller-manager",
        f"--kubeconfig={site.kubeconfig('controllers')}",
        f"--controllers={','.join(CONTROLLERS)}",
        "--leader-elect=false",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--bind-address=127.0.0.1",
        f"--secure-port={site.ports['controllers']}",
        f"--tls-cert-file={pki / 'tls.crt'}",
        f"--tls-private-key-file={pki / 'tls.key'}",
        f"--service-account-private-key-file={pki / 'tls.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        "--profiling=false",
    )  # fmt: skip


def is_ready(site: Site) -> bool:
    """Say whether its controllers run."""
    tls = ssl.create_default_context(cafile=site.identity("server") / "ca.crt")
    return answers(site.address("controllers"), "/healthz", tls)


def server(program: Program) -> Server:
    """Return the server of one release of Kubernetes."""
    return Server(
        "kube-controller-manager", ("controllers",), lambda site: command(site, program), is_ready
    )
