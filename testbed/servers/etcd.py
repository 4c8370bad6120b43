"""etcd: where the API server keeps its objects."""

from testbed import build
from testbed.programs import KUBE
from testbed.servers import Server, answers
from testbed.site import Site


def command(site: Site) -> tuple[str, ...]:
    """Return the command line; what is lost in a power cut is no loss here."""
    clients, peers = f"http://{site.address('etcd')}", f"http://{site.address('etcd-peers')}"
    return (
        str(build.path(KUBE)), "etcd",
        "--name=testbed",
        f"--data-dir={site.directory / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=testbed={peers}",
    )  # fmt: skip


SERVER = Server(
    name="etcd",
    ports=("etcd", "etcd-peers"),
    command=command,
    is_ready=lambda site: answers(site.address("etcd"), "/readyz"),
)
