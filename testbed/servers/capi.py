"""Cluster API: core, kubeadm's bootstrap and control plane, and an infrastructure in memory.

The last one simulates machines, and for each cluster an API server on a port from 20000 on; its
own port is always 19000, so that only one instance runs on a machine. Like the webhooks of all
four, these listen on every interface.
"""

from testbed import build
from testbed.programs import CAPI, ClusterAPI, Program
from testbed.servers import Server, answers
from testbed.site import Site

TOPOLOGY, POOLS = "ClusterTopology=true", "MachinePool=true"
# Only newer releases support it.
TAINTS = "MachineTaintPropagation=true"
INFRASTRUCTURE = "capi-infrastructure"


def managers(release: ClusterAPI) -> tuple[Server, ...]:
    """Return the four managers of a release."""
    core = f"{TOPOLOGY},{TAINTS}" if release is CAPI else TOPOLOGY
    names = ("capi-core", "capi-bootstrap", "capi-control-plane", INFRASTRUCTURE)
    gates = (core, POOLS, TOPOLOGY, f"{TOPOLOGY},{POOLS}")
    return tuple(map(_server, names, release.managers, gates))


def _server(name: str, program: Program, gates: str) -> Server:
    ports = (f"{name}-health", f"{name}-webhook", f"{name}-metrics")

    def command(site: Site) -> tuple[str, ...]:
        return (
            str(build.path(program)),
            f"--kubeconfig={site.kubeconfig('capi')}",
            "--leader-elect=false",
            f"--webhook-port={site.ports[ports[1]]}",
            f"--webhook-cert-dir={site.identity('server')}",
            f"--health-addr={site.address(ports[0])}",
            f"--diagnostics-address={site.address(ports[2])}",
            "--insecure-diagnostics",
            f"--feature-gates={gates}",
        )  # fmt: skip

    # What a pod gets through the downward API.
    pod = {
        "POD_IP": "127.0.0.1",
        "POD_NAMESPACE": "default",
        "POD_NAME": name,
        "POD_UID": name,
    }
    return Server(
        name=name,
        ports=ports,
        command=command,
        is_ready=lambda site: answers(site.address(ports[0]), "/readyz"),
        environment=lambda _: pod,
    )
