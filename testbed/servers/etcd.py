"""etcd: where the API server keeps its objects."""

from testbed import build
from testbed.programs import Program
from testbed.servers import Server, answers
from testbed.site import Site


def command(site: Site, program: Program) -> tuple[str, ...]:
    """Return the command line; what is lost in a power cut is no loss here."""
    clients, peers = f"http://{site.address('etcd')}", f"http://{site.address('etcd-peers')}"
    return (
        str(build.path(program)), "etcd",
        "--name=testbed",
        f"--data-dir={site.directory / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=testbed={peers}",
    )  # fmt: skip


def server(program: Program) -> Server:
    """Return the server of one release of Kubernetes."""
    return Server(
        name="etcd",
        ports=("etcd", "etcd-peers"),
        command=lambda site: command(site, program),
        is_ready=lambda site: answers(site.address("etcd"), "/readyz"),
    )
