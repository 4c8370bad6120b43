"""provider-kubernetes: what is composed, carried to the API servers of backends.

With watches, as an operator runs it: without them, a change in the backend is seen only minutes
later.
Its webhook, which nobody calls here, listens on every interface.
"""

from testbed import build
from testbed.programs import PROVIDER_KUBERNETES
from testbed.servers import Server, answers
from testbed.site import Site

PORTS = ("provider-health", "provider-webhook")


def server(*, poll: str = "10m") -> Server:
    """Return the server.

    Args:
        poll: How often it polls resources that it may not watch.
    """

    def command(site: Site) -> tuple[str, ...]:
        return (
            str(build.path(PROVIDER_KUBERNETES)),
            "--enable-watches",
            f"--poll={poll}",
            f"--health-probe-bind-addr={site.address('provider-health')}",
            f"--webhook-port={site.ports['provider-webhook']}",
            "--metrics-bind-address=0",
        )  # fmt: skip

    return Server(
        name="provider-kubernetes",
        ports=PORTS,
        command=command,
        is_ready=lambda site: answers(site.address("provider-health"), "/readyz"),
        environment=lambda site: {
            "KUBECONFIG": str(site.kubeconfig("provider")),
            "TLS_SERVER_CERTS_DIR": str(site.identity("server")),
        },
    )


SERVER = server()
