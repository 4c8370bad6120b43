"""The function of this repository, as Crossplane calls it: over gRPC with mutual TLS."""

import socket
import sys
from pathlib import Path

from testbed import ROOT
from testbed.servers import Server
from testbed.site import Site


def server(name: str, source: Path = ROOT) -> Server:
    """Return the server of a source tree: of this one, or of one that plays another version.

    Args:
        name: Its name, and the purpose of its port.
        source: The directory that holds `function/`.
    """
    metrics = f"{name}-metrics"

    def command(site: Site) -> tuple[str, ...]:
        return (
            sys.executable, "-m", "function.main",
            "--address", site.address(name),
            "--tls-server-certs-dir", str(site.identity("server")),
            "--metrics-address", site.address(metrics),
        )  # fmt: skip

    def is_ready(site: Site) -> bool:
        socket.create_connection(("127.0.0.1", site.ports[name]), timeout=1).close()
        return True

    # Without the first, the working directory would come before the second.
    environment = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(source)}
    return Server(name, (name, metrics), command, is_ready, lambda _: environment)


SERVER = server("function")
