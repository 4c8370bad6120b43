"""Crossplane's core, which pulls no packages here: the function is a registered process.

It listens on every interface with its webhook, metrics and health ports: it has no flag for that.
"""

from testbed import build
from testbed.programs import Program
from testbed.servers import Server, answers
from testbed.site import Site

PORTS = ("crossplane-health", "crossplane-metrics", "crossplane-webhook")


def server(program: Program) -> Server:
    """Return the server of one release."""

    def command(site: Site) -> tuple[str, ...]:
        return (
            str(build.path(program)), "core", "start",
            "--package-runtime=External",
            "--enable-webhooks=true",
            f"--webhook-port={site.ports['crossplane-webhook']}",
            f"--metrics-port={site.ports['crossplane-metrics']}",
            f"--health-probe-port={site.ports['crossplane-health']}",
            f"--tls-client-certs-dir={site.identity('crossplane')}",
            f"--tls-server-certs-dir={site.identity('server')}",
            f"--xpkg-cache-dir={site.directory}",
        )  # fmt: skip

    return Server(
        name="crossplane",
        ports=PORTS,
        command=command,
        is_ready=lambda site: answers(site.address("crossplane-health"), "/readyz"),
        environment=lambda site: {"KUBECONFIG": str(site.kubeconfig("crossplane"))},
    )
