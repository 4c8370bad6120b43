"""Say how each server is started and when it is ready, one file per server."""

import http.client
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from testbed.site import Site

# How long to wait; a server that ends meanwhile is not waited for.
READY_SECONDS = 180.0
OK = 200


def _nothing(_: Site) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Server:
    """One server.

    Attributes:
        name: Its name in logs and in `status`.
        ports: Purposes of the ports that it listens on, the first being where it serves.
        command: What to run.
        is_ready: Says whether it serves; connection errors count as no.
        environment: Environment variables that it needs.
    """

    name: str
    ports: tuple[str, ...]
    command: Callable[[Site], Sequence[str]]
    is_ready: Callable[[Site], bool]
    environment: Callable[[Site], Mapping[str, str]] = _nothing


def answers(address: str, path: str, tls: ssl.SSLContext | None = None) -> bool:
    """Say whether a GET is answered with 200."""
    if tls is None:
        connection = http.client.HTTPConnection(address, timeout=5)
    else:
        connection = http.client.HTTPSConnection(address, timeout=5, context=tls)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == OK
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
