"""An in-memory image registry: Crossplane pulls packages from it as it would elsewhere."""

from testbed import build
from testbed.programs import REGISTRY
from testbed.servers import Server, answers
from testbed.site import Site


def command(site: Site) -> tuple[str, ...]:
    """Return the command line."""
    return str(build.path(REGISTRY)), site.address("registry")


SERVER = Server(
    name="registry",
    ports=("registry",),
    command=command,
    is_ready=lambda site: answers(site.address("registry"), "/v2/"),
)
